// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a live execution has already announced, read back from its journal: for listeners that come late, and for the story of a failure.

use super::Driver;
use super::effect::{Effect, Number};
use crate::store::{SqliteReader, StepRecord};
use crate::{Archive, Error, Failures};
use engine::{Event, Failure, InstanceIndex};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use stdx::Timestamp;

impl Driver {
    /// What is on record, for other threads; `None` if that is not in a file.
    pub fn archive(&self) -> Result<Option<Archive>, Error> {
        let reader = self.reader.as_ref().map(SqliteReader::another).transpose()?;
        Ok(reader.map(Archive::over))
    }

    /// The effects of the committed records of an execution from the instant `since` and after the number `after`, as they left or will leave
    /// when they first happened. What is before `after` is not read, so that [`Effect::first`] of an attempt may count too few interruptions then.
    pub fn history(&self, slot: u32, since: Timestamp, after: Option<Number>) -> Result<Vec<Effect>, Error> {
        let live = self.slots.get(slot)?;
        let records = self.commit.journal(live.key, after.map_or(0, Number::record), self.reader.as_ref())?;
        let committed = records.iter().filter(|record| record.seq < live.acknowledged);
        let accepted = Some(live.accepted).filter(|_| live.acknowledged > 0);
        let mut effects = effects_of(slot, accepted, committed, since);
        effects.retain(|effect| after.is_none_or(|after| effect.number > after));
        Ok(effects)
    }

    /// Why each attempt failed that did, by the number of its effect.
    pub fn failures(&self, slot: u32) -> Result<Failures, Error> {
        let records = self.commit.journal(self.slots.get(slot)?.key, 0, self.reader.as_ref())?;
        Ok(failures_of(&records))
    }

    /// Why an attempt failed: as the execution knows it, or from the journal.
    pub fn failure(&self, slot: u32, task: InstanceIndex, attempt: u32) -> Result<Option<Arc<Failure>>, Error> {
        let live = self.slots.get(slot)?;
        if let Some(failure) = live.execution.failure_of(task, attempt) {
            return Ok(Some(Arc::clone(failure)));
        }
        let records = self.commit.journal(live.key, 0, self.reader.as_ref())?;
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

/// The failures in records, by the number of their effects.
pub(crate) fn failures_of(records: &[StepRecord]) -> Failures {
    let numbered = records.iter().flat_map(|record| record.events.iter().enumerate().map(|(place, event)| (record.seq, place, event)));
    let failed = numbered.filter_map(|(seq, place, event)| {
        let (Event::RetryScheduled { failure, .. } | Event::FallbackTaken { failure, .. } | Event::TaskFailed { failure, .. }) = event
        else {
            return None;
        };
        Some((Number::new(seq, place), Arc::clone(failure)))
    });
    failed.collect()
}

/// The effects of records from the instant `since`, as they left when they first happened; `accepted`: when the execution was, if that is on record.
pub(crate) fn effects_of<'a>(
    slot: u32,
    accepted: Option<Timestamp>,
    records: impl Iterator<Item = &'a StepRecord>,
    since: Timestamp,
) -> Vec<Effect> {
    let mut effects: Vec<Effect> = accepted.filter(|at| *at >= since).map(|at| Effect::accepted(slot, at)).into_iter().collect();
    let mut interruptions: FxHashMap<InstanceIndex, u64> = FxHashMap::default();
    for record in records {
        for (place, event) in record.events.iter().enumerate() {
            if let Event::AttemptInterrupted { task, .. } = event {
                *interruptions.entry(*task).or_default() += 1;
            }
            if record.at < since {
                continue;
            }
            let number = Number::new(record.seq, place);
            effects.extend(Effect::notice(slot, record.at, number, event));
            if let Event::AttemptStarted { task, attempt, .. } = event {
                let before = interruptions.get(task).copied().unwrap_or_default();
                effects.push(Effect::run(slot, record.at, number, *task, *attempt, before));
            }
        }
    }
    effects
}
