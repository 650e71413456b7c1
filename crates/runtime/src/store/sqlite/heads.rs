// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions as rows, each read by itself: what cannot be read of one keeps no other back.

use super::listing::ExecutionFilter;
use super::values;
use crate::store::{Damaged, ReadError, StoredExecution};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// The key of an execution. The index of ids is all that is looked at.
pub(super) fn key_of(connection: &Connection, id: &str) -> Result<Option<i64>, ReadError> {
    Ok(connection.prepare_cached("SELECT key FROM execution WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?)
}

/// The keys of those that have not ended, oldest first. An index is all that is looked at.
pub(super) fn unended(connection: &Connection) -> Result<Vec<i64>, ReadError> {
    let mut statement = connection.prepare_cached("SELECT key FROM execution WHERE ended IS NULL ORDER BY key")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Which keys a filter takes, and how; `{}` is a further condition.
const TAKEN: &str = "SELECT e.key FROM execution e WHERE (?1 IS NULL OR e.workflow = ?1) AND (?2 IS NULL OR e.status = ?2)
     AND (?3 IS NULL OR e.started >= ?3) AND (?4 IS NULL OR e.started < ?4)";

/// At most so many keys before one, newest first.
pub(super) fn listed(connection: &Connection, filter: &ExecutionFilter, before: Option<i64>, most: usize) -> Result<Vec<i64>, ReadError> {
    let micros = |at: Option<Timestamp>| at.map(|at| at.micros().cast_signed());
    let (since, until) = (micros(filter.since), micros(filter.until));
    let most_keys = i64::try_from(most).unwrap_or(i64::MAX);
    let wanted: [&dyn ToSql; 6] = [&filter.workflow, &filter.status, &since, &until, &before, &most_keys];
    let fast = || -> Result<Vec<i64>, ReadError> {
        let mut statement = connection.prepare_cached(&format!("{TAKEN} AND (?5 IS NULL OR e.key < ?5) ORDER BY e.key DESC LIMIT ?6"))?;
        Ok(statement.query_map(wanted.as_slice(), |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    match fast() {
        Err(error) if error.is_of_one() => {}
        other => return other,
    }
    // A row that is passed over cannot be read. Each is asked for by itself, and such a one is listed, whatever is asked for.
    let mut statement = connection.prepare(&format!("{TAKEN} AND e.key = ?5"))?;
    let mut taken = Vec::new();
    for key in all(connection)?.into_iter().rev().filter(|key| before.is_none_or(|before| *key < before)) {
        let wanted: [&dyn ToSql; 5] = [&filter.workflow, &filter.status, &since, &until, &key];
        if statement.exists(wanted.as_slice()).unwrap_or(true) {
            taken.push(key);
        }
        if taken.len() == most {
            break;
        }
    }
    Ok(taken)
}

/// Every key, oldest first, from the index of ids.
pub(super) fn all(connection: &Connection) -> Result<Vec<i64>, ReadError> {
    let mut statement = connection.prepare("SELECT key FROM execution INDEXED BY sqlite_autoindex_execution_1")?;
    let mut keys = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    keys.sort_unstable();
    Ok(keys)
}

const HEAD: &str = "SELECT e.key, e.id, d.body, e.context, e.default_timeout, e.options, e.started, e.workflow
     FROM execution e LEFT JOIN definition d ON d.hash = e.definition WHERE e.key = ?1";

/// An execution without its journal; `None` if it is not there any more.
pub(super) fn head(connection: &Connection, key: i64) -> Result<Option<StoredExecution>, ReadError> {
    let found =
        connection.prepare_cached(HEAD)?.query_row([key], |row| Ok((row.get::<_, Option<Arc<str>>>(2)?, stored(row)?))).optional()?;
    let Some((definition, stored)) = found else { return Ok(None) };
    let Some(definition) = definition else {
        return Err(ReadError::Definition { id: stored.id.to_string(), message: "it is not there".to_owned() });
    };
    values::filled(connection, StoredExecution { definition, ..stored }).map(Some)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredExecution> {
    let (id, workflow): (String, String) = (row.get(1)?, row.get(7)?);
    let default_timeout: i64 = row.get(4)?;
    let accepted: i64 = row.get(6)?;
    Ok(StoredExecution {
        key: row.get(0)?,
        id: id.into(),
        workflow: workflow.into(),
        definition: Arc::default(),
        context: value(row, 3)?,
        options: row.get(5)?,
        accepted: Timestamp::from_micros(accepted.cast_unsigned()),
        default_timeout: Duration::from_micros(default_timeout.cast_unsigned()),
        records: Vec::new(),
    })
}

/// What is known of an execution that cannot be read because of `error`.
pub(super) fn damaged(connection: &Connection, key: i64, error: ReadError) -> Result<Damaged, ReadError> {
    if !error.is_of_one() {
        return Err(error);
    }
    let text = |query: &str| connection.query_row(query, params![key], |row| row.get::<_, String>(0)).ok();
    // The index of ids has the id too; without an index for keys all of it is looked at.
    let id = text("SELECT id FROM execution WHERE key = ?1")
        .or_else(|| text("SELECT id FROM execution INDEXED BY sqlite_autoindex_execution_1 WHERE +key = ?1"));
    let Some(id) = id else { return Err(error) };
    let started = connection.query_row("SELECT started FROM execution WHERE key = ?1", params![key], |row| row.get::<_, i64>(0)).ok();
    let workflow = text("SELECT workflow FROM execution WHERE key = ?1").map(Arc::from);
    let started = started.map(|started| Timestamp::from_micros(started.cast_unsigned()));
    Ok(Damaged { error: error.of(&id), id: id.into(), workflow, started })
}

/// A value as JSON text.
pub(super) fn value(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.map(|text| stdx::well_formed_json(&text).into_owned()))
}
