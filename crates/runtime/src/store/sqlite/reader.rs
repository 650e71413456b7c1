// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions to the file, answered from a connection of their own: a reader never waits for the writer.

use super::{OpenError, schedules, schema};
use crate::store::{ReadError, StepRecord, StoredExecution, StoredSchedule, decode};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// A reading connection.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
}

/// Which executions a list holds; what is `None` does not matter.
#[derive(Debug, Default)]
pub struct ExecutionFilter {
    /// Of this workflow.
    pub workflow: Option<String>,
    /// In this state.
    pub status: Option<String>,
    /// Started at this instant or later.
    pub since: Option<Timestamp>,
    /// Started before this instant.
    pub until: Option<Timestamp>,
    /// At most this many.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A part of a list, newest first.
#[derive(Debug)]
pub struct Page {
    /// The executions.
    pub executions: Vec<StoredExecution>,
    /// Where the next page begins, if there is one.
    pub cursor: Option<String>,
}

const EXECUTION: &str = "SELECT e.key, e.id, d.body, e.context, e.default_timeout, e.options, e.started FROM execution e JOIN definition d ON d.hash = e.definition";

impl SqliteReader {
    /// Opens a store's file for reading; it must exist.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        schema::open_for_reading(path).map(|connection| Self { connection })
    }

    /// The execution with this id.
    pub fn execution(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        let found = self.connection.prepare_cached(&format!("{EXECUTION} WHERE e.id = ?1"))?.query_row([id], head).optional()?;
        found.map(|head| self.with_journal(head)).transpose()
    }

    /// Whether there is an execution with this id.
    pub(crate) fn has_execution(&self, id: &str) -> Result<bool, ReadError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM execution WHERE id = ?1")?.exists([id])?)
    }

    /// Every schedule, by id.
    pub fn schedules(&self) -> Result<Vec<StoredSchedule>, ReadError> {
        schedules::read(&self.connection)
    }

    /// Every execution that has not ended, oldest first.
    pub fn unended(&self) -> Result<Vec<StoredExecution>, ReadError> {
        let mut statement = self.connection.prepare_cached(&format!("{EXECUTION} WHERE e.ended IS NULL ORDER BY e.key"))?;
        let heads = statement.query_map([], head)?.collect::<Result<Vec<_>, _>>()?;
        heads.into_iter().map(|head| self.with_journal(head)).collect()
    }

    /// The largest key in use, 0 if there is none.
    pub fn last_key(&self) -> Result<i64, ReadError> {
        Ok(self.connection.query_row("SELECT coalesce(max(key), 0) FROM execution", [], |row| row.get(0))?)
    }

    /// A page of executions, newest first.
    pub fn list(&self, filter: &ExecutionFilter) -> Result<Page, ReadError> {
        let before = filter.cursor.as_deref().map(parse_cursor).transpose()?;
        let mut statement = self.connection.prepare_cached(&format!(
            "{EXECUTION} WHERE (?1 IS NULL OR e.workflow = ?1) AND (?2 IS NULL OR e.status = ?2) AND (?3 IS NULL OR e.started >= ?3)
             AND (?4 IS NULL OR e.started < ?4) AND (?5 IS NULL OR e.key < ?5) ORDER BY e.key DESC LIMIT ?6"
        ))?;
        let micros = |at: Option<Timestamp>| at.map(|at| at.micros().cast_signed());
        // One more than asked for tells whether there is a next page.
        let wanted =
            params![filter.workflow, filter.status, micros(filter.since), micros(filter.until), before, i64::from(filter.limit) + 1];
        let mut heads = statement.query_map(wanted, head)?.collect::<Result<Vec<_>, _>>()?;
        let more = heads.len() > filter.limit as usize;
        heads.truncate(filter.limit as usize);
        let cursor = heads.last().filter(|_| more).map(|last| last.key.to_string());
        let executions = heads.into_iter().map(|head| self.with_journal(head)).collect::<Result<_, _>>()?;
        Ok(Page { executions, cursor })
    }

    /// The records of one execution from the one with the number `from`, in order.
    pub(crate) fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError> {
        // Record by record, because the index begins with the sequence number; see `schema`.
        let mut statement = self.connection.prepare_cached("SELECT at, body FROM journal WHERE seq = ?1 AND execution = ?2")?;
        let mut records = Vec::new();
        for seq in from.cast_signed().. {
            let mut rows = statement.query([seq, key])?;
            let Some(row) = rows.next()? else { break };
            let at: i64 = row.get(0)?;
            let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let record = decode(body, key, seq.cast_unsigned(), Timestamp::from_micros(at.cast_unsigned()));
            records.push(record.map_err(|source| ReadError::Record { id: key.to_string(), seq, source })?);
        }
        Ok(records)
    }

    /// The output kept under `key`, if it may still be taken over.
    pub(crate) fn cached(&self, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
        let mut statement = self.connection.prepare_cached("SELECT output FROM cache WHERE key = ?1 AND until > ?2")?;
        let found: Option<String> = statement.query_row(params![key, now.micros().cast_signed()], |row| row.get(0)).optional()?;
        Ok(found.map(Into::into))
    }

    fn with_journal(&self, head: StoredExecution) -> Result<StoredExecution, ReadError> {
        let records = self.journal(head.key, 0).map_err(|error| {
            if let ReadError::Record { seq, source, .. } = error {
                return ReadError::Record { id: head.id.to_string(), seq, source };
            }
            error
        })?;
        Ok(StoredExecution { records, ..head })
    }
}

/// An execution without its journal.
fn head(row: &Row<'_>) -> rusqlite::Result<StoredExecution> {
    let id: String = row.get(1)?;
    let default_timeout: i64 = row.get(4)?;
    let accepted: i64 = row.get(6)?;
    Ok(StoredExecution {
        key: row.get(0)?,
        id: id.into(),
        definition: row.get(2)?,
        context: row.get(3)?,
        options: row.get(5)?,
        accepted: Timestamp::from_micros(accepted.cast_unsigned()),
        default_timeout: Duration::from_micros(default_timeout.cast_unsigned()),
        records: Vec::new(),
    })
}

fn parse_cursor(cursor: &str) -> Result<i64, ReadError> {
    cursor.parse().map_err(|_| ReadError::Cursor { cursor: cursor.to_owned() })
}
