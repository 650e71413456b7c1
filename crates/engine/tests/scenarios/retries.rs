// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Retries.

use crate::run::check;
use expect_test::expect;

#[test]
fn a_failed_attempt_is_tried_again_after_a_fixed_wait() {
    check(
        "fetch tries 3 fixed 1s",
        "fail fetch | wait 1s | fail fetch | wait 1s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed (ERR_AGENT), again at 2000ms
            2000ms fetch waited long enough
            2000ms fetch 3 started
                run fetch 3
            2000ms fetch 3 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_linear_wait_grows_by_its_first_step() {
    check(
        "fetch tries 4 linear 1s",
        "fail fetch | wait 1s | fail fetch | wait 2s | fail fetch | wait 3s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed (ERR_AGENT), again at 3000ms
            3000ms fetch waited long enough
            3000ms fetch 3 started
                run fetch 3
            3000ms fetch 3 failed (ERR_AGENT), again at 6000ms
            6000ms fetch waited long enough
            6000ms fetch 4 started
                run fetch 4
            6000ms fetch 4 completed
            6000ms ended completed
        "#]],
    );
}

#[test]
fn an_exponential_wait_doubles_up_to_its_limit() {
    check(
        "fetch tries 5 exponential 1s at-most 3s",
        "fail fetch | wait 1s | fail fetch | wait 2s | fail fetch | wait 3s | fail fetch | wait 3s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed (ERR_AGENT), again at 3000ms
            3000ms fetch waited long enough
            3000ms fetch 3 started
                run fetch 3
            3000ms fetch 3 failed (ERR_AGENT), again at 6000ms
            6000ms fetch waited long enough
            6000ms fetch 4 started
                run fetch 4
            6000ms fetch 4 failed (ERR_AGENT), again at 9000ms
            9000ms fetch waited long enough
            9000ms fetch 5 started
                run fetch 5
            9000ms fetch 5 completed
            9000ms ended completed
        "#]],
    );
}

#[test]
fn a_wait_of_nothing_is_over_at_the_next_tick() {
    check(
        "fetch tries 2 fixed 0ms",
        "fail fetch | wait 0ms | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 0ms
            0ms fetch waited long enough
            0ms fetch 2 started
                run fetch 2
            0ms fetch 2 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn nothing_happens_before_the_wait_is_over() {
    check(
        "fetch tries 2 fixed 1s",
        "fail fetch | wait 999ms",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            still fetch in backoff
        "#]],
    );
}

#[test]
fn the_last_attempt_decides() {
    check(
        "fetch tries 2 fixed 1s",
        "fail fetch | wait 1s | fail fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed for good (ERR_AGENT)
            1000ms failing because of fetch
            1000ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn a_failure_that_says_so_is_not_tried_again() {
    check(
        "fetch tries 5 fixed 1s",
        "fail fetch for good",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed for good (ERR_AGENT)
            0ms failing because of fetch
            0ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn a_retry_keeps_dependants_waiting_and_disturbs_nobody_else() {
    check(
        "par a tries 2 fixed 1s; par b; c",
        "fail a | succeed b | wait 1s | succeed a | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            0ms b 1 completed
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1000ms a 2 completed
            1000ms c 1 started after a
                run c 1
            1000ms c 1 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn two_waits_that_end_in_one_late_tick_go_in_the_order_they_were_due() {
    check(
        "par a tries 2 fixed 2s; par b tries 2 fixed 1s",
        "fail a | fail b | sleep 1h | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed (ERR_AGENT), again at 2000ms
            0ms b 1 failed (ERR_AGENT), again at 1000ms
            3600000ms b waited long enough
            3600000ms b 2 started
            3600000ms a waited long enough
            3600000ms a 2 started
                run b 2, run a 2
            3600000ms a 2 completed
            3600000ms b 2 completed
            3600000ms ended completed
        "#]],
    );
}

#[test]
fn after_a_late_tick_the_lane_still_prefers_the_earlier_declared() {
    check(
        "seq a after nothing tries 2 fixed 2s; seq b after nothing tries 2 fixed 1s",
        "fail a | fail b | sleep 1h | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 2000ms
            0ms b 1 started
                run b 1
            0ms b 1 failed (ERR_AGENT), again at 1000ms
            3600000ms b waited long enough
            3600000ms a waited long enough
            3600000ms a 2 started
                run a 2
            3600000ms a 2 completed
            3600000ms b 2 started
                run b 2
            3600000ms b 2 completed
            3600000ms ended completed
        "#]],
    );
}
