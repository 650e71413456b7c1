// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which executions may be deleted: those that have ended, with all that are tasks of theirs, and that nothing needs any more.

use std::sync::Arc;
use stdx::Timestamp;

/// Which ended executions are asked for. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Expendable {
    /// The instant it is asked at.
    pub now: Timestamp,
    /// Whether they completed; failed and cancelled ones are `false`.
    pub completed: Option<bool>,
    /// In this state.
    pub status: Option<String>,
    /// Of this workflow.
    pub workflow: Option<String>,
    /// Not of one of these.
    pub except: Vec<String>,
    /// Ended before this instant,
    pub before: Option<Timestamp>,
    /// or before so many that ended later. With `before`: either is enough.
    pub keep: Option<u32>,
    /// Or as long as the file has more bytes in use.
    pub bytes: Option<u64>,
    /// After this place, where a page before ended.
    pub after: Option<(Timestamp, i64)>,
    /// At most so many.
    pub limit: u32,
    /// Whether it is to be known how many bytes they have.
    pub measured: bool,
}

/// A part of them, oldest first.
#[derive(Debug, Default)]
pub struct ExpendablePage {
    /// Each with those that go with it.
    pub trees: Vec<Tree>,
    /// Where the next page begins, if there may be one.
    pub cursor: Option<(Timestamp, i64)>,
    /// What was deleted before is not gone from the file yet: how many bytes it has in use is not known now.
    pub unswept: bool,
}

/// An execution with those that are tasks of it, of their tasks, and so on.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The id of the topmost.
    pub id: Arc<str>,
    /// The keys of all of them, the topmost first.
    pub keys: Vec<i64>,
    /// Their ids, in the same order.
    pub ids: Vec<Arc<str>>,
    /// Bytes of their journals and contexts, if that was asked.
    pub bytes: u64,
    /// The keys of those that have not ended and go with them all the same, because they are damaged.
    pub damaged: Vec<i64>,
    /// Why it stays.
    pub need: Option<Need>,
}

/// What needs an execution.
#[derive(Clone, Debug, PartialEq)]
pub enum Need {
    /// It has not ended, or one that goes with it has not: this one.
    Active(Arc<str>),
    /// The execution whose task it is has not ended.
    Parent(Arc<str>),
    /// This execution, which has not ended, continues it or does it again.
    Fork(Arc<str>),
    /// It is what its idempotency key stands for until then.
    Key(Timestamp),
    /// This schedule has not noted that it has begun it.
    Schedule(Arc<str>),
}
