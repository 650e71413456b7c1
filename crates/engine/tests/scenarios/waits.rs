// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Signals, delays, pause, steps.

use crate::run::given;
use expect_test::expect;

#[test]
fn a_wait_ends_with_the_signal_and_gives_its_payload() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"w","waitFor":{"signal":"go"}},{"id":"b","input":{"data":"{{ tasks.w.output }}"}}]}"#,
        r#"signal go = {"by":"me"} | b = 1"#,
        expect![[r#"
            0ms started
            0ms w waits
            0ms signal go: {"by":"me"}
            0ms w got {"by":"me"}
            0ms w completed: {"by":"me"}
            0ms b prepared with {"data":{"by":"me"}}
            0ms b 1 started after w
                run b 1
            0ms b 1 completed
            0ms ended completed {"w":{"by":"me"},"b":1}
        "#]],
    );
}

#[test]
fn a_signal_may_come_early_and_feeds_one_wait() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"w","waitFor":{"signal":"go"}},{"id":"v","waitFor":{"signal":"go"}}]}"#,
        r#"signal go = 1 | a = 0 | signal go = 2"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms signal go: 1
            0ms a 1 completed
            0ms w waits
            0ms w got 1
            0ms w completed: 1
            0ms v waits
            0ms signal go: 2
            0ms v got 2
            0ms v completed: 2
            0ms ended completed {"a":0,"w":1,"v":2}
        "#]],
    );
}

#[test]
fn a_wait_before_a_call_holds_no_lane_and_its_payload_is_in_sight() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","agentId":"a","type":"sequential","dependencies":[],"waitFor":{"signal":"go"},"conditions":["true"],"input":{"data":"{{ signal.payload }}"}},{"id":"b","type":"sequential","dependencies":[]}]}"#,
        r#"signal go = 5 | b = 1 | a = 2"#,
        expect![[r#"
            0ms started
            0ms a condition 0: true
            0ms a waits
            0ms b 1 started
                run b 1
            0ms signal go: 5
            0ms a got 5
            0ms a prepared with {"data":5}
            0ms b 1 completed
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms ended completed {"a":2,"b":1}
        "#]],
    );
}

#[test]
fn a_wait_that_is_too_long_fails() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"w","waitFor":{"signal":"go","timeout":"1s"},"onError":"continue"},{"id":"b"}]}"#,
        r#"wait 1s | b = 1"#,
        expect![[r#"
            0ms started
            0ms w waits until 1000ms
            1000ms w failed (ERR_WAIT_TIMEOUT, tolerated)
            1000ms b 1 started after w
                run b 1
            1000ms b 1 completed
            1000ms ended completed {"w":null,"b":1}
        "#]],
    );
}

#[test]
fn a_delay_is_over_by_itself() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"w","waitFor":{"delay":"1s"}},{"id":"b"}]}"#,
        r#"wait 1s | b = 1"#,
        expect![[r#"
            0ms started
            0ms w waits until 1000ms
            1000ms w got null
            1000ms w completed: null
            1000ms b 1 started after w
                run b 1
            1000ms b 1 completed
            1000ms ended completed {"w":null,"b":1}
        "#]],
    );
}

#[test]
fn a_signal_may_name_its_wait() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"g","type":"parallel","tasks":[{"id":"v","waitFor":{"signal":"go"}},{"id":"w","waitFor":{"signal":"go"}}]}]}"#,
        r#"signal go for w = 1 | signal go = 2"#,
        expect![[r#"
            0ms started
            0ms g opened
            0ms v waits
            0ms w waits
            0ms signal go for w: 1
            0ms w got 1
            0ms w completed: 1
            0ms signal go: 2
            0ms v got 2
            0ms v completed: 2
            0ms g completed: {"v":2,"w":1}
            0ms ended completed {"g":{"v":2,"w":1}}
        "#]],
    );
}

#[test]
fn a_pause_lets_attempts_end_and_starts_nothing() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b"},{"id":"w","waitFor":{"signal":"go"}}]}"#,
        r#"pause | a = 1 | signal go = 1 | resume | b = 2"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms paused
            0ms a 1 completed
            0ms signal go: 1
            0ms resumed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms w waits
            0ms w got 1
            0ms w completed: 1
            0ms ended completed {"a":1,"b":2,"w":1}
        "#]],
    );
}

#[test]
fn a_pause_holds_groups_loops_and_waits() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"x","loop":{"forEach":[1,2]}},{"id":"w","waitFor":{"delay":"1s"}}]}"#,
        r#"pause | l[0] = 1 | resume | l[1] = 2 | pause | wait 2s | resume"#,
        expect![[r#"
            0ms started
            0ms l loops over [1, 2]
            0ms l[0] began
            0ms l[0] 1 started
                run l[0] 1
            0ms paused
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms resumed
            0ms l[1] began
            0ms l[1] 1 started
                run l[1] 1
            0ms l[1] 1 completed
            0ms l[1] completed
            0ms l completed: [1,2]
            0ms w waits until 1000ms
            0ms paused
            2000ms resumed
            2000ms w got null
            2000ms w completed: null
            2000ms ended completed {"l":[1,2],"w":null}
        "#]],
    );
}

#[test]
fn a_cancel_resumes_what_is_paused() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b","dependencies":["a"],"triggerRule":"all_done"}]}"#,
        r#"pause | a = 1 | cancel | b = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms paused
            0ms a 1 completed
            0ms cancelling: no reason given
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn step_mode_pauses_after_each_task() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"b"},{"id":"c"}]}"#,
        r#"pause | a = 1 | step | b = 2 | step | c = 3"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms paused
            0ms a 1 completed
            0ms resumed for one task
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms paused
            0ms resumed for one task
            0ms c 1 started after b
                run c 1
            0ms c 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_cancel_ends_waits() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"w","waitFor":{"signal":"go"}}]}"#,
        r#"cancel"#,
        expect![[r#"
            0ms started
            0ms w waits
            0ms cancelling: no reason given
            0ms w cancelled (cancelled)
            0ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_loop_of_one_call_waits_once_and_each_pass_sees_the_payload() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"l","type":"loop","agentId":"a","waitFor":{"signal":"go"},"loop":{"until":"index + 1 == signal.payload"},"input":{"data":"{{ signal.payload }}"}}]}"#,
        r#"signal go = 2 | l[0] = 1 | l[1] = 2"#,
        expect![[r#"
            0ms started
            0ms l waits
            0ms signal go: 2
            0ms l got 2
            0ms l loops
            0ms l[0] began
            0ms l[0] prepared with {"data":2}
            0ms l[0] 1 started
                run l[0] 1
            0ms l[0] 1 completed
            0ms l[0] completed
            0ms l after 1 passes: false
            0ms l[1] began
            0ms l[1] prepared with {"data":2}
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

// What came early was judged by nobody: it completed whichever wait opened first. What was accepted before that still does.
#[test]
fn a_signal_feeds_no_wait_that_it_does_not_fit() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"},{"id":"w","waitFor":{"signal":"go","schema":{"type":"number"}}},{"id":"v","waitFor":{"signal":"go","schema":{"type":"string"}}},
           {"id":"u","waitFor":{"signal":"go","schema":{"type":"boolean"}}}]}"#,
        r#"signal go fits v = "text" | signal go fits w v = 1 | signal go = "old" | a = 0"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms signal go: "text"
            0ms signal go: 1
            0ms signal go: "old"
            0ms a 1 completed
            0ms w waits
            0ms w got 1
            0ms w completed: 1
            0ms v waits
            0ms v got "text"
            0ms v completed: "text"
            0ms u waits
            0ms u got "old"
            0ms u completed: "old"
            0ms ended completed {"a":0,"w":1,"v":"text","u":"old"}
        "#]],
    );
}
