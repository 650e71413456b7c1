// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The text of a workflow definition becomes a [`Plan`], or every problem that stands in the way.
//!
//! `read` takes the JSON apart and judges each field where it stands; `arrange` numbers the tasks of every level; `graph` resolves the edges of
//! each list, written and implied, and finds cycles; `sight` looks at what expressions read. All report into one list, so that an author sees
//! everything at once.
//!
//! A definition that enters is read by the rules of today ([`read_plan`]); one that was accepted before, by those under which it was
//! ([`read_accepted_plan`]): what only the door refuses ([`ProblemKind::is_of_the_door`]) is no problem there.

mod arrange;
mod arranged;
mod duration;
mod fields;
mod graph;
mod instant;
mod peers;
pub mod problem;
mod read;
mod sight;
mod spawned;

pub use spawned::{read_accepted_spawned, read_spawned};

use crate::{
    Budget, Condition, Deadline, Durability, FailurePolicy, Join, OnItemError, Plan, Problem, RetryPolicy, Schema, TaskKind, Tolerance,
    TriggerRule, Wait,
};
use expressions::{Expression, InputTemplate, Template};
use problem::{ProblemKind, Problems};
use serde_json::Value;
use sight::Read;
use std::sync::Arc;
use std::time::Duration;

/// The bounds a definition must keep, from the orchestrator's configuration.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Tasks in one workflow, groups included.
    pub tasks_max: usize,
    /// Levels of groups, the root list included.
    pub depth_max: usize,
    /// The timeout of an attempt whose task gives none.
    pub default_timeout: Duration,
    /// Whether warnings are looked for, and whether what expressions read is in sight.
    pub checked: bool,
}

impl Default for Limits {
    /// No bound, and no timeout that anybody would miss.
    fn default() -> Self {
        Self::none(Duration::MAX)
    }
}

impl Limits {
    /// Conditions and templates of one workflow. To compile one takes some 10 µs, and a template takes 13 KB.
    fn texts_max(self) -> usize {
        self.tasks_max.saturating_mul(2).max(2000)
    }

    /// Those of what was accepted before, whatever they are now; the timeout is the one that it was accepted with.
    pub(crate) fn none(default_timeout: Duration) -> Self {
        Self { tasks_max: usize::MAX, depth_max: usize::MAX, default_timeout, checked: false }
    }
}

/// Reads a definition that enters. The plan is there when no problem is an error; problems may be warnings beside a plan.
pub fn read_plan(text: &str, limits: Limits) -> (Option<Plan>, Vec<Problem>) {
    read(text, limits, Problems::new(!limits.checked))
}

/// Reads a definition that was accepted before: it runs, forks and is told of as on that day, however strict the door has become since.
pub fn read_accepted_plan(text: &str, default_timeout: Duration) -> Result<Plan, Vec<Problem>> {
    let (plan, problems) = read(text, Limits::none(default_timeout), Problems::of_the_accepted());
    plan.ok_or(problems)
}

fn read(text: &str, limits: Limits, mut problems: Problems) -> (Option<Plan>, Vec<Problem>) {
    let Some(value) = parse(text, "", &mut problems) else { return (None, problems.into_vec()) };
    let (texts, texts_max) = (texts(&value), limits.texts_max());
    if texts > texts_max && !problems.accepted() {
        // At once: to read them would take what the bound is there to save.
        problems.push("", ProblemKind::TooManyTexts { count: texts, limit: texts_max });
        return (None, problems.into_vec());
    }
    let workflow = read::workflow(&value, limits, &mut problems);
    let count: usize = workflow.tasks.iter().map(Task::count).sum();
    if count > limits.tasks_max {
        problems.push("tasks", ProblemKind::TooManyTasks { count, limit: limits.tasks_max });
    }
    let Workflow { id, version, context, tasks, failure_policy, durability, deadline, budget } = workflow;
    let (arranged, sightings) = arrange::arrange(tasks, &mut problems);
    if limits.checked {
        sight::check(&arranged, &sightings, &mut problems);
        problems.iter_mut().for_each(|problem| sight::refine(&value, problem));
    }
    if problems.has_errors() {
        return (None, problems.into_vec());
    }
    let opaque = arranged.lists.len() == 1 && arranged.tasks.iter().all(|(_, task)| is_opaque(task));
    let plan = Plan {
        workflow_id: id.into(),
        version: version.into(),
        definition: Arc::from(text),
        default_timeout: limits.default_timeout,
        context,
        tasks: arranged.tasks,
        count,
        lists: arranged.lists.into(),
        failure_policy,
        durability,
        deadline,
        budget,
        hash: std::sync::OnceLock::new(),
        definition_hash: std::sync::OnceLock::new(),
        by_id: std::sync::OnceLock::new(),
        waits: std::sync::OnceLock::new(),
        opaque,
    };
    (Some(plan), problems.into_vec())
}

/// How many conditions and templates a definition holds, wherever they stand.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => usize::from(Template::is_one(text)),
        Value::Array(items) => items.iter().map(texts).sum(),
        Value::Object(fields) => {
            let conditions = fields.get("conditions").and_then(Value::as_array).map_or(0, Vec::len);
            conditions + fields.values().map(texts).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// The JSON, or the problem that it is none.
fn parse(text: &str, path: &str, problems: &mut Problems) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(value) => return Some(value),
        // It has a code of its own, which it does not tell.
        Err(error) if error.to_string().starts_with("recursion limit exceeded") => problems.push(path, ProblemKind::NestedTooDeep),
        Err(error) => problems.push(path, ProblemKind::NotJson { message: error.to_string() }),
    }
    None
}

/// Whether nothing of what passes through a task is ever looked at.
fn is_opaque(task: &crate::PlannedTask) -> bool {
    let plain = task.plain && task.output_schema.is_none() && task.compensate.is_none() && task.fallbacks.is_empty();
    plain && matches!(task.kind, TaskKind::Agent { .. })
}

/// A workflow inside a task is judged like any other; it is run as an execution of its own.
fn judge_inner(workflow: Workflow, limits: Limits, problems: &mut Problems) {
    let (arranged, sightings) = arrange::arrange(workflow.tasks, problems);
    if limits.checked {
        sight::check(&arranged, &sightings, problems);
    }
}

/// A workflow's tasks as they were written, each field judged.
struct Workflow {
    id: String,
    version: String,
    /// What judges the context of an execution.
    context: Option<Schema>,
    tasks: Vec<Task>,
    failure_policy: FailurePolicy,
    durability: Durability,
    deadline: Option<Deadline>,
    budget: Budget,
}

impl Default for Workflow {
    fn default() -> Self {
        let (id, version, tasks) = (String::new(), String::new(), Vec::new());
        let (failure_policy, durability) = (FailurePolicy::FailFast, Durability::default());
        Self { id, version, context: None, tasks, failure_policy, durability, deadline: None, budget: Budget::default() }
    }
}

/// One task as it was written.
struct Task {
    /// Where it stands.
    path: String,
    id: String,
    kind: Option<Kind>,
    /// Whether it stands in a parallel group.
    beside: bool,
    common: Common,
    body: Body,
}

/// What every task has.
struct Common {
    dependencies: Option<Vec<String>>,
    rule: Option<TriggerRule>,
    conditions: Vec<Read<Condition>>,
    wait: Option<Wait>,
    tolerance: Tolerance,
    total_timeout: Option<Duration>,
}

/// What a task does.
#[expect(clippy::large_enum_variant, reason = "as many as a definition has tasks, for as long as it is read")]
enum Body {
    Call(Box<Call>),
    Wait(Vec<WrittenFallback>),
    Group { tasks: Vec<Task>, join: Join, timeout: Option<Duration> },
    Choice { branches: Vec<WrittenBranch>, all: bool, fails_without: bool, timeout: Option<Duration> },
    Loop { tasks: Vec<Task>, call: Option<Box<Call>>, written: WrittenLoop, timeout: Option<Duration> },
}

/// A call of an agent or of a workflow.
struct Call {
    kind: TaskKind,
    retry: RetryPolicy,
    timeout: Option<Duration>,
    heartbeat_timeout: Option<Duration>,
    schema: Option<Schema>,
    output_schema: Option<Schema>,
    input: Option<Read<InputTemplate>>,
    cache: Option<WrittenCache>,
    compensate: Option<WrittenCompensation>,
    fallbacks: Vec<WrittenFallback>,
    requires: Vec<Arc<str>>,
    priority: i32,
    affinity: Option<Read<Template>>,
    /// See [`crate::PlannedTask::print`].
    print: u64,
    /// Tasks of the workflow written inside it.
    inner_tasks: usize,
}

enum WrittenFallback {
    Value(Arc<str>),
    /// `inherits`: its input is that of the task.
    Agent {
        path: String,
        call: Box<Call>,
        inherits: bool,
    },
}

struct WrittenCache {
    print: Arc<str>,
    key: Option<Read<Template>>,
    ttl: Option<Duration>,
}

struct WrittenCompensation {
    path: String,
    call: Box<Call>,
    started: bool,
}

struct WrittenBranch {
    name: Arc<str>,
    when: Option<Read<Condition>>,
    tasks: Vec<Task>,
}

struct WrittenLoop {
    drive: Option<WrittenDrive>,
    passes_max: Option<u32>,
    stops_at_limit: bool,
    concurrency: u32,
    on_item_error: OnItemError,
    keep_last: Option<u32>,
}

#[expect(clippy::large_enum_variant, reason = "as above")]
enum WrittenDrive {
    Items(Vec<Arc<str>>),
    ForEach(Read<Expression>),
    While(Vec<Read<Condition>>),
    Until(Vec<Read<Condition>>),
    Again(Vec<Read<Condition>>),
}

/// `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sequential,
    Parallel,
    Conditional,
    Loop,
}

impl Task {
    /// How many tasks it is, with everything inside.
    fn count(&self) -> usize {
        let all = |tasks: &[Self]| tasks.iter().map(Self::count).sum::<usize>();
        1 + match &self.body {
            Body::Call(call) => call.inner_tasks,
            Body::Wait(_) => 0,
            Body::Group { tasks, .. } => all(tasks),
            Body::Choice { branches, .. } => branches.iter().map(|branch| all(&branch.tasks)).sum(),
            Body::Loop { tasks, call, .. } => all(tasks) + call.as_ref().map_or(0, |call| call.inner_tasks),
        }
    }
}

/// Definitions that do the same share a hash, however they are named and described.
pub(crate) fn behaviour_hash(definition: &str) -> String {
    let mut definition = serde_json::from_str(definition).unwrap_or_default();
    forget_description(&mut definition);
    stdx::sha256_hex(&stdx::canonical_json(&definition))
}

/// Removes what only describes a workflow.
fn forget_description(workflow: &mut Value) {
    for field in ["name", "description", "metadata"] {
        workflow.as_object_mut().map(|fields| fields.remove(field));
    }
    // Written or not, it is the same version.
    if let Some(fields) = workflow.as_object_mut() {
        fields.entry("version").and_modify(default_version).or_insert_with(|| read::VERSION_DEFAULT.into());
    }
    forget_names(workflow);
}

fn default_version(version: &mut Value) {
    if version.is_null() {
        *version = read::VERSION_DEFAULT.into();
    }
}

/// Removes the names of tasks at every level.
fn forget_names(holder: &mut Value) {
    for field in ["tasks", "default"] {
        for task in holder.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            task.as_object_mut().map(|fields| fields.remove("name"));
            forget_names(task);
            task.get_mut("workflow").filter(|inner| inner.is_object()).map(forget_description);
        }
    }
    for branch in holder.get_mut("branches").and_then(Value::as_array_mut).into_iter().flatten() {
        forget_names(branch);
    }
}
