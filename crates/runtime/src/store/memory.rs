// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Journals in memory: nothing is ever written, and an execution is kept as long as the host keeps it.

use super::{Batch, CachedOutput, CommitError, Medium, ReadError, StepRecord, Store};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use stdx::Timestamp;

/// The store of an orchestrator that was given none.
#[derive(Debug, Default)]
pub struct MemoryStore {
    journals: FxHashMap<i64, Vec<StepRecord>>,
    cached: FxHashMap<Arc<str>, CachedOutput>,
}

/// Outputs kept at once; beyond that the cache begins anew.
const CACHED_MAX: usize = 10_000;

impl Store for MemoryStore {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        for batch in batches {
            batch.accepted.clear();
            for cached in batch.cached.drain(..) {
                if self.cached.len() >= CACHED_MAX {
                    self.cached.clear();
                }
                self.cached.insert(Arc::clone(&cached.key), cached);
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
        Ok(self.cached.get(key).filter(|cached| cached.until > now).map(|cached| Arc::clone(&cached.output)))
    }

    fn forget(&mut self, key: i64) {
        self.journals.remove(&key);
    }
}
