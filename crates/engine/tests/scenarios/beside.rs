// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is recorded beside the story.

use crate::words;
use engine::{Event, Execution, Failure, Input, InstanceIndex, Output, Settled, Setup, Step, TaskState};
use expect_test::expect;
use std::sync::Arc;
use stdx::Timestamp;

#[test]
fn outputs_failures_and_the_hosts_own_measurements_are_recorded_as_they_were_given() {
    let at = |millis: u64| Timestamp::from_micros(millis * 1000);
    let plan = words::plan("a tries 2 fixed 1s; b");
    let (a, b) = (InstanceIndex::new(0), InstanceIndex::new(1));
    let failure = Failure {
        code: "ERR_AGENT".into(),
        message: "no".into(),
        details: Some(r#"{"name":"Error"}"#.into()),
        retryable: true,
        retry_after: None,
    };
    let output = Output::Json(r#"{"n":1}"#.into());
    let mut execution = Execution::new(plan, Setup::default());
    let mut tell = |now, input| {
        let mut step = Step::default();
        execution.handle(at(now), input, &mut step);
        (step.events, execution.failure().map(|(task, failure)| (task, Failure::clone(failure))))
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
    assert_eq!(failed, Some((Some(b), failure)));
    assert_eq!((execution.started(), execution.ended()), (Some(at(0)), Some(at(1400))));
}

#[test]
fn an_attempt_that_timed_out_is_measured_from_its_admission_to_the_end_of_its_grace() {
    let plan = words::plan("a timeout 1s");
    let a = InstanceIndex::new(0);
    let mut execution = Execution::new(Arc::clone(&plan), Setup::default());
    let mut step = Step::default();
    execution.handle(Timestamp::default(), Input::Start, &mut step);
    for _ in 0..2 {
        let due = execution.next_deadline().unwrap();
        execution.handle(due, Input::Tick, &mut step);
    }
    let TaskState::Failed { attempt, start, end, failure, tolerated: false } = &execution.tasks()[a].state else {
        panic!("it has not failed")
    };
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
        let limits = words::LIMITS;
        let mut execution = Execution::new(Arc::new(engine::read_plan(&text, limits).0.unwrap()), Setup { seed, ..Setup::default() });
        let (at, mut step) = (Timestamp::default(), Step::default());
        execution.handle(at, Input::Start, &mut step);
        let failure = Failure { code: "ERR_AGENT".into(), message: "no".into(), details: None, retryable: true, retry_after: None };
        execution.handle(
            at,
            Input::Settled(Settled { task: InstanceIndex::new(0), attempt: 1, start: at, end: at, result: Err(failure) }),
            &mut step,
        );
        execution.next_deadline()
    };
    assert_eq!(until(7), until(7));
    assert_ne!(until(7), until(8));
}
