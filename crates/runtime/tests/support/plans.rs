// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Workflows to run.

#![expect(clippy::panic, reason = "a test that cannot go on says so")]

use engine::{Limits, Plan, read_plan};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Workflow `w`, version `1`, from tasks as JSON.
pub(crate) fn plan(tasks: &Value) -> Arc<Plan> {
    plan_of("w", "1", tasks)
}

/// A workflow from tasks as JSON.
pub(crate) fn plan_of(id: &str, version: &str, tasks: &Value) -> Arc<Plan> {
    plan_as(&json!({ "id": id, "name": id, "version": version, "tasks": tasks }))
}

/// A workflow as it is written.
pub(crate) fn plan_as(definition: &Value) -> Arc<Plan> {
    let definition = definition.to_string();
    let (plan, problems) =
        read_plan(&definition, Limits { tasks_max: 10_000, depth_max: 10, checked: true, default_timeout: Duration::from_mins(10) });
    Arc::new(plan.unwrap_or_else(|| panic!("{definition}: {problems:?}")))
}

/// A task that runs after others.
pub(crate) fn task(id: &str, after: &[&str]) -> Value {
    json!({ "id": id, "name": id, "agentId": "agent", "dependencies": after })
}
