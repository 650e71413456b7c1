// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who waits for a limit, in which order, and what is said when it takes too long.

use crate::host::{Answer, Host, at, name, request};
use models::{AttemptId, Awaited, CallId, CallRequest, FailureClass, Gauge, Limits, Reason};
use std::num::NonZeroU64;

fn limited(host: &mut Host, limits: Limits) {
    host.gateway.limit(&name("p"), &name("a"), limits, at(host.now));
}

fn one_at_once() -> Limits {
    Limits { concurrent: NonZeroU64::new(1), ..Limits::default() }
}

fn order(host: &Host) -> Vec<u64> {
    host.sends.iter().map(|(_, call, _)| *call).collect()
}

#[test]
fn calls_go_in_the_order_in_which_they_came_and_priority_is_a_head_start() {
    let mut host = Host::new(|_, _| Answer::Done(100));
    limited(&mut host, one_at_once());
    for (call, priority) in [(1, 0), (2, 0), (3, -1), (4, 2), (5, 0), (6, 2)] {
        host.begin(call, CallRequest { priority, ..request(&["a"]) });
    }
    host.run();
    assert_eq!((order(&host), host.most["a"]), (vec![1, 4, 6, 2, 5, 3], 1));
}

#[test]
fn nobody_is_overtaken_for_ever() {
    let mut host = Host::new(|_, _| Answer::Done(1000));
    limited(&mut host, one_at_once());
    host.begin(0, request(&["a"]));
    host.begin(1, request(&["a"]));
    // More urgent calls come as fast as they can be answered, for two minutes.
    for call in 2..120 {
        host.begin(call, CallRequest { priority: 1, ..request(&["a"]) });
        host.run_until(host.now + 1000);
    }
    let begun = host.ends[&1].record.attempts[0].begun;
    assert!(begun > at(25_000) && begun <= at(32_000), "{begun}");
    host.run();
}

#[test]
fn a_call_between_two_attempts_keeps_its_place() {
    let mut host = Host::new(|id, _| match id {
        AttemptId { call: CallId(1), attempt: 1 } => Answer::Later(100, FailureClass::Overload, 150),
        _ => Answer::Done(100),
    });
    limited(&mut host, one_at_once());
    for call in 1..=4 {
        host.begin(call, request(&["a"]));
    }
    host.run();
    assert_eq!(order(&host), [1, 2, 3, 1, 4]);
}

#[test]
fn a_call_whose_deadline_comes_says_what_it_waited_for() {
    let minute = Limits { requests_per_minute: NonZeroU64::new(1), ..Limits::default() };
    for (limits, answer, awaited) in [
        (minute, Answer::Done(1), Awaited::Room(Gauge::Requests)),
        (one_at_once(), Answer::Done(5000), Awaited::Place),
        (Limits::default(), Answer::Later(1, FailureClass::Rate, 5000), Awaited::Silence),
    ] {
        let mut host = Host::new(move |id, _| if id.attempt == 1 { answer } else { Answer::Done(1) });
        limited(&mut host, limits);
        host.begin(1, request(&["a"]));
        host.run_until(10);
        for call in [2, 3] {
            host.begin(call, CallRequest { deadline: Some(at(500)), ..request(&["a"]) });
        }
        host.run();
        for call in [2, 3] {
            let gave_up = host.ends[&call].outcome.clone().unwrap_err();
            assert_eq!((host.ends[&call].at, gave_up.reason), (500, Reason::Deadline(awaited)));
            assert!(gave_up.message.contains(&awaited.to_string()), "{}", gave_up.message);
        }
        assert_eq!(host.ends[&1].outcome, Ok(()));
    }
    let mut host = Host::new(|_, _| Answer::Done(1));
    host.run_until(500);
    host.begin(1, CallRequest { deadline: Some(at(500)), ..request(&["a"]) });
    assert_eq!((host.ends[&1].at, host.sends.len()), (500, 0));
}

#[test]
fn who_waits_longer_than_the_deadline_of_one_before_it_still_goes() {
    let mut host = Host::new(|_, _| Answer::Done(1));
    limited(&mut host, Limits { requests_per_minute: NonZeroU64::new(1), ..Limits::default() });
    host.begin(1, request(&["a"]));
    host.begin(2, CallRequest { deadline: Some(at(500)), ..request(&["a"]) });
    host.begin(3, request(&["a"]));
    host.run();
    assert_eq!((order(&host), host.sends[1].0), (vec![1, 3], 60_000));
}

#[test]
fn what_was_reserved_counts_for_its_minute_used_or_not() {
    let mut host = Host::new(|_, _| Answer::Done(1000));
    // Each reserves 100 and uses 70.
    limited(&mut host, Limits { tokens_per_minute: NonZeroU64::new(170), ..Limits::default() });
    for call in 1..=3 {
        host.begin(call, request(&["a"]));
    }
    host.run();
    assert_eq!(host.sends.iter().map(|(at, ..)| *at).collect::<Vec<_>>(), [0, 60_000, 120_000]);
}

#[test]
fn headers_and_new_limits_let_go_whoever_may() {
    let mut host = Host::new(|_, _| Answer::Done(1000));
    host.begin(1, request(&["a"]));
    let headers = |limit: &'static str| move |name: &str| (name == "x-ratelimit-limit-requests").then_some(limit);
    let id = AttemptId { call: CallId(1), attempt: 1 };
    assert_eq!(host.gateway.headers(id, headers("1"), at(0)), []);
    host.begin(2, request(&["a"]));
    host.begin(3, CallRequest { deadline: Some(at(9000)), ..request(&["a"]) });
    assert_eq!(order(&host), [1]);
    let sent = host.gateway.headers(id, headers("2"), at(0));
    assert_eq!(sent, [models::Command::Send { id: AttemptId { call: CallId(2), attempt: 1 }, target: 0 }]);
    // What is configured holds beside it.
    assert_eq!(host.gateway.limit(&name("p"), &name("a"), Limits::default(), at(0)), []);
    assert_eq!(host.gateway.statistics(at(0))[0].waiting, 1);
}
