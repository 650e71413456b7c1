// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each input means now, as events to record and commands to carry out.

use super::{AbortCause, CancelReason, Command, End, Event, Execution, Input, Output, Phase, Settled, SkipReason, Step, TaskState};
use crate::trigger::Verdict;
use crate::{Failure, TaskIndex};
use std::cmp::Reverse;
use std::sync::Arc;
use stdx::Timestamp;

pub(super) fn decide(execution: &mut Execution, now: Timestamp, input: Input, step: &mut Step) {
    if matches!(execution.phase, Phase::Ended(_)) {
        if matches!(input, Input::Settled(_)) {
            execution.late_answers += 1;
        }
        return;
    }
    let lane_holder = execution.lane;
    let mut decider = Decider { execution, now, step };
    match input {
        Input::Start => decider.start(),
        Input::Settled(settled) => decider.settled(settled),
        Input::Tick => decider.tick(),
        Input::Cancel { reason } => decider.cancel(reason),
        Input::Recover => decider.recover(),
    }
    decider.fill_lane(lane_holder);
    decider.end_if_done();
}

/// One input being decided: every event is applied as soon as it is recorded, so later decisions see it.
struct Decider<'a> {
    execution: &'a mut Execution,
    now: Timestamp,
    step: &'a mut Step,
}

impl Decider<'_> {
    fn record(&mut self, event: Event) {
        self.execution.apply(self.now, &event);
        self.step.events.push(event);
    }

    fn start(&mut self) {
        if self.execution.started.is_some() {
            return;
        }
        self.record(Event::ExecutionStarted);
        self.start_ready();
    }

    /// Starts every ready task that needs no lane: where many may have become ready at once.
    fn start_ready(&mut self) {
        for task in self.tasks_in(|state| matches!(state, TaskState::Ready { .. })) {
            if !self.execution.plan.tasks[task].exclusive {
                self.admit(task, None);
            }
        }
    }

    fn tasks_in(&self, wanted: impl Fn(&TaskState) -> bool) -> Vec<TaskIndex> {
        self.execution.tasks.iter().filter(|(_, record)| wanted(&record.state)).map(|(task, _)| task).collect()
    }

    fn settled(&mut self, settled: Settled) {
        let Settled { task, attempt, start, end, result } = settled;
        match self.execution.tasks.get(task).map(|record| &record.state) {
            Some(TaskState::Running { attempt: current, .. }) if *current == attempt => match result {
                Ok(output) => self.complete(task, attempt, start, end, output),
                Err(failure) => self.fail_attempt(task, attempt, start, end, failure),
            },
            Some(TaskState::Aborting { attempt: current, cause, .. }) if *current == attempt => match (cause, result) {
                (AbortCause::Timeout, _) => self.time_out(task, attempt, start, end),
                // An answer within the grace is recorded, so that nothing done is lost; it starts nothing.
                (AbortCause::SiblingFailed | AbortCause::Cancelled, Ok(output)) => self.complete(task, attempt, start, end, output),
                (AbortCause::SiblingFailed | AbortCause::Cancelled, Err(_)) => self.cancel_task(task),
            },
            // The attempt was settled before: by its timeout, by the grace, or by an earlier answer.
            _ => self.execution.late_answers += 1,
        }
    }

    fn complete(&mut self, task: TaskIndex, attempt: u32, start: Timestamp, end: Timestamp, output: Output) {
        self.record(Event::TaskCompleted { task, attempt, start, end, output });
        self.follow(task);
    }

    fn fail_attempt(&mut self, task: TaskIndex, attempt: u32, start: Timestamp, end: Timestamp, failure: Failure) {
        let policy = &self.execution.plan.tasks[task].retry;
        let stopping = self.execution.phase != Phase::Running;
        let failure = Arc::new(failure);
        if failure.retryable && attempt < policy.max_attempts && !stopping {
            let chance = self.execution.seed ^ (u64::from(task.get()) << 32 | u64::from(attempt));
            let until = self.now.after(policy.delay(attempt, chance));
            return self.record(Event::RetryScheduled { task, attempt, start, end, failure, until });
        }
        self.record(Event::TaskFailed { task, attempt, start, end, failure });
        if !stopping {
            self.record(Event::FailFast { task });
            self.abort_running(AbortCause::SiblingFailed);
        }
        // First what depended on it, which is skipped; then what else had not started, which is cancelled.
        self.follow(task);
        if !stopping {
            self.end_unstarted();
        }
    }

    fn time_out(&mut self, task: TaskIndex, attempt: u32, start: Timestamp, end: Timestamp) {
        let timeout = self.execution.plan.tasks[task].timeout.as_millis();
        self.fail_attempt(task, attempt, start, end, Failure::timeout(timeout));
    }

    /// After `task` has ended: each dependant whose last dependency it was starts, is skipped or is cancelled, and so on from there.
    fn follow(&mut self, task: TaskIndex) {
        let plan = Arc::clone(&self.execution.plan);
        let mut ended = Vec::new();
        let mut next = Some(task);
        while let Some(task) = next {
            for dependent in &plan.tasks[task].dependents {
                if self.release(*dependent, task) {
                    ended.push(*dependent);
                }
            }
            next = ended.pop();
        }
    }

    /// A task all of whose dependencies have ended starts or ends; true if it ended.
    fn release(&mut self, task: TaskIndex, by: TaskIndex) -> bool {
        let record = &self.execution.tasks[task];
        if !matches!(record.state, TaskState::Ready { ready_by: Some(last), .. } if last == by) {
            return false;
        }
        let planned = &self.execution.plan.tasks[task];
        let skip = match planned.rule.judge(planned.dependencies.len(), record.tally) {
            Verdict::UpstreamFailed => Some(SkipReason::UpstreamFailed),
            Verdict::UpstreamSkipped => Some(SkipReason::UpstreamSkipped),
            Verdict::Run => None,
        };
        let exclusive = planned.exclusive;
        match (skip, self.cancel_reason()) {
            (Some(reason), _) => self.record(Event::TaskSkipped { task, reason }),
            (None, Some(reason)) => self.record(Event::TaskCancelled { task, reason }),
            (None, None) if exclusive => return false,
            (None, None) => {
                self.admit(task, None);
                return false;
            }
        }
        true
    }

    /// Lets the earliest declared of the ready exclusive tasks run, if none does. Last in every step, so that all of them are known.
    fn fill_lane(&mut self, holder_before: Option<TaskIndex>) {
        if self.execution.lane.is_some() {
            return;
        }
        if let Some(task) = self.execution.lane_queue.first().copied() {
            let waited = matches!(self.execution.tasks[task].state, TaskState::Ready { ready, .. } if ready < self.now);
            self.admit(task, holder_before.filter(|_| waited));
        }
    }

    fn admit(&mut self, task: TaskIndex, admitted_by: Option<TaskIndex>) {
        let TaskState::Ready { attempt, ready, ready_by } = self.execution.tasks[task].state else { return };
        self.record(Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by });
        self.step.commands.push(Command::Run { task, attempt });
    }

    fn tick(&mut self) {
        while let Some(Reverse(timer)) = self.execution.timers.peek().copied() {
            if timer.at > self.now {
                return;
            }
            self.execution.timers.pop();
            if self.execution.tasks[timer.task].deadline() == Some(timer.at) {
                self.due(timer.task);
            }
        }
    }

    /// Time moves a task on.
    fn due(&mut self, task: TaskIndex) {
        match self.execution.tasks[task].state {
            TaskState::Running { attempt, .. } => {
                self.record(Event::AttemptTimedOut { task, attempt });
                self.step.commands.push(Command::Abort { task, attempt, cause: AbortCause::Timeout });
            }
            TaskState::Aborting { attempt, admitted, cause: AbortCause::Timeout, .. } => self.time_out(task, attempt, admitted, self.now),
            TaskState::Aborting { cause: AbortCause::SiblingFailed | AbortCause::Cancelled, .. } => self.cancel_task(task),
            TaskState::Backoff { .. } => {
                self.record(Event::BackoffEnded { task });
                if !self.execution.plan.tasks[task].exclusive {
                    self.admit(task, None);
                }
            }
            TaskState::Waiting
            | TaskState::Ready { .. }
            | TaskState::Completed { .. }
            | TaskState::Failed { .. }
            | TaskState::Skipped { .. }
            | TaskState::Cancelled { .. } => {}
        }
    }

    fn cancel(&mut self, reason: Option<Arc<str>>) {
        if self.cancel_reason().is_some() {
            return;
        }
        self.record(Event::CancelRequested { reason });
        self.abort_running(AbortCause::Cancelled);
        self.end_unstarted();
    }

    fn cancel_task(&mut self, task: TaskIndex) {
        let reason = self.cancel_reason().unwrap_or(CancelReason::Cancelled);
        self.record(Event::TaskCancelled { task, reason });
        self.follow(task);
    }

    /// Why tasks that have not started never will; `None` while the execution runs.
    fn cancel_reason(&self) -> Option<CancelReason> {
        match &self.execution.phase {
            Phase::Running => None,
            Phase::Failing { .. } | Phase::Ended(End::Failed { .. }) => Some(CancelReason::SiblingFailed),
            Phase::Cancelling { .. } | Phase::Ended(End::Completed | End::Cancelled { .. }) => Some(CancelReason::Cancelled),
        }
    }

    /// The commands that go with the state changes of `FailFast` and `CancelRequested`.
    fn abort_running(&mut self, cause: AbortCause) {
        for (task, record) in self.execution.tasks.iter() {
            if let TaskState::Aborting { attempt, cause: own, .. } = record.state
                && own == cause
            {
                self.step.commands.push(Command::Abort { task, attempt, cause });
            }
        }
    }

    /// Ends tasks that wait for room, for another attempt or for `Start`, and what follows from that.
    ///
    /// Tasks that wait for dependencies end when the last of those has ended, so that their reason is the true one.
    fn end_unstarted(&mut self) {
        let unstarted = self.execution.tasks.iter().filter(|(_, record)| match record.state {
            TaskState::Ready { .. } | TaskState::Backoff { .. } => true,
            // Only before `Start` does a task wait for nothing.
            TaskState::Waiting => record.tally.open == 0,
            TaskState::Running { .. }
            | TaskState::Aborting { .. }
            | TaskState::Completed { .. }
            | TaskState::Failed { .. }
            | TaskState::Skipped { .. }
            | TaskState::Cancelled { .. } => false,
        });
        let unstarted: Vec<TaskIndex> = unstarted.map(|(task, _)| task).collect();
        for task in unstarted {
            self.cancel_task(task);
        }
    }

    /// The process that ran the execution is gone. Its attempts were interrupted and begin again, as the same attempts;
    /// those it had told to stop will not answer any more.
    fn recover(&mut self) {
        for task in self.tasks_in(|state| matches!(state, TaskState::Running { .. })) {
            let attempt = self.execution.tasks[task].attempts();
            self.record(Event::AttemptInterrupted { task, attempt });
        }
        // After the interruptions: a time-out here may be the failure that stops the execution, and then nothing begins again.
        for task in self.tasks_in(|state| matches!(state, TaskState::Aborting { .. })) {
            self.due(task);
        }
        self.start_ready();
    }

    fn end_if_done(&mut self) {
        if self.execution.open > 0 {
            return;
        }
        let end = match &self.execution.phase {
            Phase::Running => End::Completed,
            Phase::Failing { task } => End::Failed { task: *task },
            Phase::Cancelling { reason } => End::Cancelled { reason: reason.clone() },
            Phase::Ended(_) => return,
        };
        self.record(Event::ExecutionEnded { end });
    }
}
