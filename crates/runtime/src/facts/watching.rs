// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Every run that is folded passes the detectors once, and unusual ones become rows.
//!
//! What detectors know is not kept: it is made anew of the latest rows of a workflow when the first run of it ends after the file was opened. What was told
//! is kept with the states of alerts, so that alerts begin and are over once, whichever process sees it.
//!
//! ```text
//! a run ends ─▶ is its workflow known? ─ no ─▶ its latest runs pass, from rows
//!                                      └─ yes ─▶ it passes ── unusual ─▶ a row of `anomaly`
//! a transaction ended, nothing is left to fold ─▶ what has become worse, less what was told, is told
//! ```

use super::book;
use super::names::{Names, known};
use super::rows::{self, DAMAGED, instant};
use crate::store::{Alert, DEARER, FAILS, POISONED, Rule, SLOWER, WAITS};
use analytics::anomaly::{Begins, Cause, Detectors, Measure, Run, Told, Unusual};
use analytics::{ExecutionFacts, Fact, Status, TaskFacts};
use engine::InstanceIndex;
use rusqlite::{Connection, params};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use stdx::Timestamp;

/// The latest executions of a version that pass when it is taken up, and of how many tasks at most.
const EXECUTIONS: i64 = 120;
const TASKS_MAX: i64 = 20_000;

/// Names of alerts that are ours begin so.
const OURS: &str = "anomaly:";

/// An alert of a model or an agent that was told by an earlier process and does not begin again is over after so many runs.
const SEEN: u64 = 200;

/// All that is watched, and what was told of it.
#[derive(Default)]
pub(super) struct Watching {
    detectors: Detectors,
    found: Vec<Told>,
    /// By the names of alerts: what was told and is not over. `None`: not read yet.
    told: Option<BTreeMap<String, Place>>,
    has_news: bool,
    /// What ended before is not news.
    since: Timestamp,
    poisoned: Vec<Alert>,
}

/// What an alert is told by.
#[derive(Clone)]
struct Place {
    rule: &'static Rule,
    cause: Arc<str>,
    task: Option<Arc<str>>,
    /// What is about it, in words.
    words: String,
}

impl Watching {
    /// With nothing watched yet. What ended before `since` is not news by itself.
    pub(super) fn new(since: Timestamp) -> Self {
        Self { since, ..Self::default() }
    }

    /// A task of an execution has ended: has it been given up, since it ended its process again and again?
    pub(super) fn look(&mut self, execution: &Arc<str>, workflow: &str, task: &TaskFacts) {
        if task.error.as_deref() != Some("ERR_POISONED") || task.end < self.since {
            return;
        }
        let TaskFacts { path, interruptions, .. } = task;
        let message = format!(
            "task `{path}` of execution `{execution}` (workflow `{workflow}`) was given up, since its process ended {interruptions} times while it ran; look what it does that \
             ends a process, and run it again with `retryExecution(id)`"
        );
        self.poisoned.push(Alert { task: Some(path.as_str().into()), ..Alert::begins(&POISONED, message).about(Arc::clone(execution)) });
    }

    /// Takes up a version of a workflow, with its latest runs, unless it is known. To be called before the rows of a new run are written.
    pub(super) fn take_up(&mut self, connection: &Connection, workflow: &Arc<str>, version: &Arc<str>) -> rusqlite::Result<()> {
        if self.detectors.knows(workflow, version) {
            return Ok(());
        }
        self.has_news = true;
        let (Some(of), Some(at)) = (known(connection, workflow)?, known(connection, version)?) else { return Ok(()) };
        let mut latest = connection.prepare_cached(
            "SELECT key, total, status, started, ended FROM execution WHERE workflow = ?1 AND version = ?2 ORDER BY accepted DESC LIMIT ?3",
        )?;
        let mut rows = latest.query(params![of, at, EXECUTIONS])?;
        let (mut executions, mut tasks) = (Vec::new(), 0_i64);
        while let Some(row) = rows.next()? {
            tasks += row.get::<_, i64>(1)?;
            if tasks > TASKS_MAX && !executions.is_empty() {
                break;
            }
            let instant = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(rows::at));
            let status = row
                .get::<_, i64>(2)
                .map(|number| if number == DAMAGED { Status::Cancelled } else { rows::status_of(number).unwrap_or_default() })?;
            executions.push((
                row.get::<_, i64>(0)?,
                ExecutionFacts { status, started: instant(3)?, ended: instant(4)?, ..ExecutionFacts::default() },
            ));
        }
        for (key, facts) in executions.iter().rev() {
            rows::tasks_of(connection, *key, |task| {
                if let Some(run) = Run::of_task(workflow, version, &task) {
                    self.detectors.observe(&run, &mut self.found);
                }
            })?;
            if let Some(run) = Run::of_execution(workflow, version, facts) {
                self.detectors.observe(&run, &mut self.found);
            }
            // They are rows already.
            self.found.clear();
        }
        Ok(())
    }

    /// Another run, whose rows are written.
    pub(super) fn observe(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        key: i64,
        (workflow, version): (&Arc<str>, &Arc<str>),
        fact: &Fact,
    ) -> rusqlite::Result<()> {
        let (run, instance, end) = match fact {
            Fact::Task(task) => (Run::of_task(workflow, version, task), Some(task.instance), task.end),
            Fact::End(facts) => (Run::of_execution(workflow, version, facts), None, facts.ended.unwrap_or_default()),
            Fact::Call(_) => return Ok(()),
        };
        let Some(run) = run else { return Ok(()) };
        self.detectors.observe(&run, &mut self.found);
        for told in self.found.drain(..) {
            match told {
                Told::Unusual(unusual) => write(connection, names, key, workflow, (instance, end), unusual)?,
                Told::Begins(_) | Told::Ends { .. } => self.has_news = true,
            }
        }
        Ok(())
    }

    /// What people are to be told since the last time.
    pub(super) fn news(&mut self, connection: &Connection) -> rusqlite::Result<Vec<Alert>> {
        let is_first = self.told.is_none();
        if is_first {
            let ours = book::alerts(connection)?.into_iter().filter_map(|(name, _)| Some((name.clone(), Place::named(&name)?)));
            self.told = Some(ours.collect());
        }
        let mut news = std::mem::take(&mut self.poisoned);
        if !std::mem::take(&mut self.has_news) && !is_first {
            return Ok(news);
        }
        let Self { detectors, told, .. } = self;
        let told = told.get_or_insert_default();
        let open: BTreeMap<String, Place> = detectors.open().map(Place::of).map(|place| (place.name(), place)).collect();
        told.retain(|name, place| {
            if open.contains_key(name) || !place.is_watched(detectors) {
                return true;
            }
            // To one who has not heard of it from this process it is both at once.
            let words = || format!("{}: no more, or it is what is usual by now", place.words);
            news.extend([Alert::begins(place.rule, words()), Alert::is_over(place.rule, words())].map(|alert| place.of_alert(alert)));
            false
        });
        for (name, place) in open {
            if !told.contains_key(&name) {
                news.push(place.of_alert(Alert::begins(place.rule, place.words.clone())));
            }
            told.insert(name, place);
        }
        Ok(news)
    }
}

fn write(
    connection: &Connection,
    names: &mut Names,
    key: i64,
    workflow: &str,
    (instance, end): (Option<InstanceIndex>, Timestamp),
    Unusual { measure, value, usual, .. }: Unusual,
) -> rusqlite::Result<()> {
    let workflow = names.number(connection, workflow)?;
    let instance = instance.map_or(-1, |instance| i64::from(instance.get()));
    connection.prepare_cached("INSERT OR REPLACE INTO anomaly VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        workflow,
        instant(end),
        key,
        instance,
        measure as i64,
        value,
        usual
    ])?;
    Ok(())
}

impl Place {
    fn of(begins: &Begins) -> Self {
        let Begins { cause, measure, value, usual } = begins;
        let (key, task) = match cause {
            Cause::Task { workflow, version, task } => (json!(["task", &**workflow, &**version, &**task]), Some(Arc::clone(task))),
            Cause::Model { model } => (json!(["model", &**model]), None),
            Cause::Agent { agent } => (json!(["agent", &**agent]), None),
            Cause::Workflow { workflow, version } => (json!(["workflow", &**workflow, &**version]), None),
        };
        Self { rule: rule_of(*measure), cause: key.to_string().into(), task, words: worded(cause, *measure, *value, *usual) }
    }

    /// The one whose alert has this name; `None` if none of ours has.
    fn named(name: &str) -> Option<Self> {
        let (rule, cause) = name.split_once('/').filter(|(rule, _)| rule.starts_with(OURS))?;
        let rule = [&SLOWER, &WAITS, &DEARER, &FAILS].into_iter().find(|known| known.name == rule)?;
        let parts: Vec<String> = serde_json::from_str(cause).ok()?;
        let task = if let [kind, _, _, task] = &parts[..]
            && kind == "task"
        {
            Some(task.as_str().into())
        } else {
            None
        };
        Some(Self { rule, cause: cause.into(), task, words: rule.title.to_owned() })
    }

    fn name(&self) -> String {
        format!("{}/{}", self.rule.name, self.cause)
    }

    fn of_alert(&self, alert: Alert) -> Alert {
        alert.caused_by(Arc::clone(&self.cause), self.task.clone())
    }

    /// Whether detectors have seen enough to say that it is over.
    fn is_watched(&self, detectors: &Detectors) -> bool {
        let parts: Vec<String> = serde_json::from_str(&self.cause).unwrap_or_default();
        match &parts[..] {
            [_, workflow, version] | [_, workflow, version, _] => detectors.knows(&workflow.as_str().into(), &version.as_str().into()),
            _ => detectors.runs() >= SEEN,
        }
    }
}

fn rule_of(measure: Measure) -> &'static Rule {
    match measure {
        Measure::Duration => &SLOWER,
        Measure::Wait => &WAITS,
        Measure::Cost => &DEARER,
        Measure::Failures => &FAILS,
    }
}

/// What has become worse, for people: what it was, and what to look at.
fn worded(cause: &Cause, measure: Measure, value: f64, usual: f64) -> String {
    let (who, single) = match cause {
        Cause::Task { workflow, version, task } => (format!("task `{task}` of workflow `{workflow}` (version {version})"), true),
        Cause::Model { model } => (format!("tasks that model `{model}` answers"), false),
        Cause::Agent { agent } => (format!("tasks of agent `{agent}`"), false),
        Cause::Workflow { workflow, version } => (format!("workflow `{workflow}` (version {version})"), true),
    };
    let (what, figure) = match (measure, single) {
        (Measure::Duration, true) => ("takes longer than it did", seconds(value, usual)),
        (Measure::Duration, false) => ("take longer than they did", seconds(value, usual)),
        (Measure::Wait, true) => ("waits longer for a place of its agent than it did", seconds(value, usual)),
        (Measure::Wait, false) => ("wait longer for a place than they did", seconds(value, usual)),
        (Measure::Cost, true) => ("costs more than it did", dollars(value, usual)),
        (Measure::Cost, false) => ("cost more than they did", dollars(value, usual)),
        (Measure::Failures, true) => ("fails more often than it did", percent(value, usual)),
        (Measure::Failures, false) => ("fail more often than they did", percent(value, usual)),
    };
    let hint = match measure {
        Measure::Duration => "`executionMonitor.getPerformanceProfile(id)` of a recent execution shows what its time goes into",
        Measure::Wait => "raise `maxAgents`, or `maxConcurrentTasks` of the agent, or begin less at once",
        Measure::Cost => "`getExecution(id)` of a recent execution has the tokens of each call; a bound is `budget`",
        Measure::Failures => "`listExecutions({ fields: 'summary', status: 'failed' })` lists executions with codes and tasks",
    };
    format!("{who} {what}: {figure}; {hint}")
}

fn seconds(value: f64, usual: f64) -> String {
    format!("{:.3} s, where {:.3} s were usual", value / 1e6, usual / 1e6)
}

fn dollars(value: f64, usual: f64) -> String {
    format!("${:.6}, where ${:.6} were usual", value / 1e9, usual / 1e9)
}

fn percent(value: f64, usual: f64) -> String {
    format!("{:.0} % of the latest runs did not succeed at once, where {:.1} % were usual", 100.0 * value, 100.0 * usual)
}
