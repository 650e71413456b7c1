// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is due when somebody looks: `missed` and `overlap`, as a table.

use crate::at;
use engine::schedule::{Due, MISSED_MAX, Missed, Overlap, Rhythm, Timing, execution_id, is_execution_of};
use std::time::Duration;
use stdx::Timestamp;

const NIGHTLY: &str = "0 2 * * *";

fn timing(rhythm: Rhythm, missed: Missed, overlap: Overlap) -> Timing {
    Timing { rhythm, missed, overlap }
}

fn nightly() -> Rhythm {
    Rhythm::calendar(NIGHTLY, "UTC").unwrap()
}

fn days(due: &Due) -> Vec<String> {
    due.runs.iter().map(|run| execution_id("n", *run)).collect()
}

#[test]
fn what_passed_unused_is_made_up_for_as_asked() {
    use Missed::{All, Once, Skip};
    // The next planned instant is the second night; when somebody looks, what is made up for.
    let cases: &[(Missed, &str, &[&str], &str)] = &[
        // On time, however little late.
        (Skip, "2027-01-02T02:00:00Z", &["02"], "03"),
        (Skip, "2027-01-02T02:01:00Z", &["02"], "03"),
        (Once, "2027-01-02T02:00:00.5Z", &["02"], "03"),
        (All, "2027-01-02T02:00:00Z", &["02"], "03"),
        // Late.
        (Skip, "2027-01-02T02:01:00.000001Z", &[], "03"),
        (Once, "2027-01-02T12:00:00Z", &["02"], "03"),
        (All, "2027-01-02T12:00:00Z", &["02"], "03"),
        // Several, the latest of them late, and on time.
        (Skip, "2027-01-04T12:00:00Z", &[], "05"),
        (Once, "2027-01-04T12:00:00Z", &["04"], "05"),
        (All, "2027-01-04T12:00:00Z", &["02", "03", "04"], "05"),
        (Skip, "2027-01-04T02:00:30Z", &["04"], "05"),
        (Once, "2027-01-04T02:00:30Z", &["04"], "05"),
        (All, "2027-01-04T02:00:30Z", &["02", "03", "04"], "05"),
    ];
    for (missed, now, runs, next) in cases {
        let due = timing(nightly(), *missed, Overlap::Allow).due(at("2027-01-02T02:00:00Z"), at(now), false).unwrap();
        let expected: Vec<String> = runs.iter().map(|day| format!("n@2027-01-{day}T02:00:00.000Z")).collect();
        assert_eq!((days(&due), due.next), (expected, Some(at(&format!("2027-01-{next}T02:00:00Z")))), "{missed:?} at {now}");
    }
}

#[test]
fn nothing_is_due_before_its_time_however_far_the_clock_goes_back() {
    let timing = timing(nightly(), Missed::All, Overlap::Allow);
    for now in ["2027-01-02T01:59:59.999999Z", "2027-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        assert_eq!(timing.due(at("2027-01-02T02:00:00Z"), at(now), false), None, "{now}");
    }
}

#[test]
fn one_that_comes_while_another_runs_is_left_out_if_asked() {
    let next = at("2027-01-02T02:00:00Z");
    for (overlap, busy, runs) in
        [(Overlap::Skip, true, 0), (Overlap::Skip, false, 1), (Overlap::Allow, true, 1), (Overlap::Allow, false, 1)]
    {
        let due = timing(nightly(), Missed::Once, overlap).due(next, next, busy).unwrap();
        assert_eq!((due.runs.len(), due.next), (runs, Some(at("2027-01-03T02:00:00Z"))), "{overlap:?} {busy}");
    }
}

#[test]
fn a_period_keeps_to_its_first_instant_whatever_happens_in_between() {
    let every = timing(Rhythm::every(Duration::from_mins(10)).unwrap(), Missed::Once, Overlap::Allow);
    let made = at("2027-01-01T00:00:00.123456Z");
    let first = every.rhythm.first(made).unwrap();
    assert_eq!(first, at("2027-01-01T00:10:00.123Z"), "one period after it was made, in whole milliseconds");
    let late = every.due(first, at("2027-01-01T00:10:07Z"), false).unwrap();
    assert_eq!((late.runs, late.next), (vec![first], Some(at("2027-01-01T00:20:00.123Z"))));
    let away = every.due(first, at("2027-01-09T17:34:56Z"), false).unwrap();
    assert_eq!((away.runs, away.next), (vec![at("2027-01-09T17:30:00.123Z")], Some(at("2027-01-09T17:40:00.123Z"))));
}

#[test]
fn all_that_was_missed_is_bounded_and_found_from_its_end() {
    let all = |rhythm| timing(rhythm, Missed::All, Overlap::Allow);
    let (next, now) = (at("2000-01-01T00:00:00Z"), at("2027-01-01T00:00:00.5Z"));
    let rhythms = [Rhythm::every(Duration::from_secs(1)).unwrap(), Rhythm::calendar("* * * * * *", "Europe/Berlin").unwrap()];
    for rhythm in rhythms {
        let due = all(rhythm.clone()).due(next, now, false).unwrap();
        let expected: Vec<Timestamp> =
            (0..MISSED_MAX as u64).rev().map(|ago| Timestamp::from_micros((now.micros() / 1_000_000 - ago) * 1_000_000)).collect();
        assert_eq!(due.runs, expected, "{rhythm:?}");
        assert_eq!(due.next, Some(at("2027-01-01T00:00:01Z")), "{rhythm:?}");
    }
    // Rare ones: as many as there are, back to the first.
    let yearly = all(Rhythm::calendar("0 0 29 2 *", "UTC").unwrap()).due(at("2000-02-29T00:00:00Z"), now, false).unwrap();
    let years: Vec<String> = yearly.runs.iter().map(|run| execution_id("", *run)[1..5].to_owned()).collect();
    assert_eq!(years, ["2000", "2004", "2008", "2012", "2016", "2020", "2024"]);
}

#[test]
fn at_the_end_of_time_there_is_no_next() {
    let every = timing(Rhythm::every(Duration::from_hours(24 * 365)).unwrap(), Missed::Once, Overlap::Allow);
    let last = at("2254-06-01T00:00:00Z");
    assert_eq!(every.due(last, last, false), Some(Due { runs: vec![last], next: None }));
    assert_eq!(nightly().first(at("2254-12-31T02:00:00Z")), None);
}

#[test]
fn an_execution_is_known_by_its_schedule_and_planned_instant() {
    assert_eq!(execution_id("nightly", at("2027-01-31T02:00:00Z")), "nightly@2027-01-31T02:00:00.000Z");
    assert_eq!(execution_id("a@b", at("2027-01-31T02:00:00.25Z")), "a@b@2027-01-31T02:00:00.250Z");
    for (id, of, expected) in [("a@b@2027Z", "a@b", true), ("a@b@2027Z", "a", false), ("a", "a", false), ("a@2027Z", "a", true)] {
        assert_eq!(is_execution_of(of, id), expected, "{id} of {of}");
    }
}
