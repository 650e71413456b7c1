// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Tasks that an attempt adds at run time.

use super::LIMITS;
use engine::{PlannedTask, Problem, TaskKind, TriggerRule, read_spawned};
use expect_test::expect;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

#[expect(clippy::needless_pass_by_value, reason = "as `json!` reads best")]
fn spawn(task: Value) -> Result<PlannedTask, Vec<Problem>> {
    read_spawned(&task.to_string(), LIMITS)
}

#[test]
fn a_spawned_call_stands_alone_and_its_texts_are_what_they_are() {
    let task = spawn(json!({
        "id": "s", "name": "s", "agentId": "y", "type": "sequential", "onError": "continue", "totalTimeout": "1m", "retryPolicy": { "maxAttempts": 3 },
        "input": { "prompt": "{{ a model wrote this {%", "data": ["{{ context.secret }}"], "schema": { "type": "array" } },
    }))
    .unwrap();
    assert!(matches!(&task.kind, TaskKind::Agent { agent_id } if &**agent_id == "y"));
    assert!(task.input.is_none() && task.plain && task.schema.is_some() && task.is_tolerant() && !task.exclusive && !task.implicit);
    assert_eq!((task.rule, task.retry.max_attempts), (TriggerRule::NoneFailed, 3));
    assert_eq!((task.timeout, task.total_timeout), (Some(LIMITS.default_timeout), Some(Duration::from_mins(1))));
    let child = spawn(json!({ "id": "s", "name": "s", "workflow": "v", "input": { "data": { "n": 1 } } })).unwrap();
    assert!(matches!(child.kind, TaskKind::Workflow) && child.timeout.is_none());
}

#[test]
fn what_a_spawned_task_cannot_be_is_refused() {
    let mut told = String::new();
    for task in [
        json!(7),
        json!({ "id": "s", "name": "s" }),
        json!({ "id": "s", "name": "s", "agentId": "y", "dependencies": [], "conditions": ["true"], "triggerRule": "all_done", "waitFor": { "delay": 1 } }),
        json!({ "id": "s", "name": "s", "agentId": "y", "cache": true, "compensate": { "agentId": "z" }, "type": "loop", "loop": { "forEach": [1] } }),
        json!({ "id": "s", "name": "s", "tasks": [{ "id": "a", "name": "a", "agentId": "y" }] }),
        json!({ "id": "s", "name": "s", "type": "conditional", "branches": [{ "when": "true", "tasks": [{ "id": "a", "name": "a", "agentId": "y" }] }] }),
        json!({ "id": "s", "name": "s", "type": "conditional", "agentId": "y" }),
        json!({ "id": "s", "name": "s", "waitFor": { "signal": "go" } }),
        json!({ "id": "s", "name": "s", "workflow": { "id": "v", "name": "v", "version": "1", "tasks": [] } }),
    ] {
        writeln!(told, "{task}").unwrap();
        let problems = spawn(task).unwrap_err();
        assert!(!problems.is_empty());
        for problem in problems {
            writeln!(told, "    {}: {}", problem.path, problem.kind).unwrap();
        }
    }
    expect![[r#"
        7
            task: expected an object, found 7
        {"id":"s","name":"s"}
            task.agentId: `agentId` is missing: add the id of a registered agent or agent type; or `workflow`
        {"id":"s","name":"s","agentId":"y","dependencies":[],"conditions":["true"],"triggerRule":"all_done","waitFor":{"delay":1}}
            task.dependencies: `dependencies` has no meaning on a spawned task; the attempt that spawns the task decides that itself
            task.conditions: `conditions` has no meaning on a spawned task; the attempt that spawns the task decides that itself
            task.triggerRule: `triggerRule` has no meaning on a spawned task; the attempt that spawns the task decides that itself
            task.waitFor: `waitFor` has no meaning on a spawned task; the attempt that spawns the task decides that itself
        {"id":"s","name":"s","agentId":"y","cache":true,"compensate":{"agentId":"z"},"type":"loop","loop":{"forEach":[1]}}
            task.compensate: `compensate` has no meaning on a spawned task; the attempt that spawns the task decides that itself
            task.cache: `cache` has no meaning on a spawned task; the attempt that spawns the task decides that itself
            task.loop: `loop` has no meaning on a spawned task; give it a `workflow` with that loop
            task.type: `type` has no meaning on a spawned task; leave it out: it is one call
        {"id":"s","name":"s","tasks":[{"id":"a","name":"a","agentId":"y"}]}
            task.tasks: `tasks` has no meaning on a spawned task; give it a `workflow` with those tasks
        {"id":"s","name":"s","type":"conditional","branches":[{"when":"true","tasks":[{"id":"a","name":"a","agentId":"y"}]}]}
            task.branches: `branches` has no meaning on a spawned task; give it a `workflow` with those tasks
        {"id":"s","name":"s","type":"conditional","agentId":"y"}
            task.type: `type` has no meaning on a spawned task; leave it out: it is one call
        {"id":"s","name":"s","waitFor":{"signal":"go"}}
            task.waitFor: `waitFor` has no meaning on a spawned task; the attempt that spawns the task decides that itself
            task.agentId: `agentId` is missing: add the id of a registered agent or agent type; or `workflow`
        {"id":"s","name":"s","workflow":{"id":"v","name":"v","version":"1","tasks":[]}}
            task.workflow.tasks: must not be empty
    "#]]
    .assert_eq(&told);
}
