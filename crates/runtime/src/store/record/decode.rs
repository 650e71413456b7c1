// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Text becomes events.

mod attempts;

use super::apart::{self, Reference, Values};
use super::words::{cancel_reason, skip_reason};
use super::{RECORD_VERSION, RUN_MAX, RecordError};
use crate::spent::{self, Sum};
use crate::store::{Runner, StepRecord};
use attempts::{By, Known, StoredReads, StoredRunner, carried, optional_print, runner};
use engine::read_accepted_plan;
use engine::{AbortCause, End, Event, Failure, Fit, InstanceIndex, Move, Output, PassEnd, Question, ReusedEnd, Shared, TaskIndex};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredRecord<'a> {
    v: u32,
    #[serde(default)]
    encrypted: bool,
    previous_committed: i64,
    #[serde(borrow)]
    events: Vec<StoredEvent<'a>>,
    #[serde(default)]
    who: Vec<StoredRunner>,
    #[serde(default)]
    committed: Vec<Vec<i64>>,
    #[serde(default)]
    stalls: Vec<(i64, u64)>,
    #[serde(borrow, default)]
    large: Vec<Reference<'a>>,
}

/// Any event: the fields of all of them, each there where its event has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each belongs to an event of its own")]
struct StoredEvent<'a> {
    event: &'a str,
    task: Option<u32>,
    attempt: Option<u32>,
    ready: Option<i64>,
    ready_by: Option<u32>,
    admitted_by: Option<u32>,
    more: Option<u32>,
    starts: Option<Vec<i64>>,
    ends: Option<Vec<i64>>,
    #[serde(borrow)]
    outputs: Option<Vec<&'a RawValue>>,
    start: Option<i64>,
    end: Option<i64>,
    until: Option<i64>,
    status: Option<&'a str>,
    cause: Option<&'a str>,
    reason: Option<String>,
    code: Option<String>,
    message: Option<String>,
    #[serde(default)]
    r#final: bool,
    retry_after: Option<u64>,
    name: Option<String>,
    path: Option<String>,
    #[serde(borrow)]
    fits: Option<Vec<Vec<&'a RawValue>>>,
    cache_key: Option<String>,
    gate: Option<u32>,
    branch: Option<u32>,
    passes: Option<u32>,
    condition: Option<u32>,
    pass: Option<u32>,
    place: Option<u32>,
    started: Option<u64>,
    interrupted: Option<u64>,
    branches: Option<Box<[u32]>>,
    spent: Option<Sum>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    again: bool,
    #[serde(default)]
    holds: bool,
    #[serde(default)]
    crashed: bool,
    #[serde(default)]
    composed: bool,
    #[serde(default)]
    undoable: bool,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    step: bool,
    waited: Option<&'a str>,
    shared: Option<u64>,
    #[serde(borrow)]
    print: Option<&'a str>,
    #[serde(borrow)]
    prints: Option<Vec<Option<&'a str>>>,
    by: Option<By>,
    read: Option<StoredReads>,
    reads: Option<Vec<Option<StoredReads>>>,
    progress: Option<i64>,
    revision: Option<u64>,
    hash: Option<String>,
    timeout: Option<u64>,
    idle_passes_max: Option<u64>,
    #[serde(borrow, default, deserialize_with = "present")]
    given: Option<&'a RawValue>,
    stay: Option<Vec<String>>,
    #[serde(borrow)]
    known: Option<Vec<(String, &'a RawValue)>>,
    #[serde(borrow, default, deserialize_with = "present")]
    context: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    input: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    definition: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    choice: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    call: Option<&'a RawValue>,
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

/// Reads the stored form of a record back in which all values are. `slot` is the caller's to set. Whether it is what was written says [`super::Unproved`].
pub fn decode(text: &str, key: i64, seq: u64, at: Timestamp) -> Result<StepRecord, RecordError> {
    let decoded = decode_versioned(text, key, seq, at, None)?;
    if decoded.apart > 0 { Err(RecordError::Apart) } else { Ok(decoded.record) }
}

/// A record, and the version it was written in.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) record: StepRecord,
    pub(super) version: u32,
    /// Bytes of values that stand by themselves.
    pub(super) apart: u64,
}

pub(super) fn decode_versioned(text: &str, key: i64, seq: u64, at: Timestamp, values: Option<Values<'_>>) -> Result<Decoded, RecordError> {
    // Before values were mended where they enter, texts that are no Unicode were recorded as they came.
    let text = &*stdx::well_formed_json(text);
    let stored: StoredRecord<'_> = serde_json::from_str(text).map_err(|error| match serde_json::from_str(text) {
        // A newer version need not have this shape.
        Ok(Versioned { v }) if v > RECORD_VERSION => RecordError::Newer { found: v },
        _ => error.into(),
    })?;
    if stored.v > RECORD_VERSION {
        return Err(RecordError::Newer { found: stored.v });
    }
    if stored.encrypted {
        return Err(RecordError::Encrypted);
    }
    let apart = stored.large.iter().map(|(.., bytes)| *bytes).sum();
    if let Some(values) = values.filter(|_| !stored.large.is_empty()) {
        let whole = apart::whole(text, &stored.large, values)?;
        return Ok(Decoded { apart, ..decode_versioned(&whole, key, seq, at, None)? });
    }
    let who: Vec<Arc<Runner>> = stored.who.into_iter().map(runner).collect();
    let previous_committed = later(at, stored.previous_committed);
    let carried = carried(at, &stored.committed, &stored.stalls).ok_or(RecordError::Carried)?;
    let mut record = StepRecord { key, seq, at, previous_committed, carried, ..StepRecord::default() };
    record.events.reserve_exact(stored.events.len());
    for mut event in stored.events {
        let name = event.event;
        let known = Known::take(&mut event);
        let first = record.events.len();
        let read = read_entry(event, at, &mut record.events).and_then(|()| known.add(first, &who, &mut record));
        read.ok_or_else(|| RecordError::Event { event: name.to_owned() })?;
    }
    Ok(Decoded { record, version: stored.v, apart })
}

/// One entry: an event, or the same one of several tasks in a row.
fn read_entry(stored: StoredEvent<'_>, at: Timestamp, events: &mut Vec<Event>) -> Option<()> {
    let more = stored.more.unwrap_or(0);
    if more == 0 {
        events.push(read_event(stored, at)?);
        return Some(());
    }
    // What a damaged file says is no reason to take memory.
    let first = stored.task?;
    let last = first.checked_add(more).filter(|_| more < RUN_MAX)?;
    let tasks = (first..=last).map(InstanceIndex::new);
    if stored.event == "taskCompleted" {
        let (starts, ends, outputs) = (stored.starts?, stored.ends?, stored.outputs?);
        let (rows, attempt) = (usize::try_from(more).ok()? + 1, stored.attempt.unwrap_or(1));
        if [starts.len(), ends.len(), outputs.len()] != [rows; 3] {
            return None;
        }
        events.extend(tasks.zip(starts).zip(ends).zip(outputs).map(|(((task, start), end), output)| {
            let output = Output::Json(output.get().into());
            Event::TaskCompleted { task, attempt, start: later(at, start), end: later(at, end), output }
        }));
    } else {
        let Event::AttemptStarted { attempt, ready, ready_by, admitted_by, .. } = read_event(stored, at)? else { return None };
        events.extend(tasks.map(|task| Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by }));
    }
    Some(())
}

/// An instant so many microseconds after another.
fn later(at: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(at.micros().wrapping_add(micros.cast_unsigned()))
}

fn raw(value: Option<&RawValue>) -> Option<Arc<str>> {
    value.map(|value| value.get().into())
}

fn fit(stored: &[&RawValue]) -> Option<Fit> {
    let task = stored.first()?.get().parse().ok()?;
    Some(Fit { task: TaskIndex::new(task), payload: raw(stored.get(1).copied()) })
}

#[expect(clippy::too_many_lines, reason = "a table: one entry for each event")]
fn read_event(stored: StoredEvent<'_>, at: Timestamp) -> Option<Event> {
    let task = stored.task.map(InstanceIndex::new);
    let attempt = stored.attempt.unwrap_or(1);
    let start = stored.start.map(|micros| later(at, micros));
    let end = stored.end.map(|micros| later(at, micros));
    let until = stored.until.map(|micros| later(at, micros));
    let cancel = stored.reason.as_deref().and_then(cancel_reason);
    let skip = stored.reason.as_deref().and_then(skip_reason);
    if stored.code.is_some() != stored.message.is_some() {
        return None;
    }
    let failure = stored.code.zip(stored.message).map(|(code, message)| {
        Arc::new(Failure {
            code: code.into(),
            message: message.into(),
            details: raw(stored.details),
            retryable: !stored.r#final,
            retry_after: stored.retry_after.map(Duration::from_micros),
        })
    });
    let output = match raw(stored.output) {
        Some(output) if stored.undoable => Output::Undoable(output),
        Some(output) => Output::Json(output),
        None if stored.composed => Output::Composed,
        None => Output::Held,
    };
    let reason: Option<Arc<str>> = stored.reason.map(Into::into);
    Some(match stored.event {
        "executionStarted" => Event::ExecutionStarted,
        "judged" => {
            let question = match (stored.gate, stored.branch, stored.passes.zip(stored.condition)) {
                (Some(gate), ..) => Question::Gate(gate),
                (_, Some(branch), _) => Question::Branch(branch),
                (.., Some((passes, index))) => Question::Turn { passes, index },
                _ => return None,
            };
            Event::Judged { task: task?, question, holds: stored.holds }
        }
        "waitStarted" => Event::WaitStarted { task: task?, until },
        "signalReceived" => {
            let fits = match stored.fits {
                Some(fits) => Some(fits.iter().map(|stored| fit(stored)).collect::<Option<_>>()?),
                None => None,
            };
            Event::SignalReceived { name: stored.name?.into(), payload: raw(stored.payload)?, path: stored.path.map(Into::into), fits }
        }
        "waitEnded" => Event::WaitEnded { task: task?, payload: raw(stored.payload)? },
        "taskPrepared" => Event::TaskPrepared { task: task?, input: raw(stored.input), cache_key: stored.cache_key.map(Into::into) },
        "groupStarted" => Event::GroupStarted { task: task? },
        "branchesTaken" => Event::BranchesTaken { task: task?, branches: stored.branches? },
        "loopStarted" => {
            let items = stored.items.map(|items| items.into_iter().map(|item| Arc::from(item.get())).collect());
            Event::LoopStarted { task: task?, items }
        }
        "passStarted" => Event::PassStarted { task: task?, pass: stored.pass? },
        "passEnded" => {
            let end = match stored.status? {
                "completed" => PassEnd::Completed,
                "failed" => PassEnd::Failed(failure?),
                "cancelled" => PassEnd::Cancelled,
                _ => return None,
            };
            Event::PassEnded { task: task?, pass: stored.pass?, end }
        }
        "attemptStarted" => Event::AttemptStarted {
            task: task?,
            attempt,
            ready: stored.ready.map_or(at, |micros| later(at, micros)),
            ready_by: stored.ready_by.map(InstanceIndex::new),
            admitted_by: stored.admitted_by.map(InstanceIndex::new),
        },
        "attemptInterrupted" => Event::AttemptInterrupted { task: task?, attempt, crashed: stored.crashed },
        "attemptTimedOut" => {
            let cause = match stored.cause? {
                "timeout" => AbortCause::Timeout,
                "silence" => AbortCause::Silence,
                "total_timeout" => AbortCause::TotalTimeout,
                other => AbortCause::Stopped(cancel_reason(other)?),
            };
            Event::AttemptTimedOut { task: task?, attempt, cause }
        }
        "modelChosen" => Event::ModelChosen { task: task?, attempt, choice: raw(stored.choice)? },
        "modelCalled" => {
            let call = raw(stored.call)?;
            let spent::Called { spent, finish, brief } = spent::of_call(&call).ok()?;
            Event::ModelCalled { task: task?, attempt, spent: Box::new(spent), finish, call, brief }
        }
        "retryScheduled" => Event::RetryScheduled { task: task?, attempt, start: start?, end: end?, failure: failure?, until: until? },
        "fallbackTaken" => Event::FallbackTaken {
            task: task?,
            attempt,
            start: start?,
            end: end?,
            failure: failure?,
            place: stored.place?,
            again: stored.again,
            input: raw(stored.input),
        },
        "backoffEnded" => Event::BackoffEnded { task: task? },
        "taskSpawned" => Event::TaskSpawned { task: task?, definition: raw(stored.definition)? },
        "taskFinishing" => Event::TaskFinishing { task: task?, attempt, start: start?, end: end?, output },
        "taskCompleted" => Event::TaskCompleted { task: task?, attempt, start: start?, end: end?, output },
        "taskFailed" => Event::TaskFailed { task: task?, attempt, start: start?, end: end?, failure: failure? },
        "taskSkipped" => Event::TaskSkipped { task: task?, reason: skip? },
        "taskCancelled" => Event::TaskCancelled { task: task?, reason: cancel? },
        "taskReused" => {
            let output = if let Output::Json(output) = output { Some(output) } else { None };
            let end = match stored.status? {
                "cached" => ReusedEnd::Cached(output?),
                "completed" => ReusedEnd::Completed(output),
                "degraded" => ReusedEnd::Degraded(output, failure?),
                "failed" => ReusedEnd::Failed(failure?),
                "skipped" => ReusedEnd::Skipped(skip?),
                "cancelled" => ReusedEnd::Cancelled(cancel?),
                _ => return None,
            };
            Event::TaskReused { task: task?, end }
        }
        "failFast" => Event::FailFast { task: task? },
        "groupStopped" => Event::GroupStopped { task: task?, cause: cancel?, failure },
        "executionFailing" => Event::ExecutionFailing { cause: cancel?, failure: failure? },
        "cancelRequested" => Event::CancelRequested { reason, force: stored.force },
        "budgetCharged" => Event::BudgetCharged { started: stored.started?, interrupted: stored.interrupted? },
        "usageCharged" => Event::UsageCharged { spent: Box::new(stored.spent?.into()) },
        "paused" => Event::Paused,
        "resumed" => Event::Resumed { step: stored.step },
        "stepStarted" => Event::StepStarted { task: task?, attempt, name: stored.name?.into(), input: optional_print(stored.print)? },
        "stepEnded" => Event::StepEnded {
            task: task?,
            attempt,
            name: stored.name?.into(),
            input: optional_print(stored.print)?,
            value: raw(stored.value)?,
        },
        "sharedRead" => {
            let read = match (raw(stored.value), stored.hash) {
                (Some(value), None) => Shared::Value(value),
                (None, Some(hash)) => Shared::Hash(hash.into()),
                _ => return None,
            };
            Event::SharedRead { task: task?, attempt, revision: stored.revision?, path: stored.path.map(Into::into), read }
        }
        "moved" => {
            let plan = read_accepted_plan(stored.definition?.get(), Duration::from_millis(stored.timeout?)).ok()?;
            let known = stored.known.unwrap_or_default().into_iter().map(|(path, output)| (path.into(), output.get().into()));
            let (stay, outputs) = (stored.stay?.into_iter().map(Into::into).collect(), Arc::new(known.collect()));
            let (context, given, idle_passes_max) = (raw(stored.context), raw(stored.given), stored.idle_passes_max);
            Event::Moved { to: Box::new(Move { plan: Arc::new(plan), stay, outputs, context, idle_passes_max, given }) }
        }
        "compensationStarted" => Event::CompensationStarted { task: task? },
        "executionEnded" => {
            let end = match stored.status? {
                "completed" => End::Completed,
                "failed" => End::Failed { task, failure: failure? },
                "cancelled" => End::Cancelled { reason },
                _ => return None,
            };
            Event::ExecutionEnded { end }
        }
        _ => return None,
    })
}
