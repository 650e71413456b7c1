// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The file of facts.
//!
//! It holds what was folded up to a place of the journal, and which record stands before that place, so that a store that was put back or cut short is
//! told from the one that was followed. Nothing of it is worth a flush: it can be made anew.

use crate::store::making;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `PRAGMA user_version`: another number is another format, and the file is made anew.
const FORMAT: i64 = 4;

/// `PRAGMA application_id`: the letters `MAOF`.
const APPLICATION_ID: i64 = 0x4D41_4F46;

/// How long one connection waits for another: the writer's transactions are short.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const CREATE: &str = "
    CREATE TABLE state (
        store TEXT NOT NULL, position INTEGER NOT NULL, execution INTEGER, seq INTEGER, at INTEGER NOT NULL, key INTEGER NOT NULL, settled INTEGER NOT NULL,
        rolled INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE execution (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL, workflow INTEGER NOT NULL, version INTEGER NOT NULL, tenant INTEGER, status INTEGER NOT NULL,
        accepted INTEGER NOT NULL, started INTEGER, ended INTEGER, error INTEGER, failed_task TEXT,
        total INTEGER NOT NULL, completed INTEGER NOT NULL, failed INTEGER NOT NULL, skipped INTEGER NOT NULL, cancelled INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, reasoning INTEGER NOT NULL,
        cost INTEGER NOT NULL, calls INTEGER NOT NULL, requests INTEGER NOT NULL, unpriced INTEGER NOT NULL,
        parent TEXT, parent_path TEXT, forked_from TEXT, schedule TEXT, schedule_at INTEGER,
        waits INTEGER NOT NULL, timer INTEGER, waits_for TEXT, records INTEGER NOT NULL, bytes INTEGER NOT NULL, span INTEGER
    ) STRICT;
    CREATE INDEX execution_accepted ON execution (accepted);
    CREATE INDEX execution_id ON execution (id);
    CREATE INDEX execution_workflow ON execution (workflow, accepted);
    CREATE INDEX execution_version ON execution (workflow, version, accepted);
    CREATE INDEX execution_workflow_status ON execution (workflow, status, accepted);
    CREATE INDEX execution_ended ON execution (workflow, ended) WHERE ended IS NOT NULL;
    CREATE INDEX execution_span ON execution (workflow, span, accepted);
    CREATE INDEX execution_status ON execution (status, accepted);
    CREATE INDEX execution_tenant ON execution (tenant, accepted) WHERE tenant IS NOT NULL;
    CREATE INDEX execution_error ON execution (error, accepted) WHERE error IS NOT NULL;
    CREATE INDEX execution_signal ON execution (accepted) WHERE waits & 1;
    CREATE INDEX execution_agent ON execution (accepted) WHERE waits & 2;
    CREATE INDEX execution_timer ON execution (accepted) WHERE waits & 4;
    CREATE TABLE wait (
        kind INTEGER NOT NULL, name INTEGER NOT NULL, accepted INTEGER NOT NULL, execution INTEGER NOT NULL, PRIMARY KEY (kind, name, accepted, execution)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE task (
        execution INTEGER NOT NULL, instance INTEGER NOT NULL, task INTEGER NOT NULL, path TEXT, kind INTEGER NOT NULL, agent INTEGER,
        attempts INTEGER NOT NULL, interruptions INTEGER NOT NULL, ready INTEGER, ready_by INTEGER, start INTEGER, ended INTEGER NOT NULL,
        wait INTEGER NOT NULL, run INTEGER NOT NULL, outcome INTEGER NOT NULL, special INTEGER NOT NULL, error INTEGER, model INTEGER,
        input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, reasoning INTEGER NOT NULL,
        cost INTEGER NOT NULL, calls INTEGER NOT NULL, requests INTEGER NOT NULL, unpriced INTEGER NOT NULL,
        PRIMARY KEY (execution, instance)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rollup (
        subject INTEGER NOT NULL, workflow INTEGER NOT NULL, version INTEGER NOT NULL, name INTEGER NOT NULL, hour INTEGER NOT NULL,
        ended INTEGER NOT NULL, completed INTEGER NOT NULL, failed INTEGER NOT NULL, skipped INTEGER NOT NULL, cancelled INTEGER NOT NULL,
        attempts INTEGER NOT NULL, interruptions INTEGER NOT NULL, duration INTEGER NOT NULL, wait INTEGER NOT NULL, run INTEGER NOT NULL,
        input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, reasoning INTEGER NOT NULL,
        cost INTEGER NOT NULL, calls INTEGER NOT NULL, requests INTEGER NOT NULL, unpriced INTEGER NOT NULL,
        completed_cost INTEGER NOT NULL, completed_unpriced INTEGER NOT NULL, failed_cost INTEGER NOT NULL, failed_unpriced INTEGER NOT NULL,
        durations BLOB NOT NULL, waits BLOB NOT NULL,
        PRIMARY KEY (subject, workflow, version, name, hour)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE gone (hour INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE alert (name TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE anomaly (
        workflow INTEGER NOT NULL, ended INTEGER NOT NULL, execution INTEGER NOT NULL, instance INTEGER NOT NULL, measure INTEGER NOT NULL,
        value REAL NOT NULL, usual REAL NOT NULL, PRIMARY KEY (workflow, ended, execution, instance, measure)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX anomaly_execution ON anomaly (execution);
    CREATE TABLE failure (
        workflow INTEGER NOT NULL, ended INTEGER NOT NULL, execution INTEGER NOT NULL, instance INTEGER NOT NULL, print INTEGER NOT NULL,
        PRIMARY KEY (workflow, ended, execution, instance)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX failure_execution ON failure (execution);
";

/// Where the facts of a store are.
pub fn facts_of(store: &Path) -> PathBuf {
    beside(store, "-facts")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// How far facts have got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The id of the store they are of.
    pub(super) store: String,
    /// The position of the last record that was folded,
    pub(super) position: i64,
    /// and which that was: of which execution, with which number, and its instant.
    pub(super) last: Option<(i64, i64, i64)>,
    /// The number of the last execution that is known: some have no record yet.
    pub(super) key: i64,
    /// Up to this position, what hours whose journals are gone had of the journal is in their roll-ups.
    pub(super) settled: i64,
    /// Whether there are roll-ups of all that.
    pub(super) rolled: bool,
}

/// Opens the file for its one writer, and makes it anew if it is absent, damaged, of another format or of something else.
pub(super) fn open_for_writing(path: &Path, store: &Path, unflushed: bool) -> rusqlite::Result<Connection> {
    match open_existing(path, unflushed) {
        Ok(Some(connection)) => Ok(connection),
        Ok(None) => create(path, store, unflushed),
        Err(error) if is_damage(&error) => create(path, store, unflushed),
        Err(error) => Err(error),
    }
}

/// Whether an error says that the file is not what was written.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(error, rusqlite::Error::SqliteFailure(failure, _) if failure.code == ErrorCode::Unknown)
        || matches!(
            error,
            rusqlite::Error::QueryReturnedNoRows | rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..)
        )
}

fn open_existing(path: &Path, unflushed: bool) -> rusqlite::Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if !is_ours(&connection)? {
        return Ok(None);
    }
    prepare(&connection, unflushed)?;
    Ok(Some(connection))
}

fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    Ok((number("application_id")?, number("user_version")?) == (APPLICATION_ID, FORMAT))
}

fn prepare(connection: &Connection, unflushed: bool) -> rusqlite::Result<()> {
    // With NORMAL a power cut takes the latest commits back and never leaves half of one.
    let flush = if unflushed { "OFF" } else { "NORMAL" };
    connection.execute_batch(&format!(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = {flush}; PRAGMA wal_autocheckpoint = 2000;
         PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
         PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;"
    ))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn create(path: &Path, store: &Path, unflushed: bool) -> rusqlite::Result<Connection> {
    let io = |error: std::io::Error| {
        let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        rusqlite::Error::SqliteFailure(failure, Some(format!("`{}`: {error}", path.display())))
    };
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match std::fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
    }
    // Made by us and not by SQLite, so that its owner alone may read it, as the store's.
    making(store.metadata().ok().as_ref()).open(path).map_err(io)?;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    prepare(&connection, unflushed)?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {CREATE} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT;"
    ))?;
    Ok(connection)
}

/// A connection that reads facts while another writes them; `None` if there are none to be read.
pub(super) fn open_for_reading(path: &Path) -> rusqlite::Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(is_ours(&connection)?.then_some(connection))
}

/// How far the facts that a connection sees have got; `None` before the first.
pub(super) fn state(connection: &Connection) -> rusqlite::Result<Option<State>> {
    let mut statement = connection.prepare_cached("SELECT store, position, execution, seq, at, key, settled, rolled FROM state")?;
    let read = statement.query_row([], |row| {
        let (execution, seq): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
        let at: i64 = row.get(4)?;
        let last = execution.zip(seq).map(|(execution, seq)| (execution, seq, at));
        Ok(State { store: row.get(0)?, position: row.get(1)?, last, key: row.get(5)?, settled: row.get(6)?, rolled: row.get(7)? })
    });
    read.optional()
}

/// Says how far they have got.
pub(super) fn keep_state(connection: &Connection, state: &State) -> rusqlite::Result<()> {
    let (execution, seq, at) = state.last.map_or((None, None, 0), |(execution, seq, at)| (Some(execution), Some(seq), at));
    connection.prepare_cached("DELETE FROM state")?.execute([])?;
    connection.prepare_cached("INSERT INTO state VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
        state.store,
        state.position,
        execution,
        seq,
        at,
        state.key,
        state.settled,
        state.rolled
    ])?;
    Ok(())
}

/// Keeps the state of an alert, or forgets it: of all that is here, the one thing that is in no journal.
pub(super) fn keep_alert(connection: &Connection, name: &str, state: Option<&str>) -> rusqlite::Result<()> {
    match state {
        Some(state) => connection.prepare_cached("INSERT OR REPLACE INTO alert VALUES (?1, ?2)")?.execute([name, state])?,
        None => connection.prepare_cached("DELETE FROM alert WHERE name = ?1")?.execute([name])?,
    };
    Ok(())
}

/// The states of alerts, by their names.
pub(super) fn alerts(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached("SELECT name, state FROM alert ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
