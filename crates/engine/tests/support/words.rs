// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Workflows in a line of text, and the journal of an execution read aloud.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says so")]

use engine::{
    AbortCause, CancelReason, Command, End, Event, Execution, InstanceIndex, Limits, PassEnd, Plan, Question, SkipReason, Spent, Step,
    read_plan,
};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// What definitions may be; the timeout is that of a task that gives none.
pub(crate) const LIMITS: Limits = Limits { tasks_max: 100, depth_max: 10, default_timeout: Duration::from_mins(10), checked: true };

/// Reads `"seq fetch tries 2 fixed 1s; par a after fetch timeout 5s; b after nothing"`: tasks, each with its type (or none), its id, and
/// what else was written.
pub(crate) fn plan(workflow: &str) -> Arc<Plan> {
    let definition = if workflow.trim_start().starts_with('{') { nested(workflow) } else { flat(workflow) };
    let (plan, problems) = read_plan(&definition, LIMITS);
    let errors = problems.iter().filter(|problem| problem.kind.severity() == engine::Severity::Error);
    let problems: Vec<String> = errors.map(|problem| format!("{}: {}", problem.path, problem.kind)).collect();
    Arc::new(plan.unwrap_or_else(|| panic!("{workflow}\n{}", problems.join("\n"))))
}

fn flat(workflow: &str) -> String {
    let tasks: Vec<Value> = workflow.split(';').map(task).collect();
    json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }).to_string()
}

/// A definition as JSON in which what every task must have may be left out: `name` is its id, and so is the agent of a leaf that has none.
fn nested(workflow: &str) -> String {
    let mut definition: Value = serde_json::from_str(workflow).unwrap_or_else(|error| panic!("{error}: {workflow}"));
    let fields = definition.as_object_mut().unwrap();
    for field in ["id", "name", "version"] {
        fields.entry(field).or_insert_with(|| "w".into());
    }
    complete(&mut fields["tasks"]);
    definition.to_string()
}

fn complete(tasks: &mut Value) {
    for task in tasks.as_array_mut().unwrap() {
        let task = task.as_object_mut().unwrap();
        let id = task["id"].clone();
        task.entry("name").or_insert_with(|| id.clone());
        let inner = ["tasks", "branches", "default", "workflow", "agentId"];
        if !inner.iter().any(|field| task.contains_key(*field)) && !task.contains_key("waitFor") {
            task.insert("agentId".into(), id);
        }
        for field in ["tasks", "default"] {
            task.get_mut(field).map(complete);
        }
        for branch in task.get_mut("branches").and_then(Value::as_array_mut).into_iter().flatten() {
            complete(&mut branch["tasks"]);
        }
    }
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
pub(crate) fn story(execution: &Execution, now: Timestamp, step: &Step) -> String {
    let mut text = String::new();
    for event in &step.events {
        writeln!(text, "{} {}", millis(now), line(execution, now, event)).unwrap();
    }
    if !step.commands.is_empty() {
        let owed: Vec<String> = step.commands.iter().map(|command| effect(execution, command)).collect();
        writeln!(text, "    {}", owed.join(", ")).unwrap();
    }
    text
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each event")]
fn line(execution: &Execution, now: Timestamp, event: &Event) -> String {
    let id = |task: &InstanceIndex| execution.path(*task);
    match event {
        Event::ExecutionStarted => "started".to_owned(),
        Event::Judged { task, question, holds } => format!("{} {}: {holds}", id(task), asked(*question)),
        Event::WaitStarted { task, until } => match until {
            Some(until) => format!("{} waits until {}", id(task), millis(*until)),
            None => format!("{} waits", id(task)),
        },
        Event::SignalReceived { name, payload, path, .. } => match path {
            Some(path) => format!("signal {name} for {path}: {payload}"),
            None => format!("signal {name}: {payload}"),
        },
        Event::WaitEnded { task, payload } => format!("{} got {payload}", id(task)),
        Event::TaskPrepared { task, input, .. } => match input {
            Some(input) => format!("{} prepared with {input}", id(task)),
            None => format!("{} prepared", id(task)),
        },
        Event::GroupStarted { task } => format!("{} opened", id(task)),
        Event::BranchesTaken { task, branches } => format!("{} took {branches:?}", id(task)),
        Event::LoopStarted { task, items } => match items {
            Some(items) => format!("{} loops over [{}]", id(task), items.join(", ")),
            None => format!("{} loops", id(task)),
        },
        Event::PassStarted { task, pass } => format!("{}[{pass}] began", id(task)),
        Event::PassEnded { task, pass, end } => match end {
            PassEnd::Completed => format!("{}[{pass}] completed", id(task)),
            PassEnd::Failed(failure) => format!("{}[{pass}] failed ({})", id(task), failure.code),
            PassEnd::Cancelled => format!("{}[{pass}] cancelled", id(task)),
        },
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
        Event::AttemptInterrupted { task, attempt, crashed: true } => format!("{} {attempt} interrupted", id(task)),
        Event::AttemptInterrupted { task, attempt, crashed: false } => format!("{} {attempt} put off", id(task)),
        Event::AttemptTimedOut { task, attempt, cause: AbortCause::Timeout } => format!("{} {attempt} timed out", id(task)),
        Event::AttemptTimedOut { task, attempt, cause } => format!("{} {attempt} timed out ({})", id(task), why(*cause)),
        Event::ModelChosen { task, attempt, choice } => format!("{} {attempt} chose {choice}", id(task)),
        Event::ModelCalled { task, attempt, spent, .. } => format!("{} {attempt} paid {}", id(task), sum(**spent)),
        Event::RetryScheduled { task, attempt, failure, until, .. } => {
            format!("{} {attempt} failed ({}), again at {}", id(task), failure.code, millis(*until))
        }
        Event::FallbackTaken { task, attempt, failure, place, again, input, .. } => {
            let who = if *again { "agent" } else { "value" };
            let given = input.as_ref().map_or_else(String::new, |input| format!(" with {input}"));
            format!("{} {attempt} failed ({}), {who} {place} stands in{given}", id(task), failure.code)
        }
        Event::BackoffEnded { task } => format!("{} waited long enough", id(task)),
        Event::TaskSpawned { task, .. } => format!("{} spawned a task", id(task)),
        Event::TaskFinishing { task, attempt, .. } => format!("{} {attempt} answered, tasks it spawned run", id(task)),
        Event::TaskCompleted { task, attempt: 0, .. } => format!("{} completed: {}", id(task), execution.output(*task)),
        Event::TaskCompleted { task, attempt, .. } => format!("{} {attempt} completed", id(task)),
        Event::TaskFailed { task, attempt, failure, .. } => {
            let tolerated = if execution.planned(*task).tolerates(failure) { ", tolerated" } else { "" };
            match attempt {
                0 => format!("{} failed ({}{tolerated})", id(task), failure.code),
                attempt => format!("{} {attempt} failed for good ({}{tolerated})", id(task), failure.code),
            }
        }
        Event::TaskSkipped { task, reason } => format!("{} {}", id(task), skipped(*reason)),
        Event::TaskCancelled { task, reason } => format!("{} {}", id(task), cancelled(*reason)),
        Event::TaskReused { task, end } => format!("{} took over {end:?}", id(task)),
        Event::FailFast { task } => match execution.owner(*task) {
            Some(owner) => format!("{} failing because of {}", id(&owner), id(task)),
            None => format!("failing because of {}", id(task)),
        },
        Event::GroupStopped { task, cause, failure } => match failure {
            Some(failure) => format!("{} stopping: {} ({})", id(task), reason(*cause), failure.code),
            None => format!("{} stopping: {}", id(task), reason(*cause)),
        },
        Event::ExecutionFailing { failure, .. } => format!("failing: {}", failure.code),
        Event::CancelRequested { reason, force } => {
            let force = if *force { "by force" } else { "cancelling" };
            format!("{force}: {}", reason.as_deref().unwrap_or("no reason given"))
        }
        Event::BudgetCharged { started, interrupted } => format!("charged for {started} attempts less {interrupted}"),
        Event::UsageCharged { spent } => format!("charged for {}", sum(**spent)),
        Event::Paused => "paused".to_owned(),
        Event::Resumed { step: false } => "resumed".to_owned(),
        Event::Resumed { step: true } => "resumed for one task".to_owned(),
        Event::CompensationStarted { task } => format!("{} is being undone", id(task)),
        Event::StepStarted { task, attempt, name, .. } => format!("{} {attempt} began step {name}", id(task)),
        Event::StepEnded { task, attempt, name, value, .. } => format!("{} {attempt} has of step {name}: {value}", id(task)),
        Event::SharedRead { task, attempt, revision, .. } => format!("{} {attempt} read what is shared at {revision}", id(task)),
        Event::Moved { to } => format!("moved to {}, where {} stay", to.plan.version, to.stay.len()),
        Event::ExecutionEnded { end } => match end {
            End::Completed => format!("ended completed{}", results(execution)),
            End::Failed { task: Some(task), .. } => format!("ended failed because of {}", id(task)),
            End::Failed { task: None, failure } => format!("ended failed: {}", failure.code),
            End::Cancelled { reason } => format!("ended cancelled: {}", reason.as_deref().unwrap_or("no reason given")),
        },
    }
}

/// The results, where values are looked at.
fn results(execution: &Execution) -> String {
    if execution.plan().opaque { String::new() } else { format!(" {}", execution.results()) }
}

fn asked(question: Question) -> String {
    match question {
        Question::Gate(index) => format!("condition {index}"),
        Question::Branch(index) => format!("branch {index}"),
        Question::Turn { passes, index: 0 } => format!("after {passes} passes"),
        Question::Turn { passes, index } => format!("after {passes} passes, condition {index}"),
    }
}

fn effect(execution: &Execution, command: &Command) -> String {
    match command {
        Command::Ask { task, after: None } => format!("ask for an agent for {}", execution.path(*task)),
        Command::Ask { task, after: Some(after) } => {
            format!("ask for an agent for {} after {}", execution.path(*task), execution.path(*after))
        }
        Command::Withdraw { task } => format!("no agent for {} any more", execution.path(*task)),
        Command::Run { task, attempt } => match execution.notes(*task) {
            Some(notes) => {
                let (choices, calls) = (notes.choices.join(" "), notes.calls.join(" "));
                format!("run {} {attempt}, which has chosen {choices} and called {calls}", execution.path(*task))
            }
            None => format!("run {} {attempt}", execution.path(*task)),
        },
        Command::Abort { task, attempt, cause } => format!("abort {} {attempt} ({})", execution.path(*task), why(*cause)),
        Command::Judge { task, question } => format!("ask {} about {}", execution.path(*task), asked(*question)),
        Command::LookUp { task, .. } => format!("look up {}", execution.path(*task)),
        Command::Review { task, candidate } => format!("review {candidate} for {}", execution.path(*task)),
    }
}

pub(crate) fn sum(spent: Spent) -> String {
    let Spent { input_tokens, output_tokens, cost_nanos, calls, requests, .. } = spent;
    format!("{cost_nanos} n$ for {input_tokens}+{output_tokens} tokens in {calls} calls, {requests} requests")
}

fn why(cause: AbortCause) -> &'static str {
    match cause {
        AbortCause::Timeout => "timeout",
        AbortCause::Silence => "silence",
        AbortCause::TotalTimeout => "total timeout",
        AbortCause::Stopped(cause) => reason(cause),
    }
}

fn reason(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::SiblingFailed => "sibling failed",
        CancelReason::Cancelled => "cancelled",
        CancelReason::JoinSatisfied => "join satisfied",
        CancelReason::Deadline => "deadline",
        CancelReason::Budget => "budget",
        CancelReason::Timeout => "timeout",
    }
}

pub(crate) fn skipped(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::UpstreamFailed => "skipped (upstream failed)",
        SkipReason::UpstreamSkipped => "skipped (upstream skipped)",
        SkipReason::ConditionFalse => "skipped (condition false)",
        SkipReason::BranchNotTaken => "skipped (branch not taken)",
        SkipReason::RuleNotMet => "skipped (rule not met)",
    }
}

pub(crate) fn cancelled(cause: CancelReason) -> String {
    format!("cancelled ({})", reason(cause))
}

fn millis(at: Timestamp) -> String {
    format!("{}ms", at.micros() / 1000)
}

/// All that a replay must bring back.
pub(crate) fn state(execution: &Execution) -> String {
    let (phase, spent) = (execution.phase(), execution.spent());
    format!("{phase:?} {} {:?} {:?} {spent:?} {:?}", execution.is_paused(), execution.started(), execution.ended(), execution.tasks())
}
