// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why no model will do, and what to relax.

use super::candidates::Candidate;
use super::checks::{Constraint, Refusal};
use super::reason::{dollars, models};
use super::requirements::{Requirements, RequirementsError};
use std::collections::BTreeMap;
use std::fmt;

/// Why nothing was chosen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoModel {
    /// The question is wrong.
    #[error(transparent)]
    Requirements(#[from] RequirementsError),
    /// There is nobody to choose from.
    #[error("no model can be chosen: no provider that offers any is configured; configure one, or register a model")]
    NoCandidates,
    /// Each candidate fails something.
    #[error("no model meets all requirements; {}", Advice(refused))]
    AllRefused {
        /// What each of them fails.
        refused: Vec<Refused>,
    },
}

/// A model, and all that it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Who offers it.
    pub provider: String,
    /// What it is called there.
    pub model_id: String,
    /// What it fails.
    pub refusals: Vec<Refusal>,
}

impl NoModel {
    /// Providers that are not allowed are no news to who forbade them; without any other candidate they are.
    pub(super) fn new<'a>(requirements: &Requirements, all: impl Iterator<Item = (&'a Candidate, Vec<Refusal>)>) -> Self {
        let named = |(candidate, refusals): (&Candidate, Vec<Refusal>)| Refused {
            provider: candidate.provider.clone(),
            model_id: candidate.id.clone(),
            refusals,
        };
        let mut refused: Vec<Refused> = all.map(named).collect();
        let restricted = requirements.providers.allow.is_some() || !requirements.providers.deny.is_empty();
        let allowed = |one: &Refused| !one.refusals.contains(&Refusal::Provider);
        if restricted && refused.iter().any(allowed) {
            refused.retain(allowed);
        }
        if refused.is_empty() { Self::NoCandidates } else { Self::AllRefused { refused } }
    }
}

/// What would help: a requirement that is all that stands between some models and the call, else those that most models fail.
struct Advice<'a>(&'a [Refused]);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut alone: BTreeMap<Constraint, Vec<&Refused>> = BTreeMap::new();
        let mut failed: BTreeMap<Constraint, usize> = BTreeMap::new();
        for one in self.0 {
            if let [only] = one.refusals.as_slice() {
                alone.entry(only.constraint()).or_default().push(one);
            }
            for refusal in &one.refusals {
                *failed.entry(refusal.constraint()).or_insert(0) += 1;
            }
        }
        write!(formatter, "{} looked at", models(self.0.len()))?;
        if alone.is_empty() {
            let mut most: Vec<_> = failed.into_iter().collect();
            most.sort_by_key(|(constraint, count)| (std::cmp::Reverse(*count), *constraint));
            let named: Vec<String> = most.iter().map(|(constraint, count)| format!("{constraint} ({count} fail it)")).collect();
            return write!(formatter, ", each fails more than one: {}; relax several", named.join(", "));
        }
        for (place, (constraint, models)) in alone.iter().enumerate() {
            let joint = if place == 0 { ": " } else { ", or " };
            write!(formatter, "{joint}{}", relaxing(*constraint, models))?;
        }
        Ok(())
    }
}

/// What relaxing one requirement would give, and how far it has to be relaxed.
fn relaxing(constraint: Constraint, refused: &[&Refused]) -> String {
    let count = models(refused.len());
    let refusals = || refused.iter().flat_map(|one| &one.refusals);
    let cheapest = refusals().filter_map(|refusal| if let Refusal::Cost(nanos) = refusal { Some(*nanos) } else { None }).min();
    let quickest = refusals().filter_map(|refusal| if let Refusal::Latency(millis) = refusal { Some(*millis) } else { None }).min();
    match (constraint, cheapest, quickest) {
        (Constraint::Availability, ..) => format!("wait, since {count} cannot be called right now"),
        (Constraint::MaxCost, Some(nanos), _) => format!("raise `maxCost` to {} for the cheapest of {count}", dollars(nanos)),
        (Constraint::MaxLatency, _, Some(millis)) => format!("raise `maxLatency` to {millis} for the quickest of {count}"),
        _ => format!("relax {constraint} for {count}"),
    }
}
