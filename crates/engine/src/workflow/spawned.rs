// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A task that an attempt adds at run time.

use super::problem::{ProblemKind, Problems};
use super::read::{Place, task};
use super::{Body, Limits, arrange, parse};
use crate::plan::ListIndex;
use crate::{PlannedTask, Problem};
use serde_json::Value;
use std::time::Duration;

/// Fields that have no meaning for a task that nobody in the graph waits for, each with the way out.
const FOREIGN: &[(&str, &str)] = &[
    ("dependencies", DECIDES),
    ("conditions", DECIDES),
    ("triggerRule", DECIDES),
    ("waitFor", DECIDES),
    ("compensate", DECIDES),
    ("cache", DECIDES),
    ("fallback", DECIDES),
    ("affinity", "an agent's instance is chosen when the task starts; leave it out"),
    ("loop", "give it a `workflow` with that loop"),
];
const DECIDES: &str = "the attempt that spawns the task decides that itself";

/// Reads the definition of a task that an attempt adds: the call of an agent or a child workflow. It belongs to no list of the plan, and a
/// workflow that is written inside it is judged as one that enters by itself.
///
/// Its texts are what they are: the attempt has filled them in itself, perhaps with what a model wrote, and that is never rendered.
pub fn read_spawned(text: &str, limits: Limits) -> Result<PlannedTask, Vec<Problem>> {
    read(text, limits, Problems::default())
}

/// Reads one that was accepted before, as [`super::read_accepted_plan`] does.
pub fn read_accepted_spawned(text: &str, default_timeout: Duration) -> Result<PlannedTask, Vec<Problem>> {
    read(text, Limits::none(default_timeout), Problems::of_the_accepted())
}

fn read(text: &str, limits: Limits, mut problems: Problems) -> Result<PlannedTask, Vec<Problem>> {
    let Some(mut value) = parse(text, "task", &mut problems) else { return Err(problems.into_vec()) };
    refuse_foreign(&mut value, &mut problems);
    let place = Place { limits, level: 0, beside: true, literal: true, loops: &[] };
    let read = task::one(&value, "task", place, &mut problems);
    let inner = read.as_ref().map_or(0, |task| task.count() - 1);
    if inner > limits.tasks_max {
        problems.push("task.workflow.tasks", ProblemKind::TooManyTasks { count: inner, limit: limits.tasks_max });
    }
    let planned = read.filter(|task| matches!(task.body, Body::Call(_))).and_then(|task| {
        let (arranged, _) = arrange::arrange(vec![task], &mut problems);
        let planned = arranged.tasks.into_iter().next()?;
        Some(PlannedTask { list: ListIndex(u32::MAX), implicit: false, ..planned })
    });
    match planned {
        Some(planned) if !problems.has_errors() => Ok(planned),
        _ => Err(problems.into_vec()),
    }
}

/// Reports fields without meaning and takes them out, so that the rest is judged without them.
fn refuse_foreign(value: &mut Value, problems: &mut Problems) {
    let Some(fields) = value.as_object_mut() else { return };
    let mut refuse = |field: &'static str, instead| {
        problems.push(format!("task.{field}"), ProblemKind::Meaningless { field, what: "a spawned task", instead });
    };
    for (field, instead) in FOREIGN {
        if fields.remove(*field).is_some_and(|value| !value.is_null()) {
            refuse(field, instead);
        }
    }
    let groups = ["tasks", "branches"].into_iter().filter(|field| fields.get(*field).is_some_and(|value| !value.is_null()));
    for field in groups {
        refuse(field, "give it a `workflow` with those tasks");
    }
    let is_group = fields.contains_key("tasks") || fields.contains_key("branches");
    if !is_group && matches!(fields.get("type").and_then(Value::as_str), Some("conditional" | "loop")) {
        fields.remove("type");
        refuse("type", "leave it out: it is one call");
    }
}
