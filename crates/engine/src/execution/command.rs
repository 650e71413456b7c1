// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Effects an execution owes once its events are recorded.

use super::{CancelReason, Question};
use crate::InstanceIndex;
use std::sync::Arc;

/// An owed effect. It may be carried out twice; task and attempt are its key within the execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Find an agent for the task; once there is one comes [`crate::Input::Admit`]. Only where [`crate::Setup::asks`].
    Ask {
        /// Whose agent.
        task: InstanceIndex,
        /// The exclusive task it was waiting for.
        after: Option<InstanceIndex>,
    },
    /// It needs none any more.
    Withdraw {
        /// Whose.
        task: InstanceIndex,
    },
    /// Call the task's agent, or run its workflow.
    Run {
        /// Whose agent.
        task: InstanceIndex,
        /// From 1.
        attempt: u32,
    },
    /// Tell a running attempt to stop.
    Abort {
        /// Whose attempt.
        task: InstanceIndex,
        /// Which one.
        attempt: u32,
        /// Why.
        cause: AbortCause,
    },
    /// Ask the function that is the condition; the answer comes as [`crate::Input::Judged`].
    Judge {
        /// Whose condition.
        task: InstanceIndex,
        /// Which one.
        question: Question,
    },
    /// Judge an output that no attempt of the task gave by its `outputSchema`; the answer comes as [`crate::Input::Reviewed`].
    Review {
        /// Whose.
        task: InstanceIndex,
        /// JSON text.
        candidate: Arc<str>,
    },
    /// Look whether the work was done before; the answer comes as [`crate::Input::LookedUp`].
    LookUp {
        /// Whose work.
        task: InstanceIndex,
        /// What tells it apart.
        key: Arc<str>,
    },
}

/// Why an attempt is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortCause {
    /// Its `timeout` has passed.
    Timeout,
    /// It was silent for longer than its `heartbeatTimeout`.
    Silence,
    /// Its task's `totalTimeout` has passed.
    TotalTimeout,
    /// Its scope stops.
    Stopped(CancelReason),
}
