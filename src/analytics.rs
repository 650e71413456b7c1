// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Figures of executions that JavaScript remembers, where there is no store to have facts of.

use crate::error::{CodedError, coded};
use analytics::{Ended, Outcome, Paid, Period, Status};
use engine::Spent;
use napi_derive::napi;
use runtime::Error;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Figures in the making.
#[napi]
#[derive(Default)]
pub struct NativePeriod {
    period: Period,
}

/// An execution that has ended; instants and times in microseconds.
#[derive(Deserialize)]
struct EndedText {
    status: String,
    started: u64,
    ended: u64,
    attempts: u64,
    /// Executions below it included.
    #[serde(default)]
    cost: u64,
    #[serde(default)]
    unpriced: u64,
    tasks: Vec<TaskText>,
}

/// A task of it.
#[derive(Deserialize)]
struct TaskText {
    task: String,
    status: String,
    attempts: u64,
    duration: Option<u64>,
    #[serde(default)]
    usage: [u64; 5],
    #[serde(default)]
    cost: u64,
    #[serde(default)]
    calls: u64,
    #[serde(default)]
    unpriced: u64,
}

#[napi]
impl NativePeriod {
    /// Figures of nothing.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self { period: Period::default() }
    }

    /// Adds executions that have ended: JSON text, a list.
    #[napi(catch_unwind)]
    pub fn add(&mut self, executions: String) -> Result<(), CodedError> {
        let malformed = |message: String| coded(&Error::Malformed { what: "executions", message });
        let executions: Vec<EndedText> = serde_json::from_str(&executions).map_err(|error| malformed(error.to_string()))?;
        for EndedText { status, started, ended, attempts, cost, unpriced, tasks } in executions {
            let status = Status::of(&status).ok_or_else(|| malformed(format!("`{status}` is no status")))?;
            let at = Timestamp::from_micros;
            let cost = Paid { nanos: cost, unpriced };
            self.period.add_execution(&Ended::execution(status, (started > 0).then(|| at(started)), at(ended), attempts, cost));
            for task in tasks {
                self.period.add_task(&Arc::from(&*task.task), &task.ended());
            }
        }
        Ok(())
    }

    /// The figures as JSON text; see `analytics::Period::json`.
    #[napi(catch_unwind)]
    pub fn json(&self) -> String {
        self.period.json().to_string()
    }
}

impl TaskText {
    fn ended(&self) -> Ended {
        let outcome = match &*self.status {
            "completed" => Outcome::Completed,
            "failed" => Outcome::Failed,
            "skipped" => Outcome::Skipped,
            _ => Outcome::Cancelled,
        };
        let duration = self.duration.map(Duration::from_micros);
        let [input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens] = self.usage;
        let (calls, unpriced) = (self.calls, self.unpriced);
        let tokens = Spent { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, ..Spent::default() };
        let spent = Spent { cost_nanos: self.cost, calls, unpriced, ..tokens };
        // When it was ready, and how long each attempt took, is not remembered.
        Ended {
            outcome,
            attempts: self.attempts,
            interruptions: 0,
            duration,
            wait: None,
            run: Duration::ZERO,
            spent,
            cost: Paid::of(spent),
        }
    }
}

/// What a message of a failure has in common with others of its kind; see `analytics::fingerprint`.
#[napi(catch_unwind)]
pub fn fingerprint(message: String) -> String {
    analytics::fingerprint(&message)
}
