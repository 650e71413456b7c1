// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which model a call goes to.
//!
//! ```text
//! requirements ─▶ what each candidate fails ─▶ those that fail nothing ─▶ of the preferred provider, if it has any ─▶ the best score
//!                           └ all fail something ─▶ NoModel: which requirement to relax
//! ```
//! The score adds quality, cost and latency, each between 0 and 1, by weights of the mode; `docs/models.md` works an example. It takes
//! the means of what is known, so the same question has the same answer; learning from graded answers would draw from a distribution
//! here instead. The answer is recorded with what it was decided from: a replay reads it and never chooses again.

use crate::{Cost, Observed};
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;

mod ask;
mod candidates;
mod checks;
mod no_model;
mod reason;
mod requirements;

pub use candidates::{Availability, Candidate, Candidates};
pub use checks::{Constraint, Refusal};
pub use no_model::{NoModel, Refused};
pub use requirements::{Mode, Need, Providers, Requirements, RequirementsError};

use ask::Ask;
use candidates::Estimate;

/// The model that was chosen, why, and what would have been next.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// What its provider calls it.
    pub model_id: String,
    /// Who offers it.
    pub provider: String,
    /// Why, as a sentence.
    pub reason: String,
    /// What the call will cost at the sizes that were asked for.
    pub estimated_cost: Cost,
    /// Within how many milliseconds 95 of 100 answers should be there.
    pub estimated_latency: u64,
    /// The next best, best first.
    pub alternatives: Vec<Alternative>,
    /// What it was decided from.
    pub inputs: Inputs,
}

/// A model that would have done as well.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alternative {
    /// What its provider calls it.
    pub model_id: String,
    /// Who offers it.
    pub provider: String,
    /// What the call would cost.
    pub estimated_cost: Cost,
    /// How many milliseconds it would take.
    pub estimated_latency: u64,
    /// How its score comes about.
    pub terms: Terms,
}

/// What a choice was made from, for its record.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inputs {
    /// What was asked.
    pub requirements: Requirements,
    /// The models that were looked at.
    pub considered: usize,
    /// How many of them failed what, each counted once.
    pub refused: BTreeMap<Constraint, usize>,
    /// How the score of the chosen one comes about.
    pub terms: Terms,
}

/// The parts of a score, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// How good answers are, times the share of calls that are answered.
    pub quality: f64,
    /// 1 for what is free, 0 for the dearest that meets the requirements.
    pub cost: f64,
    /// 1 for what takes no time, 0 for the slowest that meets the requirements.
    pub latency: f64,
    /// Whether the latency was observed, and is not only expected of its size.
    pub latency_measured: bool,
    /// The sum by the weights of the mode.
    pub score: f64,
}

/// Candidates that meet the requirements beyond the chosen one are named up to this number.
const ALTERNATIVES_MAX: usize = 5;

/// Chooses among candidates: the best by score of those that fail nothing. `availability` says who cannot be called right now.
pub fn select(
    requirements: &Requirements,
    candidates: &Candidates,
    observed: &Observed,
    availability: impl Fn(&Candidate) -> Availability,
) -> Result<Selection, NoModel> {
    let ask = Ask::new(requirements)?;
    let mut refused = Vec::new();
    let mut fit = Vec::new();
    for candidate in candidates.list() {
        match checks::judge(&ask, candidate, || candidate.estimate(&ask, observed), &availability) {
            Ok(estimate) => fit.push((candidate, estimate)),
            Err(refusal) => refused.push((candidate, refusal)),
        }
    }
    let mut ranked = rank(&ask, fit);
    if ranked.is_empty() {
        let all = |candidate: &Candidate| checks::refusals(&ask, candidate, &candidate.estimate(&ask, observed), &availability);
        return Err(NoModel::new(requirements, candidates.list().iter().map(|candidate| (candidate, all(candidate)))));
    }
    let fitting = ranked.len();
    let chosen = ranked.remove(0);
    let mut counts = BTreeMap::new();
    for (_, refusal) in &refused {
        *counts.entry(refusal.constraint()).or_insert(0) += 1;
    }
    let reason = reason::of(requirements, &chosen, fitting, &refused);
    let Ranked { candidate, estimate, terms, .. } = chosen;
    Ok(Selection {
        model_id: candidate.id.clone(),
        provider: candidate.provider.clone(),
        reason,
        estimated_cost: estimate.cost,
        estimated_latency: estimate.latency_ms,
        alternatives: ranked.into_iter().take(ALTERNATIVES_MAX).map(Alternative::from).collect(),
        inputs: Inputs { requirements: requirements.clone(), considered: candidates.list().len(), refused: counts, terms },
    })
}

/// The one that [`select`] would choose, and nothing of why: for choices that are made beside each call.
pub fn best<'a>(
    requirements: &Requirements,
    candidates: &'a Candidates,
    observed: &Observed,
    availability: impl Fn(&Candidate) -> Availability,
) -> Option<&'a Candidate> {
    let ask = Ask::new(requirements).ok()?;
    let judge = |candidate| checks::judge(&ask, candidate, || candidate.estimate(&ask, observed), &availability);
    let fit = candidates.list().iter().filter_map(|candidate| Some((candidate, judge(candidate).ok()?))).collect();
    scored(&ask, fit).into_iter().min_by(order).map(|ranked| ranked.candidate)
}

/// A candidate that fails nothing, with its place among those.
struct Ranked<'a> {
    candidate: &'a Candidate,
    estimate: Estimate,
    preferred: bool,
    terms: Terms,
}

impl From<Ranked<'_>> for Alternative {
    fn from(Ranked { candidate, estimate, terms, .. }: Ranked<'_>) -> Self {
        Self {
            model_id: candidate.id.clone(),
            provider: candidate.provider.clone(),
            estimated_cost: estimate.cost,
            estimated_latency: estimate.latency_ms,
            terms,
        }
    }
}

/// The best first.
fn rank<'a>(ask: &Ask<'_>, fit: Vec<(&'a Candidate, Estimate)>) -> Vec<Ranked<'a>> {
    let mut ranked = scored(ask, fit);
    ranked.sort_by(order);
    ranked
}

fn scored<'a>(ask: &Ask<'_>, fit: Vec<(&'a Candidate, Estimate)>) -> Vec<Ranked<'a>> {
    let dearest =
        fit.iter().filter(|(_, estimate)| estimate.cost.complete).map(|(_, estimate)| estimate.cost.nanos).max().unwrap_or_default();
    let slowest = fit.iter().map(|(_, estimate)| estimate.latency_ms).max().unwrap_or_default();
    fit.into_iter()
        .map(|(candidate, estimate)| {
            let preferred = ask.requirements.preferred_provider.as_ref() == Some(&candidate.provider);
            let terms = terms(ask.requirements.mode, candidate, &estimate, dearest, slowest);
            Ranked { candidate, estimate, preferred, terms }
        })
        .collect()
}

/// Of the preferred provider before all others, then by score, then by name so that the order is always the same.
fn order(one: &Ranked<'_>, other: &Ranked<'_>) -> Ordering {
    let by_score = || other.terms.score.total_cmp(&one.terms.score);
    let by_provider = || one.candidate.provider.cmp(&other.candidate.provider);
    other.preferred.cmp(&one.preferred).then_with(by_score).then_with(by_provider).then_with(|| one.candidate.id.cmp(&other.candidate.id))
}

fn terms(mode: Mode, candidate: &Candidate, estimate: &Estimate, dearest: u64, slowest: u64) -> Terms {
    let quality = f64::from(candidate.share) / 1000.0 * estimate.reliability;
    // Prices span four powers of ten: without the root one dear model would make all others look alike. A root is the same on every machine.
    let cost = if estimate.cost.complete { 1.0 - part(estimate.cost.nanos, dearest).sqrt() } else { 0.0 };
    let latency = 1.0 - part(estimate.latency_ms, slowest);
    let (quality_weight, cost_weight, latency_weight) = mode.weights();
    let score = quality_weight * quality + cost_weight * cost + latency_weight * latency;
    Terms { quality, cost, latency, latency_measured: estimate.latency_measured, score }
}

#[expect(clippy::cast_precision_loss, reason = "a score needs no more than 52 bits")]
fn part(value: u64, most: u64) -> f64 {
    if most == 0 { 0.0 } else { value as f64 / most as f64 }
}
