// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How much memory the server has left, looked at each second: who runs out of it stops writing, and what was accepted must still end.
//!
//! ```text
//! used of maxmemory   80 % people are told   90 % nothing new is accepted, what was accepted goes on   less than 85 % new work is taken again
//! ```
//! A server without `maxmemory` has no such bound, and one that does not let its user see it is left alone.

use crate::arrivals::{Arrivals, Knows};
use crate::servers::{Address, Servers, connect};
use crate::writer::Message;
use redis::RedisError;
use redis::aio::MultiplexedConnection;
use runtime::store::{Alert, AlertKind, Arrival, Rule, Severity};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::WeakUnboundedSender;

const EVERY: Duration = Duration::from_secs(1);

/// How long an answer, and a connection, may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Shares of `maxmemory`, in percent.
const ALERT: u64 = 80;
const CALM: u64 = 75;
const FULL: u64 = 90;
const AGAIN: u64 = 85;

/// What has ended may take so much where nobody says how much, and of `maxmemory` one part in so many.
const ENDED: u64 = 256 << 20;
const SHARE: u64 = 4;

static NEARLY_FULL: Rule =
    Rule { name: "store:memory", kind: AlertKind::Resource, severity: Severity::High, title: "The memory of the server is nearly full" };

/// How much what has ended may take, the same for whoever has a copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bound {
    configured: Option<u64>,
    /// What the server said last; 0: any number.
    memory_max: Arc<AtomicU64>,
}

impl Bound {
    pub(crate) fn of(configured: Option<u64>) -> Self {
        Self { configured, memory_max: Arc::default() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.configured.unwrap_or_else(|| match self.memory_max.load(Ordering::Relaxed) {
            0 => ENDED,
            max => ENDED.min(max / SHARE),
        })
    }
}

/// The task that looks.
pub(crate) struct Room {
    servers: Servers,
    bound: Bound,
    arrivals: Arrivals,
    /// Gone with the backend.
    told: WeakUnboundedSender<Message>,
}

/// What was told.
#[derive(Default)]
struct Told {
    alert: bool,
    full: bool,
}

/// Bytes that a server has in use, of how many.
struct Used {
    place: String,
    bytes: u64,
    max: u64,
}

impl Used {
    fn percent(&self) -> u64 {
        self.bytes.saturating_mul(100) / self.max.max(1)
    }
}

impl Room {
    pub(crate) fn over(servers: Servers, bound: Bound, arrivals: Arrivals, told: WeakUnboundedSender<Message>) -> Self {
        Self { servers, bound, arrivals, told }
    }

    pub(crate) async fn run(self) {
        let (mut connections, mut told) = (BTreeMap::new(), Told::default());
        while self.told.upgrade().is_some() {
            let mut fullest: Option<Used> = None;
            let mut is_known = true;
            for address in self.servers.all() {
                match self.look(&address, &mut connections).await {
                    Ok(used) => fullest = fullest.into_iter().chain(used).max_by_key(Used::percent),
                    // Its user may not see it.
                    Err(error) if error.code() == Some("NOPERM") => return,
                    Err(_) => {
                        connections.remove(&address);
                        is_known = false;
                    }
                }
            }
            if is_known {
                self.bound.memory_max.store(fullest.as_ref().map_or(0, |used| used.max), Ordering::Relaxed);
                self.judge(&fullest.unwrap_or_else(|| Used { place: String::new(), bytes: 0, max: 0 }), &mut told);
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// What one has in use; `None`: there is no bound.
    async fn look(&self, at: &Address, open: &mut BTreeMap<Address, MultiplexedConnection>) -> Result<Option<Used>, RedisError> {
        let connection = match open.entry(at.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(connect(&self.servers.client(at)?, ANSWER_MAX).await?),
        };
        let info: String = redis::cmd("INFO").arg("memory").query_async(connection).await?;
        let field = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':')?.parse::<u64>().ok());
        let place = format!("{}:{}", at.host, at.port);
        let both = field("used_memory").zip(field("maxmemory").filter(|max| *max > 0));
        Ok(both.map(|(bytes, max)| Used { place, bytes, max }))
    }

    fn judge(&self, used: &Used, told: &mut Told) {
        let percent = used.percent();
        let figures = || {
            let Used { place, bytes, max } = used;
            format!("Redis at {place} has {} of {} MiB in use (maxmemory)", bytes >> 20, max >> 20)
        };
        // Who hears of it finds it so.
        if percent >= FULL && !std::mem::replace(&mut told.full, true) {
            let why = format!(
                "{}: nothing new is accepted, and what was accepted goes on; raise `maxmemory`, or wait until more has ended",
                figures()
            );
            self.arrivals.short(Knows::Room, Some(why));
        } else if percent < AGAIN && std::mem::take(&mut told.full) {
            self.arrivals.short(Knows::Room, None);
        }
        if percent >= ALERT && !std::mem::replace(&mut told.alert, true) {
            let message = format!(
                "{}: from {FULL} % on nothing new is accepted; raise `maxmemory`, or keep less of what has ended (`redis.memory.ended`, {} MiB)",
                figures(),
                self.bound.bytes() >> 20
            );
            self.arrivals.tell([Arrival::Alert(Alert::begins(&NEARLY_FULL, message))]);
        } else if percent < CALM && std::mem::take(&mut told.alert) {
            self.arrivals.tell([Arrival::Alert(Alert::is_over(&NEARLY_FULL, "the server has memory again".to_owned()))]);
        }
    }
}
