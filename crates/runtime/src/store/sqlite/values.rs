// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Values of more than 64 KiB, each once, whichever executions have it: results that forks and retries take over, what a child is given, what is returned twice.
//!
//! ```text
//! a record, a context, options ──hash──▶ value(hash, body)
//!          value_use(execution, hash) ──▶    │ goes with the last of its uses, as an execution that was deleted is swept
//! ```

use crate::clock::Stopwatch;
use crate::store::{LARGE, ReadError, RecordError, StoredExecution, ValueError, record, refer};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::time::Duration;

/// What stands before the hash in a column that is a value.
const REFERENCE: &str = "sha256:";

/// Keeps a value for an execution; its hash.
pub(super) fn keep(transaction: &Transaction<'_>, execution: i64, value: &str) -> rusqlite::Result<String> {
    let hash = stdx::sha256_hex(value);
    if !transaction.prepare_cached("SELECT 1 FROM value WHERE hash = ?1")?.exists([&hash])? {
        transaction.prepare_cached("INSERT INTO value (hash, body) VALUES (?1, ?2)")?.execute([&*hash, value])?;
    }
    transaction.prepare_cached("INSERT OR IGNORE INTO value_use (execution, hash) VALUES (?1, ?2)")?.execute(params![execution, hash])?;
    Ok(hash)
}

/// What stands in the column of a context: the text, or where it is.
pub(super) fn context(transaction: &Transaction<'_>, execution: i64, context: Option<&str>) -> rusqlite::Result<Option<String>> {
    let Some(large) = context.filter(|context| context.len() > LARGE) else { return Ok(context.map(ToOwned::to_owned)) };
    Ok(Some(format!("{REFERENCE}{}", keep(transaction, execution, large)?)))
}

/// What stands in the column of options: the text, or the same without what is large in it.
pub(super) fn options(transaction: &Transaction<'_>, execution: i64, options: Option<&str>) -> rusqlite::Result<Option<String>> {
    let Some(large) = options.filter(|options| options.len() > LARGE) else { return Ok(options.map(ToOwned::to_owned)) };
    let (mut text, apart) = crate::options::apart(large);
    refer(&mut text, &apart, |value| keep(transaction, execution, value))?;
    Ok(Some(text))
}

/// The value with this hash.
pub(super) fn read(connection: &Connection, hash: &str) -> Result<String, RecordError> {
    let named = || hash.to_owned();
    let found = || -> rusqlite::Result<Option<String>> {
        connection.prepare_cached("SELECT body FROM value WHERE hash = ?1")?.query_row([hash], |row| row.get(0)).optional()
    };
    let value = found().map_err(|error| ValueError::Unread { hash: named(), source: Box::new(ReadError::from(error)) })?;
    let value = value.ok_or_else(|| ValueError::Absent { hash: named() })?;
    if stdx::sha256_hex(&value) == hash { Ok(value) } else { Err(ValueError::Changed { hash: named() }.into()) }
}

/// An execution with its context and options whole.
pub(super) fn filled(connection: &Connection, stored: StoredExecution) -> Result<StoredExecution, ReadError> {
    let context = match stored.context {
        Some(text) => Some(text.strip_prefix(REFERENCE).map(|hash| read(connection, hash)).transpose()?.unwrap_or(text)),
        None => None,
    };
    let options = whole_options(connection, stored.options)?;
    Ok(StoredExecution { context, options, ..stored })
}

/// Options whole.
pub(super) fn whole_options(connection: &Connection, options: Option<String>) -> Result<Option<String>, ReadError> {
    Ok(options.map(|text| record::object_with(text, &|hash| read(connection, hash))).transpose()?)
}

/// How many bytes the values of an execution have, those that others have too included.
pub(super) fn bytes(connection: &Connection, execution: i64) -> rusqlite::Result<u64> {
    let mut sum = connection.prepare_cached(
        "SELECT coalesce(sum(octet_length(v.body)), 0) FROM value_use u JOIN value v ON v.hash = u.hash WHERE u.execution = ?1",
    )?;
    Ok(sum.query_row([execution], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

/// An execution that was deleted has its values no more; false: there are more than fit into the time.
pub(super) fn release(transaction: &Transaction<'_>, execution: i64, watch: &Stopwatch, time: Duration) -> rusqlite::Result<bool> {
    let mut next = transaction.prepare_cached("SELECT hash FROM value_use WHERE execution = ?1 LIMIT 1")?;
    while let Some(hash) = next.query_row([execution], |row| row.get::<_, String>(0)).optional()? {
        transaction.prepare_cached("DELETE FROM value_use WHERE execution = ?1 AND hash = ?2")?.execute(params![execution, hash])?;
        transaction
            .prepare_cached("DELETE FROM value WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM value_use WHERE hash = ?1)")?
            .execute([&hash])?;
        if watch.elapsed() >= time {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many values cannot be read.
pub(super) fn unread(connection: &Connection) -> Result<u64, ReadError> {
    if !connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'value'")?.exists([])? {
        return Ok(0);
    }
    // Their hashes are in an index of their own.
    let mut hashes = connection.prepare("SELECT hash FROM value INDEXED BY sqlite_autoindex_value_1 ORDER BY hash")?;
    let mut rows = hashes.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(row.get::<_, String>(0)?);
    }
    Ok(all.iter().filter(|hash| read(connection, hash).is_err()).count() as u64)
}
