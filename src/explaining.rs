// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What executions wait for: of one that is at hand at once, of another on a thread of Node's pool.

use crate::archive::{ArchiveTask, Question};
use crate::engine::Engine;
use crate::error::CodedError;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

#[napi]
impl Engine {
    /// What the tasks of a live execution wait for, as JSON text; see `runtime::explain`.
    #[napi(catch_unwind)]
    pub fn explain(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| driver.explain(slot))
    }

    /// Why the store takes nothing of a live execution, as JSON text; `null`: it does.
    #[napi(catch_unwind)]
    pub fn obstacle(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| driver.obstacle(slot))
    }

    /// The group in which a parked execution waits to be resumed; null: in none.
    #[napi(catch_unwind)]
    pub fn sleeps_in(&self, slot: u32) -> Result<Option<u32>, CodedError> {
        self.with(|driver| Ok(driver.sleeps_in(slot)))
    }

    /// Resolves with what the tasks of a stored execution wait for, as its records leave it, or null; `asked`: `{"id", "presence", "now"}`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_explanation(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Explanation { asked, is_taken: false })
    }
}
