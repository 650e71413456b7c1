// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a call waits for.

use super::call::State;
use super::{Awaited, CallId, Gateway};
use std::sync::Arc;
use stdx::Timestamp;

/// Where a call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallWait {
    /// Whose model it wants.
    pub provider: Arc<str>,
    /// Which model.
    pub model: Arc<str>,
    /// What it waits for.
    pub awaited: Awaited,
    /// Since when.
    pub since: Timestamp,
    /// When it goes on, where that is known.
    pub until: Option<Timestamp>,
}

impl Gateway {
    /// What a call waits for; `None` if it has finished.
    pub fn wait_of(&self, call: CallId) -> Option<CallWait> {
        let call = self.calls.get(&call)?;
        let target = call.at()?;
        let route = self.routes.look(call.route);
        let (awaited, since, until) = match &call.state {
            // Those behind the first wait for it, and with it for the same.
            State::Waiting => (route.map_or(Awaited::Turn, |route| route.awaited), call.idle_since, route.and_then(|route| route.alarm)),
            State::Resting { until } => (Awaited::Retry, call.idle_since, Some(*until)),
            State::Sent(sent) => (Awaited::Answer, sent.begun, None),
        };
        Some(CallWait { provider: Arc::clone(&target.provider), model: Arc::clone(&target.model), awaited, since, until })
    }
}
