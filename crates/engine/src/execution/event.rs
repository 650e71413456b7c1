// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Facts an execution records. Read aloud in order, they are the story of the run.
//!
//! The step they belong to carries the instant they were recorded at; `start` and `end` are the host's own measurements of the attempt.

use super::Output;
use crate::{Failure, TaskIndex};
use std::sync::Arc;
use stdx::Timestamp;

/// A recorded fact.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "`task`, `attempt` (from 1), `start` and `end` mean the same in each event")]
pub enum Event {
    /// The execution was accepted.
    ExecutionStarted,
    /// An attempt was admitted at the instant of its step; it had been ready since `ready`.
    AttemptStarted {
        task: TaskIndex,
        attempt: u32,
        ready: Timestamp,
        /// The dependency whose end made it ready, if one did.
        ready_by: Option<TaskIndex>,
        /// The task whose end made room for it, if it had to wait for room.
        admitted_by: Option<TaskIndex>,
    },
    /// Its process ended before it did. It does not count against `maxAttempts`.
    AttemptInterrupted { task: TaskIndex, attempt: u32 },
    /// Its `timeout` passed and it was told to stop.
    AttemptTimedOut { task: TaskIndex, attempt: u32 },
    /// It failed, and another attempt follows at `until`.
    RetryScheduled { task: TaskIndex, attempt: u32, start: Timestamp, end: Timestamp, failure: Arc<Failure>, until: Timestamp },
    /// The wait after a failed attempt is over.
    BackoffEnded { task: TaskIndex },
    /// The task ended well.
    TaskCompleted { task: TaskIndex, attempt: u32, start: Timestamp, end: Timestamp, output: Output },
    /// The task ended badly: its last attempt failed.
    TaskFailed { task: TaskIndex, attempt: u32, start: Timestamp, end: Timestamp, failure: Arc<Failure> },
    /// The task never ran, because of how its dependencies ended.
    TaskSkipped { task: TaskIndex, reason: SkipReason },
    /// The task was stopped, or never ran because the execution stopped.
    TaskCancelled { task: TaskIndex, reason: CancelReason },
    /// A failure reached the execution: nothing new starts, what runs was told to stop.
    FailFast { task: TaskIndex },
    /// Somebody asked for the execution to stop: nothing new starts, what runs was told to stop.
    CancelRequested { reason: Option<Arc<str>> },
    /// Every task has ended, and so has the execution.
    ExecutionEnded { end: End },
}

/// Why a task never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// A dependency failed, was cancelled, or was skipped for this same reason.
    UpstreamFailed,
    /// Every dependency was skipped.
    UpstreamSkipped,
}

/// Why a task was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Another task failed, and the workflow fails fast.
    SiblingFailed,
    /// The execution was cancelled.
    Cancelled,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every task completed, or was skipped without a failure.
    Completed,
    /// The failure of this task reached it.
    Failed {
        /// The first task that failed.
        task: TaskIndex,
    },
    /// Somebody asked for it.
    Cancelled {
        /// In their words.
        reason: Option<Arc<str>>,
    },
}
