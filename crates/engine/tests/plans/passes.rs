// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which loops have passes that may build on earlier ones.

use crate::LIMITS;
use engine::read_plan;
use serde_json::{Value, json};

/// The ids of the loops of a workflow with these tasks whose passes may build on earlier ones.
#[expect(clippy::needless_pass_by_value, reason = "as `json!` reads best")]
fn building(tasks: Value) -> Vec<String> {
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks });
    let (plan, problems) = read_plan(&definition.to_string(), LIMITS);
    assert!(plan.is_some(), "{problems:?}");
    let plan = plan.unwrap();
    let mut ids: Vec<String> = plan.building_loops().into_iter().map(|task| plan.tasks[task].id.to_string()).collect();
    ids.sort();
    ids
}

/// A loop over items that may be read as `outer`, with this body.
#[expect(clippy::needless_pass_by_value, reason = "as `json!` reads best")]
fn outer(body: Value) -> Vec<String> {
    building(json!([{ "id": "outer", "name": "o", "type": "loop", "loop": { "forEach": [1, 2] }, "tasks": body }]))
}

fn call(fields: Value) -> Value {
    let mut call = json!({ "id": "a", "name": "a", "agentId": "work" });
    if let (Some(call), Value::Object(fields)) = (call.as_object_mut(), fields) {
        call.extend(fields);
    }
    call
}

// A fork from a pass kept later passes whatever they had been made of: a definition has to tell which loops may hand something on.
#[test]
fn passes_build_on_each_other_unless_they_are_items_whose_body_does_not_read_last() {
    let none: Vec<String> = Vec::new();
    assert_eq!(outer(json!([call(json!({ "input": { "prompt": "{{ item }} {{ outer.item }} of last" } }))])), none);
    assert_eq!(outer(json!([call(json!({ "conditions": "outer['item'] > index" }))])), none);
    for body in [
        json!({ "input": { "prompt": "{{ last }}" } }),
        json!({ "input": { "data": { "deep": ["{{ outer.last.a }}"] } } }),
        json!({ "input": { "data": "{% set all = outer %}{{ all }}" } }),
        json!({ "conditions": "outer['last'] == null" }),
        json!({ "conditions": "has(last.a)" }),
        json!({ "conditions": { "function": "f" } }),
        json!({ "cache": { "key": "{{ last }}" } }),
    ] {
        assert_eq!(outer(json!([call(body.clone())])), ["outer"], "{body}");
    }
    assert_eq!(
        building(json!([{ "id": "u", "name": "u", "type": "loop", "loop": { "until": "true" }, "tasks": [call(json!({}))] }])),
        ["u"]
    );
    assert_eq!(building(json!([{ "id": "w", "name": "w", "type": "loop", "loop": { "while": "false" }, "agentId": "work" }])), ["w"]);
}

#[test]
fn last_is_that_of_the_nearest_loop() {
    let inner = |fields: Value, body: Value| {
        let mut inner = json!({ "id": "inner", "name": "i", "type": "loop", "loop": { "forEach": [1] }, "tasks": [call(body)] });
        if let (Some(inner), Value::Object(fields)) = (inner.as_object_mut(), fields) {
            inner.extend(fields);
        }
        outer(json!([inner]))
    };
    assert_eq!(inner(json!({}), json!({ "input": { "prompt": "{{ last }}" } })), ["inner"]);
    assert_eq!(inner(json!({}), json!({ "input": { "prompt": "{{ outer.last }}" } })), ["outer"]);
    // The list of a loop is asked for in the pass around it; what ends it, in its own.
    assert_eq!(inner(json!({ "loop": { "forEach": "last" } }), json!({})), ["outer"]);
    assert_eq!(inner(json!({ "loop": { "until": "last == null" } }), json!({})), ["inner"]);
    assert_eq!(inner(json!({ "loop": { "until": { "function": "f" } } }), json!({})), ["inner", "outer"]);
    let group = json!([{ "id": "g", "name": "g", "tasks": [call(json!({ "input": { "prompt": "{{ last }}" } }))] }]);
    assert_eq!(outer(group), ["outer"]);
    let branch =
        json!([{ "id": "c", "name": "c", "type": "conditional", "branches": [{ "when": "last == null", "tasks": [call(json!({}))] }] }]);
    assert_eq!(outer(branch), ["outer"]);
    // What undoes a task is no part of a pass.
    assert!(outer(json!([call(json!({ "compensate": { "agentId": "undo", "input": { "prompt": "{{ last }}" } } }))])).is_empty());
}
