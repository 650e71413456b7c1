// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When a failed attempt is tried again.

use crate::Failure;
use std::time::Duration;
use stdx::{Backoff, Growth};

/// How often a task is tried and how long it waits in between.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included; 1 means no retry.
    pub max_attempts: u32,
    /// How long it waits in between.
    pub backoff: Backoff,
    /// The codes and names of errors that are tried again; `None`: every one that may go differently.
    pub retry_on: Option<Box<[Box<str>]>>,
    /// No attempt starts later than this after the first began.
    pub max_elapsed: Option<Duration>,
}

impl Default for RetryPolicy {
    /// One attempt.
    fn default() -> Self {
        let backoff = Backoff { growth: Growth::Fixed, initial: Duration::ZERO, max: Self::DELAY_MAX, jitter: 0.0 };
        Self { max_attempts: 1, backoff, retry_on: None, max_elapsed: None }
    }
}

impl RetryPolicy {
    /// The longest wait of any policy: beyond it a number is a mistake, and sums of instants stay exact.
    pub const DELAY_MAX: Duration = Duration::from_hours(366 * 24);

    /// Whether attempt number `attempt` (from 1) is followed by another after this failure.
    pub fn retries(&self, attempt: u32, failure: &Failure) -> bool {
        failure.retryable && attempt < self.max_attempts && self.retry_on.as_ref().is_none_or(|wanted| failure.is_named(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
