// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What may leave. Executions take turns, and those that have few effects leave first, so that a small one does not wait behind a fan-out.
//!
//! The rule is that of FQ-CoDel (RFC 8290) over executions, without its dropping: an execution of which nothing waits is new when something comes, and new
//! ones go before the others; with [`QUANTUM`] effects it has had its turn and is one of the others, which take turns of as many. One that runs empty while others
//! wait has to wait for a turn before it is new again, so that many small ones do not starve a large one. The effects of one execution never change their order.

use alphabet::{Effect, schedule};
use std::collections::VecDeque;

/// How many effects of one execution leave in a row, while others wait.
const QUANTUM: u32 = 64;

/// What of an execution is given back when it has left, beyond which there is nothing to be gained by keeping it.
const KEPT_MAX: usize = 1024;

/// Effects that the host may take.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Those of no execution, and what is told of one before anything else: they leave at once.
    first: VecDeque<Effect>,
    /// By slot.
    flows: Vec<Flow>,
    new: VecDeque<u32>,
    old: VecDeque<u32>,
}

/// What waits of one execution.
#[derive(Debug, Default)]
struct Flow {
    effects: VecDeque<Effect>,
    /// How many more may leave in this turn.
    left: u32,
    /// Whether it is among the new or the old ones.
    waits: bool,
}

impl Turns {
    /// These may leave.
    pub(super) fn extend(&mut self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::Execution(of) => self.push(of.slot, effect),
                // That it began an execution comes before what is heard of that.
                Effect::Schedule(schedule::Effect { .. }) | Effect::Store(_) | Effect::Pool(_) => self.first.push_back(effect),
            }
        }
    }

    /// Of those that wait only these leave.
    pub(super) fn retain(&mut self, stays: impl Fn(&Effect) -> bool) {
        self.first.retain(&stays);
        self.flows.iter_mut().for_each(|flow| flow.effects.retain(&stays));
    }

    /// Nothing leaves any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn push(&mut self, slot: u32, effect: Effect) {
        let place = slot as usize;
        if place >= self.flows.len() {
            self.flows.resize_with(place + 1, Flow::default);
        }
        let Some(flow) = self.flows.get_mut(place) else { return };
        flow.effects.push_back(effect);
        if !flow.waits {
            (flow.waits, flow.left) = (true, QUANTUM);
            self.new.push_back(slot);
        }
    }

    /// The number of the next effect of an execution that leaves.
    pub(super) fn first_of(&self, slot: u32) -> Option<u64> {
        let effect = self.flows.get(slot as usize)?.effects.front()?;
        effect.execution().map(|effect| effect.number)
    }

    /// The next one that leaves.
    pub(super) fn pop(&mut self) -> Option<Effect> {
        if let Some(effect) = self.first.pop_front() {
            return Some(effect);
        }
        loop {
            let is_new = !self.new.is_empty();
            let slot = *if is_new { self.new.front() } else { self.old.front() }?;
            let flow = self.flows.get_mut(slot as usize)?;
            if flow.left > 0
                && let Some(effect) = flow.effects.pop_front()
            {
                flow.left -= 1;
                return Some(effect);
            }
            let from = if is_new { &mut self.new } else { &mut self.old };
            from.pop_front();
            if flow.effects.is_empty() && (!is_new || self.old.is_empty()) {
                flow.waits = false;
                if flow.effects.capacity() > KEPT_MAX {
                    flow.effects = VecDeque::new();
                }
            } else {
                flow.left = QUANTUM;
                self.old.push_back(slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alphabet::{execution, pool};

    fn effect(slot: u32, task: u32) -> Effect {
        Effect::Execution(execution::Effect { slot, task, attempt: 1, at: 0, number: 0, kind: execution::Kind::Opened })
    }

    fn of(effect: Effect) -> (u32, u32) {
        effect.execution().map_or((u32::MAX, 0), |effect| (effect.slot, effect.task))
    }

    fn drain(turns: &mut Turns) -> Vec<(u32, u32)> {
        std::iter::from_fn(|| turns.pop()).map(of).collect()
    }

    #[test]
    fn a_small_execution_leaves_before_what_waits_of_a_large_one() {
        let mut turns = Turns::default();
        turns.extend((0..10_000).map(|task| effect(0, task)));
        for task in 0..100 {
            assert_eq!(turns.pop().map(of), Some((0, task)));
        }
        turns.extend((0..3).map(|task| effect(1, task)));
        let rest = drain(&mut turns);
        assert_eq!(rest[..4], [(1, 0), (1, 1), (1, 2), (0, 100)]);
        assert_eq!(rest.len(), 9_903);
    }

    #[test]
    fn large_ones_take_turns_and_each_keeps_its_order() {
        let mut turns = Turns::default();
        for task in 0..1000 {
            turns.extend([effect(0, task), effect(1, task)]);
        }
        let left = drain(&mut turns);
        for slot in [0, 1] {
            let own: Vec<u32> = left.iter().filter(|(of, _)| *of == slot).map(|(_, task)| *task).collect();
            assert!(own.iter().copied().eq(0..1000));
        }
        for half in left.chunks(2 * QUANTUM as usize) {
            let ones = half.iter().filter(|(slot, _)| *slot == 1).count();
            assert_eq!(ones, half.len() / 2);
        }
    }

    #[test]
    fn small_ones_that_never_stop_coming_do_not_starve_a_large_one() {
        let mut turns = Turns::default();
        turns.extend((0..1000).map(|task| effect(0, task)));
        let mut left = 0;
        for _ in 0..1000 {
            // Each time one is gone there is another.
            turns.extend([effect(1, 0), effect(2, 0)]);
            left += (0..3).filter_map(|_| turns.pop()).filter(|effect| of(*effect).0 == 0).count();
        }
        assert!(left > 300, "only {left} of the large one have left");
    }

    #[test]
    fn what_is_of_no_execution_leaves_at_once_and_one_begun_by_a_schedule_is_heard_of_first() {
        let mut turns = Turns::default();
        turns.extend((0..1000).map(|task| effect(0, task)));
        let fired = Effect::Schedule(schedule::Effect { schedule: 7, at: 0, kind: schedule::Kind::Fired { slot: 1, planned: 0 } });
        let check = Effect::Pool(pool::Effect { at: 0, kind: pool::Kind::CheckAgent { instance: 1 } });
        turns.extend([effect(0, 1000), fired, effect(1, 0), check]);
        assert_eq!((turns.pop(), turns.pop()), (Some(fired), Some(check)));
        assert_eq!(drain(&mut turns).len(), 1002);
        assert!(turns.pop().is_none());
    }
}
