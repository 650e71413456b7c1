// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When a figure becomes an alert, and when that is over.
//!
//! ```text
//! quiet ── at the threshold ──▶ pending ── for so long ──▶ firing ── below `clear` for so long ──▶ quiet, and silent for the cooldown
//!   ▲  └──── no data ────▶ blind ──┘ │                         └ no data: it goes on
//!   └──────── below the threshold ───┘
//! ```
//! A figure that flaps around its threshold is one alert. No data is never taken for a good figure: it ends nothing, and begins nothing.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;
use stdx::Timestamp;

/// When a figure is too high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// From here on.
    pub threshold: f64,
    /// From here on it is critical.
    pub critical: f64,
    /// Below this it is over.
    pub clear: f64,
    /// It is so high for so long before anything is said.
    pub hold: Duration,
    /// It is so low for so long before it is over.
    pub clear_after: Duration,
    /// So long after it was over nothing is said.
    pub cooldown: Duration,
    /// Of fewer samples it is no figure.
    pub samples_min: u64,
}

/// A figure at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What it is; `None` if it is not known.
    pub value: Option<f64>,
    /// Of how many samples.
    pub samples: u64,
}

/// What is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It begins.
    Fires {
        /// Whether it is critical already.
        critical: bool,
    },
    /// It has become critical.
    Worsens,
    /// It is over.
    Resolves,
}

/// Where an alert is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "phase")]
pub enum Phase {
    /// Nothing is known yet, or any more.
    #[default]
    Blind,
    /// The figure is low enough.
    Quiet,
    /// It is too high, not for long.
    Pending {
        /// Since when.
        since: u64,
    },
    /// It has been said.
    Firing {
        /// Whether it was said to be critical.
        critical: bool,
        /// Since when it has been low enough again.
        low: Option<u64>,
    },
}

/// The state of an alert: all of it is kept over a restart. Instants are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Watch {
    /// Where it is.
    #[serde(flatten)]
    pub phase: Phase,
    /// When it was last over.
    pub resolved: Option<u64>,
}

impl Watch {
    /// Whether it has been said, and not that it is over.
    pub fn is_firing(&self) -> bool {
        matches!(self.phase, Phase::Firing { .. })
    }

    /// What the next reading leads to.
    pub fn observe(&mut self, rule: &Rule, at: Timestamp, reading: Reading) -> Option<Change> {
        let now = at.micros();
        let Some(value) = reading.value.filter(|value| value.is_finite() && reading.samples >= rule.samples_min) else {
            match &mut self.phase {
                // What is not seen may be high: the time it has been low begins anew.
                Phase::Firing { low, .. } => *low = None,
                phase @ (Phase::Blind | Phase::Quiet | Phase::Pending { .. }) => *phase = Phase::Blind,
            }
            return None;
        };
        if let Phase::Firing { critical, low } = &mut self.phase {
            if value >= rule.clear {
                *low = None;
                let worsens = value >= rule.critical && !std::mem::replace(critical, *critical || value >= rule.critical);
                return worsens.then_some(Change::Worsens);
            }
            if now.saturating_sub(*low.get_or_insert(now)) < micros(rule.clear_after) {
                return None;
            }
            *self = Self { phase: Phase::Quiet, resolved: Some(now) };
            return Some(Change::Resolves);
        }
        if value < rule.threshold {
            self.phase = Phase::Quiet;
            return None;
        }
        let since = if let Phase::Pending { since } = self.phase { since } else { now };
        self.phase = Phase::Pending { since };
        let is_silent = self.resolved.is_some_and(|resolved| now.saturating_sub(resolved) < micros(rule.cooldown));
        if is_silent || now.saturating_sub(since) < micros(rule.hold) {
            return None;
        }
        let critical = value >= rule.critical;
        self.phase = Phase::Firing { critical, low: None };
        Some(Change::Fires { critical })
    }
}

/// How many of the latest ends were bad, of totals that only grow.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    totals: VecDeque<(u64, u64, u64)>,
}

impl Failures {
    /// Over which time.
    pub const WINDOW: Duration = Duration::from_mins(5);

    /// The totals at an instant, of ends and of those that were bad; the share of bad ones in the window, in per cent.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn observe(&mut self, at: Timestamp, ended: u64, failed: u64) -> Reading {
        let now = at.micros();
        self.totals.push_back((now, ended, failed));
        let since = now.saturating_sub(micros(Self::WINDOW));
        while self.totals.get(1).is_some_and(|(next, ..)| *next <= since) {
            self.totals.pop_front();
        }
        let (_, ended_before, failed_before) = self.totals.front().copied().unwrap_or_default();
        let samples = ended.saturating_sub(ended_before);
        let bad = failed.saturating_sub(failed_before);
        Reading { value: (samples > 0).then(|| 100.0 * bad as f64 / samples as f64), samples }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        threshold: 100.0,
        critical: 200.0,
        clear: 90.0,
        hold: Duration::from_secs(10),
        clear_after: Duration::from_mins(2),
        cooldown: Duration::from_mins(5),
        samples_min: 1,
    };

    /// What a series leads to: a value each ten seconds, `None` where there is none. Each state is kept and read again, as over a restart.
    fn told(rule: &Rule, series: impl IntoIterator<Item = Option<f64>>) -> Vec<(u64, Change)> {
        let mut kept = serde_json::to_string(&Watch::default()).unwrap_or_default();
        let mut told = Vec::new();
        for (place, value) in series.into_iter().enumerate() {
            let seconds = 10 * place as u64;
            let mut watch: Watch = serde_json::from_str(&kept).unwrap_or_else(|error| panic!("{kept}: {error}"));
            let change = watch.observe(rule, Timestamp::from_micros(seconds * 1_000_000), Reading { value, samples: 1 });
            told.extend(change.map(|change| (seconds, change)));
            kept = serde_json::to_string(&watch).unwrap_or_default();
        }
        told
    }

    fn times(value: f64, count: usize) -> impl Iterator<Item = Option<f64>> {
        std::iter::repeat_n(Some(value), count)
    }

    #[test]
    fn what_is_high_for_a_moment_is_no_alert() {
        let series = (0..100).map(|place| Some(if place % 2 == 0 { 150.0 } else { 10.0 }));
        assert_eq!(told(&RULE, series), []);
    }

    #[test]
    fn a_flapping_series_is_one_firing_and_one_resolve() {
        // It is low for a minute now and then, and then for good.
        let flapping = (0..20).flat_map(|_| times(150.0, 3).chain(times(10.0, 6)));
        let told = told(&RULE, flapping.chain(times(10.0, 30)));
        assert_eq!(told.iter().map(|(_, change)| *change).collect::<Vec<_>>(), [Change::Fires { critical: false }, Change::Resolves]);
    }

    #[test]
    fn between_the_two_bounds_nothing_is_over() {
        assert_eq!(told(&RULE, times(150.0, 2).chain(times(95.0, 100))), [(10, Change::Fires { critical: false })]);
    }

    #[test]
    fn no_data_ends_nothing_and_begins_nothing() {
        let none = || std::iter::repeat_n(None, 100);
        assert_eq!(told(&RULE, none()), []);
        // The time that it has been high or low does not go on where it was not seen.
        assert_eq!(told(&RULE, times(150.0, 1).chain(none()).chain(times(150.0, 1))), []);
        let low = || times(10.0, 7);
        let told = told(&RULE, times(150.0, 2).chain(low()).chain(none()).chain(low()).chain(none()));
        assert_eq!(told, [(10, Change::Fires { critical: false })]);
    }

    #[test]
    fn it_is_silent_for_the_cooldown_and_fires_then_if_it_is_still_high() {
        let series = times(150.0, 2).chain(times(10.0, 13)).chain(times(150.0, 60));
        let told = told(&RULE, series);
        assert_eq!(told, [(10, Change::Fires { critical: false }), (140, Change::Resolves), (440, Change::Fires { critical: false })]);
    }

    #[test]
    fn it_becomes_critical_once() {
        let series = times(150.0, 3).chain(times(250.0, 3)).chain(times(150.0, 3)).chain(times(250.0, 3));
        assert_eq!(told(&RULE, series), [(10, Change::Fires { critical: false }), (30, Change::Worsens)]);
        assert_eq!(told(&RULE, times(250.0, 9)), [(10, Change::Fires { critical: true })]);
    }

    #[test]
    fn failures_are_counted_over_five_minutes_and_too_few_ends_are_no_figure() {
        let rule = Rule { threshold: 10.0, critical: 55.0, clear: 9.0, hold: Duration::ZERO, samples_min: 20, ..RULE };
        let mut failures = Failures::default();
        let mut watch = Watch::default();
        let mut at = |seconds: u64, ended: u64, failed: u64| {
            let at = Timestamp::from_micros(seconds * 1_000_000);
            let reading = failures.observe(at, ended, failed);
            (reading, watch.observe(&rule, at, reading))
        };
        assert_eq!(at(0, 0, 0).0, Reading { value: None, samples: 0 });
        assert_eq!(at(10, 19, 19), (Reading { value: Some(100.0), samples: 19 }, None));
        assert_eq!(at(20, 40, 20), (Reading { value: Some(50.0), samples: 40 }, Some(Change::Fires { critical: false })));
        // Five minutes later none of these is in the window.
        assert_eq!(at(330, 80, 20).0, Reading { value: Some(0.0), samples: 40 });
    }
}
