// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Attempts that hang: few of them take many times as long as all others.

use super::{Advice, Evidence, Known, RUNS_MIN, count, reachable, set};
use crate::foresight::Doings;
use crate::trace::{Micros, Trace};
use serde_json::{Value, json};
use std::sync::Arc;

/// What hangs takes so many times as long as the slowest of the others,
const HANGS: u64 = 5;

/// and is one in so many.
const ONE_IN: usize = 5;

/// The time-out, as a multiple of the slowest that does not hang.
const ROOM: u64 = 2;

#[expect(clippy::cast_precision_loss, reason = "times far below 2^53")]
pub(super) fn find(known: &Known<'_>, own: &Doings, found: &mut Vec<Advice>) {
    for (_, task) in reachable(known) {
        if !task.calls_agent() {
            continue;
        }
        let mut times = attempts(known.traces, &task.id);
        times.sort_unstable();
        if times.len() < RUNS_MIN {
            continue;
        }
        // The first that takes many times as long as the one before it: everything from there on hangs.
        let gap = times.iter().zip(times.iter().skip(1)).position(|((time, _), (next, _))| *next > HANGS.saturating_mul((*time).max(1)));
        let Some(slowest) = gap.and_then(|place| times.get(place)).map(|(time, _)| *time) else { continue };
        let hanging = times.get(gap.unwrap_or_default() + 1..).unwrap_or_default();
        if hanging.len() * ONE_IN > times.len() || own.typical(&task.id, slowest).is_none() {
            continue;
        }
        let millis = rounded(ROOM * slowest);
        let runs: Vec<Arc<str>> = hanging.iter().map(|(_, execution)| Arc::clone(execution)).collect();
        let mut change = vec![set(&task.id, &["timeout"], &json!(millis))];
        if task.retry.max_attempts < 2 {
            change.push(retried(&task.id));
        }
        found.push(Advice {
            kind: "missing-timeout",
            about: vec![task.id.to_string()],
            change,
            evidence: vec![
                count("attempts", times.len(), &runs),
                count("hangingAttempts", hanging.len(), &runs),
                Evidence::new("slowestOtherMicros", slowest as f64, &runs),
                Evidence::new(
                    "hangingMicros",
                    hanging.iter().map(|(time, _)| *time as f64).sum::<f64>() / hanging.len().max(1) as f64,
                    &runs,
                ),
            ],
            saves_cost: false,
        });
    }
}

/// A second attempt at once, where there was to be one alone.
fn retried(task: &str) -> Value {
    set(task, &["retryPolicy"], &json!({ "maxAttempts": 2, "initialDelay": 0 }))
}

/// How long each attempt took that ended, well or not.
fn attempts(traces: &[Trace], task: &str) -> Vec<(Micros, Arc<str>)> {
    let ours = traces.iter().flat_map(|trace| trace.tasks.iter().filter(|one| *one.id == *task).map(move |one| (trace, one)));
    let attempts = ours.flat_map(|(trace, one)| one.attempts.iter().map(move |attempt| (trace, attempt)));
    let ended = attempts.filter(|(_, attempt)| attempt.outcome.is_some() && attempt.end > attempt.start);
    ended.map(|(trace, attempt)| (attempt.end - attempt.start, Arc::clone(&trace.execution))).collect()
}

/// A time in milliseconds, to two digits upwards.
fn rounded(time: Micros) -> u64 {
    let millis = time.div_ceil(1000).max(1);
    let mut unit = 1;
    while millis / unit >= 100 {
        unit *= 10;
    }
    millis.div_ceil(unit) * unit
}
