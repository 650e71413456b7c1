// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A budget that begins anew each day or month, and when it will be used up.

use super::{Account, Counted, Spend};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;
use stdx::Timestamp;

/// How often it begins anew: at midnight, or on the first of a month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each day.
    Day,
    /// Each month.
    Month,
}

impl Per {
    /// The window that an instant is in: from its beginning until before its end.
    pub fn window(self, at: Timestamp) -> (Timestamp, Timestamp) {
        let Some(day) = zoned(at).and_then(|at| at.start_of_day().ok()) else { return (at, at) };
        let begin = match self {
            Self::Day => Some(day),
            Self::Month => day.first_of_month().ok(),
        };
        let end = begin.as_ref().and_then(|begin| begin.checked_add(if self == Self::Day { 1.day() } else { 1.month() }).ok());
        (begin.as_ref().map_or(at, instant), end.as_ref().map_or(at, instant))
    }
}

fn zoned(at: Timestamp) -> Option<Zoned> {
    let at = jiff::Timestamp::from_microsecond(i64::try_from(at.micros()).ok()?).ok()?;
    Some(at.to_zoned(TimeZone::UTC))
}

fn instant(at: &Zoned) -> Timestamp {
    Timestamp::from_micros(u64::try_from(at.timestamp().as_microsecond()).unwrap_or_default())
}

/// Over which time it is looked how fast is spent, and in which steps.
const LOOKED_AT: Duration = Duration::from_hours(1);
const STEP: u64 = 60_000_000;
/// What was spent within less says little of how fast it goes on.
const LEAST: Duration = Duration::from_mins(1);

/// What was spent in the last hour, by minute.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace(VecDeque<(Timestamp, Spend)>);

impl Pace {
    pub(super) fn add(&mut self, now: Timestamp, spent: Spend) {
        self.forget(now);
        match self.0.back_mut() {
            Some((minute, sum)) if minute.micros() / STEP == now.micros() / STEP => *sum = sum.plus(spent),
            _ => self.0.push_back((now, spent)),
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.0.front().is_some_and(|(minute, _)| now.since(*minute) > LOOKED_AT) {
            self.0.pop_front();
        }
    }

    /// When a budget will be used up if spending goes on as in the last hour; `None`: nothing was spent, or it is not bounded.
    #[expect(clippy::cast_precision_loss, reason = "amounts stay below 2^53")]
    pub(super) fn exhausted(&mut self, account: &Account, now: Timestamp) -> Option<Timestamp> {
        self.forget(now);
        let (first, _) = self.0.front()?;
        let elapsed = now.since(*first).max(LEAST).as_secs_f64();
        let sum = self.0.iter().fold(Spend::default(), |sum, (_, spent)| sum.plus(*spent));
        let left = Counted::ALL.into_iter().filter_map(|what| {
            let (limit, gone, lately) = (what.limit(&account.budget)?, what.of(account.spent), what.of(sum));
            let seconds = limit.saturating_sub(gone) as f64 * elapsed / lately as f64;
            seconds.is_finite().then_some(seconds)
        });
        let seconds = left.fold(f64::INFINITY, f64::min);
        // A century is never.
        (seconds < 3e9).then(|| now.after(Duration::from_secs_f64(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_micros(u64::try_from(at.as_microsecond()).unwrap())
    }

    #[test]
    fn windows_begin_at_midnight_and_on_the_first() {
        let cases = [
            (Per::Day, "2026-02-28T23:59:59.999999Z", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"),
            (Per::Day, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
            (Per::Month, "2026-12-31T12:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Per::Month, "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ];
        for (per, now, begin, end) in cases {
            assert_eq!(per.window(at(now)), (at(begin), at(end)), "{per:?} {now}");
        }
    }

    #[test]
    fn what_is_spent_evenly_is_used_up_when_it_is_foretold() {
        let begin = at("2026-12-01T00:00:00Z");
        let mut pace = Pace::default();
        let mut account =
            Account { budget: Budget { calls: Some(1000), usd_nanos: Some(u64::MAX), ..Budget::default() }, ..Account::default() };
        assert_eq!(pace.exhausted(&account, begin), None, "nothing was spent");
        for call in 0..900 {
            let now = begin.after(Duration::from_secs(10 * call));
            let spent = Spend { calls: 1, usd_nanos: 5, ..Spend::default() };
            pace.add(now, spent);
            account.spent = account.spent.plus(spent);
        }
        // 100 calls are left, one each ten seconds.
        let now = begin.after(Duration::from_secs(8990));
        let left = pace.exhausted(&account, now).unwrap().since(now);
        assert!((left.as_secs_f64() / 1000.0 - 1.0).abs() < 0.05, "{left:?}");
        assert_eq!(pace.exhausted(&account, now.after(Duration::from_hours(2))), None, "for an hour nothing was spent");
    }
}
