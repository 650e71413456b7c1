// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Journals in memory: nothing is ever written, and an execution is kept as long as the host keeps it.

use super::{
    Accepted, Archive, Batch, CachedOutput, CommitError, Cursor, ExecutionFilter, Expendable, ExpendablePage, Followed, FollowedRecord,
    KnownKey, Medium, OpenError, Page, Parts, ReadError, StepRecord, Store, StoredExecution, Tree,
};
use engine::{End, Event, Keyed};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stdx::Timestamp;

/// The store of an orchestrator that was given none.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Arc<Mutex<Kept>>,
}

/// What is kept, the same for the store and its archives.
#[derive(Debug, Default)]
struct Kept {
    journals: FxHashMap<i64, Journal>,
    /// The keys of their executions, by their ids.
    keys_by_id: FxHashMap<Arc<str>, i64>,
    /// How many records there have been.
    written: i64,
    cache: Cache,
    keys: Keys,
}

/// One that has ended is kept as it is until it is forgotten: profiles and predictions are made of it.
#[derive(Debug)]
struct Journal {
    accepted: Accepted,
    records: Vec<StepRecord>,
    /// Where each of them stands among those of all, from 1.
    positions: Vec<i64>,
}

/// Bytes of outputs that are kept for other executions at once,
const CACHED_BYTES_MAX: usize = 64 << 20;

/// and how many.
const CACHED_MAX: usize = 10_000;

#[derive(Debug, Default)]
struct Cache {
    outputs: FxHashMap<Arc<str>, (CachedOutput, u64)>,
    /// Whose time is over first goes first; of those that are kept for ever, the oldest.
    order: BTreeSet<(Timestamp, u64, Arc<str>)>,
    given: u64,
    bytes: usize,
}

impl Cache {
    fn keep(&mut self, cached: CachedOutput, now: Timestamp) {
        self.drop(&Arc::clone(&cached.key));
        self.given += 1;
        self.bytes += cached.output.len();
        self.order.insert((cached.until, self.given, Arc::clone(&cached.key)));
        self.outputs.insert(Arc::clone(&cached.key), (cached, self.given));
        while let Some((until, _, key)) = self.order.first()
            && (*until <= now || self.outputs.len() > CACHED_MAX || self.bytes > CACHED_BYTES_MAX)
        {
            self.drop(&Arc::clone(key));
        }
    }

    fn drop(&mut self, key: &Arc<str>) {
        if let Some((gone, given)) = self.outputs.remove(key) {
            self.bytes -= gone.output.len();
            self.order.remove(&(gone.until, given, gone.key));
        }
    }
}

#[derive(Debug, Default)]
struct Keys {
    by_hash: FxHashMap<Arc<str>, Keyed>,
    /// Those whose executions have ended, by when they go.
    ended: BTreeSet<(Timestamp, Arc<str>)>,
    /// The latest generation of those that are gone: none of their ids is given again.
    gone: u32,
}

impl Keys {
    fn write(&mut self, keyed: Keyed, now: Timestamp) {
        let hash = Arc::clone(&keyed.hash);
        let until = keyed.until();
        if let Some(before) = self.by_hash.insert(Arc::clone(&hash), keyed).and_then(|before| before.until()) {
            self.ended.remove(&(before, Arc::clone(&hash)));
        }
        self.ended.extend(until.map(|until| (until, hash)));
        while self.ended.first().is_some_and(|(until, _)| *until <= now)
            && let Some((_, hash)) = self.ended.pop_first()
        {
            let gone = self.by_hash.remove(&hash);
            self.gone = self.gone.max(gone.map_or(0, |gone| gone.generation));
        }
    }
}

impl Kept {
    fn commit(&mut self, batch: &mut Batch) -> Result<(), CommitError> {
        let now = if batch.cached.is_empty() && batch.keys.is_empty() { None } else { batch.latest() };
        for accepted in batch.accepted.drain(..) {
            let key = accepted.key;
            // The host may choose an id again once it has forgotten what had it.
            if let Some(before) = self.keys_by_id.insert(Arc::clone(&accepted.id), key) {
                self.journals.remove(&before);
            }
            self.journals.insert(key, Journal { accepted, records: Vec::new(), positions: Vec::new() });
        }
        for key in batch.deleted.drain(..).chain(batch.discarded.drain(..)) {
            self.remove(key);
        }
        for cached in batch.cached.drain(..) {
            self.cache.keep(cached, now.unwrap_or_default());
        }
        for keyed in batch.keys.drain(..) {
            self.keys.write(keyed, now.unwrap_or_default());
        }
        for mut record in batch.records.drain(..) {
            let journal = self.journals.get_mut(&record.key).filter(|journal| journal.records.len() as u64 == record.seq);
            let Some(journal) = journal else { return Err(CommitError::OutOfOrder { key: record.key, seq: record.seq }) };
            self.written += 1;
            journal.positions.push(self.written);
            record.shrink();
            journal.records.push(record);
        }
        Ok(())
    }

    fn remove(&mut self, key: i64) {
        if let Some(Journal { accepted: Accepted { id, .. }, .. }) = self.journals.remove(&key)
            && self.keys_by_id.get(&id) == Some(&key)
        {
            self.keys_by_id.remove(&id);
        }
    }

    fn by_id(&self, id: &str) -> Option<&Journal> {
        self.journals.get(self.keys_by_id.get(id)?)
    }
}

impl Journal {
    fn end(&self) -> Option<&End> {
        let last = self.records.last()?.events.last()?;
        if let Event::ExecutionEnded { end } = last { Some(end) } else { None }
    }

    fn stored(&self) -> StoredExecution {
        StoredExecution { records: self.records.clone(), ..self.head() }
    }

    fn head(&self) -> StoredExecution {
        let Accepted { key, id, plan, context, options, at } = &self.accepted;
        StoredExecution {
            key: *key,
            id: Arc::clone(id),
            definition: Arc::clone(&plan.definition),
            workflow: Arc::clone(&plan.workflow_id),
            context: context.as_deref().map(str::to_owned),
            options: options.as_deref().map(str::to_owned),
            accepted: *at,
            default_timeout: plan.default_timeout,
            records: Vec::new(),
        }
    }
}

impl MemoryStore {
    /// Reads what it has, from any thread.
    pub(crate) fn reader(&self) -> Box<dyn Archive> {
        Box::new(MemoryArchive(Arc::clone(&self.kept)))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        let mut kept = self.kept();
        batches.iter_mut().try_for_each(|batch| kept.commit(batch))
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(Box::new(()))
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        Ok(self.reader())
    }

    fn forget(&mut self, id: &str) {
        let mut kept = self.kept();
        if let Some(key) = kept.keys_by_id.remove(id) {
            kept.journals.remove(&key);
        }
    }
}

/// What a store in memory has. The host lists executions there, as long as it remembers them.
struct MemoryArchive(Arc<Mutex<Kept>>);

impl Archive for MemoryArchive {
    fn another(&self) -> Result<Box<dyn Archive>, OpenError> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }

    fn is_in_memory(&self) -> bool {
        true
    }

    fn execution(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        Ok(lock(&self.0).by_id(id).map(Journal::stored))
    }

    /// One that has ended is remembered by the host for some time: its id may be chosen again.
    fn has_execution(&self, id: &str) -> Result<bool, ReadError> {
        Ok(lock(&self.0).by_id(id).is_some_and(|journal| journal.end().is_none()))
    }

    fn completed(&self, workflow: &str, limit: u32) -> Result<Vec<StoredExecution>, ReadError> {
        let kept = lock(&self.0);
        let completed = |journal: &&Journal| *journal.accepted.plan.workflow_id == *workflow && journal.end() == Some(&End::Completed);
        let mut found: Vec<&Journal> = kept.journals.values().filter(completed).collect();
        found.sort_unstable_by_key(|journal| std::cmp::Reverse(journal.accepted.key));
        Ok(found.into_iter().take(limit as usize).map(Journal::stored).collect())
    }

    /// The newest that fit, without a next page; of any status, which the host looks at.
    fn list(&self, filter: &ExecutionFilter) -> Result<Page, ReadError> {
        let ExecutionFilter { workflow, since, until, limit, .. } = filter;
        let kept = lock(&self.0);
        let fits = |journal: &&Journal| {
            let Accepted { plan, at, .. } = &journal.accepted;
            workflow.as_ref().is_none_or(|wanted| **wanted == *plan.workflow_id)
                && since.is_none_or(|since| *at >= since)
                && until.is_none_or(|until| *at < until)
        };
        let mut found: Vec<&Journal> = kept.journals.values().filter(fits).collect();
        found.sort_unstable_by_key(|journal| std::cmp::Reverse(journal.accepted.key));
        let executions = found.into_iter().take(*limit as usize).map(|journal| Ok(journal.stored())).collect();
        Ok(Page { executions, cursor: None })
    }

    fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let kept = lock(&self.0);
        Ok(kept.journals.get(&key).and_then(|journal| journal.records.get(from..)).map(<[_]>::to_vec).unwrap_or_default())
    }

    fn head(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        Ok(lock(&self.0).by_id(id).map(Journal::head))
    }

    fn part(&self, parts: &mut Parts, limit: usize) -> Result<Vec<StepRecord>, ReadError> {
        let from = usize::try_from(parts.next).unwrap_or(usize::MAX);
        let kept = lock(&self.0);
        let rest = kept.journals.get(&parts.key).and_then(|journal| journal.records.get(from..)).unwrap_or_default();
        let records: Vec<_> = rest.iter().take(limit).cloned().collect();
        parts.next += records.len() as u64;
        Ok(records)
    }

    fn cached(&self, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
        let kept = lock(&self.0);
        Ok(kept.cache.outputs.get(key).filter(|(cached, _)| cached.until > now).map(|(cached, _)| Arc::clone(&cached.output)))
    }

    fn keyed(&self, hash: &str) -> Result<KnownKey, ReadError> {
        let kept = lock(&self.0);
        let keyed = kept.keys.by_hash.get(hash).cloned();
        let taken = keyed.as_ref().map_or(kept.keys.gone, |keyed| keyed.generation);
        Ok(KnownKey { is_written: keyed.is_some(), keyed, taken })
    }

    fn expendable(&self, _asked: &Expendable) -> Result<ExpendablePage, ReadError> {
        Ok(ExpendablePage::default())
    }

    fn tree(&self, _id: &str, _now: Timestamp) -> Result<Option<Tree>, ReadError> {
        Ok(None)
    }

    fn follow(&self, cursor: &Cursor, limit: usize) -> Result<Followed, ReadError> {
        let kept = lock(&self.0);
        let after = cursor.position()?;
        if after > kept.written {
            return Err(cursor.refused());
        }
        let mut found: Vec<(i64, &Journal, usize)> = Vec::new();
        for journal in kept.journals.values() {
            let first = journal.positions.partition_point(|position| *position <= after);
            found.extend(journal.positions.iter().enumerate().skip(first).map(|(place, position)| (*position, journal, place)));
        }
        found.sort_unstable_by_key(|(position, ..)| *position);
        found.truncate(limit);
        let end = found.last().map_or(after, |(position, ..)| *position);
        let records = found.into_iter().filter_map(|(_, journal, place)| {
            let record = journal.records.get(place)?.clone();
            Some(FollowedRecord { id: Arc::clone(&journal.accepted.id), key: record.key, bytes: 0, record: Ok(record) })
        });
        Ok(Followed { records: records.collect(), cursor: Cursor::at(end) })
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // A commit that panicked has ended its store; readers find what is there.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
