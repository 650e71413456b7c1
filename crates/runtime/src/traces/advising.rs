// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the latest executions of a workflow advise, and what came of an advice that was followed.
//!
//! ```json
//! {"version":"1","definition":{…},"advice":[{"kind":"repeated-call","about":["fetch"],"change":[…],"evidence":[["calls",40,["id"]],…],"savesCost":false,
//!   "prediction":{…}}],"proposals":[{"prediction":{…}},{"refused":[…]}]}
//! {"before":{"duration":9,"cost":9,"runs":30},"after":{…}}
//! ```
//! Times are microseconds, costs nano-dollars. `advice` of a pool has `{"agent","places"}` as its change.

use super::predicting::{Refused, apply, read, refusal, told};
use super::reading;
use crate::Error;
use crate::report::plan_of;
use crate::store::{Archive, ExecutionFilter, StoredExecution};
use analytics::Status;
use analytics::foresight::Definition;
use analytics::insights::{self, Advice, Known};
use analytics::replay::Change;
use analytics::trace::Trace;
use engine::{Plan, Severity};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use stdx::Timestamp;

/// Executions that are looked at,
const EXECUTIONS_MAX: u32 = 60;

/// and tasks of them: no more executions than an advice needs where that is reached,
const TASKS_ENOUGH: usize = 3000;

/// and none beyond this.
const TASKS_MAX: usize = 20_000;

/// Of which workflow and time; instants in microseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    workflow_id: String,
    since: Option<u64>,
    until: Option<u64>,
    /// Changes that were thought of elsewhere, to be judged likewise.
    #[serde(default)]
    proposals: Vec<Vec<Value>>,
}

/// Which change was followed, and since when.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Followed {
    workflow_id: String,
    change: Vec<Value>,
    since: u64,
}

/// Executions of a workflow.
struct Gathered {
    /// The latest,
    latest: StoredExecution,
    /// those that ran the same, oldest first,
    traces: Vec<Trace>,
    /// and others.
    others: Vec<Trace>,
}

pub(super) fn advice(archive: &dyn Archive, asked: &Asked) -> Result<Option<String>, Error> {
    let Some(Gathered { latest, traces, others }) = gather(archive, asked)? else { return Ok(None) };
    let text: Value = serde_json::from_str(&latest.definition).unwrap_or_default();
    let plan = plan_of(&latest)?;
    let known = Known { definition: Definition { text: &text, plan: &plan }, traces: &traces, others: &others };
    let judge = Judge { known, latest: &latest };
    let advice: Vec<Value> = insights::suggested(&known).iter().filter_map(|advice| judge.advice(advice)).collect();
    let proposals: Vec<Value> = asked.proposals.iter().map(|change| judge.proposal(change)).collect();
    let version = plan.version.as_ref();
    Ok(Some(json!({ "version": version, "definition": text, "advice": advice, "proposals": proposals }).to_string()))
}

fn gather(archive: &dyn Archive, asked: &Asked) -> Result<Option<Gathered>, Error> {
    let (since, until) = (asked.since.map(Timestamp::from_micros), asked.until.map(Timestamp::from_micros));
    let workflow = Some(asked.workflow_id.clone());
    let filter = ExecutionFilter { workflow, status: None, since, until, limit: EXECUTIONS_MAX, cursor: None };
    let mut gathered: Option<Gathered> = None;
    let mut tasks = 0;
    for stored in archive.list(&filter)?.executions.into_iter().flatten() {
        let trace = reading::of(&stored)?;
        // What was cancelled ended for a reason of its own.
        if !ended_by_itself(&trace) {
            continue;
        }
        tasks += trace.tasks.len();
        match &mut gathered {
            None => gathered = Some(Gathered { latest: stored, traces: vec![trace], others: Vec::new() }),
            Some(gathered) if gathered.latest.definition == stored.definition => gathered.traces.push(trace),
            Some(gathered) => gathered.others.push(trace),
        }
        let runs = gathered.as_ref().map_or(0, |gathered| gathered.traces.len());
        if tasks >= TASKS_MAX || (tasks >= TASKS_ENOUGH && runs >= insights::RUNS_MIN) {
            break;
        }
    }
    if let Some(gathered) = &mut gathered {
        gathered.traces.sort_by_key(|trace| trace.started);
    }
    Ok(gathered)
}

/// Judges changes by the executions that there are.
struct Judge<'a> {
    known: Known<'a>,
    latest: &'a StoredExecution,
}

impl Judge<'_> {
    /// An advice with its prediction, if that is worth it.
    fn advice(&self, advice: &Advice) -> Option<Value> {
        let pools: Vec<Change> = advice.change.iter().filter_map(pool).collect();
        let edits: Vec<Value> = advice.change.iter().filter(|change| pool(change).is_none()).cloned().collect();
        let changed = if edits.is_empty() { None } else { Some(self.changed(&edits).ok()?) };
        let after = changed.as_ref().map(|(text, plan)| Definition { text, plan });
        let foreseen = insights::foreseen(&self.known, after, &pools);
        let prediction = insights::predicted(&self.known, &foreseen);
        if !insights::is_worth_it(advice, &prediction) {
            return None;
        }
        let evidence: Vec<Value> = advice.evidence.iter().map(|one| json!([one.figure, one.value, named(&one.executions)])).collect();
        Some(json!({
            "kind": advice.kind, "about": advice.about, "change": advice.change, "evidence": evidence, "savesCost": advice.saves_cost,
            "prediction": told(&prediction, &prediction, &foreseen.unknown),
        }))
    }

    /// A change that was thought of elsewhere: what it would do, or why it cannot be made.
    fn proposal(&self, change: &[Value]) -> Value {
        let read = read(change).and_then(|(edits, pools)| {
            let changed = if edits.is_empty() { None } else { Some(apply(self.known.definition.text, &edits, self.latest)?) };
            Ok((changed, pools))
        });
        let (changed, pools) = match read {
            Ok(read) => read,
            Err(refused) => return refusal(&refused),
        };
        let strangers: Refused = pools
            .iter()
            .filter(|pool| !self.known.traces.iter().flat_map(|trace| &trace.tasks).any(|task| task.agent.as_deref() == Some(&pool.agent)))
            .map(|pool| ("change".to_owned(), format!("no task of this workflow calls agent `{}`", pool.agent)))
            .collect();
        if !strangers.is_empty() {
            return refusal(&strangers);
        }
        let after = changed.as_ref().map(|(text, plan)| Definition { text, plan });
        let places: Vec<Change> = pools.into_iter().map(super::predicting::PoolText::change).collect();
        let foreseen = insights::foreseen(&self.known, after, &places);
        let prediction = insights::predicted(&self.known, &foreseen);
        json!({ "prediction": told(&prediction, &prediction, &foreseen.unknown) })
    }

    /// The definition with a change. What would be warned of that was not before is no advice.
    fn changed(&self, edits: &[Value]) -> Result<(Value, Plan), Refused> {
        let (edits, _) = read(edits)?;
        let warnings = |text: &str| {
            let limits = engine::Limits { default_timeout: self.latest.default_timeout, checked: true, ..engine::Limits::default() };
            let (_, problems) = engine::read_plan(text, limits);
            problems.iter().filter(|problem| problem.kind.severity() == Severity::Warning).count()
        };
        let (text, plan) = apply(self.known.definition.text, &edits, self.latest)?;
        if warnings(&text.to_string()) > warnings(&self.latest.definition) {
            return Err(vec![("change".to_owned(), "makes a definition that is warned of".to_owned())]);
        }
        Ok((text, plan))
    }
}

fn pool(change: &Value) -> Option<Change> {
    let (agent, places) = (change.get("agent")?.as_str()?, change.get("places")?.as_u64()?);
    Some(Change::Places { agent: agent.into(), places: usize::try_from(places).ok()? })
}

fn named(executions: &[Arc<str>]) -> Vec<&str> {
    executions.iter().map(AsRef::as_ref).collect()
}

/// What executions took and cost before a change was followed, and under it: those that began since, and whose definition has it.
pub(super) fn outcome(archive: &dyn Archive, followed: &Followed) -> Result<Option<String>, Error> {
    let Ok((edits, _)) = read(&followed.change) else { return Ok(None) };
    let workflow = Some(followed.workflow_id.clone());
    let side = |is_after: bool| -> Result<Value, Error> {
        let instant = Timestamp::from_micros(followed.since);
        let (since, until) = if is_after { (Some(instant), None) } else { (None, Some(instant)) };
        let filter = ExecutionFilter { workflow: workflow.clone(), status: None, since, until, limit: EXECUTIONS_MAX, cursor: None };
        let (mut runs, mut duration, mut cost, mut tasks) = (0_u64, 0_u64, 0_u64, 0);
        for stored in archive.list(&filter)?.executions.into_iter().flatten() {
            let trace = reading::of(&stored)?;
            if !ended_by_itself(&trace) || has(&stored, &edits, is_after) != is_after {
                continue;
            }
            runs += 1;
            duration += trace.makespan();
            let calls = trace.tasks.iter().flat_map(|task| &task.attempts).flat_map(|attempt| &attempt.calls);
            cost += calls.map(|call| call.spent.cost_nanos).sum::<u64>();
            tasks += trace.tasks.len();
            if tasks >= TASKS_MAX {
                break;
            }
        }
        let each = |sum: u64| sum / runs.max(1);
        Ok(json!({ "runs": runs, "duration": each(duration), "cost": each(cost) }))
    };
    Ok(Some(json!({ "before": side(false)?, "after": side(true)? }).to_string()))
}

fn ended_by_itself(trace: &Trace) -> bool {
    matches!(trace.status, Status::Completed | Status::Failed)
}

/// Whether a definition has a change already: to make it again changes nothing, or there is nothing left to delete. Of a pool nothing is written: what began
/// since has it.
fn has(stored: &StoredExecution, edits: &[edits::Edit], since: bool) -> bool {
    if edits.is_empty() {
        return since;
    }
    let text: Value = serde_json::from_str(&stored.definition).unwrap_or_default();
    edits.iter().all(|edit| {
        let is_delete = matches!(edit.operation, edits::Operation::Delete { .. });
        edits::applied(&text, std::slice::from_ref(edit)).map_or(is_delete, |changed| changed == text)
    })
}
