// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Every kind of event, with and without what may be absent.

use engine::{CancelReason, End, Event, Failure, Output, SkipReason, TaskIndex};
use stdx::Timestamp;

pub(crate) fn every_event() -> Vec<Event> {
    let at = Timestamp::from_micros;
    let (task, attempt, start, end) = (TaskIndex::new(3), 2, at(1_700_000_000_000_001), at(1_700_000_000_000_009));
    let failure = |details: Option<&str>, retryable| Failure {
        code: "ERR_AGENT".into(),
        message: "no \"luck\"\n\u{1}é😀\\".into(),
        details: details.map(Into::into),
        retryable,
    };
    let completed = |output| Event::TaskCompleted { task, attempt, start, end, output };
    let events = vec![
        Event::ExecutionStarted,
        Event::AttemptStarted { task, attempt, ready: at(5), ready_by: None, admitted_by: None },
        Event::AttemptStarted { task, attempt, ready: at(5), ready_by: Some(TaskIndex::new(1)), admitted_by: Some(TaskIndex::new(0)) },
        Event::AttemptInterrupted { task, attempt },
        Event::AttemptTimedOut { task, attempt },
        Event::RetryScheduled { task, attempt, start, end, failure: failure(None, true).into(), until: at(u64::MAX) },
        Event::RetryScheduled { task, attempt, start, end, failure: failure(Some(r#"{"n":[1,null]}"#), true).into(), until: at(0) },
        Event::BackoffEnded { task },
        completed(Output::Held),
        completed(Output::Json("null".into())),
        completed(Output::Json(r#"{"a":[1.50,-0,"\ud800","\u0000"],"__proto__":1e400}"#.into())),
        Event::TaskFailed { task, attempt, start, end, failure: failure(None, true).into() },
        Event::TaskFailed { task, attempt, start, end, failure: failure(Some("null"), false).into() },
        Event::TaskSkipped { task, reason: SkipReason::UpstreamFailed },
        Event::TaskSkipped { task, reason: SkipReason::UpstreamSkipped },
        Event::TaskCancelled { task, reason: CancelReason::SiblingFailed },
        Event::TaskCancelled { task, reason: CancelReason::Cancelled },
        Event::FailFast { task },
        Event::CancelRequested { reason: None },
        Event::CancelRequested { reason: Some("it is \"late\"".into()) },
        Event::ExecutionEnded { end: End::Completed },
        Event::ExecutionEnded { end: End::Failed { task } },
        Event::ExecutionEnded { end: End::Cancelled { reason: None } },
        Event::ExecutionEnded { end: End::Cancelled { reason: Some(String::new().into()) } },
    ];
    let mut kinds: Vec<usize> = events.iter().map(kind).collect();
    kinds.dedup();
    assert_eq!(kinds, (0..13).collect::<Vec<_>>(), "every kind of event stands in the list, in the order of `kind`");
    events
}

/// A new kind of event does not compile until it is here, and then not pass until it is in the list above.
fn kind(event: &Event) -> usize {
    match event {
        Event::ExecutionStarted => 0,
        Event::AttemptStarted { .. } => 1,
        Event::AttemptInterrupted { .. } => 2,
        Event::AttemptTimedOut { .. } => 3,
        Event::RetryScheduled { .. } => 4,
        Event::BackoffEnded { .. } => 5,
        Event::TaskCompleted { .. } => 6,
        Event::TaskFailed { .. } => 7,
        Event::TaskSkipped { .. } => 8,
        Event::TaskCancelled { .. } => 9,
        Event::FailFast { .. } => 10,
        Event::CancelRequested { .. } => 11,
        Event::ExecutionEnded { .. } => 12,
    }
}
