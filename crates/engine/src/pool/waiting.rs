// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is known of a request that waits. `targets` keep it and `queue` finds it again.

use super::{AgentIndex, Lack, Request};
use stdx::Timestamp;

#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) request: Request,
    /// The agent with which it counts.
    pub(super) home: AgentIndex,
    pub(super) since: Timestamp,
    pub(super) lacked: Lack,
}
