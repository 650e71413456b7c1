// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Group commit: whatever is queued is written as one unit, flushed to the medium, acknowledged; and again.
//!
//! ```text
//! queue ─▶ written by whoever holds the store ─▶ flushed by the same thread, holding the medium ─▶ acknowledged
//! ```
//! Two threads take turns. While one waits for the medium the other writes the next unit, so the medium is never idle because something has to
//! be written, nor the other way round. Each takes the medium before it gives the store away: units are flushed and acknowledged in the order
//! they were written in. What arrives meanwhile forms the next unit, so there is no timer, no added latency when idle, and throughput grows
//! with load.

use super::{Batch, CommitError, Health, Medium, StepRecord, Store};
use crate::Clock;
use crate::driver::Wake;
use crate::driver::effect::Effect;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use stdx::Timestamp;

/// How long to wait before writing again what another program was in the way of.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// The committing threads, seen from the driver.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    store: Arc<Mutex<Box<dyn Store>>>,
    threads: Vec<JoinHandle<()>>,
}

/// What has been committed since the driver last asked.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// Effects that were owed once their batch was on disk, in order.
    pub(crate) effects: Vec<Effect>,
    /// Each committed record.
    pub(crate) committed: Vec<Committed>,
    /// Why the threads stopped, if they did.
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
    /// Units that have been taken and are not acknowledged yet.
    committing: usize,
    /// Nothing more will come, or nothing more can be committed.
    closing: bool,
    failed: bool,
}

impl Writer {
    /// Starts the threads. `wake` is called after each commit, from one of them.
    pub(crate) fn start(store: Box<dyn Store>, clock: &Clock, wake: Wake, health: &Health) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let medium = Arc::new(Mutex::new(store.medium()?));
        let store = Arc::new(Mutex::new(store));
        let mut writer = Self { shared: Arc::clone(&shared), store: Arc::clone(&store), threads: Vec::new() };
        for wake in [Arc::clone(&wake), wake] {
            let (shared, store, medium) = (Arc::clone(&shared), Arc::clone(&store), Arc::clone(&medium));
            let committer = Committer { shared, store, medium, clock: clock.clone(), wake, health: health.clone() };
            let thread = std::thread::Builder::new().name("journal-writer".to_owned()).spawn(move || committer.run())?;
            writer.threads.push(thread);
        }
        Ok(writer)
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
        queue.batches.is_empty() && queue.committing == 0 && is_taken && acknowledged.failure.is_none()
    }

    /// What has been committed since the last call.
    pub(crate) fn take_acknowledged(&self) -> Acknowledged {
        std::mem::take(&mut *lock(&self.shared.acknowledged))
    }

    /// Commits what is queued, ends the threads and closes the store.
    pub(crate) fn close(&mut self) -> Result<(), CommitError> {
        lock(&self.shared.queue).closing = true;
        self.shared.arrived.notify_all();
        for thread in self.threads.drain(..) {
            // A panic of the thread has been reported as a failure; there is nothing to add.
            let _ = thread.join();
        }
        lock(&self.store).close()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever wants to know asks before.
        let _ = self.close();
    }
}

/// What each thread has.
struct Committer {
    shared: Arc<Shared>,
    /// Held while a unit is awaited and written.
    store: Arc<Mutex<Box<dyn Store>>>,
    /// Held while it is flushed and acknowledged.
    medium: Arc<Mutex<Box<dyn Medium>>>,
    clock: Clock,
    wake: Wake,
    health: Health,
}

impl Committer {
    /// Commits until it is told to close or a commit fails.
    fn run(self) {
        loop {
            let mut store = lock(&self.store);
            let Some((mut batches, effects)) = self.shared.next() else { return };
            let mut committed: Vec<Committed> = batches.iter().flat_map(|batch| &batch.records).map(Committed::pending).collect();
            let written = self.write(&mut **store, &mut batches);
            let mut medium = lock(&self.medium);
            drop(store);
            // What was written after something that failed is not acknowledged either: nobody may build on it.
            if self.shared.has_failed() {
                return;
            }
            let result = written.and_then(|()| medium.flush());
            let at = self.clock.read();
            for record in &mut committed {
                record.at = at;
            }
            self.shared.acknowledge(result, effects, committed);
            drop(medium);
            (self.wake)();
        }
    }

    /// Tries until no other program is in the way; one that is closed gives up when it has been for long.
    fn write(&self, store: &mut dyn Store, batches: &mut [Batch]) -> Result<(), CommitError> {
        loop {
            match store.commit(batches) {
                Err(CommitError::Busy) if !(self.health.is_stuck() && self.shared.is_closing()) => std::thread::sleep(RETRY_PAUSE),
                settled => return settled,
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
    /// Waits for work; `None` once closing and empty, or after a failure.
    fn next(&self) -> Option<(Vec<Batch>, Vec<Effect>)> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.failed {
                return None;
            }
            if !queue.batches.is_empty() {
                return Some(queue.take());
            }
            if queue.closing {
                return None;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_closing(&self) -> bool {
        lock(&self.queue).closing
    }

    fn has_failed(&self) -> bool {
        lock(&self.queue).failed
    }

    fn acknowledge(&self, result: Result<(), CommitError>, mut effects: Vec<Effect>, mut committed: Vec<Committed>) {
        // Both locks at once, in the order `is_settled` takes them: it must not see neither.
        let mut queue = lock(&self.queue);
        let mut acknowledged = lock(&self.acknowledged);
        queue.committing = queue.committing.saturating_sub(1);
        match result {
            Ok(()) => {
                acknowledged.effects.append(&mut effects);
                acknowledged.committed.append(&mut committed);
            }
            Err(error) => {
                queue.failed = true;
                acknowledged.failure.get_or_insert_with(|| Arc::new(error));
                // The other thread may be waiting for what will never be committed.
                self.arrived.notify_all();
            }
        }
    }
}

impl Queue {
    /// Everything that is queued: effects ride with the batches they were queued with, so both go together.
    fn take(&mut self) -> (Vec<Batch>, Vec<Effect>) {
        self.committing += 1;
        (std::mem::take(&mut self.batches), std::mem::take(&mut self.effects))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while holding a queue's lock leaves plain vectors, which are valid at every point; a store or a medium is not asked again after one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
