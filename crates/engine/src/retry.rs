// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When a failed attempt is tried again.

use crate::Failure;
use std::time::Duration;

/// How often a task is tried and how long it waits in between.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included; 1 means no retry.
    pub max_attempts: u32,
    /// How the wait grows.
    pub backoff: Backoff,
    /// The wait after the first failed attempt.
    pub initial_delay: Duration,
    /// The longest wait, if there is a limit.
    pub max_delay: Option<Duration>,
    /// How much of the wait is left to chance, from 0 (none) to 1 (all of it).
    pub jitter: f64,
    /// The codes and names of errors that are tried again; `None`: every one that may go differently.
    pub retry_on: Option<Box<[Box<str>]>>,
    /// No attempt starts later than this after the first began.
    pub max_elapsed: Option<Duration>,
}

/// How the wait grows from one failed attempt to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Always `initialDelay`.
    Fixed,
    /// `initialDelay` × the number of the attempt that failed.
    Linear,
    /// `initialDelay` × 2 ^ (the number of the attempt that failed − 1).
    Exponential,
}

impl Default for RetryPolicy {
    /// One attempt.
    fn default() -> Self {
        Self {
            max_attempts: 1,
            backoff: Backoff::Fixed,
            initial_delay: Duration::ZERO,
            max_delay: None,
            jitter: 0.0,
            retry_on: None,
            max_elapsed: None,
        }
    }
}

impl RetryPolicy {
    /// The longest wait of any policy: beyond it a number is a mistake, and sums of instants stay exact.
    pub const DELAY_MAX: Duration = Duration::from_hours(366 * 24);

    /// Whether attempt number `attempt` (from 1) is followed by another after this failure.
    pub fn retries(&self, attempt: u32, failure: &Failure) -> bool {
        failure.retryable && attempt < self.max_attempts && self.retry_on.as_ref().is_none_or(|wanted| failure.is_named(wanted))
    }

    /// How long to wait after `attempt` (from 1) failed.
    ///
    /// `chance` picks the point within the jitter. It comes from the execution's id, the task and the attempt, so a replay waits equally long.
    pub fn delay(&self, attempt: u32, chance: u64) -> Duration {
        let factor = match self.backoff {
            Backoff::Fixed => 1,
            Backoff::Linear => attempt,
            Backoff::Exponential => 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX),
        };
        let delay = self.initial_delay.saturating_mul(factor).min(self.max_delay.unwrap_or(Self::DELAY_MAX)).min(Self::DELAY_MAX);
        delay.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * unit(chance))
    }
}

/// A number in [0, 1) from the bits of `chance`, mixed by the finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
fn unit(chance: u64) -> f64 {
    let mut x = chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^= x >> 31;
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: &RetryPolicy) -> Vec<u128> {
        (1..=5).map(|attempt| policy.delay(attempt, 7).as_millis()).collect()
    }

    #[test]
    fn the_wait_grows_as_the_policy_says() {
        let policy = |backoff, max_delay| RetryPolicy {
            max_attempts: 6,
            backoff,
            initial_delay: Duration::from_millis(100),
            max_delay,
            jitter: 0.0,
            retry_on: None,
            max_elapsed: None,
        };
        assert_eq!(delays(&policy(Backoff::Fixed, None)), [100, 100, 100, 100, 100]);
        assert_eq!(delays(&policy(Backoff::Linear, None)), [100, 200, 300, 400, 500]);
        assert_eq!(delays(&policy(Backoff::Exponential, None)), [100, 200, 400, 800, 1600]);
        assert_eq!(delays(&policy(Backoff::Exponential, Some(Duration::from_millis(500)))), [100, 200, 400, 500, 500]);
        assert_eq!(policy(Backoff::Exponential, None).delay(4_000_000, 7), RetryPolicy::DELAY_MAX);
    }

    #[test]
    fn an_error_is_tried_again_while_attempts_are_left_and_it_is_one_that_was_named() {
        let failure = |code: &str, details: Option<&str>, retryable| Failure {
            code: code.into(),
            message: "no".into(),
            details: details.map(Into::into),
            retryable,
            retry_after: None,
        };
        let policy = RetryPolicy { max_attempts: 3, ..RetryPolicy::default() };
        let any = failure("ERR_AGENT", None, true);
        assert_eq!([1, 2, 3, 4].map(|attempt| policy.retries(attempt, &any)), [true, true, false, false]);
        assert!(!policy.retries(1, &failure("ERR_AGENT", None, false)));

        let named = |names: &[&str]| RetryPolicy { retry_on: Some(names.iter().map(|name| (*name).into()).collect()), ..policy.clone() };
        let thrown = failure("ERR_AGENT", Some(r#"{"name":"RateLimited","code":"ECONNRESET","stack":7}"#), true);
        for name in ["ERR_AGENT", "RateLimited", "ECONNRESET"] {
            assert!(named(&["ERR_TIMEOUT", name]).retries(1, &thrown), "{name}");
        }
        assert!(!named(&["ERR_TIMEOUT", "ratelimited"]).retries(1, &thrown));
        assert!(!named(&[]).retries(1, &thrown));
        assert!(!named(&["RateLimited"]).retries(3, &thrown));
        assert!(!named(&["RateLimited"]).retries(1, &failure("ERR_AGENT", Some("not JSON"), true)));
    }

    #[test]
    fn jitter_shortens_the_wait_by_at_most_its_share_and_repeats_for_the_same_chance() {
        let policy = RetryPolicy { jitter: 0.25, initial_delay: Duration::from_secs(1), ..RetryPolicy::default() };
        let waits: Vec<Duration> = (0..1000).map(|chance| policy.delay(1, chance)).collect();
        assert!(waits.iter().all(|wait| (750..=1000).contains(&wait.as_millis())));
        assert!(waits.iter().any(|wait| wait.as_millis() < 780) && waits.iter().any(|wait| wait.as_millis() > 970));
        assert_eq!(policy.delay(1, 3), policy.delay(1, 3));
    }
}
