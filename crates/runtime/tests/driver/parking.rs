// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are not at hand, and come back when something comes for them.

use crate::host::{FILES, Host, Mode, clock};
use crate::plans::{plan, task};
use runtime::{Error, Proceeded, Statistics};
use serde_json::{Value, json};
use std::sync::Arc;

/// `a`, then a wait for a signal, then `b`.
fn waits() -> Value {
    json!([task("a", &[]), { "id": "wait", "name": "wait", "waitFor": { "signal": "go" }, "dependencies": ["a"] }, task("b", &["wait"])])
}

/// A host with an execution that only waits.
fn waiting(mode: Mode) -> (Host, u32, Arc<str>) {
    let mut host = Host::new(mode);
    let (slot, id) = host.accept(&plan(&waits()));
    host.advance();
    host.complete(slot, 0, 1, r#"{"n":1}"#);
    host.advance();
    (host, slot, id)
}

#[test]
fn what_only_waits_is_parked_and_counts_as_before_and_goes_on_when_it_was_woken() {
    for mode in FILES {
        let (mut host, slot, id) = waiting(mode);
        let before = host.driver.statistics();
        assert!(host.driver.park(slot).unwrap(), "{mode:?}");
        assert_eq!(host.driver.statistics(), Statistics { parked: 1, ..before }, "{mode:?}");
        assert_eq!(host.driver.parked(&id), Some(slot), "{mode:?}");
        assert!(matches!(host.driver.report(slot), Err(Error::NoSuchSlot { .. })), "{mode:?}: it is not at hand");
        let handed: Value = serde_json::from_str(&host.wake(slot)).unwrap();
        assert_eq!((&handed["id"], &handed["outputs"]), (&json!(&*id), &json!({ "0": { "n": 1 } })), "{mode:?}");
        assert_eq!(host.driver.statistics(), before, "{mode:?}");
        host.driver.signal(slot, "go".into(), "7".into(), None, None).unwrap();
        assert_eq!(host.advance().last().map(String::as_str), Some("0: run 2/1"), "{mode:?}");
        host.complete(slot, 2, 1, "2");
        host.advance();
        assert_eq!(host.driver.statistics().completed, 1, "{mode:?}");
    }
}

#[test]
fn what_does_more_than_wait_stays_at_hand() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&waits()));
        assert!(!host.driver.park(slot).unwrap(), "{mode:?}: nothing of it is on record");
        host.driver.flush().unwrap();
        while !host.driver.is_settled() {
            host.pull_when_woken().unwrap();
        }
        assert!(!host.driver.park(slot).unwrap(), "{mode:?}: its host has not heard of it");
        host.advance();
        assert!(!host.driver.park(slot).unwrap(), "{mode:?}: an attempt is under way");
    }
    let (mut host, slot, _) = waiting(Mode::Memory);
    assert!(!host.driver.park(slot).unwrap(), "in memory nothing else has it");
}

#[test]
fn the_next_process_has_it_parked_and_lets_it_go_on_without_a_look_at_it() {
    for mode in FILES {
        let (host, ..) = waiting(mode);
        let mut host = Host::parked_since(host.leave(), mode, clock());
        assert_eq!(host.driver.groups().count(), 1, "{mode:?}");
        assert_eq!(host.driver.statistics(), Statistics { active: 1, parked: 1, queued: 2, ..Statistics::default() }, "{mode:?}");
        let proceeded = host.driver.proceed(0, 10).unwrap();
        assert_eq!(proceeded, Proceeded { resumed: 1, to_wake: Vec::new(), more: false }, "{mode:?}");
        assert_eq!(host.driver.parked_in(0), [""; 0].map(Arc::from), "{mode:?}: it waits for nobody");
        assert_eq!(host.driver.statistics().parked, 1, "{mode:?}");
    }
}

#[test]
fn what_has_something_to_do_is_to_be_woken_and_resumed() {
    let mut host = Host::new(Mode::Os);
    host.accept(&plan(&waits()));
    host.advance();
    let mut host = Host::parked_since(host.leave(), Mode::Os, clock());
    let proceeded = host.driver.proceed(0, 10).unwrap();
    assert_eq!(proceeded, Proceeded { resumed: 0, to_wake: vec![0], more: false });
    let handed: Value = serde_json::from_str(&host.wake(0)).unwrap();
    assert_eq!(handed["asleep"], true);
    host.driver.resume(0).unwrap();
    assert_eq!(host.advance(), ["0: run 0/1 after 1 interruptions"]);
}

#[test]
fn its_time_wakes_it() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&json!([{ "id": "wait", "name": "wait", "waitFor": { "delay": 50 } }, task("b", &["wait"])])));
        host.advance();
        assert!(host.driver.park(slot).unwrap(), "{mode:?}");
        host.wait_for("0: woken");
        assert!(host.driver.handover(slot).is_ok(), "{mode:?}");
        host.wait_for("0: run 1/1");
    }
}

#[test]
fn of_what_cannot_be_read_its_host_hears_why_and_everything_else_goes_on() {
    let (mut host, slot, id) = waiting(Mode::Os);
    let (other, _) = host.accept(&plan(&waits()));
    host.advance();
    assert!(host.driver.park(slot).unwrap());
    let damage = rusqlite::Connection::open(host.path()).unwrap();
    damage.execute("UPDATE journal SET body = '{' WHERE execution = 1 AND seq = 1", []).unwrap();
    host.driver.wake(slot);
    host.wait_for("0: woken");
    let Err(Error::Read(error)) = host.driver.handover(slot) else { unreachable!() };
    assert!(error.to_string().starts_with(&format!("record 1 of execution `{id}` cannot be read: ")), "{error}");
    assert_eq!(host.driver.unreadable().len(), 1);
    host.complete(other, 0, 1, "1");
    assert_eq!(host.advance().last().map(String::as_str), Some("1: waiting 1"));
}
