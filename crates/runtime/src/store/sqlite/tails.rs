// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where journals end.
//!
//! ```text
//! execution.last ─▶ row ─▶ row.previous ─▶ … ─▶ the first, which has none
//! ```
//! The rows of a journal are linked, each to the one before it, so that finding them takes no index. An ended execution knows its last row and
//! how many there are. Of a live one that is in memory, and in the file as it was when it was last saved: what came after the mark, the position
//! in the journal that was its end then, is found by looking at those rows. Saving every [`SAVED_BYTES`] bounds how many there are.

use super::super::ReadError;
use super::bell::Bell;
use super::fault::is_of_one;
use rusqlite::{Connection, Row, Transaction, params};
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of records after which tails are saved: what opening looks at, after a crash or a close. Some ten thousand records, about 10 ms.
pub(super) const SAVED_BYTES: usize = 4 << 20;

/// Where one journal ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The position of its last row; `None` if there is none.
    pub(super) last: Option<i64>,
    /// How many rows it has.
    pub(super) records: u64,
    /// The checksum of its last row; 0 if it has none.
    pub(super) checksum: u64,
}

/// The tails of the journals of live executions, the same for whoever writes or reads the file in the process that has it.
#[derive(Debug, Default)]
pub(super) struct Tails {
    live: Mutex<FxHashMap<i64, Tail>>,
    /// Rung after each commit.
    pub(super) bell: Arc<Bell>,
    /// Whether none is saved any more.
    is_kept_back: AtomicBool,
}

/// What the file says of its tails.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) tails: Tails,
    /// Tails up to this position are saved.
    pub(super) mark: i64,
    /// The position of the last row of all that there ever were.
    pub(super) end: i64,
    /// Whether that row was deleted.
    pub(super) is_cut: bool,
}

impl Tails {
    /// As the file has them.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Loaded> {
        // One snapshot for all of it. Nothing is written, so that its end needs no commit.
        let snapshot = connection.unchecked_transaction()?;
        let mark = snapshot.query_row("SELECT position FROM mark", [], |row| row.get(0))?;
        let mut end = mark;
        let mut since = FxHashMap::<i64, Tail>::default();
        let mut statement =
            snapshot.prepare_cached("SELECT position, execution, seq, checksum FROM journal WHERE position > ?1 ORDER BY position")?;
        let mut rows = statement.query([mark])?;
        while let Some(row) = rows.next()? {
            end = row.get(0)?;
            let seq: i64 = row.get(2)?;
            since.insert(
                row.get(1)?,
                Tail { last: Some(end), records: seq.cast_unsigned() + 1, checksum: checksum(row, 3)?.unwrap_or_default() },
            );
        }
        let last: i64 = snapshot.query_row("SELECT coalesce(max(position), 0) FROM journal", [], |row| row.get(0))?;
        let mut tails = FxHashMap::default();
        let mut keys = snapshot.prepare_cached("SELECT key FROM execution WHERE ended IS NULL")?;
        let mut saved = snapshot.prepare_cached(
            "SELECT e.last, e.records, j.checksum FROM execution e LEFT JOIN journal j ON j.position = e.last WHERE e.key = ?1",
        )?;
        let mut rows = keys.query([])?;
        while let Some(row) = rows.next()? {
            let key = row.get(0)?;
            if let Some(tail) = since.remove(&key) {
                tails.insert(key, tail);
                continue;
            }
            let found = saved.query_row([key], |row| {
                let records: i64 = row.get(1)?;
                Ok(Tail { last: row.get(0)?, records: records.cast_unsigned(), checksum: checksum(row, 2)?.unwrap_or_default() })
            });
            match found {
                Ok(tail) => {
                    tails.insert(key, tail);
                }
                // Nothing of it runs: it is looked for where those are that have ended, and what asks for it is told.
                Err(error) if is_of_one(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Loaded { tails: Self { live: Mutex::new(tails), ..Self::default() }, mark, end, is_cut: last < end })
    }

    /// The tail of a live execution; `None` if it has ended, or has not begun.
    pub(super) fn get(&self, key: i64) -> Option<Tail> {
        self.lock().get(&key).copied()
    }

    /// An execution that has not ended cannot be read, so its tail cannot be saved; the mark stays behind it, and the tails of the others with it.
    pub(super) fn keep_back(&self) {
        self.is_kept_back.store(true, Ordering::Relaxed);
    }

    /// Whether tails are saved.
    pub(super) fn are_saved(&self) -> bool {
        !self.is_kept_back.load(Ordering::Relaxed)
    }

    /// Those that end after `mark`.
    pub(super) fn since(&self, mark: i64) -> Vec<(i64, Tail)> {
        let is_newer = |(_, tail): &(&i64, &Tail)| tail.last.is_some_and(|last| last > mark);
        self.lock().iter().filter(is_newer).map(|(key, tail)| (*key, *tail)).collect()
    }

    /// Commits, and from then on these are the tails; `None`: the execution has ended.
    pub(super) fn commit(&self, transaction: Transaction<'_>, changes: impl Iterator<Item = (i64, Option<Tail>)>) -> rusqlite::Result<()> {
        // Whoever has seen this commit in the file and asks for a tail waits until it is there.
        let mut tails = self.lock();
        transaction.commit()?;
        for (key, tail) in changes {
            match tail {
                Some(tail) => tails.insert(key, tail),
                None => tails.remove(&key),
            };
        }
        drop(tails);
        self.bell.ring();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<i64, Tail>> {
        // A writer that panicked has ended its store; readers find what it had committed.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tail of an execution that has ended, empty for one that has no records.
pub(super) fn ended(connection: &Connection, key: i64) -> Result<Tail, ReadError> {
    let mut statement = connection.prepare_cached("SELECT last, records FROM execution WHERE key = ?1")?;
    let mut rows = statement.query([key])?;
    let Some(row) = rows.next()? else { return Ok(Tail::default()) };
    let records: i64 = row.get(1)?;
    // Nothing is appended to it.
    Ok(Tail { last: row.get(0)?, records: records.cast_unsigned(), checksum: 0 })
}

/// The checksum in a column; `None` if there is none, as beside records of the first two versions.
pub(super) fn checksum(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(i64::cast_unsigned))
}

/// Writes tails into their executions.
pub(super) fn save(transaction: &Transaction<'_>, tails: &[(i64, Tail)], mark: i64) -> rusqlite::Result<()> {
    let mut update = transaction.prepare_cached("UPDATE execution SET last = ?2, records = ?3 WHERE key = ?1")?;
    for (key, tail) in tails {
        update.execute(params![key, tail.last, tail.records.cast_signed()])?;
    }
    transaction.prepare_cached("UPDATE mark SET position = ?1")?.execute([mark])?;
    Ok(())
}
