// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a live execution has already announced, read back from its journal: for listeners that come late, and for the story of a failure.

use super::Driver;
use super::effect::Effect;
use crate::store::{SqliteReader, StepRecord};
use crate::{Archive, Error};
use engine::{Event, Failure, InstanceIndex};
use std::sync::Arc;
use stdx::Timestamp;

impl Driver {
    /// What is on record, for other threads; `None` if that is not in a file.
    pub fn archive(&self) -> Result<Option<Archive>, Error> {
        let reader = self.reader.as_ref().map(SqliteReader::another).transpose()?;
        Ok(reader.map(Archive::over))
    }

    /// The effects of the committed records of an execution after the instant `since`, as they left or will leave when they first happened.
    pub fn history(&self, slot: u32, since: Timestamp) -> Result<Vec<Effect>, Error> {
        let live = self.slots.get(slot)?;
        let records = self.commit.journal(live.key, self.reader.as_ref())?;
        let committed = records.iter().filter(|record| record.seq < live.acknowledged);
        let accepted = Some(live.accepted).filter(|_| live.acknowledged > 0);
        Ok(effects_of(slot, accepted, committed, since))
    }

    /// Why an attempt failed, from the journal.
    pub fn failure(&self, slot: u32, task: InstanceIndex, attempt: u32) -> Result<Option<Arc<Failure>>, Error> {
        let live = self.slots.get(slot)?;
        let records = self.commit.journal(live.key, self.reader.as_ref())?;
        let failure = records.into_iter().flat_map(|record| record.events).find_map(|event| {
            let (Event::RetryScheduled { task: of, attempt: which, failure, .. }
            | Event::TaskFailed { task: of, attempt: which, failure, .. }) = event
            else {
                return None;
            };
            (of == task && which == attempt).then_some(failure)
        });
        Ok(failure)
    }
}

/// The effects of records after the instant `since`, as they left when they first happened; `accepted`: when the execution was, if that is on record.
pub(crate) fn effects_of<'a>(
    slot: u32,
    accepted: Option<Timestamp>,
    records: impl Iterator<Item = &'a StepRecord>,
    since: Timestamp,
) -> Vec<Effect> {
    let mut effects: Vec<Effect> = accepted.filter(|at| *at > since).map(|at| Effect::accepted(slot, at)).into_iter().collect();
    let mut interrupted = Vec::new();
    for record in records {
        for event in &record.events {
            if let Event::AttemptInterrupted { task, .. } = event {
                interrupted.push(*task);
            }
            if record.at <= since {
                continue;
            }
            effects.extend(Effect::notice(slot, record.at, event));
            if let Event::AttemptStarted { task, attempt, .. } = event {
                let before = interrupted.iter().filter(|other| *other == task).count();
                effects.push(Effect::run(slot, record.at, *task, *attempt, before as u64));
            }
        }
    }
    effects
}
