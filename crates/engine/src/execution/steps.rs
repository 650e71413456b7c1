// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The steps of a task: what its attempts did once and for all. Whatever ends an attempt, the next one has them.
//!
//! What a step gives is its host's own. Only how an attempt ended is looked at, for agents that go on after some ends and begin anew after others: they
//! put [`Steps::era`] into the names of their steps.

use super::Execution;
use crate::{Failure, InstanceIndex};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A step that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenStep {
    /// The print of what it was given, if that was said.
    pub input: Option<u64>,
    /// What it gave, JSON text; `None`: that is not known.
    pub value: Option<Arc<str>>,
}

/// The steps of a task, of all its attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// How many attempts have failed by what was no passing trouble; see [`Failure::is_passing`].
    pub era: u32,
    /// Each by its name.
    pub taken: BTreeMap<Arc<str>, TakenStep>,
}

impl Execution {
    /// The steps of a task; `None` if it has taken none, or another agent stands in for the one that took them.
    pub fn steps(&self, task: InstanceIndex) -> Option<&Steps> {
        self.tasks.get(task)?.less()?.steps.as_deref()
    }

    /// The steps that the same task of another execution may go on from. A task that completed leaves none: a task that does it again does all of it again.
    pub fn steps_left(&self, task: InstanceIndex) -> Option<&Steps> {
        let more = self.tasks.get(task)?.less()?;
        if more.fallen.is_some() {
            return None;
        }
        more.steps.as_deref().filter(|steps| !steps.taken.is_empty())
    }

    /// Whether a step may be recorded: nothing begins in an attempt that is over or was told to stop, but what was done before it has answered counts.
    pub(super) fn takes_step(&self, task: InstanceIndex, attempt: u32, name: &str, ended: bool) -> bool {
        let before = self.steps(task).and_then(|steps| steps.taken.get(name));
        if ended {
            self.is_under_way(task, attempt) && before.is_none_or(|step| step.value.is_none())
        } else {
            self.may_begin(task, attempt) && before.is_none()
        }
    }

    pub(super) fn take_step(&mut self, task: InstanceIndex, name: &Arc<str>, input: Option<u64>, value: Option<&Arc<str>>) {
        self.steps_of(task).taken.insert(Arc::clone(name), TakenStep { input, value: value.cloned() });
    }

    /// An attempt failed, and what it did may have been why.
    pub(super) fn end_era(&mut self, task: InstanceIndex, failure: &Failure) {
        if let Some(steps) = self.tasks[task].more.as_mut().and_then(|more| more.steps.as_mut())
            && !failure.is_passing()
        {
            steps.era += 1;
        }
    }

    /// Its first attempt has the steps of the execution that this one retries.
    pub(super) fn inherit_steps(&mut self, task: InstanceIndex) {
        if self.setup.steps.is_empty() || self.tasks[task].less().is_some_and(|more| more.steps.is_some() || more.fallen.is_some()) {
            return;
        }
        if let Some(steps) = self.setup.steps.get(&*self.path(task)).cloned() {
            self.tasks[task].more().steps = Some(Box::new(steps));
        }
    }

    /// When the task is done again, all of it is done again.
    pub(super) fn forget_steps(&mut self, task: InstanceIndex) {
        if let Some(more) = &mut self.tasks[task].more {
            more.steps = None;
        }
    }

    fn steps_of(&mut self, task: InstanceIndex) -> &mut Steps {
        self.tasks[task].more().steps.get_or_insert_default()
    }
}
