// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Ended executions that are deleted: with a commit they are gone for every reader, and what is left of them is swept between commits.

use super::Driver;
use crate::{Error, effect};
use engine::Phase;

/// As in the alphabet: nobody has it any more.
const DELETED: u64 = 3;

impl Driver {
    /// Deletes executions that have ended and were released, by their ids and keys: one, and those that go with it. A `Deleted` effect with the ticket
    /// follows once that is committed. What lives here stays. Of those with one of the `damaged` keys, which have not ended, what is parked goes too.
    pub fn delete(&mut self, executions: &[(String, i64)], damaged: &[i64]) -> Result<u32, Error> {
        self.check()?;
        let Some((top, _)) = executions.first() else {
            return Err(Error::Malformed { what: "deletion", message: "it names nothing".to_owned() });
        };
        let now = self.now();
        self.tickets += 1;
        let ticket = self.tickets;
        for (id, _) in executions.iter().filter(|(_, key)| damaged.contains(key)) {
            if let Some(slot) = self.parked(id) {
                self.let_go_parked(slot, DELETED);
            }
            self.unreadable.retain(|known| known.is_schedule || *known.id != **id);
        }
        let part = self.gathered.of(self.backend.partition(top));
        for (_, key) in executions.iter().filter(|(id, _)| !self.ids.contains_key(id.as_str())) {
            let deleted = if damaged.contains(key) { &mut part.batch.discarded } else { &mut part.batch.deleted };
            deleted.push(*key);
        }
        part.owed.push(effect::deleted(ticket, now));
        Ok(ticket)
    }

    /// The slots of executions that have ended, which is not known to be on record yet, or which their host has not heard of.
    pub fn ending(&self) -> Vec<u32> {
        let has_ended = |slot: &u32| self.slots.get(*slot).is_ok_and(|live| matches!(live.execution.phase(), Phase::Ended(_)));
        self.slots.numbers().into_iter().filter(has_ended).collect()
    }
}
