// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The fields of a call, each with its range.

use super::{check, check_definition, with};
use expect_test::expect;
use serde_json::json;

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
            nmae: unknown field `nmae`; did you mean `name`?
            tasks[0].input.promt: unknown field `promt`; did you mean `prompt`?
            tasks[0].retryPolicy.jiter: unknown field `jiter`; did you mean `jitter`?
            tasks[0].retryPolicy.maxRetries: unknown field `maxRetries`; here that is `maxAttempts`, all attempts, including the first
        "#]],
    );
}

#[test]
fn fields_of_other_kinds_of_task_and_later_ones_are_refused_with_a_way_out() {
    check(
        with(json!({
            "conditions": [], "tasks": [], "branches": [], "default": [], "join": "any", "loop": {}, "triggerRule": "all_done", "onError": "continue",
            "totalTimeout": 5, "compensate": {}, "waitFor": {}, "cache": true, "outputSchema": {}, "requires": [], "priority": 1, "workflow": "w",
        })),
        expect![[r#"
            tasks[0]: agentId, workflow, tasks, branches stand side by side; a task does one thing: keep one of them
            tasks[0].join: `join` has no meaning on the call of an agent; remove it, or make the task a group with `tasks`
            tasks[0].default: `default` has no meaning on the call of an agent; it belongs beside `branches` of a task with type: 'conditional'
            tasks[0].loop: `loop` has no meaning on the call of an agent; write type: 'loop' beside it
            tasks[0].conditions: must not be empty
            tasks[0].waitFor.signal: `signal` is missing: add the name of the signal to wait for, or a `delay`
            tasks[0].requires: must not be empty
            tasks[0].compensate.agentId: `agentId` is missing: add the agent that undoes the task
        "#]],
    );
}

#[test]
fn a_conditional_call_has_conditions_and_a_loop_says_what_makes_it_go_on() {
    check(
        with(json!({ "type": "conditional" })),
        expect![[r#"
        tasks[0].conditions: `conditions` is missing: add `conditions` that say whether it runs, or `branches` in place of the call
    "#]],
    );
    check(
        with(json!({ "type": "loop" })),
        expect![[r#"
        tasks[0].loop: `loop` is missing: add `forEach`, `while` or `until`, or `conditions` beside it, which end the loop
    "#]],
    );
}

#[test]
fn a_field_that_is_null_is_not_used() {
    check(
        with(json!({ "conditions": null, "loop": null })),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn a_type_is_one_of_four() {
    check(
        with(json!({ "type": "Sequential" })),
        expect![[r#"
            tasks[0].type: must be 'sequential', 'parallel', 'conditional' or 'loop', found "Sequential"; did you mean 'sequential'?
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
            tasks[0].timeout: `"soon"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
        "#]],
    );
    check(
        with(json!({ "timeout": -5 })),
        expect![[r#"
            tasks[0].timeout: `-5` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
        "#]],
    );
    check(
        with(json!({ "timeout": "400d" })),
        expect![[r#"
            tasks[0].timeout: `"400d"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
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
            tasks[0].retryPolicy.maxAttempts: `maxAttempts` is missing: add the number of all attempts, including the first
        "#]],
    );
    check(
        with(
            json!({ "retryPolicy": { "maxAttempts": 0, "backoffType": "expontential", "initialDelay": "x", "maxDelay": true, "jitter": 1.5 } }),
        ),
        expect![[r#"
            tasks[0].retryPolicy.maxAttempts: must be a whole number from 1 to 10000, found 0
            tasks[0].retryPolicy.backoffType: must be 'exponential' (or 'fixed', 'linear'), found "expontential"
            tasks[0].retryPolicy.initialDelay: `"x"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            tasks[0].retryPolicy.maxDelay: `true` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
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
            tasks[1].loop: `loop` has no meaning on the call of an agent; write type: 'loop' beside it
            tasks[2].name: must not be empty
            tasks[2].timeout: `"x"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            tasks[2].id: `a` is already the id of tasks[0]; rename one of them: an id is unique in its workflow
            tasks[1].dependencies[1]: task `b` depends on `c`, which this workflow does not define
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → b → a; remove one of the edges
        "#]],
    );
}
