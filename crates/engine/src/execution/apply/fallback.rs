// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What it does to the state that something stands in for a task.

use super::super::state::Fallen;
use super::super::{Event, Execution, TaskState};
use std::sync::Arc;
use stdx::Timestamp;

impl Execution {
    /// It is ready for what stands in for it; the first failure stays the reason.
    pub(super) fn fall_back(&mut self, at: Timestamp, event: &Event) {
        let Event::FallbackTaken { task, attempt, start, failure, place, again, input, .. } = event else { return };
        let (task, attempt) = (*task, *attempt);
        self.leave_lane(task);
        if attempt > 0 {
            self.tasks[task].first_start.get_or_insert(*start);
        }
        let more = self.tasks[task].more();
        let first = more.fallen.take().map_or_else(|| Arc::clone(failure), |fallen| fallen.failure);
        more.fallen = Some(Fallen { place: Some(*place), failure: first });
        more.failed = Some((attempt, Arc::clone(failure)));
        // What another gives is not what others are to take over, and what it crashes is its own.
        (more.crashes, more.cache_key) = (0, None);
        // Nor has it taken the steps of the one before.
        more.steps = None;
        if *again {
            more.input.clone_from(input);
            self.queue_for_lane(task);
        } else {
            // A value takes no time.
            more.total_deadline = None;
        }
        self.set(task, TaskState::Ready { attempt: attempt + 1, ready: at, ready_by: None });
    }
}
