// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Recovering.

use crate::run::check;
use expect_test::expect;

#[test]
fn an_interrupted_attempt_runs_again_as_the_same_attempt() {
    check(
        "a tries 2 fixed 1s; b",
        "fail a | wait 1s | wait 300ms | crash | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1300ms a 2 interrupted
            1300ms a 2 started
                run a 2
            1300ms a 2 completed
            1300ms b 1 started after a
                run b 1
            1300ms b 1 completed
            1300ms ended completed
        "#]],
    );
}

#[test]
fn an_interrupted_attempt_has_its_whole_timeout_again() {
    check(
        "a timeout 1s",
        "wait 900ms | crash | wait 999ms | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            900ms a 1 interrupted
            900ms a 1 started
                run a 1
            1899ms a 1 completed
            1899ms ended completed
        "#]],
    );
}

#[test]
fn a_wait_keeps_its_instant_through_a_crash() {
    check(
        "a tries 2 fixed 10s",
        "fail a | wait 4s | crash | wait 5999ms | wait 1ms | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 10000ms
            10000ms a waited long enough
            10000ms a 2 started
                run a 2
            10000ms a 2 completed
            10000ms ended completed
        "#]],
    );
}

#[test]
fn a_wait_that_ended_while_nobody_ran_is_over_at_the_first_tick() {
    check(
        "a tries 2 fixed 1s",
        "fail a | crash | sleep 1h | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            3600000ms a waited long enough
            3600000ms a 2 started
                run a 2
            3600000ms a 2 completed
            3600000ms ended completed
        "#]],
    );
}

#[test]
fn an_attempt_that_was_timing_out_is_settled() {
    check(
        "a timeout 1s tries 2 fixed 1s",
        "time out a | wait 2s | crash | wait 1s | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            3000ms a 1 failed (ERR_TIMEOUT), again at 4000ms
            4000ms a waited long enough
            4000ms a 2 started
                run a 2
            4000ms a 2 completed
            4000ms ended completed
        "#]],
    );
}

#[test]
fn an_attempt_that_was_told_to_stop_is_cancelled() {
    check(
        "par a; par b; c",
        "fail a | wait 1s | crash",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
                abort b 1 (sibling failed)
            1000ms b cancelled (sibling failed)
            1000ms c skipped (upstream failed)
            1000ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_cancelled_execution_ends_at_recovery() {
    check(
        "par a; par b; c",
        "cancel \"why\" | wait 1s | crash",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms cancelling: why
                abort a 1 (cancelled), abort b 1 (cancelled)
            1000ms a cancelled (cancelled)
            1000ms b cancelled (cancelled)
            1000ms c skipped (upstream failed)
            1000ms ended cancelled: why
        "#]],
    );
}

#[test]
fn the_lane_is_given_again_after_a_crash() {
    check(
        "seq a after gate; seq b after nothing; gate after nothing",
        "wait 1s | succeed gate | wait 1s | crash | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms gate 1 started
            0ms b 1 started
                run gate 1, run b 1
            1000ms gate 1 completed
            2000ms b 1 interrupted
            2000ms a 1 started after gate, ready since 1000ms, let in by b
                run a 1
            2000ms a 1 completed
            2000ms b 1 started
                run b 1
            2000ms b 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_time_out_that_fails_the_execution_at_recovery_leaves_interrupted_tasks_cancelled() {
    check(
        "par slow timeout 1s; par b; c",
        "time out slow | wait 1s | crash",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms b 1 started
                run slow 1, run b 1
            1000ms slow 1 timed out
                abort slow 1 (timeout)
            2000ms b 1 interrupted
            2000ms slow 1 failed for good (ERR_TIMEOUT)
            2000ms failing because of slow
            2000ms b cancelled (sibling failed)
            2000ms c skipped (upstream failed)
            2000ms ended failed because of slow
        "#]],
    );
}

#[test]
fn recovery_of_what_has_ended_adds_nothing() {
    check(
        "a",
        "succeed a | crash",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn several_crashes_in_a_row_interrupt_the_same_attempt_each_time() {
    check(
        "a",
        "crash | wait 1s | crash | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            1000ms a 1 interrupted
            1000ms a 1 started
                run a 1
            1000ms a 1 completed
            1000ms ended completed
        "#]],
    );
}

/// A task that is a workflow only waits: a child that took days, through four crashes of the process, was poisoned for what others did.
#[test]
fn a_task_that_is_a_workflow_is_never_poisoned() {
    check(
        r#"{"tasks":[{"id":"a","workflow":"child"}]}"#,
        "crash | crash | crash | crash | a = {}",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 put off
            0ms a 1 started
                run a 1
            0ms a 1 put off
            0ms a 1 started
                run a 1
            0ms a 1 put off
            0ms a 1 started
                run a 1
            0ms a 1 put off
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms ended completed {"a":{}}
        "#]],
    );
}

/// Signals are kept by path, and the earliest that may feed a wait does.
#[test]
fn early_signals_of_one_name_feed_the_waits_they_are_meant_for_in_the_order_they_came() {
    check(
        r#"{"tasks":[{"id":"b","waitFor":{"signal":"begin"}},{"id":"g","type":"parallel","tasks":[{"id":"x","waitFor":{"signal":"go"}},{"id":"y","waitFor":{"signal":"go"}},{"id":"z","waitFor":{"signal":"go"}}]}]}"#,
        "signal go for y = 1 | signal go = 2 | signal go for x = 3 | signal go = 4 | signal begin = 0",
        expect![[r#"
            0ms started
            0ms b waits
            0ms signal go for y: 1
            0ms signal go: 2
            0ms signal go for x: 3
            0ms signal go: 4
            0ms signal begin: 0
            0ms b got 0
            0ms b completed: 0
            0ms g opened
            0ms x waits
            0ms x got 2
            0ms x completed: 2
            0ms y waits
            0ms y got 1
            0ms y completed: 1
            0ms z waits
            0ms z got 4
            0ms z completed: 4
            0ms g completed: {"x":2,"y":1,"z":4}
            0ms ended completed {"b":0,"g":{"x":2,"y":1,"z":4}}
        "#]],
    );
}
