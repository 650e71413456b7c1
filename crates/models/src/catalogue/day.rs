// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A day of the calendar, as catalogues write it: `2026-10-30`.

use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;
use stdx::Timestamp;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

/// Why a text is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date; write it like `2026-10-30`")]
pub struct DayError(String);

impl Day {
    /// The day of an instant; of one after the last that a calendar has, the last.
    pub fn of(instant: Timestamp) -> Self {
        let instant = i64::try_from(instant.micros()).ok().and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
        Self(Offset::UTC.to_datetime(instant.unwrap_or(jiff::Timestamp::MAX)).date())
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        // jiff reads other spellings of a day too.
        let day = text.parse().ok().map(Self).filter(|day| day.to_string() == text);
        day.ok_or_else(|| DayError(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
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

    const MICROS_PER_DAY: u64 = 24 * 60 * 60 * 1_000_000;

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
        assert_eq!(Day::of(Timestamp::from_micros(u64::MAX)).to_string(), "9999-12-30");
    }

    #[test]
    fn what_is_no_day_is_told() {
        for text in ["", "2026", "2026-1-01", "2026-13-01", "2026-02-29", "2026-10-30-1", "2026-10-3a", "+026-10-30"] {
            let error = text.parse::<Day>().expect_err(text);
            assert_eq!(error.to_string(), format!("`{text}` is not a date; write it like `2026-10-30`"));
        }
        assert_eq!("2024-02-29".parse::<Day>().expect("a day").to_string(), "2024-02-29");
    }
}
