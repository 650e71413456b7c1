// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where journals live.
//!
//! A driver gathers what one call led to into a [`Batch`] and commits it as one unit: after a crash all of it is there, or none.

mod alert;
mod archive;
mod attempts;
mod backend;
mod crashing;
mod expendable;
#[cfg(feature = "bench")]
mod file;
mod health;
mod inline;
mod memory;
mod partition;
mod post;
mod questions;
mod record;
mod schedule;
mod scripted;
mod sqlite;
mod writer;

pub use alert::{Alert, AlertKind, Rule, Severity};
pub(crate) use alert::{DEARER, FACTS_BEHIND, FAILS, POISONED, SLOWER, WAITS};
pub use archive::{Archive, Cursor, Followed, FollowedRecord, Parts};
pub use attempts::{Began, Carried, EndsCommitted, Print, Ran, Reads, Runner, Stall, Waited};
pub(crate) use backend::in_memory;
pub use backend::over;
pub use backend::{Arrival, Backend, BatchNumber, Left, Refusal, Taken, Wake};
pub use crashing::{CrashPoint, CrashingStore};
pub use expendable::{Expendable, ExpendablePage, Need, Tree};
#[cfg(feature = "bench")]
pub use file::FileStore;
pub use health::{Health, How, Replaced, Shortage};
use inline::Inline;
pub use memory::MemoryStore;
pub use partition::Partition;
pub use post::{Letter, Replied, Says};
pub use questions::{Answer, Answering, Question, QuestionNumber};
pub use record::{
    Apart, LARGE, RECORD_VERSION, RecordError, Unproved, ValueError, Values, checksum, decode, encode, encode_apart, end_name, object_with,
    refer,
};
pub(crate) use record::{cancel_reason, cancel_reason_name, skip_reason, skip_reason_name};
pub use schedule::{ReadSchedules, Schedule, ScheduleChange, StoredSchedule};
pub use scripted::{Script, ScriptedBackend};
pub(crate) use sqlite::making;
pub use sqlite::{
    BackupError, Behind, Bell, Copies, ExecutionFilter, Fault, Head, OpenError, OpenOptions, Page, SqliteReader, SqliteStore, StoreReport,
    backup, canonical, verify,
};
use writer::Writer;

pub use engine::Durability;
use engine::{Event, Keyed, Output, Plan};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// A place that keeps journals. Every implementation passes the suite in `tests/stores.rs`.
pub trait Store: Send {
    /// Writes batches in order as one unit: all of it survives the end of the process, or none, and a power cut once [`Store::medium`] has been
    /// flushed after it. After an error nothing more is asked of this store, but after one that [`CommitError::is_put_off`]: then nothing was written,
    /// and the same may be asked again.
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError>;

    /// What must be flushed for commits to survive a power cut, by another thread than the one that writes.
    fn medium(&self) -> std::io::Result<Box<dyn Medium>>;

    /// Reads what it has, from any thread.
    fn archive(&self) -> Result<Box<dyn Archive>, OpenError>;

    /// Takes out what is left of executions that were deleted, for about so long; whether there is more to do. Nothing of that is waited for. After an
    /// error as after one of [`Store::commit`].
    fn sweep(&mut self, _time: Duration) -> Result<bool, CommitError> {
        Ok(false)
    }

    /// Has the host woken in some milliseconds, because there is more to sweep.
    fn wake_soon(&mut self) {}

    /// From now on `wake` is called, from another thread, when a commit that was put off may be tried again, or the store is not well any more.
    fn watch(&mut self, _wake: Wake) -> Health {
        Health::default()
    }

    /// Nothing more will be committed; whether everything went where it belongs.
    fn close(&mut self) -> Result<(), CommitError> {
        Ok(())
    }

    /// The host no longer asks for what an ended execution has recorded. A store that keeps its executions does nothing.
    fn forget(&mut self, id: &str);
}

/// Where a store's commits go.
pub trait Medium: Send {
    /// Returns when everything that was committed before the call is on the medium. After an error nothing more is asked of it.
    fn flush(&mut self) -> Result<(), CommitError>;
}

/// Memory has nothing to wait for.
impl Medium for () {
    fn flush(&mut self) -> Result<(), CommitError> {
        Ok(())
    }
}

/// A file is flushed by `fdatasync`, or what its platform has for it.
impl Medium for std::fs::File {
    fn flush(&mut self) -> Result<(), CommitError> {
        Ok(self.sync_data()?)
    }
}

/// What is committed as one unit.
#[derive(Debug, Default)]
pub struct Batch {
    /// Where all of it belongs.
    pub partition: Partition,
    /// What it must survive before it is acknowledged, where the store can make that sure.
    pub durability: Durability,
    /// Executions that begin.
    pub accepted: Vec<Accepted>,
    /// What happened in executions, those that begin included.
    pub records: Vec<StepRecord>,
    /// Outputs that other executions may take over.
    pub cached: Vec<CachedOutput>,
    /// Idempotency keys whose executions begin or end.
    pub keys: Vec<Keyed>,
    /// Schedules that begin, go on or end, in order.
    pub schedules: Vec<ScheduleChange>,
    /// Ended executions that are deleted, by their keys.
    pub deleted: Vec<i64>,
    /// Those that are deleted though they have not ended, because they are damaged.
    pub discarded: Vec<i64>,
    /// Letters that were carried out with the rest.
    pub replied: Vec<Replied>,
    /// Whether its executions begin where another process drives, which takes them up: then there is nothing else in it.
    pub is_elsewhere: bool,
}

/// What a store knows of an idempotency key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownKey {
    /// What it stands for.
    pub keyed: Option<Keyed>,
    /// Whether that is written as a row of its own.
    pub is_written: bool,
    /// The latest generation whose id is taken; 0 if none is.
    pub taken: u32,
}

/// An output that other executions may take over.
#[derive(Clone, Debug)]
pub struct CachedOutput {
    /// What tells the work apart.
    pub key: Arc<str>,
    /// JSON text.
    pub output: Arc<str>,
    /// Until when it may be.
    pub until: Timestamp,
}

impl Batch {
    /// The latest instant in it, of executions.
    pub(crate) fn latest(&self) -> Option<Timestamp> {
        let accepted = self.accepted.iter().map(|accepted| accepted.at);
        accepted.chain(self.records.iter().map(|record| record.at)).max()
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
            && self.records.is_empty()
            && self.cached.is_empty()
            && self.keys.is_empty()
            && self.schedules.is_empty()
            && self.replied.is_empty()
            && !self.deletes()
    }

    /// Bytes of the contexts and values in it.
    pub(crate) fn bytes(&self) -> usize {
        let contexts = self.accepted.iter().filter_map(|accepted| accepted.context.as_deref()).map(str::len);
        let values = self.records.iter().flat_map(|record| &record.events).map(Event::bytes);
        contexts.sum::<usize>() + values.sum::<usize>()
    }

    /// Whether executions are deleted.
    pub(crate) fn deletes(&self) -> bool {
        !self.deleted.is_empty() || !self.discarded.is_empty()
    }
}

/// An execution that begins.
#[derive(Debug)]
pub struct Accepted {
    /// Its number in the store, from 1, never used twice.
    pub key: i64,
    /// Its id for the world.
    pub id: Arc<str>,
    /// What it runs.
    pub plan: Arc<Plan>,
    /// Its context as JSON text; `None` where the host keeps it.
    pub context: Option<Arc<str>>,
    /// What else it was given, as JSON text; see [`crate::options`].
    pub options: Option<Arc<str>>,
    /// When.
    pub at: Timestamp,
}

/// Consecutive events of one execution, recorded at one instant: the unit of a journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepRecord {
    /// Where the driver keeps the execution, to find it again when the commit is acknowledged. Not stored.
    pub slot: u32,
    /// Whose.
    pub key: i64,
    /// Its place in the execution's journal, from 0 without gaps.
    pub seq: u64,
    /// When its events happened.
    pub at: Timestamp,
    /// When the record before it was committed; its own instant for the first.
    pub previous_committed: Timestamp,
    /// What happened.
    pub events: Vec<Event>,
    /// What is known of attempts as they begin, in the order of the events.
    pub began: Vec<Began>,
    /// And of those that have ended, in that order too.
    pub ran: Vec<Ran>,
    /// What else it carries.
    pub carried: Option<Box<Carried>>,
}

impl StepRecord {
    /// What tasks and steps gave is `null` from here on: for whoever follows what happened, and is not to hold it. Times and ends are as they were.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events have no value that may be large and is looked at by nobody")]
    pub(crate) fn drop_values(&mut self) {
        for event in &mut self.events {
            match event {
                Event::TaskCompleted { output: Output::Json(value), .. }
                | Event::TaskFinishing { output: Output::Json(value), .. }
                | Event::StepEnded { value, .. } => *value = Arc::from("null"),
                _ => {}
            }
        }
    }

    /// Nothing is added to it any more, and it may be kept for long.
    pub(crate) fn shrink(&mut self) {
        self.events.shrink_to_fit();
        self.began.shrink_to_fit();
        self.ran.shrink_to_fit();
    }
}

/// An execution as it is stored.
#[derive(Debug)]
pub struct StoredExecution {
    /// Its number in the store.
    pub key: i64,
    /// Its id for the world.
    pub id: Arc<str>,
    /// The definition it runs, as it was given.
    pub definition: Arc<str>,
    /// The id of its workflow.
    pub workflow: Arc<str>,
    /// Its context as JSON text.
    pub context: Option<String>,
    /// What else it was given, as JSON text.
    pub options: Option<String>,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// The timeout of its tasks that give none.
    pub default_timeout: Duration,
    /// Its journal.
    pub records: Vec<StepRecord>,
}

/// What is known of an execution that is on record and cannot be read.
#[derive(Debug)]
pub struct Damaged {
    /// Its id for the world.
    pub id: Arc<str>,
    /// The id of its workflow.
    pub workflow: Option<Arc<str>>,
    /// When it was accepted.
    pub started: Option<Timestamp>,
    /// Why; it names the execution.
    pub error: ReadError,
}

/// Why a commit failed. Whether any of it reached the disk is unknown, unless said otherwise.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The database said no.
    #[error("the journal could not be committed")]
    Sqlite(#[source] rusqlite::Error),
    /// What a commit has to read is damaged. Nothing of it was written.
    #[error("the store is damaged: {fault}; nothing more is written: restore a backup, in place of all its files")]
    Damaged {
        /// Where.
        fault: Fault,
        /// What the database said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file did.
    #[error("the journal could not be written")]
    Io(#[from] std::io::Error),
    /// Another record stands where this one belongs: two writers.
    #[error("record {seq} of execution {key} is already in the journal; another process wrote to this file")]
    OutOfOrder {
        /// Whose.
        key: i64,
        /// Which.
        seq: u64,
    },
    /// Nothing was written: the file is another program's for now. Whoever asks again may succeed.
    #[error("another program blocks writes to the store; end it (a database shell with an open transaction, a backup) and open again")]
    Busy,
    /// It went where nobody will find it.
    #[error(transparent)]
    Replaced(Replaced),
    /// Nothing was written: the disk has no room. Whoever asks again may succeed.
    #[error("no space is left for the journal")]
    Full(#[source] rusqlite::Error),
    /// Its server does not take it. Whether it did before is not known where the connection broke.
    #[error("the journal could not be committed: {message}")]
    Unreachable {
        /// What it says, or what became of the connection.
        message: String,
    },
    /// The thread that commits is gone.
    #[error("the thread that writes the journal has ended")]
    WriterGone,
    /// A test wanted the process to end here; see [`CrashPoint`].
    #[error("the process ended at this commit, as a test wants it")]
    Crashed,
}

impl CommitError {
    /// Whether nothing was written, and the same may be asked again.
    pub fn is_put_off(&self) -> bool {
        matches!(self, Self::Busy | Self::Full(_))
    }
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database said no.
    #[error("the store could not be read")]
    Sqlite(#[source] rusqlite::Error),
    /// What was to be read is damaged.
    #[error("the store is damaged: {fault}")]
    Damaged {
        /// Where.
        fault: Fault,
        /// What the database said.
        #[source]
        source: rusqlite::Error,
    },
    /// Its server does not answer.
    #[error("the store could not be read: {message}")]
    Unreachable {
        /// What it says, or what became of the connection.
        message: String,
    },
    /// A record is not what was written.
    #[error("record {seq} of execution `{id}` cannot be read")]
    Record {
        /// Whose.
        id: String,
        /// Which.
        seq: i64,
        /// Why.
        #[source]
        source: RecordError,
    },
    /// Something of an execution is damaged.
    #[error("execution `{id}` cannot be read")]
    Execution {
        /// Which.
        id: String,
        /// Why.
        #[source]
        source: Box<ReadError>,
    },
    /// A value that stands by itself cannot be read.
    #[error(transparent)]
    Value(#[from] RecordError),
    /// A definition that ran once does not any more.
    #[error("the stored definition of execution `{id}` cannot be read: {message}")]
    Definition {
        /// Whose.
        id: String,
        /// The first problem.
        message: String,
    },
    /// A schedule that was kept once cannot be any more.
    #[error("the stored schedule `{id}` cannot be read: {message}")]
    Schedule {
        /// Which.
        id: String,
        /// The first problem.
        message: String,
    },
    /// It could not be read when the store was opened.
    #[error("{message}")]
    Unavailable {
        /// What it is, and why.
        message: String,
    },
    /// A cursor that is not one of this store's journal, or is ahead of it.
    #[error("`{cursor}` is no place in the journal of this store; follow it from its beginning")]
    Follow {
        /// What was given.
        cursor: String,
    },
    /// Facts have not got as far as the caller must see.
    #[error(
        "the summaries of executions are {} records behind what is on record{}; call again, or list whole executions without `fields`",
        to - reached,
        why.as_ref().map_or_else(String::new, |why| format!(", because {why}"))
    )]
    Behind {
        /// Where they are,
        reached: i64,
        /// and where they must be.
        to: i64,
        /// What keeps them, if something does.
        why: Option<String>,
    },
    /// A list's cursor was not made by a list.
    #[error("`{cursor}` is not a cursor of listExecutions")]
    Cursor {
        /// What was given.
        cursor: String,
    },
}

impl From<rusqlite::Error> for CommitError {
    fn from(source: rusqlite::Error) -> Self {
        match Fault::of(&source) {
            Some(fault) => Self::Damaged { fault, source },
            None => Self::Sqlite(source),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(source: rusqlite::Error) -> Self {
        match Fault::of(&source) {
            Some(fault) => Self::Damaged { fault, source },
            None => Self::Sqlite(source),
        }
    }
}

impl ReadError {
    /// Whether it is about what was to be read alone, and everything else may be whole.
    pub fn is_of_one(&self) -> bool {
        match self {
            Self::Damaged { .. }
            | Self::Execution { .. }
            | Self::Record { .. }
            | Self::Value(_)
            | Self::Definition { .. }
            | Self::Schedule { .. } => true,
            Self::Sqlite(error) => sqlite::is_of_one(error),
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Behind { .. } | Self::Follow { .. } | Self::Cursor { .. } => false,
        }
    }

    /// The same, naming the execution that it is about.
    pub(crate) fn of(self, id: &str) -> Self {
        if matches!(self, Self::Damaged { .. } | Self::Sqlite(_) | Self::Value(_)) && self.is_of_one() {
            return Self::Execution { id: id.to_owned(), source: Box::new(self) };
        }
        self
    }
}
