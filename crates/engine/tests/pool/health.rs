// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Instances that are ill, leak or die.

use crate::words::check;
use expect_test::expect;

#[test]
fn each_instance_is_asked_again_and_again() {
    check(
        "type a min 1 max 2 checked; type b max 1",
        "ask t1 of a | ask t2 of b | made 1 | made 2 | wait 10s | well 1 | wait 10s | well 1",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms b up from 0 to 1
            0ms create 2 of b
            0ms t1 on 1
            0ms t2 on 2
            10000ms check 1
            20000ms check 1
        "#]],
    );
}

#[test]
fn one_that_is_ill_gets_no_work_and_is_replaced_when_it_is_empty() {
    check(
        "type a min 1 max 1 holds 2 checked",
        "ask t1 of a | made 1 | wait 10s | ill 1 | ask t2 of a | done t1 | disposed 1 | made 2",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            10000ms check 1
            10000ms 1 is ill
            10000ms dispose 1 by force
            10000ms create 2 of a
            10000ms t2 on 2
        "#]],
    );
}

#[test]
fn silence_counts_as_ill_and_an_answer_that_comes_late_as_an_answer() {
    check(
        "type a min 1 max 1 checked",
        "ask t1 of a | made 1 | wait 30s | well 1 | wait 10s | well 1 | done t1",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        0ms t1 on 1
        10000ms check 1
        20000ms 1 is ill
        30000ms 1 is well again
        40000ms check 1
    "#]],
    );
}

#[test]
fn each_relapse_doubles_the_checks_that_it_has_to_pass() {
    check(
        "type a min 1 max 1 holds 2; policy check 0s",
        "ask t1 of a | made 1 | ill 1 | ask t2 of a | well 1 | ill 1 | well 1 | ill 1 | well 1 | well 1 | ill 1 | well 1 | well 1 | well 1 | well 1 | done t1",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms 1 is ill
            0ms 1 is well again
            0ms t2 on 1
            0ms 1 is ill
            0ms 1 is well again
            0ms 1 is ill
            0ms 1 is well again
        "#]],
    );
}

#[test]
fn one_that_leaked_is_replaced_at_once_and_disposed_of_when_its_others_have_returned() {
    check(
        "type a min 1 max 1 holds 3; agent x of a limit 3",
        "ask t1 of x | made 1 | ask t2 of x | ask t3 of x | ask t4 of x | leak t2 | made 2 | late t2 | done t1 | show | done t3 | disposed 1 | show",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms t1 on 1
            0ms t2 on 1 at once
            0ms t3 on 1 at once
            0ms create 2 of x
            0ms t4 on 2
            0ms a: 0 available, 1 busy, 1 offline of 2; 2 running, 0 lent, 0 queued, 1 leaked; used 33 %, p50 0ns, p95 0ns
            0ms dispose 1
            0ms a: 0 available, 1 busy, 0 offline of 1; 1 running, 0 lent, 0 queued, 1 leaked; used 33 %, p50 0ns, p95 0ns
        "#]],
    );
}

#[test]
fn one_whose_only_attempt_leaked_is_disposed_of_by_force_and_may_return_whenever_it_likes() {
    check(
        "type a max 1",
        "ask t1 of a | made 1 | ask t2 of a | leak t1 | made 2 | late t1 | disposed 1 | late t1 | show",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        0ms t1 on 1
        0ms create 2 of a
        0ms dispose 1 by force
        0ms t2 on 2
        0ms a: 0 available, 1 busy, 0 offline of 1; 1 running, 0 lent, 0 queued, 1 leaked; used 100 %, p50 0ns, p95 0ns
    "#]],
    );
}

#[test]
fn one_that_died_is_replaced_at_once() {
    check(
        "type a min 1 max 1 holds 2",
        "ask t1 of a | made 1 | ask t2 of a | ask t3 of a | lost 1 | done t1 | done t2 | made 2 | show",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms t2 on 1 at once
            0ms create 2 of a
            0ms t3 on 2
            0ms a: 0 available, 1 busy, 0 offline of 1; 1 running, 0 lent, 0 queued, 0 leaked; used 50 %, p50 0ns, p95 0ns
        "#]],
    );
}

#[test]
fn ones_that_die_before_they_had_work_count_as_not_made() {
    check(
        "type a min 2 max 2",
        "ask t1 of a | made 1 | made 2 | lost 2 | wait 100ms | made 3 | lost 3 | wait 200ms | made 4 | lost 4 | ask t2 of a | done t1 | ask t3 of a",
        &expect![[r#"
            0ms a up from 0 to 2
            0ms create 1 of a
            0ms create 2 of a
            0ms t1 on 1
            100ms create 3 of a
            300ms create 4 of a
            300ms t2 on 1 after t1
        "#]],
    );
}
