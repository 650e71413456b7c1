// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an idempotency key stands for: the latest execution that was begun by it.
//!
//! ```text
//! nobody's ──a call──▶ an execution's ──ended, 24 h──▶ nobody's
//!                        │        ▲
//!                        └─ended badly, a call with onFailed: 'rerun'─▶ the next execution's
//! ```
//! The ids of its executions follow from the key, one for each generation, so that any process that has the key finds them. Forks and retries have
//! ids of their own and are not the key's.

use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// What is kept of a key. It outlives the execution, so that work whose execution was forgotten is not begun again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// A name for the key, its workflow and its tenant together: 32 hex digits.
    pub hash: Arc<str>,
    /// Which of the key's executions is the latest, from 1.
    pub generation: u32,
    /// Equal for calls that would do the same.
    pub fingerprint: Arc<str>,
    /// How that execution ended; `None` while it has not.
    pub end: Option<KeyedEnd>,
}

/// The end of a key's execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedEnd {
    /// Whether it completed.
    pub well: bool,
    /// The word for how it ended.
    pub status: Arc<str>,
    /// When.
    pub at: Timestamp,
}

/// What a call with a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It begins this generation.
    Begin(u32),
    /// It is that execution's call too.
    Join,
    /// The key stands for something else.
    Mismatch,
}

impl Keyed {
    /// How long after its end an execution stands for its key.
    pub const KEPT: Duration = Duration::from_hours(24);

    /// The id of the execution of a generation.
    pub fn execution_id(hash: &str, generation: u32) -> String {
        if generation == 1 { format!("key-{hash}") } else { format!("key-{hash}-{generation}") }
    }

    /// The key and the generation that an id says.
    pub fn of_id(id: &str) -> Option<(&str, u32)> {
        const HASH_LETTERS: usize = 32;
        let (hash, rest) = id.strip_prefix("key-")?.split_at_checked(HASH_LETTERS)?;
        let is_hash = hash.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'));
        let generation = if rest.is_empty() { Some(1) } else { rest.strip_prefix('-').and_then(|generation| generation.parse().ok()) };
        // What was not written by us is no id of a key: `-1`, `-+2`, `-02`.
        Some((hash, generation?)).filter(|(hash, generation)| is_hash && Self::execution_id(hash, *generation) == id)
    }

    /// Until when it counts; `None` while its execution has not ended.
    pub fn until(&self) -> Option<Timestamp> {
        self.end.as_ref().map(|end| end.at.after(Self::KEPT))
    }

    /// What a call that would do what `fingerprint` says does at `now`.
    pub fn claim(&self, fingerprint: &str, rerun_failed: bool, now: Timestamp) -> Claim {
        let is_over = self.until().is_some_and(|until| until <= now);
        let gives_way = rerun_failed && self.end.as_ref().is_some_and(|end| !end.well);
        match () {
            () if is_over || gives_way => Claim::Begin(self.generation.saturating_add(1)),
            () if *self.fingerprint != *fingerprint => Claim::Mismatch,
            () => Claim::Join,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn keyed(end: Option<(&str, Timestamp)>) -> Keyed {
        let end = end.map(|(status, at)| KeyedEnd { well: status == "completed", status: status.into(), at });
        Keyed { hash: "0".repeat(32).into(), generation: 3, fingerprint: "same".into(), end }
    }

    #[test]
    fn a_call_joins_the_latest_execution_until_a_day_after_its_end() {
        let now = Timestamp::default().after(100 * HOUR);
        let ago = |hours: u32| Timestamp::default().after((100 - hours) * HOUR);
        for (end, rerun_failed, fingerprint, claim) in [
            (None, false, "same", Claim::Join),
            (None, true, "same", Claim::Join),
            (None, true, "other", Claim::Mismatch),
            (Some(("completed", ago(23))), false, "same", Claim::Join),
            (Some(("completed", ago(23))), true, "same", Claim::Join),
            (Some(("completed", ago(23))), false, "other", Claim::Mismatch),
            (Some(("completed", ago(24))), false, "same", Claim::Begin(4)),
            (Some(("completed", ago(24))), false, "other", Claim::Begin(4)),
            (Some(("failed", ago(1))), false, "same", Claim::Join),
            (Some(("failed", ago(1))), true, "same", Claim::Begin(4)),
            (Some(("failed", ago(1))), true, "other", Claim::Begin(4)),
            (Some(("cancelled", ago(1))), true, "same", Claim::Begin(4)),
        ] {
            assert_eq!(keyed(end).claim(fingerprint, rerun_failed, now), claim, "{end:?} {rerun_failed} {fingerprint}");
        }
    }

    #[test]
    fn ids_say_the_key_and_the_generation_and_nothing_else_does() {
        let hash = "0123456789abcdef".repeat(2);
        for generation in [1, 2, 10, u32::MAX] {
            assert_eq!(Keyed::of_id(&Keyed::execution_id(&hash, generation)), Some((&*hash, generation)));
        }
        let upper = hash.to_uppercase();
        for id in [
            "",
            "key-",
            "key-1",
            &hash,
            &format!("key-{upper}"),
            &format!("key-{hash}-"),
            &format!("key-{hash}-0x"),
            &format!("key-{hash}-1"),
            &format!("key-{hash}-02"),
            &format!("key-{hash}-+2"),
            &format!("key-{hash}2"),
            &format!("key-{}é", "0".repeat(31)),
        ] {
            assert_eq!(Keyed::of_id(id), None, "{id}");
        }
    }
}
