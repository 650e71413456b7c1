// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Random workflows, answered at random: the engine and a slow, obvious reading of `docs/workflows.md` agree on every state after every step and on
//! the outputs, every execution ends, and every task ends once. `AGREEMENT_CASES` says how many (3000), `AGREEMENT_SEED` where to begin (0).

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on says so"
)]

#[path = "agreement/generate.rs"]
mod generate;
#[path = "agreement/reference.rs"]
mod reference;

use engine::{
    AbortCause, CancelReason, Event, Execution, Failure, Input, InstanceIndex, Limits, Output, Phase, Settled, Setup, SkipReason, Step,
    TaskState, read_plan,
};
use generate::Chance;
use reference::Reference;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

#[test]
fn the_engine_and_the_reference_agree() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (first, cases) = (number("AGREEMENT_SEED", 0), number("AGREEMENT_CASES", 3000));
    for seed in first..first + cases {
        agree(seed);
    }
}

fn agree(seed: u64) {
    let mut chance = Chance(seed);
    let definition = generate::workflow(&mut chance);
    let limits = Limits { tasks_max: 1000, depth_max: 10, default_timeout: Duration::from_mins(10), checked: true };
    let (plan, problems) = read_plan(&definition.to_string(), limits);
    let plan = plan.unwrap_or_else(|| panic!("seed {seed}: {problems:?}\n{definition:#}"));
    let mut execution = Execution::new(Arc::new(plan), Setup { context: Some("{}".into()), ..Setup::default() });
    let mut reference = Reference::new(&definition);
    let mut story = Vec::new();
    let mut ended = Vec::new();
    tell(&mut execution, Input::Start, &mut ended);
    for _ in 0..1000 {
        let told = || format!("seed {seed}, {definition:#}\n{}", story.join(" | "));
        assert_eq!(states(&execution), reference.states(), "engine, reference: {}", told());
        assert_eq!(phase(&execution), reference.phase.starts_with("ended").then(|| reference.phase.clone()), "{}", told());
        if phase(&execution).is_some() {
            let results = without_messages(serde_json::from_str(&execution.results()).unwrap());
            // What JavaScript keeps is not seen here.
            assert!(execution.plan().opaque || results == reference.results(), "{results} {}: {}", reference.results(), told());
            assert_eq!(ended.len(), execution.tasks().len(), "every task ends once: {}", told());
            return;
        }
        let busy: Vec<InstanceIndex> = execution.tasks().iter().filter(|(_, record)| record.is_running()).map(|(task, _)| task).collect();
        assert!(!busy.is_empty(), "it hangs: {}", told());
        if chance.one_in(40) {
            story.push("cancel".to_owned());
            reference.cancel();
            tell(&mut execution, Input::Cancel { reason: None, force: false }, &mut ended);
            continue;
        }
        let task = busy[chance.below(busy.len())];
        let path = execution.path(task);
        let result = if chance.one_in(4) { Err(()) } else { Ok(Value::from(chance.below(5))) };
        story.push(format!("{path} {result:?}"));
        let answer = result.clone().map(|output| Output::Json(output.to_string().into())).map_err(|()| failed());
        let at = Timestamp::default();
        let attempt = execution.tasks()[task].attempts();
        tell(&mut execution, Input::Settled(Settled { task, attempt, start: at, end: at, result: answer }), &mut ended);
        reference.answer(&path, result);
    }
    panic!("seed {seed} never ends");
}

/// What `onItemError: 'collect'` kept of failures, without words that are nobody's business here.
fn without_messages(value: Value) -> Value {
    match value {
        Value::Object(mut fields) if fields.contains_key("code") => {
            fields.remove("message");
            Value::Object(fields)
        }
        Value::Object(fields) => fields.into_iter().map(|(id, value)| (id, without_messages(value))).collect(),
        Value::Array(items) => items.into_iter().map(without_messages).collect(),
        other => other,
    }
}

fn failed() -> Failure {
    Failure { code: "ERR_AGENT".into(), message: "it did not work".into(), details: None, retryable: false, retry_after: None }
}

fn tell(execution: &mut Execution, input: Input, ended: &mut Vec<InstanceIndex>) {
    let mut step = Step::default();
    execution.handle(Timestamp::default(), input, &mut step);
    for event in &step.events {
        if let Event::TaskCompleted { task, .. }
        | Event::TaskFailed { task, .. }
        | Event::TaskSkipped { task, .. }
        | Event::TaskCancelled { task, .. } = event
        {
            assert!(!ended.contains(task), "{} ends twice", execution.path(*task));
            ended.push(*task);
        }
    }
}

fn phase(execution: &Execution) -> Option<String> {
    match execution.phase() {
        Phase::Ended(engine::End::Completed) => Some("ended completed".to_owned()),
        Phase::Ended(engine::End::Failed { .. }) => Some("ended failed".to_owned()),
        Phase::Ended(engine::End::Cancelled { .. }) => Some("ended cancelled".to_owned()),
        _ => None,
    }
}

fn states(execution: &Execution) -> BTreeMap<String, String> {
    let word = |state: &TaskState| match state {
        TaskState::Aborting { cause: AbortCause::Stopped(cause), .. } => format!("aborting {}", reason(*cause)),
        TaskState::Failed { failure, tolerated: true, .. } => format!("failed {} tolerated", failure.code),
        TaskState::Failed { failure, .. } => format!("failed {}", failure.code),
        TaskState::Skipped { reason, .. } => format!("skipped {}", skipped(*reason)),
        TaskState::Cancelled { reason: cause, .. } => format!("cancelled {}", reason(*cause)),
        TaskState::Waiting => "waiting".to_owned(),
        TaskState::Ready { .. } => "ready".to_owned(),
        TaskState::Running { .. } => "running".to_owned(),
        TaskState::Active { .. } => "active".to_owned(),
        TaskState::Completed { .. } => "completed".to_owned(),
        other => format!("{other:?}"),
    };
    execution.tasks().iter().map(|(task, record)| (execution.path(task), word(&record.state))).collect()
}

fn reason(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::SiblingFailed => "sibling_failed",
        CancelReason::Cancelled => "cancelled",
        CancelReason::JoinSatisfied => "join_satisfied",
        CancelReason::Deadline => "deadline",
        CancelReason::Budget => "budget",
        CancelReason::Timeout => "timeout",
    }
}

fn skipped(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::UpstreamFailed => "upstream_failed",
        SkipReason::UpstreamSkipped => "upstream_skipped",
        SkipReason::ConditionFalse => "condition_false",
        SkipReason::BranchNotTaken => "branch_not_taken",
        SkipReason::RuleNotMet => "rule_not_met",
    }
}
