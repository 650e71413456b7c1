// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The validated graph of one workflow version: what an execution runs.

use crate::{RetryPolicy, Schema, TaskIndex, TaskMap, TriggerRule};
use std::sync::Arc;
use std::time::Duration;

/// A workflow that may run: ids interned, edges resolved, no cycle. Made by [`crate::read_plan`] alone.
#[derive(Debug)]
pub struct Plan {
    /// The workflow's `id`.
    pub workflow_id: Arc<str>,
    /// The workflow's `version`.
    pub version: Arc<str>,
    /// SHA-256 of the canonical definition without `name`, `description` and `metadata`: equal for definitions that do the same.
    pub hash: Arc<str>,
    /// SHA-256 of `definition`, letter for letter.
    pub definition_hash: Arc<str>,
    /// The definition as it was given, JSON text.
    pub definition: Arc<str>,
    /// The timeout of tasks that give none: it was the orchestrator's when the plan was read.
    pub default_timeout: Duration,
    /// The tasks in the order of declaration.
    pub tasks: TaskMap<PlannedTask>,
}

/// One task of a [`Plan`].
#[derive(Debug)]
pub struct PlannedTask {
    /// Unique in the workflow.
    pub id: Arc<str>,
    /// The agent, or type of agent, that runs it.
    pub agent_id: Arc<str>,
    /// What must end before it may run, written or implied, in the order of declaration.
    pub dependencies: Box<[TaskIndex]>,
    /// Who waits for it: the same edges, seen from the other end.
    pub dependents: Box<[TaskIndex]>,
    /// Whether the edges come from the order of declaration and not from `dependencies`.
    pub implicit: bool,
    /// When it runs, given how its dependencies ended.
    pub rule: TriggerRule,
    /// Written `type: 'sequential'`: never runs at the same moment as another such task of the list.
    pub exclusive: bool,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// The longest a single attempt may take.
    pub timeout: Duration,
    /// `input.schema`, compiled.
    pub schema: Option<Schema>,
}
