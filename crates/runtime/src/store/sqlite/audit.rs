// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether a file that is opened is the store it was. A file that has become empty or shorter is no new one, and no older one, unless its owner says so.

use super::lock::Note;
use super::open_error::failed;
use super::place::Place;
use super::schema::{PAGE_BYTES, log_of};
use super::{OpenError, identity};
use rusqlite::Connection;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Before anything is opened: an empty file, or none, is a new store only where nothing says that there was one. `SQLite` would delete the log beside it.
pub(super) fn before(path: &Path, note: Option<&Note>, accept_older: bool) -> Result<(), OpenError> {
    let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    if length(path) > 0 {
        return Ok(());
    }
    let (log, floor) = (length(&log_of(path)), note.map(|note| note.floor));
    if log > 0 || (floor.is_some() && !accept_older) {
        return Err(OpenError::Emptied { path: path.to_owned(), log, floor });
    }
    Ok(())
}

/// Once it can be read through its log, before anything is changed. What people should know of it, if it can be opened all the same.
pub(super) fn opened(
    connection: &Connection,
    path: &Path,
    place: &Place,
    note: Option<&Note>,
    accept_older: bool,
) -> Result<Option<String>, OpenError> {
    let read = || -> rusqlite::Result<_> {
        let id = identity::read(connection)?;
        let is_new = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema WHERE name = 'journal'", [], |row| row.get(0))?;
        Ok((id, if is_new { 0 } else { end(connection)? }))
    };
    let (id, end): (Option<String>, i64) = read().map_err(|source| failed(path, source))?;
    let page = place.first_page();
    if let Some(own) = page.as_deref().and_then(identity::id_in)
        && id.as_deref() != Some(own)
    {
        return Err(OpenError::ForeignLog { path: path.to_owned() });
    }
    let behind = Behind::look(connection, path);
    if let Some(Note { id: noted, floor }) = note.filter(|_| !accept_older) {
        if id.is_some() && id.as_deref() != Some(noted) {
            return Err(OpenError::AnotherStore { path: path.to_owned(), end, floor: *floor });
        }
        if end < *floor || id.is_none() {
            return Err(OpenError::Shortened { path: path.to_owned(), end, floor: *floor, behind });
        }
    }
    Ok(behind.map(|behind| format!("`{}` was opened, but {behind}", path.display())))
}

/// The position of the last row of the journal that there ever was.
pub(super) fn end(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT max(position, (SELECT coalesce(max(position), 0) FROM journal)) FROM mark", [], |row| row.get(0))
}

/// Commits in the log that cannot be reached any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Behind {
    /// The first page of the log that is not as it was written, from 1.
    frame: u64,
    /// Commits from there on, at least.
    commits: u64,
}

impl std::fmt::Display for Behind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { frame, commits } = self;
        if *frame == 0 {
            return write!(f, "its log does not begin as a log does: nothing in it can be read");
        }
        write!(f, "its log is damaged at page {frame} of it: {commits} or more commits from there on cannot be read")
    }
}

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

impl Behind {
    /// `SQLite` reads a log up to the first frame that is not as it was written: what lies behind that was committed if it has the salt of this log.
    pub(super) fn look(connection: &Connection, path: &Path) -> Option<Self> {
        let read: i64 = connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1)).ok()?;
        Self::scan(File::open(log_of(path)).ok()?, u64::try_from(read).ok()?)
    }

    /// `read`: how many frames `SQLite` takes for good.
    fn scan(log: File, read: u64) -> Option<Self> {
        let length = log.metadata().ok()?.len();
        let mut log = BufReader::with_capacity(FRAME_HEADER_BYTES, log);
        let mut header = [0; HEADER_BYTES];
        log.read_exact(&mut header).ok()?;
        let salt = header.get(16..24)?;
        if read == 0 && !matches!(header.get(..4)?, [0x37, 0x7f, 0x06, 0x82 | 0x83]) {
            return Some(Self { frame: 0, commits: 0 });
        }
        let frame_bytes = FRAME_HEADER_BYTES as u64 + PAGE_BYTES;
        let (mut commits, mut is_last) = (0, true);
        // From the end: a single commit at the very end was being written when the process ended, and nobody was told of it.
        for frame in (read..(length - HEADER_BYTES as u64) / frame_bytes).rev() {
            log.seek(SeekFrom::Start(HEADER_BYTES as u64 + frame * frame_bytes)).ok()?;
            let mut head = [0; FRAME_HEADER_BYTES];
            log.read_exact(&mut head).ok()?;
            if head.get(8..16)? != salt {
                continue;
            }
            let is_commit = head.get(4..8)? != [0; 4];
            commits += u64::from(is_commit && !is_last);
            is_last = false;
        }
        (commits > 0).then_some(Self { frame: read + 1, commits })
    }
}
