// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The writing end of the journal: where the next row goes, and what it is linked to.

use super::tails::{self, Loaded, SAVED_BYTES, Tail, Tails};
use super::values;
use crate::store::{CommitError, StepRecord, checksum, encode_apart, end_name, refer};
use engine::Event;
use rusqlite::{Connection, Transaction, params};
use rustc_hash::FxHashMap;
use std::sync::Arc;

const INSERT: &str = "INSERT INTO journal (execution, seq, previous, at, body, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// The same, at a position that `SQLite` would not choose, since the row before it was deleted.
const INSERT_NEXT: &str =
    "INSERT INTO journal (execution, seq, previous, at, body, checksum, position) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// See [`Journal::state`].
pub(super) struct State {
    end: i64,
    is_cut: bool,
    mark: i64,
    unsaved: usize,
}

pub(super) struct Journal {
    tails: Arc<Tails>,
    /// The position of the last row of all that there ever were.
    end: i64,
    /// Whether that row was deleted: the next one is given its position.
    is_cut: bool,
    /// Tails up to this position are saved.
    mark: i64,
    /// Bytes of records since they were.
    unsaved: usize,
    /// What the unit being written does to tails; `None`: the execution has ended.
    changes: FxHashMap<i64, Option<Tail>>,
    text: String,
    /// Whether records have checksums: always, but where a benchmark measures what they cost.
    checks: bool,
}

impl Journal {
    /// Goes on at the end of what is in the file.
    pub(super) fn open(connection: &Connection) -> rusqlite::Result<Self> {
        let Loaded { tails, mark, end, is_cut } = Tails::load(connection)?;
        // The first unit saves what was loaded, so that a process that ends early, again and again, leaves no more and more to look at.
        let (changes, text) = (FxHashMap::default(), String::new());
        Ok(Self { tails: Arc::new(tails), end, is_cut, mark, unsaved: SAVED_BYTES, changes, text, checks: checks() })
    }

    /// Where journals end, for whoever reads them.
    pub(super) fn tails(&self) -> Arc<Tails> {
        Arc::clone(&self.tails)
    }

    /// The position of the last row that was appended.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    /// Begins a unit: what was committed before it is saved if it is time to.
    pub(super) fn begin(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        if self.unsaved >= SAVED_BYTES && self.tails.are_saved() {
            tails::save(transaction, &self.tails.since(self.mark), self.end)?;
            // A transaction that fails ends this store, so changing this before the commit is safe, here and below.
            (self.mark, self.unsaved) = (self.end, 0);
        }
        Ok(())
    }

    /// The row at this position is about to be deleted. The last one is where the next goes, so that is written down first.
    pub(super) fn deletes(&mut self, transaction: &Transaction<'_>, position: i64) -> rusqlite::Result<()> {
        if position == self.end && !self.is_cut {
            tails::save(transaction, &self.tails.since(self.mark), self.end)?;
            (self.mark, self.unsaved, self.is_cut) = (self.end, 0, true);
        }
        Ok(())
    }

    /// An execution that has not ended is about to be deleted; the position of its last row.
    pub(super) fn discards(&mut self, key: i64) -> Option<i64> {
        self.changes.insert(key, None);
        self.tails.get(key)?.last
    }

    /// Appends records; how many bytes they are.
    pub(super) fn append<'a>(
        &mut self,
        transaction: &Transaction<'_>,
        records: impl Iterator<Item = &'a StepRecord>,
    ) -> Result<usize, CommitError> {
        let mut insert = transaction.prepare_cached(INSERT)?;
        let mut bytes = 0;
        for record in records {
            let change = self.changes.entry(record.key).or_insert_with(|| Some(self.tails.get(record.key).unwrap_or_default()));
            let Some(tail) = change.as_mut().filter(|tail| tail.records == record.seq) else { return Err(out_of_order(record)) };
            self.text.clear();
            let mut apart = Vec::new();
            encode_apart(record, &mut self.text, &mut apart);
            refer(&mut self.text, &apart, |value| values::keep(transaction, record.key, value))?;
            bytes += self.text.len();
            let (seq, at) = (record.seq.cast_signed(), record.at.micros().cast_signed());
            let checksum = if self.checks { checksum(tail.checksum, &self.text, record.key, record.seq, record.at) } else { 0 };
            // SQLite chooses the position, since appending takes it no search then; another one than the next: somebody else has appended too.
            let position = if std::mem::take(&mut self.is_cut) {
                let row = params![record.key, seq, tail.last, at, &*self.text, checksum.cast_signed(), self.end + 1];
                transaction.prepare_cached(INSERT_NEXT)?.insert(row)?
            } else {
                insert.insert(params![record.key, seq, tail.last, at, &*self.text, checksum.cast_signed()])?
            };
            if position != self.end + 1 {
                return Err(out_of_order(record));
            }
            self.end = position;
            *tail = Tail { last: Some(self.end), records: record.seq + 1, checksum };
            // The end of an execution is the last event of its last record.
            if let Some(Event::ExecutionEnded { end }) = record.events.last() {
                transaction
                    .prepare_cached("UPDATE execution SET status = ?2, ended = ?3, last = ?4, records = ?5 WHERE key = ?1")?
                    .execute(params![record.key, end_name(end), at, tail.last, tail.records.cast_signed()])?;
                *change = None;
            }
        }
        self.unsaved += bytes;
        Ok(bytes)
    }

    /// What a unit changes beside tails.
    pub(super) fn state(&self) -> State {
        State { end: self.end, is_cut: self.is_cut, mark: self.mark, unsaved: self.unsaved }
    }

    /// The unit was rolled back: nothing of it has happened.
    pub(super) fn restore(&mut self, State { end, is_cut, mark, unsaved }: State) {
        (self.end, self.is_cut, self.mark, self.unsaved) = (end, is_cut, mark, unsaved);
        self.changes.clear();
    }

    /// Commits the unit.
    pub(super) fn commit(&mut self, transaction: Transaction<'_>) -> rusqlite::Result<()> {
        self.tails.commit(transaction, self.changes.drain())
    }
}

fn out_of_order(record: &StepRecord) -> CommitError {
    CommitError::OutOfOrder { key: record.key, seq: record.seq }
}

#[cfg(not(feature = "bench"))]
const fn checks() -> bool {
    true
}

#[cfg(feature = "bench")]
fn checks() -> bool {
    !std::env::var("MAO_BENCH_LEAVE_OUT").is_ok_and(|left_out| left_out.split(',').any(|field| field == "checksum"))
}
