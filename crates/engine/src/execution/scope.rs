// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Siblings that run together: the root list, the tasks of a group or a branch, one pass of a loop, what one task spawned.
//!
//! A failure acts on its scope first, and exclusion is a matter within one scope.

use super::CancelReason;
use crate::plan::ListIndex;
use crate::{InstanceIndex, TaskIndex};
use std::collections::BTreeSet;
use stdx::Timestamp;

/// The place of a scope in its execution, in the order they began; the root's is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScopeIndex(pub(super) u32);

impl ScopeIndex {
    pub(super) const ROOT: Self = Self(0);
}

/// What a scope is to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The root list.
    Root,
    /// The tasks of a group.
    Group,
    /// The tasks of the branch at this place.
    Branch(u32),
    /// A pass of a loop, from 0.
    Pass(u32),
    /// What a task spawned.
    Spawned,
    /// What undoes a task.
    Compensation,
}

/// Siblings that run together.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) owner: Option<InstanceIndex>,
    /// When it began; of the root and of what was spawned others know.
    pub(super) began: Option<Timestamp>,
    pub(super) role: Role,
    /// The list its tasks come from.
    pub(super) list: ListIndex,
    /// Where that list begins in the plan.
    pub(super) list_start: u32,
    pub(super) children: Vec<InstanceIndex>,
    /// Children that have not ended.
    pub(super) open: usize,
    /// Whether an agent, a wait or a child was called in it, or within.
    pub(super) called: bool,
    /// Why it stops.
    pub(super) stopping: Option<CancelReason>,
    /// Whether clean-up stops too.
    pub(super) forced: bool,
    /// The first child whose failure was not contained.
    pub(super) failed: Option<InstanceIndex>,
    /// The first child that completed or failed.
    pub(super) first: Option<InstanceIndex>,
    /// Children that completed.
    pub(super) completed: u32,
    /// The exclusive task that is running, if any.
    pub(super) lane: Option<InstanceIndex>,
    /// Exclusive tasks that are ready and wait for the lane, in the order of declaration.
    pub(super) lane_queue: BTreeSet<InstanceIndex>,
    /// Whether this input still has to look at the lane, and who held it before. Neither between inputs.
    pub(super) lane_due: bool,
    pub(super) lane_left: Option<InstanceIndex>,
}

impl Scope {
    pub(super) fn new(owner: Option<InstanceIndex>, role: Role, list: ListIndex, list_start: u32) -> Self {
        Self {
            owner,
            began: None,
            role,
            list,
            list_start,
            children: Vec::new(),
            open: 0,
            called: false,
            stopping: None,
            forced: false,
            failed: None,
            first: None,
            completed: 0,
            lane: None,
            lane_queue: BTreeSet::new(),
            lane_due: false,
            lane_left: None,
        }
    }

    /// The instance of a task of its list.
    pub(super) fn instance_of(&self, task: TaskIndex) -> Option<InstanceIndex> {
        let place = task.get().checked_sub(self.list_start)?;
        self.children.get(place as usize).copied()
    }
}
