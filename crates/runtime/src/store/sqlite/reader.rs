// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions to the file, answered from a connection of their own: a reader never waits for the writer.

mod facts;

pub use facts::Head;

use super::tails::{self, Tail, Tails, checksum};
use super::{OpenError, cache, expendable, keys, schedules, schema};
use crate::store::{
    Archive, Cursor, Expendable, ExpendablePage, Followed, FollowedRecord, KnownKey, ReadError, RecordError, StepRecord, StoredExecution,
    StoredSchedule, Tree, Unproved,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// A reading connection.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
    path: PathBuf,
    /// The writer's, in the process that has the file. Anybody else looks for them in the file, for each question anew.
    tails: Option<Arc<Tails>>,
    /// Whether nothing is flushed: the last connection that is closed moves the log.
    unflushed: bool,
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

/// A row of the journal, by its position.
const ROW: &str = "SELECT execution, seq, previous, at, body, checksum FROM journal WHERE position = ?1";

/// The same after a position, with the id of the execution, the position, and the checksum of the record before.
const FOLLOWED: &str = "SELECT j.execution, j.seq, j.previous, j.at, j.body, j.checksum, e.id, j.position, b.checksum
    FROM journal j JOIN execution e ON e.key = j.execution LEFT JOIN journal b ON b.position = j.previous
    WHERE j.position > ?1 ORDER BY j.position LIMIT ?2";

impl SqliteReader {
    /// Opens a store's file for reading; it must exist. [`super::SqliteStore::reader`] answers faster while executions are live.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { connection: schema::open_for_reading(path, false)?, path: path.to_owned(), tails: None, unflushed: false })
    }

    /// Opens it beside the writer, in its process.
    pub(super) fn beside(path: &Path, tails: Arc<Tails>, unflushed: bool) -> Result<Self, OpenError> {
        Ok(Self { connection: schema::open_for_reading(path, unflushed)?, path: path.to_owned(), tails: Some(tails), unflushed })
    }

    /// Another reader of the same file, for another thread.
    pub(crate) fn beside_it(&self) -> Result<Self, OpenError> {
        let connection = schema::open_for_reading(&self.path, self.unflushed)?;
        Ok(Self { connection, path: self.path.clone(), tails: self.tails.clone(), unflushed: self.unflushed })
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Every schedule, by id.
    pub fn schedules(&self) -> Result<Vec<StoredSchedule>, ReadError> {
        schedules::read(&self.connection)
    }

    /// Every execution that has not ended, oldest first.
    pub fn unended(&self) -> Result<Vec<StoredExecution>, ReadError> {
        let mut statement = self.connection.prepare_cached(&format!("{EXECUTION} WHERE e.ended IS NULL ORDER BY e.key"))?;
        let heads = statement.query_map([], head)?.collect::<Result<Vec<_>, _>>()?;
        let tails = self.tails()?;
        heads.into_iter().map(|head| self.with_journal(head, &tails)).collect()
    }

    /// The largest key that was ever given, 0 if none was.
    pub fn last_key(&self) -> Result<i64, ReadError> {
        Ok(self.connection.query_row(
            "SELECT max((SELECT coalesce(max(key), 0) FROM execution), (SELECT coalesce(max(key), 0) FROM deleted))",
            [],
            |row| row.get(0),
        )?)
    }

    /// Asked for after an execution was found: a tail that is not there any more is then one of an execution that has ended.
    fn tails(&self) -> Result<Arc<Tails>, ReadError> {
        self.tails.clone().map_or_else(|| Ok(Arc::new(Tails::load(&self.connection)?.tails)), Ok)
    }

    fn with_journal(&self, head: StoredExecution, tails: &Tails) -> Result<StoredExecution, ReadError> {
        let records = self.records(head.key, &head.id, 0, tails)?;
        Ok(StoredExecution { records, ..head })
    }

    /// The same; `None` if it was deleted meanwhile, and with it rows of its journal.
    fn with_journal_if_there(&self, head: StoredExecution, tails: &Tails) -> Result<Option<StoredExecution>, ReadError> {
        let key = head.key;
        match self.with_journal(head, tails) {
            Err(ReadError::Record { .. }) if !self.is_there(key)? => Ok(None),
            read => read.map(Some),
        }
    }

    fn is_there(&self, key: i64) -> Result<bool, ReadError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM execution WHERE key = ?1")?.exists([key])?)
    }

    /// From the last to the one with the number `from`, each where the one after it says, and each as the one before it proves it.
    fn records(&self, key: i64, id: &str, from: u64, tails: &Tails) -> Result<Vec<StepRecord>, ReadError> {
        let Tail { last, records: count, .. } = tails.get(key).map_or_else(|| tails::ended(&self.connection, key), Ok)?;
        let mut statement = self.connection.prepare_cached(ROW)?;
        let failed = |seq: u64, source| ReadError::Record { id: id.to_owned(), seq: seq.cast_signed(), source };
        let mut next = last;
        let mut records = Vec::new();
        let mut unproved: Option<(u64, Unproved)> = None;
        for seq in (from..count).rev() {
            let misplaced = || failed(seq, RecordError::Misplaced { position: next.unwrap_or_default() });
            let mut rows = statement.query([next])?;
            let row = rows.next()?.ok_or_else(misplaced)?;
            let StoredRow { place, previous, record } = stored_row(row).ok_or_else(|| failed(seq, RecordError::Checksum))?;
            // Whatever is wrong with the links, an answer with fewer records would be worse than none.
            if place != (key, seq.cast_signed()) || previous.is_some() != (seq > 0) {
                return Err(misplaced());
            }
            let checksum = record.checksum();
            if let Some((seq, after)) = unproved.replace((seq, record)) {
                records.push(after.after(checksum).map_err(|source| failed(seq, source))?);
            }
            next = previous;
        }
        if let Some((seq, first)) = unproved {
            let before = next.map_or(Ok(0), |position| self.checksum_at(position))?;
            records.push(first.after(before).map_err(|source| failed(seq, source))?);
        }
        records.reverse();
        Ok(records)
    }

    /// The checksum at a position; 0 where there is none.
    fn checksum_at(&self, position: i64) -> Result<u64, ReadError> {
        let mut statement = self.connection.prepare_cached("SELECT checksum FROM journal WHERE position = ?1")?;
        Ok(statement.query_row([position], |row| checksum(row, 0)).optional()?.flatten().unwrap_or_default())
    }
}

impl Archive for SqliteReader {
    fn another(&self) -> Result<Box<dyn Archive>, OpenError> {
        Ok(Box::new(self.beside_it()?))
    }

    fn execution(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        let found = self.connection.prepare_cached(&format!("{EXECUTION} WHERE e.id = ?1"))?.query_row([id], head).optional()?;
        found.map_or(Ok(None), |head| self.with_journal_if_there(head, &*self.tails()?))
    }

    fn has_execution(&self, id: &str) -> Result<bool, ReadError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM execution WHERE id = ?1")?.exists([id])?)
    }

    fn list(&self, filter: &ExecutionFilter) -> Result<Page, ReadError> {
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
        let tails = self.tails()?;
        let executions =
            heads.into_iter().filter_map(|head| self.with_journal_if_there(head, &tails).transpose()).collect::<Result<_, _>>()?;
        Ok(Page { executions, cursor })
    }

    fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError> {
        match self.records(key, &key.to_string(), from, &*self.tails()?) {
            // It was deleted meanwhile.
            Err(ReadError::Record { .. }) if !self.is_there(key)? => Ok(Vec::new()),
            read => read,
        }
    }

    fn cached(&self, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
        cache::read(&self.connection, key, now)
    }

    fn keyed(&self, hash: &str) -> Result<KnownKey, ReadError> {
        keys::read(&self.connection, hash)
    }

    fn expendable(&self, asked: &Expendable) -> Result<ExpendablePage, ReadError> {
        expendable::page(&self.connection, asked)
    }

    fn tree(&self, id: &str, now: Timestamp) -> Result<Option<Tree>, ReadError> {
        expendable::tree(&self.connection, id, now)
    }

    fn follow(&self, cursor: &Cursor, limit: usize) -> Result<Followed, ReadError> {
        self.followed(cursor, limit, u64::MAX)
    }

    fn file(&self) -> Result<Option<SqliteReader>, OpenError> {
        self.beside_it().map(Some)
    }
}

impl SqliteReader {
    /// [`Archive::follow`], at most about so many bytes. The position of a row is its place: positions are given in the order of commits.
    pub(crate) fn followed(&self, cursor: &Cursor, limit: usize, bytes_max: u64) -> Result<Followed, ReadError> {
        let after = cursor.position()?;
        let mut statement = self.connection.prepare_cached(FOLLOWED)?;
        let mut rows = statement.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
        let (mut records, mut end, mut taken) = (Vec::new(), after, 0);
        while taken < bytes_max
            && let Some(row) = rows.next()?
        {
            let (id, position): (String, i64) = (row.get(6)?, row.get(7)?);
            let before = checksum(row, 8)?.unwrap_or_default();
            let (key, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
            let bytes = row.get_ref(4)?.as_bytes_or_null().ok().flatten().map_or(0, |body| body.len() as u64);
            let record = stored_row(row).ok_or(RecordError::Checksum).and_then(|row| row.record.after(before));
            let record = record.map_err(|source| ReadError::Record { id: id.clone(), seq, source });
            taken += bytes;
            end = position;
            records.push(FollowedRecord { id: id.into(), key, bytes, record });
        }
        if records.is_empty()
            && after
                > self.connection.query_row(
                    "SELECT max(position, (SELECT coalesce(max(position), 0) FROM journal)) FROM mark",
                    [],
                    |row| row.get(0),
                )?
        {
            return Err(cursor.refused());
        }
        Ok(Followed { records, cursor: Cursor::at(end) })
    }
}

/// A row of the journal.
struct StoredRow {
    /// Whose, and its number there.
    place: (i64, i64),
    /// The position of the one before it.
    previous: Option<i64>,
    record: Unproved,
}

/// What a row with the columns of [`ROW`] holds; `None` if it is not of their types.
fn stored_row(row: &Row<'_>) -> Option<StoredRow> {
    let read = || -> rusqlite::Result<StoredRow> {
        let (key, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        let at = Timestamp::from_micros(row.get::<_, i64>(3)?.cast_unsigned());
        let body = row.get_ref(4)?.as_str()?;
        let record = Unproved::read(body, checksum(row, 5)?, key, seq.cast_unsigned(), at);
        Ok(StoredRow { place: (key, seq), previous: row.get(2)?, record })
    };
    read().ok()
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
        context: value(row, 3)?,
        options: row.get(5)?,
        accepted: Timestamp::from_micros(accepted.cast_unsigned()),
        default_timeout: Duration::from_micros(default_timeout.cast_unsigned()),
        records: Vec::new(),
    })
}

/// A value as JSON text; see [`decode`].
pub(super) fn value(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.map(|text| stdx::well_formed_json(&text).into_owned()))
}

fn parse_cursor(cursor: &str) -> Result<i64, ReadError> {
    cursor.parse().map_err(|_| ReadError::Cursor { cursor: cursor.to_owned() })
}
