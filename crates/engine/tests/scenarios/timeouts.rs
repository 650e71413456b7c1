// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Timeouts.

use crate::run::check;
use expect_test::expect;

#[test]
fn an_attempt_that_times_out_is_told_to_stop_and_has_a_grace() {
    check(
        "fetch timeout 1s",
        "time out fetch | wait 4999ms",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            still fetch aborting
        "#]],
    );
}

#[test]
fn an_answer_just_before_the_deadline_counts() {
    check(
        "fetch timeout 1s",
        "wait 999ms | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            999ms fetch 1 completed
            999ms ended completed
        "#]],
    );
}

#[test]
fn an_answer_within_the_grace_ends_the_attempt_as_a_time_out() {
    check(
        "fetch timeout 1s",
        "time out fetch | wait 2s | succeed fetch 1",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            3000ms fetch 1 failed for good (ERR_TIMEOUT)
            3000ms failing because of fetch
            3000ms ended failed because of fetch
            late answers: 1
        "#]],
    );
}

#[test]
fn a_failure_within_the_grace_of_a_time_out_is_the_time_out_and_is_tried_again() {
    check(
        "fetch timeout 1s tries 2 fixed 1s",
        "time out fetch | wait 1s | fail fetch 1 | wait 1s | succeed fetch 2",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            2000ms fetch 1 failed (ERR_TIMEOUT), again at 3000ms
            3000ms fetch waited long enough
            3000ms fetch 2 started
                run fetch 2
            3000ms fetch 2 completed
            3000ms ended completed
        "#]],
    );
}

#[test]
fn without_an_answer_the_time_out_is_recorded_when_the_grace_is_over() {
    check(
        "fetch timeout 1s",
        "time out fetch | wait 5s",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            6000ms fetch 1 failed for good (ERR_TIMEOUT)
            6000ms failing because of fetch
            6000ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn without_an_answer_the_next_attempt_is_scheduled_when_the_grace_is_over() {
    check(
        "fetch timeout 1s tries 2 fixed 1s",
        "time out fetch | wait 5s | wait 1s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            6000ms fetch 1 failed (ERR_TIMEOUT), again at 7000ms
            7000ms fetch waited long enough
            7000ms fetch 2 started
                run fetch 2
            7000ms fetch 2 completed
            7000ms ended completed
        "#]],
    );
}

#[test]
fn each_attempt_has_the_whole_timeout() {
    check(
        "fetch timeout 1s tries 2 fixed 10s",
        "time out fetch | wait 15s | wait 999ms | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            6000ms fetch 1 failed (ERR_TIMEOUT), again at 16000ms
            16000ms fetch waited long enough
            16000ms fetch 2 started
                run fetch 2
            16999ms fetch 2 completed
            16999ms ended completed
        "#]],
    );
}

#[test]
fn a_late_tick_still_gives_the_whole_grace() {
    check(
        "fetch timeout 1s",
        "sleep 1h | wait 4s | wait 1s",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            3600000ms fetch 1 timed out
                abort fetch 1 (timeout)
            3605000ms fetch 1 failed for good (ERR_TIMEOUT)
            3605000ms failing because of fetch
            3605000ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn an_answer_after_the_grace_is_counted_and_dropped() {
    check(
        "a timeout 1s tries 2 fixed 10s",
        "time out a | wait 5s | succeed a 1 | wait 10s | succeed a 1 | succeed a 2",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            6000ms a 1 failed (ERR_TIMEOUT), again at 16000ms
            16000ms a waited long enough
            16000ms a 2 started
                run a 2
            16000ms a 2 completed
            16000ms ended completed
            late answers: 2
        "#]],
    );
}

#[test]
fn a_second_answer_is_counted_and_dropped() {
    check(
        "a; b",
        "succeed a | succeed a 1 | fail a 1 | succeed b | fail b 1",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed
            late answers: 3
        "#]],
    );
}

#[test]
fn an_answer_to_an_attempt_that_never_began_is_dropped() {
    check(
        "a; b",
        "succeed b 1 | succeed a 2 | succeed a 0 | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed
            late answers: 3
        "#]],
    );
}
