// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a plan keeps of a definition.

use super::LIMITS;
use engine::read_plan;
use expect_test::expect;
use serde_json::json;
use std::fmt::Write as _;

#[test]
fn a_plan_keeps_how_often_and_how_long_each_task_is_tried() {
    let retry = json!({ "maxAttempts": 3, "backoffType": "exponential", "initialDelay": "2s", "maxDelay": "1m", "jitter": 0.5 });
    let definition = json!({ "id": "w", "name": "w", "version": "1.2.0", "tasks": [
        { "id": "a", "name": "A", "agentId": "writer", "timeout": "90s", "retryPolicy": retry },
        { "id": "b", "name": "B", "agentId": "reader", "input": { "schema": { "type": "object" } } },
        { "id": "c", "name": "C", "agentId": "reader", "retryPolicy": { "maxAttempts": 2 } },
    ] });
    let (plan, _) = read_plan(&definition.to_string(), LIMITS);
    let plan = plan.unwrap();
    assert_eq!((&*plan.workflow_id, &*plan.version, &*plan.definition), ("w", "1.2.0", &*definition.to_string()));
    let mut tasks = String::new();
    for (_, task) in plan.tasks.iter() {
        writeln!(tasks, "{} {:?} {:?} {:?} {:?} {:?}", task.id, task.kind, task.timeout, task.rule, task.retry, task.schema).unwrap();
    }
    expect![[r#"
        a Agent { agent_id: "writer" } Some(90s) NoneFailed RetryPolicy { max_attempts: 3, backoff: Backoff { growth: Exponential, initial: 2s, max: 60s, jitter: 0.5 }, retry_on: None, max_elapsed: None } None
        b Agent { agent_id: "reader" } Some(600s) NoneFailed RetryPolicy { max_attempts: 1, backoff: Backoff { growth: Fixed, initial: 0ns, max: 31622400s, jitter: 0.0 }, retry_on: None, max_elapsed: None } Some(Schema)
        c Agent { agent_id: "reader" } Some(600s) NoneFailed RetryPolicy { max_attempts: 2, backoff: Backoff { growth: Fixed, initial: 1s, max: 31622400s, jitter: 0.0 }, retry_on: None, max_elapsed: None } None
    "#]].assert_eq(&tasks);
}

#[test]
fn definitions_that_do_the_same_share_a_hash() {
    let hash = |definition: &str| read_plan(definition, LIMITS).0.unwrap().hash().to_string();
    let plain = hash(r#"{ "id": "w", "name": "w", "version": "1", "tasks": [{ "id": "a", "name": "A", "agentId": "x", "timeout": 5 }] }"#);
    let renamed = r#"{ "tasks": [{ "timeout": 5, "agentId": "x", "name": "Other", "id": "a" }], "version": "1", "name": "v", "id": "w",
        "description": "said differently", "metadata": { "team": "blue" } }"#;
    assert_eq!(hash(renamed), plain);
    assert_eq!(plain.len(), 64);
    let changed = r#"{ "id": "w", "name": "w", "version": "1", "tasks": [{ "id": "a", "name": "A", "agentId": "x", "timeout": 6 }] }"#;
    assert_ne!(hash(changed), plain);
    let does_as = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|definition| read_plan(definition, LIMITS).0.unwrap());
        one.does_as(&other)
    };
    assert_eq!([does_as(changed, changed), does_as(changed, renamed)], [true, false]);
    let reordered = r#"{ "tasks": [{ "timeout": 6, "agentId": "x", "id": "a" }], "version": "1", "id": "w" }"#;
    assert!(does_as(changed, reordered));
}

#[test]
fn names_of_tasks_and_workflows_inside_do_not_count_and_those_of_branches_do() {
    let hash = |name: &str, branch: &str, agent: &str| {
        let task = |id: &str| json!({ "id": id, "name": name, "agentId": agent });
        let inner =
            json!({ "id": "v", "name": name, "version": "1", "description": name, "metadata": { "by": name }, "tasks": [task("q")] });
        let definition = json!({ "id": "w", "name": name, "version": "1", "tasks": [
            { "id": "g", "name": name, "tasks": [task("a"), { "id": "h", "name": name, "type": "loop", "loop": { "forEach": [1] }, "tasks": [task("b")] }] },
            { "id": "k", "name": name, "type": "conditional", "branches": [{ "name": branch, "when": "true", "tasks": [task("c")] }], "default": [task("d")] },
            { "id": "child", "name": name, "workflow": inner, "input": { "data": { "name": "kept" } } },
        ] });
        read_plan(&definition.to_string(), LIMITS).0.unwrap().hash().to_string()
    };
    assert_eq!(hash("one", "b", "x"), hash("two", "b", "x"));
    assert_ne!(hash("one", "b", "x"), hash("one", "c", "x"));
    assert_ne!(hash("one", "b", "x"), hash("one", "b", "y"));
}
