// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The stored form of a journal record: one JSON object, so that any tool that opens the file can read it.
//!
//! ```json
//! {"v":1,"previousCommitted":17,"events":[{"event":"taskCompleted","task":0,"attempt":1,"start":5,"end":9,"output":{"n":1}}]}
//! ```
//! Instants are microseconds since the epoch, tasks are their places in the definition. What is absent is null. A change of meaning gets
//! a new `v` and a reader that still knows the old one.

use super::StepRecord;
use engine::{CancelReason, End, Event, Failure, Output, SkipReason, TaskIndex};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::sync::Arc;
use stdx::Timestamp;

/// The version this build writes.
pub const RECORD_VERSION: u32 = 1;

/// Why a stored record is not one.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not JSON of this shape.
    #[error("not a record")]
    Malformed(#[from] serde_json::Error),
    /// Written by a newer version.
    #[error("record version {found} is newer than this build reads ({RECORD_VERSION}); open the store with the version that wrote it")]
    Newer {
        /// What it says.
        found: u32,
    },
    /// An event this version does not know, or one that lacks a field.
    #[error("event `{event}` is unknown or incomplete")]
    Event {
        /// Its name.
        event: String,
    },
}

/// Appends the stored form to `text`. Written by hand because it stands on the hot path: outputs are copied, never parsed.
pub fn encode(record: &StepRecord, text: &mut String) {
    text.push_str(r#"{"v":1,"previousCommitted":"#);
    number(text, record.previous_committed.micros());
    text.push_str(r#","events":["#);
    for (at, event) in record.events.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        encode_event(event, text);
    }
    text.push_str("]}");
}

fn encode_event(event: &Event, text: &mut String) {
    text.push_str(r#"{"event":""#);
    text.push_str(event_name(event));
    text.push('"');
    match event {
        Event::ExecutionStarted => {}
        Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by } => {
            task_attempt(text, *task, *attempt);
            field(text, "ready", ready.micros());
            if let Some(by) = ready_by {
                field(text, "readyBy", by.get().into());
            }
            if let Some(by) = admitted_by {
                field(text, "admittedBy", by.get().into());
            }
        }
        Event::AttemptInterrupted { task, attempt } | Event::AttemptTimedOut { task, attempt } => task_attempt(text, *task, *attempt),
        Event::RetryScheduled { task, attempt, start, end, failure, until } => {
            measured(text, *task, *attempt, *start, *end);
            field(text, "until", until.micros());
            encode_failure(text, failure);
        }
        Event::BackoffEnded { task } | Event::FailFast { task } => field(text, "task", task.get().into()),
        Event::TaskCompleted { task, attempt, start, end, output } => {
            measured(text, *task, *attempt, *start, *end);
            if let Output::Json(output) = output {
                text.push_str(r#","output":"#);
                text.push_str(output);
            }
        }
        Event::TaskFailed { task, attempt, start, end, failure } => {
            measured(text, *task, *attempt, *start, *end);
            encode_failure(text, failure);
        }
        Event::TaskSkipped { task, reason } => {
            field(text, "task", task.get().into());
            string_field(text, "reason", skip_reason_name(*reason));
        }
        Event::TaskCancelled { task, reason } => {
            field(text, "task", task.get().into());
            string_field(text, "reason", cancel_reason_name(*reason));
        }
        Event::CancelRequested { reason } => optional_string_field(text, "reason", reason.as_deref()),
        Event::ExecutionEnded { end } => {
            string_field(text, "status", end_name(end));
            match end {
                End::Completed => {}
                End::Failed { task } => field(text, "task", task.get().into()),
                End::Cancelled { reason } => optional_string_field(text, "reason", reason.as_deref()),
            }
        }
    }
    text.push('}');
}

/// The word for an event, in records alone.
fn event_name(event: &Event) -> &'static str {
    match event {
        Event::ExecutionStarted => "executionStarted",
        Event::AttemptStarted { .. } => "attemptStarted",
        Event::AttemptInterrupted { .. } => "attemptInterrupted",
        Event::AttemptTimedOut { .. } => "attemptTimedOut",
        Event::RetryScheduled { .. } => "retryScheduled",
        Event::BackoffEnded { .. } => "backoffEnded",
        Event::TaskCompleted { .. } => "taskCompleted",
        Event::TaskFailed { .. } => "taskFailed",
        Event::TaskSkipped { .. } => "taskSkipped",
        Event::TaskCancelled { .. } => "taskCancelled",
        Event::FailFast { .. } => "failFast",
        Event::CancelRequested { .. } => "cancelRequested",
        Event::ExecutionEnded { .. } => "executionEnded",
    }
}

/// The word for a reason, in records and in JavaScript alike.
pub(crate) fn skip_reason_name(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::UpstreamFailed => "upstream_failed",
        SkipReason::UpstreamSkipped => "upstream_skipped",
    }
}

/// The word for a reason, in records and in JavaScript alike.
pub(crate) fn cancel_reason_name(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::SiblingFailed => "sibling_failed",
        CancelReason::Cancelled => "cancelled",
    }
}

/// The word for an end, in records, columns and JavaScript alike.
pub(crate) fn end_name(end: &End) -> &'static str {
    match end {
        End::Completed => "completed",
        End::Failed { .. } => "failed",
        End::Cancelled { .. } => "cancelled",
    }
}

fn number(text: &mut String, value: u64) {
    text.push_str(itoa::Buffer::new().format(value));
}

fn field(text: &mut String, name: &str, value: u64) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
    number(text, value);
}

fn task_attempt(text: &mut String, task: TaskIndex, attempt: u32) {
    field(text, "task", task.get().into());
    field(text, "attempt", attempt.into());
}

fn measured(text: &mut String, task: TaskIndex, attempt: u32, start: Timestamp, end: Timestamp) {
    task_attempt(text, task, attempt);
    field(text, "start", start.micros());
    field(text, "end", end.micros());
}

fn string_field(text: &mut String, name: &str, value: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
    text.push_str(&serde_json::Value::from(value).to_string());
}

fn optional_string_field(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        string_field(text, name, value);
    }
}

fn encode_failure(text: &mut String, failure: &Failure) {
    string_field(text, "code", &failure.code);
    string_field(text, "message", &failure.message);
    if !failure.retryable {
        text.push_str(r#","final":true"#);
    }
    if let Some(details) = &failure.details {
        text.push_str(r#","details":"#);
        text.push_str(details);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredRecord<'a> {
    v: u32,
    previous_committed: u64,
    #[serde(borrow)]
    events: Vec<StoredEvent<'a>>,
}

/// Any event: the fields of all of them, each there where its event has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredEvent<'a> {
    event: &'a str,
    task: Option<u32>,
    attempt: Option<u32>,
    ready: Option<u64>,
    ready_by: Option<u32>,
    admitted_by: Option<u32>,
    start: Option<u64>,
    end: Option<u64>,
    until: Option<u64>,
    status: Option<&'a str>,
    reason: Option<String>,
    code: Option<String>,
    message: Option<String>,
    #[serde(default)]
    r#final: bool,
    #[serde(borrow, default, deserialize_with = "present")]
    details: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    output: Option<&'a RawValue>,
}

/// A field that is there has a value, `null` included.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(field).map(Some)
}

/// What every version of a record says.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Reads the stored form back. `slot` is the caller's to set.
pub fn decode(text: &str, key: i64, seq: u64, at: Timestamp) -> Result<StepRecord, RecordError> {
    let stored: StoredRecord<'_> = serde_json::from_str(text).map_err(|error| match serde_json::from_str(text) {
        // A newer version need not have this shape.
        Ok(Versioned { v }) if v > RECORD_VERSION => RecordError::Newer { found: v },
        _ => error.into(),
    })?;
    if stored.v > RECORD_VERSION {
        return Err(RecordError::Newer { found: stored.v });
    }
    let events = stored.events.into_iter().map(decode_event).collect::<Result<_, _>>()?;
    Ok(StepRecord { slot: 0, key, seq, at, previous_committed: Timestamp::from_micros(stored.previous_committed), events })
}

fn decode_event(stored: StoredEvent<'_>) -> Result<Event, RecordError> {
    let name = stored.event.to_owned();
    read_event(stored).ok_or(RecordError::Event { event: name })
}

fn read_event(stored: StoredEvent<'_>) -> Option<Event> {
    let task = stored.task.map(TaskIndex::new);
    let attempt = stored.attempt;
    let start = stored.start.map(Timestamp::from_micros);
    let end = stored.end.map(Timestamp::from_micros);
    let reason: Option<Arc<str>> = stored.reason.map(Into::into);
    let failure = stored.code.zip(stored.message).map(|(code, message)| {
        Arc::new(Failure {
            code: code.into(),
            message: message.into(),
            details: stored.details.map(|details| details.get().into()),
            retryable: !stored.r#final,
        })
    });
    Some(match stored.event {
        "executionStarted" => Event::ExecutionStarted,
        "attemptStarted" => Event::AttemptStarted {
            task: task?,
            attempt: attempt?,
            ready: Timestamp::from_micros(stored.ready?),
            ready_by: stored.ready_by.map(TaskIndex::new),
            admitted_by: stored.admitted_by.map(TaskIndex::new),
        },
        "attemptInterrupted" => Event::AttemptInterrupted { task: task?, attempt: attempt? },
        "attemptTimedOut" => Event::AttemptTimedOut { task: task?, attempt: attempt? },
        "retryScheduled" => Event::RetryScheduled {
            task: task?,
            attempt: attempt?,
            start: start?,
            end: end?,
            failure: failure?,
            until: Timestamp::from_micros(stored.until?),
        },
        "backoffEnded" => Event::BackoffEnded { task: task? },
        "taskCompleted" => Event::TaskCompleted {
            task: task?,
            attempt: attempt?,
            start: start?,
            end: end?,
            output: stored.output.map_or(Output::Held, |output| Output::Json(output.get().into())),
        },
        "taskFailed" => Event::TaskFailed { task: task?, attempt: attempt?, start: start?, end: end?, failure: failure? },
        "taskSkipped" => {
            let reason = [SkipReason::UpstreamFailed, SkipReason::UpstreamSkipped]
                .into_iter()
                .find(|known| Some(skip_reason_name(*known)) == reason.as_deref());
            Event::TaskSkipped { task: task?, reason: reason? }
        }
        "taskCancelled" => {
            let reason = [CancelReason::SiblingFailed, CancelReason::Cancelled]
                .into_iter()
                .find(|known| Some(cancel_reason_name(*known)) == reason.as_deref());
            Event::TaskCancelled { task: task?, reason: reason? }
        }
        "failFast" => Event::FailFast { task: task? },
        "cancelRequested" => Event::CancelRequested { reason },
        "executionEnded" => {
            let end = match stored.status? {
                "completed" => End::Completed,
                "failed" => End::Failed { task: task? },
                "cancelled" => End::Cancelled { reason },
                _ => return None,
            };
            Event::ExecutionEnded { end }
        }
        _ => return None,
    })
}
