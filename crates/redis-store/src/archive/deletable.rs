// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Finds what may be deleted.

use super::RedisArchive;
use super::beyond::{Ended, is_asked_for};
use crate::stored::{self, ReadRow};
use engine::Keyed;
use redis::Pipeline;
use runtime::options::{Origin, origin};
use runtime::store::{Archive as _, Expendable, ExpendablePage, Need, ReadError, Tree};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use stdx::Timestamp;

/// How often the next ones are looked at where none of the ones before may go.
const ROUNDS: usize = 20;

/// Which executions that live go on from which, by the ids of those.
type Forks = FxHashMap<String, Arc<str>>;

impl RedisArchive {
    /// A page of what is asked for, oldest first, of what is in partitions that this process has: the others delete theirs.
    pub(super) fn deletable(&self, asked: &Expendable) -> Result<ExpendablePage, ReadError> {
        let mut page = ExpendablePage::default();
        let mut after = asked.after.and_then(|(ended, key)| Some((ended, self.names.id(key)?)));
        for _ in 0..ROUNDS {
            let (candidates, is_last) = self.candidates(asked, after.as_ref())?;
            let looked = candidates.last().cloned();
            let own: Vec<Ended> = candidates.into_iter().filter(|(_, id)| self.is_own(id)).collect();
            let full = self.gather_free(asked, own, &mut page)?;
            let last = full.clone().or_else(|| looked.filter(|_| !is_last));
            page.cursor = last.as_ref().map(|(ended, id)| (*ended, self.names.key(id)));
            if last.is_none() || full.is_some() || !page.trees.is_empty() {
                break;
            }
            after = last;
        }
        Ok(page)
    }

    /// Adds those that may go to a page; where it is full with that, the last one that was looked at.
    fn gather_free(&self, asked: &Expendable, mut candidates: Vec<Ended>, page: &mut ExpendablePage) -> Result<Option<Ended>, ReadError> {
        let limit = asked.limit as usize;
        let looked = candidates.len().min(limit.saturating_sub(page.trees.len()));
        let is_cut = looked < candidates.len();
        candidates.truncate(looked);
        let ids: Vec<Arc<str>> = candidates.iter().map(|(_, id)| Arc::clone(id)).collect();
        let mut tops = Vec::new();
        for (id, row) in ids.iter().zip(self.rows(&ids)?) {
            let is_one = stored::instant(&row, "e").is_some() && is_asked_for(asked, row.get("s"), row.get("w"));
            if is_one && !self.goes_with_another(&row)? {
                tops.push((Arc::clone(id), row));
            }
        }
        // What is needed makes no room.
        let trees = self.gather(tops, asked.now, asked.measured)?;
        page.trees.extend(trees.into_iter().filter(|tree| asked.bytes.is_none() || tree.need.is_none()));
        Ok(candidates.pop().filter(|_| is_cut))
    }

    /// Some of those that may be asked for, oldest first, after a place; whether there are no more.
    fn candidates(&self, asked: &Expendable, after: Option<&Ended>) -> Result<(Vec<Ended>, bool), ReadError> {
        if let Some(most) = asked.bytes {
            let (mut found, is_last) = self.beyond_bytes(most.min(self.bound.bytes()), after)?;
            // The oldest of all go first: where those are others', it is for others to begin.
            let is_others = !found.is_empty() && !found.iter().any(|(_, id)| self.is_own(id));
            if is_others {
                found.clear();
            }
            return Ok((found, is_last || is_others));
        }
        // Either limit is enough.
        let kept = asked.keep.map(|keep| self.beyond_count(asked, keep)).transpose()?.flatten();
        if asked.keep.is_some() && kept.is_none() && asked.before.is_none() {
            return Ok((Vec::new(), true));
        }
        let is_beyond = |(ended, id): &Ended| {
            let is_old = asked.before.is_some_and(|before| *ended < before);
            let is_surplus = kept.as_ref().is_some_and(|kept| (ended, id) <= (&kept.0, &kept.1));
            is_old || is_surplus || (asked.before.is_none() && asked.keep.is_none())
        };
        let end = kept.as_ref().map(|(ended, _)| Timestamp::from_micros(ended.micros() + 1)).max(asked.before);
        let (mut found, is_last) = self.oldest(after, end)?;
        found.retain(is_beyond);
        Ok((found, is_last))
    }

    /// The execution with this id and those that go with it, and what needs one of them.
    pub(super) fn tree_of(&self, id: &str, now: Timestamp) -> Result<Option<Tree>, ReadError> {
        let id: Arc<str> = id.into();
        let Some(row) = self.rows(&[Arc::clone(&id)])?.pop().filter(|row| !row.is_empty()) else { return Ok(None) };
        let parent = origin(row.get("o").map(String::as_str)).parent;
        let Some(mut tree) = self.gather(vec![(id, row)], now, true)?.pop() else { return Ok(None) };
        if tree.need.is_none()
            && let Some(parent) = parent
            && self.lives(&parent)?
        {
            tree.need = Some(Need::Parent(parent.into()));
        }
        Ok(Some(tree))
    }

    /// Executions of all partitions that live, by the ids of those that they continue or do again.
    fn forks(&self) -> Result<Forks, ReadError> {
        let mut forks = Forks::default();
        let mut question = Pipeline::new();
        for partition in self.namespace.partitions() {
            question.cmd("SMEMBERS").arg(format!("{}live", self.namespace.prefix(partition)));
        }
        let ids: Vec<Vec<String>> = self.reading.ask_all(&question)?;
        let ids: Vec<Arc<str>> = ids.into_iter().flatten().map(Arc::from).collect();
        for ids in ids.chunks(1_000) {
            let mut question = Pipeline::new();
            for id in ids {
                question.cmd("HGET").arg(format!("{}x:{id}", self.prefix_of(id))).arg("o");
            }
            let options: Vec<Option<String>> = self.reading.ask_all(&question)?;
            for (id, options) in ids.iter().zip(options) {
                let Origin { forked_from, previous, .. } = origin(options.as_deref());
                [forked_from, previous].into_iter().flatten().for_each(|of| _ = forks.insert(of, Arc::clone(id)));
            }
        }
        Ok(forks)
    }

    /// Each of these with those that go with it, and what needs one of them.
    fn gather(&self, tops: Vec<(Arc<str>, ReadRow)>, now: Timestamp, measured: bool) -> Result<Vec<Tree>, ReadError> {
        if tops.is_empty() {
            return Ok(Vec::new());
        }
        let forks = self.forks()?;
        let mut question = Pipeline::new();
        for (id, _) in &tops {
            let root = id.split_once('/').map_or(&**id, |(root, _)| root);
            question.cmd("SMEMBERS").arg(format!("{}below:{root}", self.prefix_of(id)));
        }
        let below: Vec<Vec<String>> = self.reading.ask_all(&question)?;
        let mut trees = Vec::with_capacity(tops.len());
        for ((id, row), mut below) in tops.into_iter().zip(below) {
            below.retain(|below| below.strip_prefix(&*id).is_some_and(|rest| rest.starts_with('/')));
            below.sort_unstable();
            let below: Vec<Arc<str>> = below.into_iter().map(Arc::from).collect();
            let rows = self.rows(&below)?;
            let need = self.need_outside(&id, &row, now)?;
            let mut tree = Tree { id: Arc::clone(&id), keys: Vec::new(), ids: Vec::new(), bytes: 0, damaged: Vec::new(), need: None };
            for (id, row) in std::iter::once((id, row)).chain(below.into_iter().zip(rows)).filter(|(_, row)| !row.is_empty()) {
                self.add_to(&mut tree, id, &row, &forks, measured)?;
            }
            tree.need = tree.need.or(need);
            trees.push(tree);
        }
        Ok(trees)
    }

    fn add_to(&self, tree: &mut Tree, id: Arc<str>, row: &ReadRow, forks: &Forks, measured: bool) -> Result<(), ReadError> {
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
            tree.bytes += self.bytes(&self.prefix_of(&id), &id, row)?;
        }
        tree.keys.push(key);
        tree.ids.push(id);
        Ok(())
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
