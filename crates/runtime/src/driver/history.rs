// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a live execution has already announced, read back from its journal: for listeners that come late, and for the story of a failure.

use super::Driver;
use crate::Error;
use crate::effect::Number;
use crate::history::{Failures, effects_of, failures_of};
use crate::store::Archive;
use alphabet::Effect;
use engine::{Event, Failure, InstanceIndex};
use std::sync::Arc;
use stdx::Timestamp;

impl Driver {
    /// What is on record, for other threads.
    pub fn archive(&self) -> Result<Box<dyn Archive>, Error> {
        Ok(self.backend.archive()?)
    }

    /// The effects of the committed records of an execution from the instant `since` and after the number `after`, as they left or will leave
    /// when they first happened. What is before `after` is not read, so that an attempt may count too few interruptions then.
    pub fn history(&self, slot: u32, since: Timestamp, after: Option<Number>) -> Result<Vec<Effect>, Error> {
        let live = self.slots.get(slot)?;
        let records = self.archive.journal(live.key, after.map_or(0, Number::record))?;
        let committed = records.iter().filter(|record| record.seq < live.acknowledged);
        let accepted = Some(live.accepted).filter(|_| live.acknowledged > 0);
        let mut effects = effects_of(slot, accepted, committed, since);
        if let Some(after) = after {
            effects.retain(|effect| effect.execution().is_some_and(|effect| effect.number > after.get()));
        }
        Ok(effects)
    }

    /// Why each attempt failed that did, by the number of its effect.
    pub fn failures(&self, slot: u32) -> Result<Failures, Error> {
        let records = self.archive.journal(self.slots.get(slot)?.key, 0)?;
        Ok(failures_of(&records))
    }

    /// Why an attempt failed: as the execution knows it, or from the journal.
    pub fn failure(&self, slot: u32, task: InstanceIndex, attempt: u32) -> Result<Option<Arc<Failure>>, Error> {
        let live = self.slots.get(slot)?;
        if let Some(failure) = live.execution.failure_of(task, attempt) {
            return Ok(Some(Arc::clone(failure)));
        }
        let records = self.archive.journal(live.key, 0)?;
        let failure = records.into_iter().flat_map(|record| record.events).find_map(|event| {
            let (Event::RetryScheduled { task: of, attempt: which, failure, .. }
            | Event::FallbackTaken { task: of, attempt: which, failure, .. }
            | Event::TaskFailed { task: of, attempt: which, failure, .. }) = event
            else {
                return None;
            };
            (of == task && which == attempt).then_some(failure)
        });
        Ok(failure)
    }
}
