// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a definition is made of, and the ids of its tasks.

use super::{LIMITS, check, check_definition, read, tasks, with};
use expect_test::expect;
use serde_json::json;

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
            -: expected an object, found an array of 1 item
        "#]],
    );
}

#[test]
fn every_missing_field_is_named_at_once() {
    check_definition(
        json!({}),
        expect![[r#"
            id: `id` is missing: add an id that names this workflow
            tasks: `tasks` is missing: add an array with at least one task
        "#]],
    );
    check(
        json!([{}]),
        expect![[r#"
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
            id: expected a string, found 1; write '1'
            name: expected a string, found true; write 'true'
            version: expected a string, found 1.5; write '1.5'
            description: expected a string, found an array of 0 items
            metadata: expected an object, found "x"
            tasks: expected an array of tasks such as [{ id: 'a', agentId: '…' }], found an object
        "#]],
    );
    check(
        json!(["a", { "id": {}, "name": 5, "agentId": ["x", "y"], "type": 7, "dependencies": "a", "timeout": {}, "input": 3, "retryPolicy": [] }]),
        expect![[r#"
            tasks[0]: expected an object, found "a"
            tasks[1].name: expected a string, found 5; write '5'
            tasks[1].id: expected a string, found an object
            tasks[1].type: must be 'sequential', 'parallel', 'conditional' or 'loop', found 7
            tasks[1].dependencies: expected an array of task ids, found "a"
            tasks[1].agentId: expected a string, found an array of 2 items
            tasks[1].input: expected an object, found 3
            tasks[1].retryPolicy: expected an object, found an array of 0 items
            tasks[1].timeout: `an object` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
        "#]],
    );
    check(
        with(json!({ "dependencies": [1, null], "input": { "prompt": 1 } })),
        expect![[r#"
            tasks[0].dependencies[0]: expected a task id, found 1
            tasks[0].dependencies[1]: expected a task id, found null
            tasks[0].input.prompt: expected a string, found 1; write '1'
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

#[test]
fn names_that_mean_something_to_javascript_are_no_ids() {
    check(
        tasks(&[("__proto__", None, None), ("constructor", None, None), ("prototype", None, None), ("toString", None, None)]),
        expect![[r#"
            tasks[0].id: `__proto__` cannot be an id: JavaScript objects give it a meaning; choose another
            tasks[1].id: `constructor` cannot be an id: JavaScript objects give it a meaning; choose another
            tasks[2].id: `prototype` cannot be an id: JavaScript objects give it a meaning; choose another
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
            tasks[2].id: `a` is already the id of tasks[0]; rename one of them: an id is unique in its workflow
            tasks[3].id: `a` is already the id of tasks[0]; rename one of them: an id is unique in its workflow
        "#]],
    );
}
