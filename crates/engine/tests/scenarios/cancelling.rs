// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Cancelling.

use crate::run::check;
use expect_test::expect;

#[test]
fn a_cancel_stops_what_runs_and_what_waits() {
    check(
        "par a; par b tries 2 fixed 1h; seq c after nothing; seq d after nothing; e after a",
        "fail b | wait 1s | cancel \"the user left\" | wait 1s | succeed a | fail c",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
            0ms c 1 started
                run a 1, run b 1, run c 1
            0ms b 1 failed (ERR_AGENT), again at 3600000ms
            1000ms cancelling: the user left
            1000ms b cancelled (cancelled)
            1000ms d cancelled (cancelled)
                abort a 1 (cancelled), abort c 1 (cancelled)
            2000ms a 1 completed
            2000ms e cancelled (cancelled)
            2000ms c cancelled (cancelled)
            2000ms ended cancelled: the user left
        "#]],
    );
}

#[test]
fn a_cancel_without_an_answer_is_over_when_the_grace_is() {
    check(
        "a; b",
        "cancel | wait 5s",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms cancelling: no reason given
                abort a 1 (cancelled)
            5000ms a cancelled (cancelled)
            5000ms b skipped (upstream failed)
            5000ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_second_cancel_adds_nothing() {
    check(
        "a",
        "cancel \"first\" | wait 1s | cancel \"second\" | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms cancelling: first
                abort a 1 (cancelled)
            1000ms a 1 completed
            1000ms ended cancelled: first
        "#]],
    );
}

#[test]
fn a_cancel_before_the_start_ends_every_task() {
    check(
        "a; b; c after nothing",
        "cancel \"never mind\" | start | wait 1s",
        expect![[r#"
            0ms cancelling: never mind
            0ms a cancelled (cancelled)
            0ms c cancelled (cancelled)
            0ms b skipped (upstream failed)
            0ms ended cancelled: never mind
        "#]],
    );
}

#[test]
fn a_cancel_after_a_failure_adds_nothing() {
    check(
        "par a; par b",
        "fail a | cancel | wait 5s",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
                abort b 1 (sibling failed)
            5000ms b cancelled (sibling failed)
            5000ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_cancel_after_the_end_adds_nothing() {
    check(
        "a",
        "succeed a | cancel | wait 1s",
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
fn a_cancel_in_the_grace_of_a_time_out_ends_without_another_attempt() {
    check(
        "a timeout 1s tries 2 fixed 1s",
        "time out a | wait 1s | cancel | wait 4s",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            2000ms cancelling: no reason given
            6000ms a 1 failed for good (ERR_TIMEOUT)
            6000ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_failure_while_cancelling_does_not_turn_the_cancel_into_a_failure() {
    check(
        "par a; par b; c",
        "cancel | fail a for good | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms cancelling: no reason given
                abort a 1 (cancelled), abort b 1 (cancelled)
            0ms a cancelled (cancelled)
            0ms b 1 completed
            0ms c skipped (upstream failed)
            0ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_task_that_waited_for_a_cancelled_one_is_skipped_and_one_that_could_have_run_is_cancelled() {
    check(
        "par a; par b; after-a after a; after-b after b",
        "cancel | succeed a | fail b",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms cancelling: no reason given
                abort a 1 (cancelled), abort b 1 (cancelled)
            0ms a 1 completed
            0ms after-a cancelled (cancelled)
            0ms b cancelled (cancelled)
            0ms after-b skipped (upstream failed)
            0ms ended cancelled: no reason given
        "#]],
    );
}
