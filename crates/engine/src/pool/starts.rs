// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How many attempts of an agent began lately, for its rate.

use super::Rate;
use std::collections::VecDeque;
use stdx::Timestamp;

/// The instants of the latest starts, at most as many as the rate allows: a bucket of tokens would let twice as many begin within its time.
#[derive(Debug)]
pub(super) struct Starts {
    rate: Rate,
    latest: VecDeque<Timestamp>,
}

impl Starts {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate: Rate { count: rate.count.max(1), ..rate }, latest: VecDeque::new() }
    }

    /// When the next one may begin, if none may at `now`.
    pub(super) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let earliest = (self.latest.len() >= self.rate.count as usize).then(|| self.latest.front()).flatten()?;
        Some(earliest.after(self.rate.per)).filter(|free| *free > now)
    }

    /// How many may begin at `now`.
    pub(super) fn free(&self, now: Timestamp) -> u32 {
        let past = self.latest.partition_point(|start| start.after(self.rate.per) <= now);
        self.rate.count.saturating_sub(u32::try_from(self.latest.len() - past).unwrap_or(u32::MAX))
    }

    /// One begins.
    pub(super) fn begin(&mut self, now: Timestamp) {
        if self.latest.len() >= self.rate.count as usize {
            self.latest.pop_front();
        }
        self.latest.push_back(now);
    }

    /// The latest did not begin after all.
    pub(super) fn call_off(&mut self) {
        self.latest.pop_back();
    }
}
