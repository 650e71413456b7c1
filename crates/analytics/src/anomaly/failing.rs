// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Failures of one task against its own past: the cumulated sum of how much more likely each end is if it fails more often than it did (a CUSUM of
//! likelihoods). A healthy task is told of once in e^[`BOUND`] ends or less often (Lorden 1971), that is once in 60,000, if its past says how often it fails.

use super::Change;

/// Where the sum becomes an alarm.
const BOUND: f64 = 11.0;
/// What is assumed of a task that has no past: one failure in fifty, worth as much as fifty ends.
const PRIOR: (f64, f64) = (1.0, 49.0);
/// How often it fails if it fails more often: so many times as often, this often at least, and at most.
const TIMES: f64 = 2.5;
const OFTEN: (f64, f64) = (0.3, 0.95);
/// The latest ends are not the past yet.
const LATEST: u32 = 20;
/// The past counts half when it is so long, so that it is not of years ago.
const LONG: f64 = 1000.0;
/// It is over when of so many ends at most this many failed, or twice what is usual,
const CALM: u32 = 10;
const CALM_MAX: u32 = 1;
/// and it is usual after so many.
const SETTLED: u32 = 60;

/// The ends of one task.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failing {
    past: (f64, f64),
    /// The latest ends, the newest in the lowest bit: whether they failed.
    latest: u32,
    seen: u32,
    sum: f64,
    /// Ends since it began to fail more often.
    more: Option<u32>,
}

impl Failing {
    /// The next end.
    pub fn observe(&mut self, failed: bool) -> Option<Change> {
        let (usual, at_most) = (self.usual(), self.at_most());
        if self.more.is_none() && self.seen >= LATEST {
            let oldest = self.latest >> (LATEST - 1) & 1;
            self.past = (self.past.0 + f64::from(oldest), self.past.1 + 1.0);
            if self.past.1 > LONG {
                self.past = (self.past.0 / 2.0, self.past.1 / 2.0);
            }
        }
        self.latest = (self.latest << 1 | u32::from(failed)) & ((1 << LATEST) - 1);
        self.seen = (self.seen + 1).min(LATEST);
        if let Some(runs) = &mut self.more {
            *runs += 1;
            return self.observe_more(usual);
        }
        let often = (TIMES * at_most).clamp(OFTEN.0, OFTEN.1);
        let likelier = if failed { (often / at_most).ln() } else { ((1.0 - often) / (1.0 - at_most)).ln() };
        self.sum = (self.sum + likelier).max(0.0);
        (self.sum > BOUND && self.seen >= LATEST).then(|| {
            self.more = Some(0);
            self.sum = 0.0;
            Change::Rises
        })
    }

    fn observe_more(&mut self, usual: f64) -> Option<Change> {
        let runs = self.more?;
        let failed = (self.latest & ((1 << CALM) - 1)).count_ones();
        if runs >= CALM && f64::from(failed) <= f64::from(CALM_MAX).max(2.0 * usual * f64::from(CALM)) {
            self.more = None;
            return Some(Change::Returns);
        }
        if runs >= SETTLED {
            self.more = None;
            self.past = (f64::from(self.latest.count_ones()), f64::from(LATEST));
            return Some(Change::Settles);
        }
        None
    }

    /// How often it fails, as its past has it.
    pub fn usual(&self) -> f64 {
        ((self.past.0 + PRIOR.0) / (self.past.1 + PRIOR.0 + PRIOR.1)).min(0.9)
    }

    /// How often it may well fail, as far as its past is known: a standard deviation more.
    fn at_most(&self) -> f64 {
        let failed = self.past.0 + PRIOR.0;
        ((failed + failed.sqrt()) / (self.past.1 + PRIOR.0 + PRIOR.1)).min(0.9)
    }

    /// How often it failed of late.
    pub fn of_late(&self) -> f64 {
        f64::from(self.latest.count_ones()) / f64::from(self.seen.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a task that has failed so often leads to when it fails each so many-th time.
    fn told(past: (f64, f64), each: u32, ends: u32) -> Vec<Change> {
        let mut failing = Failing { past, ..Failing::default() };
        (1..=ends).filter_map(|end| failing.observe(end % each == 0)).collect()
    }

    #[test]
    fn a_burst_is_told_and_a_task_that_always_fails_so_often_is_not() {
        assert_eq!(told((10.0, 1000.0), 2, 20), [Change::Rises]);
        assert_eq!(told((10.0, 1000.0), 30, 1000), [], "a little more than usual");
        assert_eq!(told((250.0, 1000.0), 4, 1000), [], "it fails once in four times");
        assert_eq!(told((0.0, 0.0), 50, 400), [], "nothing is known of it, and once in fifty times is seldom");
        assert_eq!(told((0.0, 0.0), 1, 19), [], "it has ended too seldom");
        assert_eq!(told((0.0, 0.0), 1, 30), [Change::Rises]);
    }

    #[test]
    fn it_is_over_when_it_fails_no_more_and_usual_when_it_goes_on() {
        let mut failing = Failing { past: (10.0, 1000.0), ..Failing::default() };
        let mut told = Vec::new();
        let ends = std::iter::repeat_n(false, 20)
            .chain(std::iter::repeat_n(true, 5))
            .chain(std::iter::repeat_n(false, 20))
            .chain((0..200).map(|end| end % 2 == 0));
        ends.for_each(|failed| told.extend(failing.observe(failed)));
        assert_eq!(told, [Change::Rises, Change::Returns, Change::Rises, Change::Settles]);
    }
}
