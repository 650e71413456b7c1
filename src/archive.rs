// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions to the store, answered on a thread of Node's pool.

use crate::engine::Engine;
use crate::error::{NativeFailure, closed, failure};
use crate::shared::{SharedArchive, lock};
use crate::words;
use napi::bindgen_prelude::{AsyncTask, Env, Task};
use napi_derive::napi;
use runtime::store::{Archive, ExecutionFilter, Expendable};
use runtime::{Error, archive as told, explain, traces};
use serde::Deserialize;
use std::sync::Arc;
use stdx::Timestamp;

/// What is asked.
pub(crate) enum Question {
    /// The execution with this id.
    Execution(String),
    /// The same, or what is known of it if it is damaged.
    Seen(String),
    /// What undoes the execution with this id.
    Undoing(String),
    /// The effects of the execution with this id.
    History(String),
    /// A page, by a filter as JSON text.
    List(String),
    /// What may be deleted, by a question as JSON text.
    Expendable(String),
    /// An execution and what goes with it, by a question as JSON text.
    Tree(String),
    /// How executions spent their time, by a question as JSON text.
    Traces(String),
    /// What the tasks of an execution wait for, by a question as JSON text; whether a process has the store, where that is not this one.
    Explanation { asked: String, is_taken: bool },
}

/// What a question resolves with.
#[napi(object)]
pub struct Answer {
    /// Why there is none.
    pub failure: Option<NativeFailure>,
    /// JSON text; null if there is no such execution. Of a failure: its details, if it has any.
    pub text: Option<String>,
}

impl Answer {
    pub(crate) fn of(output: Result<Option<String>, NativeFailure>) -> Self {
        match output {
            Ok(text) => Self { failure: None, text },
            Err(failure) => Self { failure: Some(failure), text: None },
        }
    }
}

/// One question.
pub struct ArchiveTask {
    archive: SharedArchive,
    question: Question,
}

impl ArchiveTask {
    pub(crate) fn ask(archive: &SharedArchive, question: Question) -> AsyncTask<Self> {
        AsyncTask::new(Self { archive: Arc::clone(archive), question })
    }

    fn answer(&self) -> Result<Option<String>, NativeFailure> {
        let archive = lock(&self.archive);
        // Closed meanwhile: nobody knows what is on record.
        let Some(archive) = archive.as_deref() else { return Err(closed()) };
        told_of(archive, &self.question).map_err(|error| failure(&error))
    }
}

/// What an archive answers.
pub(crate) fn told_of(archive: &dyn Archive, question: &Question) -> Result<Option<String>, Error> {
    match question {
        Question::Execution(id) => told::execution(archive, id),
        Question::Seen(id) => told::seen(archive, id),
        Question::Undoing(id) => told::undoing(archive, id),
        Question::History(id) => Ok(told::history(archive, id)?.map(|(effects, failures)| words::text_of(&effects, &failures))),
        Question::Expendable(asked) => told::expendable(archive, &read_expendable(asked)?).map(Some),
        Question::Tree(asked) => {
            let TreeText { id, now } = read(asked)?;
            told::tree(archive, &id, Timestamp::from_micros(now))
        }
        Question::Traces(asked) => traces::answer(archive, asked),
        Question::Explanation { asked, is_taken } => explain::stored(archive, asked, *is_taken),
        Question::List(filter) => told::list(archive, &read_filter(filter)?).map(Some),
    }
}

impl Task for ArchiveTask {
    type Output = Result<Option<String>, NativeFailure>;
    type JsValue = Answer;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.answer())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Answer> {
        Ok(Answer::of(output))
    }
}

/// A filter as JavaScript sends it; instants in microseconds since the epoch.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterText {
    workflow_id: Option<String>,
    status: Option<String>,
    since: Option<u64>,
    until: Option<u64>,
    limit: u32,
    cursor: Option<String>,
}

/// A question as JavaScript sends it; instants in microseconds since the epoch.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpendableText {
    now: u64,
    completed: Option<bool>,
    status: Option<String>,
    workflow_id: Option<String>,
    #[serde(default)]
    except: Vec<String>,
    before: Option<u64>,
    keep: Option<u32>,
    bytes: Option<u64>,
    after: Option<(u64, i64)>,
    limit: u32,
    #[serde(default)]
    measured: bool,
}

#[derive(Deserialize)]
struct TreeText {
    id: String,
    now: u64,
}

fn read<'text, T: Deserialize<'text>>(text: &'text str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Malformed { what: "question", message: error.to_string() })
}

fn read_expendable(text: &str) -> Result<Expendable, Error> {
    let asked: ExpendableText = read(text)?;
    Ok(Expendable {
        now: Timestamp::from_micros(asked.now),
        completed: asked.completed,
        status: asked.status,
        workflow: asked.workflow_id,
        except: asked.except,
        before: asked.before.map(Timestamp::from_micros),
        keep: asked.keep,
        bytes: asked.bytes,
        after: asked.after.map(|(ended, key)| (Timestamp::from_micros(ended), key)),
        limit: asked.limit,
        measured: asked.measured,
    })
}

fn read_filter(text: &str) -> Result<ExecutionFilter, Error> {
    let filter: FilterText = serde_json::from_str(text).map_err(|error| Error::Malformed { what: "filter", message: error.to_string() })?;
    Ok(ExecutionFilter {
        workflow: filter.workflow_id,
        status: filter.status,
        since: filter.since.map(Timestamp::from_micros),
        until: filter.until.map(Timestamp::from_micros),
        limit: filter.limit,
        cursor: filter.cursor,
    })
}

#[napi]
impl Engine {
    /// Resolves with a page of stored executions as JSON text; `filter` is JSON text too.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_executions(&self, filter: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::List(filter))
    }

    /// Resolves with a page of what may be deleted, as JSON text; `asked` is JSON text too.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn expendable(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Expendable(asked))
    }

    /// Resolves with a stored execution and what goes with it as JSON text, or null; `asked`: `{"id", "now"}`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_tree(&self, asked: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Tree(asked))
    }
}
