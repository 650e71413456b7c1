// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a provider allows for one model: requests and tokens per minute, requests per day, and so many at once.
//!
//! ```text
//! reserve ─▶ Now(reservation) ─▶ settle: what it really used counts, from when it was reserved
//!    │                        └▶ release: it was never sent and counts for nothing
//!    └─▶ At(instant), Full: later        Never: no window has room for it
//! ```
//! What is charged within any 60 seconds (a day) is at most the limit: a reservation counts whole until it is settled, then with what
//! was used. Who used more than was reserved is charged for the rest when that is known, and those who follow wait for it.
//!
//! The headers of every answer correct both sides: how much is allowed, and how much others with the same key have used.

mod headers;
mod window;

use crate::Usage;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;
use stdx::Timestamp;
use window::{Fit, Window};

/// What may be used of one model. `None`: the headers say it, or nobody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Limits {
    /// Requests in any 60 seconds.
    pub requests_per_minute: Option<NonZeroU64>,
    /// Tokens of requests and answers in any 60 seconds.
    pub tokens_per_minute: Option<NonZeroU64>,
    /// Tokens of requests alone.
    pub input_tokens_per_minute: Option<NonZeroU64>,
    /// Tokens of answers alone.
    pub output_tokens_per_minute: Option<NonZeroU64>,
    /// Requests in any 24 hours.
    pub requests_per_day: Option<NonZeroU64>,
    /// Requests that are under way at once.
    pub concurrent: Option<NonZeroU64>,
    /// What this provider's headers call requests is of a day (Groq).
    pub request_headers_per_day: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Gauge {
    /// Requests per minute.
    Requests,
    /// Requests per day.
    DailyRequests,
    /// Tokens per minute.
    Tokens,
    /// Tokens of requests per minute.
    InputTokens,
    /// Tokens of answers per minute.
    OutputTokens,
}

impl Gauge {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 5] = [Self::Requests, Self::DailyRequests, Self::Tokens, Self::InputTokens, Self::OutputTokens];

    const fn span(self) -> Duration {
        match self {
            Self::DailyRequests => Duration::from_hours(24),
            Self::Requests | Self::Tokens | Self::InputTokens | Self::OutputTokens => Duration::from_mins(1),
        }
    }

    const fn amount(self, tokens: Tokens) -> u64 {
        match self {
            Self::Requests | Self::DailyRequests => 1,
            Self::Tokens => tokens.input.saturating_add(tokens.output),
            Self::InputTokens => tokens.input,
            Self::OutputTokens => tokens.output,
        }
    }
}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests per minute",
            Self::DailyRequests => "requests per day",
            Self::Tokens => "tokens per minute",
            Self::InputTokens => "input tokens per minute",
            Self::OutputTokens => "output tokens per minute",
        })
    }
}

/// Tokens of a request: expected, or used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Of the request.
    pub input: u64,
    /// Of the answer; expected: the most that it may be.
    pub output: u64,
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self { input: usage.input_tokens, output: usage.output_tokens }
    }
}

/// A place that one request holds. It is given back once, by [`Limiter::settle`] or [`Limiter::release`].
#[derive(Debug)]
#[must_use = "a reservation that is dropped holds its place for good"]
pub struct Reservation {
    at: Timestamp,
    tokens: Tokens,
}

/// Whether a request may be sent.
#[derive(Debug)]
pub enum Admission {
    /// It may be, now.
    Now(Reservation),
    /// Not before this instant, if nothing changes meanwhile: `by` has no room, or the provider asked for silence (`None`).
    At(Timestamp, Option<Gauge>),
    /// As many are under way as may be; who comes back makes room.
    Full,
    /// It is larger than a limit by itself.
    Never(TooLarge),
}

/// A request that no window has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request needs {asked} of {limit} {gauge}; shorten it, lower its `maxTokens`, or raise the limit")]
pub struct TooLarge {
    /// What there is too little of.
    pub gauge: Gauge,
    /// All there is.
    pub limit: u64,
    /// What the request needs.
    pub asked: u64,
}

/// How much of one gauge is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// What is counted.
    pub gauge: Gauge,
    /// What is charged now, with what others used as far as the headers told it.
    pub used: u64,
    /// What holds now, of what was configured and what the headers said; `None`: nothing limits it.
    pub limit: Option<u64>,
}

/// The limits of one model of one provider, and what was used of them. Time never goes back for it.
#[derive(Debug)]
pub struct Limiter {
    windows: [(Gauge, Window); 5],
    concurrent: Option<NonZeroU64>,
    request_headers_per_day: bool,
    in_flight: u64,
    held_until: Timestamp,
    overruns: u64,
    latest: Timestamp,
}

impl Limiter {
    /// Nothing used yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            windows: Gauge::ALL.map(|gauge| (gauge, Window::new(gauge.span(), limits.of(gauge)))),
            concurrent: limits.concurrent,
            request_headers_per_day: limits.request_headers_per_day,
            in_flight: 0,
            held_until: Timestamp::default(),
            overruns: 0,
            latest: Timestamp::default(),
        }
    }

    /// Other limits from now on; what was used stays used, what the headers said stays said.
    pub fn configure(&mut self, limits: Limits) {
        for (gauge, window) in &mut self.windows {
            window.configure(limits.of(*gauge));
        }
        self.concurrent = limits.concurrent;
        self.request_headers_per_day = limits.request_headers_per_day;
    }

    /// Asks to send a request that is expected to use `tokens`.
    pub fn reserve(&mut self, now: Timestamp, tokens: Tokens) -> Admission {
        if let Some(too_large) = self.never(tokens) {
            return Admission::Never(too_large);
        }
        let now = self.advance(now);
        if self.concurrent.is_some_and(|limit| self.in_flight >= limit.get()) {
            return Admission::Full;
        }
        let mut wait = (self.held_until > now).then_some((self.held_until, None));
        for (gauge, window) in &self.windows {
            if let Fit::At(at) = window.fit(now, gauge.amount(tokens))
                && wait.is_none_or(|(latest, _)| at > latest)
            {
                wait = Some((at, Some(*gauge)));
            }
        }
        if let Some((at, by)) = wait {
            return Admission::At(at, by);
        }
        for (gauge, window) in &mut self.windows {
            window.charge(now, gauge.amount(tokens));
        }
        self.in_flight += 1;
        Admission::Now(Reservation { at: now, tokens })
    }

    /// Why a request of this size will not be admitted, however long it waits.
    pub fn never(&self, tokens: Tokens) -> Option<TooLarge> {
        self.windows.iter().find_map(|(gauge, window)| {
            let (asked, limit) = (gauge.amount(tokens), window.limit()?);
            (asked > limit).then_some(TooLarge { gauge: *gauge, limit, asked })
        })
    }

    /// The request has ended and used `actual`. What was reserved stays charged for its minute, as it does with providers, who count what a request may
    /// use when they let it in; what was used beyond it is charged as of now.
    #[expect(clippy::needless_pass_by_value, reason = "a reservation is given back once")]
    pub fn settle(&mut self, reservation: Reservation, actual: Tokens, now: Timestamp) {
        let now = self.advance(now);
        self.in_flight = self.in_flight.saturating_sub(1);
        let mut overrun = false;
        for (gauge, window) in &mut self.windows {
            let (reserved, used) = (gauge.amount(reservation.tokens), gauge.amount(actual));
            window.charge(now, used.saturating_sub(reserved));
            overrun |= used > reserved;
        }
        self.overruns += u64::from(overrun);
    }

    /// The request has ended, and what it used is not known: all that was reserved counts as used.
    pub fn settle_whole(&mut self, reservation: Reservation, now: Timestamp) {
        let tokens = reservation.tokens;
        self.settle(reservation, tokens, now);
    }

    /// The request was not sent after all.
    #[expect(clippy::needless_pass_by_value, reason = "a reservation is given back once")]
    pub fn release(&mut self, reservation: Reservation) {
        self.in_flight = self.in_flight.saturating_sub(1);
        for (gauge, window) in &mut self.windows {
            window.refund(reservation.at, gauge.amount(reservation.tokens));
        }
    }

    /// The provider asked for silence: nothing is admitted before `until`.
    pub fn hold(&mut self, until: Timestamp) {
        self.held_until = self.held_until.max(until);
    }

    /// Requests that are under way.
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Requests that used more than was reserved for them.
    pub fn overruns(&self) -> u64 {
        self.overruns
    }

    /// How full the windows are.
    pub fn levels(&self, now: Timestamp) -> Vec<Level> {
        let level = |(gauge, window): &(Gauge, Window)| Level { gauge: *gauge, used: window.used(now), limit: window.limit() };
        self.windows.iter().map(level).collect()
    }

    fn advance(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        for (_, window) in &mut self.windows {
            window.expire(self.latest);
        }
        self.latest
    }
}

impl Limits {
    fn of(&self, gauge: Gauge) -> Option<NonZeroU64> {
        match gauge {
            Gauge::Requests => self.requests_per_minute,
            Gauge::DailyRequests => self.requests_per_day,
            Gauge::Tokens => self.tokens_per_minute,
            Gauge::InputTokens => self.input_tokens_per_minute,
            Gauge::OutputTokens => self.output_tokens_per_minute,
        }
    }
}
