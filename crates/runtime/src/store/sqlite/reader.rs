// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions to the file, answered from a connection of their own: a reader never waits for the writer.

mod facts;

pub use facts::Head;

use super::listing::{ExecutionFilter, Page};
use super::tails::{self, Tail, Tails, checksum};
use super::{OpenError, cache, expendable, heads, keys, schedules, schema, values};
use crate::store::record::Values;
use crate::store::{
    Archive, Cursor, Damaged, Expendable, ExpendablePage, Followed, FollowedRecord, KnownKey, Left, Parts, ReadError, ReadSchedules,
    RecordError, StepRecord, StoredExecution, Tree, Unproved,
};
use crate::{Error, report};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Whether outputs that may be taken over were found damaged: none is kept any more, since what is damaged cannot be written over.
    pub(super) is_cache_damaged: Arc<AtomicBool>,
}

/// Bytes of records beyond which a part of a journal has no further one.
const PART_BYTES: usize = 1 << 20;

/// A row of the journal, by its position.
const ROW: &str = "SELECT execution, seq, previous, at, body, checksum FROM journal WHERE position = ?1";

/// The same after a position, with the id of the execution, the position, and the checksum of the record before.
const FOLLOWED: &str = "SELECT j.execution, j.seq, j.previous, j.at, j.body, j.checksum, e.id, j.position, b.checksum
    FROM journal j JOIN execution e ON e.key = j.execution LEFT JOIN journal b ON b.position = j.previous
    WHERE j.position > ?1 ORDER BY j.position LIMIT ?2";

impl SqliteReader {
    /// Opens a store's file for reading; it must exist. [`super::SqliteStore::reader`] answers faster while executions are live.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            connection: schema::open_for_reading(path, false)?,
            path: path.to_owned(),
            tails: None,
            unflushed: false,
            is_cache_damaged: Arc::default(),
        })
    }

    /// Opens it beside the writer, in its process.
    pub(super) fn beside(path: &Path, tails: Arc<Tails>, unflushed: bool) -> Result<Self, OpenError> {
        let connection = schema::open_for_reading(path, unflushed)?;
        Ok(Self { connection, path: path.to_owned(), tails: Some(tails), unflushed, is_cache_damaged: Arc::default() })
    }

    /// Another reader of the same file, for another thread.
    pub(crate) fn beside_it(&self) -> Result<Self, OpenError> {
        let connection = schema::open_for_reading(&self.path, self.unflushed)?;
        let is_cache_damaged = Arc::clone(&self.is_cache_damaged);
        Ok(Self { connection, path: self.path.clone(), tails: self.tails.clone(), unflushed: self.unflushed, is_cache_damaged })
    }

    /// Closing it does not move the log, though nobody else has the file open.
    pub(super) fn keep_log(&self) -> Result<(), OpenError> {
        let kept = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        kept.map(drop).map_err(|source| super::open_error::failed(&self.path, source))
    }

    /// Gives `each` the executions with these keys, or what is known of one that cannot be read.
    pub(super) fn each(&self, keys: Vec<i64>, mut each: impl FnMut(Result<StoredExecution, Damaged>)) -> Result<(), ReadError> {
        let tails = self.tails()?;
        for key in keys {
            self.by_key(key, &tails)?.into_iter().for_each(&mut each);
        }
        Ok(())
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Every schedule with its id, by id.
    pub fn schedules(&self) -> Result<ReadSchedules, ReadError> {
        schedules::read(&self.connection)
    }

    /// Gives `each` every execution that has not ended, oldest first, one at a time, or what is known of one that cannot be read.
    pub fn unended(&self, mut each: impl FnMut(Result<StoredExecution, Damaged>)) -> Result<(), ReadError> {
        let tails = self.tails()?;
        for key in heads::unended(&self.connection)? {
            let Some(found) = self.by_key(key, &tails)? else { continue };
            if found.is_err() {
                tails.keep_back();
            }
            each(found);
        }
        Ok(())
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

    /// An execution, or what is known of it; `None` if it is not there any more.
    fn by_key(&self, key: i64, tails: &Tails) -> Result<Option<Result<StoredExecution, Damaged>>, ReadError> {
        let read = || -> Result<Option<StoredExecution>, ReadError> {
            let Some(head) = heads::head(&self.connection, key)? else { return Ok(None) };
            let records = self.records(key, &head.id, 0, tails)?;
            Ok(Some(StoredExecution { records, ..head }))
        };
        match read() {
            Ok(found) => Ok(found.map(Ok)),
            // It was deleted meanwhile, and with it rows of its journal.
            Err(ReadError::Record { .. }) if !self.is_there(key)? => Ok(None),
            Err(error) => Ok(Some(Err(heads::damaged(&self.connection, key, error)?))),
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
        let read = |hash: &str| values::read(&self.connection, hash);
        for seq in (from..count).rev() {
            let misplaced = || failed(seq, RecordError::Misplaced { position: next.unwrap_or_default() });
            let mut rows = statement.query([next])?;
            let row = rows.next()?.ok_or_else(misplaced)?;
            let StoredRow { place, previous, record } = stored_row(row, Some(&read)).ok_or_else(|| failed(seq, RecordError::Checksum))?;
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

    /// Where the records of an execution stand, in order. Each row says where the one before it does.
    fn places(&self, key: i64, tails: &Tails) -> Result<Vec<i64>, ReadError> {
        let Tail { last, records: count, .. } = tails.get(key).map_or_else(|| tails::ended(&self.connection, key), Ok)?;
        let mut statement =
            self.connection.prepare_cached("SELECT previous FROM journal WHERE position = ?1 AND execution = ?2 AND seq = ?3")?;
        let mut places = Vec::new();
        let mut next = last;
        for seq in (0..count).rev() {
            let misplaced = RecordError::Misplaced { position: next.unwrap_or_default() };
            let position = next.ok_or_else(|| failed(key, seq, RecordError::Misplaced { position: 0 }))?;
            let previous = statement.query_row(params![position, key, seq.cast_signed()], |row| row.get(0)).optional()?;
            next = previous.ok_or_else(|| failed(key, seq, misplaced))?;
            places.push(position);
        }
        places.reverse();
        Ok(places)
    }

    /// Those at the next of these places, each as the one before it proves it.
    fn placed(&self, parts: &mut Parts, limit: usize) -> Result<Vec<StepRecord>, ReadError> {
        let Parts { key, next, places } = parts;
        let places = match places {
            Some(places) => places,
            none => none.insert(self.places(*key, &*self.tails()?)?),
        };
        let from = usize::try_from(*next).unwrap_or(usize::MAX);
        let before = from.checked_sub(1).and_then(|before| places.get(before));
        let mut before = before.map_or(Ok(0), |position| self.checksum_at(*position))?;
        let mut statement = self.connection.prepare_cached(ROW)?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        for (seq, position) in (*next..).zip(places.get(from..).unwrap_or_default()).take(limit) {
            let mut rows = statement.query([position])?;
            let row = rows.next()?.ok_or_else(|| failed(*key, seq, RecordError::Misplaced { position: *position }))?;
            let StoredRow { place, record, .. } = stored_row(row, None).ok_or_else(|| failed(*key, seq, RecordError::Checksum))?;
            if place != (*key, seq.cast_signed()) {
                return Err(failed(*key, seq, RecordError::Misplaced { position: *position }));
            }
            let checksum = record.checksum();
            records.push(record.after(before).map_err(|source| failed(*key, seq, source))?);
            before = checksum;
            bytes += row.get_ref(4)?.as_bytes().map_or(0, <[u8]>::len);
            if bytes >= PART_BYTES {
                break;
            }
        }
        *next += records.len() as u64;
        Ok(records)
    }

    /// The checksum at a position; 0 where there is none.
    fn checksum_at(&self, position: i64) -> Result<u64, ReadError> {
        let mut statement = self.connection.prepare_cached("SELECT checksum FROM journal WHERE position = ?1")?;
        Ok(statement.query_row([position], |row| checksum(row, 0)).optional()?.flatten().unwrap_or_default())
    }
}

impl Left for SqliteReader {
    fn unended(&self, each: &mut dyn FnMut(Result<StoredExecution, Damaged>)) -> Result<i64, ReadError> {
        SqliteReader::unended(self, each)?;
        Ok(self.last_key()? + 1)
    }

    fn schedules(&self) -> Result<ReadSchedules, ReadError> {
        SqliteReader::schedules(self)
    }
}

impl Archive for SqliteReader {
    fn another(&self) -> Result<Box<dyn Archive>, OpenError> {
        Ok(Box::new(self.beside_it()?))
    }

    fn execution(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        let Some(key) = heads::key_of(&self.connection, id)? else { return Ok(None) };
        let found = self.by_key(key, &*self.tails()?)?;
        found.transpose().map_err(|damaged| damaged.error)
    }

    fn seen(&self, id: &str) -> Result<Option<Result<StoredExecution, Damaged>>, ReadError> {
        let Some(key) = heads::key_of(&self.connection, id)? else { return Ok(None) };
        self.by_key(key, &*self.tails()?)
    }

    fn has_execution(&self, id: &str) -> Result<bool, ReadError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM execution WHERE id = ?1")?.exists([id])?)
    }

    fn list(&self, filter: &ExecutionFilter) -> Result<Page, ReadError> {
        let before = filter.cursor.as_deref().map(parse_cursor).transpose()?;
        // One more than asked for tells whether there is a next page.
        let limit = filter.limit as usize;
        let mut keys = heads::listed(&self.connection, filter, before, limit + 1)?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        let cursor = keys.last().filter(|_| more).map(ToString::to_string);
        let tails = self.tails()?;
        let found = keys.into_iter().map(|key| self.by_key(key, &tails)).collect::<Result<Vec<_>, _>>()?;
        let executions = found.into_iter().flatten().collect();
        Ok(Page { executions, cursor })
    }

    fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError> {
        match self.records(key, &key.to_string(), from, &*self.tails()?) {
            // It was deleted meanwhile.
            Err(ReadError::Record { .. }) if !self.is_there(key)? => Ok(Vec::new()),
            read => read,
        }
    }

    fn head(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        heads::key_of(&self.connection, id)?.map_or(Ok(None), |key| heads::head(&self.connection, key))
    }

    fn part(&self, parts: &mut Parts, limit: usize) -> Result<Vec<StepRecord>, ReadError> {
        let key = parts.key;
        match self.placed(parts, limit) {
            // It was deleted meanwhile.
            Err(ReadError::Record { .. }) if !self.is_there(key)? => Ok(Vec::new()),
            read => read,
        }
    }

    fn cached(&self, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
        let found = cache::read(&self.connection, key, now);
        if found.as_ref().is_err_and(ReadError::is_of_one) {
            self.is_cache_damaged.store(true, Ordering::Relaxed);
        }
        found
    }

    fn keyed(&self, hash: &str) -> Result<KnownKey, ReadError> {
        keys::read(&self.connection, hash)
    }

    fn expendable(&self, asked: &Expendable) -> Result<ExpendablePage, ReadError> {
        expendable::page(&self.connection, asked)
    }

    fn tree(&self, id: &str, now: Timestamp) -> Result<Option<Tree>, ReadError> {
        let is_damaged = |key| {
            let found = self.by_key(key, &*self.tails()?)?;
            Ok(match found {
                Some(Ok(stored)) => report::stored(&stored).is_err_and(|error| matches!(&error, Error::Read(error) if error.is_of_one())),
                Some(Err(_)) => true,
                None => false,
            })
        };
        expendable::tree(&self.connection, id, now, &is_damaged)
    }

    fn follow(&self, cursor: &Cursor, limit: usize) -> Result<Followed, ReadError> {
        self.followed(cursor, limit, u64::MAX, true)
    }

    fn file(&self) -> Result<Option<SqliteReader>, OpenError> {
        self.beside_it().map(Some)
    }
}

impl SqliteReader {
    /// [`Archive::follow`], at most about so many bytes; without `whole` values that stand by themselves are `null`. The position of a row is its place: positions are given in the order of commits.
    pub(crate) fn followed(&self, cursor: &Cursor, limit: usize, bytes_max: u64, whole: bool) -> Result<Followed, ReadError> {
        let read = |hash: &str| values::read(&self.connection, hash);
        let values: Option<Values<'_>> = if whole { Some(&read) } else { None };
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
            let row = stored_row(row, values);
            let bytes = bytes + row.as_ref().map_or(0, |row| row.record.apart());
            let record = row.ok_or(RecordError::Checksum).and_then(|row| row.record.after(before));
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

fn failed(key: i64, seq: u64, source: RecordError) -> ReadError {
    ReadError::Record { id: key.to_string(), seq: seq.cast_signed(), source }
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
fn stored_row(row: &Row<'_>, values: Option<Values<'_>>) -> Option<StoredRow> {
    let read = || -> rusqlite::Result<StoredRow> {
        let (key, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        let at = Timestamp::from_micros(row.get::<_, i64>(3)?.cast_unsigned());
        let body = row.get_ref(4)?.as_str()?;
        let record = Unproved::read(body, checksum(row, 5)?, key, seq.cast_unsigned(), at, values);
        Ok(StoredRow { place: (key, seq), previous: row.get(2)?, record })
    };
    read().ok()
}

fn parse_cursor(cursor: &str) -> Result<i64, ReadError> {
    cursor.parse().map_err(|_| ReadError::Cursor { cursor: cursor.to_owned() })
}
