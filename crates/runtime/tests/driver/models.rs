// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What attempts tell of their models: on record before anything is sent, there again after a crash, and part of what those above have spent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, MODES, Mode};
use crate::plans::{plan_of, task};
use engine::{InstanceIndex, Spent};
use runtime::{Error, report};
use serde_json::{Value, json};

const CALL: &str = r#"{"model":"m","usage":{"inputTokens":10,"outputTokens":4},"costNanos":70,"requests":2,"text":"hello"}"#;

fn accept(host: &mut Host, tasks: &Value, options: &Value, id: &str) -> u32 {
    let plan = plan_of(id, "1", tasks);
    host.driver.accept(&plan, Some("{}".to_owned()), Some(options.to_string()), Some(id.to_owned())).unwrap().slot
}

fn fan(count: u32) -> Value {
    (0..count).map(|place| json!({ "id": format!("t{place}"), "name": "t", "agentId": "work", "dependencies": [] })).collect()
}

fn choose(host: &mut Host, slot: u32, task: u32, choice: &str) -> bool {
    host.driver.chose(slot, InstanceIndex::new(task), 1, choice.into()).unwrap()
}

fn call(host: &mut Host, slot: u32, task: u32) -> bool {
    host.driver.called(slot, InstanceIndex::new(task), 1, CALL.into()).unwrap()
}

fn spent(host: &Host, slot: u32) -> Spent {
    host.driver.execution(slot).unwrap().spent()
}

fn report(host: &Host, slot: u32) -> Value {
    serde_json::from_str(&host.driver.report(slot).unwrap()).unwrap()
}

#[test]
fn a_choice_is_heard_of_when_it_is_on_record_and_not_before() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let slot = accept(&mut host, &fan(2), &json!({}), "top");
        host.advance();
        assert!(choose(&mut host, slot, 1, r#"{"model":"m"}"#));
        assert!(choose(&mut host, slot, 0, r#"{"model":"n"}"#));
        assert_eq!(host.take(), Vec::<String>::new(), "{mode:?}");
        assert_eq!(host.advance(), ["0: noted by 1/1", "0: noted by 0/1"], "{mode:?}");
    }
}

#[test]
fn who_is_not_at_work_chooses_nothing_and_what_is_no_call_is_refused() {
    let mut host = Host::new(Mode::Memory);
    let slot = accept(&mut host, &json!([task("a", &[]), task("b", &["a"])]), &json!({}), "top");
    host.advance();
    for (place, attempt) in [(0, 2), (1, 1), (7, 1), (0, 0)] {
        assert!(!host.driver.chose(slot, InstanceIndex::new(place), attempt, "1".into()).unwrap(), "{place} {attempt}");
        assert!(!host.driver.called(slot, InstanceIndex::new(place), attempt, "{}".into()).unwrap(), "{place} {attempt}");
    }
    assert_eq!(host.advance(), Vec::<String>::new());
    for text in ["", "7", r#"{"usage":null}"#, r#"{"usage":{"inputTokens":-1}}"#, r#"{"costNanos":0.5}"#] {
        let error = host.driver.called(slot, InstanceIndex::new(0), 1, text.into()).unwrap_err();
        assert!(matches!(error, Error::Malformed { what: "model call", .. }), "{text}: {error}");
    }
    assert_eq!(spent(&host, slot), Spent::default());
}

/// A call that was paid before a crash is there for the attempt that runs again; one that was chosen and has no call was interrupted.
#[test]
fn an_attempt_that_a_crash_interrupted_finds_what_it_noted() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let slot = accept(&mut host, &fan(2), &json!({}), "top");
        host.advance();
        choose(&mut host, slot, 0, r#"{"model":"m"}"#);
        call(&mut host, slot, 0);
        choose(&mut host, slot, 0, r#"{"model":"n"}"#);
        host.advance();
        let (mut host, interrupted) = host.reopen(mode);
        host.driver.resume(interrupted.first().unwrap().slot).unwrap();
        host.advance();
        let notes = host.driver.notes(0, InstanceIndex::new(0)).unwrap().unwrap();
        assert_eq!(notes, format!(r#"{{"choices":[{{"model":"m"}},{{"model":"n"}}],"calls":[{CALL}]}}"#), "{mode:?}");
        assert_eq!(host.driver.notes(0, InstanceIndex::new(1)).unwrap(), None, "{mode:?}");
        host.complete(0, 0, 1, "1");
        host.advance();
        assert_eq!(host.driver.notes(0, InstanceIndex::new(0)).unwrap(), None, "{mode:?}");
        let sum = json!({ "inputTokens": 10, "outputTokens": 4, "costNanos": 70, "calls": 1, "requests": 2 });
        let told = report(&host, 0);
        assert_eq!((&told["spent"], &told["usage"]), (&sum, &json!({ "0": sum })), "{mode:?}");
        host.complete(0, 1, 1, "1");
        host.advance();
        let stored: Value = serde_json::from_str(&report::stored(&host.stored("top")).unwrap()).unwrap();
        assert_eq!((&stored["report"]["spent"], &stored["report"]["usage"]), (&sum, &json!({ "0": sum })), "{mode:?}");
    }
}

#[test]
fn a_report_without_models_says_nothing_of_them() {
    let mut host = Host::new(Mode::Memory);
    let slot = accept(&mut host, &fan(1), &json!({}), "top");
    host.advance();
    let told = report(&host, slot);
    assert_eq!((told.get("spent"), told.get("usage")), (None, None));
}

#[test]
fn what_models_cost_below_is_charged_to_all_above_in_the_same_commit() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let child = json!([{ "id": "a", "name": "a", "workflow": "child" }]);
        let below = |parent: &str| json!({ "parent": { "execution": parent, "path": "a" } });
        let top = accept(&mut host, &child, &json!({}), "top");
        let middle = accept(&mut host, &child, &below("top"), "middle");
        let bottom = accept(&mut host, &fan(1), &below("middle"), "bottom");
        host.advance();
        assert!(call(&mut host, bottom, 0));
        assert!(call(&mut host, bottom, 0));
        let cost = Spent { input_tokens: 20, output_tokens: 8, cost_nanos: 140, calls: 2, requests: 4, ..Spent::default() };
        for slot in [top, middle, bottom] {
            assert_eq!(spent(&host, slot), cost, "{mode:?}: {slot}");
        }
        host.advance();
        assert_eq!(report(&host, top)["usage"], json!({}), "{mode:?}: none of its own tasks has used any");
        if mode != Mode::Memory {
            let (host, interrupted) = host.reopen(mode);
            for slot in interrupted.iter().map(|found| found.slot) {
                assert_eq!(spent(&host, slot), cost, "{mode:?}: {slot}");
            }
            assert_eq!(interrupted.len(), 3);
        }
    }
}

#[test]
fn a_call_that_ends_after_its_execution_is_charged_to_nobody() {
    let mut host = Host::new(Mode::Memory);
    let slot = accept(&mut host, &fan(1), &json!({}), "top");
    host.advance();
    host.complete(slot, 0, 1, "1");
    host.advance();
    assert!(!call(&mut host, slot, 0));
    assert_eq!(spent(&host, slot), Spent::default());
}
