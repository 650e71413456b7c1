// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is on record, for whoever asks, from any thread and without the driver.

use crate::driver::effect::{Effect, Number};
use crate::driver::history::{effects_of, failures_of};
use crate::store::{ExecutionFilter, ReadError, SqliteReader};
use crate::{Error, report};
use engine::Failure;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use stdx::Timestamp;

/// Why attempts failed, by the numbers of the effects that tell of it.
pub type Failures = Vec<(Number, Arc<Failure>)>;

/// A store opened for questions.
#[derive(Debug)]
pub struct Archive {
    reader: SqliteReader,
}

impl Archive {
    /// Opens the file at `path`; it must exist. [`crate::Driver::archive`] answers faster while executions are live.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { reader: SqliteReader::open(path)? })
    }

    pub(crate) fn over(reader: SqliteReader) -> Self {
        Self { reader }
    }

    /// An execution as JSON text; see [`report::stored`].
    pub fn execution(&self, id: &str) -> Result<Option<String>, Error> {
        self.reader.execution(id)?.as_ref().map(report::stored).transpose()
    }

    /// What undoes an execution that completed, as JSON text; see [`report::undoing`].
    pub fn undoing(&self, id: &str) -> Result<Option<String>, Error> {
        self.reader.execution(id)?.as_ref().map(report::stored_undoing).transpose()
    }

    /// What an execution has had announced, all of it, and why what failed did.
    pub fn history(&self, id: &str) -> Result<Option<(Vec<Effect>, Failures)>, Error> {
        let stored = self.reader.execution(id)?;
        Ok(stored.map(|stored| {
            let effects = effects_of(0, Some(stored.accepted), stored.records.iter(), Timestamp::default());
            (effects, failures_of(&stored.records))
        }))
    }

    /// A page of executions, newest first, as JSON text: `{"executions": [...], "unreadable": [{"id", "message"}], "cursor": "..." | null}`. What has
    /// a definition that cannot be read is told apart, so that the page has the others.
    pub fn list(&self, filter: &ExecutionFilter) -> Result<String, Error> {
        let page = self.reader.list(filter)?;
        let (mut executions, mut unreadable) = (Vec::new(), Vec::new());
        for stored in &page.executions {
            match report::stored(stored) {
                Ok(text) => executions.push(text),
                Err(Error::Read(error @ ReadError::Definition { .. })) => {
                    unreadable.push(json!({ "id": &*stored.id, "message": error.to_string() }));
                }
                Err(error) => return Err(error),
            }
        }
        let (cursor, unreadable) = (Value::from(page.cursor), Value::from(unreadable));
        Ok(format!(r#"{{"executions":[{}],"unreadable":{unreadable},"cursor":{cursor}}}"#, executions.join(",")))
    }
}
