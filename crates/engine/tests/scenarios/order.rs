// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The order of declaration.

use crate::run::check;
use expect_test::expect;

#[test]
fn one_task_runs_and_the_execution_completes() {
    check(
        "fetch",
        "succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn an_execution_starts_once() {
    check(
        "fetch",
        "start | start | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn tasks_without_types_and_dependencies_follow_each_other() {
    check(
        "a; b; c",
        "succeed a | wait 1s | succeed b | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            1000ms b 1 completed
            1000ms c 1 started after b
                run c 1
            1000ms c 1 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn a_run_of_parallel_tasks_starts_after_the_sequential_one_and_is_awaited_by_the_next() {
    check(
        "seq a; par b; par c; seq d",
        "succeed a | succeed c | succeed b | succeed d",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
            0ms c 1 started after a
                run b 1, run c 1
            0ms c 1 completed
            0ms b 1 completed
            0ms d 1 started after b
                run d 1
            0ms d 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn leading_parallel_tasks_start_at_once() {
    check(
        "par a; par b; c",
        "succeed b | succeed a | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms b 1 completed
            0ms a 1 completed
            0ms c 1 started after a
                run c 1
            0ms c 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn empty_dependencies_mean_start_at_once_whatever_the_order() {
    check(
        "a; b after nothing; seq c after nothing",
        "succeed b | succeed c | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
            0ms c 1 started
                run a 1, run b 1, run c 1
            0ms b 1 completed
            0ms c 1 completed
            0ms a 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_task_with_dependencies_and_no_type_is_parallel_to_its_neighbours() {
    check(
        "a; b after a; c after a; d",
        "succeed a | succeed c | succeed b | succeed d",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
            0ms c 1 started after a
                run b 1, run c 1
            0ms c 1 completed
            0ms b 1 completed
            0ms d 1 started after b
                run d 1
            0ms d 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn dependencies_may_name_tasks_declared_later() {
    check(
        "last after first; first after nothing",
        "succeed first | succeed last",
        expect![[r#"
            0ms started
            0ms first 1 started
                run first 1
            0ms first 1 completed
            0ms last 1 started after first
                run last 1
            0ms last 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_diamond_joins_when_the_last_branch_has_ended() {
    check(
        "top; left after top; right after top; join after left right",
        "succeed top | succeed left | wait 1s | succeed right | succeed join",
        expect![[r#"
            0ms started
            0ms top 1 started
                run top 1
            0ms top 1 completed
            0ms left 1 started after top
            0ms right 1 started after top
                run left 1, run right 1
            0ms left 1 completed
            1000ms right 1 completed
            1000ms join 1 started after right
                run join 1
            1000ms join 1 completed
            1000ms ended completed
        "#]],
    );
}
