// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is on record in a namespace, for reading by any thread of any process, also of one that has none of its partitions.

mod beyond;
mod deletable;
mod feed;
mod journals;
mod listing;

use crate::keys::Namespace;
use crate::names::Names;
use crate::packed::{self, Whole};
use crate::parts::Parts as Partitions;
use crate::reading::Reading;
use crate::room::Bound;
use crate::stored::{self, ReadRow, Values};
use engine::Keyed;
use redis::Pipeline;
use runtime::store::{
    Archive, Cursor, Damaged, ExecutionFilter, Expendable, ExpendablePage, Followed, KnownKey, OpenError, Page, Partition, Parts,
    ReadError, ReadSchedules, StepRecord, StoredExecution, Tree,
};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::Arc;
use stdx::Timestamp;

/// Executions that are read with one question.
const TOGETHER: usize = 50;

/// Records of one execution that are read with one question.
const TOGETHER_RECORDS: usize = 4_096;

/// Definitions that are kept to be read once.
const DEFINITIONS_MAX: usize = 1_000;

/// Reads a namespace.
pub struct RedisArchive {
    namespace: Namespace,
    names: Names,
    reading: Reading,
    /// What this process has, and how much what has ended may take: what it may delete.
    parts: Partitions,
    bound: Bound,
    definitions: RefCell<FxHashMap<String, Arc<str>>>,
}

/// An execution, or what is known of it.
pub(crate) type Seen = Result<StoredExecution, Damaged>;

impl RedisArchive {
    pub(crate) fn of(namespace: Namespace, names: Names, reading: Reading, parts: Partitions, bound: Bound) -> Self {
        Self { namespace, names, reading, parts, bound, definitions: RefCell::default() }
    }

    /// Gives `each` every execution of these partitions that has not ended, oldest first, or what is known of one that cannot be read.
    pub(crate) fn take_up(&self, partitions: &[Partition], each: &mut dyn FnMut(Seen)) -> Result<(), ReadError> {
        let mut found: Vec<(Option<u64>, Arc<str>)> = Vec::new();
        for partition in partitions {
            let prefix = self.namespace.prefix(*partition);
            let ids: Vec<String> = self.reading.ask(redis::cmd("SMEMBERS").arg(format!("{prefix}live")))?;
            for ids in ids.chunks(1_000) {
                let scores: Vec<Option<f64>> = self.reading.ask(redis::cmd("ZMSCORE").arg(format!("{prefix}ix")).arg(ids))?;
                let at = |score: &Option<f64>| score.map(f64::to_bits);
                found.extend(scores.iter().map(at).zip(ids.iter().map(|id| Arc::from(id.as_str()))));
            }
        }
        // Bits of positive numbers are in their order.
        found.sort_unstable();
        for ids in found.chunks(TOGETHER) {
            let ids: Vec<Arc<str>> = ids.iter().map(|(_, id)| Arc::clone(id)).collect();
            for id in &ids {
                self.names.adopt(id);
            }
            self.several(&ids)?.into_iter().flatten().for_each(&mut *each);
        }
        Ok(())
    }

    /// An execution that a driver is to take up.
    pub(crate) fn begun(&self, id: &Arc<str>) -> Result<Option<Seen>, ReadError> {
        let found = self.one(id)?;
        // A driver may be about to begin another under its id, which will be refused: that has a number of its own.
        let key = self.names.adopt(id);
        Ok(found.map(|found| {
            found.map(|stored| {
                let records = stored.records.into_iter().map(|record| StepRecord { key, ..record }).collect();
                StoredExecution { key, records, ..stored }
            })
        }))
    }

    /// Every schedule of these partitions with its id, by id.
    pub(crate) fn schedules(&self, partitions: &[Partition]) -> Result<ReadSchedules, ReadError> {
        let mut found = ReadSchedules::new();
        for partition in partitions {
            let prefix = self.namespace.prefix(*partition);
            let ids: Vec<String> = self.reading.ask(redis::cmd("SMEMBERS").arg(format!("{prefix}schedules")))?;
            for id in ids {
                let row: ReadRow = self.reading.ask(redis::cmd("HGETALL").arg(format!("{prefix}s:{id}")))?;
                let definition = row.get("d").map(|hash| self.definition(&prefix, hash)).transpose()?.flatten();
                let schedule = stored::stored_schedule(&id, row, definition);
                found.push((Arc::from(id.as_str()), schedule));
            }
        }
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    /// Where the execution, or the schedule, with this id is.
    pub(crate) fn partition(&self, id: &str) -> Partition {
        self.namespace.partition(id)
    }

    fn prefix_of(&self, id: &str) -> String {
        self.namespace.prefix(self.namespace.partition(id))
    }

    fn one(&self, id: &str) -> Result<Option<Seen>, ReadError> {
        Ok(self.several(&[Arc::from(id)])?.pop().flatten())
    }

    /// These executions with their journals, in one question.
    fn several(&self, ids: &[Arc<str>]) -> Result<Vec<Option<Seen>>, ReadError> {
        let mut found = Vec::with_capacity(ids.len());
        for (id, whole) in ids.iter().zip(self.wholes(ids)?) {
            let Some(whole) = whole else {
                found.push(None);
                continue;
            };
            let known = whole.as_ref().ok().map(|whole| &whole.row);
            let started = known.and_then(|row| stored::instant(row, "a"));
            let workflow = known.and_then(|row| row.get("w")).map(|workflow| Arc::from(workflow.as_str()));
            match whole.and_then(|whole| self.whole(id, whole)) {
                Ok(stored) => found.push(Some(Ok(stored))),
                Err(error) if error.is_of_one() => found.push(Some(Err(Damaged { id: Arc::clone(id), workflow, started, error }))),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn whole(&self, id: &Arc<str>, Whole { row, texts, values }: Whole) -> Result<StoredExecution, ReadError> {
        let definition = row.get("d").map(|hash| self.definition(&self.prefix_of(id), hash)).transpose()?.flatten();
        let key = self.names.key(id);
        let stored = stored::execution(id, key, row, definition, &values)?;
        let (records, _) = stored::records(id, key, 0, &texts, &values)?;
        Ok(StoredExecution { records, ..stored })
    }

    fn definition(&self, prefix: &str, hash: &str) -> Result<Option<Arc<str>>, ReadError> {
        if let Some(known) = self.definitions.borrow().get(hash) {
            return Ok(Some(Arc::clone(known)));
        }
        let found: Option<String> = self.reading.ask(redis::cmd("GET").arg(format!("{prefix}d:{hash}")))?;
        let Some(text) = found else { return Ok(None) };
        let mut known = self.definitions.borrow_mut();
        if known.len() >= DEFINITIONS_MAX {
            known.clear();
        }
        let text: Arc<str> = text.into();
        known.insert(hash.to_owned(), Arc::clone(&text));
        Ok(Some(text))
    }

    /// The records of an execution from the one with this number on, at most so many.
    fn records(&self, id: &str, from: u64, most: Option<u64>) -> Result<Vec<StepRecord>, ReadError> {
        let prefix = self.prefix_of(id);
        // The one before proves the first.
        let (start, last) = (from.saturating_sub(1), most.map_or(-1, |most| (from + most).cast_signed() - 1));
        let mut question = Pipeline::new();
        question.cmd("LRANGE").arg(format!("{prefix}j:{id}")).arg(start).arg(last);
        question.cmd("HGETALL").arg(format!("{prefix}v:{id}"));
        question.cmd("GET").arg(format!("{prefix}e:{id}"));
        let (mut texts, mut values, packed): (Vec<String>, Values, Option<Vec<u8>>) = self.reading.ask_all(&question)?;
        if let Some(packed) = packed {
            let whole = packed::unpack(id, &packed)?;
            let count = most.map_or(usize::MAX, |most| usize::try_from(from + most - start).unwrap_or(usize::MAX));
            texts = whole.texts.into_iter().skip(usize::try_from(start).unwrap_or(usize::MAX)).take(count).collect();
            values = whole.values;
        }
        Ok(stored::records(id, self.names.key(&Arc::from(id)), from, &texts, &values)?.0)
    }
}

fn read<T: redis::FromRedisValue>(answer: Option<redis::Value>) -> Result<T, ReadError> {
    let unreadable = |message: String| ReadError::Unreachable { message };
    let answer = answer.ok_or_else(|| unreadable("an answer is missing".to_owned()))?;
    redis::from_redis_value(answer).map_err(|error| unreadable(error.to_string()))
}

impl Archive for RedisArchive {
    fn another(&self) -> Result<Box<dyn Archive>, OpenError> {
        let Self { namespace, names, reading, parts, bound, .. } = self;
        Ok(Box::new(Self::of(namespace.clone(), names.clone(), reading.another(), parts.clone(), bound.clone())))
    }

    fn execution(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        self.one(id)?.transpose().map_err(|damaged| damaged.error)
    }

    fn seen(&self, id: &str) -> Result<Option<Seen>, ReadError> {
        self.one(id)
    }

    fn has_execution(&self, id: &str) -> Result<bool, ReadError> {
        let prefix = self.prefix_of(id);
        let keys: u32 = self.reading.ask(redis::cmd("EXISTS").arg(format!("{prefix}x:{id}")).arg(format!("{prefix}e:{id}")))?;
        Ok(keys > 0)
    }

    fn list(&self, filter: &ExecutionFilter) -> Result<Page, ReadError> {
        self.page(filter)
    }

    fn journal(&self, key: i64, from: u64) -> Result<Vec<StepRecord>, ReadError> {
        self.names.id(key).map_or(Ok(Vec::new()), |id| self.records(&id, from, None))
    }

    fn head(&self, id: &str) -> Result<Option<StoredExecution>, ReadError> {
        let id = Arc::from(id);
        let Some(whole) = self.wholes(&[Arc::clone(&id)])?.pop().flatten() else { return Ok(None) };
        self.whole(&id, Whole { texts: Vec::new(), ..whole? }).map(Some)
    }

    /// What has ended is packed, and unpacked whole for each question: so these are more than were asked for.
    fn part(&self, parts: &mut Parts, limit: usize) -> Result<Vec<StepRecord>, ReadError> {
        let Some(id) = self.names.id(parts.key) else { return Ok(Vec::new()) };
        let records = self.records(&id, parts.next, Some(limit.max(TOGETHER_RECORDS) as u64))?;
        parts.next += records.len() as u64;
        Ok(records)
    }

    fn cached(&self, key: &str, _now: Timestamp) -> Result<Option<Arc<str>>, ReadError> {
        // The server has taken out what is over.
        Ok(self.reading.ask::<Option<String>>(redis::cmd("GET").arg(self.namespace.cached(key)))?.map(Arc::from))
    }

    fn keyed(&self, hash: &str) -> Result<KnownKey, ReadError> {
        let prefix = self.prefix_of(&Keyed::execution_id(hash, 1));
        let row = || self.reading.ask::<ReadRow>(redis::cmd("HGETALL").arg(format!("{prefix}k:{hash}")));
        if let Some(known) = stored::known_key(hash, &row()?) {
            return Ok(known);
        }
        // Its time is over. Ids of executions that are there still are not given again.
        let mut known = KnownKey::default();
        while self.has_execution(&Keyed::execution_id(hash, known.taken + 1))? {
            known.taken += 1;
        }
        // It may have begun since: then its row is there too.
        let begun = if known.taken > 0 { stored::known_key(hash, &row()?) } else { None };
        Ok(begun.unwrap_or(known))
    }

    fn expendable(&self, asked: &Expendable) -> Result<ExpendablePage, ReadError> {
        self.deletable(asked)
    }

    fn tree(&self, id: &str, now: Timestamp) -> Result<Option<Tree>, ReadError> {
        self.tree_of(id, now)
    }

    fn follow(&self, cursor: &Cursor, limit: usize) -> Result<Followed, ReadError> {
        self.followed(cursor, limit)
    }
}
