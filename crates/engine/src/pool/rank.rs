// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which request goes before which.

use super::Request;
use stdx::Timestamp;

/// The order in which requests are served: urgent, then higher priority, then earlier ready, then who came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    class: Class,
    ready: Timestamp,
    arrival: u64,
}

/// What goes before when they came, as one number: the urgent half first, in each the highest priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class(u64);

impl Class {
    const NOT_URGENT: u64 = 1 << 32;

    fn new(urgent: bool, priority: i32) -> Self {
        let below = u64::from(priority.abs_diff(i32::MAX));
        Self(if urgent { below } else { Self::NOT_URGENT | below })
    }
}

impl Rank {
    pub(super) fn new(request: &Request, arrival: u64) -> Self {
        Self { class: Class::new(request.urgent, request.priority), ready: request.ready, arrival }
    }

    pub(super) fn class(&self) -> Class {
        self.class
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.class.0 < Class::NOT_URGENT
    }

    pub(super) fn priority(&self) -> i32 {
        let below = u32::try_from(self.class.0 % Class::NOT_URGENT).unwrap_or_default();
        i32::MAX.wrapping_sub_unsigned(below)
    }
}
