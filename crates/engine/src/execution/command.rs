// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Effects an execution owes once its events are recorded.

use crate::TaskIndex;

/// An owed effect. It may be carried out twice; task and attempt are its key within the execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call the task's agent.
    Run {
        /// Whose agent.
        task: TaskIndex,
        /// From 1.
        attempt: u32,
    },
    /// Tell a running attempt to stop.
    Abort {
        /// Whose attempt.
        task: TaskIndex,
        /// Which one.
        attempt: u32,
        /// Why.
        cause: AbortCause,
    },
}

/// Why an attempt is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortCause {
    /// Its `timeout` has passed.
    Timeout,
    /// Another task failed, and the workflow fails fast.
    SiblingFailed,
    /// The execution was cancelled.
    Cancelled,
}
