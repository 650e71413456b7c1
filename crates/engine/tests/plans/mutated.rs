// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Definitions that something has gone wrong with: a plan or problems come of each, never a panic.

use super::LIMITS;
use engine::{Limits, Severity, read_plan, read_spawned};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A workflow with every field there is.
fn whole() -> Value {
    let retry = json!({ "maxAttempts": 3, "backoffType": "linear", "initialDelay": "1s", "maxDelay": "5s", "jitter": 0.5, "retryOn": ["ERR_X"], "maxElapsed": "1m" });
    json!({
        "id": "w", "name": "w", "version": "1", "description": "d", "metadata": { "a": 1 }, "failurePolicy": "continue",
        "deadline": "2027-01-31T12:00:00Z", "budget": { "tasks": 5, "time": "1h" },
        "tasks": [
            { "id": "a", "name": "a", "type": "sequential", "agentId": "x", "input": { "prompt": "{{ context.n }}", "data": ["{{ input.n }}"], "schema": { "type": "array" } },
              "retryPolicy": retry, "timeout": "10s", "totalTimeout": 60_000, "heartbeatTimeout": "5s", "cache": { "key": "{{ context.n }}", "ttl": "1h" },
              "compensate": { "agentId": "u", "input": { "data": "{{ tasks.a.status }}" }, "on": "started", "retryPolicy": retry, "timeout": 5 }, "outputSchema": {} },
            { "id": "wait", "name": "wait", "waitFor": { "signal": "go", "timeout": "1h", "schema": {} }, "dependencies": ["a"], "triggerRule": "all_done" },
            { "id": "g", "name": "g", "type": "parallel", "join": { "quorum": 1 }, "timeout": "1m", "onError": "continue", "tasks": [
                { "id": "b", "name": "b", "agentId": "x", "conditions": ["tasks.a.status == 'completed'", { "type": "custom", "evaluate": { "function": "f" } }] },
                { "id": "c", "name": "c", "workflow": { "id": "v", "name": "v", "version": "1", "tasks": [{ "id": "q", "name": "q", "agentId": "x" }] } },
            ] },
            { "id": "k", "name": "k", "type": "conditional", "mode": "all", "onNoMatch": "fail", "branches": [
                { "name": "one", "when": "context.n > 1", "tasks": [{ "id": "d", "name": "d", "waitFor": { "delay": "1s" } }] }],
              "default": [{ "id": "e", "name": "e", "agentId": "x" }] },
            { "id": "l", "name": "l", "type": "loop", "agentId": "x", "loop": { "forEach": "context.list", "concurrency": 2, "onItemError": "skip" }, "input": { "data": "{{ item }}" } },
            { "id": "m", "name": "m", "type": "loop", "loop": { "while": ["iteration < 3"], "maxIterations": 5, "onLimit": "stop", "keepLast": 1 }, "tasks": [
                { "id": "n", "name": "n", "agentId": "x", "conditions": "m.iteration > 0" }] },
        ],
    })
}

/// Something to put in the place of something else.
fn stranger() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(u64::MAX)),
        Just(json!("")),
        Just(json!([])),
        Just(json!({})),
        Just(json!("a")),
        Just(json!("l")),
        Just(json!(["g", "a", "a"])),
        Just(json!("loop")),
        Just(json!("parallel")),
        Just(json!("conditional")),
        Just(json!("{{ tasks.k.output }}")),
        Just(json!("tasks.m.output + item")),
        Just(json!("9999999999999999999d")),
        Just(json!("999999999999-12-31T23:59:59Z")),
        Just(json!({ "function": "f" })),
        Just(json!([[[{ "tasks": [{ "tasks": [{}] }] }]]])),
        Just(whole()["tasks"].clone()),
        "\\PC{0,20}".prop_map(Value::from),
    ]
}

/// How many values there are, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Does something to the value with this number.
fn change(value: &mut Value, number: &mut usize, what: &mut dyn FnMut(&mut Value)) {
    if *number == 0 {
        what(value);
    }
    *number = number.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| change(item, number, what)),
        Value::Object(fields) => fields.values_mut().for_each(|field| change(field, number, what)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Replace(prop::sample::Index, Value),
    /// Takes a field from one object into another.
    Move(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    Drop(prop::sample::Index, prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use prop::sample::Index;
    prop_oneof![
        (any::<Index>(), stranger()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(from, field, to)| Mutation::Move(from, field, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(at, field)| Mutation::Drop(at, field)),
    ]
}

fn apply(definition: &mut Value, mutation: &Mutation) {
    let number = |at: &prop::sample::Index, definition: &Value| at.index(count(definition));
    let field_of = |fields: &Map<String, Value>, at: &prop::sample::Index| {
        (!fields.is_empty()).then(|| fields.keys().nth(at.index(fields.len())).unwrap().clone())
    };
    match mutation {
        Mutation::Replace(at, value) => change(definition, &mut number(at, definition), &mut |old| *old = value.clone()),
        Mutation::Drop(at, field) => change(definition, &mut number(at, definition), &mut |old| {
            if let Value::Object(fields) = old
                && let Some(field) = field_of(fields, field)
            {
                fields.remove(&field);
            }
        }),
        Mutation::Move(from, field, to) => {
            let mut moved = None;
            change(definition, &mut number(from, definition), &mut |old| {
                if let Value::Object(fields) = old {
                    moved = field_of(fields, field).map(|field| (field.clone(), fields[&field].clone()));
                }
            });
            change(definition, &mut number(to, definition), &mut |old| {
                if let (Value::Object(fields), Some((field, value))) = (old, moved.take()) {
                    fields.insert(field, value);
                }
            });
        }
    }
}

#[test]
fn a_workflow_with_every_field_is_read() {
    let (plan, problems) = read_plan(&whole().to_string(), LIMITS);
    let told: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.path, problem.kind)).collect();
    assert_eq!(told, [""; 0]);
    let plan = plan.unwrap();
    for (task, planned) in plan.tasks.iter() {
        assert!(plan.list(planned.list).contains(&task.get()));
        assert!(planned.dependencies.iter().all(|earlier| plan.tasks[*earlier].list == planned.list));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_or_problems_come_of_any_definition(mutations in prop::collection::vec(mutation(), 1..6), tasks_max in 0..30_usize, depth_max in 0..6_usize, checked: bool) {
        let mut definition = whole();
        for mutation in &mutations {
            apply(&mut definition, mutation);
        }
        let limits = Limits { tasks_max, depth_max, checked, ..LIMITS };
        for limits in [limits, Limits { checked, ..LIMITS }] {
            let (plan, problems) = read_plan(&definition.to_string(), limits);
            prop_assert_eq!(plan.is_none(), problems.iter().any(|problem| problem.kind.severity() == Severity::Error));
            prop_assert!(problems.iter().all(|problem| !problem.kind.to_string().is_empty()));
            // Each path leads to something, or to the field that is missing there.
            let known = |path: &str| path.split(['.', '[']).next().is_some_and(|field| path.is_empty() || definition.get(field).is_some() || path == field);
            prop_assert!(problems.iter().all(|problem| known(&problem.path)));
        }
        for task in definition["tasks"].as_array().into_iter().flatten() {
            if let Err(problems) = read_spawned(&task.to_string(), LIMITS) {
                prop_assert!(problems.iter().any(|problem| problem.kind.severity() == Severity::Error));
            }
        }
    }
}
