// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the failures of a workflow have in common: by code and print of their messages, those with the most first.
//!
//! ```json
//! [{"code":"ERR_AGENT","message":"order # timed out","count":12,"tasks":["fetch"],"first":3,"last":9,"execution":"…"}]
//! ```
//! Instants are microseconds; `execution` is that of the latest.

use super::names::Names;
use super::rows::{self, instant};
use analytics::TaskFacts;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::ops::Range;
use stdx::Timestamp;

/// Kinds that are named.
const NAMED_MAX: u32 = 20;

/// Writes what a task failed of, if it did.
pub(super) fn write(connection: &Connection, names: &mut Names, key: i64, workflow: &str, task: &TaskFacts) -> rusqlite::Result<()> {
    let Some(print) = &task.print else { return Ok(()) };
    let (workflow, print) = (names.number(connection, workflow)?, names.number(connection, print)?);
    connection.prepare_cached("INSERT OR REPLACE INTO failure VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        workflow,
        instant(task.end),
        key,
        task.instance.get(),
        print
    ])?;
    Ok(())
}

/// See above: of what ended in the time that was asked for.
pub(super) fn failures(connection: &Connection, workflow: i64, within: &Range<Timestamp>) -> rusqlite::Result<Vec<Value>> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT text FROM name WHERE number = t.error), (SELECT text FROM name WHERE number = f.print), count(*) AS count,
         group_concat(DISTINCT t.task), min(f.ended), max(f.ended),
         (SELECT id FROM execution WHERE key = f.execution)
         FROM failure f JOIN task t ON t.execution = f.execution AND t.instance = f.instance
         WHERE f.workflow = ?1 AND f.ended >= ?2 AND f.ended < ?3 GROUP BY t.error, f.print ORDER BY count DESC, max(f.ended) DESC LIMIT ?4",
    )?;
    let rows = statement.query_map(params![workflow, instant(within.start), instant(within.end), NAMED_MAX], |row| {
        let text = |column: usize| row.get::<_, Option<String>>(column);
        let number = |column: usize| row.get::<_, i64>(column);
        let numbers = text(3)?.unwrap_or_default();
        let tasks = numbers.split(',').filter_map(|number| rows::text_of(connection, number.parse().ok()?).ok().flatten());
        let tasks: Vec<Value> = tasks.map(|task| Value::from(&*task)).collect();
        Ok(json!({ "code": text(0)?, "message": text(1)?, "count": number(2)?, "tasks": tasks, "first": number(4)?, "last": number(5)?, "execution": text(6)? }))
    })?;
    rows.collect()
}
