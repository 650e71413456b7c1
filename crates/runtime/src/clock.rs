// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The one place that reads a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use stdx::Timestamp;

/// The monotonic clock, for what is of no journal: how long a file has been busy.
pub(crate) fn real() -> Instant {
    Instant::now()
}

/// Wall-clock microseconds that never go back and never repeat within a process.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    last: u64,
}

#[derive(Clone, Debug)]
enum Source {
    /// Read once, then advanced by the monotonic clock: whoever sets the machine's clock changes nothing that is measured. What the machine is
    /// asleep for shows when the next process reads it.
    Running { epoch: Timestamp, origin: Instant },
    /// Whatever a test says.
    Set(SetClock),
}

impl Clock {
    /// A clock that shows `now` now; the host passes its own reading so that both agree.
    pub fn starting_at(now: Timestamp) -> Self {
        Self { source: Source::Running { epoch: now, origin: Instant::now() }, last: 0 }
    }

    /// A clock that shows what it is set to.
    pub fn set_by(clock: SetClock) -> Self {
        // Another driver may have been at this instant before.
        let last = clock.read().micros();
        Self { source: Source::Set(clock), last }
    }

    /// Whether it stands still until somebody sets it.
    pub(crate) fn is_set(&self) -> bool {
        matches!(self.source, Source::Set(_))
    }

    /// The same clock, moved ahead if need be so that what is to come is later than `at`: somebody has set the clock of the machine back since.
    pub(crate) fn later_than(mut self, at: Timestamp) -> Self {
        let now = self.read();
        match &mut self.source {
            Source::Running { epoch, .. } if now <= at => *epoch = epoch.after(at.since(now) + Duration::from_micros(1)),
            Source::Running { .. } => {}
            Source::Set(clock) => clock.set(at),
        }
        self.last = self.last.max(at.micros());
        self
    }

    /// The current instant.
    pub fn read(&self) -> Timestamp {
        match &self.source {
            Source::Running { epoch, origin } => epoch.after(origin.elapsed()),
            Source::Set(clock) => clock.read(),
        }
    }

    /// The current instant, later than every one this method returned before, and not before `seen`: an instant that the host has
    /// measured with a clock of its own, which may be some microseconds ahead.
    pub fn tick(&mut self, seen: Timestamp) -> Timestamp {
        self.last = self.read().max(seen).micros().max(self.last + 1);
        if let Source::Set(clock) = &self.source {
            clock.set(Timestamp::from_micros(self.last));
        }
        Timestamp::from_micros(self.last)
    }
}

/// Time that stands still until it is set, the same for everyone who has a copy: that of a test.
///
/// Each [`Clock::tick`] moves it by a microsecond, so that no two records are of one instant here either.
#[derive(Clone, Debug)]
pub struct SetClock(Arc<AtomicU64>);

impl SetClock {
    /// A clock that shows `now` until it is set.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(now.micros())))
    }

    /// What it shows.
    pub fn read(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    /// Shows `now` from now on, unless it is later already.
    pub fn set(&self, now: Timestamp) {
        self.0.fetch_max(now.micros(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_stands_still_but_for_what_is_recorded_and_never_goes_back() {
        let shared = SetClock::at(Timestamp::from_micros(1000));
        let mut clock = Clock::set_by(shared.clone());
        assert_eq!((clock.read().micros(), clock.read().micros()), (1000, 1000));
        assert_eq!(clock.tick(Timestamp::default()).micros(), 1001);
        assert_eq!(clock.tick(Timestamp::default()).micros(), 1002);
        assert_eq!(shared.read().micros(), 1002, "everyone sees what has been recorded");
        shared.set(Timestamp::from_micros(5000));
        shared.set(Timestamp::from_micros(4000));
        assert_eq!(clock.tick(Timestamp::default()).micros(), 5000, "an instant it is set to is met exactly");
        assert_eq!(Clock::set_by(shared).tick(Timestamp::default()).micros(), 5001, "another driver does not repeat it");
    }

    #[test]
    fn a_clock_that_journals_are_ahead_of_goes_on_after_them() {
        let shared = SetClock::at(Timestamp::from_micros(1000));
        let (behind, ahead) = (Timestamp::from_micros(500), Timestamp::from_micros(u64::MAX >> 2));
        for clock in [Clock::starting_at(Timestamp::from_micros(1000)), Clock::set_by(shared.clone())] {
            assert!(clock.clone().later_than(behind).read() < ahead);
            let mut later = clock.later_than(ahead);
            assert!(later.read() >= ahead && later.tick(Timestamp::default()) > ahead);
        }
        assert!(shared.read() > ahead, "everyone sees it");
    }

    #[test]
    fn a_running_clock_runs_and_never_repeats() {
        let mut clock = Clock::starting_at(Timestamp::from_micros(1000));
        let first = clock.tick(Timestamp::default());
        assert!(first.micros() >= 1000 && clock.tick(first) > first);
        let ahead = first.after(Duration::from_hours(1));
        assert_eq!(clock.tick(ahead), ahead);
        assert!(clock.read() < ahead);
    }
}
