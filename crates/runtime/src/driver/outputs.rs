// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Outputs that executions take over from each other.
//!
//! ```text
//! Command::LookUp ─▶ the store, which answers when it can: the task stays where it is until then
//!                               ┌─ nothing ───────────────────────────────────────────▶ Input::LookedUp
//!                               └─ an output ─▶ Input::LookedUp ─▶ no schema: it is the end
//!                                                   └─ Command::Review ─▶ the host's schema ─▶ Input::Reviewed
//! ```
//! What is kept is what the agent gave, and what a schema makes of that is made anew for whoever takes it over: a hit is the same answer once more.
//! It is kept by the task's key, which the engine makes, and by who made it, which only the pool knows.
//!
//! An output is there from the moment its task completes: until its commit is acknowledged the store may not know it, so `Fresh` does. Whoever takes it over
//! stands later in the same commit, or in a later one.

use super::Driver;
use super::agents::Agents;
use super::asked::Purpose;
use super::slots::Live;
use crate::Error;
use crate::store::{CachedOutput, Question};
use engine::{Event, Failure, Input, InstanceIndex, Output, PlannedTask};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use stdx::Timestamp;

/// What an execution knows of outputs that are kept, in this process.
#[derive(Default)]
pub(super) struct Outputs {
    /// What agents gave, before a schema made something of it.
    given: FxHashMap<InstanceIndex, Arc<str>>,
    /// Where the outputs of tasks were looked for.
    places: FxHashMap<InstanceIndex, Arc<str>>,
    /// What a schema is asked about.
    candidates: FxHashMap<InstanceIndex, Arc<str>>,
}

impl Outputs {
    /// Whether a schema is asked about one, or an attempt is about to be settled with what it gave.
    pub(super) fn asks(&self) -> bool {
        !self.candidates.is_empty() || !self.given.is_empty()
    }
}

/// Outputs that are kept and whose commit is not acknowledged yet, by where they are kept.
#[derive(Default)]
pub(super) struct Fresh {
    outputs: FxHashMap<Arc<str>, (CachedOutput, Origin)>,
    /// Which of them each record brings.
    brought: FxHashMap<Origin, Vec<Arc<str>>>,
}

/// The record an output stands in: the key of its execution, and its place there.
type Origin = (i64, u64);

impl Fresh {
    /// An output that is to be kept goes into the same commit as what it came of.
    pub(super) fn keep(&mut self, kept: Option<CachedOutput>, origin: Origin, batch: &mut Vec<CachedOutput>) {
        let Some(cached) = kept else { return };
        batch.push(cached.clone());
        self.brought.entry(origin).or_default().push(Arc::clone(&cached.key));
        self.outputs.insert(Arc::clone(&cached.key), (cached, origin));
    }

    fn get(&self, place: &str, now: Timestamp) -> Option<Arc<str>> {
        let (cached, _) = self.outputs.get(place)?;
        (cached.until > now).then(|| Arc::clone(&cached.output))
    }

    /// Nothing of an execution will be on record any more.
    pub(super) fn let_go(&mut self, key: i64) {
        self.brought.retain(|(of, _), _| *of != key);
        self.outputs.retain(|_, (_, (of, _))| *of != key);
    }

    /// From now on the store knows what the record brought.
    pub(super) fn committed(&mut self, key: i64, seq: u64) {
        let origin = (key, seq);
        for place in self.brought.remove(&origin).into_iter().flatten() {
            // A later one may have taken its place.
            if self.outputs.get(&place).is_some_and(|(_, latest)| *latest == origin) {
                self.outputs.remove(&place);
            }
        }
    }
}

impl Driver {
    /// What an attempt gave that is about to be settled with what its schema made of it.
    pub fn gave(&mut self, slot: u32, task: InstanceIndex, given: Arc<str>) {
        if let Ok(live) = self.slots.get_live(slot) {
            live.outputs().given.insert(task, given);
        }
    }

    /// The output that a schema is asked about, JSON text.
    pub fn candidate(&self, slot: u32, task: InstanceIndex) -> Result<Option<Arc<str>>, Error> {
        let outputs = self.slots.get(slot)?.outputs.as_ref();
        Ok(outputs.and_then(|outputs| outputs.candidates.get(&task).cloned()))
    }

    /// What the schema made of it, JSON text, or why it does not fit.
    pub fn reviewed(&mut self, slot: u32, task: InstanceIndex, result: Result<Arc<str>, Failure>) -> Result<(), Error> {
        self.slots.get_live(slot)?.outputs().candidates.remove(&task);
        self.input(slot, Input::Reviewed { task, result })
    }

    /// Answers what tasks ask of the outputs that are kept, or asks the store.
    pub(super) fn look_up(&mut self, slot: u32, asked: Vec<(InstanceIndex, Arc<str>)>) -> Result<(), Error> {
        for (task, key) in asked {
            let now = self.now();
            let live = self.slots.get_live(slot)?;
            let place = place_of(self.agents.as_mut(), live.execution.planned(task), &key);
            live.outputs().places.insert(task, Arc::clone(&place));
            let key = live.key;
            match self.fresh.get(&place, now) {
                Some(output) => self.input(slot, Input::LookedUp { task, found: Some(output) })?,
                None => self.ask(Question::Cached(place, now), Purpose::LookUp { slot, key, task }),
            }
        }
        Ok(())
    }

    /// The store has answered. The task may have been stopped meanwhile: then it has no use for it.
    pub(super) fn looked_up(&mut self, slot: u32, key: i64, task: InstanceIndex, found: Option<Arc<str>>) -> Result<(), Error> {
        if self.slots.get_mut(slot, key).is_none() {
            return Ok(());
        }
        self.input(slot, Input::LookedUp { task, found })
    }
}

impl Live {
    fn outputs(&mut self) -> &mut Outputs {
        self.outputs.get_or_insert_default()
    }

    pub(super) fn ask_about(&mut self, task: InstanceIndex, candidate: Arc<str>) {
        self.outputs().candidates.insert(task, candidate);
    }
}

/// The output of a task that completes, if it is to be kept for others.
pub(super) fn kept(live: &mut Live, agents: Option<&mut Agents>, now: Timestamp, event: &Event) -> Option<CachedOutput> {
    let Event::TaskCompleted { task, output: Output::Json(output), .. } = event else { return None };
    let (key, ttl) = live.execution.cache_key(*task)?;
    let planned = live.execution.planned(*task);
    let place = place_of(agents, planned, key);
    let until = ttl.map_or(Timestamp::from_micros(u64::MAX >> 1), |ttl| now.after(ttl));
    let is_judged = planned.output_schema.is_some();
    let outputs = live.outputs();
    let given = outputs.given.remove(task);
    // Somebody else was registered meanwhile, and who made this is not certain.
    if outputs.places.remove(task).is_some_and(|before| before != place) {
        return None;
    }
    // What the agent gave is not known any more if its process ended before the last of what it spawned did.
    let output = if is_judged { given } else { Some(Arc::clone(output)) };
    output.map(|output| CachedOutput { key: place, output, until })
}

fn place_of(agents: Option<&mut Agents>, planned: &PlannedTask, key: &Arc<str>) -> Arc<str> {
    match agents.and_then(|agents| agents.maker(planned)) {
        Some(maker) => stdx::sha256_hex(&format!("{key} {maker}")).into(),
        None => Arc::clone(key),
    }
}
