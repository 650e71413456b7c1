// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a live execution waits for, with what the driver knows of that: the pool, admission, and whether the store takes what it is given.

use super::Driver;
use crate::store::Alert;
use crate::{Error, explain};
use engine::{Around, InstanceIndex, PoolWait, Presence, Queued};
use serde_json::json;
use stdx::Timestamp;

/// Why the store takes nothing, as long as that is so.
#[derive(Debug, Default)]
pub(super) struct Obstacles(Vec<(&'static str, Timestamp, String)>);

impl Obstacles {
    /// Whether nothing can be committed while it lasts.
    fn stops(alert: &Alert) -> bool {
        matches!(alert.rule.name, "store:blocked" | "store:full")
    }

    pub(super) fn hear(&mut self, now: Timestamp, alert: &Alert) {
        if !Self::stops(alert) {
            return;
        }
        self.0.retain(|(name, ..)| *name != alert.rule.name);
        if alert.begins {
            self.0.push((alert.rule.name, now, alert.description.clone()));
        }
    }
}

impl Driver {
    /// What the tasks of a live execution wait for, as JSON text; see [`crate::explain`].
    pub fn explain(&self, slot: u32) -> Result<String, Error> {
        let now = self.now.unwrap_or_else(|| self.clock.read());
        let live = self.slots.get(slot)?;
        let place = |task: InstanceIndex| -> Option<PoolWait> { self.agents.as_ref()?.pool.wait_of(now, slot, task.get()) };
        let since = Some(live.accepted);
        let admission = self.admission.queued(slot).map(|queued| Queued { since, ..queued });
        let presence = if live.is_asleep { Presence::Asleep } else { Presence::Here };
        Ok(explain::text(&live.execution, &Around { presence, now, admission, place: &place }, &|slot| self.id(slot).ok()))
    }

    /// Why something of a live execution is not on record yet, as JSON text of `[name, since, description]`, if the store takes nothing; else `null`.
    pub fn obstacle(&self, slot: u32) -> Result<String, Error> {
        let live = self.slots.get(slot)?;
        let is_behind = live.acknowledged < live.seq;
        let obstacle = self.obstacles.0.first().filter(|_| is_behind);
        let told = obstacle.map_or(serde_json::Value::Null, |(name, since, why)| json!([name, since.micros(), why]));
        Ok(told.to_string())
    }

    /// The group in which a parked execution waits to be resumed; `None`: it is not parked, or waits for nothing there.
    pub fn sleeps_in(&self, slot: u32) -> Option<u32> {
        self.slots.parked(slot).filter(|parked| parked.is_asleep).and_then(|parked| parked.group)
    }
}
