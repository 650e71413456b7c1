// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time: on a thread of Node's pool, or at once for one that is in memory alone.

use crate::archive::{ArchiveTask, Question};
use crate::engine::Engine;
use crate::error::CodedError;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use runtime::analysis;

#[napi]
impl Engine {
    /// Resolves with the answer to a question, both JSON text, or null; see `runtime::analysis`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn analysis(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Analysis(asked))
    }

    /// The profile of a live execution as JSON text; null if it is not in memory.
    #[napi(catch_unwind)]
    pub fn profile(&self, slot: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| {
            let Some(archive) = driver.at_hand() else { return Ok(None) };
            let trace = driver.on_record(slot)?.trace(archive, driver.execution(slot)?)?;
            Ok(Some(analysis::profile(&trace)))
        })
    }
}
