// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who waits for deadlines: the driver itself, or a host whose time does not run.

use super::{ModelDriver, Now, Shared, lock};
use models::{Awaited, CallId, CallWait};
use serde_json::json;
use std::sync::Arc;
use stdx::Timestamp;

/// What the time of a driver is.
pub struct Time {
    /// Reads it.
    pub now: Now,
    /// Whether it passes as time does, so that the driver waits for deadlines itself. A time that the host moves does not: the host waits for
    /// [`ModelDriver::next_deadline`], and calls [`ModelDriver::tick`] then.
    pub runs: bool,
}

impl ModelDriver {
    /// What the host waits for where time does not run: when [`ModelDriver::tick`] is due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let mut state = lock(&self.shared.state);
        state.awaited = state.book.gateway.next_deadline();
        state.awaited
    }

    /// Time has passed.
    pub fn tick(&self) {
        self.shared.step(|book, now| book.gateway.tick(now));
    }

    /// Calls that nobody is asked for now: each waits for a limit, a backoff or a breaker.
    pub fn waiting(&self) -> Vec<u64> {
        lock(&self.shared.state).calls.iter().filter(|(_, pending)| pending.attempt.is_none()).map(|(id, _)| id.0).collect()
    }

    /// What a call waits for, as JSON text: `{"provider", "model", "kind", "what", "since", "until"}`, the kind `answer`, `retry` or `limit`, instants in
    /// microseconds; `None` if it has finished.
    pub fn wait_of(&self, call: u64) -> Option<String> {
        let CallWait { provider, model, awaited, since, until } = lock(&self.shared.state).book.gateway.wait_of(CallId(call))?;
        let kind = match awaited {
            Awaited::Answer => "answer",
            Awaited::Retry => "retry",
            Awaited::Room(_) | Awaited::Place | Awaited::Silence | Awaited::Turn => "limit",
        };
        let (what, until) = (awaited.to_string(), until.map(Timestamp::micros));
        let told = json!({ "provider": &*provider, "model": &*model, "kind": kind, "what": what, "since": since.micros(), "until": until });
        Some(told.to_string())
    }
}

/// Waits for one deadline after the other.
pub(super) async fn ring(shared: Arc<Shared>) {
    loop {
        let (next, now) = {
            let mut state = lock(&shared.state);
            state.awaited = state.book.gateway.next_deadline();
            (state.awaited, (shared.now)())
        };
        let moved = shared.moved.notified();
        match next {
            Some(at) if at <= now => shared.step(|book, now| book.gateway.tick(now)),
            Some(at) => {
                // Timers have a millisecond's grain, and one that is early is set again.
                let _ = tokio::time::timeout(at.since(now), moved).await;
            }
            None => moved.await,
        }
    }
}
