// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Journals in memory: nothing is ever written, and an execution is kept as long as the host keeps it.

use super::{Batch, CommitError, ReadError, StepRecord, Store};
use rustc_hash::FxHashMap;

/// The store of an orchestrator that was given none.
#[derive(Debug, Default)]
pub struct MemoryStore {
    journals: FxHashMap<i64, Vec<StepRecord>>,
}

impl Store for MemoryStore {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        for batch in batches {
            batch.accepted.clear();
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

    fn journal(&self, key: i64) -> Result<Vec<StepRecord>, ReadError> {
        Ok(self.journals.get(&key).cloned().unwrap_or_default())
    }

    fn forget(&mut self, key: i64) {
        self.journals.remove(&key);
    }
}
