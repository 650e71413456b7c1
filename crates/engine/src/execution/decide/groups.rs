// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the end of a task means for those behind it and around it: rules, joins, failures that rise, groups that end.

#![expect(clippy::wildcard_enum_match_arm, reason = "one state or kind of many matters here, and no new one would")]

use super::super::scope::{Role, ScopeIndex};
use super::super::values::View;
use super::super::{CancelReason, Event, Output, PassEnd, Question, SkipReason, TaskState};
use super::Decider;
use crate::plan::{FailurePolicy, Join, TaskKind};
use crate::{Failure, InstanceIndex};
use std::sync::Arc;

impl Decider<'_> {
    /// The consequences of the end of `task`: its scope may stop, those that wait for it start or end, the scope may have ended.
    pub(super) fn after(&mut self, task: InstanceIndex) {
        self.pause_after(task);
        let scope = self.execution.tasks[task].scope;
        let stopped = self.judge_scope(scope, task);
        let planned = self.execution.tasks[task].task;
        // A task that was spawned has nobody behind it.
        let count = self.execution.plan.tasks.get(planned).map_or(0, |planned| planned.dependents.len());
        self.scratch.released.reserve(count);
        for place in 0..count {
            let dependent = self.execution.plan.tasks[planned].dependents[place];
            if let Some(dependent) = self.execution.scope(scope).instance_of(dependent)
                && matches!(self.state(dependent), TaskState::Released { ready_by, .. } | TaskState::Ready { ready_by, .. } if *ready_by == Some(task))
            {
                self.release(dependent);
            }
        }
        if stopped {
            self.scratch.stopped.push(scope);
        }
        if self.execution.scope(scope).open == 0 {
            self.scope_ended(scope);
        }
    }

    /// Whether the end of `task` stops its scope, recorded if so.
    fn judge_scope(&mut self, index: ScopeIndex, task: InstanceIndex) -> bool {
        let scope = self.execution.scope(index);
        let failed = matches!(self.state(task), TaskState::Failed { tolerated: false, .. });
        if scope.stopping.is_some() || matches!(scope.role, Role::Compensation) {
            return false;
        }
        let open = scope.open;
        match (self.join_of(index), scope.owner) {
            // What was spawned fails only those who do not catch it; its parent decides that.
            _ if scope.role == Role::Spawned => false,
            (Join::All, _) if failed && self.execution.plan.failure_policy == FailurePolicy::FailFast => {
                self.record_stop(Event::FailFast { task });
                true
            }
            (Join::Race, Some(owner)) if scope.first.is_some() && open > 0 => {
                let failure = self.race_failure(index);
                self.record_stop(Event::GroupStopped { task: owner, cause: CancelReason::JoinSatisfied, failure });
                true
            }
            (Join::Quorum(wanted), Some(owner)) if scope.completed >= wanted && open > 0 => {
                self.record_stop(Event::GroupStopped { task: owner, cause: CancelReason::JoinSatisfied, failure: None });
                true
            }
            (Join::Quorum(wanted), Some(owner)) if scope.completed as usize + open < wanted as usize && open > 0 => {
                let failure = Some(Arc::new(unreachable(wanted, scope.completed)));
                self.record_stop(Event::GroupStopped { task: owner, cause: CancelReason::SiblingFailed, failure });
                true
            }
            _ => false,
        }
    }

    fn join_of(&self, scope: ScopeIndex) -> Join {
        let scope = self.execution.scope(scope);
        match scope.owner.filter(|_| scope.role == Role::Group).map(|owner| &self.execution.planned(owner).kind) {
            Some(TaskKind::Group { join, .. }) => *join,
            _ => Join::All,
        }
    }

    /// The failure that won a race, if one did.
    fn race_failure(&self, scope: ScopeIndex) -> Option<Arc<Failure>> {
        match self.state(self.execution.scope(scope).first?) {
            TaskState::Failed { failure, tolerated: false, .. } => Some(Arc::clone(failure)),
            _ => None,
        }
    }

    /// Every task of a scope has ended.
    fn scope_ended(&mut self, index: ScopeIndex) {
        let scope = self.execution.scope(index);
        let (role, owner) = (scope.role, scope.owner);
        let Some(owner) = owner else { return };
        match role {
            Role::Root | Role::Compensation => {}
            Role::Pass(pass) => self.pass_ended(owner, pass, index),
            Role::Spawned => self.finish(owner),
            Role::Group | Role::Branch(_) => {
                if !matches!(self.state(owner), TaskState::Active { .. }) {
                    return;
                }
                let others_run = self.inner(owner).iter().any(|other| self.execution.scope(*other).open > 0);
                if !others_run {
                    return self.group_ended(owner);
                }
                // One branch of several has failed.
                if let Some(failure) = self.scope_failure(index)
                    && self.execution.plan.failure_policy == FailurePolicy::FailFast
                {
                    self.stop_group(owner, CancelReason::SiblingFailed, Some(failure));
                }
            }
        }
    }

    pub(super) fn inner(&self, owner: InstanceIndex) -> Vec<ScopeIndex> {
        self.execution.tasks[owner].less().map(|more| more.scopes.clone()).unwrap_or_default()
    }

    /// The failure that a scope ends with, if it ends so.
    pub(super) fn scope_failure(&self, scope: ScopeIndex) -> Option<Arc<Failure>> {
        match self.state(self.execution.scope(scope).failed?) {
            TaskState::Failed { failure, .. } => Some(Arc::clone(failure)),
            _ => None,
        }
    }

    /// Why a scope was stopped from outside before everything in it had ended well.
    pub(super) fn cut_short(&self, index: ScopeIndex) -> Option<CancelReason> {
        let scope = self.execution.scope(index);
        let cancelled = scope.children.iter().any(|child| matches!(self.state(*child), TaskState::Cancelled { .. }));
        scope.stopping.filter(|_| cancelled)
    }

    /// All scopes of a group have ended, and so does it.
    fn group_ended(&mut self, task: InstanceIndex) {
        let TaskState::Active { since, .. } = *self.state(task) else { return };
        let more = self.execution.tasks[task].less();
        let failing = more.and_then(|more| more.failing.clone());
        let satisfied = more.is_some_and(|more| more.satisfied);
        let scopes = self.inner(task);
        let failed = || scopes.iter().find_map(|scope| self.scope_failure(*scope));
        let cut_short = || scopes.iter().find_map(|scope| self.cut_short(*scope));
        let join = scopes.first().map_or(Join::All, |scope| self.join_of(*scope));
        let missing = |completed: u32, wanted: u32| {
            if completed >= wanted {
                Ok(())
            } else {
                Err(cut_short().map_or_else(|| Some(Arc::new(unreachable(wanted, completed))), |_| None))
            }
        };
        let completed = scopes.first().map_or(0, |scope| self.execution.scope(*scope).completed);
        let first = scopes.first().and_then(|scope| self.execution.scope(*scope).first);
        // Ok: it completes; Err(Some): it fails; Err(None): it was cut short.
        let end = match join {
            _ if failing.is_some() => Err(failing),
            _ if satisfied => Ok(()),
            Join::All => match (failed(), cut_short()) {
                (Some(failure), _) => Err(Some(failure)),
                (None, Some(_)) => Err(None),
                (None, None) => Ok(()),
            },
            Join::Settled => cut_short().map_or(Ok(()), |_| Err(None)),
            Join::Race if first.is_some() => {
                scopes.first().and_then(|scope| self.race_failure(*scope)).map_or(Ok(()), |failure| Err(Some(failure)))
            }
            Join::Race => missing(0, 1),
            Join::Quorum(wanted) => missing(completed, wanted),
        };
        match end {
            Ok(()) => self.record(Event::TaskCompleted { task, attempt: 0, start: since, end: self.now, output: Output::Composed }),
            Err(Some(failure)) => self.record(Event::TaskFailed { task, attempt: 0, start: since, end: self.now, failure }),
            Err(None) => {
                let reason = cut_short().unwrap_or(CancelReason::Cancelled);
                self.record(Event::TaskCancelled { task, reason });
            }
        }
    }

    /// Judges the branches of a choice in order, and takes what holds.
    pub(super) fn choose(&mut self, task: InstanceIndex) {
        let TaskKind::Choice { branches, all, fails_without } = &self.execution.planned(task).kind else { return };
        let (count, all, fails_without) = (branches.len(), *all, *fails_without);
        let conditional = branches.iter().filter(|branch| branch.when.is_some()).count();
        let more = self.execution.tasks[task].less();
        let next = if let Some((Question::Branch(last), _)) = more.and_then(|more| more.judged) { last + 1 } else { 0 };
        let mut taken = more.map(|more| more.branches.clone()).unwrap_or_default();
        for place in next..u32::try_from(conditional).unwrap_or(u32::MAX) {
            if !all && !taken.is_empty() {
                break;
            }
            match self.judge(task, View::Own, Question::Branch(place)) {
                None => return,
                Some(Err(failure)) => return self.fail(task, failure),
                Some(Ok(true)) => taken.push(place),
                Some(Ok(false)) => {}
            }
        }
        if taken.is_empty() && count > conditional {
            // The default is the last.
            taken.push(u32::try_from(conditional).unwrap_or(u32::MAX));
        }
        if !taken.is_empty() {
            self.record(Event::BranchesTaken { task, branches: taken.into() });
            return self.release_inner(task, 0);
        }
        if fails_without {
            let message = "none of the branches holds; add a `default`, or leave `onNoMatch` out to skip the task".to_owned();
            return self.fail(task, Failure::coded("ERR_NO_BRANCH", message));
        }
        self.record(Event::TaskSkipped { task, reason: SkipReason::BranchNotTaken });
    }

    /// How a pass ended, by its scope.
    pub(super) fn pass_end(&self, scope: ScopeIndex) -> PassEnd {
        match (self.scope_failure(scope), self.cut_short(scope)) {
            (Some(failure), _) => PassEnd::Failed(failure),
            (None, Some(_)) => PassEnd::Cancelled,
            (None, None) => PassEnd::Completed,
        }
    }
}

fn unreachable(wanted: u32, completed: u32) -> Failure {
    let tasks = if wanted == 1 { "task" } else { "tasks" };
    Failure::coded("ERR_JOIN_UNREACHABLE", format!("the join needs {wanted} completed {tasks}, but at most {completed} can complete"))
}
