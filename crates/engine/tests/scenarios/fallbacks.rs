// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What stands in for a task that would have failed; failures of items that are told when all have had their turn; failures that are contained by code.

use crate::run::given;
use expect_test::expect;

#[test]
fn an_agent_stands_in_once_the_attempts_are_spent_and_a_value_after_it() {
    given(
        r#"{"n":1}"#,
        r#"{"tasks":[{"id":"a","retryPolicy":{"maxAttempts":2,"initialDelay":"1s"},"fallback":[{"agentId":"b","input":{"prompt":"{{ context.n }}"}},{"value":{"n":0}}]},
            {"id":"c","conditions":["tasks.a.degraded && tasks.a.error.code == 'ERR_AGENT' && tasks.a.output.n == 0"]}]}"#,
        "fail a | wait 1s | fail a | fail a | c = 1",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1000ms a 2 failed (ERR_AGENT), agent 0 stands in with {"prompt":"1"}
            1000ms a 3 started
                run a 3
            1000ms a 3 failed (ERR_AGENT), value 1 stands in
            1000ms a 3 completed
            1000ms c condition 0: true
            1000ms c prepared
            1000ms c 1 started after a
                run c 1
            1000ms c 1 completed
            1000ms ended completed {"a":{"n":0},"c":1}
        "#]],
    );
}

#[test]
fn a_failure_that_no_other_attempt_would_change_falls_back_at_once() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","retryPolicy":{"maxAttempts":5},"fallback":{"agentId":"b"}}]}"#,
        "fail a for good | a = 2",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), agent 0 stands in
            0ms a 2 started
                run a 2
            0ms a 2 completed
            0ms ended completed {"a":2}
        "#]],
    );
}

#[test]
fn nothing_stands_in_for_what_is_cancelled_or_overdue() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","fallback":{"value":1}}]}"#,
        "cancel | fail a",
        expect![[r#"
        0ms started
        0ms a 1 started
            run a 1
        0ms cancelling: no reason given
            abort a 1 (cancelled)
        0ms a cancelled (cancelled)
        0ms ended cancelled: no reason given
    "#]],
    );
    given(
        "{}",
        r#"{"deadline":"5s","tasks":[{"id":"a","fallback":{"value":1}}]}"#,
        "wait 5s | fail a",
        expect![[r#"
        0ms started
        0ms a 1 started
            run a 1
        5000ms failing: ERR_DEADLINE
            abort a 1 (deadline)
        5000ms a cancelled (deadline)
        5000ms ended failed: ERR_DEADLINE
    "#]],
    );
    given(
        "{}",
        r#"{"tasks":[{"id":"a","type":"parallel","fallback":{"value":1}},{"id":"b","type":"parallel"}]}"#,
        "fail b | fail a",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms b 1 failed for good (ERR_AGENT)
            0ms failing because of b
                abort a 1 (sibling failed)
            0ms a cancelled (sibling failed)
            0ms ended failed because of b
        "#]],
    );
}

#[test]
fn nothing_stands_in_for_a_task_of_which_nobody_knows_whether_it_was_to_run() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","conditions":["context.x"],"fallback":{"value":1}}]}"#,
        "",
        expect![[r#"
        0ms started
        0ms a failed (ERR_EXPRESSION)
        0ms failing because of a
        0ms ended failed because of a
    "#]],
    );
}

#[test]
fn what_stands_in_has_the_times_of_the_task_and_only_a_value_comes_after_its_total_time() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","timeout":"1s","fallback":{"agentId":"b"}}]}"#,
        "time out a | wait 5s | time out a | wait 5s",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            6000ms a 1 failed (ERR_TIMEOUT), agent 0 stands in
            6000ms a 2 started
                run a 2
            7000ms a 2 timed out
                abort a 2 (timeout)
            12000ms a 2 failed for good (ERR_TIMEOUT)
            12000ms failing because of a
            12000ms ended failed because of a
        "#]],
    );
    given(
        "{}",
        r#"{"tasks":[{"id":"a","totalTimeout":"1s","fallback":[{"agentId":"b"},{"value":1}]}]}"#,
        "wait 1s | fail a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out (total timeout)
                abort a 1 (total timeout)
            1000ms a 1 failed (ERR_TOTAL_TIMEOUT), value 1 stands in
            1000ms a 1 completed
            1000ms ended completed {"a":1}
        "#]],
    );
}

#[test]
fn a_wait_and_a_call_whose_input_cannot_be_made_fall_back() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","waitFor":{"signal":"go","timeout":"1h"},"fallback":{"value":"nobody"}}]}"#,
        "wait 1h",
        expect![[r#"
            0ms started
            0ms a waits until 3600000ms
            3600000ms a 0 failed (ERR_WAIT_TIMEOUT), value 0 stands in
            3600000ms a completed: "nobody"
            3600000ms ended completed {"a":"nobody"}
        "#]],
    );
    given(
        "{}",
        r#"{"tasks":[{"id":"a","input":{"prompt":"{{ context.x }}"},"fallback":[{"agentId":"b"},{"agentId":"c","input":{"prompt":"plain"}}]}]}"#,
        "a = 1",
        expect![[r#"
            0ms started
            0ms a 0 failed (ERR_TEMPLATE), agent 1 stands in
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms ended completed {"a":1}
        "#]],
    );
}

#[test]
fn a_value_is_judged_by_the_schema_of_the_task() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","outputSchema":{"type":"number"},"cache":true,"fallback":[{"value":1},{"value":2},{"agentId":"b"}]}]}"#,
        "found a nothing | fail a | review a fails | pause | review a = 5 | resume | review a = 4",
        expect![[r#"
            0ms started
                look up a
            0ms a prepared
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), value 0 stands in
                review 1 for a
            0ms a 1 failed (ERR_OUTPUT_SCHEMA), value 1 stands in
                review 2 for a
            0ms paused
            0ms resumed
                review 2 for a
            0ms a 1 completed
            0ms ended completed {"a":4}
        "#]],
    );
}

#[test]
fn an_exclusive_task_takes_its_turn_again_for_what_stands_in() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","type":"sequential","dependencies":[],"fallback":{"agentId":"x"}},{"id":"b","type":"sequential","dependencies":[]}]}"#,
        "fail a | a = 1 | b = 2",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), agent 0 stands in
            0ms a 2 started
                run a 2
            0ms a 2 completed
            0ms b 1 started
                run b 1
            0ms b 1 completed
            0ms ended completed {"a":1,"b":2}
        "#]],
    );
}

#[test]
fn what_an_agent_did_that_stood_in_is_undone_and_a_value_did_nothing() {
    for fallback in [r#"{"agentId":"b"}"#, r#"{"value":1}"#] {
        let workflow = format!(r#"{{"tasks":[{{"id":"a","compensate":{{"agentId":"undo"}},"fallback":{fallback}}},{{"id":"c"}}]}}"#);
        if fallback.contains("agentId") {
            given(
                "{}",
                &workflow,
                "fail a | a = 1 | fail c | succeed a!compensate",
                expect![[r#"
                0ms started
                0ms a 1 started
                    run a 1
                0ms a 1 failed (ERR_AGENT), agent 0 stands in
                0ms a 2 started
                    run a 2
                0ms a 2 completed
                0ms c 1 started after a
                    run c 1
                0ms c 1 failed for good (ERR_AGENT)
                0ms failing because of c
                0ms a is being undone
                0ms a!compensate 1 started
                    run a!compensate 1
                0ms a!compensate 1 completed
                0ms ended failed because of c
            "#]],
            );
        } else {
            given(
                "{}",
                &workflow,
                "fail a | fail c",
                expect![[r#"
                0ms started
                0ms a 1 started
                    run a 1
                0ms a 1 failed (ERR_AGENT), value 0 stands in
                0ms a 1 completed
                0ms c 1 started after a
                    run c 1
                0ms c 1 failed for good (ERR_AGENT)
                0ms failing because of c
                0ms ended failed because of c
            "#]],
            );
        }
    }
}

#[test]
fn a_crash_begins_again_with_what_stands_in_and_crashes_of_its_own() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","fallback":[{"agentId":"b"},{"value":1}]}]}"#,
        "crash | crash | crash | crash | crash | crash | crash | crash",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 failed (ERR_POISONED), agent 0 stands in
            0ms a 2 started
                run a 2
            0ms a 2 interrupted
            0ms a 2 started
                run a 2
            0ms a 2 interrupted
            0ms a 2 started
                run a 2
            0ms a 2 interrupted
            0ms a 2 started
                run a 2
            0ms a 2 interrupted
            0ms a 2 failed (ERR_POISONED), value 1 stands in
            0ms a 2 completed
            0ms ended completed {"a":1}
        "#]],
    );
}

#[test]
fn each_attempt_that_stands_in_counts_for_the_budget() {
    given(
        "{}",
        r#"{"budget":{"tasks":1},"tasks":[{"id":"a","fallback":{"agentId":"b"}}]}"#,
        "fail a",
        expect![[r#"
        0ms started
        0ms a 1 started
            run a 1
        0ms a 1 failed (ERR_AGENT), agent 0 stands in
        0ms failing: ERR_BUDGET
        0ms a cancelled (budget)
        0ms ended failed: ERR_BUDGET
    "#]],
    );
}

#[test]
fn a_loop_whose_items_all_have_their_turn_fails_after_the_last() {
    given(
        "{}",
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"forEach":[1,2,3],"concurrency":2,"onItemError":"failAfter"}},{"id":"after"}]}"#,
        "fail l[0] | l[1] = 1 | fail l[2]",
        expect![[r#"
            0ms started
            0ms l loops over [1, 2, 3]
            0ms l[0] began
            0ms l[1] began
            0ms l[0] 1 started
            0ms l[1] 1 started
                run l[0] 1, run l[1] 1
            0ms l[0] 1 failed for good (ERR_AGENT)
            0ms l failing because of l[0]
            0ms l[0] failed (ERR_AGENT)
            0ms l[2] began
            0ms l[2] 1 started
                run l[2] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l[2] 1 failed for good (ERR_AGENT)
            0ms l failing because of l[2]
            0ms l[2] failed (ERR_AGENT)
            0ms l failed (ERR_LOOP_ITEMS)
            0ms failing because of l
            0ms after skipped (upstream failed)
            0ms ended failed because of l
        "#]],
    );
}

#[test]
fn a_loop_whose_items_are_well_or_that_is_stopped_does_not_fail_for_them() {
    given(
        "{}",
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"forEach":[1,2],"onItemError":"failAfter"}}]}"#,
        "l[0] = 1 | l[1] = 2",
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l completed: [1,2]
            0ms ended completed {"l":[1,2]}
        "#]],
    );
    given(
        "{}",
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"forEach":[1,2],"onItemError":"failAfter"}}]}"#,
        "fail l[0] | cancel | fail l[1]",
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 failed for good (ERR_AGENT)
            0ms l failing because of l[0]
            0ms l[0] failed (ERR_AGENT)
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms cancelling: no reason given
                abort l[1] 1 (cancelled)
            0ms l[1] cancelled (cancelled)
            0ms l[1] cancelled
            0ms l cancelled (cancelled)
            0ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn only_the_failures_that_are_named_are_contained() {
    given(
        "{}",
        r#"{"tasks":[{"id":"a","onError":{"continue":["ERR_AGENT"]}},{"id":"b","onError":{"continue":["QUOTA"]}},{"id":"c"}]}"#,
        "fail a | fail b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT, tolerated)
            0ms b 1 started after a
                run b 1
            0ms b 1 failed for good (ERR_AGENT)
            0ms failing because of b
            0ms c skipped (upstream failed)
            0ms ended failed because of b
        "#]],
    );
}
