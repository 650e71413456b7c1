// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A store that is only looked at, whoever has it. Every question is answered on a thread of Node's pool.

use crate::archive::{Answer, Question, told_of};
use crate::error::{NativeFailure, closed, failure};
use crate::facts::read_filter;
use crate::shared::lock;
use napi::bindgen_prelude::{AsyncTask, Env, Task};
use napi_derive::napi;
use runtime::Error;
use runtime::facts::Looking;
use runtime::store::canonical;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A store that is looked at.
#[napi]
pub struct NativeArchive {
    path: PathBuf,
    looking: Arc<Mutex<Option<Looking>>>,
}

/// What is asked of it.
enum Asked {
    Open(PathBuf),
    Store(Question),
    Summaries(String),
    Explanation(String),
    Close,
}

/// One question.
pub struct LookingTask {
    looking: Arc<Mutex<Option<Looking>>>,
    asked: Option<Asked>,
}

/// Why there is no answer.
pub enum Unanswered {
    /// What the store says.
    Store(Box<Error>),
    /// It is not open any more.
    Closed,
}

impl LookingTask {
    fn answer(&mut self) -> Result<Option<String>, Unanswered> {
        let mut looking = lock(&self.looking);
        let failed = |error: Error| Unanswered::Store(Box::new(error));
        match (self.asked.take(), looking.as_ref()) {
            (Some(Asked::Open(path)), _) => {
                *looking = Some(Looking::at(&path, &std::env::temp_dir()).map_err(|error| failed(error.into()))?);
                Ok(None)
            }
            (Some(Asked::Close) | None, _) => {
                looking.take();
                Ok(None)
            }
            (Some(_), None) => Err(Unanswered::Closed),
            (Some(Asked::Explanation(asked)), Some(looking)) => {
                let is_taken = looking.store().is_taken();
                told_of(looking.store(), &Question::Explanation { asked, is_taken }).map_err(failed)
            }
            (Some(Asked::Store(question)), Some(looking)) => told_of(looking.store(), &question).map_err(failed),
            (Some(Asked::Summaries(filter)), Some(looking)) => {
                let filter = read_filter(&filter).map_err(failed)?;
                looking.summaries(&filter).map(Some).map_err(|error| failed(error.into()))
            }
        }
    }
}

impl Task for LookingTask {
    type Output = Result<Option<String>, Unanswered>;
    type JsValue = Answer;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.answer())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Answer> {
        let failed = |failure: NativeFailure| Answer { failure: Some(failure), text: None };
        Ok(match output {
            Ok(text) => Answer { failure: None, text },
            Err(Unanswered::Store(error)) => failed(failure(&error)),
            Err(Unanswered::Closed) => failed(closed()),
        })
    }
}

#[napi]
impl NativeArchive {
    /// Which file that is, is decided at once.
    #[napi(constructor, catch_unwind)]
    pub fn new(path: String) -> Self {
        Self { path: canonical(Path::new(&path)), looking: Arc::default() }
    }

    /// Opens it.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn open(&self) -> AsyncTask<LookingTask> {
        self.ask(Asked::Open(self.path.clone()))
    }

    /// As `Engine.storedSeen`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_seen(&self, id: String) -> AsyncTask<LookingTask> {
        self.ask(Asked::Store(Question::Seen(id)))
    }

    /// As `Engine.storedExecution`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_execution(&self, id: String) -> AsyncTask<LookingTask> {
        self.ask(Asked::Store(Question::Execution(id)))
    }

    /// As `Engine.storedHistory`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_history(&self, id: String) -> AsyncTask<LookingTask> {
        self.ask(Asked::Store(Question::History(id)))
    }

    /// As `Engine.storedExecutions`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_executions(&self, filter: String) -> AsyncTask<LookingTask> {
        self.ask(Asked::Store(Question::List(filter)))
    }

    /// A page of summaries as JSON text; `filter` is JSON text too.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn summaries(&self, filter: String) -> AsyncTask<LookingTask> {
        self.ask(Asked::Summaries(filter))
    }

    /// As `Engine.storedExplanation`; whether a process has the store is looked at.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_explanation(&self, asked: String) -> AsyncTask<LookingTask> {
        self.ask(Asked::Explanation(asked))
    }

    /// Lets go of it. May be called twice.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn close(&self) -> AsyncTask<LookingTask> {
        self.ask(Asked::Close)
    }

    fn ask(&self, asked: Asked) -> AsyncTask<LookingTask> {
        AsyncTask::new(LookingTask { looking: Arc::clone(&self.looking), asked: Some(asked) })
    }
}
