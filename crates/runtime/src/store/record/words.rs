// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The words for what is not a number: in records, in columns and in JavaScript alike.

use crate::store::Waited;
use engine::{AbortCause, CancelReason, End, Event, ReusedEnd, SkipReason};

/// The word for an event, in records alone.
pub(super) fn event_name(event: &Event) -> &'static str {
    match event {
        Event::ExecutionStarted => "executionStarted",
        Event::Judged { .. } => "judged",
        Event::WaitStarted { .. } => "waitStarted",
        Event::SignalReceived { .. } => "signalReceived",
        Event::WaitEnded { .. } => "waitEnded",
        Event::TaskPrepared { .. } => "taskPrepared",
        Event::GroupStarted { .. } => "groupStarted",
        Event::BranchesTaken { .. } => "branchesTaken",
        Event::LoopStarted { .. } => "loopStarted",
        Event::PassStarted { .. } => "passStarted",
        Event::PassEnded { .. } => "passEnded",
        Event::AttemptStarted { .. } => "attemptStarted",
        Event::AttemptInterrupted { .. } => "attemptInterrupted",
        Event::AttemptTimedOut { .. } => "attemptTimedOut",
        Event::ModelChosen { .. } => "modelChosen",
        Event::ModelCalled { .. } => "modelCalled",
        Event::RetryScheduled { .. } => "retryScheduled",
        Event::FallbackTaken { .. } => "fallbackTaken",
        Event::BackoffEnded { .. } => "backoffEnded",
        Event::TaskSpawned { .. } => "taskSpawned",
        Event::TaskFinishing { .. } => "taskFinishing",
        Event::TaskCompleted { .. } => "taskCompleted",
        Event::TaskFailed { .. } => "taskFailed",
        Event::TaskSkipped { .. } => "taskSkipped",
        Event::TaskCancelled { .. } => "taskCancelled",
        Event::TaskReused { .. } => "taskReused",
        Event::FailFast { .. } => "failFast",
        Event::GroupStopped { .. } => "groupStopped",
        Event::ExecutionFailing { .. } => "executionFailing",
        Event::CancelRequested { .. } => "cancelRequested",
        Event::BudgetCharged { .. } => "budgetCharged",
        Event::UsageCharged { .. } => "usageCharged",
        Event::Paused => "paused",
        Event::Resumed { .. } => "resumed",
        Event::CompensationStarted { .. } => "compensationStarted",
        Event::StepStarted { .. } => "stepStarted",
        Event::StepEnded { .. } => "stepEnded",
        Event::SharedRead { .. } => "sharedRead",
        Event::Moved { .. } => "moved",
        Event::ExecutionEnded { .. } => "executionEnded",
    }
}

pub(super) const SKIPS: [SkipReason; 5] = [
    SkipReason::UpstreamFailed,
    SkipReason::UpstreamSkipped,
    SkipReason::ConditionFalse,
    SkipReason::BranchNotTaken,
    SkipReason::RuleNotMet,
];

pub(super) const CANCELS: [CancelReason; 6] = [
    CancelReason::SiblingFailed,
    CancelReason::Cancelled,
    CancelReason::JoinSatisfied,
    CancelReason::Deadline,
    CancelReason::Budget,
    CancelReason::Timeout,
];

pub(super) fn abort_cause_name(cause: AbortCause) -> &'static str {
    match cause {
        AbortCause::Timeout => "timeout",
        AbortCause::Silence => "silence",
        AbortCause::TotalTimeout => "total_timeout",
        AbortCause::Stopped(reason) => cancel_reason_name(reason),
    }
}

pub(super) fn reused_name(end: &ReusedEnd) -> &'static str {
    match end {
        ReusedEnd::Cached(_) => "cached",
        ReusedEnd::Completed(_) => "completed",
        ReusedEnd::Degraded(..) => "degraded",
        ReusedEnd::Failed(_) => "failed",
        ReusedEnd::Skipped(_) => "skipped",
        ReusedEnd::Cancelled(_) => "cancelled",
    }
}

pub(super) const WAITS: [Waited; 5] = [Waited::Place, Waited::Making, Waited::Rate, Waited::Lane, Waited::Held];

pub(super) fn waited_name(waited: Waited) -> &'static str {
    match waited {
        Waited::Place => "place",
        Waited::Making => "making",
        Waited::Rate => "rate",
        Waited::Lane => "lane",
        Waited::Held => "held",
    }
}

/// What a word says that an attempt waited for.
pub(super) fn waited(word: &str) -> Option<Waited> {
    WAITS.into_iter().find(|waited| waited_name(*waited) == word)
}

/// The word for a reason, in records and in JavaScript alike.
pub(crate) fn skip_reason_name(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::UpstreamFailed => "upstream_failed",
        SkipReason::UpstreamSkipped => "upstream_skipped",
        SkipReason::ConditionFalse => "condition_false",
        SkipReason::BranchNotTaken => "branch_not_taken",
        SkipReason::RuleNotMet => "rule_not_met",
    }
}

/// The word for a reason, in records and in JavaScript alike.
pub(crate) fn cancel_reason_name(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::SiblingFailed => "sibling_failed",
        CancelReason::Cancelled => "cancelled",
        CancelReason::JoinSatisfied => "join_satisfied",
        CancelReason::Deadline => "deadline",
        CancelReason::Budget => "budget",
        CancelReason::Timeout => "timeout",
    }
}

/// The word for an end, in records, columns and JavaScript alike.
pub fn end_name(end: &End) -> &'static str {
    match end {
        End::Completed => "completed",
        End::Failed { .. } => "failed",
        End::Cancelled { .. } => "cancelled",
    }
}

/// The reason a word stands for.
pub(crate) fn skip_reason(word: &str) -> Option<SkipReason> {
    SKIPS.into_iter().find(|reason| skip_reason_name(*reason) == word)
}

/// The reason a word stands for.
pub(crate) fn cancel_reason(word: &str) -> Option<CancelReason> {
    CANCELS.into_iter().find(|reason| cancel_reason_name(*reason) == word)
}
