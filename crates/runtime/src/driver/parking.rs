// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are not at hand: of one that only waits the driver keeps what it is found by, when it is due and what its limits count, and rebuilds the
//! rest from its journal when something comes.
//!
//! ```text
//!           a signal, a request, a time ─▶ wake ─▶ Question::Execution ─▶ the thread that reads ─▶ at_hand_again
//!  Parked ◀──────────────── park ◀── it only waits, and nothing of it is on its way ◀── Live ◀── Woken ─┘  then what came
//! ```
//! All that a process left unended is parked when the next one opens the store, in groups of those that go on by the same agents. A group that [`Driver::proceed`]s
//! costs nothing but for those of it that have something to do.

use super::Driver;
use super::asked::Purpose;
use super::journal_limits::Extent;
use super::slots::Live;
use crate::causes::in_full;
use crate::store::{Partition, Question, ReadError, StoredExecution};
use crate::{Error, effect, report};
use engine::{Execution, Input, Keyed, Phase, Plan, Ticket};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use stdx::Timestamp;

/// An execution or a schedule that cannot be read. It is left as it is: nothing of it runs, and its id is not free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id for the world.
    pub id: Arc<str>,
    /// Whether it is a schedule.
    pub is_schedule: bool,
    /// Why; it names what it is.
    pub message: String,
}

/// An execution that is not at hand.
pub(super) struct Parked {
    pub(super) key: i64,
    pub(super) id: Arc<str>,
    pub(super) plan: Arc<Plan>,
    pub(super) partition: Partition,
    pub(super) accepted: Timestamp,
    /// When its last record was committed.
    pub(super) committed: Timestamp,
    /// How many it has.
    pub(super) records: u64,
    /// Tasks of it that have not ended and are not running, and those that are.
    pub(super) queued: usize,
    pub(super) running: usize,
    pub(super) priority: i32,
    /// When time alone next changes something.
    pub(super) due: Option<Timestamp>,
    pub(super) keyed: Option<Box<Keyed>>,
    /// What it asks admission for when it is resumed.
    pub(super) ticket: Option<Box<Ticket>>,
    /// The group it was found with, if another process began it.
    pub(super) group: Option<u32>,
    /// Whether it waits there to be resumed.
    pub(super) is_asleep: bool,
    /// Whether it only waits: to resume it takes no look at it.
    pub(super) only_waits: bool,
    pub(super) waking: Waking,
    /// Why it could not be read when it was last wanted.
    pub(super) lost: Option<Box<str>>,
}

/// Whether the journal of a parked execution is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waking {
    Not,
    Asked,
    /// Time has come for it.
    Due,
}

/// What lets a group of executions that another process left unended go on.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they run.
    pub plan: Arc<Plan>,
    /// The agents that models stand in for in them.
    pub built_in: Vec<String>,
    /// The agents of tasks that their attempts have added.
    pub spawned: Vec<String>,
}

/// Groups by their numbers, with the slots of those that wait in them.
#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<(Group, VecDeque<u32>)>,
    numbers: FxHashMap<(usize, Vec<String>, Vec<String>), u32>,
}

impl Groups {
    /// The number of a group. Its plan is kept, so that the address is no other's.
    pub(super) fn of(&mut self, group: Group) -> u32 {
        let Group { plan, built_in, spawned } = &group;
        let key = (Arc::as_ptr(plan) as usize, built_in.clone(), spawned.clone());
        let groups = &mut self.groups;
        *self.numbers.entry(key).or_insert_with(|| {
            groups.push((group, VecDeque::new()));
            u32::try_from(groups.len() - 1).unwrap_or(u32::MAX)
        })
    }

    pub(super) fn join(&mut self, group: u32, slot: u32) {
        if let Some((_, slots)) = self.groups.get_mut(group as usize) {
            slots.push_back(slot);
        }
    }
}

/// How far a group has gone on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proceeded {
    /// How many go on, which only wait.
    pub resumed: u32,
    /// The slots of those that have something to do: they are to be woken, and resumed.
    pub to_wake: Vec<u32>,
    /// Whether there are more of the group.
    pub more: bool,
}

impl Driver {
    /// The groups of what another process left unended, by their numbers from 0.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.groups.iter().map(|(group, _)| group)
    }

    /// The ids of those of a group that wait in it and are not at hand.
    pub fn parked_in(&self, group: u32) -> Vec<Arc<str>> {
        let slots = self.groups.groups.get(group as usize).map(|(_, slots)| slots.iter());
        let parked = slots.into_iter().flatten().filter_map(|slot| self.slots.parked(*slot));
        parked.filter(|parked| parked.is_asleep).map(|parked| Arc::clone(&parked.id)).collect()
    }

    /// Lets the next of a group go on, at most so many, since their agents are there.
    pub fn proceed(&mut self, group: u32, most: usize) -> Result<Proceeded, Error> {
        self.check()?;
        let mut proceeded = Proceeded::default();
        for _ in 0..most {
            let next = self.groups.groups.get_mut(group as usize).and_then(|(_, slots)| slots.pop_front());
            let Some(slot) = next else { return Ok(proceeded) };
            // One that was woken meanwhile is the host's to resume.
            match self.slots.parked(slot).filter(|parked| parked.is_asleep).map(|parked| parked.only_waits) {
                Some(true) => {
                    self.resume_parked(slot);
                    proceeded.resumed += 1;
                }
                Some(false) => proceeded.to_wake.push(slot),
                None => {}
            }
        }
        proceeded.more = self.groups.groups.get(group as usize).is_some_and(|(_, slots)| !slots.is_empty());
        Ok(proceeded)
    }

    fn resume_parked(&mut self, slot: u32) {
        let Some(parked) = self.slots.parked_mut(slot) else { return };
        parked.is_asleep = false;
        let (key, due, ticket) = (parked.key, parked.due, parked.ticket.take());
        if let Some(ticket) = ticket.filter(|ticket| !self.admission.is_free(ticket)) {
            self.admission.adopt(slot, *ticket);
        }
        if let Some(due) = due {
            self.timers.push(due, slot, key);
        }
    }

    /// The id of the execution in a slot, at hand or not.
    pub fn id(&self, slot: u32) -> Result<Arc<str>, Error> {
        let parked = self.slots.parked(slot).map(|parked| Arc::clone(&parked.id));
        parked.map_or_else(|| Ok(Arc::clone(&self.slots.get(slot)?.execution.setup().id)), Ok)
    }

    /// The slot of the execution with this id, if it is not at hand.
    pub fn parked(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied().filter(|slot| self.slots.parked(*slot).is_some())
    }

    /// Wants an execution at hand: its `Woken` effect follows, and [`Driver::handover`] is what the host then asks for.
    pub fn wake(&mut self, slot: u32) {
        self.wake_for(slot, Waking::Asked);
    }

    pub(super) fn wake_for(&mut self, slot: u32, why: Waking) {
        let Some(parked) = self.slots.parked_mut(slot) else { return };
        let before = parked.waking;
        if before != Waking::Due {
            parked.waking = why;
        }
        let (key, id) = (parked.key, Arc::clone(&parked.id));
        if before == Waking::Not {
            self.ask(Question::Execution(id), Purpose::Wake { slot, key });
        }
    }

    /// What its host needs of an execution that is at hand again, as JSON text: once; see [`report::handover`].
    pub fn handover(&mut self, slot: u32) -> Result<Box<str>, Error> {
        if let Some(message) = self.slots.parked(slot).and_then(|parked| parked.lost.as_ref()) {
            return Err(ReadError::Unavailable { message: message.to_string() }.into());
        }
        self.slots.get_live(slot)?.handover.take().ok_or(Error::NoSuchSlot { slot })
    }

    /// Lets go of all of an execution that can be rebuilt, if it only waits and nothing of it is on its way; false: it stays as it is. The host has nothing
    /// at work for it, and lets go of it as well.
    pub fn park(&mut self, slot: u32) -> Result<bool, Error> {
        self.check()?;
        let live = self.slots.get(slot)?;
        let is_known = live.pending.is_none() && live.acknowledged == live.seq && live.handover.is_none() && !live.is_let_go;
        let is_asked = live.outputs.as_ref().is_some_and(|outputs| outputs.asks());
        let only_waits = live.execution.is_idle();
        let may_wait = only_waits || (live.is_asleep && *live.execution.phase() != Phase::Pending);
        if !is_known || is_asked || !may_wait || live.parent.is_some() || !self.keeps_journals() || !self.is_quiet(slot) {
            return Ok(false);
        }
        let live = self.slots.get_live(slot)?;
        self.statistics.late_answers += live.execution.late_answers();
        let parked = Parked {
            key: live.key,
            id: Arc::clone(&live.execution.setup().id),
            plan: Arc::clone(live.execution.plan()),
            partition: live.partition,
            accepted: live.accepted,
            committed: live.committed,
            records: live.seq,
            queued: live.execution.queued(),
            running: live.execution.running(),
            priority: live.priority,
            due: live.execution.due(),
            keyed: live.keyed.take(),
            ticket: live.ticket.take(),
            group: live.group,
            is_asleep: live.is_asleep,
            only_waits,
            waking: Waking::Not,
            lost: None,
        };
        let (key, due) = (parked.key, parked.due);
        let group = parked.group.filter(|_| parked.is_asleep);
        self.slots.replace(slot, Err(parked));
        match (group, due) {
            (Some(group), _) => self.groups.join(group, slot),
            (None, Some(due)) => self.timers.push(due, slot, key),
            (None, None) => {}
        }
        Ok(true)
    }

    /// Whether what an execution was is in its journal, which can be read without the process that keeps it.
    fn keeps_journals(&self) -> bool {
        self.at_hand.is_none()
    }

    /// Whether its host has heard of all that has happened in an execution.
    fn is_quiet(&mut self, slot: u32) -> bool {
        self.outbox.first_waiting(slot).is_none()
            && self.gathered.parts().all(|part| !part.owed.iter().any(|owed| effect::is_of(owed, slot)))
    }

    /// The journal of a parked execution has been read.
    pub(super) fn at_hand_again(&mut self, slot: u32, key: i64, found: Option<Box<StoredExecution>>) -> Result<(), Error> {
        if self.is_ending {
            return Ok(());
        }
        let Some(parked) = self.slots.parked(slot).filter(|parked| parked.key == key) else { return Ok(()) };
        let (waking, id) = (parked.waking, Arc::clone(&parked.id));
        match found.map_or(Ok(None), |stored| self.rebuilt(slot, &stored)) {
            Ok(Some(live)) => self.slots.replace(slot, Ok(live)),
            Ok(None) => {
                let message = format!("execution `{id}` is not on record as it was when it was let go of");
                self.lost_sight(slot, key, &ReadError::Unavailable { message });
                return Ok(());
            }
            Err(Error::Read(error)) => {
                self.lost_sight(slot, key, &error);
                return Ok(());
            }
            Err(other) => return Err(other),
        }
        let now = self.now.unwrap_or_else(|| self.clock.read());
        self.outbox.ready([effect::woken(slot, now)]);
        self.slots.get_live(slot)?.arm(slot, &mut self.timers);
        if waking == Waking::Due { self.input(slot, Input::Tick) } else { Ok(()) }
    }

    /// A parked execution with its machine; `None`: its journal is not as long as it was.
    fn rebuilt(&mut self, slot: u32, stored: &StoredExecution) -> Result<Option<Live>, Error> {
        let (setup, belongs) = report::setup_of(stored)?;
        let parent = self.place_of(belongs).1;
        let Some(parked) = self.slots.parked_mut(slot).filter(|parked| parked.records == stored.records.len() as u64) else {
            return Ok(None);
        };
        let events = stored.records.iter().flat_map(|record| record.events.iter().map(|event| (record.at, event)));
        let plan = if report::was_moved(stored) { report::plan_of(stored)? } else { Arc::clone(&parked.plan) };
        let mut execution = Execution::replay(plan, setup, events);
        let text = report::handover(stored, &execution, parked.group, parked.is_asleep)?;
        if parked.is_asleep && *execution.phase() != Phase::Pending {
            execution.sleep();
        }
        let mut live = Live::new(parked.key, execution, parked.accepted);
        (live.committed, live.partition, live.priority) = (parked.committed, parked.partition, parked.priority);
        (live.seq, live.acknowledged) = (parked.records, parked.records);
        (live.ticket, live.keyed) = (parked.ticket.take(), parked.keyed.take());
        (live.group, live.is_asleep) = (parked.group, parked.is_asleep);
        (live.parent, live.handover) = (parent, Some(text.into()));
        // Its deadline is among the timers.
        live.armed = parked.due.filter(|_| !parked.is_asleep && parked.waking != Waking::Due);
        live.recorded = Extent::of(&stored.records);
        live.latest = stored.records.last().map_or(stored.accepted, |record| record.at);
        live.recall(&stored.records);
        self.equip(&mut live);
        Ok(Some(live))
    }

    /// A parked execution cannot be read: it stays where it is, and whoever wants it hears why.
    pub(super) fn lost_sight(&mut self, slot: u32, key: i64, error: &ReadError) {
        let now = self.now.unwrap_or_else(|| self.clock.read());
        let Some(parked) = self.slots.parked_mut(slot).filter(|parked| parked.key == key) else { return };
        let message = in_full(error);
        (parked.waking, parked.lost) = (Waking::Not, Some(message.clone().into()));
        let id = Arc::clone(&parked.id);
        if !self.unreadable.iter().any(|known| known.id == id && !known.is_schedule) {
            self.unreadable.push(Unreadable { id, is_schedule: false, message });
        }
        self.outbox.ready([effect::woken(slot, now)]);
    }

    /// Another process has an execution that is not at hand here.
    pub(super) fn let_go_parked(&mut self, slot: u32, why: u64) {
        let now = self.now.unwrap_or_else(|| self.clock.read());
        let Some(parked) = self.slots.parked(slot) else { return };
        let (id, plan, was_resumed) = (Arc::clone(&parked.id), Arc::clone(&parked.plan), !parked.is_asleep);
        self.statistics.active -= 1;
        self.statistics.queued -= parked.queued;
        self.statistics.running -= parked.running;
        self.versions.release(&plan);
        self.admission.leave(slot);
        self.release_key(slot);
        self.ids.remove(&id);
        self.slots.remove(slot);
        // What was never resumed keeps no host alive.
        if was_resumed {
            self.outbox.ready([effect::let_go(slot, now, why)]);
        }
    }
}
