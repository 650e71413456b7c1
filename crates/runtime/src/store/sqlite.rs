// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Journals in one `SQLite` file that any tool can open.
//!
//! `lock` keeps other processes out, `schema` opens and migrates, `keeper` moves the write-ahead log into the file on its own
//! thread, when `upkeep` says so, `reader` answers questions on a connection of its own, `tails` knows where journals end, and `journal` appends to them. Here stands
//! the writing connection.

mod audit;
mod backup;
mod bell;
mod cache;
mod definitions;
mod deletion;
mod expendable;
mod fault;
mod heads;
mod identity;
mod journal;
mod keeper;
mod keys;
mod listing;
mod lock;
mod open_error;
mod place;
mod reader;
mod reserve;
mod schedules;
mod schema;
mod tails;
mod upkeep;
mod values;
mod verify;

pub use audit::Behind;
pub use backup::{BackupError, backup};
pub use bell::Bell;
pub use fault::Fault;
pub(crate) use fault::is_of_one;
pub use listing::{ExecutionFilter, Page};
pub use open_error::OpenError;
pub use place::canonical;
pub(crate) use place::making;
pub use reader::{Head, SqliteReader};
pub use verify::{StoreReport, verify};

use super::{Archive, Batch, CommitError, Health, Medium, Store, Wake};

use journal::Journal;
use keeper::{Files, Keeper};
use lock::Lock;
use place::Place;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};
use rustc_hash::FxHashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// It may be older than what was here, or another store: somebody has put it here on purpose.
    pub accept_older: bool,
    /// Nothing waits for the medium, not even where a file begins and ends: what is written outlives the process, but no power cut. For tests, of which nothing does.
    pub unflushed: bool,
    /// Whether a file of an older version is copied before it is made one of this version.
    pub copies: Copies,
    /// How many bytes the log may have, while a reader holds it, before new work is refused; `None`: 8 GiB. Never more than half of what is free.
    pub log_max: Option<u64>,
    /// Whether executions are deleted by how old they are, or how many: the file keeps them in that order then.
    pub ordered: bool,
}

/// How many bytes the log may have, unless said otherwise.
const LOG_MAX: u64 = 8 << 30;

/// Which files of an older version are copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Copies {
    /// Those that are soon copied.
    #[default]
    Small,
    /// All.
    Always,
}

/// The writing end of the file. One exists per file, in one process.
pub struct SqliteStore {
    connection: Connection,
    /// Where the write-ahead log is.
    log: PathBuf,
    reader: SqliteReader,
    journal: Journal,
    /// Definitions known to be in the file, by hash of their text.
    definitions: FxHashSet<Arc<str>>,
    keeper: Keeper,
    /// Whether free room is given back to the file system: until a damaged page is in the way.
    gives_back: bool,
    // Last, so that they are let go of after the connections are closed.
    _place: Arc<Place>,
    _lock: Arc<Lock>,
}

impl SqliteStore {
    /// Opens the file, creating it if there is none, and takes it for this process.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_as(path, OpenOptions::default())
    }

    /// The same, by options.
    pub fn open_as(path: &Path, options: OpenOptions) -> Result<Self, OpenError> {
        let accept_older = options.accept_older;
        let path = &*canonical(path);
        let (lock, note) = Lock::take(path)?;
        audit::before(path, note.as_ref(), accept_older)?;
        schema::refuse_fragment(path)?;
        let place = Place::take(path)?;
        let (mut connection, id, alerts) = schema::open_for_writing(path, &place, note.as_ref(), options)?;
        let note = note.filter(|note| !accept_older && note.id == id);
        if note.is_none() {
            lock.note(None).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        }
        if options.ordered {
            connection.execute_batch(expendable::INDEX).map_err(|source| open_error::failed(path, source))?;
        }
        let (lock, place) = (Arc::new(lock), Arc::new(place));
        let journal = Journal::open(&connection).map_err(|source| open_error::failed(path, source))?;
        let reader = SqliteReader::beside(path, journal.tails(), options.unflushed)?;
        // What is refused stays as it is, so only now. The log is not moved before the keeper begins.
        place.mend().map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        let files = Files {
            place: Arc::clone(&place),
            lock: Arc::clone(&lock),
            id,
            note,
            unflushed: options.unflushed,
            log_max: options.log_max.unwrap_or(LOG_MAX),
        };
        let keeper = Keeper::start(path, files, journal.end(), &mut connection)?;
        for alert in alerts {
            keeper.raise(alert);
        }
        tracing::info!(path = %path.display(), end = journal.end(), "store opened");
        let definitions = FxHashSet::default();
        Ok(Self {
            log: schema::log_of(path),
            connection,
            reader,
            journal,
            definitions,
            keeper,
            gives_back: true,
            _place: place,
            _lock: lock,
        })
    }

    /// Another reader, for another thread.
    pub fn reader(&self) -> Result<SqliteReader, OpenError> {
        self.reader.beside_it()
    }

    /// One transaction; how many bytes of records it holds, and whether it has signed the log.
    fn write(&mut self, batches: &[Batch]) -> Result<(usize, bool), CommitError> {
        let desk = self.keeper.desk()?;
        let _at_work = desk.take()?;
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate).map_err(put_off)?;
        let signs = self.keeper.signs();
        if signs {
            schema::sign(&transaction)?;
        }
        self.journal.begin(&transaction)?;
        for batch in batches {
            accept(&transaction, &mut self.definitions, batch)?;
            // The task that looked for one found it damaged before it had another to keep.
            if !self.reader.is_cache_damaged.load(Ordering::Relaxed) {
                cache::write(&transaction, &batch.cached, batch.latest())?;
            }
            keys::write(&transaction, &batch.keys, batch.latest())?;
            schedules::write(&transaction, &mut self.definitions, batch)?;
            deletion::drop_executions(&transaction, &mut self.journal, batch)?;
        }
        let bytes = self.journal.append(&transaction, batches.iter().flat_map(|batch| &batch.records))?;
        self.journal.commit(transaction)?;
        for batch in batches.iter().filter(|batch| batch.deletes()) {
            self.journal.tails().bell.toll(&[&*batch.deleted, &*batch.discarded].concat());
        }
        Ok((bytes, signs))
    }

    /// Writes what a deletion may have kept from being written, since what it needs is damaged: the rest first, then each deletion by itself. What cannot be
    /// deleted stays.
    fn write_around(&mut self, batches: &mut [Batch], damaged: CommitError) -> Result<(usize, bool), CommitError> {
        let mut left = Vec::new();
        for batch in &mut *batches {
            left.extend(batch.deleted.drain(..).map(|key| Batch { deleted: vec![key], ..Batch::default() }));
            left.extend(batch.discarded.drain(..).map(|key| Batch { discarded: vec![key], ..Batch::default() }));
        }
        if left.is_empty() {
            return Err(damaged);
        }
        let written = self.undoing(|store| store.write(batches))?;
        for batch in left {
            match self.undoing(|store| store.write(&[batch])) {
                Ok(_) | Err(CommitError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }
}

/// What a sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Swept {
    /// There was nothing to do.
    Nothing,
    /// There is more to do.
    More,
    /// All is done.
    All,
}

impl SqliteStore {
    /// Writes, and if the disk has no room for it, or what it has to read is damaged, all is as it was: that is rolled back.
    fn undoing<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, CommitError>) -> Result<T, CommitError> {
        let before = self.journal.state();
        let written = write(self).map_err(classify);
        if matches!(written, Err(CommitError::Full(_) | CommitError::Damaged { .. })) {
            self.journal.restore(before);
            // Some of them may have been in it.
            self.definitions.clear();
        }
        written
    }

    fn sweep_for(&mut self, time: Duration) -> Result<Swept, CommitError> {
        let unused = self.keeper.take_unused();
        if unused.is_none() && !deletion::is_unswept(&self.connection)? && !(self.gives_back && deletion::has_room(&self.connection)?) {
            return Ok(Swept::Nothing);
        }
        let desk = self.keeper.desk()?;
        let _at_work = desk.take()?;
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate).map_err(put_off)?;
        if let Some(unused) = &unused {
            definitions::forget(&transaction, &mut self.definitions, unused)?;
        }
        let more = deletion::sweep(&transaction, &mut self.journal, time, self.gives_back)?;
        transaction.commit()?;
        Ok(if more { Swept::More } else { Swept::All })
    }

    /// A damaged page was in the way of a sweep: what cannot be taken out stays, and keeps nothing else from going.
    fn sweep_around(&mut self, swept: Result<Swept, CommitError>) -> Result<Swept, CommitError> {
        match swept {
            Err(CommitError::Damaged { .. }) if deletion::is_unswept(&self.connection)? => {
                deletion::leave_rest(&self.connection)?;
                Ok(Swept::More)
            }
            Err(CommitError::Damaged { .. }) if self.gives_back => {
                self.gives_back = false;
                Ok(Swept::All)
            }
            swept => swept,
        }
    }
}

impl Store for SqliteStore {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        let was_blocked = self.keeper.is_blocked();
        let mut written = self.undoing(|store| store.write(batches));
        if let Err(damaged @ CommitError::Damaged { .. }) = written {
            written = self.write_around(batches, damaged);
        }
        match &written {
            Ok((bytes, _)) => tracing::trace!(batches = batches.len(), bytes, end = self.journal.end(), "committed"),
            Err(error) => tracing::warn!(%error, "not committed"),
        }
        match &written {
            Ok((bytes, signed)) => self.keeper.wrote(*bytes, self.journal.end(), *signed),
            Err(CommitError::Busy) => self.keeper.blocked(),
            Err(CommitError::Full(_)) => self.keeper.full(),
            Err(_) => {}
        }
        // Whoever has been kept waiting looks in passing: it has other things to do.
        if self.keeper.is_blocked() != was_blocked {
            self.connection.busy_timeout(if was_blocked { schema::COMMIT_WAIT } else { Duration::ZERO })?;
        }
        written.map(|_| ())
    }

    fn sweep(&mut self, time: Duration) -> Result<bool, CommitError> {
        let swept = self.undoing(|store| store.sweep_for(time));
        let swept = self.sweep_around(swept);
        match &swept {
            Ok(Swept::Nothing) | Err(_) => {}
            Ok(Swept::More) => self.keeper.wrote(0, self.journal.end(), false),
            // The file gets shorter as the log is moved.
            Ok(Swept::All) => {
                self.keeper.wrote(0, self.journal.end(), false);
                self.keeper.move_log();
                self.keeper.look_for_unused();
            }
        }
        if matches!(swept, Err(CommitError::Busy)) {
            self.keeper.blocked();
        }
        if matches!(swept, Err(CommitError::Full(_))) {
            self.keeper.full();
        }
        swept.map(|swept| swept == Swept::More)
    }

    fn wake_soon(&mut self) {
        self.keeper.wake_soon();
    }

    fn watch(&mut self, wake: Wake) -> Health {
        let health = self.keeper.watch(Arc::clone(&wake));
        self.journal.tails().bell.answers_to(health.clone(), wake);
        health
    }

    fn close(&mut self) -> Result<(), CommitError> {
        self.keeper.close()
    }

    /// The log is where commits are until a checkpoint moves them. Flushed from here and not by the connection, as `synchronous = FULL` would,
    /// the connection is free for the next unit meanwhile. No lock of `SQLite` is on the log, so that closing it releases none.
    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(self.keeper.medium(File::options().write(true).open(&self.log)?))
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        Ok(Box::new(self.reader()?))
    }

    fn forget(&mut self, _id: &str) {}
}

fn accept(transaction: &Transaction<'_>, known: &mut FxHashSet<Arc<str>>, batch: &Batch) -> Result<(), CommitError> {
    for accepted in &batch.accepted {
        let plan = &accepted.plan;
        definitions::define(transaction, known, plan)?;
        transaction
            .prepare_cached("INSERT INTO execution (key, id, workflow, definition, context, default_timeout, started, status, options) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'running', ?8)")?
            .execute(params![
                accepted.key,
                &*accepted.id,
                &*plan.workflow_id,
                &**plan.definition_hash(),
                values::context(transaction, accepted.key, accepted.context.as_deref())?,
                micros(plan.default_timeout),
                accepted.at.micros().cast_signed(),
                values::options(transaction, accepted.key, accepted.options.as_deref())?,
            ])?;
    }
    Ok(())
}

/// A duration as it is stored: whole microseconds.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A transaction that could not begin has changed nothing.
fn put_off(error: rusqlite::Error) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::FileLockingProtocolFailed) => CommitError::Busy,
        _ => error.into(),
    }
}

fn classify(error: CommitError) -> CommitError {
    if let CommitError::Sqlite(error) = error {
        // The index of the log, in shared memory, has room on the same disk.
        let is_full = error.sqlite_error_code() == Some(ErrorCode::DiskFull)
            || error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
        return if is_full { CommitError::Full(error) } else { error.into() };
    }
    error
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.connection.path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kit's file was flushed ten times as it was made and four times as it was closed: 76 ms on a disk that others used too, where it now takes 4.
    #[test]
    fn a_store_that_is_not_flushed_waits_for_the_medium_on_none_of_its_connections() {
        let folder = tempfile::tempdir().unwrap();
        for (unflushed, writer, reader) in [(true, 0, 0), (false, 1, 2)] {
            let options = OpenOptions { unflushed, ..OpenOptions::default() };
            let store = SqliteStore::open_as(&folder.path().join(format!("{unflushed}.db")), options).unwrap();
            let level = |connection: &Connection| connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!(level(&store.connection), writer);
            assert_eq!((level(store.reader.connection()), level(store.reader().unwrap().connection())), (reader, reader));
        }
    }
}
