// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A driver with a pool: attempts begin when there is an agent for them, and its place comes back exactly once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, MODES, Mode, Place, answer, failure};
use crate::plans::{plan, task};
use engine::{InstanceNumber, Output, PoolPolicy, TypeLimits};
use runtime::{Clock, SetClock};
use serde_json::{Value, json};
use std::time::Duration;
use stdx::Timestamp;

/// A type `agent` of so many instances, each with one place.
fn pooled(mode: Mode, max: u32) -> Host {
    let mut host = Host::new(mode);
    open(&mut host, max);
    host
}

fn open(host: &mut Host, max: u32) {
    host.driver.open_pool(PoolPolicy { scale_up: 100, scale_down: 20, check_every: Duration::ZERO });
    host.driver.add_agent_type("agent".into(), TypeLimits { min: 1, max, concurrency: 1, reserve: None });
}

fn made(host: &mut Host, instance: u32) {
    host.driver.pool(|pool, now| pool.created(now, InstanceNumber::new(instance), false)).unwrap();
}

/// An answer that gives back the place it had.
fn complete(host: &mut Host, instance: u32, slot: u32, task: u32) {
    host.driver.release_agent(InstanceNumber::new(instance), slot, task);
    host.complete(slot, task, 1, "1");
}

fn beside(ids: &[&str]) -> Value {
    json!(ids.iter().map(|id| task(id, &[])).collect::<Vec<_>>())
}

#[test]
fn attempts_begin_when_there_is_an_agent_and_the_next_has_its_place() {
    for mode in MODES {
        let mut host = pooled(mode, 1);
        host.accept(&plan(&beside(&["a", "b"])));
        assert_eq!(host.advance(), ["type 0: up from 0 to 1", "make 1 of agent 0", "0: accepted", "0: started"], "{mode:?}");
        let statistics = host.driver.statistics();
        assert_eq!((statistics.queued, statistics.running), (2, 0), "{mode:?}");
        made(&mut host, 1);
        assert_eq!(host.advance(), ["0: run 0/1 on 1"], "{mode:?}");
        complete(&mut host, 1, 0, 0);
        assert_eq!(host.advance(), ["0: completed 0/1", "0: run 1/1 on 1"], "{mode:?}");
        complete(&mut host, 1, 0, 1);
        assert_eq!(host.advance(), ["0: completed 1/1", "0: ended 1"], "{mode:?}");
        let figures = host.driver.pool_statistics().unwrap().all;
        assert_eq!((figures.total, figures.available, figures.queued, figures.running), (1, 1, 0, 0), "{mode:?}");
    }
}

#[test]
fn the_one_whose_answer_makes_room_is_on_record() {
    let mut host = pooled(Mode::Os, 1);
    let (_, id) = host.accept(&plan(&beside(&["a", "b"])));
    made(&mut host, 1);
    host.advance();
    made(&mut host, 1);
    host.advance();
    complete(&mut host, 1, 0, 0);
    host.advance();
    let records = host.stored(&id).records;
    let started = records.iter().flat_map(|record| &record.events).filter_map(|event| {
        let engine::Event::AttemptStarted { task, admitted_by, .. } = event else { return None };
        Some((task.get(), admitted_by.map(engine::InstanceIndex::get)))
    });
    assert_eq!(started.collect::<Vec<_>>(), [(0, None), (1, Some(0))]);
}

#[test]
fn what_ends_while_it_waits_leaves_the_place_to_others() {
    let mut host = pooled(Mode::Memory, 1);
    let flow = plan(&beside(&["a"]));
    for _ in 0..3 {
        host.accept(&flow);
    }
    host.advance();
    made(&mut host, 1);
    assert_eq!(host.advance(), ["0: run 0/1 on 1"]);
    host.driver.cancel(1, None, false).unwrap();
    assert_eq!(host.advance(), ["1: cancelling", "1: cancelled 0 for 2", "1: ended 3"]);
    host.driver.release(1, false).unwrap();
    complete(&mut host, 1, 0, 0);
    assert_eq!(host.advance(), ["0: completed 0/1", "0: ended 1", "2: run 0/1 on 1"]);
    assert_eq!(host.driver.pool_statistics().unwrap().all.queued, 0);
}

/// A place may be free long after it was asked for: what counts is what the executions above have left then.
#[test]
fn a_budget_is_kept_exactly_by_children_that_wait_for_agents() {
    for mode in MODES {
        let mut host = pooled(mode, 1);
        let child = |id: &str| json!({ "id": id, "name": id, "workflow": "child" });
        let accept = |host: &mut Host, tasks: &Value, options: Value, id: &str| {
            host.driver.accept(&plan(tasks), Some("{}".to_owned()), Some(options.to_string()), Some(id.to_owned())).unwrap()
        };
        accept(&mut host, &json!([child("x"), child("y")]), json!({ "budget": { "tasks": 2 } }), "top");
        host.driver.allow_redefinition();
        for id in ["x", "y"] {
            accept(&mut host, &beside(&["a", "b"]), json!({ "parent": { "execution": "top", "path": id } }), id);
        }
        host.advance();
        made(&mut host, 1);
        assert_eq!(host.advance(), ["1: run 0/1 on 1"], "{mode:?}");
        complete(&mut host, 1, 1, 0);
        assert_eq!(host.advance(), ["1: completed 0/1", "1: run 1/1 on 1"], "{mode:?}");
        complete(&mut host, 1, 1, 1);
        let told = host.advance();
        assert!(!told.iter().any(|told| told.contains(": run ")), "{mode:?}: {told:?}");
        assert!(host.driver.report(0).unwrap().contains(r#""error":{"code":"ERR_BUDGET""#), "{mode:?}");
        let figures = host.driver.pool_statistics().unwrap().all;
        assert_eq!((figures.available, figures.queued, figures.running), (1, 0, 0), "{mode:?}");
    }
}

#[test]
fn a_child_waits_for_an_agent_with_the_priority_that_it_was_given() {
    for mode in FILES {
        for options in
            [json!({ "parent": { "execution": "top", "path": "x" }, "priority": 5 }), json!({ "forkedFrom": "top", "priority": 5 })]
        {
            let mut host = pooled(mode, 1);
            host.accept(&plan(&beside(&["a", "b"])));
            host.driver.accept(&plan(&beside(&["a", "b"])), None, Some(options.to_string()), Some("urgent".to_owned())).unwrap();
            host.advance();
            made(&mut host, 1);
            assert_eq!(host.advance(), ["1: run 0/1 on 1"], "{mode:?}");
            let (mut host, interrupted) = host.reopen(mode);
            open(&mut host, 1);
            for interrupted in interrupted {
                host.driver.resume(interrupted.slot).unwrap();
            }
            host.advance();
            made(&mut host, 1);
            assert_eq!(host.advance(), ["1: run 0/1 after 1 interruptions"], "{mode:?}");
        }
    }
}

#[test]
fn an_agent_that_does_not_return_is_replaced_and_its_late_return_ends_it() {
    let clock = SetClock::at(Timestamp::from_micros(1_700_000_000_000_000));
    let (mut host, _) = Host::since(Place::new(), Mode::Memory, Clock::set_by(clock.clone()));
    open(&mut host, 1);
    host.accept(&plan(
        &json!([{ "id": "a", "name": "a", "agentId": "agent", "timeout": 1, "retryPolicy": { "maxAttempts": 2, "initialDelay": 1 } }]),
    ));
    host.advance();
    made(&mut host, 1);
    assert_eq!(host.advance(), ["0: run 0/1 on 1"]);
    let wait = |host: &mut Host, millis: u64| {
        clock.set(clock.read().after(Duration::from_millis(millis)));
        host.driver.pull().unwrap();
        host.take()
    };
    assert_eq!(wait(&mut host, 2), ["0: abort 0/1 for 1"]);
    assert_eq!(wait(&mut host, 5000), ["make 2 of agent 0", "dispose of 1, whatever it does", "0: retrying 0/1"]);
    assert_eq!(host.driver.pool_statistics().unwrap().all.leaked, 1);
    assert_eq!(wait(&mut host, 2), [""; 0], "the next attempt waits for the new one");
    made(&mut host, 2);
    assert_eq!(host.advance(), ["0: run 0/2 on 2"]);
    complete(&mut host, 1, 0, 0);
    assert_eq!(host.advance(), [""; 0]);
    assert_eq!(host.driver.statistics().late_answers, 1);
}

#[test]
fn who_cannot_be_made_is_refused_and_the_host_lets_the_attempt_fail() {
    let mut host = pooled(Mode::Memory, 1);
    host.accept(&plan(&beside(&["a"])));
    host.advance();
    host.driver.pool(|pool, now| pool.create_failed(now, InstanceNumber::new(1), true)).unwrap();
    assert_eq!(host.advance(), ["0: run 0/1 on 1"]);
    host.driver.settle(0, answer(0, 1, Err(failure(0, 1, false))), runtime::Looks::default()).unwrap();
    assert_eq!(host.advance(), ["0: failed 0/1", "0: ended 2"]);
}

#[test]
fn executions_out_of_a_file_ask_as_well() {
    for mode in FILES {
        let mut host = pooled(mode, 1);
        host.accept(&plan(&beside(&["a"])));
        host.advance();
        made(&mut host, 1);
        assert_eq!(host.advance(), ["0: run 0/1 on 1"], "{mode:?}");
        let (mut host, interrupted) = host.reopen(mode);
        open(&mut host, 1);
        host.driver.resume(interrupted[0].slot).unwrap();
        assert_eq!(host.advance(), ["type 0: up from 0 to 1", "make 1 of agent 0"], "{mode:?}");
        made(&mut host, 1);
        assert_eq!(host.advance(), ["0: run 0/1 after 1 interruptions"], "{mode:?}");
        host.driver.settle(0, answer(0, 1, Ok(Output::Held)), runtime::Looks::default()).unwrap();
        assert_eq!(host.advance(), ["0: completed 0/1", "0: ended 1"], "{mode:?}");
    }
}

#[test]
fn who_stands_in_for_an_agent_nobody_has_registered_does_its_tasks_until_somebody_does() {
    let mut host = pooled(Mode::Memory, 2);
    let unknown = |id: &str, more: &Value| {
        let mut task = json!({ "id": id, "name": id, "agentId": "nobody", "dependencies": [] });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    host.driver.stand_in("nobody".into(), "agent".into());
    let flow = json!([
        unknown("a", &json!({})),
        unknown("b", &json!({ "dependencies": ["a"] })),
        unknown("c", &json!({ "requires": ["wings"] })),
        unknown("d", &json!({ "agentId": "nobdoy" })),
    ]);
    host.accept(&plan(&flow));
    // What is required nobody stands in for, nor for another name: `c` and `d` begin without an agent, so that the host says so.
    assert_eq!(host.advance(), ["type 0: up from 0 to 1", "make 1 of agent 0", "0: accepted", "0: started", "0: run 2/1", "0: run 3/1"]);
    made(&mut host, 1);
    assert_eq!(host.advance(), ["0: run 0/1 on 1"]);
    let of = TypeLimits { min: 1, max: 1, concurrency: 1, reserve: None };
    host.driver.add_agent_type("nobody".into(), of);
    complete(&mut host, 1, 0, 0);
    assert_eq!(host.advance(), ["type 1: up from 0 to 1", "make 2 of agent 1", "0: completed 0/1"]);
    made(&mut host, 2);
    assert_eq!(host.advance(), ["0: run 1/1 on 2"]);
}
