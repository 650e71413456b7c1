// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The end of an execution: when every task has ended, what was done is undone if the whole failed, one by one, and then it has ended.

use super::super::scope::{Role, ScopeIndex};
use super::super::{End, Event, Phase};
use super::Decider;
use crate::InstanceIndex;
use std::sync::Arc;

impl Decider<'_> {
    /// The next thing at the end, if everything has ended; true if something began.
    pub(super) fn end_if_done(&mut self) -> bool {
        if self.execution.open > 0 {
            return false;
        }
        let end = match &self.execution.phase {
            Phase::Pending | Phase::Ended(_) => return false,
            Phase::Running => match self.execution.scope(ScopeIndex::ROOT).failed {
                // Only where a failure does not stop its neighbours.
                Some(task) => match self.scope_failure(ScopeIndex::ROOT) {
                    Some(failure) => End::Failed { task: Some(task), failure },
                    None => End::Completed,
                },
                None => End::Completed,
            },
            Phase::Failing { task, failure } => End::Failed { task: *task, failure: Arc::clone(failure) },
            Phase::Cancelling { reason } => End::Cancelled { reason: reason.clone() },
        };
        if end != End::Completed
            && !self.execution.setup.undone_above
            && let Some(task) = self.execution.undoable.last().copied()
        {
            return self.compensate(task);
        }
        self.record(Event::ExecutionEnded { end });
        false
    }

    fn compensate(&mut self, task: InstanceIndex) -> bool {
        if self.is_held() {
            return false;
        }
        let before = self.execution.scopes.len();
        let event = match self.execution.planned(task).compensate {
            Some(_) => Event::CompensationStarted { task },
            None => Event::TaskSpawned { task, definition: self.execution.undoing_definition(task) },
        };
        self.record(event);
        let scope = ScopeIndex(u32::try_from(before).unwrap_or(u32::MAX));
        if self.execution.scopes.get(before).is_some_and(|scope| scope.role == Role::Compensation) {
            self.release_children(scope);
        }
        true
    }
}
