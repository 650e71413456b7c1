// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When schedules run: instants of expressions and periods, moves of the clock, and what is made up for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

#[path = "schedules/clocks.rs"]
mod clocks;
#[path = "schedules/cron.rs"]
mod cron;
#[path = "schedules/due.rs"]
mod due;

use engine::schedule::Rhythm;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use stdx::Timestamp;

/// An instant from text such as `2027-01-31T12:00:00Z`.
fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(u64::try_from(instant.as_microsecond()).unwrap())
}

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

/// What the clocks of a zone show at an instant: `2027-03-28 03:00:00 CEST`.
fn shown(instant: Timestamp, zone: &TimeZone) -> String {
    let instant = jiff::Timestamp::from_microsecond(i64::try_from(instant.micros()).unwrap()).unwrap();
    instant.to_zoned(zone.clone()).strftime("%F %T %Z").to_string()
}

/// The planned instants of an expression after an instant, as the clocks of its zone show them.
fn planned(cron: &str, name: &str, after: &str, count: usize) -> Vec<String> {
    let (rhythm, zone) = (Rhythm::calendar(cron, name).unwrap(), zone(name));
    std::iter::successors(rhythm.first(at(after)), |last| rhythm.first(*last)).take(count).map(|next| shown(next, &zone)).collect()
}
