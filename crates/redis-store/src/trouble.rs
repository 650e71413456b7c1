// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Servers that take nothing for now, as far as the driver is to know of it.
//!
//! ```text
//! well ── no answer, or "not now" ─▶ trouble ─┬─ longer than `patience` ─▶ Away: new work is refused
//!   ▲                                         └─ the server answers, and takes nothing ─▶ Short: new work is refused
//!   └──────────── all that waited is on record ── Back, not Short any more
//! ```

use crate::arrivals::{Arrivals, Knows};
use crate::lease::Since;
use redis::RedisError;
use runtime::store::Arrival;
use std::time::Duration;

/// A replica may take the place of a server that has become one, or has too few: new work waits so long for that.
const FAILOVER_MAX: Duration = Duration::from_secs(2);

pub(crate) struct Trouble {
    patience: Duration,
    now: Option<Now>,
}

struct Now {
    since: Since,
    why: String,
    is_away: bool,
    is_short: bool,
}

impl Trouble {
    /// None yet.
    pub(crate) fn of(patience: Duration) -> Self {
        Self { patience, now: None }
    }

    /// Why something waits, if it does.
    pub(crate) fn why(&self) -> Option<&str> {
        self.now.as_ref().map(|now| now.why.as_str())
    }

    /// Whether servers have been away for so long that nobody who closes waits for them.
    pub(crate) fn is_away(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.is_away)
    }

    /// Something is to be sent again.
    pub(crate) fn hear(&mut self, error: &RedisError, arrivals: &Arrivals) {
        let now = self.now.get_or_insert_with(|| Now { since: Since::here(), why: String::new(), is_away: false, is_short: false });
        now.why = error.to_string();
        let is_short = match error.code() {
            Some("OOM" | "MISCONF") => true,
            Some("READONLY" | "NOREPLICAS") => now.since.has_passed(FAILOVER_MAX),
            _ => false,
        };
        if is_short && !std::mem::replace(&mut now.is_short, true) {
            arrivals.short(Knows::Writer, Some(format!("the store takes nothing new: {}", now.why)));
        }
        if now.since.has_passed(self.patience) && !std::mem::replace(&mut now.is_away, true) {
            // What it says itself is why new work is refused, where it says something.
            let silent = || format!("Redis has not answered for {} ms: {}", self.patience.as_millis(), now.why).into();
            arrivals.tell([Arrival::Away((!now.is_short).then(silent))]);
        }
    }

    /// All that waited is on record.
    pub(crate) fn is_over(&mut self, arrivals: &Arrivals) {
        let Some(now) = self.now.take() else { return };
        if now.is_short {
            arrivals.short(Knows::Writer, None);
        }
        arrivals.tell(now.is_away.then_some(Arrival::Back));
    }
}
