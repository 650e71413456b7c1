// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is on record, told to whoever asks, from any thread and without the driver.

use crate::causes::in_full;
use crate::history::{Failures, effects_of, failures_of};
use crate::report::Plans;
use crate::store::{Archive, Damaged, ExecutionFilter, Expendable, ExpendablePage, Need, StoredExecution, Tree};
use crate::{Error, report};
use alphabet::Effect;
use serde_json::{Value, json};
use stdx::Timestamp;

/// An execution as JSON text; see [`report::stored`].
pub fn execution(archive: &dyn Archive, id: &str) -> Result<Option<String>, Error> {
    archive.execution(id)?.as_ref().map(report::stored).transpose()
}

/// A page of what may be deleted, as JSON text: `{"trees": [...], "cursor": [ended, key] | null, "unswept": false}`; see [`tree`].
pub fn expendable(archive: &dyn Archive, asked: &Expendable) -> Result<String, Error> {
    let ExpendablePage { trees, cursor, unswept } = archive.expendable(asked)?;
    let trees: Vec<Value> = trees.iter().map(text_of).collect();
    let cursor = cursor.map(|(ended, key)| json!([ended.micros(), key]));
    Ok(json!({ "trees": trees, "cursor": cursor, "unswept": unswept }).to_string())
}

/// The execution with this id, with what goes with it, as JSON text: `{"ids": [...], "keys": [...], "bytes": 0,
/// "damaged": [...], "need": {"by": "fork", "of": "…"} | null}`.
pub fn tree(archive: &dyn Archive, id: &str, now: Timestamp) -> Result<Option<String>, Error> {
    Ok(archive.tree(id, now)?.as_ref().map(|tree| text_of(tree).to_string()))
}

fn text_of(tree: &Tree) -> Value {
    let ids: Vec<&str> = tree.ids.iter().map(|id| &**id).collect();
    let need = tree.need.as_ref().map(|need| match need {
        Need::Active(of) => json!({ "by": "active", "of": &**of }),
        Need::Parent(of) => json!({ "by": "parent", "of": &**of }),
        Need::Fork(of) => json!({ "by": "fork", "of": &**of }),
        Need::Schedule(of) => json!({ "by": "schedule", "of": &**of }),
        Need::Key(until) => json!({ "by": "key", "until": until.micros() }),
    });
    json!({ "ids": ids, "keys": tree.keys, "bytes": tree.bytes, "damaged": tree.damaged, "need": need })
}

/// What undoes an execution that completed, as JSON text; see [`report::undoing`].
pub fn undoing(archive: &dyn Archive, id: &str) -> Result<Option<String>, Error> {
    archive.execution(id)?.as_ref().map(report::stored_undoing).transpose()
}

/// What an execution has had announced, all of it, and why what failed did.
pub fn history(archive: &dyn Archive, id: &str) -> Result<Option<(Vec<Effect>, Failures)>, Error> {
    let stored = archive.execution(id)?;
    Ok(stored.map(|stored| {
        let effects = effects_of(0, Some(stored.accepted), stored.records.iter());
        (effects, failures_of(&stored.records))
    }))
}

/// An execution as JSON text, or what is known of one that cannot be read: `{"id", "damaged", "workflowId", "startedAt"}`, in words why, and what is not known
/// null.
pub fn seen(archive: &dyn Archive, id: &str) -> Result<Option<String>, Error> {
    archive.seen(id)?.map(|found| listed(found, &mut Plans::default())).transpose()
}

/// A page of executions, newest first, as JSON text: `{"executions": [...], "cursor": "..." | null}`, each as in [`seen`].
pub fn list(archive: &dyn Archive, filter: &ExecutionFilter) -> Result<String, Error> {
    let page = archive.list(filter)?;
    let mut plans = Plans::default();
    let executions = page.executions.into_iter().map(|found| listed(found, &mut plans)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!(r#"{{"executions":[{}],"cursor":{}}}"#, executions.join(","), Value::from(page.cursor)))
}

fn listed(found: Result<StoredExecution, Damaged>, plans: &mut Plans) -> Result<String, Error> {
    let damaged = match found {
        Ok(stored) => match report::stored_among(&stored, plans) {
            Err(Error::Read(error)) if error.is_of_one() => {
                let StoredExecution { id, workflow, accepted, .. } = stored;
                Damaged { id, workflow: Some(workflow), started: Some(accepted), error }
            }
            other => return other,
        },
        Err(damaged) => damaged,
    };
    let Damaged { id, workflow, started, error } = damaged;
    let told =
        json!({ "id": &*id, "damaged": in_full(&error), "workflowId": workflow.as_deref(), "startedAt": started.map(Timestamp::micros) });
    Ok(told.to_string())
}
