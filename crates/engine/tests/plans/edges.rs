// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What comes before what: written in `dependencies`, or implied by order.

use super::{check, tasks, with};
use expect_test::expect;
use serde_json::json;

#[test]
fn the_order_of_declaration_implies_the_edges() {
    check(
        tasks(&[
            ("a", Some("sequential"), None),
            ("b", Some("parallel"), None),
            ("c", Some("parallel"), None),
            ("d", Some("sequential"), None),
        ]),
        expect![[r#"
            a (by order), alone, before b, c
            b after a (by order), before d
            c after a (by order), before d
            d after b, c (by order), alone
        "#]],
    );
}

#[test]
fn without_a_type_a_task_is_sequential_if_it_names_no_dependencies_and_parallel_if_it_does() {
    check(
        tasks(&[("a", None, None), ("b", None, Some(&["a"])), ("c", None, Some(&["a"])), ("d", None, None), ("e", None, None)]),
        expect![[r#"
            a (by order), before b, c
            b after a, before d
            c after a, before d
            d after b, c (by order), before e
            e after d (by order)
        "#]],
    );
}

#[test]
fn empty_dependencies_are_the_whole_truth() {
    check(
        tasks(&[("a", None, None), ("b", Some("sequential"), Some(&[])), ("c", Some("parallel"), Some(&[]))]),
        expect![[r#"
            a (by order)
            b, alone
            c
        "#]],
    );
}

#[test]
fn a_sequential_task_with_written_dependencies_still_takes_its_place_in_the_order() {
    check(
        tasks(&[
            ("a", None, None),
            ("b", Some("parallel"), None),
            ("c", Some("sequential"), Some(&[])),
            ("d", Some("parallel"), None),
            ("e", None, None),
        ]),
        expect![[r#"
            a (by order), before b
            b after a (by order)
            c, alone, before d
            d after c (by order), before e
            e after d (by order)
        "#]],
    );
}

#[test]
fn null_counts_as_absent() {
    check(
        with(json!({ "type": null, "dependencies": null, "timeout": null, "retryPolicy": null, "input": null })),
        expect![[r#"
            a (by order)
        "#]],
    );
}

#[test]
fn dependencies_are_listed_in_the_order_of_declaration_however_they_were_written() {
    check(
        tasks(&[("join", None, Some(&["c", "a", "b"])), ("c", None, Some(&[])), ("a", None, Some(&[])), ("b", None, Some(&["a"]))]),
        expect![[r#"
            join after c, a, b
            c, before join
            a, before join, b
            b after a, before join
        "#]],
    );
}

#[test]
fn an_unknown_dependency_is_named_with_the_nearest_id() {
    check(
        tasks(&[("fetch-data", None, None), ("b", None, Some(&["fetch-dat", "something-else", "fetch-data"]))]),
        expect![[r#"
            tasks[1].dependencies[0]: task `b` depends on `fetch-dat`, which this workflow does not define; did you mean `fetch-data`?
            tasks[1].dependencies[1]: task `b` depends on `something-else`, which this workflow does not define
        "#]],
    );
}

#[test]
fn a_dependency_named_twice_is_a_warning() {
    check(
        tasks(&[("a", None, None), ("b", None, Some(&["a", "a"])), ("c", None, Some(&["b", "a", "b", "b"]))]),
        expect![[r#"
            tasks[1].dependencies[1]: warning: task `b` names the dependency `a` twice; remove one
            tasks[2].dependencies[2]: warning: task `c` names the dependency `b` twice; remove one
            tasks[2].dependencies[3]: warning: task `c` names the dependency `b` twice; remove one
            a (by order), before b, c
            b after a, before c
            c after a, b
        "#]],
    );
}

#[test]
fn an_unknown_dependency_named_twice_is_both() {
    check(
        tasks(&[("a", None, Some(&["nobody", "nobody"]))]),
        expect![[r#"
            tasks[0].dependencies[0]: task `a` depends on `nobody`, which this workflow does not define
            tasks[0].dependencies[1]: warning: task `a` names the dependency `nobody` twice; remove one
        "#]],
    );
}

#[test]
fn a_task_that_waits_for_itself_is_a_cycle() {
    check(
        tasks(&[("a", None, None), ("b", None, Some(&["b"]))]),
        expect![[r#"
            tasks[1].dependencies: these tasks wait for each other in a cycle: b → b; remove one of the edges
        "#]],
    );
}

#[test]
fn a_cycle_is_printed_in_the_direction_work_flows() {
    check(
        tasks(&[("a", None, Some(&["c"])), ("b", None, Some(&["a"])), ("c", None, Some(&["b"])), ("d", None, Some(&["c"]))]),
        expect![[r#"
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → b → c → a; remove one of the edges
        "#]],
    );
}

#[test]
fn an_edge_of_a_cycle_that_nobody_wrote_is_named_as_such() {
    check(
        tasks(&[("a", Some("sequential"), Some(&["c"])), ("b", None, None), ("c", None, None)]),
        expect![[r#"
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → (by order) b → (by order) c → a; remove one of the edges
        "#]],
    );
    check(
        tasks(&[("first", None, None), ("a", None, None), ("b", None, Some(&["last"])), ("last", None, None)]),
        expect![[r#"
            tasks[2].dependencies: these tasks wait for each other in a cycle: b → (by order) last → b; remove one of the edges
        "#]],
    );
}

#[test]
fn a_shortest_cycle_is_printed() {
    check(
        tasks(&[("a", None, Some(&["d", "b"])), ("b", None, Some(&["a"])), ("c", None, Some(&["b"])), ("d", None, Some(&["c"]))]),
        expect![[r#"
            tasks[0].dependencies: these tasks wait for each other in a cycle: a → b → a; remove one of the edges
        "#]],
    );
}
