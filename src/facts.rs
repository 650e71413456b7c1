// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Summaries of executions, answered on a thread of Node's pool: from the facts of a file, or from a machine that is at hand.

use crate::archive::Answer;
use crate::engine::Engine;
use crate::error::{CodedError, failure};
use crate::shared::{SharedFacts, lock};
use napi::bindgen_prelude::{AsyncTask, Env, Task};
use napi_derive::napi;
use runtime::facts::{SummaryFilter, WaitingFor};
use runtime::{Error, facts};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// How long a caller waits for facts to have everything that is on record.
const WAIT: Duration = Duration::from_secs(2);

/// A page that is asked for.
pub struct SummariesTask {
    facts: SharedFacts,
    filter: String,
}

impl SummariesTask {
    fn answer(&self) -> Result<Option<String>, Error> {
        let filter = read_filter(&self.filter)?;
        // Held no longer: whoever closes need not wait for this.
        let Some(facts) = lock(&self.facts).as_ref().map(Arc::clone) else { return Ok(None) };
        Ok(Some(facts.summaries(&filter, WAIT)?))
    }
}

impl Task for SummariesTask {
    type Output = Result<Option<String>, Error>;
    type JsValue = Answer;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.answer())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Answer> {
        Ok(match output {
            Ok(text) => Answer { failure: None, text },
            Err(error) => Answer { failure: Some(failure(&error)), text: None },
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

#[napi]
impl Engine {
    /// Resolves with a page of summaries as JSON text, of everything that was on record when it was called; `filter` is JSON text too.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn summaries(&self, filter: String) -> AsyncTask<SummariesTask> {
        AsyncTask::new(SummariesTask { facts: Arc::clone(&self.facts), filter })
    }

    /// What a live execution waits for, as JSON text; see `runtime::facts::waits`.
    #[napi(catch_unwind)]
    pub fn waits(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| Ok(facts::waits(driver.execution(slot)?)))
    }
}
