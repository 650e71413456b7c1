// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Every kind of event, with and without what may be absent.

use engine::{
    AbortCause, CancelReason, End, Event, Failure, Fit, InstanceIndex, Move, Output, PassEnd, Question, ReusedEnd, Shared, SkipReason,
    Spent, TaskIndex,
};
use std::time::Duration;
use stdx::Timestamp;

#[expect(clippy::too_many_lines, reason = "a table: one line for each event")]
pub(crate) fn every_event() -> Vec<Event> {
    let at = Timestamp::from_micros;
    let (task, attempt, start, end) = (InstanceIndex::new(3), 2, at(1_700_000_000_000_001), at(1_700_000_000_000_009));
    let failure = |details: Option<&str>, retryable| Failure {
        code: "ERR_AGENT".into(),
        message: "no \"luck\"\n\u{1}é😀\\".into(),
        details: details.map(Into::into),
        retryable,
        retry_after: if retryable { None } else { Some(Duration::from_millis(1500)) },
    };
    let completed = |output| Event::TaskCompleted { task, attempt, start, end, output };
    let events = vec![
        Event::ExecutionStarted,
        Event::AttemptStarted { task, attempt, ready: at(5), ready_by: None, admitted_by: None },
        Event::AttemptStarted {
            task,
            attempt,
            ready: at(5),
            ready_by: Some(InstanceIndex::new(1)),
            admitted_by: Some(InstanceIndex::new(0)),
        },
        Event::AttemptInterrupted { task, attempt, crashed: true },
        Event::AttemptInterrupted { task, attempt: 1, crashed: false },
        Event::AttemptTimedOut { task, attempt, cause: AbortCause::Timeout },
        Event::AttemptTimedOut { task, attempt, cause: AbortCause::Silence },
        Event::RetryScheduled { task, attempt, start, end, failure: failure(None, true).into(), until: at(u64::MAX) },
        Event::RetryScheduled { task, attempt, start, end, failure: failure(Some(r#"{"n":[1,null]}"#), true).into(), until: at(0) },
        Event::BackoffEnded { task },
        completed(Output::Held),
        completed(Output::Composed),
        completed(Output::Json("null".into())),
        completed(Output::Json(r#"{"a":[1.50,-0,"\ud83d\ude00","\u0000"],"__proto__":1e400}"#.into())),
        Event::TaskFailed { task, attempt, start, end, failure: failure(None, true).into() },
        Event::TaskFailed { task, attempt, start, end, failure: failure(Some("null"), false).into() },
        Event::TaskSkipped { task, reason: SkipReason::UpstreamFailed },
        Event::TaskSkipped { task, reason: SkipReason::UpstreamSkipped },
        Event::TaskCancelled { task, reason: CancelReason::SiblingFailed },
        Event::TaskCancelled { task, reason: CancelReason::Cancelled },
        Event::FailFast { task },
        Event::CancelRequested { reason: None, force: false },
        Event::CancelRequested { reason: Some("it is \"late\"".into()), force: true },
        Event::ExecutionEnded { end: End::Completed },
        Event::ExecutionEnded { end: End::Failed { task: Some(task), failure: failure(None, true).into() } },
        Event::ExecutionEnded { end: End::Failed { task: None, failure: failure(None, false).into() } },
        Event::ExecutionEnded { end: End::Cancelled { reason: None } },
        Event::ExecutionEnded { end: End::Cancelled { reason: Some(String::new().into()) } },
        Event::Judged { task, question: Question::Gate(1), holds: true },
        Event::Judged { task, question: Question::Branch(0), holds: false },
        Event::Judged { task, question: Question::Turn { passes: 2, index: 0 }, holds: true },
        Event::WaitStarted { task, until: None },
        Event::WaitStarted { task, until: Some(at(1_700_000_000_000_020)) },
        Event::SignalReceived { name: "go".into(), payload: "1".into(), path: None, fits: None },
        Event::SignalReceived { name: "go".into(), payload: "null".into(), path: Some("l[0].w".into()), fits: None },
        Event::SignalReceived { name: "go".into(), payload: "2".into(), path: None, fits: Some([].into()) },
        Event::SignalReceived {
            name: "go".into(),
            payload: r#"{"n":1}"#.into(),
            path: None,
            fits: Some(
                [
                    Fit { task: TaskIndex::new(3), payload: None },
                    Fit { task: TaskIndex::new(5), payload: Some("null".into()) },
                    Fit { task: TaskIndex::new(6), payload: Some(r#"{"n":1,"by":"nobody"}"#.into()) },
                ]
                .into(),
            ),
        },
        Event::WaitEnded { task, payload: "null".into() },
        Event::TaskPrepared { task, input: None, cache_key: None },
        Event::TaskPrepared { task, input: Some(r#"{"prompt":"p"}"#.into()), cache_key: Some("k".into()) },
        Event::GroupStarted { task },
        Event::BranchesTaken { task, branches: Box::new([0, 2]) },
        Event::LoopStarted { task, items: None },
        Event::LoopStarted { task, items: Some(Box::new(["1".into(), r#"{"a":[]}"#.into()])) },
        Event::PassStarted { task, pass: 0 },
        Event::PassEnded { task, pass: 0, end: PassEnd::Completed },
        Event::PassEnded { task, pass: 1, end: PassEnd::Failed(failure(None, true).into()) },
        Event::PassEnded { task, pass: 2, end: PassEnd::Cancelled },
        Event::TaskSpawned { task, definition: r#"{"id":"s"}"#.into() },
        Event::TaskFinishing { task, attempt, start, end, output: Output::Json("1".into()) },
        Event::TaskReused { task, end: ReusedEnd::Cached("1".into()) },
        Event::TaskReused { task, end: ReusedEnd::Completed(None) },
        Event::TaskReused { task, end: ReusedEnd::Skipped(SkipReason::RuleNotMet) },
        Event::GroupStopped { task, cause: CancelReason::JoinSatisfied, failure: None },
        Event::GroupStopped { task, cause: CancelReason::Timeout, failure: Some(failure(None, true).into()) },
        Event::ExecutionFailing { cause: CancelReason::Deadline, failure: failure(None, false).into() },
        Event::Paused,
        Event::Resumed { step: false },
        Event::Resumed { step: true },
        Event::CompensationStarted { task },
        Event::BudgetCharged { started: 2, interrupted: 1 },
        Event::ModelChosen { task, attempt: 1, choice: r#"{"model":"m"}"#.into() },
        Event::ModelCalled {
            task,
            attempt,
            spent: Spent { calls: 1, requests: 1, ..Spent::default() }.into(),
            finish: None,
            call: r#"{"model":"m"}"#.into(),
            brief: r#"{"model":"m","spent":{"calls":1,"requests":1}}"#.into(),
        },
        Event::ModelCalled {
            task,
            attempt,
            spent: every_cost().into(),
            finish: Some("length".into()),
            call: concat!(
                r#"{"model":"m","usage":{"inputTokens":1,"outputTokens":2,"cacheReadTokens":3,"cacheWriteTokens":4,"reasoningTokens":5,"#,
                r#""totalTokens":3},"costNanos":6,"costComplete":false,"requests":7,"finishReason":"length"}"#
            )
            .into(),
            brief: concat!(
                r#"{"model":"m","spent":{"inputTokens":1,"outputTokens":2,"cacheReadTokens":3,"cacheWriteTokens":4,"reasoningTokens":5,"#,
                r#""costNanos":6,"calls":1,"requests":7,"unpriced":1,"finishReason":"length"}}"#
            )
            .into(),
        },
        Event::UsageCharged { spent: every_cost().into() },
        Event::FallbackTaken {
            task,
            attempt,
            start,
            end,
            failure: failure(Some("{}"), false).into(),
            place: 0,
            again: true,
            input: Some(r#"{"prompt":"p"}"#.into()),
        },
        Event::FallbackTaken { task, attempt: 0, start, end, failure: failure(None, true).into(), place: 1, again: false, input: None },
        Event::StepStarted { task, attempt, name: "ask 1".into(), input: None },
        Event::StepStarted { task, attempt: 1, name: "ask 2".into(), input: Some(0x1f) },
        Event::StepEnded { task, attempt, name: "ask 1".into(), input: None, value: r#"{"n":[1]}"#.into() },
        Event::StepEnded { task, attempt, name: "ask 2".into(), input: Some(u64::MAX), value: "null".into() },
        Event::SharedRead { task, attempt, revision: 7, path: None, read: Shared::Value("null".into()) },
        Event::SharedRead { task, attempt, revision: 8, path: Some("plan/1".into()), read: Shared::Hash("0a1b".into()) },
        Event::Moved { to: Box::new(moved(&[], &[])) },
        Event::Moved {
            to: Box::new(Move {
                context: Some(r#"{"n":1}"#.into()),
                idle_passes_max: Some(9),
                given: Some(r#"{"builtIn":["llm"]}"#.into()),
                ..moved(&["a", "l[0].\"b\""], &[("a", "[1.50]")])
            }),
        },
        // Last, since their kind has been there.
        Event::TaskReused { task, end: ReusedEnd::Degraded(Some("1".into()), failure(None, true).into()) },
    ];
    let mut kinds: Vec<usize> = events.iter().map(kind).collect();
    kinds.dedup();
    kinds.pop();
    assert_eq!(kinds, (0..40).collect::<Vec<_>>(), "every kind of event stands in the list, in the order of `kind`");
    events
}

/// To a plan of one task.
pub(crate) fn moved(stay: &[&str], outputs: &[(&str, &str)]) -> Move {
    let definition = r#"{"id":"w","version":"2","tasks":[{"id":"a","agentId":"x"}]}"#;
    let plan = engine::read_accepted_plan(definition, Duration::from_mins(1)).expect("it is a workflow");
    Move {
        plan: std::sync::Arc::new(plan),
        stay: stay.iter().map(|path| (*path).into()).collect(),
        outputs: std::sync::Arc::new(outputs.iter().map(|(path, output)| ((*path).into(), (*output).into())).collect()),
        context: None,
        idle_passes_max: None,
        given: None,
    }
}

/// One call, each figure another.
fn every_cost() -> Spent {
    Spent {
        input_tokens: 1,
        output_tokens: 2,
        cache_read_tokens: 3,
        cache_write_tokens: 4,
        reasoning_tokens: 5,
        cost_nanos: 6,
        calls: 1,
        requests: 7,
        unpriced: 1,
    }
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
        Event::Judged { .. } => 13,
        Event::WaitStarted { .. } => 14,
        Event::SignalReceived { .. } => 15,
        Event::WaitEnded { .. } => 16,
        Event::TaskPrepared { .. } => 17,
        Event::GroupStarted { .. } => 18,
        Event::BranchesTaken { .. } => 19,
        Event::LoopStarted { .. } => 20,
        Event::PassStarted { .. } => 21,
        Event::PassEnded { .. } => 22,
        Event::TaskSpawned { .. } => 23,
        Event::TaskFinishing { .. } => 24,
        Event::TaskReused { .. } => 25,
        Event::GroupStopped { .. } => 26,
        Event::ExecutionFailing { .. } => 27,
        Event::Paused => 28,
        Event::Resumed { .. } => 29,
        Event::CompensationStarted { .. } => 30,
        Event::BudgetCharged { .. } => 31,
        Event::ModelChosen { .. } => 32,
        Event::ModelCalled { .. } => 33,
        Event::UsageCharged { .. } => 34,
        Event::FallbackTaken { .. } => 35,
        Event::StepStarted { .. } => 36,
        Event::StepEnded { .. } => 37,
        Event::SharedRead { .. } => 38,
        Event::Moved { .. } => 39,
    }
}
