// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How often a call is sent to one model and how long it waits in between: exponentially longer, with all of the wait left to chance, unless it is told otherwise.

use std::time::Duration;
use stdx::{Backoff, Growth, mixed};

/// How often and how soon. Chance comes from the seed of the call, which is on record, so that a replay waits equally long.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// Attempts at one target, the first included; a fallback has as many again.
    pub max_attempts: u32,
    /// How long it waits in between, at the longest.
    pub backoff: Backoff,
    /// Whether an attempt that was not answered in time is made again as any other is: the provider may bill each of them.
    pub after_time_out: bool,
    /// A provider that asks for a longer wait than this has given the call up, as far as we are concerned.
    pub retry_after_max: Duration,
}

impl Default for RetryPolicy {
    /// Five attempts, up to half a second after the first and half a minute after the last but one.
    fn default() -> Self {
        let (initial, max) = (Duration::from_millis(500), Duration::from_secs(30));
        Self {
            max_attempts: 5,
            backoff: Backoff { growth: Growth::Exponential, initial, max, jitter: 1.0 },
            after_time_out: false,
            retry_after_max: Duration::from_mins(1),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after `attempt` (from 1) failed; `None`: the provider asks for more than anyone waits.
    ///
    /// What the provider asks for is waited exactly: less is refused again, and the limiter spreads those who come back together.
    pub fn delay(&self, attempt: u32, seed: u64, retry_after: Option<Duration>) -> Option<Duration> {
        if let Some(asked) = retry_after {
            return (asked <= self.retry_after_max).then_some(asked);
        }
        Some(self.backoff.delay(attempt, seed ^ mixed(u64::from(attempt))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_anything_up_to_what_doubles() {
        let policy = RetryPolicy::default();
        for (attempt, longest) in [(1, 500), (2, 1000), (3, 2000), (7, 30_000), (4_000_000, 30_000)] {
            let longest = Duration::from_millis(longest);
            let waits: Vec<Duration> = (0..1000).filter_map(|seed| policy.delay(attempt, seed, None)).collect();
            let mean = waits.iter().sum::<Duration>() / 1000;
            assert!(waits.len() == 1000 && waits.iter().all(|wait| *wait < longest), "{attempt}");
            assert!(mean > longest.mul_f64(0.45) && mean < longest.mul_f64(0.55), "{attempt}: {mean:?}");
        }
        assert_eq!(policy.delay(2, 7, None), policy.delay(2, 7, None));
    }

    #[test]
    fn the_provider_s_word_counts_up_to_the_longest_that_anyone_waits() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, 7, Some(Duration::from_mins(1))), Some(Duration::from_mins(1)));
        assert_eq!(policy.delay(1, 7, Some(Duration::from_millis(60_001))), None);
    }
}
