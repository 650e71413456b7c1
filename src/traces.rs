// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time, answered on a thread of Node's pool.

use crate::archive::{ArchiveTask, Question};
use crate::engine::Engine;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use runtime::traces;

#[napi]
impl Engine {
    /// Resolves with the answer to a question, both JSON text, or null; see `runtime::traces`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn traces(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Traces(asked))
    }
}

/// The id of the span of an attempt, 16 hexadecimal digits, and that of its trace, 32: `[span, trace]`.
#[napi(catch_unwind)]
pub fn span_of_attempt(execution: String, path: String, attempt: u32, traceparent: Option<String>) -> Vec<String> {
    traces::span_of_attempt(&execution, &path, attempt, traceparent.as_deref())
}

/// A definition with a change, both JSON text; see `runtime::traces::changed`.
#[napi(catch_unwind)]
pub fn changed_definition(asked: String) -> String {
    traces::changed(&asked)
}
