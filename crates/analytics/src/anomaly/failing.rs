// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A failure rate against the task's own past.

/// Failures that must be seen, and how sure it must be that the rate is more than twice the usual.
const LEAST: u64 = 3;
const SURE: f64 = 0.99;
/// What is assumed of a task that has no past: one failure in fifty, worth as much as fifty ends.
const PRIOR: (f64, f64) = (1.0, 49.0);

/// The ends of one task before a window, and in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failing {
    /// Ends before,
    pub before: u64,
    /// and those that failed.
    pub failed_before: u64,
    /// Ends in the window,
    pub ended: u64,
    /// and those that failed.
    pub failed: u64,
}

impl Failing {
    /// Whether it fails more than twice as often as it did.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn is_unusual(&self) -> bool {
        if self.failed < LEAST {
            return false;
        }
        let usual = (self.failed_before as f64 + PRIOR.0) / (self.before as f64 + PRIOR.0 + PRIOR.1);
        let rate = (2.0 * usual).min(1.0);
        // What is likely of the rate after the window, if nothing was known of it before: Beta(failed + 1, others + 1). That it is at most `rate` is as
        // likely as that of `ended + 1` trials at this rate more than `failed` fail.
        binomial_above(self.ended + 1, self.failed, rate) < 1.0 - SURE
    }
}

/// How likely it is that of so many trials more than `bound` come out, each at this rate.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn binomial_above(trials: u64, bound: u64, rate: f64) -> f64 {
    if rate >= 1.0 {
        return 1.0;
    }
    let mut log = trials as f64 * (1.0 - rate).ln();
    let mut at_most = log.exp();
    for count in 0..bound.min(trials) {
        log += ((trials - count) as f64).ln() - ((count + 1) as f64).ln() + rate.ln() - (1.0 - rate).ln();
        at_most += log.exp();
    }
    1.0 - at_most.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_unusual_and_a_task_that_always_fails_so_often_is_not() {
        let of = |before, failed_before, ended, failed| Failing { before, failed_before, ended, failed }.is_unusual();
        assert!(of(1000, 10, 20, 5));
        assert!(!of(1000, 10, 20, 2), "two failures are none");
        assert!(!of(1000, 250, 20, 6), "it fails once in four times");
        assert!(!of(0, 0, 200, 4), "nothing is known of it, and four of 200 are few");
        assert!(of(0, 0, 10, 8));
    }
}
