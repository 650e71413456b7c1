// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are not this process's: one that was refused, or all of a partition that was lost. Nothing of them leaves any more but that the host is
//! told; their slots stay taken until it has let go of them too, since it may still have answers for them.

use super::Driver;
use super::slots::Live;
use crate::store::{Accepted, Batch, Partition, Refusal};
use crate::{Error, effect};
use engine::{Keyed, Phase};
use std::sync::Arc;

/// As in the alphabet.
const REFUSED: u64 = 1;
const LOST: u64 = 2;
const ELSEWHERE: u64 = 4;

impl Driver {
    /// The host is done with an execution that has ended: its slot is free. Where it `remembers` it what is on record stays until [`Driver::forget`], also in
    /// memory; the answer is about how many bytes that has there.
    pub fn release(&mut self, slot: u32, remembers: bool) -> Result<u64, Error> {
        // It is done with one that is parked when that is woken and has ended.
        if self.slots.parked(slot).is_some() {
            return Ok(0);
        }
        let live = self.slots.get(slot)?;
        let mut bytes = 0;
        if live.is_let_go {
            self.slots.remove(slot);
        } else if matches!(live.execution.phase(), Phase::Ended(_)) {
            self.statistics.late_answers += live.execution.late_answers();
            let id = Arc::clone(&live.execution.setup().id);
            if remembers {
                bytes = live.recorded.bytes();
            } else {
                self.backend.forget(&id);
            }
            self.release_key(slot);
            self.ids.remove(&id);
            self.slots.remove(slot);
        }
        Ok(bytes)
    }

    /// The host does not remember an execution any more that it has released. One that is live is left alone.
    pub fn forget(&mut self, id: &str) {
        if !self.ids.contains_key(id) {
            self.backend.forget(id);
        }
    }

    /// An execution is not accepted.
    pub(super) fn refused(&mut self, key: i64, why: Refusal) -> Result<(), Error> {
        let found = self.slots.numbers().into_iter().find(|slot| self.slots.get(*slot).is_ok_and(|live| live.key == key));
        let Some(slot) = found else { return Ok(()) };
        let id = self.id(slot)?;
        let why = match why {
            Refusal::Exists => REFUSED,
            Refusal::Elsewhere => ELSEWHERE,
        };
        if self.slots.get(slot)?.is_let_go {
            self.outbox.let_go(slot);
            self.outbox.ready([effect::let_go(slot, self.now.unwrap_or_else(|| self.clock.read()), why)]);
        } else {
            self.let_go(slot, why);
        }
        self.make_way(&id)
    }

    /// An execution begins where another process drives. This one has accepted it, and follows it as it does what it has lost.
    pub(super) fn begin_elsewhere(&mut self, mut live: Live, accepted: Accepted, keyed: Option<Keyed>) -> Result<u32, Error> {
        let (partition, at, durability) = (live.partition, accepted.at, live.durability);
        live.is_let_go = true;
        let slot = self.slots.insert(live)?;
        let mut owed = vec![effect::accepted(slot, at), effect::let_go(slot, at, LOST)];
        let keys = keyed.into_iter().collect();
        let number = self.outbox.hold(None, &mut owed, &[]);
        self.backend
            .submit(number, Batch { partition, durability, accepted: vec![accepted], keys, is_elsewhere: true, ..Batch::default() });
        Ok(slot)
    }

    /// Another process has all that is in a partition.
    pub(super) fn lost(&mut self, partition: Partition) {
        self.outbox.lose(partition);
        self.lose_letters(partition);
        for slot in self.slots.numbers() {
            if self.slots.get(slot).is_ok_and(|live| live.partition == partition) {
                self.let_go(slot, LOST);
            }
        }
        for slot in self.slots.parked_numbers() {
            if self.slots.parked(slot).is_some_and(|parked| parked.partition == partition) {
                self.let_go_parked(slot, LOST);
            }
        }
        let backend = &self.backend;
        let now = self.now.unwrap_or_else(|| self.clock.read());
        for (number, schedule) in self.schedules.drop_those(|schedule| backend.partition(&schedule.id) == partition) {
            self.versions.release(&schedule.plan);
            self.outbox.ready([effect::unscheduled(number, now)]);
        }
    }

    fn let_go(&mut self, slot: u32, why: u64) {
        let now = self.now.unwrap_or_else(|| self.clock.read());
        let Ok(live) = self.slots.get_live(slot) else { return };
        if std::mem::replace(&mut live.is_let_go, true) {
            return;
        }
        let (key, part, id) = (live.key, live.part(), Arc::clone(&live.execution.setup().id));
        if !matches!(live.execution.phase(), Phase::Ended(_)) {
            self.statistics.active -= 1;
            self.statistics.queued -= live.execution.queued();
            self.statistics.running -= live.execution.running();
            self.versions.release(live.execution.plan());
            self.admission.leave(slot);
            if let Some(agents) = &mut self.agents {
                agents.pool.forget(now, slot);
            }
        }
        let keyed = live.keyed.as_deref().map(|keyed| (Arc::clone(&keyed.hash), keyed.generation));
        self.release_key(slot);
        self.ids.remove(&id);
        self.fresh.let_go(key);
        let part = self.gathered.at(part);
        part.owed.retain(|owed| !effect::is_of(owed, slot));
        part.batch.accepted.retain(|accepted| accepted.key != key);
        part.batch.records.retain(|record| record.key != key);
        part.batch.keys.retain(|Keyed { hash, generation, .. }| keyed.as_ref() != Some(&(Arc::clone(hash), *generation)));
        for (place, record) in part.batch.records.iter().enumerate() {
            if let Some(live) = self.slots.get_mut(record.slot, record.key) {
                live.pending = Some(place);
            }
        }
        self.outbox.let_go(slot);
        self.outbox.ready([effect::let_go(slot, now, why)]);
    }
}
