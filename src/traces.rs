// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time, answered on a thread of Node's pool.

use crate::archive::{Answer, ArchiveTask, Question};
use crate::engine::Engine;
use crate::error::{NativeFailure, closed, failure};
use crate::shared::{SharedArchive, lock};
use napi::bindgen_prelude::{AsyncTask, Env, Task};
use napi_derive::napi;
use runtime::traces::{self, Spanning};
use std::sync::{Arc, Mutex};

#[napi]
impl Engine {
    /// Resolves with the answer to a question, both JSON text, or null; see `runtime::traces`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn traces(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Traces(asked))
    }

    /// The spans of an execution, to be read part by part.
    #[napi(catch_unwind)]
    pub fn spans(&self, id: String) -> NativeSpans {
        NativeSpans { archive: Arc::clone(&self.archive), rest: Arc::new(Mutex::new(Rest::All(id))) }
    }
}

/// The spans of one execution.
#[napi]
pub struct NativeSpans {
    archive: SharedArchive,
    rest: Arc<Mutex<Rest>>,
}

/// What has not been told.
enum Rest {
    All(String),
    Some(Box<Spanning>),
    None,
}

#[napi]
impl NativeSpans {
    /// Resolves with the next spans, about so many, as `Spanning` tells them; null: all have been told, or there is no such execution any more.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn next(&self, about: u32) -> AsyncTask<SpansTask> {
        AsyncTask::new(SpansTask { archive: Arc::clone(&self.archive), rest: Arc::clone(&self.rest), about: about as usize })
    }
}

/// A part of them.
pub struct SpansTask {
    archive: SharedArchive,
    rest: Arc<Mutex<Rest>>,
    about: usize,
}

impl SpansTask {
    fn next(&self) -> Result<Option<String>, NativeFailure> {
        let archive = lock(&self.archive);
        let Some(archive) = archive.as_deref() else { return Err(closed()) };
        let mut rest = lock(&self.rest);
        let told = match std::mem::replace(&mut *rest, Rest::None) {
            Rest::All(id) => Spanning::of(archive, &id).transpose(),
            Rest::Some(spanning) => Some(Ok(*spanning)),
            Rest::None => None,
        };
        let Some(told) = told.map(|spanning| spanning?.next(archive, self.about)) else { return Ok(None) };
        Ok(told.map_err(|error| failure(&error))?.map(|(text, left)| {
            *rest = left.map_or(Rest::None, |left| Rest::Some(Box::new(left)));
            text
        }))
    }
}

impl Task for SpansTask {
    type Output = Result<Option<String>, NativeFailure>;
    type JsValue = Answer;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.next())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Answer> {
        Ok(Answer::of(output))
    }
}

/// The id of the span of an attempt, 16 hexadecimal digits, and that of its trace, 32: `[span, trace]`.
#[napi(catch_unwind)]
pub fn span_of_attempt(execution: String, path: String, attempt: u32, traceparent: Option<String>) -> Vec<String> {
    traces::span_of_attempt(&execution, &path, attempt, traceparent.as_deref())
}

/// The ids of the span of an execution and of its trace, and that of the span above it if there is one: of the caller, or of the task of the execution that
/// began it. See [`span_of_attempt`].
#[napi(catch_unwind)]
pub fn span_of_execution(execution: String, traceparent: Option<String>, parent: Option<String>, path: Option<String>) -> Vec<String> {
    let above = parent.as_deref().zip(path.as_deref());
    traces::span_of_execution(&execution, traceparent.as_deref(), above)
}

/// A definition with a change, both JSON text; see `runtime::traces::changed`.
#[napi(catch_unwind)]
pub fn changed_definition(asked: String) -> String {
    traces::changed(&asked)
}
