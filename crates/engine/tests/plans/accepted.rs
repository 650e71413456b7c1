// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Definitions that were accepted before the door became stricter.

use super::LIMITS;
use engine::{Plan, Wait, read_accepted_plan, read_accepted_spawned, read_plan, read_spawned};
use serde_json::json;
use std::time::Duration;

const OF_PATHS: [&str; 7] = ["a/b", "a\\b", "a~b", "l[0]", "c]", "undone!compensate", "l[0].c"];

fn definition(id: &str, signal: &str) -> String {
    let waits = json!({ "id": "w", "name": "w", "waitFor": { "signal": signal } });
    let inner = json!({ "id": "v", "name": "v", "version": "1", "tasks": [{ "id": id, "name": "x", "agentId": "a" }] });
    let tasks = json!([{ "id": id, "name": "x", "agentId": "a" }, waits, { "id": "child", "name": "c", "workflow": inner }]);
    json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }).to_string()
}

fn paths(text: &str) -> Vec<String> {
    read_plan(text, LIMITS).1.iter().map(|problem| problem.path.clone()).collect()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.tasks.iter().map(|(_, task)| &*task.id).collect()
}

#[test]
fn ids_that_paths_are_made_of_are_refused_at_the_door_and_read_behind_it() {
    for id in OF_PATHS {
        let text = definition(id, "go");
        assert_eq!(paths(&text), ["tasks[0].id", "tasks[2].workflow.tasks[0].id"], "{id}");
        let plan = read_accepted_plan(&text, Duration::from_secs(7)).unwrap();
        assert_eq!((ids(&plan), plan.default_timeout), (vec![id, "w", "child"], Duration::from_secs(7)));
    }
    for id in ["a.b", "a:b", "a b", "ü", "a@b", "a'b", "(a)"] {
        assert_eq!(paths(&definition(id, "go")), [""; 0], "{id}");
    }
}

#[test]
fn a_signal_with_a_control_character_is_refused_at_the_door_and_read_behind_it() {
    let text = definition("a", "go\u{7}on");
    assert_eq!(paths(&text), ["tasks[1].waitFor.signal"]);
    let plan = read_accepted_plan(&text, LIMITS.default_timeout).unwrap();
    let wait = plan.find("w").and_then(|wait| plan.tasks[wait].wait.as_ref());
    assert!(matches!(wait, Some(Wait::Signal { name, .. }) if &**name == "go\u{7}on"));
}

#[test]
fn what_was_never_accepted_is_a_problem_behind_the_door_too() {
    let problems = read_accepted_plan(r#"{"id":"w","tasks":[{"id":"a/b","agentId":7}]}"#, LIMITS.default_timeout).unwrap_err();
    assert_eq!(problems.iter().map(|problem| &*problem.path).collect::<Vec<_>>(), ["tasks[0].agentId"]);
}

#[test]
fn a_spawned_task_is_judged_at_the_door_alone_and_so_is_the_workflow_inside_it() {
    let inner = |tasks: usize| {
        let tasks: Vec<_> = (0..tasks).map(|task| json!({ "id": format!("t{task}/x"), "name": "t", "agentId": "a" })).collect();
        json!({ "id": "s", "name": "s", "workflow": { "id": "v", "name": "v", "version": "1", "tasks": [{ "id": "g", "name": "g", "tasks": tasks }] } }).to_string()
    };
    let limits = engine::Limits { tasks_max: 3, depth_max: 2, ..LIMITS };
    let problems = |text: &str| {
        read_spawned(text, limits).err().map(|problems| problems.iter().map(|problem| problem.path.clone()).collect::<Vec<_>>())
    };
    assert_eq!(problems(&inner(1).replace("/x", "")), None);
    assert_eq!(problems(&inner(1)).unwrap(), ["task.workflow.tasks[0].tasks[0].id"]);
    assert_eq!(problems(&inner(3).replace("/x", "")).unwrap(), ["task.workflow.tasks"]);
    let spawned = json!({ "id": "b/c", "name": "s", "agentId": "a" }).to_string();
    assert_eq!(problems(&spawned).unwrap(), ["task.id"]);
    for text in [inner(3), spawned] {
        read_accepted_spawned(&text, LIMITS.default_timeout).unwrap();
    }
}
