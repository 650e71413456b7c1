// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Attempts that never end well.

use super::{Advice, Evidence, Known, count, reachable, set};
use crate::Outcome;
use crate::trace::{Micros, Trace};
use serde_json::json;
use std::sync::Arc;

/// Later attempts without which nothing is said of them: if one in three ended well, that would be seen with 99.9 %.
const TRIED_MIN: usize = 17;

#[expect(clippy::cast_precision_loss, reason = "times far below 2^53")]
pub(super) fn find(known: &Known<'_>, found: &mut Vec<Advice>) {
    for (_, task) in reachable(known) {
        if task.retry.max_attempts < 2 {
            continue;
        }
        let Tried { useful, late, time, runs, executions } = tried(known.traces, &task.id, task.retry.max_attempts);
        if late < TRIED_MIN {
            continue;
        }
        found.push(Advice {
            kind: "wasteful-retries",
            about: vec![task.id.to_string()],
            change: vec![set(&task.id, &["retryPolicy", "maxAttempts"], &json!(useful))],
            evidence: vec![
                count("attemptsInVain", late, &executions),
                Evidence::new("usefulAttempts", f64::from(useful), &executions),
                Evidence::new("wastedMicros", time as f64 / runs.max(1) as f64, &executions),
            ],
            saves_cost: false,
        });
    }
}

struct Tried {
    /// The latest attempt that ever ended well, or the first.
    useful: u32,
    /// Attempts after it,
    late: usize,
    /// what they and the waits before them took,
    time: Micros,
    runs: usize,
    executions: Vec<Arc<str>>,
}

fn tried(traces: &[Trace], task: &str, most: u32) -> Tried {
    let instances = || traces.iter().flat_map(|trace| trace.tasks.iter().map(move |one| (trace, one))).filter(|(_, one)| *one.id == *task);
    let own = |number: u32| number <= most;
    let completed = instances().flat_map(|(_, one)| &one.attempts).filter(|attempt| attempt.outcome == Some(Outcome::Completed));
    let useful = completed.map(|attempt| attempt.attempt).filter(|number| own(*number)).max().unwrap_or(1);
    let mut tried = Tried { useful, late: 0, time: 0, runs: traces.len(), executions: Vec::new() };
    for (trace, one) in instances() {
        let mut before = None;
        for attempt in one.attempts.iter().filter(|attempt| own(attempt.attempt)) {
            if attempt.attempt > useful && attempt.outcome == Some(Outcome::Failed) {
                tried.late += 1;
                tried.time += attempt.recorded.saturating_sub(before.unwrap_or(attempt.admitted));
                tried.executions.push(Arc::clone(&trace.execution));
            }
            before = Some(attempt.recorded);
        }
    }
    tried
}
