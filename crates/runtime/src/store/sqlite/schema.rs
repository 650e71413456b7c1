// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Opening the file: what it must be, how it is created. `tables` has what stands in it, `migration` what becomes of an older one.

mod migration;
mod tables;

use super::lock::Note;
use super::open_error::failed;
use super::place::Place;
use super::upkeep::LOG_BYTES;
use super::{OpenError, OpenOptions, audit, identity};
use crate::store::alert::{self, Alert};
pub(super) use migration::sync_folder;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `PRAGMA user_version` of the files this build writes.
pub(super) const SCHEMA_VERSION: i64 = 2;

/// `PRAGMA application_id`: the letters `MAO1`, so that a file of something else is not taken for ours.
const APPLICATION_ID: i32 = 0x4D41_4F31;

/// The first release without the WAL-reset bug, which could corrupt a database with two connections (sqlite.org/wal.html).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How long opening and reading wait for another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a commit does, which may be on the thread of the host: as long as it takes to start the log over, as a rule.
pub(super) const COMMIT_WAIT: Duration = Duration::from_millis(10);

/// The size of a page.
pub(super) const PAGE_BYTES: u64 = 8192;

/// The write-ahead log beside a file.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// The writing connection, with the schema in place, the id of the store, and what people should know of it.
pub(super) fn open_for_writing(
    path: &Path,
    place: &Place,
    note: Option<&Note>,
    OpenOptions { accept_older, unflushed, copies, .. }: OpenOptions,
) -> Result<(Connection, String, Vec<Alert>), OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version().to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags).map_err(|source| failed(path, source))?;
    // Until the file is known to be ours nothing changes it: not its journal mode, and not a log that is moved as the connection closes.
    let flush_by = |level: &str| connection.execute_batch(&format!("PRAGMA synchronous = {level};"));
    // Also while it is made.
    if unflushed {
        flush_by("OFF").map_err(|source| failed(path, source))?;
    }
    let keep_log = |keep| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep);
    let found = keep_log(true).and_then(|_| identify(&connection)).map_err(|source| failed(path, source))?;
    match found {
        Identity::New | Identity::Ours | Identity::Older(_) => {}
        Identity::Newer(found) => return Err(OpenError::Newer { path: path.to_owned(), found, copy: migration::copy_beside(path) }),
        Identity::Foreign => return Err(OpenError::Foreign { path: path.to_owned() }),
    }
    let damage = audit::opened(&connection, path, place, note, accept_older)?;
    let mut alerts = Vec::from_iter(damage.map(|damage| Alert::begins(&alert::LOG_DAMAGED, damage)));
    if let Identity::Older(version) = found {
        alerts.extend(migration::copy(&connection, path, version, copies)?.map(|why| Alert::begins(&alert::NOT_COPIED, why)));
    }
    keep_log(false).and_then(|_| prepare(&connection)).map_err(|source| failed(path, source))?;
    // With NORMAL a commit is in the log but not flushed: at `'disk'` that is the store's medium. Checkpoints flush both files as ever.
    flush_by(if unflushed { "OFF" } else { "NORMAL" }).map_err(|source| failed(path, source))?;
    match found {
        Identity::New => create(&connection).map_err(|source| failed(path, source))?,
        Identity::Older(_) => migration::change(&connection).map_err(|source| failed(path, source))?,
        Identity::Ours | Identity::Newer(_) | Identity::Foreign => {}
    }
    let id = complete(&connection).map_err(|source| failed(path, source))?;
    Ok((connection, id, alerts))
}

/// A connection whose pages have checksums.
fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    #[cfg(feature = "bench")]
    if std::env::var_os("MAO_BENCH_PLAIN_PAGES").is_some() {
        return Connection::open_with_flags(path, flags);
    }
    pagesum::open(path, flags, APPLICATION_ID)
}

/// A file too short to hold a header is, to `SQLite`, a new database, and what stands in it would be overwritten.
pub(super) fn refuse_fragment(path: &Path) -> Result<(), OpenError> {
    const HEADER_BYTES: u64 = 100;
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && (1..HEADER_BYTES).contains(&metadata.len()) => {
            let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB), None);
            Err(OpenError::Corrupt { path: path.to_owned(), source })
        }
        // A file that is not there, or cannot be looked at, is the opening's own business.
        _ => Ok(()),
    }
}

/// What a file is, by its header.
#[derive(Clone, Copy)]
enum Identity {
    New,
    Ours,
    Older(i64),
    Newer(i64),
    Foreign,
}

fn identify(connection: &Connection) -> rusqlite::Result<Identity> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let number = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let (whose, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    Ok(match version {
        0 if whose == 0 && tables == 0 => Identity::New,
        _ if whose != i64::from(APPLICATION_ID) => Identity::Foreign,
        SCHEMA_VERSION => Identity::Ours,
        1..SCHEMA_VERSION => Identity::Older(version),
        found => Identity::Newer(found),
    })
}

/// A connection that reads while another writes.
pub(super) fn open_for_reading(path: &Path, unflushed: bool) -> Result<Connection, OpenError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF;")?;
        if unflushed {
            connection.execute_batch("PRAGMA synchronous = OFF;")?;
        }
        Ok(connection)
    };
    open().map_err(|source| failed(path, source))
}

/// A connection of a process that only reads, whoever has the file: it moves no log, and is refused what is no store of this version.
pub(super) fn open_for_looking(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file");
        return Err(OpenError::Absent { path: path.to_owned(), source });
    }
    refuse_fragment(path)?;
    let connection = open_for_reading(path, false)?;
    let failed = |source| failed(path, source);
    // Where there is no log, closing makes none; where there is one, it stays as it is.
    let has_log = log_of(path).metadata().is_ok_and(|log| log.len() > 0);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log).map_err(failed)?;
    match identify(&connection).map_err(failed)? {
        Identity::Ours => Ok(connection),
        Identity::Older(found) => Err(OpenError::Older { path: path.to_owned(), found }),
        Identity::Newer(found) => Err(OpenError::Newer { path: path.to_owned(), found, copy: None }),
        Identity::New | Identity::Foreign => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}

/// A connection that copies the file while others write it.
pub(super) fn open_for_copies(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch("PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF;")?;
        // A copy of a file without checksums has them.
        pagesum::reserve(&connection)?;
        Ok(connection)
    };
    open().map_err(|source| failed(path, source))
}

/// A connection that moves the log into the file.
pub(super) fn open_for_checkpoints(path: &Path, unflushed: bool) -> Result<Connection, OpenError> {
    let connection = open_for_reading(path, unflushed)?;
    connection.execute_batch("PRAGMA checkpoint_fullfsync = ON;").map_err(|source| failed(path, source))?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // auto_vacuum only takes effect before the first table. mmap turns an I/O error into a signal, which would end the process.
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA fullfsync = ON;
         PRAGMA journal_size_limit = {LOG_BYTES};",
    ))
}

/// Adds what a file may lack; the id of its store.
fn complete(connection: &Connection) -> rusqlite::Result<String> {
    connection.execute_batch(tables::COMPLETE)?;
    let id = if let Some(id) = identity::read(connection)? {
        id
    } else {
        let id = uuid::Uuid::new_v4().to_string();
        identity::give(connection, &id)?;
        id
    };
    connection.busy_timeout(COMMIT_WAIT)?;
    Ok(id)
}

/// Writes the first page as it is, so that it is in the log.
pub(super) fn sign(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    let (create, journal) = (tables::CREATE, tables::JOURNAL);
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {create} {journal}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    ))
}
