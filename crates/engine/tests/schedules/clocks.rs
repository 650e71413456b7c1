// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Clocks that are moved. In Berlin on 2027-03-28 from 02:00 to 03:00 and on 2027-10-31 from 03:00 to 02:00; in New York on 2027-03-14 and
//! 2027-11-07 likewise.

use crate::{at, planned, shown, zone};
use engine::schedule::Rhythm;
use jiff::civil::date;
use jiff::{SignedDuration, ToSpan as _};
use proptest::prelude::*;
use stdx::Timestamp;

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";

fn check(cron: &str, zone: &str, after: &str, expected: &[&str]) {
    assert_eq!(planned(cron, zone, after, expected.len()), expected, "{cron} in {zone}");
}

#[test]
fn a_time_of_day_that_is_left_out_runs_when_the_clock_has_been_moved() {
    let eve = "2027-03-27T12:00:00Z";
    check("30 2 * * *", BERLIN, eve, &["2027-03-28 03:00:00 CEST", "2027-03-29 02:30:00 CEST"]);
    check("0 2 * * *", BERLIN, eve, &["2027-03-28 03:00:00 CEST", "2027-03-29 02:00:00 CEST"]);
    check("30 1 * * *", BERLIN, eve, &["2027-03-28 01:30:00 CET", "2027-03-29 01:30:00 CEST"]);
    check("0 3 * * *", BERLIN, eve, &["2027-03-28 03:00:00 CEST", "2027-03-29 03:00:00 CEST"]);
    // Several of them are one, also with one that is there anyway.
    check("0,15,30 2,3 * * *", BERLIN, eve, &["2027-03-28 03:00:00 CEST", "2027-03-28 03:15:00 CEST", "2027-03-28 03:30:00 CEST"]);
    check("0 2,14 * * *", BERLIN, eve, &["2027-03-27 14:00:00 CET", "2027-03-28 03:00:00 CEST", "2027-03-28 14:00:00 CEST"]);
    check("30 2 * * *", NEW_YORK, "2027-03-13T12:00:00Z", &["2027-03-14 03:00:00 EDT", "2027-03-15 02:30:00 EDT"]);
}

#[test]
fn a_time_of_day_that_comes_twice_runs_the_first_time() {
    let eve = "2027-10-30T12:00:00Z";
    check("30 2 * * *", BERLIN, eve, &["2027-10-31 02:30:00 CEST", "2027-11-01 02:30:00 CET"]);
    check("0 3 * * *", BERLIN, eve, &["2027-10-31 03:00:00 CET", "2027-11-01 03:00:00 CET"]);
    check("0 2,14 * * *", BERLIN, eve, &["2027-10-31 02:00:00 CEST", "2027-10-31 14:00:00 CET"]);
    check("30 1 * * *", NEW_YORK, "2027-11-06T12:00:00Z", &["2027-11-07 01:30:00 EDT", "2027-11-08 01:30:00 EST"]);
    // Whoever looks in the repeated hour has passed it.
    check("30 2 * * *", BERLIN, "2027-10-31T01:10:00Z", &["2027-11-01 02:30:00 CET"]);
}

#[test]
fn a_rhythm_counts_what_the_clock_shows() {
    check("30 * * * *", BERLIN, "2027-03-28T00:00:00Z", &["2027-03-28 01:30:00 CET", "2027-03-28 03:30:00 CEST"]);
    let autumn = ["2027-10-31 02:00:00 CEST", "2027-10-31 02:30:00 CEST", "2027-10-31 02:00:00 CET", "2027-10-31 02:30:00 CET"];
    check("*/30 * * * *", BERLIN, "2027-10-30T23:59:00Z", &autumn);
    check("0 */2 * * *", BERLIN, "2027-03-27T23:30:00Z", &["2027-03-28 04:00:00 CEST", "2027-03-28 06:00:00 CEST"]);
    check("0 */3 * * *", NEW_YORK, "2027-11-07T03:30:00Z", &["2027-11-07 00:00:00 EDT", "2027-11-07 03:00:00 EST"]);
    check(
        "0 * 31 10 *",
        BERLIN,
        "2027-10-30T23:59:00Z",
        &["2027-10-31 02:00:00 CEST", "2027-10-31 02:00:00 CET", "2027-10-31 03:00:00 CET"],
    );
}

#[test]
fn zones_may_move_by_less_than_an_hour_or_skip_midnight() {
    // Lord Howe Island moves by half an hour, on 2027-10-03 from 02:00 to 02:30.
    check("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T00:00:00Z", &["2027-10-03 02:30:00 +11", "2027-10-04 02:15:00 +11"]);
    // Cairo moves at midnight, on 2027-04-30 from 00:00 to 01:00.
    check("0 0 * * *", "Africa/Cairo", "2027-04-29T12:00:00Z", &["2027-04-30 01:00:00 EEST", "2027-05-01 00:00:00 EEST"]);
}

/// Every minute of the two days around a move, by its own rule.
fn by_hand(minutes: &[i8], hours: &[i8], is_hourly: bool, zone_name: &str, first_day: jiff::civil::Date) -> Vec<String> {
    let zone = zone(zone_name);
    let begin = first_day.at(0, 0, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
    let end = (first_day + 3.days()).at(0, 0, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
    let mut seen: Vec<(i8, i8, i8)> = Vec::new();
    let mut before: Option<jiff::civil::DateTime> = None;
    let mut instants = Vec::new();
    let mut instant = begin;
    while instant < end {
        let clock = zone.to_datetime(instant);
        let is_wanted = |clock: jiff::civil::DateTime| minutes.contains(&clock.minute()) && hours.contains(&clock.hour());
        let name = (clock.day(), clock.hour(), clock.minute());
        // The times of day the clock has jumped over since the minute before.
        let mut jumped = before.map_or(clock, |before| before + 1.minute());
        let mut wants_jumped = false;
        while jumped < clock {
            wants_jumped |= is_wanted(jumped);
            jumped += 1.minute();
        }
        let counts = if is_hourly { is_wanted(clock) } else { wants_jumped || (is_wanted(clock) && !seen.contains(&name)) };
        if counts && instant > begin {
            instants.push(shown(Timestamp::from_micros(u64::try_from(instant.as_microsecond()).unwrap()), &zone));
        }
        seen.push(name);
        before = Some(clock);
        instant += SignedDuration::from_mins(1);
    }
    instants
}

fn listed(numbers: &[i8]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn around_a_move_instants_are_those_found_minute_by_minute(
        minutes in proptest::sample::subsequence((0..60).collect::<Vec<i8>>(), 1..4),
        hours in proptest::sample::subsequence((0..6).collect::<Vec<i8>>(), 1..4),
        is_hourly in any::<bool>(),
        place in 0..6_usize,
    ) {
        let places = [
            (BERLIN, date(2027, 3, 27)), (BERLIN, date(2027, 10, 30)), (NEW_YORK, date(2027, 3, 13)), (NEW_YORK, date(2027, 11, 6)),
            ("Australia/Lord_Howe", date(2027, 4, 3)), ("Africa/Cairo", date(2027, 4, 29)),
        ];
        let (name, day) = places[place];
        let (cron, hours) = if is_hourly {
            (format!("{} * * * *", listed(&minutes)), (0..24).collect())
        } else {
            (format!("{} {} * * *", listed(&minutes), listed(&hours)), hours)
        };
        let begin = day.at(0, 0, 0, 0).to_zoned(zone(name)).unwrap().timestamp().to_string();
        let expected = by_hand(&minutes, &hours, is_hourly, name, day);
        prop_assert_eq!(planned(&cron, name, &begin, expected.len()), expected, "{} in {}", cron, name);
    }
}

#[test]
fn first_is_after_the_instant_and_planning_goes_on() {
    let rhythm = Rhythm::calendar("* * * * *", BERLIN).unwrap();
    let mut instant = at("2027-10-30T23:00:00Z");
    for _ in 0..300 {
        let next = rhythm.first(instant).unwrap();
        assert_eq!(next.since(instant).as_secs(), 60);
        instant = next;
    }
}
