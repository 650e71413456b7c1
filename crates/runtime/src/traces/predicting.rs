// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a change would have done to an execution and to others like it.
//!
//! ```json
//! {"duration":5000000,"predicted":4000000,"saving":[0.1,0.3],"cost":[4200,2100],"executions":30,"unknown":["…"]}
//! {"refused":[{"path":"change[0].path","message":"…"}]}
//! ```
//! Times are microseconds, costs nano-dollars, savings shares. `saving` is `null` where there are not two executions, `cost` where no model was asked.

use super::reading;
use crate::Error;
use crate::report::plan_of;
use crate::store::{Archive, StoredExecution};
use analytics::foresight::{self, Definition, Foreseen};
use analytics::replay::{self, Change, Doubt, Prediction};
use analytics::trace::{Bucket, Trace};
use engine::{Limits, Plan, Severity, read_plan};
use serde::Deserialize;
use serde_json::{Value, json};

/// Executions of the same workflow that a prediction is made of beside the one that is asked about.
const LIKE_IT_MAX: u32 = 30;

#[derive(Deserialize)]
pub(super) struct Asked {
    id: String,
    #[serde(default)]
    change: Vec<Value>,
    #[serde(default)]
    assuming: Vec<Assumption>,
}

/// A task takes `factor` times as long, all of it or one `bucket`.
#[derive(Deserialize)]
struct Assumption {
    task: String,
    factor: f64,
    bucket: Option<String>,
}

/// A pool has so many agents, each with so many places.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PoolText {
    pub(super) agent: String,
    max_agents: usize,
    /// `None`: not known.
    each: Option<usize>,
}

impl PoolText {
    pub(super) fn change(self) -> Change {
        Change::Places { agent: self.agent.as_str().into(), places: self.max_agents.saturating_mul(self.each.unwrap_or(1)) }
    }
}

/// Why a change is none: where, and what.
pub(super) type Refused = Vec<(String, String)>;

pub(super) fn answer(archive: &dyn Archive, asked: &Asked) -> Result<Option<String>, Error> {
    let Some(stored) = archive.execution(&asked.id)? else { return Ok(None) };
    let Some(one) = reading::trace(archive, &asked.id)? else { return Ok(None) };
    let mut like_it = Vec::new();
    let mut others = Vec::new();
    // The spread is that of executions like it: of the same version, and ended well.
    for other in completed(archive, &one)? {
        let same = other.version == one.version;
        if same { like_it.push(other) } else { others.push(other) }
    }
    let one_ended = one.has_ended;
    like_it.push(one);
    like_it.sort_by_key(|trace| trace.started);
    let foreseen = match foreseen(&stored, &asked.change, &like_it, &others)? {
        Ok(foreseen) => foreseen,
        Err(refused) => return Ok(Some(refusal(&refused).to_string())),
    };
    let assumed = asked.assuming.iter().map(|Assumption { task, factor, bucket }| {
        let bucket = Bucket::ALL.into_iter().find(|of| Some(of.word()) == bucket.as_deref());
        Change::Faster { task: task.as_str().into(), bucket, factor: *factor, doubt: Doubt::default() }
    });
    let changes: Vec<Change> = foreseen.changes.iter().cloned().chain(assumed).collect();
    let is_it = |trace: &&Trace| *trace.execution == *asked.id;
    let alone = replay::predict(like_it.iter().filter(is_it), &changes);
    let all = replay::predict(like_it.iter().filter(|trace| one_ended || !is_it(trace)), &changes);
    Ok(Some(told(&alone, &all, &foreseen.unknown).to_string()))
}

/// The latest executions of its workflow that completed, without itself.
pub(super) fn completed(archive: &dyn Archive, one: &Trace) -> Result<Vec<Trace>, Error> {
    let mut found = Vec::new();
    for stored in archive.completed(&one.workflow, LIKE_IT_MAX)? {
        if *stored.id != *one.execution {
            found.push(reading::of(&stored)?);
        }
    }
    Ok(found)
}

pub(super) fn refusal(refused: &Refused) -> Value {
    let issues: Vec<Value> = refused.iter().map(|(path, message)| json!({ "path": path, "message": message })).collect();
    json!({ "refused": issues })
}

pub(super) fn told(alone: &Prediction, all: &Prediction, unknown: &[String]) -> Value {
    let saving = all.interval.map(|(low, high)| [low, high]);
    let cost = (alone.cost.0 > 0.0).then_some([alone.cost.0, alone.cost.1]);
    json!({
        "duration": alone.makespan, "predicted": alone.predicted, "saving": saving, "cost": cost,
        "executions": all.executions, "unknown": unknown,
    })
}

/// What a change means for executions, oldest first, that ran this definition; or why it is none.
pub(super) fn foreseen(
    stored: &StoredExecution,
    change: &[Value],
    traces: &[Trace],
    others: &[Trace],
) -> Result<Result<Foreseen, Refused>, Error> {
    let (edits, pools) = match read(change) {
        Ok(read) => read,
        Err(refused) => return Ok(Err(refused)),
    };
    let before = plan_of(stored)?;
    let mut foreseen = Foreseen::default();
    if !edits.is_empty() {
        let text: Value = serde_json::from_str(&stored.definition).unwrap_or_default();
        let (changed, plan) = match apply(&text, &edits, stored) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Err(refused)),
        };
        let (before, after) = (Definition { text: &text, plan: &before }, Definition { text: &changed, plan: &plan });
        foreseen = foresight::foresee(before, after, traces, others);
    }
    for pool in pools {
        if pool.each.is_none() {
            foreseen.unknown.push(format!("how many attempts one agent of `{}` takes at once: one is taken for granted", pool.agent));
        }
        foreseen.changes.push(pool.change());
    }
    Ok(Ok(foreseen))
}

/// The definition with a change, and its plan.
pub(super) fn apply(text: &Value, edits: &[edits::Edit], stored: &StoredExecution) -> Result<(Value, Plan), Refused> {
    let changed = edits::applied(text, edits).map_err(|error| vec![(format!("change[{}]", error.edit), error.to_string())])?;
    let (plan, problems) =
        read_plan(&changed.to_string(), Limits { default_timeout: stored.default_timeout, checked: true, ..Limits::default() });
    let errors: Refused = problems
        .iter()
        .filter(|problem| problem.kind.severity() == Severity::Error)
        .map(|problem| ("change".to_owned(), format!("makes a definition that cannot run: {}: {}", problem.path, problem.kind)))
        .collect();
    plan.filter(|_| errors.is_empty()).map(|plan| (changed, plan)).ok_or(errors)
}

/// The definition with a change, as JSON text; `{"refused": […]}` where it cannot be made.
///
/// Of `{"definition": …, "change": […]}`, both JSON text. Changes of pools are left out: no definition has them.
pub fn changed(asked: &str) -> String {
    #[derive(Deserialize)]
    struct Text {
        definition: Value,
        change: Vec<Value>,
    }
    let done = serde_json::from_str::<Text>(asked).map_err(|error| vec![("change".to_owned(), error.to_string())]).and_then(|text| {
        let (edits, _) = read(&text.change)?;
        edits::applied(&text.definition, &edits).map_err(|error| vec![(format!("change[{}]", error.edit), error.to_string())])
    });
    done.map_or_else(|refused| refusal(&refused), |definition| json!({ "definition": definition })).to_string()
}

/// Reads a change: what is changed of the definition, and of pools. Everything that is wrong is told at once.
pub(super) fn read(change: &[Value]) -> Result<(Vec<edits::Edit>, Vec<PoolText>), Refused> {
    let (mut found, mut pools, mut refused) = (Vec::new(), Vec::new(), Refused::new());
    for (place, one) in change.iter().enumerate() {
        let path = format!("change[{place}]");
        if one.get("agent").is_some() {
            match serde_json::from_value::<PoolText>(one.clone()) {
                Ok(pool) if pool.max_agents > 0 && !pool.agent.is_empty() => pools.push(pool),
                _ => refused.push((path, "must be { agent, maxAgents } with a name and a whole number of 1 or more".to_owned())),
            }
        } else {
            match edits::read(one, place, &path) {
                Ok(edit) => found.push(edit),
                Err(error) => refused.push((error.path, error.problem.to_string())),
            }
        }
    }
    if refused.is_empty() { Ok((found, pools)) } else { Err(refused) }
}
