// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is on record, told to whoever asks, from any thread and without the driver.

use crate::history::{Failures, effects_of, failures_of};
use crate::store::{Archive, ExecutionFilter, Expendable, ExpendablePage, Need, ReadError, Tree};
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

/// The execution with this id, with what goes with it, as JSON text: `{"ids": [...], "keys": [...], "bytes": 0, "need": {"by": "fork", "of": "…"} | null}`.
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
    json!({ "ids": ids, "keys": tree.keys, "bytes": tree.bytes, "need": need })
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

/// A page of executions, newest first, as JSON text: `{"executions": [...], "unreadable": [{"id", "message"}], "cursor": "..." | null}`. What has
/// a definition that cannot be read is told apart, so that the page has the others.
pub fn list(archive: &dyn Archive, filter: &ExecutionFilter) -> Result<String, Error> {
    let page = archive.list(filter)?;
    let (mut executions, mut unreadable) = (Vec::new(), Vec::new());
    for stored in &page.executions {
        match report::stored(stored) {
            Ok(text) => executions.push(text),
            Err(Error::Read(error @ ReadError::Definition { .. })) => {
                unreadable.push(json!({ "id": &*stored.id, "message": error.to_string() }));
            }
            Err(error) => return Err(error),
        }
    }
    let (cursor, unreadable) = (Value::from(page.cursor), Value::from(unreadable));
    Ok(format!(r#"{{"executions":[{}],"unreadable":{unreadable},"cursor":{cursor}}}"#, executions.join(",")))
}
