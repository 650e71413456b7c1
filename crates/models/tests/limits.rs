// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! That no window is ever overdrawn, that none is left unused, and what the headers of real providers do to a limit.

#![expect(clippy::panic, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on says so")]

use models::{Admission, Gauge, Limiter, Limits, Reservation, Tokens};
use proptest::collection::vec;
use proptest::prelude::*;
use std::num::NonZeroU64;
use std::time::Duration;
use stdx::Timestamp;

const MINUTE: u64 = 60_000;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_micros(ms * 1000)
}

fn minute(requests: Option<u64>, tokens: Option<u64>) -> Limits {
    Limits {
        requests_per_minute: requests.and_then(NonZeroU64::new),
        tokens_per_minute: tokens.and_then(NonZeroU64::new),
        ..Limits::default()
    }
}

fn tokens(input: u64, output: u64) -> Tokens {
    Tokens { input, output }
}

fn admitted(limiter: &mut Limiter, ms: u64, tokens: Tokens) -> Reservation {
    match limiter.reserve(at(ms), tokens) {
        Admission::Now(reservation) => reservation,
        other => panic!("at {ms}: {other:?}"),
    }
}

/// When a request of this size would be admitted: in milliseconds, with what it waits for.
fn when(limiter: &mut Limiter, ms: u64, tokens: Tokens) -> (u64, Option<Gauge>) {
    match limiter.reserve(at(ms), tokens) {
        Admission::At(at, gauge) => (at.micros() / 1000, gauge),
        other => panic!("at {ms}: {other:?}"),
    }
}

fn level(limiter: &Limiter, ms: u64, gauge: Gauge) -> (u64, Option<u64>) {
    let levels = limiter.levels(at(ms));
    levels.iter().find(|level| level.gauge == gauge).map_or((0, None), |level| (level.used, level.limit))
}

#[test]
fn each_limit_holds_by_itself() {
    let mut limiter = Limiter::new(minute(Some(2), Some(100)));
    let first = admitted(&mut limiter, 0, tokens(10, 50));
    assert_eq!(when(&mut limiter, 10, tokens(0, 41)), (MINUTE, Some(Gauge::Tokens)));
    let second = admitted(&mut limiter, 20, tokens(0, 40));
    assert_eq!(when(&mut limiter, 30, tokens(0, 0)), (MINUTE, Some(Gauge::Requests)));
    limiter.settle(first, tokens(10, 5), at(40));
    limiter.settle(second, tokens(0, 40), at(50));
    // What was reserved and not used stays charged: the provider let the request in for all of it.
    assert_eq!((level(&limiter, 50, Gauge::Tokens), limiter.in_flight()), ((100, Some(100)), 0));
    assert_eq!(when(&mut limiter, 60, tokens(45, 0)), (MINUTE, Some(Gauge::Requests)));
    let reservation = admitted(&mut limiter, MINUTE, tokens(60, 0));
    limiter.release(reservation);
    assert_eq!(level(&limiter, MINUTE, Gauge::Requests), (1, Some(2)));
}

#[test]
fn input_output_days_and_places_are_limits_too() {
    let limits = Limits {
        input_tokens_per_minute: NonZeroU64::new(10),
        output_tokens_per_minute: NonZeroU64::new(5),
        requests_per_day: NonZeroU64::new(3),
        concurrent: NonZeroU64::new(2),
        ..Limits::default()
    };
    let mut limiter = Limiter::new(limits);
    let first = admitted(&mut limiter, 0, tokens(8, 1));
    assert_eq!(when(&mut limiter, 1, tokens(3, 0)), (MINUTE, Some(Gauge::InputTokens)));
    assert_eq!(when(&mut limiter, 1, tokens(1, 5)), (MINUTE, Some(Gauge::OutputTokens)));
    let second = admitted(&mut limiter, 2, tokens(1, 1));
    assert!(matches!(limiter.reserve(at(3), tokens(0, 0)), Admission::Full));
    limiter.settle_whole(first, at(4));
    let reservation = admitted(&mut limiter, 5, tokens(0, 0));
    limiter.settle_whole(reservation, at(6));
    limiter.settle_whole(second, at(6));
    assert_eq!(when(&mut limiter, 7, tokens(0, 0)), (24 * 60 * MINUTE, Some(Gauge::DailyRequests)));
}

#[test]
fn who_is_larger_than_a_limit_is_told_so_at_once() {
    let mut limiter = Limiter::new(minute(None, Some(100)));
    let Admission::Never(too_large) = limiter.reserve(at(0), tokens(60, 41)) else { panic!("it was not refused") };
    assert_eq!(
        too_large.to_string(),
        "the request needs 101 of 100 tokens per minute; shorten it, lower its `maxTokens`, or raise the limit"
    );
    let reservation = admitted(&mut limiter, 0, tokens(60, 40));
    limiter.release(reservation);
}

#[test]
fn an_overrun_is_charged_to_those_who_follow() {
    let mut limiter = Limiter::new(minute(None, Some(100)));
    let first = admitted(&mut limiter, 0, tokens(10, 10));
    limiter.settle(first, tokens(10, 100), at(1000));
    assert_eq!((level(&limiter, 1000, Gauge::Tokens).0, limiter.overruns()), (110, 1));
    assert_eq!([MINUTE - 1, MINUTE, MINUTE + 1000].map(|ms| level(&limiter, ms, Gauge::Tokens).0), [110, 90, 0]);
    assert_eq!(when(&mut limiter, 1000, tokens(10, 0)), (MINUTE, Some(Gauge::Tokens)));
    assert_eq!(when(&mut limiter, 1000, tokens(11, 0)), (MINUTE + 1000, Some(Gauge::Tokens)));
}

#[test]
fn silence_that_was_asked_for_is_kept_and_a_clock_that_goes_back_stands_still() {
    let mut limiter = Limiter::new(minute(Some(1), None));
    limiter.hold(at(500));
    limiter.hold(at(200));
    assert_eq!(when(&mut limiter, 100, tokens(0, 0)), (500, None));
    let reservation = admitted(&mut limiter, 500, tokens(0, 0));
    limiter.settle_whole(reservation, at(600));
    assert_eq!(when(&mut limiter, 0, tokens(0, 0)), (MINUTE + 500, Some(Gauge::Requests)));
}

fn observe(limiter: &mut Limiter, ms: u64, headers: &[(&str, &str)]) {
    limiter.observe(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value), at(ms));
}

#[test]
fn headers_tighten_and_loosen_a_limit_up_to_what_was_configured() {
    let mut limiter = Limiter::new(minute(Some(100), None));
    for (said, holds) in [("60", 60), ("500", 100), ("0", 100), ("-1", 100), ("many", 100), ("80", 80)] {
        observe(&mut limiter, 0, &[("x-ratelimit-limit-requests", said), ("x-ratelimit-remaining-requests", said)]);
        assert_eq!(level(&limiter, 0, Gauge::Requests), (0, Some(holds)), "{said}");
    }
    // What nobody configured is what the provider says.
    observe(&mut limiter, 0, &[("x-ratelimit-limit-tokens", "30000"), ("x-ratelimit-remaining-tokens", "30000")]);
    assert_eq!(level(&limiter, 0, Gauge::Tokens), (0, Some(30_000)));
}

#[test]
fn what_others_use_with_the_same_key_is_seen_in_the_headers() {
    for (reset, ends) in [("20ms", 20), ("1s", 1000), ("0m1.5s", 1500), ("6m0s", MINUTE), ("2", 2000), ("", MINUTE)] {
        let mut limiter = Limiter::new(Limits::default());
        let reservation = admitted(&mut limiter, 0, tokens(100, 0));
        limiter.settle_whole(reservation, at(0));
        let headers = [("x-ratelimit-limit-tokens", "1000"), ("x-ratelimit-remaining-tokens", "300"), ("x-ratelimit-reset-tokens", reset)];
        observe(&mut limiter, 0, &headers);
        assert_eq!(level(&limiter, 0, Gauge::Tokens), (700, Some(1000)), "{reset}");
        // A hundred are ours and stay for a minute; what others used leaves evenly.
        assert_eq!(when(&mut limiter, 0, tokens(600, 0)), (ends / 2, Some(Gauge::Tokens)), "{reset}");
        assert_eq!(when(&mut limiter, 0, tokens(900, 0)), (ends, Some(Gauge::Tokens)), "{reset}");
        assert_eq!(level(&limiter, ends / 2, Gauge::Tokens).0, 400, "{reset}");
    }
}

#[test]
fn anthropic_tells_input_and_output_apart() {
    let mut limiter = Limiter::new(Limits::default());
    // 2026-01-01T00:00:00Z
    let now = 1_767_225_600_000;
    let headers = [
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:03Z"),
        ("anthropic-ratelimit-input-tokens-limit", "30000"),
        ("anthropic-ratelimit-input-tokens-remaining", "29000"),
        ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ("anthropic-ratelimit-output-tokens-remaining", "8000"),
        ("anthropic-ratelimit-tokens-limit", "8000"),
        ("anthropic-ratelimit-tokens-remaining", "8000"),
    ];
    observe(&mut limiter, now, &headers);
    assert_eq!(level(&limiter, now, Gauge::InputTokens), (1000, Some(30_000)));
    assert_eq!(level(&limiter, now, Gauge::OutputTokens), (0, Some(8000)));
    assert_eq!(level(&limiter, now, Gauge::Tokens), (0, None));
    // Fifty come back within three seconds, so the first of them soon.
    assert_eq!(when(&mut limiter, now, tokens(20_000, 0)), (now + 60, Some(Gauge::Requests)));
    let mut limiter = Limiter::new(Limits::default());
    observe(&mut limiter, now, &headers[7..]);
    assert_eq!(level(&limiter, now, Gauge::Tokens), (0, Some(8000)));
}

#[test]
fn some_count_requests_by_the_day() {
    let mut limiter = Limiter::new(Limits { request_headers_per_day: true, ..Limits::default() });
    observe(&mut limiter, 0, &[("x-ratelimit-limit-requests", "14400"), ("x-ratelimit-remaining-requests", "14370")]);
    assert_eq!(level(&limiter, 0, Gauge::DailyRequests), (30, Some(14_400)));
    assert_eq!(level(&limiter, 0, Gauge::Requests), (0, None));
}

#[test]
fn with_good_estimates_a_limit_is_used() {
    for limit in [20, 60, 500, 6000] {
        // Requests of a twentieth of the limit at most, each of another size.
        for (limits, share) in [(minute(Some(limit), None), 0), (minute(None, Some(limit * 100)), limit * 5)] {
            let mut limiter = Limiter::new(limits);
            let (mut now, mut used, mut number) = (0, 0, 0_u64);
            loop {
                number += 1;
                let size = if share == 0 { 0 } else { 1 + number * 7919 % share };
                loop {
                    match limiter.reserve(at(now), tokens(size, 0)) {
                        Admission::Now(reservation) => break limiter.settle_whole(reservation, at(now)),
                        Admission::At(later, _) => now = later.micros() / 1000,
                        other => panic!("{other:?}"),
                    }
                }
                if now >= 10 * MINUTE {
                    break;
                }
                used += size.max(1);
            }
            let possible = 10 * if share == 0 { limit } else { limit * 100 };
            assert!(used * 100 >= possible * 95 && used <= possible, "{limit}: {used} of {possible}");
        }
    }
}

/// What was admitted, as the simplest arithmetic has it.
#[derive(Debug)]
struct Charge {
    at: u64,
    tokens: u64,
}

fn sum(charges: &[Charge], now: u64) -> (u64, u64) {
    let live = charges.iter().filter(|charge| charge.at <= now && charge.at + MINUTE > now);
    live.fold((0, 0), |(requests, tokens), charge| (requests + 1, tokens + charge.tokens))
}

proptest! {
    /// Steps: how long after the one before, how large, how much of it is used (per cent), and after how many others that is known.
    #[test]
    fn no_window_is_overdrawn_and_none_closed_that_is_open(
        steps in vec((0..6000u64, 0..400u64, 0..=100u64, 0..12usize), 1..120),
        requests in 1..30u64,
        most in 400..3000u64,
    ) {
        let mut limiter = Limiter::new(minute(Some(requests), Some(most)));
        let (mut now, mut charges) = (0, Vec::<Charge>::new());
        let mut open: Vec<(usize, u64, Reservation)> = Vec::new();
        for (number, (gap, size, percent, delay)) in steps.into_iter().enumerate() {
            now += gap;
            while let Some(index) = open.iter().position(|(due, ..)| *due <= number) {
                let (_, used, reservation) = open.swap_remove(index);
                limiter.settle(reservation, tokens(used, 0), at(now));
            }
            let fits = |charges: &[Charge], then| {
                let (count, tokens) = sum(charges, then);
                count < requests && tokens + size <= most
            };
            match limiter.reserve(at(now), tokens(size, 0)) {
                Admission::Now(reservation) => {
                    prop_assert!(fits(&charges, now));
                    charges.push(Charge { at: now, tokens: size });
                    open.push((number + delay, size * percent / 100, reservation));
                }
                Admission::At(later, _) => {
                    let earliest = charges.iter().map(|charge| charge.at + MINUTE).find(|then| *then > now && fits(&charges, *then));
                    prop_assert!(!fits(&charges, now));
                    prop_assert_eq!(Some(later), earliest.map(at));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        // Within any minute the larger of what was reserved and what was used is within the limit.
        for charge in &charges {
            let (count, tokens) = sum(&charges, charge.at);
            prop_assert!(count <= requests && tokens <= most);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// The same for many more than a window remembers one by one.
    #[test]
    fn a_crowded_window_is_not_overdrawn_either(gaps in vec(0..40u64, 4000..6000), most in 1500..3000u64) {
        let mut limiter = Limiter::new(minute(Some(most), None));
        let (mut now, mut sent) = (0, Vec::new());
        for gap in gaps {
            now += gap;
            if let Admission::Now(reservation) = limiter.reserve(at(now), tokens(0, 0)) {
                limiter.settle_whole(reservation, at(now));
                sent.push(now);
            } else {
                // It leaves late by a thousandth of a minute and its own gaps, no more.
                let before = sent.len() - sent.partition_point(|then| *then + MINUTE + 100 <= now);
                prop_assert!(before as u64 >= most, "{} of {}", before, most);
            }
        }
        for (index, then) in sent.iter().enumerate() {
            let within = index + 1 - sent.partition_point(|other| *other + MINUTE <= *then);
            prop_assert!(within as u64 <= most);
        }
    }
}

#[test]
fn a_wait_is_never_longer_than_a_window() {
    let mut limiter = Limiter::new(minute(Some(1), None));
    let reservation = admitted(&mut limiter, 0, tokens(0, 0));
    limiter.settle_whole(reservation, at(0));
    observe(
        &mut limiter,
        0,
        &[("x-ratelimit-limit-requests", "10"), ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "9h")],
    );
    let (later, _) = when(&mut limiter, 0, tokens(0, 0));
    assert_eq!(Duration::from_millis(later), Duration::from_mins(1));
}
