// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Takes a definition apart, field by field.

pub(super) mod call;
pub(super) mod conditions;
pub(super) mod groups;
pub(super) mod retry;
pub(super) mod task;

use super::fields::{Fields, shorten, wrong_type};
use super::problem::{ProblemKind, Problems};
use super::{Limits, Workflow, instant};
use crate::{Budget, Deadline, Durability, FailurePolicy};
use serde_json::Value;

/// The longest id in bytes: ids travel in headers, file names and keys.
const ID_BYTES_MAX: usize = 256;

const WORKFLOW_FIELDS: &[&str] =
    &["id", "name", "version", "description", "context", "tasks", "metadata", "failurePolicy", "durability", "deadline", "budget"];
const BUDGET_FIELDS: &[&str] = &["tasks", "time", "usd", "tokens", "calls"];
/// The version of a definition that gives none.
pub(super) const VERSION_DEFAULT: &str = "1";
/// What fits a float exactly, in nano-dollars too.
const WHOLE_MAX: u64 = (1 << 53) - 1;
const USD_MAX: f64 = 1e6;

/// What reading a task needs to know of where it stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) limits: Limits,
    /// The level of the list, from 1.
    pub(super) level: usize,
    /// Whether order implies nothing and excludes nothing: the list of a parallel group.
    pub(super) beside: bool,
    /// Whether texts are what they are: nothing in them is filled in.
    pub(super) literal: bool,
    /// The loops around it, outermost first.
    pub(super) loops: &'a [String],
}

impl Place<'_> {
    /// The names that expressions may use here beside those that are always there.
    pub(super) fn variables(&self) -> Vec<&str> {
        let own = if self.loops.is_empty() { &[] } else { expressions::LOOP_FIELDS };
        own.iter().copied().chain(self.loops.iter().map(String::as_str)).collect()
    }
}

pub(super) fn workflow(value: &Value, limits: Limits, problems: &mut Problems) -> Workflow {
    read_workflow(value, String::new(), 1, limits, problems)
}

/// A workflow that stands at `path`: the definition itself, or one inside a task.
pub(super) fn read_workflow(value: &Value, path: String, level: usize, limits: Limits, problems: &mut Problems) -> Workflow {
    let mut workflow = Workflow::default();
    let Some(fields) = Fields::of(value, path, problems) else { return workflow };
    fields.refuse_others(WORKFLOW_FIELDS, problems);
    workflow.id = id(&fields, "an id that names this workflow", problems);
    fields.filled_text("name", problems);
    fields.filled_text("version", problems).unwrap_or(VERSION_DEFAULT).clone_into(&mut workflow.version);
    fields.optional_text("description", problems);
    workflow.context = fields.get("context").and_then(|value| call::schema(value, fields.path("context"), problems));
    if let Some(metadata) = fields.get("metadata").filter(|metadata| !metadata.is_object()) {
        problems.push(fields.path("metadata"), wrong_type("an object", metadata));
    }
    let policies = [("fail_fast", FailurePolicy::FailFast), ("continue", FailurePolicy::Continue)];
    workflow.failure_policy =
        fields.one_of("failurePolicy", &policies, "'fail_fast' or 'continue'", problems).unwrap_or(FailurePolicy::FailFast);
    let levels = [("os", Durability::Os), ("disk", Durability::Disk)];
    workflow.durability = fields.one_of("durability", &levels, "'os' or 'disk'", problems).unwrap_or_default();
    workflow.deadline = deadline(&fields, problems);
    workflow.budget = fields.get("budget").map(|value| budget(value, fields.path("budget"), problems)).unwrap_or_default();
    let place = Place { limits, level, beside: false, literal: false, loops: &[] };
    workflow.tasks = task::list(&fields, "tasks", place, problems);
    workflow
}

fn deadline(fields: &Fields<'_>, problems: &mut Problems) -> Option<Deadline> {
    let value = fields.get("deadline")?;
    if let Some(instant) = value.as_str().and_then(instant::parse) {
        return Some(Deadline::At(instant));
    }
    if let Some(time) = super::duration::parse(value).filter(|time| !time.is_zero()) {
        return Some(Deadline::After(time));
    }
    let expected = "a duration such as '2h', or an instant such as '2027-01-31T12:00:00Z'";
    problems.push(fields.path("deadline"), ProblemKind::OutOfRange { expected, found: shorten(value) });
    None
}

fn budget(value: &Value, path: String, problems: &mut Problems) -> Budget {
    let Some(fields) = Fields::of(value, path, problems) else { return Budget::default() };
    fields.refuse_others(BUDGET_FIELDS, problems);
    // What models may cost is kept by whoever calls them, before each call; here it is only judged.
    fields.amount("usd", USD_MAX, "an amount of US dollars from 0 to 1000000", problems);
    fields.whole("tokens", 0, WHOLE_MAX, "a whole number of tokens", problems);
    fields.whole("calls", 0, WHOLE_MAX, "a whole number of calls", problems);
    Budget {
        tasks: fields.whole("tasks", 0, u64::from(u32::MAX), "a whole number of attempts", problems),
        time: fields.positive_duration("time", problems),
    }
}

pub(super) fn id(fields: &Fields<'_>, hint: &'static str, problems: &mut Problems) -> String {
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

/// What separates the parts of paths and of the ids that are made from them; `~` is where a partition will stand.
const OF_PATHS: [char; 6] = ['/', '\\', '~', '[', ']', '!'];

/// The id of a task. It is part of paths, keys and the ids of children, and none of those is to be read in two ways.
pub(super) fn task_id(fields: &Fields<'_>, problems: &mut Problems) -> String {
    let id = id(fields, "an id, unique in this workflow", problems);
    if let Some(character) = id.chars().find(|character| OF_PATHS.contains(character)) {
        problems.push(fields.path("id"), ProblemKind::IdOfPaths { id: id.clone(), character });
    }
    id
}
