// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A day of the calendar, as catalogues write it: `2026-10-30`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;
use stdx::Timestamp;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u16,
    month: u8,
    of_month: u8,
}

/// Why a text is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no day; write it like `2026-10-30`")]
pub struct DayError(String);

const MICROS_PER_DAY: u64 = 24 * 60 * 60 * 1_000_000;

impl Day {
    /// The day of an instant.
    pub fn of(instant: Timestamp) -> Self {
        let mut left = instant.micros() / MICROS_PER_DAY;
        let mut day = Self { year: 1970, month: 1, of_month: 1 };
        while left >= days_of_year(day.year) && day.year < u16::MAX {
            left -= days_of_year(day.year);
            day.year += 1;
        }
        while day.month < 12 && left >= u64::from(days_of_month(day.year, day.month)) {
            left -= u64::from(days_of_month(day.year, day.month));
            day.month += 1;
        }
        day.of_month += u8::try_from(left).unwrap_or(30).min(30);
        day
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let read = || {
            let mut parts = text.split('-');
            let mut part = |length: usize| {
                let digits = parts.next().filter(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))?;
                digits.parse::<u16>().ok()
            };
            let (year, month, day) = (part(4)?, u8::try_from(part(2)?).ok()?, u8::try_from(part(2)?).ok()?);
            let exists = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
            (exists && parts.next().is_none()).then_some(Self { year, month, of_month: day })
        };
        read().ok_or_else(|| DayError(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_its_day() {
        // The last and the first microsecond of days around the ends of months and of leap years.
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (1_735_603_200, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            let begin = seconds * 1_000_000;
            assert_eq!(Day::of(Timestamp::from_micros(begin)).to_string(), day);
            assert_eq!(Day::of(Timestamp::from_micros(begin + MICROS_PER_DAY - 1)).to_string(), day);
        }
        assert_eq!(Day::of(Timestamp::from_micros(u64::MAX)).to_string(), "65535-12-31");
    }

    #[test]
    fn what_is_no_day_is_told() {
        for text in ["", "2026", "2026-1-01", "2026-13-01", "2026-02-29", "2026-10-30-1", "2026-10-3a", "+026-10-30"] {
            let error = text.parse::<Day>().expect_err(text);
            assert_eq!(error.to_string(), format!("`{text}` is no day; write it like `2026-10-30`"));
        }
        assert_eq!("2024-02-29".parse::<Day>().expect("a day").to_string(), "2024-02-29");
    }
}
