// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether an execution only waits.

use super::{Execution, Phase, TaskState};

impl Execution {
    /// Whether nothing of it is under way, and nothing was asked: what comes next is a signal, a request or a time that passes, and a machine that was rebuilt
    /// from the journal hears that as well as this one. Of an execution that was rebuilt and not recovered it says nothing.
    pub fn is_idle(&self) -> bool {
        let may_stand = self.paused;
        self.phase == Phase::Running
            && self.running == 0
            && self.resting.is_empty()
            && !self.asleep
            && self.tasks.iter().all(|(_, record)| match record.state {
                // What a pause holds back is looked at again when that is over.
                TaskState::Released { .. } | TaskState::Ready { .. } => may_stand && !record.asked,
                TaskState::Running { .. } | TaskState::Aborting { .. } | TaskState::Finishing { .. } => false,
                TaskState::Waiting
                | TaskState::Awaiting { .. }
                | TaskState::Backoff { .. }
                | TaskState::Active { .. }
                | TaskState::Completed { .. }
                | TaskState::Failed { .. }
                | TaskState::Skipped { .. }
                | TaskState::Cancelled { .. } => true,
            })
    }

    /// Whether nothing is to be done for it at `now`, though the process that began it is gone: to recover it would record nothing and owe nothing. It is
    /// of no use after that.
    pub fn needs_nothing(mut self, now: stdx::Timestamp) -> bool {
        let mut step = super::Step::default();
        self.handle(now, super::Input::Recover, &mut step);
        step.events.is_empty() && step.commands.is_empty() && self.is_idle() && self.due().is_none_or(|due| due > now)
    }
}
