// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where an execution and its tasks are.

use super::{AbortCause, CancelReason, End, SkipReason};
use crate::trigger::{Outcome, Tally};
use crate::{Failure, TaskIndex};
use std::sync::Arc;
use stdx::Timestamp;

/// Where the execution as a whole is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Tasks start as they become ready.
    Running,
    /// The failure of a task stops it; it will end failed.
    Failing {
        /// The first task that failed.
        task: TaskIndex,
    },
    /// Somebody stops it; it will end cancelled.
    Cancelling {
        /// In their words.
        reason: Option<Arc<str>>,
    },
    /// Every task has ended.
    Ended(End),
}

/// Where a task is, with what only that state knows.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "`attempt` is the current one, from 1; instants say what they are by name")]
pub enum TaskState {
    /// For its dependencies.
    Waiting,
    /// For room to run `attempt`.
    Ready {
        attempt: u32,
        ready: Timestamp,
        ready_by: Option<TaskIndex>,
    },
    /// Its agent is at work until `deadline` at most.
    Running {
        attempt: u32,
        admitted: Timestamp,
        deadline: Timestamp,
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
    Completed {
        attempt: u32,
        start: Timestamp,
        end: Timestamp,
    },
    Failed {
        attempt: u32,
        start: Timestamp,
        end: Timestamp,
        failure: Arc<Failure>,
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

/// A task of a running execution.
#[derive(Clone, Debug)]
pub struct TaskRecord {
    /// Where it is.
    pub state: TaskState,
    /// When its agent was first called, as far as an answer has told.
    pub first_start: Option<Timestamp>,
    /// Its dependencies' ends so far.
    pub(super) tally: Tally,
    /// Attempts cut short because their process ended.
    pub interruptions: u32,
}

impl TaskRecord {
    pub(super) fn waiting(dependencies: usize) -> Self {
        // `workflow.maxTasks` bounds the number of dependencies far below u32::MAX.
        let open = u32::try_from(dependencies).unwrap_or(u32::MAX);
        Self { state: TaskState::Waiting, first_start: None, tally: Tally { open, ..Tally::default() }, interruptions: 0 }
    }

    /// How many attempts have begun. One that was interrupted does not count until it begins again.
    pub fn attempts(&self) -> u32 {
        match &self.state {
            TaskState::Waiting | TaskState::Skipped { .. } => 0,
            TaskState::Ready { attempt, .. } | TaskState::Backoff { attempt, .. } => attempt.saturating_sub(1),
            TaskState::Running { attempt, .. }
            | TaskState::Aborting { attempt, .. }
            | TaskState::Completed { attempt, .. }
            | TaskState::Failed { attempt, .. }
            | TaskState::Cancelled { attempt, .. } => *attempt,
        }
    }

    /// Whether an attempt of it is under way.
    pub fn is_running(&self) -> bool {
        matches!(self.state, TaskState::Running { .. } | TaskState::Aborting { .. })
    }

    /// How a task that has ended counts for its dependants; `None` while it has not.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.state {
            TaskState::Completed { .. } => Some(Outcome::Success),
            TaskState::Failed { .. } | TaskState::Cancelled { .. } | TaskState::Skipped { reason: SkipReason::UpstreamFailed, .. } => {
                Some(Outcome::Failure)
            }
            TaskState::Skipped { reason: SkipReason::UpstreamSkipped, .. } => Some(Outcome::Skip),
            TaskState::Waiting
            | TaskState::Ready { .. }
            | TaskState::Running { .. }
            | TaskState::Aborting { .. }
            | TaskState::Backoff { .. } => None,
        }
    }

    /// When time alone moves this task on.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match &self.state {
            TaskState::Running { deadline, .. } => Some(*deadline),
            TaskState::Aborting { until, .. } | TaskState::Backoff { until, .. } => Some(*until),
            TaskState::Waiting
            | TaskState::Ready { .. }
            | TaskState::Completed { .. }
            | TaskState::Failed { .. }
            | TaskState::Skipped { .. }
            | TaskState::Cancelled { .. } => None,
        }
    }
}

/// An entry of the execution's timers, earliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) at: Timestamp,
    pub(super) task: TaskIndex,
}
