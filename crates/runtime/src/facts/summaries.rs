// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Pages of executions as facts have them, newest first.
//!
//! ```json
//! {"executions":[{"id":"…","workflowId":"w","version":"1","status":"running","acceptedAt":1,"startedAt":2,"endedAt":null,"error":null,"failedTask":null,
//!   "tasks":[3,1,0,0,0],"attempts":2,"usage":[12,5,0,0,0],"cost":4200,"unpriced":0,"calls":1,"tenant":null,"parent":null,"forkedFrom":null,"schedule":null,
//!   "waitsFor":{"signals":["go"],"agents":[],"timer":null},"records":4,"bytes":900}],"cursor":"…","asOf":3}
//! ```
//! Instants are microseconds since the epoch, `cost` nano-dollars.

use super::names::known;
use super::rows::{AGENT, DAMAGED, SIGNAL, TIMER, status_number, status_of};
use crate::store::ReadError;
use analytics::{Status, Waits};
use engine::Execution;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use stdx::Timestamp;

/// What an execution that is at hand waits for, as JSON text: `{"signals", "agents", "timer"}`, or null.
pub fn waits(execution: &Execution) -> String {
    let waits = analytics::waits_of(execution);
    if waits == Waits::default() {
        return "null".to_owned();
    }
    let texts = |names: BTreeSet<Arc<str>>| names.iter().map(|name| Value::from(&**name)).collect::<Vec<_>>();
    json!({ "signals": texts(waits.signals), "agents": texts(waits.agents), "timer": waits.timer.map(Timestamp::micros) }).to_string()
}

/// What an execution waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// Any signal, or the one of this name.
    Signal(Option<String>),
    /// Any agent, or the one of this name.
    Agent(Option<String>),
    /// The end of a delay, or of a wait before a retry.
    Timer,
}

/// Which executions a list of summaries holds; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct SummaryFilter {
    /// Of this workflow,
    pub workflow: Option<String>,
    /// and of this version of it.
    pub version: Option<String>,
    /// In this state, by its word.
    pub status: Option<String>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Accepted at this instant or later.
    pub since: Option<Timestamp>,
    /// Accepted before this instant.
    pub until: Option<Timestamp>,
    /// Failed with this code.
    pub error: Option<String>,
    /// Waiting for this.
    pub waiting_for: Option<WaitingFor>,
    /// With an id that begins so. The order is then that of ids, the last first.
    pub id_prefix: Option<String>,
    /// At most this many.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A statement in the making.
#[derive(Default)]
struct Query {
    conditions: Vec<String>,
    values: Vec<Sql>,
}

impl Query {
    /// Adds a condition, in which `?` stands for the value.
    fn and(&mut self, condition: &str, value: impl Into<Sql>) {
        self.values.push(value.into());
        self.conditions.push(condition.replace('?', &format!("?{}", self.values.len())));
    }

    fn text(&self) -> String {
        if self.conditions.is_empty() { "1".to_owned() } else { self.conditions.join(" AND ") }
    }
}

/// The columns of [`summary`], of an execution `e`.
pub(super) const COLUMNS: &str = "e.key, e.id, (SELECT text FROM name WHERE number = e.workflow), (SELECT text FROM name WHERE number = e.version), e.status, e.accepted, e.started,
    e.ended, (SELECT text FROM name WHERE number = e.error), e.failed_task, e.total, e.completed, e.failed, e.skipped, e.cancelled, e.attempts, e.input, e.output,
    e.cache_read, e.cache_write, e.reasoning, e.cost, e.unpriced, e.calls, (SELECT text FROM name WHERE number = e.tenant), e.parent, e.parent_path, e.forked_from,
    e.schedule, e.schedule_at, e.waits_for, e.timer, e.records, e.bytes";

/// A page as JSON text; see above. `asOf` is the instant of the last record that facts have, 0 if there is none.
pub(super) fn page(connection: &Connection, filter: &SummaryFilter) -> Result<String, ReadError> {
    // One snapshot for the page and how far it reaches. Nothing is written, so that its end needs no commit.
    let snapshot = connection.unchecked_transaction()?;
    let as_of = super::book::state(&snapshot)?.and_then(|state| state.last).map_or(0, |(_, _, at)| at);
    let mut rows = match statement(&snapshot, filter)? {
        None => Vec::new(),
        Some((text, values)) => {
            let mut statement = snapshot.prepare_cached(&text)?;
            let rows = statement.query_map(params_from_iter(values), |row| Ok((place(row, filter)?, summary(row)?)))?;
            rows.collect::<Result<Vec<_>, _>>()?
        }
    };
    // One more than asked for tells whether there is a next page.
    let more = rows.len() > filter.limit as usize;
    rows.truncate(filter.limit as usize);
    let cursor = rows.last().filter(|_| more).map(|(place, _)| place.clone());
    let executions: Vec<Value> = rows.into_iter().map(|(_, summary)| summary).collect();
    Ok(json!({ "executions": executions, "cursor": cursor, "asOf": as_of }).to_string())
}

/// What asks for a page; `None` if nothing can be in it.
fn statement(connection: &Connection, filter: &SummaryFilter) -> Result<Option<(String, Vec<Sql>)>, ReadError> {
    let mut query = Query::default();
    let names = [
        ("e.workflow = ?", &filter.workflow),
        ("e.version = ?", &filter.version),
        ("e.tenant = ?", &filter.tenant),
        ("e.error = ?", &filter.error),
    ];
    for (condition, name) in names {
        let Some(name) = name else { continue };
        let Some(number) = known(connection, name)? else { return Ok(None) };
        query.and(condition, number);
    }
    if let Some(word) = &filter.status {
        let number = if word == "damaged" { Some(DAMAGED) } else { Status::of(word).map(status_number) };
        let Some(number) = number else { return Ok(None) };
        query.and("e.status = ?", number);
    }
    let micros = |at: Timestamp| at.micros().cast_signed();
    if let Some(since) = filter.since {
        query.and("e.accepted >= ?", micros(since));
    }
    if let Some(until) = filter.until {
        query.and("e.accepted < ?", micros(until));
    }
    let mut from = "execution e".to_owned();
    let mut order = "e.accepted DESC, e.key DESC";
    match &filter.waiting_for {
        None => {}
        Some(WaitingFor::Signal(None)) => query.conditions.push(format!("e.waits & {SIGNAL}")),
        Some(WaitingFor::Agent(None)) => query.conditions.push(format!("e.waits & {AGENT}")),
        Some(WaitingFor::Timer) => query.conditions.push(format!("e.waits & {TIMER}")),
        Some(WaitingFor::Signal(Some(name)) | WaitingFor::Agent(Some(name))) => {
            let Some(number) = known(connection, name)? else { return Ok(None) };
            let kind = if matches!(filter.waiting_for, Some(WaitingFor::Signal(_))) { SIGNAL } else { AGENT };
            query.conditions.push(format!("w.kind = {kind}"));
            query.and("w.name = ?", number);
            "wait w CROSS JOIN execution e ON e.key = w.execution".clone_into(&mut from);
            order = "w.accepted DESC, w.execution DESC";
        }
    }
    if let Some(prefix) = &filter.id_prefix {
        query.and("e.id >= ?", prefix.clone());
        query.and("e.id < ?", format!("{prefix}\u{10FFFF}"));
        if !from.contains("wait") {
            from.push_str(" INDEXED BY execution_id");
        }
        order = "e.id DESC";
    }
    if let Some(cursor) = &filter.cursor {
        let refused = || ReadError::Cursor { cursor: cursor.clone() };
        if filter.id_prefix.is_some() {
            query.and("e.id < ?", cursor.strip_prefix("id:").ok_or_else(refused)?.to_owned());
        } else {
            let (accepted, key) = cursor.strip_prefix("at:").and_then(|text| text.split_once(':')).ok_or_else(refused)?;
            let number = |text: &str| text.parse::<i64>().map_err(|_| refused());
            let (accepted, key) = (number(accepted)?, number(key)?);
            let (at, of) = if from.contains("wait") { ("w.accepted", "w.execution") } else { ("e.accepted", "e.key") };
            query.and(&format!("{at} <= ?"), accepted);
            query.values.extend([Sql::Integer(accepted), Sql::Integer(key)]);
            let last = query.values.len();
            query.conditions.push(format!("({at}, {of}) < (?{}, ?{last})", last - 1));
        }
    }
    let limit = i64::from(filter.limit) + 1;
    Ok(Some((format!("SELECT {COLUMNS} FROM {from} WHERE {} ORDER BY {order} LIMIT {limit}", query.text()), query.values)))
}

/// Where a page that ends with this row ends.
fn place(row: &Row<'_>, filter: &SummaryFilter) -> rusqlite::Result<String> {
    if filter.id_prefix.is_some() {
        return Ok(format!("id:{}", row.get_ref(1)?.as_str()?));
    }
    Ok(format!("at:{}:{}", row.get::<_, i64>(5)?, row.get::<_, i64>(0)?))
}

pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<Value> {
    let text = |column: usize| row.get::<_, Option<String>>(column);
    let number = |column: usize| row.get::<_, Option<i64>>(column);
    let numbers = |columns: std::ops::Range<usize>| columns.map(|column| row.get::<_, i64>(column)).collect::<Result<Vec<_>, _>>();
    let status: i64 = row.get(4)?;
    let status = status_of(status).map_or("damaged", Status::word);
    let parent = text(25)?.zip(text(26)?).map(|(execution, path)| json!({ "execution": execution, "path": path }));
    let schedule = text(28)?.zip(number(29)?).map(|(id, at)| json!({ "id": id, "at": at }));
    let named = text(30)?.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let timer = number(31)?;
    let waits_for = (named.is_some() || timer.is_some()).then(|| {
        let named = named.unwrap_or_else(|| json!({ "signals": [], "agents": [] }));
        json!({ "signals": named.get("signals"), "agents": named.get("agents"), "timer": timer })
    });
    Ok(json!({
        "id": text(1)?, "workflowId": text(2)?, "version": text(3)?, "status": status, "acceptedAt": number(5)?, "startedAt": number(6)?, "endedAt": number(7)?,
        "error": text(8)?, "failedTask": text(9)?, "tasks": numbers(10..15)?, "attempts": number(15)?, "usage": numbers(16..21)?, "cost": number(21)?,
        "unpriced": number(22)?, "calls": number(23)?, "tenant": text(24)?, "parent": parent, "forkedFrom": text(27)?, "schedule": schedule,
        "waitsFor": waits_for, "records": number(32)?, "bytes": number(33)?,
    }))
}
