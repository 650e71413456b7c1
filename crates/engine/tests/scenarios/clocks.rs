// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Deadlines, budgets, total time, silence, what may be retried.

use crate::run::given;
use expect_test::expect;

#[test]
fn a_deadline_fails_the_execution() {
    given(
        r#"{}"#,
        r#"{"deadline":"1s","tasks":[{"id":"a"},{"id":"b"},{"id":"z","dependencies":["b"],"triggerRule":"all_done"}]}"#,
        r#"wait 1s | wait 5s | z = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms failing: ERR_DEADLINE
                abort a 1 (deadline)
            6000ms a cancelled (deadline)
            6000ms b skipped (upstream failed)
            6000ms z 1 started after b
                run z 1
            6000ms z 1 completed
            6000ms ended failed: ERR_DEADLINE
        "#]],
    );
}

#[test]
fn a_budget_of_attempts_is_kept() {
    given(
        r#"{}"#,
        r#"{"budget":{"tasks":2},"tasks":[{"id":"a","retryPolicy":{"maxAttempts":3,"initialDelay":"1s"}},{"id":"b"}]}"#,
        r#"fail a | wait 1s | a = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1000ms a 2 completed
            1000ms failing: ERR_BUDGET
            1000ms b cancelled (budget)
            1000ms ended failed: ERR_BUDGET
        "#]],
    );
}

#[test]
fn a_budget_of_time_is_kept() {
    given(
        r#"{}"#,
        r#"{"budget":{"time":"1s"},"tasks":[{"id":"a"}]}"#,
        r#"wait 1s | a = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms failing: ERR_BUDGET
                abort a 1 (budget)
            1000ms a 1 completed
            1000ms ended failed: ERR_BUDGET
        "#]],
    );
}

#[test]
fn a_total_timeout_runs_over_attempts_and_waits_between_them() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","totalTimeout":"3s","retryPolicy":{"maxAttempts":9,"initialDelay":"2s"}}]}"#,
        r#"fail a | wait 3s | fail a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 2000ms
            2000ms a waited long enough
            2000ms a 2 started
                run a 2
            3000ms a 2 timed out (total timeout)
                abort a 2 (total timeout)
            3000ms a 2 failed for good (ERR_TOTAL_TIMEOUT)
            3000ms failing because of a
            3000ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_total_timeout_aborts_the_attempt() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","totalTimeout":"3s","retryPolicy":{"maxAttempts":9}}]}"#,
        r#"wait 3s | a = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            3000ms a 1 timed out (total timeout)
                abort a 1 (total timeout)
            3000ms a 1 failed for good (ERR_TOTAL_TIMEOUT)
            3000ms failing because of a
            3000ms ended failed because of a
            late answers: 1
        "#]],
    );
}

#[test]
fn a_total_timeout_does_not_run_while_waiting() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","agentId":"a","waitFor":{"signal":"go"},"totalTimeout":"1s"}]}"#,
        r#"wait 9s | signal go = 1 | a = 1"#,
        expect![[r#"
            0ms started
            0ms a waits
            9000ms signal go: 1
            9000ms a got 1
            9000ms a prepared
            9000ms a 1 started
                run a 1
            9000ms a 1 completed
            9000ms ended completed {"a":1}
        "#]],
    );
}

#[test]
fn silence_is_a_time_out() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","heartbeatTimeout":"1s"}]}"#,
        r#"wait 900ms | beat a | wait 900ms | wait 200ms | fail a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1900ms a 1 timed out (silence)
                abort a 1 (silence)
            2000ms a 1 failed for good (ERR_HEARTBEAT_TIMEOUT)
            2000ms failing because of a
            2000ms ended failed because of a
        "#]],
    );
}

#[test]
fn only_what_the_policy_names_is_retried() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","onError":"continue","retryPolicy":{"maxAttempts":3,"initialDelay":"1s","retryOn":["ERR_BUSY"]}}]}"#,
        r#"fail a = ERR_BUSY | wait 1s | fail a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_BUSY), again at 1000ms
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1000ms a 2 failed for good (ERR_AGENT, tolerated)
            1000ms ended completed
        "#]],
    );
}

#[test]
fn no_retry_starts_after_max_elapsed() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","retryPolicy":{"maxAttempts":9,"initialDelay":"2s","maxElapsed":"3s"}}]}"#,
        r#"fail a | wait 2s | fail a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 2000ms
            2000ms a waited long enough
            2000ms a 2 started
                run a 2
            2000ms a 2 failed for good (ERR_AGENT)
            2000ms failing because of a
            2000ms ended failed because of a
        "#]],
    );
}

#[test]
fn an_error_may_ask_for_a_longer_wait() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a","retryPolicy":{"maxAttempts":2,"initialDelay":"1s"}}]}"#,
        r#"fail a after 5s | wait 5s | a = 1"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 5000ms
            5000ms a waited long enough
            5000ms a 2 started
                run a 2
            5000ms a 2 completed
            5000ms ended completed
        "#]],
    );
}

#[test]
fn a_retry_that_would_pass_the_deadline_is_not_waited_for() {
    given(
        r#"{}"#,
        r#"{"deadline":"3s","tasks":[{"id":"a","retryPolicy":{"maxAttempts":2,"initialDelay":"5s"}}]}"#,
        r#"fail a"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn an_orderly_end_is_no_crash_and_the_fourth_crash_is_poison() {
    given(
        r#"{}"#,
        r#"{"tasks":[{"id":"a"}]}"#,
        r#"put off | crash | crash | crash | crash | crash"#,
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 put off
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 failed for good (ERR_POISONED)
            0ms failing because of a
            0ms ended failed because of a
        "#]],
    );
}
