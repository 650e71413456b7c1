// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Instances that cannot be made.

use crate::words::check;
use expect_test::expect;

#[test]
fn a_failure_is_tried_again_later_and_later() {
    check(
        "type a max 1",
        "ask t1 of a | fail 1 | wait 100ms | fail 2 | wait 200ms | made 3",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        100ms create 2 of a
        300ms create 3 of a
        300ms t1 on 3
    "#]],
    );
}

#[test]
fn after_three_failures_who_waits_and_comes_is_refused_until_the_wait_has_passed() {
    check(
        "type a max 1",
        "ask t1 of a | fail 1 | wait 100ms | fail 2 | wait 200ms | ask t2 of a | fail 3 | ask t3 of a | wait 400ms | ask t4 of a | ask t5 of a
         | fail 4 | ask t6 of a | wait 800ms | ask t7 of a | made 5 | ask t8 of a",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            100ms create 2 of a
            300ms create 3 of a
            300ms t1 refused because of 3
            300ms t2 refused because of 3
            300ms t3 refused because of 3
            700ms create 4 of a
            700ms t4 refused because of 4
            700ms t5 refused because of 4
            700ms t6 refused because of 4
            1500ms create 5 of a
            1500ms t7 on 5
        "#]],
    );
}

#[test]
fn where_there_shall_be_some_it_is_tried_without_being_asked() {
    check(
        "type a min 2 max 3",
        "ask t1 of a | fatal 1 | fatal 2 | wait 100ms | fail 3 | wait 200ms | made 4 | ask t2 of a",
        &expect![[r#"
        0ms a up from 0 to 2
        0ms create 1 of a
        0ms create 2 of a
        0ms t1 refused because of 1
        100ms create 3 of a
        300ms create 4 of a
        300ms create 5 of a
        300ms t2 on 4 at once
    "#]],
    );
}

#[test]
fn failures_of_one_occasion_count_once_and_then_one_is_tried_at_a_time() {
    check(
        "type a max 3",
        "ask t1 of a | ask t2 of a | ask t3 of a | fail 1 | fail 2 | fail 3 | wait 100ms | ask t4 of a | made 4 | made 5 | made 6",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms a up from 1 to 2
            0ms create 2 of a
            0ms a up from 2 to 3
            0ms create 3 of a
            100ms create 4 of a
            100ms t1 on 4
            100ms create 5 of a
            100ms create 6 of a
            100ms t2 on 5
            100ms t3 on 6
        "#]],
    );
}

#[test]
fn those_that_exist_go_on_while_no_more_can_be_made() {
    check(
        "type a max 2",
        "ask t1 of a | made 1 | ask t2 of a | fatal 2 | ask t3 of a | done t1 | lost 1 | ask t4 of a",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms a up from 1 to 2
            0ms create 2 of a
            0ms t2 on 1 after t1
            0ms t3 refused because of 2
            0ms t4 refused because of 2
        "#]],
    );
}

#[test]
fn one_that_is_not_made_in_time_has_failed_and_is_disposed_of_if_it_comes() {
    check(
        "type a max 1",
        "ask t1 of a | wait 31s | made 2 | made 1 | disposed 1 | show",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        30100ms create 2 of a
        31000ms t1 on 2
        31000ms dispose 1
        31000ms a: 0 available, 1 busy, 0 offline of 1; 1 running, 0 lent, 0 queued, 0 leaked; used 100 %, p50 31.457279s, p95 31.457279s
    "#]],
    );
}

#[test]
fn another_agent_serves_what_one_cannot() {
    check(
        "type a max 1; type b min 2 max 2; agent x of a can gpu; agent y of b can gpu",
        "ask t1 needs gpu | ask t2 of x | fatal 1 | made 2 | ask t3 needs gpu | fatal 2 | lost 2 | show",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms b up from 0 to 2
            0ms create 2 of y
            0ms create 3 of y
            0ms t2 refused because of 1
            0ms t1 on 2
            0ms create 4 of y
            0ms a: 0 available, 0 busy, 0 offline of 0; 0 running, 0 lent, 0 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
            0ms b: 0 available, 0 busy, 3 offline of 3; 1 running, 0 lent, 1 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
        "#]],
    );
}
