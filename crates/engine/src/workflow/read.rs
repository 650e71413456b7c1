// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Takes a definition apart, field by field.

use super::fields::{Fields, nearest, shorten, wrong_type};
use super::problem::{ProblemKind, Problems};
use super::{Kind, Limits, Task, Workflow};
use crate::{Backoff, RetryPolicy, Schema};
use serde_json::Value;
use std::time::Duration;

/// The longest id in bytes: ids travel in headers, file names and keys.
const ID_BYTES_MAX: usize = 256;

/// Attempts of one task; a larger number is a loop in disguise.
const ATTEMPTS_MAX: u64 = 10_000;

const WORKFLOW_FIELDS: &[&str] = &["id", "name", "version", "description", "tasks", "metadata"];
const TASK_FIELDS: &[&str] = &["id", "name", "agentId", "type", "input", "dependencies", "retryPolicy", "timeout"];
const INPUT_FIELDS: &[&str] = &["prompt", "data", "schema"];
const RETRY_FIELDS: &[&str] = &["maxAttempts", "backoffType", "initialDelay", "maxDelay", "jitter"];

const LEAVE_OUT: &str = "leave it out";
const LATER_WORKFLOW_FIELDS: &[(&str, &str)] =
    &[("failurePolicy", "every workflow fails fast"), ("deadline", LEAVE_OUT), ("budget", LEAVE_OUT)];
const FLATTEN: &str = "write the tasks side by side with `dependencies`";
const DECIDE_IN_AGENT: &str = "let the agent decide and return early";
const LATER_TASK_FIELDS: &[(&str, &str)] = &[
    ("conditions", DECIDE_IN_AGENT),
    ("tasks", FLATTEN),
    ("branches", FLATTEN),
    ("default", FLATTEN),
    ("join", FLATTEN),
    ("loop", "repeat inside the agent, or write one task for each item"),
    ("triggerRule", "a task runs when none of its dependencies failed"),
    ("onError", "catch the error inside the agent and return a result"),
    ("totalTimeout", "bound each attempt with `timeout` and `retryPolicy.maxAttempts`"),
    ("compensate", LEAVE_OUT),
    ("waitFor", LEAVE_OUT),
    ("cache", LEAVE_OUT),
    ("outputSchema", "validate the result inside the agent"),
    ("requires", LEAVE_OUT),
    ("priority", LEAVE_OUT),
    ("workflow", FLATTEN),
];
const LATER_RETRY_FIELDS: &[(&str, &str)] =
    &[("retryOn", "throw an error with `retryable: false` to stop"), ("maxElapsed", "bound it with `maxAttempts` and `maxDelay`")];

pub(super) fn workflow(value: &Value, limits: Limits, problems: &mut Problems) -> Workflow {
    let mut workflow = Workflow { id: String::new(), version: String::new(), tasks: Vec::new() };
    let Some(fields) = Fields::of(value, String::new(), problems) else { return workflow };
    fields.refuse_others(WORKFLOW_FIELDS, LATER_WORKFLOW_FIELDS, problems);
    workflow.id = id(&fields, "an id that names this workflow", problems);
    for (field, text) in [("name", "a name for people"), ("version", "a version such as '1.0.0'")] {
        let text = fields.required_text(field, text, problems);
        if let ("version", Some(text)) = (field, text) {
            text.clone_into(&mut workflow.version);
        }
    }
    fields.optional_text("description", problems);
    if let Some(metadata) = fields.get("metadata").filter(|metadata| !metadata.is_object()) {
        problems.push(fields.path("metadata"), wrong_type("an object", metadata));
    }
    match fields.get("tasks") {
        None => problems.push("tasks", ProblemKind::Missing { field: "tasks", hint: "a list with at least one task" }),
        Some(Value::Array(tasks)) if tasks.is_empty() => problems.push("tasks", ProblemKind::Empty),
        Some(Value::Array(tasks)) if tasks.len() > limits.tasks_max => {
            problems.push("tasks", ProblemKind::TooManyTasks { count: tasks.len(), limit: limits.tasks_max });
        }
        Some(Value::Array(tasks)) => {
            workflow.tasks = tasks.iter().enumerate().filter_map(|(place, value)| task(place, value, limits, problems)).collect();
        }
        Some(other) => problems.push("tasks", wrong_type("a list", other)),
    }
    workflow
}

fn task(place: usize, value: &Value, limits: Limits, problems: &mut Problems) -> Option<Task> {
    let fields = Fields::of(value, format!("tasks[{place}]"), problems)?;
    fields.refuse_others(TASK_FIELDS, LATER_TASK_FIELDS, problems);
    fields.required_text("name", "a name for people", problems);
    Some(Task {
        place,
        id: id(&fields, "an id, unique in this workflow", problems),
        agent_id: fields.required_text("agentId", "the id of a registered agent or agent type", problems).unwrap_or_default().to_owned(),
        kind: kind(&fields, problems),
        dependencies: dependencies(&fields, problems),
        retry: fields.get("retryPolicy").and_then(|value| retry(value, fields.path("retryPolicy"), problems)).unwrap_or_default(),
        timeout: timeout(&fields, problems).unwrap_or(limits.default_timeout),
        schema: fields.get("input").and_then(|value| input(value, fields.path("input"), problems)),
    })
}

fn id(fields: &Fields<'_>, hint: &'static str, problems: &mut Problems) -> String {
    let Some(id) = fields.required_text("id", hint, problems) else { return String::new() };
    let kind = match id {
        "__proto__" | "constructor" | "prototype" => ProblemKind::ReservedId { id: id.to_owned() },
        _ if id.len() > ID_BYTES_MAX => ProblemKind::IdTooLong { len: id.len(), limit: ID_BYTES_MAX },
        _ if id.chars().any(char::is_control) => ProblemKind::IdControlCharacter,
        _ => return id.to_owned(),
    };
    problems.push(fields.path("id"), kind);
    String::new()
}

fn kind(fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    let kind = fields.get("type")?;
    let problem = match kind.as_str() {
        Some("sequential") => return Some(Kind::Sequential),
        Some("parallel") => return Some(Kind::Parallel),
        Some("conditional") => ProblemKind::NotSupported { field: "type: 'conditional'".into(), instead: DECIDE_IN_AGENT },
        Some("loop") => {
            ProblemKind::NotSupported { field: "type: 'loop'".into(), instead: "repeat inside the agent, or write one task for each item" }
        }
        _ => ProblemKind::OutOfRange { expected: "'sequential' or 'parallel'", found: shorten(kind) },
    };
    problems.push(fields.path("type"), problem);
    None
}

fn dependencies(fields: &Fields<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let value = fields.get("dependencies")?;
    let Value::Array(items) = value else {
        problems.push(fields.path("dependencies"), wrong_type("a list of task ids", value));
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

fn timeout(fields: &Fields<'_>, problems: &mut Problems) -> Option<Duration> {
    let timeout = fields.duration("timeout", problems)?;
    if timeout.is_zero() {
        problems.push(fields.path("timeout"), ProblemKind::OutOfRange { expected: "longer than 0 ms", found: "0".into() });
    }
    Some(timeout)
}

fn input(value: &Value, path: String, problems: &mut Problems) -> Option<Schema> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(INPUT_FIELDS, &[], problems);
    fields.optional_text("prompt", problems);
    let schema = fields.get("schema")?;
    match Schema::compile(schema) {
        Ok(schema) => Some(schema),
        Err(message) => {
            problems.push(fields.path("schema"), ProblemKind::BadSchema { message });
            None
        }
    }
}

fn retry(value: &Value, path: String, problems: &mut Problems) -> Option<RetryPolicy> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(RETRY_FIELDS, LATER_RETRY_FIELDS, problems);
    let policy = RetryPolicy {
        max_attempts: max_attempts(&fields, problems),
        backoff: backoff(&fields, problems),
        initial_delay: fields.duration("initialDelay", problems).unwrap_or(Duration::from_secs(1)),
        max_delay: fields.duration("maxDelay", problems),
        jitter: jitter(&fields, problems),
        retry_on: None,
        max_elapsed: None,
    };
    if policy.max_delay.is_some_and(|max_delay| max_delay < policy.initial_delay) {
        problems.push(fields.path("maxDelay"), ProblemKind::MaxDelayTooShort);
    }
    Some(policy)
}

fn max_attempts(fields: &Fields<'_>, problems: &mut Problems) -> u32 {
    let problem = match fields.get("maxAttempts") {
        None => ProblemKind::Missing { field: "maxAttempts", hint: "the number of attempts in all, the first included" },
        Some(value) => match value.as_u64().filter(|attempts| (1..=ATTEMPTS_MAX).contains(attempts)) {
            Some(attempts) => return u32::try_from(attempts).unwrap_or(1),
            None => ProblemKind::OutOfRange { expected: "a whole number from 1 to 10000", found: shorten(value) },
        },
    };
    problems.push(fields.path("maxAttempts"), problem);
    1
}

fn backoff(fields: &Fields<'_>, problems: &mut Problems) -> Backoff {
    const NAMES: [&str; 3] = ["fixed", "linear", "exponential"];
    let Some(value) = fields.get("backoffType") else { return Backoff::Fixed };
    match value.as_str() {
        Some("fixed") => return Backoff::Fixed,
        Some("linear") => return Backoff::Linear,
        Some("exponential") => return Backoff::Exponential,
        other => {
            let expected = match other.and_then(|text| nearest(text, NAMES.into_iter())) {
                Some("exponential") => "'exponential' (or 'fixed', 'linear')",
                _ => "'fixed', 'linear' or 'exponential'",
            };
            problems.push(fields.path("backoffType"), ProblemKind::OutOfRange { expected, found: shorten(value) });
        }
    }
    Backoff::Fixed
}

fn jitter(fields: &Fields<'_>, problems: &mut Problems) -> f64 {
    match fields.get("jitter") {
        None | Some(Value::Bool(false)) => 0.0,
        Some(Value::Bool(true)) => 1.0,
        Some(value) => value.as_f64().filter(|jitter| (0.0..=1.0).contains(jitter)).unwrap_or_else(|| {
            let expected = "a share from 0 to 1, or true for 1";
            problems.push(fields.path("jitter"), ProblemKind::OutOfRange { expected, found: shorten(value) });
            0.0
        }),
    }
}
