// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Calls that were made again with the same input, and gave the same.

use super::{Advice, Known, RUNS_MIN, count, reachable, set};
use crate::foresight::repeats;
use serde_json::json;
use std::sync::Arc;

/// Of the calls of a task, so many repeat one before.
const REPEATED_MIN: f64 = 0.2;

#[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
pub(super) fn find(known: &Known<'_>, found: &mut Vec<Advice>) {
    for (_, task) in reachable(known) {
        if !task.calls_agent() || task.cache.is_some() || task.compensate.is_some() {
            continue;
        }
        let repeats = repeats(known.traces, &task.id);
        let hits = repeats.hits.len();
        if repeats.known < RUNS_MIN || (hits as f64) < REPEATED_MIN * repeats.known as f64 || repeats.other_output > 0 {
            continue;
        }
        let runs: Vec<Arc<str>> = repeats.hits.iter().map(|(execution, _)| Arc::clone(execution)).collect();
        found.push(Advice {
            kind: "repeated-call",
            about: vec![task.id.to_string()],
            change: vec![set(&task.id, &["cache"], &json!(true))],
            evidence: vec![count("calls", repeats.known, &runs), count("repeats", hits, &runs)],
            saves_cost: false,
        });
    }
}
