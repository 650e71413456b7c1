// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Tasks that another agent did as reliably for much less money.

use super::{Advice, Evidence, Known, RUNS_MIN, reachable, set};
use crate::foresight::{Doings, Done};
use engine::TaskKind;
use serde_json::json;

/// What the other costs at most, as a share.
const COST_MAX: f64 = 0.5;

/// How much more often it may fail.
const FAILURES_MORE_MAX: f64 = 0.02;

pub(super) fn find(known: &Known<'_>, own: &Doings, all: &Doings, found: &mut Vec<Advice>) {
    for (_, task) in reachable(known) {
        let TaskKind::Agent { agent_id } = &task.kind else { continue };
        let Some((_, dear)) = own.of_task(&task.id).find(|(agent, _)| *agent == agent_id).filter(|(_, dear)| is_known(dear)) else {
            continue;
        };
        let others = all.of_task(&task.id).filter(|(agent, other)| *agent != agent_id && is_known(other));
        let fit = others.filter(|(_, other)| each(other) <= COST_MAX * each(dear) && failures(other) <= failures(dear) + FAILURES_MORE_MAX);
        let Some((agent, cheap)) = fit.min_by(|(_, a), (_, b)| each(a).total_cmp(&each(b))) else { continue };
        found.push(Advice {
            kind: "dear-model",
            about: vec![task.id.to_string(), agent.to_string()],
            change: vec![set(&task.id, &["agentId"], &json!(&**agent))],
            evidence: vec![
                Evidence::new("costNanos", each(dear), &dear.executions),
                Evidence::new("otherCostNanos", each(cheap), &cheap.executions),
                Evidence::new("runs", dear.completed.into(), &dear.executions),
                Evidence::new("otherRuns", cheap.completed.into(), &cheap.executions),
            ],
            saves_cost: true,
        });
    }
}

fn is_known(done: &Done) -> bool {
    done.completed as usize >= RUNS_MIN && done.unpriced == 0 && done.cost > 0
}

/// What a task costs, in nano-dollars.
#[expect(clippy::cast_precision_loss, reason = "costs far below 2^53")]
fn each(done: &Done) -> f64 {
    done.cost as f64 / f64::from(done.completed.max(1))
}

fn failures(done: &Done) -> f64 {
    f64::from(done.failed) / f64::from((done.completed + done.failed).max(1))
}
