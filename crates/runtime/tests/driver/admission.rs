// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that wait for a place: whatever happens to them meanwhile, and that tenants get their share.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, MODES, Mode, Place, runs};
use crate::plans::{plan, plan_of, task};
use engine::Plan;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn one() -> Arc<Plan> {
    plan(&json!([task("a", &[])]))
}

fn accept(host: &mut Host, plan: &Arc<Plan>, options: &Value) -> u32 {
    host.driver.accept(plan, Some("{}".to_owned()), Some(options.to_string()), None).unwrap().slot
}

fn limited(mode: Mode, limit: u32) -> Host {
    let mut host = Host::new(mode);
    host.driver.limit(Some(limit), BTreeMap::new());
    host
}

#[test]
fn an_execution_begins_when_another_has_ended() {
    for mode in MODES {
        let mut host = limited(mode, 1);
        let plan = one();
        for _ in 0..2 {
            host.accept(&plan);
        }
        assert_eq!(host.advance(), ["0: accepted", "0: started", "0: run 0/1", "1: accepted"], "{mode:?}");
        let statistics = host.driver.statistics();
        assert_eq!((statistics.active, statistics.waiting, statistics.running), (2, 1, 1), "{mode:?}");
        assert!(host.driver.report(1).unwrap().contains(r#""status":"pending""#), "{mode:?}");
        host.complete(0, 0, 1, "1");
        assert_eq!(host.advance(), ["0: completed 0/1", "0: ended 1", "1: started", "1: run 0/1"], "{mode:?}");
        assert_eq!(host.driver.statistics().waiting, 0, "{mode:?}");
    }
}

#[test]
fn one_that_waits_can_be_cancelled_paused_and_sent_signals() {
    let mut host = limited(Mode::Memory, 1);
    let waits = plan_of("waits", "1", &json!([{ "id": "w", "name": "w", "waitFor": { "signal": "go" } }]));
    host.accept(&one());
    let cancelled = host.accept(&one()).0;
    let paused = host.accept(&waits).0;
    host.advance();
    host.driver.cancel(cancelled, None, false).unwrap();
    assert_eq!(host.advance(), ["1: cancelling", "1: cancelled 0 for 2", "1: ended 3"]);
    host.driver.pause(paused).unwrap();
    host.driver.signal(paused, "go".into(), "7".into(), None, None).unwrap();
    assert_eq!(host.advance(), ["2: paused", "2: signalled"]);
    assert!(host.driver.report(paused).unwrap().contains(r#""status":"paused""#));
    // It has its place, and does nothing with it yet.
    host.complete(0, 0, 1, "1");
    assert_eq!(host.advance(), ["0: completed 0/1", "0: ended 1", "2: started"]);
    host.driver.unpause(paused, false).unwrap();
    assert_eq!(host.advance(), ["2: resumed", "2: waiting 0", "2: completed 0/0", "2: ended 1"]);
}

#[test]
fn what_waited_when_the_process_died_waits_again_behind_what_ran() {
    for mode in FILES {
        let mut host = Host::at(Place::new(), mode).0;
        host.driver.limit(Some(1), BTreeMap::new());
        let plan = one();
        accept(&mut host, &plan, &json!({}));
        host.advance();
        accept(&mut host, &plan, &json!({ "priority": -1 }));
        accept(&mut host, &plan, &json!({ "priority": 1 }));
        host.advance();
        let (mut host, interrupted) = host.reopen(mode);
        host.driver.limit(Some(1), BTreeMap::new());
        for slot in interrupted.iter().rev().map(|interrupted| interrupted.slot) {
            host.driver.resume(slot).unwrap();
        }
        assert_eq!(host.advance(), ["0: run 0/1 after 1 interruptions"], "{mode:?}");
        host.complete(0, 0, 1, "1");
        assert_eq!(host.advance().last().unwrap(), "2: run 0/1", "{mode:?}");
        host.complete(2, 0, 1, "1");
        assert_eq!(host.advance().last().unwrap(), "1: run 0/1", "{mode:?}");
    }
}

#[test]
fn a_key_limits_without_a_limit_for_all_and_a_child_needs_no_place() {
    let mut host = Host::new(Mode::Memory);
    let keyed = json!({ "concurrency": { "key": "k", "limit": 1 } });
    for _ in 0..2 {
        accept(&mut host, &one(), &keyed);
    }
    accept(&mut host, &one(), &json!({ "parent": { "execution": "x", "path": "a" }, "concurrency": { "key": "k", "limit": 1 } }));
    host.advance();
    assert_eq!((host.driver.statistics().running, host.driver.statistics().waiting), (2, 1));
    host.complete(0, 0, 1, "1");
    assert_eq!(host.advance().last().unwrap(), "1: run 0/1");
}

/// 20 ms tasks, 8 places: a tenant's 100 executions beside another's 10,000 that were there before.
#[test]
fn a_tenant_has_its_share_beside_one_with_a_long_queue() {
    const TASK: u64 = 20;
    let makespan = |others: u32| {
        let mut host = limited(Mode::Memory, 8);
        let plan = one();
        for _ in 0..others {
            accept(&mut host, &plan, &json!({ "tenant": "large" }));
        }
        for _ in 0..100 {
            accept(&mut host, &plan, &json!({ "tenant": "small" }));
        }
        let (mut clock, mut left) = (0, 100);
        while left > 0 {
            host.advance();
            let running: Vec<u32> = runs(host.effects.drain(..)).into_iter().map(|(slot, ..)| slot).collect();
            assert_eq!(running.len(), 8.min(running.len() + host.driver.statistics().waiting), "places stay empty");
            clock += TASK;
            for slot in running {
                host.complete(slot, 0, 1, "1");
                left -= u32::from(slot >= others);
            }
        }
        clock
    };
    let (alone, beside) = (makespan(0), makespan(10_000));
    assert!(2 * beside <= 5 * alone + 2 * TASK, "alone {alone} ms, beside {beside} ms");
}
