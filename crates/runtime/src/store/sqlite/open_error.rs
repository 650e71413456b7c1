// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why a file is not opened. Each says what to do about it.

use super::audit::Behind;
use super::fault::Fault;
use super::schema::SCHEMA_VERSION;
use rusqlite::ErrorCode;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why a store did not open. It is never replaced by an empty one, and never by memory.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum OpenError {
    #[error("`{}` is in use by {}; close it there, or give this orchestrator another `storage.path`", path.display(), holder(*owner))]
    Locked { path: PathBuf, owner: Option<u32> },
    #[error("the server of the store does not answer: {message}")]
    Unreachable { message: String },
    #[error("{}", refusal(path, source))]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{}` cannot be opened as a store; check that its directory exists and can be written to", path.display())]
    Sqlite {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("`{}` is damaged or is not a SQLite file; it was left as it is: correct `storage.path`, or restore a backup if it was your store", path.display())]
    Corrupt {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("`{}` is damaged: {fault}; it was left as it is: restore a backup, in place of all its files", path.display())]
    Damaged {
        path: PathBuf,
        fault: Fault,
        #[source]
        source: rusqlite::Error,
    },
    #[error("`{}` is a SQLite file of another program; give another `storage.path`", path.display())]
    Foreign { path: PathBuf },
    #[error("`{}` has {names} names (hard links), but its log and its lock belong to one of them; give the store a file of its own: copy it, and open the copy", path.display())]
    Linked { path: PathBuf, names: u64 },
    #[error("{}", emptied(path, *log, *floor))]
    Emptied { path: PathBuf, log: u64, floor: Option<i64> },
    #[error(
        "`{0}` ends at position {end}, but `{0}.lock` says that position {floor} was on the medium{1}: its log is missing, or was cut, or this is an \
         older copy; put `{0}-wal` back beside it, or, if an older copy was restored on purpose, delete `{0}.lock` or open it once with `storage: {{ \
         acceptOlder: true }}`",
        path.display(), behind.as_ref().map_or_else(String::new, |behind| format!(" ({behind})"))
    )]
    Shortened { path: PathBuf, end: i64, floor: i64, behind: Option<Behind> },
    #[error(
        "`{0}` is another store than the one that `{0}.lock` is about: it ends at position {end}, and that one had reached position {floor}; put that one \
         back with its log, or, if another one was put there on purpose, delete `{0}.lock` or open it once with `storage: {{ acceptOlder: true }}`",
        path.display()
    )]
    AnotherStore { path: PathBuf, end: i64, floor: i64 },
    #[error("`{0}-wal` does not belong to `{0}`: it is the log of another store, or the rest of a truncated log; put the right log back, or move this one away to open `{0}` without it", path.display())]
    ForeignLog { path: PathBuf },
    #[error("`{}` was written by a newer version (schema {found}, this build knows {SCHEMA_VERSION}); open it with that version{}", path.display(), other_copy(copy.as_deref()))]
    Newer { path: PathBuf, found: i64, copy: Option<PathBuf> },
    #[error(
        "`{}` was made by an older version and was left as it is, since the copy `{}` that is made before it is brought to format {SCHEMA_VERSION} could not be \
         written; make room for one of the size of the store, or let this process write there",
        path.display(), copy.display()
    )]
    NotCopied {
        path: PathBuf,
        copy: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{}` does not exist; correct the path", path.display())]
    Absent {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "`{}` was written by an older version (schema {found}, this build reads {SCHEMA_VERSION}); open it once as `storage.path` of an orchestrator, which \
         makes it one of this version",
        path.display()
    )]
    Older { path: PathBuf, found: i64 },
    #[error("the linked SQLite {found} has a bug that can corrupt the file; use 3.51.3 or newer")]
    SqliteTooOld { found: String },
    #[error("`{}` is kept locked by another program; end that program (a database shell with an open transaction, a backup) and open again", path.display())]
    Busy {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("the thread for `{}` could not be started", path.display())]
    Thread {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

fn other_copy(copy: Option<&Path>) -> String {
    copy.map_or_else(String::new, |copy| {
        format!(
            ", or put the copy from before it was brought to a newer format, `{}`, in its place: what was recorded since is not in it",
            copy.display()
        )
    })
}

fn emptied(path: &Path, log: u64, floor: Option<i64>) -> String {
    let path = path.display();
    let known = floor.map_or_else(String::new, |floor| format!(", and `{path}.lock` says that position {floor} was on the medium"));
    if log > 0 {
        return format!(
            "`{path}` is empty (position 0), but beside it is a log of {log} bytes{known}; put the file back, or, to begin anew, move `{path}-wal` and \
             `{path}.lock` away"
        );
    }
    format!(
        "`{path}` is empty (position 0){known}; put the file back with its log, or, to begin anew on purpose, delete `{path}.lock` or open it once with \
         `storage: {{ acceptOlder: true }}`"
    )
}

pub(super) fn failed(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    if let Some(fault) = Fault::of(&source) {
        return OpenError::Damaged { path, fault, source };
    }
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path, source },
        Some(ErrorCode::DatabaseBusy) => OpenError::Busy { path, source },
        _ => OpenError::Sqlite { path, source },
    }
}

/// Who has the store open, as far as the lock says it.
fn holder(owner: Option<u32>) -> String {
    match owner {
        None => "another orchestrator".to_owned(),
        Some(pid) if pid == std::process::id() => format!("another orchestrator of this process ({pid})"),
        Some(pid) => format!("process {pid}"),
    }
}

/// What a file system refused, of the store that is opened: its lock, which is opened first, stands beside it.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other kind is told alike")]
fn refusal(path: &Path, source: &std::io::Error) -> String {
    let store = path.to_str().and_then(|text| text.strip_suffix(".lock")).map_or(path, Path::new);
    let folder = store.parent().unwrap_or(store);
    let why = match source.kind() {
        ErrorKind::NotFound => format!("its folder `{}` does not exist; create it, or correct `storage.path`", folder.display()),
        ErrorKind::IsADirectory => {
            format!("it is a folder; `storage.path` names a file, such as `{}`", store.join("store.sqlite").display())
        }
        ErrorKind::PermissionDenied => format!("this process may not write in `{}`; change that, or `storage.path`", folder.display()),
        _ => "check that its directory exists and can be written to".to_owned(),
    };
    format!("`{}` cannot be opened; {why}", store.display())
}
