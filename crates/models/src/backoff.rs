// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How often a call is sent to one model and how long it waits in between: exponentially longer, with all of the wait left to chance, unless it is told otherwise.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often and how soon. Chance comes from the seed of the call, which is on record, so that a replay waits equally long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts at one target, the first included; a fallback has as many again.
    pub max_attempts: u32,
    /// The longest wait after the first attempt.
    pub initial_delay: Duration,
    /// How the longest wait grows from one attempt to the next.
    pub growth: Growth,
    /// The share of the wait that is left to chance, in per cent.
    pub jitter_percent: u32,
    /// The longest wait after any attempt.
    pub max_delay: Duration,
    /// Whether an attempt that was not answered in time is made again as any other is: the provider may bill each of them.
    pub after_time_out: bool,
    /// A provider that asks for a longer wait than this has given the call up, as far as we are concerned.
    pub retry_after_max: Duration,
}

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Growth {
    /// Not at all.
    Fixed,
    /// By the first with each attempt.
    Linear,
    /// Twice as long each time.
    Exponential,
}

impl Default for RetryPolicy {
    /// Five attempts, up to half a second after the first and half a minute after the last but one.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            initial_delay: Duration::from_millis(500),
            growth: Growth::Exponential,
            jitter_percent: 100,
            max_delay: Duration::from_secs(30),
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
        let times = match self.growth {
            Growth::Fixed => 1,
            Growth::Linear => attempt.max(1),
            Growth::Exponential => 2_u32.saturating_pow(attempt.saturating_sub(1)),
        };
        let longest = self.initial_delay.saturating_mul(times).min(self.max_delay);
        let chancy = longest / 100 * self.jitter_percent.min(100);
        Some(longest.saturating_sub(chancy) + part(chancy, mixed(seed ^ mixed(u64::from(attempt)))))
    }
}

/// The part of `longest` that `chance` picks, out of all of it.
fn part(longest: Duration, chance: u64) -> Duration {
    let micros = longest.as_micros().saturating_mul(u128::from(chance)) >> 64;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// The step of `SplitMix64` (Steele, Lea, Flood 2014): neighbouring seeds give numbers that have nothing in common.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
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
    fn a_wait_grows_as_it_is_told_to_and_leaves_to_chance_what_it_may() {
        let waits = |growth, jitter_percent| {
            let policy = RetryPolicy { initial_delay: Duration::from_millis(100), growth, jitter_percent, ..RetryPolicy::default() };
            [1, 2, 3, 4].map(|attempt| policy.delay(attempt, 7, None).unwrap().as_millis())
        };
        assert_eq!(waits(Growth::Fixed, 0), [100, 100, 100, 100]);
        assert_eq!(waits(Growth::Linear, 0), [100, 200, 300, 400]);
        assert_eq!(waits(Growth::Exponential, 0), [100, 200, 400, 800]);
        let quarter = waits(Growth::Exponential, 25);
        assert!(quarter.iter().zip([100, 200, 400, 800]).all(|(wait, most)| (most * 3 / 4..most).contains(wait)), "{quarter:?}");
    }

    #[test]
    fn the_provider_s_word_counts_up_to_the_longest_that_anyone_waits() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, 7, Some(Duration::from_mins(1))), Some(Duration::from_mins(1)));
        assert_eq!(policy.delay(1, 7, Some(Duration::from_millis(60_001))), None);
    }
}
