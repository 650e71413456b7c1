// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Groups: side by side, in order, nested; how they join.

use crate::run::given;
use expect_test::expect;

#[test]
fn a_parallel_group_starts_its_tasks_together_and_has_an_output_for_each() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","tasks":[{"id":"a"},{"id":"b"}]},{"id":"c"}]}"#,
        r#"b = 2 | a = 1 | c = 3"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms b 1 completed
            0ms a 1 completed
            0ms g completed: {"a":1,"b":2}
            0ms c 1 started after g
                run c 1
            0ms c 1 completed
            0ms ended completed {"g":{"a":1,"b":2},"c":3}
        "#]],
    );
}

#[test]
fn a_sequential_group_runs_in_order() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","tasks":[{"id":"a"},{"id":"b"}]}]}"#,
        r#"a = 1 | b = 2"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms g completed: {"a":1,"b":2}
            0ms ended completed {"g":{"a":1,"b":2}}
        "#]],
    );
}

#[test]
fn groups_nest_and_children_wait_for_siblings_alone() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","tasks":[{"id":"h","tasks":[{"id":"a"},{"id":"b"}]},{"id":"c","dependencies":["h"]}]}]}"#,
        r#"a = 1 | b = 2 | c = 3"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms h opened
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms h completed: {"a":1,"b":2}
            0ms c 1 started after h
                run c 1
            0ms c 1 completed
            0ms g completed: {"h":{"a":1,"b":2},"c":3}
            0ms ended completed {"g":{"h":{"a":1,"b":2},"c":3}}
        "#]],
    );
}

#[test]
fn a_failure_fails_its_group_and_rises_when_that_has_ended() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","tasks":[{"id":"a"},{"id":"b"}]},{"id":"x","type":"parallel"},{"id":"y","dependencies":["g"]}]}"#,
        r#"fail a | fail b"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms x 1 started
            0ms a 1 started
            0ms b 1 started
                run x 1, run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms g failing because of a
                abort b 1 (sibling failed)
            0ms b cancelled (sibling failed)
            0ms g failed (ERR_AGENT)
            0ms failing because of g
            0ms y skipped (upstream failed)
                abort x 1 (sibling failed)
            still g failed, x aborting, y skipped (upstream failed), a failed, b cancelled (sibling failed)
        "#]],
    );
}

#[test]
fn a_tolerated_group_counts_as_completed_with_null() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","onError":"continue","tasks":[{"id":"a"},{"id":"b"}]},{"id":"y","dependencies":["g"]}]}"#,
        r#"fail a | b = 1 | y = 2"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms g failing because of a
                abort b 1 (sibling failed)
            0ms b 1 completed
            0ms g failed (ERR_AGENT, tolerated)
            0ms y 1 started after g
                run y 1
            0ms y 1 completed
            0ms ended completed {"g":null,"y":2}
        "#]],
    );
}

#[test]
fn a_tolerated_task_leaves_its_siblings_alone() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","onError":"continue"},{"id":"b"}]}"#,
        r#"fail a | b = 2"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT, tolerated)
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn with_failure_policy_continue_independent_tasks_go_on() {
    given(
        r#"{}"#,
        r#"{"failurePolicy":"continue","tasks":[{"id":"a","dependencies":[]},{"id":"b","dependencies":["a"]},{"id":"c","dependencies":[]}]}"#,
        r#"fail a | succeed c"#,
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms c 1 started
                run a 1, run c 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms b skipped (upstream failed)
            0ms c 1 completed
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_settled_join_waits_for_all_and_never_fails() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","join":"settled","tasks":[{"id":"a"},{"id":"b"}]}]}"#,
        r#"fail a | b = 2"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms b 1 completed
            0ms g completed: {"b":2}
            0ms ended completed {"g":{"b":2}}
        "#]],
    );
}

#[test]
fn any_takes_the_first_success_and_cancels_the_rest() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","join":"any","tasks":[{"id":"a"},{"id":"b"},{"id":"c"}]}]}"#,
        r#"fail a | b = 2 | fail c"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
            0ms b 1 started
            0ms c 1 started
                run a 1, run b 1, run c 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms b 1 completed
            0ms g stopping: join satisfied
                abort c 1 (join satisfied)
            0ms c cancelled (join satisfied)
            0ms g completed: {"b":2}
            0ms ended completed {"g":{"b":2}}
        "#]],
    );
}

#[test]
fn any_fails_once_nothing_can_succeed() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","join":"any","tasks":[{"id":"a"},{"id":"b"}]}]}"#,
        r#"fail a | fail b"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms b 1 failed for good (ERR_AGENT)
            0ms g failed (ERR_JOIN_UNREACHABLE)
            0ms failing because of g
            0ms ended failed because of g
        "#]],
    );
}

#[test]
fn a_race_is_decided_by_a_failure_too() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","join":"race","tasks":[{"id":"a"},{"id":"b"}]}]}"#,
        r#"fail a | wait 5s"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms g stopping: join satisfied (ERR_AGENT)
                abort b 1 (join satisfied)
            5000ms b cancelled (join satisfied)
            5000ms g failed (ERR_AGENT)
            5000ms failing because of g
            5000ms ended failed because of g
        "#]],
    );
}

#[test]
fn a_race_is_not_decided_by_a_skip() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","join":"race","tasks":[{"id":"a","conditions":["false"]},{"id":"b"}]}]}"#,
        r#"b = 2"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a condition 0: false
            0ms a skipped (condition false)
            0ms b 1 started
                run b 1
            0ms b 1 completed
            0ms g completed: {"b":2}
            0ms ended completed {"g":{"b":2}}
        "#]],
    );
}

#[test]
fn a_quorum_is_met_or_out_of_reach() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","join":{"quorum":2},"onError":"continue","tasks":[{"id":"a"},{"id":"b"},{"id":"c"}]},{"id":"h","type":"parallel","join":{"quorum":2},"tasks":[{"id":"d"},{"id":"e"},{"id":"f"}]}]}"#,
        r#"fail a | fail b | fail c | d = 1 | e = 2 | wait 5s"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms h opened
            0ms a 1 started
            0ms b 1 started
            0ms c 1 started
            0ms d 1 started
            0ms e 1 started
            0ms f 1 started
                run a 1, run b 1, run c 1, run d 1, run e 1, run f 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms b 1 failed for good (ERR_AGENT)
            0ms g stopping: sibling failed (ERR_JOIN_UNREACHABLE)
                abort c 1 (sibling failed)
            0ms c cancelled (sibling failed)
            0ms g failed (ERR_JOIN_UNREACHABLE, tolerated)
            0ms d 1 completed
            0ms e 1 completed
            0ms h stopping: join satisfied
                abort f 1 (join satisfied)
            5000ms f cancelled (join satisfied)
            5000ms h completed: {"d":1,"e":2}
            5000ms ended completed {"g":null,"h":{"d":1,"e":2}}
        "#]],
    );
}

#[test]
fn a_group_whose_time_is_over_stops_and_fails() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","timeout":"1s","tasks":[{"id":"a"},{"id":"b"}]}]}"#,
        r#"a = 1 | wait 1s | wait 5s"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 completed
            1000ms g stopping: timeout (ERR_TIMEOUT)
                abort b 1 (timeout)
            6000ms b cancelled (timeout)
            6000ms g failed (ERR_TIMEOUT)
            6000ms failing because of g
            6000ms ended failed because of g
        "#]],
    );
}

#[test]
fn a_total_timeout_of_a_group_counts_from_ready() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","totalTimeout":"1s","tasks":[{"id":"a"}]}]}"#,
        r#"wait 1s | a = 1"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a 1 started
                run a 1
            1000ms g stopping: timeout (ERR_TOTAL_TIMEOUT)
                abort a 1 (timeout)
            1000ms a 1 completed
            1000ms g failed (ERR_TOTAL_TIMEOUT)
            1000ms failing because of g
            1000ms ended failed because of g
        "#]],
    );
}

#[test]
fn exclusion_holds_within_one_list_alone() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"sequential","dependencies":[],"tasks":[{"id":"a","type":"sequential","dependencies":[]},{"id":"b","type":"sequential","dependencies":[]}]},{"id":"h","type":"parallel","dependencies":[],"tasks":[{"id":"c","type":"sequential"},{"id":"d","type":"sequential"}]}]}"#,
        r#"a = 1 | b = 2"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms h opened
            0ms c 1 started
            0ms d 1 started
            0ms a 1 started
                run c 1, run d 1, run a 1
            0ms a 1 completed
            0ms b 1 started
                run b 1
            0ms b 1 completed
            0ms g completed: {"a":1,"b":2}
            still g completed, h active, a completed, b completed, c running, d running
        "#]],
    );
}

#[test]
fn everything_skipped_in_a_group_completes_it_with_nothing() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","tasks":[{"id":"a","conditions":["false"]}]},{"id":"b","dependencies":["g"]}]}"#,
        r#"b = 1"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms a condition 0: false
            0ms a skipped (condition false)
            0ms g completed: {}
            0ms b 1 started after g
                run b 1
            0ms b 1 completed
            0ms ended completed {"g":{},"b":1}
        "#]],
    );
}
