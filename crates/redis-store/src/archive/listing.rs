// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Lists executions of all partitions, newest first. Where a page ended says its last one: `instant id`.

use super::RedisArchive;
use super::journals::Filtered;
use redis::Pipeline;
use runtime::store::{ExecutionFilter, Page, Partition, ReadError};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An execution in the order of lists: accepted, id.
type Place = (u64, String);

impl RedisArchive {
    pub(super) fn page(&self, filter: &ExecutionFilter) -> Result<Page, ReadError> {
        let limit = filter.limit as usize;
        let mut before = filter.cursor.as_deref().map(place_of).transpose()?;
        let mut taken: Vec<Place> = Vec::new();
        // One more than asked for tells whether there is a next page.
        while taken.len() <= limit {
            let found = self.newest(filter, before.as_ref(), limit + 1)?;
            let Some(last) = found.last().cloned() else { break };
            taken.extend(self.matching(filter, found)?);
            before = Some(last);
        }
        let more = taken.len() > limit;
        taken.truncate(limit);
        let cursor = taken.last().filter(|_| more).map(|(at, id)| format!("{at} {id}"));
        let ids: Vec<Arc<str>> = taken.iter().map(|(_, id)| Arc::from(id.as_str())).collect();
        Ok(Page { executions: self.several(&ids)?.into_iter().flatten().collect(), cursor })
    }

    /// So many of those that were accepted last before a place, and in the time that is asked for.
    fn newest(&self, filter: &ExecutionFilter, before: Option<&Place>, most: usize) -> Result<Vec<Place>, ReadError> {
        let last = match (before, filter.until) {
            (Some((at, _)), _) => at.to_string(),
            (None, Some(until)) => format!("({}", until.micros()),
            (None, None) => "+inf".to_owned(),
        };
        let first = filter.since.map_or_else(|| "-inf".to_owned(), |since| since.micros().to_string());
        let mut found: BTreeSet<Reverse<Place>> = BTreeSet::new();
        // What was accepted at one instant may fill a part: then the next one is asked for too.
        let mut open: Vec<(Partition, usize)> = self.namespace.partitions().map(|partition| (partition, 0)).collect();
        while !open.is_empty() {
            let mut question = Pipeline::new();
            for (partition, offset) in &open {
                let key = format!("{}ix", self.namespace.prefix(*partition));
                let command = question.cmd("ZRANGE").arg(key).arg(&last).arg(&first).arg("BYSCORE").arg("REV");
                command.arg("LIMIT").arg(*offset).arg(most).arg("WITHSCORES");
            }
            let answers: Vec<Vec<(String, f64)>> = self.reading.ask_all(&question)?;
            let asked = std::mem::take(&mut open);
            for ((partition, offset), answer) in asked.into_iter().zip(answers) {
                let is_full = answer.len() == most;
                let places = answer.into_iter().map(|(id, score)| (micros_of(score), id));
                let fitting: Vec<Place> = places.filter(|place| before.is_none_or(|before| place < before)).collect();
                if is_full && fitting.len() < most {
                    open.push((partition, offset + most));
                }
                found.extend(fitting.into_iter().map(Reverse));
            }
        }
        Ok(found.into_iter().take(most).map(|Reverse(place)| place).collect())
    }

    fn matching(&self, filter: &ExecutionFilter, found: Vec<Place>) -> Result<Vec<Place>, ReadError> {
        if filter.workflow.is_none() && filter.status.is_none() {
            return Ok(found);
        }
        let answers = self.filtered(found.iter().map(|(_, id)| id.as_str()))?;
        let fits = |(workflow, status): &Filtered| {
            let is_of = filter.workflow.is_none() || filter.workflow == *workflow;
            is_of && filter.status.as_deref().is_none_or(|asked| asked == status.as_deref().unwrap_or("running"))
        };
        Ok(found.into_iter().zip(answers).filter(|(_, answer)| fits(answer)).map(|(place, _)| place).collect())
    }
}

/// Instants are microseconds, whole numbers that a score holds exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was written as a whole number below 2^53")]
pub(super) fn micros_of(score: f64) -> u64 {
    score as u64
}

fn place_of(cursor: &str) -> Result<Place, ReadError> {
    let read = || {
        let (at, id) = cursor.split_once(' ')?;
        Some((at.parse().ok()?, id.to_owned()))
    };
    read().ok_or_else(|| ReadError::Cursor { cursor: cursor.to_owned() })
}
