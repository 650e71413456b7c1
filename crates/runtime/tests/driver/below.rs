// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are tasks of others, and what a driver decides for several executions at once: shared budgets, redefined versions, how many tasks
//! may be added.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, MODES, Mode};
use crate::plans::{plan, plan_of, task};
use engine::{InstanceIndex, Limits};
use runtime::Error;
use serde_json::{Value, json};
use std::sync::Arc;

fn child(id: &str) -> Value {
    json!({ "id": id, "name": id, "workflow": "child" })
}

fn accept(host: &mut Host, plan: &Arc<engine::Plan>, options: &Value, id: &str) -> u32 {
    host.driver.accept(plan, Some("{}".to_owned()), Some(options.to_string()), Some(id.to_owned())).unwrap().slot
}

fn below(parent: &str) -> Value {
    json!({ "parent": { "execution": parent, "path": "a" } })
}

fn fan(count: u32) -> Value {
    (0..count).map(|place| json!({ "id": format!("t{place}"), "name": "t", "agentId": "work", "dependencies": [] })).collect()
}

fn started(told: &[String]) -> usize {
    told.iter().filter(|told| told.contains(": run ")).count()
}

/// A child could start as many attempts as it liked, whatever its parent might.
#[test]
fn a_budget_is_kept_exactly_however_deep_the_work_is() {
    for mode in MODES {
        let mut host = Host::new(mode);
        accept(&mut host, &plan_of("top", "1", &json!([child("a"), task("z", &["a"])])), &json!({ "budget": { "tasks": 3 } }), "top");
        accept(&mut host, &plan_of("middle", "1", &json!([child("a")])), &below("top"), "middle");
        // The tasks that are workflows count for nothing: they call no agent.
        let slot = accept(&mut host, &plan_of("bottom", "1", &fan(2)), &below("middle"), "bottom");
        assert_eq!(started(&host.advance()), 2 + 2, "{mode:?}");
        host.complete(slot, 0, 1, "1");
        host.complete(slot, 1, 1, "1");
        assert_eq!(host.advance().last().unwrap(), "2: ended 1", "{mode:?}");
        // One is left, and three are wanted: all that are above stop with ERR_BUDGET.
        let slot = accept(&mut host, &plan_of("bottom", "1", &fan(3)), &below("middle"), "again");
        let told = host.advance();
        assert_eq!(started(&told), 1, "{mode:?}: {told:?}");
        assert!(told.contains(&"0: abort 0/1 for 8".to_owned()), "{mode:?}: {told:?}");
        for slot in [0, slot] {
            assert!(host.driver.report(slot).unwrap().contains(r#""error":{"code":"ERR_BUDGET""#), "{mode:?}");
        }
        assert!(!host.driver.report(1).unwrap().contains("ERR_BUDGET"), "{mode:?}: it has no budget of its own");
    }
}

#[test]
fn what_a_crash_interrupted_below_does_not_count_twice() {
    for mode in FILES {
        let mut host = Host::new(mode);
        accept(&mut host, &plan_of("top", "1", &json!([child("a")])), &json!({ "budget": { "tasks": 2 } }), "top");
        accept(&mut host, &plan_of("bottom", "1", &fan(2)), &below("top"), "bottom");
        host.advance();
        let (mut host, interrupted) = host.reopen(mode);
        // The child goes on before its parent does.
        for slot in interrupted.iter().rev().map(|interrupted| interrupted.slot) {
            host.driver.resume(slot).unwrap();
        }
        assert_eq!(started(&host.advance()), 3, "{mode:?}");
        host.complete(1, 0, 1, "1");
        host.complete(1, 1, 1, "1");
        assert_eq!(host.advance().last().unwrap(), "1: ended 1", "{mode:?}");
        assert_eq!(host.driver.execution(0).unwrap().attempts_left(), Some(0), "{mode:?}");
    }
}

#[test]
fn a_child_that_outlives_its_parent_has_nobody_to_charge() {
    for tasks in [1, 9] {
        let mut host = Host::new(Mode::Memory);
        let top = accept(&mut host, &plan_of("top", "1", &json!([child("a")])), &json!({ "budget": { "tasks": 1 } }), "top");
        let bottom = accept(&mut host, &plan_of("bottom", "1", &json!([task("a", &[]), task("b", &["a"])])), &below("top"), "bottom");
        host.advance();
        host.complete(top, 0, 1, "1");
        host.advance();
        host.driver.release(top, false).unwrap();
        host.driver.recycle();
        // The slot is somebody else's now.
        let other = accept(&mut host, &plan_of("other", "1", &fan(1)), &json!({ "budget": { "tasks": tasks } }), "other");
        assert_eq!((other, started(&host.advance())), (top, 1));
        host.complete(bottom, 0, 1, "1");
        assert_eq!(host.advance().last().unwrap(), "1: run 1/1");
        assert_eq!(host.driver.execution(other).unwrap().attempts_left(), Some(tasks - 1));
    }
}

#[test]
fn an_execution_may_add_as_many_tasks_as_one_may_have() {
    let mut host = Host::new(Mode::Memory);
    host.driver.limit_definitions(Limits { tasks_max: 3, ..Limits::default() });
    let (slot, _) = host.accept(&plan(&json!([task("a", &[])])));
    host.advance();
    let mut spawn =
        |id: &str| host.driver.spawn(slot, InstanceIndex::new(0), 1, json!({ "id": id, "name": id, "agentId": "a" }).to_string().into());
    let (first, second) = (spawn("s1").unwrap(), spawn("s2").unwrap());
    let error = spawn("s3").unwrap_err();
    assert!(matches!(&error, Error::Spawned(problems) if problems[0].path == "task"));
    assert_eq!(
        error.to_string(),
        "the spawned task cannot run: task: 4 tasks exceed `workflow.maxTasks` (3); split the workflow, or raise the limit of the orchestrator: `workflow: { maxTasks: 4 }`"
    );
    // What is there already is found all the same.
    assert_eq!((spawn("s1").unwrap(), spawn("s2").unwrap()), (first, second));
}

#[test]
fn a_version_may_mean_several_things_where_that_is_allowed() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let other = plan_of("w", "1", &fan(2));
        let one = plan_of("w", "1", &fan(1));
        host.driver.allow_redefinition();
        for plan in [&one, &other, &one] {
            host.accept(plan);
        }
        host.advance();
        // What runs already goes on where it is not allowed, and nothing else begins until one meaning is left.
        let (mut host, interrupted) = host.reopen(mode);
        for slot in interrupted.iter().map(|interrupted| interrupted.slot) {
            host.driver.resume(slot).unwrap();
        }
        host.advance();
        assert!(matches!(host.driver.accept(&one, None, None, None), Err(Error::DefinitionChanged { .. })), "{mode:?}");
        host.complete(1, 0, 1, "1");
        host.complete(1, 1, 1, "1");
        host.driver.accept(&one, Some("{}".to_owned()), None, None).unwrap();
        assert!(matches!(host.driver.accept(&other, None, None, None), Err(Error::DefinitionChanged { .. })), "{mode:?}");
        host.advance();
    }
}
