// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Facts as rows.

use super::live::Begun;
use super::names::Names;
use analytics::{CallFacts, ExecutionFacts, Figures, Kind, Outcome, Paid, Rollup, Sketch, Special, Status, Subject, TaskFacts, Waits};
use engine::{InstanceIndex, Spent};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// The number of a status that is not one of a machine: records of the execution cannot be read.
pub(super) const DAMAGED: i64 = 6;

/// Kinds of waits, as bits.
pub(super) const SIGNAL: i64 = 1;
pub(super) const AGENT: i64 = 2;
pub(super) const TIMER: i64 = 4;

pub(super) fn status_of(number: i64) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status_number(*status) == number)
}

pub(super) fn status_number(status: Status) -> i64 {
    match status {
        Status::Pending => 0,
        Status::Running => 1,
        Status::Paused => 2,
        Status::Completed => 3,
        Status::Failed => 4,
        Status::Cancelled => 5,
    }
}

/// Writes the row of an execution over the one before, and what it waits for if that `has_changed` or is new.
pub(super) fn write_execution(
    connection: &Connection,
    names: &mut Names,
    key: i64,
    begun: &Begun,
    facts: &ExecutionFacts,
    damaged: bool,
) -> rusqlite::Result<()> {
    let mut name = |text: Option<&str>| names.maybe(connection, text);
    let (workflow, version) = (name(Some(&begun.workflow))?, name(Some(&begun.version))?);
    let (tenant, error) = (name(begun.tenant.as_deref())?, name(facts.error.as_deref())?);
    let Waits { signals, agents, timer } = &facts.waits;
    let bit = |bit, is_empty: bool| if is_empty { 0 } else { bit };
    let waits = bit(SIGNAL, signals.is_empty()) | bit(AGENT, agents.is_empty()) | bit(TIMER, timer.is_none());
    let texts = |names: &BTreeSet<Arc<str>>| names.iter().map(|name| Value::from(&**name)).collect::<Vec<_>>();
    let waits_for = (waits & (SIGNAL | AGENT) != 0).then(|| json!({ "signals": texts(signals), "agents": texts(agents) }).to_string());
    let status = if damaged { DAMAGED } else { status_number(facts.status) };
    let spent = facts.spent;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO execution VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
             ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37)",
        )?
        .execute(params![
            key,
            &*begun.id,
            workflow,
            version,
            tenant,
            status,
            instant(begun.accepted),
            facts.started.map(instant),
            facts.ended.map(instant),
            error,
            facts.failed,
            count(facts.tasks.total),
            count(facts.tasks.completed),
            count(facts.tasks.failed),
            count(facts.tasks.skipped),
            count(facts.tasks.cancelled),
            count(facts.attempts),
            count(spent.input_tokens),
            count(spent.output_tokens),
            count(spent.cache_read_tokens),
            count(spent.cache_write_tokens),
            count(spent.reasoning_tokens),
            count(spent.cost_nanos),
            count(spent.calls),
            count(spent.requests),
            count(spent.unpriced),
            begun.parent.as_ref().map(|parent| &*parent.execution),
            begun.parent.as_ref().map(|parent| &*parent.path),
            begun.forked_from.as_deref(),
            begun.schedule.as_ref().map(|schedule| &*schedule.id),
            begun.schedule.as_ref().map(|schedule| schedule.at),
            waits,
            timer.map(instant),
            waits_for,
            count(facts.records),
            count(facts.bytes),
            facts.ended.map(|ended| span(ended.since(begun.accepted))),
        ])?;
    Ok(())
}

/// Writes what an execution waits for by name, in place of what it waited for.
pub(super) fn write_waits(
    connection: &Connection,
    names: &mut Names,
    key: i64,
    accepted: Timestamp,
    before: &Waits,
    now: &Waits,
) -> rusqlite::Result<()> {
    let kinds = [(SIGNAL, &before.signals, &now.signals), (AGENT, &before.agents, &now.agents)];
    for (kind, before, now) in kinds {
        for gone in before.difference(now) {
            let name = names.number(connection, gone)?;
            connection
                .prepare_cached("DELETE FROM wait WHERE kind = ?1 AND name = ?2 AND accepted = ?3 AND execution = ?4")?
                .execute(params![kind, name, instant(accepted), key])?;
        }
        for new in now.difference(before) {
            let name = names.number(connection, new)?;
            connection.prepare_cached("INSERT OR REPLACE INTO wait VALUES (?1, ?2, ?3, ?4)")?.execute(params![
                kind,
                name,
                instant(accepted),
                key
            ])?;
        }
    }
    Ok(())
}

pub(super) fn write_task(connection: &Connection, names: &mut Names, key: i64, facts: &TaskFacts) -> rusqlite::Result<()> {
    let mut name = |text: Option<&str>| names.maybe(connection, text);
    let (task, agent) = (name(Some(&facts.task))?, name(facts.agent.as_deref())?);
    let (error, model) = (name(facts.error.as_deref())?, name(facts.model.as_deref())?);
    let kind = match facts.kind {
        Kind::Agent => 0,
        Kind::Workflow => 1,
        Kind::Wait => 2,
        Kind::Group => 3,
    };
    let outcome = match facts.outcome {
        Outcome::Completed => 0,
        Outcome::Failed => 1,
        Outcome::Skipped => 2,
        Outcome::Cancelled => 3,
    };
    let special = match facts.special {
        Special::Nothing => 0,
        Special::Tolerated => 1,
        Special::Degraded => 2,
        Special::Reused => 3,
    };
    let spent = facts.spent;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO task VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
             ?25, ?26, ?27)",
        )?
        .execute(params![
            key,
            facts.instance.get(),
            task,
            (*facts.path != *facts.task).then_some(&facts.path),
            kind,
            agent,
            facts.attempts,
            facts.interruptions,
            facts.ready.map(instant),
            facts.ready_by.map(InstanceIndex::get),
            facts.start.map(instant),
            instant(facts.end),
            micros(facts.wait),
            micros(facts.run),
            outcome,
            special,
            error,
            model,
            count(spent.input_tokens),
            count(spent.output_tokens),
            count(spent.cache_read_tokens),
            count(spent.cache_write_tokens),
            count(spent.reasoning_tokens),
            count(spent.cost_nanos),
            count(spent.calls),
            count(spent.requests),
            count(spent.unpriced),
        ])?;
    Ok(())
}

/// The columns of [`task_of`].
const TASK: &str = "SELECT instance, (SELECT text FROM name WHERE number = task), kind, (SELECT text FROM name WHERE number = agent), attempts, interruptions, ready,
    start, ended, wait, run, outcome, special, (SELECT text FROM name WHERE number = model), input, output, cache_read, cache_write, reasoning, cost, calls,
    requests, unpriced FROM task";

/// Gives each task of an execution that has ended, in the order in which they did. Of what is not needed for figures it has nothing.
pub(super) fn tasks_of(connection: &Connection, key: i64, mut give: impl FnMut(TaskFacts)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!("{TASK} WHERE execution = ?1 ORDER BY ended, instance"))?;
    let mut rows = statement.query([key])?;
    while let Some(row) = rows.next()? {
        give(task_of(row)?);
    }
    Ok(())
}

fn task_of(row: &Row<'_>) -> rusqlite::Result<TaskFacts> {
    let text = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?.map(Arc::from));
    let moment = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(at));
    let time = |column: usize| row.get::<_, i64>(column).map(|micros| Duration::from_micros(micros.cast_unsigned()));
    let kind = match row.get::<_, i64>(2)? {
        0 => Kind::Agent,
        1 => Kind::Workflow,
        2 => Kind::Wait,
        _ => Kind::Group,
    };
    let special = match row.get::<_, i64>(12)? {
        0 => Special::Nothing,
        1 => Special::Tolerated,
        2 => Special::Degraded,
        _ => Special::Reused,
    };
    Ok(TaskFacts {
        instance: InstanceIndex::new(row.get(0)?),
        task: text(1)?.unwrap_or_default(),
        path: String::new(),
        kind,
        agent: text(3)?,
        attempts: row.get(4)?,
        interruptions: row.get(5)?,
        ready: moment(6)?,
        ready_by: None,
        start: moment(7)?,
        end: at(row.get(8)?),
        wait: time(9)?,
        run: time(10)?,
        outcome: outcome_of(row.get(11)?),
        special,
        error: None,
        print: None,
        model: text(13)?,
        spent: spent_of(row, 14)?,
    })
}

pub(super) fn outcome_of(number: i64) -> Outcome {
    match number {
        0 => Outcome::Completed,
        1 => Outcome::Failed,
        2 => Outcome::Skipped,
        _ => Outcome::Cancelled,
    }
}

/// An instant as rows have it.
pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros.cast_unsigned())
}

/// Adds a call to the row of its task, which had ended before.
pub(super) fn add_late_call(connection: &Connection, key: i64, call: &CallFacts) -> rusqlite::Result<()> {
    let spent = call.spent;
    connection
        .prepare_cached(
            "UPDATE task SET input = input + ?3, output = output + ?4, cache_read = cache_read + ?5, cache_write = cache_write + ?6,
             reasoning = reasoning + ?7, cost = cost + ?8, calls = calls + ?9, requests = requests + ?10, unpriced = unpriced + ?11
             WHERE execution = ?1 AND instance = ?2",
        )?
        .execute(params![
            key,
            call.instance.get(),
            count(spent.input_tokens),
            count(spent.output_tokens),
            count(spent.cache_read_tokens),
            count(spent.cache_write_tokens),
            count(spent.reasoning_tokens),
            count(spent.cost_nanos),
            count(spent.calls),
            count(spent.requests),
            count(spent.unpriced),
        ])?;
    Ok(())
}

/// Reads roll-ups, for [`rollup_of`].
const ROLLUP: &str = "SELECT ended, completed, failed, skipped, cancelled, attempts, interruptions, duration, wait, run, input, output, cache_read, cache_write,
    reasoning, cost, calls, requests, unpriced, completed_cost, completed_unpriced, failed_cost, failed_unpriced, durations, waits FROM rollup";

fn rollup_of(row: &Row<'_>) -> rusqlite::Result<Rollup> {
    let at = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let figures = Figures {
        ended: at(0)?,
        completed: at(1)?,
        failed: at(2)?,
        skipped: at(3)?,
        cancelled: at(4)?,
        attempts: at(5)?,
        interruptions: at(6)?,
        duration: at(7)?,
        wait: at(8)?,
        run: at(9)?,
        spent: spent_of(row, 10)?,
        completed_cost: Paid { nanos: at(19)?, unpriced: at(20)? },
        failed_cost: Paid { nanos: at(21)?, unpriced: at(22)? },
    };
    let sketch = |column: usize| Ok::<_, rusqlite::Error>(Sketch::from_bytes(row.get_ref(column)?.as_blob()?).unwrap_or_default());
    Ok(Rollup { figures, durations: sketch(23)?, waits: sketch(24)? })
}

/// What models used: nine columns from `first` on, in the order of the tables.
pub(super) fn spent_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Spent> {
    let at = |column: usize| row.get::<_, i64>(first + column).map(i64::cast_unsigned);
    Ok(Spent {
        input_tokens: at(0)?,
        output_tokens: at(1)?,
        cache_read_tokens: at(2)?,
        cache_write_tokens: at(3)?,
        reasoning_tokens: at(4)?,
        cost_nanos: at(5)?,
        calls: at(6)?,
        requests: at(7)?,
        unpriced: at(8)?,
    })
}

/// What a roll-up is found by.
fn place(connection: &Connection, names: &mut Names, subject: &Subject, hour: u64) -> rusqlite::Result<[i64; 5]> {
    let mut name = |text: &str| names.number(connection, text);
    let hour = count(hour);
    Ok(match subject {
        Subject::Workflow { workflow, version } => [0, name(workflow)?, name(version)?, 0, hour],
        Subject::Task { workflow, version, task } => [1, name(workflow)?, name(version)?, name(task)?, hour],
        Subject::Model { model } => [2, 0, 0, name(model)?, hour],
    })
}

/// The roll-up of an hour; an empty one if there is none.
pub(super) fn read_rollup(connection: &Connection, names: &mut Names, subject: &Subject, hour: u64) -> rusqlite::Result<Rollup> {
    let place = place(connection, names, subject, hour)?;
    let mut statement = connection
        .prepare_cached(&format!("{ROLLUP} WHERE subject = ?1 AND workflow = ?2 AND version = ?3 AND name = ?4 AND hour = ?5"))?;
    let found = statement.query_row(place, rollup_of);
    Ok(found.optional()?.unwrap_or_default())
}

pub(super) fn write_rollup(
    connection: &Connection,
    names: &mut Names,
    subject: &Subject,
    hour: u64,
    rollup: &Rollup,
) -> rusqlite::Result<()> {
    let place = place(connection, names, subject, hour)?;
    let Figures {
        ended,
        completed,
        failed,
        skipped,
        cancelled,
        attempts,
        interruptions,
        duration,
        wait,
        run,
        spent,
        completed_cost,
        failed_cost,
    } = rollup.figures;
    let counts = [
        ended,
        completed,
        failed,
        skipped,
        cancelled,
        attempts,
        interruptions,
        duration,
        wait,
        run,
        spent.input_tokens,
        spent.output_tokens,
        spent.cache_read_tokens,
        spent.cache_write_tokens,
        spent.reasoning_tokens,
        spent.cost_nanos,
        spent.calls,
        spent.requests,
        spent.unpriced,
        completed_cost.nanos,
        completed_cost.unpriced,
        failed_cost.nanos,
        failed_cost.unpriced,
    ];
    let sketches = [rollup.durations.to_bytes(), rollup.waits.to_bytes()];
    let numbers = place.into_iter().chain(counts.map(count)).map(Sql::Integer);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO rollup VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
             ?25, ?26, ?27, ?28, ?29, ?30)",
        )?
        .execute(params_from_iter(numbers.chain(sketches.map(Sql::Blob))))?;
    Ok(())
}

/// Gives every roll-up of a workflow in some hours: its own, with no name, and those of its tasks.
pub(super) fn rollups_of(
    connection: &Connection,
    (workflow, wanted): (i64, Option<i64>),
    hours: &Range<u64>,
    mut give: impl FnMut(Option<&Arc<str>>, &Rollup),
) -> rusqlite::Result<()> {
    let (first, end) = (count(hours.start), count(hours.end));
    for subject in [0, 1] {
        // From one to the next without the hours between, of which there may be very many.
        let mut next = connection.prepare_cached(
            "SELECT version, name FROM rollup WHERE subject = ?1 AND workflow = ?2 AND (version, name) > (?3, ?4) ORDER BY version, name LIMIT 1",
        )?;
        let mut within = connection.prepare_cached(&format!(
            "{ROLLUP} WHERE subject = ?1 AND workflow = ?2 AND version = ?3 AND name = ?4 AND hour >= ?5 AND hour < ?6"
        ))?;
        let mut place = (-1_i64, -1_i64);
        let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        while let Some((version, name)) = next.query_row(params![subject, workflow, place.0, place.1], pair).optional()? {
            place = (version, name);
            if wanted.is_some_and(|wanted| wanted != version) {
                continue;
            }
            let task = if subject == 0 { None } else { text_of(connection, name)? };
            let mut rows = within.query(params![subject, workflow, version, name, first, end])?;
            while let Some(row) = rows.next()? {
                give(task.as_ref(), &rollup_of(row)?);
            }
        }
    }
    Ok(())
}

/// The name with this number.
pub(super) fn text_of(connection: &Connection, number: i64) -> rusqlite::Result<Option<Arc<str>>> {
    let mut statement = connection.prepare_cached("SELECT text FROM name WHERE number = ?1")?;
    Ok(statement.query_row([number], |row| row.get::<_, String>(0)).optional()?.map(Arc::from))
}

/// The class of executions that took so long: below an hour it is 0, and each next class is twice as long. What was going on at some time is found by it
/// among those that were accepted shortly before, without a look at all that came after.
fn span(took: Duration) -> i64 {
    i64::from(u64::BITS - (took.as_secs() / 3600).leading_zeros())
}

/// The longest time of a class.
pub(super) fn longest(span: u32) -> Duration {
    Duration::from_secs(3600 << span)
}

/// No execution is in a class beyond this one: it would have begun before there were clocks.
pub(super) const SPAN_MAX: u32 = 24;

/// Removes the rows of an execution, and notes the hours that its journal was part of: they cannot be made anew.
pub(super) fn remove(connection: &Connection, key: i64) -> rusqlite::Result<()> {
    let hour = i64::try_from(analytics::HOUR.as_micros()).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO gone
             SELECT ended / ?2 FROM execution WHERE key = ?1 AND ended IS NOT NULL
             UNION SELECT ended / ?2 FROM task WHERE execution = ?1
             UNION SELECT start / ?2 FROM task WHERE execution = ?1 AND start IS NOT NULL AND calls > 0",
        )?
        .execute(params![key, hour])?;
    connection
        .prepare_cached("DELETE FROM wait WHERE execution = ?1 AND accepted = (SELECT accepted FROM execution WHERE key = ?1)")?
        .execute([key])?;
    connection.prepare_cached("DELETE FROM task WHERE execution = ?1")?.execute([key])?;
    connection.prepare_cached("DELETE FROM anomaly WHERE execution = ?1")?.execute([key])?;
    connection.prepare_cached("DELETE FROM failure WHERE execution = ?1")?.execute([key])?;
    connection.prepare_cached("DELETE FROM execution WHERE key = ?1")?.execute([key])?;
    Ok(())
}

pub(super) fn instant(at: Timestamp) -> i64 {
    at.micros().cast_signed()
}

pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
