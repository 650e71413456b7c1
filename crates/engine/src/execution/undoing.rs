// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What undoes an execution that completed, when the one whose task it was fails later.
//!
//! The machine that completed does nothing more: its end stands. The host makes an execution of its own of what is listed here, one call after the
//! other. A child that has something to undo says so when it answers ([`Output::Undoable`](super::Output)), and that is on record with its end: so whoever
//! undoes its parent knows without looking. It is undone in its place of the reverse order by an instance that names it, which is recorded as a task that
//! was added ([`Event::TaskSpawned`](super::Event)): versions that know nothing of it can read that.

use super::Execution;
use super::values::View;
use crate::plan::TaskKind;
use crate::{Failure, InstanceIndex, TaskIndex};
use std::sync::Arc;

/// One thing to undo.
#[derive(Clone, Debug, PartialEq)]
pub struct Undoing {
    /// What is undone.
    pub undone: InstanceIndex,
    /// How.
    pub by: UndoneBy,
}

/// How something is undone.
#[derive(Clone, Debug, PartialEq)]
pub enum UndoneBy {
    /// By its `compensate`.
    Call {
        /// That call, as a task of the plan.
        task: TaskIndex,
        /// What its templates give, JSON text of `{ "prompt", "data" }`; `None`: it has none.
        input: Result<Option<Arc<str>>, Failure>,
    },
    /// It is a child: by what undoes that. The id of its execution.
    Child(Arc<str>),
}

impl Execution {
    /// Whether it completed and something in it can be undone.
    pub fn is_undoable(&self) -> bool {
        matches!(self.phase, super::Phase::Ended(super::End::Completed)) && !self.undoable.is_empty()
    }

    /// What undoes it, in order.
    pub fn undoing(&self) -> Vec<Undoing> {
        let by = |task: InstanceIndex| match &self.planned(task).compensate {
            Some(undo) => UndoneBy::Call { task: undo.task, input: self.render_undoing(task, undo.task) },
            None => UndoneBy::Child(self.child_id(task)),
        };
        let undone = self.undoable.iter().rev().filter(|_| self.is_undoable());
        undone.map(|task| Undoing { undone: *task, by: by(*task) }).collect()
    }

    /// The definition of the instance that undoes a child: it names the execution that is to be undone.
    pub(super) fn undoing_definition(&self, task: InstanceIndex) -> Arc<str> {
        let child = self.child_id(task);
        serde_json::json!({ "id": "undo", "name": format!("Undoing {child}"), "workflow": &*child }).to_string().into()
    }

    /// The id of the execution that was the last attempt of a task that is a workflow.
    pub(super) fn child_id(&self, task: InstanceIndex) -> Arc<str> {
        let (path, attempts) = (self.path(task), self.tasks[task].attempts());
        match self.generation(&path) {
            0 => format!("{}/{path}/{attempts}", self.setup.id).into(),
            moved => format!("{}/{path}/{attempts}~{moved}", self.setup.id).into(),
        }
    }

    fn render_undoing(&self, task: InstanceIndex, undo: TaskIndex) -> Result<Option<Arc<str>>, Failure> {
        let template = self.planned_at(undo).input.as_ref();
        template.map(|template| self.render(task, View::Undoing, template)).transpose()
    }

    /// Whether a finished child without a `compensate` of its own is undone by what is in it.
    pub(super) fn is_child_undone_within(&self, task: InstanceIndex) -> bool {
        let planned = self.planned(task);
        matches!(planned.kind, TaskKind::Workflow) && planned.compensate.is_none() && !self.is_compensation(task)
    }
}
