// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is foreseen of a changed definition, field by field.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

#[path = "support/world.rs"]
mod world;

use analytics::foresight::{Definition, Foreseen, foresee};
use analytics::replay::Change;
use analytics::trace::Trace;
use serde_json::{Value, json};
use world::{Act, World, plan_of};

fn changed(definition: &Value, path: &Value, operation: &Value) -> Value {
    edits::applied(definition, &[edits::read(&json!({ "path": path, "operation": operation }), 0, "change").unwrap()]).unwrap()
}

fn foreseen(before: &Value, after: &Value, traces: &[Trace], others: &[Trace]) -> Foreseen {
    let (old, new) = (plan_of(before), plan_of(after));
    foresee(Definition { text: before, plan: &old }, Definition { text: after, plan: &new }, traces, others)
}

#[test]
fn each_field_is_foreseen_or_told_as_unknown() {
    let before = json!({ "id": "w", "name": "w", "version": "1", "tasks": [
        { "id": "a", "name": "a", "agentId": "x", "dependencies": [] },
        { "id": "b", "name": "b", "agentId": "x", "dependencies": ["a"], "retryPolicy": { "maxAttempts": 3 }, "input": { "prompt": "p" } },
        { "id": "c", "name": "c", "agentId": "y", "dependencies": ["b"] },
    ] });
    let run =
        |number: u64| World::new(&before, |_| Act::work(1_000_000)).named(&format!("run {number}"), world::EPOCH + number).run().trace();
    let traces: Vec<Trace> = (0..3).map(run).collect();
    let set = |task: &str, field: &str, content: Value| {
        changed(&before, &json!(["tasks", { "id": task }, field]), &json!({ "type": "replace", "content": content }))
    };
    let edge = |task: &str, dependency: &str| (task.into(), dependency.into());
    let cases: Vec<(Value, Vec<Change>, Vec<&str>)> = vec![
        (set("b", "name", json!("new")), vec![], vec![]),
        (set("b", "input", json!({ "prompt": "q" })), vec![], vec!["how long `b` takes with another `input`, and what it gives"]),
        (set("b", "conditions", json!(["true"])), vec![], vec!["what another `conditions` of `b` changes"]),
        (
            set("c", "dependencies", json!(["a"])),
            {
                let ((task, dependency), (waits, other)) = (edge("c", "b"), edge("c", "a"));
                vec![Change::WithoutEdge { task, dependency }, Change::WithEdge { task: waits, dependency: other }]
            },
            vec!["whether `c` needs what `b` does besides its output"],
        ),
        (
            set("b", "agentId", json!("z")),
            vec![],
            vec!["whether what `z` gives for `b` is as good as what `x` gave", "how long `z` takes for `b`: nothing on record says it"],
        ),
        (set("b", "retryPolicy", json!({ "maxAttempts": 2 })), vec![Change::Attempts { task: "b".into(), most: 2 }], vec![]),
        (set("b", "retryPolicy", json!({ "maxAttempts": 5 })), vec![], vec!["whether a further attempt of `b` ends well"]),
        (
            set("b", "cache", json!(true)),
            vec![Change::Reused(std::sync::Arc::default())],
            vec!["what `b` does besides its output, which is not done again"],
        ),
        (
            changed(&before, &json!(["failurePolicy"]), &json!({ "type": "replace", "content": "continue" })),
            vec![],
            vec!["what another `failurePolicy` of the workflow changes"],
        ),
        (
            changed(
                &before,
                &json!(["tasks"]),
                &json!({ "type": "insert", "content": { "id": "d", "name": "d", "agentId": "x", "dependencies": ["c"] } }),
            ),
            vec![],
            vec!["how long `d` takes, which is new"],
        ),
    ];
    for (after, changes, unknown) in cases {
        let found = foreseen(&before, &after, &traces, &[]);
        assert_eq!((found.changes, found.unknown), (changes, unknown.into_iter().map(str::to_owned).collect::<Vec<_>>()), "{after}");
    }
}
