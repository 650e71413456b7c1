// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Conditions and branches.

use crate::run::given;
use expect_test::expect;

#[test]
fn a_condition_that_does_not_hold_skips_the_task() {
    given(
        r#"{"go":true}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b","dependencies":["a"],"conditions":["tasks.a.output.n > 1"]},{"id":"c","dependencies":["a"],"conditions":["tasks.a.output.n == 1","context.go"]}]}"#,
        r#"a = {"n":1} | c = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b condition 0: false
            0ms b skipped (condition false)
            0ms c condition 0: true
            0ms c condition 1: true
            0ms c prepared
            0ms c 1 started after a
                run c 1
            0ms c 1 completed
            0ms ended completed {"a":{"n":1},"c":1}
        "#]],
    );
}

#[test]
fn a_condition_that_is_no_boolean_fails_the_task() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","conditions":["1 + 1"],"retryPolicy":{"maxAttempts":3}}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms a failed (ERR_CONDITION_NOT_BOOLEAN)
            0ms failing because of a
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_condition_that_cannot_be_evaluated_fails_the_task() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","conditions":["context.missing == 1"],"onError":"continue"}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms a failed (ERR_EXPRESSION, tolerated)
            0ms ended completed {"a":null}
        "#]],
    );
}

#[test]
fn the_first_branch_that_holds_is_taken() {
    given(
        r#"{"n":5}"#,
        r#"{"tasks":[{"id":"c","type":"conditional","branches":[{"when":"context.n > 10","tasks":[{"id":"a"}]},{"name":"small","when":"context.n > 1","tasks":[{"id":"b"}]},{"when":"true","tasks":[{"id":"d"}]}]}]}"#,
        r#"b = 1"#,
        expect![[r#"
            0ms started
            0ms c branch 0: false
            0ms c branch 1: true
            0ms c took [1]
            0ms b 1 started
                run b 1
            0ms b 1 completed
            0ms c completed: {"branch":"small","output":{"b":1}}
            0ms ended completed {"c":{"branch":"small","output":{"b":1}}}
        "#]],
    );
}

#[test]
fn the_default_is_taken_when_none_holds() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"c","type":"conditional","branches":[{"when":"false","tasks":[{"id":"a"}]}],"default":[{"id":"b"}]}]}"#,
        r#"b = 1"#,
        expect![[r#"
            0ms started
            0ms c branch 0: false
            0ms c took [1]
            0ms b 1 started
                run b 1
            0ms b 1 completed
            0ms c completed: {"branch":"default","output":{"b":1}}
            0ms ended completed {"c":{"branch":"default","output":{"b":1}}}
        "#]],
    );
}

#[test]
fn without_a_branch_the_task_is_skipped() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"c","type":"conditional","branches":[{"when":"false","tasks":[{"id":"a"}]}]},{"id":"d","dependencies":["c"]}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms c branch 0: false
            0ms c skipped (branch not taken)
            0ms d skipped (upstream skipped)
            0ms ended completed {}
        "#]],
    );
}

#[test]
fn or_it_fails_if_it_says_so() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"c","type":"conditional","onNoMatch":"fail","branches":[{"when":"false","tasks":[{"id":"a"}]}]}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms c branch 0: false
            0ms c failed (ERR_NO_BRANCH)
            0ms failing because of c
            0ms ended failed because of c
        "#]],
    );
}

#[test]
fn with_mode_all_every_branch_that_holds_is_taken() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"c","type":"conditional","mode":"all","branches":[{"when":"true","tasks":[{"id":"a"}]},{"when":"false","tasks":[{"id":"b"}]},{"when":"true","tasks":[{"id":"d"}]}]}]}"#,
        r#"a = 1 | d = 2"#,
        expect![[r#"
            0ms started
            0ms c branch 0: true
            0ms c branch 1: false
            0ms c branch 2: true
            0ms c took [0, 2]
            0ms a 1 started
            0ms d 1 started
                run a 1, run d 1
            0ms a 1 completed
            0ms d 1 completed
            0ms c completed: [{"branch":"0","output":{"a":1}},{"branch":"2","output":{"d":2}}]
            0ms ended completed {"c":[{"branch":"0","output":{"a":1}},{"branch":"2","output":{"d":2}}]}
        "#]],
    );
}

#[test]
fn a_branch_that_fails_stops_the_others() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"c","type":"conditional","mode":"all","branches":[{"when":"true","tasks":[{"id":"a"}]},{"when":"true","tasks":[{"id":"d"}]}]}]}"#,
        r#"fail a | d = 2"#,
        expect![[r#"
            0ms started
            0ms c branch 0: true
            0ms c branch 1: true
            0ms c took [0, 1]
            0ms a 1 started
            0ms d 1 started
                run a 1, run d 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms c failing because of a
            0ms c stopping: sibling failed (ERR_AGENT)
                abort d 1 (sibling failed)
            0ms d 1 completed
            0ms c failed (ERR_AGENT)
            0ms failing because of c
            0ms ended failed because of c
        "#]],
    );
}

#[test]
fn a_function_is_asked_of_the_host_once() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","conditions":["true",{"function":"ready"},"true"]},{"id":"c","type":"conditional","branches":[{"when":{"function":"f"},"tasks":[{"id":"b"}]},{"when":{"function":"g"},"tasks":[{"id":"d"}]}]}]}"#,
        r#"judge a gate 1 true | a = 1 | judge c branch 0 false | judge c branch 1 true | d = 2"#,
        expect![[r#"
            0ms started
            0ms a condition 0: true
                ask a about condition 1
            0ms a condition 1: true
            0ms a condition 2: true
            0ms a prepared
            0ms a 1 started
                run a 1
            0ms a 1 completed
                ask c about branch 0
            0ms c branch 0: false
                ask c about branch 1
            0ms c branch 1: true
            0ms c took [1]
            0ms d 1 started
                run d 1
            0ms d 1 completed
            0ms c completed: {"branch":"1","output":{"d":2}}
            0ms ended completed {"a":1,"c":{"branch":"1","output":{"d":2}}}
        "#]],
    );
}

#[test]
fn a_function_that_throws_fails_the_task() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","conditions":[{"function":"ready"}]}]}"#,
        r#"judge a gate 0 threw"#,
        expect![[r#"
            0ms started
                ask a about condition 0
            0ms a failed (ERR_CONDITION)
            0ms failing because of a
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn inputs_are_rendered_once_and_recorded() {
    given(
        r#"{"n":7}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b","input":{"prompt":"sum {{ tasks.a.output.n }}","data":{"whole":"{{ tasks.a.output }}","text":"n={{ context.n }}","as":"is"}}}]}"#,
        r#"a = {"n":1} | b = 2"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b prepared with {"data":{"whole":{"n":1},"text":"n=7","as":"is"},"prompt":"sum 1"}
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed {"a":{"n":1},"b":2}
        "#]],
    );
}

#[test]
fn a_template_that_cannot_be_rendered_fails_the_task() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"b","input":{"prompt":"{{ context.missing }}"}}]}"#,
        r#""#,
        expect![[r#"
            0ms started
            0ms b failed (ERR_TEMPLATE)
            0ms failing because of b
            0ms ended failed because of b
        "#]],
    );
}
