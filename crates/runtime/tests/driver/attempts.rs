// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is put on record of attempts beside what the engine decides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, MODES, Mode, answer, failure};
use crate::plans::{plan, task};
use engine::{AgentLimits, Event, InstanceNumber, Output, PoolPolicy, Rate, TypeIndex, TypeLimits};
use runtime::Looks;
use runtime::store::{Cursor, Print, Reads, StepRecord, Waited};
use serde_json::{Value, json};
use std::time::Duration;
use stdx::Timestamp;

fn pooled(mode: Mode, max: u32) -> Host {
    let mut host = Host::new(mode);
    open(&mut host, max);
    host
}

fn open(host: &mut Host, max: u32) {
    host.driver.name_process("here:7".into());
    host.driver.open_pool(PoolPolicy { scale_up: 100, scale_down: 20, check_every: Duration::ZERO });
    host.driver.add_agent_type("agent".into(), TypeLimits { min: 1, max, concurrency: 1, reserve: None });
}

fn made(host: &mut Host, instance: u32) {
    host.driver.pool(|pool, now| pool.created(now, InstanceNumber::new(instance), false)).unwrap();
    host.advance();
}

/// An answer that gives back the place it had.
fn complete(host: &mut Host, instance: u32, slot: u32, task: u32, looks: Looks) {
    host.driver.release_agent(InstanceNumber::new(instance), slot, task);
    host.driver.settle(slot, answer(task, 1, Ok(Output::Json("1".into()))), looks).unwrap();
    host.advance();
}

/// All there is on record, read as a follower does.
fn journal(host: &Host) -> Vec<StepRecord> {
    let followed = host.driver.archive().unwrap().follow(&Cursor::default(), 1000).unwrap();
    followed.records.into_iter().map(|one| one.record.unwrap()).collect()
}

/// For each attempt that began, in order: its task, and what it waited for.
fn waits(host: &Host) -> Vec<(u32, Option<Waited>)> {
    let records = journal(host);
    let begun = records.iter().flat_map(|record| record.events.iter().zip(0..).map(move |(event, place)| (record, event, place)));
    begun
        .filter_map(|(record, event, place)| {
            let Event::AttemptStarted { task, .. } = event else { return None };
            Some((task.get(), record.began.iter().find(|began| began.event == place).and_then(|began| began.waited)))
        })
        .collect()
}

/// For each attempt that began, in order: the print of what it was given.
fn prints(host: &Host) -> Vec<Option<Print>> {
    journal(host).iter().flat_map(|record| record.began.iter().map(|began| began.print)).collect()
}

#[test]
fn who_did_an_attempt_is_on_record_however_it_ended() {
    for mode in MODES {
        let mut host = pooled(mode, 1);
        host.accept(&plan(&json!([task("a", &[]), task("b", &["a"])])));
        host.advance();
        host.driver.runs_in_worker(InstanceNumber::new(1), 9);
        made(&mut host, 1);
        complete(&mut host, 1, 0, 0, Looks::default());
        host.driver.release_agent(InstanceNumber::new(1), 0, 1);
        host.driver.settle(0, answer(1, 1, Err(failure(1, 1, false))), Looks::default()).unwrap();
        host.advance();
        let records = journal(&host);
        let ran: Vec<_> =
            records.iter().flat_map(|record| record.ran.iter().map(move |ran| (&record.events[ran.event as usize], ran))).collect();
        assert!(matches!(ran[..], [(Event::TaskCompleted { .. }, _), (Event::TaskFailed { .. }, _)]), "{mode:?}: {ran:?}");
        for (_, ran) in ran {
            let by = ran.by.as_ref().unwrap();
            let said = (&*by.of, &*by.agent, by.instance, by.worker, &*by.process);
            assert_eq!(said, ("agent", "agent", 1, Some(9), "here:7"), "{mode:?}");
        }
    }
}

#[test]
fn what_an_attempt_waited_for_is_on_record() {
    let mut host = pooled(Mode::Os, 1);
    let one = plan(&json!([task("a", &[])]));
    host.accept(&one);
    host.advance();
    made(&mut host, 1);
    host.accept(&one);
    host.advance();
    complete(&mut host, 1, 0, 0, Looks::default());
    complete(&mut host, 1, 1, 0, Looks::default());
    assert_eq!(waits(&host), [(0, Some(Waited::Making)), (0, Some(Waited::Place))]);
}

#[test]
fn an_attempt_that_waited_for_its_rate_its_turn_or_nobody_says_so() {
    let mut host = pooled(Mode::Memory, 2);
    let limits = AgentLimits { concurrency: None, rate: Some(Rate { count: 1, per: Duration::from_millis(30) }) };
    host.driver.add_agent("slow".into(), TypeIndex::new(0), Vec::new(), limits);
    let slow = |id: &str| json!({ "id": id, "name": id, "agentId": "slow", "dependencies": [] });
    let one = plan(&json!([slow("a")]));
    host.accept(&one);
    host.advance();
    made(&mut host, 1);
    complete(&mut host, 1, 0, 0, Looks::default());
    host.accept(&one);
    host.wait_for("1: run 0/1 on 1");
    complete(&mut host, 1, 1, 0, Looks::default());
    assert_eq!(waits(&host), [(0, Some(Waited::Making)), (0, Some(Waited::Rate))]);

    let mut host = Host::new(Mode::Memory);
    let turn = |id: &str| json!({ "id": id, "name": id, "agentId": "agent", "type": "sequential", "dependencies": [] });
    host.accept(&plan(&json!([turn("a"), turn("b"), task("c", &["b"])])));
    host.advance();
    host.complete(0, 0, 1, "1");
    host.advance();
    host.driver.pause(0).unwrap();
    host.complete(0, 1, 1, "1");
    host.advance();
    host.driver.unpause(0, false).unwrap();
    host.advance();
    assert_eq!(waits(&host), [(0, None), (1, Some(Waited::Lane)), (2, Some(Waited::Held))]);
}

/// Runs `tasks` with these answers, in the order of the tasks; the prints.
fn prints_of(tasks: &Value, context: &str, outputs: &[&str]) -> Vec<Option<Print>> {
    let mut host = Host::new(Mode::Os);
    host.driver.accept(&plan(tasks), Some(context.to_owned()), None, None).unwrap();
    host.advance();
    for (task, output) in (0..).zip(outputs) {
        host.complete(0, task, 1, output);
        host.advance();
    }
    prints(&host)
}

#[test]
fn equal_prints_mean_that_the_same_was_asked_again() {
    let two = json!([task("a", &[]), task("b", &["a"])]);
    let first = prints_of(&two, "{}", &["1", "2"]);
    assert!(first.len() == 2 && first.iter().all(Option::is_some) && first[0] != first[1], "{first:?}");
    assert_eq!(prints_of(&two, "{}", &["1", "3"]), first, "its own output is no part of it");
    let other_output = prints_of(&two, "{}", &["7", "2"]);
    assert_eq!((other_output[0] == first[0], other_output[1] == first[1]), (true, false));
    let other_context = prints_of(&two, r#"{"n":1}"#, &["1", "2"]);
    assert!(other_context.iter().zip(&first).all(|(one, other)| one != other));
    let mut other = two.clone();
    other[1]["input"] = json!({ "prompt": "in other words" });
    let other_definition = prints_of(&other, "{}", &["1", "2"]);
    assert_eq!((other_definition[0] == first[0], other_definition[1] == first[1]), (true, false));
    let mut timed = two.clone();
    timed[1]["timeout"] = json!(5000);
    assert_eq!(prints_of(&timed, "{}", &["1", "2"]), first, "when it runs says nothing of what it is given");
}

#[test]
fn what_templates_gave_is_part_of_a_print_and_so_is_what_a_group_gave() {
    let tasks = json!([
        task("a", &[]),
        { "id": "b", "name": "b", "agentId": "agent", "dependencies": ["a"], "input": { "prompt": "{{ results.a }} of {{ execution.id }}" } }
    ]);
    let (one, other) = (prints_of(&tasks, "{}", &["1", "2"]), prints_of(&tasks, "{}", &["1", "2"]));
    assert_eq!((one[0] == other[0], one[1] == other[1]), (true, false), "the ids of the executions differ");
    let group = json!([{ "id": "g", "name": "g", "type": "parallel", "tasks": [task("x", &[]), task("y", &[])] }, task("after", &["g"])]);
    let (one, other, same) = (
        prints_of(&group, "{}", &["0", "0", "1", "2"]),
        prints_of(&group, "{}", &["0", "0", "1", "3"]),
        prints_of(&group, "{}", &["0", "0", "1", "2"]),
    );
    assert_eq!(one.len(), 3, "{one:?}");
    assert!(one == same && one[..2] == other[..2] && one[2] != other[2], "{one:?} {other:?}");
}

#[test]
fn prints_are_the_same_after_the_process_has_ended() {
    let tasks = json!([task("a", &[]), task("b", &["a"])]);
    let whole = prints_of(&tasks, "{}", &["1", "2"]);
    for mode in FILES {
        let mut host = Host::new(mode);
        host.accept(&plan(&tasks));
        host.advance();
        host.driver.pause(0).unwrap();
        host.complete(0, 0, 1, "1");
        host.advance();
        let (mut host, interrupted) = host.reopen(mode);
        host.driver.resume(interrupted[0].slot).unwrap();
        host.driver.unpause(interrupted[0].slot, false).unwrap();
        host.advance();
        assert_eq!(prints(&host), whole, "{mode:?}");
    }
}

#[test]
fn what_an_agent_looked_at_is_joined_with_what_its_templates_read() {
    let reads = |prompt: Option<&str>, looked: Reads| {
        let mut last = json!({ "id": "c", "name": "c", "agentId": "agent", "dependencies": ["a", "b"] });
        if let Some(prompt) = prompt {
            last["input"] = json!({ "prompt": prompt });
        }
        let mut host = Host::new(Mode::Os);
        host.accept(&plan(&json!([task("a", &[]), task("b", &[]), last])));
        host.advance();
        host.complete(0, 0, 1, "1");
        host.complete(0, 1, 1, "1");
        host.advance();
        host.driver.settle(0, answer(2, 1, Ok(Output::Json("1".into()))), Looks { reads: looked, progress: None }).unwrap();
        host.advance();
        let ran: Vec<Reads> = journal(&host).iter().flat_map(|record| record.ran.iter().map(|ran| ran.reads)).collect();
        ran.last().copied().unwrap_or_default()
    };
    assert_eq!(reads(None, Reads::Nothing), Reads::Nothing);
    assert_eq!(reads(None, Reads::Some(1)), Reads::Some(1));
    assert_eq!(reads(None, Reads::Unknown), Reads::Unknown);
    assert_eq!(reads(Some("{{ results.b }}"), Reads::Nothing), Reads::Some(2));
    assert_eq!(reads(Some("{{ tasks.b.output }}"), Reads::Some(1)), Reads::All);
    assert_eq!(reads(Some("{{ results | length }}"), Reads::Nothing), Reads::All);
    assert_eq!(reads(Some("{{ context }}"), Reads::Nothing), Reads::Nothing);
    assert_eq!(reads(Some("{{ results.b }}"), Reads::Unknown), Reads::Unknown, "what the agent did is not known");
}

#[test]
fn the_first_progress_is_on_record_with_the_end_of_the_attempt() {
    let mut host = Host::new(Mode::Os);
    host.accept(&plan(&json!([task("a", &[])])));
    host.advance();
    let progress = Some(Timestamp::from_micros(1_700_000_000_000_000));
    host.driver.settle(0, answer(0, 1, Err(failure(0, 1, false))), Looks { reads: Reads::Unknown, progress }).unwrap();
    host.advance();
    let found: Vec<_> = journal(&host).iter().flat_map(|record| record.ran.iter().map(|ran| ran.progress)).collect();
    assert_eq!(found, [progress]);
}

/// A record says when the one before it was committed; the last of an execution has none after it.
#[test]
fn when_an_execution_ended_for_good_rides_with_the_next_record_of_any() {
    for mode in MODES {
        let mut host = Host::new(mode);
        host.accept(&plan(&json!([task("a", &[])])));
        host.advance();
        host.complete(0, 0, 1, "1");
        host.advance();
        let ended = journal(&host).last().map(|record| record.at).unwrap();
        assert!(journal(&host).iter().all(|record| record.carried.is_none()), "{mode:?}");
        host.accept(&plan(&json!([task("b", &[])])));
        host.advance();
        host.complete(1, 0, 1, "1");
        host.advance();
        let carried: Vec<_> = journal(&host).into_iter().filter_map(|record| Some((record.key, record.at, record.carried?))).collect();
        let [(2, at, carried)] = &carried[..] else { unreachable!("{mode:?}: {carried:?}") };
        let [ends] = &carried.ends[..] else { unreachable!("{mode:?}: {carried:?}") };
        assert_eq!(ends.executions, [1], "{mode:?}");
        assert!((ended..=*at).contains(&ends.at), "{mode:?}");
    }
}
