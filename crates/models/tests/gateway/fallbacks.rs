// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When another model is asked, and which.

use crate::host::{Answer, Host, at, name, request, target};
use models::{Budget, CallRequest, FailureClass, Limits, Next, Obstacle, Reason, Target, Why};
use std::num::NonZeroU64;
use std::time::Duration;

fn models(host: &Host) -> Vec<&str> {
    host.sends.iter().map(|(_, _, model)| &**model).collect()
}

fn larger(model: &str) -> Target {
    Target { larger_context: true, ..target(model) }
}

#[test]
fn each_target_has_attempts_of_its_own() {
    let mut host = Host::new(|_, target| if &*target.model == "c" { Answer::Done(1) } else { Answer::Fail(1, FailureClass::Network) });
    let mut request = request(&["a", "b", "c"]);
    request.retry.max_attempts = 2;
    host.begin(1, request);
    host.run();
    assert_eq!(models(&host), ["a", "a", "b", "b", "c"]);
    let record = &host.ends[&1].record;
    assert_eq!(record.attempts[1].next, Next::Fallback(1, Why::AttemptsUsed));
    assert_eq!(record.attempts[4].next, Next::Done);
}

#[test]
fn only_the_failures_that_were_named_lead_elsewhere() {
    use FailureClass::{Auth, Content, Context, Invalid, Network, Overload, Quota, Rate};
    for class in [Rate, Quota, Auth, Overload, Network, Context, Content, Invalid] {
        let mut host = Host::new(move |_, target| if &*target.model == "a" { Answer::Later(1, class, 70_000) } else { Answer::Done(1) });
        host.begin(1, request(&["a", "b"]));
        let mut named = request(&["a", "b"]);
        named.fallback_on = [class].into();
        host.run();
        let usual = !matches!(class, Content | Invalid);
        assert_eq!(models(&host), if usual { vec!["a", "b"] } else { vec!["a"] }, "{class}");
        host.gateway.reset(&name("p"), &name("a"));
        host.begin(2, named);
        host.run();
        assert_eq!(host.ends[&2].outcome, Ok(()), "{class}");
    }
}

#[test]
fn what_is_too_long_goes_to_larger_models_and_nothing_else_does() {
    let answer = |_, target: &Target| match &*target.model {
        "a" | "large" => Answer::Fail(1, FailureClass::Context),
        "b" => Answer::Fail(1, FailureClass::Auth),
        _ => Answer::Done(1),
    };
    let mut host = Host::new(answer);
    host.begin(1, CallRequest::new(vec![target("a"), larger("large"), larger("largest")]));
    host.run();
    assert_eq!((models(&host), &host.ends[&1].outcome), (vec!["a", "large", "largest"], &Ok(())));
    let mut host = Host::new(answer);
    host.begin(1, CallRequest::new(vec![target("b"), larger("largest")]));
    host.run();
    assert_eq!((models(&host), host.ends[&1].outcome.clone().unwrap_err().class()), (vec!["b"], Some(FailureClass::Auth)));
}

/// A user had named the larger model in `fallback`, which took away its part for requests that are too large: they failed with it there.
#[test]
fn what_is_too_long_goes_in_order_to_all_that_may_have_more_room() {
    use FailureClass::{Context, Overload};
    let window = |model: &str, tokens: u64| Target { window: Some(tokens), ..target(model) };
    let visited = |targets: &[Target], failing: &'static [(&str, FailureClass)]| {
        let mut host = Host::new(move |_, target: &Target| {
            let class = failing.iter().find(|(model, _)| *model == &*target.model).map(|(_, class)| *class);
            class.map_or(Answer::Done(1), |class| Answer::Fail(1, class))
        });
        let mut request = CallRequest::new(targets.to_vec());
        request.retry.max_attempts = 1;
        host.begin(1, request);
        host.run();
        let outcome = if host.ends[&1].outcome.is_ok() { "answered" } else { "failed" };
        format!("{} {outcome}", models(&host).join(" "))
    };
    let small = window("small", 8);
    // Named: those that are known to be no larger are left out, those of which nothing is known are tried.
    let named = [small.clone(), window("same", 8), window("less", 4), target("unknown"), window("more", 32)];
    assert_eq!(visited(&named, &[("small", Context)]), "small unknown answered");
    assert_eq!(visited(&named, &[("small", Context), ("unknown", Context)]), "small unknown more answered");
    // What one of them refuses for another reason goes on among those with more room, and to what is there for such requests.
    let both = [small.clone(), window("more", 32), window("less", 4), Target { window: Some(64), ..larger("largest") }];
    assert_eq!(visited(&both, &[("small", Context)]), "small more answered");
    assert_eq!(visited(&both, &[("small", Context), ("more", Overload)]), "small more largest answered");
    assert_eq!(visited(&both, &[("small", Context), ("more", Context), ("largest", Context)]), "small more largest failed");
    // Nothing else leads to what is there for such requests.
    assert_eq!(visited(&both, &[("small", Overload), ("more", Overload), ("less", Overload)]), "small more less failed");
    // The first was down, and it is the next that is too small.
    assert_eq!(visited(&both, &[("small", Overload), ("more", Context)]), "small more largest answered");
    assert_eq!(visited(&[small, window("less", 4)], &[("small", Context)]), "small failed");
}

#[test]
fn a_refused_quota_keeps_those_after_it_away() {
    let mut host = Host::new(|_, target| if &*target.model == "a" { Answer::Fail(1000, FailureClass::Quota) } else { Answer::Done(1) });
    for call in 1..=2 {
        host.begin(call, request(&["a", "b"]));
    }
    host.run();
    assert_eq!(models(&host), ["a", "a", "b", "b"]);
    host.begin(3, request(&["a", "b"]));
    host.begin(4, request(&["a"]));
    host.run();
    assert_eq!((host.ends[&3].record.attempts.len(), host.ends[&3].record.skipped.len()), (1, 1));
    let gave_up = host.ends[&4].outcome.clone().unwrap_err();
    let Reason::Obstacle(Obstacle::Shut(shut)) = gave_up.reason else { panic!("{gave_up:?}") };
    assert_eq!((shut.class, shut.until, gave_up.class()), (FailureClass::Quota, at(301_000), Some(FailureClass::Quota)));
    assert_eq!(gave_up.message, "`p/a` is paused after repeated failures (quota); next attempt in 299.999s");
    host.gateway.reset(&name("p"), &name("a"));
    host.begin(5, request(&["a"]));
    host.run();
    assert_eq!(models(&host).last(), Some(&"a"));
}

#[test]
fn those_who_wait_where_it_breaks_go_elsewhere_at_once_and_one_looks_whether_it_heals() {
    let mut broken = true;
    let mut host = Host::new(move |id, target| {
        broken &= id.call.0 < 100;
        if broken && &*target.model == "a" { Answer::Fail(10, FailureClass::Overload) } else { Answer::Done(10) }
    });
    let limits = Limits { concurrent: NonZeroU64::new(20), ..Limits::default() };
    host.gateway.limit(&name("p"), &name("a"), limits, at(0));
    for call in 0..60 {
        let mut request = request(&["a", "b"]);
        request.retry.max_attempts = 1;
        host.begin(call, request);
    }
    host.run_until(5000);
    // The twentieth fault opens it; each of those before it had let another go.
    assert_eq!(host.sends.iter().filter(|(_, _, model)| &**model == "a").count(), 39);
    assert!(host.ends.len() == 60 && host.ends.values().all(|end| end.outcome.is_ok() && end.at <= 30));
    // Ten seconds after it opened: of two that come, one is the probe, and the next after its answer pass again.
    host.run_until(10_010);
    for call in [100, 101] {
        host.begin(call, request(&["a", "b"]));
    }
    host.run_until(10_050);
    host.begin(102, request(&["a", "b"]));
    host.run();
    assert_eq!(models(&host)[host.sends.len() - 3..], ["a", "b", "a"]);
}

#[test]
fn a_probe_that_is_cancelled_leaves_its_turn_to_the_next() {
    let mut host = Host::new(|id, _| match id.call.0 {
        1 => Answer::Fail(0, FailureClass::Auth),
        2 => Answer::Silent,
        _ => Answer::Done(1),
    });
    host.begin(1, request(&["a"]));
    host.run_until(300_000);
    host.begin(2, request(&["a"]));
    host.cancel(2);
    host.begin(3, request(&["a"]));
    host.run();
    assert_eq!((models(&host).len(), &host.ends[&3].outcome), (3, &Ok(())));
}

#[test]
fn what_no_limit_has_room_for_goes_elsewhere_or_fails_at_once() {
    let mut host = Host::new(|_, _| Answer::Done(1));
    let limits = Limits { tokens_per_minute: NonZeroU64::new(99), ..Limits::default() };
    host.gateway.limit(&name("p"), &name("a"), limits, at(0));
    host.begin(1, request(&["a", "b"]));
    host.begin(2, request(&["a"]));
    host.run();
    assert_eq!(models(&host), ["b"]);
    let gave_up = host.ends[&2].outcome.clone().unwrap_err();
    assert!(matches!(gave_up.reason, Reason::Obstacle(Obstacle::TooLarge(_))) && host.ends[&2].at == 0);
    assert!(gave_up.message.starts_with("`p/a`: the request needs 100 of 99 tokens per minute;"), "{}", gave_up.message);
}

#[test]
fn a_fallback_that_costs_more_than_there_is_ends_the_call() {
    let mut host = Host::new(|_, _| Answer::Fail(1, FailureClass::Auth));
    host.gateway.budgets().set("tenant".into(), Budget { usd_nanos: Some(1500), ..Budget::default() });
    let targets = vec![target("a"), Target { usd_nanos: 1501, ..target("b") }];
    host.begin(1, CallRequest { budgets: vec!["tenant".into()], ..CallRequest::new(targets) });
    host.run();
    assert!(matches!(host.ends[&1].outcome.clone().unwrap_err().reason, Reason::Budget(_)));
    assert_eq!(models(&host), ["a"]);
    let account = host.gateway.budgets().account("tenant").unwrap();
    assert_eq!((account.spent.usd_nanos, account.spent.calls, account.reserved.usd_nanos), (0, 1, 0));
}

#[test]
fn a_provider_that_asks_for_too_long_a_wait_is_left() {
    let mut host =
        Host::new(|_, target| if &*target.model == "a" { Answer::Later(1, FailureClass::Rate, 61_000) } else { Answer::Done(1) });
    host.begin(1, request(&["a", "b"]));
    host.run();
    let first = &host.ends[&1].record.attempts[0];
    assert_eq!((first.next, first.retry_after), (Next::Fallback(1, Why::RetryAfterTooLong), Some(Duration::from_secs(61))));
    assert_eq!(host.ends[&1].at, 2);
}
