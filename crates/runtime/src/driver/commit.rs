// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where a batch goes: committed on this thread, or queued for the thread that waits for the disk.

use super::{Effect, Wake};
use crate::store::{
    Acknowledged, Batch, CommitError, Committed, Durability, Health, KnownKey, OpenError, ReadError, StepRecord, Store, Writer,
};
use crate::{Clock, store::SqliteReader};
use std::path::Path;
use std::sync::Arc;
use stdx::Timestamp;

/// How batches are committed.
pub(super) enum Commit {
    /// Right here: memory, and `'os'`, where a commit takes microseconds.
    Inline(Box<dyn Store>),
    /// On the writer's thread: `'disk'`, where a commit waits for the medium.
    Queued(Writer),
}

impl Commit {
    /// Commits into `store`, and what that knows of itself.
    pub(super) fn over(
        mut store: Box<dyn Store>,
        durability: Durability,
        path: &Path,
        clock: &Clock,
        wake: Wake,
    ) -> Result<(Self, Health), OpenError> {
        let health = store.watch(Arc::clone(&wake));
        let commit = match durability {
            Durability::Os => Self::Inline(store),
            Durability::Disk => {
                let started = Writer::start(store, clock, wake, &health);
                started.map(Self::Queued).map_err(|source| OpenError::Thread { path: path.to_owned(), source })?
            }
        };
        Ok((commit, health))
    }

    /// Commits or queues. `effects` are left where they are if they are owed now, taken if they are owed later. A batch that could not be committed
    /// because the store is busy is left as it is.
    pub(super) fn commit(&mut self, batch: &mut Batch, effects: &mut Vec<Effect>, clock: &Clock) -> Result<Vec<Committed>, CommitError> {
        match self {
            Self::Inline(store) => {
                let mut committed: Vec<Committed> = batch.records.iter().map(Committed::pending).collect();
                store.commit(std::slice::from_mut(batch))?;
                let at = clock.read();
                for record in &mut committed {
                    record.at = at;
                }
                Ok(committed)
            }
            Self::Queued(writer) => {
                writer.submit(std::mem::take(batch), effects);
                Ok(Vec::new())
            }
        }
    }

    /// What the writer's thread has committed since the last call.
    pub(super) fn take_acknowledged(&self) -> Option<Acknowledged> {
        match self {
            Self::Inline(_) => None,
            Self::Queued(writer) => Some(writer.take_acknowledged()),
        }
    }

    /// The committed journal of a live execution from the record `from` on; `reader` reads what the writer's thread wrote.
    pub(super) fn journal(&self, key: i64, from: u64, reader: Option<&SqliteReader>) -> Result<Vec<StepRecord>, ReadError> {
        match (self, reader) {
            (Self::Inline(store), _) => store.journal(key, from),
            (Self::Queued(_), Some(reader)) => reader.journal(key, from),
            (Self::Queued(_), None) => Ok(Vec::new()),
        }
    }

    /// The output kept under `key`.
    pub(super) fn cached(&self, key: &str, now: Timestamp, reader: Option<&SqliteReader>) -> Result<Option<Arc<str>>, ReadError> {
        match (self, reader) {
            (Self::Inline(store), _) => store.cached(key, now),
            (Self::Queued(_), Some(reader)) => reader.cached(key, now),
            (Self::Queued(_), None) => Ok(None),
        }
    }

    /// What is known of an idempotency key.
    pub(super) fn keyed(&self, hash: &str, reader: Option<&SqliteReader>) -> Result<KnownKey, ReadError> {
        match (self, reader) {
            (Self::Inline(store), _) => store.keyed(hash),
            (Self::Queued(_), Some(reader)) => reader.keyed(hash),
            (Self::Queued(_), None) => Ok(KnownKey::default()),
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Inline(_) => true,
            Self::Queued(writer) => writer.is_settled(),
        }
    }

    pub(super) fn forget(&mut self, key: i64) {
        if let Self::Inline(store) = self {
            store.forget(key);
        }
    }

    /// Commits what is queued, and closes the store.
    pub(super) fn close(&mut self) -> Result<(), CommitError> {
        match self {
            Self::Inline(store) => store.close(),
            Self::Queued(writer) => writer.close(),
        }
    }
}
