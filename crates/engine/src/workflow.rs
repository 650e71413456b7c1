// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The text of a workflow definition becomes a [`Plan`], or every problem that stands in the way.
//!
//! `read` takes the JSON apart and judges each field where it stands; `graph` resolves the edges, written and implied, and finds cycles.
//! Both report into one list, so that an author sees everything at once.

mod duration;
mod fields;
mod graph;
pub mod problem;
mod read;

use crate::{Plan, PlannedTask, Problem, RetryPolicy, Schema, TaskIndex, TaskMap, TriggerRule};
use problem::{ProblemKind, Problems};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The bounds a definition must keep, from the orchestrator's configuration.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Tasks in one workflow.
    pub tasks_max: usize,
    /// The timeout of an attempt whose task gives none.
    pub default_timeout: Duration,
}

/// Reads a definition. The plan is there when no problem is an error; problems may be warnings beside a plan.
pub fn read_plan(text: &str, limits: Limits) -> (Option<Plan>, Vec<Problem>) {
    let mut problems = Problems::default();
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            problems.push("", ProblemKind::NotJson { message: error.to_string() });
            return (None, problems.into_vec());
        }
    };
    let workflow = read::workflow(&value, limits, &mut problems);
    let edges = graph::resolve(&workflow.tasks, &mut problems);
    if problems.has_errors() {
        return (None, problems.into_vec());
    }
    let tasks = planned(workflow.tasks, edges);
    let count = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
    let plan = Plan {
        workflow_id: workflow.id.into(),
        version: workflow.version.into(),
        hash: behaviour_hash(&value).into(),
        definition_hash: stdx::sha256_hex(text).into(),
        definition: Arc::from(text),
        default_timeout: limits.default_timeout,
        tasks,
        lists: Box::new([crate::TaskList { tasks: 0..count, owner: None }]),
        failure_policy: crate::FailurePolicy::FailFast,
        deadline: None,
        budget: crate::Budget::default(),
        by_id: std::sync::OnceLock::new(),
        opaque: true,
    };
    (Some(plan), problems.into_vec())
}

/// Stand-in.
pub fn read_spawned(_text: &str, _plan: &Plan, _parent: TaskIndex) -> Result<PlannedTask, Vec<Problem>> {
    Err(Vec::new())
}

/// A workflow's tasks as they were written, each field judged.
struct Workflow {
    id: String,
    version: String,
    tasks: Vec<Task>,
}

/// One task as it was written.
struct Task {
    /// Its place in `tasks` as given, for paths.
    place: usize,
    id: String,
    agent_id: String,
    kind: Option<Kind>,
    dependencies: Option<Vec<String>>,
    retry: RetryPolicy,
    timeout: Duration,
    schema: Option<Schema>,
}

/// `type` of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sequential,
    Parallel,
}

fn planned(tasks: Vec<Task>, edges: graph::Edges) -> TaskMap<PlannedTask> {
    let graph::Edges { before, after } = edges;
    let into_boxes = |list: Vec<Vec<TaskIndex>>| list.into_iter().map(Vec::into_boxed_slice);
    tasks
        .into_iter()
        .zip(into_boxes(before).zip(into_boxes(after)))
        .map(|(task, (dependencies, dependents))| {
            let implicit = task.dependencies.is_none();
            PlannedTask {
                id: task.id.into(),
                place: format!("tasks[{}]", task.place).into(),
                list: Plan::ROOT,
                kind: crate::TaskKind::Agent { agent_id: task.agent_id.into() },
                dependencies,
                dependents,
                implicit,
                rule: if implicit { TriggerRule::NoneFailed } else { TriggerRule::NoneFailedMinOneSuccess },
                cleanup: false,
                exclusive: task.kind == Some(Kind::Sequential),
                conditions: Box::default(),
                wait: None,
                tolerant: false,
                timeout: Some(task.timeout),
                total_timeout: None,
                heartbeat_timeout: None,
                retry: task.retry,
                schema: task.schema,
                output_schema: None,
                input: None,
                cache: None,
                compensate: None,
                plain: true,
            }
        })
        .collect()
}

/// Definitions that do the same share a hash, however they are named and described.
fn behaviour_hash(definition: &Value) -> String {
    let mut definition = definition.clone();
    if let Some(fields) = definition.as_object_mut() {
        for field in ["name", "description", "metadata"] {
            fields.remove(field);
        }
        for task in fields.get_mut("tasks").and_then(Value::as_array_mut).into_iter().flatten() {
            task.as_object_mut().map(|fields| fields.remove("name"));
        }
    }
    stdx::sha256_hex(&stdx::canonical_json(&definition))
}
