// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Idempotency keys in the file: one row for each, of its latest execution.
//!
//! A file may have executions of keys without a row, or later ones than its row says: an older version of this build wrote them. Their ids say whose
//! they are.

use crate::options;
use crate::store::{CommitError, KnownKey, ReadError};
use engine::{Keyed, KeyedEnd};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use std::sync::Arc;
use stdx::Timestamp;

/// Rows that are in force no more and go when one is written: more than come, so that they never pile up.
const SWEPT: i64 = 100;

/// Writes rows, and takes out some that are over at `now`.
pub(super) fn write(transaction: &Transaction<'_>, keys: &[Keyed], now: Option<Timestamp>) -> Result<(), CommitError> {
    for keyed in keys {
        let Keyed { hash, generation, fingerprint, end } = keyed;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO idempotency (hash, execution, generation, fingerprint, status, ended, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                &**hash,
                Keyed::execution_id(hash, *generation),
                generation,
                &**fingerprint,
                end.as_ref().map(|end| &*end.status),
                end.as_ref().map(|end| end.at.micros().cast_signed()),
                keyed.until().map(|until| until.micros().cast_signed()),
            ])?;
    }
    if let Some(now) = now.filter(|_| !keys.is_empty()) {
        transaction
            .prepare_cached(
                "DELETE FROM idempotency WHERE hash IN (SELECT hash FROM idempotency WHERE until <= ?1 ORDER BY until LIMIT ?2)",
            )?
            .execute(params![now.micros().cast_signed(), SWEPT])?;
    }
    Ok(())
}

/// What the file knows of a key.
pub(super) fn read(connection: &Connection, hash: &str) -> Result<KnownKey, ReadError> {
    let mut statement = connection.prepare_cached("SELECT generation, fingerprint, status, ended FROM idempotency WHERE hash = ?1")?;
    let row = statement.query_row([hash], |row| keyed_of(hash, row)).optional()?;
    let later = row.as_ref().map_or(1, |keyed| keyed.generation.saturating_add(1));
    let is_later = connection.prepare_cached("SELECT 1 FROM execution WHERE id = ?1")?.exists([Keyed::execution_id(hash, later)])?;
    match row {
        Some(keyed) if !is_later && keyed.end.is_some() => Ok(KnownKey { taken: keyed.generation, keyed: Some(keyed), is_written: true }),
        // Nobody of ours is at work for it, or we would know without the file: whoever saw its end did not write it here.
        Some(_) | None => by_ids(connection, hash),
    }
}

fn keyed_of(hash: &str, row: &Row<'_>) -> rusqlite::Result<Keyed> {
    let fingerprint: String = row.get(1)?;
    Ok(Keyed { hash: hash.into(), generation: row.get(0)?, fingerprint: fingerprint.into(), end: end_of(row.get(2)?, row.get(3)?) })
}

fn end_of(status: Option<String>, ended: Option<i64>) -> Option<KeyedEnd> {
    let (status, ended) = status.zip(ended)?;
    Some(KeyedEnd { well: status == "completed", status: status.into(), at: Timestamp::from_micros(ended.cast_unsigned()) })
}

/// The latest of the executions whose ids say this key. Only those that a key began stand for it; an id that a caller chose is taken all the same.
fn by_ids(connection: &Connection, hash: &str) -> Result<KnownKey, ReadError> {
    // `.` is the letter after `-`: between them lie the key's own id and those of its generations.
    let (first, end) = (Keyed::execution_id(hash, 1), format!("key-{hash}."));
    let mut statement = connection.prepare_cached("SELECT id, options, status, ended FROM execution WHERE id >= ?1 AND id < ?2")?;
    let mut rows = statement.query([&first, &end])?;
    let mut known = KnownKey::default();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let Some((_, generation)) = Keyed::of_id(&id).filter(|(_, generation)| *generation > known.taken) else { continue };
        known.taken = generation;
        let recorded: Option<String> = row.get(1)?;
        let ended = row.get(3)?;
        let status: String = row.get(2)?;
        known.keyed = options::keyed(&Arc::from(id), recorded.as_deref()).map(|keyed| Keyed { end: end_of(Some(status), ended), ..keyed });
    }
    Ok(known)
}
