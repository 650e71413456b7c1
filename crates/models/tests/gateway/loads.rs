// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Many calls: most go well though a fifth of all requests do not, and nobody looks at everyone for each of them.

use crate::host::{Answer, Host, at, name, request};
use crate::stopwatch::Stopwatch;
use models::{BreakerPolicy, CallId, Command, FailureClass, Gateway, Limits, Usage};
use std::num::NonZeroU64;
use std::time::Duration;

/// Far more than any of these takes on a slow machine, and far less than what grows with the square.
const PATIENCE: Duration = Duration::from_secs(20);

/// A sequence of numbers that look like chance (Steele, Lea, Flood 2014).
fn chance(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[test]
fn with_a_fifth_of_all_requests_failing_almost_every_call_goes_well() {
    for seed in [1, 2, 3] {
        let mut seed_now = seed;
        let mut host = Host::new(move |_, _| {
            let (drawn, after) = (chance(&mut seed_now) % 1000, 200 + chance(&mut seed_now) % 1800);
            match drawn {
                0..20 => Answer::Later(50, FailureClass::Rate, 1000),
                20..67 => Answer::Fail(50, FailureClass::Rate),
                67..134 => Answer::Fail(after, FailureClass::Overload),
                134..200 => Answer::Fail(10_000, FailureClass::Network),
                _ => Answer::Done(after),
            }
        });
        let limits = Limits { concurrent: NonZeroU64::new(100), requests_per_minute: NonZeroU64::new(3000), ..Limits::default() };
        host.gateway.limit(&name("p"), &name("a"), limits, at(0));
        for call in 0..10_000 {
            host.begin(call, request(&["a"]));
        }
        host.run();
        let well = host.ends.values().filter(|end| end.outcome.is_ok()).count();
        assert!(well >= 9950 && host.sends.len() > 12_000, "{well} of 10000 with {} requests, seed {seed}", host.sends.len());
    }
}

#[test]
fn ten_thousand_that_wait_cost_each_of_them_little() {
    let watch = Stopwatch::start();
    let mut gateway = Gateway::new(BreakerPolicy::default());
    gateway.limit(&name("p"), &name("a"), Limits { concurrent: NonZeroU64::new(1), ..Limits::default() }, at(0));
    let mut commands = Vec::new();
    for call in 0..10_000 {
        commands.extend(gateway.begin(CallId(call), request(&["a"]), at(0)));
    }
    // Each that is answered is replaced by another, so that as many go on waiting.
    let mut answered = 0;
    while let Some(command) = commands.pop() {
        let Command::Send { id, .. } = command else { continue };
        answered += 1;
        assert!(answered % 1024 > 0 || watch.taken() < PATIENCE, "it takes too long: {answered}");
        if answered <= 50_000 {
            commands.extend(gateway.begin(CallId(9_999 + answered), request(&["a"]), at(answered)));
            commands.extend(gateway.done(id, Usage::default(), 0, at(answered)));
        }
    }
    assert_eq!((answered, gateway.unfinished()), (50_001, 10_000));
}
