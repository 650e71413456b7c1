// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a live execution has already announced, read back from its journal: for listeners that come late, and for the story of a failure.

use super::Driver;
use super::effect::{Effect, EffectKind};
use crate::Error;
use engine::{Event, Failure, TaskIndex};
use stdx::Timestamp;

impl Driver {
    /// The effects of the committed records of an execution after the instant `since`, as they left or will leave when they first happened.
    pub fn history(&self, slot: u32, since: Timestamp) -> Result<Vec<Effect>, Error> {
        let live = self.slots.get(slot)?;
        let records = self.commit.journal(live.key, self.reader.as_ref())?;
        let mut effects = Vec::new();
        for record in records.iter().filter(|record| record.seq < live.acknowledged && record.at > since) {
            for event in &record.events {
                match event {
                    Event::AttemptStarted { task, attempt, .. } => {
                        effects.push(Effect { kind: EffectKind::Run, slot, task: task.get(), attempt: *attempt, first: 0, second: 0, at: record.at });
                    }
                    other => effects.extend(Effect::notice(slot, record.at, other)),
                }
            }
        }
        Ok(effects)
    }

    /// Why an attempt failed, from the journal.
    pub fn failure(&self, slot: u32, task: TaskIndex, attempt: u32) -> Result<Option<Failure>, Error> {
        let live = self.slots.get(slot)?;
        let records = self.commit.journal(live.key, self.reader.as_ref())?;
        let failure = records.into_iter().flat_map(|record| record.events).find_map(|event| match event {
            Event::RetryScheduled { task: of, attempt: which, failure, .. } | Event::TaskFailed { task: of, attempt: which, failure, .. }
                if of == task && which == attempt =>
            {
                Some(failure)
            }
            _ => None,
        });
        Ok(failure)
    }
}
