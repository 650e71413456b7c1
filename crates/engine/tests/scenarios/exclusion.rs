// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Exclusion.

use crate::run::check;
use expect_test::expect;

#[test]
fn written_sequential_tasks_run_one_at_a_time_in_the_order_of_declaration() {
    check(
        "seq a after nothing; seq b after nothing; seq c after nothing",
        "wait 1s | succeed a | wait 1s | succeed b | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 completed
            1000ms b 1 started, ready since 0ms, let in by a
                run b 1
            2000ms b 1 completed
            2000ms c 1 started, ready since 0ms, let in by b
                run c 1
            2000ms c 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn the_earlier_declared_goes_first_even_if_it_became_ready_later() {
    check(
        "seq c after slow; seq a after nothing; seq b after nothing; slow after nothing",
        "wait 1s | succeed slow | wait 1s | succeed a | succeed c | succeed b",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms a 1 started
                run slow 1, run a 1
            1000ms slow 1 completed
            2000ms a 1 completed
            2000ms c 1 started after slow, ready since 1000ms, let in by a
                run c 1
            2000ms c 1 completed
            2000ms b 1 started, ready since 0ms, let in by c
                run b 1
            2000ms b 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_sequential_task_that_is_not_ready_blocks_nobody() {
    check(
        "seq a after gate; seq b after nothing; gate after nothing",
        "wait 1s | succeed b | wait 1s | succeed gate | succeed a",
        expect![[r#"
            0ms started
            0ms gate 1 started
            0ms b 1 started
                run gate 1, run b 1
            1000ms b 1 completed
            2000ms gate 1 completed
            2000ms a 1 started after gate
                run a 1
            2000ms a 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_task_that_did_not_have_to_wait_was_let_in_by_nobody() {
    check(
        "seq a after nothing; seq b after a",
        "wait 1s | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 completed
            1000ms b 1 started after a
                run b 1
            1000ms b 1 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn a_task_that_becomes_ready_in_the_instant_the_lane_clears_did_not_wait() {
    check(
        "seq a after nothing; seq b after nothing; c after b; seq d after a",
        "succeed a | wait 1s | succeed b | succeed d | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started
                run b 1
            1000ms b 1 completed
            1000ms c 1 started after b
            1000ms d 1 started after a, ready since 0ms, let in by b
                run c 1, run d 1
            1000ms d 1 completed
            1000ms c 1 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn parallel_tasks_and_tasks_without_a_type_exclude_nobody() {
    check(
        "seq a after nothing; par b after nothing; c after nothing",
        "succeed c | succeed b | succeed a",
        expect![[r#"
            0ms started
            0ms b 1 started
            0ms c 1 started
            0ms a 1 started
                run b 1, run c 1, run a 1
            0ms c 1 completed
            0ms b 1 completed
            0ms a 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_task_in_backoff_lets_the_next_one_run() {
    check(
        "seq a after nothing tries 2 fixed 1s; seq b after nothing",
        "wait 1s | fail a | wait 500ms | succeed b | wait 500ms | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 failed (ERR_AGENT), again at 2000ms
            1000ms b 1 started, ready since 0ms, let in by a
                run b 1
            1500ms b 1 completed
            2000ms a waited long enough
            2000ms a 2 started
                run a 2
            2000ms a 2 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_task_whose_backoff_is_over_waits_for_the_lane() {
    check(
        "seq a after nothing tries 2 fixed 1s; seq b after nothing",
        "fail a | wait 3s | succeed b | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            0ms b 1 started
                run b 1
            1000ms a waited long enough
            3000ms b 1 completed
            3000ms a 2 started, ready since 1000ms, let in by b
                run a 2
            3000ms a 2 completed
            3000ms ended completed
        "#]],
    );
}

#[test]
fn an_attempt_that_timed_out_keeps_the_lane_until_its_end_is_recorded() {
    check(
        "seq a after nothing timeout 1s tries 2 fixed 1s; seq b after nothing",
        "time out a | wait 4s | wait 1s | succeed b | wait 1s | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            6000ms a 1 failed (ERR_TIMEOUT), again at 7000ms
            6000ms b 1 started, ready since 0ms, let in by a
                run b 1
            6000ms b 1 completed
            7000ms a waited long enough
            7000ms a 2 started
                run a 2
            7000ms a 2 completed
            7000ms ended completed
        "#]],
    );
}

#[test]
fn a_lane_stays_closed_when_the_execution_stops() {
    check(
        "seq a after nothing; seq b after nothing; par c after nothing",
        "fail c | succeed a",
        expect![[r#"
            0ms started
            0ms c 1 started
            0ms a 1 started
                run c 1, run a 1
            0ms c 1 failed for good (ERR_AGENT)
            0ms failing because of c
            0ms b cancelled (sibling failed)
                abort a 1 (sibling failed)
            0ms a 1 completed
            0ms ended failed because of c
        "#]],
    );
}
