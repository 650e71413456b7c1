// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Runs of a workflow that were unusual, by task and figure, those with the most first.
//!
//! ```json
//! [{"task":"fetch","measure":"duration","count":2,"execution":"…","ended":3,"value":8100000.0,"usual":1000000.0}]
//! ```
//! `task` is null of executions as a whole; the other fields are of the latest run. Times are microseconds, costs nano-dollars.

use super::rows::instant;
use analytics::anomaly::Measure;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::ops::Range;
use stdx::Timestamp;

/// Tasks and figures that are named.
const NAMED_MAX: u32 = 20;

/// See above: of what ended in the time that was asked for.
pub(super) fn anomalies(connection: &Connection, workflow: i64, within: &Range<Timestamp>) -> rusqlite::Result<Vec<Value>> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT text FROM name WHERE number = t.task), a.measure, count(*) AS count, (SELECT id FROM execution WHERE key = a.execution), max(a.ended),
         a.value, a.usual
         FROM anomaly a LEFT JOIN task t ON t.execution = a.execution AND t.instance = a.instance
         WHERE a.workflow = ?1 AND a.ended >= ?2 AND a.ended < ?3 GROUP BY t.task, a.measure ORDER BY count DESC, max(a.ended) DESC LIMIT ?4",
    )?;
    let rows = statement.query_map(params![workflow, instant(within.start), instant(within.end), NAMED_MAX], |row| {
        let number: u32 = row.get(1)?;
        let measure = Measure::ALL.get(number as usize).map_or("", |measure| measure.word());
        let (task, count, execution): (Option<String>, i64, Option<String>) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let (ended, value, usual): (i64, f64, f64) = (row.get(4)?, row.get(5)?, row.get(6)?);
        Ok(json!({ "task": task, "measure": measure, "count": count, "execution": execution, "ended": ended, "value": value, "usual": usual }))
    })?;
    rows.collect()
}
