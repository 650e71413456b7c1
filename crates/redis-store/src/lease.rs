// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who has a partition, and for how long it is certain.
//!
//! ```text
//! free ─ acquire ─▶ held, 10 s by the clock of the server ─ renewed each 3 s ─▶ held
//!                     │ no renewal for 7 s: nothing is written          │ closed: released, free at once
//!                     └ renewed under the same token: it goes on        └ 10 s are over: another process takes it, and this one is fenced
//! ```
//! The owner measures from before it asked, the server from after: the owner stops first. Fencing by token is what makes it safe; the lease is what makes it
//! quiet.

use crate::keys::Namespace;
use redis::{Cmd, RedisError};
use runtime::store::Partition;
use std::time::Duration;
use tokio::time::Instant;

/// How long a lease lasts, how often it is renewed, and when its owner stops.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
pub(crate) const RENEWED_EVERY: Duration = Duration::from_secs(3);
/// How often a process shows that it lives.
pub(crate) const BEAT: Duration = Duration::from_secs(1);
const CERTAIN: Duration = Duration::from_secs(7);

/// What is in the keys of a partition; a process that reads no later one leaves it alone.
pub(crate) const FORMAT: u32 = 2;

/// Until when a process may write to what it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certain(Instant);

impl Certain {
    /// From before a renewal that succeeds.
    pub(crate) fn from_here() -> Self {
        Self(Instant::now() + CERTAIN)
    }

    /// Whether it still is.
    pub(crate) fn holds(self) -> bool {
        Instant::now() < self.0
    }
}

/// A time that passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since(Instant);

impl Since {
    pub(crate) fn here() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn has_passed(self, time: Duration) -> bool {
        self.0.elapsed() >= time
    }
}

/// A partition, and the token of this acquisition of it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) partition: Partition,
    pub(crate) token: String,
}

impl Held {
    pub(crate) fn draw(partition: Partition) -> Self {
        Self { partition, token: uuid::Uuid::new_v4().simple().to_string() }
    }

    /// Why nothing is written for now.
    pub(crate) fn uncertain() -> RedisError {
        RedisError::from((redis::ErrorKind::Io, "the lease could not be renewed"))
    }

    fn own(&self, namespace: &Namespace) -> String {
        format!("{}own", namespace.prefix(self.partition))
    }

    /// Takes it, or has it for longer.
    pub(crate) fn acquire(&self, namespace: &Namespace, node: &str) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(ACQUIRE).arg(1).arg(self.own(namespace)).arg(&self.token).arg(node);
        command.arg(u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX)).arg(FORMAT);
        command
    }

    /// Lets go of it.
    pub(crate) fn release(&self, namespace: &Namespace) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(RELEASE).arg(1).arg(self.own(namespace)).arg(&self.token);
        command
    }
}

const ACQUIRE: &str = include_str!("scripts/acquire.lua");
const RELEASE: &str = include_str!("scripts/release.lua");

/// What is said to one who would have a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Held,
    /// This node has it.
    Taken(String),
    /// It was written by a later version.
    Newer(String),
}

impl Answer {
    pub(crate) fn of(answer: redis::Value) -> Result<Self, RedisError> {
        let words: Vec<String> = redis::from_redis_value(answer)?;
        let word = |place: usize| words.get(place).map(String::as_str).unwrap_or_default();
        Ok(match word(0) {
            "OK" => Self::Held,
            "NEWER" => Self::Newer(word(1).to_owned()),
            _ => Self::Taken(word(1).to_owned()),
        })
    }
}
