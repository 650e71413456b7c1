// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How many instances there are.

use crate::words::check;
use expect_test::expect;

#[test]
fn a_burst_is_answered_at_once_and_never_beyond_max() {
    check(
        "policy up 80; type a min 1 max 4",
        "ask t1 of a | ask t2 of a | ask t3 of a | ask t4 of a | ask t5 of a",
        &expect![[r#"
        0ms a up from 0 to 2
        0ms create 1 of a
        0ms create 2 of a
        0ms a up from 2 to 3
        0ms create 3 of a
        0ms a up from 3 to 4
        0ms create 4 of a
    "#]],
    );
}

#[test]
fn a_place_is_added_when_more_than_its_share_is_used() {
    check(
        "policy up 80; type a min 1 max 9 holds 5",
        "ask t1 of a | made 1 | ask t2 of a | ask t3 of a | ask t4 of a | ask t5 of a",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        0ms t1 on 1
        0ms t2 on 1 at once
        0ms t3 on 1 at once
        0ms t4 on 1 at once
        0ms t5 on 1 at once
        0ms a up from 1 to 2
        0ms create 2 of a
    "#]],
    );
}

#[test]
fn it_goes_down_to_what_was_needed_lately_and_only_idle_ones_go() {
    check(
        "type a min 1 max 4",
        "ask t1 of a | ask t2 of a | ask t3 of a | ask t4 of a | made 1 | made 2 | made 3 | made 4 | done t2 | done t3 | wait 20s | done t4 | wait 40s
         | disposed 2 | done t1 | wait 60s | show",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms a up from 1 to 2
            0ms create 2 of a
            0ms a up from 2 to 3
            0ms create 3 of a
            0ms a up from 3 to 4
            0ms create 4 of a
            0ms t1 on 1
            0ms t2 on 2
            0ms t3 on 3
            0ms t4 on 4
            51000ms a down from 4 to 1
            51000ms dispose 2
            51000ms dispose 4
            51000ms dispose 3
            120000ms a: 1 available, 0 busy, 2 offline of 3; 0 running, 0 lent, 0 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
        "#]],
    );
}

#[test]
fn a_type_without_min_goes_down_to_nothing_and_comes_back() {
    check(
        "type a max 2",
        "ask t1 of a | made 1 | done t1 | wait 60s | disposed 1 | show | ask t2 of a",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            33000ms a down from 1 to 0
            33000ms dispose 1
            60000ms a: 0 available, 0 busy, 0 offline of 0; 0 running, 0 lent, 0 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
            60000ms a up from 0 to 1
            60000ms create 2 of a
        "#]],
    );
}

#[test]
fn what_a_rate_holds_back_makes_no_instances() {
    check(
        "type a max 9; agent x of a rate 2 per 1s",
        "ask t1 of x | ask t2 of x | ask t3 of x | ask t4 of x | made 1 | made 2 | wait 1s",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of x
        0ms a up from 1 to 2
        0ms create 2 of x
        0ms t1 on 1
        0ms a up from 2 to 3
        0ms create 3 of x
        0ms t2 on 2
        1000ms a up from 3 to 4
        1000ms create 4 of x
    "#]],
    );
}

#[test]
fn an_idle_instance_makes_room_for_an_agent_that_has_none() {
    check(
        "type a max 2; agent x of a; agent y of a",
        "ask t1 of x | ask t2 of x | made 1 | made 2 | done t2 | ask t3 of y | disposed 2 | made 3",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms a up from 1 to 2
            0ms create 2 of x
            0ms t1 on 1
            0ms t2 on 2
            0ms dispose 2
            0ms create 3 of y
            0ms t3 on 3
        "#]],
    );
}

#[test]
fn an_agent_without_an_instance_gets_one_when_it_is_its_turn() {
    check(
        "type a max 1 holds 2; agent x of a; agent y of a",
        "ask t1 of x | made 1 | ask t2 of x | ask t3 of x | ask t4 of y | ask t5 of x | done t1 | done t2 | done t3 | made 2 | done t4 | made 3",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms t1 on 1
            0ms t2 on 1 at once
            0ms t3 on 1 after t1
            0ms dispose 1
            0ms create 2 of y
            0ms t4 on 2
            0ms dispose 2
            0ms create 3 of x
            0ms t5 on 3
        "#]],
    );
}

#[test]
fn who_asks_for_an_agent_without_an_instance_and_goes_away_takes_none() {
    check(
        "type a max 1; agent x of a; agent y of a",
        "ask t1 of x | made 1 | ask t2 of y | withdraw t2 | done t1 | ask t3 of x",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms t1 on 1
            0ms t3 on 1 at once
        "#]],
    );
}

#[test]
fn instances_move_to_the_agent_that_is_short_of_them() {
    check(
        "type a max 3; agent x of a; agent y of a",
        "ask t1 of x | ask t2 of x | made 1 | made 2 | ask t3 of y | made 3 | done t1 | done t2 | ask t4 of y | ask t5 of y | wait 9s",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of x
            0ms a up from 1 to 2
            0ms create 2 of x
            0ms t1 on 1
            0ms t2 on 2
            0ms a up from 2 to 3
            0ms create 3 of y
            0ms t3 on 3
            3000ms dispose 1
            3000ms create 4 of y
            6000ms dispose 2
            6000ms create 5 of y
        "#]],
    );
}

#[test]
fn a_pool_that_is_idle_has_nothing_due() {
    check(
        "type a min 1 max 4",
        "ask t1 of a | ask t2 of a | made 1 | made 2 | done t1 | done t2 | due | wait 60s | due",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms a up from 1 to 2
            0ms create 2 of a
            0ms t1 on 1
            0ms t2 on 2
            0ms due at 3000ms
            33000ms a down from 2 to 1
            33000ms dispose 1
            60000ms nothing is due
        "#]],
    );
    check(
        "policy down 0; type a max 4; type b min 2 max 2",
        "ask t1 of a | ask t2 of a | ask t3 of b | made 1 | made 2 | made 3 | made 4 | due",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms a up from 1 to 2
            0ms create 2 of a
            0ms b up from 0 to 2
            0ms create 3 of b
            0ms create 4 of b
            0ms t1 on 1
            0ms t2 on 2
            0ms t3 on 3
            0ms nothing is due
        "#]],
    );
}
