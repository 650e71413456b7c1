// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Commits within the call: memory, and `'os'`, where a commit takes microseconds.
//!
//! A store that is busy has written nothing. Its batches wait here, and what comes joins them as one unit, until the store wakes the host:
//! nobody waits for another program on the driver's thread.

use super::backend::{Arrival, Backend, BatchNumber, News, Wake};
use super::questions::{Answering, Question, QuestionNumber};
use super::{Archive, Batch, CommitError, Health, OpenError, Store};
use crate::Clock;
use crate::clock::Stopwatch;
use std::sync::Arc;
use std::time::Duration;

/// How long a backend that is closed waits before it commits again what another program was in the way of.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// How long what was deleted is swept at once, and how often.
const SWEEP: Duration = Duration::from_millis(1);
const SWEEP_EVERY: Duration = Duration::from_millis(5);

/// A store that is written by the thread of the driver.
pub(super) struct Inline {
    store: Box<dyn Store>,
    clock: Clock,
    answering: Answering,
    news: News,
    /// What was submitted and is not committed: more than one batch only while the store is busy.
    batches: Vec<Batch>,
    numbers: Vec<BatchNumber>,
    arrived: Vec<Arrival>,
    /// When what was deleted may be swept next, on `stopwatch`, if something is left.
    sweep: Option<Duration>,
    stopwatch: Stopwatch,
    /// Why what is here could not be committed yet.
    held: Option<CommitError>,
    failure: Option<Arc<CommitError>>,
}

impl Inline {
    pub(super) fn over(store: Box<dyn Store>, clock: Clock, wake: Wake, health: Health) -> Result<Self, OpenError> {
        let answering = Answering::from(store.archive()?, wake);
        Ok(Self::answering(store, clock, answering, health))
    }

    pub(super) fn answering(store: Box<dyn Store>, clock: Clock, answering: Answering, health: Health) -> Self {
        Self {
            store,
            clock,
            answering,
            news: News::of(health),
            batches: Vec::new(),
            numbers: Vec::new(),
            arrived: Vec::new(),
            // The process before may have ended meanwhile.
            sweep: Some(Duration::ZERO),
            stopwatch: Stopwatch::default(),
            held: None,
            failure: None,
        }
    }

    /// Commits what is here. False: the store is busy.
    fn commit(&mut self) -> bool {
        if self.batches.is_empty() || self.failure.is_some() {
            return true;
        }
        match self.store.commit(&mut self.batches) {
            Ok(()) => {
                let at = self.clock.read();
                self.batches.clear();
                self.arrived.extend(self.numbers.drain(..).map(|number| Arrival::Committed(number, at)));
                true
            }
            Err(error) if error.is_put_off() => {
                self.held = Some(error);
                false
            }
            Err(error) => {
                self.fail(error);
                true
            }
        }
    }

    /// Sweeps what was deleted for a moment, now and then: the thread has other things to do.
    fn sweep(&mut self) {
        let now = self.stopwatch.elapsed();
        if self.sweep.is_none_or(|at| now < at) || !self.batches.is_empty() || self.failure.is_some() {
            return;
        }
        match self.store.sweep(SWEEP) {
            Ok(true) | Err(CommitError::Busy | CommitError::Full(_)) => {
                self.sweep = Some(now + SWEEP_EVERY);
                self.store.wake_soon();
            }
            Ok(false) => self.sweep = None,
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: CommitError) {
        let failure = Arc::new(error);
        self.arrived.push(Arrival::Failed(Arc::clone(&failure)));
        self.failure = Some(failure);
    }
}

impl Backend for Inline {
    fn submit(&mut self, number: BatchNumber, batch: Batch) {
        let was_put_off = !self.batches.is_empty();
        if batch.deletes() {
            self.sweep.get_or_insert(Duration::ZERO);
        }
        self.batches.push(batch);
        self.numbers.push(number);
        // One try for each call of the host: what was put off is tried again with the arrivals.
        if !was_put_off {
            self.commit();
        }
    }

    fn arrivals(&mut self, into: &mut Vec<Arrival>) {
        if !self.batches.is_empty() {
            self.commit();
        }
        if self.news.take_sweepable() {
            self.sweep.get_or_insert(Duration::ZERO);
        }
        self.sweep();
        into.append(&mut self.arrived);
        self.answering.arrivals(into);
        self.news.tell(into);
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
        while !self.commit() {
            if self.news.is_stuck() {
                let why = self.held.take().unwrap_or(CommitError::Busy);
                self.fail(why);
                break;
            }
            std::thread::sleep(BUSY_PAUSE);
        }
        self.answering.close();
        let closed = self.store.close().map_err(Arc::new);
        self.failure.take().map_or(closed, Err)
    }
}
