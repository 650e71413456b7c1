// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Trigger rules and clean-up.

use crate::run::given;
use expect_test::expect;

#[test]
fn one_success_does_not_wait_for_the_rest() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","dependencies":[]},{"id":"b","dependencies":[]},{"id":"c","dependencies":["a","b"],"triggerRule":"one_success"}]}"#,
        r#"a = 1 | c = 2 | b = 3"#,
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 completed
            0ms c 1 started after a
                run c 1
            0ms c 1 completed
            0ms b 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn one_failed_is_clean_up_that_runs_at_the_first_failure() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","dependencies":[]},{"id":"b","dependencies":[]},{"id":"c","dependencies":["a","b"],"triggerRule":"one_failed"}]}"#,
        r#"fail a | c = 1 | b = 2"#,
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms c 1 started after a
                abort b 1 (sibling failed), run c 1
            0ms c 1 completed
            0ms b 1 completed
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn all_done_runs_after_a_failure_and_does_not_turn_it_green() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b","dependencies":["a"],"triggerRule":"all_done"},{"id":"c","dependencies":["b"]}]}"#,
        r#"fail a | b = 1 | c = 2"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms c 1 started after b
                run c 1
            0ms c 1 completed
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn clean_up_runs_after_a_cancel_unless_it_is_forced() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b","dependencies":["a"],"triggerRule":"all_done"}]}"#,
        r#"cancel | fail a | force | wait 5s"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms cancelling: no reason given
                abort a 1 (cancelled)
            0ms a cancelled (cancelled)
            0ms b 1 started after a
                run b 1
            0ms by force: no reason given
                abort b 1 (cancelled)
            5000ms b cancelled (cancelled)
            5000ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn clean_up_that_runs_is_not_disturbed_by_a_cancel() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b","dependencies":["a"],"triggerRule":"all_done"}]}"#,
        r#"fail a | cancel | b = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_clean_up_group_runs_with_everything_in_it() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"g","dependencies":["a"],"triggerRule":"all_done","tasks":[{"id":"b"},{"id":"c"}]}]}"#,
        r#"fail a | b = 1 | c = 2"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms g opened
            0ms b 1 started
            0ms c 1 started
                run b 1, run c 1
            0ms b 1 completed
            0ms c 1 completed
            0ms g completed: {"b":1,"c":2}
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn all_failed_and_what_it_was_not_met_by() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","dependencies":[],"onError":"continue"},{"id":"b","dependencies":["a"],"triggerRule":"all_failed"}]}"#,
        r#"fail a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT, tolerated)
            0ms b skipped (rule not met)
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_skip_travels_along_written_edges_only() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","conditions":["false"]},{"id":"b"},{"id":"c","dependencies":["a"]}]}"#,
        r#"b = 1"#,
        expect![[r#"
            0ms started
            0ms a condition 0: false
            0ms a skipped (condition false)
            0ms c skipped (upstream skipped)
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed {"b":1}
        "#]],
    );
}

#[test]
fn none_failed_runs_after_skips() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","conditions":["false"]},{"id":"c","dependencies":["a"],"triggerRule":"none_failed"}]}"#,
        r#"c = 1"#,
        expect![[r#"
            0ms started
            0ms a condition 0: false
            0ms a skipped (condition false)
            0ms c 1 started after a
                run c 1
            0ms c 1 completed
            0ms ended completed {"c":1}
        "#]],
    );
}
