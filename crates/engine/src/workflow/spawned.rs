// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A task that an attempt adds at run time.

use super::problem::{ProblemKind, Problems};
use super::read::{Place, task};
use super::{Body, Limits, arrange};
use crate::plan::ListIndex;
use crate::{Plan, PlannedTask, Problem, TaskIndex};
use serde_json::Value;

/// Reads the definition of a task that an attempt of `parent` adds: the call of an agent or a child workflow. It belongs to no list of the plan.
pub fn read_spawned(text: &str, plan: &Plan, _parent: TaskIndex) -> Result<PlannedTask, Vec<Problem>> {
    let mut problems = Problems::default();
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            problems.push("task", ProblemKind::NotJson { message: error.to_string() });
            return Err(problems.into_vec());
        }
    };
    refuse_foreign(&value, &mut problems);
    let limits = Limits { tasks_max: usize::MAX, depth_max: usize::MAX, default_timeout: plan.default_timeout, checked: false };
    let place = Place { limits, level: 1, beside: true, loops: &[] };
    let read = task::one(&value, "task", place, &mut problems);
    let planned = read.filter(|task| matches!(task.body, Body::Call(_))).and_then(|task| {
        let tolerant = task.common.tolerant;
        let total_timeout = task.common.total_timeout;
        let (arranged, _) = arrange::arrange(vec![task], &mut problems);
        let planned = arranged.tasks.into_iter().next()?;
        Some(PlannedTask { list: ListIndex(u32::MAX), tolerant, total_timeout, implicit: false, ..planned })
    });
    match planned {
        Some(planned) if !problems.has_errors() => Ok(planned),
        _ => Err(problems.into_vec()),
    }
}

/// What has no meaning for a task that nobody waits for in the graph. Templates are the attempt's own business: it fills them in itself.
fn refuse_foreign(value: &Value, problems: &mut Problems) {
    let instead = "the attempt that spawns the task decides that itself";
    for field in ["dependencies", "conditions", "triggerRule", "waitFor", "compensate", "cache"] {
        if value.get(field).is_some_and(|value| !value.is_null()) {
            problems.push(format!("task.{field}"), ProblemKind::Meaningless { field, what: "a spawned task", instead });
        }
    }
    for field in ["tasks", "branches", "loop"] {
        if value.get(field).is_some_and(|value| !value.is_null()) {
            let instead = "give it a `workflow` with those tasks";
            problems.push(format!("task.{field}"), ProblemKind::Meaningless { field, what: "a spawned task", instead });
        }
    }
}
