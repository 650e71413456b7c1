// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Summaries for a process that only looks at a store, which another one may have.

use super::book::{self, facts_of};
use super::catching::catch_up;
use super::summaries::{self, SummaryFilter};
use crate::store::{OpenError, ReadError, SqliteReader};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// A store that is looked at: neither it nor its facts are changed.
pub struct Looking {
    store: SqliteReader,
    /// Where facts are folded that nobody else keeps; removed at the end.
    own: PathBuf,
}

impl Looking {
    /// Looks at the store at `path`. Where facts must be folded for this alone, that is into a file in `folder`.
    pub fn at(path: &Path, folder: &Path) -> Result<Self, OpenError> {
        let store = SqliteReader::look(path)?;
        let own = folder.join(format!("mao-facts-{}", uuid::Uuid::new_v4()));
        Ok(Self { store, own })
    }

    /// Reads the store.
    pub fn store(&self) -> &SqliteReader {
        &self.store
    }

    /// A page of summaries as JSON text. Facts of a process that has the store are taken as they are, and `asOf` says how far they reach; where nobody has
    /// it, or there are none, what is missing is folded first.
    pub fn summaries(&self, filter: &SummaryFilter) -> Result<String, ReadError> {
        // Once facts of our own were needed, they are the ones that are asked.
        if !self.own.exists()
            && let Some(text) = self.kept(filter)?
        {
            return Ok(text);
        }
        self.fold()?;
        let connection = book::open_for_reading(&self.own)?.ok_or_else(|| unavailable("they were removed while they were read"))?;
        summaries::page(&connection, filter)
    }

    /// From the facts beside the store, if they can be trusted and somebody keeps them, or nothing is missing.
    fn kept(&self, filter: &SummaryFilter) -> Result<Option<String>, ReadError> {
        let Ok(Some(connection)) = book::open_for_reading(&facts_of(self.store.path())) else { return Ok(None) };
        let Ok(Some(state)) = book::state(&connection) else { return Ok(None) };
        let is_of_it = Some(&state.store) == self.store.id()?.as_ref();
        let is_whole = state.position == self.store.end()?.position()? && state.key == self.store.last_key()?;
        if !is_of_it || !(is_whole || self.store.is_taken()) {
            return Ok(None);
        }
        match summaries::page(&connection, filter) {
            Err(ReadError::Sqlite(_)) => Ok(None),
            answered => answered.map(Some),
        }
    }

    /// Folds what is missing into facts of our own, which begin as a copy of those that are there.
    fn fold(&self) -> Result<(), ReadError> {
        if !self.own.exists()
            && let Ok(Some(kept)) = book::open_for_reading(&facts_of(self.store.path()))
            && copy(&kept, &self.own).is_err()
        {
            // They are damaged: it begins with none.
            remove(&self.own);
        }
        catch_up(&self.store, &self.own, usize::MAX).map(drop)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        remove(&self.own);
    }
}

fn copy(kept: &Connection, to: &Path) -> rusqlite::Result<()> {
    kept.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map(drop)
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        // One that cannot be removed is in the folder of temporary files.
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

fn unavailable(why: &str) -> ReadError {
    ReadError::Unavailable { message: format!("the summaries cannot be read: {why}") }
}
