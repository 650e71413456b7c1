// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Calls: of an agent, or of a child workflow.

use super::super::fields::{Fields, shorten, wrong_type};
use super::super::problem::{ProblemKind, Problems};
use super::super::sight::Read;
use super::super::{Call, WrittenCache, WrittenCompensation, WrittenFallback};
use super::{Place, read_workflow, retry};
use crate::{RetryPolicy, Schema, SchemaError, TaskKind};
use expressions::{InputTemplate, Template};
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::Arc;

const PRIORITY_MAX: i32 = 1000;
const FALLBACKS_MAX: usize = 100;
const INPUT_FIELDS: &[&str] = &["prompt", "data", "schema"];

/// A call of an agent; `hint` says what else may stand there.
pub(in super::super) fn agent(fields: &Fields<'_>, hint: &'static str, place: Place<'_>, problems: &mut Problems) -> Call {
    let requires = requires(fields, problems);
    // Without an `agentId`, any agent will do that can do what is required.
    let agent_id = match fields.get("agentId") {
        None if !requires.is_empty() => "",
        _ => fields.required_text("agentId", hint, problems).unwrap_or_default(),
    };
    let mut call = called(fields, TaskKind::Agent { agent_id: agent_id.into() }, place, problems);
    call.requires = requires;
    call.priority = priority(fields, problems);
    call.affinity = template(fields, "affinity", place, problems);
    call.timeout = Some(call.timeout.unwrap_or(place.limits.default_timeout));
    call.heartbeat_timeout = fields.positive_duration("heartbeatTimeout", problems);
    call.output_schema = fields.get("outputSchema").and_then(|value| schema(value, fields.path("outputSchema"), problems));
    accept(fields, problems);
    call.cache = fields.get("cache").and_then(|value| cache(value, fields, place, problems));
    call.fallbacks = fallbacks(fields, Some(&call), place, problems);
    call.compensate = fields.get("compensate").and_then(|value| compensation(value, fields.path("compensate"), place, problems));
    call
}

pub(in super::super) fn workflow(fields: &Fields<'_>, place: Place<'_>, problems: &mut Problems) -> Call {
    let path = fields.path("workflow");
    let mut inner_tasks = 0;
    match fields.get("workflow") {
        Some(Value::String(id)) if id.is_empty() => problems.push(path, ProblemKind::Empty),
        Some(value @ Value::Object(_)) => {
            let inner = read_workflow(value, path, place.level + 1, place.limits, problems);
            inner_tasks = inner.tasks.iter().map(super::super::Task::count).sum();
            super::super::judge_inner(inner, place.limits, problems);
        }
        Some(Value::String(_)) | None => {}
        Some(other) => problems.push(path, wrong_type("the id of a registered workflow, or a workflow", other)),
    }
    let mut call = called(fields, TaskKind::Workflow, place, problems);
    call.inner_tasks = inner_tasks;
    call.fallbacks = fallbacks(fields, Some(&call), place, problems);
    call.compensate = fields.get("compensate").and_then(|value| compensation(value, fields.path("compensate"), place, problems));
    call
}

fn called(fields: &Fields<'_>, kind: TaskKind, place: Place<'_>, problems: &mut Problems) -> Call {
    let (schema, input) = fields.get("input").map(|value| input(value, fields.path("input"), place, problems)).unwrap_or_default();
    Call {
        print: print64(fields, &kind),
        kind,
        retry: fields.get("retryPolicy").and_then(|value| retry::policy(value, fields.path("retryPolicy"), problems)).unwrap_or_default(),
        timeout: fields.positive_duration("timeout", problems),
        heartbeat_timeout: None,
        schema,
        output_schema: None,
        input,
        cache: None,
        compensate: None,
        fallbacks: Vec::new(),
        requires: Vec::new(),
        priority: 0,
        affinity: None,
        inner_tasks: 0,
    }
}

type Input = (Option<Schema>, Option<Read<InputTemplate>>);

fn input(value: &Value, path: String, place: Place<'_>, problems: &mut Problems) -> Input {
    let Some(fields) = Fields::of(value, path, problems) else { return (None, None) };
    fields.refuse_others(INPUT_FIELDS, problems);
    fields.optional_text("prompt", problems);
    let schema = fields.get("schema").and_then(|value| schema(value, fields.path("schema"), problems));
    let filled = ["data", "prompt"].iter().any(|field| fields.get(field).is_some_and(InputTemplate::is_in));
    if place.literal || !filled {
        return (schema, None);
    }
    let mut whole = serde_json::Map::new();
    // In the order of the alphabet, so that problems come in one order whether or not maps keep theirs: another crate may decide that for all.
    for field in ["data", "prompt"] {
        if let Some(value) = fields.get(field) {
            whole.insert(field.to_owned(), value.clone());
        }
    }
    let template = match InputTemplate::compile(&Value::Object(whole), &place.variables()) {
        Ok(template) => {
            template.map(|template| Read { path: fields.place().to_owned(), references: template.references().clone(), what: template })
        }
        Err(errors) => {
            for (path, error) in errors {
                problems.push(fields.path(&path), ProblemKind::BadTemplate { message: error.to_string() });
            }
            None
        }
    };
    (schema, template)
}

pub(in super::super) fn schema(value: &Value, path: String, problems: &mut Problems) -> Option<Schema> {
    let read = if problems.accepted() {
        Schema::compile_accepted(value)
    } else {
        problems.room_for_schemas().and_then(|()| Schema::compile(value))
    };
    match read {
        Ok(schema) => {
            problems.count_schema(&schema);
            Some(schema)
        }
        Err(SchemaError::Wrong(message)) => {
            problems.push(path, ProblemKind::BadSchema { message });
            None
        }
        Err(SchemaError::TooLarge(message)) => {
            problems.push(path, ProblemKind::LargeSchema { message });
            None
        }
    }
}

/// What stands in for a leaf: one thing, or several in the order in which they are tried. `own`: the call it stands in for, if it is none of a wait.
pub(in super::super) fn fallbacks(
    task: &Fields<'_>,
    own: Option<&Call>,
    place: Place<'_>,
    problems: &mut Problems,
) -> Vec<WrittenFallback> {
    let path = task.path("fallback");
    match task.get("fallback") {
        None => Vec::new(),
        Some(Value::Array(items)) if items.is_empty() => {
            problems.push(path, ProblemKind::Empty);
            Vec::new()
        }
        Some(Value::Array(items)) if items.len() > FALLBACKS_MAX => {
            let found = format!("{} of them", items.len());
            problems.push(path, ProblemKind::OutOfRange { expected: "an array of at most 100", found });
            Vec::new()
        }
        Some(Value::Array(items)) => {
            let each = items.iter().enumerate();
            each.filter_map(|(at, item)| fallback(item, format!("{path}[{at}]"), task, own, place, problems)).collect()
        }
        Some(one) => fallback(one, path, task, own, place, problems).into_iter().collect(),
    }
}

fn fallback(
    value: &Value,
    path: String,
    task: &Fields<'_>,
    own: Option<&Call>,
    place: Place<'_>,
    problems: &mut Problems,
) -> Option<WrittenFallback> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(&["agentId", "input", "value"], problems);
    // A `null` is an output like any other.
    if let Some(output) = value.as_object().and_then(|fields| fields.get("value")) {
        for other in ["agentId", "input"].into_iter().filter(|field| fields.get(field).is_some()) {
            problems.push(fields.path(other), ProblemKind::Exclusive { field: "value", other });
        }
        let issues = own.and_then(|own| own.output_schema.as_ref()).map(|schema| schema.judge(output)).unwrap_or_default();
        for issue in issues {
            let message = format!("it does not fit the task's outputSchema: {}", issue.message);
            problems.push(format!("{}{}", fields.path("value"), issue.pointer.replace('/', ".")), ProblemKind::BadFallback { message });
        }
        return Some(WrittenFallback::Value(output.to_string().into()));
    }
    let agent_id = fields.required_text("agentId", "the agent that stands in, or a `value`", problems).unwrap_or_default();
    let kind = TaskKind::Agent { agent_id: agent_id.into() };
    let inherits = fields.get("input").is_none();
    // What is wrong with the task's own input has been reported.
    let mut call = if inherits { called(task, kind, place, &mut Problems::default()) } else { called(&fields, kind, place, problems) };
    call.retry = RetryPolicy::default();
    call.timeout = Some(own.and_then(|own| own.timeout).unwrap_or(place.limits.default_timeout));
    call.heartbeat_timeout = own.and_then(|own| own.heartbeat_timeout);
    Some(WrittenFallback::Agent { path: fields.place().to_owned(), call: call.into(), inherits })
}

/// How answers of models may end that the task takes as they are: the host reads it where it stands.
fn accept(fields: &Fields<'_>, problems: &mut Problems) {
    const ENDINGS: [&str; 3] = ["length", "content", "empty"];
    let expected = "an array of 'length', 'content' and 'empty'";
    let Some(value) = fields.get("accept") else { return };
    let Value::Array(words) = value else { return problems.push(fields.path("accept"), wrong_type(expected, value)) };
    for (at, word) in words.iter().enumerate() {
        if !word.as_str().is_some_and(|word| ENDINGS.contains(&word)) {
            let found = shorten(word);
            let expected = "'length', 'content' or 'empty'";
            problems.push(format!("{}[{at}]", fields.path("accept")), ProblemKind::OutOfRange { expected, found });
        }
    }
}

/// What an output was made by: another agent, another input or another judge may give another. What else a task says changes when it runs, not what it
/// gives.
fn print_of(task: &Fields<'_>) -> Arc<str> {
    let mut parts = ["agentId", "requires", "input", "outputSchema"].map(|field| task.get(field).cloned().unwrap_or_default()).to_vec();
    // Half of an answer is another output than all of it. Where nothing is said, the print is that of versions before.
    parts.extend(task.get("accept").cloned());
    stdx::sha256_hex(&stdx::canonical_json(&Value::from(parts))).into()
}

/// The same of what any call says, as it is written: fast, for it is made of each task of each definition.
fn print64(task: &Fields<'_>, kind: &TaskKind) -> u64 {
    let mut text = String::new();
    if let TaskKind::Agent { agent_id } = kind {
        text.push_str(agent_id);
    }
    for (place, field) in ["requires", "input", "outputSchema", "accept", "workflow"].into_iter().enumerate() {
        if let Some(value) = task.get(field) {
            // Writing to a string does not fail. A line each: JSON text has none, and an id that has some is another's only with another's input too.
            let _ = write!(text, "\n{place}{value}");
        }
    }
    stdx::hash64(text.as_bytes())
}

fn cache(value: &Value, task: &Fields<'_>, place: Place<'_>, problems: &mut Problems) -> Option<WrittenCache> {
    let path = task.path("cache");
    if let Value::Bool(cached) = value {
        return cached.then(|| WrittenCache { print: print_of(task), key: None, ttl: None });
    }
    if !value.is_object() {
        problems.push(path, wrong_type("true, or an object with `key` and `ttl`", value));
        return None;
    }
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(&["key", "ttl"], problems);
    let key = template(&fields, "key", place, problems);
    Some(WrittenCache { print: print_of(task), key, ttl: fields.positive_duration("ttl", problems) })
}

/// A text with `{{ … }}` in it; a spawned task's is what it is.
fn template(fields: &Fields<'_>, field: &'static str, place: Place<'_>, problems: &mut Problems) -> Option<Read<Template>> {
    fields.optional_text(field, problems);
    let text = fields.get(field).and_then(Value::as_str)?;
    match Template::compile(text, &place.variables()) {
        Ok(template) => Some(Read { path: fields.path(field), references: template.references().clone(), what: template }),
        Err(error) => {
            problems.push(fields.path(field), ProblemKind::BadTemplate { message: error.to_string() });
            None
        }
    }
}

fn requires(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Arc<str>> {
    let Some(value) = fields.get("requires") else { return Vec::new() };
    let Value::Array(items) = value else {
        problems.push(fields.path("requires"), wrong_type("an array of capabilities", value));
        return Vec::new();
    };
    if items.is_empty() {
        problems.push(fields.path("requires"), ProblemKind::Empty);
    }
    let mut capabilities = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        match item.as_str().filter(|text| !text.is_empty()) {
            Some(capability) => capabilities.push(capability.into()),
            None => problems.push(format!("{}[{at}]", fields.path("requires")), wrong_type("a capability: a non-empty string", item)),
        }
    }
    capabilities
}

fn priority(fields: &Fields<'_>, problems: &mut Problems) -> i32 {
    let Some(value) = fields.get("priority") else { return 0 };
    let read = value.as_i64().and_then(|priority| i32::try_from(priority).ok()).filter(|priority| priority.abs() <= PRIORITY_MAX);
    read.unwrap_or_else(|| {
        problems.push(fields.path("priority"), wrong_type("a whole number from -1000 to 1000", value));
        0
    })
}

fn compensation(value: &Value, path: String, place: Place<'_>, problems: &mut Problems) -> Option<WrittenCompensation> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(&["agentId", "input", "on", "retryPolicy", "timeout"], problems);
    let agent_id = fields.required_text("agentId", "the agent that undoes the task", problems).unwrap_or_default();
    let started = fields.one_of("on", &[("completed", false), ("started", true)], "'completed' or 'started'", problems).unwrap_or(false);
    let mut call = called(&fields, TaskKind::Agent { agent_id: agent_id.into() }, place, problems);
    call.timeout = Some(call.timeout.unwrap_or(place.limits.default_timeout));
    Some(WrittenCompensation { path: fields.place().to_owned(), call: call.into(), started })
}
