// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When the same model is asked again, and what ends a call.

use crate::host::{Answer, Host, at, request};
use models::{
    AttemptId, AttemptResult, Awaited, BreakerPolicy, Budget, CallFailure, CallId, CallRequest, Command, FailureClass, Gateway, Next,
    Reason, Spend, Usage, Why,
};
use std::time::Duration;

fn attempts(attempts: u32) -> CallRequest {
    let mut request = request(&["a"]);
    request.retry.max_attempts = attempts;
    request
}

#[test]
fn three_attempts_are_three_requests() {
    let mut host = Host::new(|_, _| Answer::Fail(100, FailureClass::Overload));
    host.begin(1, attempts(3));
    host.run();
    assert_eq!(host.sends.len(), 3);
    let end = &host.ends[&1];
    let gave_up = end.outcome.clone().unwrap_err();
    assert_eq!((gave_up.reason, gave_up.message.as_str()), (Reason::Failed(FailureClass::Overload), "overload of 3"));
    let [first, second, third] = &end.record.attempts[..] else { panic!("{end:?}") };
    let Next::Retry(wait) = first.next else { panic!("{first:?}") };
    assert!(wait < Duration::from_millis(500) && second.waited >= wait && second.begun >= first.ended.after(wait));
    assert_eq!((third.result, third.next), (AttemptResult::Failed(FailureClass::Overload), Next::GiveUp(Why::AttemptsUsed)));
    assert_eq!(third.ended.since(third.begun), Duration::from_millis(100));
}

#[test]
fn what_stays_wrong_is_not_asked_again() {
    use FailureClass::{Auth, Content, Context, Invalid, Quota};
    for class in [Auth, Content, Context, Invalid, Quota] {
        let mut host = Host::new(move |_, _| Answer::Fail(1, class));
        host.begin(1, attempts(5));
        host.run();
        assert_eq!((host.sends.len(), host.ends[&1].record.attempts[0].next), (1, Next::GiveUp(Why::NotRetryable)), "{class}");
    }
}

#[test]
fn the_provider_s_word_is_kept_by_all_who_wait_for_it() {
    let mut host = Host::new(|id, _| match id {
        AttemptId { call: CallId(1), attempt: 1 } => Answer::Later(100, FailureClass::Rate, 5000),
        _ => Answer::Done(1),
    });
    host.begin(1, request(&["a"]));
    host.run_until(200);
    host.begin(2, request(&["a"]));
    host.run();
    let sends: Vec<(u64, u64)> = host.sends.iter().map(|(at, call, _)| (*at, *call)).collect();
    // The one that came first goes first.
    assert_eq!(sends, [(0, 1), (5100, 1), (5100, 2)]);
    assert_eq!(host.ends[&1].record.attempts[0].retry_after, Some(Duration::from_secs(5)));
}

#[test]
fn a_longer_wait_than_anyone_has_patience_for_ends_it() {
    let mut host = Host::new(|_, _| Answer::Later(1, FailureClass::Rate, 60_001));
    host.begin(1, request(&["a"]));
    host.run();
    assert_eq!((host.sends.len(), host.ends[&1].record.attempts[0].next), (1, Next::GiveUp(Why::RetryAfterTooLong)));
}

#[test]
fn a_retry_that_would_come_after_the_deadline_is_not_waited_for() {
    let mut host = Host::new(|_, _| Answer::Later(100, FailureClass::Overload, 1000));
    host.begin(1, CallRequest { deadline: Some(at(1100)), ..request(&["a"]) });
    host.run();
    assert_eq!((host.ends[&1].at, host.ends[&1].record.attempts[0].next), (100, Next::GiveUp(Why::DeadlineTooClose)));
    assert_eq!(host.ends[&1].outcome.clone().unwrap_err().class(), Some(FailureClass::Overload));
}

#[test]
fn after_its_first_token_a_call_is_neither_retried_nor_sent_elsewhere() {
    let mut host = Host::new(|_, _| Answer::Cut(10));
    host.gateway.budgets().set("tenant".into(), Budget { tokens: Some(1000), ..Budget::default() });
    host.begin(1, CallRequest { budgets: vec!["tenant".into()], ..request(&["a", "b"]) });
    host.run();
    assert_eq!((host.sends.len(), host.ends[&1].record.attempts[0].next), (1, Next::GiveUp(Why::AnswerBegun)));
    // What it cost nobody says, so it is taken for all that it might have.
    assert_eq!(host.gateway.budgets().account("tenant").unwrap().spent, Spend { usd_nanos: 1000, tokens: 100, calls: 1 });
}

#[test]
fn a_call_whose_caller_can_take_back_what_it_was_given_goes_on_after_its_first_token() {
    // A stream that was cut half-way failed its task for good, since its listeners had heard the half.
    let mut host = Host::new(|_, target| if &*target.model == "a" { Answer::Cut(10) } else { Answer::Done(1) });
    host.gateway.budgets().set("tenant".into(), Budget { tokens: Some(1000), ..Budget::default() });
    let mut taken_back = request(&["a", "b"]);
    taken_back.retry.max_attempts = 2;
    host.begin(1, CallRequest { budgets: vec!["tenant".into()], restarts: true, ..taken_back });
    host.run();
    let next: Vec<Next> = host.ends[&1].record.attempts.iter().map(|attempt| attempt.next).collect();
    assert!(matches!(next[..], [Next::Retry(_), Next::Fallback(1, Why::AttemptsUsed), Next::Done]), "{next:?}");
    // Each half may have cost all that was reserved for it, and is paid beside the answer.
    assert_eq!(host.gateway.budgets().account("tenant").unwrap().spent, Spend { usd_nanos: 2700, tokens: 270, calls: 1 });
}

#[test]
fn an_answer_is_not_begun_anew_for_more_than_there_is() {
    let mut host = Host::new(|_, _| Answer::Cut(10));
    host.gateway.budgets().set("tenant".into(), Budget { tokens: Some(250), ..Budget::default() });
    host.begin(1, CallRequest { budgets: vec!["tenant".into()], restarts: true, ..request(&["a"]) });
    host.run();
    assert!(matches!(host.ends[&1].outcome.clone().unwrap_err().reason, Reason::Budget(_)));
    assert_eq!((host.sends.len(), host.gateway.budgets().account("tenant").unwrap().spent.tokens), (2, 200));
}

#[test]
fn a_deadline_stops_what_is_under_way() {
    let mut host = Host::new(|_, _| Answer::Silent);
    host.begin(1, CallRequest { deadline: Some(at(700)), ..request(&["a", "b"]) });
    host.run();
    let end = &host.ends[&1];
    assert_eq!((end.at, &end.outcome.clone().unwrap_err().reason), (700, &Reason::Deadline(Awaited::Answer)));
    assert_eq!((end.record.attempts[0].result, end.record.attempts[0].next), (AttemptResult::Aborted, Next::GiveUp(Why::Stopped)));
}

#[test]
fn a_call_is_cancelled_wherever_it_is() {
    let mut host = Host::new(|id, _| if id.call == CallId(1) { Answer::Silent } else { Answer::Later(1, FailureClass::Overload, 9000) });
    host.begin(1, request(&["a"]));
    host.begin(2, request(&["b"]));
    host.run_until(100);
    for call in [1, 2, 1, 3] {
        host.cancel(call);
    }
    host.run();
    for call in [1, 2] {
        assert_eq!((host.ends[&call].at, &host.ends[&call].outcome.clone().unwrap_err().reason), (100, &Reason::Cancelled));
    }
    assert_eq!(host.ends.len(), 2);
}

#[test]
fn what_comes_late_or_twice_is_ignored() {
    let mut host = Host::new(|id, _| if id.attempt == 1 { Answer::Later(1, FailureClass::Overload, 100) } else { Answer::Done(1000) });
    host.begin(1, request(&["a"]));
    host.run_until(200);
    assert_eq!(host.sends.len(), 2);
    let (first, second) = (AttemptId { call: CallId(1), attempt: 1 }, AttemptId { call: CallId(1), attempt: 2 });
    let failure =
        CallFailure { class: FailureClass::Auth, again: None, timed_out: false, retry_after: None, message: "late".into(), spent: None };
    let now = at(host.now);
    assert_eq!(host.gateway.failed(first, failure.clone(), now), []);
    assert_eq!(host.gateway.done(first, Usage::default(), 0, now), []);
    assert_eq!(host.gateway.first_token(first, now), []);
    // A number in use is not given to another.
    host.begin(1, request(&["b"]));
    assert_eq!(host.sends.len(), 2);
    host.run();
    assert_eq!((host.ends[&1].outcome.clone(), host.ends[&1].record.attempts.len()), (Ok(()), 2));
    assert_eq!(host.gateway.failed(second, failure, at(5000)), []);
}

#[test]
fn a_budget_pays_for_what_was_used_and_refuses_what_might_be_too_much() {
    let mut host = Host::new(|_, _| Answer::Done(100));
    host.gateway.budgets().set("execution".into(), Budget { usd_nanos: Some(2500), ..Budget::default() });
    for call in 1..=3 {
        host.begin(call, CallRequest { budgets: vec!["execution".into()], ..request(&["a"]) });
    }
    let Reason::Budget(exceeded) = host.ends[&3].outcome.clone().unwrap_err().reason else { panic!("{:?}", host.ends[&3]) };
    assert_eq!((&*exceeded.scope, exceeded.reserved, exceeded.asked), ("execution", 2000, 1000));
    host.run();
    assert_eq!(host.gateway.budgets().account("execution").unwrap().spent, Spend { usd_nanos: 1400, tokens: 140, calls: 2 });
    assert_eq!(host.sends.len(), 2);
}

#[test]
fn what_failed_attempts_are_known_to_have_cost_is_paid_and_no_more() {
    // A reply that says it failed has used tokens all the same: its half was paid for by nobody, or once it was delivered by all that was reserved.
    let mut gateway = Gateway::new(BreakerPolicy::default());
    gateway.budgets().set("execution".into(), Budget { tokens: Some(1_000_000), ..Budget::default() });
    let id = |attempt| AttemptId { call: CallId(1), attempt };
    let failure = |tokens| CallFailure {
        class: FailureClass::Overload,
        again: None,
        timed_out: false,
        retry_after: None,
        message: "half".into(),
        spent: Some(Spend { usd_nanos: 7, tokens, calls: 0 }),
    };
    gateway.begin(CallId(1), CallRequest { budgets: vec!["execution".into()], ..request(&["a"]) }, at(0));
    gateway.failed(id(1), failure(12), at(10));
    let next = gateway.next_deadline().unwrap();
    gateway.tick(next);
    gateway.first_token(id(2), next);
    gateway.failed(id(2), failure(5), next);
    assert_eq!(gateway.unfinished(), 0);
    assert_eq!(gateway.budgets().account("execution").unwrap().spent, Spend { usd_nanos: 14, tokens: 17, calls: 1 });
}

#[test]
fn what_would_fail_again_at_the_same_target_is_tried_elsewhere_at_once() {
    // An answer that cannot be read is paid for each time it is asked for.
    let mut gateway = Gateway::new(BreakerPolicy::default());
    let failure = || CallFailure {
        class: FailureClass::Network,
        again: Some(false),
        timed_out: false,
        retry_after: None,
        message: "no answer as this wire has it".into(),
        spent: None,
    };
    let id = |attempt| AttemptId { call: CallId(1), attempt };
    gateway.begin(CallId(1), request(&["a", "b"]), at(0));
    gateway.failed(id(1), failure(), at(10));
    let last = gateway.failed(id(2), failure(), at(20));
    let record = last.iter().find_map(|command| if let Command::Finish { record, .. } = command { Some(record) } else { None }).unwrap();
    let models: Vec<&str> = record.attempts.iter().map(|attempt| &*attempt.model).collect();
    assert_eq!(models, ["a", "b"]);
    assert_eq!(record.attempts[1].next, Next::GiveUp(Why::NotRetryable));
}

#[test]
fn a_call_without_targets_is_wrong() {
    let mut host = Host::new(|_, _| Answer::Done(1));
    host.begin(1, request(&[]));
    assert_eq!(host.ends[&1].outcome.clone().unwrap_err().class(), Some(FailureClass::Invalid));
}

/// What takes longer than its time-out was sent five times, and the provider billed each.
#[test]
fn what_did_not_come_in_time_is_made_again_only_if_the_policy_says_so_and_is_paid() {
    let late = |after_time_out: bool, models: &[&str]| {
        let mut host = Host::new(|_, _| Answer::Late(10));
        let mut request = request(models);
        request.retry.max_attempts = 3;
        request.retry.after_time_out = after_time_out;
        request.budgets = vec!["mine".into()];
        host.gateway.budgets().set("mine".into(), Budget::default());
        host.begin(1, request);
        host.run();
        let spent = host.gateway.budgets().account("mine").map(|account| account.spent.tokens);
        (host.sends.iter().map(|(_, _, model)| model.to_string()).collect::<Vec<_>>().join(" "), spent)
    };
    // Nobody knows what it cost: it counts as all that was reserved.
    assert_eq!(late(false, &["a"]), ("a".to_owned(), Some(100)));
    assert_eq!(late(false, &["a", "b"]), ("a b".to_owned(), Some(200)));
    assert_eq!(late(true, &["a", "b"]), ("a a a b b b".to_owned(), Some(600)));
}

#[test]
fn what_a_model_lost_that_answers_others_in_time_is_sent_to_it_twice_more() {
    let sends = |pause: u64| {
        let mut host = Host::new(|id, _| if id.call == CallId(1) { Answer::Late(10) } else { Answer::Done(1) });
        host.begin(2, request(&["a"]));
        host.run_until(pause);
        host.begin(1, request(&["a", "b"]));
        host.run();
        host.sends.iter().filter(|(_, call, _)| *call == 1).map(|(_, _, model)| model.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(sends(10), "a a a b");
    // A minute ago is no longer now.
    assert_eq!(sends(120_000), "a b");
}

#[test]
fn what_the_provider_says_of_another_attempt_goes_before_the_class() {
    for (class, again, attempts) in [
        (FailureClass::Overload, Some(false), 1),
        (FailureClass::Rate, Some(false), 1),
        (FailureClass::Invalid, Some(true), 3),
        (FailureClass::Invalid, None, 1),
        (FailureClass::Overload, None, 3),
    ] {
        let mut host = Host::new(move |_, _| Answer::Told(1, class, again));
        let mut request = request(&["a"]);
        request.retry.max_attempts = 3;
        host.begin(1, request);
        host.run();
        assert_eq!(host.sends.len(), attempts, "{class} {again:?}");
    }
}

/// The wait after the second attempt was as long as that after the first: it was reckoned from the number of those that had ended before.
#[test]
fn the_wait_doubles_with_each_attempt_and_begins_anew_at_a_fallback() {
    let mut host = Host::new(|_, _| Answer::Fail(0, FailureClass::Overload));
    let mut request = request(&["a", "b"]);
    request.retry.max_attempts = 4;
    request.retry.backoff.jitter = 0.0;
    host.begin(1, request);
    host.run();
    let sent: Vec<u64> = host.sends.iter().map(|(at, _, _)| *at).collect();
    assert_eq!(sent, [0, 500, 1500, 3500, 3500, 4000, 5000, 7000]);
}
