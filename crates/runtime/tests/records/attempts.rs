// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is on record of attempts beside what the engine decides by.

use crate::{encoded, json, record, refused, text, with_event};
use engine::{Event, InstanceIndex, Move, Output, Shared};
use expect_test::expect;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use runtime::store::{Began, Carried, EndsCommitted, Ran, Reads, Runner, Stall, StepRecord, Waited, decode};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

const AT: u64 = 1_700_000_000_000_010;

fn runner(of: &str, agent: &str, instance: u32, worker: Option<u32>) -> Arc<Runner> {
    Arc::new(Runner { of: of.into(), agent: agent.into(), instance, worker, process: "host:41".into() })
}

fn started(task: u32) -> Event {
    let (task, ready) = (InstanceIndex::new(task), Timestamp::from_micros(AT - 7));
    Event::AttemptStarted { task, attempt: 1, ready, ready_by: None, admitted_by: None }
}

fn completed(task: u32) -> Event {
    let at = Timestamp::from_micros(AT);
    Event::TaskCompleted { task: InstanceIndex::new(task), attempt: 1, start: at, end: at, output: Output::Json("1".into()) }
}

fn reads_back(record: &StepRecord) -> String {
    let text = encoded(record);
    assert_eq!(decode(&text, record.key, record.seq, record.at).unwrap(), *record, "{text}");
    text
}

#[test]
fn what_all_attempts_of_an_entry_share_is_written_once_and_what_differs_is_a_list() {
    let (one, other) = (runner("worker", "worker", 1, None), runner("worker", "night", 2, Some(7)));
    let ran = |event, by: Option<&Arc<Runner>>, reads| Ran { event, by: by.cloned(), reads, progress: None };
    let events: Vec<Event> = (0..3).map(completed).chain((7..9).map(completed)).chain((10..12).map(started)).collect();
    let mut record = record(events);
    record.ran = vec![
        ran(0, Some(&one), Reads::All),
        ran(1, Some(&other), Reads::Nothing),
        ran(2, None, Reads::Some(0b101)),
        ran(3, Some(&other), Reads::All),
        ran(4, Some(&other), Reads::All),
    ];
    let began = |event, print| Began { event, waited: Some(Waited::Rate), print, shared: Some(3) };
    record.began = vec![began(5, Some(0xff)), began(6, None)];
    expect![[r#"{"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"taskCompleted","task":0,"starts":[0,0,0],"ends":[0,0,0],"outputs":[1,1,1],"more":2,"by":[0,1,null],"reads":["all","none",[0,2]]},{"event":"taskCompleted","task":7,"starts":[0,0],"ends":[0,0],"outputs":[1,1],"more":1,"by":1,"read":"all"},{"event":"attemptStarted","task":10,"ready":-7,"more":1,"waited":"rate","shared":3,"prints":["00000000000000ff",null]}],"who":[["worker",null,1,null,"host:41"],["worker","night",2,7,"host:41"]]}"#]].assert_eq(&reads_back(&record));
}

#[test]
fn attempts_that_waited_for_something_else_or_told_of_progress_have_entries_of_their_own() {
    let began = |event, waited| Began { event, waited, ..Began::default() };
    let mut record = record((0..4).map(started).chain((4..7).map(completed)).collect());
    record.began = vec![began(1, Some(Waited::Lane)), began(2, Some(Waited::Lane)), began(3, Some(Waited::Held))];
    record.ran = vec![Ran { event: 5, progress: Some(Timestamp::from_micros(AT - 2)), ..Ran::default() }];
    expect![[r#"{"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"attemptStarted","task":0,"ready":-7},{"event":"attemptStarted","task":1,"ready":-7,"more":1,"waited":"lane"},{"event":"attemptStarted","task":3,"ready":-7,"waited":"held"},{"event":"taskCompleted","task":4,"start":0,"end":0,"output":1},{"event":"taskCompleted","task":5,"start":0,"end":0,"output":1,"progress":-2},{"event":"taskCompleted","task":6,"start":0,"end":0,"output":1}]}"#]].assert_eq(&reads_back(&record));
}

#[test]
fn a_record_carries_when_ends_were_committed_and_how_long_the_event_loop_stood_still() {
    let at = Timestamp::from_micros(AT - 30);
    let carried = Carried {
        ends: vec![EndsCommitted { at, executions: vec![7, 9] }, EndsCommitted { at: Timestamp::from_micros(AT), executions: vec![-1] }],
        stalls: vec![Stall { at, time: Duration::from_millis(80) }],
    };
    let record = StepRecord { carried: Some(Box::new(carried)), ..record(vec![Event::Paused]) };
    expect![[r#"{"v":3,"previousCommitted":-1699999999999993,"events":[{"event":"paused"}],"committed":[[-30,7,9],[0,-1]],"stalls":[[-30,80000]]}"#]].assert_eq(&reads_back(&record));
}

/// A long list is looked up and no longer looked through.
#[test]
fn many_who_ran_are_each_named_once() {
    let runners: Vec<Arc<Runner>> = (0..50).map(|instance| runner("worker", "worker", instance, None)).collect();
    let mut record = record((0..3000).map(completed).collect());
    record.ran =
        (0..3000).map(|event| Ran { event, by: Some(Arc::clone(&runners[(event * 7 % 50) as usize])), ..Ran::default() }).collect();
    let text = reads_back(&record);
    assert_eq!(text.matches("host:41").count(), 50);
}

#[test]
fn what_is_known_of_attempts_must_fit_its_entry() {
    let unknown = |entry: &str| {
        let why = decode(&with_event(entry), 1, 0, Timestamp::default()).unwrap_err().to_string();
        assert!(why.ends_with("is unknown or incomplete"), "{entry}: {why}");
    };
    // Nobody is named; too few; of no attempt; no print; both at once; no such word.
    unknown(r#"{"event":"taskCompleted","task":1,"start":0,"end":0,"by":0}"#);
    unknown(r#"{"event":"taskCompleted","task":1,"more":1,"starts":[0,0],"ends":[0,0],"outputs":[1,1],"reads":["all"]}"#);
    unknown(r#"{"event":"taskCompleted","task":1,"more":1,"starts":[0,0],"ends":[0,0],"outputs":[1,1],"progress":0}"#);
    unknown(r#"{"event":"paused","by":null,"read":"all"}"#);
    unknown(r#"{"event":"paused","waited":"rate"}"#);
    unknown(r#"{"event":"taskCompleted","task":1,"start":0,"end":0,"waited":"rate"}"#);
    unknown(r#"{"event":"attemptStarted","task":1,"read":"all"}"#);
    unknown(r#"{"event":"attemptStarted","task":1,"print":"ff"}"#);
    unknown(r#"{"event":"attemptStarted","task":1,"print":"00000000000000ff","prints":["00000000000000ff"]}"#);
    unknown(r#"{"event":"attemptStarted","task":1,"waited":"weather"}"#);
    unknown(r#"{"event":"sharedRead","task":1,"revision":1,"value":1,"hash":"1"}"#);
    unknown(r#"{"event":"sharedRead","task":1,"revision":1}"#);
    refused(
        &with_event(r#"{"event":"taskCompleted","task":1,"start":0,"end":0,"read":"most"}"#),
        expect![[
            r#"not a record; invalid value: string "most", expected "all", "none" or an array of places up to 31 at line 1 column 104"#
        ]],
    );
    refused(
        &with_event(r#"{"event":"taskCompleted","task":1,"start":0,"end":0,"read":[32]}"#),
        expect!["not a record; invalid value: integer `32`, expected a place up to 31 at line 1 column 102"],
    );
    refused(
        r#"{"v":3,"previousCommitted":0,"events":[],"committed":[[]]}"#,
        expect!["what it carries beside its events is unknown or incomplete"],
    );
}

/// What may be known of an attempt, for whichever event it is put to.
pub(crate) fn known() -> impl Strategy<Value = (Began, Ran)> {
    let waited = select(vec![Waited::Place, Waited::Making, Waited::Rate, Waited::Lane, Waited::Held]);
    let began = (option::of(waited), option::of(any::<u64>()), option::of(any::<u64>())).prop_map(|(waited, print, shared)| Began {
        event: 0,
        waited,
        print,
        shared,
    });
    let runner =
        (text(), option::of(text()), any::<u32>(), option::of(any::<u32>()), text()).prop_map(|(of, agent, instance, worker, process)| {
            let agent = agent.unwrap_or_else(|| Arc::clone(&of));
            Arc::new(Runner { of, agent, instance, worker, process })
        });
    let reads = prop_oneof![Just(Reads::Unknown), Just(Reads::Nothing), Just(Reads::All), any::<u32>().prop_map(Reads::Some)];
    let progress = prop_oneof![3 => Just(None), 1 => any::<u64>().prop_map(|micros| Some(Timestamp::from_micros(micros)))];
    let ran = (option::of(runner), reads, progress).prop_map(|(by, reads, progress)| Ran { event: 0, by, reads, progress });
    (began, ran)
}

/// What is known of the attempts in `events`, where something is.
#[expect(clippy::wildcard_enum_match_arm, reason = "something is known of these events, and of no other")]
pub(crate) fn beside(events: &[Event], known: &[(Began, Ran)]) -> (Vec<Began>, Vec<Ran>) {
    let (mut all_began, mut all_ran) = (Vec::new(), Vec::new());
    if known.is_empty() {
        return (all_began, all_ran);
    }
    for ((place, event), (began, ran)) in (0..).zip(events).zip(known.iter().cycle()) {
        match event {
            Event::AttemptStarted { .. } if (began.waited, began.print, began.shared) != (None, None, None) => {
                all_began.push(Began { event: place, ..*began });
            }
            Event::TaskCompleted { .. } | Event::TaskFailed { .. } | Event::RetryScheduled { .. } | Event::TaskFinishing { .. }
                if (&ran.by, ran.reads, ran.progress) != (&None, Reads::Unknown, None) =>
            {
                all_ran.push(Ran { event: place, ..ran.clone() });
            }
            _ => {}
        }
    }
    (all_began, all_ran)
}

pub(crate) fn carried() -> impl Strategy<Value = Carried> {
    let ends =
        (any::<u64>(), vec(any::<i64>(), 0..4)).prop_map(|(at, executions)| EndsCommitted { at: Timestamp::from_micros(at), executions });
    let stall = (any::<u64>(), 0..1_u64 << 40)
        .prop_map(|(at, micros)| Stall { at: Timestamp::from_micros(at), time: Duration::from_micros(micros) });
    (vec(ends, 1..4), vec(stall, 0..4)).prop_map(|(ends, stalls)| Carried { ends, stalls })
}

/// What attempts do of their own, and what becomes of a definition.
pub(crate) fn steps() -> impl Strategy<Value = Event> {
    let task = || any::<u32>().prop_map(InstanceIndex::new);
    let print = || option::of(any::<u64>());
    let shared = prop_oneof![json().prop_map(Shared::Value), text().prop_map(Shared::Hash)];
    prop_oneof![
        (task(), any::<u32>(), text(), print()).prop_map(|(task, attempt, name, input)| Event::StepStarted { task, attempt, name, input }),
        (task(), any::<u32>(), text(), print(), json()).prop_map(|(task, attempt, name, input, value)| Event::StepEnded {
            task,
            attempt,
            name,
            input,
            value
        }),
        (task(), any::<u32>(), any::<u64>(), option::of(text()), shared)
            .prop_map(|(task, attempt, revision, path, read)| Event::SharedRead { task, attempt, revision, path, read }),
        (vec(text(), 0..4), vec((text(), json()), 0..4), option::of(json()), option::of(any::<u64>()), option::of(json())).prop_map(
            |(stay, outputs, context, idle_passes_max, given)| {
                let outputs = Arc::new(outputs.into_iter().collect());
                let to = Move { stay: stay.into(), outputs, context, idle_passes_max, given, ..crate::events::moved(&[], &[]) };
                Event::Moved { to: Box::new(to) }
            }
        ),
    ]
}
