// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A validated workflow, held by JavaScript for as long as it needs it.

use ::engine::{Limits, Plan, Problem, Schema, Severity, TaskIndex, read_plan};
use napi_derive::napi;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A plan; only `readPlan` makes one.
#[napi(js_name = "NativePlan")]
pub struct NativePlan {
    pub(crate) plan: Arc<Plan>,
}

/// What `readPlan` found: the plan, if there is one, and the problems as JSON text.
#[napi]
pub struct PlanReading {
    plan: Option<Arc<Plan>>,
    problems: String,
}

#[napi]
impl PlanReading {
    /// The plan, if no problem is an error.
    #[napi(catch_unwind)]
    pub fn plan(&self) -> Option<NativePlan> {
        self.plan.as_ref().map(|plan| NativePlan { plan: Arc::clone(plan) })
    }

    /// `[{ path, message, code, severity }]` as JSON text.
    #[napi(catch_unwind)]
    pub fn problems(&self) -> String {
        self.problems.clone()
    }
}

/// Validates a definition given as JSON text; `defaultTimeout` in milliseconds.
#[napi(catch_unwind)]
pub fn read_workflow(definition: String, tasks_max: u32, default_timeout: f64) -> PlanReading {
    let limits = Limits { tasks_max: tasks_max as usize, default_timeout: Duration::from_secs_f64(default_timeout / 1000.0) };
    let (plan, problems) = read_plan(&definition, limits);
    let problems: Value = problems.iter().map(problem).collect();
    PlanReading { plan: plan.map(Arc::new), problems: problems.to_string() }
}

#[napi]
impl NativePlan {
    /// The resolved graph as JSON text: `[{ id, dependencies: [place], implicit }]`.
    #[napi(catch_unwind)]
    pub fn graph(&self) -> String {
        let tasks = self.plan.tasks.iter().map(|(_, task)| {
            let dependencies: Vec<u32> = task.dependencies.iter().map(|index| index.get()).collect();
            json!({ "id": &*task.id, "dependencies": dependencies, "implicit": task.implicit })
        });
        tasks.collect::<Value>().to_string()
    }

    /// What a value (JSON text) does that the schema of a task's input forbids: `[{ pointer, message }]` as JSON text, or null.
    #[napi(catch_unwind)]
    pub fn judge_input(&self, task: u32, value: String) -> Option<String> {
        let schema: &Schema = self.plan.tasks.get(TaskIndex::new(task))?.schema.as_ref()?;
        let issues = match serde_json::from_str::<Value>(&value) {
            Ok(value) => {
                schema.judge(&value).into_iter().map(|issue| json!({ "pointer": issue.pointer, "message": issue.message })).collect()
            }
            // JSON that JavaScript can hold and Unicode cannot: lone surrogates.
            Err(error) => vec![json!({ "pointer": "", "message": format!("the value is not valid Unicode JSON: {error}") })],
        };
        (!issues.is_empty()).then(|| Value::from(issues).to_string())
    }
}

fn problem(problem: &Problem) -> Value {
    let severity = match problem.kind.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({ "path": problem.path, "message": problem.kind.to_string(), "code": problem.kind.code(), "severity": severity })
}
