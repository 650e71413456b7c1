// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Journals in memory: nothing is ever written, and an execution is kept as long as the host keeps it.

use super::{Batch, CachedOutput, CommitError, KnownKey, Medium, ReadError, StepRecord, Store};
use engine::Keyed;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use stdx::Timestamp;

/// The store of an orchestrator that was given none.
#[derive(Debug, Default)]
pub struct MemoryStore {
    journals: FxHashMap<i64, Vec<StepRecord>>,
    cache: Cache,
    keys: Keys,
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

impl Store for MemoryStore {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        for batch in batches {
            let now = if batch.cached.is_empty() && batch.keys.is_empty() { None } else { batch.latest() };
            batch.accepted.clear();
            for cached in batch.cached.drain(..) {
                self.cache.keep(cached, now.unwrap_or_default());
            }
            for keyed in batch.keys.drain(..) {
                self.keys.write(keyed, now.unwrap_or_default());
            }
            for record in batch.records.drain(..) {
                let journal = self.journals.entry(record.key).or_default();
                if record.seq != journal.len() as u64 {
                    return Err(CommitError::OutOfOrder { key: record.key, seq: record.seq });
                }
                journal.push(record);
            }
        }
        Ok(())
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(Box::new(()))
    }

    fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.journals.get(&key).and_then(|journal| journal.get(from..)).map(<[_]>::to_vec).unwrap_or_default())
    }

    fn cached(&self, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
        Ok(self.cache.outputs.get(key).filter(|(cached, _)| cached.until > now).map(|(cached, _)| Arc::clone(&cached.output)))
    }

    fn keyed(&self, hash: &str) -> Result<KnownKey, ReadError> {
        let keyed = self.keys.by_hash.get(hash).cloned();
        let taken = keyed.as_ref().map_or(self.keys.gone, |keyed| keyed.generation);
        Ok(KnownKey { is_written: keyed.is_some(), keyed, taken })
    }

    fn forget(&mut self, key: i64) {
        self.journals.remove(&key);
    }
}
