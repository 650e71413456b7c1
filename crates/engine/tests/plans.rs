// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a definition becomes: a plan with every edge resolved, or every problem with its path and the way out.

#![expect(
    clippy::indexing_slicing,
    clippy::needless_raw_string_hashes,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so, and expected texts are as `UPDATE_EXPECT=1` writes them"
)]

use engine::{Execution, Failure, Input, Limits, Output, Phase, Plan, Settled, Severity, Step, TaskIndex, TaskState, read_plan};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

const LIMITS: Limits = Limits { tasks_max: 100_000, depth_max: 10, default_timeout: Duration::from_mins(10), checked: true };

/// What comes of a workflow with these tasks.
#[expect(clippy::needless_pass_by_value, reason = "as `json!` and `expect![]` read best")]
fn check(tasks: Value, expect: Expect) {
    check_definition(json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }), expect);
}

#[expect(clippy::needless_pass_by_value, reason = "as `json!` and `expect![]` read best")]
fn check_definition(definition: Value, expect: Expect) {
    expect.assert_eq(&read(&definition.to_string(), LIMITS));
}

/// One task with these fields beside the ones it must have.
fn with(fields: Value) -> Value {
    let mut task = json!({ "id": "a", "name": "A", "agentId": "agent" });
    if let (Some(task), Value::Object(fields)) = (task.as_object_mut(), fields) {
        task.extend(fields);
    }
    json!([task])
}

/// An id, a type (if any) and dependencies (if any).
type Words<'a> = (&'a str, Option<&'a str>, Option<&'a [&'a str]>);

fn tasks(list: &[Words<'_>]) -> Value {
    list.iter().map(task).collect()
}

fn task((id, kind, dependencies): &Words<'_>) -> Value {
    json!({ "id": id, "name": id, "agentId": "agent", "type": kind, "dependencies": dependencies })
}

fn read(text: &str, limits: Limits) -> String {
    let (plan, problems) = read_plan(text, limits);
    assert_eq!(plan.is_some(), problems.iter().all(|problem| problem.kind.severity() == Severity::Warning));
    let mut out = String::new();
    for problem in &problems {
        let mark = if problem.kind.severity() == Severity::Warning { "warning: " } else { "" };
        let code = problem.kind.code().map(|code| format!(" [{code}]")).unwrap_or_default();
        let path = if problem.path.is_empty() { "-" } else { &problem.path };
        writeln!(out, "{path}: {mark}{}{code}", problem.kind).unwrap();
    }
    if let Some(plan) = plan {
        out.push_str(&draw(&plan));
    }
    out
}

/// The plan, a line for each task.
fn draw(plan: &Plan) -> String {
    let mut out = String::new();
    let ids = |tasks: &[TaskIndex]| tasks.iter().map(|task| &*plan.tasks[*task].id).collect::<Vec<_>>().join(", ");
    for (_, task) in plan.tasks.iter() {
        let after = if task.dependencies.is_empty() { String::new() } else { format!(" after {}", ids(&task.dependencies)) };
        let order = if task.implicit { " (by order)" } else { "" };
        let alone = if task.exclusive { ", alone" } else { "" };
        let before = if task.dependents.is_empty() { String::new() } else { format!(", before {}", ids(&task.dependents)) };
        writeln!(out, "{}{after}{order}{alone}{before}", task.id).unwrap();
    }
    out
}

/// The edges stay the same seen from either end, and no task waits for itself or twice for the same.
fn assert_edges_agree(plan: &Plan) {
    let pairs = |list: fn(&engine::PlannedTask) -> &[TaskIndex], flip: bool| {
        let mut pairs: Vec<(TaskIndex, TaskIndex)> = plan
            .tasks
            .iter()
            .flat_map(|(task, planned)| list(planned).iter().map(move |other| if flip { (*other, task) } else { (task, *other) }))
            .collect();
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(pairs(|task| &task.dependents, false), pairs(|task| &task.dependencies, true));
}

// Edges

#[test]
fn the_order_of_declaration_implies_the_edges() {
    check(
        tasks(&[
            ("a", Some("sequential"), None),
            ("b", Some("parallel"), None),
            ("c", Some("parallel"), None),
            ("d", Some("sequential"), None),
        ]),
        expect![[r#"
            a (by order), alone, before b, c
            b after a (by order), before d
            c after a (by order), before d
            d after b, c (by order), alone
        "#]],
    );
}

#[test]
fn without_a_type_a_task_is_sequential_if_it_names_no_dependencies_and_parallel_if_it_does() {
    check(
        tasks(&[("a", None, None), ("b", None, Some(&["a"])), ("c", None, Some(&["a"])), ("d", None, None), ("e", None, None)]),
        expect![[r#"
            a (by order), before b, c
            b after a, before d
            c after a, before d
            d after b, c (by order), before e
            e after d (by order)
        "#]],
    );
}

#[test]
fn empty_dependencies_are_the_whole_truth() {
    check(
        tasks(&[("a", None, None), ("b", Some("sequential"), Some(&[])), ("c", Some("parallel"), Some(&[]))]),
        expect![[r#"
            a (by order)
            b, alone
            c
        "#]],
    );
}

#[test]
fn a_sequential_task_with_written_dependencies_still_takes_its_place_in_the_order() {
    check(
        tasks(&[
            ("a", None, None),
            ("b", Some("parallel"), None),
            ("c", Some("sequential"), Some(&[])),
            ("d", Some("parallel"), None),
            ("e", None, None),
        ]),
        expect![[r#"
            a (by order), before b
            b after a (by order)
            c, alone, before d
            d after c (by order), before e
            e after d (by order)
        "#]],
    );
}

#[test]
fn null_counts_as_absent() {
    check(
        with(json!({ "type": null, "dependencies": null, "timeout": null, "retryPolicy": null, "input": null })),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn dependencies_are_listed_in_the_order_of_declaration_however_they_were_written() {
    check(
        tasks(&[("join", None, Some(&["c", "a", "b"])), ("c", None, Some(&[])), ("a", None, Some(&[])), ("b", None, Some(&["a"]))]),
        expect![[r#"
            join after c, a, b
            c, before join
            a, before join, b
            b after a, before join
        "#]],
    );
}

// Structure

#[test]
fn what_is_not_json_is_refused() {
    expect![[r#"
        -: the definition is not JSON: EOF while parsing a value at line 1 column 8
    "#]]
    .assert_eq(&read("{ \"id\": ", LIMITS));
}

#[test]
fn a_definition_is_an_object() {
    check_definition(
        json!(["a"]),
        expect![[r#"
            -: expected an object, found a list of 1
        "#]],
    );
}

#[test]
fn every_missing_field_is_named_at_once() {
    check_definition(
        json!({}),
        expect![[r#"
            id: `id` is missing: add an id that names this workflow
            name: `name` is missing: add a name for people
            version: `version` is missing: add a version such as '1.0.0'
            tasks: `tasks` is missing: add a list with at least one task
        "#]],
    );
    check(
        json!([{}]),
        expect![[r#"
            tasks[0].name: `name` is missing: add a name for people
            tasks[0].id: `id` is missing: add an id, unique in this workflow
            tasks[0].agentId: `agentId` is missing: add the id of a registered agent or agent type; or `tasks`, `branches`, `workflow` or `waitFor`
        "#]],
    );
}

#[test]
fn wrong_types_are_named_with_what_was_found() {
    check_definition(
        json!({ "id": 1, "name": true, "version": 1.5, "description": [], "metadata": "x", "tasks": { "a": 1 } }),
        expect![[r#"
            id: expected a text, found 1
            name: expected a text, found true
            version: expected a text, found 1.5
            description: expected a text, found a list of 0
            metadata: expected an object, found "x"
            tasks: expected a list, found an object
        "#]],
    );
    check(
        json!(["a", { "id": {}, "name": 5, "agentId": ["x", "y"], "type": 7, "dependencies": "a", "timeout": {}, "input": 3, "retryPolicy": [] }]),
        expect![[r#"
            tasks[0]: expected an object, found "a"
            tasks[1].name: expected a text, found 5
            tasks[1].id: expected a text, found an object
            tasks[1].type: must be 'sequential', 'parallel', 'conditional' or 'loop', found 7
            tasks[1].dependencies: expected a list of task ids, found "a"
            tasks[1].agentId: expected a text, found a list of 2
            tasks[1].input: expected an object, found 3
            tasks[1].retryPolicy: expected an object, found a list of 0
            tasks[1].timeout: `an object` is not a duration: use milliseconds or a text such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
        "#]],
    );
    check(
        with(json!({ "dependencies": [1, null], "input": { "prompt": 1 } })),
        expect![[r#"
            tasks[0].dependencies[0]: expected a task id, found 1
            tasks[0].dependencies[1]: expected a task id, found null
            tasks[0].input.prompt: expected a text, found 1
        "#]],
    );
}

#[test]
fn empty_texts_and_an_empty_list_are_refused() {
    check_definition(
        json!({ "id": "", "name": "", "version": "", "tasks": [] }),
        expect![[r#"
            id: must not be empty
            name: must not be empty
            version: must not be empty
            tasks: must not be empty
        "#]],
    );
}

#[test]
fn a_long_value_is_shortened_in_the_message() {
    check(
        with(json!({ "type": "x".repeat(100) })),
        expect![[r#"
            tasks[0].type: must be 'sequential', 'parallel', 'conditional' or 'loop', found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
        "#]],
    );
}

// Ids

#[test]
fn names_that_mean_something_to_javascript_are_no_ids() {
    check(
        tasks(&[("__proto__", None, None), ("constructor", None, None), ("prototype", None, None), ("toString", None, None)]),
        expect![[r#"
            tasks[0].id: `__proto__` cannot be an id: it is a name JavaScript objects give a meaning to; choose another
            tasks[1].id: `constructor` cannot be an id: it is a name JavaScript objects give a meaning to; choose another
            tasks[2].id: `prototype` cannot be an id: it is a name JavaScript objects give a meaning to; choose another
        "#]],
    );
}

#[test]
fn an_id_has_a_limit_and_no_control_characters() {
    check(
        tasks(&[(&"é".repeat(128), None, Some(&[])), (&"x".repeat(257), None, None), ("a\nb", None, None)]),
        expect![[r#"
            tasks[1].id: an id has at most 256 bytes, this one has 257
            tasks[2].id: an id must not contain control characters
        "#]],
    );
}

#[test]
fn an_id_is_given_once() {
    check(
        tasks(&[("a", None, None), ("b", None, None), ("a", None, None), ("a", None, None)]),
        expect![[r#"
            tasks[2].id: `a` is already the id of tasks[0]; ids are unique in a workflow
            tasks[3].id: `a` is already the id of tasks[0]; ids are unique in a workflow
        "#]],
    );
}

// Dependencies

#[test]
fn an_unknown_dependency_is_named_with_the_nearest_id() {
    check(
        tasks(&[("fetch-data", None, None), ("b", None, Some(&["fetch-dat", "something-else", "fetch-data"]))]),
        expect![[r#"
            tasks[1].dependencies[0]: task `b` depends on `fetch-dat`, which this workflow does not define; did you mean `fetch-data`?
            tasks[1].dependencies[1]: task `b` depends on `something-else`, which this workflow does not define
        "#]],
    );
}

#[test]
fn a_dependency_named_twice_is_a_warning() {
    check(
        tasks(&[("a", None, None), ("b", None, Some(&["a", "a"])), ("c", None, Some(&["b", "a", "b", "b"]))]),
        expect![[r#"
            tasks[1].dependencies[1]: warning: task `b` names the dependency `a` twice; remove one
            tasks[2].dependencies[2]: warning: task `c` names the dependency `b` twice; remove one
            tasks[2].dependencies[3]: warning: task `c` names the dependency `b` twice; remove one
            a (by order), before b, c
            b after a, before c
            c after a, b
        "#]],
    );
}

#[test]
fn an_unknown_dependency_named_twice_is_both() {
    check(
        tasks(&[("a", None, Some(&["nobody", "nobody"]))]),
        expect![[r#"
            tasks[0].dependencies[0]: task `a` depends on `nobody`, which this workflow does not define
            tasks[0].dependencies[1]: warning: task `a` names the dependency `nobody` twice; remove one
        "#]],
    );
}

#[test]
fn a_task_that_waits_for_itself_is_a_cycle() {
    check(
        tasks(&[("a", None, None), ("b", None, Some(&["b"]))]),
        expect![[r#"
            tasks[1].dependencies: these tasks wait for each other in a cycle: b → b; remove one of the edges
        "#]],
    );
}

#[test]
fn a_cycle_is_printed_in_the_direction_work_flows() {
    check(
        tasks(&[("a", None, Some(&["c"])), ("b", None, Some(&["a"])), ("c", None, Some(&["b"])), ("d", None, Some(&["c"]))]),
        expect![[r#"
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → b → c → a; remove one of the edges
        "#]],
    );
}

#[test]
fn an_edge_of_a_cycle_that_nobody_wrote_is_named_as_such() {
    check(
        tasks(&[("a", Some("sequential"), Some(&["c"])), ("b", None, None), ("c", None, None)]),
        expect![[r#"
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → (by order) b → (by order) c → a; remove one of the edges
        "#]],
    );
    check(
        tasks(&[("first", None, None), ("a", None, None), ("b", None, Some(&["last"])), ("last", None, None)]),
        expect![[r#"
            tasks[2].dependencies: these tasks wait for each other in a cycle: b → (by order) last → b; remove one of the edges
        "#]],
    );
}

#[test]
fn a_shortest_cycle_is_printed() {
    check(
        tasks(&[("a", None, Some(&["d", "b"])), ("b", None, Some(&["a"])), ("c", None, Some(&["b"])), ("d", None, Some(&["c"]))]),
        expect![[r#"
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → b → a; remove one of the edges
        "#]],
    );
}

// Fields

#[test]
fn an_unknown_field_is_named_with_the_nearest_known_one() {
    check(
        with(json!({ "dependancies": [], "timeOut": 5, "colour": "red" })),
        expect![[r#"
            tasks[0].colour: unknown field `colour`; remove it
            tasks[0].dependancies: unknown field `dependancies`; did you mean `dependencies`?
            tasks[0].timeOut: unknown field `timeOut`; did you mean `timeout`?
        "#]],
    );
    check_definition(
        json!({ "id": "w", "nmae": "w", "name": "w", "version": "1", "tasks": with(json!({ "input": { "promt": "" }, "retryPolicy": { "maxAttempts": 1, "maxRetries": 3, "jiter": 0 } })) }),
        expect![[r#"
            nmae: unknown field `nmae`; remove it
            tasks[0].input.promt: unknown field `promt`; did you mean `prompt`?
            tasks[0].retryPolicy.jiter: unknown field `jiter`; did you mean `jitter`?
            tasks[0].retryPolicy.maxRetries: unknown field `maxRetries`; remove it
        "#]],
    );
}

#[test]
fn every_later_feature_of_a_task_is_refused_with_a_way_out() {
    check(
        with(json!({
            "conditions": [], "tasks": [], "branches": [], "default": [], "join": "any", "loop": {}, "triggerRule": "all_done", "onError": "continue",
            "totalTimeout": 5, "compensate": {}, "waitFor": {}, "cache": true, "outputSchema": {}, "requires": [], "priority": 1, "workflow": "w",
        })),
        expect![[r#"
            tasks[0].priority: `priority` is not supported yet; tasks run as soon as they can; give the execution a priority in its options [ERR_NOT_SUPPORTED]
            tasks[0].requires: `requires` is not supported yet; name the agent that can do it in `agentId` [ERR_NOT_SUPPORTED]
            tasks[0]: agentId, workflow, tasks, branches stand side by side; a task does one thing: keep one of them
            tasks[0].join: `join` has no meaning on the call of an agent; remove it, or make the task a group with `tasks`
            tasks[0].default: `default` has no meaning on the call of an agent; remove it, or make the task a group with `tasks`
            tasks[0].loop: `loop` has no meaning on the call of an agent; remove it, or make the task a group with `tasks`
            tasks[0].conditions: must not be empty
            tasks[0].waitFor.signal: `signal` is missing: add the name of the signal to wait for, or a `delay`
            tasks[0].compensate.agentId: `agentId` is missing: add the agent that undoes the task
        "#]],
    );
}

#[test]
fn every_later_feature_of_a_workflow_is_refused_with_a_way_out() {
    check_definition(
        json!({ "id": "w", "name": "w", "version": "1", "tasks": with(json!({})), "failurePolicy": "continue", "deadline": 5, "budget": {} }),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn later_features_of_retries_and_later_types_are_refused_with_a_way_out() {
    check(
        with(json!({ "retryPolicy": { "maxAttempts": 2, "retryOn": [], "maxElapsed": "1m" } })),
        expect![[r#"
            a (by order)
        "#]],
    );
    check(
        with(json!({ "type": "conditional" })),
        expect![[r#"
            tasks[0].conditions: `conditions` is missing: add `conditions` that say whether it runs, or `branches` in place of the call
        "#]],
    );
    check(
        with(json!({ "type": "loop" })),
        expect![[r#"
            tasks[0].loop: `loop` is missing: add `forEach`, `while` or `until`, or `conditions` beside it: what makes it go on
        "#]],
    );
}

#[test]
fn a_later_feature_that_is_null_is_not_used() {
    check(
        with(json!({ "conditions": null, "loop": null })),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn a_type_is_one_of_two() {
    check(
        with(json!({ "type": "Sequential" })),
        expect![[r#"
            tasks[0].type: must be 'sequential', 'parallel', 'conditional' or 'loop', found "Sequential"
        "#]],
    );
}

#[test]
fn a_timeout_is_a_positive_duration() {
    check(
        with(json!({ "timeout": 0 })),
        expect![[r#"
            tasks[0].timeout: must be longer than 0 ms, found 0
        "#]],
    );
    check(
        with(json!({ "timeout": "soon" })),
        expect![[r#"
            tasks[0].timeout: `"soon"` is not a duration: use milliseconds or a text such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
        "#]],
    );
    check(
        with(json!({ "timeout": -5 })),
        expect![[r#"
            tasks[0].timeout: `-5` is not a duration: use milliseconds or a text such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
        "#]],
    );
    check(
        with(json!({ "timeout": "400d" })),
        expect![[r#"
            tasks[0].timeout: `"400d"` is not a duration: use milliseconds or a text such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
        "#]],
    );
    check(
        with(json!({ "timeout": "1.5m" })),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn a_retry_policy_says_how_often_and_each_field_has_its_range() {
    check(
        with(json!({ "retryPolicy": {} })),
        expect![[r#"
            tasks[0].retryPolicy.maxAttempts: `maxAttempts` is missing: add the number of attempts in all, the first included
        "#]],
    );
    check(
        with(
            json!({ "retryPolicy": { "maxAttempts": 0, "backoffType": "expontential", "initialDelay": "x", "maxDelay": true, "jitter": 1.5 } }),
        ),
        expect![[r#"
            tasks[0].retryPolicy.maxAttempts: must be a whole number from 1 to 10000, found 0
            tasks[0].retryPolicy.backoffType: must be 'exponential' (or 'fixed', 'linear'), found "expontential"
            tasks[0].retryPolicy.initialDelay: `"x"` is not a duration: use milliseconds or a text such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            tasks[0].retryPolicy.maxDelay: `true` is not a duration: use milliseconds or a text such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            tasks[0].retryPolicy.jitter: must be a share from 0 to 1, or true for 1, found 1.5
        "#]],
    );
    check(
        with(json!({ "retryPolicy": { "maxAttempts": 2.5, "backoffType": 1, "jitter": "full" } })),
        expect![[r#"
            tasks[0].retryPolicy.maxAttempts: must be a whole number from 1 to 10000, found 2.5
            tasks[0].retryPolicy.backoffType: must be 'fixed', 'linear' or 'exponential', found 1
            tasks[0].retryPolicy.jitter: must be a share from 0 to 1, or true for 1, found "full"
        "#]],
    );
    check(
        with(json!({ "retryPolicy": { "maxAttempts": 10_001, "backoffType": "random" } })),
        expect![[r#"
            tasks[0].retryPolicy.maxAttempts: must be a whole number from 1 to 10000, found 10001
            tasks[0].retryPolicy.backoffType: must be 'fixed', 'linear' or 'exponential', found "random"
        "#]],
    );
    check(
        with(json!({ "retryPolicy": { "maxAttempts": 2, "initialDelay": "10s", "maxDelay": "5s" } })),
        expect![[r#"
            tasks[0].retryPolicy.maxDelay: `maxDelay` is shorter than `initialDelay`, so no wait would be as long as asked; raise it or lower `initialDelay`
        "#]],
    );
    check(
        with(json!({ "retryPolicy": { "maxAttempts": 2, "initialDelay": "5s", "maxDelay": "5s" } })),
        expect![[r#"
            a (by order)
        "#]],
    );
    check(
        with(
            json!({ "retryPolicy": { "maxAttempts": 10_000, "backoffType": "linear", "initialDelay": 5, "maxDelay": "1h", "jitter": true } }),
        ),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn an_input_schema_must_be_usable() {
    check(
        with(json!({ "input": { "schema": { "type": "strnig" } } })),
        expect![[r#"
            tasks[0].input.schema: not a JSON Schema that can be used: "strnig" is not valid under any of the schemas listed in the 'anyOf' keyword [ERR_SCHEMA_UNREPRESENTABLE]
        "#]],
    );
    check(
        with(json!({ "input": { "schema": { "$ref": "https://example.com/schema.json" } } })),
        expect![[r#"
            tasks[0].input.schema: not a JSON Schema that can be used: Resource 'https://example.com/schema.json' is not present in a registry and retrieving it failed: `resolve-http` feature or a custom resolver is required to resolve external schemas via HTTP [ERR_SCHEMA_UNREPRESENTABLE]
        "#]],
    );
    check(
        with(json!({ "input": { "prompt": "hi", "data": [1], "schema": { "type": "object" } } })),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn problems_of_every_kind_come_together() {
    check(
        json!([
            { "id": "a", "name": "A", "agentId": "x", "dependencies": ["b"] },
            { "id": "b", "name": "B", "agentId": "x", "dependencies": ["a", "c"], "loop": {} },
            { "id": "a", "name": "", "agentId": "x", "timeout": "x" },
        ]),
        expect![[r#"
            tasks[1].loop: `loop` has no meaning on the call of an agent; remove it, or make the task a group with `tasks`
            tasks[2].name: must not be empty
            tasks[2].timeout: `"x"` is not a duration: use milliseconds or a text such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            tasks[2].id: `a` is already the id of tasks[0]; ids are unique in a workflow
            tasks[1].dependencies[1]: task `b` depends on `c`, which this workflow does not define
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → b → a; remove one of the edges
        "#]],
    );
}

// What a plan keeps

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
        a Agent { agent_id: "writer" } Some(90s) NoneFailed RetryPolicy { max_attempts: 3, backoff: Exponential, initial_delay: 2s, max_delay: Some(60s), jitter: 0.5, retry_on: None, max_elapsed: None } None
        b Agent { agent_id: "reader" } Some(600s) NoneFailed RetryPolicy { max_attempts: 1, backoff: Fixed, initial_delay: 0ns, max_delay: None, jitter: 0.0, retry_on: None, max_elapsed: None } Some(Schema)
        c Agent { agent_id: "reader" } Some(600s) NoneFailed RetryPolicy { max_attempts: 2, backoff: Fixed, initial_delay: 1s, max_delay: None, jitter: 0.0, retry_on: None, max_elapsed: None } None
    "#]].assert_eq(&tasks);
}

#[test]
fn definitions_that_do_the_same_share_a_hash() {
    let hash = |definition: &str| read_plan(definition, LIMITS).0.unwrap().hash.to_string();
    let plain = hash(r#"{ "id": "w", "name": "w", "version": "1", "tasks": [{ "id": "a", "name": "A", "agentId": "x", "timeout": 5 }] }"#);
    let renamed = r#"{ "tasks": [{ "timeout": 5, "agentId": "x", "name": "Other", "id": "a" }], "version": "1", "name": "v", "id": "w",
        "description": "said differently", "metadata": { "team": "blue" } }"#;
    assert_eq!(hash(renamed), plain);
    assert_eq!(plain.len(), 64);
    let changed = r#"{ "id": "w", "name": "w", "version": "1", "tasks": [{ "id": "a", "name": "A", "agentId": "x", "timeout": 6 }] }"#;
    assert_ne!(hash(changed), plain);
}

// Limits

#[test]
fn one_task_too_many_is_refused_and_the_rest_is_judged_all_the_same() {
    let definition = json!({ "id": "w", "name": "w", "tasks": tasks(&[("a", None, None), ("b", None, None), ("c", None, None)]) });
    expect![[r#"
        version: `version` is missing: add a version such as '1.0.0'
        tasks: 3 tasks exceed `workflow.maxTasks` (2); split the workflow or raise the limit
    "#]]
    .assert_eq(&read(&definition.to_string(), Limits { tasks_max: 2, ..LIMITS }));
    let exact = json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks(&[("a", None, None), ("b", None, None)]) });
    expect![[r#"
        a (by order), before b
        b after a (by order)
    "#]]
    .assert_eq(&read(&exact.to_string(), Limits { tasks_max: 2, ..LIMITS }));
}

#[test]
fn a_hundred_problems_are_listed_and_the_rest_is_counted() {
    let broken: Vec<Value> =
        (0..150).map(|place| json!({ "id": format!("t{place}"), "name": "x", "agentId": "x", "timeout": "x" })).collect();
    let (plan, problems) = read_plan(&json!({ "id": "w", "name": "w", "version": "1", "tasks": broken }).to_string(), LIMITS);
    assert!(plan.is_none());
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].kind.to_string(), "and 50 more problems");
}

/// A hundred warnings once pushed a later error off the list, and were followed by an "error" when there was none.
#[test]
fn many_warnings_neither_hide_an_error_nor_become_one() {
    let definition = |last: &str| {
        let mut list: Vec<Value> = vec![json!({ "id": "a", "name": "a", "agentId": "x" })];
        list.extend((0..150).map(|place| json!({ "id": format!("t{place}"), "name": "x", "agentId": "x", "dependencies": ["a", "a"] })));
        list.push(json!({ "id": "last", "name": "x", "agentId": "x", "dependencies": [last] }));
        json!({ "id": "w", "name": "w", "version": "1", "tasks": list }).to_string()
    };
    let (plan, problems) = read_plan(&definition("a"), LIMITS);
    assert!(plan.is_some());
    assert!(problems.iter().all(|problem| problem.kind.severity() == Severity::Warning));
    let (plan, problems) = read_plan(&definition("nobody"), LIMITS);
    assert!(plan.is_none());
    assert_eq!(problems.len(), 101);
    let errors = problems.iter().filter(|problem| problem.kind.severity() == Severity::Error).map(|problem| problem.path.as_str());
    assert_eq!(errors.collect::<Vec<_>>(), ["tasks[151].dependencies[0]"]);
}

/// Finding the first of many dependencies that was named twice once took time in the square of their number.
#[test]
fn a_task_with_many_dependencies_is_read_in_one_pass() {
    let ids: Vec<String> = (0..20_000).map(|place| format!("t{place}")).collect();
    let mut list: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "name": id, "agentId": "x", "dependencies": [] })).collect();
    let mut dependencies = ids.clone();
    dependencies.push("t19999".to_owned());
    dependencies.extend((0..20_000).map(|place| format!("unknown{place}")));
    list.push(json!({ "id": "join", "name": "join", "agentId": "x", "dependencies": dependencies }));
    let (plan, problems) = read_plan(&json!({ "id": "w", "name": "w", "version": "1", "tasks": list }).to_string(), LIMITS);
    assert!(plan.is_none());
    assert_eq!(problems.len(), 101);
}

// The next ones run on the 2 MiB of a test's thread.

#[test]
fn a_chain_of_a_hundred_thousand_tasks_is_planned_runs_and_fails() {
    let chain = large(100_000, |place| {
        format!(r#""dependencies":[{}]"#, place.checked_sub(1).map(|before| format!(r#""t{before}""#)).unwrap_or_default())
    });
    let plan = planned(&chain);
    assert_edges_agree(&plan);
    let (mut execution, mut step) = (Execution::new(plan, engine::Setup::default()), Step::default());
    execution.handle(Timestamp::default(), Input::Start, &mut step);
    execution.handle(Timestamp::default(), Input::Settled(answer(0, true)), &mut step);
    assert_eq!(step.commands.len(), 2);
    execution.handle(Timestamp::default(), Input::Settled(answer(1, false)), &mut step);
    assert!(matches!(execution.phase(), Phase::Ended(_)));
    assert!(execution.tasks().iter().skip(2).all(|(_, record)| matches!(record.state, TaskState::Skipped { .. })));
}

#[test]
fn a_fan_of_a_hundred_thousand_tasks_is_planned_runs_and_is_cancelled() {
    let kind = |place| if place == 0 || place == 99_999 { r#""type":"sequential""# } else { r#""type":"parallel""# };
    let plan = planned(&large(100_000, |place| kind(place).to_owned()));
    assert_edges_agree(&plan);
    let (mut execution, mut step) = (Execution::new(plan, engine::Setup::default()), Step::default());
    execution.handle(Timestamp::default(), Input::Start, &mut step);
    execution.handle(Timestamp::default(), Input::Settled(answer(0, true)), &mut step);
    assert_eq!(step.commands.len(), 99_999);
    for task in 1..50_000 {
        execution.handle(Timestamp::default(), Input::Settled(answer(task, true)), &mut step);
    }
    execution.handle(Timestamp::default(), Input::Cancel { reason: None, force: false }, &mut step);
    let over = execution.next_deadline().unwrap();
    execution.handle(over, Input::Tick, &mut step);
    assert!(matches!(execution.phase(), Phase::Ended(_)));
}

#[test]
fn a_cycle_through_a_hundred_thousand_tasks_is_found_and_printed_in_part() {
    let text =
        large(100_000, |place| if place == 0 { r#""dependencies":["t99999"]"#.to_owned() } else { r#""dependencies":null"#.to_owned() });
    expect![[r#"
        tasks[0].dependencies: these tasks wait for each other in a cycle: t0 → (by order) t1 → (by order) t2 → (by order) t3 → (by order) t4 → (by order) t5 → (by order) t6 → (by order) t7 → (by order) t8 → (by order) t9 → (by order) t10 → (by order) t11 → (by order) t12 → (by order) t13 → (by order) t14 → (by order) t15 → (by order) t16 → (by order) t17 → (by order) t18 → (by order) t19 → (by order) t20 → … (99979 more) → t0; remove one of the edges
    "#]].assert_eq(&read(&text, LIMITS));
}

#[test]
fn a_hundred_thousand_tasks_and_one_are_too_many() {
    let text = large(100_001, |_| r#""dependencies":["nobody"]"#.to_owned());
    expect![[r#"
        tasks: 100001 tasks exceed `workflow.maxTasks` (100000); split the workflow or raise the limit
    "#]]
    .assert_eq(&read(&text, LIMITS));
}

fn large(count: u32, field: impl Fn(u32) -> String) -> String {
    let task = |place| format!(r#"{{"id":"t{place}","name":"x","agentId":"x",{}}}"#, field(place));
    let tasks: Vec<String> = (0..count).map(task).collect();
    format!(r#"{{"id":"w","name":"w","version":"1","tasks":[{}]}}"#, tasks.join(","))
}

fn planned(text: &str) -> Arc<Plan> {
    let (plan, problems) = read_plan(text, LIMITS);
    assert!(problems.is_empty());
    Arc::new(plan.unwrap())
}

fn answer(task: u32, well: bool) -> Settled {
    let failure = Failure { code: "ERR_AGENT".into(), message: "no".into(), details: None, retryable: true, retry_after: None };
    let at = Timestamp::default();
    let result = if well { Ok(Output::Held) } else { Err(failure) };
    Settled { task: engine::InstanceIndex::new(task), attempt: 1, start: at, end: at, result }
}
