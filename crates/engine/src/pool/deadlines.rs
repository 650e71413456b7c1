// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is to happen when: each thing at most once, so that only what is due is looked at.

use super::{AgentIndex, InstanceNumber, TypeIndex};
use std::collections::BTreeSet;
use stdx::Timestamp;

/// What a deadline is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// It should have been made, or is to be checked.
    Instance(InstanceNumber),
    /// It may be tried again to make one.
    Retry(AgentIndex),
    /// Its rate lets another begin.
    Rate(AgentIndex),
    /// Whether there are too many.
    Size(TypeIndex),
}

#[derive(Debug, Default)]
pub(super) struct Deadlines {
    set: BTreeSet<(Timestamp, Due)>,
}

impl Deadlines {
    /// Moves a deadline, which its owner remembers, to `at`; `None`: there is none any more.
    pub(super) fn set(&mut self, due: Due, remembered: &mut Option<Timestamp>, at: Option<Timestamp>) {
        if *remembered == at {
            return;
        }
        if let Some(before) = std::mem::replace(remembered, at) {
            self.set.remove(&(before, due));
        }
        if let Some(at) = at {
            self.set.insert((at, due));
        }
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.set.first().map(|(at, _)| *at)
    }

    /// Takes out what is due first, if something is.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Due> {
        if self.next()? > now {
            return None;
        }
        self.set.pop_first().map(|(_, due)| due)
    }
}
