// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is committed, followed: each partition has a stream that says which records each commit has appended.
//!
//! A cursor is a place in each of the streams, `partition=id of the entry.records of it that were taken`, in a row with commas.

use super::RedisArchive;
use redis::Pipeline;
use runtime::store::{Cursor, Followed, FollowedRecord, Partition, ReadError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries of a stream that are read with one question.
const ENTRIES: usize = 100;

/// A place in one stream.
#[derive(Clone, Debug)]
struct Place {
    entry: String,
    taken: u64,
}

/// An entry: its id, and fields in pairs: an execution, and its first record with their number.
type Entry = (String, Vec<String>);

impl RedisArchive {
    pub(super) fn followed(&self, cursor: &Cursor, limit: usize) -> Result<Followed, ReadError> {
        let mut places = places_of(cursor)?;
        let mut records = Vec::new();
        let partitions: Vec<Partition> = self.namespace.partitions().collect();
        let mut question = Pipeline::new();
        for partition in &partitions {
            // An entry that was not taken whole is read again.
            let first = match places.get(&partition.get()) {
                Some(place) => place.entry.as_str(),
                None => "-",
            };
            let key = format!("{}feed", self.namespace.prefix(*partition));
            question.cmd("XRANGE").arg(key).arg(first).arg("+").arg("COUNT").arg(ENTRIES);
        }
        let answers: Vec<Vec<Entry>> = self.reading.ask_all(&question)?;
        for (partition, entries) in partitions.iter().zip(answers) {
            let known = places.get(&partition.get()).cloned();
            // The one that was followed last is there as long as nothing after it is gone.
            if let Some(known) = &known
                && entries.first().is_none_or(|(first, _)| *first != known.entry)
            {
                return Err(ReadError::Follow { cursor: cursor.as_str().to_owned() });
            }
            for (entry, fields) in entries {
                if records.len() >= limit {
                    break;
                }
                let before = known.as_ref().filter(|known| known.entry == entry).map_or(0, |known| known.taken);
                let taken = self.entry(&fields, before, limit - records.len(), &mut records)?;
                places.insert(partition.get(), Place { entry, taken: before + taken });
            }
        }
        Ok(Followed { records, cursor: Cursor::kept(&text_of(&places)) })
    }

    /// Takes records of an entry after so many of them; how many it took.
    fn entry(&self, fields: &[String], skip: u64, most: usize, into: &mut Vec<FollowedRecord>) -> Result<u64, ReadError> {
        let (mut passed, mut taken) = (0, 0);
        for pair in fields.chunks_exact(2) {
            let [id, range] = pair else { continue };
            let Some((first, count)) = range_of(range) else { continue };
            let from = skip.saturating_sub(passed).min(count);
            passed += count;
            let wanted = (count - from).min((most as u64).saturating_sub(taken));
            if wanted == 0 {
                continue;
            }
            let id: Arc<str> = Arc::from(id.as_str());
            let key = self.names.key(&id);
            // One that was deleted since has none.
            for record in self.records(&id, first + from, Some(wanted))? {
                into.push(FollowedRecord { id: Arc::clone(&id), key, bytes: 0, record: Ok(record) });
            }
            taken += wanted;
        }
        Ok(taken)
    }
}

fn range_of(text: &str) -> Option<(u64, u64)> {
    let (first, count) = text.split_once(' ')?;
    Some((first.parse().ok()?, count.parse().ok()?))
}

fn places_of(cursor: &Cursor) -> Result<BTreeMap<u32, Place>, ReadError> {
    let refused = || ReadError::Follow { cursor: cursor.as_str().to_owned() };
    let read = |text: &str| {
        let (partition, place) = text.split_once('=')?;
        let (entry, taken) = place.split_once('.')?;
        Some((partition.parse().ok()?, Place { entry: entry.to_owned(), taken: taken.parse().ok()? }))
    };
    let places = cursor.as_str().split(',').filter(|text| !text.is_empty());
    places.map(|text| read(text).ok_or_else(refused)).collect()
}

fn text_of(places: &BTreeMap<u32, Place>) -> String {
    let places: Vec<String> = places.iter().map(|(partition, Place { entry, taken })| format!("{partition}={entry}.{taken}")).collect();
    places.join(",")
}
