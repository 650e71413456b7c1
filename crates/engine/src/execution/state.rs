// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where an execution and its tasks are.

use super::models::Models;
use super::scope::ScopeIndex;
use super::steps::Steps;
use super::{AbortCause, CancelReason, End, PassEnd, Question, SkipReason};
use crate::trigger::{Outcome, Tally};
use crate::{Failure, InstanceIndex, TaskIndex};
use std::sync::Arc;
use stdx::Timestamp;

/// Where the execution as a whole is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// It has not begun.
    Pending,
    /// Tasks start as they become ready.
    Running,
    /// A failure stops it; it will end failed.
    Failing {
        /// The task it came from; `None`: a deadline or a budget.
        task: Option<InstanceIndex>,
        /// What it was.
        failure: Arc<Failure>,
    },
    /// Somebody stops it; it will end cancelled.
    Cancelling {
        /// In their words.
        reason: Option<Arc<str>>,
    },
    /// Everything has ended.
    Ended(End),
}

/// Where a task is, with what only that state knows.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "`attempt` is the current one, from 1; instants say what they are by name")]
pub enum TaskState {
    /// For its dependencies.
    Waiting,
    /// Its rule has spoken; conditions, cache and templates come before it is ready.
    Released {
        ready: Timestamp,
        ready_by: Option<InstanceIndex>,
    },
    /// For a signal, or for time.
    Awaiting {
        since: Timestamp,
        until: Option<Timestamp>,
    },
    /// For room to run `attempt`.
    Ready {
        attempt: u32,
        ready: Timestamp,
        ready_by: Option<InstanceIndex>,
    },
    /// Its agent is at work until `deadline` at most.
    Running {
        attempt: u32,
        admitted: Timestamp,
        deadline: Option<Timestamp>,
    },
    /// Its agent was told to stop and may still answer until `until`.
    Aborting {
        attempt: u32,
        admitted: Timestamp,
        cause: AbortCause,
        until: Timestamp,
    },
    /// The next `attempt` may run from `until`.
    Backoff {
        attempt: u32,
        until: Timestamp,
    },
    /// Its agent has answered; tasks it spawned have not ended.
    Finishing {
        attempt: u32,
        start: Timestamp,
        end: Timestamp,
    },
    /// A group whose tasks run.
    Active {
        since: Timestamp,
        deadline: Option<Timestamp>,
    },
    /// `attempt` is 0 for groups and waits.
    Completed {
        attempt: u32,
        start: Timestamp,
        end: Timestamp,
    },
    /// `tolerated`: the failure stays its own.
    Failed {
        attempt: u32,
        start: Timestamp,
        end: Timestamp,
        failure: Arc<Failure>,
        tolerated: bool,
    },
    Skipped {
        reason: SkipReason,
        at: Timestamp,
    },
    /// `attempt` is 0 if no attempt counts: it never ran, or its first was interrupted and had not begun again.
    Cancelled {
        attempt: u32,
        reason: CancelReason,
        at: Timestamp,
    },
}

/// How a task has ended.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields of the states")]
pub enum TaskEnd<'a> {
    Completed { start: Timestamp, end: Timestamp },
    Failed { start: Timestamp, end: Timestamp, failure: &'a Arc<Failure>, tolerated: bool },
    Skipped { reason: SkipReason, at: Timestamp },
    Cancelled { reason: CancelReason, at: Timestamp },
}

impl TaskState {
    /// How the task has ended; `None` while it has not.
    pub fn end(&self) -> Option<TaskEnd<'_>> {
        match self {
            Self::Completed { start, end, .. } => Some(TaskEnd::Completed { start: *start, end: *end }),
            Self::Failed { start, end, failure, tolerated, .. } => {
                Some(TaskEnd::Failed { start: *start, end: *end, failure, tolerated: *tolerated })
            }
            Self::Skipped { reason, at } => Some(TaskEnd::Skipped { reason: *reason, at: *at }),
            Self::Cancelled { reason, at, .. } => Some(TaskEnd::Cancelled { reason: *reason, at: *at }),
            Self::Waiting
            | Self::Released { .. }
            | Self::Awaiting { .. }
            | Self::Ready { .. }
            | Self::Running { .. }
            | Self::Aborting { .. }
            | Self::Backoff { .. }
            | Self::Finishing { .. }
            | Self::Active { .. } => None,
        }
    }
}

/// A task of an execution.
#[derive(Clone, Debug)]
pub struct TaskRecord {
    /// Which task of the plan it is.
    pub task: TaskIndex,
    /// Where it is.
    pub state: TaskState,
    /// When its agent was first called, as far as an answer has told.
    pub first_start: Option<Timestamp>,
    /// Attempts cut short because their process ended.
    pub interruptions: u32,
    /// Whether it has asked for an agent and has none yet. Recorded nowhere: whoever takes it up asks again.
    pub asked: bool,
    /// Its dependencies' ends so far.
    pub(super) tally: Tally,
    /// Its siblings of this pass.
    pub(super) scope: ScopeIndex,
    /// What few tasks need.
    pub(super) more: Option<Box<More>>,
}

/// What few tasks need.
#[derive(Clone, Debug, Default)]
pub(super) struct More {
    /// Attempts cut short by a crash.
    pub(super) crashes: u32,
    /// The last attempt that failed and was followed by another, and why it did.
    pub(super) failed: Option<(u32, Arc<Failure>)>,
    /// When that was.
    pub(super) failed_at: Option<Timestamp>,
    /// What stands in for it, and why something does.
    pub(super) fallen: Option<Fallen>,
    /// The last condition that was judged, and whether it holds.
    pub(super) judged: Option<(Question, bool)>,
    /// Whether its gate is passed.
    pub(super) admitted_by_gate: bool,
    /// The branches that hold so far.
    pub(super) branches: Vec<u32>,
    /// What its wait brought: JSON text.
    pub(super) payload: Option<Arc<str>>,
    /// When it must have ended.
    pub(super) total_deadline: Option<Timestamp>,
    /// When its attempt must have given a sign of life.
    pub(super) silent_until: Option<Timestamp>,
    /// Its rendered input.
    pub(super) input: Option<Arc<str>>,
    /// The key its output will be kept under.
    pub(super) cache_key: Option<Arc<str>>,
    /// Its output as JSON text, where it is not made of its children's.
    pub(super) output: Option<Arc<str>>,
    /// From where its end was taken over, if it was.
    pub(super) reused: Option<Reuse>,
    /// The scopes it owns: of a group one, of a choice one for each branch, of a loop one for each pass.
    pub(super) scopes: Vec<ScopeIndex>,
    /// The scope of the tasks it spawned.
    pub(super) spawned: Option<ScopeIndex>,
    /// What it knows of models.
    pub(super) models: Option<Box<Models>>,
    /// The steps it has taken.
    pub(super) steps: Option<Box<Steps>>,
    /// What a loop knows.
    pub(super) turn: Option<Turn>,
    /// Why it will have failed, though its tasks have not ended.
    pub(super) failing: Option<Arc<Failure>>,
    /// Whether its join was decided well.
    pub(super) satisfied: bool,
}

/// What stands in for a task.
#[derive(Clone, Debug)]
pub(super) struct Fallen {
    /// Its place among the task's fallbacks; `None` where that was so in another execution.
    pub(super) place: Option<u32>,
    /// Why the task's own attempts were of no use.
    pub(super) failure: Arc<Failure>,
}

/// Where an end was taken over from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// An output that another execution of the same work has left.
    Cache,
    /// The execution that this one was forked from.
    Origin,
}

/// What a loop knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    /// JSON text of each item of a `forEach`.
    pub(super) items: Option<Box<[Arc<str>]>>,
    /// How each pass ended; `None` while it runs.
    pub(super) passes: Vec<Option<PassEnd>>,
    /// The latest pass that has ended well.
    pub(super) latest: Option<u32>,
    /// Passes that run.
    pub(super) open: u32,
    /// Whether it wants no more passes.
    pub(super) over: bool,
}

impl TaskRecord {
    /// An instance with so many dependencies.
    pub(super) fn waiting(task: TaskIndex, scope: ScopeIndex, dependencies: usize) -> Self {
        // `workflow.maxTasks` bounds the number of dependencies far below u32::MAX.
        let open = u32::try_from(dependencies).unwrap_or(u32::MAX);
        let tally = Tally { open, ..Tally::default() };
        Self { task, state: TaskState::Waiting, first_start: None, tally, interruptions: 0, asked: false, scope, more: None }
    }

    /// How many attempts have begun. One that was interrupted does not count until it begins again.
    pub fn attempts(&self) -> u32 {
        match &self.state {
            TaskState::Waiting
            | TaskState::Released { .. }
            | TaskState::Awaiting { .. }
            | TaskState::Active { .. }
            | TaskState::Skipped { .. } => 0,
            TaskState::Ready { attempt, .. } | TaskState::Backoff { attempt, .. } => attempt.saturating_sub(1),
            TaskState::Running { attempt, .. }
            | TaskState::Aborting { attempt, .. }
            | TaskState::Finishing { attempt, .. }
            | TaskState::Completed { attempt, .. }
            | TaskState::Failed { attempt, .. }
            | TaskState::Cancelled { attempt, .. } => *attempt,
        }
    }

    /// Whether an attempt of it is under way.
    pub fn is_running(&self) -> bool {
        matches!(self.state, TaskState::Running { .. } | TaskState::Aborting { .. })
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.state.end().is_some()
    }

    /// When it ended; `None` while it has not.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.state.end().map(|end| match end {
            TaskEnd::Completed { end, .. } | TaskEnd::Failed { end, .. } => end,
            TaskEnd::Skipped { at, .. } | TaskEnd::Cancelled { at, .. } => at,
        })
    }

    /// Whether it waits for anything but its dependencies, and would begin something by itself.
    pub(super) fn is_unstarted(&self) -> bool {
        matches!(self.state, TaskState::Released { .. } | TaskState::Awaiting { .. } | TaskState::Ready { .. } | TaskState::Backoff { .. })
    }

    /// How a task that has ended counts for its dependants; `None` while it has not.
    pub fn outcome(&self) -> Option<Outcome> {
        self.state.end().map(|end| match end {
            TaskEnd::Completed { .. } | TaskEnd::Failed { tolerated: true, .. } => Outcome::Success,
            TaskEnd::Failed { tolerated: false, .. }
            | TaskEnd::Cancelled { .. }
            | TaskEnd::Skipped { reason: SkipReason::UpstreamFailed, .. } => Outcome::Failure,
            TaskEnd::Skipped { .. } => Outcome::Skip,
        })
    }

    /// When time alone moves this task on.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let more = self.less();
        let total = more.and_then(|more| more.total_deadline);
        let earlier = |one: Option<Timestamp>, other: Option<Timestamp>| one.into_iter().chain(other).min();
        match &self.state {
            TaskState::Running { deadline, .. } => earlier(earlier(*deadline, total), more.and_then(|more| more.silent_until)),
            TaskState::Aborting { until, .. } => Some(*until),
            TaskState::Backoff { until, .. } => earlier(Some(*until), total),
            TaskState::Active { deadline, .. } => earlier(*deadline, total),
            // The total does not run while it waits.
            TaskState::Awaiting { until, .. } => *until,
            TaskState::Released { .. } | TaskState::Ready { .. } | TaskState::Finishing { .. } => total,
            TaskState::Waiting
            | TaskState::Completed { .. }
            | TaskState::Failed { .. }
            | TaskState::Skipped { .. }
            | TaskState::Cancelled { .. } => None,
        }
    }

    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    pub(super) fn less(&self) -> Option<&More> {
        self.more.as_deref()
    }
}

/// An entry of the execution's timers, earliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) at: Timestamp,
    pub(super) task: InstanceIndex,
}
