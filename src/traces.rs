// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time: on a thread of Node's pool, or at once for one that is in memory alone.

use crate::archive::{ArchiveTask, Question};
use crate::engine::Engine;
use crate::error::CodedError;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use runtime::traces::{self, Trace};

#[napi]
impl Engine {
    /// Resolves with the answer to a question, both JSON text, or null; see `runtime::traces`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn traces(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Traces(asked))
    }

    /// The profile of a live execution as JSON text, which says `null` if its records are not in memory.
    #[napi(catch_unwind)]
    pub fn profile(&self, slot: u32) -> Result<String, CodedError> {
        self.of_trace(slot, traces::profile)
    }

    /// The timeline of a live execution, likewise.
    #[napi(catch_unwind)]
    pub fn timeline(&self, slot: u32) -> Result<String, CodedError> {
        self.of_trace(slot, traces::timeline)
    }
}

impl Engine {
    fn of_trace(&self, slot: u32, told: fn(&Trace) -> String) -> Result<String, CodedError> {
        self.with(|driver| {
            let Some(archive) = driver.at_hand() else { return Ok("null".to_owned()) };
            let trace = driver.on_record(slot)?.trace(archive, driver.execution(slot)?)?;
            Ok(told(&trace))
        })
    }
}
