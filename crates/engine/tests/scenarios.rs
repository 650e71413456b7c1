// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an execution does, told as journals: see `check` for the words.

#![expect(clippy::needless_raw_string_hashes, reason = "as `UPDATE_EXPECT=1` writes them")]

#[path = "support/run.rs"]
mod run;
#[path = "support/words.rs"]
mod words;

use engine::{Event, Execution, Failure, Input, Output, Settled, Step, TaskIndex, TaskState};
use expect_test::expect;
use run::check;
use std::sync::Arc;
use stdx::Timestamp;

// The order of declaration

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

// Exclusion

#[test]
fn written_sequential_tasks_run_one_at_a_time_in_the_order_of_declaration() {
    check(
        "seq a after nothing; seq b after nothing; seq c after nothing",
        "wait 1s | succeed a | wait 1s | succeed b | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 completed
            1000ms b 1 started, ready since 0ms, let in by a
                run b 1
            2000ms b 1 completed
            2000ms c 1 started, ready since 0ms, let in by b
                run c 1
            2000ms c 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn the_earlier_declared_goes_first_even_if_it_became_ready_later() {
    check(
        "seq c after slow; seq a after nothing; seq b after nothing; slow after nothing",
        "wait 1s | succeed slow | wait 1s | succeed a | succeed c | succeed b",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms a 1 started
                run slow 1, run a 1
            1000ms slow 1 completed
            2000ms a 1 completed
            2000ms c 1 started after slow, ready since 1000ms, let in by a
                run c 1
            2000ms c 1 completed
            2000ms b 1 started, ready since 0ms, let in by c
                run b 1
            2000ms b 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_sequential_task_that_is_not_ready_blocks_nobody() {
    check(
        "seq a after gate; seq b after nothing; gate after nothing",
        "wait 1s | succeed b | wait 1s | succeed gate | succeed a",
        expect![[r#"
            0ms started
            0ms gate 1 started
            0ms b 1 started
                run gate 1, run b 1
            1000ms b 1 completed
            2000ms gate 1 completed
            2000ms a 1 started after gate
                run a 1
            2000ms a 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_task_that_did_not_have_to_wait_was_let_in_by_nobody() {
    check(
        "seq a after nothing; seq b after a",
        "wait 1s | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 completed
            1000ms b 1 started after a
                run b 1
            1000ms b 1 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn a_task_that_becomes_ready_in_the_instant_the_lane_clears_did_not_wait() {
    check(
        "seq a after nothing; seq b after nothing; c after b; seq d after a",
        "succeed a | wait 1s | succeed b | succeed d | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started
                run b 1
            1000ms b 1 completed
            1000ms c 1 started after b
            1000ms d 1 started after a, ready since 0ms, let in by b
                run c 1, run d 1
            1000ms d 1 completed
            1000ms c 1 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn parallel_tasks_and_tasks_without_a_type_exclude_nobody() {
    check(
        "seq a after nothing; par b after nothing; c after nothing",
        "succeed c | succeed b | succeed a",
        expect![[r#"
            0ms started
            0ms b 1 started
            0ms c 1 started
            0ms a 1 started
                run b 1, run c 1, run a 1
            0ms c 1 completed
            0ms b 1 completed
            0ms a 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_task_in_backoff_lets_the_next_one_run() {
    check(
        "seq a after nothing tries 2 fixed 1s; seq b after nothing",
        "wait 1s | fail a | wait 500ms | succeed b | wait 500ms | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 failed (ERR_AGENT), again at 2000ms
            1000ms b 1 started, ready since 0ms, let in by a
                run b 1
            1500ms b 1 completed
            2000ms a waited long enough
            2000ms a 2 started
                run a 2
            2000ms a 2 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_task_whose_backoff_is_over_waits_for_the_lane() {
    check(
        "seq a after nothing tries 2 fixed 1s; seq b after nothing",
        "fail a | wait 3s | succeed b | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            0ms b 1 started
                run b 1
            1000ms a waited long enough
            3000ms b 1 completed
            3000ms a 2 started, ready since 1000ms, let in by b
                run a 2
            3000ms a 2 completed
            3000ms ended completed
        "#]],
    );
}

#[test]
fn an_attempt_that_timed_out_keeps_the_lane_until_its_end_is_recorded() {
    check(
        "seq a after nothing timeout 1s tries 2 fixed 1s; seq b after nothing",
        "time out a | wait 4s | wait 1s | succeed b | wait 1s | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            6000ms a 1 failed (ERR_TIMEOUT), again at 7000ms
            6000ms b 1 started, ready since 0ms, let in by a
                run b 1
            6000ms b 1 completed
            7000ms a waited long enough
            7000ms a 2 started
                run a 2
            7000ms a 2 completed
            7000ms ended completed
        "#]],
    );
}

#[test]
fn a_lane_stays_closed_when_the_execution_stops() {
    check(
        "seq a after nothing; seq b after nothing; par c after nothing",
        "fail c | succeed a",
        expect![[r#"
            0ms started
            0ms c 1 started
            0ms a 1 started
                run c 1, run a 1
            0ms c 1 failed for good (ERR_AGENT)
            0ms failing because of c
            0ms b cancelled (sibling failed)
                abort a 1 (sibling failed)
            0ms a 1 completed
            0ms ended failed because of c
        "#]],
    );
}

// Retries

#[test]
fn a_failed_attempt_is_tried_again_after_a_fixed_wait() {
    check(
        "fetch tries 3 fixed 1s",
        "fail fetch | wait 1s | fail fetch | wait 1s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed (ERR_AGENT), again at 2000ms
            2000ms fetch waited long enough
            2000ms fetch 3 started
                run fetch 3
            2000ms fetch 3 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_linear_wait_grows_by_its_first_step() {
    check(
        "fetch tries 4 linear 1s",
        "fail fetch | wait 1s | fail fetch | wait 2s | fail fetch | wait 3s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed (ERR_AGENT), again at 3000ms
            3000ms fetch waited long enough
            3000ms fetch 3 started
                run fetch 3
            3000ms fetch 3 failed (ERR_AGENT), again at 6000ms
            6000ms fetch waited long enough
            6000ms fetch 4 started
                run fetch 4
            6000ms fetch 4 completed
            6000ms ended completed
        "#]],
    );
}

#[test]
fn an_exponential_wait_doubles_up_to_its_limit() {
    check(
        "fetch tries 5 exponential 1s at-most 3s",
        "fail fetch | wait 1s | fail fetch | wait 2s | fail fetch | wait 3s | fail fetch | wait 3s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed (ERR_AGENT), again at 3000ms
            3000ms fetch waited long enough
            3000ms fetch 3 started
                run fetch 3
            3000ms fetch 3 failed (ERR_AGENT), again at 6000ms
            6000ms fetch waited long enough
            6000ms fetch 4 started
                run fetch 4
            6000ms fetch 4 failed (ERR_AGENT), again at 9000ms
            9000ms fetch waited long enough
            9000ms fetch 5 started
                run fetch 5
            9000ms fetch 5 completed
            9000ms ended completed
        "#]],
    );
}

#[test]
fn a_wait_of_nothing_is_over_at_the_next_tick() {
    check(
        "fetch tries 2 fixed 0ms",
        "fail fetch | wait 0ms | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 0ms
            0ms fetch waited long enough
            0ms fetch 2 started
                run fetch 2
            0ms fetch 2 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn nothing_happens_before_the_wait_is_over() {
    check(
        "fetch tries 2 fixed 1s",
        "fail fetch | wait 999ms",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            still fetch in backoff
        "#]],
    );
}

#[test]
fn the_last_attempt_decides() {
    check(
        "fetch tries 2 fixed 1s",
        "fail fetch | wait 1s | fail fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed (ERR_AGENT), again at 1000ms
            1000ms fetch waited long enough
            1000ms fetch 2 started
                run fetch 2
            1000ms fetch 2 failed for good (ERR_AGENT)
            1000ms failing because of fetch
            1000ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn a_failure_that_says_so_is_not_tried_again() {
    check(
        "fetch tries 5 fixed 1s",
        "fail fetch for good",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            0ms fetch 1 failed for good (ERR_AGENT)
            0ms failing because of fetch
            0ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn a_retry_keeps_dependants_waiting_and_disturbs_nobody_else() {
    check(
        "par a tries 2 fixed 1s; par b; c",
        "fail a | succeed b | wait 1s | succeed a | succeed c",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            0ms b 1 completed
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1000ms a 2 completed
            1000ms c 1 started after a
                run c 1
            1000ms c 1 completed
            1000ms ended completed
        "#]],
    );
}

#[test]
fn two_waits_that_end_in_one_late_tick_go_in_the_order_they_were_due() {
    check(
        "par a tries 2 fixed 2s; par b tries 2 fixed 1s",
        "fail a | fail b | sleep 1h | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed (ERR_AGENT), again at 2000ms
            0ms b 1 failed (ERR_AGENT), again at 1000ms
            3600000ms b waited long enough
            3600000ms b 2 started
            3600000ms a waited long enough
            3600000ms a 2 started
                run b 2, run a 2
            3600000ms a 2 completed
            3600000ms b 2 completed
            3600000ms ended completed
        "#]],
    );
}

#[test]
fn after_a_late_tick_the_lane_still_prefers_the_earlier_declared() {
    check(
        "seq a after nothing tries 2 fixed 2s; seq b after nothing tries 2 fixed 1s",
        "fail a | fail b | sleep 1h | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 2000ms
            0ms b 1 started
                run b 1
            0ms b 1 failed (ERR_AGENT), again at 1000ms
            3600000ms b waited long enough
            3600000ms a waited long enough
            3600000ms a 2 started
                run a 2
            3600000ms a 2 completed
            3600000ms b 2 started
                run b 2
            3600000ms b 2 completed
            3600000ms ended completed
        "#]],
    );
}

// Timeouts

#[test]
fn an_attempt_that_times_out_is_told_to_stop_and_has_a_grace() {
    check(
        "fetch timeout 1s",
        "time out fetch | wait 4999ms",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            still fetch aborting
        "#]],
    );
}

#[test]
fn an_answer_just_before_the_deadline_counts() {
    check(
        "fetch timeout 1s",
        "wait 999ms | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            999ms fetch 1 completed
            999ms ended completed
        "#]],
    );
}

#[test]
fn an_answer_within_the_grace_ends_the_attempt_as_a_time_out() {
    check(
        "fetch timeout 1s",
        "time out fetch | wait 2s | succeed fetch 1",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            3000ms fetch 1 failed for good (ERR_TIMEOUT)
            3000ms failing because of fetch
            3000ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn a_failure_within_the_grace_of_a_time_out_is_the_time_out_and_is_tried_again() {
    check(
        "fetch timeout 1s tries 2 fixed 1s",
        "time out fetch | wait 1s | fail fetch 1 | wait 1s | succeed fetch 2",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            2000ms fetch 1 failed (ERR_TIMEOUT), again at 3000ms
            3000ms fetch waited long enough
            3000ms fetch 2 started
                run fetch 2
            3000ms fetch 2 completed
            3000ms ended completed
        "#]],
    );
}

#[test]
fn without_an_answer_the_time_out_is_recorded_when_the_grace_is_over() {
    check(
        "fetch timeout 1s",
        "time out fetch | wait 5s",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            6000ms fetch 1 failed for good (ERR_TIMEOUT)
            6000ms failing because of fetch
            6000ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn without_an_answer_the_next_attempt_is_scheduled_when_the_grace_is_over() {
    check(
        "fetch timeout 1s tries 2 fixed 1s",
        "time out fetch | wait 5s | wait 1s | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            6000ms fetch 1 failed (ERR_TIMEOUT), again at 7000ms
            7000ms fetch waited long enough
            7000ms fetch 2 started
                run fetch 2
            7000ms fetch 2 completed
            7000ms ended completed
        "#]],
    );
}

#[test]
fn each_attempt_has_the_whole_timeout() {
    check(
        "fetch timeout 1s tries 2 fixed 10s",
        "time out fetch | wait 15s | wait 999ms | succeed fetch",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            1000ms fetch 1 timed out
                abort fetch 1 (timeout)
            6000ms fetch 1 failed (ERR_TIMEOUT), again at 16000ms
            16000ms fetch waited long enough
            16000ms fetch 2 started
                run fetch 2
            16999ms fetch 2 completed
            16999ms ended completed
        "#]],
    );
}

#[test]
fn a_late_tick_still_gives_the_whole_grace() {
    check(
        "fetch timeout 1s",
        "sleep 1h | wait 4s | wait 1s",
        expect![[r#"
            0ms started
            0ms fetch 1 started
                run fetch 1
            3600000ms fetch 1 timed out
                abort fetch 1 (timeout)
            3605000ms fetch 1 failed for good (ERR_TIMEOUT)
            3605000ms failing because of fetch
            3605000ms ended failed because of fetch
        "#]],
    );
}

#[test]
fn an_answer_after_the_grace_is_counted_and_dropped() {
    check(
        "a timeout 1s tries 2 fixed 10s",
        "time out a | wait 5s | succeed a 1 | wait 10s | succeed a 1 | succeed a 2",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            6000ms a 1 failed (ERR_TIMEOUT), again at 16000ms
            16000ms a waited long enough
            16000ms a 2 started
                run a 2
            16000ms a 2 completed
            16000ms ended completed
            late answers: 2
        "#]],
    );
}

#[test]
fn a_second_answer_is_counted_and_dropped() {
    check(
        "a; b",
        "succeed a | succeed a 1 | fail a 1 | succeed b | fail b 1",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed
            late answers: 3
        "#]],
    );
}

#[test]
fn an_answer_to_an_attempt_that_never_began_is_dropped() {
    check(
        "a; b",
        "succeed b 1 | succeed a 2 | succeed a 0 | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms b 1 started after a
                run b 1
            0ms b 1 completed
            0ms ended completed
            late answers: 3
        "#]],
    );
}

// Failures

#[test]
fn a_failure_stops_what_runs_skips_what_depended_on_it_and_cancels_the_rest() {
    check(
        "par bad; par runs; par backs-off tries 2 fixed 1h; seq lane after nothing; seq queued after nothing; after-bad after bad; after-runs after runs",
        "fail backs-off | wait 1s | fail bad | wait 1s | succeed runs | wait 4s",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms runs 1 started
            0ms backs-off 1 started
            0ms lane 1 started
                run bad 1, run runs 1, run backs-off 1, run lane 1
            0ms backs-off 1 failed (ERR_AGENT), again at 3600000ms
            1000ms bad 1 failed for good (ERR_AGENT)
            1000ms failing because of bad
            1000ms after-bad skipped (upstream failed)
            1000ms backs-off cancelled (sibling failed)
            1000ms queued cancelled (sibling failed)
                abort runs 1 (sibling failed), abort lane 1 (sibling failed)
            2000ms runs 1 completed
            2000ms after-runs cancelled (sibling failed)
            6000ms lane cancelled (sibling failed)
            6000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn an_answer_in_the_grace_is_recorded_and_starts_nothing() {
    check(
        "par bad; par good; next after good; last after next",
        "fail bad | wait 1s | succeed good",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            1000ms good 1 completed
            1000ms next cancelled (sibling failed)
            1000ms last skipped (upstream failed)
            1000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn a_rejection_in_the_grace_is_the_cancel_it_was_asked_for() {
    check(
        "par bad; par good tries 3 fixed 1s; next after good",
        "fail bad | wait 1s | fail good",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            1000ms good cancelled (sibling failed)
            1000ms next skipped (upstream failed)
            1000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn without_an_answer_what_runs_is_cancelled_when_the_grace_is_over() {
    check(
        "par bad; par good; next after good",
        "fail bad | wait 4999ms | wait 1ms | succeed good 1",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            5000ms good cancelled (sibling failed)
            5000ms next skipped (upstream failed)
            5000ms ended failed because of bad
            late answers: 1
        "#]],
    );
}

#[test]
fn each_task_is_skipped_through_a_chain() {
    check(
        "a; b; c; d",
        "fail a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
            0ms b skipped (upstream failed)
            0ms c skipped (upstream failed)
            0ms d skipped (upstream failed)
            0ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_join_is_skipped_when_its_last_branch_has_ended() {
    check(
        "par bad; par good; join",
        "fail bad | succeed good",
        expect![[r#"
            0ms started
            0ms bad 1 started
            0ms good 1 started
                run bad 1, run good 1
            0ms bad 1 failed for good (ERR_AGENT)
            0ms failing because of bad
                abort good 1 (sibling failed)
            0ms good 1 completed
            0ms join skipped (upstream failed)
            0ms ended failed because of bad
        "#]],
    );
}

#[test]
fn a_second_failure_in_the_grace_of_its_own_time_out_is_recorded_but_the_first_one_is_to_blame() {
    check(
        "par slow timeout 1s tries 3 fixed 1s; par bad; next after slow",
        "time out slow | wait 1s | fail bad | wait 4s",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms bad 1 started
                run slow 1, run bad 1
            1000ms slow 1 timed out
                abort slow 1 (timeout)
            2000ms bad 1 failed for good (ERR_AGENT)
            2000ms failing because of bad
            6000ms slow 1 failed for good (ERR_TIMEOUT)
            6000ms next skipped (upstream failed)
            6000ms ended failed because of bad
        "#]],
    );
}

#[test]
fn a_time_out_fails_the_execution_like_any_failure() {
    check(
        "par slow timeout 1s; par other; next after slow",
        "time out slow | wait 5s | succeed other",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms other 1 started
                run slow 1, run other 1
            1000ms slow 1 timed out
                abort slow 1 (timeout)
            6000ms slow 1 failed for good (ERR_TIMEOUT)
            6000ms failing because of slow
            6000ms next skipped (upstream failed)
                abort other 1 (sibling failed)
            6000ms other 1 completed
            6000ms ended failed because of slow
        "#]],
    );
}

#[test]
fn a_failed_task_that_everybody_waited_for_ends_the_execution_at_once() {
    check(
        "a",
        "fail a",
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

// Cancelling

#[test]
fn a_cancel_stops_what_runs_and_what_waits() {
    check(
        "par a; par b tries 2 fixed 1h; seq c after nothing; seq d after nothing; e after a",
        "fail b | wait 1s | cancel \"the user left\" | wait 1s | succeed a | fail c",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
            0ms c 1 started
                run a 1, run b 1, run c 1
            0ms b 1 failed (ERR_AGENT), again at 3600000ms
            1000ms cancelling: the user left
            1000ms b cancelled (cancelled)
            1000ms d cancelled (cancelled)
                abort a 1 (cancelled), abort c 1 (cancelled)
            2000ms a 1 completed
            2000ms e cancelled (cancelled)
            2000ms c cancelled (cancelled)
            2000ms ended cancelled: the user left
        "#]],
    );
}

#[test]
fn a_cancel_without_an_answer_is_over_when_the_grace_is() {
    check(
        "a; b",
        "cancel | wait 5s",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms cancelling: no reason given
                abort a 1 (cancelled)
            5000ms a cancelled (cancelled)
            5000ms b skipped (upstream failed)
            5000ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_second_cancel_adds_nothing() {
    check(
        "a",
        "cancel \"first\" | wait 1s | cancel \"second\" | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms cancelling: first
                abort a 1 (cancelled)
            1000ms a 1 completed
            1000ms ended cancelled: first
        "#]],
    );
}

#[test]
fn a_cancel_before_the_start_ends_every_task() {
    check(
        "a; b; c after nothing",
        "cancel \"never mind\" | start | wait 1s",
        expect![[r#"
            0ms cancelling: never mind
            0ms a cancelled (cancelled)
            0ms b skipped (upstream failed)
            0ms c cancelled (cancelled)
            0ms ended cancelled: never mind
        "#]],
    );
}

#[test]
fn a_cancel_after_a_failure_adds_nothing() {
    check(
        "par a; par b",
        "fail a | cancel | wait 5s",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
                abort b 1 (sibling failed)
            5000ms b cancelled (sibling failed)
            5000ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_cancel_after_the_end_adds_nothing() {
    check(
        "a",
        "succeed a | cancel | wait 1s",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn a_cancel_in_the_grace_of_a_time_out_ends_without_another_attempt() {
    check(
        "a timeout 1s tries 2 fixed 1s",
        "time out a | wait 1s | cancel | wait 4s",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            2000ms cancelling: no reason given
            6000ms a 1 failed for good (ERR_TIMEOUT)
            6000ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_failure_while_cancelling_does_not_turn_the_cancel_into_a_failure() {
    check(
        "par a; par b; c",
        "cancel | fail a for good | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms cancelling: no reason given
                abort a 1 (cancelled), abort b 1 (cancelled)
            0ms a cancelled (cancelled)
            0ms b 1 completed
            0ms c skipped (upstream failed)
            0ms ended cancelled: no reason given
        "#]],
    );
}

#[test]
fn a_task_that_waited_for_a_cancelled_one_is_skipped_and_one_that_could_have_run_is_cancelled() {
    check(
        "par a; par b; after-a after a; after-b after b",
        "cancel | succeed a | fail b",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms cancelling: no reason given
                abort a 1 (cancelled), abort b 1 (cancelled)
            0ms a 1 completed
            0ms after-a cancelled (cancelled)
            0ms b cancelled (cancelled)
            0ms after-b skipped (upstream failed)
            0ms ended cancelled: no reason given
        "#]],
    );
}

// Recovering

#[test]
fn an_interrupted_attempt_runs_again_as_the_same_attempt() {
    check(
        "a tries 2 fixed 1s; b",
        "fail a | wait 1s | wait 300ms | crash | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            1000ms a waited long enough
            1000ms a 2 started
                run a 2
            1300ms a 2 interrupted
            1300ms a 2 started
                run a 2
            1300ms a 2 completed
            1300ms b 1 started after a
                run b 1
            1300ms b 1 completed
            1300ms ended completed
        "#]],
    );
}

#[test]
fn an_interrupted_attempt_has_its_whole_timeout_again() {
    check(
        "a timeout 1s",
        "wait 900ms | crash | wait 999ms | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            900ms a 1 interrupted
            900ms a 1 started
                run a 1
            1899ms a 1 completed
            1899ms ended completed
        "#]],
    );
}

#[test]
fn a_wait_keeps_its_instant_through_a_crash() {
    check(
        "a tries 2 fixed 10s",
        "fail a | wait 4s | crash | wait 5999ms | wait 1ms | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 10000ms
            10000ms a waited long enough
            10000ms a 2 started
                run a 2
            10000ms a 2 completed
            10000ms ended completed
        "#]],
    );
}

#[test]
fn a_wait_that_ended_while_nobody_ran_is_over_at_the_first_tick() {
    check(
        "a tries 2 fixed 1s",
        "fail a | crash | sleep 1h | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 failed (ERR_AGENT), again at 1000ms
            3600000ms a waited long enough
            3600000ms a 2 started
                run a 2
            3600000ms a 2 completed
            3600000ms ended completed
        "#]],
    );
}

#[test]
fn an_attempt_that_was_timing_out_is_settled() {
    check(
        "a timeout 1s tries 2 fixed 1s",
        "time out a | wait 2s | crash | wait 1s | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            1000ms a 1 timed out
                abort a 1 (timeout)
            3000ms a 1 failed (ERR_TIMEOUT), again at 4000ms
            4000ms a waited long enough
            4000ms a 2 started
                run a 2
            4000ms a 2 completed
            4000ms ended completed
        "#]],
    );
}

#[test]
fn an_attempt_that_was_told_to_stop_is_cancelled() {
    check(
        "par a; par b; c",
        "fail a | wait 1s | crash",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms a 1 failed for good (ERR_AGENT)
            0ms failing because of a
                abort b 1 (sibling failed)
            1000ms b cancelled (sibling failed)
            1000ms c skipped (upstream failed)
            1000ms ended failed because of a
        "#]],
    );
}

#[test]
fn a_cancelled_execution_ends_at_recovery() {
    check(
        "par a; par b; c",
        "cancel \"why\" | wait 1s | crash",
        expect![[r#"
            0ms started
            0ms a 1 started
            0ms b 1 started
                run a 1, run b 1
            0ms cancelling: why
                abort a 1 (cancelled), abort b 1 (cancelled)
            1000ms a cancelled (cancelled)
            1000ms b cancelled (cancelled)
            1000ms c skipped (upstream failed)
            1000ms ended cancelled: why
        "#]],
    );
}

#[test]
fn the_lane_is_given_again_after_a_crash() {
    check(
        "seq a after gate; seq b after nothing; gate after nothing",
        "wait 1s | succeed gate | wait 1s | crash | succeed a | succeed b",
        expect![[r#"
            0ms started
            0ms gate 1 started
            0ms b 1 started
                run gate 1, run b 1
            1000ms gate 1 completed
            2000ms b 1 interrupted
            2000ms a 1 started after gate, ready since 1000ms, let in by b
                run a 1
            2000ms a 1 completed
            2000ms b 1 started
                run b 1
            2000ms b 1 completed
            2000ms ended completed
        "#]],
    );
}

#[test]
fn a_time_out_that_fails_the_execution_at_recovery_leaves_interrupted_tasks_cancelled() {
    check(
        "par slow timeout 1s; par b; c",
        "time out slow | wait 1s | crash",
        expect![[r#"
            0ms started
            0ms slow 1 started
            0ms b 1 started
                run slow 1, run b 1
            1000ms slow 1 timed out
                abort slow 1 (timeout)
            2000ms b 1 interrupted
            2000ms slow 1 failed for good (ERR_TIMEOUT)
            2000ms failing because of slow
            2000ms b cancelled (sibling failed)
            2000ms c skipped (upstream failed)
            2000ms ended failed because of slow
        "#]],
    );
}

#[test]
fn recovery_of_what_has_ended_adds_nothing() {
    check(
        "a",
        "succeed a | crash",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 completed
            0ms ended completed
        "#]],
    );
}

#[test]
fn several_crashes_in_a_row_interrupt_the_same_attempt_each_time() {
    check(
        "a",
        "crash | wait 1s | crash | succeed a",
        expect![[r#"
            0ms started
            0ms a 1 started
                run a 1
            0ms a 1 interrupted
            0ms a 1 started
                run a 1
            1000ms a 1 interrupted
            1000ms a 1 started
                run a 1
            1000ms a 1 completed
            1000ms ended completed
        "#]],
    );
}

// What is recorded beside the story

#[test]
fn outputs_failures_and_the_hosts_own_measurements_are_recorded_as_they_were_given() {
    let at = |millis: u64| Timestamp::from_micros(millis * 1000);
    let plan = words::plan("a tries 2 fixed 1s; b");
    let (a, b) = (plan.find("a").unwrap(), plan.find("b").unwrap());
    let failure = Failure { code: "ERR_AGENT".into(), message: "no".into(), details: Some(r#"{"name":"Error"}"#.into()), retryable: true };
    let output = Output::Json(r#"{"n":1}"#.into());
    let mut execution = Execution::new(plan, 0);
    let mut tell = |now, input| {
        let mut step = Step::default();
        execution.handle(at(now), input, &mut step);
        (step.events, execution.failure().map(|(task, failure)| (task, failure.clone())))
    };
    let answer = |task, attempt, start, end, result| Input::Settled(Settled { task, attempt, start: at(start), end: at(end), result });

    tell(0, Input::Start);
    let (events, failed) = tell(100, answer(a, 1, 10, 90, Err(failure.clone())));
    let (start, end) = (at(10), at(90));
    assert_eq!(events, [Event::RetryScheduled { task: a, attempt: 1, start, end, failure: failure.clone().into(), until: at(1100) }]);
    assert_eq!(failed, None);

    tell(1100, Input::Tick);
    let (events, _) = tell(1300, answer(a, 2, 1110, 1290, Ok(output.clone())));
    assert_eq!(events[0], Event::TaskCompleted { task: a, attempt: 2, start: at(1110), end: at(1290), output });

    let (events, failed) = tell(1400, answer(b, 1, 1310, 1390, Err(failure.clone())));
    assert_eq!(events[0], Event::TaskFailed { task: b, attempt: 1, start: at(1310), end: at(1390), failure: failure.clone().into() });
    assert_eq!(failed, Some((b, failure)));
    assert_eq!((execution.started(), execution.ended()), (Some(at(0)), Some(at(1400))));
}

#[test]
fn an_attempt_that_timed_out_is_measured_from_its_admission_to_the_end_of_its_grace() {
    let plan = words::plan("a timeout 1s");
    let a = TaskIndex::new(0);
    let mut execution = Execution::new(Arc::clone(&plan), 0);
    let mut step = Step::default();
    execution.handle(Timestamp::default(), Input::Start, &mut step);
    for _ in 0..2 {
        let due = execution.next_deadline().unwrap();
        execution.handle(due, Input::Tick, &mut step);
    }
    let TaskState::Failed { attempt, start, end, failure } = &execution.tasks()[a].state else { panic!("it has not failed") };
    assert_eq!((*attempt, start.micros(), end.micros(), failure.retryable), (1, 0, 6_000_000, true));
    expect!["the attempt did not end within its timeout of 1000 ms"].assert_eq(&failure.message);
}

#[test]
fn a_wait_with_jitter_depends_on_the_seed_alone() {
    let until = |seed| {
        let retry = r#"{ "maxAttempts": 2, "initialDelay": "10s", "jitter": 1 }"#;
        let text = format!(
            r#"{{ "id": "w", "name": "w", "version": "1", "tasks": [{{ "id": "a", "name": "a", "agentId": "a", "retryPolicy": {retry} }}] }}"#
        );
        let limits = engine::Limits { tasks_max: 1, default_timeout: std::time::Duration::from_mins(1) };
        let mut execution = Execution::new(Arc::new(engine::read_plan(&text, limits).0.unwrap()), seed);
        let (at, mut step) = (Timestamp::default(), Step::default());
        execution.handle(at, Input::Start, &mut step);
        let failure = Failure { code: "ERR_AGENT".into(), message: "no".into(), details: None, retryable: true };
        execution.handle(
            at,
            Input::Settled(Settled { task: TaskIndex::new(0), attempt: 1, start: at, end: at, result: Err(failure) }),
            &mut step,
        );
        execution.next_deadline()
    };
    assert_eq!(until(7), until(7));
    assert_ne!(until(7), until(8));
}
