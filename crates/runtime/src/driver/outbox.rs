// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Effects on their way out: those whose batch is not on record yet, by its number, and those that the host may take.
//!
//! ```text
//! owed for what a call led to ─▶ hold(number, …) ─▶ waiting ──Committed(number)──▶ ready ─▶ next()
//! owed for nothing that is recorded ───────────────────────────────────────────────▲
//! ```

use super::turns::Turns;
use crate::effect::{self, Number};
use crate::history::failure_in;
use crate::store::{BatchNumber, Partition, StepRecord};
use alphabet::Effect;
use alphabet::execution::Kind;
use engine::{Event, Failure};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// Which record of which execution is on record once its batch is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) slot: u32,
    pub(super) key: i64,
    pub(super) seq: u64,
    /// Whether the execution ends with it.
    pub(super) is_last: bool,
}

impl Mark {
    fn of(record: &StepRecord) -> Self {
        let is_last = matches!(record.events.last(), Some(Event::ExecutionEnded { .. }));
        Self { slot: record.slot, key: record.key, seq: record.seq, is_last }
    }
}

/// What one batch brings once it is on record.
#[derive(Debug, Default)]
pub(super) struct Owed {
    number: BatchNumber,
    /// Where it is lost; `None`: where this process has nothing to lose.
    partition: Option<Partition>,
    effects: Vec<Effect>,
    pub(super) marks: Vec<Mark>,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// In the order of their numbers.
    waiting: VecDeque<Owed>,
    ready: Turns,
    last: BatchNumber,
    /// Why what effects tell of has failed, until the host has handled them.
    failures: FxHashMap<(u32, Number), Arc<Failure>>,
    /// Those among them that the host has taken.
    taken: Vec<(u32, Number)>,
    /// Its lists have room, and are used again.
    spare: Owed,
}

impl Outbox {
    /// Holds what a batch with these records owes, and gives it a number.
    pub(super) fn hold(&mut self, partition: Option<Partition>, effects: &mut Vec<Effect>, records: &[StepRecord]) -> BatchNumber {
        let mut owed = std::mem::take(&mut self.spare);
        self.last = self.last.next();
        (owed.number, owed.partition) = (self.last, partition);
        std::mem::swap(&mut owed.effects, effects);
        owed.marks.extend(records.iter().map(Mark::of));
        self.waiting.push_back(owed);
        self.last
    }

    /// A batch is on record: what it owes is ready. What else it brings; `None` if nothing waits for this number.
    pub(super) fn committed(&mut self, number: BatchNumber) -> Option<Owed> {
        // As a rule the oldest.
        let place = self.waiting.iter().position(|owed| owed.number == number)?;
        let mut owed = self.waiting.remove(place)?;
        self.ready.extend(owed.effects.drain(..));
        Some(owed)
    }

    /// Takes back what [`Outbox::committed`] gave.
    pub(super) fn reuse(&mut self, mut owed: Owed) {
        owed.marks.clear();
        self.spare = owed;
    }

    /// These need not wait for a commit.
    pub(super) fn ready(&mut self, effects: impl IntoIterator<Item = Effect>) {
        self.ready.extend(effects);
    }

    /// The number of the first effect of an execution that the host has not taken, of those it may.
    pub(super) fn first_waiting(&self, slot: u32) -> Option<u64> {
        self.ready.first_of(slot)
    }

    /// The next that the host may take: those of one execution in their order, and executions with few before those with many.
    pub(super) fn next(&mut self) -> Option<Effect> {
        let effect = self.ready.pop()?;
        if let Effect::Execution(effect) = &effect
            && let Kind::Retrying { .. } | Kind::Failed { .. } = effect.kind
        {
            self.taken.push((effect.slot, Number::from_u64(effect.number)));
        }
        Some(effect)
    }

    /// The effect with this number, which is owed now, tells of this event.
    pub(super) fn tell_why(&mut self, slot: u32, number: Number, event: &Event) {
        if let Some(failure) = failure_in(event) {
            self.failures.insert((slot, number), Arc::clone(failure));
        }
    }

    /// Why what an effect tells of has failed.
    pub(super) fn failure(&self, slot: u32, number: Number) -> Option<Arc<Failure>> {
        self.failures.get(&(slot, number)).cloned()
    }

    /// The host has done what it has taken.
    pub(super) fn handled(&mut self) {
        for told in self.taken.drain(..) {
            self.failures.remove(&told);
        }
    }

    /// Nothing that is owed for an execution leaves any more.
    pub(super) fn let_go(&mut self, slot: u32) {
        let stays = |effect: &Effect| !effect::is_of(effect, slot);
        self.ready.retain(stays);
        self.waiting.iter_mut().for_each(|owed| owed.effects.retain(stays));
        self.failures.retain(|(of, _), _| *of != slot);
    }

    /// Nothing that waits for a partition is waited for.
    pub(super) fn lose(&mut self, partition: Partition) {
        self.waiting.retain(|owed| owed.partition != Some(partition));
    }

    /// Whether every batch is known to be on record.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Nothing leaves any more.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.ready.clear();
    }
}
