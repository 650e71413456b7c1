// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who gets which place, and in which order.

use crate::words::check;
use expect_test::expect;

#[test]
fn nothing_is_made_before_the_first_request_and_then_at_least_min() {
    check(
        "type a min 2 max 4",
        "wait 60s | ask t1 of a | made 2 | ask t2 of a | made 1 | done t1 | ask t3 of a",
        &expect![[r#"
            60000ms a up from 0 to 2
            60000ms create 1 of a
            60000ms create 2 of a
            60000ms t1 on 2
            60000ms t2 on 1
            60000ms t3 on 2 at once
        "#]],
    );
}

#[test]
fn the_least_loaded_instance_is_first() {
    check(
        "type a min 2 max 2 holds 3",
        "ask t1 of a | made 1 | made 2 | ask t2 of a | ask t3 of a | ask t4 of a | done t2 | ask t5 of a | ask t6 of a | ask t7 of a | ask t8 of a",
        &expect![[r#"
            0ms a up from 0 to 2
            0ms create 1 of a
            0ms create 2 of a
            0ms t1 on 1
            0ms t2 on 2 at once
            0ms t3 on 2 at once
            0ms t4 on 1 at once
            0ms t5 on 2 at once
            0ms t6 on 2 at once
            0ms t7 on 1 at once
        "#]],
    );
}

#[test]
fn those_that_wait_are_served_by_urgency_priority_readiness_and_arrival() {
    check(
        "type a min 1 max 1",
        "ask t1 of a | made 1 | ask late of a ready 5s | ask early of a ready 1s | ask second of a ready 1s | ask high of a priority 9 ready 9s
         | ask cleanup of a urgent priority -3 ready 9s lane 4
         | done t1 | done cleanup | done high | done early | done second | done late",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms cleanup on 1 after t1 in lane 4
            0ms high on 1 after cleanup
            0ms early on 1 after high
            0ms second on 1 after early
            0ms late on 1 after second
        "#]],
    );
}

#[test]
fn who_withdraws_or_is_forgotten_gets_nothing() {
    check(
        "type a max 1",
        "ask t1 of a | ask t2 of a | ask t3 of a | withdraw t2 | made 1 | withdraw t1 | forget | done t1 | show",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        0ms t1 on 1
        0ms a: 1 available, 0 busy, 0 offline of 1; 0 running, 0 lent, 0 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
    "#]],
    );
}

#[test]
fn who_declines_is_as_if_it_had_never_asked() {
    check(
        "type a max 1; agent x of a rate 1 per 10s",
        "ask t1 of x | made 1 | ask t2 of x | decline t1 | ask t3 of x | done t2 | wait 10s",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms t1 on 1
            0ms t2 on 1
            10000ms t3 on 1
        "#]],
    );
}

#[test]
fn a_key_goes_where_it_was_if_there_is_room() {
    check(
        "type a min 3 max 3",
        "ask t1 of a key 7 | made 1 | made 2 | made 3 | done t1 | ask t2 of a | done t2 | ask t3 of a key 7 | ask t4 of a key 7 | done t3 | done t4
         | ask t5 of a key 7",
        &expect![[r#"
            0ms a up from 0 to 3
            0ms create 1 of a
            0ms create 2 of a
            0ms create 3 of a
            0ms t1 on 1
            0ms t2 on 1 at once
            0ms t3 on 1 at once
            0ms t4 on 3 at once
            0ms t5 on 3 at once
        "#]],
    );
}

#[test]
fn a_rate_holds_for_any_time_of_its_length() {
    check(
        "type a min 1 max 1 holds 9; agent x of a rate 2 per 1s",
        "ask t1 of x | made 1 | wait 800ms | ask t2 of x | ask t3 of x | ask t4 of x | wait 199ms | wait 1ms | wait 2s | ask t5 of x",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms t1 on 1
            800ms t2 on 1 at once
            1000ms t3 on 1
            1800ms t4 on 1
            3000ms t5 on 1 at once
        "#]],
    );
}

#[test]
fn a_limit_of_an_agent_is_over_all_its_instances() {
    check(
        "type a min 2 max 2 holds 2; agent x of a limit 3",
        "ask t1 of x | made 1 | made 2 | ask t2 of x | ask t3 of x | ask t4 of x | done t2 | ask t5 of a",
        &expect![[r#"
            0ms a up from 0 to 2
            0ms create 1 of x
            0ms create 2 of x
            0ms t1 on 1
            0ms t2 on 2 at once
            0ms t3 on 2 at once
            0ms t4 on 2 after t2
        "#]],
    );
}

#[test]
fn the_last_places_are_kept_for_what_is_more_important() {
    check(
        "type a max 3 reserve 1 from 5; agent x of a",
        "ask t1 of a | made 1 | made 2 | ask t2 of a | ask t3 of a | ask t4 of a priority 4 | ask t5 of a priority 5 | made 3 | ask t6 of a urgent
         | done t5 | done t6 | done t1",
        &expect![[r#"
            0ms a up from 0 to 2
            0ms create 1 of a
            0ms create 2 of a
            0ms t1 on 1
            0ms t2 on 2 at once
            0ms a up from 2 to 3
            0ms create 3 of a
            0ms t5 on 3
            0ms t6 on 3 after t5
            0ms t4 on 1 after t1
        "#]],
    );
}

#[test]
fn a_reserve_leaves_a_place_for_everybody() {
    check(
        "type a max 2 reserve 9 from 5",
        "ask t1 of a | made 1 | ask t2 of a | made 2",
        &expect![[r#"
        0ms a up from 0 to 2
        0ms create 1 of a
        0ms create 2 of a
        0ms t1 on 1
    "#]],
    );
}

#[test]
fn capabilities_choose_among_the_registered_agents() {
    check(
        "type a max 3; type b max 3; agent x of a can gpu,fast; agent y of b can gpu; agent z of b can gpu,fast,big",
        "ask t1 of x needs big | ask t2 needs huge | ask t3 needs big | made 1 | ask t4 needs fast,gpu | made 2 | ask t5 needs gpu,fast,gpu
         | ask t6 of b needs gpu | made 3 | ask t7 of b | ask t8 of nobody | done t3 | done t4",
        &expect![[r#"
            0ms nobody for t1
            0ms nobody for t2
            0ms b up from 0 to 1
            0ms create 1 of z
            0ms t3 on 1
            0ms a up from 0 to 1
            0ms create 2 of x
            0ms t4 on 2
            0ms a up from 1 to 2
            0ms create 3 of x
            0ms b up from 1 to 2
            0ms create 4 of y
            0ms t5 on 3
            0ms b up from 2 to 3
            0ms create 5 of b
            0ms nobody for t8
            0ms t6 on 1 after t3
        "#]],
    );
}

#[test]
fn a_target_covers_agents_that_come_later() {
    check(
        "type a min 2 max 2; agent x of a can gpu limit 1",
        "ask t1 needs gpu | made 1 | ask t2 needs gpu | agent y of a can gpu | ask t3 needs gpu | made 2",
        &expect![[r#"
            0ms a up from 0 to 2
            0ms create 1 of x
            0ms create 2 of x
            0ms t1 on 1
            0ms dispose 2
            0ms create 3 of y
        "#]],
    );
}

#[test]
fn an_agent_named_like_its_type_is_who_is_meant_from_then_on() {
    check(
        "type a min 1 max 2",
        "ask t1 of a | made 1 | ask t2 of a | agent a of a | ask t3 of a | made 2 | done t1",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms a up from 1 to 2
            0ms create 2 of a
            0ms t2 on 2
            0ms dispose 1
            0ms create 3 of a
        "#]],
    );
}
