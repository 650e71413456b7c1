// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A backend that does what a test wants, over a store that does the work: what an asynchronous backend elsewhere may do to a driver.
//!
//! It has three partitions. What is committed in each is acknowledged in order, and between them in any: a script holds a partition back, lets it go on,
//! loses it, refuses an execution, or takes the whole backend away and back. With a delay each acknowledgement, and each reading, takes that long.

use super::Partition;
use super::backend::{Arrival, Backend, BatchNumber, Refusal, Taken, Wake};
use super::questions::{Answering, Question, QuestionNumber};
use super::{
    Archive, Batch, CommitError, Cursor, ExecutionFilter, Expendable, ExpendablePage, Followed, KnownKey, OpenError, Page, Parts,
    ReadError, SqliteReader, StepRecord, Store, StoredExecution, Tree,
};
use crate::Clock;
use crate::clock::Stopwatch;
use rustc_hash::FxHashSet;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stdx::Timestamp;

/// How many there are.
const PARTITIONS: u32 = 3;

/// What a backend shall do, the same for everyone who has a copy.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What each acknowledgement and each reading takes.
    delay: Duration,
    is_away: bool,
    held: FxHashSet<Partition>,
    lost: FxHashSet<Partition>,
    refused: FxHashSet<Arc<str>>,
    /// Executions that are lost with their partitions as soon as they are on record.
    lost_with: FxHashSet<Arc<str>>,
    /// Keys of executions that were refused: nothing of them is recorded.
    gone: FxHashSet<i64>,
    /// What the backend is told beside batches.
    news: Vec<Arrival>,
    wake: Option<WakeUp>,
}

/// Wakes the driver of a backend.
#[derive(Clone)]
struct WakeUp(Wake);

impl std::fmt::Debug for WakeUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WakeUp")
    }
}

impl Script {
    /// A script by which everything takes so long.
    pub fn slow(delay: Duration) -> Self {
        let script = Self::default();
        script.state().delay = delay;
        script
    }

    /// From now on what is submitted to a partition waits.
    pub fn hold(&self, partition: Partition) {
        self.state().held.insert(partition);
    }

    /// What waits is committed with the next look at it, and what comes.
    pub fn let_go(&self, partition: Partition) {
        self.tell(|state| _ = state.held.remove(&partition));
    }

    /// The execution that would have this id is refused: somebody else has begun it.
    pub fn refuse(&self, id: &str) {
        self.state().refused.insert(id.into());
    }

    /// As soon as the execution that will have this id is on record its partition is another process's.
    pub fn lose_with(&self, id: &str) {
        self.state().lost_with.insert(id.into());
    }

    /// The partition is another process's: what waits for it is not committed, and nothing that comes.
    pub fn lose(&self, partition: Partition) {
        self.tell(|state| {
            state.lost.insert(partition);
            state.news.push(Arrival::Lost(partition));
        });
    }

    /// The partition is this process's again, with what is on record there.
    pub fn give_back(&self, partition: Partition, executions: Vec<StoredExecution>) {
        self.tell(|state| {
            state.lost.remove(&partition);
            let executions = executions.into_iter().map(Ok).collect();
            state.news.push(Arrival::Taken(Box::new(Taken { partition, executions, schedules: Vec::new() })));
        });
    }

    /// Nothing is committed until it is back.
    pub fn go_away(&self) {
        self.go_away_for(None);
    }

    /// The same, and new work is refused for this.
    pub fn go_away_for(&self, why: Option<&str>) {
        self.tell(|state| {
            state.is_away = true;
            state.news.push(Arrival::Away(why.map(Arc::from)));
        });
    }

    /// It is back.
    pub fn come_back(&self) {
        self.tell(|state| {
            state.is_away = false;
            state.news.push(Arrival::Back);
        });
    }

    /// The partition of an execution or a schedule: what belongs together is in one.
    pub fn partition(id: &str) -> Partition {
        let root = id.split('/').next().unwrap_or(id);
        let root = root.split('@').next().unwrap_or(root);
        Partition::new(root.bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % PARTITIONS)
    }

    fn tell(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let wake = state.wake.clone();
        drop(state);
        if let Some(WakeUp(wake)) = wake {
            wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked has failed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the head of this file.
pub struct ScriptedBackend {
    script: Script,
    store: Box<dyn Store>,
    clock: Clock,
    answering: Answering,
    waiting: Vec<(BatchNumber, Batch)>,
    arrived: Vec<Arrival>,
    later: Option<Later>,
    failure: Option<Arc<CommitError>>,
}

impl ScriptedBackend {
    /// Over a store that does the work.
    pub fn over(store: Box<dyn Store>, script: Script, clock: Clock, wake: Wake) -> Result<Self, OpenError> {
        let delay = script.state().delay;
        let archive = SlowArchive { archive: store.archive()?, delay };
        script.state().wake = Some(WakeUp(Arc::clone(&wake)));
        let answering = Answering::from(Box::new(archive), Arc::clone(&wake));
        let later = (!delay.is_zero()).then(|| Later::start(delay, wake));
        Ok(Self { script, store, clock, answering, waiting: Vec::new(), arrived: Vec::new(), later, failure: None })
    }

    /// Commits what is not held back, each partition in order.
    fn commit(&mut self) {
        let script = self.script.clone();
        let mut state = script.state();
        for (number, batch) in std::mem::take(&mut self.waiting) {
            if state.lost.contains(&batch.partition) || self.failure.is_some() {
                continue;
            }
            if state.is_away || state.held.contains(&batch.partition) {
                self.waiting.push((number, batch));
                continue;
            }
            let (batch, refused) = state.admit(batch);
            let is_last = batch.accepted.iter().any(|accepted| state.lost_with.contains(&accepted.id));
            let partition = batch.partition;
            let committed = match self.store.commit(&mut [batch]) {
                Ok(()) => Arrival::Committed(number, self.clock.read()),
                Err(error) => {
                    let failure = Arc::new(error);
                    self.failure = Some(Arc::clone(&failure));
                    Arrival::Failed(failure)
                }
            };
            let lost = is_last.then(|| {
                state.lost.insert(partition);
                Arrival::Lost(partition)
            });
            let told = refused.into_iter().chain([committed]).chain(lost);
            match &self.later {
                Some(later) => told.for_each(|arrival| later.tell(arrival)),
                None => self.arrived.extend(told),
            }
        }
        self.arrived.append(&mut state.news);
    }
}

impl State {
    /// What is left of a batch without what is refused.
    fn admit(&mut self, mut batch: Batch) -> (Batch, Vec<Arrival>) {
        let refused: Vec<i64> =
            batch.accepted.iter().filter(|accepted| self.refused.contains(&accepted.id)).map(|accepted| accepted.key).collect();
        self.gone.extend(&refused);
        batch.accepted.retain(|accepted| !self.gone.contains(&accepted.key));
        batch.records.retain(|record| !self.gone.contains(&record.key));
        (batch, refused.into_iter().map(|key| Arrival::Refused(key, Refusal::Exists)).collect())
    }
}

impl Backend for ScriptedBackend {
    fn partition(&self, id: &str) -> Partition {
        Script::partition(id)
    }

    fn submit(&mut self, number: BatchNumber, batch: Batch) {
        self.waiting.push((number, batch));
        if self.later.is_none() {
            // As from elsewhere: not within the call, but with the next look.
            let wake = self.script.state().wake.clone();
            if let Some(WakeUp(wake)) = wake {
                wake();
            }
        }
    }

    fn arrivals(&mut self, into: &mut Vec<Arrival>) {
        self.commit();
        into.append(&mut self.arrived);
        if let Some(later) = &self.later {
            into.append(&mut lock(&later.due));
        }
        self.answering.arrivals(into);
    }

    fn ask(&mut self, number: QuestionNumber, question: Question) {
        self.answering.ask(number, question);
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.answering.archive().another()
    }

    fn forget(&mut self, id: &str) {
        self.store.forget(id);
    }

    fn close(&mut self) -> Result<(), Arc<CommitError>> {
        self.commit();
        self.answering.close();
        let closed = self.store.close().map_err(Arc::new);
        self.failure.take().map_or(closed, Err)
    }
}

/// What is told after a while, in order, by a thread that ends with the backend.
struct Later {
    said: Sender<(Stopwatch, Arrival)>,
    due: Arc<Mutex<Vec<Arrival>>>,
}

impl Later {
    fn start(delay: Duration, wake: Wake) -> Self {
        let (said, heard): (_, Receiver<(Stopwatch, Arrival)>) = mpsc::channel();
        let due = Arc::<Mutex<Vec<Arrival>>>::default();
        let there = Arc::clone(&due);
        std::thread::spawn(move || {
            for (since, arrival) in heard {
                std::thread::sleep(delay.saturating_sub(since.elapsed()));
                lock(&there).push(arrival);
                wake();
            }
        });
        Self { said, due }
    }

    fn tell(&self, arrival: Arrival) {
        // The thread is there as long as this.
        let _ = self.said.send((Stopwatch::default(), arrival));
    }
}

/// An archive whose readings take a while.
struct SlowArchive {
    archive: Box<dyn Archive>,
    delay: Duration,
}

impl SlowArchive {
    fn slowly(&self) -> &dyn Archive {
        std::thread::sleep(self.delay);
        &*self.archive
    }
}

impl Archive for SlowArchive {
    fn another(&self) -> Result<Box<dyn Archive>, OpenError> {
        Ok(Box::new(Self { archive: self.archive.another()?, delay: self.delay }))
    }

    fn execution(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        self.slowly().execution(id)
    }

    fn has_execution(&self, id: &str) -> Result<bool, ReadError> {
        self.slowly().has_execution(id)
    }

    fn list(&self, filter: &ExecutionFilter) -> Result<Page, ReadError> {
        self.slowly().list(filter)
    }

    fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError> {
        self.slowly().journal(key, from)
    }

    fn head(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        self.slowly().head(id)
    }

    fn part(&self, parts: &mut Parts, limit: usize) -> Result<Vec<StepRecord>, ReadError> {
        self.slowly().part(parts, limit)
    }

    fn cached(&self, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
        self.slowly().cached(key, now)
    }

    fn keyed(&self, hash: &str) -> Result<KnownKey, ReadError> {
        self.slowly().keyed(hash)
    }

    fn expendable(&self, asked: &Expendable) -> Result<ExpendablePage, ReadError> {
        self.slowly().expendable(asked)
    }

    fn tree(&self, id: &str, now: Timestamp) -> Result<Option<Tree>, ReadError> {
        self.slowly().tree(id, now)
    }

    fn follow(&self, cursor: &Cursor, limit: usize) -> Result<Followed, ReadError> {
        self.slowly().follow(cursor, limit)
    }

    fn file(&self) -> Result<Option<SqliteReader>, OpenError> {
        self.slowly().file()
    }
}

fn lock(due: &Mutex<Vec<Arrival>>) -> MutexGuard<'_, Vec<Arrival>> {
    due.lock().unwrap_or_else(PoisonError::into_inner)
}
