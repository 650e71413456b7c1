// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What becomes of a file that an older version of this build made.
//!
//! ```text
//! version 1 ─▶ <path>.before-1, flushed ─▶ one transaction: tables, version ─▶ version 2
//! ```
//! Tables change, rows stay as they are: the readers of every record version stay too. Whatever ends the process on the way, the file is of the one
//! version or of the other.

use super::super::place::making;
use super::{OpenError, SCHEMA_VERSION, log_of, tables};
use crate::store::sqlite::Copies;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Up to so many bytes a file is copied without being asked: less than a second's work, as a rule.
const COPIED_BYTES: u64 = 256 << 20;

/// Copies the file before it is changed, if it is to be. What people should know if it is not.
pub(super) fn copy(connection: &Connection, path: &Path, version: i64, copies: Copies) -> Result<Option<String>, OpenError> {
    let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    let bytes = length(path) + length(&log_of(path));
    if copies == Copies::Always || bytes <= COPIED_BYTES {
        let made = copy_into(connection, path, &copy_of(path, version));
        return made.map(|()| None).map_err(|source| OpenError::NotCopied { path: path.to_owned(), copy: copy_of(path, version), source });
    }
    let (shown, mebibytes) = (path.display(), bytes >> 20);
    Ok(Some(format!(
        "`{shown}` was made by an older version and is now of format {SCHEMA_VERSION}, which older versions refuse; having {mebibytes} MiB it was not copied \
         before that. To keep a copy of such a store, shut down and copy `{shown}` (with `{shown}-wal`, if there is one) before a new version opens it, or set \
         `storage.migrate: 'backup'`"
    )))
}

/// Where the copy from before stands.
fn copy_of(path: &Path, version: i64) -> PathBuf {
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".before-{version}"));
    copy.into()
}

/// The latest copy beside a file that versions up to this one can open.
pub(super) fn copy_beside(path: &Path) -> Option<PathBuf> {
    // Named for the version it has.
    (1..=SCHEMA_VERSION).rev().map(|version| copy_of(path, version)).find(|copy| copy.is_file())
}

fn copy_into(connection: &Connection, path: &Path, copy: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut unfinished = copy.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    let made = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        // The rest of one that was interrupted.
        drop_file(&unfinished)?;
        let file = making(path.metadata().ok().as_ref()).open(&unfinished)?;
        let name = unfinished.to_str().ok_or("its path is not UTF-8")?;
        pagesum::reserve(connection)?;
        connection.execute("VACUUM INTO ?1", [name])?;
        file.sync_all()?;
        std::fs::rename(&unfinished, copy)?;
        Ok(sync_folder(copy)?)
    };
    made().inspect_err(|_| {
        // It is told why there is none; what is left of it would be in the way of nothing but the disk.
        let _ = drop_file(&unfinished);
    })
}

fn drop_file(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// So that a file that was renamed is there by its new name after a power cut.
#[cfg(unix)]
pub(in super::super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// A folder cannot be flushed there.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// `ALTER TABLE` would look at each row of a `STRICT` table. The definition of a table is written over instead, as `SQLite`'s documentation of
/// `ALTER TABLE` has it for changes that leave the rows as they are; a row that is short of a column has `NULL` there.
pub(super) fn change(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let cookie: i64 = transaction.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
    transaction.execute_batch("PRAGMA writable_schema = ON")?;
    transaction.execute("UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = 'journal'", [tables::JOURNAL])?;
    // Every connection reads the definitions anew.
    transaction.pragma_update(None, "schema_version", cookie + 1)?;
    transaction.execute_batch(&format!("PRAGMA writable_schema = RESET; {} PRAGMA user_version = {SCHEMA_VERSION};", tables::COMPLETE))?;
    transaction.commit()
}
