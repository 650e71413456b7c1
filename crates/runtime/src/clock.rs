// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The one place that reads a clock.

use std::time::{Duration, Instant};
use stdx::Timestamp;

/// Wall-clock microseconds that never go back and never repeat within a process: read once, then advanced by the monotonic clock.
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Timestamp,
    origin: Instant,
    last: u64,
}

impl Clock {
    /// A clock that shows `now` now; the host passes its own reading so that both agree.
    pub fn starting_at(now: Timestamp) -> Self {
        Self { epoch: now, origin: Instant::now(), last: 0 }
    }

    /// The same clock, moved ahead if need be so that what is to come is later than `at`: somebody has set the clock of the machine back since.
    pub(crate) fn later_than(mut self, at: Timestamp) -> Self {
        let now = self.read();
        if now <= at {
            self.epoch = self.epoch.after(at.since(now) + Duration::from_micros(1));
        }
        self
    }

    /// The current instant.
    pub fn read(&self) -> Timestamp {
        self.epoch.after(self.origin.elapsed())
    }

    /// The current instant, later than every one this method returned before, and not before `seen`: an instant that the host has
    /// measured with a clock of its own, which may be some microseconds ahead.
    pub fn tick(&mut self, seen: Timestamp) -> Timestamp {
        self.last = self.read().max(seen).micros().max(self.last + 1);
        Timestamp::from_micros(self.last)
    }
}
