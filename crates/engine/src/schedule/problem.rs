// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What stands in the way of a schedule, with the way out.

use super::EVERY_MIN;
use std::fmt;
use std::time::Duration;
use stdx::counted;

/// Why a schedule cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum TimingProblem {
    #[error("`{name}` is not supported; write '{ours}'")]
    Nickname { name: String, ours: &'static str },
    #[error("`{text}` has {}; write five (minute, hour, day of the month, month, day of the week), or six with the second first", counted(*count, "field"))]
    FieldCount { text: String, count: usize },
    #[error("`{text}` is not a valid {field}; allowed {}", field.allowed())]
    Field { field: CronField, text: String },
    #[error("never comes before the year 2255; check that the month has such a day")]
    Never,
    #[error("`{name}` is not a time zone; give an IANA name such as 'Europe/Berlin', or 'UTC'")]
    Zone { name: String },
    #[error("must be at least {} ms, not {} ms; let one execution do more", EVERY_MIN.as_millis(), period.as_millis())]
    TooShort { period: Duration },
}

impl TimingProblem {
    /// The field of a schedule that it is about.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Nickname { .. } | Self::FieldCount { .. } | Self::Field { .. } | Self::Never => "cron",
            Self::Zone { .. } => "timezone",
            Self::TooShort { .. } => "every",
        }
    }
}

/// A field of a cron expression, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is what its name says")]
pub enum CronField {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

impl CronField {
    /// In the order they are written in.
    pub(super) const ALL: [Self; 6] = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Month, Self::Weekday];

    fn allowed(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "are 0 to 59, with `*`, `,`, `-` and `/` as in `5,10-20,*/15`",
            Self::Hour => "are 0 to 23, with `*`, `,`, `-` and `/` as in `9-17`",
            Self::Day => "are 1 to 31, with `*`, `,`, `-`, `/`, `L` (the last day) and `W` (`15W`: the weekday nearest the 15th)",
            Self::Month => "are 1 to 12 or JAN to DEC, with `*`, `,`, `-` and `/` as in `JAN-MAR`",
            Self::Weekday => {
                "are 0 to 7 (0 and 7 are Sunday) or SUN to SAT, with `*`, `,`, `-`, `/`, `#` (`MON#2`: the second Monday), `L` (`FRI#L`: \
                 the last Friday) and `+` before them (day of the month and of the week must both fit)"
            }
        }
    }
}

impl fmt::Display for CronField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day of the month",
            Self::Month => "month",
            Self::Weekday => "day of the week",
        })
    }
}
