// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Agents with too few places.

use super::{Advice, Evidence, Known};
use crate::path::Profile;
use crate::replay::{Change, makespan};
use crate::trace::{Bucket, Micros, Trace};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What waiting for places is of the critical paths at least.
const SHARE_MIN: f64 = 0.05;

/// What of the gain that unlimited places would bring the advised ones bring.
const GAIN: f64 = 0.9;

/// The most places that are advised, as a multiple of those that were taken.
const TIMES_MAX: usize = 16;

#[expect(clippy::cast_precision_loss, reason = "times far below 2^53")]
pub(super) fn find(known: &Known<'_>, found: &mut Vec<Advice>) {
    let mut waits: BTreeMap<Arc<str>, (Micros, Vec<Arc<str>>)> = BTreeMap::new();
    let mut whole: Micros = 0;
    for trace in known.traces {
        whole += trace.makespan();
        for part in Profile::of(trace).tasks {
            let queued = part.buckets.get(&Bucket::Queue).copied().unwrap_or_default();
            let task =
                trace.tasks.get(part.task).filter(|task| queued > 0 && task.attempts.iter().any(|attempt| attempt.admitted_by.is_some()));
            if let Some(agent) = task.and_then(|task| task.agent.clone()) {
                let (sum, runs) = waits.entry(agent).or_default();
                *sum += queued;
                runs.push(Arc::clone(&trace.execution));
            }
        }
    }
    for (agent, (queued, runs)) in waits {
        if (queued as f64) < SHARE_MIN * whole as f64 {
            continue;
        }
        let Some((had, places)) = enough(known.traces, &agent) else { continue };
        let count = known.traces.len().max(1) as f64;
        found.push(Advice {
            kind: "small-pool",
            about: vec![agent.to_string()],
            change: vec![json!({ "agent": &*agent, "places": places })],
            evidence: vec![
                Evidence::new("waitMicros", queued as f64 / count, &runs),
                Evidence::new("placesTaken", had as f64, &runs),
                Evidence::new("places", places as f64, &runs),
            ],
            saves_cost: false,
        });
    }
}

/// How many places were taken at once, and how few bring most of what unlimited ones would.
#[expect(clippy::cast_precision_loss, reason = "times far below 2^53")]
fn enough(traces: &[Trace], agent: &Arc<str>) -> Option<(usize, usize)> {
    let with = |places: usize| -> f64 {
        let change = [Change::Places { agent: Arc::clone(agent), places }];
        traces.iter().map(|trace| makespan(trace, &change) as f64).sum()
    };
    let had = traces.iter().map(|trace| taken(trace, agent)).max().filter(|had| *had > 0)?;
    let (before, best) = (with(had), with(had * TIMES_MAX));
    let gain = before - best;
    let few = (had + 1..=had * TIMES_MAX).find(|places| before - with(*places) >= GAIN * gain)?;
    (gain > 0.0).then_some((had, few))
}

/// The most attempts of an agent at once.
fn taken(trace: &Trace, agent: &Arc<str>) -> usize {
    let ours = trace.tasks.iter().filter(|task| task.agent.as_ref() == Some(agent));
    let mut steps: Vec<(Micros, i32)> =
        ours.flat_map(|task| &task.attempts).flat_map(|attempt| [(attempt.recorded, -1), (attempt.admitted, 1)]).collect();
    steps.sort_unstable();
    let mut taken = 0;
    let most = steps.iter().fold(0, |most, (_, by)| {
        taken += by;
        most.max(taken)
    });
    usize::try_from(most).unwrap_or_default()
}
