// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When an accepted execution begins: at once where nothing is limited, else when [`engine::Admission`] says so, at the next flush.

use super::Driver;
use crate::Error;
use engine::{Admission, Input, Limits, Phase, Ticket};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Driver {
    /// At most `running` executions at once (`None`: any number), shared by tenants according to their weights (1 for those not named).
    ///
    /// Called before anything is accepted or resumed. Children run with their parents and are not counted.
    pub fn limit(&mut self, running: Option<u32>, weights: BTreeMap<Arc<str>, u32>) {
        self.admission = Admission::new(running, weights);
    }

    /// The bounds of tasks that attempts add, and of the workflows that are written inside them; an execution has no more tasks than a definition
    /// may. Called as [`Driver::limit`] is; without it there is no bound.
    pub fn limit_definitions(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Lets executions of several definitions of one workflow version run at once.
    pub fn allow_redefinition(&mut self) {
        self.versions.redefinable = true;
    }

    /// Continues an interrupted execution; one that had not begun takes its place among those that wait.
    pub fn resume(&mut self, slot: u32) -> Result<(), Error> {
        let live = self.slots.get_live(slot)?;
        live.is_asleep = false;
        let (ticket, pending) = (live.ticket.take(), *live.execution.phase() == Phase::Pending);
        if pending {
            return self.enqueue(slot, ticket.map(|ticket| *ticket));
        }
        if let Some(ticket) = ticket.filter(|ticket| !self.admission.is_free(ticket)) {
            self.admission.adopt(slot, *ticket);
        }
        self.input(slot, Input::Recover)
    }

    /// `None`: it need not ask.
    pub(super) fn enqueue(&mut self, slot: u32, ticket: Option<Ticket>) -> Result<(), Error> {
        match ticket.filter(|ticket| !self.admission.is_free(ticket)) {
            Some(ticket) => {
                self.admission.enqueue(slot, ticket);
                Ok(())
            }
            None => self.input(slot, Input::Start),
        }
    }

    /// Begins whatever may begin. Those that end at once make room for others.
    pub(super) fn admit(&mut self) -> Result<(), Error> {
        while let Some(slot) = self.admission.next() {
            self.input(slot, Input::Start)?;
        }
        Ok(())
    }
}
