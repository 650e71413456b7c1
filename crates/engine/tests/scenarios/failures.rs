// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Failures.

use crate::run::check;
use expect_test::expect;

#[test]
fn a_failure_stops_what_runs_skips_what_depended_on_it_and_cancels_the_rest() {
    check(
        "par bad; par runs; par backs-off tries 2 fixed 1h; seq lane after nothing; seq queued after nothing; after-bad after bad; after-runs after runs",
        "fail backs-off | wait 1s | fail bad | wait 1s | succeed runs | wait 4s",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms runs 1 started
            0ms backs-off 1 started
            0ms lane 1 started
                run bad 1, run runs 1, run backs-off 1, run lane 1
            0ms backs-off 1 failed (ERR_AGENT), again at 3600000ms
            1000ms bad 1 failed for good (ERR_AGENT)
            1000ms failing because of bad
            1000ms after-bad skipped (upstream failed)
            1000ms backs-off cancelled (sibling failed)
            1000ms queued cancelled (sibling failed)
                abort runs 1 (sibling failed), abort lane 1 (sibling failed)
            2000ms runs 1 completed
            2000ms after-runs cancelled (sibling failed)
            6000ms lane cancelled (sibling failed)
            6000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn an_answer_in_the_grace_is_recorded_and_starts_nothing() {
    check(
        "par bad; par good; next after good; last after next",
        "fail bad | wait 1s | succeed good",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            1000ms good 1 completed
            1000ms next cancelled (sibling failed)
            1000ms last skipped (upstream failed)
            1000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn a_rejection_in_the_grace_is_the_cancel_it_was_asked_for() {
    check(
        "par bad; par good tries 3 fixed 1s; next after good",
        "fail bad | wait 1s | fail good",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            1000ms good cancelled (sibling failed)
            1000ms next skipped (upstream failed)
            1000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn without_an_answer_what_runs_is_cancelled_when_the_grace_is_over() {
    check(
        "par bad; par good; next after good",
        "fail bad | wait 4999ms | wait 1ms | succeed good 1",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            5000ms good cancelled (sibling failed)
            5000ms next skipped (upstream failed)
            5000ms ended failed because of bad
            late answers: 1
        "#]],
    );
}

#[test]
fn each_task_is_skipped_through_a_chain() {
    check(
        "a; b; c; d",
        "fail a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms b skipped (upstream failed)
            0ms c skipped (upstream failed)
            0ms d skipped (upstream failed)
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_join_is_skipped_when_its_last_branch_has_ended() {
    check(
        "par bad; par good; join",
        "fail bad | succeed good",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            0ms good 1 completed
            0ms join skipped (upstream failed)
            0ms ended failed because of bad
        "#]],
    );
}

#[test]
fn a_second_failure_in_the_grace_of_its_own_time_out_is_recorded_but_the_first_one_is_to_blame() {
    check(
        "par slow timeout 1s tries 3 fixed 1s; par bad; next after slow",
        "time out slow | wait 1s | fail bad | wait 4s",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms bad 1 started
                run slow 1, run bad 1
            1000ms slow 1 timed out
                abort slow 1 (timeout)
            2000ms bad 1 failed for good (ERR_AGENT)
            2000ms failing because of bad
            6000ms slow 1 failed for good (ERR_TIMEOUT)
            6000ms next skipped (upstream failed)
            6000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn a_time_out_fails_the_execution_like_any_failure() {
    check(
        "par slow timeout 1s; par other; next after slow",
        "time out slow | wait 5s | succeed other",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms other 1 started
                run slow 1, run other 1
            1000ms slow 1 timed out
                abort slow 1 (timeout)
            6000ms slow 1 failed for good (ERR_TIMEOUT)
            6000ms failing because of slow
            6000ms next skipped (upstream failed)
                abort other 1 (sibling failed)
            6000ms other 1 completed
            6000ms ended failed because of slow
        "#]],
    );
}

#[test]
fn a_failed_task_that_everybody_waited_for_ends_the_execution_at_once() {
    check(
        "a",
        "fail a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms ended failed because of a
        "#]],
    );
}
