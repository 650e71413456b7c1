// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the driver does with what its backend tells.

use super::Driver;
use super::gathered::Gathered;
use super::outbox::{Mark, Owed};
use crate::Error;
use crate::store::{Alert, Arrival, BatchNumber, CommitError, ReadError};
use std::sync::Arc;
use stdx::Timestamp;

impl Driver {
    /// Hears what the backend has to tell; whether there was anything.
    pub(super) fn hear(&mut self) -> Result<bool, Error> {
        let mut arrived = std::mem::take(&mut self.arrived);
        self.backend.arrivals(&mut arrived);
        let any = !arrived.is_empty();
        let heard = arrived.drain(..).try_for_each(|arrival| self.heard(arrival));
        self.arrived = arrived;
        heard.map(|()| any)
    }

    fn heard(&mut self, arrival: Arrival) -> Result<(), Error> {
        match arrival {
            Arrival::Committed(number, at) => self.committed(number, at),
            Arrival::Refused(key, why) => self.refused(key, why)?,
            Arrival::Lost(partition) => self.lost(partition),
            Arrival::Taken(taken) => self.taken(*taken)?,
            Arrival::Letter(letter) => self.letter(letter)?,
            Arrival::Reply(number, text) => self.replied(number, text),
            Arrival::Moved(id, is_over) => self.moved(id, is_over),
            Arrival::Found(number, answer) => self.found(number, answer)?,
            Arrival::Away(why) => (self.is_away, self.silence) = (true, why),
            Arrival::Back => (self.is_away, self.silence) = (false, None),
            Arrival::Short(why) => self.shortage = why,
            Arrival::Alert(alert) => {
                self.obstacles.hear(self.now.unwrap_or_else(|| self.clock.read()), &alert);
                self.alerts.push(alert);
            }
            Arrival::Failed(failure) => return Err(self.fail(&failure)),
        }
        Ok(())
    }

    fn committed(&mut self, number: BatchNumber, at: Timestamp) {
        let Some(owed) = self.outbox.committed(number) else { return };
        self.mark_committed(&owed, at);
        self.outbox.reuse(owed);
    }

    fn mark_committed(&mut self, owed: &Owed, at: Timestamp) {
        let ends = owed.marks.iter().filter(|mark| mark.is_last).map(|mark| mark.key).collect();
        self.ends_committed(at, ends);
        for &Mark { slot, key, seq, .. } in &owed.marks {
            self.fresh.committed(key, seq);
            if let Some(live) = self.slots.get_mut(slot, key) {
                live.committed = at;
                live.acknowledged = seq + 1;
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.failed.as_ref().map_or(Ok(()), |failure| Err(Error::of_store(failure)))
    }

    /// Whether new work is accepted.
    pub(super) fn check_room(&self) -> Result<(), Error> {
        self.check()?;
        if let Some(why) = &self.silence {
            return Err(ReadError::Unreachable { message: why.to_string() }.into());
        }
        self.shortage.as_ref().map_or(Ok(()), |why| Err(Error::Short { why: Arc::clone(why) }))
    }

    /// The store failed: nothing that is not on disk may be acted upon, ever again.
    pub(super) fn fail(&mut self, error: &Arc<CommitError>) -> Error {
        self.failed = Some(Arc::clone(error));
        self.gathered = Gathered::default();
        self.outbox.clear();
        Error::of_store(error)
    }

    /// Whether something is to be told to people.
    pub fn has_alerts(&self) -> bool {
        !self.alerts.is_empty()
    }

    /// What people must know that has begun, or is over, in order: once.
    pub fn take_alerts(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.alerts)
    }
}
