// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A workflow that runs again and again: when next, and what is done about instants that passed while nobody looked.
//!
//! ```text
//! first ─▶ next ──its time has come──▶ due: which planned instants run, and the next one
//!            ▲                          │
//!            └──────────────────────────┘
//! ```
//! Nothing but the next planned instant is remembered. It is on record together with the executions that begin, and it never moves back:
//! a clock that does makes the schedule wait.
//!
//! `croner` reads cron expressions and searches them on clocks that are never moved; moves are ours, since `croner`
//! would take `0 2,14 * * *` for a rhythm and lose or double it. `jiff` brings the time zones, built in, without `std`:
//! it can read no clock and no zone of the machine.

mod calendar;
mod cron;
mod problem;

pub use calendar::Calendar;
pub use problem::{CronField, TimingProblem};

use std::collections::VecDeque;
use std::time::Duration;
use stdx::Timestamp;

/// The shortest time between two runs.
pub const EVERY_MIN: Duration = Duration::from_secs(1);

/// How late an instant may be looked at and still count as on time: long enough for a restart, and for an event loop that was busy.
pub const LATE_MAX: Duration = Duration::from_mins(1);

/// How many missed instants run with [`Missed::All`]: the latest ones.
pub const MISSED_MAX: usize = 100;

/// Beyond this instant, the end of the year 2254, nothing is planned: JavaScript could not tell one microsecond from the next.
const INSTANT_MAX: Timestamp = Timestamp::from_micros(8_993_721_600_000_000);

/// When something runs, and how it makes up for what it missed.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Which instants are planned.
    pub rhythm: Rhythm,
    /// What is done about those that passed unused.
    pub missed: Missed,
    /// What is done about one that comes while an execution of the one before still runs.
    pub overlap: Overlap,
}

/// Which instants are planned.
#[derive(Clone, Debug)]
pub enum Rhythm {
    /// So long after each other, whatever happens in between.
    Every(Duration),
    /// Those a cron expression names, by the clocks of a time zone.
    Calendar(Box<Calendar>),
}

/// What is done about planned instants that nobody looked at in time, because the process was not there or was busy. When several have
/// passed, all but the latest are missed, and so is that one if it is older than [`LATE_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// They are left out.
    Skip,
    /// One execution, of the latest, stands for all of them.
    #[default]
    Once,
    /// Each runs, of the latest [`MISSED_MAX`].
    All,
}

/// What is done about an instant that comes while an execution of an earlier one has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It runs beside it.
    #[default]
    Allow,
    /// It is left out.
    Skip,
}

/// What an instant that has come leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The planned instants to run, earliest first.
    pub runs: Vec<Timestamp>,
    /// The planned instant after those that have passed; `None` if there is none any more.
    pub next: Option<Timestamp>,
}

impl Timing {
    /// What is due at `now`, when `next` is the next planned instant; `None` while that is to come. `busy`: an earlier execution still runs.
    pub fn due(&self, next: Timestamp, now: Timestamp, busy: bool) -> Option<Due> {
        let wanted = if self.missed == Missed::All { MISSED_MAX } else { 1 };
        let passed = self.rhythm.latest(next, now, wanted);
        let latest = *passed.last()?;
        let left_out = match (self.overlap, self.missed) {
            (Overlap::Skip, _) if busy => true,
            (_, Missed::Skip) => now.since(latest) > LATE_MAX,
            (_, Missed::Once | Missed::All) => false,
        };
        let runs = if left_out { Vec::new() } else { passed };
        Some(Due { runs, next: self.rhythm.next_after(latest) })
    }
}

impl Rhythm {
    /// A period of at least [`EVERY_MIN`].
    pub fn every(period: Duration) -> Result<Self, TimingProblem> {
        if period < EVERY_MIN { Err(TimingProblem::TooShort { period }) } else { Ok(Self::Every(period)) }
    }

    /// A cron expression of five fields, or six with seconds first, in an IANA time zone.
    pub fn calendar(cron: &str, zone: &str) -> Result<Self, Vec<TimingProblem>> {
        Calendar::read(cron, zone).map(|calendar| Self::Calendar(Box::new(calendar)))
    }

    /// The first planned instant of a schedule that is made at `now`.
    pub fn first(&self, now: Timestamp) -> Option<Timestamp> {
        // Whole milliseconds are what JavaScript can say of an instant.
        self.next_after(Timestamp::from_micros(now.micros() / 1000 * 1000))
    }

    /// The planned instant after `instant`, which is a planned one itself where only a period is known.
    fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let next = match self {
            Self::Every(period) => instant.after(*period),
            Self::Calendar(calendar) => calendar.next_after(instant)?,
        };
        (next <= INSTANT_MAX).then_some(next)
    }

    /// The latest planned instants from `next`, which is one, up to `now`; at most `count`.
    fn latest(&self, next: Timestamp, now: Timestamp, count: usize) -> Vec<Timestamp> {
        match self {
            _ if now < next => Vec::new(),
            Self::Every(period) => {
                let periods = now.since(next).as_micros() / period.as_micros().max(1);
                let earliest = (periods + 1).saturating_sub(count as u128);
                let passed = |periods: u128| next.after(Duration::from_micros(micros(period.as_micros().saturating_mul(periods))));
                (earliest..=periods).map(passed).collect()
            }
            Self::Calendar(calendar) => latest_of(calendar, next, now, count),
        }
    }
}

/// Looks back further and further, so that a long absence costs no more than what is wanted of it.
fn latest_of(calendar: &Calendar, next: Timestamp, now: Timestamp, count: usize) -> Vec<Timestamp> {
    let mut back = LATE_MAX;
    loop {
        let from = before(now, back).max(next);
        let mut latest = VecDeque::with_capacity(count);
        let mut at = calendar.next_after(before(from, Duration::from_micros(1)));
        while let Some(passed) = at.filter(|at| *at <= now) {
            if latest.len() == count {
                latest.pop_front();
            }
            latest.push_back(passed);
            at = calendar.next_after(passed);
        }
        if latest.len() == count || from == next {
            return latest.into();
        }
        back = back.saturating_mul(2);
    }
}

fn before(instant: Timestamp, duration: Duration) -> Timestamp {
    Timestamp::from_micros(instant.micros().saturating_sub(micros(duration.as_micros())))
}

fn micros(micros: u128) -> u64 {
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// The id of the execution of a planned instant, such as `nightly@2027-01-31T02:00:00.000Z`: to begin it twice is to begin it once.
pub fn execution_id(schedule: &str, planned: Timestamp) -> String {
    format!("{schedule}@{}", calendar::written(planned))
}

/// Whether an execution with this id is one of a schedule's.
pub fn is_execution_of(schedule: &str, id: &str) -> bool {
    id.rsplit_once('@').is_some_and(|(of, _)| of == schedule)
}
