// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether instances of an agent can be made.
//!
//! ```text
//! Closed ──fails──▶ waits 100 ms, 200 ms, … 30 s, then one at a time ──the third fails, or fatally──▶ Broken
//!   ▲                          │                                                                        │
//!   └──────────made────────────┴───────────────made: one that was begun after the wait──────────────────┘
//! ```

use super::InstanceNumber;
use std::time::Duration;
use stdx::Timestamp;

/// How long an instance may take to be made.
pub(super) const MAKING_TIME_MAX: Duration = Duration::from_secs(30);

/// The wait after the first failure; it doubles with each in a row.
const WAIT: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(30);

/// So many failures in a row are no accident.
const FAILURES_MAX: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Making {
    /// Instances that are being made.
    pub(super) in_flight: u32,
    /// In a row.
    failures: u32,
    /// Nothing is made before.
    until: Timestamp,
    /// The breaker is open: the last one that failed.
    broken: Option<InstanceNumber>,
    /// The last one that had been begun when one failed: the failures of those before it are of the same occasion.
    occasion: Option<InstanceNumber>,
}

impl Making {
    /// How many more may be begun at `now`.
    pub(super) fn allowance(&self, now: Timestamp) -> u32 {
        match self.failures {
            0 => u32::MAX,
            _ if now < self.until => 0,
            _ => 1_u32.saturating_sub(self.in_flight),
        }
    }

    /// The last one that failed, while nothing is made because the breaker is open.
    pub(super) fn broken(&self, now: Timestamp) -> Option<InstanceNumber> {
        self.broken.filter(|_| now < self.until)
    }

    /// In a row, for whoever is made now.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// One is made.
    pub(super) fn made(&mut self) {
        self.failures = 0;
        self.broken = None;
    }

    /// One failed, after so many failures `before` it; `begun` is the latest that was begun. When to try again.
    pub(super) fn failed(
        &mut self,
        now: Timestamp,
        instance: InstanceNumber,
        begun: InstanceNumber,
        before: u32,
        fatal: bool,
    ) -> Timestamp {
        let same_occasion = self.occasion.is_some_and(|occasion| instance <= occasion) && (!fatal || now < self.until);
        if !same_occasion {
            self.occasion = Some(begun);
            self.failures = self.failures.max(before).saturating_add(1);
            let doubled = WAIT.saturating_mul(1_u32.checked_shl(self.failures - 1).unwrap_or(u32::MAX));
            self.until = now.after(doubled.min(WAIT_MAX));
        }
        if fatal || self.failures >= FAILURES_MAX {
            self.broken = Some(instance);
        }
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_wait_twice_as_long_each_time_and_those_of_one_occasion_count_once() {
        let (mut making, number, mut now) = (Making::default(), InstanceNumber::new, Timestamp::default());
        let mut waits = Vec::new();
        for round in 0..12 {
            // Ten at once.
            for one in 1..=10 {
                let until = making.failed(now, number(round * 10 + one), number(round * 10 + 10), 0, false);
                assert_eq!(making.allowance(now), 0);
                if one == 10 {
                    waits.push(until.since(now).as_millis());
                    assert_eq!(making.broken(now).is_some(), round >= 2, "after {} occasions", round + 1);
                    now = until;
                }
            }
            assert_eq!((making.allowance(now), making.broken(now)), (1, None));
        }
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000]);
        making.made();
        assert_eq!(making.allowance(now), u32::MAX);
    }
}
