// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Records of a store become rows of its facts.
//!
//! One transaction holds what some slices gave and the place they led to, so that whoever reads facts sees a whole number of records, and whoever goes on
//! begins there. Executions that have not ended are in memory as far as they were followed; those that are not any more are read again from their
//! journals when a record of theirs comes.

use super::ahead::Ahead;
use super::book::{self, State};
use super::failures;
use super::live::{Live, Plans};
use super::names::Names;
use super::rows;
use super::watching::Watching;
use crate::clock::Stopwatch;
use crate::store::{Alert, Cursor, FollowedRecord, ReadError, SqliteReader, StepRecord};
use analytics::{ExecutionFacts, Fact, Rollup, Subject};
use rusqlite::{Connection, OptionalExtension as _};
use rustc_hash::{FxHashMap, FxHashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use stdx::Timestamp;

/// Records that are read at once, and about how many bytes.
const RECORDS_MAX: usize = 64;
const BYTES_MAX: u64 = 1 << 20;

/// Bytes of executions that have not ended, in memory, beyond which those that were used least lately go.
const LIVE_BYTES_MAX: u64 = 48 << 20;

/// Roll-ups that are kept in memory between two transactions.
const ROLLUPS_MAX: usize = 4096;

/// Executions that are taken in at once.
const HEADS: i64 = 64;

/// Executions that are looked up at once, when it is not known which are gone.
const KEYS: i64 = 2000;

/// Why folding stopped: nothing is lost, and it may be tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum FoldError {
    /// The facts could not be written.
    #[error("the facts could not be written: {0}")]
    Write(#[from] rusqlite::Error),
    /// The store could not be opened.
    #[error("{0}")]
    Open(String),
    /// The store could not be read.
    #[error("{0}")]
    Read(#[from] ReadError),
}

pub(super) struct Folding {
    reader: SqliteReader,
    /// Reads what comes next, where there is much.
    ahead: Option<Ahead>,
    connection: Connection,
    state: State,
    /// Whether a transaction is open.
    is_open: bool,
    names: Names,
    plans: Plans,
    live: FxHashMap<i64, Live>,
    /// Those of them whose rows are behind.
    dirty: Vec<i64>,
    weight: u64,
    looks: u64,
    rollups: FxHashMap<(u64, Subject), (Rollup, bool)>,
    /// Hours whose journals are gone, in part or in whole.
    gone: FxHashSet<u64>,
    /// Whether roll-ups are kept, and runs watched.
    rolls: bool,
    watching: Watching,
    facts: Vec<Fact>,
    /// Records since the last transaction.
    pub(super) pending: usize,
}

impl Folding {
    /// Goes on where facts have got to, from their beginning if that is not a place of this store. `connection` is the one that writes them.
    /// What ended before `since` is not news. `rolls`: whether roll-ups are kept. Those that lack something of the time before are made anew with the rows.
    pub(super) fn begin(reader: SqliteReader, connection: Connection, rolls: bool, since: Timestamp) -> Result<Self, FoldError> {
        let store = reader.id()?.unwrap_or_default();
        let known = book::state(&connection)?;
        let mut folding = Self {
            state: known.clone().unwrap_or_default(),
            reader,
            ahead: None,
            connection,
            is_open: false,
            names: Names::default(),
            plans: Plans::default(),
            live: FxHashMap::default(),
            dirty: Vec::new(),
            weight: 0,
            looks: 0,
            rollups: FxHashMap::default(),
            gone: FxHashSet::default(),
            rolls,
            watching: Watching::new(since),
            facts: Vec::new(),
            pending: 0,
        };
        match known {
            Some(known) if known.store == store && rolls && !known.rolled => folding.start_over(&State { store, ..State::default() })?,
            Some(known) if known.store == store && folding.is_followed(&known)? => folding.remove_gone()?,
            Some(known) if known.store == store => folding.start_over(&known)?,
            // Another store's hours are not ours either.
            _ => {
                folding.connection.execute_batch("DELETE FROM rollup; DELETE FROM gone;")?;
                folding.start_over(&State { store, ..State::default() })?;
            }
        }
        if !rolls {
            // They would be wrong by tomorrow; and what is deleted meanwhile is missed by nothing.
            folding.connection.execute_batch("DELETE FROM rollup; DELETE FROM gone;")?;
        }
        if folding.state.rolled != rolls {
            folding.state.rolled = rolls;
            book::keep_state(&folding.connection, &folding.state)?;
        }
        let mut statement = folding.connection.prepare("SELECT hour FROM gone")?;
        let hours = statement.query_map([], |row| row.get::<_, i64>(0))?;
        folding.gone = hours.map(|hour| hour.map(i64::cast_unsigned)).collect::<Result<_, _>>()?;
        drop(statement);
        Ok(folding)
    }

    /// The position of the last record that is folded, and the number of the last execution that is known.
    pub(super) fn place(&self) -> (i64, i64) {
        (self.state.position, self.state.key)
    }

    /// Whether the store has, at that place, what was followed there.
    fn is_followed(&self, known: &State) -> Result<bool, ReadError> {
        let Some(last) = known.last else { return Ok(known.position == 0) };
        let end = self.reader.end()?.position()?;
        // The row itself may be gone with its execution.
        Ok(end >= known.position && self.reader.before(&Cursor::at(known.position))?.is_none_or(|found| found == last))
    }

    /// Forgets all rows. Roll-ups of hours whose journals are gone stay: nothing could make them anew.
    fn start_over(&mut self, known: &State) -> rusqlite::Result<()> {
        self.connection.execute_batch(
            "BEGIN IMMEDIATE; DELETE FROM execution; DELETE FROM wait; DELETE FROM task; DELETE FROM anomaly; DELETE FROM failure; DELETE FROM rollup WHERE hour NOT IN (SELECT hour FROM gone);",
        )?;
        self.state = State { store: known.store.clone(), settled: known.settled.max(known.position), ..State::default() };
        book::keep_state(&self.connection, &self.state)?;
        self.connection.execute_batch("COMMIT")
    }

    /// Removes the rows of executions that were deleted while nobody told this.
    fn remove_gone(&mut self) -> Result<(), FoldError> {
        let (known, last): (i64, i64) =
            self.connection.query_row("SELECT count(*), coalesce(max(key), 0) FROM execution", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if known == self.reader.count(self.state.key)? {
            return Ok(());
        }
        let mut first = 0;
        while first < last {
            let there: FxHashSet<i64> = self.reader.keys(first + 1, first + KEYS)?.into_iter().collect();
            let mut statement = self.connection.prepare_cached("SELECT key FROM execution WHERE key BETWEEN ?1 AND ?2")?;
            let rows = statement.query_map([first + 1, first + KEYS], |row| row.get::<_, i64>(0))?;
            let gone: Vec<i64> = rows.filter(|key| key.as_ref().map_or(true, |key| !there.contains(key))).collect::<Result<_, _>>()?;
            drop(statement);
            self.forget(&gone)?;
            first += KEYS;
        }
        self.flush()
    }

    /// Forgets executions that were deleted. Their hours keep what they had.
    pub(super) fn forget(&mut self, keys: &[i64]) -> rusqlite::Result<()> {
        for key in keys {
            self.transact()?;
            rows::remove(&self.connection, *key)?;
            if let Some(live) = self.live.remove(key) {
                self.weight -= live.weight();
            }
        }
        if !keys.is_empty() {
            let mut statement = self.connection.prepare_cached("SELECT hour FROM gone")?;
            let hours = statement.query_map([], |row| row.get::<_, i64>(0))?;
            self.gone = hours.map(|hour| hour.map(i64::cast_unsigned)).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// From now on records are read on another thread, if there are more than so many, as long as there are any.
    pub(super) fn read_ahead(&mut self, records: i64) -> Result<(), ReadError> {
        if self.ahead.is_none() && self.reader.end()?.position()? - self.state.position > records {
            self.ahead = Ahead::begin(&self.reader, self.state.position);
        }
        Ok(())
    }

    /// From now on they are read on this one.
    pub(super) fn read_alone(&mut self) {
        self.ahead = None;
    }

    /// Keeps the state of an alert, or forgets it.
    pub(super) fn keep_alert(&mut self, name: &str, state: Option<&str>) -> rusqlite::Result<()> {
        self.transact()?;
        book::keep_alert(&self.connection, name, state)
    }

    /// What people are to be told, now that all is folded.
    pub(super) fn news(&mut self) -> rusqlite::Result<Vec<Alert>> {
        self.watching.news(&self.connection)
    }

    /// Folds for about so long; whether there may be more.
    pub(super) fn slice(&mut self, time: Duration) -> Result<bool, FoldError> {
        let begun = Stopwatch::default();
        while self.page(RECORDS_MAX)? {
            if begun.elapsed() >= time {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Folds so many records at most; whether there may be more.
    pub(super) fn page(&mut self, records_max: usize) -> Result<bool, FoldError> {
        let followed = match self.ahead.as_ref().and_then(Ahead::next) {
            Some(page) => page?,
            None => self.reader.followed(&Cursor::at(self.state.position), records_max, BYTES_MAX, false)?,
        };
        if followed.records.is_empty() {
            self.ahead = None;
            // Some executions have no record before there is room for them to begin.
            return self.admit(i64::MAX);
        }
        self.transact()?;
        // Positions are given without gaps but for what was deleted; within a page only the last is needed.
        let end = followed.cursor.position()?;
        for one in followed.records {
            self.take(one, end)?;
        }
        self.state.position = end;
        Ok(true)
    }

    fn take(&mut self, one: FollowedRecord, end: i64) -> Result<(), FoldError> {
        self.pending += 1;
        self.facts.clear();
        let key = one.key;
        if key > self.state.key {
            while self.admit(key)? {}
        }
        let Some(mut live) = self.look(key, one.record.as_ref().map_or(0, |record| record.seq))? else { return Ok(()) };
        let readable = one.record.is_ok();
        if let Ok(mut record) = one.record {
            record.drop_values();
            self.state.last = Some((key, record.seq.cast_signed(), record.at.micros().cast_signed()));
            self.step(&mut live, &record, one.bytes, end)?;
        }
        if !readable {
            live.fold = None;
        }
        let ended = self.facts.iter().find_map(|fact| if let Fact::End(end) = fact { Some(end.clone()) } else { None });
        if let Some(facts) = ended {
            self.write(key, &mut live, &facts)?;
        } else {
            if !std::mem::replace(&mut live.dirty, true) {
                self.dirty.push(key);
            }
            self.weight += live.weight();
            self.live.insert(key, live);
        }
        Ok(())
    }

    /// Takes in executions up to the one with this number, some of them; whether there may be more.
    fn admit(&mut self, last: i64) -> Result<bool, FoldError> {
        let heads = self.reader.heads(self.state.key, last, HEADS)?;
        if heads.is_empty() {
            self.state.key = self.state.key.max(if last == i64::MAX { 0 } else { last });
            return Ok(false);
        }
        self.transact()?;
        let more = heads.len() == usize::try_from(HEADS).unwrap_or(usize::MAX);
        for (key, head) in heads {
            let mut live = Live::begin(&self.reader, &mut self.plans, head)?;
            live.used = self.looks;
            self.weight += live.weight();
            self.live.insert(key, live);
            self.dirty.push(key);
            self.state.key = key;
        }
        Ok(more)
    }

    /// The execution of a record with this number, as it was before that.
    fn look(&mut self, key: i64, seq: u64) -> Result<Option<Live>, FoldError> {
        self.looks += 1;
        let looks = self.looks;
        if let Some(mut live) = self.live.remove(&key) {
            self.weight -= live.weight().min(self.weight);
            live.used = looks;
            return Ok(Some(live));
        }
        // Deleted between two looks.
        let Some(head) = self.reader.head(key)? else { return Ok(None) };
        let mut live = Live::begin(&self.reader, &mut self.plans, head)?;
        live.used = looks;
        live.dirty = false;
        if seq > 0 {
            self.take_up(key, &mut live, seq)?;
        }
        Ok(Some(live))
    }

    fn take_up(&mut self, key: i64, live: &mut Live, seq: u64) -> Result<(), FoldError> {
        let mut known = self.connection.prepare_cached("SELECT bytes FROM execution WHERE key = ?1")?;
        let bytes: i64 = known.query_row([key], |row| row.get(0)).optional()?.unwrap_or(0);
        drop(known);
        let records = match self.reader.first(key, seq) {
            Ok(records) if records.len() as u64 == seq => records,
            Err(error @ ReadError::Sqlite(_)) => return Err(error.into()),
            Ok(_) | Err(_) => {
                live.fold = None;
                return Ok(());
            }
        };
        live.fold = live.fold.take().and_then(|mut fold| {
            let events = records.iter().map(|record| (record.at, &*record.events));
            contained(|| fold.take_up(events, bytes.cast_unsigned())).map(|()| fold)
        });
        live.waits = live.fold.as_ref().map(|fold| fold.facts().waits).unwrap_or_default();
        live.note_version();
        Ok(())
    }

    fn step(&mut self, live: &mut Live, record: &StepRecord, bytes: u64, end: i64) -> Result<(), FoldError> {
        self.facts.clear();
        let Some(mut fold) = live.fold.take().filter(|fold| fold.records() == record.seq) else { return Ok(()) };
        let mut facts = std::mem::take(&mut self.facts);
        let whole = contained(|| fold.step(record.at, &record.events, bytes, &mut facts));
        self.facts = facts;
        // One that cannot be followed has no facts beyond those it had.
        if whole.is_none() {
            self.facts.clear();
            return Ok(());
        }
        live.fold = Some(fold);
        live.note_version();
        let facts = std::mem::take(&mut self.facts);
        let of = (&live.begun.workflow, &live.begun.version);
        if self.rolls && !facts.is_empty() {
            self.watching.take_up(&self.connection, of.0, of.1)?;
        }
        for fact in &facts {
            match fact {
                Fact::Task(task) => {
                    rows::write_task(&self.connection, &mut self.names, record.key, task)?;
                    self.watching.look(&live.begun.id, &live.begun.workflow, task);
                    failures::write(&self.connection, &mut self.names, record.key, of.0, task)?;
                }
                Fact::Call(call) if call.late.is_some() => rows::add_late_call(&self.connection, record.key, call)?,
                Fact::Call(_) | Fact::End(_) => {}
            }
            if self.rolls {
                self.roll_up(live, fact, end)?;
                self.watching.observe(&self.connection, &mut self.names, record.key, of, fact)?;
            }
        }
        self.facts = facts;
        Ok(())
    }

    fn roll_up(&mut self, live: &Live, fact: &Fact, end: i64) -> rusqlite::Result<()> {
        let Self { rollups, gone, state, connection, names, .. } = self;
        let mut outcome = Ok(());
        analytics::rolled(&live.begun.workflow, &live.begun.version, fact, |hour, subject, add| {
            // It is in there already.
            if end <= state.settled && gone.contains(&hour) {
                return;
            }
            let entry = rollups.entry((hour, subject));
            let (rollup, dirty) = match entry {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => match rows::read_rollup(connection, names, &entry.key().1, hour) {
                    Ok(rollup) => entry.insert((rollup, false)),
                    Err(error) => return outcome = Err(error),
                },
            };
            add(rollup);
            *dirty = true;
        });
        outcome
    }

    fn write(&mut self, key: i64, live: &mut Live, facts: &ExecutionFacts) -> rusqlite::Result<()> {
        let damaged = live.fold.is_none();
        rows::write_execution(&self.connection, &mut self.names, key, &live.begun, facts, damaged)?;
        rows::write_waits(&self.connection, &mut self.names, key, live.begun.accepted, &live.waits, &facts.waits)?;
        live.waits = facts.waits.clone();
        live.dirty = false;
        Ok(())
    }

    fn transact(&mut self) -> rusqlite::Result<()> {
        if !self.is_open {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Ends the transaction: from now on readers see what was folded.
    pub(super) fn flush(&mut self) -> Result<(), FoldError> {
        if !self.is_open {
            return Ok(());
        }
        for key in std::mem::take(&mut self.dirty) {
            let Some(mut live) = self.live.remove(&key) else { continue };
            let facts = live.fold.as_ref().map(analytics::Fold::facts).unwrap_or_default();
            if live.fold.is_some() || !self.mark_damaged(key)? {
                self.write(key, &mut live, &facts)?;
            }
            live.dirty = false;
            self.live.insert(key, live);
        }
        for ((hour, subject), (rollup, dirty)) in &mut self.rollups {
            if std::mem::take(dirty) {
                rows::write_rollup(&self.connection, &mut self.names, subject, *hour, rollup)?;
            }
        }
        book::keep_state(&self.connection, &self.state)?;
        self.connection.execute_batch("COMMIT")?;
        self.is_open = false;
        self.pending = 0;
        if self.rollups.len() > ROLLUPS_MAX {
            self.rollups.clear();
        }
        self.make_room();
        Ok(())
    }

    /// Keeps what is known of an execution that cannot be read any more; whether anything was.
    fn mark_damaged(&self, key: i64) -> rusqlite::Result<bool> {
        let mut update =
            self.connection.prepare_cached("UPDATE execution SET status = ?2, waits = 0, timer = NULL, waits_for = NULL WHERE key = ?1")?;
        Ok(update.execute([key, rows::DAMAGED])? > 0)
    }

    /// Lets go of what was used least lately, down to a half, so that this is seldom. All rows are up to date.
    fn make_room(&mut self) {
        if self.weight <= LIVE_BYTES_MAX {
            return;
        }
        let mut by_use: Vec<(u64, i64)> = self.live.iter().map(|(key, live)| (live.used, *key)).collect();
        by_use.sort_unstable();
        // The one that goes on is not read again from its beginning for each of its records, however large it is.
        by_use.pop();
        for (_, key) in by_use {
            if self.weight <= LIVE_BYTES_MAX / 2 {
                break;
            }
            if let Some(live) = self.live.remove(&key) {
                self.weight -= live.weight().min(self.weight);
            }
        }
    }

    /// Removes the roll-ups of hours that ended before an instant.
    pub(super) fn drop_rollups_before(&mut self, at: Timestamp) -> rusqlite::Result<()> {
        let hour = analytics::hour_of(at).cast_signed();
        self.transact()?;
        self.connection.prepare_cached("DELETE FROM rollup WHERE hour < ?1")?.execute([hour])?;
        self.connection.prepare_cached("DELETE FROM gone WHERE hour < ?1")?.execute([hour])?;
        self.rollups.retain(|(of, _), _| *of >= hour.cast_unsigned());
        Ok(())
    }
}

/// A journal that is not of its definition breaks the machine, and nothing else.
fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
