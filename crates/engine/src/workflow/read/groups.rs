// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Groups: side by side or in order, by branches, again and again.

#![expect(clippy::wildcard_enum_match_arm, reason = "of the types of a value one or two matter")]

use super::super::fields::{Fields, shorten, wrong_type};
use super::super::problem::{ProblemKind, Problems};
use super::super::sight::Read;
use super::super::{Body, Kind, WrittenBranch, WrittenDrive, WrittenLoop};
use super::{Place, call, conditions, task};
use crate::{Join, OnItemError};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the branch that is taken when no other is.
const DEFAULT: &str = "default";
const PASSES_DEFAULT: u32 = 100;
const PASSES_MAX: u64 = 1_000_000;
const LOOP_FIELDS: &[&str] = &["forEach", "while", "until", "maxIterations", "concurrency", "onItemError", "onLimit", "keepLast"];

pub(in super::super) fn group(fields: &Fields<'_>, kind: Option<Kind>, place: Place<'_>, problems: &mut Problems) -> Body {
    let inner = Place { level: place.level + 1, beside: is_parallel(fields, kind), ..place };
    let tasks = task::list(fields, "tasks", inner, problems);
    Body::Group { join: join(fields, tasks.len(), problems), tasks, timeout: fields.positive_duration("timeout", problems) }
}

/// Whether the tasks of a group start together. One without a `type` has them in order if its own place is, as a leaf would be.
pub(in super::super) fn is_parallel(fields: &Fields<'_>, kind: Option<Kind>) -> bool {
    kind == Some(Kind::Parallel) || (kind.is_none() && fields.get("dependencies").is_some())
}

fn join(fields: &Fields<'_>, tasks: usize, problems: &mut Problems) -> Join {
    let Some(value) = fields.get("join") else { return Join::All };
    let quorum = value.get("quorum").filter(|_| value.as_object().is_some_and(|fields| fields.len() == 1));
    match (value.as_str(), quorum.and_then(Value::as_u64)) {
        (Some("all"), _) => Join::All,
        (Some("settled"), _) => Join::Settled,
        (Some("any"), _) => Join::Quorum(1),
        (Some("race"), _) => Join::Race,
        (_, Some(wanted)) if (1..=tasks as u64).contains(&wanted) => Join::Quorum(u32::try_from(wanted).unwrap_or(u32::MAX)),
        _ => {
            let expected = "'all', 'settled', 'any', 'race' or { quorum: n } with n from 1 to the number of tasks";
            problems.push(fields.path("join"), ProblemKind::OutOfRange { expected, found: shorten(value) });
            Join::All
        }
    }
}

pub(in super::super) fn choice(fields: &Fields<'_>, place: Place<'_>, problems: &mut Problems) -> Body {
    let inner = Place { level: place.level + 1, beside: false, ..place };
    let mut branches: Vec<WrittenBranch> = Vec::new();
    let mut names = BTreeSet::new();
    if fields.get("default").is_some() {
        names.insert(Arc::from(DEFAULT));
    }
    match fields.get("branches") {
        Some(Value::Array(items)) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                let path = format!("{}[{at}]", fields.path("branches"));
                let Some(read) = branch(item, path.clone(), at, inner, place, problems) else { continue };
                if !names.insert(Arc::clone(&read.name)) {
                    problems.push(format!("{path}.name"), ProblemKind::DuplicateBranch { name: read.name.to_string() });
                }
                branches.push(read);
            }
        }
        Some(Value::Array(_)) => problems.push(fields.path("branches"), ProblemKind::Empty),
        Some(other) => problems.push(fields.path("branches"), wrong_type("an array of branches", other)),
        // Tasks in place of branches have been reported as such.
        None if fields.get("tasks").is_some() => {}
        None => {
            let hint = "an array of `{ when, tasks }`, beside the `default`";
            problems.push(fields.path("branches"), ProblemKind::Missing { field: "branches", hint });
        }
    }
    if fields.get("default").is_some() {
        let tasks = task::list(fields, "default", inner, problems);
        branches.push(WrittenBranch { name: DEFAULT.into(), when: None, tasks });
    }
    let all = fields.one_of("mode", &[("first", false), ("all", true)], "'first' or 'all'", problems).unwrap_or(false);
    let fails_without = fields.one_of("onNoMatch", &[("skip", false), ("fail", true)], "'skip' or 'fail'", problems).unwrap_or(false);
    Body::Choice { branches, all, fails_without, timeout: fields.positive_duration("timeout", problems) }
}

fn branch(value: &Value, path: String, at: usize, inner: Place<'_>, place: Place<'_>, problems: &mut Problems) -> Option<WrittenBranch> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(&["name", "when", "tasks"], problems);
    fields.optional_text("name", problems);
    let name = fields.get("name").and_then(Value::as_str).map_or_else(|| at.to_string(), str::to_owned);
    if name.is_empty() {
        problems.push(fields.path("name"), ProblemKind::Empty);
    }
    let when = match fields.get("when") {
        Some(list @ Value::Array(_)) => {
            problems.push(fields.path("when"), wrong_type("one condition (join several with `&&`)", list));
            None
        }
        Some(when) => conditions::one(when, &fields.path("when"), &place.variables(), problems),
        None => {
            let hint = "a condition; put the tasks that run when no branch holds into `default`";
            problems.push(fields.path("when"), ProblemKind::Missing { field: "when", hint });
            None
        }
    };
    Some(WrittenBranch { name: name.into(), when, tasks: task::list(&fields, "tasks", inner, problems) })
}

/// Whether `loop` says what makes the task go on; else its `conditions` do.
pub(in super::super) fn is_driven(fields: &Fields<'_>) -> bool {
    fields
        .get("loop")
        .is_some_and(|value| ["forEach", "while", "until"].iter().any(|field| value.get(field).is_some_and(|value| !value.is_null())))
}

pub(in super::super) fn repeated(fields: &Fields<'_>, id: &str, is_call: bool, place: Place<'_>, problems: &mut Problems) -> Body {
    let mut loops = place.loops.to_vec();
    loops.push(id.to_owned());
    let inside = Place { level: place.level + 1, beside: false, loops: &loops, ..place };
    let (mut tasks, mut body) = (Vec::new(), None);
    if is_call {
        let here = Place { level: place.level, ..inside };
        body = Some(Box::new(if fields.get("workflow").is_some() {
            call::workflow(fields, here, problems)
        } else {
            call::agent(fields, "the id of a registered agent or agent type; or `tasks` or `workflow`", here, problems)
        }));
    } else {
        tasks = task::list(fields, "tasks", inside, problems);
    }
    let empty = Value::Object(serde_json::Map::new());
    let value = fields.get("loop").unwrap_or(&empty);
    let timeout = if is_call { None } else { fields.positive_duration("timeout", problems) };
    let mut written = WrittenLoop {
        drive: None,
        passes_max: None,
        stops_at_limit: false,
        concurrency: 1,
        on_item_error: OnItemError::Fail,
        keep_last: None,
    };
    if let Some(loop_fields) = Fields::of(value, fields.path("loop"), problems) {
        loop_fields.refuse_others(LOOP_FIELDS, problems);
        written.drive = drive(fields, &loop_fields, place, inside, problems);
        bounds(&loop_fields, &mut written, problems);
    }
    Body::Loop { tasks, call: body, written, timeout }
}

fn drive(
    fields: &Fields<'_>,
    loop_fields: &Fields<'_>,
    place: Place<'_>,
    inside: Place<'_>,
    problems: &mut Problems,
) -> Option<WrittenDrive> {
    let present: Vec<&'static str> = ["forEach", "while", "until"].into_iter().filter(|field| loop_fields.get(field).is_some()).collect();
    if let [field, other, ..] = present.as_slice() {
        problems.push(loop_fields.path(other), ProblemKind::Exclusive { field, other });
    }
    let list = |field: &str, problems: &mut Problems| {
        let value = loop_fields.get(field)?;
        Some(conditions::list(value, &loop_fields.path(field), &inside.variables(), problems))
    };
    match present.first().copied() {
        Some("forEach") => for_each(loop_fields, place, problems),
        Some("while") => list("while", problems).map(WrittenDrive::While),
        Some("until") => list("until", problems).map(WrittenDrive::Until),
        _ => {
            let written = fields.get("conditions");
            if written.is_none() {
                let hint = "`forEach`, `while` or `until`, or `conditions` beside it, which end the loop";
                problems.push(fields.path("loop"), ProblemKind::Missing { field: "loop", hint });
            }
            let read = written.map(|value| conditions::list(value, &fields.path("conditions"), &inside.variables(), problems));
            read.map(WrittenDrive::Again)
        }
    }
}

fn for_each(fields: &Fields<'_>, place: Place<'_>, problems: &mut Problems) -> Option<WrittenDrive> {
    match fields.get("forEach")? {
        Value::Array(items) => Some(WrittenDrive::Items(items.iter().map(|item| Arc::from(item.to_string())).collect())),
        Value::String(source) => {
            let read: Option<Read<_>> = conditions::expression(source, &fields.path("forEach"), &place.variables(), problems);
            read.map(WrittenDrive::ForEach)
        }
        other => {
            problems.push(fields.path("forEach"), wrong_type("an array, or an expression that gives one", other));
            None
        }
    }
}

fn bounds(fields: &Fields<'_>, written: &mut WrittenLoop, problems: &mut Problems) {
    let for_each = matches!(written.drive, Some(WrittenDrive::Items(_) | WrittenDrive::ForEach(_)));
    let (foreign, what, instead): (&[&'static str], _, _) = if for_each {
        (&["maxIterations", "onLimit", "keepLast"], "a `forEach`", "its list bounds it, and all its outputs are kept")
    } else {
        (&["concurrency", "onItemError"], "a loop without `forEach`", "its passes follow each other, and a failure in one fails it")
    };
    for field in foreign.iter().copied().filter(|field| fields.get(field).is_some()) {
        problems.push(fields.path(field), ProblemKind::Meaningless { field, what, instead });
    }
    let number = |field, problems: &mut Problems| {
        let found = fields.whole(field, 1, PASSES_MAX, "a whole number from 1 to 1000000", problems);
        found.and_then(|number| u32::try_from(number).ok())
    };
    let passes = number("maxIterations", problems);
    written.passes_max = (!for_each).then(|| passes.unwrap_or(PASSES_DEFAULT));
    written.concurrency = number("concurrency", problems).unwrap_or(1);
    written.keep_last = number("keepLast", problems);
    written.stops_at_limit = fields.one_of("onLimit", &[("fail", false), ("stop", true)], "'fail' or 'stop'", problems).unwrap_or(false);
    let words = [
        ("fail", OnItemError::Fail),
        ("failAfter", OnItemError::FailAfter),
        ("collect", OnItemError::Collect),
        ("skip", OnItemError::Skip),
    ];
    written.on_item_error =
        fields.one_of("onItemError", &words, "'fail', 'failAfter', 'collect' or 'skip'", problems).unwrap_or(OnItemError::Fail);
}
