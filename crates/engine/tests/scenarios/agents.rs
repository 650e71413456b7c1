// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where agents have to be asked for: between ready and running a task waits until there is one.

use crate::run::asking;
use expect_test::expect;

#[test]
fn a_task_that_is_ready_asks_and_its_attempt_begins_when_it_is_admitted() {
    asking(
        "par a; par b after a",
        "wait 1s | admit a | wait 1s | succeed a | admit b by a | succeed b",
        expect![[r#"
        0ms started
            ask for an agent for a
        1000ms a 1 started, ready since 0ms
            run a 1
        2000ms a 1 completed
            ask for an agent for b
        2000ms b 1 started after a, let in by a
            run b 1
        2000ms b 1 completed
        2000ms ended completed
    "#]],
    );
}

#[test]
fn its_timeout_runs_from_its_admission_and_its_total_timeout_from_ready() {
    asking(
        "par a timeout 1s",
        "wait 5s | admit a | time out a | succeed a",
        expect![[r#"
            0ms started
                ask for an agent for a
            5000ms a 1 started, ready since 0ms
                run a 1
            6000ms a 1 timed out
                abort a 1 (timeout)
            6000ms a 1 failed for good (ERR_TIMEOUT)
            6000ms failing because of a
            6000ms ended failed because of a
            late answers: 1
        "#]],
    );
    asking(
        r#"{"tasks":[{"id":"a","totalTimeout":"2s"}]}"#,
        "wait 5s | admit a",
        expect![[r#"
        0ms started
            ask for an agent for a
        2000ms a failed (ERR_TOTAL_TIMEOUT)
        2000ms failing because of a
        2000ms ended failed because of a
            no agent for a any more
    "#]],
    );
}

#[test]
fn every_attempt_asks_anew() {
    asking(
        "par a tries 2 fixed 1s",
        "admit a | fail a | wait 1s | admit a | succeed a",
        expect![[r#"
        0ms started
            ask for an agent for a
        0ms a 1 started
            run a 1
        0ms a 1 failed (ERR_AGENT), again at 1000ms
        1000ms a waited long enough
            ask for an agent for a
        1000ms a 2 started
            run a 2
        1000ms a 2 completed
        1000ms ended completed
    "#]],
    );
}

#[test]
fn an_admission_that_nobody_asked_for_or_that_comes_twice_means_nothing() {
    asking(
        "par a; par b after a",
        "admit b | admit a | admit a | succeed a | admit a",
        expect![[r#"
        0ms started
            ask for an agent for a
        0ms a 1 started
            run a 1
        0ms a 1 completed
            ask for an agent for b
        still a completed, b ready
    "#]],
    );
}

#[test]
fn what_stops_while_it_waits_needs_no_agent_any_more() {
    asking(
        "par a; par b",
        "admit a | fail a",
        expect![[r#"
        0ms started
            ask for an agent for a, ask for an agent for b
        0ms a 1 started
            run a 1
        0ms a 1 failed for good (ERR_AGENT)
        0ms failing because of a
        0ms b cancelled (sibling failed)
        0ms ended failed because of a
            no agent for b any more
    "#]],
    );
    asking(
        "par a; par b",
        "admit a | cancel | succeed a",
        expect![[r#"
        0ms started
            ask for an agent for a, ask for an agent for b
        0ms a 1 started
            run a 1
        0ms cancelling: no reason given
        0ms b cancelled (cancelled)
            abort a 1 (cancelled), no agent for b any more
        0ms a 1 completed
        0ms ended cancelled: no reason given
    "#]],
    );
}

#[test]
fn a_paused_execution_takes_no_agent_and_asks_again_when_it_goes_on() {
    asking(
        "par a; par b",
        "admit a | pause | admit b | resume | admit b",
        expect![[r#"
        0ms started
            ask for an agent for a, ask for an agent for b
        0ms a 1 started
            run a 1
        0ms paused
        0ms resumed
            ask for an agent for b
        0ms b 1 started
            run b 1
        still a running, b running
    "#]],
    );
}

#[test]
fn of_exclusive_tasks_the_earliest_asks_and_one_that_finds_another_at_work_asks_again() {
    asking(
        "seq a after nothing; seq b after nothing",
        "admit a | succeed a | admit b",
        expect![[r#"
        0ms started
            ask for an agent for a
        0ms a 1 started
            run a 1
        0ms a 1 completed
            ask for an agent for b
        0ms b 1 started
            run b 1
        still a completed, b running
    "#]],
    );
    // The earlier becomes ready while the later has asked: both are admitted, and one has to wait.
    asking(
        "par x after nothing; seq a after x; seq b after nothing",
        "admit x | succeed x | admit b | admit a | succeed b | admit a | succeed a",
        expect![[r#"
        0ms started
            ask for an agent for x, ask for an agent for b
        0ms x 1 started
            run x 1
        0ms x 1 completed
            ask for an agent for a
        0ms b 1 started
            run b 1
        0ms b 1 completed
            ask for an agent for a
        0ms a 1 started after x
            run a 1
        0ms a 1 completed
        0ms ended completed
    "#]],
    );
}

#[test]
fn a_group_and_a_child_workflow_ask_for_nobody() {
    asking(
        r#"{"tasks":[{"id":"g","tasks":[{"id":"a"}]},{"id":"w","workflow":"other","dependencies":["g"]}]}"#,
        "admit a | succeed a",
        expect![[r#"
        0ms started
        0ms g opened
            ask for an agent for a
        0ms a 1 started
            run a 1
        0ms a 1 completed
        0ms g completed: {"a":null}
        0ms w 1 started after g
            run w 1
        still g completed, w running, a completed
    "#]],
    );
}

#[test]
fn what_a_crash_interrupted_asks_again() {
    asking(
        "par a; par b",
        "admit a | crash | admit a | admit b | succeed a | succeed b",
        expect![[r#"
        0ms started
            ask for an agent for a, ask for an agent for b
        0ms a 1 started
            run a 1
        0ms a 1 interrupted
            ask for an agent for a, ask for an agent for b
        0ms a 1 started
            run a 1
        0ms b 1 started
            run b 1
        0ms a 1 completed
        0ms b 1 completed
        0ms ended completed
    "#]],
    );
}

/// The agent had been called when the process ended; the attempt counts only when it begins again, and the cancel came before that.
#[test]
fn what_a_crash_interrupted_was_started_and_may_be_undone() {
    asking(
        r#"{"tasks":[{"id":"a","compensate":{"agentId":"undo","on":"started"}}]}"#,
        "admit a | crash | cancel | admit a!compensate | succeed a!compensate",
        expect![[r#"
            0ms started
                ask for an agent for a
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
                ask for an agent for a
            0ms cancelling: no reason given
            0ms a cancelled (cancelled)
            0ms a is being undone
                no agent for a any more, ask for an agent for a!compensate
            0ms a!compensate 1 started
                run a!compensate 1
            0ms a!compensate 1 completed
            0ms ended cancelled: no reason given
        "#]],
    );
}
