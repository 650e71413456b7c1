// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Instants as authors write them: ISO 8601 with seconds and a zone, `2027-01-31T12:00:00.5+01:00`.

use stdx::Timestamp;

/// The last year whose instants are exact in a JavaScript number.
const YEAR_MAX: i64 = 2254;

/// The instant, or `None` if the text is none. Before 1970 there is none.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', ' '])?;
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone_at);
    let [year, month, day] = numbers(date, '-')?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    let is_day = (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
    if !is_day
        || hour > 23
        || minute > 59
        || second > 59
        || !(1970..=YEAR_MAX).contains(&year)
        || fraction.len() > 9
        || !fraction.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let micros: i64 = if fraction.is_empty() { 0 } else { format!("{fraction:0<6}").get(..6)?.parse().ok()? };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
    u64::try_from(seconds * 1_000_000 + micros).ok().map(Timestamp::from_micros)
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between).map(|part| part.parse().ok().filter(|_| part.bytes().all(|digit| digit.is_ascii_digit())));
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Seconds that local time is ahead.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    let digits = |text: &str| text.parse::<i64>().ok().filter(|_| text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit()));
    let seconds = digits(hours).filter(|hours| *hours < 24)? * 3600 + digits(minutes).filter(|minutes| *minutes < 60)? * 60;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, of the Gregorian calendar; by Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_a_date_a_time_and_a_zone() {
        let seconds = |text: &str| parse(text).map(|at| at.micros() / 1_000_000);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T12:00:00Z"), Some(951_825_600));
        assert_eq!(seconds("2027-01-31T13:00:00+01:00"), seconds("2027-01-31T12:00:00Z"));
        assert_eq!(parse("1970-01-01T00:00:00.25Z").map(Timestamp::micros), Some(250_000));
        for bad in [
            "2027-01-31",
            "2027-02-30T00:00:00Z",
            "2027-01-31T12:00:00",
            "2027-01-31T25:00:00Z",
            "2027-1-31T1:1Z",
            "x",
            "1969-01-01T00:00:00Z",
            "2255-01-01T00:00:00Z",
            "9223372036854775807-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
