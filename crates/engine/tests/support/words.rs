// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Workflows in a line of text, and the journal of an execution read aloud.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says so")]

use engine::{AbortCause, CancelReason, Command, End, Event, Execution, Limits, Plan, SkipReason, Step, TaskIndex, read_plan};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// The timeout of a task that gives none.
const TIMEOUT: Duration = Duration::from_mins(10);

/// Reads `"seq fetch tries 2 fixed 1s; par a after fetch timeout 5s; b after nothing"`: tasks, each with its type (or none), its id, and
/// what else was written.
pub(crate) fn plan(workflow: &str) -> Arc<Plan> {
    let tasks: Vec<Value> = workflow.split(';').map(task).collect();
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }).to_string();
    let (plan, problems) = read_plan(&definition, Limits { tasks_max: 100, default_timeout: TIMEOUT });
    let problems: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.path, problem.kind)).collect();
    Arc::new(plan.unwrap_or_else(|| panic!("{workflow}\n{}", problems.join("\n"))))
}

fn task(text: &str) -> Value {
    let mut words = text.split_whitespace().peekable();
    let mut task = Map::new();
    let mut name = words.next().expect("a task has an id");
    if let Some(kind) = match name {
        "seq" => Some("sequential"),
        "par" => Some("parallel"),
        _ => None,
    } {
        task.insert("type".into(), kind.into());
        name = words.next().expect("a task has an id");
    }
    for field in ["id", "name", "agentId"] {
        task.insert(field.into(), name.into());
    }
    let mut dependencies = None;
    let mut retry = Map::new();
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_else(|| panic!("`{word}` of `{text}` says nothing"));
        match word {
            "after" => dependencies = Some(Vec::new()),
            "tries" => {
                retry.insert("maxAttempts".into(), next().parse::<u32>().unwrap().into());
                retry.insert("backoffType".into(), next().into());
                retry.insert("initialDelay".into(), next().into());
            }
            "at-most" => {
                retry.insert("maxDelay".into(), next().into());
            }
            "timeout" => {
                task.insert("timeout".into(), next().into());
            }
            "nothing" => {}
            dependency => dependencies.as_mut().expect("`after` comes before dependencies").push(Value::from(dependency)),
        }
    }
    if !retry.is_empty() {
        task.insert("retryPolicy".into(), retry.into());
    }
    if let Some(dependencies) = dependencies {
        task.insert("dependencies".into(), dependencies.into());
    }
    task.into()
}

/// One step of a journal: each event on a line with its instant, then what is owed.
pub(crate) fn story(plan: &Plan, now: Timestamp, step: &Step) -> String {
    let mut text = String::new();
    for event in &step.events {
        writeln!(text, "{} {}", millis(now), line(plan, now, event)).unwrap();
    }
    if !step.commands.is_empty() {
        let owed: Vec<String> = step.commands.iter().map(|command| effect(plan, command)).collect();
        writeln!(text, "    {}", owed.join(", ")).unwrap();
    }
    text
}

fn line(plan: &Plan, now: Timestamp, event: &Event) -> String {
    let id = |task: &TaskIndex| &*plan.tasks[*task].id;
    match event {
        Event::ExecutionStarted => "started".to_owned(),
        Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by } => {
            let mut text = format!("{} {attempt} started", id(task));
            if let Some(by) = ready_by {
                write!(text, " after {}", id(by)).unwrap();
            }
            if *ready != now {
                write!(text, ", ready since {}", millis(*ready)).unwrap();
            }
            if let Some(by) = admitted_by {
                write!(text, ", let in by {}", id(by)).unwrap();
            }
            text
        }
        Event::AttemptInterrupted { task, attempt } => format!("{} {attempt} interrupted", id(task)),
        Event::AttemptTimedOut { task, attempt } => format!("{} {attempt} timed out", id(task)),
        Event::RetryScheduled { task, attempt, failure, until, .. } => {
            format!("{} {attempt} failed ({}), again at {}", id(task), failure.code, millis(*until))
        }
        Event::BackoffEnded { task } => format!("{} waited long enough", id(task)),
        Event::TaskCompleted { task, attempt, .. } => format!("{} {attempt} completed", id(task)),
        Event::TaskFailed { task, attempt, failure, .. } => format!("{} {attempt} failed for good ({})", id(task), failure.code),
        Event::TaskSkipped { task, reason } => format!("{} {}", id(task), skipped(*reason)),
        Event::TaskCancelled { task, reason } => format!("{} {}", id(task), cancelled(*reason)),
        Event::FailFast { task } => format!("failing because of {}", id(task)),
        Event::CancelRequested { reason } => format!("cancelling: {}", reason.as_deref().unwrap_or("no reason given")),
        Event::ExecutionEnded { end } => match end {
            End::Completed => "ended completed".to_owned(),
            End::Failed { task } => format!("ended failed because of {}", id(task)),
            End::Cancelled { reason } => format!("ended cancelled: {}", reason.as_deref().unwrap_or("no reason given")),
        },
    }
}

fn effect(plan: &Plan, command: &Command) -> String {
    match command {
        Command::Run { task, attempt } => format!("run {} {attempt}", plan.tasks[*task].id),
        Command::Abort { task, attempt, cause } => {
            let cause = match cause {
                AbortCause::Timeout => "timeout",
                AbortCause::SiblingFailed => "sibling failed",
                AbortCause::Cancelled => "cancelled",
            };
            format!("abort {} {attempt} ({cause})", plan.tasks[*task].id)
        }
    }
}

pub(crate) fn skipped(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::UpstreamFailed => "skipped (upstream failed)",
        SkipReason::UpstreamSkipped => "skipped (upstream skipped)",
    }
}

pub(crate) fn cancelled(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::SiblingFailed => "cancelled (sibling failed)",
        CancelReason::Cancelled => "cancelled (cancelled)",
    }
}

fn millis(at: Timestamp) -> String {
    format!("{}ms", at.micros() / 1000)
}

/// All that a replay must bring back.
pub(crate) fn state(execution: &Execution) -> String {
    format!("{:?} {:?} {:?} {:?}", execution.phase(), execution.started(), execution.ended(), execution.tasks())
}
