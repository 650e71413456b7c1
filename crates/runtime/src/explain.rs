// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each task of an execution that has not ended waits for, as JSON text: of one that is at hand, or as its records leave it.
//!
//! ```json
//! {"status":"running","deadline":[9,"budget"],"paused":false,"tasks":[
//!   {"task":"approve","holds":[{"kind":"signal","since":1,"until":null,"name":"go","path":false,"schema":{}}]},
//!   {"task":"report","holds":[{"kind":"dependency","since":1,"until":null,"on":["approve"],"count":1,"rule":"none_failed","roots":["approve"]}]}]}
//! ```
//! Instants are microseconds. What holds a task decides [`Execution::held`]; these are its words.

use crate::store::Archive;
use crate::{Error, report};
use engine::{
    Around, By, CancelReason, Execution, Held, Hold, InstanceIndex, Lacking, Phase, Plan, PoolWait, Presence, Question, TaskKind,
    TriggerRule, Wait,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use stdx::Timestamp;

/// A question as JSON text has it: `{"id", "presence", "now"}`.
#[derive(Deserialize)]
struct Asked {
    id: String,
    presence: PresenceText,
    now: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PresenceText {
    Here,
    Asleep,
    Nowhere,
}

/// What the tasks of a stored execution wait for; `None` if there is no such execution. `is_taken`: some process has the store, where the question is that of one
/// that has it not.
pub fn stored(archive: &dyn Archive, asked: &str, is_taken: bool) -> Result<Option<String>, Error> {
    let Asked { id, presence, now } =
        serde_json::from_str(asked).map_err(|error| Error::Malformed { what: "question", message: error.to_string() })?;
    let Some(stored) = archive.execution(&id)? else { return Ok(None) };
    let execution = Execution::replay(report::plan_of(&stored)?, report::setup_of(&stored)?.0, report::events(&stored.records));
    let presence = match presence {
        PresenceText::Nowhere if is_taken => Presence::Elsewhere,
        PresenceText::Nowhere => Presence::Nowhere,
        PresenceText::Asleep => Presence::Asleep,
        PresenceText::Here => Presence::Here,
    };
    let around = Around { presence, now: Timestamp::from_micros(now), admission: None, place: &|_| None };
    Ok(Some(text(&execution, &around, &|_| None)))
}

/// What the tasks of an execution wait for. `ids`: the executions that a wait for admission names.
pub(crate) fn text(execution: &Execution, around: &Around<'_>, ids: &dyn Fn(u32) -> Option<Arc<str>>) -> String {
    let writer = Writer { execution, ids, definition: std::cell::OnceCell::new() };
    let tasks: Vec<Value> = execution.held(around).iter().map(|held| writer.held(held)).collect();
    let deadline = execution.deadline().filter(|_| *execution.phase() == Phase::Running).map(|(at, by)| {
        let by = if by == CancelReason::Budget { "budget" } else { "deadline" };
        json!([at.micros(), by])
    });
    json!({ "status": report::status(execution), "deadline": deadline, "tasks": tasks }).to_string()
}

/// What the ids of workflows and executions that undo others end with.
pub(crate) const UNDOING: &str = "!compensate";

struct Writer<'a> {
    execution: &'a Execution,
    ids: &'a dyn Fn(u32) -> Option<Arc<str>>,
    /// The definition, once a schema of it was looked for.
    definition: std::cell::OnceCell<Value>,
}

impl Writer<'_> {
    fn held(&self, Held { task, undoing, holds }: &Held) -> Value {
        let path = self.execution.path(*task);
        let path = if *undoing { format!("{path}{UNDOING}") } else { path };
        let holds: Vec<Value> = holds.iter().map(|hold| self.hold(*task, hold)).collect();
        json!({ "task": path, "holds": holds })
    }

    fn hold(&self, task: InstanceIndex, Hold { by, since, until }: &Hold) -> Value {
        let (kind, mut more) = self.words(task, by);
        more.insert("kind".to_owned(), kind.into());
        let own = more.get("until").and_then(Value::as_u64);
        let until = until.map(Timestamp::micros).into_iter().chain(own).min();
        for (name, at) in [("since", since.map(Timestamp::micros)), ("until", until)] {
            more.insert(name.to_owned(), at.into());
        }
        Value::Object(more)
    }

    fn words(&self, task: InstanceIndex, by: &By) -> (&'static str, Map<String, Value>) {
        let planned = self.execution.planned(task);
        let paths = |tasks: &[InstanceIndex]| tasks.iter().map(|task| self.execution.path(*task)).collect::<Vec<_>>();
        let (kind, more) = match by {
            By::Dependencies { on, count, roots } => {
                ("dependency", json!({ "on": paths(on), "count": count, "rule": rule_name(planned.rule), "roots": paths(roots) }))
            }
            By::Tasks { count, roots } => ("tasks", json!({ "count": count, "roots": paths(roots) })),
            By::Condition { question, function } => ("condition", json!({ "function": &**function, "of": question_name(*question) })),
            By::Cache => ("cache", json!({})),
            By::Review => ("schema", json!({})),
            By::Turn => ("turn", json!({})),
            By::Signal { name, path } => ("signal", json!({ "name": &**name, "path": path, "schema": self.schema_of(task) })),
            By::Timer => ("timer", json!({})),
            By::Backoff { attempt } => {
                let failure = self.execution.failure_of(task, attempt.saturating_sub(1));
                ("backoff", json!({ "attempt": attempt, "error": failure.map(|failure| [&*failure.code, &*failure.message]) }))
            }
            By::Lane { holder } => ("lane", json!({ "holder": self.execution.path(*holder) })),
            By::Place(wait) => self.place(task, wait.as_ref()),
            By::Attempt { attempt } => ("attempt", json!({ "attempt": attempt, "agent": self.agent(task), "instance": task.get() })),
            By::Child { attempt, id } => {
                let undoing = self.undoing(task);
                ("child", json!({ "attempt": attempt, "id": undoing.as_deref().unwrap_or(id) }))
            }
            By::Stop { attempt } => ("stop", json!({ "attempt": attempt, "agent": self.agent(task) })),
            By::Pause => ("pause", json!({})),
            By::Admission(None) => ("admission", json!({})),
            By::Admission(Some(queued)) => {
                let by: Vec<Arc<str>> = queued.by.iter().filter_map(|slot| (self.ids)(*slot)).collect();
                let by: Vec<&str> = by.iter().map(|id| &**id).collect();
                ("admission", json!({ "key": queued.key.as_deref(), "limit": queued.limit, "running": queued.running, "by": by }))
            }
            By::Asleep => ("asleep", json!({})),
            By::Nowhere => ("process", json!({})),
        };
        let Value::Object(more) = more else { return (kind, Map::new()) };
        (kind, more)
    }

    fn place(&self, task: InstanceIndex, wait: Option<&PoolWait>) -> (&'static str, Value) {
        let Some(PoolWait { agent, of, lacks, .. }) = wait else { return ("place", json!({ "agent": self.agent(task) })) };
        let (agent, of) = (&**agent, &**of);
        match lacks {
            Lacking::Place { running, limit } => ("place", json!({ "agent": agent, "of": of, "running": running, "limit": limit })),
            Lacking::Instance { again } => ("instance", json!({ "agent": agent, "of": of, "until": again.map(Timestamp::micros) })),
            Lacking::Rate { until } => ("rateLimit", json!({ "agent": agent, "of": of, "until": until.micros() })),
        }
    }

    fn agent(&self, task: InstanceIndex) -> Option<&str> {
        if let TaskKind::Agent { agent_id } = &self.execution.calling(task).kind { Some(agent_id) } else { None }
    }

    /// What the payload of a signal must be, as the definition has it.
    fn schema_of(&self, task: InstanceIndex) -> Option<&Value> {
        let Some(Wait::Signal { schema: Some(_), .. }) = &self.execution.planned(task).wait else { return None };
        self.written(task)?.get("waitFor")?.get("schema")
    }

    /// The execution that undoes another, where that is what a task runs: it has an id of its own.
    fn undoing(&self, task: InstanceIndex) -> Option<String> {
        let added = self.execution.spawned_definition(task).filter(|_| self.execution.is_compensation(task));
        let undone = match added {
            Some(definition) => serde_json::from_str::<Value>(definition).ok()?.get("workflow")?.as_str()?.to_owned(),
            None if self.execution.plan().workflow_id.ends_with(UNDOING) => self.written(task)?.get("workflow")?.as_str()?.to_owned(),
            None => return None,
        };
        Some(undone + UNDOING)
    }

    /// A task as its definition has it.
    fn written(&self, task: InstanceIndex) -> Option<&Value> {
        let definition = self.definition.get_or_init(|| definition_of(self.execution.plan()));
        let place = &self.execution.planned(task).place;
        definition.pointer(&format!("/{}", place.replace(']', "").replace(['[', '.'], "/")))
    }
}

fn definition_of(plan: &Plan) -> Value {
    serde_json::from_str(&plan.definition).unwrap_or_default()
}

fn rule_name(rule: TriggerRule) -> &'static str {
    match rule {
        TriggerRule::NoneFailedMinOneSuccess => "none_failed_min_one_success",
        TriggerRule::NoneFailed => "none_failed",
        TriggerRule::AllSuccess => "all_success",
        TriggerRule::AllFailed => "all_failed",
        TriggerRule::AllDone => "all_done",
        TriggerRule::OneSuccess => "one_success",
        TriggerRule::OneFailed => "one_failed",
    }
}

fn question_name(question: Question) -> &'static str {
    match question {
        Question::Gate(_) => "task",
        Question::Branch(_) => "branch",
        Question::Turn { .. } => "loop",
    }
}
