// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The executions that are live in this process, by a small number that crosses to the host instead of their ids.

use super::Timers;
use super::agents::Targets;
use super::attempts::{Attempts, Prints};
use super::outputs::Outputs;
use crate::Error;
use crate::store::{Partition, StepRecord};
use engine::InstanceNumber;
use engine::{Event, Execution, Keyed, Ticket};
use std::sync::Arc;
use stdx::Timestamp;

/// A new execution, as the host learns of it.
#[derive(Debug)]
pub struct Accept {
    /// Where it lives in this process.
    pub slot: u32,
    /// Its id for the world.
    pub id: Arc<str>,
}

/// One live execution and what the driver knows of it.
pub(super) struct Live {
    pub(super) key: i64,
    /// Where its journal is.
    pub(super) partition: Partition,
    /// Whether it was refused or is another process's now: nothing that happens to it counts here.
    pub(super) is_let_go: bool,
    pub(super) execution: Execution,
    /// When it was accepted.
    pub(super) accepted: Timestamp,
    /// The number of its next record.
    pub(super) seq: u64,
    /// How many of its records are known to be committed.
    pub(super) acknowledged: u64,
    /// When the last of those was.
    pub(super) committed: Timestamp,
    /// Its record in the batch being gathered, if it has one: later steps of the same call join it.
    pub(super) pending: Option<usize>,
    /// The deadline it has in the timers.
    pub(super) armed: Option<Timestamp>,
    /// Whether it is among those that go on at the next pull.
    pub(super) rests: bool,
    /// What it asks admission for when it is resumed.
    pub(super) ticket: Option<Box<Ticket>>,
    /// The execution whose task it is, if that is live: its slot and key.
    pub(super) parent: Option<(u32, i64)>,
    /// The idempotency key it was begun by, if it was.
    pub(super) keyed: Option<Box<Keyed>>,
    /// What it knows of outputs that are kept for others.
    pub(super) outputs: Option<Box<Outputs>>,
    /// Its priority, among those that wait for agents.
    pub(super) priority: i32,
    /// Who may run its tasks, once that was asked.
    pub(super) targets: Option<Targets>,
    /// The instances that are at work for its tasks.
    pub(super) instances: Vec<Option<InstanceNumber>>,
    /// What its attempts are given, in short, once one has begun.
    pub(super) prints: Option<Box<Prints>>,
}

impl Live {
    pub(super) fn new(key: i64, execution: Execution, at: Timestamp) -> Self {
        Self {
            key,
            partition: Partition::default(),
            is_let_go: false,
            execution,
            accepted: at,
            seq: 0,
            acknowledged: 0,
            committed: at,
            pending: None,
            armed: None,
            rests: false,
            ticket: None,
            parent: None,
            keyed: None,
            outputs: None,
            priority: 0,
            targets: None,
            instances: Vec::new(),
            prints: None,
        }
    }

    /// The record that the next event of this instant will be in, and its place there.
    pub(super) fn next_place(&self, at: Timestamp, records: &[StepRecord]) -> (u64, usize) {
        let pending = self.pending.and_then(|pending| records.get(pending)).filter(|record| record.at == at);
        pending.map_or((self.seq, 0), |record| (record.seq, record.events.len()))
    }

    /// Adds events to the batch; the steps of one instant share a record.
    #[expect(clippy::drain_collect, reason = "a journal in memory keeps a list of just this length, and the step keeps its room")]
    pub(super) fn append(
        &mut self,
        slot: u32,
        at: Timestamp,
        events: &mut Vec<Event>,
        attempts: &mut Attempts,
        records: &mut Vec<StepRecord>,
    ) {
        if let Some(record) = self.pending.and_then(|pending| records.get_mut(pending))
            && record.at == at
        {
            record.events.append(events);
            attempts.put(record);
            return;
        }
        self.pending = Some(records.len());
        let mut record = StepRecord {
            slot,
            key: self.key,
            seq: self.seq,
            at,
            previous_committed: self.committed,
            events: events.drain(..).collect(),
            ..StepRecord::default()
        };
        attempts.put(&mut record);
        records.push(record);
        self.seq += 1;
    }

    /// Makes sure the timers wake it in time.
    pub(super) fn arm(&mut self, slot: u32, timers: &mut Timers) {
        if let Some(deadline) = self.execution.next_deadline()
            && self.armed.is_none_or(|armed| deadline < armed)
        {
            self.armed = Some(deadline);
            timers.push(deadline, slot, self.key);
        }
    }
}

#[derive(Default)]
pub(super) struct Slots {
    live: Vec<Option<Live>>,
    free: Vec<u32>,
    /// Freed since the host last gave answers. It may still hold an answer for one of these, which must not meet a new execution.
    retired: Vec<u32>,
}

impl Slots {
    pub(super) fn insert(&mut self, live: Live) -> Result<u32, Error> {
        if let Some(slot) = self.free.pop()
            && let Some(place) = self.live.get_mut(slot as usize)
        {
            *place = Some(live);
            return Ok(slot);
        }
        let slot = u32::try_from(self.live.len()).map_err(|_| Error::NoSuchSlot { slot: u32::MAX })?;
        self.live.push(Some(live));
        Ok(slot)
    }

    pub(super) fn remove(&mut self, slot: u32) {
        if let Some(place) = self.live.get_mut(slot as usize)
            && place.take().is_some()
        {
            self.retired.push(slot);
        }
    }

    /// Slots freed by now may be used again.
    pub(super) fn recycle(&mut self) {
        self.free.append(&mut self.retired);
    }

    pub(super) fn get(&self, slot: u32) -> Result<&Live, Error> {
        self.live.get(slot as usize).and_then(Option::as_ref).ok_or(Error::NoSuchSlot { slot })
    }

    pub(super) fn get_live(&mut self, slot: u32) -> Result<&mut Live, Error> {
        self.live.get_mut(slot as usize).and_then(Option::as_mut).ok_or(Error::NoSuchSlot { slot })
    }

    /// The execution in `slot`, if it is still the one with this key: slots are used again.
    pub(super) fn get_mut(&mut self, slot: u32, key: i64) -> Option<&mut Live> {
        self.live.get_mut(slot as usize)?.as_mut().filter(|live| live.key == key)
    }

    /// The numbers of all that are live.
    pub(super) fn numbers(&self) -> Vec<u32> {
        (0..).zip(&self.live).filter(|(_, live)| live.is_some()).map(|(slot, _)| slot).collect()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Live> {
        self.live.iter_mut().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Live> {
        self.live.iter().flatten()
    }
}
