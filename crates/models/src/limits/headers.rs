// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the headers of an answer say about limits, in the words of `OpenAI` (and most others) or of Anthropic.

use super::{Gauge, Limiter};
use crate::failure::spans;
use std::num::NonZeroU64;
use std::time::Duration;
use stdx::Timestamp;

/// One triple of headers.
struct Names {
    gauge: Gauge,
    limit: &'static str,
    remaining: &'static str,
    reset: &'static str,
}

const NAMES: [Names; 6] = [
    Names {
        gauge: Gauge::Requests,
        limit: "x-ratelimit-limit-requests",
        remaining: "x-ratelimit-remaining-requests",
        reset: "x-ratelimit-reset-requests",
    },
    Names {
        gauge: Gauge::Tokens,
        limit: "x-ratelimit-limit-tokens",
        remaining: "x-ratelimit-remaining-tokens",
        reset: "x-ratelimit-reset-tokens",
    },
    Names {
        gauge: Gauge::Requests,
        limit: "anthropic-ratelimit-requests-limit",
        remaining: "anthropic-ratelimit-requests-remaining",
        reset: "anthropic-ratelimit-requests-reset",
    },
    Names {
        gauge: Gauge::InputTokens,
        limit: "anthropic-ratelimit-input-tokens-limit",
        remaining: "anthropic-ratelimit-input-tokens-remaining",
        reset: "anthropic-ratelimit-input-tokens-reset",
    },
    Names {
        gauge: Gauge::OutputTokens,
        limit: "anthropic-ratelimit-output-tokens-limit",
        remaining: "anthropic-ratelimit-output-tokens-remaining",
        reset: "anthropic-ratelimit-output-tokens-reset",
    },
    Names {
        gauge: Gauge::Tokens,
        limit: "anthropic-ratelimit-tokens-limit",
        remaining: "anthropic-ratelimit-tokens-remaining",
        reset: "anthropic-ratelimit-tokens-reset",
    },
];

impl Limiter {
    /// The headers of an answer, whether it was a success or not: `headers` finds one by its name in lower case.
    pub fn observe<'a>(&mut self, headers: impl Fn(&str) -> Option<&'a str>, now: Timestamp) {
        let now = self.advance(now);
        let mut apart = false;
        for names in &NAMES {
            // With the two kinds told apart, Anthropic's `tokens` repeats whichever is scarcer, not their sum.
            if apart && names.gauge == Gauge::Tokens {
                continue;
            }
            let said = headers(names.limit);
            let limit = said.and_then(whole).and_then(NonZeroU64::new);
            let remaining = headers(names.remaining).and_then(whole);
            apart |= said.is_some() && [Gauge::InputTokens, Gauge::OutputTokens].contains(&names.gauge);
            // Azure sends limits of 0 and -1 now and then: neither is one, and what remains of it says nothing.
            if said.is_some() && limit.is_none() {
                continue;
            }
            let reset = headers(names.reset).and_then(|value| reset(value, now));
            let gauge = if self.request_headers_per_day && names.gauge == Gauge::Requests { Gauge::DailyRequests } else { names.gauge };
            if let Some((_, window)) = self.windows.iter_mut().find(|(of, _)| *of == gauge) {
                window.observe(now, limit, remaining, reset);
            }
        }
    }
}

fn whole(value: &str) -> Option<u64> {
    value.trim().parse().ok()
}

/// `6m0s`, seconds, or an instant.
fn reset(value: &str, now: Timestamp) -> Option<Duration> {
    spans::rfc3339(value).map(|instant| instant.since(now)).or_else(|| spans::span(value)).or_else(|| spans::number(value, 1.0))
}
