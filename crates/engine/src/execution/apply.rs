// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each event does to the state. Nothing here decides: the same events always give the same state.

use super::state::Timer;
use super::{AbortCause, Event, Execution, Phase, TaskState};
use crate::TaskIndex;
use std::cmp::Reverse;
use std::sync::Arc;
use stdx::Timestamp;

impl Execution {
    pub(super) fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::ExecutionStarted => self.start(at),
            Event::AttemptStarted { task, attempt, .. } => self.run(at, *task, *attempt),
            Event::AttemptInterrupted { task, attempt } => self.interrupt(at, *task, *attempt),
            Event::AttemptTimedOut { task, .. } => self.abort(at, *task, AbortCause::Timeout),
            Event::RetryScheduled { task, attempt, start, until, .. } => {
                self.leave_lane(*task);
                self.tasks[*task].first_start.get_or_insert(*start);
                self.set(*task, TaskState::Backoff { attempt: attempt + 1, until: *until });
            }
            Event::BackoffEnded { task } => {
                let attempt = self.tasks[*task].attempts() + 1;
                self.make_ready(at, *task, attempt, None);
            }
            Event::TaskCompleted { task, attempt, start, end, .. } => {
                self.tasks[*task].first_start.get_or_insert(*start);
                self.end(at, *task, TaskState::Completed { attempt: *attempt, start: *start, end: *end });
            }
            Event::TaskFailed { task, attempt, start, end, failure } => {
                self.tasks[*task].first_start.get_or_insert(*start);
                self.end(at, *task, TaskState::Failed { attempt: *attempt, start: *start, end: *end, failure: Arc::clone(failure) });
            }
            Event::TaskSkipped { task, reason } => self.end(at, *task, TaskState::Skipped { reason: *reason, at }),
            Event::TaskCancelled { task, reason } => {
                let attempt = self.tasks[*task].attempts();
                self.end(at, *task, TaskState::Cancelled { attempt, reason: *reason, at });
            }
            Event::FailFast { task } => self.stop(at, Phase::Failing { task: *task }, AbortCause::SiblingFailed),
            Event::CancelRequested { reason } => {
                self.stop(at, Phase::Cancelling { reason: reason.clone() }, AbortCause::Cancelled);
            }
            Event::ExecutionEnded { end } => {
                self.phase = Phase::Ended(end.clone());
                self.ended = Some(at);
                self.timers.clear();
            }
        }
    }

    fn start(&mut self, at: Timestamp) {
        self.started = Some(at);
        for (task, record) in self.tasks.iter_mut() {
            if record.tally.open == 0 {
                record.state = TaskState::Ready { attempt: 1, ready: at, ready_by: None };
                if self.plan.tasks[task].exclusive {
                    self.lane_queue.insert(task);
                }
            }
        }
    }

    fn run(&mut self, at: Timestamp, task: TaskIndex, attempt: u32) {
        let planned = &self.plan.tasks[task];
        if planned.exclusive {
            self.lane = Some(task);
            self.lane_queue.remove(&task);
        }
        let deadline = at.after(planned.timeout);
        self.set(task, TaskState::Running { attempt, admitted: at, deadline });
    }

    fn interrupt(&mut self, at: Timestamp, task: TaskIndex, attempt: u32) {
        self.leave_lane(task);
        self.tasks[task].interruptions += 1;
        self.make_ready(at, task, attempt, None);
    }

    fn make_ready(&mut self, at: Timestamp, task: TaskIndex, attempt: u32, ready_by: Option<TaskIndex>) {
        if self.plan.tasks[task].exclusive {
            self.lane_queue.insert(task);
        }
        self.set(task, TaskState::Ready { attempt, ready: at, ready_by });
    }

    fn abort(&mut self, at: Timestamp, task: TaskIndex, cause: AbortCause) {
        if let TaskState::Running { attempt, admitted, .. } = self.tasks[task].state {
            self.set(task, TaskState::Aborting { attempt, admitted, cause, until: at.after(Self::GRACE) });
        }
    }

    /// Every running attempt is told to stop. Tasks without one stay until `decide` records their ends.
    fn stop(&mut self, at: Timestamp, phase: Phase, cause: AbortCause) {
        self.phase = phase;
        let running: Vec<TaskIndex> =
            self.tasks.iter().filter(|(_, record)| matches!(record.state, TaskState::Running { .. })).map(|(task, _)| task).collect();
        for task in running {
            self.abort(at, task, cause);
        }
    }

    fn end(&mut self, at: Timestamp, task: TaskIndex, state: TaskState) {
        self.leave_lane(task);
        self.lane_queue.remove(&task);
        self.replace(task, state);
        self.open = self.open.saturating_sub(1);
        let Some(outcome) = self.tasks[task].outcome() else { return };
        let plan = Arc::clone(&self.plan);
        for dependent in &plan.tasks[task].dependents {
            let record = &mut self.tasks[*dependent];
            record.tally.count(outcome);
            if record.tally.open == 0 && record.state == TaskState::Waiting {
                self.make_ready(at, *dependent, 1, Some(task));
            }
        }
    }

    fn leave_lane(&mut self, task: TaskIndex) {
        if self.lane == Some(task) {
            self.lane = None;
        }
    }

    fn set(&mut self, task: TaskIndex, state: TaskState) {
        self.replace(task, state);
        if let Some(at) = self.tasks[task].deadline() {
            self.forget_void_timers();
            self.timers.push(Reverse(Timer { at, task }));
        }
    }

    fn replace(&mut self, task: TaskIndex, state: TaskState) {
        let record = &mut self.tasks[task];
        self.running -= usize::from(record.is_running());
        record.state = state;
        self.running += usize::from(record.is_running());
    }

    /// Timers of attempts that ended in time are void; sweep them before they outnumber what is open.
    fn forget_void_timers(&mut self) {
        const SLACK: usize = 64;
        if self.timers.len() > 2 * self.open + SLACK {
            let tasks = &self.tasks;
            self.timers.retain(|Reverse(timer)| tasks[timer.task].deadline() == Some(timer.at));
        }
    }
}
