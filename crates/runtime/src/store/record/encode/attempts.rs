// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is known of attempts becomes text, in the entries it belongs to; and what a record carries beside.

use super::super::words::waited_name;
use super::{Writer, json_string};
use crate::store::{Began, Carried, EndsCommitted, Ran, Reads, Runner, Stall};
use rustc_hash::FxHashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What is known of attempts, from the event at this place on.
#[derive(Clone, Copy)]
pub(super) struct Beside<'r> {
    pub(super) place: u32,
    pub(super) began: &'r [Began],
    pub(super) ran: &'r [Ran],
}

impl<'r> Beside<'r> {
    /// What is known of the attempt of each event, that as it begins.
    pub(super) fn began(self) -> impl Iterator<Item = Option<&'r Began>> + Clone {
        aligned(self.place, self.began, |began| began.event)
    }

    /// That as it ends.
    pub(super) fn ran(self) -> impl Iterator<Item = Option<&'r Ran>> + Clone {
        aligned(self.place, self.ran, |ran| ran.event)
    }

    /// Whether an event is one of so many from here on.
    pub(super) fn is_within(self, event: u32, events: usize) -> bool {
        event.checked_sub(self.place).is_some_and(|ahead| (ahead as usize) < events)
    }

    /// From so many events later on.
    pub(super) fn after(self, events: usize) -> Self {
        let place = self.place.saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
        let skipped = |places: &mut dyn Iterator<Item = u32>| places.take_while(|of| *of < place).count();
        let began = self.began.get(skipped(&mut self.began.iter().map(|began| began.event))..).unwrap_or_default();
        let ran = self.ran.get(skipped(&mut self.ran.iter().map(|ran| ran.event))..).unwrap_or_default();
        Self { place, began, ran }
    }
}

/// For each event from a place on, what is known of it.
fn aligned<T>(from: u32, known: &[T], place: impl Fn(&T) -> u32 + Clone) -> impl Iterator<Item = Option<&T>> + Clone {
    (from..).scan(known, move |rest, event| match rest.split_first() {
        Some((first, others)) if place(first) == event => {
            *rest = others;
            Some(Some(first))
        }
        _ => Some(None),
    })
}

/// Those who did attempts, in the order in which they are first named.
#[derive(Default)]
pub(super) struct Who<'r> {
    list: Vec<&'r Arc<Runner>>,
    /// The places of those in a long list.
    places: FxHashMap<*const Runner, u32>,
}

/// A list up to this long is looked through.
const LOOKED_THROUGH: usize = 8;

impl<'r> Who<'r> {
    fn place(&mut self, runner: &'r Arc<Runner>) -> u32 {
        let known = if self.places.is_empty() {
            self.list.iter().position(|known| Arc::ptr_eq(known, runner)).and_then(|place| u32::try_from(place).ok())
        } else {
            self.places.get(&Arc::as_ptr(runner)).copied()
        };
        known.unwrap_or_else(|| {
            let place = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
            self.list.push(runner);
            if self.list.len() > LOOKED_THROUGH {
                self.places.extend(self.list.iter().zip(0..).skip(self.places.len()).map(|(runner, place)| (Arc::as_ptr(runner), place)));
            }
            place
        })
    }
}

impl<'r> Writer<'_, 'r> {
    /// What is known of attempts that begin.
    pub(super) fn began(&mut self, rows: impl Iterator<Item = Option<&'r Began>> + Clone) {
        if let Some(Some(first)) = rows.clone().next() {
            self.optional_string("waited", first.waited.map(waited_name));
            if let Some(revision) = first.shared {
                self.number("shared", revision);
            }
        }
        let prints = rows.map(|began| began.and_then(|began| began.print));
        self.each("print", "prints", prints, Self::print);
    }

    /// What is known of attempts that have ended.
    pub(super) fn ran(&mut self, rows: impl Iterator<Item = Option<&'r Ran>> + Clone) {
        let by = rows.clone().map(|ran| ran.and_then(|ran| ran.by.as_ref()));
        let places: Vec<Option<u32>> = by.map(|by| by.map(|runner| self.who.place(runner))).collect();
        self.each("by", "by", places.iter().copied(), |writer, place| writer.text.push_str(itoa::Buffer::new().format(place)));
        let reads = rows.clone().map(|ran| ran.map(|ran| ran.reads).filter(|reads| *reads != Reads::Unknown));
        self.each("read", "reads", reads, Self::reads);
        if let Some(progress) = rows.take(1).flatten().find_map(|ran| ran.progress) {
            self.instant("progress", progress);
        }
    }

    /// What is the same for all rows once, else a list of each.
    fn each<T: PartialEq>(&mut self, one: &str, many: &str, rows: impl Iterator<Item = Option<T>> + Clone, write: impl Fn(&mut Self, T)) {
        let Some(first) = rows.clone().next() else { return };
        if rows.clone().all(|row| row == first) {
            if let Some(value) = first {
                self.name(one);
                write(self, value);
            }
            return;
        }
        self.list(many, rows, |writer, row| match row {
            Some(value) => write(writer, value),
            None => writer.text.push_str("null"),
        });
    }

    /// As text, since it is no number that every reader of JSON has.
    pub(super) fn print(&mut self, print: u64) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "\"{print:016x}\"");
    }

    fn reads(&mut self, reads: Reads) {
        match reads {
            Reads::Unknown => self.text.push_str("null"),
            Reads::Nothing => self.text.push_str("\"none\""),
            Reads::All => self.text.push_str("\"all\""),
            Reads::Some(places) => {
                self.text.push('[');
                for (at, place) in (0..u32::BITS).filter(|place| places >> place & 1 == 1).enumerate() {
                    if at > 0 {
                        self.text.push(',');
                    }
                    self.text.push_str(itoa::Buffer::new().format(place));
                }
                self.text.push(']');
            }
        }
    }

    /// Those that `by` names by their places.
    pub(super) fn who(&mut self) {
        let who = std::mem::take(&mut self.who.list);
        if who.is_empty() {
            return;
        }
        self.list("who", who.into_iter(), |writer, runner| {
            let Runner { of, agent, instance, worker, process } = &**runner;
            let agent = if agent == of { "null".to_owned() } else { json_string(agent) };
            let worker = worker.map_or_else(|| "null".to_owned(), |worker| worker.to_string());
            let _ = write!(writer.text, "[{},{agent},{instance},{worker},{}]", json_string(of), json_string(process));
        });
    }

    pub(super) fn carried(&mut self, Carried { ends, stalls }: &Carried) {
        if !ends.is_empty() {
            self.list("committed", ends.iter(), |writer, EndsCommitted { at, executions }| {
                writer.text.push('[');
                writer.difference(*at);
                for key in executions {
                    writer.text.push(',');
                    writer.text.push_str(itoa::Buffer::new().format(*key));
                }
                writer.text.push(']');
            });
        }
        if !stalls.is_empty() {
            self.list("stalls", stalls.iter(), |writer, Stall { at, time }| {
                writer.text.push('[');
                writer.difference(*at);
                let _ = write!(writer.text, ",{}]", time.as_micros());
            });
        }
    }
}
