// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reading what is on record: by any thread, and for a file by another process, without the driver or its backend.

use super::{
    Damaged, ExecutionFilter, Expendable, ExpendablePage, KnownKey, OpenError, Page, ReadError, SqliteReader, StepRecord, StoredExecution,
    Tree,
};
use std::sync::Arc;
use stdx::Timestamp;

/// What is on record, for reading. It never waits for a commit.
pub trait Archive: Send {
    /// Another one of the same store, for another thread.
    fn another(&self) -> Result<Box<dyn Archive>, OpenError>;

    /// Whether reading is a look into the memory of this process, which the thread of the driver may do.
    fn is_in_memory(&self) -> bool {
        false
    }

    /// The execution with this id.
    fn execution(&self, id: &str) -> Result<Option<StoredExecution>, ReadError>;

    /// The same, or what is known of it if it cannot be read.
    fn seen(&self, id: &str) -> Result<Option<Result<StoredExecution, Damaged>>, ReadError> {
        Ok(self.execution(id)?.map(Ok))
    }

    /// Whether there is an execution with this id.
    fn has_execution(&self, id: &str) -> Result<bool, ReadError>;

    /// A page of executions, newest first.
    fn list(&self, filter: &ExecutionFilter) -> Result<Page, ReadError>;

    /// The latest executions of a workflow that completed, newest first.
    fn completed(&self, workflow: &str, limit: u32) -> Result<Vec<StoredExecution>, ReadError> {
        let status = Some("completed".to_owned());
        let filter = ExecutionFilter { workflow: Some(workflow.to_owned()), status, since: None, until: None, limit, cursor: None };
        Ok(self.list(&filter)?.executions.into_iter().flatten().collect())
    }

    /// The records of an execution from the one with the number `from`, in order.
    fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError>;

    /// The execution with this id without its journal: [`Archive::part`] reads that.
    fn head(&self, id: &str) -> Result<Option<StoredExecution>, ReadError>;

    /// The next records of an execution, at most so many, in order; none: all have been read, or it was deleted. Values that stand by themselves may be `null`.
    fn part(&self, parts: &mut Parts, limit: usize) -> Result<Vec<StepRecord>, ReadError>;

    /// The output kept under `key`, if it may still be taken over at `now`.
    fn cached(&self, key: &str, now: Timestamp) -> Result<Option<Arc<str>>, ReadError>;

    /// A page of what may be deleted of that which is asked for.
    fn expendable(&self, asked: &Expendable) -> Result<ExpendablePage, ReadError>;

    /// The execution with this id and those that go with it, and what needs one of them now.
    fn tree(&self, id: &str, now: Timestamp) -> Result<Option<Tree>, ReadError>;

    /// What is known of an idempotency key, by its hash, whose latest execution is not live in this process.
    fn keyed(&self, hash: &str) -> Result<KnownKey, ReadError>;

    /// The records after `cursor`, of all executions, at most `limit` of them, and where the next call goes on.
    ///
    /// Those of one execution come in the order of their numbers, those of one partition in the order they were committed in, and those of
    /// two partitions in any. Each comes once. Fewer than `limit`: nothing more was there. Of executions that are kept in memory only what
    /// has not been forgotten comes. At `'disk'` a record may come some milliseconds before it is on the medium, and be lost to a power cut
    /// after that: the cursor that was given with it is then refused ([`ReadError::Follow`]) until the journal is as long again.
    ///
    /// A record that cannot be read is told in its place, and what comes after it too.
    fn follow(&self, cursor: &Cursor, limit: usize) -> Result<Followed, ReadError>;

    /// A reader of the file behind it, if there is one.
    fn file(&self) -> Result<Option<SqliteReader>, OpenError> {
        Ok(None)
    }
}

/// An execution whose journal is read in parts. Only where its records stand is held meanwhile.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The number of the execution in the store.
    pub key: i64,
    /// The number of the next record.
    pub next: u64,
    /// Where each record stands, if the store has to look that up.
    pub(super) places: Option<Vec<i64>>,
}

impl Parts {
    /// All of an execution.
    pub fn of(key: i64) -> Self {
        Self { key, next: 0, places: None }
    }
}

/// A place between the records of a store: text that only the store it is from reads. The default is before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor as text, to be kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A cursor that was kept.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// That of a store with one row of numbered records.
    pub(crate) fn at(position: i64) -> Self {
        Self(position.to_string())
    }

    /// The number it stands for.
    pub(crate) fn position(&self) -> Result<i64, ReadError> {
        if self.0.is_empty() {
            return Ok(0);
        }
        self.0.parse().map_err(|_| self.refused())
    }

    pub(super) fn refused(&self) -> ReadError {
        ReadError::Follow { cursor: self.0.clone() }
    }
}

/// A part of what there is to follow.
#[derive(Debug)]
pub struct Followed {
    /// In the order above.
    pub records: Vec<FollowedRecord>,
    /// After the last of them.
    pub cursor: Cursor,
}

/// A record, or what stands in its place.
#[derive(Debug)]
pub struct FollowedRecord {
    /// The id of its execution,
    pub id: Arc<str>,
    /// and the number of that in the store.
    pub key: i64,
    /// How many bytes it takes there; 0 in memory.
    pub bytes: u64,
    /// The record, or why it cannot be read.
    pub record: Result<StepRecord, ReadError>,
}
