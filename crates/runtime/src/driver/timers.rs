// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When a driver has something to do: one deadline for each live execution, earliest first. Which task it is about is the execution's own
//! business.

use super::Driver;
use super::parking::Waking;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use stdx::Timestamp;

/// Deadlines by time. Those of executions that ended in time stay until they come up, and then wake nobody.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, u32, i64)>>,
}

impl Timers {
    pub(super) fn push(&mut self, at: Timestamp, slot: u32, key: i64) {
        self.heap.push(Reverse((at, slot, key)));
    }

    /// The slot and key of an execution whose deadline has come.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(u32, i64)> {
        let Reverse((at, ..)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, slot, key))| (slot, key))
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(Timestamp, u32, i64) -> bool) {
        self.heap.retain(|Reverse((at, slot, key))| keep(*at, *slot, *key));
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }
}

impl Driver {
    /// What its clock shows: a host whose own is behind moves that ahead, so that both agree.
    pub fn clock(&self) -> Timestamp {
        self.clock.read()
    }

    /// When [`Driver::pull`] should be called even if nothing else happens. It may be early, but not if the clock is one that is set: a test
    /// that moves it from one deadline to the next would stop where nothing happens.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if !self.resting.is_empty() {
            return Some(self.clock.read());
        }
        let is_set = self.clock.is_set();
        // How a pool keeps its agents is nothing that happens in a test, unless somebody waits for one.
        let pool = self.agents.as_ref().filter(|agents| !is_set || agents.pool.is_wanted());
        let due = if is_set {
            let parked = self.slots.iter_parked().filter(|parked| !parked.is_asleep && parked.waking != Waking::Due);
            let live = self.slots.iter().filter(|live| live.armed.is_some()).filter_map(|live| live.execution.due());
            live.chain(parked.filter_map(|parked| parked.due)).min()
        } else {
            self.timers.next()
        };
        let pool = pool.and_then(|agents| agents.pool.next_deadline());
        let planned = self.schedules.next().filter(|_| self.shortage.is_none());
        due.into_iter().chain(planned).chain(pool).min()
    }

    /// Deadlines of executions that ended in time are void; sweep them before they outnumber the live ones.
    pub(super) fn forget_void_timers(&mut self) {
        const SLACK: usize = 4096;
        if self.timers.len() > 2 * self.statistics.active + SLACK {
            let slots = &mut self.slots;
            self.timers.retain(|at, slot, key| match slots.get_mut(slot, key) {
                Some(live) => live.armed == Some(at) && live.execution.open() > 0,
                None => slots.parked(slot).is_some_and(|parked| parked.key == key && !parked.is_asleep && parked.due == Some(at)),
            });
        }
    }
}
