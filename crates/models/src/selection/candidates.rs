// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The models that may be chosen at all, with what selections look at made ready once.

use super::ask::Ask;
use crate::{Capability, Catalogue, Cost, Day, Figures, Model, Observed, Prices, Tier, Usage};
use std::time::Duration;

/// The models of the providers that are configured, in the order of their names.
#[derive(Debug, Clone)]
pub struct Candidates {
    list: Vec<Candidate>,
}

/// One model as selections see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who offers it.
    pub provider: String,
    /// What it is called there.
    pub id: String,
    pub(super) capabilities: Vec<Capability>,
    pub(super) tier: Tier,
    /// Of votes against the best model, in thousandths of what an equal one gets.
    pub(super) share: u16,
    pub(super) score: Option<f64>,
    pub(super) inferred: bool,
    pub(super) rated: bool,
    pub(super) context: Option<u64>,
    pub(super) max_output: Option<u64>,
    pub(super) structured_output: Option<bool>,
    pub(super) batch: Option<bool>,
    prices: Prices,
    latency_ms: u64,
}

/// Whether a model can be called right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Available,
    /// It failed too often a moment ago.
    BreakerOpen,
    /// Its limits leave no room.
    LimitReached,
    /// Nothing is left to pay it with.
    BudgetExhausted,
}

/// What a call of a candidate is expected to be like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) cost: Cost,
    pub(super) latency_ms: u64,
    pub(super) latency_measured: bool,
    pub(super) reliability: f64,
}

/// Of answers that were timed, the share that a latency must hold for.
const LATENCY_SHARE: f64 = 0.95;

impl Candidates {
    /// Those of them that may be chosen.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Candidate) -> bool) -> Self {
        Self { list: self.list.iter().filter(|candidate| keep(candidate)).cloned().collect() }
    }

    /// What `providers` offer on a day: all that they have not switched off by then.
    pub fn new<'a>(catalogue: &Catalogue, providers: impl IntoIterator<Item = &'a str>, today: Day) -> Self {
        let mut list: Vec<Candidate> = providers
            .into_iter()
            .flat_map(|provider| {
                let offered = catalogue.models_of(provider).filter(|model| model.deprecated.is_none_or(|day| today < day));
                offered.map(|model| Candidate::new(provider, model)).collect::<Vec<_>>()
            })
            .collect();
        list.sort_by(|one, other| (&one.provider, &one.id).cmp(&(&other.provider, &other.id)));
        list.dedup_by(|one, other| one.provider == other.provider && one.id == other.id);
        Self { list }
    }

    /// All of them.
    pub fn list(&self) -> &[Candidate] {
        &self.list
    }
}

impl Candidate {
    fn new(provider: &str, model: &Model) -> Self {
        let quality = model.quality.as_ref();
        let tier = quality.map_or(Tier::Basic, |quality| quality.tier);
        Self {
            provider: provider.to_owned(),
            id: model.id.clone(),
            capabilities: model.types.clone(),
            tier,
            share: quality.and_then(|quality| quality.share).unwrap_or(share_of(tier)),
            score: quality.and_then(|quality| quality.score),
            inferred: quality.is_some_and(|quality| quality.inferred.is_some()),
            rated: quality.is_some(),
            context: model.context,
            max_output: model.max_output,
            structured_output: model.structured_output,
            batch: model.batch,
            prices: model.prices.clone(),
            latency_ms: latency_of_size(model),
        }
    }

    pub(super) fn estimate(&self, ask: &Ask<'_>, observed: &Observed) -> Estimate {
        let usage = Usage { input_tokens: ask.input_tokens, output_tokens: ask.output_tokens, ..Usage::default() };
        let figures = observed.figures(&self.provider, &self.id);
        let measured = figures.and_then(|figures| figures.measured_latency(LATENCY_SHARE)).map(millis);
        Estimate {
            cost: self.prices.cost(&usage, ask.requirements.batch),
            latency_ms: measured.unwrap_or(self.latency_ms),
            latency_measured: measured.is_some(),
            reliability: figures.map_or(1.0, Figures::reliability),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What is expected before anything was measured, for want of figures that may be passed on: small models, told by the price of their
/// answers, are quicker than large ones. Only the order means anything.
fn latency_of_size(model: &Model) -> u64 {
    const DOLLAR: u64 = 1_000_000;
    match model.prices.standard.rates.output.map(crate::Price::picos) {
        Some(picos) if picos <= DOLLAR => 1_000,
        Some(picos) if picos > 10 * DOLLAR => 4_000,
        _ => 2_000,
    }
}

/// What a tier is worth where there is no score: the middle of the shares that make it.
fn share_of(tier: Tier) -> u16 {
    match tier {
        Tier::Basic => 400,
        Tier::Good => 650,
        Tier::Excellent => 900,
    }
}
