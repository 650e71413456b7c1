// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! An execution as one JSON text, for the host.
//!
//! ```json
//! {"status":"failed","startedAt":1,"endedAt":9,"failed":1,"error":{"code":"ERR_AGENT","message":"no"},"tasks":[[3,1,1,4],[4,2,4,8]],
//!  "notes":{"1":{"code":"ERR_AGENT","message":"no","details":{}}},
//!  "models":{"0":[[1,{"provider":"openai","model":"…","spent":{"costNanos":4200}}]]},
//!  "spent":{"inputTokens":12,"costNanos":4200,"calls":1,"requests":1},"usage":{"0":{"inputTokens":12,"costNanos":4200,"calls":1,"requests":1}},
//!  "instances":[[0,"a",null,null],[3,"l[0].b",0,2]],"results":{"a":1},"outputs":{"0":1}}
//! ```
//! `tasks` has one row for each instance: state (0 pending, 1 waiting, 2 running, 3 completed, 4 failed, 5 skipped, 6 cancelled), attempts, start and
//! end in microseconds since `startedAt` (null while there is none); that one and `endedAt` count from the epoch. `notes` says why, for tasks that failed, were skipped or
//! cancelled, and `"cached":true` for those whose output another execution had made, `"degraded":true` with the failure for those that something else completed. `spent` and `usage` are there only where models were used, as [`crate::spent`] writes sums: in all, executions below it included, and by
//! instance, there with the `finishReason` of its last answer; `models` has the calls of each instance, with the attempt that made each, as [`crate::spent`] writes them in brief. `steps` is there only where tasks that did not complete have taken some, by path, as [`steps`] writes them. The last three are there only where values are looked at or tasks were added: for each instance its place in the plan, its path, the pass it
//! belongs to and the instance it belongs to (and a 0 where `keepLast` dropped it), and the outputs. Rows are short because a report is made of every execution that ends.

mod moves;
mod plans;
mod steps;

pub(crate) use moves::{given_last, was_moved};
pub use plans::plan_of;
pub(crate) use plans::{Plans, plan_from};
pub use steps::steps;

use crate::options::Belongs;
use crate::store::{Schedule, StepRecord, StoredExecution, cancel_reason_name, end_name, skip_reason_name};
use crate::{Error, options, spent};
use engine::{
    End, Event, Execution, Failure, InstanceIndex, Output, Phase, ReusedEnd, Setup, TaskEnd, TaskRecord, TaskState, Undoing, UndoneBy,
};
use std::time::Duration;
use stdx::Timestamp;

/// The report of an execution.
pub fn live(execution: &Execution) -> String {
    let mut text = String::with_capacity(128 + execution.tasks().len() * 24);
    text.push_str(r#"{"status":""#);
    text.push_str(status(execution));
    text.push_str(r#"","startedAt":"#);
    number(&mut text, execution.started().map_or(0, Timestamp::micros));
    text.push_str(r#","endedAt":"#);
    number(&mut text, execution.ended().map_or(0, Timestamp::micros));
    if let Some((task, failure)) = execution.failure() {
        if let Some(task) = task {
            text.push_str(r#","failed":"#);
            number(&mut text, task.get().into());
        }
        text.push_str(r#","error":{"#);
        failure_fields(&mut text, failure);
        text.push('}');
        if failure.may_pass_anew() {
            text.push_str(r#","mayPassAnew":true"#);
        }
    }
    if execution.is_undoable() {
        text.push_str(r#","undoable":true"#);
    }
    if let Phase::Cancelling { reason: Some(reason) } | Phase::Ended(End::Cancelled { reason: Some(reason) }) = execution.phase() {
        text.push_str(r#","reason":"#);
        string(&mut text, reason);
    }
    text.push_str(r#","tasks":["#);
    for (task, record) in execution.tasks().iter() {
        if task.get() > 0 {
            text.push(',');
        }
        row(&mut text, record, execution.started().unwrap_or_default());
    }
    text.push_str(r#"],"notes":{"#);
    let mut first = true;
    for (task, record) in execution.tasks().iter() {
        note(&mut text, execution, task, record, &mut first);
    }
    text.push('}');
    if !execution.spent().is_nothing() {
        costs(&mut text, execution);
    }
    steps::left(&mut text, execution);
    if !execution.plan().opaque || execution.tasks().len() > execution.plan().tasks.len() {
        nested(&mut text, execution);
    }
    text.push('}');
    text
}

/// What models have cost, in all and by instance.
fn costs(text: &mut String, execution: &Execution) {
    text.push_str(r#","spent":"#);
    text.push_str(&spent::text(execution.spent()));
    text.push_str(r#","usage":{"#);
    let mut first = true;
    for (task, _) in execution.tasks().iter() {
        let Some(spent) = execution.spent_by(task) else { continue };
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        text.push('"');
        number(text, task.get().into());
        text.push_str("\":");
        text.push_str(&spent::of_task(*spent, execution.finish_of(task)));
    }
    text.push_str(r#"},"models":{"#);
    let mut first = true;
    for (task, _) in execution.tasks().iter() {
        let calls = execution.model_calls(task);
        if calls.is_empty() {
            continue;
        }
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        text.push('"');
        number(text, task.get().into());
        text.push_str("\":[");
        for (place, (attempt, brief)) in calls.iter().enumerate() {
            text.push_str(if place == 0 { "[" } else { ",[" });
            number(text, (*attempt).into());
            text.push(',');
            text.push_str(brief);
            text.push(']');
        }
        text.push(']');
    }
    text.push('}');
}

fn nested(text: &mut String, execution: &Execution) {
    text.push_str(r#","instances":["#);
    for (task, record) in execution.tasks().iter() {
        if task.get() > 0 {
            text.push(',');
        }
        let row = instance(execution, task, record);
        if execution.is_forgotten(task) {
            text.push_str(row.trim_end_matches(']'));
            text.push_str(",0]");
        } else {
            text.push_str(&row);
        }
    }
    text.push(']');
    if execution.plan().opaque {
        return;
    }
    text.push_str(r#","results":"#);
    text.push_str(&execution.results());
    text.push_str(r#","outputs":{"#);
    let mut first = true;
    for (task, record) in execution.tasks().iter() {
        if matches!(record.state, TaskState::Completed { .. }) && !execution.is_forgotten(task) {
            if !std::mem::take(&mut first) {
                text.push(',');
            }
            text.push('"');
            number(text, task.get().into());
            text.push_str("\":");
            text.push_str(&execution.output(task));
        }
    }
    text.push('}');
}

/// What an instance is: `[place, path, pass, owner]`, and the definition if it was spawned.
pub fn instance_of(execution: &Execution, task: InstanceIndex) -> Option<String> {
    Some(instance(execution, task, execution.tasks().get(task)?))
}

fn instance(execution: &Execution, task: InstanceIndex, record: &TaskRecord) -> String {
    let or_null = |number: Option<u32>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
    let (path, owner) = (serde_json::Value::from(execution.path(task)), execution.owner(task).map(InstanceIndex::get));
    let mut text = format!("[{},{path},{},{}", record.task.get(), or_null(execution.iteration(task)), or_null(owner));
    if let Some(definition) = execution.spawned_definition(task) {
        text.push(',');
        text.push_str(definition);
    }
    text.push(']');
    text
}

/// The report of a stored execution with what the host does not have: `{"id", "definition", "context", "options", "defaultTimeout", "acceptedAt", "report",
/// "outputs"}`, where the timeout is in milliseconds and `outputs` maps the number of each completed task to its result, taken over or its own.
pub fn stored(stored: &StoredExecution) -> Result<String, Error> {
    stored_among(stored, &mut Plans::default())
}

/// The same of one of many, which may share their plans.
pub(crate) fn stored_among(stored: &StoredExecution, plans: &mut Plans) -> Result<String, Error> {
    let execution = Execution::replay(plans.of(stored)?, setup_of(stored)?.0, events(&stored.records));
    let mut text = String::from("{");
    text.push_str(r#""definition":"#);
    text.push_str(&execution.plan().definition);
    text.push_str(r#","defaultTimeout":"#);
    number(&mut text, millis(execution.plan().default_timeout));
    text.push_str(r#","acceptedAt":"#);
    number(&mut text, stored.accepted.micros());
    text.push(',');
    rest_of(&mut text, stored, &execution)?;
    Ok(text)
}

/// The same of an execution that is at hand again, without what its host knows: `{"group", "asleep", "id", "context", "options", "report", "outputs"}`. The
/// group is that which it was found with, or null; `asleep`: it waits there to be resumed.
pub(crate) fn handover(stored: &StoredExecution, execution: &Execution, group: Option<u32>, is_asleep: bool) -> Result<String, Error> {
    let mut text = String::from(r#"{"group":"#);
    match group {
        Some(group) => number(&mut text, group.into()),
        None => text.push_str("null"),
    }
    text.push_str(if is_asleep { r#","asleep":true,"# } else { r#","asleep":false,"# });
    rest_of(&mut text, stored, execution)?;
    Ok(text)
}

fn rest_of(text: &mut String, stored: &StoredExecution, execution: &Execution) -> Result<(), Error> {
    text.push_str(r#""id":"#);
    string(text, &stored.id);
    text.push_str(r#","context":"#);
    text.push_str(stored.context.as_deref().unwrap_or("null"));
    text.push_str(r#","options":"#);
    text.push_str(stored.options.as_deref().unwrap_or("null"));
    text.push_str(r#","report":"#);
    text.push_str(&live(execution));
    text.push_str(r#","outputs":"#);
    if execution.moves() > 0 {
        let (outputs, moves) = moves::told(stored, plan_of(stored)?, setup_of(stored)?.0);
        moves::write(text, &outputs);
        text.push_str(r#","moves":"#);
        text.push_str(&moves);
    } else {
        moves::write(text, &events(&stored.records).filter_map(|(_, event)| output(event)).collect());
    }
    text.push('}');
    Ok(())
}

/// The agents that tasks name which attempts have added, each once.
pub(crate) fn agents_of_spawned(execution: &Execution) -> Vec<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Spawned {
        agent_id: Option<String>,
        requires: Option<serde::de::IgnoredAny>,
    }
    let definitions = execution.tasks().iter().filter_map(|(task, _)| execution.spawned_definition(task));
    let named = definitions.filter_map(|text| serde_json::from_str::<Spawned>(text).ok());
    let mut agents: Vec<String> = named.filter(|one| one.requires.is_none()).filter_map(|one| one.agent_id).collect();
    agents.sort_unstable();
    agents.dedup();
    agents
}

/// What undoes an execution that completed, in order, as JSON text: for each what it undoes (`path`), and where the call that does so stands in the definition
/// (`place`), the milliseconds it has (`timeout`) and what its templates give (`input`) or why they give nothing (`error`), or the execution that is to be undone (`child`).
pub fn undoing(execution: &Execution) -> String {
    let mut text = String::from("[");
    for Undoing { undone, by } in execution.undoing() {
        text.push_str(if text.len() > 1 { r#",{"path":"# } else { r#"{"path":"# });
        string(&mut text, &execution.path(undone));
        match by {
            UndoneBy::Child(child) => {
                text.push_str(r#","child":"#);
                string(&mut text, &child);
            }
            UndoneBy::Call { task, input } => {
                text.push_str(r#","place":"#);
                let planned = execution.plan().tasks.get(task);
                string(&mut text, planned.map_or("", |planned| &planned.place));
                if let Some(timeout) = planned.and_then(|planned| planned.timeout) {
                    text.push_str(r#","timeout":"#);
                    number(&mut text, timeout.as_millis().try_into().unwrap_or(u64::MAX));
                }
                match input {
                    Ok(None) => {}
                    Ok(Some(input)) => {
                        text.push_str(r#","input":"#);
                        text.push_str(&input);
                    }
                    Err(failure) => {
                        text.push_str(r#","error":{"#);
                        failure_fields(&mut text, &failure);
                        text.push('}');
                    }
                }
            }
        }
        text.push('}');
    }
    text.push(']');
    text
}

/// [`undoing`] of a stored execution.
pub fn stored_undoing(stored: &StoredExecution) -> Result<String, Error> {
    Ok(undoing(&Execution::replay(plan_of(stored)?, setup_of(stored)?.0, events(&stored.records))))
}

/// What a stored execution was given, and where it belongs.
pub fn setup_of(stored: &StoredExecution) -> Result<(Setup, Belongs), Error> {
    options::read(&stored.id, options::seed_of(&stored.id), stored.context.as_deref(), stored.options.as_deref())
}

/// A schedule as JSON text: `{"id", "definition", "context", "options", "defaultTimeout", "next"}`, the timeout in milliseconds, `next` in
/// microseconds or null.
pub(crate) fn schedule(schedule: &Schedule, next: Option<Timestamp>) -> String {
    let Schedule { id, plan, context, options, .. } = schedule;
    let mut text = String::from(r#"{"id":"#);
    string(&mut text, id);
    for (name, value) in [("definition", &*plan.definition), ("context", context), ("options", options.as_deref().unwrap_or("null"))] {
        text.push_str(",\"");
        text.push_str(name);
        text.push_str("\":");
        text.push_str(value);
    }
    text.push_str(r#","defaultTimeout":"#);
    number(&mut text, millis(plan.default_timeout));
    text.push_str(r#","next":"#);
    match next {
        Some(next) => number(&mut text, next.micros()),
        None => text.push_str("null"),
    }
    text.push('}');
    text
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A failure as JSON text: `{"code", "message", "details"}`.
pub fn failure(failure: &Failure) -> String {
    let mut text = String::new();
    text.push('{');
    failure_fields(&mut text, failure);
    text.push('}');
    text
}

pub(crate) fn events(records: &[StepRecord]) -> impl Iterator<Item = (Timestamp, &Event)> {
    records.iter().flat_map(|record| record.events.iter().map(|event| (record.at, event)))
}

fn output(event: &Event) -> Option<(InstanceIndex, &str)> {
    if let Event::TaskCompleted { task, output: Output::Json(output) | Output::Undoable(output), .. }
    | Event::TaskReused {
        task,
        end: ReusedEnd::Cached(output) | ReusedEnd::Completed(Some(output)) | ReusedEnd::Degraded(Some(output), _),
    } = event
    {
        Some((*task, output))
    } else {
        None
    }
}

pub(crate) fn status(execution: &Execution) -> &'static str {
    match execution.phase() {
        Phase::Pending | Phase::Running if execution.is_paused() => "paused",
        Phase::Pending => "pending",
        Phase::Running | Phase::Failing { .. } | Phase::Cancelling { .. } => "running",
        Phase::Ended(end) => end_name(end),
    }
}

fn row(text: &mut String, record: &TaskRecord, started: Timestamp) {
    let first_start = record.first_start;
    let begun = |at: &Timestamp| Some(first_start.unwrap_or(*at));
    let (state, start, end) = match &record.state {
        TaskState::Waiting => (0, None, None),
        TaskState::Released { .. } | TaskState::Awaiting { .. } | TaskState::Ready { .. } | TaskState::Backoff { .. } => {
            (1, first_start, None)
        }
        TaskState::Running { admitted, .. } | TaskState::Aborting { admitted, .. } => (2, begun(admitted), None),
        TaskState::Finishing { start, .. } => (2, begun(start), None),
        TaskState::Active { since, .. } => (2, Some(*since), None),
        TaskState::Completed { start, end, .. } => (3, begun(start), Some(*end)),
        TaskState::Failed { start, end, .. } => (4, begun(start), Some(*end)),
        TaskState::Skipped { at, .. } => (5, None, Some(*at)),
        TaskState::Cancelled { at, .. } => (6, first_start, Some(*at)),
    };
    text.push('[');
    number(text, state);
    text.push(',');
    number(text, record.attempts().into());
    for at in [start, end] {
        text.push(',');
        match at {
            Some(at) => text.push_str(itoa::Buffer::new().format(at.micros().wrapping_sub(started.micros()).cast_signed())),
            None => text.push_str("null"),
        }
    }
    text.push(']');
}

/// How an instance has ended, as JSON text: its `status`, and what its note in a report says. `None` while it has not.
pub fn end_of(execution: &Execution, task: InstanceIndex) -> Option<String> {
    let record = execution.tasks().get(task).filter(|record| record.has_ended())?;
    let mut text = String::from(r#"{"status":"#);
    string(&mut text, record.status());
    if !matches!(record.state, TaskState::Completed { .. }) {
        text.push(',');
        note_fields(&mut text, record);
    }
    text.push('}');
    Some(text)
}

fn note(text: &mut String, execution: &Execution, task: InstanceIndex, record: &TaskRecord, first: &mut bool) {
    let is_plain = matches!(record.state, TaskState::Completed { .. }) && !execution.is_cached(task) && execution.degraded(task).is_none();
    if !record.has_ended() || is_plain {
        return;
    }
    if !std::mem::take(first) {
        text.push(',');
    }
    text.push('"');
    number(text, task.get().into());
    text.push_str("\":{");
    if execution.is_cached(task) {
        text.push_str(r#""cached":true"#);
    }
    if let Some(failure) = execution.degraded(task) {
        text.push_str(r#""degraded":true,"#);
        failure_fields(text, failure);
    }
    note_fields(text, record);
    text.push('}');
}

/// Why a task failed, was skipped or was cancelled.
fn note_fields(text: &mut String, record: &TaskRecord) {
    let reason = match record.state.end() {
        None | Some(TaskEnd::Completed { .. }) => return,
        Some(TaskEnd::Failed { failure, tolerated, .. }) => {
            failure_fields(text, failure);
            if tolerated {
                text.push_str(r#","tolerated":true"#);
            }
            return;
        }
        Some(TaskEnd::Skipped { reason, .. }) => skip_reason_name(reason),
        Some(TaskEnd::Cancelled { reason, .. }) => cancel_reason_name(reason),
    };
    text.push_str(r#""reason":"#);
    string(text, reason);
}

fn failure_fields(text: &mut String, failure: &Failure) {
    text.push_str(r#""code":"#);
    string(text, &failure.code);
    text.push_str(r#","message":"#);
    string(text, &failure.message);
    if let Some(details) = &failure.details {
        text.push_str(r#","details":"#);
        text.push_str(details);
    }
}

fn number(text: &mut String, value: u64) {
    text.push_str(itoa::Buffer::new().format(value));
}

fn string(text: &mut String, value: &str) {
    text.push_str(&serde_json::Value::from(value).to_string());
}
