// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A trace as spans, in the JSON form of the OpenTelemetry protocol: what is on record, and nothing that was only in a process.
//!
//! ```text
//! invoke_workflow report                  the execution
//! ├ invoke_agent fetcher                  an attempt; ids follow from execution, path and number
//! │ ├ chat gpt-x                          a call of a model, its retries included
//! │ ├ execute_tool search                 a tool that a model had called
//! │ └ step charge                         a step of the agent
//! └ invoke_workflow part                  an execution below it, under the attempt that ran it
//! ```
//! Ids are prints of what is on record, so whoever makes the spans again makes the same ones: recovery doubles none, and none lacks its parent.
//! Names and attributes are in [`names`].

mod names;

use crate::Outcome;
use crate::trace::{Micros, ModelRequest, Record, Trace, TracedAttempt, TracedTask, Tracer};
use std::fmt::Write as _;
use std::sync::Arc;
use stdx::hash64;

/// The id of a trace: 32 hexadecimal digits.
pub type TraceId = String;

/// Where the spans of an execution belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Their trace,
    pub trace: TraceId,
    /// and the span that the one of the execution stands under.
    pub parent: Option<String>,
}

/// The execution at the top of all above one: ids that are made have slashes, and no chosen one has.
fn root_of(execution: &str) -> &str {
    execution.split_once('/').map_or(execution, |(root, _)| root)
}

/// The print of some parts, as a span has it: never all zeros.
fn print(parts: &[&str]) -> String {
    let text = parts.join("\0");
    format!("{:016x}", hash64(text.as_bytes()).max(1))
}

/// The id of the span of an execution.
pub fn execution_span(execution: &str) -> String {
    print(&["execution", execution])
}

/// The id of the span of an attempt.
pub fn attempt_span(execution: &str, path: &str, attempt: u32) -> String {
    print(&["attempt", execution, path, &attempt.to_string()])
}

impl Place {
    /// Where the spans of an execution belong that was begun by a caller with this `traceparent`, and by the task at this path of another execution.
    pub fn of(execution: &str, traceparent: Option<&str>, above: Option<(&str, &str)>) -> Self {
        let mut given = traceparent.unwrap_or_default().split('-').skip(1);
        let (trace, caller) = (given.next().filter(|id| id.len() == 32), given.next().filter(|id| id.len() == 16));
        let root = root_of(execution);
        let trace = trace.map_or_else(|| format!("{}{}", print(&["trace", root]), print(&["root", root])), str::to_owned);
        let parent = match above {
            Some((parent, path)) => {
                Some(attempt_of(execution).map_or_else(|| execution_span(parent), |attempt| attempt_span(parent, path, attempt)))
            }
            None => caller.map(str::to_owned),
        };
        Self { trace, parent }
    }
}

/// The attempt that began an execution as its child: `<parent>/<path>/<attempt>`, and after a move `<attempt>~<move>`.
fn attempt_of(execution: &str) -> Option<u32> {
    let (_, last) = execution.rsplit_once('/')?;
    last.split_once('~').map_or(last, |(attempt, _)| attempt).parse().ok()
}

/// Spans in the making.
struct Writer<'a> {
    trace: &'a str,
    execution: &'a str,
    own: &'a str,
    text: &'a mut String,
    count: &'a mut usize,
}

/// What a span is.
struct Span<'a> {
    id: String,
    parent: Option<&'a str>,
    name: String,
    kind: u8,
    from: Micros,
    to: Micros,
    error: Option<&'a str>,
    attributes: String,
}

/// The spans of one execution, made as its records are read. Those of a task come when it has ended, that of the execution last; those of executions below it
/// are theirs.
#[derive(Debug)]
pub struct Spans {
    tracer: Tracer,
    place: Place,
    execution: Arc<str>,
    /// The id of the span of the execution.
    own: String,
}

/// Spans as JSON objects with commas between them, and how many they are.
pub type Written = (String, usize);

impl Spans {
    /// Of an execution of which nothing has been read.
    pub fn new(mut tracer: Tracer, execution: &Arc<str>, place: Place) -> Self {
        tracer.give_ended(|_| {});
        Self { tracer, place, execution: Arc::clone(execution), own: execution_span(execution) }
    }

    /// Reads records and adds what has ended in them.
    pub fn step(&mut self, record: &Record<'_>, (text, count): &mut Written) {
        self.tracer.step(record);
        let mut writer = Writer { trace: &self.place.trace, execution: &self.execution, own: &self.own, text, count };
        self.tracer.give_ended(|task| writer.task(task));
    }

    /// There are no more records: adds what has not ended, and the execution itself.
    pub fn finish(self, (text, count): &mut Written) {
        let trace = self.tracer.finish();
        let mut writer = Writer { trace: &self.place.trace, execution: &self.execution, own: &self.own, text, count };
        trace.tasks.iter().for_each(|task| writer.task(task));
        writer.execution(&trace, &self.place);
    }
}

impl Writer<'_> {
    fn task(&mut self, task: &TracedTask) {
        for (place, attempt) in task.attempts.iter().enumerate() {
            // One that was interrupted is done again under its number, which the last has for its own.
            let again = task.attempts.iter().skip(place + 1).any(|other| other.attempt == attempt.attempt);
            let interrupted = again.then(|| task.attempts.iter().take(place).filter(|other| other.attempt == attempt.attempt).count());
            self.attempt(task, attempt, interrupted);
        }
    }

    fn execution(&mut self, trace: &Trace, place: &Place) {
        // How it ended as a whole is not told of a trace: an execution has failed if a task of its root list has, and none goes on.
        let failed = trace.tasks.iter().find(|task| task.owner.is_none() && task.outcome == Some(Outcome::Failed));
        let error = failed.map(|task| task.error.as_deref().unwrap_or("_OTHER"));
        self.push(&Span {
            id: self.own.to_owned(),
            parent: place.parent.as_deref(),
            name: format!("{} {}", names::INVOKE_WORKFLOW, trace.workflow),
            kind: names::INTERNAL,
            from: trace.started,
            to: trace.ended,
            error,
            attributes: names::of_execution(trace),
        });
    }

    /// `interrupted`: how many of its number were interrupted before it, if it was and is done again.
    fn attempt(&mut self, task: &TracedTask, attempt: &TracedAttempt, interrupted: Option<usize>) {
        let plain = attempt_span(self.execution, &task.path, attempt.attempt);
        let id = interrupted.map_or(plain.clone(), |before| print(&["interrupted", &plain, &before.to_string()]));
        let (name, attributes) = names::of_attempt(task, attempt, interrupted.is_some());
        let failed = matches!(attempt.outcome, Some(Outcome::Failed | Outcome::Cancelled));
        let error = failed.then(|| attempt.error.as_deref().unwrap_or("_OTHER"));
        self.push(&Span {
            id: id.clone(),
            parent: Some(self.own),
            name,
            kind: names::INTERNAL,
            from: attempt.start,
            to: attempt.end,
            error,
            attributes,
        });
        for (place, call) in attempt.calls.iter().enumerate() {
            self.call(&id, place, call);
        }
        for (place, step) in attempt.steps.iter().enumerate() {
            let (name, attributes) = names::of_step(&step.name);
            let own = print(&["step", &id, &place.to_string()]);
            let (from, to) = (step.from, step.to);
            self.push(&Span { id: own, parent: Some(&id), name, kind: names::INTERNAL, from, to, error: None, attributes });
        }
    }

    fn call(&mut self, attempt: &str, place: usize, call: &ModelRequest) {
        let (name, attributes) = names::of_call(call);
        let id = print(&["call", attempt, &place.to_string()]);
        let error = call.failed.then_some("_OTHER");
        self.push(&Span { id, parent: Some(attempt), name, kind: names::CLIENT, from: call.from, to: call.to, error, attributes });
    }

    fn push(&mut self, span: &Span<'_>) {
        let Span { id, parent, name, kind, from, to, error, attributes } = span;
        let text = &mut *self.text;
        if *self.count > 0 {
            text.push(',');
        }
        *self.count += 1;
        // Writing to a String cannot fail.
        _ = write!(text, r#"{{"traceId":"{}","spanId":"{id}","#, self.trace);
        if let Some(parent) = parent {
            _ = write!(text, r#""parentSpanId":"{parent}","#);
        }
        text.push_str(r#""name":"#);
        names::string(text, name);
        // Instants are nanoseconds, which JSON has as texts.
        _ = write!(text, r#","kind":{kind},"startTimeUnixNano":"{from}000","endTimeUnixNano":"{}000","attributes":["#, to.max(from));
        text.push_str(attributes);
        match error {
            Some(code) => {
                if !attributes.is_empty() {
                    text.push(',');
                }
                names::attribute(text, "error.type", code);
                text.push_str(r#"],"status":{"code":2}}"#);
            }
            None => text.push_str(r#"],"status":{}}"#),
        }
    }
}
