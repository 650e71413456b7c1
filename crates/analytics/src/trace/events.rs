// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What events are about.

use super::TaskNumber;
use crate::{Kind, Outcome};
use engine::{Event, Failure, InstanceIndex, ReusedEnd, TaskKind};
use serde::Deserialize;
use std::sync::Arc;

/// The print of a request, which its choice and its call both have.
pub(super) fn asked(text: &str) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Asked {
        asked: String,
    }
    serde_json::from_str::<Asked>(text).unwrap_or_default().asked
}

pub(super) fn instance(number: TaskNumber) -> InstanceIndex {
    InstanceIndex::new(u32::try_from(number).unwrap_or(u32::MAX))
}

pub(super) fn number_of(task: InstanceIndex) -> TaskNumber {
    task.get() as TaskNumber
}

pub(super) fn kind_of(kind: &TaskKind) -> (Kind, Option<Arc<str>>) {
    match kind {
        TaskKind::Agent { agent_id } => (Kind::Agent, Some(Arc::clone(agent_id))),
        TaskKind::Workflow => (Kind::Workflow, None),
        TaskKind::Wait => (Kind::Wait, None),
        TaskKind::Group { .. } | TaskKind::Choice { .. } | TaskKind::Loop(_) => (Kind::Group, None),
    }
}

pub(super) fn reused(end: &ReusedEnd) -> (Outcome, Option<&Arc<Failure>>) {
    match end {
        ReusedEnd::Cached(_) | ReusedEnd::Completed(_) | ReusedEnd::Degraded(..) => (Outcome::Completed, None),
        ReusedEnd::Failed(failure) => (Outcome::Failed, Some(failure)),
        ReusedEnd::Skipped(_) => (Outcome::Skipped, None),
        ReusedEnd::Cancelled(_) => (Outcome::Cancelled, None),
    }
}

/// The task that an event is about, where it is about one.
pub(super) fn task_of(event: &Event) -> Option<TaskNumber> {
    match event {
        Event::Judged { task, .. }
        | Event::WaitStarted { task, .. }
        | Event::WaitEnded { task, .. }
        | Event::TaskPrepared { task, .. }
        | Event::GroupStarted { task }
        | Event::BranchesTaken { task, .. }
        | Event::LoopStarted { task, .. }
        | Event::AttemptStarted { task, .. }
        | Event::TaskCompleted { task, .. }
        | Event::TaskFailed { task, .. }
        | Event::TaskSkipped { task, .. }
        | Event::TaskCancelled { task, .. }
        | Event::TaskReused { task, .. }
        | Event::FallbackTaken { task, .. } => Some(number_of(*task)),
        Event::ExecutionStarted
        | Event::SignalReceived { .. }
        | Event::PassStarted { .. }
        | Event::PassEnded { .. }
        | Event::AttemptInterrupted { .. }
        | Event::AttemptTimedOut { .. }
        | Event::ModelChosen { .. }
        | Event::ModelCalled { .. }
        | Event::RetryScheduled { .. }
        | Event::BackoffEnded { .. }
        | Event::TaskSpawned { .. }
        | Event::TaskFinishing { .. }
        | Event::FailFast { .. }
        | Event::GroupStopped { .. }
        | Event::ExecutionFailing { .. }
        | Event::CancelRequested { .. }
        | Event::BudgetCharged { .. }
        | Event::UsageCharged { .. }
        | Event::Paused
        | Event::Resumed { .. }
        | Event::CompensationStarted { .. }
        | Event::StepStarted { .. }
        | Event::StepEnded { .. }
        | Event::SharedRead { .. }
        | Event::Moved { .. }
        | Event::ExecutionEnded { .. } => None,
    }
}
