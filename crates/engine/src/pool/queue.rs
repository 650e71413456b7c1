// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Requests that wait.

use super::indices::Table;
use super::rank::{Number, Rank};
use super::targets::Target;
use super::{AgentIndex, Lack, Request, TargetIndex};
use stdx::Timestamp;

#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) request: Request,
    pub(super) rank: Rank,
    /// The agent with which it counts.
    pub(super) home: AgentIndex,
    pub(super) since: Timestamp,
    pub(super) lacked: Lack,
}

/// Who waits, by number, and where, by slot and then by task. The queues themselves are the targets'.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    free: Vec<Number>,
    places: Vec<Tasks>,
    /// How many wait.
    count: usize,
}

/// The tasks of an execution that wait.
#[derive(Debug, Default)]
struct Tasks {
    numbers: Vec<Option<Number>>,
    /// How many of them do.
    count: usize,
}

/// Room for the tasks of an execution that is kept for the next in its slot.
const KEPT_MAX: usize = 1024;

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn insert(&mut self, targets: &mut Table<TargetIndex, Target>, waiting: Waiting) {
        let Request { target, slot, task, .. } = waiting.request;
        let number = self.free.pop().unwrap_or(Number(u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)));
        match self.get_mut(number) {
            Some(place) => *place = waiting,
            None => self.waiting.push(waiting),
        }
        let (slot, task) = (slot as usize, task as usize);
        if self.places.len() <= slot {
            self.places.resize_with(slot + 1, Tasks::default);
        }
        let Some(tasks) = self.places.get_mut(slot) else { return };
        if tasks.numbers.len() <= task {
            tasks.numbers.resize(task + 1, None);
        }
        if let Some(place) = tasks.numbers.get_mut(task) {
            *place = Some(number);
        }
        tasks.count += 1;
        self.count += 1;
        targets[target].queue.insert(waiting.rank, number);
    }

    /// The first that waits for a target.
    pub(super) fn first(&self, target: &Target) -> Option<&Waiting> {
        let (_, number) = target.queue.first()?;
        self.waiting.get(number.0 as usize)
    }

    /// Takes it out.
    pub(super) fn pop(&mut self, targets: &mut Table<TargetIndex, Target>, target: TargetIndex) -> Option<Waiting> {
        let number = targets[target].queue.pop_first()?;
        let waiting = *self.get_mut(number)?;
        self.take(waiting.request.slot, waiting.request.task);
        Some(waiting)
    }

    pub(super) fn remove(&mut self, targets: &mut Table<TargetIndex, Target>, slot: u32, task: u32) -> Option<Waiting> {
        let number = self.take(slot, task)?;
        let waiting = *self.get_mut(number)?;
        targets[waiting.request.target].queue.remove(waiting.rank);
        Some(waiting)
    }

    /// Those that wait for a target and count with an agent.
    pub(super) fn counted(&self, target: &Target, home: AgentIndex) -> Vec<Number> {
        let counts = |number: &Number| self.waiting.get(number.0 as usize).is_some_and(|waiting| waiting.home == home);
        target.queue.numbers().filter(counts).collect()
    }

    pub(super) fn get_mut(&mut self, number: Number) -> Option<&mut Waiting> {
        self.waiting.get_mut(number.0 as usize)
    }

    fn take(&mut self, slot: u32, task: u32) -> Option<Number> {
        let tasks = self.places.get_mut(slot as usize)?;
        let number = tasks.numbers.get_mut(task as usize)?.take()?;
        tasks.count -= 1;
        self.count -= 1;
        self.free.push(number);
        Some(number)
    }

    /// The tasks of an execution that wait, which is about to be gone.
    pub(super) fn all_of(&mut self, slot: u32) -> Vec<u32> {
        let Some(tasks) = self.places.get_mut(slot as usize) else { return Vec::new() };
        let numbers = if tasks.count == 0 { &[] } else { tasks.numbers.as_slice() };
        let all = (0..).zip(numbers).filter_map(|(task, number)| number.map(|_| task)).collect();
        if tasks.count == 0 && tasks.numbers.capacity() > KEPT_MAX {
            tasks.numbers = Vec::new();
        }
        all
    }
}
