// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Instants as authors write them: ISO 8601 with seconds and a zone, `2027-01-31T12:00:00.5+01:00`.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use stdx::Timestamp;

/// The years whose instants are exact in a JavaScript number. Before 1970 there is none.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2254;

/// The instant, or `None` if the text is none.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', ' '])?;
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone_at);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|date| YEARS.contains(&date.year()))?;
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, nanos(fraction)?).ok()?;
    let instant = Offset::from_seconds(offset(zone)?).ok()?.to_timestamp(date.to_datetime(time)).ok()?;
    u64::try_from(instant.as_microsecond()).ok().map(Timestamp::from_micros)
}

fn numbers(text: &str, between: char) -> Option<[i16; 3]> {
    let mut parts = text.split(between).map(|part| part.parse().ok().filter(|_| part.bytes().all(|digit| digit.is_ascii_digit())));
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Up to nine digits behind the point of a second.
fn nanos(fraction: &str) -> Option<i32> {
    let is_fraction = fraction.len() <= 9 && fraction.bytes().all(|digit| digit.is_ascii_digit());
    is_fraction.then(|| format!("{fraction:0<9}").parse().ok()).flatten()
}

/// Seconds that local time is ahead.
fn offset(zone: &str) -> Option<i32> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    let digits = |text: &str| text.parse::<i32>().ok().filter(|_| text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit()));
    let seconds = digits(hours).filter(|hours| *hours < 24)? * 3600 + digits(minutes).filter(|minutes| *minutes < 60)? * 60;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
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
