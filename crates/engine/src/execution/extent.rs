// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an event takes where it is recorded, and which task it is of.

use super::{End, Event, Fit, Output, PassEnd, ReusedEnd, Shared};
use crate::{Failure, InstanceIndex};
use std::sync::Arc;

fn of(text: Option<&Arc<str>>) -> usize {
    text.map_or(0, |text| text.len())
}

fn of_failure(failure: &Failure) -> usize {
    failure.message.len() + of(failure.details.as_ref())
}

impl Event {
    /// Bytes of its values and texts, where they are here and not with the host.
    pub fn bytes(&self) -> usize {
        match self {
            Self::SignalReceived { name, payload, fits, .. } => {
                let fitted = |fit: &Fit| of(fit.payload.as_ref());
                name.len() + payload.len() + fits.iter().flat_map(|fits| fits.iter()).map(fitted).sum::<usize>()
            }
            Self::WaitEnded { payload, .. } => payload.len(),
            Self::TaskPrepared { input, .. } => of(input.as_ref()),
            Self::LoopStarted { items, .. } => items.iter().flatten().map(|item| item.len()).sum(),
            Self::ModelChosen { choice, .. } => choice.len(),
            Self::ModelCalled { call, .. } => call.len(),
            Self::RetryScheduled { failure, .. }
            | Self::TaskFailed { failure, .. }
            | Self::ExecutionFailing { failure, .. }
            | Self::PassEnded { end: PassEnd::Failed(failure), .. }
            | Self::ExecutionEnded { end: End::Failed { failure, .. } } => of_failure(failure),
            Self::FallbackTaken { failure, input, .. } => of_failure(failure) + of(input.as_ref()),
            Self::TaskSpawned { definition, .. } => definition.len(),
            Self::TaskFinishing { output, .. } | Self::TaskCompleted { output, .. } => of(Output::json(output)),
            Self::TaskReused { end, .. } => match end {
                ReusedEnd::Cached(output) => output.len(),
                ReusedEnd::Completed(output) => of(output.as_ref()),
                ReusedEnd::Degraded(output, failure) => of(output.as_ref()) + of_failure(failure),
                ReusedEnd::Failed(failure) => of_failure(failure),
                ReusedEnd::Skipped(_) | ReusedEnd::Cancelled(_) => 0,
            },
            Self::GroupStopped { failure, .. } => failure.as_deref().map_or(0, of_failure),
            Self::StepStarted { name, .. } => name.len(),
            Self::StepEnded { name, value, .. } => name.len() + value.len(),
            Self::SharedRead { read: Shared::Value(value), .. } => value.len(),
            Self::ExecutionStarted
            | Self::Judged { .. }
            | Self::WaitStarted { .. }
            | Self::GroupStarted { .. }
            | Self::BranchesTaken { .. }
            | Self::PassStarted { .. }
            | Self::PassEnded { .. }
            | Self::AttemptStarted { .. }
            | Self::AttemptInterrupted { .. }
            | Self::AttemptTimedOut { .. }
            | Self::BackoffEnded { .. }
            | Self::TaskSkipped { .. }
            | Self::TaskCancelled { .. }
            | Self::FailFast { .. }
            | Self::CancelRequested { .. }
            | Self::BudgetCharged { .. }
            | Self::UsageCharged { .. }
            | Self::Paused
            | Self::Resumed { .. }
            | Self::CompensationStarted { .. }
            | Self::SharedRead { .. }
            | Self::Moved { .. }
            | Self::ExecutionEnded { .. } => 0,
        }
    }

    /// The task it is of, if it is of one.
    pub fn task(&self) -> Option<InstanceIndex> {
        match self {
            Self::Judged { task, .. }
            | Self::WaitStarted { task, .. }
            | Self::WaitEnded { task, .. }
            | Self::TaskPrepared { task, .. }
            | Self::GroupStarted { task }
            | Self::BranchesTaken { task, .. }
            | Self::LoopStarted { task, .. }
            | Self::PassStarted { task, .. }
            | Self::PassEnded { task, .. }
            | Self::AttemptStarted { task, .. }
            | Self::AttemptInterrupted { task, .. }
            | Self::AttemptTimedOut { task, .. }
            | Self::ModelChosen { task, .. }
            | Self::ModelCalled { task, .. }
            | Self::RetryScheduled { task, .. }
            | Self::FallbackTaken { task, .. }
            | Self::BackoffEnded { task }
            | Self::TaskSpawned { task, .. }
            | Self::TaskFinishing { task, .. }
            | Self::TaskCompleted { task, .. }
            | Self::TaskFailed { task, .. }
            | Self::TaskSkipped { task, .. }
            | Self::TaskCancelled { task, .. }
            | Self::TaskReused { task, .. }
            | Self::FailFast { task }
            | Self::GroupStopped { task, .. }
            | Self::CompensationStarted { task }
            | Self::StepStarted { task, .. }
            | Self::StepEnded { task, .. }
            | Self::SharedRead { task, .. } => Some(*task),
            Self::ExecutionStarted
            | Self::SignalReceived { .. }
            | Self::ExecutionFailing { .. }
            | Self::CancelRequested { .. }
            | Self::BudgetCharged { .. }
            | Self::UsageCharged { .. }
            | Self::Paused
            | Self::Resumed { .. }
            | Self::Moved { .. }
            | Self::ExecutionEnded { .. } => None,
        }
    }
}
