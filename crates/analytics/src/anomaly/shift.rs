// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A level that has become higher for good: the cumulated sum of how far values are above what was usual. There are two: one that forgives little and takes
//! long, for levels that are a little higher, and one that forgives much and is quick, for those that are much higher.

/// What the first forgives of each value, and where its sum becomes an alarm, in standard deviations.
const SLACK: f64 = 0.5;
const BOUND: f64 = 10.5;
/// The same of the second.
const FAST_SLACK: f64 = 1.15;
const FAST_BOUND: f64 = 3.85;
/// The past is known less well the shorter it is: a bound is so many times as high where it has as many values.
const SHORT: f64 = 20.0;
/// A single value counts no more than this.
const CLIP: f64 = 4.0;

/// One series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shift {
    slow: Sum,
    fast: Sum,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    sum: f64,
    /// Values since it was nothing.
    values: f64,
}

impl Shift {
    /// The next value, in standard deviations above the middle of so many; whether the level has shifted. `drift` is asked where it seems so: by how much others
    /// like it are higher than usual as well, on average; `None`: it does not matter yet.
    pub fn observe(&mut self, score: f64, among: f64, drift: impl FnOnce() -> Option<f64>) -> bool {
        let score = score.clamp(-CLIP, CLIP);
        let longer = 1.0 + SHORT / among;
        let (slow, fast) = (BOUND * longer, FAST_BOUND * longer);
        self.slow.add(score - SLACK);
        self.fast.add(score - FAST_SLACK);
        if self.slow.sum <= slow && self.fast.sum <= fast {
            return false;
        }
        let is_own = drift().is_some_and(|drift| self.slow.without(drift) > slow || self.fast.without(drift) > fast);
        if is_own {
            *self = Self::default();
        } else {
            self.slow.sum = self.slow.sum.min(slow);
            self.fast.sum = self.fast.sum.min(fast);
        }
        is_own
    }
}

impl Sum {
    fn add(&mut self, excess: f64) {
        self.sum = (self.sum + excess).max(0.0);
        self.values = if self.sum > 0.0 { self.values + 1.0 } else { 0.0 };
    }

    /// What it would be if each value were lower by so much.
    fn without(self, drift: f64) -> f64 {
        self.sum - self.values * drift
    }
}
