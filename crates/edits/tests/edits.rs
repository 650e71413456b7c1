// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each operation does, and what is said where it cannot be done.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use edits::{Edit, EditError, Operation, Segment, applied, read};
use proptest::prelude::*;
use serde_json::{Value, json};

fn definition() -> Value {
    json!({ "id": "w", "tasks": [
        { "id": "fetch", "timeout": 5 },
        { "id": "report", "dependencies": ["fetch", "read"], "input": { "prompt": "a😀b" } },
        { "id": "read" },
    ] })
}

fn change(changes: &Value) -> Result<Value, EditError> {
    let list = changes.as_array().unwrap().iter().enumerate();
    let edits = list.map(|(place, change)| read(change, place, &format!("change[{place}]"))).collect::<Result<Vec<Edit>, _>>()?;
    applied(&definition(), &edits)
}

/// Path, operation, where to look, what is there then.
fn rows() -> Vec<(Value, Value, &'static str, Value)> {
    let report = json!({ "id": "report" });
    vec![
        (json!(["tasks", "1", "input", "prompt"]), json!({ "type": "replace", "content": "new" }), "/tasks/1/input/prompt", json!("new")),
        (json!(["tasks", report, "cache"]), json!({ "type": "replace", "content": true }), "/tasks/1/cache", json!(true)),
        (json!(["tasks", 0]), json!({ "type": "replace", "content": { "id": "x" } }), "/tasks/0", json!({ "id": "x" })),
        (
            json!(["tasks", report, "dependencies"]),
            json!({ "type": "delete", "position": { "id": "fetch" } }),
            "/tasks/1/dependencies",
            json!(["read"]),
        ),
        (
            json!(["tasks", report, "dependencies", { "id": "read" }]),
            json!({ "type": "delete" }),
            "/tasks/1/dependencies",
            json!(["fetch"]),
        ),
        (
            json!(["tasks", report, "dependencies"]),
            json!({ "type": "delete", "position": 0, "length": 2 }),
            "/tasks/1/dependencies",
            json!([]),
        ),
        (json!(["tasks", 0, "timeout"]), json!({ "type": "delete" }), "/tasks/0", json!({ "id": "fetch" })),
        (
            json!(["tasks", report, "dependencies"]),
            json!({ "type": "insert", "content": "z" }),
            "/tasks/1/dependencies",
            json!(["fetch", "read", "z"]),
        ),
        (
            json!(["tasks", report, "dependencies"]),
            json!({ "type": "insert", "position": { "id": "read" }, "content": "z" }),
            "/tasks/1/dependencies",
            json!(["fetch", "z", "read"]),
        ),
        (
            json!(["tasks", 2]),
            json!({ "type": "insert", "position": "cache", "content": true }),
            "/tasks/2",
            json!({ "id": "read", "cache": true }),
        ),
        (
            json!(["tasks", 1, "input", "prompt"]),
            json!({ "type": "insert", "position": 3, "content": "-" }),
            "/tasks/1/input/prompt",
            json!("a😀-b"),
        ),
        (
            json!(["tasks", 1, "input", "prompt"]),
            json!({ "type": "delete", "position": 1, "length": 2 }),
            "/tasks/1/input/prompt",
            json!("ab"),
        ),
        (
            json!(["tasks", 1, "input", "prompt"]),
            json!({ "type": "replace", "position": 0, "length": 1, "content": "cd" }),
            "/tasks/1/input/prompt",
            json!("cd😀b"),
        ),
        (json!(["tasks"]), json!({ "type": "move", "from": { "id": "fetch" }, "to": 2 }), "/tasks/2/id", json!("fetch")),
        (
            json!(["tasks"]),
            json!({ "type": "move", "from": [0, "timeout"], "to": [2, "timeout"] }),
            "/tasks/2",
            json!({ "id": "read", "timeout": 5 }),
        ),
    ]
}

#[test]
fn each_operation_does_what_its_row_says() {
    for (path, operation, pointer, expected) in rows() {
        let changed =
            change(&json!([{ "path": path, "operation": operation }])).unwrap_or_else(|error| panic!("{path} {operation}: {error}"));
        assert_eq!(changed.pointer(pointer), Some(&expected), "{path} {operation}");
    }
}

#[test]
fn what_cannot_be_done_says_where_and_the_way_out() {
    let cases = [
        (
            json!(["tasks", { "id": "reprot" }, "timeout"]),
            json!({ "type": "replace", "content": 1 }),
            "tasks[id=reprot]: there is no element `reprot` here; did you mean `report`?",
        ),
        (
            json!(["tasks", 9, "timeout"]),
            json!({ "type": "delete" }),
            "tasks[9]: there is no place 9: 3 stand here, so that places go from 0 to 2",
        ),
        (
            json!(["tasks", 1, "timeuot"]),
            json!({ "type": "delete" }),
            "tasks[1].timeuot: there is no field `timeuot` here; there are `id`, `dependencies`, `input`; to add it, use `replace` with the whole path, or `insert` with it as `position`",
        ),
        (
            json!(["tasks", 0]),
            json!({ "type": "insert", "position": "timeout", "content": 1 }),
            "tasks[0]: the field `timeout` is there already: use `replace`",
        ),
        (
            json!(["tasks", "report"]),
            json!({ "type": "delete" }),
            "tasks.report: an array is counted: give an index or { id }, not the name `report`",
        ),
        (
            json!(["tasks", 1, "input", "prompt"]),
            json!({ "type": "delete", "position": 2 }),
            "tasks[1].input.prompt: offset 2 lies between the two halves of a character: take 1 or 3",
        ),
        (
            json!(["tasks", 0, "timeout", "x"]),
            json!({ "type": "replace", "content": 1 }),
            "tasks[0].timeout.x: `x` leads nowhere: here stands a number; end the path before it",
        ),
        (
            json!(["tasks"]),
            json!({ "type": "move", "from": 1, "to": [1, "input"] }),
            "tasks: a value cannot be moved into itself: choose a `to` outside of `from`",
        ),
        (
            json!([]),
            json!({ "type": "replace", "content": {} }),
            "change[0].path: the definition itself stays: name what of it is meant, such as [\"tasks\", 0, \"timeout\"]",
        ),
        (
            json!("tasks"),
            json!({ "type": "delete" }),
            "change[0].path: must be an array of names, indices and { id }, such as [\"tasks\", { \"id\": \"report\" }, \"timeout\"], not \"tasks\"",
        ),
        (
            json!(["tasks"]),
            json!({ "type": "set" }),
            "change[0].operation.type: must be 'insert', 'delete', 'replace' or 'move', not \"set\"",
        ),
        (json!(["tasks"]), json!({ "type": "replace" }), "change[0].operation.content: must be what is put there, not nothing"),
        (
            json!(["tasks"]),
            json!({ "type": "delete", "at": 1 }),
            "change[0].operation.at: is no field of a change; a change is { path, operation }, or { agent, maxAgents } for a pool",
        ),
    ];
    for (path, operation, message) in cases {
        let error = change(&json!([{ "path": path, "operation": operation }])).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn all_changes_are_made_or_none() {
    let bad = json!([
        { "path": ["tasks", 0, "timeout"], "operation": { "type": "replace", "content": 1 } },
        { "path": ["tasks", 7], "operation": { "type": "delete" } },
    ]);
    assert_eq!(change(&bad).unwrap_err().edit, 1);
    let good = json!([
        { "path": ["tasks", 0], "operation": { "type": "delete" } },
        { "path": ["tasks", 0, "dependencies"], "operation": { "type": "delete", "position": { "id": "fetch" } } },
    ]);
    assert_eq!(
        change(&good).unwrap()["tasks"],
        json!([{ "id": "report", "dependencies": ["read"], "input": { "prompt": "a😀b" } }, { "id": "read" }])
    );
}

fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        (0_usize..5).prop_map(Segment::Index),
        prop::sample::select(vec!["tasks", "input", "prompt", "id", "dependencies", "1", "new"])
            .prop_map(|name| Segment::Field(name.to_owned())),
        prop::sample::select(vec!["fetch", "report", "read", "none"]).prop_map(|id| Segment::Id(id.to_owned())),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let path = || prop::collection::vec(segment(), 0..5);
    let content = || prop::sample::select(vec![json!("x😀"), json!(1), json!({ "id": "n" }), json!([])]);
    let operation =
        prop_oneof![
            (prop::option::of(segment()), content()).prop_map(|(position, content)| Operation::Insert { position, content }),
            (prop::option::of(segment()), 0_usize..4).prop_map(|(position, length)| Operation::Delete { position, length }),
            (prop::option::of(segment()), prop::option::of(0_usize..4), content())
                .prop_map(|(position, length, content)| Operation::Replace { position, length, content }),
            (path(), path()).prop_map(|(from, to)| Operation::Move { from, to }),
        ];
    (path(), operation).prop_map(|(path, operation)| Edit { path, operation })
}

/// How many values there are.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(array) => 1 + array.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

proptest! {
    #[test]
    fn any_change_is_made_or_refused_and_a_move_loses_nothing(edits in prop::collection::vec(edit(), 1..4)) {
        let before = definition();
        if let Ok(after) = applied(&before, &edits) {
            prop_assert!(after.is_object());
            if let [Edit { operation: Operation::Move { .. }, .. }] = edits.as_slice() {
                prop_assert_eq!(count(&before), count(&after));
            }
        }
    }

    #[test]
    fn what_is_inserted_and_deleted_leaves_what_was(place in 0_usize..4, content in prop::sample::select(vec![json!(1), json!({ "id": "n" })])) {
        let path = vec![Segment::Field("tasks".to_owned())];
        let position = || Some(Segment::Index(place));
        let insert = Edit { path: path.clone(), operation: Operation::Insert { position: position(), content } };
        let delete = Edit { path, operation: Operation::Delete { position: position(), length: 1 } };
        prop_assert_eq!(applied(&definition(), &[insert, delete]).unwrap(), definition());
    }
}
