// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One run of a plan, as a machine: inputs in, events and commands out.
//!
//! A task's life:
//! ```text
//! Waiting --last dependency ended--> Ready --admitted--> Running --finished well--> Ended(completed)
//!   |  rule not met: Ended(skipped)    |                   | finished badly --> Backoff while attempts remain, else Ended(failed)
//!   |  execution stops: Ended(cancelled)                   | timeout passed, execution stops --> Aborting
//! Backoff --delay over, admitted--> Running
//! Aborting --answer, or grace over--> Backoff | Ended(failed)          after a timeout
//!                                 --> Ended(completed | cancelled)     when the execution stops
//! ```
//! The execution's own life: `Running → Ended(completed)`, or a failure or a cancel makes it stop (`Failing`, `Cancelling`): nothing new
//! starts, running attempts are aborted and have [`Execution::GRACE`] to answer; when the last task has ended it has ended.
//!
//! `decide` turns an input into events; `apply` turns an event into state, and is the only place that does. So replaying the events of
//! a journal gives the state they came from.

#![expect(clippy::indexing_slicing, reason = "a task's index is in range of its own plan; those that come from outside go through `get`")]

mod apply;
mod command;
mod decide;
mod event;
mod input;
mod state;

pub use command::{AbortCause, Command};
pub use event::{CancelReason, End, Event, SkipReason};
pub use input::{Input, Output, Settled};
pub use state::{Phase, TaskRecord, TaskState};

use crate::{Failure, Plan, TaskIndex, TaskMap};
use state::Timer;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// One execution. It belongs to one driver, which gives it inputs one at a time.
#[derive(Debug)]
pub struct Execution {
    plan: Arc<Plan>,
    /// Decides jitter; from the execution's id, so that a replay decides the same.
    seed: u64,
    phase: Phase,
    tasks: TaskMap<TaskRecord>,
    /// Tasks that have not ended.
    open: usize,
    /// Tasks with an attempt under way.
    running: usize,
    /// The exclusive task that is running, if any.
    lane: Option<TaskIndex>,
    /// Exclusive tasks that are ready and wait for the lane, in the order of declaration.
    lane_queue: BTreeSet<TaskIndex>,
    /// Deadlines of attempts, graces and backoffs; an entry whose task has moved on is void.
    timers: BinaryHeap<Reverse<Timer>>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    late_answers: u64,
}

/// What one input led to: facts to record, all or none, and effects that are owed once they are recorded.
#[derive(Debug, Default)]
pub struct Step {
    /// Recorded facts, in order.
    pub events: Vec<Event>,
    /// Owed effects, in order. Each may be carried out twice; `(execution, task, attempt)` is its key.
    pub commands: Vec<Command>,
}

impl Execution {
    /// How long an aborted attempt may take to answer before its end is recorded without it.
    pub const GRACE: Duration = Duration::from_secs(5);

    /// An execution that has not started: `Input::Start` starts it.
    pub fn new(plan: Arc<Plan>, seed: u64) -> Self {
        let tasks: TaskMap<TaskRecord> = plan.tasks.iter().map(|(_, task)| TaskRecord::waiting(task.dependencies.len())).collect();
        Self {
            open: tasks.len(),
            running: 0,
            plan,
            seed,
            phase: Phase::Running,
            tasks,
            lane: None,
            lane_queue: BTreeSet::new(),
            timers: BinaryHeap::new(),
            started: None,
            ended: None,
            late_answers: 0,
        }
    }

    /// Rebuilds the state that led to these events. Owed effects after a crash come from [`Input::Recover`].
    pub fn replay<'a>(plan: Arc<Plan>, seed: u64, events: impl IntoIterator<Item = (Timestamp, &'a Event)>) -> Self {
        let mut execution = Self::new(plan, seed);
        for (at, event) in events {
            execution.apply(at, event);
        }
        execution
    }

    /// What `input` means at `now`, added to `step`. Total: a late or repeated input adds nothing.
    pub fn handle(&mut self, now: Timestamp, input: Input, step: &mut Step) {
        decide::decide(self, now, input, step);
    }

    /// When [`Input::Tick`] is next due, if ever. It may be early, when what was due has been settled before.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.peek().map(|Reverse(timer)| timer.at)
    }

    /// The graph it runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Where the execution as a whole is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Where each task is.
    pub fn tasks(&self) -> &TaskMap<TaskRecord> {
        &self.tasks
    }

    /// How many tasks have not ended.
    pub fn open(&self) -> usize {
        self.open
    }

    /// How many tasks have an attempt under way.
    pub fn running(&self) -> usize {
        self.running
    }

    /// When it started.
    pub fn started(&self) -> Option<Timestamp> {
        self.started
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    /// Answers that came after their attempt had been settled; they are dropped.
    pub fn late_answers(&self) -> u64 {
        self.late_answers
    }

    /// The failure that made the execution fail, with its task.
    pub fn failure(&self) -> Option<(TaskIndex, &Failure)> {
        let (Phase::Failing { task } | Phase::Ended(End::Failed { task })) = &self.phase else { return None };
        if let TaskState::Failed { failure, .. } = &self.tasks[*task].state { Some((*task, failure)) } else { None }
    }
}
