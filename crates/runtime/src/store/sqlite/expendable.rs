// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Finds what may be deleted, by a reader: nothing here waits for the writer, nor the writer for it.

use super::{keys, values};
use crate::options::{Origin, origin};
use crate::store::{Expendable, ExpendablePage, Need, ReadError, Tree};
use engine::Keyed;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use rustc_hash::FxHashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use stdx::Timestamp;

/// Rows that one page looks at, whatever comes of them.
const LOOKED_MAX: u32 = 5_000;

/// Orders ended executions by when they ended, completed ones apart. Only files that retention is asked for have it.
pub(super) const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS execution_ended ON execution (status = 'completed', ended) WHERE ended IS NOT NULL";

struct Candidate {
    key: i64,
    id: Arc<str>,
    options: Option<String>,
    ended: Timestamp,
}

/// A page of what is asked for.
pub(super) fn page(connection: &Connection, asked: &Expendable) -> Result<ExpendablePage, ReadError> {
    // One snapshot for all of it.
    let snapshot = connection.unchecked_transaction()?;
    let unswept = snapshot.prepare_cached("SELECT 1 FROM deleted WHERE last IS NOT NULL")?.exists([])?;
    let excess = match asked.bytes {
        Some(bytes) if !unswept => used(&snapshot)?.checked_sub(bytes).filter(|excess| *excess > 0),
        _ => None,
    };
    let asked = &Expendable { measured: asked.measured || excess.is_some(), ..asked.clone() };
    let bound = match asked.keep {
        Some(keep) if excess.is_none() => Bound::Before(earliest_kept(&snapshot, asked, keep)?, asked.before),
        None if excess.is_none() && asked.before.is_some() => Bound::Before(None, asked.before),
        None if excess.is_none() && asked.bytes.is_some() => return Ok(ExpendablePage { unswept, ..ExpendablePage::default() }),
        _ => Bound::None,
    };
    let candidates = candidates(&snapshot, asked, bound)?;
    let cursor = candidates.last().filter(|_| candidates.len() as u64 == u64::from(LOOKED_MAX)).map(|last| (last.ended, last.key));
    let forks = forks(&snapshot)?;
    let mut page = ExpendablePage { cursor, unswept, ..ExpendablePage::default() };
    let mut bytes = 0;
    for candidate in &candidates {
        let place = (candidate.ended, candidate.key);
        let Some(tree) = tree_of(&snapshot, candidate, asked, &forks)? else { continue };
        bytes += if tree.need.is_none() { tree.bytes } else { 0 };
        page.trees.push(tree);
        if page.trees.len() as u64 == u64::from(asked.limit) || excess.is_some_and(|excess| bytes >= excess) {
            page.cursor = Some(place);
            break;
        }
    }
    Ok(page)
}

/// Whether the execution with this key is damaged.
type IsDamaged<'a> = &'a dyn Fn(i64) -> Result<bool, ReadError>;

/// The execution with this id, and those that go with it. One that has not ended goes too if it is damaged.
pub(super) fn tree(connection: &Connection, id: &str, now: Timestamp, is_damaged: IsDamaged<'_>) -> Result<Option<Tree>, ReadError> {
    let snapshot = connection.unchecked_transaction()?;
    let found = snapshot
        .prepare_cached("SELECT key, id, options, coalesce(ended, 0) FROM execution WHERE id = ?1")?
        .query_row([id], candidate)
        .optional()?;
    let Some(found) = found else { return Ok(None) };
    let asked = Expendable { now, measured: true, ..Expendable::default() };
    let forks = forks(&snapshot)?;
    let parent = origin(found.options.as_deref()).parent.filter(|parent| !parent.is_empty());
    let mut tree = gather(&snapshot, &found, &asked, &forks, is_damaged)?;
    if tree.need.is_none()
        && let Some(parent) = parent
        && snapshot.prepare_cached("SELECT 1 FROM execution WHERE id = ?1 AND ended IS NULL")?.exists([&*parent])?
    {
        tree.need = Some(Need::Parent(parent.into()));
    }
    Ok(Some(tree))
}

/// Bytes of the file that are in use.
fn used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(((number("page_count")? - number("freelist_count")?) * number("page_size")?).cast_unsigned())
}

#[derive(Clone, Copy)]
enum Bound {
    /// All of them.
    None,
    /// Those before this place, or that ended before this instant.
    Before(Option<(Timestamp, i64)>, Option<Timestamp>),
}

/// The conditions of a question, and their values.
#[derive(Default)]
struct Query {
    text: String,
    values: Vec<Value>,
}

impl Query {
    fn of(asked: &Expendable) -> Self {
        let mut query = Self::default();
        if let Some(completed) = asked.completed {
            // As it stands in the index.
            query.and("(status = 'completed') = ?", [Value::from(i64::from(completed))]);
        }
        query.text.push_str(" AND ended IS NOT NULL");
        if let Some(status) = &asked.status {
            query.and("status = ?", [Value::from(status.clone())]);
        }
        if let Some(workflow) = &asked.workflow {
            query.and("workflow = ?", [Value::from(workflow.clone())]);
        }
        for workflow in &asked.except {
            query.and("workflow <> ?", [Value::from(workflow.clone())]);
        }
        query
    }

    fn and<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        // Writing into a string does not fail.
        let _ = write!(self.text, " AND {condition}");
        self.values.extend(values);
    }
}

/// Where the first of those begins that stay, because they are the latest.
fn earliest_kept(connection: &Connection, asked: &Expendable, keep: u32) -> Result<Option<(Timestamp, i64)>, ReadError> {
    if keep == 0 {
        // All that have ended by now.
        return Ok(Some((asked.now.after(std::time::Duration::from_micros(1)), i64::MAX)));
    }
    let Query { text, mut values } = Query::of(asked);
    values.push(Value::from(i64::from(keep) - 1));
    // A tree counts as one: what is a task of another has its id, and a slash.
    let sql = format!("SELECT ended, key FROM execution WHERE instr(id, '/') = 0 {text} ORDER BY ended DESC, key DESC LIMIT 1 OFFSET ?");
    let place = |row: &Row<'_>| Ok((instant(row, 0)?, row.get(1)?));
    // Fewer than so many: nothing is before them.
    let found = connection.prepare_cached(&sql)?.query_row(params_from_iter(values), place).optional()?;
    Ok(Some(found.unwrap_or_default()))
}

fn candidates(connection: &Connection, asked: &Expendable, bound: Bound) -> Result<Vec<Candidate>, ReadError> {
    let mut query = Query::of(asked);
    let micros = |at: Timestamp| Value::from(at.micros().cast_signed());
    if let Bound::Before(place, instant) = bound {
        let mut either = Vec::new();
        let mut values = Vec::new();
        if let Some((ended, key)) = place {
            either.push("(ended, key) < (?, ?)");
            values.extend([micros(ended), Value::from(key)]);
        }
        if let Some(before) = instant {
            either.push("ended < ?");
            values.push(micros(before));
        }
        // Writing into a string does not fail.
        let _ = write!(query.text, " AND ({})", either.join(" OR "));
        query.values.extend(values);
    }
    if let Some((ended, key)) = asked.after {
        query.and("(ended, key) > (?, ?)", [micros(ended), Value::from(key)]);
    }
    let Query { text, mut values } = query;
    values.push(Value::from(i64::from(LOOKED_MAX)));
    let sql = format!("SELECT key, id, options, ended FROM execution WHERE true {text} ORDER BY ended, key LIMIT ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(values), candidate)?.collect::<Result<_, _>>()?;
    Ok(found)
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    let id: String = row.get(1)?;
    Ok(Candidate { key: row.get(0)?, id: id.into(), options: row.get(2)?, ended: instant(row, 3)? })
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_micros(row.get::<_, i64>(column)?.cast_unsigned()))
}

/// Executions that live, by the ids of those that they continue or do again.
fn forks(connection: &Connection) -> Result<FxHashMap<String, Arc<str>>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, options FROM execution WHERE ended IS NULL AND (instr(options, '\"forkedFrom\"') OR instr(options, '\"previous\"'))",
    )?;
    let mut rows = statement.query([])?;
    let mut forks = FxHashMap::default();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let id: Arc<str> = id.into();
        let Origin { forked_from, previous, .. } = origin(row.get::<_, Option<String>>(1)?.as_deref());
        for of in [forked_from, previous].into_iter().flatten() {
            forks.insert(of, Arc::clone(&id));
        }
    }
    Ok(forks)
}

/// What goes with a candidate; nothing if it goes with another.
fn tree_of(
    connection: &Connection,
    candidate: &Candidate,
    asked: &Expendable,
    forks: &FxHashMap<String, Arc<str>>,
) -> Result<Option<Tree>, ReadError> {
    if let Some(parent) = origin(candidate.options.as_deref()).parent
        && connection.prepare_cached("SELECT 1 FROM execution WHERE id = ?1")?.exists([parent])?
    {
        return Ok(None);
    }
    // Retention leaves what has not ended alone.
    gather(connection, candidate, asked, forks, &|_| Ok(false)).map(Some)
}

fn gather(
    connection: &Connection,
    candidate: &Candidate,
    asked: &Expendable,
    forks: &FxHashMap<String, Arc<str>>,
    is_damaged: IsDamaged<'_>,
) -> Result<Tree, ReadError> {
    let (keys, ids, damaged) = <_>::default();
    let mut tree = Tree { id: Arc::clone(&candidate.id), keys, ids, bytes: 0, damaged, need: None };
    // `0` is the letter after `/`: between them lie those whose ids begin with this one's.
    let mut statement = connection.prepare_cached(
        "SELECT key, id, ended IS NULL, last, coalesce(octet_length(context), 0) FROM execution WHERE key = ?1
         UNION ALL SELECT key, id, ended IS NULL, last, coalesce(octet_length(context), 0) FROM execution WHERE id >= ?2 AND id < ?3",
    )?;
    let read = |row: &Row<'_>| -> rusqlite::Result<(i64, String, bool, Option<i64>, i64)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    };
    // To find damage ends the snapshot, and with it whatever is being read in it.
    let rows = statement
        .query_map(params![candidate.key, format!("{}/", candidate.id), format!("{}0", candidate.id)], read)?
        .collect::<Result<Vec<_>, _>>()?;
    for (key, id, is_unended, last, context) in rows {
        let id: Arc<str> = id.into();
        let is_discarded = is_unended && is_damaged(key)?;
        if is_discarded {
            tree.damaged.push(key);
        } else if is_unended {
            tree.need.get_or_insert_with(|| Need::Active(Arc::clone(&id)));
        }
        if let Some(fork) = forks.get(&*id) {
            tree.need.get_or_insert_with(|| Need::Fork(Arc::clone(fork)));
        }
        if asked.measured && !is_discarded {
            tree.bytes += context.cast_unsigned() + bytes_of(connection, last)? + values::bytes(connection, key)?;
        }
        tree.keys.push(key);
        tree.ids.push(id);
    }
    if tree.need.is_none() {
        tree.need = need_outside(connection, candidate, asked.now)?;
    }
    Ok(tree)
}

/// Whether its key stands for it, or its schedule may begin it.
fn need_outside(connection: &Connection, candidate: &Candidate, now: Timestamp) -> Result<Option<Need>, ReadError> {
    if let Some((hash, generation)) = Keyed::of_id(&candidate.id)
        && let Some(keyed) = keys::read(connection, hash)?.keyed
        && keyed.generation == generation
        && let Some(until) = keyed.until().filter(|until| *until > now)
    {
        return Ok(Some(Need::Key(until)));
    }
    let Some(schedule) = origin(candidate.options.as_deref()).schedule else { return Ok(None) };
    let next: Option<Option<i64>> =
        connection.prepare_cached("SELECT next FROM schedule WHERE id = ?1")?.query_row([&schedule.id], |row| row.get(0)).optional()?;
    let may_begin = next.flatten().is_some_and(|next| next.cast_unsigned() <= schedule.at.saturating_mul(1000));
    Ok(may_begin.then(|| Need::Schedule(schedule.id.into())))
}

/// Bytes of the records of a journal.
fn bytes_of(connection: &Connection, last: Option<i64>) -> Result<u64, ReadError> {
    let mut statement = connection.prepare_cached("SELECT previous, octet_length(body) FROM journal WHERE position = ?1")?;
    let (mut next, mut bytes) = (last, 0);
    while let Some(position) = next {
        let row = statement.query_row([position], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, i64>(1)?))).optional()?;
        let Some((previous, length)) = row else { break };
        // A link that leads forward is damage, and would lead around for ever.
        next = previous.filter(|previous| *previous < position);
        bytes += length.cast_unsigned();
    }
    Ok(bytes)
}
