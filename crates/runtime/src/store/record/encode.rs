// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Events become text.

mod attempts;
mod moved;
mod values;

use super::RUN_MAX;
use super::apart::{Apart, LARGE};
use super::words::{abort_cause_name, cancel_reason_name, end_name, event_name, reused_name, skip_reason_name};
use crate::spent;
use crate::store::{Began, Ran, StepRecord};
use attempts::{Beside, Who};
use engine::{End, Event, Failure, InstanceIndex, Output, PassEnd, Question, ReusedEnd, Shared};
use stdx::Timestamp;

/// Appends the stored form to `text`, with all values in it.
pub fn encode(record: &StepRecord, text: &mut String) {
    write(record, text, &mut Vec::new(), usize::MAX);
}

/// The same without values of more than [`LARGE`] bytes, which come into `apart`, with their places in `text`; see [`super::refer`].
pub fn encode_apart<'r>(record: &'r StepRecord, text: &mut String, apart: &mut Vec<Apart<'r>>) {
    write(record, text, apart, LARGE);
}

/// Written by hand because it stands on the hot path: outputs are copied, never parsed.
fn write<'r>(record: &'r StepRecord, text: &mut String, apart: &mut Vec<Apart<'r>>, most: usize) {
    text.push_str(r#"{"v":3"#);
    let mut writer = Writer { text, apart, most, at: record.at, who: Who::default() };
    writer.instant("previousCommitted", record.previous_committed);
    writer.text.push_str(r#","events":["#);
    let mut rest = record.events.as_slice();
    let mut beside = Beside { place: 0, began: &record.began, ran: &record.ran };
    while let [event, following @ ..] = rest {
        let (alike, others) = following.split_at(successors(event, following, beside));
        writer.event(event, alike, beside);
        beside = beside.after(1 + alike.len());
        rest = others;
        if !rest.is_empty() {
            writer.text.push(',');
        }
    }
    writer.text.push(']');
    writer.who();
    if let Some(carried) = &record.carried {
        writer.carried(carried);
    }
    writer.text.push('}');
}

/// How many of the events that follow say the same of the next tasks: what one task made ready is mostly numbered in a row, starts at once and is heard
/// of in turn. Of what a fan-out wrote a third were words repeated for each of its tasks.
fn successors(event: &Event, following: &[Event], beside: Beside<'_>) -> usize {
    let tasks = (1..RUN_MAX).zip(following);
    if let Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by } = event {
        let (attempt, ready, ready_by, admitted_by) = (*attempt, *ready, *ready_by, *admitted_by);
        let next = |task| Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by };
        let mut rows = beside.began();
        // What differs between them is their prints.
        let alike = |began: Option<&Began>| began.map_or((None, None), |began| (began.waited, began.shared));
        let first = alike(rows.next().flatten());
        tasks
            .zip(rows)
            .take_while(|((more, event), began)| after(*task, *more).is_some_and(|task| **event == next(task)) && alike(*began) == first)
            .count()
    } else if let Some(first) = Completed::of(event) {
        let is_next = |row: Completed<'_>, more| row.attempt == first.attempt && Some(row.task) == after(first.task, more);
        let mut rows = beside.ran();
        let tells = |ran: Option<&Ran>| ran.is_some_and(|ran| ran.progress.is_some());
        if tells(rows.next().flatten()) {
            return 0;
        }
        tasks
            .zip(rows)
            .take_while(|((more, event), ran)| Completed::of(event).is_some_and(|row| is_next(row, *more)) && !tells(*ran))
            .count()
    } else {
        0
    }
}

fn after(task: InstanceIndex, more: u32) -> Option<InstanceIndex> {
    task.get().checked_add(more).map(InstanceIndex::new)
}

/// A task that completed with an output that is stored.
struct Completed<'e> {
    task: InstanceIndex,
    attempt: u32,
    start: Timestamp,
    end: Timestamp,
    output: &'e str,
}

impl<'e> Completed<'e> {
    fn of(event: &'e Event) -> Option<Self> {
        let Event::TaskCompleted { task, attempt, start, end, output: Output::Json(output) } = event else { return None };
        Some(Self { task: *task, attempt: *attempt, start: *start, end: *end, output })
    }
}

/// Writes the fields of one record.
struct Writer<'a, 'r> {
    text: &'a mut String,
    /// Values that are left out, those with more than `most` bytes.
    apart: &'a mut Vec<Apart<'r>>,
    most: usize,
    /// The record's own instant, which all others are relative to.
    at: Timestamp,
    who: Who<'r>,
}

impl<'r> Writer<'_, 'r> {
    #[expect(clippy::too_many_lines, reason = "a table: one entry for each event")]
    fn event(&mut self, event: &'r Event, alike: &'r [Event], beside: Beside<'r>) {
        self.text.push_str(r#"{"event":""#);
        self.text.push_str(event_name(event));
        self.text.push('"');
        match event {
            Event::ExecutionStarted | Event::Paused => {}
            Event::Judged { task, question, holds } => {
                self.task(*task);
                self.question(*question);
                self.flag("holds", *holds);
            }
            Event::WaitStarted { task, until } => {
                self.task(*task);
                self.optional_instant("until", *until);
            }
            Event::SignalReceived { name, payload, path, fits } => {
                self.string("name", name);
                self.large("payload", payload);
                self.optional_string("path", path.as_deref());
                self.fits(fits.as_deref());
            }
            Event::WaitEnded { task, payload } => {
                self.task(*task);
                self.large("payload", payload);
            }
            Event::TaskPrepared { task, input, cache_key } => {
                self.task(*task);
                self.optional_large("input", input.as_deref());
                self.optional_string("cacheKey", cache_key.as_deref());
            }
            Event::GroupStarted { task }
            | Event::BackoffEnded { task }
            | Event::FailFast { task }
            | Event::CompensationStarted { task } => {
                self.task(*task);
            }
            Event::BranchesTaken { task, branches } => {
                self.task(*task);
                let branches: Vec<String> = branches.iter().map(u32::to_string).collect();
                self.json("branches", &format!("[{}]", branches.join(",")));
            }
            Event::LoopStarted { task, items } => {
                self.task(*task);
                if let Some(items) = items {
                    self.list("items", items.iter(), |writer, item| writer.value(item));
                }
            }
            Event::PassStarted { task, pass } => {
                self.task(*task);
                self.number("pass", (*pass).into());
            }
            Event::PassEnded { task, pass, end } => {
                self.task(*task);
                self.number("pass", (*pass).into());
                match end {
                    PassEnd::Completed => self.string("status", "completed"),
                    PassEnd::Failed(failure) => {
                        self.string("status", "failed");
                        self.failure(failure);
                    }
                    PassEnd::Cancelled => self.string("status", "cancelled"),
                }
            }
            Event::GroupStopped { task, cause, failure } => {
                self.task(*task);
                self.string("reason", cancel_reason_name(*cause));
                if let Some(failure) = failure {
                    self.failure(failure);
                }
            }
            Event::ExecutionFailing { cause, failure } => {
                self.string("reason", cancel_reason_name(*cause));
                self.failure(failure);
            }
            Event::CancelRequested { reason, force } => {
                self.optional_string("reason", reason.as_deref());
                self.flag("force", *force);
            }
            Event::BudgetCharged { started, interrupted } => {
                self.number("started", *started);
                self.number("interrupted", *interrupted);
            }
            Event::UsageCharged { spent } => self.json("spent", &spent::text(**spent)),
            Event::Resumed { step } => self.flag("step", *step),
            Event::ExecutionEnded { end } => self.end(end),
            Event::StepStarted { .. } | Event::StepEnded { .. } | Event::SharedRead { .. } | Event::Moved { .. } => self.of_step(event),
            Event::TaskCompleted { task, attempt, .. } if !alike.is_empty() => {
                self.attempt(*task, *attempt);
                self.columns(event, alike);
            }
            Event::AttemptStarted { .. }
            | Event::AttemptInterrupted { .. }
            | Event::AttemptTimedOut { .. }
            | Event::ModelChosen { .. }
            | Event::ModelCalled { .. }
            | Event::RetryScheduled { .. }
            | Event::FallbackTaken { .. }
            | Event::TaskSpawned { .. }
            | Event::TaskFinishing { .. }
            | Event::TaskCompleted { .. }
            | Event::TaskFailed { .. }
            | Event::TaskSkipped { .. }
            | Event::TaskCancelled { .. }
            | Event::TaskReused { .. } => self.of_task(event),
        }
        if !alike.is_empty() {
            self.number("more", alike.len().try_into().unwrap_or(u64::MAX));
        }
        let rows = 1 + alike.len();
        if beside.began.first().is_some_and(|began| beside.is_within(began.event, rows)) {
            self.began(beside.began().take(rows));
        }
        if beside.ran.first().is_some_and(|ran| beside.is_within(ran.event, rows)) {
            self.ran(beside.ran().take(rows));
        }
        self.text.push('}');
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are above")]
    fn of_step(&mut self, event: &'r Event) {
        match event {
            Event::StepStarted { task, attempt, name, input } => {
                self.attempt(*task, *attempt);
                self.string("name", name);
                self.optional_print(*input);
            }
            Event::StepEnded { task, attempt, name, input, value } => {
                self.attempt(*task, *attempt);
                self.string("name", name);
                self.optional_print(*input);
                self.large("value", value);
            }
            Event::SharedRead { task, attempt, revision, path, read } => {
                self.attempt(*task, *attempt);
                self.number("revision", *revision);
                self.optional_string("path", path.as_deref());
                match read {
                    Shared::Value(value) => self.large("value", value),
                    Shared::Hash(hash) => self.string("hash", hash),
                }
            }
            Event::Moved { to } => self.moved(to),
            _ => {}
        }
    }

    fn optional_print(&mut self, print: Option<u64>) {
        if let Some(print) = print {
            self.name("print");
            self.print(print);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are above")]
    #[expect(clippy::too_many_lines, reason = "a table: one entry for each event")]
    fn of_task(&mut self, event: &'r Event) {
        match event {
            Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by } => {
                self.attempt(*task, *attempt);
                if *ready != self.at {
                    self.instant("ready", *ready);
                }
                self.optional_task("readyBy", *ready_by);
                self.optional_task("admittedBy", *admitted_by);
            }
            Event::AttemptInterrupted { task, attempt, crashed } => {
                self.attempt(*task, *attempt);
                self.flag("crashed", *crashed);
            }
            Event::AttemptTimedOut { task, attempt, cause } => {
                self.attempt(*task, *attempt);
                self.string("cause", abort_cause_name(*cause));
            }
            Event::ModelChosen { task, attempt, choice } => {
                self.attempt(*task, *attempt);
                self.json("choice", choice);
            }
            Event::ModelCalled { task, attempt, call, .. } => {
                self.attempt(*task, *attempt);
                self.json("call", call);
            }
            Event::RetryScheduled { task, attempt, start, end, failure, until } => {
                self.measured(*task, *attempt, *start, *end);
                self.instant("until", *until);
                self.failure(failure);
            }
            Event::FallbackTaken { task, attempt, start, end, failure, place, again, input } => {
                self.measured(*task, *attempt, *start, *end);
                self.number("place", (*place).into());
                self.flag("again", *again);
                self.optional_large("input", input.as_deref());
                self.failure(failure);
            }
            Event::TaskSpawned { task, definition } => {
                self.task(*task);
                self.json("definition", definition);
            }
            Event::TaskFinishing { task, attempt, start, end, output } | Event::TaskCompleted { task, attempt, start, end, output } => {
                self.measured(*task, *attempt, *start, *end);
                self.optional_large("output", output.json().map(|output| &**output));
                self.flag("undoable", matches!(output, Output::Undoable(_)));
                self.flag("composed", *output == Output::Composed);
            }
            Event::TaskFailed { task, attempt, start, end, failure } => {
                self.measured(*task, *attempt, *start, *end);
                self.failure(failure);
            }
            Event::TaskSkipped { task, reason } => {
                self.task(*task);
                self.string("reason", skip_reason_name(*reason));
            }
            Event::TaskCancelled { task, reason } => {
                self.task(*task);
                self.string("reason", cancel_reason_name(*reason));
            }
            Event::TaskReused { task, end } => {
                self.task(*task);
                self.string("status", reused_name(end));
                match end {
                    ReusedEnd::Cached(output) | ReusedEnd::Completed(Some(output)) => self.large("output", output),
                    ReusedEnd::Completed(None) => {}
                    ReusedEnd::Degraded(output, failure) => {
                        self.optional_large("output", output.as_deref());
                        self.failure(failure);
                    }
                    ReusedEnd::Failed(failure) => self.failure(failure),
                    ReusedEnd::Skipped(reason) => self.string("reason", skip_reason_name(*reason)),
                    ReusedEnd::Cancelled(reason) => self.string("reason", cancel_reason_name(*reason)),
                }
            }
            _ => {}
        }
    }

    fn list<T>(&mut self, name: &str, values: impl Iterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.name(name);
        self.text.push('[');
        for (place, value) in values.enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            write(self, value);
        }
        self.text.push(']');
    }

    fn end(&mut self, end: &End) {
        self.string("status", end_name(end));
        match end {
            End::Completed => {}
            End::Failed { task, failure } => {
                self.optional_task("task", *task);
                self.failure(failure);
            }
            End::Cancelled { reason } => self.optional_string("reason", reason.as_deref()),
        }
    }

    fn question(&mut self, question: Question) {
        match question {
            Question::Gate(index) => self.number("gate", index.into()),
            Question::Branch(index) => self.number("branch", index.into()),
            Question::Turn { passes, index } => {
                self.number("passes", passes.into());
                self.number("condition", index.into());
            }
        }
    }

    fn name(&mut self, name: &str) {
        self.text.push_str(",\"");
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.text.push_str(itoa::Buffer::new().format(value));
    }

    /// Microseconds after the record's own instant; before it they are negative.
    fn instant(&mut self, name: &str, instant: Timestamp) {
        self.name(name);
        self.difference(instant);
    }

    fn difference(&mut self, instant: Timestamp) {
        let difference = instant.micros().cast_signed().wrapping_sub(self.at.micros().cast_signed());
        self.text.push_str(itoa::Buffer::new().format(difference));
    }

    fn optional_instant(&mut self, name: &str, instant: Option<Timestamp>) {
        if let Some(instant) = instant {
            self.instant(name, instant);
        }
    }

    fn task(&mut self, task: InstanceIndex) {
        self.number("task", task.get().into());
    }

    fn optional_task(&mut self, name: &str, task: Option<InstanceIndex>) {
        if let Some(task) = task {
            self.number(name, task.get().into());
        }
    }

    /// The first attempt goes without saying.
    fn attempt(&mut self, task: InstanceIndex, attempt: u32) {
        self.task(task);
        if attempt != 1 {
            self.number("attempt", attempt.into());
        }
    }

    fn measured(&mut self, task: InstanceIndex, attempt: u32, start: Timestamp, end: Timestamp) {
        self.attempt(task, attempt);
        self.instant("start", start);
        self.instant("end", end);
    }

    /// What is not there is false.
    fn flag(&mut self, name: &str, holds: bool) {
        if holds {
            self.json(name, "true");
        }
    }

    fn json(&mut self, name: &str, text: &str) {
        self.name(name);
        self.text.push_str(text);
    }

    fn optional_json(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.json(name, text);
        }
    }

    fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        self.text.push_str(&json_string(value));
    }

    fn optional_string(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    fn failure(&mut self, failure: &Failure) {
        self.string("code", &failure.code);
        self.string("message", &failure.message);
        self.flag("final", !failure.retryable);
        if let Some(wait) = failure.retry_after {
            self.number("retryAfter", u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        }
        self.optional_json("details", failure.details.as_deref());
    }
}

fn json_string(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}
