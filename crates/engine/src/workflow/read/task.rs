// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One task: which kind it is, what every kind has, and which fields mean something there.

use super::super::fields::{Fields, wrong_type};
use super::super::problem::{ProblemKind, Problems};
use super::super::{Body, Common, Kind, Task};
use super::{Place, call, conditions, groups, retry, task_id};
use crate::{Tolerance, TriggerRule, Wait};
use serde_json::Value;

const COMMON: &[&str] = &["id", "name", "type", "dependencies", "conditions", "triggerRule", "onError", "totalTimeout"];
const AGENT: &[&str] = &[
    "agentId",
    "requires",
    "priority",
    "affinity",
    "input",
    "retryPolicy",
    "timeout",
    "cache",
    "compensate",
    "outputSchema",
    "heartbeatTimeout",
    "accept",
    "fallback",
];
const WORKFLOW: &[&str] = &["workflow", "input", "retryPolicy", "timeout", "compensate", "fallback"];
const ALL: &[&str] = &[
    "id",
    "name",
    "type",
    "dependencies",
    "conditions",
    "triggerRule",
    "onError",
    "totalTimeout",
    "agentId",
    "requires",
    "priority",
    "affinity",
    "input",
    "retryPolicy",
    "timeout",
    "cache",
    "compensate",
    "outputSchema",
    "heartbeatTimeout",
    "accept",
    "fallback",
    "workflow",
    "waitFor",
    "tasks",
    "join",
    "branches",
    "default",
    "mode",
    "onNoMatch",
    "loop",
];
/// What a task may be, for one that is nothing.
const BODIES: &str = "the id of a registered agent or agent type; or `tasks`, `branches`, `workflow` or `waitFor`";
const CALLS: &str = "the id of a registered agent or agent type; or `workflow`";

const RULES: &[(&str, TriggerRule)] = &[
    ("none_failed_min_one_success", TriggerRule::NoneFailedMinOneSuccess),
    ("none_failed", TriggerRule::NoneFailed),
    ("all_success", TriggerRule::AllSuccess),
    ("all_failed", TriggerRule::AllFailed),
    ("all_done", TriggerRule::AllDone),
    ("one_success", TriggerRule::OneSuccess),
    ("one_failed", TriggerRule::OneFailed),
];
const RULE_NAMES: &str =
    "'none_failed_min_one_success', 'none_failed', 'all_success', 'all_failed', 'all_done', 'one_success' or 'one_failed'";

/// What a task is, by the fields it has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Agent,
    Workflow,
    Wait,
    Group,
    Choice,
    LoopCall,
    LoopGroup,
}

/// The tasks under `field`.
pub(in super::super) fn list(fields: &Fields<'_>, field: &'static str, place: Place<'_>, problems: &mut Problems) -> Vec<Task> {
    let path = fields.path(field);
    if place.level > place.limits.depth_max {
        problems.push(path, ProblemKind::TooDeep { limit: place.limits.depth_max });
        return Vec::new();
    }
    match fields.get(field) {
        None => problems.push(path, ProblemKind::Missing { field, hint: "an array with at least one task" }),
        Some(Value::Array(tasks)) if tasks.is_empty() => problems.push(path, ProblemKind::Empty),
        Some(Value::Array(tasks)) if tasks.len() > place.limits.tasks_max => {
            problems.push(path, ProblemKind::TooManyTasks { count: tasks.len(), limit: place.limits.tasks_max });
        }
        Some(Value::Array(tasks)) => {
            let read = tasks.iter().enumerate().filter_map(|(at, value)| task(value, format!("{path}[{at}]"), place, problems));
            return read.collect();
        }
        Some(other) => problems.push(path, wrong_type("an array of tasks such as [{ id: 'a', agentId: '…' }]", other)),
    }
    Vec::new()
}

/// One task that stands at `path`.
pub(in super::super) fn one(value: &Value, path: &str, place: Place<'_>, problems: &mut Problems) -> Option<Task> {
    task(value, path.to_owned(), place, problems)
}

fn task(value: &Value, path: String, place: Place<'_>, problems: &mut Problems) -> Option<Task> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(ALL, problems);
    fields.filled_text("name", problems);
    let id = task_id(&fields, problems);
    let kind = kind(&fields, problems);
    let shape = shape(&fields, kind, problems);
    refuse_meaningless(&fields, shape, kind, problems);
    let is_leaf = matches!(shape, Shape::Agent | Shape::Workflow | Shape::Wait);
    if is_leaf && kind == Some(Kind::Conditional) && fields.get("conditions").is_none() {
        let hint = "`conditions` that say whether it runs, or `branches` in place of the call";
        problems.push(fields.path("conditions"), ProblemKind::Missing { field: "conditions", hint });
    }
    let common = common(&fields, place, shape, problems);
    let body = match shape {
        Shape::Agent => Body::Call(call::agent(&fields, if place.literal { CALLS } else { BODIES }, place, problems).into()),
        Shape::Workflow => Body::Call(call::workflow(&fields, place, problems).into()),
        Shape::Wait => Body::Wait(call::fallbacks(&fields, None, place, problems)),
        Shape::Group => groups::group(&fields, kind, place, problems),
        Shape::Choice => groups::choice(&fields, place, problems),
        Shape::LoopCall | Shape::LoopGroup => groups::repeated(&fields, &id, shape == Shape::LoopCall, place, problems),
    };
    Some(Task { path: fields.place().to_owned(), id, kind, beside: place.beside, common, body })
}

fn kind(fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    let kinds = [("sequential", Kind::Sequential), ("parallel", Kind::Parallel), ("conditional", Kind::Conditional), ("loop", Kind::Loop)];
    fields.one_of("type", &kinds, "'sequential', 'parallel', 'conditional' or 'loop'", problems)
}

fn shape(fields: &Fields<'_>, kind: Option<Kind>, problems: &mut Problems) -> Shape {
    let has = |field: &str| fields.get(field).is_some();
    let bodies = ["agentId", "workflow", "tasks", "branches"];
    let present: Vec<&'static str> = bodies.into_iter().filter(|field| has(field)).collect();
    if present.len() > 1 {
        problems.push(fields.place(), ProblemKind::TooManyBodies { fields: present.join(", ") });
    }
    match (kind, present.first().copied()) {
        (Some(Kind::Conditional), Some("branches")) => Shape::Choice,
        (Some(Kind::Conditional), None) if has("default") => Shape::Choice,
        (Some(Kind::Loop), Some("tasks")) => Shape::LoopGroup,
        (Some(Kind::Loop), None | Some("agentId" | "workflow")) => Shape::LoopCall,
        (Some(Kind::Conditional), Some("tasks")) => {
            problems.push(
                fields.path("tasks"),
                ProblemKind::Meaningless { field: "tasks", what: "a conditional group", instead: "put them into `branches`" },
            );
            Shape::Choice
        }
        (_, Some("branches")) => {
            let instead = "write type: 'conditional'";
            problems.push(
                fields.path("branches"),
                ProblemKind::Meaningless { field: "branches", what: "a task that is not conditional", instead },
            );
            Shape::Choice
        }
        (_, Some("tasks")) => Shape::Group,
        (_, Some("workflow")) => Shape::Workflow,
        (_, None) if has("waitFor") => Shape::Wait,
        (_, None | Some(_)) => Shape::Agent,
    }
}

fn refuse_meaningless(fields: &Fields<'_>, shape: Shape, kind: Option<Kind>, problems: &mut Problems) {
    let (what, known, instead): (_, &[&[&str]], _) = match shape {
        Shape::Agent => ("the call of an agent", &[AGENT, &["waitFor"]], "remove it, or make the task a group with `tasks`"),
        Shape::Workflow => ("a child workflow", &[WORKFLOW, &["waitFor"]], "put it into that workflow"),
        Shape::Wait => {
            ("a wait", &[&["waitFor", "fallback"]], "a time-out belongs inside `waitFor`; anything else to a task with an `agentId`")
        }
        Shape::Group if groups::is_parallel(fields, kind) => ("a group", &[&["tasks", "join", "timeout"]], "put it on the tasks inside"),
        Shape::Group => ("a sequential group", &[&["tasks", "timeout"]], "put it on the tasks inside"),
        Shape::Choice => ("a conditional group", &[&["branches", "default", "mode", "onNoMatch", "timeout"]], "put it on the tasks inside"),
        Shape::LoopCall if fields.get("workflow").is_some() => {
            ("a loop of a child workflow", &[WORKFLOW, &["loop", "waitFor"]], "put it into that workflow")
        }
        Shape::LoopCall => ("a loop", &[AGENT, &["loop", "waitFor"]], "remove it"),
        Shape::LoopGroup => ("a loop of tasks", &[&["tasks", "loop", "timeout"]], "put it on the tasks inside"),
    };
    for field in ALL.iter().filter(|field| fields.get(field).is_some()) {
        // Two bodies have been reported as such.
        let body = matches!(*field, "agentId" | "workflow" | "tasks" | "branches");
        if !body && !COMMON.contains(field) && !known.iter().any(|known| known.contains(field)) {
            let instead = match *field {
                "join" if shape == Shape::Group => "write type: 'parallel'",
                "loop" if matches!(shape, Shape::Agent | Shape::Workflow | Shape::Group) => "write type: 'loop' beside it",
                "default" | "mode" | "onNoMatch" => "it belongs beside `branches` of a task with type: 'conditional'",
                _ => instead,
            };
            problems.push(fields.path(field), ProblemKind::Meaningless { field, what, instead });
        }
    }
}

fn common(fields: &Fields<'_>, place: Place<'_>, shape: Shape, problems: &mut Problems) -> Common {
    let dependencies = dependencies(fields, problems);
    let rule = fields.one_of("triggerRule", RULES, RULE_NAMES, problems);
    // The conditions of a loop that nothing else drives are read as what drives it.
    let drives = matches!(shape, Shape::LoopCall | Shape::LoopGroup) && !groups::is_driven(fields);
    let conditions = match fields.get("conditions") {
        Some(value) if !drives => conditions::list(value, &fields.path("conditions"), &place.variables(), problems),
        _ => Vec::new(),
    };
    Common {
        dependencies,
        rule,
        conditions,
        wait: fields.get("waitFor").and_then(|value| wait(value, fields.path("waitFor"), problems)),
        tolerance: tolerance(fields, problems),
        total_timeout: fields.positive_duration("totalTimeout", problems),
    }
}

fn tolerance(fields: &Fields<'_>, problems: &mut Problems) -> Tolerance {
    let Some(value @ Value::Object(_)) = fields.get("onError") else {
        let words = [("fail", false), ("continue", true)];
        let expected = "'fail', 'continue' or { continue: ['CODE', …] } with the codes of failures that do not fail the workflow";
        let all = fields.one_of("onError", &words, expected, problems).unwrap_or(false);
        return if all { Tolerance::All } else { Tolerance::Nothing };
    };
    let Some(written) = Fields::of(value, fields.path("onError"), problems) else { return Tolerance::Nothing };
    written.refuse_others(&["continue"], problems);
    if written.get("continue").is_none() {
        let hint = "an array of error codes or names";
        problems.push(written.path("continue"), ProblemKind::Missing { field: "continue", hint });
    }
    let names = retry::names(&written, "continue", problems).unwrap_or_default();
    if names.is_empty() && written.get("continue").is_some_and(|value| value.as_array().is_some_and(Vec::is_empty)) {
        problems.push(written.path("continue"), ProblemKind::Empty);
    }
    Tolerance::Named(names)
}

fn dependencies(fields: &Fields<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let value = fields.get("dependencies")?;
    let Value::Array(items) = value else {
        problems.push(fields.path("dependencies"), wrong_type("an array of task ids", value));
        return None;
    };
    let mut ids = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        match item.as_str() {
            Some(id) => ids.push(id.to_owned()),
            None => problems.push(format!("{}[{at}]", fields.path("dependencies")), wrong_type("a task id", item)),
        }
    }
    Some(ids)
}

fn wait(value: &Value, path: String, problems: &mut Problems) -> Option<Wait> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(&["signal", "timeout", "schema", "delay"], problems);
    if fields.get("delay").is_some() {
        for field in ["signal", "timeout", "schema"].into_iter().filter(|field| fields.get(field).is_some()) {
            let instead = "wait either for time or for a signal; a group can hold one task of each";
            problems.push(fields.path(field), ProblemKind::Meaningless { field, what: "a wait for time", instead });
        }
        return fields.duration("delay", problems).map(Wait::Delay);
    }
    let name = fields.required_text("signal", "the name of the signal to wait for, or a `delay`", problems);
    if name.is_some_and(|name| name.chars().any(char::is_control)) {
        problems.push(fields.path("signal"), ProblemKind::SignalControlCharacter);
    }
    let timeout = fields.positive_duration("timeout", problems);
    let schema = fields.get("schema").and_then(|schema| call::schema(schema, fields.path("schema"), problems));
    Some(Wait::Signal { name: name?.into(), timeout, schema })
}
