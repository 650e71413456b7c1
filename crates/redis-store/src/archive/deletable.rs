// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Finds what may be deleted.

use super::RedisArchive;
use crate::stored::{self, ReadRow};
use engine::Keyed;
use redis::Pipeline;
use runtime::options::{Origin, origin};
use runtime::store::{Archive as _, Expendable, ExpendablePage, Need, ReadError, Tree};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use stdx::Timestamp;

/// Executions that one page looks at, whatever comes of them.
const LOOKED_MAX: usize = 5_000;

/// Which executions that live go on from which, by the ids of those.
type Forks = FxHashMap<String, Arc<str>>;

impl RedisArchive {
    /// A page of what is asked for, oldest first. How much of a server is in use says nothing about one namespace: what is asked for by bytes, or by how
    /// many stay, is nothing.
    pub(super) fn deletable(&self, asked: &Expendable) -> Result<ExpendablePage, ReadError> {
        let mut page = ExpendablePage::default();
        if asked.keep.is_some() || (asked.bytes.is_some() && asked.before.is_none()) {
            return Ok(page);
        }
        let candidates = self.candidates(asked)?;
        let is_full = candidates.len() == LOOKED_MAX;
        let ids: Vec<Arc<str>> = candidates.iter().map(|(_, id)| Arc::clone(id)).collect();
        let forks = if ids.is_empty() { Forks::default() } else { self.forks()? };
        let rows = self.rows(&ids)?;
        let mut last = None;
        for ((ended, id), row) in candidates.into_iter().zip(rows) {
            last = Some((ended, self.names.key(&id)));
            if !fits(asked, &row) || self.goes_with_another(&row)? {
                continue;
            }
            page.trees.push(self.gather(&id, &row, asked.now, &forks, asked.measured)?);
            if page.trees.len() as u64 == u64::from(asked.limit) {
                page.cursor = last;
                return Ok(page);
            }
        }
        page.cursor = last.filter(|_| is_full);
        Ok(page)
    }

    /// The execution with this id and those that go with it, and what needs one of them.
    pub(super) fn tree_of(&self, id: &str, now: Timestamp) -> Result<Option<Tree>, ReadError> {
        let id: Arc<str> = id.into();
        let Some(row) = self.rows(&[Arc::clone(&id)])?.pop().filter(|row| !row.is_empty()) else { return Ok(None) };
        let mut tree = self.gather(&id, &row, now, &self.forks()?, true)?;
        if tree.need.is_none()
            && let Some(parent) = origin(row.get("o").map(String::as_str)).parent
            && self.lives(&parent)?
        {
            tree.need = Some(Need::Parent(parent.into()));
        }
        Ok(Some(tree))
    }

    /// Those that ended first, in order.
    fn candidates(&self, asked: &Expendable) -> Result<Vec<(Timestamp, Arc<str>)>, ReadError> {
        let first = asked.after.map_or_else(|| "-inf".to_owned(), |(ended, _)| ended.micros().to_string());
        let last = asked.before.map_or_else(|| "+inf".to_owned(), |before| format!("({}", before.micros()));
        let mut question = Pipeline::new();
        for partition in self.namespace.partitions() {
            let command = question.cmd("ZRANGE").arg(format!("{}done", self.namespace.prefix(partition)));
            command.arg(&first).arg(&last).arg("BYSCORE").arg("LIMIT").arg(0).arg(LOOKED_MAX).arg("WITHSCORES");
        }
        let answers: Vec<Vec<(String, f64)>> = self.reading.ask_all(&question)?;
        let mut found: Vec<(Timestamp, Arc<str>)> = answers
            .into_iter()
            .flatten()
            .map(|(id, ended)| (Timestamp::from_micros(super::listing::micros_of(ended)), Arc::from(id.as_str())))
            .collect();
        found.sort_unstable();
        if let Some((ended, key)) = asked.after {
            let after = self.names.id(key).map(|id| (ended, id));
            found.retain(|place| after.as_ref().is_none_or(|after| place > after));
        }
        found.truncate(LOOKED_MAX);
        Ok(found)
    }

    /// Executions of all partitions that live, by the ids of those that they continue or do again.
    fn forks(&self) -> Result<Forks, ReadError> {
        let mut forks = Forks::default();
        for partition in self.namespace.partitions() {
            let prefix = self.namespace.prefix(partition);
            let ids: Vec<String> = self.reading.ask(redis::cmd("SMEMBERS").arg(format!("{prefix}live")))?;
            let ids: Vec<Arc<str>> = ids.into_iter().map(Arc::from).collect();
            for ids in ids.chunks(1_000) {
                let mut question = Pipeline::new();
                for id in ids {
                    question.cmd("HGET").arg(format!("{prefix}x:{id}")).arg("o");
                }
                let options: Vec<Option<String>> = self.reading.ask_all(&question)?;
                for (id, options) in ids.iter().zip(options) {
                    let Origin { forked_from, previous, .. } = origin(options.as_deref());
                    [forked_from, previous].into_iter().flatten().for_each(|of| _ = forks.insert(of, Arc::clone(id)));
                }
            }
        }
        Ok(forks)
    }

    fn gather(&self, id: &Arc<str>, row: &ReadRow, now: Timestamp, forks: &Forks, measured: bool) -> Result<Tree, ReadError> {
        let prefix = self.prefix_of(id);
        let root = id.split_once('/').map_or(&**id, |(root, _)| root);
        let mut ids: Vec<String> = self.reading.ask(redis::cmd("SMEMBERS").arg(format!("{prefix}below:{root}")))?;
        ids.retain(|below| below.strip_prefix(&**id).is_some_and(|rest| rest.starts_with('/')));
        ids.sort_unstable();
        let ids: Vec<Arc<str>> = std::iter::once(Arc::clone(id)).chain(ids.into_iter().map(Arc::from)).collect();
        let rows = self.rows(&ids)?;
        let mut tree = Tree { id: Arc::clone(id), keys: Vec::new(), ids: Vec::new(), bytes: 0, damaged: Vec::new(), need: None };
        for (id, row) in ids.into_iter().zip(rows).filter(|(_, row)| !row.is_empty()) {
            let is_damaged = !row.contains_key("e") && self.one(&id)?.is_some_and(|seen| seen.is_err());
            let key = self.names.key(&id);
            if is_damaged {
                tree.damaged.push(key);
            } else if !row.contains_key("e") {
                tree.need.get_or_insert_with(|| Need::Active(Arc::clone(&id)));
            }
            if let Some(fork) = forks.get(&*id) {
                tree.need.get_or_insert_with(|| Need::Fork(Arc::clone(fork)));
            }
            if measured && !is_damaged {
                tree.bytes += self.bytes(&prefix, &id, &row)?;
            }
            tree.keys.push(key);
            tree.ids.push(id);
        }
        if tree.need.is_none() {
            tree.need = self.need_outside(id, row, now)?;
        }
        Ok(tree)
    }

    /// Bytes of its journal, its context and its values, as they are kept.
    fn bytes(&self, prefix: &str, id: &str, row: &ReadRow) -> Result<u64, ReadError> {
        let mut question = Pipeline::new();
        question.cmd("LRANGE").arg(format!("{prefix}j:{id}")).arg(0).arg(-1);
        question.cmd("HVALS").arg(format!("{prefix}v:{id}"));
        question.cmd("STRLEN").arg(format!("{prefix}e:{id}"));
        let (texts, values, packed): (Vec<String>, Vec<String>, u64) = self.reading.ask_all(&question)?;
        if packed > 0 {
            return Ok(packed);
        }
        let texts = texts.iter().chain(&values).map(String::len).sum::<usize>();
        Ok((texts + row.get("c").map_or(0, String::len)) as u64)
    }

    /// Whether its key stands for it, or its schedule may begin it.
    fn need_outside(&self, id: &str, row: &ReadRow, now: Timestamp) -> Result<Option<Need>, ReadError> {
        if let Some((hash, generation)) = Keyed::of_id(id)
            && let Some(keyed) = self.keyed(hash)?.keyed
            && keyed.generation == generation
            && let Some(until) = keyed.until().filter(|until| *until > now)
        {
            return Ok(Some(Need::Key(until)));
        }
        let Some(schedule) = origin(row.get("o").map(String::as_str)).schedule else { return Ok(None) };
        let key = format!("{}s:{}", self.prefix_of(&schedule.id), schedule.id);
        let next: Option<u64> = self.reading.ask(redis::cmd("HGET").arg(key).arg("n"))?;
        let may_begin = next.is_some_and(|next| next <= schedule.at.saturating_mul(1000));
        Ok(may_begin.then(|| Need::Schedule(schedule.id.into())))
    }

    fn goes_with_another(&self, row: &ReadRow) -> Result<bool, ReadError> {
        let parent = origin(row.get("o").map(String::as_str)).parent;
        parent.map_or(Ok(false), |parent| self.has_execution(&parent))
    }

    fn lives(&self, id: &str) -> Result<bool, ReadError> {
        self.reading.ask(redis::cmd("SISMEMBER").arg(format!("{}live", self.prefix_of(id))).arg(id))
    }
}

fn fits(asked: &Expendable, row: &ReadRow) -> bool {
    let (status, workflow) = (row.get("s"), row.get("w"));
    stored::instant(row, "e").is_some()
        && asked.completed.is_none_or(|completed| completed == (status.map(String::as_str) == Some("completed")))
        && (asked.status.is_none() || asked.status.as_ref() == status)
        && (asked.workflow.is_none() || asked.workflow.as_ref() == workflow)
        && !asked.except.iter().any(|except| Some(except) == workflow)
}
