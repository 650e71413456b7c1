// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What calls of models were like: how many succeeded, how long they took, what they cost. Bounded per model, and what was long ago
//! counts less. What is learned from graded answers would stand beside these figures.

use crate::{Cost, Usage};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

mod histogram;

use histogram::Histogram;

/// One call that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// How it ended.
    pub outcome: Outcome,
    /// From the request to the last token.
    pub latency: Duration,
    /// From the request to the first token, where the answer was streamed.
    pub first_token: Option<Duration>,
    /// The tokens it used.
    pub usage: Usage,
    /// What they cost.
    pub cost: Cost,
}

/// How a call ended, by whose fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// With an answer.
    Succeeded,
    /// Not, by the provider: an error of its own, overload, no answer in time, an answer that cannot be read.
    ProviderFailed,
    /// Not, by the caller: a bad request, a wrong key, a context too long, a cancel. It says nothing about the model.
    CallerFailed,
}

/// Figures by provider and model.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    models: BTreeMap<String, BTreeMap<String, Figures>>,
}

/// What calls of one model were like.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    calls: u64,
    successes: u64,
    failures: u64,
    recent: Recent,
    latency: Histogram,
    first_token: Histogram,
    tokens_per_second: Option<f64>,
    cost: Cost,
}

/// Successes and failures of the provider, the old ones halved whenever there are `Recent::MAX`.
#[derive(Debug, Clone, Copy, Default)]
struct Recent {
    successes: u32,
    failures: u32,
}

impl Observed {
    /// Takes note of a call.
    pub fn record(&mut self, provider: &str, model: &str, call: &Call) {
        // Names are copied for the first call only.
        if let Some(figures) = self.models.get_mut(provider).and_then(|models| models.get_mut(model)) {
            return figures.record(call);
        }
        let mut figures = Figures::new();
        figures.record(call);
        self.models.entry(provider.to_owned()).or_default().insert(model.to_owned(), figures);
    }

    /// What is known of a model that was called.
    pub fn figures(&self, provider: &str, model: &str) -> Option<&Figures> {
        self.models.get(provider)?.get(model)
    }

    /// All models that were called, with their providers.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, &Figures)> {
        self.models.iter().flat_map(|(provider, models)| models.iter().map(|(model, figures)| (provider.as_str(), model.as_str(), figures)))
    }
}

impl Figures {
    /// Successes after which the latency counts as measured.
    pub const MEASURED_MIN: u32 = 5;
    /// How much the latest answer counts in the tokens per second.
    const LATEST: f64 = 0.2;
    /// How many successes are believed of a model before its first call.
    const FAITH: f64 = 10.0;

    fn new() -> Self {
        // An empty sum lacks nothing.
        Self { cost: Cost { nanos: 0, complete: true }, ..Self::default() }
    }

    fn record(&mut self, call: &Call) {
        self.calls += 1;
        self.cost = self.cost.plus(call.cost);
        match call.outcome {
            Outcome::Succeeded => self.succeeded(call),
            Outcome::ProviderFailed => {
                self.failures += 1;
                self.recent.add(0, 1);
            }
            Outcome::CallerFailed => {}
        }
    }

    /// Only answers are timed: a refusal is quick, and a time-out says how long we waited.
    fn succeeded(&mut self, call: &Call) {
        self.successes += 1;
        self.recent.add(1, 0);
        self.latency.add(call.latency);
        if let Some(first) = call.first_token {
            self.first_token.add(first);
        }
        let writing = call.latency.saturating_sub(call.first_token.unwrap_or_default()).as_secs_f64();
        if writing > 0.0 && call.usage.output_tokens > 0 {
            #[expect(clippy::cast_precision_loss, reason = "an answer has far fewer than 2^52 tokens")]
            let speed = call.usage.output_tokens as f64 / writing;
            self.tokens_per_second = Some(self.tokens_per_second.map_or(speed, |mean| mean + Self::LATEST * (speed - mean)));
        }
    }

    /// All calls, whoever failed.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Calls that were answered.
    pub fn successes(&self) -> u64 {
        self.successes
    }

    /// Calls that the provider failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// The share of calls that the provider answers, of the last few hundred: 1 before the first, moving with every one.
    pub fn reliability(&self) -> f64 {
        let (successes, failures) = (f64::from(self.recent.successes), f64::from(self.recent.failures));
        (Self::FAITH + successes) / (Self::FAITH + successes + failures)
    }

    /// Within what time this share of the answers was there, to an eighth at most too high.
    pub fn latency(&self, share: f64) -> Option<Duration> {
        self.latency.quantile(share)
    }

    /// The same, once enough answers were timed.
    pub fn measured_latency(&self, share: f64) -> Option<Duration> {
        self.latency(share).filter(|_| self.latency.count() >= Self::MEASURED_MIN)
    }

    /// Within what time this share of the streamed answers had begun.
    pub fn first_token(&self, share: f64) -> Option<Duration> {
        self.first_token.quantile(share)
    }

    /// How fast answers are written, the latest counting most.
    pub fn tokens_per_second(&self) -> Option<f64> {
        self.tokens_per_second
    }

    /// All that was paid.
    pub fn cost(&self) -> Cost {
        self.cost
    }
}

impl Recent {
    const MAX: u32 = 200;

    fn add(&mut self, successes: u32, failures: u32) {
        if self.successes + self.failures >= Self::MAX {
            self.successes /= 2;
            self.failures /= 2;
        }
        self.successes += successes;
        self.failures += failures;
    }
}
