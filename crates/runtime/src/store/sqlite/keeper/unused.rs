// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is in an open file and nothing needs any more: it is looked for here, and taken out by the writer.

use super::{Keeper, Work};
use crate::store::sqlite::definitions::{self, Unused};
use std::sync::PoisonError;
use std::time::Duration;

/// A look may take a second where there are a million executions: at most one in so many times what it takes.
const REST: u32 = 20;

impl Keeper {
    /// Something was deleted: what that needed may not be needed any more.
    pub(in super::super) fn look_for_unused(&self) {
        self.shared.ring(|asked| asked.unused = true);
    }

    /// What was found: once.
    pub(in super::super) fn take_unused(&self) -> Option<Unused> {
        self.shared.unused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Work {
    /// When it is next looked, if it is to be.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.is_looking.then_some(self.looked_until)
    }

    /// Looks, if it is time to. What cannot be read is left as it is.
    pub(super) fn look_for_unused(&mut self) {
        let began = self.shared.stopwatch.elapsed();
        if !self.is_looking || began < self.looked_until {
            return;
        }
        self.is_looking = false;
        let found = definitions::unused(&self.connection).ok().flatten();
        let ended = self.shared.stopwatch.elapsed();
        self.looked_until = ended + ended.saturating_sub(began) * REST;
        if let Some(unused) = found {
            *self.shared.unused.lock().unwrap_or_else(PoisonError::into_inner) = Some(unused);
            self.shared.health.sweepable();
            self.shared.wake();
        }
    }
}
