// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Every trigger rule against every way three dependencies can end, in every order.

use engine::{Outcome, Tally, TriggerRule, Verdict};

const RULES: [TriggerRule; 7] = [
    TriggerRule::NoneFailedMinOneSuccess,
    TriggerRule::NoneFailed,
    TriggerRule::AllSuccess,
    TriggerRule::AllFailed,
    TriggerRule::AllDone,
    TriggerRule::OneSuccess,
    TriggerRule::OneFailed,
];

/// Written by hand from docs/workflows.md. R: it runs; F: skipped, upstream failed; K: skipped, upstream skipped; N: skipped, rule not met.
/// The order in which they end changes when a rule speaks, never what it says.
const TABLE: [(&str, [char; 7]); 10] = [
    //       none_failed_min_one_success, none_failed, all_success, all_failed, all_done, one_success, one_failed
    ("SSS", ['R', 'R', 'R', 'N', 'R', 'R', 'N']),
    ("FSS", ['F', 'F', 'F', 'N', 'R', 'R', 'R']),
    ("KSS", ['R', 'R', 'N', 'N', 'R', 'R', 'N']),
    ("FFS", ['F', 'F', 'F', 'N', 'R', 'R', 'R']),
    ("FKS", ['F', 'F', 'F', 'N', 'R', 'R', 'R']),
    ("KKS", ['R', 'R', 'N', 'N', 'R', 'R', 'N']),
    ("FFF", ['F', 'F', 'F', 'R', 'R', 'F', 'R']),
    ("FFK", ['F', 'F', 'F', 'N', 'R', 'F', 'R']),
    ("FKK", ['F', 'F', 'F', 'N', 'R', 'F', 'R']),
    ("KKK", ['K', 'R', 'K', 'K', 'R', 'K', 'K']),
];

const ENDS: [(char, Outcome); 3] = [('S', Outcome::Success), ('F', Outcome::Failure), ('K', Outcome::Skip)];

fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Run => 'R',
        Verdict::UpstreamFailed => 'F',
        Verdict::UpstreamSkipped => 'K',
        Verdict::RuleNotMet => 'N',
    }
}

#[test]
fn every_rule_says_of_every_three_ends_what_its_definition_says() {
    let mut combinations = 0;
    for first in ENDS {
        for second in ENDS {
            for third in ENDS {
                let ends = [first, second, third];
                let mut key: Vec<char> = ends.iter().map(|(letter, _)| *letter).collect();
                key.sort_unstable();
                let key: String = key.into_iter().collect();
                let (_, expected) = TABLE.iter().find(|(row, _)| *row == key).unwrap_or_else(|| panic!("no row {key}"));
                for (rule, expected) in RULES.into_iter().zip(expected) {
                    let mut tally = Tally { open: 3, ..Tally::default() };
                    let mut said = None;
                    for (place, (_, outcome)) in ends.iter().enumerate() {
                        tally.count(*outcome);
                        let verdict = rule.judge(tally);
                        // Once it has spoken it says the same for ever.
                        assert!(said.is_none() || said == verdict, "{rule:?} of {ends:?}");
                        said = verdict;
                        let seen = |wanted: Outcome| ends.iter().take(place + 1).any(|(_, outcome)| *outcome == wanted);
                        let early = (rule == TriggerRule::OneSuccess && seen(Outcome::Success))
                            || (rule == TriggerRule::OneFailed && seen(Outcome::Failure));
                        assert_eq!(said.is_some(), early || place == 2, "when {rule:?} speaks of {ends:?}");
                    }
                    assert_eq!(letter(said.unwrap()), *expected, "{rule:?} of {key}");
                }
                combinations += 1;
            }
        }
    }
    assert_eq!(combinations, 27);
}

#[test]
fn a_task_without_dependencies_runs() {
    for rule in RULES {
        assert_eq!(rule.judge(Tally::default()), Some(Verdict::Run));
    }
}
