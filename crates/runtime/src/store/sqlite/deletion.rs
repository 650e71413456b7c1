// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Deletes executions, by the writer, without keeping it for long.
//!
//! ```text
//! execution ──drop_executions──▶ deleted(key, last) ──sweep, row by row from the last──▶ nothing; room that is left is given back
//!             with a commit: no reader has it any more      between commits, as far as the time given goes
//! ```
//! `last` is the row of the journal to go on with, none once all are gone. What ends the process on the way leaves rows of `deleted`, and the next process goes on with them. Neither keys nor positions are used again: the
//! largest key stays in `deleted`, and `mark` is moved to the end of the journal before the row there is deleted.

use super::journal::Journal;
use super::values;
use crate::clock::Stopwatch;
use crate::store::{Batch, CommitError};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::time::Duration;

/// Free pages beyond which room is given back, 8 MiB, and those that stay for what comes next.
const FREE_PAGES_MAX: i64 = 1_024;
const FREE_PAGES_KEPT: i64 = 256;

/// Rows, and pages, between two looks at the time.
const ROWS_AT_ONCE: usize = 16;
const PAGES_AT_ONCE: i64 = 8;

/// Ended executions are there no more, and of those that have not ended the ones that are discarded.
pub(super) fn drop_executions(transaction: &Transaction<'_>, journal: &mut Journal, batch: &Batch) -> Result<(), CommitError> {
    for key in &batch.deleted {
        drop_execution(transaction, journal, *key, true)?;
    }
    for key in &batch.discarded {
        drop_execution(transaction, journal, *key, false)?;
    }
    Ok(())
}

/// An execution is there no more, if it has ended, or has not.
pub(super) fn drop_execution(transaction: &Transaction<'_>, journal: &mut Journal, key: i64, has_ended: bool) -> Result<(), CommitError> {
    let last: Option<Option<i64>> = transaction
        .prepare_cached("DELETE FROM execution WHERE key = ?1 AND (ended IS NOT NULL) = ?2 RETURNING last")?
        .query_row(params![key, has_ended], |row| row.get(0))
        .optional()?;
    let Some(last) = last else { return Ok(()) };
    let last = if has_ended { last } else { journal.discards(key).or(last) };
    // One without records may have values.
    let last = last.unwrap_or_default();
    transaction.prepare_cached("INSERT OR REPLACE INTO deleted (key, last) VALUES (?1, ?2)")?.execute(params![key, last])?;
    Ok(())
}

/// What is left of the execution that is swept next is damaged: it stays, as a page that nothing can be done with.
pub(super) fn leave_rest(connection: &Connection) -> rusqlite::Result<()> {
    // The same as below.
    connection.execute("UPDATE deleted SET last = NULL WHERE key = (SELECT key FROM deleted WHERE last IS NOT NULL LIMIT 1)", [])?;
    Ok(())
}

/// Whether there is something to sweep.
pub(super) fn is_unswept(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM deleted WHERE last IS NOT NULL")?.exists([])
}

/// Takes out rows of what was deleted, then gives room back, for so long. Whether there is more to do.
pub(super) fn sweep(transaction: &Transaction<'_>, journal: &mut Journal, time: Duration, gives_back: bool) -> Result<bool, CommitError> {
    let watch = Stopwatch::default();
    let mut find = transaction.prepare_cached("SELECT key, last FROM deleted WHERE last IS NOT NULL LIMIT 1")?;
    while let Some((key, last)) = find.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()? {
        let left = sweep_rows(transaction, journal, key, last, &watch, time)?;
        // Whoever goes on finds no row there, and the rest of the values.
        let left = if left.is_none() && !values::release(transaction, key, &watch, time)? { Some(last) } else { left };
        // One that is done goes at once: where there is always another, each look for the next would go through all that are done. The largest key stays, so
        // that it is not given again.
        let is_gone = left.is_none()
            && transaction.prepare_cached("DELETE FROM deleted WHERE key = ?1 AND key < (SELECT max(key) FROM deleted)")?.execute([key])?
                > 0;
        if !is_gone {
            transaction.prepare_cached("UPDATE deleted SET last = ?2 WHERE key = ?1")?.execute(params![key, left])?;
        }
        if left.is_some() || watch.elapsed() >= time {
            return Ok(true);
        }
    }
    transaction.prepare_cached("DELETE FROM deleted WHERE key < (SELECT max(key) FROM deleted)")?.execute([])?;
    if gives_back { give_back(transaction, &watch, time) } else { Ok(false) }
}

/// Takes out the rows of one journal from the last to the first; the one to go on with.
fn sweep_rows(
    transaction: &Transaction<'_>,
    journal: &mut Journal,
    key: i64,
    last: i64,
    watch: &Stopwatch,
    time: Duration,
) -> Result<Option<i64>, CommitError> {
    let mut delete = transaction.prepare_cached("DELETE FROM journal WHERE position = ?1 AND execution = ?2 RETURNING previous")?;
    let mut next = Some(last);
    while next.is_some() && watch.elapsed() < time {
        for _ in 0..ROWS_AT_ONCE {
            let Some(position) = next else { break };
            journal.deletes(transaction, position)?;
            // Where a row is missing there is nothing to follow.
            let previous: Option<Option<i64>> = delete.query_row(params![position, key], |row| row.get(0)).optional()?;
            next = previous.flatten();
        }
    }
    Ok(next)
}

/// Whether there is so much room that it is given back.
pub(super) fn has_room(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(connection.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0))? > FREE_PAGES_MAX)
}

/// Gives free pages back to the file system; whether there are more to give.
fn give_back(transaction: &Transaction<'_>, watch: &Stopwatch, time: Duration) -> Result<bool, CommitError> {
    let free = || transaction.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0));
    if !has_room(transaction)? {
        return Ok(false);
    }
    while watch.elapsed() < time {
        let left = free()?;
        if left <= FREE_PAGES_KEPT {
            return Ok(false);
        }
        // One step of the statement gives back one page.
        let mut statement = transaction.prepare(&format!("PRAGMA incremental_vacuum({})", PAGES_AT_ONCE.min(left - FREE_PAGES_KEPT)))?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(free()? > FREE_PAGES_MAX)
}
