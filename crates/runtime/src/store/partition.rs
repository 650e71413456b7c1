// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Parts of a backend, which may be of several processes.

/// A part of a backend that is committed, acknowledged and lost by itself. What belongs together is in one: an execution with those below it, a schedule
/// with its executions, an idempotency key with its.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(u32);

impl Partition {
    /// The partition with this number, from 0 without gaps.
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub fn get(self) -> u32 {
        self.0
    }
}
