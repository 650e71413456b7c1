// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The loop around the machines.
//!
//! ```text
//! a call of the host ─▶ Execution::handle ─▶ Batch ─▶ commit ─▶ effects ─▶ the host
//!        (inputs)            (events)                  │
//!                                                      └ on another thread at `'disk'`; its acknowledgement wakes the host
//! ```
//! One call gathers the steps of many inputs into one batch and one commit. An effect leaves only after its step is committed, so what
//! the host hears, and what an agent is asked to do, is always on record. The driver belongs to one thread and is never locked: other
//! threads reach it through queues that it drains when the host calls [`Driver::pull`].

mod commit;
pub(crate) mod effect;
mod history;
mod slots;
mod timers;
mod versions;

use crate::store::{Accepted, Batch, CommitError, Committed, Durability, MemoryStore, SqliteReader, SqliteStore, Store, StoredExecution};
use crate::{Clock, Error, report};
use commit::Commit;
use effect::Effect;
use engine::{End, Execution, Input, Phase, Plan, Settled, Step};
use slots::{Live, Slots};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use stdx::Timestamp;
use timers::Timers;
use uuid::Uuid;
use versions::Versions;

pub use slots::Accept;

/// Called from another thread when [`Driver::pull`] has something to give.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// An execution that another process left unended, ready to continue once [`Driver::resume`] is told.
#[derive(Debug)]
pub struct Interrupted {
    /// Where it now lives.
    pub slot: u32,
    /// The execution as JSON text; see [`report::stored`].
    pub text: String,
}

/// Counts since the driver began, and what is live now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Executions that have not ended.
    pub active: usize,
    /// Tasks of theirs that have not ended and are not running.
    pub queued: usize,
    /// Tasks of theirs with an attempt under way.
    pub running: usize,
    /// Executions that ended well.
    pub completed: u64,
    /// Executions that ended badly.
    pub failed: u64,
    /// Executions that were cancelled.
    pub cancelled: u64,
    /// Answers that came after their attempt had been settled, and were dropped.
    pub late_answers: u64,
}

/// Drives every execution of one orchestrator.
pub struct Driver {
    clock: Clock,
    slots: Slots,
    commit: Commit,
    reader: Option<SqliteReader>,
    next_key: i64,
    /// What the calls since the last flush have led to and is not yet committed, with the effects owed once it is.
    batch: Batch,
    /// The instant all of that happened at: one reading of the clock for one batch.
    now: Option<Timestamp>,
    owed: Vec<Effect>,
    /// Owed effects whose step is committed, for the host to take.
    outbox: VecDeque<Effect>,
    /// Reused from input to input.
    step: Step,
    timers: Timers,
    versions: Versions,
    statistics: Statistics,
    failed: Option<Arc<CommitError>>,
}

impl Driver {
    /// A driver that writes nothing.
    pub fn in_memory(clock: Clock) -> Self {
        Self::with(clock, Commit::Inline(Box::<MemoryStore>::default()), None, 1)
    }

    /// A driver over the file at `path`, and the executions that were interrupted, oldest first.
    pub fn open(path: &Path, durability: Durability, clock: Clock, wake: Wake) -> Result<(Self, Vec<Interrupted>), Error> {
        let store = SqliteStore::open(path, durability)?;
        let reader = SqliteReader::open(path)?;
        let next_key = reader.last_key()? + 1;
        let interrupted = reader.unended()?;
        let commit = Commit::over(Box::new(store), durability, path, &clock, wake)?;
        let mut driver = Self::with(clock, commit, Some(reader), next_key);
        let interrupted = interrupted.into_iter().map(|stored| driver.take_up(stored)).collect::<Result<_, _>>()?;
        Ok((driver, interrupted))
    }

    /// A driver over an empty store of another kind, for comparisons and for tests of what a store may do wrong.
    pub fn over(store: Box<dyn Store>, durability: Durability, clock: Clock, wake: Wake) -> Result<Self, Error> {
        let commit = Commit::over(store, durability, Path::new(""), &clock, wake)?;
        Ok(Self::with(clock, commit, None, 1))
    }

    fn with(clock: Clock, commit: Commit, reader: Option<SqliteReader>, next_key: i64) -> Self {
        Self {
            clock,
            slots: Slots::default(),
            commit,
            reader,
            next_key,
            batch: Batch::default(),
            now: None,
            owed: Vec::new(),
            outbox: VecDeque::new(),
            step: Step::default(),
            timers: Timers::default(),
            versions: Versions::default(),
            statistics: Statistics::default(),
            failed: None,
        }
    }

    /// Begins an execution. Its `Accepted` effect follows once that is committed.
    pub fn accept(&mut self, plan: &Arc<Plan>, context: Option<String>) -> Result<Accept, Error> {
        self.check()?;
        self.versions.admit(plan)?;
        let id = Uuid::now_v7();
        let (key, at) = (self.next_key, self.now());
        self.next_key += 1;
        let live = Live::new(key, id.to_string().into(), Execution::new(Arc::clone(plan), id.as_u64_pair().1), at);
        let id = Arc::clone(&live.id);
        let slot = self.slots.insert(live)?;
        self.batch.accepted.push(Accepted { key, id: Arc::clone(&id), plan: Arc::clone(plan), context: context.map(Into::into), at });
        self.statistics.active += 1;
        self.statistics.queued += plan.tasks.len();
        self.input(slot, Input::Start)?;
        Ok(Accept { slot, id })
    }

    /// Continues an interrupted execution.
    pub fn resume(&mut self, slot: u32) -> Result<(), Error> {
        self.input(slot, Input::Recover)
    }

    /// The host is about to give answers, the last of them measured at `latest`: what they lead to is not recorded as earlier than that.
    pub fn begin(&mut self, latest: Timestamp) {
        self.now = Some(self.clock.tick(latest));
    }

    /// The host has given every answer it had: none is left for an execution that was released before.
    pub fn end(&mut self) {
        self.slots.recycle();
    }

    /// An attempt answered. An execution that is gone has no use for the answer.
    pub fn settle(&mut self, slot: u32, settled: Settled) -> Result<(), Error> {
        match self.input(slot, Input::Settled(settled)) {
            Err(Error::NoSuchSlot { .. }) => {
                self.statistics.late_answers += 1;
                Ok(())
            }
            other => other,
        }
    }

    /// Somebody wants an execution to stop.
    pub fn cancel(&mut self, slot: u32, reason: Option<Arc<str>>) -> Result<(), Error> {
        self.input(slot, Input::Cancel { reason })
    }

    /// Commits what the calls before led to. At `'disk'` it is only queued; the acknowledgement comes with a later [`Driver::pull`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.check()?;
        self.now = None;
        if self.batch.is_empty() {
            self.outbox.extend(self.owed.drain(..));
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        for record in &batch.records {
            if let Some(live) = self.slots.get_mut(record.slot, record.key) {
                live.pending = None;
            }
        }
        match self.commit.commit(batch, &mut self.owed, &self.clock) {
            Ok(committed) => {
                self.outbox.extend(self.owed.drain(..));
                self.mark_committed(&committed);
                Ok(())
            }
            Err(error) => Err(self.fail(Arc::new(error))),
        }
    }

    /// What other threads and time have brought: acknowledged commits, passed deadlines.
    pub fn pull(&mut self) -> Result<(), Error> {
        self.check()?;
        if let Some(acknowledged) = self.commit.take_acknowledged() {
            self.outbox.extend(acknowledged.effects);
            self.mark_committed(&acknowledged.committed);
            if let Some(failure) = acknowledged.failure {
                return Err(self.fail(failure));
            }
        }
        let now = self.now();
        while let Some((slot, key)) = self.timers.pop_due(now) {
            let Some(live) = self.slots.get_mut(slot, key) else { continue };
            live.armed = None;
            self.input(slot, Input::Tick)?;
        }
        self.flush()
    }

    /// The next committed effect, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.outbox.pop_front()
    }

    /// When [`Driver::pull`] should be called even if nothing else happens.
    pub fn next_deadline(&mut self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// A live execution as JSON text; see [`report::live`].
    pub fn report(&self, slot: u32) -> Result<String, Error> {
        let live = self.slots.get(slot)?;
        Ok(report::live(&live.execution))
    }

    /// The host is done with an execution that has ended: its slot is free.
    pub fn release(&mut self, slot: u32) -> Result<(), Error> {
        let live = self.slots.get(slot)?;
        if matches!(live.execution.phase(), Phase::Ended(_)) {
            self.statistics.late_answers += live.execution.late_answers();
            self.commit.forget(live.key);
            self.slots.remove(slot);
        }
        Ok(())
    }

    /// Counts since the driver began.
    pub fn statistics(&self) -> Statistics {
        let late: u64 = self.slots.iter().map(|live| live.execution.late_answers()).sum();
        Statistics { late_answers: self.statistics.late_answers + late, ..self.statistics }
    }

    /// Whether everything that was flushed is known to be committed.
    pub fn is_settled(&self) -> bool {
        self.commit.is_settled()
    }

    /// Commits what is queued and lets go of the file.
    pub fn close(mut self) -> Result<(), Error> {
        self.flush()?;
        self.commit.close();
        // What was queued may have failed after the last look.
        let failure = self.commit.take_acknowledged().and_then(|acknowledged| acknowledged.failure);
        failure.map_or(Ok(()), |failure| Err(self.fail(failure)))
    }

    fn take_up(&mut self, stored: StoredExecution) -> Result<Interrupted, Error> {
        let plan = report::plan_of(&stored)?;
        let seed = Uuid::parse_str(&stored.id).map_or(stored.key.cast_unsigned(), |id| id.as_u64_pair().1);
        let events = stored.records.iter().flat_map(|record| record.events.iter().map(|event| (record.at, event)));
        let execution = Execution::replay(Arc::clone(&plan), seed, events);
        let text = report::stored(&stored)?;
        self.versions.admit(&plan)?;
        self.statistics.active += 1;
        self.statistics.queued += execution.open() - execution.running();
        self.statistics.running += execution.running();
        let at = stored.records.last().map_or(self.clock.read(), |record| record.at);
        let mut live = Live::new(stored.key, stored.id, execution, at);
        live.seq = stored.records.len() as u64;
        live.acknowledged = live.seq;
        let slot = self.slots.insert(live)?;
        Ok(Interrupted { slot, text })
    }

    fn now(&mut self) -> Timestamp {
        *self.now.get_or_insert_with(|| self.clock.tick(Timestamp::default()))
    }

    /// One input to one machine; what it leads to joins the batch.
    fn input(&mut self, slot: u32, input: Input) -> Result<(), Error> {
        self.check()?;
        let now = self.now();
        let live = self.slots.get_live(slot)?;
        let (open, running) = (live.execution.open(), live.execution.running());
        live.execution.handle(now, input, &mut self.step);
        // Even an input that records nothing may leave an earlier deadline to look at.
        live.arm(slot, &mut self.timers);
        if self.step.events.is_empty() {
            return Ok(());
        }
        for event in &self.step.events {
            self.owed.extend(Effect::notice(slot, now, event));
        }
        for command in self.step.commands.drain(..) {
            self.owed.push(Effect::command(slot, now, command, &live.execution));
        }
        self.statistics.running = self.statistics.running + live.execution.running() - running;
        self.statistics.queued = self.statistics.queued + (live.execution.open() - live.execution.running()) - (open - running);
        if let Phase::Ended(end) = live.execution.phase() {
            self.statistics.active -= 1;
            match end {
                End::Completed => self.statistics.completed += 1,
                End::Failed { .. } => self.statistics.failed += 1,
                End::Cancelled { .. } => self.statistics.cancelled += 1,
            }
            self.versions.release(live.execution.plan());
        }
        live.append(slot, now, &mut self.step.events, &mut self.batch.records);
        self.forget_void_timers();
        Ok(())
    }

    /// Deadlines of executions that ended in time are void; sweep them before they outnumber the live ones.
    fn forget_void_timers(&mut self) {
        const SLACK: usize = 4096;
        if self.timers.len() > 2 * self.statistics.active + SLACK {
            let slots = &mut self.slots;
            self.timers
                .retain(|at, slot, key| slots.get_mut(slot, key).is_some_and(|live| live.armed == Some(at) && live.execution.open() > 0));
        }
    }

    fn mark_committed(&mut self, committed: &[Committed]) {
        for record in committed {
            if let Some(live) = self.slots.get_mut(record.slot, record.key) {
                live.committed = record.at;
                live.acknowledged = record.seq + 1;
            }
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.failed.as_ref().map_or(Ok(()), |failure| Err(Error::StoreFailed(Arc::clone(failure))))
    }

    /// The store failed: nothing that is not on disk may be acted upon, ever again.
    fn fail(&mut self, error: Arc<CommitError>) -> Error {
        self.failed = Some(Arc::clone(&error));
        self.owed.clear();
        self.outbox.clear();
        Error::StoreFailed(error)
    }
}
