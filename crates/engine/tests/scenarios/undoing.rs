// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Compensation, reuse, spawned tasks.

use crate::run::given;
use expect_test::expect;

#[test]
fn what_completed_is_undone_in_reverse_when_the_whole_fails() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","compensate":{"agentId":"undo"}},{"id":"b","compensate":{"agentId":"undo","input":{"data":"{{ tasks.b.output }}"}}},{"id":"c"}]}"#,
        r#"a = 1 | b = 2 | fail c | b!compensate = 0 | a!compensate = 0"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms c 1 started after b
                run c 1
            0ms c 1 failed for good (ERR_AGENT)
            0ms failing because of c
            0ms b is being undone
            0ms b!compensate prepared with {"data":2}
            0ms b!compensate 1 started
                run b!compensate 1
            0ms b!compensate 1 completed
            0ms a is being undone
            0ms a!compensate 1 started
                run a!compensate 1
            0ms a!compensate 1 completed
            0ms ended failed because of c
        "#]],
    );
}

#[test]
fn nothing_is_undone_when_the_whole_ends_well() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","compensate":{"agentId":"undo"}}]}"#,
        r#"a = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms ended completed {"a":1}
        "#]],
    );
}

#[test]
fn a_failed_compensation_does_not_keep_others_from_running() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","compensate":{"agentId":"undo"}},{"id":"b","compensate":{"agentId":"undo","retryPolicy":{"maxAttempts":2,"initialDelay":"1s"}}},{"id":"c"}]}"#,
        r#"a = 1 | b = 2 | cancel | fail c | fail b!compensate | wait 1s | fail b!compensate | a!compensate = 0"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms c 1 started after b
                run c 1
            0ms cancelling: no reason given
                abort c 1 (cancelled)
            0ms c cancelled (cancelled)
            0ms b is being undone
            0ms b!compensate 1 started
                run b!compensate 1
            0ms b!compensate 1 failed (ERR_AGENT), again at 1000ms
            1000ms b!compensate waited long enough
            1000ms b!compensate 2 started
                run b!compensate 2
            1000ms b!compensate 2 failed for good (ERR_AGENT)
            1000ms a is being undone
            1000ms a!compensate 1 started
                run a!compensate 1
            1000ms a!compensate 1 completed
            1000ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn each_pass_is_undone() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":[1,2]},"compensate":{"agentId":"undo"}},{"id":"c"}]}"#,
        r#"l[0] = 1 | l[1] = 2 | fail c | l[1]!compensate = 0 | l[0]!compensate = 0"#,
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l completed: [1,2]
            0ms c 1 started after l
                run c 1
            0ms c 1 failed for good (ERR_AGENT)
            0ms failing because of c
            0ms l[1] is being undone
            0ms l[1]!compensate 1 started
                run l[1]!compensate 1
            0ms l[1]!compensate 1 completed
            0ms l[0] is being undone
            0ms l[0]!compensate 1 started
                run l[0]!compensate 1
            0ms l[0]!compensate 1 completed
            0ms ended failed because of c
        "#]],
    );
}

#[test]
fn what_was_started_may_be_undone_too() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","compensate":{"agentId":"undo","on":"started"}}]}"#,
        r#"fail a | a!compensate = 0"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms a is being undone
            0ms a!compensate 1 started
                run a!compensate 1
            0ms a!compensate 1 completed
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn force_leaves_things_as_they_are() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","compensate":{"agentId":"undo"}},{"id":"b"}]}"#,
        r#"a = 1 | force | wait 5s"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms by force: no reason given
                abort b 1 (cancelled)
            5000ms b cancelled (cancelled)
            5000ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_cached_output_is_taken_over() {
    given(
        r#"{"n":1}"#,
        r#"{"tasks":[{"id":"a","cache":{"key":"k{{ context.n }}","ttl":"1h"}},{"id":"b","cache":true}]}"#,
        r#"found a = {"n":1} | found b nothing | b = 2"#,
        expect![[r#"
            0ms started
                look up a
            0ms a took over Cached("{\"n\":1}")
                look up b
            0ms b prepared
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed {"a":{"n":1},"b":2}
        "#]],
    );
}

#[test]
fn an_output_that_is_there_is_judged_before_it_is_taken_over() {
    // One that a schema of before had let through was taken over by a task whose schema forbids it.
    let workflow =
        r#"{"tasks":[{"id":"a","cache":true,"outputSchema":{"type":"object"}},{"id":"b","cache":true,"outputSchema":{"type":"number"}}]}"#;
    given(
        "{}",
        workflow,
        r#"found a = {"n":1} | pause | review a = {"n":2} | resume | found a = {"n":1} | review a = {"n":2} | found b = "no" | review b fails | b = 2"#,
        expect![[r#"
            0ms started
                look up a
                review {"n":1} for a
            0ms paused
            0ms resumed
                look up a
                review {"n":1} for a
            0ms a took over Cached("{\"n\":2}")
                look up b
                review "no" for b
            0ms b prepared
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed {"a":{"n":2},"b":2}
        "#]],
    );
}

#[test]
fn a_spawned_task_belongs_to_its_parent() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b"}]}"#,
        r#"spawn a {"id":"s","name":"s","agentId":"s"} | a/s = 1 | a = 2 | b = 3"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a spawned a task
            0ms a/s 1 started
                run a/s 1
            0ms a/s 1 completed
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_parent_ends_after_what_it_spawned() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b"}]}"#,
        r#"spawn a {"id":"s","name":"s","agentId":"s"} | a = 2 | a/s = 1 | b = 3"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a spawned a task
            0ms a/s 1 started
                run a/s 1
            0ms a 1 answered, tasks it spawned run
            0ms a/s 1 completed
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_parent_that_fails_stops_what_it_spawned() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"}]}"#,
        r#"spawn a {"id":"s","name":"s","agentId":"s"} | fail a | fail a/s"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a spawned a task
            0ms a/s 1 started
                run a/s 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms a stopping: sibling failed
            0ms failing because of a
                abort a/s 1 (sibling failed)
            0ms a/s cancelled (sibling failed)
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_cancel_reaches_what_was_spawned() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"}]}"#,
        r#"spawn a {"id":"s","name":"s","agentId":"s"} | cancel | fail a | fail a/s"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a spawned a task
            0ms a/s 1 started
                run a/s 1
            0ms cancelling: no reason given
                abort a 1 (cancelled), abort a/s 1 (cancelled)
            0ms a cancelled (cancelled)
            0ms a/s cancelled (cancelled)
            0ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn what_undoes_a_pass_of_one_call_sees_that_pass() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"a","loop":{"forEach":[7,8]},"compensate":{"agentId":"undo","input":{"data":"{{ tasks.l.output }} of {{ item }}"}}},{"id":"b"}]}"#,
        r#"l[0] = 1 | l[1] = 2 | fail b | l[1]!compensate = 0 | l[0]!compensate = 0"#,
        expect![[r#"
            0ms started
            0ms l loops over [7, 8]
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l completed: [1,2]
            0ms b 1 started after l
                run b 1
            0ms b 1 failed for good (ERR_AGENT)
            0ms failing because of b
            0ms l[1] is being undone
            0ms l[1]!compensate prepared with {"data":"2 of 8"}
            0ms l[1]!compensate 1 started
                run l[1]!compensate 1
            0ms l[1]!compensate 1 completed
            0ms l[0] is being undone
            0ms l[0]!compensate prepared with {"data":"1 of 7"}
            0ms l[0]!compensate 1 started
                run l[0]!compensate 1
            0ms l[0]!compensate 1 completed
            0ms ended failed because of b
        "#]],
    );
}

// It was asked whether the task ran, not which attempt of it: one that was given up added to the next.
#[test]
fn an_attempt_that_is_over_or_told_to_stop_adds_nothing() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","timeout":"1s","retryPolicy":{"maxAttempts":2,"backoffType":"fixed","initialDelay":"1s"}}]}"#,
        r#"time out a | spawn a 1 {"id":"s","name":"s","agentId":"s"} | fail a 1 | spawn a 1 {"id":"s","name":"s","agentId":"s"} | wait 1s
         | spawn a 1 {"id":"s","name":"s","agentId":"s"} | spawn a 2 {"id":"t","name":"t","agentId":"t"} | a/t = 1 | a = 2
         | spawn a 2 {"id":"u","name":"u","agentId":"u"}"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            1000ms a 1 failed (ERR_TIMEOUT), again at 2000ms
            2000ms a waited long enough
            2000ms a 2 started
                run a 2
            2000ms a spawned a task
            2000ms a/t 1 started
                run a/t 1
            2000ms a/t 1 completed
            2000ms a 2 completed
            2000ms ended completed
        "#]],
    );
}

// A finished child stayed as it was when its parent failed later: what could be undone in it was not.
#[test]
fn a_child_in_which_something_can_be_undone_is_undone_in_its_place() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","compensate":{"agentId":"undo"}},{"id":"c","workflow":"w"},{"id":"n","workflow":"w"},{"id":"b"}]}"#,
        r#"a = 1 | undoable c = {} | n = {} | fail b | crash | c!compensate = {} | a!compensate = 0"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms c 1 started after a
                run c 1
            0ms c 1 completed
            0ms n 1 started after c
                run n 1
            0ms n 1 completed
            0ms b 1 started after n
                run b 1
            0ms b 1 failed for good (ERR_AGENT)
            0ms failing because of b
            0ms c spawned a task
            0ms c!compensate 1 started
                run c!compensate 1
            0ms c!compensate 1 put off
            0ms c!compensate 1 started
                run c!compensate 1
            0ms c!compensate 1 completed
            0ms a is being undone
            0ms a!compensate 1 started
                run a!compensate 1
            0ms a!compensate 1 completed
            0ms ended failed because of b
        "#]],
    );
}

#[test]
fn a_child_with_a_compensate_of_its_own_is_undone_by_that() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"c","workflow":"w","compensate":{"agentId":"undo","input":{"data":"{{ tasks.c.output }}"}}},{"id":"b"}]}"#,
        r#"undoable c = 7 | fail b | c!compensate = 0"#,
        expect![[r#"
            0ms started
            0ms c 1 started
                run c 1
            0ms c 1 completed
            0ms b 1 started after c
                run b 1
            0ms b 1 failed for good (ERR_AGENT)
            0ms failing because of b
            0ms c is being undone
            0ms c!compensate prepared with {"data":7}
            0ms c!compensate 1 started
                run c!compensate 1
            0ms c!compensate 1 completed
            0ms ended failed because of b
        "#]],
    );
}
