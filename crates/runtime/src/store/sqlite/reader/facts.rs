// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What facts are made of, beside records: which executions there are, and whether the file is still the one that was followed.

use super::SqliteReader;
use crate::store::sqlite::{Bell, OpenError, identity, lock, schema, values};
use crate::store::{Archive as _, Cursor, Parts, ReadError, StepRecord};
use rusqlite::{OptionalExtension as _, params};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// An execution without its context and its journal.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its id for the world.
    pub id: Arc<str>,
    /// The id of its workflow.
    pub workflow: Arc<str>,
    /// The hash of the definition it runs; see [`SqliteReader::definition`].
    pub definition: Arc<str>,
    /// The timeout of its tasks that give none.
    pub default_timeout: Duration,
    /// What else it was given, as JSON text.
    pub options: Option<String>,
    /// When it was accepted.
    pub accepted: Timestamp,
}

impl SqliteReader {
    /// Opens a file only to look at it, whoever has it: nothing of it is changed, and no log is moved.
    pub fn look(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            connection: schema::open_for_looking(path)?,
            path: path.to_owned(),
            tails: None,
            unflushed: false,
            is_cache_damaged: Arc::default(),
        })
    }

    /// The execution with this number.
    pub fn head(&self, key: i64) -> Result<Option<Head>, ReadError> {
        Ok(self.heads(key - 1, key, 1)?.pop().map(|(_, head)| head))
    }

    /// Executions with numbers after the first and up to the second, at most so many of them.
    pub fn heads(&self, after: i64, last: i64, limit: i64) -> Result<Vec<(i64, Head)>, ReadError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, definition, default_timeout, options, started, workflow, key FROM execution WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3",
        )?;
        let found = statement.query_map([after, last, limit], |row| {
            let (id, definition, workflow): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(5)?);
            let (timeout, accepted): (i64, i64) = (row.get(2)?, row.get(4)?);
            let head = Head {
                id: id.into(),
                workflow: workflow.into(),
                definition: definition.into(),
                default_timeout: Duration::from_micros(timeout.cast_unsigned()),
                options: row.get(3)?,
                accepted: Timestamp::from_micros(accepted.cast_unsigned()),
            };
            Ok((row.get(6)?, head))
        })?;
        let mut found = found.collect::<Result<Vec<(i64, Head)>, _>>()?;
        for (_, head) in &mut found {
            head.options = values::whole_options(&self.connection, head.options.take())?;
        }
        Ok(found)
    }

    /// The definition with this hash.
    pub fn definition(&self, hash: &str) -> Result<Option<String>, ReadError> {
        Ok(self.connection.prepare_cached("SELECT body FROM definition WHERE hash = ?1")?.query_row([hash], |row| row.get(0)).optional()?)
    }

    /// The place after the last record of all.
    pub fn end(&self) -> Result<Cursor, ReadError> {
        let end = self.connection.prepare_cached("SELECT coalesce(max(position), 0) FROM journal")?.query_row([], |row| row.get(0))?;
        Ok(Cursor::at(end))
    }

    /// What stands before a place: of which execution, which record, and when it was.
    pub fn before(&self, cursor: &Cursor) -> Result<Option<(i64, i64, i64)>, ReadError> {
        let mut statement = self.connection.prepare_cached("SELECT execution, seq, at FROM journal WHERE position = ?1")?;
        Ok(statement.query_row([cursor.position()?], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?)
    }

    /// The id of the store.
    pub fn id(&self) -> Result<Option<String>, ReadError> {
        Ok(identity::read(&self.connection)?)
    }

    /// How many executions there are up to the one with this number, by the smallest index there is: most often it is one of the last.
    pub fn count(&self, last: i64) -> Result<i64, ReadError> {
        let later = "SELECT count(*) FROM execution WHERE key > ?1";
        Ok(self.connection.query_row(&format!("SELECT (SELECT count(*) FROM execution) - ({later})"), [last], |row| row.get(0))?)
    }

    /// The numbers of executions from `first` to `last`.
    pub fn keys(&self, first: i64, last: i64) -> Result<Vec<i64>, ReadError> {
        let mut statement = self.connection.prepare_cached("SELECT key FROM execution WHERE key BETWEEN ?1 AND ?2 ORDER BY key")?;
        Ok(statement.query_map(params![first, last], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The first records of an execution, so many of them.
    pub fn first(&self, key: i64, count: u64) -> Result<Vec<StepRecord>, ReadError> {
        let (mut parts, mut records) = (Parts::of(key), Vec::new());
        while let Some(left) = count.checked_sub(records.len() as u64).filter(|left| *left > 0) {
            let mut part = self.part(&mut parts, usize::try_from(left).unwrap_or(usize::MAX))?;
            if part.is_empty() {
                break;
            }
            part.iter_mut().for_each(StepRecord::drop_values);
            records.append(&mut part);
        }
        Ok(records)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing is flushed, as in tests.
    pub(crate) fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Rung after each commit, in the process that has the file.
    pub(crate) fn bell(&self) -> Option<Arc<Bell>> {
        self.tails.as_ref().map(|tails| Arc::clone(&tails.bell))
    }

    /// Whether some process has the file.
    pub fn is_taken(&self) -> bool {
        lock::is_taken(&self.path)
    }
}
