// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A validated workflow, held by JavaScript for as long as it needs it.

use ::engine::{Limits, Plan, Problem, Schema, Severity, TaskIndex, TaskKind, Wait, read_accepted_plan, read_plan};
use napi_derive::napi;
use serde::Serialize;
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

/// The bounds of a definition; `defaultTimeout` in milliseconds.
#[napi(object)]
#[expect(missing_docs, reason = "as in `engine::Limits`")]
pub struct ReadingLimits {
    pub tasks_max: u32,
    pub depth_max: u32,
    pub default_timeout: f64,
    pub checked: bool,
}

impl From<&ReadingLimits> for Limits {
    fn from(limits: &ReadingLimits) -> Self {
        Self {
            tasks_max: limits.tasks_max as usize,
            depth_max: limits.depth_max as usize,
            default_timeout: millis(limits.default_timeout),
            checked: limits.checked,
        }
    }
}

/// Validates a definition that enters, given as JSON text.
#[napi(catch_unwind)]
pub fn read_workflow(definition: String, limits: ReadingLimits) -> PlanReading {
    let (plan, problems) = read_plan(&definition, (&limits).into());
    reading(plan, &problems)
}

/// Reads a definition that was accepted before, given as JSON text; `default_timeout` in milliseconds. What only the door refuses is no problem.
#[napi(catch_unwind)]
pub fn read_accepted_workflow(definition: String, default_timeout: f64) -> PlanReading {
    match read_accepted_plan(&definition, millis(default_timeout)) {
        Ok(plan) => reading(Some(plan), &[]),
        Err(problems) => reading(None, &problems),
    }
}

fn reading(plan: Option<Plan>, problems: &[Problem]) -> PlanReading {
    let problems: Value = problems.iter().map(problem).collect();
    PlanReading { plan: plan.map(Arc::new), problems: problems.to_string() }
}

fn millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(Duration::MAX)
}

/// A task of a plan as JavaScript is told of it: without names, which would be most of the text.
#[derive(Serialize)]
struct Row<'a>(&'a str, &'a str, &'static str, u32, Option<u32>, Option<&'a str>, Vec<u32>, bool, bool, bool);

#[napi]
impl NativePlan {
    /// The resolved graph as JSON text: `[[id, place, kind, list, owner, agentId, [dependency], implicit, templated, building]]`, the root list first.
    #[napi(catch_unwind)]
    pub fn graph(&self) -> String {
        let building = self.plan.building_loops();
        let rows = self.plan.tasks.iter().map(|(index, task)| {
            let kind = match &task.kind {
                TaskKind::Agent { .. } => "agent",
                TaskKind::Workflow => "workflow",
                TaskKind::Wait => "wait",
                TaskKind::Group { .. } => "group",
                TaskKind::Choice { .. } => "choice",
                TaskKind::Loop(_) => "loop",
            };
            let owner = self.plan.lists.get(task.list.0 as usize).and_then(|list| list.owner).map(TaskIndex::get);
            let agent_id = if let TaskKind::Agent { agent_id } = &task.kind { Some(&**agent_id) } else { None };
            let dependencies = task.dependencies.iter().map(|index| index.get()).collect();
            let (templated, is_building) = (task.input.is_some(), building.contains(&index));
            Row(&task.id, &task.place, kind, task.list.0, owner, agent_id, dependencies, task.implicit, templated, is_building)
        });
        let rows: Vec<Row<'_>> = rows.collect();
        // Numbers and texts alone: it cannot fail.
        serde_json::to_string(&rows).unwrap_or_default()
    }

    /// The definition as it was given.
    #[napi(catch_unwind)]
    pub fn source(&self) -> String {
        self.plan.definition.to_string()
    }

    /// Equal for definitions that do the same.
    #[napi(catch_unwind)]
    pub fn hash(&self) -> String {
        self.plan.hash().to_string()
    }

    /// Whether the host may keep the values of results to itself: nothing looks at them.
    #[napi(catch_unwind)]
    pub fn opaque(&self) -> bool {
        self.plan.opaque
    }

    /// What a context (JSON text) does that the workflow's `context` forbids, as `judgeInput` says it.
    #[napi(catch_unwind)]
    pub fn judge_context(&self, value: String) -> Option<String> {
        judged(self.plan.context.as_ref()?, &value)
    }

    /// What a payload (JSON text) does that the schema of a wait forbids, as `judgeInput` says it.
    #[napi(catch_unwind)]
    pub fn judge_signal(&self, task: u32, value: String) -> Option<String> {
        match &self.plan.tasks.get(TaskIndex::new(task))?.wait {
            Some(Wait::Signal { schema: Some(schema), .. }) => judged(schema, &value),
            _ => None,
        }
    }

    /// What a value (JSON text) does that the `outputSchema` of a task forbids, as `judgeInput` says it.
    #[napi(catch_unwind)]
    pub fn judge_output(&self, task: u32, value: String) -> Option<String> {
        judged(self.plan.tasks.get(TaskIndex::new(task))?.output_schema.as_ref()?, &value)
    }

    /// What a value (JSON text) does that the schema of a task's input forbids: `[{ pointer, message }]` as JSON text, or null.
    #[napi(catch_unwind)]
    pub fn judge_input(&self, task: u32, value: String) -> Option<String> {
        judged(self.plan.tasks.get(TaskIndex::new(task))?.schema.as_ref()?, &value)
    }
}

pub(crate) fn judged(schema: &Schema, value: &str) -> Option<String> {
    let issues = match serde_json::from_str::<Value>(value) {
        Ok(value) => schema.judge(&value).into_iter().map(|issue| json!({ "pointer": issue.pointer, "message": issue.message })).collect(),
        // JSON that JavaScript can hold and Unicode cannot: lone surrogates.
        Err(error) => vec![json!({ "pointer": "", "message": format!("the value is not valid Unicode JSON: {error}") })],
    };
    (!issues.is_empty()).then(|| Value::from(issues).to_string())
}

fn problem(problem: &Problem) -> Value {
    let severity = match problem.kind.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({ "path": problem.path, "message": problem.kind.to_string(), "code": problem.kind.code(), "severity": severity })
}
