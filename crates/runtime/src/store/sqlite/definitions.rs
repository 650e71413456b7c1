// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Definitions in the file: one for each text, however many executions run it, and none that nothing is of any more.
//!
//! ```text
//! something was deleted ─▶ the keeper reads which definitions are in use, up to the last execution there is ─▶ Unused
//!                          the writer takes the others out, but for those that a later execution is of      ◀──┘
//! ```
//! Nothing counts how many are of one, since every execution that begins would pay for it.

use engine::Plan;
use rusqlite::{Connection, Transaction, params};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Definitions that nothing was of.
#[derive(Debug)]
pub(super) struct Unused {
    /// The key of the last execution that was looked at.
    last: i64,
    hashes: Vec<String>,
}

/// Writes a definition, if it is not among those that are known to be in the file.
pub(super) fn define(transaction: &Transaction<'_>, known: &mut FxHashSet<Arc<str>>, plan: &Plan) -> rusqlite::Result<()> {
    if !known.contains(plan.definition_hash()) {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO definition (hash, body) VALUES (?1, ?2)")?
            .execute(params![&**plan.definition_hash(), &*plan.definition])?;
        // A transaction that fails ends this store, so remembering before the commit is safe.
        known.insert(Arc::clone(plan.definition_hash()));
    }
    Ok(())
}

/// Reads which definitions nothing is of; it ends as soon as all are known to be in use.
pub(super) fn unused(connection: &Connection) -> rusqlite::Result<Option<Unused>> {
    let snapshot = connection.unchecked_transaction()?;
    let last = snapshot.query_row("SELECT coalesce(max(key), 0) FROM execution", [], |row| row.get(0))?;
    let mut left: FxHashSet<String> =
        snapshot.prepare_cached("SELECT hash FROM definition")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for used in ["SELECT definition FROM schedule", "SELECT definition FROM execution ORDER BY key DESC"] {
        let mut statement = snapshot.prepare_cached(used)?;
        let mut rows = statement.query([])?;
        while !left.is_empty()
            && let Some(row) = rows.next()?
        {
            left.remove(row.get_ref(0)?.as_str()?);
        }
    }
    Ok(Some(Unused { last, hashes: left.into_iter().collect() }).filter(|unused| !unused.hashes.is_empty()))
}

/// Takes out what is still unused.
pub(super) fn forget(transaction: &Transaction<'_>, known: &mut FxHashSet<Arc<str>>, unused: &Unused) -> rusqlite::Result<()> {
    let mut delete = transaction.prepare_cached(
        "DELETE FROM definition WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM execution WHERE key > ?2 AND definition = ?1)
         AND NOT EXISTS (SELECT 1 FROM schedule WHERE definition = ?1)",
    )?;
    for hash in &unused.hashes {
        delete.execute(params![hash, unused.last])?;
        // Whatever comes of it: what is not known is written again if it is not there.
        known.remove(hash.as_str());
    }
    Ok(())
}
