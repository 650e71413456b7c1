// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether an instance is well.
//!
//! ```text
//! well ──fails a check, or does not answer──▶ ill ──passes 1 check, 2 after the next relapse, 4, … 64──▶ well
//! ```

/// However often it relapsed, so many checks in a row are enough.
const PASSES_MAX: u32 = 64;

#[derive(Debug, Default)]
pub(super) struct Health {
    /// It can be asked.
    pub(super) checked: bool,
    /// It was asked and has not answered.
    pub(super) asked: bool,
    /// How often it fell ill.
    relapses: u32,
    /// Checks in a row that it passed while ill.
    passes: u32,
}

impl Health {
    /// It was well and is ill.
    pub(super) fn fell_ill(&mut self) {
        self.relapses = self.relapses.saturating_add(1);
        self.passes = 0;
    }

    /// It is ill and was asked: whether it is well again.
    pub(super) fn recovers(&mut self, healthy: bool) -> bool {
        self.passes = if healthy { self.passes + 1 } else { 0 };
        let wanted = 1_u32.checked_shl(self.relapses.saturating_sub(1)).unwrap_or(PASSES_MAX);
        self.passes >= wanted.min(PASSES_MAX)
    }
}
