// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Requests that wait.

use super::indices::Table;
use super::targets::Target;
use super::{AgentIndex, Lack, Request, TargetIndex};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use stdx::Timestamp;

/// The order in which requests are served: urgent, then higher priority, then earlier ready, then who came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    urgent: Reverse<bool>,
    priority: Reverse<i32>,
    ready: Timestamp,
    arrival: u64,
}

impl Rank {
    pub(super) fn new(request: &Request, arrival: u64) -> Self {
        Self { urgent: Reverse(request.urgent), priority: Reverse(request.priority), ready: request.ready, arrival }
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.urgent.0
    }

    pub(super) fn priority(&self) -> i32 {
        self.priority.0
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) request: Request,
    pub(super) rank: Rank,
    /// The agent with which it counts.
    pub(super) home: AgentIndex,
    pub(super) since: Timestamp,
    pub(super) lacked: Lack,
}

/// The number of a request that waits; when it does no more, another may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u32);

/// Who waits, by number, and where, by slot and then by task (a slot without requests is not there). The queues themselves are the targets': trees of
/// numbers, since what is taken out of a tree in front moves all that is beside it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    free: Vec<Number>,
    places: FxHashMap<u32, BTreeMap<u32, Number>>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn insert(&mut self, targets: &mut Table<TargetIndex, Target>, waiting: Waiting) {
        let Request { target, slot, task, .. } = waiting.request;
        let number = self.free.pop().unwrap_or(Number(u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)));
        match self.get_mut(number) {
            Some(place) => *place = waiting,
            None => self.waiting.push(waiting),
        }
        self.places.entry(slot).or_default().insert(task, number);
        targets[target].queue.insert(waiting.rank, number);
    }

    /// The first that waits for a target.
    pub(super) fn first(&self, target: &Target) -> Option<&Waiting> {
        let (_, number) = target.queue.first_key_value()?;
        self.waiting.get(number.0 as usize)
    }

    /// Takes it out.
    pub(super) fn pop(&mut self, targets: &mut Table<TargetIndex, Target>, target: TargetIndex) -> Option<Waiting> {
        let (_, number) = targets[target].queue.pop_first()?;
        let waiting = *self.get_mut(number)?;
        self.take(waiting.request.slot, waiting.request.task);
        Some(waiting)
    }

    pub(super) fn remove(&mut self, targets: &mut Table<TargetIndex, Target>, slot: u32, task: u32) -> Option<Waiting> {
        let number = self.take(slot, task)?;
        let waiting = *self.get_mut(number)?;
        targets[waiting.request.target].queue.remove(&waiting.rank);
        Some(waiting)
    }

    /// Those that wait for a target and count with an agent.
    pub(super) fn counted(&self, target: &Target, home: AgentIndex) -> Vec<Number> {
        let counts = |number: &Number| self.waiting.get(number.0 as usize).is_some_and(|waiting| waiting.home == home);
        target.queue.values().copied().filter(counts).collect()
    }

    pub(super) fn get_mut(&mut self, number: Number) -> Option<&mut Waiting> {
        self.waiting.get_mut(number.0 as usize)
    }

    fn take(&mut self, slot: u32, task: u32) -> Option<Number> {
        let Entry::Occupied(mut tasks) = self.places.entry(slot) else { return None };
        let number = tasks.get_mut().remove(&task);
        if tasks.get().is_empty() {
            tasks.remove();
        }
        self.free.extend(number);
        number
    }

    /// The first task of an execution that waits.
    pub(super) fn any_of(&self, slot: u32) -> Option<u32> {
        self.places.get(&slot)?.first_key_value().map(|(task, _)| *task)
    }
}
