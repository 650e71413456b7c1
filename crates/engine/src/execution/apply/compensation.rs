// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is to be undone, and that it is.

use super::super::Execution;
use super::super::scope::Role;
use crate::InstanceIndex;
use crate::plan::Fallback;
use stdx::Timestamp;

impl Execution {
    pub(in crate::execution) fn start_compensation(&mut self, at: Timestamp, task: InstanceIndex) {
        self.forget_undoable(task);
        let Some(undo) = self.planned(task).compensate.as_ref().map(|undo| undo.task) else { return };
        let list = self.plan.tasks[undo].list;
        let scope = self.open_scope(Some(task), Role::Compensation, list, undo.get()..undo.get() + 1);
        self.release_first(at, scope);
    }

    pub(in crate::execution) fn forget_undoable(&mut self, task: InstanceIndex) {
        // It is the last, unless the journal is not ours.
        if self.undoable.last() == Some(&task) {
            self.undoable.pop();
        } else {
            self.undoable.retain(|other| *other != task);
        }
    }

    pub(in crate::execution) fn note_undoable(&mut self, task: InstanceIndex, completed: bool) {
        let record = &self.tasks[task];
        let Some(undo) = &self.planned(task).compensate else { return };
        let reused = record.less().is_some_and(|more| more.reused.is_some());
        // A value that stood in for it has done nothing.
        let completed = completed && !matches!(self.fallback(task), Some(Fallback::Value(_)));
        // One that was interrupted had begun, though it does not count until it begins again.
        let begun = record.attempts() > 0 || record.interruptions > 0;
        if !reused && !self.was_taken_over(task) && (completed || (undo.started && begun)) {
            self.undoable.push(task);
        }
    }
}
