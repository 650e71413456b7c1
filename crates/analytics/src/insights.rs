// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What executions on record advise: changes that would have saved time or money, each with its evidence and a prediction.
//!
//! ```text
//! traces of one version, oldest first ──found──▶ [Advice { change, evidence, … }, …] ──foresight, replay──▶ what it saves
//! ```
//! | kind | evidence | change |
//! |---|---|---|
//! | false dependency | in 20 runs and more the output was there and never looked at | the edge goes |
//! | repeated call | the same input print, and the same output | `cache` |
//! | dear model | another agent did the task as reliably, at half the cost or less | `agentId` |
//! | small pool | attempts waited for places of their agent | `maxAgents` |
//! | wasteful retries | no attempt after the n-th ever ended well | `retryPolicy.maxAttempts` |
//! | missing timeout | few attempts took many times as long as all others | `timeout` |
//!
//! What is not on record is no evidence: an attempt that does not say what it read, or what it was given, counts for nothing. An advice stands only if its
//! prediction does: it saves at least [`SAVING_MIN`], and over executions as they vary that is no chance.

mod caching;
mod edges;
mod models;
mod places;
mod retries;
mod timeouts;

use crate::foresight::{Definition, Doings, Foreseen, foresee};
use crate::replay::{Change, Prediction, predict};
use crate::trace::Trace;
use engine::{PlannedTask, TaskIndex};
use serde_json::{Value, json};
use std::sync::Arc;

/// What an advice saves at least, as a share of the time or of the cost.
pub const SAVING_MIN: f64 = 0.03;

/// Runs without which nothing is advised.
pub const RUNS_MIN: usize = 20;

/// Executions that an evidence names.
const EXECUTIONS_MAX: usize = 20;

/// Something that executions advise.
#[derive(Clone, Debug)]
pub struct Advice {
    /// Its kind, as users read it,
    pub kind: &'static str,
    /// and what it is about: tasks or an agent.
    pub about: Vec<String>,
    /// The change, as `sendUpdate` documents it; of a pool `{ agent, places }`.
    pub change: Vec<Value>,
    /// Figures, each with the executions it is of.
    pub evidence: Vec<Evidence>,
    /// Whether it is money that is saved, and not time.
    pub saves_cost: bool,
}

/// A figure that speaks for an advice.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Its name.
    pub figure: &'static str,
    /// Its value: a count, microseconds where the name ends in `Micros`, nano-dollars where in `Nanos`.
    pub value: f64,
    /// Executions that show it, at most 20.
    pub executions: Vec<Arc<str>>,
}

impl Evidence {
    /// A figure of these executions.
    pub(crate) fn new<'a>(figure: &'static str, value: f64, executions: impl IntoIterator<Item = &'a Arc<str>>) -> Self {
        let mut named: Vec<Arc<str>> = executions.into_iter().cloned().collect();
        named.dedup();
        named.truncate(EXECUTIONS_MAX);
        Self { figure, value, executions: named }
    }
}

/// What is known of the executions of a workflow.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What they ran.
    pub definition: Definition<'a>,
    /// Those of its latest version that ended well or failed, oldest first,
    pub traces: &'a [Trace],
    /// and those of other versions.
    pub others: &'a [Trace],
}

/// Everything that these executions suggest, before it is predicted.
pub fn suggested(known: &Known<'_>) -> Vec<Advice> {
    if known.traces.len() < RUNS_MIN {
        return Vec::new();
    }
    let doings = Doings::of(known.traces.iter().chain(known.others));
    let own = Doings::of(known.traces);
    let mut found = Vec::new();
    edges::find(known, &mut found);
    caching::find(known, &mut found);
    models::find(known, &own, &doings, &mut found);
    places::find(known, &mut found);
    retries::find(known, &mut found);
    timeouts::find(known, &own, &mut found);
    found
}

/// Whether a prediction is worth an advice: it saves enough, and not by chance.
pub fn is_worth_it(advice: &Advice, prediction: &Prediction) -> bool {
    if advice.saves_cost {
        return prediction.cost_saving() >= SAVING_MIN;
    }
    prediction.saving() >= SAVING_MIN && prediction.interval.is_none_or(|(low, high)| low > 0.0 || high - low < prediction.saving() * 4.0)
}

/// What the changes of a definition and of pools do to these executions.
pub fn foreseen(known: &Known<'_>, changed: Option<Definition<'_>>, places: &[Change]) -> Foreseen {
    let mut foreseen = changed.map_or_else(Foreseen::default, |after| foresee(known.definition, after, known.traces, known.others));
    foreseen.changes.extend(places.iter().cloned());
    foreseen
}

/// What that saves.
pub fn predicted(known: &Known<'_>, foreseen: &Foreseen) -> Prediction {
    predict(known.traces, &foreseen.changes)
}

/// A count of something in these executions.
#[expect(clippy::cast_precision_loss, reason = "a count")]
fn count(figure: &'static str, count: usize, executions: &[Arc<str>]) -> Evidence {
    Evidence::new(figure, count as f64, executions)
}

/// A change of one field of a task.
fn set(task: &str, field: &[&str], content: &Value) -> Value {
    let mut path = vec![json!("tasks")];
    path.push(json!({ "id": task }));
    path.extend(field.iter().map(|field| json!(field)));
    json!({ "path": path, "operation": { "type": "replace", "content": content } })
}

/// The leaves of a definition whose path is `tasks[n]`: those that a change can name by id.
fn reachable<'a>(known: &Known<'a>) -> impl Iterator<Item = (TaskIndex, &'a PlannedTask)> {
    let plan = known.definition.plan;
    plan.tasks.iter().filter(|(_, task)| {
        let inner = task.place.strip_prefix("tasks[").and_then(|rest| rest.strip_suffix(']'));
        task.is_leaf() && inner.is_some_and(|place| place.bytes().all(|byte| byte.is_ascii_digit()))
    })
}
