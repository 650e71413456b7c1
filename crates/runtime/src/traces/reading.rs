// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Records as they are stored become traces.

use crate::Error;
use crate::explain::UNDOING;
use crate::report::{plan_of, setup_of};
use crate::store::{self, Archive, StepRecord, StoredExecution};
use analytics::trace::{Began, Ran, Reads, Record, TaskNumber, Trace, TracedChild, TracedTask, Tracer, Waited};
use std::sync::Arc;

/// Executions below one that are read: no time is spent on more than these, and what is left is shown as `child`.
const CHILDREN_MAX: usize = 1000;

/// An execution as it was, with those below it; `None` if there is none with this id.
pub fn trace(archive: &dyn Archive, id: &str) -> Result<Option<Trace>, Error> {
    let mut room = CHILDREN_MAX;
    read(archive, id, &mut room)
}

fn read(archive: &dyn Archive, id: &str, room: &mut usize) -> Result<Option<Trace>, Error> {
    let Some(stored) = archive.execution(id)? else { return Ok(None) };
    let mut trace = of(&stored)?;
    let below: Vec<_> = trace.child_attempts().collect();
    for (task, attempt, id) in below {
        let Some(left) = room.checked_sub(1) else { break };
        *room = left;
        let id = undoing(&stored, &trace, task).unwrap_or(id);
        if let Some(child) = read(archive, &id, room)? {
            trace.children.push(TracedChild { task, attempt, trace: child });
        }
    }
    Ok(Some(trace))
}

/// The execution that undoes another, where that is what a task runs: it has an id of its own.
fn undoing(stored: &StoredExecution, trace: &Trace, task: TaskNumber) -> Option<String> {
    let TracedTask { path, id, .. } = trace.tasks.get(task)?;
    let undone = path.strip_suffix(UNDOING)?;
    if stored.workflow.ends_with(UNDOING) {
        let definition: serde_json::Value = serde_json::from_str(&stored.definition).ok()?;
        let written = definition.get("tasks")?.as_array()?.iter().find(|task| task.get("id").and_then(|id| id.as_str()) == Some(id))?;
        return Some(format!("{}{UNDOING}", written.get("workflow")?.as_str()?));
    }
    let attempt = trace.tasks.iter().find(|task| task.path == undone)?.attempts.last()?.attempt;
    Some(format!("{}/{undone}/{attempt}{UNDOING}", trace.execution))
}

pub(super) fn of(stored: &StoredExecution) -> Result<Trace, Error> {
    let mut tracer = tracer(stored)?;
    for record in &stored.records {
        step(record, |record| tracer.step(record));
    }
    Ok(tracer.finish())
}

/// Of an execution of which no record has been read.
pub(super) fn tracer(stored: &StoredExecution) -> Result<Tracer, Error> {
    Ok(Tracer::new(plan_of(stored)?, setup_of(stored)?.0))
}

/// Gives `to` a record as tracers take it.
pub(super) fn step(record: &StepRecord, to: impl FnOnce(&Record<'_>)) {
    let StepRecord { at, previous_committed, events, began, ran, .. } = record;
    let began: Vec<Began> = began.iter().map(began_of).collect();
    let ran: Vec<Ran> = ran.iter().map(ran_of).collect();
    to(&Record { at: *at, previous_committed: *previous_committed, events, began: &began, ran: &ran });
}

fn began_of(began: &store::Began) -> Began {
    let waited = began.waited.map(|waited| match waited {
        store::Waited::Place | store::Waited::Making | store::Waited::Lane => Waited::Place,
        store::Waited::Rate => Waited::Rate,
        store::Waited::Held => Waited::Held,
    });
    Began { event: began.event, waited, print: began.print }
}

fn ran_of(ran: &store::Ran) -> Ran {
    let reads = match ran.reads {
        store::Reads::Unknown => Reads::Unknown,
        store::Reads::Nothing => Reads::Nothing,
        store::Reads::All => Reads::All,
        store::Reads::Some(places) => Reads::Some(places),
    };
    Ran { event: ran.event, agent: ran.by.as_ref().map(|by| Arc::clone(&by.agent)), reads }
}
