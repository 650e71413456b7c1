// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a live execution has already announced, read back from its journal by whoever has an archive: on the thread of the driver only where that is
//! in memory.

use super::Driver;
use crate::Error;
use crate::effect::Number;
use crate::history::{Failures, effects_of, failures_of};
use crate::store::{Archive, ReadError};
use alphabet::Effect;
use engine::Failure;
use std::sync::Arc;
use stdx::Timestamp;

/// How much of a live execution is on record, as it was when that was asked.
#[derive(Clone, Copy, Debug)]
pub struct OnRecord {
    slot: u32,
    key: i64,
    records: u64,
    accepted: Timestamp,
    /// The first effect of it that has not left yet: from there on the host is told anyway.
    waits: Option<u64>,
}

impl OnRecord {
    /// The effects of its records after the number `after` that have left, as they did when they first happened, and why what failed in them did. What is before `after` is not read, so that an attempt may count too few interruptions then.
    pub fn history(&self, archive: &dyn Archive, after: Option<Number>) -> Result<(Vec<Effect>, Failures), ReadError> {
        let mut records = archive.journal(self.key, after.map_or(0, Number::record))?;
        // What is written and not on the medium yet is no record.
        records.retain(|record| record.seq < self.records);
        let accepted = Some(self.accepted).filter(|_| self.records > 0);
        let mut effects = effects_of(self.slot, accepted, records.iter());
        let (after, waits) = (after.map(Number::get), self.waits);
        if after.is_some() || waits.is_some() {
            let is_told = |number| after.is_none_or(|after| number > after) && waits.is_none_or(|waits| number < waits);
            effects.retain(|effect| effect.execution().is_some_and(|effect| is_told(effect.number)));
        }
        Ok((effects, failures_of(&records)))
    }
}

impl Driver {
    /// What is on record, for other threads.
    pub fn archive(&self) -> Result<Box<dyn Archive>, Error> {
        Ok(self.backend.archive()?)
    }

    /// What is on record, where that is in memory.
    pub fn at_hand(&self) -> Option<&dyn Archive> {
        self.at_hand.as_deref()
    }

    /// How much of a live execution is on record, and has left.
    pub fn on_record(&self, slot: u32) -> Result<OnRecord, Error> {
        let live = self.slots.get(slot)?;
        Ok(OnRecord { slot, key: live.key, records: live.acknowledged, accepted: live.accepted, waits: self.outbox.first_waiting(slot) })
    }

    /// Why what an effect tells of has failed. It is known until the host has handled the effect, which it has when it calls again.
    pub fn failure(&self, slot: u32, number: Number) -> Option<Arc<Failure>> {
        self.outbox.failure(slot, number)
    }
}
