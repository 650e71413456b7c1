// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Dependencies whose output is never looked at.

use super::{Advice, Known, RUNS_MIN, count, reachable};
use crate::Outcome;
use crate::trace::{Reads, Trace};
use engine::TriggerRule;
use serde_json::json;
use std::sync::Arc;

pub(super) fn find(known: &Known<'_>, found: &mut Vec<Advice>) {
    let plan = known.definition.plan;
    for (_, task) in reachable(known) {
        // Edges of the order of declaration say in which order, not what is needed. A rule that asks how a dependency ended reads it in its own way.
        if task.implicit || !matches!(task.rule, TriggerRule::NoneFailedMinOneSuccess | TriggerRule::NoneFailed | TriggerRule::AllSuccess) {
            continue;
        }
        for dependency in task.dependencies.iter().filter_map(|other| plan.tasks.get(*other)) {
            // Two that never run at the same moment gain nothing.
            if task.exclusive && dependency.exclusive && task.list == dependency.list {
                continue;
            }
            let Some(runs) = unread(known.traces, &task.id, &dependency.id) else { continue };
            found.push(Advice {
                kind: "false-dependency",
                about: vec![task.id.to_string(), dependency.id.to_string()],
                change: vec![json!({
                    "path": ["tasks", { "id": &*task.id }, "dependencies"],
                    "operation": { "type": "delete", "position": { "id": &*dependency.id } },
                })],
                evidence: vec![count("runsWithoutReading", runs.len(), &runs)],
                saves_cost: false,
            });
        }
    }
}

/// The executions in which a task had the output of a dependency and did not look at it; `None` if one did, or they are too few.
fn unread(traces: &[Trace], task: &str, dependency: &str) -> Option<Vec<Arc<str>>> {
    let mut runs = Vec::new();
    for trace in traces {
        for one in trace.tasks.iter().filter(|one| *one.id == *task) {
            let is_it = |other: &usize| trace.tasks.get(*other).is_some_and(|other| *other.id == *dependency);
            let Some(place) = one.dependencies.iter().position(is_it) else { continue };
            let completed = one.attempts.iter().filter(|attempt| attempt.outcome == Some(Outcome::Completed));
            for attempt in completed {
                match attempt.reads {
                    Reads::Unknown => {}
                    Reads::Nothing => runs.push(Arc::clone(&trace.execution)),
                    Reads::All => return None,
                    Reads::Some(bits) => {
                        let bit = u32::try_from(place).ok().and_then(|place| 1_u32.checked_shl(place));
                        match bit {
                            Some(bit) if bits & bit == 0 => runs.push(Arc::clone(&trace.execution)),
                            Some(_) => return None,
                            // Beyond the bits nothing is known.
                            None => {}
                        }
                    }
                }
            }
        }
    }
    runs.dedup();
    (runs.len() >= RUNS_MIN).then_some(runs)
}
