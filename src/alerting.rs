// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Rules of alerts, the figures they need of the engine, and where their states are kept.

use crate::engine::Engine;
use crate::error::{CodedError, coded};
use crate::shared::lock;
use crate::words::micros;
use analytics::alerting::{Change, Failures, Reading, Rule, Watch};
use napi_derive::napi;
use runtime::Error;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// A rule and where its alert is.
#[napi]
pub struct NativeRule {
    rule: Rule,
    watch: Watch,
    failures: Failures,
}

/// A rule as JavaScript sends it; times in milliseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleText {
    threshold: f64,
    critical: f64,
    clear: f64,
    hold: u64,
    clear_after: u64,
    cooldown: u64,
    min_samples: u64,
}

/// What a reading led to.
#[napi(object)]
pub struct NativeReading {
    /// `fires`, `worsens` or `resolves`; absent: nothing.
    pub change: Option<String>,
    /// Whether it is critical, if it fires.
    pub critical: bool,
    /// The figure; absent: there is none.
    pub value: Option<f64>,
    /// Whether the state is another one than before, and to be kept.
    pub moved: bool,
}

#[napi]
impl NativeRule {
    /// `rule` and `kept`, its state in an earlier process, are JSON text.
    #[napi(constructor, catch_unwind)]
    pub fn new(rule: String, kept: Option<String>) -> Result<Self, CodedError> {
        let malformed = |error: serde_json::Error| coded(&Error::Malformed { what: "rule", message: error.to_string() });
        let RuleText { threshold, critical, clear, hold, clear_after, cooldown, min_samples } =
            serde_json::from_str(&rule).map_err(malformed)?;
        let millis = Duration::from_millis;
        let (hold, clear_after, cooldown) = (millis(hold), millis(clear_after), millis(cooldown));
        let rule = Rule { threshold, critical, clear, hold, clear_after, cooldown, samples_min: min_samples };
        // A state that is not understood is that of another version: it begins anew.
        let watch = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(Self { rule, watch, failures: Failures::default() })
    }

    /// Its state as JSON text.
    #[napi(catch_unwind)]
    pub fn state(&self) -> String {
        serde_json::to_string(&self.watch).unwrap_or_default()
    }

    /// The figure at `now`; absent: there is none.
    #[napi(catch_unwind)]
    pub fn observe(&mut self, now: f64, value: Option<f64>) -> NativeReading {
        self.read(now, Reading { value, samples: self.rule.samples_min })
    }

    /// Totals at `now` of ends, and of those that were bad: the figure is the share of the bad ones in per cent, of the last five minutes.
    #[napi(catch_unwind)]
    pub fn observe_ends(&mut self, now: f64, ended: f64, failed: f64) -> NativeReading {
        let reading = self.failures.observe(instant(now), whole(ended), whole(failed));
        self.read(now, reading)
    }
}

impl NativeRule {
    fn read(&mut self, now: f64, reading: Reading) -> NativeReading {
        let before = self.watch;
        let change = self.watch.observe(&self.rule, instant(now), reading);
        let word = change.map(|change| match change {
            Change::Fires { .. } => "fires",
            Change::Worsens => "worsens",
            Change::Resolves => "resolves",
        });
        NativeReading {
            change: word.map(str::to_owned),
            critical: matches!(change, Some(Change::Fires { critical: true } | Change::Worsens)),
            value: reading.value,
            moved: before != self.watch,
        }
    }
}

#[napi]
impl Engine {
    /// `[slot, microseconds]` of each execution that has been at work for so many milliseconds, one after the other; see `Driver::at_work`.
    #[napi(catch_unwind)]
    pub fn at_work(&self, now: f64, least: f64) -> Result<Vec<f64>, CodedError> {
        let least = Duration::from_millis(whole(least));
        let found = self.with(|driver| Ok(driver.at_work(instant(now), least)))?;
        Ok(found
            .into_iter()
            .flat_map(|(slot, time)| [f64::from(slot), micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))])
            .collect())
    }

    /// How many tasks have completed or failed, and how many of them failed, since the engine began.
    #[napi(catch_unwind)]
    pub fn task_ends(&self) -> Result<Vec<f64>, CodedError> {
        self.with(|driver| {
            let (ended, failed) = driver.task_ends();
            Ok(vec![micros(ended), micros(failed)])
        })
    }

    /// How executions and tasks have gone, as JSON text; null: it is not counted. See `Driver::counts`.
    #[napi(catch_unwind)]
    pub fn counts(&self) -> Result<Option<String>, CodedError> {
        self.with(|driver| Ok(driver.counts()))
    }

    /// How many records of the store facts lack; null: there are none.
    #[napi(catch_unwind)]
    pub fn facts_behind(&self) -> Option<f64> {
        let facts = lock(&self.facts).as_ref().map(Arc::clone)?;
        facts.behind().map(micros)
    }

    /// Keeps the state of an alert beside the store, if there is one; null: forgets it.
    #[napi(catch_unwind)]
    pub fn keep_alert(&self, name: String, state: Option<String>) {
        if let Some(facts) = lock(&self.facts).as_ref() {
            facts.keep_alert(name, state);
        }
    }

    /// `[[name, state]]` of the alerts that were kept, as JSON text.
    #[napi(catch_unwind)]
    pub fn kept_alerts(&self) -> String {
        let kept = lock(&self.facts).as_ref().map(|facts| facts.alerts()).unwrap_or_default();
        serde_json::to_string(&kept).unwrap_or_default()
    }
}

/// The cores that this process may use at once: what its affinity and its control group leave it.
#[napi(catch_unwind)]
pub fn usable_cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "instants and counts are whole and far below 2^53")]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

fn instant(now: f64) -> Timestamp {
    Timestamp::from_micros(whole(now))
}
