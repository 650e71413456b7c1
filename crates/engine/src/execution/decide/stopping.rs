// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What stops: scopes, by failure, join, cancel, deadline or budget; processes, in order or by a crash. And what pauses.

#![expect(clippy::wildcard_enum_match_arm, reason = "one state or kind of many matters here, and no new one would")]

use super::super::scope::{Role, ScopeIndex};
use super::super::{AbortCause, CancelReason, Command, Event, Phase, Spent, TaskState};
use super::Decider;
use super::attempts::Measured;
use crate::plan::TaskKind;
use crate::{Failure, InstanceIndex};
use std::sync::Arc;

impl Decider<'_> {
    /// Records an event that stops something, and tells every attempt that it stops.
    pub(super) fn record_stop(&mut self, event: Event) {
        self.record(event);
        let mut told = std::mem::take(&mut self.execution.told);
        // In the order of the tasks, however scopes are nested.
        told.sort_unstable();
        for task in told.drain(..) {
            if let TaskState::Aborting { attempt, cause, .. } = *self.state(task) {
                self.step.commands.push(Command::Abort { task, attempt, cause });
            }
        }
        self.execution.told = told;
    }

    pub(super) fn stop_group(&mut self, task: InstanceIndex, cause: CancelReason, failure: Option<Arc<Failure>>) {
        self.record_stop(Event::GroupStopped { task, cause, failure });
        let more = self.execution.tasks[task].less();
        self.scratch.stopped.extend(more.into_iter().flat_map(|more| more.scopes.iter().chain(&more.spawned)));
    }

    /// Ends what a stopping scope, and those inside it, had not started.
    ///
    /// Tasks that wait for dependencies end when the last of those has ended, so that their reason is the true one.
    pub(super) fn end_unstarted(&mut self, scope: ScopeIndex) {
        let (mut unstarted, mut loops) = (Vec::new(), Vec::new());
        self.find_unstarted(scope, &mut unstarted, &mut loops);
        for (task, reason) in unstarted {
            self.record(Event::TaskCancelled { task, reason });
        }
        // A loop between two passes has nothing that could end.
        for task in loops {
            self.go_on(task);
        }
    }

    fn find_unstarted(&self, index: ScopeIndex, unstarted: &mut Vec<(InstanceIndex, CancelReason)>, loops: &mut Vec<InstanceIndex>) {
        let scope = self.execution.scope(index);
        let Some(reason) = scope.stopping else { return };
        for task in scope.children.iter().copied().filter(|task| !self.execution.planned(*task).cleanup || scope.forced) {
            let record = &self.execution.tasks[task];
            // Only before its scope begins does a task wait for nothing.
            if record.is_unstarted() || (record.state == TaskState::Waiting && record.tally.open == 0) {
                unstarted.push((task, reason));
                continue;
            }
            for inner in record.less().into_iter().flat_map(|more| more.scopes.iter().chain(&more.spawned)) {
                self.find_unstarted(*inner, unstarted, loops);
            }
            if matches!(self.execution.planned(task).kind, TaskKind::Loop(_)) {
                loops.push(task);
            }
        }
    }

    pub(super) fn cancel(&mut self, reason: Option<Arc<str>>, force: bool) {
        if self.execution.ignores_cancel(force) {
            return;
        }
        self.record_stop(Event::CancelRequested { reason, force });
        self.scratch.stopped.push(ScopeIndex::ROOT);
        if force {
            let undoing = (0..).map(ScopeIndex).zip(&self.execution.scopes).filter(|(_, scope)| scope.role == Role::Compensation);
            self.scratch.stopped.extend(undoing.map(|(index, _)| index));
        }
        self.draw();
        // What a pause held back, clean-up above all, may go on.
        self.take_up();
    }

    /// The execution's deadline has passed, or its time is used up.
    pub(super) fn overdue(&mut self, cause: CancelReason) {
        let failure = match cause {
            CancelReason::Budget => Failure::coded("ERR_BUDGET", "the execution has used up the time of its budget".to_owned()),
            _ => Failure::coded("ERR_DEADLINE", "the execution did not end before its deadline".to_owned()),
        };
        self.fail_execution(cause, failure);
    }

    /// Nothing more may be recorded but what stopping takes.
    pub(super) fn overfull(&mut self, failure: Failure) {
        if self.execution.phase == Phase::Running {
            self.fail_execution(CancelReason::Budget, failure);
        }
    }

    fn fail_execution(&mut self, cause: CancelReason, failure: Failure) {
        self.record_stop(Event::ExecutionFailing { cause, failure: Arc::new(failure) });
        self.scratch.stopped.push(ScopeIndex::ROOT);
    }

    /// Whether another attempt of `task` may start; if not, the execution fails. Clean-up and compensation are never refused.
    pub(super) fn within_budget(&mut self, task: InstanceIndex) -> bool {
        let cleanup = self.execution.planned(task).cleanup;
        if !self.execution.calling(task).calls_agent() || cleanup || self.execution.phase != Phase::Running {
            return true;
        }
        if self.execution.attempts_left() == Some(0) {
            self.overspent();
            return false;
        }
        match &mut self.execution.above.left {
            Some(0) => {
                self.execution.above.refused = true;
                let message = "the executions above this one may start no more attempts; raise their `budget.tasks`".to_owned();
                self.fail_execution(CancelReason::Budget, Failure::coded("ERR_BUDGET", message));
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    fn overspent(&mut self) {
        let limit = self.execution.attempts_max().unwrap_or_default();
        let message = format!("the execution may start {limit} attempts, and has started all of them; raise `budget.tasks`");
        self.fail_execution(CancelReason::Budget, Failure::coded("ERR_BUDGET", message));
    }

    /// Executions below this one used its budget.
    pub(super) fn charge(&mut self, started: u64, interrupted: u64, refused: bool, spent: Option<Box<Spent>>) {
        if let Some(spent) = spent {
            self.record(Event::UsageCharged { spent });
        }
        if self.execution.attempts_max().is_none() {
            return;
        }
        if started > 0 || interrupted > 0 {
            self.record(Event::BudgetCharged { started, interrupted });
        }
        if refused && self.execution.phase == Phase::Running && self.execution.attempts_left() == Some(0) {
            self.overspent();
        }
    }

    pub(super) fn pause(&mut self) {
        if !self.execution.paused && matches!(self.execution.phase, Phase::Pending | Phase::Running) {
            self.record(Event::Paused);
        }
    }

    pub(super) fn resume(&mut self, step: bool) {
        if !self.execution.paused {
            return;
        }
        self.record(Event::Resumed { step });
        self.take_up();
    }

    /// In step mode an execution pauses after each task that ran.
    pub(super) fn pause_after(&mut self, task: InstanceIndex) {
        let ran =
            matches!(self.state(task), TaskState::Completed { .. } | TaskState::Failed { .. }) && self.execution.planned(task).is_leaf();
        if self.execution.stepping && ran && self.execution.open > 0 {
            self.pause();
        }
    }

    /// The process that runs the execution ends in order: its attempts will be taken up by the next, and that was nobody's fault.
    pub(super) fn interrupt(&mut self) {
        // What was never taken up has nobody at work, and how it was interrupted is for whoever takes it up to tell.
        let running = if self.execution.asleep { Vec::new() } else { self.tasks_in(|state| matches!(state, TaskState::Running { .. })) };
        for task in running {
            let attempt = self.execution.tasks[task].attempts();
            self.record(Event::AttemptInterrupted { task, attempt, crashed: false });
        }
        // Nothing begins again in this process.
        for scope in std::mem::take(&mut self.scratch.lanes) {
            let scope = self.execution.scope_mut(scope);
            (scope.lane_due, scope.lane_left) = (false, None);
        }
    }

    /// The process that ran the execution is gone. Its attempts were interrupted and begin again, as the same attempts;
    /// those it had told to stop will not answer any more.
    pub(super) fn recover(&mut self) {
        for task in self.tasks_in(|state| matches!(state, TaskState::Running { .. })) {
            let TaskState::Running { attempt, admitted, .. } = *self.state(task) else { continue };
            // A task that is a workflow only waited: what crashed the process is counted where it ran.
            let planned = self.execution.calling(task);
            let (counts, calls_agent) = (!matches!(planned.kind, TaskKind::Workflow), planned.calls_agent());
            self.record(Event::AttemptInterrupted { task, attempt, crashed: counts });
            // Those above have it back, as the budget here has.
            if let Some(left) = self.execution.above.left.as_mut().filter(|_| calls_agent) {
                *left += 1;
            }
            let crashes = self.execution.tasks[task].less().map_or(0, |more| more.crashes);
            if crashes > super::Execution::CRASHES_MAX {
                let message = format!("the process crashed {crashes} times while this task ran; it is not tried again");
                let failure = Arc::new(Failure::coded("ERR_POISONED", message));
                let (start, end) = (admitted, self.now);
                if !self.fall_back(Measured { task, attempt, start, end }, &failure) {
                    self.record(Event::TaskFailed { task, attempt, start, end, failure });
                }
            }
        }
        self.draw();
        // After the interruptions: a time-out here may be the failure that stops the execution, and then nothing begins again.
        for task in self.tasks_in(|state| matches!(state, TaskState::Aborting { .. })) {
            self.due(task);
            self.draw();
        }
        self.draw();
        self.take_up();
    }

    fn tasks_in(&self, wanted: impl Fn(&TaskState) -> bool) -> Vec<InstanceIndex> {
        self.execution.tasks.iter().filter(|(_, record)| wanted(&record.state)).map(|(task, _)| task).collect()
    }

    /// Tells a running attempt that one of its own times has passed.
    pub(super) fn time_out(&mut self, task: InstanceIndex, attempt: u32, cause: AbortCause) {
        self.record_stop(Event::AttemptTimedOut { task, attempt, cause });
        let spawned = self.execution.tasks[task].less().and_then(|more| more.spawned);
        self.scratch.stopped.extend(spawned);
    }
}
