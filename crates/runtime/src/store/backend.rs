// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where a driver's batches go, and where news comes from.
//!
//! ```text
//!  driver ── submit(number, batch) ──▶ backend ── written, here or elsewhere ──▶ the medium
//!    │ keeps what the batch owes                                                    │
//!    │ under its number (driver/outbox.rs)                                          │
//!    ◀── arrivals() ── Committed(number, at) ◀──────────────────────────────────────┘
//!        the driver asks at each flush and pull; news from another thread calls the `Wake` it was made with
//! ```
//! What the driver wants to know of what is on record it asks, and goes on: `ask(number, question)`, and later `Found(number, answer)`. Whoever else reads does
//! so on a thread of its own, by [`Backend::archive`].
//!
//! A backend never sees an effect: it gets batches, and answers with [`Arrival`]s. What is owed for a batch leaves when its number has
//! arrived, so a backend decides when that is and nothing else. There are two over a [`Store`]: [`Inline`] commits within `submit` (memory, and
//! `'os'`, where a commit takes microseconds), and [`Writer`] on threads of its own (`'disk'`, where one waits for the medium).
//!
//! The type of an arrival says how far a failure reaches, and so what the driver does:
//!
//! | arrival | reaches | the driver |
//! |---|---|---|
//! | [`Arrival::Refused`] | one execution | lets go of it: nothing of it leaves, the host is told why |
//! | [`Arrival::Lost`] | one partition | lets go of every execution in it, and of what they still owe; its schedules are no more |
//! | [`Arrival::Taken`] | one partition | takes up what is there, as after a crash |
//! | [`Arrival::Away`] until [`Arrival::Back`] | all, for a while | goes on with what is under way; nothing that is not on record leaves |
//! | [`Arrival::Failed`] | all, for good | stops: no call does anything any more |
//!
//! Within a partition arrivals come in the order of the batches, between partitions in any: an execution with little to wait for does not wait for others.

use super::questions::{Answer, Answering, Question, QuestionNumber};
use super::{
    Alert, Archive, Batch, CommitError, Damaged, Health, Inline, Letter, MemoryStore, OpenError, Partition, ReadError, ReadSchedules,
    Store, StoredExecution, Writer,
};
use crate::Clock;
use std::path::Path;
use std::sync::Arc;
use stdx::Timestamp;

/// Called from another thread when [`Backend::arrivals`] has something to give.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The number of a batch, given by the driver: each one more than the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchNumber(u64);

impl BatchNumber {
    /// The number of the next batch.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Why an execution was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is one with its id.
    Exists,
    /// It would be in a partition that another process has.
    Elsewhere,
}

/// One thread's side of a place that keeps journals. No method but [`Backend::close`] blocks.
pub trait Backend: Send {
    /// Where the execution, or the schedule, with this id is. Memory and files are one partition.
    fn partition(&self, _id: &str) -> Partition {
        Partition::default()
    }

    /// The id of an execution for which nobody has chosen one, out of one that was drawn: where it is is up to the backend.
    fn name(&self, drawn: String) -> String {
        drawn
    }

    /// Whether this process drives what is in a partition. What begins in another goes as a batch that [`Batch::is_elsewhere`].
    fn drives(&self, _partition: Partition) -> bool {
        true
    }

    /// Leaves a letter with this number for the process that drives the execution, or the schedule, with this id; see `store/post.rs`. Where there is one process
    /// there is nobody to write to.
    fn send(&mut self, _number: u32, _id: &str, _text: &str) {}

    /// Begins to tell when more of an execution is on record that another process drives, or tells no more.
    fn follow(&mut self, _id: &str, _follows: bool) {}

    /// Takes a batch, all of one partition. Those of one partition are committed in the order they come, each whole or not at all, but for executions that
    /// are refused; how it went is an arrival.
    fn submit(&mut self, number: BatchNumber, batch: Batch);

    /// Appends what has arrived since the last call, in order.
    fn arrivals(&mut self, into: &mut Vec<Arrival>);

    /// Asks what is on record. The answer is an arrival: the next one where the store is in memory.
    fn ask(&mut self, number: QuestionNumber, question: Question);

    /// Reads what is on record, from any thread.
    fn archive(&self) -> Result<Box<dyn Archive>, OpenError>;

    /// The host no longer asks for what an ended execution has recorded. A backend that keeps its executions does nothing.
    fn forget(&mut self, id: &str);

    /// Commits what it was given, and lets go of what it has open. Waits as long as that takes, unless it is away.
    fn close(&mut self) -> Result<(), Arc<CommitError>>;
}

/// What another process has left where a backend commits now.
pub trait Left {
    /// Gives `each` every execution that has not ended, oldest first, one at a time, or what is known of one that cannot be read. The next number that an
    /// execution may be given.
    fn unended(&self, each: &mut dyn FnMut(Result<StoredExecution, Damaged>)) -> Result<i64, ReadError>;

    /// Every schedule with its id, by id.
    fn schedules(&self) -> Result<ReadSchedules, ReadError>;

    /// Whether other machines write there too. A clock of theirs that is ahead moves only the executions that it wrote.
    fn is_shared(&self) -> bool {
        false
    }
}

/// A partition that this process has from now on, with what another has left there.
#[derive(Debug)]
pub struct Taken {
    /// Which.
    pub partition: Partition,
    /// Every execution that has not ended, oldest first, or what is known of one that cannot be read. Their numbers are no others'.
    pub executions: Vec<Result<StoredExecution, Damaged>>,
    /// Every schedule.
    pub schedules: ReadSchedules,
}

/// What a driver hears of its backend.
#[derive(Debug)]
pub enum Arrival {
    /// The batch with this number is on record, since then.
    Committed(BatchNumber, Timestamp),
    /// The execution with this key is not accepted, and nothing of it is on record, here or of a later batch. The rest of its batch is committed.
    Refused(i64, Refusal),
    /// Another process writes to this partition. Of its batches that have not arrived some may be on record, and none that comes will be.
    Lost(Partition),
    /// This process has a partition that another had, and this is there.
    Taken(Box<Taken>),
    /// Another process wants something of what this one drives.
    Letter(Letter),
    /// The reply to the letter with this number; `None`: there was none for as long as one is waited for.
    Reply(u32, Option<Arc<str>>),
    /// More of an execution that is followed is on record, and whether it is over: it has ended, or is not there.
    Moved(Arc<str>, bool),
    /// The answer to a question.
    Found(QuestionNumber, Result<Answer, ReadError>),
    /// Nothing can be committed for now, and has not been for so long that an orchestrator that closes does not wait for it. What was
    /// submitted is kept; nothing of it leaves. Where there is a reason new work is refused meanwhile, for that.
    Away(Option<Arc<str>>),
    /// It can again, and has been.
    Back,
    /// From now on new work is refused, and why; `None`: it is accepted again. What runs goes on.
    Short(Option<Arc<str>>),
    /// Something that people must know begins, or is over.
    Alert(Alert),
    /// All is over: whether the batches that have not arrived are on record is unknown, and nothing more is asked of this backend.
    Failed(Arc<CommitError>),
}

/// The backend that commits into a store.
pub fn over(
    mut store: Box<dyn Store>,
    durability: super::Durability,
    path: &Path,
    clock: &Clock,
    wake: Wake,
) -> Result<Box<dyn Backend>, OpenError> {
    let health = store.watch(Arc::clone(&wake));
    Ok(match durability {
        super::Durability::Os => Box::new(Inline::over(store, clock.share(), wake, health)?),
        super::Durability::Disk => Box::new(Writer::start(store, path, clock, wake, &health)?),
    })
}

/// The backend of an orchestrator without a store.
pub(crate) fn in_memory(clock: &Clock) -> (Box<dyn Backend>, Box<dyn Archive>) {
    let store = MemoryStore::default();
    let archive = store.reader();
    // Nobody waits for what is there at once.
    let answering = Answering::from(store.reader(), Arc::new(|| {}));
    (Box::new(Inline::answering(Box::new(store), clock.share(), answering, Health::default())), archive)
}

/// What a backend over a store tells of that beside commits.
#[derive(Debug)]
pub(super) struct News {
    health: Health,
    is_away: bool,
    /// How often it had changed whether new work is refused.
    shortages: u32,
}

impl News {
    pub(super) fn of(health: Health) -> Self {
        Self { health, is_away: false, shortages: 0 }
    }

    /// Whether another program has kept the store from being written to for so long that nothing that is closed waits for it.
    pub(super) fn is_stuck(&self) -> bool {
        self.health.is_stuck()
    }

    /// Whether there is something to sweep that nobody knew of: once.
    pub(super) fn take_sweepable(&self) -> bool {
        self.health.take_sweepable()
    }

    /// What has changed since the last call; a glance, for it is asked at each call of the host.
    pub(super) fn tell(&mut self, into: &mut Vec<Arrival>) {
        if self.health.is_stuck() != self.is_away {
            self.is_away = !self.is_away;
            into.push(if self.is_away { Arrival::Away(None) } else { Arrival::Back });
        }
        let shortages = self.health.shortages();
        if std::mem::replace(&mut self.shortages, shortages) != shortages {
            into.push(Arrival::Short(self.health.shortage()));
        }
        if self.health.has_alerts() {
            into.extend(self.health.take_alerts().into_iter().map(Arrival::Alert));
        }
        if let Err(error) = self.health.check() {
            into.push(Arrival::Failed(Arc::new(error)));
        }
    }
}
