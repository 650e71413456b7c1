// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a candidate must not fail, cheapest to look at first.

use super::ask::Ask;
use super::candidates::{Availability, Candidate, Estimate};
use crate::{Capability, Tier};
use serde::Serialize;
use std::fmt;

/// What of the requirements a candidate may fail, as it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Constraint {
    /// `providers`.
    Providers,
    /// `capabilities`.
    Capabilities,
    /// The `quality` of `capabilities`.
    Quality,
    /// `contextLength`, or what the tokens add up to.
    ContextLength,
    /// `maxOutputTokens`.
    MaxOutputTokens,
    /// `structuredOutput`.
    StructuredOutput,
    /// `batch`.
    Batch,
    /// `maxCost`.
    MaxCost,
    /// `maxLatency`.
    MaxLatency,
    /// Nothing that was asked: it cannot be called right now.
    Availability,
}

/// Why a candidate will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its provider is not allowed.
    Provider,
    /// It cannot do this.
    Capability(Capability),
    /// It is not this good, or nobody knows.
    Quality(Tier),
    /// Its window is shorter than so many tokens, or unknown.
    Context(u64),
    /// Its answers are shorter than so many tokens, or nobody knows.
    Output(u64),
    /// Its answers cannot be held to a schema, or nobody knows.
    StructuredOutput,
    /// It takes no batches, or nobody knows.
    Batch,
    /// The call costs so many nano-dollars.
    Cost(u64),
    /// Nobody knows what it costs.
    CostUnknown,
    /// The answer takes so many milliseconds.
    Latency(u64),
    /// It cannot be called right now.
    Unavailable(Availability),
}

impl Refusal {
    /// What was failed.
    pub fn constraint(self) -> Constraint {
        match self {
            Self::Provider => Constraint::Providers,
            Self::Capability(_) => Constraint::Capabilities,
            Self::Quality(_) => Constraint::Quality,
            Self::Context(_) => Constraint::ContextLength,
            Self::Output(_) => Constraint::MaxOutputTokens,
            Self::StructuredOutput => Constraint::StructuredOutput,
            Self::Batch => Constraint::Batch,
            Self::Cost(_) | Self::CostUnknown => Constraint::MaxCost,
            Self::Latency(_) => Constraint::MaxLatency,
            Self::Unavailable(_) => Constraint::Availability,
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Providers => "`providers`",
            Self::Capabilities => "`capabilities`",
            Self::Quality => "the `quality` of `capabilities`",
            Self::ContextLength => "`contextLength`",
            Self::MaxOutputTokens => "`maxOutputTokens`",
            Self::StructuredOutput => "`structuredOutput`",
            Self::Batch => "`batch`",
            Self::MaxCost => "`maxCost`",
            Self::MaxLatency => "`maxLatency`",
            Self::Availability => "availability",
        })
    }
}

/// What is known of a model decides. An estimate costs more than all of these together, and most candidates fail one of them.
const OF_MODEL: [fn(&Ask<'_>, &Candidate) -> Option<Refusal>; 7] = [
    |ask, candidate| (!ask.allows(&candidate.provider)).then_some(Refusal::Provider),
    |ask, candidate| {
        let missing = ask.requirements.capabilities.iter().find(|need| !candidate.capabilities.contains(&need.capability));
        missing.map(|need| Refusal::Capability(need.capability))
    },
    |ask, candidate| (candidate.tier < ask.tier).then_some(Refusal::Quality(ask.tier)),
    |ask, candidate| {
        let too_short = candidate.context.map_or(ask.context_asked, |window| window < ask.context);
        too_short.then_some(Refusal::Context(ask.context))
    },
    |ask, candidate| {
        let asked = ask.requirements.max_output_tokens?;
        fails(candidate.max_output.map(|most| most >= asked), Refusal::Output(asked))
    },
    |ask, candidate| ask.requirements.structured_output.then(|| fails(candidate.structured_output, Refusal::StructuredOutput))?,
    |ask, candidate| ask.requirements.batch.then(|| fails(candidate.batch, Refusal::Batch))?,
];

/// What is expected of the call decides.
const OF_CALL: [fn(&Ask<'_>, &Estimate) -> Option<Refusal>; 2] = [
    |ask, estimate| {
        let most = ask.max_cost_nanos?;
        if !estimate.cost.complete {
            return Some(Refusal::CostUnknown);
        }
        (estimate.cost.nanos > most).then_some(Refusal::Cost(estimate.cost.nanos))
    },
    |ask, estimate| (estimate.latency_ms > ask.max_latency_ms?).then_some(Refusal::Latency(estimate.latency_ms)),
];

/// What is unknown is not relied on.
fn fails(known: Option<bool>, refusal: Refusal) -> Option<Refusal> {
    (known != Some(true)).then_some(refusal)
}

/// The first thing that a candidate fails, or what is expected of a call of it.
pub(super) fn judge(
    ask: &Ask<'_>,
    candidate: &Candidate,
    estimate: impl FnOnce() -> Estimate,
    availability: &impl Fn(&Candidate) -> Availability,
) -> Result<Estimate, Refusal> {
    if let Some(refusal) = OF_MODEL.iter().find_map(|check| check(ask, candidate)) {
        return Err(refusal);
    }
    let estimate = estimate();
    let of_call = OF_CALL.iter().find_map(|check| check(ask, &estimate));
    of_call.or_else(|| unavailable(availability(candidate))).map_or(Ok(estimate), Err)
}

/// All that a candidate fails.
pub(super) fn refusals(
    ask: &Ask<'_>,
    candidate: &Candidate,
    estimate: &Estimate,
    availability: &impl Fn(&Candidate) -> Availability,
) -> Vec<Refusal> {
    let of_model = OF_MODEL.iter().filter_map(|check| check(ask, candidate));
    let of_call = OF_CALL.iter().filter_map(|check| check(ask, estimate));
    of_model.chain(of_call).chain(unavailable(availability(candidate))).collect()
}

fn unavailable(availability: Availability) -> Option<Refusal> {
    (availability != Availability::Available).then_some(Refusal::Unavailable(availability))
}
