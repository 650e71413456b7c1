// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One deadline for each live execution, earliest first. Which task it is about is the execution's own business.

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
