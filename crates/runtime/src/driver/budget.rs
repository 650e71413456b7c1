// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! An execution that is a task of another uses that one's budget too: before each input it is told what is left above it, and what it then started
//! is charged there in the same batch, as is what its models cost. So a budget is kept exactly, however the work is spread, and a crash loses nothing of the account.

use super::Driver;
use super::slots::Live;
use crate::Error;
use crate::options::Belongs;
use engine::{CancelReason, Event, Execution, Input, Spent, Ticket};
use std::time::Duration;
use stdx::Timestamp;

/// What one input led to that budgets count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Charge {
    started: u64,
    interrupted: u64,
    refused: bool,
    spent: Spent,
}

impl Charge {
    pub(super) fn of(execution: &Execution, events: &[Event]) -> Self {
        let mut charge = Self { refused: execution.was_refused(), ..Self::default() };
        for event in events {
            if let Event::AttemptStarted { task, .. } = event {
                charge.started += u64::from(execution.calling(*task).calls_agent());
            } else if let Event::AttemptInterrupted { task, .. } = event {
                charge.interrupted += u64::from(execution.calling(*task).calls_agent());
            } else if let Event::ModelCalled { spent, .. } = event {
                charge.spent = charge.spent.plus(**spent);
            }
        }
        charge
    }

    fn is_nothing(self) -> bool {
        self.started == 0 && self.interrupted == 0 && !self.refused && self.spent.is_nothing()
    }
}

impl Driver {
    /// What an execution asks admission for, and whose task it is.
    pub(super) fn place_of(&self, belongs: Belongs) -> (Option<Ticket>, Option<(u32, i64)>) {
        match belongs {
            Belongs::ToNobody(ticket) => (Some(ticket), None),
            Belongs::ToParent { id, .. } => {
                let parent = self.ids.get(&id).and_then(|slot| Some((*slot, self.slots.key(*slot)?)));
                (None, parent)
            }
        }
    }

    /// How many attempts of agents those above an execution have left; `None`: no bound.
    pub(super) fn left_above(&self, slot: u32) -> Option<u64> {
        let mut left = None;
        let mut at = self.slots.get(slot).ok().and_then(|live| self.parent_of(live));
        while let Some((_, live)) = at {
            left = left.into_iter().chain(live.execution.attempts_left()).min();
            at = self.parent_of(live);
        }
        left
    }

    /// When an execution must have ended, and what time its budget leaves it: what holds for those below it too.
    pub fn bounds(&mut self, slot: u32) -> Result<(Option<Timestamp>, Option<Duration>), Error> {
        let now = self.now();
        Ok(match self.slots.get(slot)?.execution.deadline() {
            Some((at, CancelReason::Budget)) => (None, Some(at.since(now))),
            Some((at, _)) => (Some(at), None),
            None => (None, None),
        })
    }

    /// Charges the parent and those above it.
    pub(super) fn charge(&mut self, parent: (u32, i64), charge: Charge) -> Result<(), Error> {
        let Charge { started, interrupted, refused, spent } = charge;
        let mut at = Some(parent).filter(|_| !charge.is_nothing());
        while let Some((slot, key)) = at {
            let Some(live) = self.slots.get(slot).ok().filter(|live| live.key == key) else { return Ok(()) };
            at = live.parent;
            let spent = Some(spent).filter(|spent| !spent.is_nothing()).map(Box::new);
            self.input(slot, Input::Charge { started, interrupted, refused, spent })?;
        }
        Ok(())
    }

    fn parent_of(&self, live: &Live) -> Option<(u32, &Live)> {
        let (slot, key) = live.parent?;
        self.slots.get(slot).ok().filter(|parent| parent.key == key).map(|parent| (slot, parent))
    }
}
