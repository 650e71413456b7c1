// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Attempts: their answers, when they are tried again, and the times that pass.

use super::super::scope::Role;
use super::super::{AbortCause, CancelReason, Event, Note, Output, Settled, TaskState};
use super::Decider;
use crate::plan::Wait;
use crate::{Failure, InstanceIndex};
use std::cmp::Reverse;
use std::sync::Arc;
use stdx::Timestamp;

/// An attempt that has ended, as its agent's host measured it.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    pub(super) task: InstanceIndex,
    pub(super) attempt: u32,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Decider<'_> {
    pub(super) fn settled(&mut self, settled: Settled) {
        let Settled { task, attempt, start, end, result } = settled;
        let measured = Measured { task, attempt, start, end };
        match self.execution.tasks.get(task).map(|record| &record.state) {
            Some(TaskState::Running { attempt: current, .. }) if *current == attempt => match result {
                Ok(output) => self.complete(measured, output),
                Err(failure) => self.fail_attempt(measured, failure),
            },
            Some(TaskState::Aborting { attempt: current, cause, .. }) if *current == attempt => match (*cause, result) {
                (AbortCause::Timeout | AbortCause::Silence | AbortCause::TotalTimeout, result) => {
                    // A good answer came too late; a bad one is what the attempt was asked for.
                    self.execution.late_answers += u64::from(result.is_ok());
                    self.end_timed_out(measured, *cause);
                }
                // An answer within the grace is recorded, so that nothing done is lost; it starts nothing.
                (AbortCause::Stopped(_), Ok(output)) => self.complete(measured, output),
                (AbortCause::Stopped(reason), Err(_)) => self.cancel_task(task, reason),
            },
            // The attempt was settled before: by its timeout, by the grace, or by an earlier answer.
            _ => self.execution.late_answers += 1,
        }
    }

    pub(super) fn complete(&mut self, measured: Measured, output: Output) {
        let Measured { task, attempt, start, end } = measured;
        let spawned = self.execution.tasks[task].less().and_then(|more| more.spawned);
        if spawned.is_some_and(|scope| self.execution.scope(scope).open > 0) {
            return self.record(Event::TaskFinishing { task, attempt, start, end, output });
        }
        self.record(Event::TaskCompleted { task, attempt, start, end, output });
    }

    /// Everything a task spawned has ended, and it had answered before.
    pub(super) fn finish(&mut self, task: InstanceIndex) {
        let TaskState::Finishing { attempt, start, end } = *self.state(task) else { return };
        let output = self.execution.tasks[task].less().and_then(|more| more.output.clone()).map_or(Output::Held, Output::Json);
        self.record(Event::TaskCompleted { task, attempt, start, end, output });
    }

    fn fail_attempt(&mut self, measured: Measured, failure: Failure) {
        let Measured { task, attempt, start, end } = measured;
        let failure = Arc::new(failure);
        if let Some(until) = self.retry_at(task, attempt, &failure) {
            return self.record(Event::RetryScheduled { task, attempt, start, end, failure, until });
        }
        self.end_failed(measured, failure);
    }

    /// A task has failed for good: what it spawned stops first, and it has ended with the last of that.
    fn end_failed(&mut self, measured: Measured, failure: Arc<Failure>) {
        if self.fall_back(measured, &failure) {
            return;
        }
        let Measured { task, attempt, start, end } = measured;
        self.record(Event::TaskFailed { task, attempt, start, end, failure });
        let spawned = self.execution.tasks[task].less().and_then(|more| more.spawned);
        if spawned.is_some_and(|scope| self.execution.scope(scope).open > 0) {
            self.stop_group(task, CancelReason::SiblingFailed, None);
        }
    }

    /// When a failed attempt is tried again, if it is.
    fn retry_at(&self, task: InstanceIndex, attempt: u32, failure: &Failure) -> Option<Timestamp> {
        let planned = self.execution.planned(task);
        let record = &self.execution.tasks[task];
        let scope = self.execution.scope(record.scope);
        let stopping = scope.stopping.is_some() && (!planned.cleanup || scope.forced);
        // What stands in for it is tried once.
        let has_fallen = record.less().is_some_and(|more| more.fallen.is_some());
        if stopping || has_fallen || !planned.retry.retries(attempt, failure) {
            return None;
        }
        let seed = self.execution.setup.seed ^ (u64::from(task.get()) << 32 | u64::from(attempt));
        let delay = planned.retry.backoff.delay(attempt, seed).max(failure.retry_after.unwrap_or_default());
        let until = self.now.after(delay);
        // A wait that would end too late is not waited for.
        let elapsed = planned.retry.max_elapsed.zip(record.first_start).is_some_and(|(most, first)| until.since(first) > most);
        let total = record.less().and_then(|more| more.total_deadline).is_some_and(|deadline| until >= deadline);
        let overdue = scope.role != Role::Compensation && self.execution.deadline.is_some_and(|(deadline, _)| until >= deadline);
        (!elapsed && !total && !overdue).then_some(until)
    }

    fn end_timed_out(&mut self, measured: Measured, cause: AbortCause) {
        let planned = self.execution.planned(measured.task);
        let failure = match cause {
            AbortCause::TotalTimeout => {
                let failure = Failure::total_timeout(planned.total_timeout.unwrap_or_default());
                return self.end_failed(measured, Arc::new(failure));
            }
            AbortCause::Silence => Failure::silence(planned.heartbeat_timeout.unwrap_or_default()),
            AbortCause::Timeout | AbortCause::Stopped(_) => Failure::timeout(planned.timeout.unwrap_or_default()),
        };
        self.fail_attempt(measured, failure);
    }

    fn cancel_task(&mut self, task: InstanceIndex, reason: CancelReason) {
        self.record(Event::TaskCancelled { task, reason });
    }

    /// An attempt tells of its models or its steps.
    pub(super) fn note(&mut self, task: InstanceIndex, attempt: u32, note: Note) {
        if self.execution.takes(task, attempt, &note) {
            self.record(note.event(task, attempt));
        }
    }

    pub(super) fn heartbeat(&mut self, task: InstanceIndex, attempt: u32) {
        if !matches!(self.execution.tasks.get(task).map(|record| &record.state), Some(TaskState::Running { attempt: current, .. }) if *current == attempt)
        {
            return;
        }
        if let Some(silence) = self.execution.planned(task).heartbeat_timeout {
            self.execution.tasks[task].more().silent_until = Some(self.now.after(silence));
            self.execution.arm(task);
        }
    }

    pub(super) fn tick(&mut self) {
        if let Some((at, cause)) = self.execution.deadline
            && at <= self.now
            && self.execution.phase == super::Phase::Running
        {
            self.overdue(cause);
        }
        for task in std::mem::take(&mut self.execution.resting) {
            self.go_on(task);
        }
        while let Some(Reverse(timer)) = self.execution.timers.peek().copied() {
            if timer.at > self.now {
                return;
            }
            self.execution.timers.pop();
            if self.execution.tasks[timer.task].deadline() == Some(timer.at) {
                self.due(timer.task);
                // The consequences of one time belong before the next.
                self.draw();
            }
        }
    }

    /// Time moves a task on.
    pub(super) fn due(&mut self, task: InstanceIndex) {
        let record = &self.execution.tasks[task];
        let total_passed = record.less().and_then(|more| more.total_deadline).is_some_and(|deadline| deadline <= self.now);
        let planned = self.execution.planned(task);
        match record.state {
            TaskState::Running { attempt, deadline, .. } => {
                let cause = match () {
                    () if total_passed => AbortCause::TotalTimeout,
                    () if deadline.is_some_and(|deadline| deadline <= self.now) => AbortCause::Timeout,
                    () => AbortCause::Silence,
                };
                self.time_out(task, attempt, cause);
            }
            TaskState::Aborting { attempt, admitted, cause, .. } => match cause {
                AbortCause::Stopped(reason) => self.cancel_task(task, reason),
                AbortCause::Timeout | AbortCause::Silence | AbortCause::TotalTimeout => {
                    self.end_timed_out(Measured { task, attempt, start: admitted, end: self.now }, cause);
                }
            },
            TaskState::Active { .. } => {
                let failure = match planned.timeout.filter(|_| !total_passed) {
                    Some(timeout) => Failure::timeout(timeout),
                    None => Failure::total_timeout(planned.total_timeout.unwrap_or_default()),
                };
                self.stop_group(task, CancelReason::Timeout, Some(Arc::new(failure)));
                self.go_on(task);
            }
            TaskState::Awaiting { .. } => match &planned.wait {
                Some(Wait::Signal { name, timeout, .. }) => {
                    let failure = Failure::wait_timeout(name, timeout.unwrap_or_default(), &self.execution.untaken());
                    self.fail(task, failure);
                }
                Some(Wait::Delay(_)) | None => self.look_at_wait(task),
            },
            TaskState::Backoff { .. } if !total_passed => {
                self.record(Event::BackoffEnded { task });
                self.release(task);
                let scope = self.execution.tasks[task].scope;
                self.look_at_lane(scope, None);
            }
            TaskState::Backoff { .. } | TaskState::Released { .. } | TaskState::Ready { .. } | TaskState::Finishing { .. }
                if total_passed =>
            {
                self.fail(task, Failure::total_timeout(planned.total_timeout.unwrap_or_default()));
            }
            TaskState::Waiting
            | TaskState::Backoff { .. }
            | TaskState::Released { .. }
            | TaskState::Ready { .. }
            | TaskState::Finishing { .. }
            | TaskState::Completed { .. }
            | TaskState::Failed { .. }
            | TaskState::Skipped { .. }
            | TaskState::Cancelled { .. } => {}
        }
    }
}
