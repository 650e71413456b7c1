// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When a task has something to do by itself, if nothing else happens.

use super::super::Execution;
use super::super::state::Timer;
use crate::InstanceIndex;
use std::cmp::Reverse;

/// Timers that are kept beyond those of what is open.
const SLACK: usize = 64;

impl Execution {
    pub(in crate::execution) fn arm(&mut self, task: InstanceIndex) {
        if let Some(at) = self.tasks[task].deadline() {
            self.forget_void_timers();
            if self.timers.is_empty() {
                self.timers.reserve(self.open.min(SLACK));
            }
            self.timers.push(Reverse(Timer { at, task }));
        }
    }

    /// Timers of attempts that ended in time are void, and a task whose deadline stays through several states has it several times; sweep them
    /// before they outnumber what is open. One for each task remains at most, so a sweep is paid for by what led to it.
    fn forget_void_timers(&mut self) {
        if self.timers.len() > 2 * self.open + SLACK {
            let mut timers = std::mem::take(&mut self.timers).into_vec();
            timers.retain(|Reverse(timer)| self.tasks[timer.task].deadline() == Some(timer.at));
            timers.sort_unstable();
            timers.dedup();
            self.timers = timers.into();
        }
    }
}
