// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Group commit: one thread takes whatever is queued, commits it with one fsync, acknowledges, repeats.
//!
//! What arrives during an fsync forms the next unit, so there is no timer, no added latency when idle, and throughput grows with load.

use super::{Batch, CommitError, StepRecord, Store};
use crate::Clock;
use crate::driver::Wake;
use crate::driver::effect::Effect;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use stdx::Timestamp;

/// The committing thread, seen from the driver.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What has been committed since the driver last asked.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// Effects that were owed once their batch was on disk, in order.
    pub(crate) effects: Vec<Effect>,
    /// Each committed record.
    pub(crate) committed: Vec<Committed>,
    /// Why the thread stopped, if it did.
    pub(crate) failure: Option<Arc<CommitError>>,
}

/// A record that is on disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Committed {
    pub(crate) slot: u32,
    pub(crate) key: i64,
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    acknowledged: Mutex<Acknowledged>,
}

#[derive(Debug, Default)]
struct Queue {
    batches: Vec<Batch>,
    effects: Vec<Effect>,
    /// A batch has been taken and is not acknowledged yet.
    committing: bool,
    closing: bool,
}

impl Writer {
    /// Starts the thread. `wake` is called after each commit, from that thread.
    pub(crate) fn start(store: Box<dyn Store>, clock: Clock, wake: Wake) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let mut committer = Committer { shared: Arc::clone(&shared), store, clock, wake };
        let work = move || committer.run();
        let thread = std::thread::Builder::new().name("journal-writer".to_owned()).spawn(work)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Queues a batch; `effects` are owed once it is committed.
    pub(crate) fn submit(&self, batch: Batch, effects: &mut Vec<Effect>) {
        let mut queue = lock(&self.shared.queue);
        queue.batches.push(batch);
        queue.effects.append(effects);
        drop(queue);
        self.shared.arrived.notify_one();
    }

    /// Whether every batch that was submitted has been acknowledged, and taken.
    pub(crate) fn is_settled(&self) -> bool {
        let queue = lock(&self.shared.queue);
        let acknowledged = lock(&self.shared.acknowledged);
        let is_taken = acknowledged.committed.is_empty() && acknowledged.effects.is_empty();
        queue.batches.is_empty() && !queue.committing && is_taken && acknowledged.failure.is_none()
    }

    /// What has been committed since the last call.
    pub(crate) fn take_acknowledged(&self) -> Acknowledged {
        std::mem::take(&mut *lock(&self.shared.acknowledged))
    }

    /// Commits what is queued and ends the thread.
    pub(crate) fn close(&mut self) {
        lock(&self.shared.queue).closing = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported as a missing acknowledgement; there is nothing to add.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread owns.
struct Committer {
    shared: Arc<Shared>,
    store: Box<dyn Store>,
    clock: Clock,
    wake: Wake,
}

impl Committer {
    /// Commits until it is told to close or a commit fails.
    fn run(&mut self) {
        while let Some((mut batches, effects)) = self.shared.next() {
            let mut committed: Vec<Committed> = batches.iter().flat_map(|batch| &batch.records).map(Committed::pending).collect();
            let result = self.store.commit(&mut batches);
            let failed = result.is_err();
            let at = self.clock.read();
            for record in &mut committed {
                record.at = at;
            }
            self.shared.acknowledge(result, effects, committed);
            (self.wake)();
            if failed {
                return;
            }
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.acknowledge(Err(CommitError::WriterGone), Vec::new(), Vec::new());
            (self.wake)();
        }
    }
}

impl Committed {
    /// The record, committed at an instant still to be filled in.
    pub(crate) fn pending(record: &StepRecord) -> Self {
        Self { slot: record.slot, key: record.key, seq: record.seq, at: record.at }
    }
}

impl Shared {
    /// Waits for work; `None` once closing and empty.
    fn next(&self) -> Option<(Vec<Batch>, Vec<Effect>)> {
        let mut queue = lock(&self.queue);
        loop {
            if !queue.batches.is_empty() {
                return Some(queue.take());
            }
            if queue.closing {
                return None;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn acknowledge(&self, result: Result<(), CommitError>, mut effects: Vec<Effect>, mut committed: Vec<Committed>) {
        // Both locks at once, in the order `is_settled` takes them: it must not see neither.
        let mut queue = lock(&self.queue);
        let mut acknowledged = lock(&self.acknowledged);
        queue.committing = false;
        match result {
            Ok(()) => {
                acknowledged.effects.append(&mut effects);
                acknowledged.committed.append(&mut committed);
            }
            Err(error) => acknowledged.failure = Some(Arc::new(error)),
        }
    }
}

impl Queue {
    /// Everything that is queued: effects ride with the batches they were queued with, so both go together.
    fn take(&mut self) -> (Vec<Batch>, Vec<Effect>) {
        self.committing = true;
        (std::mem::take(&mut self.batches), std::mem::take(&mut self.effects))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while holding the lock leaves plain vectors, which are valid at every point.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
