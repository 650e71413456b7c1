// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Percentiles with a bounded relative error, of any number of values.

use sketches_ddsketch::{Config, DDSketch};
use std::fmt;
use std::time::Duration;

/// A `DDSketch` of durations: a quantile is within 1 % of the true one, and sketches of parts add up to that of the whole.
#[derive(Clone)]
pub struct Sketch(DDSketch);

impl Default for Sketch {
    fn default() -> Self {
        Self(DDSketch::new(Config::defaults()))
    }
}

impl Sketch {
    /// Another value.
    pub fn add(&mut self, duration: Duration) {
        self.0.add(micros(duration));
    }

    /// Those of another one too.
    pub fn merge(&mut self, other: &Self) {
        // All have the same accuracy, which is the one reason for a refusal.
        let _ = self.0.merge(&other.0);
    }

    /// The value that a share `q`, from 0 to 1, of all values does not exceed; `None` without values.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "durations are not negative and far below 2^64 µs")]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let micros = self.0.quantile(q).ok().flatten()?;
        Some(Duration::from_micros(micros.max(0.0).round() as u64))
    }

    /// How many values it has.
    pub fn count(&self) -> u64 {
        self.0.count() as u64
    }

    /// All of it, to be kept: the format of Datadog's own implementations.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_java_bytes()
    }

    /// What was kept; `None` if it is no sketch.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        DDSketch::from_java_bytes(bytes).ok().map(Self)
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 µs, which are 285 years")]
fn micros(duration: Duration) -> f64 {
    duration.as_micros() as f64
}

impl PartialEq for Sketch {
    /// They give the same answers.
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sketch({} values, median {:?})", self.count(), self.quantile(0.5))
    }
}
