// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Loops.

use crate::run::given;
use expect_test::expect;

#[test]
fn for_each_runs_one_pass_after_the_other() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"forEach":[1,2]},"tasks":[{"id":"a","input":{"data":{"it":"{{ item }}","at":"{{ index }}"}}},{"id":"b"}]}]}"#,
        r#"l[0].a = 1 | l[0].b = 2 | l[1].a = 3 | l[1].b = 4"#,
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0].a prepared with {"data":{"it":1,"at":0}}
            0ms l[0].a 1 started
                run l[0].a 1
            0ms l[0].a 1 completed
            0ms l[0].b 1 started after l[0].a
                run l[0].b 1
            0ms l[0].b 1 completed
            0ms l[0] completed
            0ms l[1] began
            0ms l[1].a prepared with {"data":{"it":2,"at":1}}
            0ms l[1].a 1 started
                run l[1].a 1
            0ms l[1].a 1 completed
            0ms l[1].b 1 started after l[1].a
                run l[1].b 1
            0ms l[1].b 1 completed
            0ms l[1] completed
            0ms l completed: [{"a":1,"b":2},{"a":3,"b":4}]
            0ms ended completed {"l":[{"a":1,"b":2},{"a":3,"b":4}]}
        "#]],
    );
}

#[test]
fn for_each_with_concurrency_keeps_the_order_of_items() {
    given(
        r#"{"list":["a","b","c"]}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":"context.list","concurrency":2}}]}"#,
        r#"l[1] = 11 | l[2] = 12 | l[0] = 10"#,
        expect![[r#"
            0ms started
            0ms l loops over ["a", "b", "c"]
            0ms l[0] began
            0ms l[1] began
            0ms l[0] 1 started
            0ms l[1] 1 started
                run l[0] 1, run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l[2] began
            0ms l[2] 1 started
                run l[2] 1
            0ms l[2] 1 completed
            0ms l[2] completed
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l completed: [10,11,12]
            0ms ended completed {"l":[10,11,12]}
        "#]],
    );
}

#[test]
fn for_each_of_nothing_completes_with_nothing() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":[]}},{"id":"b"}]}"#,
        r#"b = 1"#,
        expect![[r#"
            0ms started
            0ms l loops over []
            0ms l completed: []
            0ms b 1 started after l
                run b 1
            0ms b 1 completed
            0ms ended completed {"l":[],"b":1}
        "#]],
    );
}

#[test]
fn for_each_of_no_list_fails() {
    given(
        r#"{"n":1}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":"context.n"}}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms l failed (ERR_LOOP_NOT_ARRAY)
            0ms failing because of l
            0ms ended failed because of l
        "#]],
    );
}

#[test]
fn an_item_that_fails_stops_the_loop() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":[1,2,3],"concurrency":2}}]}"#,
        r#"fail l[0] | l[1] = 1"#,
        expect![[r#"
            0ms started
            0ms l loops over [1, 2, 3]
            0ms l[0] began
            0ms l[1] began
            0ms l[0] 1 started
            0ms l[1] 1 started
                run l[0] 1, run l[1] 1
            0ms l[0] 1 failed for good (ERR_AGENT)
            0ms l failing because of l[0]
            0ms l[0] failed (ERR_AGENT)
            0ms l stopping: sibling failed (ERR_AGENT)
                abort l[1] 1 (sibling failed)
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l failed (ERR_AGENT)
            0ms failing because of l
            0ms ended failed because of l
        "#]],
    );
}

#[test]
fn or_its_error_is_collected() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":[1,2],"onItemError":"collect"}}]}"#,
        r#"fail l[0] | l[1] = 1"#,
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 failed for good (ERR_AGENT)
            0ms l failing because of l[0]
            0ms l[0] failed (ERR_AGENT)
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l completed: [{"error":{"code":"ERR_AGENT","message":"it did not work"}},1]
            0ms ended completed {"l":[{"error":{"code":"ERR_AGENT","message":"it did not work"}},1]}
        "#]],
    );
}

#[test]
fn or_it_is_left_out() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":[1,2],"onItemError":"skip"}}]}"#,
        r#"fail l[0] | l[1] = 1"#,
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 failed for good (ERR_AGENT)
            0ms l failing because of l[0]
            0ms l[0] failed (ERR_AGENT)
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l completed: [1]
            0ms ended completed {"l":[1]}
        "#]],
    );
}

#[test]
fn while_is_asked_before_each_pass() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"while":"iteration < 2 && last != 9"},"tasks":[{"id":"a"}]}]}"#,
        r#"l[0].a = 1 | l[1].a = 2"#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l after 0 passes: true
            0ms l[0] began
            0ms l[0].a 1 started
                run l[0].a 1
            0ms l[0].a 1 completed
            0ms l[0] completed
            0ms l after 1 passes: true
            0ms l[1] began
            0ms l[1].a 1 started
                run l[1].a 1
            0ms l[1].a 1 completed
            0ms l[1] completed
            0ms l after 2 passes: false
            0ms l completed: {"a":2}
            0ms ended completed {"l":{"a":2}}
        "#]],
    );
}

#[test]
fn while_may_never_begin() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"while":"false"}}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l after 0 passes: false
            0ms l completed: null
            0ms ended completed {"l":null}
        "#]],
    );
}

#[test]
fn until_is_asked_after_each_pass_and_sees_it() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"until":"tasks.a.output.done"},"tasks":[{"id":"a"}]}]}"#,
        r#"l[0].a = {"done":false} | l[1].a = {"done":true}"#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l[0] began
            0ms l[0].a 1 started
                run l[0].a 1
            0ms l[0].a 1 completed
            0ms l[0] completed
            0ms l after 1 passes: false
            0ms l[1] began
            0ms l[1].a 1 started
                run l[1].a 1
            0ms l[1].a 1 completed
            0ms l[1] completed
            0ms l after 2 passes: true
            0ms l completed: {"a":{"done":true}}
            0ms ended completed {"l":{"a":{"done":true}}}
        "#]],
    );
}

#[test]
fn the_documented_shape_runs_once_and_repeats_while_its_conditions_hold() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"poll","type":"loop","agentId":"x","conditions":[{"type":"state","expression":"tasks.poll.output.more"}],"retryPolicy":{"maxAttempts":2,"initialDelay":"1s"}}]}"#,
        r#"poll[0] = {"more":true} | fail poll[1] | wait 1s | poll[1] = {"more":false}"#,
        expect![[r#"
            0ms started
            0ms poll loops
            0ms poll[0] began
            0ms poll[0] 1 started
                run poll[0] 1
            0ms poll[0] 1 completed
            0ms poll[0] completed
            0ms poll after 1 passes: true
            0ms poll[1] began
            0ms poll[1] 1 started
                run poll[1] 1
            0ms poll[1] 1 failed (ERR_AGENT), again at 1000ms
            1000ms poll[1] waited long enough
            1000ms poll[1] 2 started
                run poll[1] 2
            1000ms poll[1] 2 completed
            1000ms poll[1] completed
            1000ms poll after 2 passes: false
            1000ms poll completed: {"more":false}
            1000ms ended completed {"poll":{"more":false}}
        "#]],
    );
}

#[test]
fn a_loop_that_wants_too_much_fails() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"while":"true","maxIterations":2}}]}"#,
        r#"l[0] = 1 | l[1] = 2"#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l after 0 passes: true
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l after 1 passes: true
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l after 2 passes: true
            0ms l failed (ERR_LOOP_LIMIT)
            0ms failing because of l
            0ms ended failed because of l
        "#]],
    );
}

#[test]
fn or_ends_well_if_it_says_so() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"while":"true","maxIterations":2,"onLimit":"stop"}}]}"#,
        r#"l[0] = 1 | l[1] = 2"#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l after 0 passes: true
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l after 1 passes: true
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l after 2 passes: true
            0ms l completed: 2
            0ms ended completed {"l":2}
        "#]],
    );
}

#[test]
fn a_failing_pass_fails_a_while_loop() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"while":"true"},"tasks":[{"id":"a"},{"id":"b"}]}]}"#,
        r#"l[0].a = 1 | fail l[0].b"#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l after 0 passes: true
            0ms l[0] began
            0ms l[0].a 1 started
                run l[0].a 1
            0ms l[0].a 1 completed
            0ms l[0].b 1 started after l[0].a
                run l[0].b 1
            0ms l[0].b 1 failed for good (ERR_AGENT)
            0ms l failing because of l[0].b
            0ms l[0] failed (ERR_AGENT)
            0ms l stopping: sibling failed (ERR_AGENT)
            0ms l failed (ERR_AGENT)
            0ms failing because of l
            0ms ended failed because of l
        "#]],
    );
}

#[test]
fn a_cancel_between_children_ends_the_loop() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"forEach":[1,2]},"tasks":[{"id":"a"},{"id":"b"}]}]}"#,
        r#"cancel | l[0].a = 1"#,
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0].a 1 started
                run l[0].a 1
            0ms cancelling: no reason given
                abort l[0].a 1 (cancelled)
            0ms l[0].a 1 completed
            0ms l[0].b cancelled (cancelled)
            0ms l[0] cancelled
            0ms l cancelled (cancelled)
            0ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn loops_nest_and_passes_have_addresses() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"o","type":"loop","loop":{"forEach":[[1],[2]]},"tasks":[{"id":"i","type":"loop","loop":{"forEach":"item"},"tasks":[{"id":"a","input":{"data":"{{ [item, o.index] }}"}}]}]}]}"#,
        r#"o[0].i[0].a = 1 | o[1].i[0].a = 2"#,
        expect![[r#"
            0ms started
            0ms o loops over [[1], [2]]
            0ms o[0] began
            0ms o[0].i loops over [1]
            0ms o[0].i[0] began
            0ms o[0].i[0].a prepared with {"data":[1,0]}
            0ms o[0].i[0].a 1 started
                run o[0].i[0].a 1
            0ms o[0].i[0].a 1 completed
            0ms o[0].i[0] completed
            0ms o[0].i completed: [{"a":1}]
            0ms o[0] completed
            0ms o[1] began
            0ms o[1].i loops over [2]
            0ms o[1].i[0] began
            0ms o[1].i[0].a prepared with {"data":[2,1]}
            0ms o[1].i[0].a 1 started
                run o[1].i[0].a 1
            0ms o[1].i[0].a 1 completed
            0ms o[1].i[0] completed
            0ms o[1].i completed: [{"a":2}]
            0ms o[1] completed
            0ms o completed: [{"i":[{"a":1}]},{"i":[{"a":2}]}]
            0ms ended completed {"o":[{"i":[{"a":1}]},{"i":[{"a":2}]}]}
        "#]],
    );
}

#[test]
fn a_gate_is_judged_once() {
    given(
        r#"{"go":false}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","conditions":["context.go"],"loop":{"forEach":[1]}}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms l condition 0: false
            0ms l skipped (condition false)
            0ms ended completed {}
        "#]],
    );
}

#[test]
fn keep_last_forgets_older_passes() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"while":"iteration < 3","keepLast":1}}]}"#,
        r#"l[0] = 1 | l[1] = 2 | l[2] = 3"#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l after 0 passes: true
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l after 1 passes: true
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l after 2 passes: true
            0ms l[2] began
            0ms l[2] 1 started
                run l[2] 1
            0ms l[2] 1 completed
            0ms l[2] completed
            0ms l after 3 passes: false
            0ms l completed: 3
            0ms ended completed {"l":3}
        "#]],
    );
}

#[test]
fn before_its_first_pass_a_while_finds_its_tasks_pending() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","loop":{"while":"tasks.a.status != 'completed' || tasks.a.output < 2"},"tasks":[{"id":"a"}]}]}"#,
        r#"l[0].a = 1 | l[1].a = 2"#,
        expect![[r#"
            0ms started
            0ms l loops
            0ms l after 0 passes: true
            0ms l[0] began
            0ms l[0].a 1 started
                run l[0].a 1
            0ms l[0].a 1 completed
            0ms l[0] completed
            0ms l after 1 passes: true
            0ms l[1] began
            0ms l[1].a 1 started
                run l[1].a 1
            0ms l[1].a 1 completed
            0ms l[1] completed
            0ms l after 2 passes: false
            0ms l completed: {"a":2}
            0ms ended completed {"l":{"a":2}}
        "#]],
    );
}
