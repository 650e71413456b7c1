// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is beyond a number of executions, or of bytes, over the whole namespace; of that, each process deletes what is in its own partitions.

use super::RedisArchive;
use super::listing::micros_of;
use redis::Pipeline;
use runtime::store::{Expendable, Partition, ReadError};
use std::cmp::Reverse;
use std::sync::Arc;
use stdx::Timestamp;

/// Executions of each partition that are looked at with one question.
const CHUNK: usize = 64;

/// What one that is packed takes beside its value, as the scripts count it.
const PACKED_BESIDE: u64 = 400;

/// An execution that has ended, in the order in which they did.
pub(super) type Ended = (Timestamp, Arc<str>);

impl RedisArchive {
    /// Bytes that what is packed takes, in all partitions.
    pub(super) fn room(&self) -> Result<u64, ReadError> {
        let mut question = Pipeline::new();
        for partition in self.namespace.partitions() {
            question.cmd("GET").arg(format!("{}room", self.namespace.prefix(partition)));
        }
        let room: Vec<Option<u64>> = self.reading.ask_all(&question)?;
        Ok(room.into_iter().flatten().sum())
    }

    /// The oldest of all that take as much as there is too much of, after a place; whether there are no more.
    pub(super) fn beyond_bytes(&self, most: u64, after: Option<&Ended>) -> Result<(Vec<Ended>, bool), ReadError> {
        let mut excess = self.room()?.saturating_sub(most);
        if excess == 0 {
            return Ok((Vec::new(), true));
        }
        let (mut found, is_last) = self.oldest(after, None)?;
        let mut question = Pipeline::new();
        for (_, id) in &found {
            question.cmd("STRLEN").arg(format!("{}e:{id}", self.prefix_of(id)));
        }
        let sizes: Vec<u64> = self.reading.ask_all(&question)?;
        let enough = sizes.iter().position(|size| {
            let had = excess;
            excess = excess.saturating_sub(if *size > 0 { size + PACKED_BESIDE } else { 0 });
            had == 0
        });
        found.truncate(enough.unwrap_or(found.len()));
        Ok((found, is_last && enough.is_none()))
    }

    /// The last of what is asked for that is not among the latest so many.
    pub(super) fn beyond_count(&self, asked: &Expendable, keep: u32) -> Result<Option<Ended>, ReadError> {
        let (mut left, mut before, mut chunk): (usize, Option<Ended>, usize) = (keep as usize, None, CHUNK);
        while let Some(found) = self.latest(before.as_ref(), chunk)? {
            if found.is_empty() {
                // As many ended at one instant.
                chunk *= 2;
            }
            let filtered = self.filtered(found.iter().map(|(_, id)| &**id))?;
            for (place, (workflow, status)) in found.iter().zip(&filtered) {
                // Children go with their parents.
                if place.1.contains('/') || !is_asked_for(asked, status.as_ref(), workflow.as_ref()) {
                    continue;
                }
                if left == 0 {
                    return Ok(Some(place.clone()));
                }
                left -= 1;
            }
            before = found.last().cloned().or(before);
        }
        Ok(None)
    }

    /// Some of those that ended first, after a place and before an instant; whether there are no more.
    pub(super) fn oldest(&self, after: Option<&Ended>, before: Option<Timestamp>) -> Result<(Vec<Ended>, bool), ReadError> {
        let first = after.map_or_else(|| "-inf".to_owned(), |(ended, _)| ended.micros().to_string());
        let last = before.map_or_else(|| "+inf".to_owned(), |before| format!("({}", before.micros()));
        let mut chunk = CHUNK;
        loop {
            let found = self.ended(&first, &last, false, chunk)?;
            // A partition that gave as many as it was asked for may have more, which come before what others gave.
            let cut = found.iter().filter(|places| places.len() == chunk).filter_map(|places| places.last()).min().cloned();
            let mut found: Vec<Ended> = found.into_iter().flatten().collect();
            found.retain(|place| cut.as_ref().is_none_or(|cut| place <= cut) && after.is_none_or(|after| place > after));
            if !found.is_empty() || cut.is_none() {
                found.sort_unstable();
                return Ok((found, cut.is_none()));
            }
            // As many ended at one instant.
            chunk *= 4;
        }
    }

    /// Some of those that ended last, before a place, of each partition at most so many; `None` if there are none.
    fn latest(&self, before: Option<&Ended>, most: usize) -> Result<Option<Vec<Ended>>, ReadError> {
        let last = before.map_or_else(|| "+inf".to_owned(), |(ended, _)| ended.micros().to_string());
        let found = self.ended(&last, "-inf", true, most)?;
        // A partition that gave as many as it was asked for may have more from there on, which come before what others gave.
        let cut = found.iter().filter(|places| places.len() == most).filter_map(|places| places.last()).map(|(ended, _)| *ended).max();
        let mut found: Vec<Reverse<Ended>> = found.into_iter().flatten().map(Reverse).collect();
        found.retain(|Reverse(place)| cut.is_none_or(|cut| place.0 >= cut) && before.is_none_or(|before| place < before));
        found.sort_unstable();
        let is_over = found.is_empty() && cut.is_none();
        Ok((!is_over).then(|| found.into_iter().map(|Reverse(place)| place).collect()))
    }

    /// Of each partition.
    fn ended(&self, first: &str, last: &str, is_reverse: bool, most: usize) -> Result<Vec<Vec<Ended>>, ReadError> {
        let mut question = Pipeline::new();
        for partition in self.namespace.partitions() {
            let command =
                question.cmd("ZRANGE").arg(format!("{}done", self.namespace.prefix(partition))).arg(first).arg(last).arg("BYSCORE");
            if is_reverse {
                command.arg("REV");
            }
            command.arg("LIMIT").arg(0).arg(most).arg("WITHSCORES");
        }
        let answers: Vec<Vec<(String, f64)>> = self.reading.ask_all(&question)?;
        let place = |(id, ended): (String, f64)| (Timestamp::from_micros(micros_of(ended)), Arc::from(id.as_str()));
        Ok(answers.into_iter().map(|places| places.into_iter().map(place).collect()).collect())
    }

    /// Whether an execution is in a partition that this process has.
    pub(super) fn is_own(&self, id: &str) -> bool {
        let partition: Partition = self.namespace.partition(id);
        self.parts.has(partition)
    }
}

/// Whether an execution that ended so, of such a workflow, is one of those.
pub(super) fn is_asked_for(asked: &Expendable, status: Option<&String>, workflow: Option<&String>) -> bool {
    asked.completed.is_none_or(|completed| completed == (status.map(String::as_str) == Some("completed")))
        && (asked.status.is_none() || asked.status.as_ref() == status)
        && (asked.workflow.is_none() || asked.workflow.as_ref() == workflow)
        && !asked.except.iter().any(|except| Some(except) == workflow)
}
