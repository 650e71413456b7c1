// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Requests that wait.

use super::indices::Table;
use super::targets::Target;
use super::{AgentIndex, Request, TargetIndex};
use std::cmp::Reverse;
use std::collections::BTreeMap;
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
    /// The agent with which it counts.
    pub(super) home: AgentIndex,
    pub(super) since: Timestamp,
}

/// Where each one waits, by slot and task; the queues themselves are the targets'.
#[derive(Debug, Default)]
pub(super) struct Queue {
    places: BTreeMap<(u32, u32), (TargetIndex, Rank)>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn insert(&mut self, targets: &mut Table<TargetIndex, Target>, rank: Rank, waiting: Waiting) {
        let Request { target, slot, task, .. } = waiting.request;
        self.places.insert((slot, task), (target, rank));
        targets[target].queue.insert(rank, waiting);
    }

    /// Takes out the first that waits for a target.
    pub(super) fn pop(&mut self, targets: &mut Table<TargetIndex, Target>, target: TargetIndex) -> Option<Waiting> {
        let (_, waiting) = targets[target].queue.pop_first()?;
        self.places.remove(&(waiting.request.slot, waiting.request.task));
        Some(waiting)
    }

    pub(super) fn remove(&mut self, targets: &mut Table<TargetIndex, Target>, slot: u32, task: u32) -> Option<Waiting> {
        let (target, rank) = self.places.remove(&(slot, task))?;
        targets[target].queue.remove(&rank)
    }

    /// A task of an execution that waits.
    pub(super) fn any_of(&self, slot: u32) -> Option<u32> {
        self.places.range((slot, 0)..=(slot, u32::MAX)).next().map(|((_, task), _)| *task)
    }
}
