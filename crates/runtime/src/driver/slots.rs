// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The executions that are live in this process, by a small number that crosses to the host instead of their ids.

use super::Timers;
use super::agents::Targets;
use super::attempts::{Attempts, Prints, put_behind};
use super::journal_limits::Extent;
use super::outputs::Outputs;
use super::parking::Parked;
use crate::Error;
use crate::store::{Durability, Partition, StepRecord};
use engine::InstanceNumber;
use engine::{Event, Execution, Keyed, Plan, Ticket};
use std::sync::Arc;
use stdx::Timestamp;

/// So many attempts of one execution are seldom answered together, and for more than so many no room is kept in advance.
const FEW: usize = 8;
const MANY: usize = 128;

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
    /// What its commits survive before they are acknowledged: as its definition had it when this process began to drive it.
    pub(super) durability: Durability,
    /// Whether it was refused or is another process's now: nothing that happens to it counts here.
    pub(super) is_let_go: bool,
    pub(super) execution: Execution,
    /// When it was accepted.
    pub(super) accepted: Timestamp,
    /// The number of its next record.
    pub(super) seq: u64,
    /// How much it has recorded.
    pub(super) recorded: Extent,
    /// How many of its records are known to be committed.
    pub(super) acknowledged: u64,
    /// When the last of those was.
    pub(super) committed: Timestamp,
    /// When its last record was written that another process may have written, whose clock may be ahead.
    pub(super) latest: Timestamp,
    /// Its record in the batch being gathered, if it has one: later steps of the same call join it.
    pub(super) pending: Option<usize>,
    /// The deadline it has in the timers.
    pub(super) armed: Option<Timestamp>,
    /// Whether it is among those that go on at the next pull.
    pub(super) rests: bool,
    /// What it asks admission for when it is resumed.
    pub(super) ticket: Option<Box<Ticket>>,
    /// The group it was found with, if another process began it.
    pub(super) group: Option<u32>,
    /// Whether it waits there to be resumed.
    pub(super) is_asleep: bool,
    /// What the host takes when it is at hand again; see [`super::Driver::handover`].
    pub(super) handover: Option<Box<str>>,
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
    /// Where its workflow is counted, once something was.
    pub(super) counted: Option<u32>,
}

impl Live {
    pub(super) fn new(key: i64, execution: Execution, at: Timestamp) -> Self {
        Self {
            key,
            partition: Partition::default(),
            durability: execution.plan().durability,
            is_let_go: false,
            execution,
            accepted: at,
            seq: 0,
            recorded: Extent::default(),
            acknowledged: 0,
            committed: at,
            latest: Timestamp::default(),
            pending: None,
            armed: None,
            rests: false,
            ticket: None,
            group: None,
            is_asleep: false,
            handover: None,
            parent: None,
            keyed: None,
            outputs: None,
            priority: 0,
            targets: None,
            instances: Vec::new(),
            prints: None,
            counted: None,
        }
    }

    /// What time it is in its journal, where time never goes back.
    pub(super) fn at(&self, now: Timestamp) -> Timestamp {
        now.max(self.latest)
    }

    /// Where what happens to it is gathered.
    pub(super) fn part(&self) -> (Partition, Durability) {
        (self.partition, self.durability)
    }

    /// The record that the next event of this instant will be in, and its place there.
    pub(super) fn next_place(&self, at: Timestamp, records: &[StepRecord]) -> (u64, usize) {
        let pending = self.pending.and_then(|pending| records.get(pending)).filter(|record| record.at == at);
        pending.map_or((self.seq, 0), |record| (record.seq, record.events.len()))
    }

    /// Adds events to the batch; the steps of one instant share a record.
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
            put_behind(&mut record.events, events, 0);
            attempts.put(record, 0);
            return;
        }
        self.pending = Some(records.len());
        // Where many attempts are under way many may have answered by now.
        let follow = Some(self.execution.running()).filter(|running| *running > FEW).map_or(0, |running| running.min(MANY));
        let mut record = StepRecord { slot, key: self.key, seq: self.seq, at, previous_committed: self.committed, ..StepRecord::default() };
        put_behind(&mut record.events, events, follow);
        attempts.put(&mut record, follow);
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
    places: Vec<Place>,
    free: Vec<u32>,
    /// Freed since the host last gave answers. It may still hold an answer for one of these, which must not meet a new execution.
    retired: Vec<u32>,
    /// How many are not at hand.
    parked: usize,
}

/// What has a slot.
enum Place {
    Nobody,
    Live(Box<Live>),
    Parked(Box<Parked>),
}

impl Slots {
    pub(super) fn insert(&mut self, live: Live) -> Result<u32, Error> {
        self.put(Place::Live(Box::new(live)))
    }

    /// Gives a slot to an execution that is not at hand.
    pub(super) fn insert_parked(&mut self, parked: Parked) -> Result<u32, Error> {
        self.parked += 1;
        self.put(Place::Parked(Box::new(parked)))
    }

    fn put(&mut self, place: Place) -> Result<u32, Error> {
        if let Some(slot) = self.free.pop()
            && let Some(free) = self.places.get_mut(slot as usize)
        {
            *free = place;
            return Ok(slot);
        }
        let slot = u32::try_from(self.places.len()).map_err(|_| Error::NoSuchSlot { slot: u32::MAX })?;
        self.places.push(place);
        Ok(slot)
    }

    /// The same execution, at hand or not, from now on.
    pub(super) fn replace(&mut self, slot: u32, with: Result<Live, Parked>) {
        let Some(place) = self.places.get_mut(slot as usize) else { return };
        self.parked -= usize::from(matches!(place, Place::Parked(_)));
        self.parked += usize::from(with.is_err());
        *place = match with {
            Ok(live) => Place::Live(Box::new(live)),
            Err(parked) => Place::Parked(Box::new(parked)),
        };
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let Some(place) = self.places.get_mut(slot as usize) else { return };
        let before = std::mem::replace(place, Place::Nobody);
        self.parked -= usize::from(matches!(before, Place::Parked(_)));
        if !matches!(before, Place::Nobody) {
            self.retired.push(slot);
        }
    }

    /// Slots freed by now may be used again.
    pub(super) fn recycle(&mut self) {
        self.free.append(&mut self.retired);
    }

    pub(super) fn get(&self, slot: u32) -> Result<&Live, Error> {
        match self.places.get(slot as usize) {
            Some(Place::Live(live)) => Ok(live),
            _ => Err(Error::NoSuchSlot { slot }),
        }
    }

    pub(super) fn get_live(&mut self, slot: u32) -> Result<&mut Live, Error> {
        match self.places.get_mut(slot as usize) {
            Some(Place::Live(live)) => Ok(live),
            _ => Err(Error::NoSuchSlot { slot }),
        }
    }

    /// The execution in `slot`, if it is still the one with this key: slots are used again.
    pub(super) fn get_mut(&mut self, slot: u32, key: i64) -> Option<&mut Live> {
        self.get_live(slot).ok().filter(|live| live.key == key)
    }

    pub(super) fn parked(&self, slot: u32) -> Option<&Parked> {
        match self.places.get(slot as usize) {
            Some(Place::Parked(parked)) => Some(parked),
            _ => None,
        }
    }

    pub(super) fn parked_mut(&mut self, slot: u32) -> Option<&mut Parked> {
        match self.places.get_mut(slot as usize) {
            Some(Place::Parked(parked)) => Some(parked),
            _ => None,
        }
    }

    /// The key of the execution in a slot, at hand or not.
    pub(super) fn key(&self, slot: u32) -> Option<i64> {
        match self.places.get(slot as usize) {
            Some(Place::Live(live)) => Some(live.key),
            Some(Place::Parked(parked)) => Some(parked.key),
            Some(Place::Nobody) | None => None,
        }
    }

    /// The plan that the execution in a slot runs, at hand or not.
    pub(super) fn plan(&self, slot: u32) -> Option<&Arc<Plan>> {
        match self.places.get(slot as usize) {
            Some(Place::Live(live)) => Some(live.execution.plan()),
            Some(Place::Parked(parked)) => Some(&parked.plan),
            Some(Place::Nobody) | None => None,
        }
    }

    /// The idempotency key that began the execution in a slot, at hand or not.
    pub(super) fn keyed(&self, slot: u32) -> Option<&Keyed> {
        match self.places.get(slot as usize) {
            Some(Place::Live(live)) => live.keyed.as_deref(),
            Some(Place::Parked(parked)) => parked.keyed.as_deref(),
            Some(Place::Nobody) | None => None,
        }
    }

    /// How many are not at hand.
    pub(super) fn parked_count(&self) -> usize {
        self.parked
    }

    /// The numbers of all that are live.
    pub(super) fn numbers(&self) -> Vec<u32> {
        (0..).zip(&self.places).filter(|(_, place)| matches!(place, Place::Live(_))).map(|(slot, _)| slot).collect()
    }

    /// The numbers of all that are not at hand.
    pub(super) fn parked_numbers(&self) -> Vec<u32> {
        (0..).zip(&self.places).filter(|(_, place)| matches!(place, Place::Parked(_))).map(|(slot, _)| slot).collect()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Live> {
        self.places.iter_mut().filter_map(|place| if let Place::Live(live) = place { Some(&mut **live) } else { None })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Live> {
        self.places.iter().filter_map(|place| if let Place::Live(live) = place { Some(&**live) } else { None })
    }

    pub(super) fn iter_parked(&self) -> impl Iterator<Item = &Parked> {
        self.places.iter().filter_map(|place| if let Place::Parked(parked) = place { Some(&**parked) } else { None })
    }
}
