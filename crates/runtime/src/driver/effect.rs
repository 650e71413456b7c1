// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What leaves the driver: commands to carry out and notices of what is now on record, as plain numbers.

use engine::{AbortCause, Command, End, Event, Execution, TaskIndex};
use stdx::Timestamp;

/// One committed effect, in the order of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What it is.
    pub kind: EffectKind,
    /// Which execution.
    pub slot: u32,
    /// Which task; 0 where the effect is about the execution.
    pub task: u32,
    /// Which attempt, from 1; 0 where there is none.
    pub attempt: u32,
    /// A number whose meaning the kind says.
    pub first: u64,
    /// Another.
    pub second: u64,
    /// When it was recorded.
    pub at: Timestamp,
}

/// The kinds of effect; the numbers cross to JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EffectKind {
    /// The execution is accepted and on record.
    Accepted = 1,
    /// Run an attempt. `first`: how often the task was interrupted before.
    Run = 2,
    /// Stop an attempt. `first`: 1 timeout, 2 sibling failed, 3 cancelled.
    Abort = 3,
    /// The execution has ended. `first`: 1 completed, 2 failed, 3 cancelled.
    Ended = 4,
    /// An attempt failed and another follows. `first`, `second`: its start and end.
    Retrying = 5,
    /// A task completed. `first`, `second`: start and end of its last attempt.
    Completed = 6,
    /// A task failed. `first`, `second`: start and end of its last attempt.
    Failed = 7,
    /// A task was skipped. `first`: 1 upstream failed, 2 upstream skipped.
    Skipped = 8,
    /// A task was cancelled. `first`: 1 sibling failed, 2 cancelled.
    Cancelled = 9,
    /// The request to cancel the execution is on record.
    Cancelling = 10,
}

impl Effect {
    /// What the host hears of an event, if anything.
    pub(crate) fn notice(slot: u32, at: Timestamp, event: &Event) -> Option<Self> {
        let effect = |kind, task: Option<TaskIndex>, attempt, first, second| {
            Some(Self { kind, slot, task: task.map_or(0, TaskIndex::get), attempt, first, second, at })
        };
        match event {
            Event::ExecutionStarted => effect(EffectKind::Accepted, None, 0, 0, 0),
            Event::RetryScheduled { task, attempt, start, end, .. } => {
                effect(EffectKind::Retrying, Some(*task), *attempt, start.micros(), end.micros())
            }
            Event::TaskCompleted { task, attempt, start, end, .. } => {
                effect(EffectKind::Completed, Some(*task), *attempt, start.micros(), end.micros())
            }
            Event::TaskFailed { task, attempt, start, end, .. } => {
                effect(EffectKind::Failed, Some(*task), *attempt, start.micros(), end.micros())
            }
            Event::TaskSkipped { task, reason } => effect(EffectKind::Skipped, Some(*task), 0, *reason as u64 + 1, 0),
            Event::TaskCancelled { task, reason } => effect(EffectKind::Cancelled, Some(*task), 0, *reason as u64 + 1, 0),
            Event::ExecutionEnded { end } => {
                let status = match end {
                    End::Completed => 1,
                    End::Failed { .. } => 2,
                    End::Cancelled { .. } => 3,
                };
                effect(EffectKind::Ended, None, 0, status, 0)
            }
            Event::AttemptStarted { .. }
            | Event::AttemptInterrupted { .. }
            | Event::AttemptTimedOut { .. }
            | Event::BackoffEnded { .. }
            | Event::FailFast { .. } => None,
            Event::CancelRequested { .. } => effect(EffectKind::Cancelling, None, 0, 0, 0),
        }
    }

    /// An attempt to run, of a task that was interrupted so often before.
    pub(super) fn run(slot: u32, at: Timestamp, task: TaskIndex, attempt: u32, interruptions: u64) -> Self {
        Self { kind: EffectKind::Run, slot, task: task.get(), attempt, first: interruptions, second: 0, at }
    }

    /// What the host must do.
    pub(super) fn command(slot: u32, at: Timestamp, command: Command, execution: &Execution) -> Self {
        match command {
            Command::Run { task, attempt } => {
                let interruptions = execution.tasks().get(task).map_or(0, |record| record.interruptions);
                Self::run(slot, at, task, attempt, interruptions.into())
            }
            Command::Abort { task, attempt, cause } => {
                let cause = match cause {
                    AbortCause::Timeout => 1,
                    AbortCause::SiblingFailed => 2,
                    AbortCause::Cancelled => 3,
                };
                Self { kind: EffectKind::Abort, slot, task: task.get(), attempt, first: cause, second: 0, at }
            }
        }
    }
}
