// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A copy of a store that is in use: one read transaction, flushed and looked at before it has its name.

use super::place::making;
use super::schema;
use super::verify::verify;
use crate::causes::in_full;
use rusqlite::ErrorCode;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why there is no copy. Nothing is left of one that was begun.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum BackupError {
    #[error("`{}` is there already, and is never written over: give another path", path.display())]
    Exists { path: PathBuf },
    #[error("the backup was cancelled")]
    Cancelled,
    #[error("no space is left for the backup `{}`; nothing of it was left", path.display())]
    Full {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the store is damaged, so that it cannot be copied whole: {what}; `verifyStore` names what is")]
    Damaged { what: String },
    #[error("the backup `{}` could not be written; nothing of it was left", path.display())]
    Failed {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Steps of `SQLite`'s machine between two looks at whether it is cancelled.
const STEPS: i32 = 10_000;

/// Copies the store at `store`, whoever has it open, to `path`.
pub fn backup(store: &Path, path: &Path, is_cancelled: &Arc<AtomicBool>) -> Result<(), BackupError> {
    if path.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: path.to_owned() });
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    let made = write(store, path, &unfinished, is_cancelled);
    if made.is_err() {
        // Why there is none is told; a rest of it that cannot be removed is in the way of the next one, which says so.
        for rest in ["", "-wal", "-shm", "-journal"] {
            let mut file = unfinished.as_os_str().to_owned();
            file.push(rest);
            let _ = std::fs::remove_file(file);
        }
    }
    made
}

fn write(store: &Path, path: &Path, unfinished: &Path, is_cancelled: &Arc<AtomicBool>) -> Result<(), BackupError> {
    let failed = |source: io::Error| {
        if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            BackupError::Full { path: path.to_owned(), source: source.into() }
        } else {
            BackupError::Failed { path: path.to_owned(), source: source.into() }
        }
    };
    let refused = |source: rusqlite::Error| {
        if let Some(fault) = super::fault::Fault::of(&source) {
            return BackupError::Damaged { what: fault.to_string() };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => BackupError::Cancelled,
            Some(ErrorCode::DiskFull) => BackupError::Full { path: path.to_owned(), source: source.into() },
            _ => BackupError::Failed { path: path.to_owned(), source: source.into() },
        }
    };
    match std::fs::remove_file(unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let file = making(store.metadata().ok().as_ref()).open(unfinished).map_err(failed)?;
    let name = unfinished.to_str().ok_or_else(|| failed(io::Error::new(ErrorKind::InvalidInput, "its path is not UTF-8")))?;
    let mut connection =
        schema::open_for_copies(store).map_err(|error| BackupError::Failed { path: path.to_owned(), source: error.into() })?;
    let cancelled = Arc::clone(is_cancelled);
    connection.progress_handler(STEPS, Some(move || cancelled.load(Ordering::Relaxed))).map_err(refused)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(refused)?;
    drop(connection);
    file.sync_all().map_err(failed)?;
    let report = verify(unfinished).map_err(|error| BackupError::Failed { path: path.to_owned(), source: error.into() })?;
    if let Some(what) = report.pages.first().map(|page| format!("page {page} of the copy is not as it was written")).or(report.structure) {
        return Err(BackupError::Damaged { what });
    }
    if is_cancelled.load(Ordering::Relaxed) {
        return Err(BackupError::Cancelled);
    }
    // A name that something else has got meanwhile is not written over, as renaming would.
    match std::fs::hard_link(unfinished, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(BackupError::Exists { path: path.to_owned() }),
        Err(_) => std::fs::rename(unfinished, path).map_err(failed)?,
        Ok(()) => std::fs::remove_file(unfinished).map_err(failed)?,
    }
    for rest in ["-wal", "-shm"] {
        let mut beside = unfinished.as_os_str().to_owned();
        beside.push(rest);
        let _ = std::fs::remove_file(beside);
    }
    schema::sync_folder(path).map_err(failed)
}

impl BackupError {
    /// In words, with its causes.
    pub fn in_full(&self) -> String {
        in_full(self)
    }
}
