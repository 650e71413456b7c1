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
//!
//! A batch that need not survive a power cut is acknowledged once it is written; what is flushed after it takes it along.

use super::backend::{Arrival, Backend, BatchNumber, News, Wake};
use super::questions::{Answering, Question, QuestionNumber};
use super::{Archive, Batch, CommitError, Durability, Health, Medium, OpenError, Store};
use crate::Clock;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long to wait before writing again what another program was in the way of.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// How long what was deleted is swept between two commits: with nothing else to do, and with others waiting.
const SWEEP_ALONE: Duration = Duration::from_millis(4);
const SWEEP_BESIDE: Duration = Duration::from_millis(1);

/// The same on a disk that is full.
const FULL_PAUSE: Duration = Duration::from_millis(50);

/// The committing threads, seen from the driver.
pub(super) struct Writer {
    shared: Arc<Shared>,
    store: Arc<Mutex<Box<dyn Store>>>,
    answering: Answering,
    news: News,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    queued: Condvar,
    arrived: Mutex<Vec<Arrival>>,
}

#[derive(Debug, Default)]
struct Queue {
    batches: Vec<Batch>,
    /// Those of the batches.
    numbers: Vec<BatchNumber>,
    /// Executions were deleted, of which something may be left.
    sweeping: bool,
    /// Nothing more will come.
    closing: bool,
    /// Why nothing more can be committed.
    failure: Option<Arc<CommitError>>,
}

/// Bytes of contexts and values after which a unit takes no more batches: what waited while the log was started over must not make it long again at once.
const UNIT_BYTES: usize = 4 << 20;

/// How many batches go into the next unit: at least one.
fn units_end(batches: &[Batch]) -> usize {
    let mut bytes = 0;
    let more = batches.iter().take_while(|batch| {
        let fits = bytes < UNIT_BYTES;
        bytes += batch.bytes();
        fits
    });
    more.count()
}

/// What is written at once. Without batches only what was deleted is swept.
struct Unit {
    batches: Vec<Batch>,
    numbers: Vec<BatchNumber>,
    sweeping: bool,
}

impl Writer {
    /// Starts the threads. `wake` is called after each commit, from one of them.
    pub(super) fn start(store: Box<dyn Store>, path: &Path, clock: &Clock, wake: Wake, health: &Health) -> Result<Self, OpenError> {
        let shared = Arc::<Shared>::default();
        let failed = |source| OpenError::Thread { path: path.to_owned(), source };
        let medium = Arc::new(Mutex::new(store.medium().map_err(failed)?));
        let answering = Answering::from(store.archive()?, Arc::clone(&wake));
        let store = Arc::new(Mutex::new(store));
        // The process before may have ended meanwhile.
        lock(&shared.queue).sweeping = true;
        let news = News::of(health.clone());
        let mut writer = Self { shared: Arc::clone(&shared), store: Arc::clone(&store), answering, news, threads: Vec::new() };
        for wake in [Arc::clone(&wake), wake] {
            let (shared, store, medium) = (Arc::clone(&shared), Arc::clone(&store), Arc::clone(&medium));
            let committer = Committer { shared, store, medium, clock: clock.share(), wake, health: health.clone() };
            let thread = std::thread::Builder::new().name("journal-writer".to_owned()).spawn(move || committer.run());
            writer.threads.push(thread.map_err(failed)?);
        }
        Ok(writer)
    }
}

impl Backend for Writer {
    fn submit(&mut self, number: BatchNumber, batch: Batch) {
        let mut queue = lock(&self.shared.queue);
        queue.sweeping |= batch.deletes();
        queue.batches.push(batch);
        queue.numbers.push(number);
        drop(queue);
        self.shared.queued.notify_one();
    }

    fn arrivals(&mut self, into: &mut Vec<Arrival>) {
        if self.news.take_sweepable() {
            lock(&self.shared.queue).sweeping = true;
            self.shared.queued.notify_one();
        }
        into.append(&mut lock(&self.shared.arrived));
        self.answering.arrivals(into);
        self.news.tell(into);
    }

    fn ask(&mut self, number: QuestionNumber, question: Question) {
        self.answering.ask(number, question);
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.answering.archive().another()
    }

    fn forget(&mut self, _id: &str) {}

    fn close(&mut self) -> Result<(), Arc<CommitError>> {
        lock(&self.shared.queue).closing = true;
        self.shared.queued.notify_all();
        for thread in self.threads.drain(..) {
            // A panic of the thread has been reported as a failure; there is nothing to add.
            let _ = thread.join();
        }
        self.answering.close();
        let closed = lock(&self.store).close().map_err(Arc::new);
        lock(&self.shared.queue).failure.take().map_or(closed, Err)
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
            let Some(Unit { mut batches, numbers, sweeping }) = self.shared.next() else { return };
            let mut written = if batches.is_empty() { Ok(()) } else { self.write(&mut **store, &mut batches) };
            if sweeping && written.is_ok() {
                // What waits has most of the time.
                let time = if batches.is_empty() { SWEEP_ALONE } else { SWEEP_BESIDE };
                match store.sweep(time) {
                    Ok(more) => self.shared.swept(more),
                    Err(error) if error.is_put_off() => {
                        if batches.is_empty() {
                            std::thread::sleep(RETRY_PAUSE);
                        }
                    }
                    Err(error) => written = Err(error),
                }
            }
            if batches.is_empty() && written.is_ok() {
                continue;
            }
            let mut numbers = numbers;
            if written.is_ok() && self.acknowledge_written(&batches, &mut numbers) && numbers.is_empty() {
                continue;
            }
            let mut medium = lock(&self.medium);
            drop(store);
            // What was written after something that failed is not acknowledged either: nobody may build on it.
            if self.shared.has_failed() {
                return;
            }
            let result = written.and_then(|()| medium.flush());
            let at = self.clock.read();
            self.shared.acknowledge(result, numbers.into_iter().map(|number| Arrival::Committed(number, at)));
            drop(medium);
            (self.wake)();
        }
    }

    /// Acknowledges what need not wait for the medium, and takes it out of `numbers`; whether there was any. Nothing that was written after something that
    /// failed is acknowledged.
    fn acknowledge_written(&self, batches: &[Batch], numbers: &mut Vec<BatchNumber>) -> bool {
        if batches.iter().all(|batch| batch.durability == Durability::Disk) || self.shared.has_failed() {
            return false;
        }
        let at = self.clock.read();
        let all = std::mem::take(numbers).into_iter().zip(batches);
        let (written, rest): (Vec<_>, Vec<_>) = all.partition(|(_, batch)| batch.durability == Durability::Os);
        numbers.extend(rest.into_iter().map(|(number, _)| number));
        self.shared.acknowledge(Ok(()), written.into_iter().map(|(number, _)| Arrival::Committed(number, at)));
        (self.wake)();
        true
    }

    /// Tries until no other program is in the way; one that is closed gives up when it has been for long.
    fn write(&self, store: &mut dyn Store, batches: &mut [Batch]) -> Result<(), CommitError> {
        loop {
            match store.commit(batches) {
                Err(error) if error.is_put_off() && !(self.health.is_stuck() && self.shared.is_closing()) => {
                    std::thread::sleep(if matches!(error, CommitError::Full(_)) { FULL_PAUSE } else { RETRY_PAUSE });
                }
                settled => return settled,
            }
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.acknowledge(Err(CommitError::WriterGone), std::iter::empty());
            (self.wake)();
        }
    }
}

impl Shared {
    /// Waits for work; `None` once closing and empty, or after a failure.
    fn next(&self) -> Option<Unit> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.failure.is_some() {
                return None;
            }
            let sweeping = queue.sweeping && !queue.closing;
            if !queue.batches.is_empty() || sweeping {
                let count = units_end(&queue.batches);
                let rest = (queue.batches.split_off(count), queue.numbers.split_off(count));
                let batches = std::mem::replace(&mut queue.batches, rest.0);
                let numbers = std::mem::replace(&mut queue.numbers, rest.1);
                return Some(Unit { batches, numbers, sweeping });
            }
            if queue.closing {
                return None;
            }
            queue = self.queued.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Something was swept; `more`: there is more to sweep.
    fn swept(&self, more: bool) {
        let mut queue = lock(&self.queue);
        // Something may have been deleted meanwhile.
        let deletes = queue.batches.iter().any(Batch::deletes);
        queue.sweeping = more || deletes;
    }

    fn is_closing(&self) -> bool {
        lock(&self.queue).closing
    }

    fn has_failed(&self) -> bool {
        lock(&self.queue).failure.is_some()
    }

    fn acknowledge(&self, result: Result<(), CommitError>, committed: impl Iterator<Item = Arrival>) {
        match result {
            Ok(()) => lock(&self.arrived).extend(committed),
            Err(error) => {
                let failure = Arc::new(error);
                lock(&self.arrived).push(Arrival::Failed(Arc::clone(&failure)));
                lock(&self.queue).failure.get_or_insert(failure);
                // The other thread may be waiting for what will never be committed.
                self.queued.notify_all();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while holding a queue's lock leaves plain vectors, which are valid at every point; a store or a medium is not asked again after one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
