// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a changed definition means for executions that are recorded: the part of it that a replay can foresee, and what cannot be foreseen.
//!
//! ```text
//! definition before, after ──foresee──▶ [Change, …] for `replay`, and [unknown, …] in words
//! ```
//! Edges are compared as plans have them, implied ones included; everything else by the fields of each task. What is not listed here is not foreseen: it is
//! told as unknown and never guessed.
//!
//! | field | what is foreseen |
//! |---|---|
//! | `dependencies`, `type`, the order | the edges that go and come |
//! | `agentId` | whose place it needs, and the ratio of what both agents took and cost on record: for this task, or by tokens where the other has done other tasks alone |
//! | `retryPolicy.maxAttempts` | fewer: later attempts are not made |
//! | `timeout` | longer attempts are stopped there; one that is made again takes what those take that end in time |
//! | `cache` | an instance whose input was seen before takes no time |
//! | a task that is gone | it takes no time |
//! | `name`, `description`, `metadata`, `version` | they change nothing |

mod done;
mod fields;
mod repeats;

pub use done::{Doings, Done};
pub use repeats::{Repeats, repeats};

use crate::replay::Change;
use crate::trace::{Micros, Trace};
use engine::{Plan, PlannedTask, TaskIndex};
use fields::{Fields, fields_of};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A definition, as text has it and as it is planned.
#[derive(Clone, Copy)]
pub struct Definition<'a> {
    /// The text, read.
    pub text: &'a Value,
    /// What runs.
    pub plan: &'a Plan,
}

/// What a change does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foreseen {
    /// To a replay.
    pub changes: Vec<Change>,
    /// Besides, in words: what is not known.
    pub unknown: Vec<String>,
}

/// What makes `after` of `before` does to these executions, oldest first; `others` are executions of the same workflow that tell how long agents take.
pub fn foresee<'a>(
    before: Definition<'_>,
    after: Definition<'_>,
    traces: &'a [Trace],
    others: impl IntoIterator<Item = &'a Trace>,
) -> Foreseen {
    let doings = Doings::of(traces.iter().chain(others));
    let mut foreseen = Foreseen::default();
    let (old, new) = (fields_of(before.text), fields_of(after.text));
    for (id, fields) in &old.tasks {
        let Some(other) = new.tasks.get(id) else {
            foreseen.changes.push(Change::WithoutTask(Arc::from(*id)));
            foreseen.unknown.push(format!("what lacks the output of `{id}`"));
            continue;
        };
        let looked = Looked { id, before, after, traces, doings: &doings };
        for field in fields.differing(other) {
            looked.at(field, fields, other, &mut foreseen);
        }
    }
    edges(before.plan, after.plan, &mut foreseen);
    for id in new.tasks.keys().filter(|id| !old.tasks.contains_key(*id)) {
        foreseen.unknown.push(format!("how long `{id}` takes, which is new"));
    }
    for field in old.own.differing(&new.own) {
        if !matches!(field, "name" | "description" | "metadata" | "version" | "id" | "tasks") {
            foreseen.unknown.push(format!("what another `{field}` of the workflow changes"));
        }
    }
    foreseen
}

/// A task of both, by its id.
struct Looked<'a> {
    id: &'a str,
    before: Definition<'a>,
    after: Definition<'a>,
    traces: &'a [Trace],
    doings: &'a Doings,
}

impl Looked<'_> {
    fn at(&self, field: &str, old: &Fields<'_>, new: &Fields<'_>, foreseen: &mut Foreseen) {
        let id = self.id;
        let planned = |plan: &Plan| plan.find(id).map(|task| leaf(plan, task));
        let (Some(before), Some(after)) = (planned(self.before.plan), planned(self.after.plan)) else { return };
        let (Some(before), Some(after)) = (self.before.plan.tasks.get(before), self.after.plan.tasks.get(after)) else { return };
        match field {
            // Edges are compared by themselves.
            "name" | "description" | "metadata" | "dependencies" | "type" | "tasks" | "branches" | "default" => {}
            "agentId" => self.agent(old, new, foreseen),
            "timeout" => self.timeout(before, after, foreseen),
            "cache" => self.cache(before, after, foreseen),
            "retryPolicy" => self.retries(before, after, foreseen),
            "input" => foreseen.unknown.push(format!("how long `{id}` takes with another `input`, and what it gives")),
            other => foreseen.unknown.push(format!("what another `{other}` of `{id}` changes")),
        }
    }

    fn agent(&self, old: &Fields<'_>, new: &Fields<'_>, foreseen: &mut Foreseen) {
        let id = self.id;
        let name = |fields: &Fields<'_>| fields.get("agentId").and_then(Value::as_str).map(str::to_owned);
        let (Some(old), Some(new)) = (name(old), name(new)) else {
            foreseen.unknown.push(format!("who does `{id}`"));
            return;
        };
        foreseen.unknown.push(format!("whether what `{new}` gives for `{id}` is as good as what `{old}` gave"));
        let Some(ratio) = self.doings.ratio(id, &old, &new) else {
            foreseen.unknown.push(format!("how long `{new}` takes for `{id}`: nothing on record says it"));
            return;
        };
        let task: Arc<str> = Arc::from(id);
        foreseen.changes.push(Change::DoneBy { task: Arc::clone(&task), agent: new.into() });
        foreseen.changes.push(Change::Faster { task: Arc::clone(&task), bucket: ratio.bucket, factor: ratio.time, doubt: ratio.doubt });
        if let Some(factor) = ratio.cost {
            foreseen.changes.push(Change::Dearer { task, factor });
        }
    }

    fn timeout(&self, before: &PlannedTask, after: &PlannedTask, foreseen: &mut Foreseen) {
        let id = self.id;
        let Some(limit) = after.timeout.map(|limit| u64::try_from(limit.as_micros()).unwrap_or(Micros::MAX)) else {
            foreseen.unknown.push(format!("how long attempts of `{id}` last that were stopped"));
            return;
        };
        if before.timeout.is_some_and(|old| Some(old) < after.timeout) {
            foreseen.unknown.push(format!("how long attempts of `{id}` last that were stopped, if any were"));
        }
        let Some(typical) = self.doings.typical(id, limit) else {
            foreseen.unknown.push(format!("how long an attempt of `{id}` takes that ends in time: none on record does"));
            return;
        };
        let rest = after.retry.backoff.delay(1, 0).as_micros();
        let (task, rest) = (Arc::from(id), u64::try_from(rest).unwrap_or(Micros::MAX));
        foreseen.changes.push(Change::Timeout { task, after: limit, most: after.retry.max_attempts, rest, typical });
        foreseen.unknown.push(format!("whether an attempt of `{id}` that is made again ends as those did that ended in time"));
    }

    fn cache(&self, before: &PlannedTask, after: &PlannedTask, foreseen: &mut Foreseen) {
        let id = self.id;
        if before.cache.is_some() || after.cache.is_none() {
            foreseen.unknown.push(format!("what `{id}` takes over with another `cache`"));
            return;
        }
        let hits: BTreeSet<_> = repeats(self.traces, id).hits;
        foreseen.changes.push(Change::Reused(Arc::new(hits)));
        foreseen.unknown.push(format!("what `{id}` does besides its output, which is not done again"));
    }

    fn retries(&self, before: &PlannedTask, after: &PlannedTask, foreseen: &mut Foreseen) {
        let id = self.id;
        let (old, new) = (&before.retry, &after.retry);
        if (old.backoff != new.backoff && new.max_attempts > 1) || old.retry_on != new.retry_on || old.max_elapsed != new.max_elapsed {
            foreseen.unknown.push(format!("how attempts of `{id}` end that are made at another time or after another error"));
        }
        if new.max_attempts > old.max_attempts {
            foreseen.unknown.push(format!("whether a further attempt of `{id}` ends well"));
        }
        if new.max_attempts < old.max_attempts {
            if self.doings.succeeded_after(id, new.max_attempts) {
                foreseen.unknown.push(format!("what follows where `{id}` fails that ended well at a later attempt"));
            }
            foreseen.changes.push(Change::Attempts { task: Arc::from(id), most: new.max_attempts });
        }
    }
}

/// The call of a loop of one call, or the task itself.
fn leaf(plan: &Plan, task: TaskIndex) -> TaskIndex {
    let calls = |other: &TaskIndex| plan.tasks.get(*other).is_some_and(PlannedTask::is_leaf);
    let id = plan.tasks.get(task).map(|task| &task.id);
    let found = plan.tasks.iter().find(|(other, planned)| Some(&planned.id) == id && calls(other));
    found.map_or(task, |(task, _)| task)
}

/// The edges that go and come, between tasks that both have.
fn edges(before: &Plan, after: &Plan, foreseen: &mut Foreseen) {
    let pairs = |plan: &Plan| -> BTreeSet<(Arc<str>, Arc<str>)> {
        let of = |task: &PlannedTask| {
            let others = task.dependencies.iter().filter_map(|other| plan.tasks.get(*other));
            others.map(|other| (Arc::clone(&task.id), Arc::clone(&other.id))).collect::<Vec<_>>()
        };
        plan.tasks.iter().flat_map(|(_, task)| of(task)).collect()
    };
    let (old, new) = (pairs(before), pairs(after));
    let is_known = |plan: &Plan, (task, other): &(Arc<str>, Arc<str>)| plan.find(task).is_some() && plan.find(other).is_some();
    for (task, dependency) in old.difference(&new) {
        if is_known(after, &(Arc::clone(task), Arc::clone(dependency))) {
            foreseen.unknown.push(format!("whether `{task}` needs what `{dependency}` does besides its output"));
        }
        foreseen.changes.push(Change::WithoutEdge { task: Arc::clone(task), dependency: Arc::clone(dependency) });
    }
    for (task, dependency) in new.difference(&old) {
        if is_known(before, &(Arc::clone(task), Arc::clone(dependency))) {
            foreseen.changes.push(Change::WithEdge { task: Arc::clone(task), dependency: Arc::clone(dependency) });
        }
    }
}
