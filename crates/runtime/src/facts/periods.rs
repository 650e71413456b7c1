// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Figures of a workflow over a time: whole hours from roll-ups, both ends from rows.
//!
//! ```json
//! {"figures":{…},"executions":[…],"workflows":null,"deleted":false,"anomalies":[…],"errors":[…],"rolled":true,"rollupsSince":0,"asOf":3}
//! ```
//! `figures` is `analytics::Period::json`, `executions` are summaries of the latest that ended in that time. `workflows` are the ids of those that there are,
//! where there is nothing of this one. `rollupsSince`: where roll-ups begin, if executions ended
//! before; 0 if none did. `anomalies`: see [`unusual`], `errors`: see [`failures`]. `deleted`: executions that are counted nowhere were deleted from the hours at the ends. Instants are microseconds.

use super::book;
use super::failures;
use super::names::known;
use super::rows::{self, SPAN_MAX, at, instant, longest};
use super::summaries::{COLUMNS, summary};
use super::unusual;
use crate::store::ReadError;
use analytics::{Ended, Hours, Paid, Period, hour_of};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Which figures.
#[derive(Clone, Debug)]
pub struct PeriodQuestion {
    /// Of this workflow,
    pub workflow: String,
    /// in this version alone, or in all.
    pub version: Option<String>,
    /// Of what ended at this instant or later,
    pub start: Timestamp,
    /// and before this one.
    pub end: Timestamp,
    /// At most so many summaries.
    pub limit: u32,
}

/// Workflows that are named where there is nothing of the one that was asked for.
const WORKFLOWS_MAX: usize = 1000;

/// The number of no name.
const NO_VERSION: i64 = -1;

/// Whose figures, by the numbers of the names.
#[derive(Clone, Copy)]
struct Of {
    workflow: i64,
    version: Option<i64>,
}

/// The figures as JSON text; see above. `since`: where roll-ups begin.
pub(super) fn period(connection: &Connection, question: &PeriodQuestion, since: Option<Timestamp>) -> Result<String, ReadError> {
    let snapshot = connection.unchecked_transaction()?;
    let state = book::state(&snapshot)?.unwrap_or_default();
    let number = known(&snapshot, &question.workflow)?;
    // Without roll-ups all of it is from rows.
    let all = || Hours { whole: 0..0, ends: vec![question.start..question.end] };
    let hours = if state.rolled { Hours::of(question.start, question.end) } else { all() };
    // A version that was never written down is one that nothing has.
    let version = match &question.version {
        Some(version) => Some(known(&snapshot, version)?.unwrap_or(NO_VERSION)),
        None => None,
    };
    let (period, executions) = match number.map(|workflow| Of { workflow, version }) {
        None => (Period::default(), Vec::new()),
        Some(of) => (figures(&snapshot, of, &hours)?, latest(&snapshot, of, question)?),
    };
    let is_unknown = period.executions.figures.ended == 0 && !has_any(&snapshot, number)?;
    let workflows = if is_unknown { Some(workflows(&snapshot)?) } else { None };
    let since = since.filter(|since| number.is_some_and(|workflow| has_older(&snapshot, workflow, *since).unwrap_or(true)));
    let within = question.start..question.end;
    let anomalies = number.map(|workflow| unusual::anomalies(&snapshot, workflow, &within)).transpose()?.unwrap_or_default();
    let failures = number.map(|workflow| failures::failures(&snapshot, workflow, &within)).transpose()?.unwrap_or_default();
    let answer = json!({
        "figures": period.json(), "executions": executions, "workflows": workflows, "deleted": has_gone(&snapshot, &hours)?, "rolled": state.rolled,
        "anomalies": anomalies, "errors": failures,
        "rollupsSince": since.map_or(0, Timestamp::micros), "asOf": state.last.map_or(0, |(_, _, at)| at),
    });
    Ok(answer.to_string())
}

fn figures(connection: &Connection, of: Of, hours: &Hours) -> rusqlite::Result<Period> {
    let mut period = Period::default();
    rows::rollups_of(connection, (of.workflow, of.version), &hours.whole, |task, rollup| match task {
        None => period.executions.merge(rollup),
        Some(task) => period.add_hour(task, rollup),
    })?;
    for end in &hours.ends {
        add_executions(connection, of, end, &mut period)?;
        for span in 0..=SPAN_MAX {
            let since = Timestamp::from_micros(end.start.micros().saturating_sub(micros(longest(span))));
            add_tasks(connection, of, Some(span), since..end.end, end, &mut period)?;
        }
        // Those that have not ended.
        add_tasks(connection, of, None, Timestamp::default()..end.end, end, &mut period)?;
    }
    Ok(period)
}

fn add_executions(connection: &Connection, of: Of, within: &Range<Timestamp>, period: &mut Period) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT status, started, ended, attempts, cost, unpriced FROM execution
         WHERE workflow = ?1 AND ended >= ?2 AND ended < ?3 AND (?4 IS NULL OR version = ?4)",
    )?;
    let mut rows = statement.query(params![of.workflow, instant(within.start), instant(within.end), of.version])?;
    while let Some(row) = rows.next()? {
        let Some(status) = rows::status_of(row.get(0)?) else { continue };
        let started = row.get::<_, Option<i64>>(1)?.map(at);
        let count = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let cost = Paid { nanos: count(4)?, unpriced: count(5)? };
        period.add_execution(&Ended::execution(status, started, at(row.get(2)?), count(3)?, cost));
    }
    Ok(())
}

/// Adds the tasks that ended `within` a time, of executions of a class that were accepted in another one.
fn add_tasks(
    connection: &Connection,
    of: Of,
    span: Option<u32>,
    accepted: Range<Timestamp>,
    within: &Range<Timestamp>,
    period: &mut Period,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT text FROM name WHERE number = t.task), t.outcome, t.attempts, t.interruptions, t.ready, t.start, t.ended, t.wait, t.run, t.input, t.output,
         t.cache_read, t.cache_write, t.reasoning, t.cost, t.calls, t.requests, t.unpriced
         FROM execution e CROSS JOIN task t ON t.execution = e.key
         WHERE e.workflow = :workflow AND e.span IS :span AND e.accepted >= :since AND e.accepted < :until AND t.ended >= :start AND t.ended < :end
         AND (:version IS NULL OR e.version = :version)",
    )?;
    let mut rows = statement.query(named_params! {
        ":workflow": of.workflow, ":version": of.version, ":span": span, ":since": instant(accepted.start), ":until": instant(accepted.end),
        ":start": instant(within.start), ":end": instant(within.end),
    })?;
    while let Some(row) = rows.next()? {
        let task: Arc<str> = row.get_ref(0)?.as_str()?.into();
        period.add_task(&task, &ended(row)?);
    }
    Ok(())
}

fn ended(row: &Row<'_>) -> rusqlite::Result<Ended> {
    let count = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let time = |column: usize| count(column).map(Duration::from_micros);
    let outcome = rows::outcome_of(row.get(1)?);
    let (ready, start): (Option<i64>, Option<i64>) = (row.get(4)?, row.get(5)?);
    let end = at(row.get(6)?);
    let wait = time(7)?;
    let spent = rows::spent_of(row, 9)?;
    Ok(Ended {
        outcome,
        attempts: count(2)?,
        interruptions: count(3)?,
        duration: start.map(|start| end.since(at(start))),
        wait: ready.map(|_| wait),
        run: time(8)?,
        spent,
        cost: Paid::of(spent),
    })
}

fn latest(connection: &Connection, of: Of, question: &PeriodQuestion) -> rusqlite::Result<Vec<Value>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM execution e WHERE e.workflow = ?1 AND e.ended >= ?2 AND e.ended < ?3 AND (?5 IS NULL OR e.version = ?5)
         ORDER BY e.ended DESC, e.key DESC LIMIT ?4"
    ))?;
    let (start, end) = (instant(question.start), instant(question.end));
    let rows = statement.query_map(params![of.workflow, start, end, question.limit, of.version], summary)?;
    rows.collect()
}

/// Whether an execution of a workflow ended before an instant.
fn has_older(connection: &Connection, workflow: i64, at: Timestamp) -> rusqlite::Result<bool> {
    let any = "SELECT EXISTS (SELECT 1 FROM execution WHERE workflow = ?1 AND ended < ?2)";
    connection.prepare_cached(any)?.query_row(params![workflow, instant(at)], |row| row.get(0))
}

/// Whether anything of a workflow is on record.
fn has_any(connection: &Connection, workflow: Option<i64>) -> rusqlite::Result<bool> {
    let Some(workflow) = workflow else { return Ok(false) };
    let either =
        "SELECT EXISTS (SELECT 1 FROM execution WHERE workflow = ?1) OR EXISTS (SELECT 1 FROM rollup WHERE subject = 0 AND workflow = ?1)";
    connection.prepare_cached(either)?.query_row([workflow], |row| row.get(0))
}

/// The ids of workflows, without a look at each execution.
fn workflows(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut next = connection.prepare_cached("SELECT workflow FROM execution WHERE workflow > ?1 ORDER BY workflow LIMIT 1")?;
    let (mut found, mut last) = (Vec::new(), -1_i64);
    while found.len() < WORKFLOWS_MAX {
        let Some(number) = next.query_row([last], |row| row.get(0)).optional()? else { break };
        last = number;
        found.extend(rows::text_of(connection, number)?.map(|text| text.to_string()));
    }
    Ok(found)
}

/// Whether journals of the hours at the ends were deleted, in part or in whole.
fn has_gone(connection: &Connection, hours: &Hours) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM gone WHERE hour BETWEEN ?1 AND ?2)")?;
    for end in &hours.ends {
        let last = Timestamp::from_micros(end.end.micros().saturating_sub(1));
        let (first, last) = (hour_of(end.start).cast_signed(), hour_of(last).cast_signed());
        if statement.query_row([first, last], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
