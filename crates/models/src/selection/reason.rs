// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A choice as a sentence.

use super::Ranked;
use super::candidates::Candidate;
use super::checks::{Constraint, Refusal};
use super::requirements::Requirements;
use std::collections::BTreeMap;

/// Why `chosen` was, among so many that would have done.
pub(super) fn of(requirements: &Requirements, chosen: &Ranked<'_>, fitting: usize, refused: &[(&Candidate, Refusal)]) -> String {
    let Ranked { candidate, estimate, preferred, terms } = chosen;
    let among = match (fitting, preferred) {
        (1, _) => "the only model that meets the requirements".to_owned(),
        (_, true) => format!(
            "the best of the preferred provider by `{}` among {} that meet the requirements",
            requirements.mode.name(),
            models(fitting)
        ),
        (_, false) => format!("the best by `{}` among {} that meet the requirements", requirements.mode.name(), models(fitting)),
    };
    let cost =
        if estimate.cost.complete { format!("about {} a call", dollars(estimate.cost.nanos)) } else { "its price unknown".to_owned() };
    let latency = if terms.latency_measured {
        format!("95 of 100 answers within {} ms", estimate.latency_ms)
    } else {
        format!("{} ms expected of its size, not measured yet", estimate.latency_ms)
    };
    let unmet = unmet(requirements, *preferred, refused).unwrap_or_default();
    format!("{}/{} is {among}: {}, {cost}, {latency}{unmet}", candidate.provider, candidate.id, quality(candidate))
}

fn quality(candidate: &Candidate) -> String {
    let tier = candidate.tier;
    match (candidate.score, candidate.inferred, candidate.rated) {
        (Some(score), ..) => format!("quality {tier} (LMArena {score})"),
        (None, true, _) => format!("quality {tier} (inferred from its family)"),
        (None, false, true) => format!("quality {tier} (as registered)"),
        (None, false, false) => "quality unknown".to_owned(),
    }
}

/// What became of a preference that could not be met.
fn unmet(requirements: &Requirements, met: bool, refused: &[(&Candidate, Refusal)]) -> Option<String> {
    let preferred = requirements.preferred_provider.as_ref().filter(|_| !met)?;
    let mut counts: BTreeMap<Constraint, usize> = BTreeMap::new();
    for (_, refusal) in refused.iter().filter(|(candidate, _)| candidate.provider == *preferred) {
        *counts.entry(refusal.constraint()).or_insert(0) += 1;
    }
    if counts.is_empty() {
        return Some(format!("; the preferred provider {preferred} is not configured or offers no model"));
    }
    let failed: Vec<String> = counts.iter().map(|(constraint, count)| format!("{count} by {constraint}")).collect();
    Some(format!("; of the preferred provider {preferred} no model meets them (refused {})", failed.join(", ")))
}

pub(super) fn models(count: usize) -> String {
    if count == 1 { "1 model".to_owned() } else { format!("{count} models") }
}

/// Dollars as they are read aloud, exactly.
pub(super) fn dollars(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    format!("${}", text.trim_end_matches('0').trim_end_matches('.'))
}
