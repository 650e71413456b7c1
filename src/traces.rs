// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time, answered on a thread of Node's pool.

use crate::archive::{ArchiveTask, Question};
use crate::engine::Engine;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

#[napi]
impl Engine {
    /// Resolves with the answer to a question, both JSON text, or null; see `runtime::traces`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn traces(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Traces(asked))
    }
}
