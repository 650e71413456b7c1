// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Ended executions that are deleted: with a commit they are gone for every reader, and what is left of them is swept between commits.

use super::Driver;
use crate::{Error, effect};

impl Driver {
    /// Deletes executions that have ended and were released, by their ids and keys: one, and those that go with it. A `Deleted` effect with the ticket
    /// follows once that is committed. What lives here stays.
    pub fn delete(&mut self, executions: &[(String, i64)]) -> Result<u32, Error> {
        self.check()?;
        let Some((top, _)) = executions.first() else {
            return Err(Error::Malformed { what: "deletion", message: "it names nothing".to_owned() });
        };
        let now = self.now();
        self.tickets += 1;
        let ticket = self.tickets;
        let part = self.gathered.of(self.backend.partition(top));
        let gone = executions.iter().filter(|(id, _)| !self.ids.contains_key(id.as_str()));
        part.batch.deleted.extend(gone.map(|(_, key)| key));
        part.owed.push(effect::deleted(ticket, now));
        Ok(ticket)
    }
}
