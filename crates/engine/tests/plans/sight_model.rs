// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The warning about outputs that may be missing, against every way a small workflow can go.

use super::LIMITS;
use engine::{Outcome, ProblemKind, read_plan};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RULES: [&str; 7] =
    ["none_failed_min_one_success", "none_failed", "all_success", "all_failed", "all_done", "one_success", "one_failed"];

#[derive(Clone, Debug)]
struct Written {
    /// Bit for each earlier task.
    dependencies: u8,
    rule: usize,
    conditional: bool,
    tolerant: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Completed,
    Tolerated,
    Failed,
    /// Kept from running by its rule, or by its condition.
    Skipped(Outcome),
}

fn outcome(end: End) -> Outcome {
    match end {
        End::Completed | End::Tolerated => Outcome::Success,
        End::Failed => Outcome::Failure,
        End::Skipped(outcome) => outcome,
    }
}

impl Written {
    fn before(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        (0..place).filter(|earlier| self.dependencies & (1 << earlier) != 0)
    }

    /// The rule, as docs/workflows.md has it: `None` if it runs, else how its skip counts.
    fn skip(&self, place: usize, ends: &[End]) -> Option<Outcome> {
        let outcomes: Vec<Outcome> = self.before(place).map(|earlier| outcome(ends[earlier])).collect();
        let count = |wanted: Outcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        let (good, bad, all) = (count(Outcome::Success), count(Outcome::Failure), outcomes.len());
        let (runs, minds_failures) = match RULES[self.rule] {
            _ if all == 0 => (true, true),
            "none_failed_min_one_success" => (bad == 0 && good > 0, true),
            "none_failed" => (bad == 0, true),
            "all_success" => (good == all, true),
            "all_failed" => (bad == all, false),
            "all_done" => (true, true),
            "one_success" => (good > 0, true),
            _ => (bad > 0, false),
        };
        if runs {
            None
        } else if bad > 0 && minds_failures {
            Some(Outcome::Failure)
        } else {
            Some(Outcome::Skip)
        }
    }
}

/// How every task ends if each goes as `ways` says: 0 well, 1 wrong, 2 its condition does not hold.
fn run(tasks: &[Written], mut ways: usize) -> Vec<End> {
    let mut ends = Vec::new();
    for (place, task) in tasks.iter().enumerate() {
        let way = ways % 3;
        ways /= 3;
        ends.push(match (task.skip(place, &ends), way) {
            (Some(skip), _) => End::Skipped(skip),
            (None, 2) if task.conditional => End::Skipped(Outcome::Skip),
            (None, 1) if task.tolerant => End::Tolerated,
            (None, 1) => End::Failed,
            (None, _) => End::Completed,
        });
    }
    ends
}

fn definition(tasks: &[Written], reads: usize) -> String {
    let last = tasks.len() - 1;
    let task = |(place, task): (usize, &Written)| {
        let before: Vec<String> = task.before(place).map(|earlier| format!("t{earlier}")).collect();
        let mut conditions: Vec<String> = Vec::new();
        conditions.extend(task.conditional.then(|| "context.on".to_owned()));
        conditions.extend((place == last).then(|| format!("tasks.t{reads}.output == 1")));
        let mut fields = json!({ "id": format!("t{place}"), "name": "x", "agentId": "x", "dependencies": before });
        if !before.is_empty() {
            fields["triggerRule"] = json!(RULES[task.rule]);
        }
        if !conditions.is_empty() {
            fields["conditions"] = json!(conditions);
        }
        if task.tolerant {
            fields["onError"] = json!("continue");
        }
        fields
    };
    json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks.iter().enumerate().map(task).collect::<Value>() }).to_string()
}

fn written() -> impl Strategy<Value = Written> {
    (any::<u8>(), 0..RULES.len(), any::<bool>(), prop::bool::weighted(0.2)).prop_map(|(dependencies, rule, conditional, tolerant)| {
        // The usual rules more often than not: a rule about failures forgets everything.
        Written { dependencies, rule: if rule > 2 && dependencies & 0x80 != 0 { 0 } else { rule }, conditional, tolerant }
    })
}

/// What comes before the last task.
fn ancestors(tasks: &[Written]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut todo = vec![tasks.len() - 1];
    while let Some(at) = todo.pop() {
        todo.extend(tasks[at].before(at).filter(|earlier| found.insert(*earlier)));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_missing_output_is_never_without_its_warning(tasks in prop::collection::vec(written(), 2..7)) {
        let last = tasks.len() - 1;
        let before = ancestors(&tasks);
        for reads in 0..last {
            let (plan, problems) = read_plan(&definition(&tasks, reads), LIMITS);
            let strange = problems.iter().any(|problem| matches!(problem.kind, ProblemKind::NotAncestor { .. }));
            prop_assert_eq!(strange, !before.contains(&reads));
            prop_assert_eq!(plan.is_none(), strange);
            if strange {
                continue;
            }
            let warned = problems.iter().any(|problem| matches!(problem.kind, ProblemKind::MayBeNull { .. }));
            let runs = (0..3_usize.pow(u32::try_from(tasks.len()).unwrap())).map(|ways| run(&tasks, ways));
            let missing = runs.filter(|ends| tasks[last].skip(last, ends).is_none()).any(|ends| ends[reads] != End::Completed);
            prop_assert!(warned || !missing, "t{} may be missing without a warning", reads);
        }
    }
}
