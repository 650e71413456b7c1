// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The one file that reads a clock of the machine. Each part that tells time is handed one of these; `crates/tidy/tests/clocks.rs` holds that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use stdx::Timestamp;

/// Measures how long something takes, for what is of no journal: how long a file has been busy. It runs where time is set too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Default for Stopwatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Stopwatch {
    /// The time since it was made.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Wall-clock microseconds that never go back and never repeat for one owner: each part that tells time has one, from [`Clock::share`].
#[derive(Debug)]
pub struct Clock {
    source: Source,
    last: u64,
}

#[derive(Clone, Debug)]
enum Source {
    /// Read once, then advanced by the monotonic clock: whoever sets the machine's clock changes nothing that is measured. What the machine is
    /// asleep for shows when the next process reads it.
    Running { epoch: SetClock, origin: Instant },
    /// Whatever a test says.
    Set(SetClock),
}

impl Clock {
    /// A clock that shows `now` now; the host passes its own reading so that both agree.
    pub fn starting_at(now: Timestamp) -> Self {
        Self { source: Source::Running { epoch: SetClock::at(now), origin: Instant::now() }, last: 0 }
    }

    /// A clock that shows what it is set to.
    pub fn set_by(clock: SetClock) -> Self {
        Self { source: Source::Set(clock), last: 0 }.share()
    }

    /// The same time for another part that tells it: what moves one ahead moves the other.
    #[must_use]
    pub fn share(&self) -> Self {
        // Another owner may have been at this instant before.
        Self { source: self.source.clone(), last: self.read().micros() }
    }

    /// Whether it stands still until it is set.
    pub fn is_set(&self) -> bool {
        matches!(self.source, Source::Set(_))
    }

    /// The same clock, moved ahead if need be so that what is to come is later than `at`: the clock of the machine was set back since.
    pub(crate) fn later_than(mut self, at: Timestamp) -> Self {
        let now = self.read();
        match &self.source {
            Source::Running { epoch, .. } if now <= at => epoch.set(epoch.read().after(at.since(now) + Duration::from_micros(1))),
            Source::Running { .. } => {}
            Source::Set(clock) => clock.set(at),
        }
        self.last = self.last.max(at.micros());
        self
    }

    /// The current instant.
    pub fn read(&self) -> Timestamp {
        match &self.source {
            Source::Running { epoch, origin } => epoch.read().after(origin.elapsed()),
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
            assert!(clock.share().later_than(behind).read() < ahead);
            let mut later = clock.later_than(ahead);
            assert!(later.read() >= ahead && later.tick(Timestamp::default()) > ahead);
        }
        assert!(shared.read() > ahead, "everyone sees it");
    }

    #[test]
    fn who_shares_a_clock_is_moved_with_it_and_no_one_else_is() {
        let start = Timestamp::from_micros(1000);
        let (clock, other) = (Clock::starting_at(start), Clock::starting_at(start));
        let shared = clock.share();
        let ahead = start.after(Duration::from_hours(2));
        let moved = clock.later_than(ahead);
        assert!(moved.read() > ahead && shared.read() > ahead);
        assert!(other.read() < ahead);
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
