// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Attempts that wait for what they spawned.

use crate::words::check;
use expect_test::expect;

#[test]
fn the_place_of_one_that_waits_is_that_of_another_meanwhile() {
    check(
        "type a max 1",
        "ask t1 of a | made 1 | ask t2 of a | lend t1 | show | back t1 | ask t3 of a | done t2 | done t1",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        0ms t1 on 1
        0ms t2 on 1
        0ms a: 0 available, 1 busy, 0 offline of 1; 1 running, 1 lent, 0 queued, 0 leaked; used 100 %, p50 0ns, p95 0ns
        0ms t1 back
        0ms t3 on 1 after t1
    "#]],
    );
}

#[test]
fn who_wants_its_place_back_has_it_at_once_if_it_is_free() {
    check(
        "type a max 1",
        "ask t1 of a | made 1 | lend t1 | back t1 | ask t2 of a | done t1",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        0ms t1 on 1
        0ms t1 back on 1 at once
        0ms t2 on 1 after t1
    "#]],
    );
}

#[test]
fn an_instance_is_not_idle_while_somebody_will_come_back() {
    check(
        "type a max 1",
        "ask t1 of a | made 1 | lend t1 | wait 100s | ill 1 | back t1 | ask t2 of a | done t1",
        &expect![[r#"
        0ms a up from 0 to 1
        0ms create 1 of a
        0ms t1 on 1
        100000ms 1 is ill
        100000ms t1 back on 1 at once
        100000ms dispose 1 by force
        100000ms create 2 of a
    "#]],
    );
}

#[test]
fn one_that_ends_while_its_place_is_lent_wants_nothing_any_more() {
    check(
        "type a max 1",
        "ask t1 of a | made 1 | lend t1 | ask t2 of a | back t1 | ask t3 of a | gone t1 | done t2 | done t3 | show",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms t2 on 1 at once
            0ms t3 on 1 after t2
            0ms a: 1 available, 0 busy, 0 offline of 1; 0 running, 0 lent, 0 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
        "#]],
    );
}

#[test]
fn a_place_goes_back_before_new_work_and_within_the_limit_of_the_agent() {
    check(
        "type a min 2 max 2 holds 2; agent x of a limit 2",
        "ask t1 of x | made 1 | made 2 | ask t2 of x | lend t1 | lend t2 | ask t3 of x | ask t4 of x | back t1 | back t2 | ask t5 of x
         | done t3 | done t4 | done t1 | done t2 | done t5 | show",
        &expect![[r#"
            0ms a up from 0 to 2
            0ms create 1 of x
            0ms create 2 of x
            0ms t1 on 1
            0ms t2 on 2 at once
            0ms t3 on 2 at once
            0ms t4 on 1 at once
            0ms t2 back
            0ms t1 back
            0ms t5 on 1 after t1
            0ms a: 2 available, 0 busy, 0 offline of 2; 0 running, 0 lent, 0 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
        "#]],
    );
}

#[test]
fn one_that_leaks_while_its_place_is_lent_is_replaced_like_any_other() {
    check(
        "type a max 1",
        "ask t1 of a | made 1 | lend t1 | ask t2 of a | back t1 | drop t1 | done t2 | made 2 | ask t3 of a | late t1 | show",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms t2 on 1 at once
            0ms create 2 of a
            0ms dispose 1 by force
            0ms t3 on 2 at once
            0ms a: 0 available, 1 busy, 1 offline of 2; 1 running, 0 lent, 0 queued, 1 leaked; used 100 %, p50 0ns, p95 0ns
        "#]],
    );
}

#[test]
fn an_instance_that_died_is_known_until_those_who_lent_it_are_released() {
    check(
        "type a max 1",
        "ask t1 of a | made 1 | lend t1 | ask t2 of a | back t1 | ask t3 of a | lost 1 | show | done t2 | done t1 | back t1 | made 2 | show",
        &expect![[r#"
            0ms a up from 0 to 1
            0ms create 1 of a
            0ms t1 on 1
            0ms t2 on 1 at once
            0ms create 2 of a
            0ms a: 0 available, 0 busy, 2 offline of 2; 1 running, 1 lent, 1 queued, 0 leaked; used 0 %, p50 0ns, p95 0ns
            0ms t1 back
            0ms t1 back on 1 at once
            0ms t3 on 2
            0ms a: 0 available, 1 busy, 0 offline of 1; 1 running, 0 lent, 0 queued, 0 leaked; used 100 %, p50 0ns, p95 0ns
        "#]],
    );
}
