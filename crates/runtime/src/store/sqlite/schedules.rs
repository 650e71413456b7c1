// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Schedules in the file: one row for each, whose next planned instant moves.

use super::{definitions, heads, micros};
use crate::causes::in_full;
use crate::store::{Batch, ReadError, ReadSchedules, ScheduleChange, StoredSchedule};
use rusqlite::{Connection, Row, Transaction, params};
use rustc_hash::FxHashSet;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

pub(super) fn write(transaction: &Transaction<'_>, known: &mut FxHashSet<Arc<str>>, batch: &Batch) -> rusqlite::Result<()> {
    for change in &batch.schedules {
        match change {
            ScheduleChange::Begins(schedule, next) => {
                definitions::define(transaction, known, &schedule.plan)?;
                transaction
                    .prepare_cached("INSERT INTO schedule (id, definition, default_timeout, context, options, timing, fingerprint, next) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
                    .execute(params![
                        &*schedule.id,
                        &**schedule.plan.definition_hash(),
                        micros(schedule.plan.default_timeout),
                        schedule.context,
                        schedule.options,
                        schedule.timing,
                        schedule.fingerprint,
                        next.map(|next| next.micros().cast_signed())
                    ])?;
            }
            ScheduleChange::Moves(schedule, next) => {
                let next = next.map(|next| next.micros().cast_signed());
                transaction.prepare_cached("UPDATE schedule SET next = ?2 WHERE id = ?1")?.execute(params![&*schedule.id, next])?;
            }
            ScheduleChange::Ends(schedule) => {
                transaction.prepare_cached("DELETE FROM schedule WHERE id = ?1")?.execute([&*schedule.id])?;
            }
        }
    }
    Ok(())
}

/// Every schedule with its id, by id, each read by itself.
pub(super) fn read(connection: &Connection) -> Result<ReadSchedules, ReadError> {
    // The index of ids is all that is looked at.
    let mut ids = connection.prepare("SELECT id FROM schedule ORDER BY id")?;
    let ids = ids.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut statement = connection.prepare(
        "SELECT s.id, d.body, s.default_timeout, s.context, s.options, s.timing, s.fingerprint, s.next
         FROM schedule s LEFT JOIN definition d ON d.hash = s.definition WHERE s.id = ?1",
    )?;
    let mut read = |id: &str| match statement.query_row([id], schedule).map_err(ReadError::from) {
        Err(error) if error.is_of_one() => Err(ReadError::Schedule { id: id.to_owned(), message: in_full(&error) }),
        other => other,
    };
    Ok(ids.into_iter().map(|id| (Arc::from(&*id), read(&id))).collect())
}

fn schedule(row: &Row<'_>) -> rusqlite::Result<StoredSchedule> {
    let id: String = row.get(0)?;
    let default_timeout: i64 = row.get(2)?;
    let next: Option<i64> = row.get(7)?;
    Ok(StoredSchedule {
        id: id.into(),
        definition: row.get(1)?,
        default_timeout: Duration::from_micros(default_timeout.cast_unsigned()),
        context: heads::value(row, 3)?.unwrap_or_default(),
        options: row.get(4)?,
        timing: row.get(5)?,
        fingerprint: row.get(6)?,
        next: next.map(|next| Timestamp::from_micros(next.cast_unsigned())),
    })
}
