// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which signals an execution takes, by its definition: not by what waits now.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use engine::{Execution, Fit, Input, Limits, PathForm, Setup, SignalError, Step, read_plan};
use serde_json::{Value, json};
use std::sync::Arc;
use stdx::Timestamp;

fn waits(id: &str, signal: &str) -> Value {
    json!({ "id": id, "name": id, "waitFor": { "signal": signal } })
}

fn execution(tasks: &Value, paths: PathForm) -> Execution {
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }).to_string();
    let limits = Limits { checked: true, ..Limits::default() };
    let (plan, problems) = read_plan(&definition, limits);
    Execution::new(Arc::new(plan.ok_or(problems).unwrap()), Setup { paths, context: Some("{}".into()), ..Setup::default() })
}

/// What is said of a signal; empty if it is taken.
fn said(execution: &Execution, name: &str, path: Option<&str>) -> String {
    execution.check_signal(&name.into(), path, None).err().map(|error| error.to_string()).unwrap_or_default()
}

fn nested() -> Value {
    json!([
        waits("plain", "go"),
        { "id": "dotted.group", "name": "g", "tasks": [waits("in.side", "go")] },
        { "id": "outer", "name": "o", "type": "loop", "loop": { "forEach": [1, 2, 3] }, "tasks": [
            { "id": "choice", "name": "c", "type": "conditional", "branches": [{ "when": "true", "tasks": [waits("chosen", "go")] }] },
            { "id": "my.inner", "name": "i", "type": "loop", "loop": { "while": "iteration < 2", "maxIterations": 5 }, "tasks": [waits("deep", "go")] },
            { "id": "any", "name": "a", "type": "loop", "loop": { "forEach": "context.list" }, "tasks": [waits("each", "other")] },
        ] },
        { "id": "poll", "name": "p", "type": "loop", "loop": { "until": "iteration > 2" }, "agentId": "a", "waitFor": { "signal": "start" } },
    ])
}

#[test]
fn a_signal_is_taken_where_a_wait_may_stand_in_some_pass() {
    let execution = execution(&nested(), PathForm::default());
    for (name, path) in [
        ("go", "plain"),
        ("go", "in.side"),
        ("go", "outer[0].chosen"),
        ("go", "outer[2].chosen"),
        ("go", "outer[1].my.inner[4].deep"),
        ("other", "outer[0].any[123456].each"),
        ("start", "poll"),
    ] {
        assert_eq!(said(&execution, name, Some(path)), "", "{path}");
        assert_eq!(said(&execution, name, None), "");
    }
    for (name, path) in [
        ("go", "plane"),
        ("go", ""),
        ("go", "dotted.in.side"),
        ("go", "dotted.group.in.side"),
        ("go", "outer"),
        ("go", "chosen"),
        ("go", "outer.chosen"),
        ("go", "outer[n].chosen"),
        ("go", "outer[3].chosen"),
        ("go", "outer[01].chosen"),
        ("go", "outer[+1].chosen"),
        ("go", "outer[].chosen"),
        ("go", "outer[0].chosen.chosen"),
        ("go", "outer[0].choice.chosen"),
        ("go", "outer[1].my.inner[5].deep"),
        ("go", "outer[1].deep"),
        ("other", "outer[0].any[99999999999999999999999].each"),
        ("start", "poll[0]"),
        ("other", "plain"),
    ] {
        assert!(said(&execution, name, Some(path)).starts_with(&format!("no task at `{path}` waits for `{name}`; these do: ")), "{path}");
    }
}

/// `my.legal` ends as a path of `legal` would: an early payload that only `legal` takes was put on record for it, and fed nothing.
#[test]
fn a_payload_is_judged_by_the_waits_that_may_have_its_path_and_by_no_others() {
    let judged = |id: &str| json!({ "id": id, "name": id, "waitFor": { "signal": "go", "schema": { "type": "string" } } });
    let execution = execution(
        &json!([{ "id": "first", "name": "f", "waitFor": { "signal": "begin" } }, judged("my.legal"), judged("legal")]),
        PathForm::default(),
    );
    let fit = |id: &str| Fit { task: execution.plan().find(id).unwrap(), payload: None };
    let check = |path, fits: &[Fit]| execution.check_signal(&"go".into(), path, Some(fits));
    assert!(matches!(check(Some("my.legal"), &[fit("legal")]), Err(SignalError::Payload { wait, .. }) if wait == "my.legal"));
    assert!(check(Some("legal"), &[fit("legal")]).is_ok() && check(Some("my.legal"), &[fit("my.legal")]).is_ok());
    assert!(check(None, &[fit("legal")]).is_ok() && check(None, &[]).is_err());
}

#[test]
fn what_there_is_is_said() {
    let execution = execution(&nested(), PathForm::default());
    let there = "no task at `plane` waits for `go`; these do: `plain`, `in.side`, `outer[n].chosen`, `outer[n].my.inner[n].deep`";
    assert_eq!(said(&execution, "go", Some("plane")), there);
    let there = "tasks wait for: `go`, `other`, `start`";
    assert_eq!(said(&execution, "begin", None), format!("no task of this workflow waits for signal `begin`; {there}"));
    assert_eq!(said(&execution, "stat", None), format!("no task of this workflow waits for signal `stat`; did you mean `start`? {there}"));
}

#[test]
fn where_nothing_waits_nothing_is_taken_and_a_child_is_thought_of() {
    let child = json!({ "id": "v", "name": "v", "version": "1", "tasks": [waits("w", "go")] });
    let execution = execution(&json!([{ "id": "child", "name": "c", "workflow": child }]), PathForm::default());
    let there = "none waits for any (the waits of a child workflow are those of its own execution)";
    assert_eq!(said(&execution, "go", None), format!("no task of this workflow waits for signal `go`; {there}"));
}

#[test]
fn many_names_and_long_ones_are_cut_short() {
    let tasks: Vec<Value> = (0..30).map(|place| waits(&format!("w{place}"), &format!("signal {place:02} {}", "x".repeat(100)))).collect();
    let execution = execution(&Value::from(tasks), PathForm::default());
    let told = said(&execution, &"y".repeat(1000), None);
    assert!(told.contains("`signal 09 xxx") && told.ends_with("…`, …") && told.chars().count() < 900, "{told}");
}

/// An execution of a version before keeps the paths it has: what it left under them, keys and children, is found again.
#[test]
fn an_execution_that_was_begun_before_keeps_its_paths() {
    let execution = execution(&nested(), PathForm::AfterLastDot);
    assert_eq!(said(&execution, "go", Some("dotted.in.side")), "");
    assert_eq!(said(&execution, "go", Some("outer[1].my.inner[4].deep")), "");
    assert_ne!(said(&execution, "go", Some("in.side")), "");
    for (form, path) in [(PathForm::AfterLastDot, "dotted.in.side"), (PathForm::AfterPasses, "in.side")] {
        let mut execution = self::execution(&nested(), form);
        execution.handle(Timestamp::from_micros(1), Input::Start, &mut Step::default());
        let signal = |path: Option<Arc<str>>| Input::Signal { name: "go".into(), payload: "1".into(), path, fits: None };
        execution.handle(Timestamp::from_micros(2), signal(Some("plain".into())), &mut Step::default());
        let mut step = Step::default();
        execution.handle(Timestamp::from_micros(3), signal(Some(path.into())), &mut step);
        assert!(step.events.len() > 1, "the wait at {path} has taken it");
    }
}

/// One path could be that of two tasks: `a.b` in a group `x.y`, and `x.b`.
#[test]
fn no_two_tasks_have_one_path() {
    let tasks = json!([
        { "id": "x.y", "name": "g", "tasks": [{ "id": "b", "name": "b", "agentId": "a" }, { "id": "z.y", "name": "g", "tasks": [{ "id": "c", "name": "c", "agentId": "a" }] }] },
        { "id": "x.b", "name": "x", "agentId": "a" },
        { "id": "x.c", "name": "x", "agentId": "a" },
    ]);
    let mut execution = execution(&tasks, PathForm::default());
    let mut step = Step::default();
    execution.handle(Timestamp::from_micros(1), Input::Start, &mut step);
    let mut paths: Vec<String> = execution.tasks().iter().map(|(task, _)| execution.path(task)).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["b", "x.b", "x.c", "x.y", "z.y"]);
}

#[test]
fn a_wait_that_times_out_says_what_came_instead() {
    let tasks = json!([{ "id": "p", "name": "p", "type": "parallel", "tasks": [
        { "id": "legal", "name": "l", "waitFor": { "signal": "approve", "timeout": 1000 } },
        { "id": "later", "name": "l", "waitFor": { "signal": "later" }, "dependencies": ["legal"] },
        { "id": "finance", "name": "f", "waitFor": { "signal": "approve" }, "dependencies": ["legal"] },
    ] }]);
    let mut execution = execution(&tasks, PathForm::default());
    execution.handle(Timestamp::from_micros(1), Input::Start, &mut Step::default());
    for (name, path) in [("later", None), ("later", None), ("approve", Some("finance"))] {
        let path = path.map(Arc::from);
        execution.check_signal(&name.into(), path.as_deref(), None).unwrap();
        execution.handle(
            Timestamp::from_micros(2),
            Input::Signal { name: name.into(), payload: "1".into(), path, fits: None },
            &mut Step::default(),
        );
    }
    execution.handle(Timestamp::from_micros(2_000_000), Input::Tick, &mut Step::default());
    let (_, failure) = execution.failure().unwrap();
    let came = "signals that no task took: `approve` for `finance`, `later` (2 times)";
    assert_eq!(&*failure.message, format!("no signal `approve` came within 1000 ms; {came}"));
}
