// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is known of attempts is read back from the entries it belongs to; and what a record carries beside.

use super::super::words::waited;
use super::{StoredEvent, later};
use crate::store::{Began, Carried, EndsCommitted, Print, Ran, Reads, Runner, Stall, StepRecord};
use engine::Event;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Type, agent if that is another name, instance, worker, process.
pub(super) type StoredRunner = (String, Option<String>, u32, Option<u32>, String);

pub(super) fn runner((of, agent, instance, worker, process): StoredRunner) -> Arc<Runner> {
    let of: Arc<str> = of.into();
    let agent = agent.map_or_else(|| Arc::clone(&of), Into::into);
    Arc::new(Runner { of, agent, instance, worker, process: process.into() })
}

/// What a record carries; `None` if that cannot be read.
#[expect(clippy::option_option, reason = "nothing is carried as a rule, and that is no error")]
pub(super) fn carried(at: Timestamp, committed: &[Vec<i64>], stalls: &[(i64, u64)]) -> Option<Option<Box<Carried>>> {
    if committed.is_empty() && stalls.is_empty() {
        return Some(None);
    }
    let ends = committed.iter().map(|ends| {
        let (first, executions) = ends.split_first()?;
        Some(EndsCommitted { at: later(at, *first), executions: executions.to_vec() })
    });
    let stalls = stalls.iter().map(|(end, micros)| Stall { at: later(at, *end), time: Duration::from_micros(*micros) }).collect();
    Some(Some(Box::new(Carried { ends: ends.collect::<Option<_>>()?, stalls })))
}

/// What an entry says of its attempts.
pub(super) struct Known<'a> {
    waited: Option<&'a str>,
    shared: Option<u64>,
    print: Option<&'a str>,
    prints: Option<Vec<Option<&'a str>>>,
    by: Option<By>,
    read: Option<StoredReads>,
    reads: Option<Vec<Option<StoredReads>>>,
    progress: Option<i64>,
}

impl<'a> Known<'a> {
    /// Leaves what belongs to the event itself.
    pub(super) fn take(event: &mut StoredEvent<'a>) -> Self {
        let is_start = event.event == "attemptStarted";
        Self {
            waited: event.waited.take(),
            shared: event.shared.take(),
            print: event.print.take_if(|_| is_start),
            prints: event.prints.take(),
            by: event.by.take(),
            read: event.read.take(),
            reads: event.reads.take(),
            progress: event.progress.take(),
        }
    }

    /// Adds it to the events of a record from `first` on; `None` if it is not of those.
    pub(super) fn add(self, first: usize, who: &[Arc<Runner>], record: &mut StepRecord) -> Option<()> {
        let Self { waited: word, shared, print, prints, by, read, reads, progress } = self;
        let StepRecord { at, events, began, ran, .. } = record;
        let rows = events.len() - first;
        let places = || (u32::try_from(first).unwrap_or(u32::MAX)..).take(rows);
        let (begins, ends) = (events.get(first).is_some_and(begins), events.get(first).is_some_and(ends));
        if word.is_some() || shared.is_some() || print.is_some() || prints.is_some() {
            let prints = each(rows, print, prints)?;
            let waited = match word {
                Some(word) => Some(waited(word).filter(|_| begins)?),
                None => None,
            };
            for (event, print) in places().zip(prints) {
                let print = optional_print(print)?;
                if waited.is_some() || shared.is_some() || print.is_some() {
                    began.push(Began { event, waited, print, shared });
                }
            }
            begins.then_some(())?;
        }
        if by.is_some() || read.is_some() || reads.is_some() || progress.is_some() {
            let by = match by {
                Some(By::One(place)) => vec![Some(place); rows],
                Some(By::Each(places)) => places,
                None => vec![None; rows],
            };
            let reads = each(rows, read, reads)?;
            if by.len() != rows || (progress.is_some() && rows > 1) {
                return None;
            }
            let progress = progress.map(|micros| later(*at, micros));
            for ((event, by), reads) in places().zip(by).zip(reads) {
                let by = match by {
                    Some(place) => Some(Arc::clone(who.get(place as usize)?)),
                    None => None,
                };
                let reads = reads.map_or(Reads::Unknown, |StoredReads(reads)| reads);
                if by.is_some() || reads != Reads::Unknown || progress.is_some() {
                    ran.push(Ran { event, by, reads, progress });
                }
            }
            ends.then_some(())?;
        }
        Some(())
    }
}

/// What all rows have, or each has.
fn each<T: Clone>(rows: usize, one: Option<T>, many: Option<Vec<Option<T>>>) -> Option<Vec<Option<T>>> {
    match (one, many) {
        (one, None) => Some(vec![one; rows]),
        (None, Some(many)) if many.len() == rows => Some(many),
        _ => None,
    }
}

fn begins(event: &Event) -> bool {
    matches!(event, Event::AttemptStarted { .. })
}

/// Whether an event tells that an attempt has ended.
fn ends(event: &Event) -> bool {
    matches!(
        event,
        Event::RetryScheduled { .. }
            | Event::FallbackTaken { .. }
            | Event::TaskFinishing { .. }
            | Event::TaskCompleted { .. }
            | Event::TaskFailed { .. }
            | Event::TaskCancelled { .. }
    )
}

/// A print that may be absent; `None` if it is none.
#[expect(clippy::option_option, reason = "what is absent is no error")]
pub(super) fn optional_print(text: Option<&str>) -> Option<Option<Print>> {
    match text {
        None => Some(None),
        Some(text) if text.len() == 16 => Some(Some(Print::from_str_radix(text, 16).ok()?)),
        Some(_) => None,
    }
}

/// One place for all rows, or one for each.
pub(super) enum By {
    One(u32),
    Each(Vec<Option<u32>>),
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Places;
        impl<'de> Visitor<'de> for Places {
            type Value = By;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place, or an array of places")
            }

            fn visit_u64<E: serde::de::Error>(self, place: u64) -> Result<By, E> {
                u32::try_from(place).map(By::One).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut places: A) -> Result<By, A::Error> {
                let mut each = Vec::new();
                while let Some(place) = places.next_element()? {
                    each.push(place);
                }
                Ok(By::Each(each))
            }
        }
        deserializer.deserialize_any(Places)
    }
}

/// `"all"`, `"none"`, or places.
#[derive(Clone)]
pub(super) struct StoredReads(Reads);

impl<'de> Deserialize<'de> for StoredReads {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Places;
        impl<'de> Visitor<'de> for Places {
            type Value = StoredReads;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\", \"none\" or an array of places up to 31")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<StoredReads, E> {
                match word {
                    "all" => Ok(StoredReads(Reads::All)),
                    "none" => Ok(StoredReads(Reads::Nothing)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut places: A) -> Result<StoredReads, A::Error> {
                let mut bits = 0;
                while let Some(place) = places.next_element::<u32>()? {
                    let bit = 1_u32.checked_shl(place);
                    let wrong = serde::de::Unexpected::Unsigned(place.into());
                    bits |= bit.ok_or_else(|| serde::de::Error::invalid_value(wrong, &"a place up to 31"))?;
                }
                Ok(StoredReads(Reads::Some(bits)))
            }
        }
        deserializer.deserialize_any(Places)
    }
}
