// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Requests that wait: what is known of each stands where it waits, so that those who leave one after the other are read one after the other.

use super::indices::Table;
use super::rank::Rank;
use super::targets::Target;
use super::waiting::Waiting;
use super::{Request, TargetIndex};

/// Where who waits, by slot and then by task. The queues themselves are the targets'.
#[derive(Debug, Default)]
pub(super) struct Queue {
    places: Vec<Tasks>,
    /// How many wait.
    count: usize,
}

/// The tasks of an execution that wait.
#[derive(Debug, Default)]
struct Tasks {
    ranks: Vec<Option<(TargetIndex, Rank)>>,
    /// How many of them do.
    count: usize,
}

/// Room for the tasks of an execution that is kept for the next in its slot.
const KEPT_MAX: usize = 1024;

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn insert(&mut self, targets: &mut Table<TargetIndex, Target>, rank: Rank, waiting: Waiting) {
        let Request { target, slot, task, .. } = waiting.request;
        let (slot, task) = (slot as usize, task as usize);
        if self.places.len() <= slot {
            self.places.resize_with(slot + 1, Tasks::default);
        }
        let Some(tasks) = self.places.get_mut(slot) else { return };
        if tasks.ranks.len() <= task {
            tasks.ranks.resize(task + 1, None);
        }
        if let Some(place) = tasks.ranks.get_mut(task) {
            *place = Some((target, rank));
        }
        tasks.count += 1;
        self.count += 1;
        targets[target].queue.insert(rank, waiting);
    }

    /// The task of an execution that waits, if it does.
    pub(super) fn waiting<'a>(&self, targets: &'a Table<TargetIndex, Target>, slot: u32, task: u32) -> Option<(Rank, &'a Waiting)> {
        let (target, rank) = (*self.places.get(slot as usize)?.ranks.get(task as usize)?)?;
        Some((rank, targets[target].queue.get(rank)?))
    }

    /// Takes the first that waits for a target out.
    pub(super) fn pop(&mut self, targets: &mut Table<TargetIndex, Target>, target: TargetIndex) -> Option<Waiting> {
        let waiting = targets[target].queue.pop_first()?;
        self.take(waiting.request.slot, waiting.request.task);
        Some(waiting)
    }

    pub(super) fn remove(&mut self, targets: &mut Table<TargetIndex, Target>, slot: u32, task: u32) -> Option<Waiting> {
        let (target, rank) = self.take(slot, task)?;
        targets[target].queue.remove(rank)
    }

    fn take(&mut self, slot: u32, task: u32) -> Option<(TargetIndex, Rank)> {
        let tasks = self.places.get_mut(slot as usize)?;
        let taken = tasks.ranks.get_mut(task as usize)?.take()?;
        tasks.count -= 1;
        self.count -= 1;
        Some(taken)
    }

    /// The tasks of an execution that wait, which is about to be gone.
    pub(super) fn all_of(&mut self, slot: u32) -> Vec<u32> {
        let Some(tasks) = self.places.get_mut(slot as usize) else { return Vec::new() };
        let ranks = if tasks.count == 0 { &[] } else { tasks.ranks.as_slice() };
        let all = (0..).zip(ranks).filter_map(|(task, rank)| rank.map(|_| task)).collect();
        if tasks.count == 0 && tasks.ranks.capacity() > KEPT_MAX {
            tasks.ranks = Vec::new();
        }
        all
    }
}
