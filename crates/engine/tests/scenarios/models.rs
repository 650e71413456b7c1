// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What models leave: choices that the same attempt makes again, and what was paid.

use crate::run::check;
use expect_test::expect;

#[test]
fn an_interrupted_attempt_has_its_choices_and_calls_again_and_another_chooses_anew() {
    check(
        "a tries 2 fixed 1s",
        r#"choose a = "m" | call a = 7 | choose a = "n" | crash | call a = 5 | fail a | wait 1s | choose a = "o" | call a = 1 | succeed a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 chose "m"
            0ms a 1 paid 7 n$ for 3+2 tokens in 1 calls, 2 requests
            0ms a 1 chose "n"
            0ms a 1 interrupted
            0ms a 1 started
                run a 1, which has chosen "m" "n" and called 7
            0ms a 1 paid 5 n$ for 3+2 tokens in 1 calls, 2 requests
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1000ms a 2 chose "o"
            1000ms a 2 paid 1 n$ for 3+2 tokens in 1 calls, 2 requests
            1000ms a 2 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn a_call_of_an_attempt_that_was_given_up_is_paid_for_and_a_choice_is_none() {
    check(
        "a timeout 1s tries 2 fixed 1s; par b after nothing",
        r#"choose a = "m" | wait 7s | choose a 1 = "n" | call a 1 = 7 | call a 2 = 2 | succeed a | call a 1 = 3 | call a 3 = 100 | succeed b | call a 2 = 100"#,
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 chose "m"
            1000ms a 1 timed out
                abort a 1 (timeout)
            6000ms a 1 failed (ERR_TIMEOUT), again at 7000ms
            7000ms a waited long enough
            7000ms a 2 started
                run a 2
            7000ms a 1 paid 7 n$ for 3+2 tokens in 1 calls, 2 requests
            7000ms a 2 paid 2 n$ for 3+2 tokens in 1 calls, 2 requests
            7000ms a 2 completed
            7000ms a 1 paid 3 n$ for 3+2 tokens in 1 calls, 2 requests
            7000ms b 1 completed
            7000ms ended completed
        "#]],
    );
}

#[test]
fn an_attempt_that_is_told_to_stop_chooses_nothing_more() {
    check(
        "par a after nothing; par b after nothing",
        r#"choose a = "m" | fail b | choose a = "n" | call a = 7 | fail a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 chose "m"
            0ms b 1 failed for good (ERR_AGENT)
            0ms failing because of b
                abort a 1 (sibling failed)
            0ms a 1 paid 7 n$ for 3+2 tokens in 1 calls, 2 requests
            0ms a cancelled (sibling failed)
            0ms ended failed because of b
        "#]],
    );
}

#[test]
fn what_executions_below_paid_is_paid_here() {
    check(
        "a",
        "below paid = 4 | pause | below paid = 6 | succeed a | below paid = 100",
        expect![[r#"
        0ms started
        0ms a 1 started
            run a 1
        0ms charged for 4 n$ for 3+2 tokens in 1 calls, 2 requests
        0ms paused
        0ms charged for 6 n$ for 3+2 tokens in 1 calls, 2 requests
        0ms a 1 completed
        0ms ended completed
    "#]],
    );
}
