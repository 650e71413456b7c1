// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What expressions mean, and what is wrong with those that mean nothing.

use crate::{at, planned};
use engine::schedule::{Rhythm, TimingProblem};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn an_expression_names_instants() {
    let cases: &[(&str, &[&str])] = &[
        ("30 2 * * *", &["2027-01-02 02:30:00", "2027-01-03 02:30:00"]),
        ("*/20 9-10 * * *", &["2027-01-01 09:00:00", "2027-01-01 09:20:00", "2027-01-01 09:40:00", "2027-01-01 10:00:00"]),
        ("15,45 * * * *", &["2027-01-01 08:45:00", "2027-01-01 09:15:00"]),
        ("*/10 * * * * *", &["2027-01-01 08:30:10", "2027-01-01 08:30:20"]),
        ("0 9 * * mon-fri", &["2027-01-01 09:00:00", "2027-01-04 09:00:00"]),
        ("0 9 * * 7", &["2027-01-03 09:00:00", "2027-01-10 09:00:00"]),
        ("0 0 1 jan,JUL *", &["2027-07-01 00:00:00", "2028-01-01 00:00:00"]),
        ("0 0 29 2 *", &["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("0 0 L * *", &["2027-01-31 00:00:00", "2027-02-28 00:00:00", "2027-03-31 00:00:00"]),
        ("0 0 L 2 *", &["2027-02-28 00:00:00", "2028-02-29 00:00:00"]),
        (
            "0 0 15W * *",
            &["2027-01-15 00:00:00", "2027-02-15 00:00:00", "2027-03-15 00:00:00", "2027-04-15 00:00:00", "2027-05-14 00:00:00"],
        ),
        ("0 0 LW * *", &["2027-01-29 00:00:00", "2027-02-26 00:00:00"]),
        ("0 9 * * MON#2", &["2027-01-11 09:00:00", "2027-02-08 09:00:00"]),
        ("0 9 * * FRI#L", &["2027-01-29 09:00:00", "2027-02-26 09:00:00"]),
        ("0 9 * * 5L", &["2027-01-29 09:00:00", "2027-02-26 09:00:00"]),
        // Day of the month or day of the week, as cron has always had it; with `+` both.
        ("0 0 13 * FRI", &["2027-01-08 00:00:00", "2027-01-13 00:00:00", "2027-01-15 00:00:00"]),
        ("0 0 13 * +FRI", &["2027-08-13 00:00:00", "2028-10-13 00:00:00"]),
        ("0 0 ? * MON", &["2027-01-04 00:00:00", "2027-01-11 00:00:00"]),
    ];
    for (cron, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|instant| format!("{instant} UTC")).collect();
        assert_eq!(planned(cron, "UTC", "2027-01-01T08:30:00Z", expected.len()), expected, "{cron}");
    }
}

#[test]
fn an_instant_within_a_second_is_not_taken_for_its_beginning() {
    assert_eq!(planned("0 3 * * *", "UTC", "2027-01-01T02:59:59.999999Z", 1), ["2027-01-01 03:00:00 UTC"]);
    assert_eq!(planned("0 3 * * *", "UTC", "2027-01-01T03:00:00.000001Z", 1), ["2027-01-02 03:00:00 UTC"]);
}

#[test]
fn what_is_wrong_is_said_field_by_field() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["cron `` has 0 fields"]),
        ("* * * *", &["cron `* * * *` has 4 fields"]),
        ("* * * * * * *", &["cron `* * * * * * *` has 7 fields"]),
        ("@daily", &["cron `@daily` is not supported; write '0 0 * * *'"]),
        ("60 * * * *", &["cron `60` is not a valid minute"]),
        ("60 0 0 * * *", &["cron `60` is not a valid second"]),
        ("0 24 * * *", &["cron `24` is not a valid hour"]),
        ("0 0 0 * *", &["cron `0` is not a valid day of the month"]),
        ("0 0 32 * *", &["cron `32` is not a valid day of the month"]),
        ("0 0 * 13 *", &["cron `13` is not a valid month"]),
        ("0 0 * * 8", &["cron `8` is not a valid day of the week"]),
        ("x * * * *", &["cron `x` is not a valid minute"]),
        ("MON 0 * * *", &["cron `MON` is not a valid minute"]),
        ("0 0 MON * *", &["cron `MON` is not a valid day of the month"]),
        ("0 0 * MON *", &["cron `MON` is not a valid month"]),
        ("0 0 * * JAN", &["cron `JAN` is not a valid day of the week"]),
        ("0 0 * * MONDAY", &["cron `MONDAY` is not a valid day of the week"]),
        ("*/0 * * * *", &["cron `*/0` is not a valid minute"]),
        ("5- * * * *", &["cron `5-` is not a valid minute"]),
        ("20-10 * * * *", &["cron `20-10` is not a valid minute"]),
        ("1,,2 * * * *", &["cron `1,,2` is not a valid minute"]),
        ("1, * * * *", &["cron `1,` is not a valid minute"]),
        ("-1 * * * *", &["cron `-1` is not a valid minute"]),
        ("99999999999999999999 * * * *", &["cron `99999999999999999999` is not a valid minute"]),
        ("0 0 * * MON#6", &["cron `MON#6` is not a valid day of the week"]),
        ("0 L * * *", &["cron `L` is not a valid hour"]),
        ("60 24 * * *", &["cron `60` is not a valid minute", "cron `24` is not a valid hour"]),
        ("é * * * *", &["cron `é` is not a valid minute"]),
    ];
    for (cron, expected) in cases {
        let problems = Rhythm::calendar(cron, "UTC").unwrap_err();
        let said: Vec<String> = problems.iter().map(|problem| format!("{} {problem}", problem.path())).collect();
        let fitting = said.len() == expected.len() && said.iter().zip(*expected).all(|(said, expected)| said.starts_with(expected));
        assert!(fitting, "{cron}: {said:#?}");
    }
    let both = Rhythm::calendar("* * * *", "Europe/Atlantis").unwrap_err();
    assert_eq!(both.iter().map(TimingProblem::path).collect::<Vec<_>>(), ["cron", "timezone"]);
    assert!(both[1].to_string().contains("`Europe/Atlantis` is not a time zone"), "{}", both[1]);
}

#[test]
fn a_period_has_a_least_length() {
    assert_eq!(
        Rhythm::every(Duration::from_millis(999)).unwrap_err().to_string(),
        "must be at least 1000 ms, not 999 ms; let one execution do more"
    );
    assert!(Rhythm::every(Duration::from_secs(1)).is_ok());
}

#[test]
fn a_day_that_never_comes_is_found_out() {
    for cron in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30 2 +MON"] {
        assert_eq!(Rhythm::calendar(cron, "Europe/Berlin").unwrap().first(at("2027-01-01T00:00:00Z")), None, "{cron}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What reads expressions is not ours; nothing that is written may stop it.
    #[test]
    fn any_text_is_read_or_refused(fields in proptest::collection::vec("[0-9]{1,3}|[-*,/#LW?+0-9]{1,6}|(MON|FRI|JAN|L)[-,#L0-9]{0,3}", 5..7)) {
        let cron = fields.join(" ");
        match Rhythm::calendar(&cron, "Europe/Berlin") {
            Ok(rhythm) => prop_assert!(rhythm.first(at("2027-01-01T00:00:00Z")).is_none_or(|first| first > at("2027-01-01T00:00:00Z")), "{}", cron),
            Err(problems) => prop_assert!(!problems.is_empty(), "{}", cron),
        }
    }
}
