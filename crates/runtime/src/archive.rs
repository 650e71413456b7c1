// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is on record, for whoever asks, from any thread and without the driver.

use crate::driver::effect::Effect;
use crate::driver::history::effects_of;
use crate::store::{ExecutionFilter, SqliteReader};
use crate::{Error, report};
use std::path::Path;
use stdx::Timestamp;

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

    /// What an execution has had announced, all of it.
    pub fn history(&self, id: &str) -> Result<Option<Vec<Effect>>, Error> {
        let stored = self.reader.execution(id)?;
        Ok(stored.map(|stored| effects_of(0, Some(stored.accepted), stored.records.iter(), Timestamp::default())))
    }

    /// A page of executions, newest first, as JSON text: `{"executions": [...], "cursor": "..." | null}`.
    pub fn list(&self, filter: &ExecutionFilter) -> Result<String, Error> {
        let page = self.reader.list(filter)?;
        let executions = page.executions.iter().map(report::stored).collect::<Result<Vec<_>, _>>()?;
        let cursor = page.cursor.map_or_else(|| "null".to_owned(), |cursor| format!("\"{cursor}\""));
        Ok(format!(r#"{{"executions":[{}],"cursor":{cursor}}}"#, executions.join(",")))
    }
}
