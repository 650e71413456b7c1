// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What holds whatever is asked and whatever is answered; the host checks the rest. `PROPTEST_CASES` says how many are tried.

use crate::host::{Answer, Host, at, name, request, target};
use models::{BreakerPolicy, Budget, CallRequest, FailureClass, Limits, Spend, Target};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::num::NonZeroU64;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Move {
    Begin { models: Vec<usize>, larger: bool, attempts: u32, deadline: Option<u64>, priority: i32, paid: bool },
    Cancel(Index),
    Pass(u64),
    Limit(Limits),
}

const MODELS: [&str; 3] = ["a", "b", "c"];

fn limits() -> impl Strategy<Value = Limits> {
    let limit = |most: u64| prop_oneof![Just(None), (1..most).prop_map(NonZeroU64::new)];
    (limit(30), limit(3000), limit(5)).prop_map(|(requests_per_minute, tokens_per_minute, concurrent)| Limits {
        requests_per_minute,
        tokens_per_minute,
        concurrent,
        ..Limits::default()
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let deadline = prop_oneof![Just(None), (0..200_000u64).prop_map(Some)];
    let begin = (vec(0..3usize, 0..4), any::<bool>(), 1..4u32, deadline, -3..3i32, any::<bool>()).prop_map(
        |(models, larger, attempts, deadline, priority, paid)| Move::Begin { models, larger, attempts, deadline, priority, paid },
    );
    let one = prop_oneof![
        6 => begin,
        1 => any::<Index>().prop_map(Move::Cancel),
        3 => (0..20_000u64).prop_map(Move::Pass),
        1 => limits().prop_map(Move::Limit),
    ];
    vec(one, 1..80)
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    use FailureClass::{Auth, Content, Context, Invalid, Network, Overload, Quota, Rate};
    let class = || select(vec![Rate, Rate, Overload, Overload, Network, Network, Context, Context, Content, Invalid, Quota, Auth]);
    let one = prop_oneof![
        5 => (0..5000u64).prop_map(Answer::Done),
        4 => (0..5000u64, class()).prop_map(|(after, class)| Answer::Fail(after, class)),
        2 => (0..5000u64, class(), 1..80_000u64).prop_map(|(after, class, wait)| Answer::Later(after, class, wait)),
        1 => (0..5000u64).prop_map(Answer::Cut),
        1 => (0..5000u64).prop_map(Answer::Late),
        1 => (0..5000u64, class(), any::<Option<bool>>()).prop_map(|(after, class, again)| Answer::Told(after, class, again)),
        1 => Just(Answer::Silent),
    ];
    vec(one, 1..40)
}

fn asked(models: &[usize], larger: bool) -> CallRequest {
    let targets = models.iter().enumerate().map(|(place, model)| Target { larger_context: larger && place == 1, ..target(MODELS[*model]) });
    CallRequest { targets: targets.collect(), ..request(&[]) }
}

proptest! {
    #[test]
    fn every_call_finishes_once_and_everything_is_on_record(moves in moves(), answers in answers(), limits in limits()) {
        let mut number = 0;
        // What is never answered needs a deadline, which not every call has: it is answered late instead.
        let answer = move |_, _: &Target| {
            number += 1;
            match answers[number % answers.len()] {
                Answer::Silent => Answer::Done(300_000),
                answer @ (Answer::Done(_) | Answer::Fail(..) | Answer::Later(..) | Answer::Late(_) | Answer::Told(..) | Answer::Cut(_)) => answer,
            }
        };
        let mut host = Host::with(BreakerPolicy { requests_min: 4, cool_down: Duration::from_secs(2), ..BreakerPolicy::default() }, answer);
        host.gateway.budgets().set("tenant".into(), Budget { tokens: Some(2000), calls: Some(15), ..Budget::default() });
        host.gateway.limit(&name("p"), &name("a"), limits, at(0));
        let (mut calls, mut relimited) = (0, false);
        for step in moves {
            match step {
                Move::Begin { models, larger, attempts, deadline, priority, paid } => {
                    let mut request = asked(&models, larger);
                    request.retry.max_attempts = attempts;
                    request.deadline = deadline.map(|deadline| at(host.now + deadline));
                    request.priority = priority;
                    request.budgets = if paid { vec!["tenant".into()] } else { Vec::new() };
                    host.begin(calls, request);
                    calls += 1;
                }
                Move::Cancel(which) if calls > 0 => host.cancel(which.index(usize::try_from(calls).unwrap()) as u64),
                Move::Cancel(_) => {}
                Move::Pass(ms) => host.run_until(host.now + ms),
                Move::Limit(limits) => {
                    relimited = true;
                    let commands = host.gateway.limit(&name("p"), &name("b"), limits, at(host.now));
                    host.take(commands);
                }
            }
            let account = *host.gateway.budgets().account("tenant").unwrap();
            prop_assert!(account.spent.tokens + account.reserved.tokens <= 2000 && account.spent.calls + account.reserved.calls <= 15);
        }
        host.run();
        prop_assert_eq!(host.ends.len() as u64, calls);
        prop_assert_eq!(host.gateway.budgets().account("tenant").unwrap().reserved, Spend::default());
        let most = host.most.get("a").copied().unwrap_or(0) as u64;
        prop_assert!(limits.concurrent.is_none_or(|limit| most <= limit.get()), "{} at once", most);
        let sends: Vec<u64> = host.sends.iter().filter(|(_, _, model)| &**model == "a").map(|(at, ..)| *at).collect();
        for then in &sends {
            let within = sends.iter().filter(|other| **other <= *then && **other + 60_000 > *then).count() as u64;
            prop_assert!(limits.requests_per_minute.is_none_or(|limit| within <= limit.get()), "{} in a minute", within);
        }
        // Three attempts at most at each target.
        prop_assert!(relimited || host.ends.values().all(|end| end.record.attempts.len() <= 12));
    }
}
