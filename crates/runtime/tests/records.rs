// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The stored form of a record. A change of the golden text is a change of what is in users' files: it needs a new version and a reader
//! that still knows the old one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

#[path = "records/attempts.rs"]
mod attempts;
#[path = "support/events.rs"]
mod events;

use engine::{
    AbortCause, CancelReason, End, Event, Failure, Fit, InstanceIndex, Output, PassEnd, Question, ReusedEnd, SkipReason, Spent, TaskIndex,
};
use events::every_event;
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use runtime::store::{RECORD_VERSION, StepRecord, decode, encode};
use serde_json::{Map, Value, json};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

fn record(events: Vec<Event>) -> StepRecord {
    let at = Timestamp::from_micros(1_700_000_000_000_010);
    StepRecord { slot: 0, key: 7, seq: 4, at, previous_committed: Timestamp::from_micros(17), events, ..StepRecord::default() }
}

fn encoded(record: &StepRecord) -> String {
    let mut text = String::new();
    encode(record, &mut text);
    text
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one entry for each event")]
fn each_event_has_its_text() {
    let lines: Vec<String> = every_event().into_iter().map(|event| encoded(&record(vec![event])) + "\n").collect();
    expect![[r#"
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionStarted"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptStarted","task":3,"attempt":2,"ready":-1700000000000005}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptStarted","task":3,"attempt":2,"ready":-1700000000000005,"readyBy":1,"admittedBy":0}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptInterrupted","task":3,"attempt":2,"crashed":true}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptInterrupted","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptTimedOut","task":3,"attempt":2,"cause":"timeout"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptTimedOut","task":3,"attempt":2,"cause":"silence"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"retryScheduled","task":3,"attempt":2,"start":-9,"end":-1,"until":-1700000000000011,"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"retryScheduled","task":3,"attempt":2,"start":-9,"end":-1,"until":-1700000000000010,"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\","details":{"n":[1,null]}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"backoffEnded","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCompleted","task":3,"attempt":2,"start":-9,"end":-1}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCompleted","task":3,"attempt":2,"start":-9,"end":-1,"composed":true}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCompleted","task":3,"attempt":2,"start":-9,"end":-1,"output":null}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCompleted","task":3,"attempt":2,"start":-9,"end":-1,"output":{"a":[1.50,-0,"\ud83d\ude00","\u0000"],"__proto__":1e400}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskFailed","task":3,"attempt":2,"start":-9,"end":-1,"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskFailed","task":3,"attempt":2,"start":-9,"end":-1,"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\","final":true,"retryAfter":1500000,"details":null}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskSkipped","task":3,"reason":"upstream_failed"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskSkipped","task":3,"reason":"upstream_skipped"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCancelled","task":3,"reason":"sibling_failed"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCancelled","task":3,"reason":"cancelled"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"failFast","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"cancelRequested"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"cancelRequested","reason":"it is \"late\"","force":true}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionEnded","status":"completed"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionEnded","status":"failed","task":3,"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionEnded","status":"failed","code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\","final":true,"retryAfter":1500000}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionEnded","status":"cancelled"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionEnded","status":"cancelled","reason":""}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"judged","task":3,"gate":1,"holds":true}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"judged","task":3,"branch":0}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"judged","task":3,"passes":2,"condition":0,"holds":true}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"waitStarted","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"waitStarted","task":3,"until":10}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"signalReceived","name":"go","payload":1}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"signalReceived","name":"go","payload":null,"path":"l[0].w"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"signalReceived","name":"go","payload":2,"fits":[]}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"signalReceived","name":"go","payload":{"n":1},"fits":[[3],[5,null],[6,{"n":1,"by":"nobody"}]]}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"waitEnded","task":3,"payload":null}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskPrepared","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskPrepared","task":3,"input":{"prompt":"p"},"cacheKey":"k"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"groupStarted","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"branchesTaken","task":3,"branches":[0,2]}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"loopStarted","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"loopStarted","task":3,"items":[1,{"a":[]}]}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"passStarted","task":3,"pass":0}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"passEnded","task":3,"pass":0,"status":"completed"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"passEnded","task":3,"pass":1,"status":"failed","code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"passEnded","task":3,"pass":2,"status":"cancelled"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskSpawned","task":3,"definition":{"id":"s"}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskFinishing","task":3,"attempt":2,"start":-9,"end":-1,"output":1}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskReused","task":3,"status":"cached","output":1}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskReused","task":3,"status":"completed"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskReused","task":3,"status":"skipped","reason":"rule_not_met"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"groupStopped","task":3,"reason":"join_satisfied"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"groupStopped","task":3,"reason":"timeout","code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionFailing","reason":"deadline","code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\","final":true,"retryAfter":1500000}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"paused"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"resumed"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"resumed","step":true}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"compensationStarted","task":3}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"budgetCharged","started":2,"interrupted":1}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"modelChosen","task":3,"choice":{"model":"m"}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"modelCalled","task":3,"attempt":2,"call":{"model":"m"}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"modelCalled","task":3,"attempt":2,"call":{"model":"m","usage":{"inputTokens":1,"outputTokens":2,"cacheReadTokens":3,"cacheWriteTokens":4,"reasoningTokens":5,"totalTokens":3},"costNanos":6,"costComplete":false,"requests":7,"finishReason":"length"}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"usageCharged","spent":{"inputTokens":1,"outputTokens":2,"cacheReadTokens":3,"cacheWriteTokens":4,"reasoningTokens":5,"costNanos":6,"calls":1,"requests":7,"unpriced":1}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"fallbackTaken","task":3,"attempt":2,"start":-9,"end":-1,"place":0,"again":true,"input":{"prompt":"p"},"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\","final":true,"retryAfter":1500000,"details":{}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"fallbackTaken","task":3,"attempt":0,"start":-9,"end":-1,"place":1,"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"stepStarted","task":3,"attempt":2,"name":"ask 1"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"stepStarted","task":3,"name":"ask 2","print":"000000000000001f"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"stepEnded","task":3,"attempt":2,"name":"ask 1","value":{"n":[1]}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"stepEnded","task":3,"attempt":2,"name":"ask 2","print":"ffffffffffffffff","value":null}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"sharedRead","task":3,"attempt":2,"revision":7,"value":null}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"sharedRead","task":3,"attempt":2,"revision":8,"path":"plan/1","hash":"0a1b"}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"moved","definition":{"id":"w","version":"2","tasks":[{"id":"a","agentId":"x"}]},"timeout":60000,"stay":[]}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"moved","definition":{"id":"w","version":"2","tasks":[{"id":"a","agentId":"x"}]},"timeout":60000,"stay":["a","l[0].\"b\""],"known":[["a",[1.50]]],"context":{"n":1},"idlePassesMax":9,"given":{"builtIn":["llm"]}}]}
        {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskReused","task":3,"status":"degraded","output":1,"code":"ERR_AGENT","message":"no \"luck\"\n\u0001é😀\\"}]}
    "#]].assert_eq(&lines.concat());
}

#[test]
fn a_record_may_hold_many_events_or_none() {
    for events in [every_event(), Vec::new()] {
        let record = record(events);
        assert_eq!(decode(&encoded(&record), record.key, record.seq, record.at).unwrap(), record);
    }
}

#[test]
fn encoding_appends_to_what_is_there() {
    let mut text = String::from("before ");
    encode(&record(vec![Event::ExecutionStarted]), &mut text);
    assert_eq!(text, r#"before {"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"executionStarted"}]}"#);
}

#[test]
fn attempts_of_tasks_in_a_row_that_start_alike_are_one_entry() {
    let start = |task, attempt, ready| Event::AttemptStarted {
        task: InstanceIndex::new(task),
        attempt,
        ready: Timestamp::from_micros(ready),
        ready_by: Some(InstanceIndex::new(0)),
        admitted_by: None,
    };
    let at = 1_700_000_000_000_010;
    let alike = [4, 5, 6].map(|task| start(task, 1, at));
    let others = [start(8, 1, at), start(9, 2, at), start(10, 2, at - 1), start(10, 2, at - 1), start(u32::MAX, 1, at)];
    let record = record([&alike[..], &others].concat());
    let text = encoded(&record);
    assert_eq!(decode(&text, record.key, record.seq, record.at).unwrap(), record);
    expect![[r#"{"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptStarted","task":4,"readyBy":0,"more":2},{"event":"attemptStarted","task":8,"readyBy":0},{"event":"attemptStarted","task":9,"attempt":2,"readyBy":0},{"event":"attemptStarted","task":10,"attempt":2,"ready":-1,"readyBy":0},{"event":"attemptStarted","task":10,"attempt":2,"ready":-1,"readyBy":0},{"event":"attemptStarted","task":4294967295,"readyBy":0}]}"#]].assert_eq(&text);

    let long: Vec<Event> = (0..3000).map(|task| start(task, 1, at)).collect();
    let record = StepRecord { events: long, ..record };
    let text = encoded(&record);
    assert_eq!(decode(&text, record.key, record.seq, record.at).unwrap(), record);
    assert_eq!(text.matches("attemptStarted").count(), 3);
}

#[test]
fn tasks_in_a_row_that_completed_are_one_entry() {
    let at = 1_700_000_000_000_010;
    let completed = |task, attempt, output: &str| Event::TaskCompleted {
        task: InstanceIndex::new(task),
        attempt,
        start: Timestamp::from_micros(at - 9),
        end: Timestamp::from_micros(at - 5 + u64::from(task)),
        output: Output::Json(output.into()),
    };
    let held = Event::TaskCompleted {
        task: InstanceIndex::new(7),
        attempt: 1,
        start: Timestamp::from_micros(at),
        end: Timestamp::from_micros(at),
        output: Output::Held,
    };
    let events = [completed(4, 1, "1"), completed(5, 1, "null"), completed(6, 1, r#"{"a":[]}"#), held];
    let record = record([&events[..], &[completed(8, 2, "2"), completed(9, 2, "3"), completed(10, 1, "4")]].concat());
    let text = encoded(&record);
    assert_eq!(decode(&text, record.key, record.seq, record.at).unwrap(), record);
    expect![[r#"{"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCompleted","task":4,"starts":[-9,-9,-9],"ends":[-1,0,1],"outputs":[1,null,{"a":[]}],"more":2},{"event":"taskCompleted","task":7,"start":0,"end":0},{"event":"taskCompleted","task":8,"attempt":2,"starts":[-9,-9],"ends":[3,4],"outputs":[2,3],"more":1},{"event":"taskCompleted","task":10,"start":-9,"end":5,"output":4}]}"#]].assert_eq(&text);
}

/// What files of the first version hold: every start of an attempt by itself.
#[test]
fn records_of_the_first_version_are_still_read() {
    let text = r#"{"v":1,"previousCommitted":-3,"events":[{"event":"attemptStarted","task":1,"readyBy":0},{"event":"attemptStarted","task":2,"readyBy":0}]}"#;
    let at = Timestamp::from_micros(20);
    let start = |task| Event::AttemptStarted {
        task: InstanceIndex::new(task),
        attempt: 1,
        ready: at,
        ready_by: Some(InstanceIndex::new(0)),
        admitted_by: None,
    };
    let events = vec![start(1), start(2)];
    let record =
        StepRecord { slot: 0, key: 7, seq: 4, at, previous_committed: Timestamp::from_micros(17), events, ..StepRecord::default() };
    assert_eq!(decode(text, 7, 4, at).unwrap(), record);
}

#[test]
fn every_record_reads_back_as_it_was() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let known = (vec(attempts::known(), 0..12), option::of(attempts::carried()));
    proptest!(config, |(events in vec(prop_oneof![any_event().prop_map(|event| vec![event]), starts(), ends()], 0..5).prop_map(|runs| runs.concat()), (known, carried) in known, key: i64, seq: u64, at: u64, previous: u64)| {
        let previous_committed = Timestamp::from_micros(previous);
        let (began, ran) = attempts::beside(&events, &known);
        let carried = carried.map(Box::new);
        let record = StepRecord { slot: 0, key, seq, at: Timestamp::from_micros(at), previous_committed, events, began, ran, carried };
        let text = encoded(&record);
        prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text} is not JSON");
        prop_assert!(!text.contains('\n'), "{text} is not one line");
        prop_assert_eq!(decode(&text, key, seq, record.at).unwrap(), record);
    });
}

fn any_event() -> impl Strategy<Value = Event> {
    let task = || any::<u32>().prop_map(InstanceIndex::new);
    let at = || any::<u64>().prop_map(Timestamp::from_micros);
    let attempt = any::<u32>;
    prop_oneof![
        Just(Event::ExecutionStarted),
        (task(), attempt(), at(), option::of(task()), option::of(task())).prop_map(|(task, attempt, ready, ready_by, admitted_by)| {
            Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by }
        }),
        (task(), attempt(), any::<bool>()).prop_map(|(task, attempt, crashed)| Event::AttemptInterrupted { task, attempt, crashed }),
        (task(), attempt(), cause()).prop_map(|(task, attempt, cause)| Event::AttemptTimedOut { task, attempt, cause }),
        structure(),
        (task(), attempt(), at(), at(), failure(), at()).prop_map(|(task, attempt, start, end, failure, until)| Event::RetryScheduled {
            task,
            attempt,
            start,
            end,
            failure: failure.into(),
            until
        }),
        (task(), attempt(), at(), at(), failure(), any::<u32>(), option::of(json())).prop_map(
            |(task, attempt, start, end, failure, place, input)| {
                Event::FallbackTaken { task, attempt, start, end, failure: failure.into(), place, again: input.is_some(), input }
            }
        ),
        task().prop_map(|task| Event::BackoffEnded { task }),
        (task(), attempt(), at(), at(), output()).prop_map(|(task, attempt, start, end, output)| Event::TaskCompleted {
            task,
            attempt,
            start,
            end,
            output
        }),
        (task(), attempt(), at(), at(), failure()).prop_map(|(task, attempt, start, end, failure)| Event::TaskFailed {
            task,
            attempt,
            start,
            end,
            failure: failure.into()
        }),
        (task(), skip()).prop_map(|(task, reason)| Event::TaskSkipped { task, reason }),
        (task(), cancel()).prop_map(|(task, reason)| Event::TaskCancelled { task, reason }),
        task().prop_map(|task| Event::FailFast { task }),
        (option::of(text()), any::<bool>()).prop_map(|(reason, force)| Event::CancelRequested { reason, force }),
        prop_oneof![
            Just(End::Completed),
            (option::of(task()), failure()).prop_map(|(task, failure)| End::Failed { task, failure: failure.into() }),
            option::of(text()).prop_map(|reason| End::Cancelled { reason })
        ]
        .prop_map(|end| Event::ExecutionEnded { end }),
    ]
}

/// Attempts that start together, alike for the most part.
fn starts() -> impl Strategy<Value = Vec<Event>> {
    let ready_by = option::of((0..2_u32).prop_map(InstanceIndex::new));
    let attempt = (1..3_u32, 0..2_u64, ready_by.clone(), ready_by, 0..2_u32);
    (any::<u32>(), vec(prop_oneof![4 => Just(None), 1 => attempt.prop_map(Some)], 0..8)).prop_map(|(first, attempts)| {
        let (mut next, mut last) = (first, (1, 0, None, None, 1));
        let mut starts = Vec::new();
        for attempt in attempts {
            let (attempt, ready, ready_by, admitted_by, step) = attempt.unwrap_or(last);
            last = (attempt, ready, ready_by, admitted_by, 1);
            let (task, ready) = (InstanceIndex::new(next), Timestamp::from_micros(ready));
            starts.push(Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by });
            next = next.wrapping_add(step);
        }
        starts
    })
}

/// Tasks that completed one after the other, for the most part in a row.
fn ends() -> impl Strategy<Value = Vec<Event>> {
    let task = (prop_oneof![4 => Just(1), 1 => 0..3_u32], prop_oneof![4 => Just(1), 1 => any::<u32>()]);
    let end = (task, any::<u64>(), any::<u64>(), prop_oneof![4 => json().prop_map(Output::Json), 1 => output()]);
    (any::<u32>(), vec(end, 0..8)).prop_map(|(first, ends)| {
        let mut next = first;
        let complete = |((step, attempt), start, end, output)| {
            let task = InstanceIndex::new(next);
            next = next.wrapping_add(step);
            Event::TaskCompleted { task, attempt, start: Timestamp::from_micros(start), end: Timestamp::from_micros(end), output }
        };
        ends.into_iter().map(complete).collect()
    })
}

/// What nested workflows, waits, pauses and compensation record.
fn structure() -> impl Strategy<Value = Event> {
    let task = || any::<u32>().prop_map(InstanceIndex::new);
    let at = || any::<u64>().prop_map(Timestamp::from_micros);
    let question = prop_oneof![
        any::<u32>().prop_map(Question::Gate),
        any::<u32>().prop_map(Question::Branch),
        (any::<u32>(), any::<u32>()).prop_map(|(passes, index)| Question::Turn { passes, index }),
    ];
    let pass_end =
        prop_oneof![Just(PassEnd::Completed), failure().prop_map(|failure| PassEnd::Failed(failure.into())), Just(PassEnd::Cancelled)];
    let reused = prop_oneof![
        json().prop_map(ReusedEnd::Cached),
        option::of(json()).prop_map(ReusedEnd::Completed),
        failure().prop_map(|failure| ReusedEnd::Failed(failure.into())),
        (option::of(json()), failure()).prop_map(|(output, failure)| ReusedEnd::Degraded(output, failure.into())),
        skip().prop_map(ReusedEnd::Skipped),
        cancel().prop_map(ReusedEnd::Cancelled),
    ];
    prop_oneof![
        (task(), question, any::<bool>()).prop_map(|(task, question, holds)| Event::Judged { task, question, holds }),
        (task(), option::of(at())).prop_map(|(task, until)| Event::WaitStarted { task, until }),
        (text(), json(), option::of(text()), option::of(fits())).prop_map(|(name, payload, path, fits)| Event::SignalReceived {
            name,
            payload,
            path,
            fits
        }),
        (task(), json()).prop_map(|(task, payload)| Event::WaitEnded { task, payload }),
        (task(), option::of(json()), option::of(text())).prop_map(|(task, input, cache_key)| Event::TaskPrepared {
            task,
            input,
            cache_key
        }),
        task().prop_map(|task| Event::GroupStarted { task }),
        (task(), vec(any::<u32>(), 0..4)).prop_map(|(task, branches)| Event::BranchesTaken { task, branches: branches.into() }),
        (task(), option::of(vec(json(), 0..4))).prop_map(|(task, items)| Event::LoopStarted { task, items: items.map(Into::into) }),
        (task(), any::<u32>()).prop_map(|(task, pass)| Event::PassStarted { task, pass }),
        (task(), any::<u32>(), pass_end).prop_map(|(task, pass, end)| Event::PassEnded { task, pass, end }),
        (task(), json()).prop_map(|(task, definition)| Event::TaskSpawned { task, definition }),
        (task(), any::<u32>(), at(), at(), output()).prop_map(|(task, attempt, start, end, output)| Event::TaskFinishing {
            task,
            attempt,
            start,
            end,
            output
        }),
        (task(), reused).prop_map(|(task, end)| Event::TaskReused { task, end }),
        (task(), cancel(), option::of(failure())).prop_map(|(task, cause, failure)| Event::GroupStopped {
            task,
            cause,
            failure: failure.map(Into::into)
        }),
        (cancel(), failure()).prop_map(|(cause, failure)| Event::ExecutionFailing { cause, failure: failure.into() }),
        (any::<u64>(), any::<u64>()).prop_map(|(started, interrupted)| Event::BudgetCharged { started, interrupted }),
        (task(), any::<u32>(), json()).prop_map(|(task, attempt, choice)| Event::ModelChosen { task, attempt, choice }),
        (task(), any::<u32>(), spent(), text(), option::of(text())).prop_map(|(task, attempt, spent, model, finish)| {
            let spent = Spent { calls: 1, unpriced: spent.unpriced % 2, ..spent };
            let call = call_of(&spent, &model, finish.as_deref());
            let sum = runtime::spent::of_task(spent, finish.as_deref());
            let brief = format!(r#"{{"model":{},"spent":{sum}}}"#, Value::from(&*model)).into();
            Event::ModelCalled { task, attempt, call, spent: spent.into(), finish, brief }
        }),
        spent().prop_map(|spent| Event::UsageCharged { spent: spent.into() }),
        Just(Event::Paused),
        any::<bool>().prop_map(|step| Event::Resumed { step }),
        task().prop_map(|task| Event::CompensationStarted { task }),
        attempts::steps(),
    ]
}

fn spent() -> impl Strategy<Value = Spent> {
    any::<[u64; 9]>().prop_map(
        |[input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_nanos, calls, requests, unpriced]| {
            Spent {
                input_tokens,
                output_tokens,
                cache_read_tokens,
                cache_write_tokens,
                reasoning_tokens,
                cost_nanos,
                calls,
                requests,
                unpriced,
            }
        },
    )
}

/// A call that cost this, as its host tells of it.
fn call_of(spent: &Spent, model: &str, finish: Option<&str>) -> Arc<str> {
    let usage = json!({
        "inputTokens": spent.input_tokens,
        "outputTokens": spent.output_tokens,
        "cacheReadTokens": spent.cache_read_tokens,
        "cacheWriteTokens": spent.cache_write_tokens,
        "reasoningTokens": spent.reasoning_tokens,
    });
    let (cost, requests, complete) = (spent.cost_nanos, spent.requests, spent.unpriced == 0);
    let call = json!({ "model": model, "usage": usage, "costNanos": cost, "requests": requests, "costComplete": complete });
    let ended = finish.map(|finish| ("finishReason".to_owned(), finish.into()));
    let call: Map<String, Value> = call.as_object().cloned().unwrap_or_default().into_iter().chain(ended).collect();
    Value::from(call).to_string().into()
}

fn skip() -> impl Strategy<Value = SkipReason> {
    use SkipReason::{BranchNotTaken, ConditionFalse, RuleNotMet, UpstreamFailed, UpstreamSkipped};
    select(vec![UpstreamFailed, UpstreamSkipped, ConditionFalse, BranchNotTaken, RuleNotMet])
}

fn cancel() -> impl Strategy<Value = CancelReason> {
    use CancelReason::{Budget, Cancelled, Deadline, JoinSatisfied, SiblingFailed, Timeout};
    select(vec![SiblingFailed, Cancelled, JoinSatisfied, Deadline, Budget, Timeout])
}

fn cause() -> impl Strategy<Value = AbortCause> {
    let own = select(vec![AbortCause::Timeout, AbortCause::Silence, AbortCause::TotalTimeout]);
    prop_oneof![own, cancel().prop_filter("a time-out of its own", |reason| *reason != CancelReason::Timeout).prop_map(AbortCause::Stopped)]
}

fn failure() -> impl Strategy<Value = Failure> {
    let wait = option::of((0..1_u64 << 40).prop_map(Duration::from_micros));
    (text(), text(), option::of(json()), any::<bool>(), wait).prop_map(|(code, message, details, retryable, retry_after)| Failure {
        code,
        message,
        details,
        retryable,
        retry_after,
    })
}

fn output() -> impl Strategy<Value = Output> {
    prop_oneof![Just(Output::Held), json().prop_map(Output::Json), json().prop_map(Output::Undoable), Just(Output::Composed)]
}

/// Waits that a payload fits.
fn fits() -> impl Strategy<Value = Arc<[Fit]>> {
    let fit = (any::<u32>(), option::of(json())).prop_map(|(task, payload)| Fit { task: TaskIndex::new(task), payload });
    vec(fit, 0..3).prop_map(Into::into)
}

/// Text with whatever has to be escaped.
fn text() -> impl Strategy<Value = Arc<str>> {
    let nasty =
        select(vec!['"', '\\', '\n', '\r', '\t', '\u{0}', '\u{1f}', '\u{7f}', '\u{2028}', '/', '<', '😀', '\u{fffd}', '\u{10ffff}']);
    vec(prop_oneof![any::<char>(), nasty], 0..12).prop_map(|letters| letters.into_iter().collect::<String>().into())
}

/// JSON text as JavaScript writes it.
fn json() -> impl Strategy<Value = Arc<str>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(|text| Value::from(&*text)),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect()),
        ]
    });
    value.prop_map(|value| value.to_string().into())
}

/// What is wrong with `text`, and why.
#[expect(clippy::needless_pass_by_value, reason = "as `expect![]` reads best")]
fn refused(text: &str, expected: Expect) {
    let error = decode(text, 1, 0, Timestamp::default()).unwrap_err();
    let source = error.source().map(|source| format!("; {source}")).unwrap_or_default();
    expected.assert_eq(&format!("{error}{source}"));
}

fn with_event(event: &str) -> String {
    format!(r#"{{"v":3,"previousCommitted":0,"events":[{event}]}}"#)
}

#[test]
fn a_newer_version_is_named_whatever_its_shape() {
    assert_eq!(RECORD_VERSION, 3);
    refused(
        r#"{"v":4,"previousCommitted":0,"events":[]}"#,
        expect!["record version 4 is newer than this build reads (3); open the store with the version that wrote it"],
    );
    refused(
        r#"{"v":5,"steps":{"of":"another shape"}}"#,
        expect!["record version 5 is newer than this build reads (3); open the store with the version that wrote it"],
    );
    refused(
        r#"{"v":4,"previousCommitted":0,"events":[{"event":"taskForgotten","task":"by name"}]}"#,
        expect!["record version 4 is newer than this build reads (3); open the store with the version that wrote it"],
    );
}

#[test]
fn what_is_not_a_record_is_said_to_be_none() {
    refused("", expect!["not a record; EOF while parsing a value at line 1 column 0"]);
    refused("[]", expect!["not a record; invalid length 0, expected struct StoredRecord with 8 elements at line 1 column 2"]);
    refused(r#"{"v":2,"events":[]}"#, expect!["not a record; missing field `previousCommitted` at line 1 column 19"]);
    refused(r#"{"v":2,"previousCommitted":0}"#, expect!["not a record; missing field `events` at line 1 column 29"]);
    refused(r#"{"previousCommitted":0,"events":[]}"#, expect!["not a record; missing field `v` at line 1 column 35"]);
    refused(r#"{"v":2,"previousCommitted":0,"events":[]} more"#, expect!["not a record; trailing characters at line 1 column 43"]);
    refused(&with_event(r#"{"task":1}"#), expect!["not a record; missing field `event` at line 1 column 49"]);
    refused(
        &with_event(r#"{"event":"backoffEnded","task":-1}"#),
        expect!["not a record; invalid value: integer `-1`, expected u32 at line 1 column 72"],
    );
}

#[test]
fn an_event_of_no_known_name_is_named() {
    refused(&with_event(r#"{"event":"taskForgotten","task":1}"#), expect!["event `taskForgotten` is unknown or incomplete"]);
}

#[test]
fn an_event_that_lacks_a_field_or_has_an_unknown_word_is_named() {
    refused(
        &with_event(r#"{"event":"taskSkipped","task":1,"reason":"bad_weather"}"#),
        expect!["event `taskSkipped` is unknown or incomplete"],
    );
    refused(
        &with_event(r#"{"event":"taskCancelled","task":1,"reason":"upstream_failed"}"#),
        expect!["event `taskCancelled` is unknown or incomplete"],
    );
    refused(&with_event(r#"{"event":"executionEnded","status":"running"}"#), expect!["event `executionEnded` is unknown or incomplete"]);
}

#[test]
fn only_starts_and_ends_come_in_a_row_whole_and_only_as_many_as_are_written() {
    refused(&with_event(r#"{"event":"backoffEnded","task":1,"more":1}"#), expect!["event `backoffEnded` is unknown or incomplete"]);
    refused(&with_event(r#"{"event":"attemptStarted","task":1,"more":1024}"#), expect!["event `attemptStarted` is unknown or incomplete"]);
    refused(
        &with_event(r#"{"event":"attemptStarted","task":4294967295,"more":1}"#),
        expect!["event `attemptStarted` is unknown or incomplete"],
    );
    let lists = r#""task":1,"more":1,"starts":[1,2],"ends":[3],"outputs":[4,5]"#;
    refused(&with_event(&format!(r#"{{"event":"taskCompleted",{lists}}}"#)), expect!["event `taskCompleted` is unknown or incomplete"]);
    refused(
        &with_event(r#"{"event":"taskCompleted","task":1,"more":1,"start":1,"end":1,"output":1}"#),
        expect!["event `taskCompleted` is unknown or incomplete"],
    );
    assert!(decode(&with_event(r#"{"event":"attemptStarted","task":1,"more":1023}"#), 1, 0, Timestamp::default()).is_ok());
}

/// Each field of each event is left out in turn: what may be absent is, and nothing else.
#[test]
fn each_field_is_either_optional_or_missed_by_its_event() {
    // Absent they are null, false, the first attempt, or the instant of the record.
    let nulls = ["readyBy", "admittedBy", "details", "path", "fits", "input", "cacheKey", "items", "retryAfter", "print"];
    let falses = ["again", "final", "crashed", "force", "step", "holds", "composed"];
    // A reason in somebody's words may be absent, and one that is a word of ours may not.
    let by_event = [
        ("waitStarted", "until"),
        ("taskFinishing", "output"),
        ("moved", "known"),
        ("moved", "context"),
        ("moved", "idlePassesMax"),
        ("moved", "given"),
        ("taskCompleted", "output"),
        ("cancelRequested", "reason"),
        ("executionEnded", "reason"),
        ("executionEnded", "task"),
    ];
    let optional = [&nulls[..], &falses[..], &["attempt", "ready"]].concat();
    for event in every_event() {
        let text = encoded(&record(vec![event]));
        let whole: Value = serde_json::from_str(&text).unwrap_or_default();
        let Some(fields) = whole.pointer("/events/0").and_then(Value::as_object) else { continue };
        let name = fields.get("event").and_then(Value::as_str).unwrap().to_owned();
        for field in fields.keys().filter(|field| *field != "event") {
            let mut fields = fields.clone();
            fields.remove(field);
            let result = decode(&with_event(&Value::from(fields).to_string()), 1, 0, Timestamp::default());
            let completed = ["completed", "degraded"].iter().any(|status| whole["events"][0]["status"] == *status);
            let reused = name == "taskReused" && field == "output" && completed;
            let absent = reused || optional.contains(&field.as_str()) || by_event.contains(&(name.as_str(), field.as_str()));
            match result {
                Ok(_) => assert!(absent, "`{name}` does not miss its `{field}`"),
                Err(error) => {
                    assert!(!absent, "`{name}` misses `{field}`: {error}");
                    assert_eq!(error.to_string(), format!("event `{name}` is unknown or incomplete"));
                }
            }
        }
    }
}

/// Somebody who leaves out what a record says says something else. They were passed over once.
#[test]
fn members_that_are_not_known_are_refused() {
    let mood = r#"{"event":"backoffEnded","task":1,"mood":{"good":true}}"#;
    let cases = [
        (r#"{"v":3,"mood":"good","previousCommitted":0,"events":[]}"#.to_owned(), "unknown field `mood`"),
        (with_event(mood), "unknown field `mood`"),
        (format!(r#"{{"v":2,"previousCommitted":0,"events":[{mood}]}}"#), "unknown field `mood`"),
        (with_event(r#"{"event":"backoffEnded","task":1,"task":2}"#), "duplicate field `task`"),
    ];
    for (text, why) in cases {
        let error = decode(&text, 1, 0, Timestamp::default()).unwrap_err();
        assert!(error.source().unwrap().to_string().contains(why), "{text}: {error:?}");
    }
}

#[test]
fn a_record_whose_values_are_encrypted_is_one_for_which_there_is_no_key() {
    refused(
        r#"{"v":3,"encrypted":true,"previousCommitted":0,"events":[]}"#,
        expect!["its values are encrypted, and this version has no key to read them; open the store with the version that wrote it"],
    );
}

/// What files of the second version hold: starts and ends of tasks in a row are one entry.
#[test]
fn records_of_the_second_version_are_still_read() {
    let text = r#"{"v":2,"previousCommitted":-3,"events":[{"event":"taskCompleted","task":1,"starts":[-2,-1],"ends":[-1,0],"outputs":[1,{"a":2}],"more":1},{"event":"attemptStarted","task":3,"readyBy":2,"more":1}]}"#;
    let at = Timestamp::from_micros(20);
    let micros = Timestamp::from_micros;
    let end = |task, start, end, output: &str| Event::TaskCompleted {
        task: InstanceIndex::new(task),
        attempt: 1,
        start: micros(start),
        end: micros(end),
        output: Output::Json(output.into()),
    };
    let start = |task| Event::AttemptStarted {
        task: InstanceIndex::new(task),
        attempt: 1,
        ready: at,
        ready_by: Some(InstanceIndex::new(2)),
        admitted_by: None,
    };
    let events = vec![end(1, 18, 19, "1"), end(2, 19, 20, r#"{"a":2}"#), start(3), start(4)];
    let record =
        StepRecord { slot: 0, key: 7, seq: 4, at, previous_committed: Timestamp::from_micros(17), events, ..StepRecord::default() };
    assert_eq!(decode(text, 7, 4, at).unwrap(), record);
}

/// Before values were mended where they enter, a text that was cut inside an emoji was recorded as it came. Whoever read the record saw it, and every
/// expression saw `null`.
#[test]
fn a_text_that_is_no_unicode_is_mended_when_an_old_record_is_read() {
    let text = r#"{"v":2,"previousCommitted":0,"events":[{"event":"signalReceived","name":"go","payload":{"a\ud83d":"\ud83d \\ud83d \ud83d\ude00"}},{"event":"taskCompleted","task":0,"start":0,"end":0,"output":"thanks \ud83d"}]}"#;
    let read = decode(text, 1, 0, Timestamp::default()).unwrap();
    let Some([Event::SignalReceived { payload, .. }, Event::TaskCompleted { output: Output::Json(output), .. }]) = read.events.get(..2)
    else {
        unreachable!("{:?}", read.events)
    };
    assert_eq!(&**payload, r#"{"a\ufffd":"\ufffd \\ud83d \ud83d\ude00"}"#);
    assert_eq!(&**output, r#""thanks \ufffd""#);
    assert!(serde_json::from_str::<Value>(payload).is_ok());
}
