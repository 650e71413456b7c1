// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a stop does: of one attempt, of a list and all that is below it, of a group, of the execution.

use super::super::scope::{Role, ScopeIndex};
use super::super::{AbortCause, CancelReason, Execution, Phase, TaskState};
use crate::{Failure, InstanceIndex};
use std::sync::Arc;
use stdx::Timestamp;

impl Execution {
    pub(super) fn abort(&mut self, at: Timestamp, task: InstanceIndex, cause: AbortCause) {
        if let TaskState::Running { attempt, admitted, .. } = self.tasks[task].state {
            self.set(task, TaskState::Aborting { attempt, admitted, cause, until: at.after(Self::GRACE) });
            self.told.push(task);
        }
    }

    /// Every attempt below is told to stop, but for clean-up unless it is forced. Tasks without one stay until `decide` records their ends.
    pub(super) fn stop(&mut self, at: Timestamp, scope: ScopeIndex, cause: CancelReason, force: bool) {
        let stopping = self.scope_mut(scope);
        if stopping.open == 0 || (stopping.stopping.is_some() && (!force || stopping.forced)) {
            return;
        }
        stopping.stopping.get_or_insert(cause);
        stopping.forced |= force;
        for place in 0..self.scope(scope).children.len() {
            let child = self.scope(scope).children[place];
            if self.tasks[child].has_ended() || (self.planned(child).cleanup && !force) {
                continue;
            }
            self.abort(at, child, AbortCause::Stopped(cause));
            let inner = self.tasks[child].less().map(|more| more.scopes.iter().chain(&more.spawned).copied().collect::<Vec<_>>());
            for scope in inner.into_iter().flatten() {
                self.stop(at, scope, cause, force);
            }
        }
    }

    pub(super) fn fail_fast(&mut self, at: Timestamp, task: InstanceIndex) {
        let scope = self.tasks[task].scope;
        if scope == ScopeIndex::ROOT
            && self.phase == Phase::Running
            && let TaskState::Failed { failure, .. } = &self.tasks[task].state
        {
            self.phase = Phase::Failing { task: Some(task), failure: Arc::clone(failure) };
        }
        self.stop(at, scope, CancelReason::SiblingFailed, false);
    }

    pub(super) fn stop_group(&mut self, at: Timestamp, task: InstanceIndex, cause: CancelReason, failure: Option<&Arc<Failure>>) {
        let more = self.tasks[task].more();
        match failure {
            Some(failure) => {
                more.failing.get_or_insert_with(|| Arc::clone(failure));
            }
            None => more.satisfied = true,
        }
        more.total_deadline = None;
        if let Some(turn) = &mut more.turn {
            turn.over = true;
        }
        let inner: Vec<ScopeIndex> = more.scopes.iter().chain(&more.spawned).copied().collect();
        if let TaskState::Active { deadline, .. } = &mut self.tasks[task].state {
            *deadline = None;
        }
        for scope in inner {
            self.stop(at, scope, cause, false);
        }
    }

    pub(super) fn cancel(&mut self, at: Timestamp, reason: Option<&Arc<str>>, force: bool) {
        if matches!(self.phase, Phase::Pending | Phase::Running) {
            self.phase = Phase::Cancelling { reason: reason.cloned() };
        }
        (self.paused, self.stepping) = (false, false);
        self.stop(at, ScopeIndex::ROOT, CancelReason::Cancelled, force);
        if force {
            let undoing: Vec<ScopeIndex> = (0..)
                .map(ScopeIndex)
                .zip(&self.scopes)
                .filter(|(_, scope)| scope.role == Role::Compensation)
                .map(|(index, _)| index)
                .collect();
            for scope in undoing {
                self.stop(at, scope, CancelReason::Cancelled, true);
            }
            self.undoable.clear();
        }
    }
}
