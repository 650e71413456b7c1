// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One value against those before it: a duration, a wait, tokens, a cost.
//!
//! Values of tasks are skewed, and what was unusual before is among them: three standard deviations of seconds flag one healthy run in fifty. So it is
//! judged on the scale of logarithms, values far from the middle count as the bound they are beyond, the spread of a few values leans on that of the pool,
//! and the bound is that of a t distribution: about one healthy run in a thousand.

use super::tails::t_above;

/// The latest values that are kept.
const KEPT: usize = 64;
/// Of fewer values nothing is said.
const LEAST: usize = 5;
/// How many values the spread of the pool counts as.
const POOLED: f64 = 6.0;
/// In units of the middle deviation from the middle, as a standard deviation has it.
const WINSOR: f64 = 2.5;
const MAD_TO_SD: f64 = 1.4826;
/// The share of healthy values that would be flagged if they were all of one kind; of those simulated it is 0.11 %.
const ALPHA: f64 = 0.0015;
/// Beyond this share of the pool a variance is not believed to be that small: clocks have steps.
const VARIANCE_MIN: f64 = 1e-6;
/// With fewer tasks the spread of the pool is assumed: a value is usually within a half and twice the middle one.
const VARIANCE_ASSUMED: f64 = 0.12;

/// The middle of the variances of many tasks.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    variances: Vec<f64>,
}

impl Spread {
    /// Another task's variance, of its logarithms.
    pub fn add(&mut self, variance: f64) {
        let place = self.variances.partition_point(|known| *known < variance);
        self.variances.insert(place, variance);
    }

    /// The middle of them.
    pub fn middle(&self) -> f64 {
        if self.variances.len() < LEAST {
            return VARIANCE_ASSUMED;
        }
        self.variances.get(self.variances.len() / 2).copied().unwrap_or(VARIANCE_ASSUMED).max(VARIANCE_MIN)
    }
}

/// What is said of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// How far above the middle it is, in standard deviations: negative below.
    pub residual: f64,
    /// The share of healthy values that are at least so high.
    pub tail: f64,
}

impl Judged {
    /// Whether it is unusual.
    pub fn is_flagged(&self) -> bool {
        self.tail < ALPHA
    }
}

/// The latest values of one series.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// Logarithms, in a ring.
    values: Vec<f64>,
    next: usize,
    /// How many there have been.
    seen: u64,
    /// Middle, variance and how many these are of; made anew now and then, since a look at all of them costs more than a value.
    known: Option<(f64, f64, f64)>,
}

impl Point {
    /// Judges a value by those before it, and keeps it. `None`: too few are known.
    pub fn observe(&mut self, value: f64, pool: f64) -> Option<Judged> {
        let log = value.max(f64::MIN_POSITIVE).ln();
        let judged = self.known.map(|(middle, variance, count)| {
            let freedom = count - 1.0 + POOLED;
            let shrunk = ((count - 1.0) * variance + POOLED * pool) / freedom;
            // A new value varies, and so does the middle.
            let deviation = (shrunk.max(VARIANCE_MIN) * (1.0 + 1.0 / count)).sqrt();
            let residual = (log - middle) / deviation;
            Judged { residual, tail: t_above(residual, freedom) }
        });
        self.keep(log);
        judged
    }

    /// The variance of the logarithms; `None` while too few are known.
    pub fn variance(&self) -> Option<f64> {
        self.known.map(|(_, variance, _)| variance)
    }

    fn keep(&mut self, log: f64) {
        if self.values.len() < KEPT {
            self.values.push(log);
        } else if let Some(oldest) = self.values.get_mut(self.next) {
            *oldest = log;
            self.next = (self.next + 1) % KEPT;
        }
        self.seen += 1;
        if self.values.len() >= LEAST && (self.values.len() < 16 || self.seen.is_multiple_of(4)) {
            self.known = Some(self.look());
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    fn look(&self) -> (f64, f64, f64) {
        let count = self.values.len() as f64;
        let mut sorted = self.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = middle_of(&sorted);
        let mut away: Vec<f64> = sorted.iter().map(|log| (log - middle).abs()).collect();
        away.sort_unstable_by(f64::total_cmp);
        let bound = WINSOR * MAD_TO_SD * middle_of(&away);
        let within = |log: &f64| log.clamp(middle - bound, middle + bound);
        let mean = sorted.iter().map(within).sum::<f64>() / count;
        let variance = sorted.iter().map(|log| (within(log) - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance, count)
    }
}

fn middle_of(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    if sorted.len().is_multiple_of(2) { f64::midpoint(at(half.saturating_sub(1)), at(half)) } else { at(half) }
}
