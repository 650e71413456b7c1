// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One value against those before it: a duration, a wait, a cost.
//!
//! Values of tasks are skewed, and what was unusual before is among them: three standard deviations of seconds flag one healthy run in fifty. So it is
//! judged on the scale of logarithms, values far from the middle count as the bound they are beyond, the spread of a few values leans on that of the pool,
//! and the bound is that of a t distribution.

use super::tails::{normal_at, t_above};

/// The latest values that are kept.
const KEPT: usize = 64;
/// Of fewer values nothing is said,
const LEAST: usize = 5;
/// and of fewer than these nothing of their order.
const RANKED: usize = 10;
/// How many values the spread of the pool counts as.
const POOLED: f64 = 6.0;
/// In units of the middle deviation from the middle, as a standard deviation has it.
const WINSOR: f64 = 3.0;
const MAD_TO_SD: f64 = 1.4826;
/// What winsorising leaves of the variance of normal values.
const WINSORED: f64 = 0.99;
/// Of values of one kind this share at most is beyond the bound.
const FAR: f64 = 0.05;
/// A variance is not believed to be smaller: clocks have steps, and a tenth more is nothing to be told of.
const VARIANCE_MIN: f64 = 2.5e-3;

/// What is said of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// How far above the middle it is, in standard deviations: negative below.
    pub residual: f64,
    /// The share of healthy values that are at least so high.
    pub tail: f64,
    /// What is usual: the middle of those before it.
    pub usual: f64,
    /// Its place among them, as a value of a normal distribution has that place; 0 while they are few.
    pub score: f64,
    /// Whether it is above all of them.
    pub is_highest: bool,
    /// Whether they are of one kind, so that its residual says as much as its place.
    pub is_of_one_kind: bool,
}

/// The latest values of one series.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// Logarithms, in a ring.
    values: Vec<f64>,
    next: usize,
    /// How many there have been.
    seen: u64,
    /// Made anew now and then, since a look at all of them costs more than a value.
    known: Option<Known>,
}

/// What is known of the values.
#[derive(Clone, Copy, Debug)]
struct Known {
    middle: f64,
    variance: f64,
    count: f64,
    /// Whether they are of one kind: hardly any is far from the middle.
    is_of_one_kind: bool,
}

impl Point {
    /// Judges a value by those before it, and keeps it. `None`: too few are known. `pool`: the middle variance of all tasks.
    pub fn observe(&mut self, value: f64, pool: f64) -> Option<Judged> {
        let judged = self.judge(value, pool);
        self.keep(value);
        judged
    }

    /// Judges a value by those before it.
    pub fn judge(&self, value: f64, pool: f64) -> Option<Judged> {
        let log = log_of(value);
        let Known { middle, variance, count, is_of_one_kind } = self.known?;
        let freedom = count - 1.0 + POOLED;
        let shrunk = ((count - 1.0) * variance + POOLED * pool) / freedom;
        // A new value varies, and so does the middle.
        let deviation = (shrunk.max(VARIANCE_MIN) * (1.0 + 1.0 / count)).sqrt();
        let residual = (log - middle) / deviation;
        Some(Judged {
            residual,
            tail: t_above(residual, freedom),
            usual: middle.exp(),
            score: self.score(log),
            is_highest: self.values.iter().all(|known| *known < log),
            is_of_one_kind,
        })
    }

    /// The variance of the logarithms, each time so many more are known that it is worth a look.
    pub fn fresh_variance(&self) -> Option<f64> {
        self.known.filter(|_| self.seen.is_multiple_of(16)).map(|known| known.variance)
    }

    /// The variance of the logarithms; `None` while too few are known.
    pub fn variance(&self) -> Option<f64> {
        self.known.map(|known| known.variance)
    }

    /// How many values are kept.
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    pub fn count(&self) -> f64 {
        self.values.len() as f64
    }

    /// How many values there have been.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    fn score(&self, log: f64) -> f64 {
        if self.values.len() < RANKED {
            return 0.0;
        }
        let below = self.values.iter().filter(|known| **known < log).count() as f64;
        let equal = self.values.iter().filter(|known| known.total_cmp(&log).is_eq()).count() as f64;
        normal_at((below + 0.5 * equal + 0.5) / (self.values.len() as f64 + 1.0))
    }

    /// Keeps a value, unjudged.
    pub fn keep(&mut self, value: f64) {
        let log = log_of(value);
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
    fn look(&self) -> Known {
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
        let far = away.iter().filter(|away| **away > bound).count() as f64;
        Known { middle: mean, variance: variance / WINSORED, count, is_of_one_kind: far <= (FAR * count).max(1.0) }
    }
}

fn log_of(value: f64) -> f64 {
    value.max(f64::MIN_POSITIVE).ln()
}

fn middle_of(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    if sorted.len().is_multiple_of(2) { f64::midpoint(at(half.saturating_sub(1)), at(half)) } else { at(half) }
}
