// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Instants that a cron expression names by the clocks of a time zone.
//!
//! An expression is about what a clock on the wall shows, and twice a year that clock is moved. Where the hour is `*` or `*/n`, the
//! expression is taken as a rhythm: whatever the clock shows counts, so nothing runs in an hour that is left out, and one that comes twice
//! counts twice. Any other names times of day, each of which is wanted once: one that is left out runs when the clock has been moved, one
//! that comes twice the first time. `croner` would take `0 2,14 * * *` for a rhythm, so it is only asked about clocks that nobody moves.
//!
//! The time zones are those that are built in, so that every machine plans the same instants.

use super::cron::{Expression, read};
use super::problem::TimingProblem;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use stdx::Timestamp;

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Calendar {
    cron: croner::Cron,
    is_hourly: bool,
    zone: TimeZone,
}

impl Calendar {
    /// Reads both, and finds everything that is wrong with them.
    pub(super) fn read(cron: &str, zone: &str) -> Result<Self, Vec<TimingProblem>> {
        let unknown = || TimingProblem::Zone { name: zone.to_owned() };
        match (read(cron), TimeZoneDatabase::bundled().get(zone).map_err(|_| unknown())) {
            (Ok(Expression { cron, is_hourly }), Ok(zone)) => Ok(Self { cron, is_hourly, zone }),
            (expression, zone) => Err(expression.err().unwrap_or_default().into_iter().chain(zone.err()).collect()),
        }
    }

    /// The first planned instant after `instant`.
    pub(super) fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let instant = read_instant(instant)?;
        let next = if self.is_hourly { self.next_shown(instant) } else { self.next_of_day(instant) };
        next.and_then(|next| u64::try_from(next.as_microsecond()).ok()).map(Timestamp::from_micros)
    }

    /// The next instant at which the clock shows what is wanted. Between two moves of it, a clock is one that nobody moves.
    fn next_shown(&self, after: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let mut from = after;
        loop {
            let offset = self.zone.to_offset(from);
            let shown = offset.to_timestamp(self.next_on_clock(offset.to_datetime(from))?).ok()?;
            match self.zone.following(from).next().map(|moved| moved.timestamp()) {
                Some(moved) if moved <= shown => {
                    // The moment it is moved at counts as well, so what is looked for comes after the one before.
                    if self.shows(moved) {
                        return Some(moved);
                    }
                    from = moved;
                }
                _ => return Some(shown),
            }
        }
    }

    fn shows(&self, instant: jiff::Timestamp) -> bool {
        self.cron.is_time_matching(&self.zone.to_datetime(instant)).unwrap_or(false)
    }

    /// The next time of day that is wanted. Later times of day never come before earlier ones.
    fn next_of_day(&self, after: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let mut clock = self.zone.to_datetime(after);
        loop {
            clock = self.next_on_clock(clock)?;
            let planned = self.first_at(clock)?;
            if planned > after {
                return Some(planned);
            }
        }
    }

    /// When the clock first shows this, or has been moved past it.
    fn first_at(&self, clock: DateTime) -> Option<jiff::Timestamp> {
        match self.zone.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset.to_timestamp(clock).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                let before_it = after.to_timestamp(clock).ok()?;
                self.zone.following(before_it).next().map(|moved| moved.timestamp())
            }
        }
    }

    fn next_on_clock(&self, clock: DateTime) -> Option<DateTime> {
        self.cron.find_next_occurrence(&clock, false).ok()
    }
}

/// An instant as text, as `Date.toISOString` writes it: `2027-01-31T02:00:00.000Z`.
pub(super) fn written(instant: Timestamp) -> String {
    read_instant(instant).map_or_else(|| instant.to_string(), |instant| format!("{instant:.3}"))
}

fn read_instant(instant: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_microsecond(i64::try_from(instant.micros()).ok()?).ok()
}
