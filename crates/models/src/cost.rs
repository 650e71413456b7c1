// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a call costs. Prices are whole pico-dollars per token (a dollar per million tokens is 1,000,000 of them), so that sums are exact;
//! a call is rounded once, to nano-dollars.

use crate::Usage;
use serde::{Deserialize, Serialize};

mod price;
mod written;

pub use price::{Price, PriceError};

/// What the tokens of a model cost. A price that nobody knows is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "written::WrittenPrices")]
pub struct Prices {
    /// What a request costs by itself.
    #[serde(flatten)]
    pub standard: PriceList,
    /// What it costs in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<PriceList>,
}

/// Rates, and others for long requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PriceList {
    /// What holds for all but long requests.
    #[serde(flatten)]
    pub rates: Rates,
    /// What holds for all tokens of a request with more input than so many, the fewest first; what a step does not name stays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<Step>,
}

/// Rates of requests with more than `tokens` of input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The most input tokens for which they do not hold.
    pub tokens: u64,
    /// The rates that change.
    #[serde(flatten)]
    pub rates: Rates,
}

/// Prices of one token each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Of the request, outside of any cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Price>,
    /// Of the answer, with what was thought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Price>,
    /// Read from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Price>,
    /// Written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Price>,
    /// Written to the cache for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_hour: Option<Price>,
}

/// What a call cost or will cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Billionths of a dollar.
    pub nanos: u64,
    /// `false` where a price was missing: then tokens were charged as the nearest kind whose price is known, or not at all.
    pub complete: bool,
}

const PICOS_PER_NANO: u128 = 1_000;

impl Prices {
    /// What was used costs, in a batch or by itself.
    pub fn cost(&self, usage: &Usage, batch: bool) -> Cost {
        let rates = self.rates(usage.input_tokens, batch);
        let mut sum = Sum { picos: 0, complete: !batch || self.batch.is_some() };
        let cached = [usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_hour_tokens];
        let plain = cached.into_iter().fold(usage.input_tokens, u64::saturating_sub);
        sum.add(plain, [rates.input]);
        sum.add(usage.cache_read_tokens, [rates.cache_read, rates.input]);
        sum.add(usage.cache_write_tokens, [rates.cache_write, rates.input]);
        sum.add(usage.cache_write_hour_tokens, [rates.cache_write_hour, rates.cache_write, rates.input]);
        sum.add(usage.output_tokens, [rates.output]);
        sum.rounded()
    }

    /// The most that a request can cost with up to so many tokens each way, as none of it is asked to be cached for an hour. Providers that
    /// charge for writing to their caches may do so unasked, so input counts as written where that is dearer.
    pub fn estimate(&self, input_tokens: u64, output_tokens_max: u64, batch: bool) -> Cost {
        let steps = self.standard.above.iter().chain(self.batch.iter().flat_map(|list| &list.above));
        let reached = steps.map(|step| step.tokens).filter(|tokens| *tokens < input_tokens);
        // A shorter request than the longest may be the dearer one.
        let all: Vec<Rates> = std::iter::once(0).chain(reached.map(|tokens| tokens + 1)).map(|tokens| self.rates(tokens, batch)).collect();
        let dearest = |rate: fn(&Rates) -> Option<Price>| all.iter().filter_map(rate).max();
        let input = dearest(|rates| rates.input);
        let mut sum = Sum { picos: 0, complete: !batch || self.batch.is_some() };
        sum.complete &= input.is_some() || input_tokens == 0;
        sum.add(input_tokens, [input.max(dearest(|rates| rates.cache_write)).max(dearest(|rates| rates.cache_read))]);
        sum.add(output_tokens_max, [dearest(|rates| rates.output)]);
        sum.rounded()
    }

    /// The rates of a request with so much input. What a batch has no price for costs what it costs by itself.
    fn rates(&self, input_tokens: u64, batch: bool) -> Rates {
        let standard = self.standard.at(input_tokens);
        self.batch.as_ref().filter(|_| batch).map_or(standard, |list| list.at(input_tokens).over(standard))
    }
}

impl PriceList {
    fn at(&self, input_tokens: u64) -> Rates {
        self.above.iter().take_while(|step| step.tokens < input_tokens).fold(self.rates, |rates, step| step.rates.over(rates))
    }
}

impl Rates {
    /// These, and `others` where these say nothing.
    fn over(self, others: Self) -> Self {
        Self {
            input: self.input.or(others.input),
            output: self.output.or(others.output),
            cache_read: self.cache_read.or(others.cache_read),
            cache_write: self.cache_write.or(others.cache_write),
            cache_write_hour: self.cache_write_hour.or(others.cache_write_hour),
        }
    }
}

struct Sum {
    picos: u128,
    complete: bool,
}

impl Sum {
    /// Adds tokens at the first price that is known.
    fn add<const N: usize>(&mut self, tokens: u64, prices: [Option<Price>; N]) {
        if tokens == 0 {
            return;
        }
        self.complete &= prices.first().is_some_and(Option::is_some);
        if let Some(price) = prices.into_iter().flatten().next() {
            self.picos = self.picos.saturating_add(u128::from(tokens) * u128::from(price.picos()));
        }
    }

    fn rounded(self) -> Cost {
        let nanos = self.picos.saturating_add(PICOS_PER_NANO / 2) / PICOS_PER_NANO;
        Cost { nanos: u64::try_from(nanos).unwrap_or(u64::MAX), complete: self.complete }
    }
}

impl Cost {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos), complete: self.complete && other.complete }
    }
}
