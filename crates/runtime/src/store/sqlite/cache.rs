// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Outputs in the file that other executions may take over.

use crate::store::{CachedOutput, CommitError, ReadError};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::sync::Arc;
use stdx::Timestamp;

/// Outputs whose time is over and go when one is kept: more than come, so that they never pile up.
const SWEPT: i64 = 100;

/// Keeps outputs, and takes out some whose time is over at `now`.
pub(super) fn write(transaction: &Transaction<'_>, outputs: &[CachedOutput], now: Option<Timestamp>) -> Result<(), CommitError> {
    for cached in outputs {
        let until = i64::try_from(cached.until.micros()).unwrap_or(i64::MAX);
        transaction.prepare_cached("INSERT OR REPLACE INTO cache (key, output, until) VALUES (?1, ?2, ?3)")?.execute(params![
            &*cached.key,
            &*cached.output,
            until
        ])?;
    }
    if let Some(now) = now.filter(|_| !outputs.is_empty()) {
        transaction
            .prepare_cached("DELETE FROM cache WHERE key IN (SELECT key FROM cache WHERE until <= ?1 ORDER BY until LIMIT ?2)")?
            .execute(params![now.micros().cast_signed(), SWEPT])?;
    }
    Ok(())
}

/// The output kept under `key`, if it may still be taken over.
pub(super) fn read(connection: &Connection, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
    let mut statement = connection.prepare_cached("SELECT output FROM cache WHERE key = ?1 AND until > ?2")?;
    let found: Option<String> = statement.query_row(params![key, now.micros().cast_signed()], |row| row.get(0)).optional()?;
    Ok(found.map(|output| stdx::well_formed_json(&output).into()))
}
