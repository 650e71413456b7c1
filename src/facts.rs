// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Summaries and figures of executions, answered on a thread of Node's pool: from the facts of a file, or from a machine that is at hand.

use crate::archive::Answer;
use crate::engine::Engine;
use crate::error::{CodedError, NativeFailure, closed, failure};
use crate::shared::{SharedArchive, SharedFacts, lock};
use napi::bindgen_prelude::{AsyncTask, Env, Task};
use napi_derive::napi;
use runtime::facts::{PeriodQuestion, SummaryFilter, WaitingFor};
use runtime::{Error, facts};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// How long a caller waits for facts to have everything that is on record.
const WAIT: Duration = Duration::from_secs(2);

/// What is asked of facts, as JSON text.
#[derive(Clone, Copy)]
pub enum AskedOfFacts {
    /// A page of summaries.
    Summaries,
    /// Figures of a workflow over a time.
    Analytics,
}

/// A question.
pub struct FactsTask {
    facts: SharedFacts,
    archive: SharedArchive,
    what: AskedOfFacts,
    question: String,
}

impl FactsTask {
    fn answer(&self) -> Result<String, NativeFailure> {
        let told = |error: Error| {
            // Closed meanwhile, which is why they did not get as far as was asked.
            if lock(&self.facts).is_none() { closed() } else { failure(&error) }
        };
        // Held no longer: whoever closes need not wait for this.
        let absent = || if lock(&self.archive).is_some() { absent() } else { closed() };
        let facts = lock(&self.facts).as_ref().map(Arc::clone).ok_or_else(absent)?;
        let answered = match self.what {
            AskedOfFacts::Summaries => read_filter(&self.question).and_then(|filter| Ok(facts.summaries(&filter, WAIT)?)),
            AskedOfFacts::Analytics => read_period(&self.question).and_then(|question| Ok(facts.period(&question, WAIT)?)),
        };
        answered.map_err(told)
    }
}

/// Executions are on a server, where no facts of them are kept.
fn absent() -> NativeFailure {
    let message = "summaries and figures are not kept on Redis: `listExecutions()` without `fields` reads the executions themselves, and with `storage` there are both";
    NativeFailure { code: "ERR_NOT_SUPPORTED".to_owned(), message: message.to_owned(), causes: Vec::new() }
}

impl Task for FactsTask {
    type Output = Result<String, NativeFailure>;
    type JsValue = Answer;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.answer())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Answer> {
        Ok(match output {
            Ok(text) => Answer { failure: None, text: Some(text) },
            Err(failure) => Answer { failure: Some(failure), text: None },
        })
    }
}

/// A filter as JavaScript sends it; instants in microseconds since the epoch.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterText {
    workflow_id: Option<String>,
    version: Option<String>,
    status: Option<String>,
    tenant: Option<String>,
    since: Option<u64>,
    until: Option<u64>,
    error_code: Option<String>,
    waiting_for: Option<WaitingText>,
    id_prefix: Option<String>,
    limit: u32,
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct WaitingText {
    kind: String,
    name: Option<String>,
}

pub(crate) fn read_filter(text: &str) -> Result<SummaryFilter, Error> {
    let malformed = |message: String| Error::Malformed { what: "filter", message };
    let filter: FilterText = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let waiting_for = match filter.waiting_for {
        None => None,
        Some(WaitingText { kind, name }) => Some(match kind.as_str() {
            "signal" => WaitingFor::Signal(name),
            "agent" => WaitingFor::Agent(name),
            "timer" => WaitingFor::Timer,
            other => return Err(malformed(format!("`{other}` is nothing to wait for"))),
        }),
    };
    Ok(SummaryFilter {
        workflow: filter.workflow_id,
        version: filter.version,
        status: filter.status,
        tenant: filter.tenant,
        since: filter.since.map(Timestamp::from_micros),
        until: filter.until.map(Timestamp::from_micros),
        error: filter.error_code,
        waiting_for,
        id_prefix: filter.id_prefix,
        limit: filter.limit,
        cursor: filter.cursor,
    })
}

/// A question for figures as JavaScript sends it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeriodText {
    workflow_id: String,
    version: Option<String>,
    start: u64,
    end: u64,
    limit: u32,
}

fn read_period(text: &str) -> Result<PeriodQuestion, Error> {
    let malformed = |error: serde_json::Error| Error::Malformed { what: "period", message: error.to_string() };
    let PeriodText { workflow_id, version, start, end, limit } = serde_json::from_str(text).map_err(malformed)?;
    let (start, end) = (Timestamp::from_micros(start), Timestamp::from_micros(end));
    Ok(PeriodQuestion { workflow: workflow_id, version, start, end, limit })
}

impl Engine {
    fn facts_task(&self, what: AskedOfFacts, question: String) -> FactsTask {
        FactsTask { facts: Arc::clone(&self.facts), archive: Arc::clone(&self.archive), what, question }
    }
}

#[napi]
impl Engine {
    /// Resolves with a page of summaries as JSON text, of everything that was on record when it was called; `filter` is JSON text too.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn summaries(&self, filter: String) -> AsyncTask<FactsTask> {
        AsyncTask::new(self.facts_task(AskedOfFacts::Summaries, filter))
    }

    /// Resolves with figures of a workflow over a time as JSON text, of everything that was on record when it was called; `question` is JSON text too.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn analytics(&self, question: String) -> AsyncTask<FactsTask> {
        AsyncTask::new(self.facts_task(AskedOfFacts::Analytics, question))
    }

    /// What a live execution waits for, as JSON text; see `runtime::facts::waits`.
    #[napi(catch_unwind)]
    pub fn waits(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| Ok(facts::waits(driver.execution(slot)?)))
    }
}
