// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a definition becomes: a plan with every edge resolved, or every problem with its path and the way out.

#![expect(
    clippy::indexing_slicing,
    clippy::needless_raw_string_hashes,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so, and expected texts are as `UPDATE_EXPECT=1` writes them"
)]

#[path = "plans/accepted.rs"]
mod accepted;
#[path = "plans/edges.rs"]
mod edges;
#[path = "plans/fields.rs"]
mod fields;
#[path = "plans/kept.rs"]
mod kept;
#[path = "plans/limits.rs"]
mod limits;
#[path = "plans/misspelt.rs"]
mod misspelt;
#[path = "plans/mutated.rs"]
mod mutated;
#[path = "plans/numbering.rs"]
mod numbering;
#[path = "plans/passes.rs"]
mod passes;
#[path = "plans/sight.rs"]
mod sight;
#[path = "plans/sight_model.rs"]
mod sight_model;
#[path = "plans/spawned.rs"]
mod spawned;
#[path = "plans/structure.rs"]
mod structure;

use engine::{Limits, Plan, Severity, TaskIndex, read_plan};
use expect_test::Expect;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

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
