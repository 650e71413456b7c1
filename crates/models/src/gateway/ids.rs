// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What calls, their attempts, routes and places in a queue are known by.

/// The number of a call. The caller gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One sending of a call: what is told about another, earlier one is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// Which call.
    pub call: CallId,
    /// Which of its attempts, from 1, whatever the target.
    pub attempt: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RouteIndex(pub(super) usize);

/// Who is first: the earlier arrival, after what priority is worth; then the order of arrival.
pub(super) type Place = (i64, u64);
