// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The same semantics once more, slow and obvious: after every input it looks at every task until nothing changes.

#![expect(clippy::indexing_slicing, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on says so")]

use engine::{Execution, Input, InstanceIndex, Phase, Plan, PlannedTask, TaskIndex, TaskState};
use std::sync::Arc;
use std::time::Duration;
use stdx::{Growth, Timestamp};

/// Crashes that a task survives.
const CRASHES_MAX: u32 = 3;

#[derive(Clone, Copy, PartialEq)]
enum Task {
    /// Waits for dependencies or for room to run this attempt.
    Idle(u32),
    Running(u32, Timestamp),
    /// Told to stop, by its timeout or not.
    Aborting(u32, Timestamp, bool),
    Backoff(u32, Timestamp),
    Ended(&'static str),
}

pub(crate) struct Reference {
    plan: Arc<Plan>,
    tasks: Vec<Task>,
    /// How often a process has crashed while each of them ran.
    crashes: Vec<u32>,
    started: bool,
    stopped: Option<&'static str>,
}

impl Reference {
    pub(crate) fn new(plan: &Arc<Plan>) -> Self {
        Self {
            plan: Arc::clone(plan),
            tasks: vec![Task::Idle(1); plan.tasks.len()],
            crashes: vec![0; plan.tasks.len()],
            started: false,
            stopped: None,
        }
    }

    pub(crate) fn tell(&mut self, now: Timestamp, input: &Input) {
        match input {
            Input::Start => self.started = true,
            Input::Settled(settled) => match self.tasks.get(settled.task.get() as usize) {
                Some(Task::Running(attempt, _)) if *attempt == settled.attempt => match &settled.result {
                    Ok(_) => self.set(settled.task, Task::Ended("completed")),
                    Err(failure) => self.fail(now, settled.task, settled.attempt, failure.retryable),
                },
                Some(Task::Aborting(attempt, _, timeout)) if *attempt == settled.attempt => match &settled.result {
                    _ if *timeout => self.fail(now, settled.task, settled.attempt, true),
                    Ok(_) => self.set(settled.task, Task::Ended("completed")),
                    Err(_) => self.set(settled.task, Task::Ended("cancelled")),
                },
                _ => {}
            },
            Input::Tick => {
                while let Some(task) = self.due(now) {
                    self.time_passed(now, task);
                    self.settle(now, false);
                }
            }
            Input::Cancel { .. } => self.stop(now, "cancelled"),
            Input::Recover if !self.started => {}
            Input::Recover => {
                for task in self.all() {
                    if let Task::Running(attempt, _) = self.at(task) {
                        let next = self.crashed(task, attempt);
                        self.set(task, next);
                    }
                }
                for task in self.all() {
                    if let Task::Aborting(..) = self.at(task) {
                        self.time_passed(now, task);
                        self.stop_if_poisoned(now);
                    }
                }
                self.stop_if_poisoned(now);
            }
            _ => {}
        }
        self.settle(now, true);
    }

    /// Where everything is, in words that [`words`] says of an execution too.
    pub(crate) fn words(&self) -> String {
        let words = self.tasks.iter().map(|task| match task {
            Task::Idle(attempt) => format!("idle {attempt}"),
            Task::Running(attempt, deadline) => format!("running {attempt} until {deadline}"),
            Task::Aborting(attempt, until, _) => format!("aborting {attempt} until {until}"),
            Task::Backoff(attempt, until) => format!("backoff {attempt} until {until}"),
            Task::Ended(end) => (*end).to_owned(),
        });
        let words: Vec<String> = words.collect();
        let open = self.tasks.iter().any(|task| !matches!(task, Task::Ended(_)));
        format!("{}{}: {}", if open { "" } else { "ended " }, self.stopped.unwrap_or("well"), words.join(", "))
    }

    fn all(&self) -> Vec<InstanceIndex> {
        self.plan.tasks.iter().map(|(task, _)| InstanceIndex::new(task.get())).collect()
    }

    fn at(&self, task: InstanceIndex) -> Task {
        self.tasks[task.get() as usize]
    }

    fn planned(&self, task: InstanceIndex) -> &PlannedTask {
        &self.plan.tasks[TaskIndex::new(task.get())]
    }

    fn set(&mut self, task: InstanceIndex, state: Task) {
        self.tasks[task.get() as usize] = state;
    }

    /// The task whose time came first.
    fn due(&self, now: Timestamp) -> Option<InstanceIndex> {
        let due = self.all().into_iter().filter_map(|task| match self.at(task) {
            Task::Running(_, at) | Task::Aborting(_, at, _) | Task::Backoff(_, at) if at <= now => Some((at, task)),
            _ => None,
        });
        due.min().map(|(_, task)| task)
    }

    fn time_passed(&mut self, now: Timestamp, task: InstanceIndex) {
        match self.at(task) {
            Task::Running(attempt, _) => self.set(task, Task::Aborting(attempt, now.after(Duration::from_secs(5)), true)),
            Task::Aborting(attempt, _, true) => self.fail(now, task, attempt, true),
            Task::Aborting(_, _, false) => self.set(task, Task::Ended("cancelled")),
            Task::Backoff(attempt, _) => self.set(task, Task::Idle(attempt)),
            Task::Idle(_) | Task::Ended(_) => {}
        }
    }

    /// The process is gone in which it ran: it begins again, unless it seems to be the cause.
    fn crashed(&mut self, task: InstanceIndex, attempt: u32) -> Task {
        let crashes = &mut self.crashes[task.get() as usize];
        *crashes += 1;
        if *crashes > CRASHES_MAX { Task::Ended("failed") } else { Task::Idle(attempt) }
    }

    fn stop_if_poisoned(&mut self, now: Timestamp) {
        if self.crashes.iter().any(|crashes| *crashes > CRASHES_MAX) {
            self.stop(now, "failed");
        }
    }

    fn fail(&mut self, now: Timestamp, task: InstanceIndex, attempt: u32, retryable: bool) {
        let retry = &self.planned(task).retry;
        if self.stopped.is_none() && retryable && attempt < retry.max_attempts {
            let times = match retry.backoff.growth {
                Growth::Fixed => 1,
                Growth::Linear => attempt,
                Growth::Exponential => 2_u32.pow(attempt - 1),
            };
            return self.set(task, Task::Backoff(attempt + 1, now.after(retry.backoff.initial * times)));
        }
        self.set(task, Task::Ended("failed"));
        self.stop(now, "failed");
    }

    fn stop(&mut self, now: Timestamp, why: &'static str) {
        if self.stopped.is_some() || self.tasks.iter().all(|task| matches!(task, Task::Ended(_)) && why == "cancelled") {
            return;
        }
        self.stopped = Some(why);
        for task in self.all() {
            match self.at(task) {
                Task::Running(attempt, _) => self.set(task, Task::Aborting(attempt, now.after(Duration::from_secs(5)), false)),
                Task::Backoff(..) => self.set(task, Task::Ended("cancelled")),
                Task::Idle(_) | Task::Aborting(..) | Task::Ended(_) => {}
            }
        }
    }

    /// Starts and ends what can be, one at a time, the earliest declared first.
    fn settle(&mut self, now: Timestamp, with_exclusive: bool) {
        while let Some((task, state)) = self.all().into_iter().find_map(|task| Some((task, self.next(now, task, with_exclusive)?))) {
            self.set(task, state);
        }
    }

    fn next(&self, now: Timestamp, task: InstanceIndex, with_exclusive: bool) -> Option<Task> {
        let planned = self.planned(task);
        let Task::Idle(attempt) = self.at(task) else { return None };
        if !planned.dependencies.iter().all(|before| matches!(self.at(InstanceIndex::new(before.get())), Task::Ended(_))) {
            return None;
        }
        if !planned.dependencies.iter().all(|before| self.at(InstanceIndex::new(before.get())) == Task::Ended("completed")) {
            return Some(Task::Ended("skipped"));
        }
        if self.stopped.is_some() {
            return Some(Task::Ended("cancelled"));
        }
        let taken = || {
            let busy = |other: InstanceIndex| matches!(self.at(other), Task::Running(..) | Task::Aborting(..));
            self.all().into_iter().any(|other| self.planned(other).exclusive && busy(other))
        };
        let room = !planned.exclusive || (with_exclusive && !taken());
        (self.started && room).then(|| Task::Running(attempt, now.after(planned.timeout.unwrap_or_default())))
    }
}

/// Where everything is, in the words of [`Reference::words`].
pub(crate) fn words(execution: &Execution) -> String {
    let words = execution.tasks().iter().map(|(_, record)| match &record.state {
        TaskState::Waiting => "idle 1".to_owned(),
        TaskState::Ready { attempt, .. } => format!("idle {attempt}"),
        TaskState::Running { attempt, deadline, .. } => format!("running {attempt} until {}", deadline.unwrap_or_default()),
        TaskState::Aborting { attempt, until, .. } => format!("aborting {attempt} until {until}"),
        TaskState::Backoff { attempt, until } => format!("backoff {attempt} until {until}"),
        TaskState::Completed { .. } => "completed".to_owned(),
        TaskState::Failed { .. } => "failed".to_owned(),
        TaskState::Skipped { .. } => "skipped".to_owned(),
        TaskState::Cancelled { .. } => "cancelled".to_owned(),
        other => format!("{other:?}"),
    });
    let words: Vec<String> = words.collect();
    let phase = match execution.phase() {
        Phase::Pending | Phase::Running => "well",
        Phase::Failing { .. } => "failed",
        Phase::Cancelling { .. } => "cancelled",
        Phase::Ended(engine::End::Completed) => "ended well",
        Phase::Ended(engine::End::Failed { .. }) => "ended failed",
        Phase::Ended(engine::End::Cancelled { .. }) => "ended cancelled",
    };
    format!("{phase}: {}", words.join(", "))
}
