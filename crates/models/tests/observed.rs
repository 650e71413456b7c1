// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is kept of calls that have ended.

use models::{Call, Cost, Figures, Observed, Outcome, Usage};
use std::time::Duration;

fn call(outcome: Outcome, millis: u64) -> Call {
    Call {
        outcome,
        latency: Duration::from_millis(millis),
        first_token: None,
        usage: Usage { input_tokens: 10, output_tokens: 100, ..Usage::default() },
        cost: Cost { nanos: 1_000, complete: true },
    }
}

fn after(calls: impl IntoIterator<Item = Call>) -> Figures {
    let mut observed = Observed::default();
    for call in calls {
        observed.record("acme", "swift", &call);
    }
    observed.figures("acme", "swift").expect("it was called").clone()
}

#[test]
fn calls_are_counted_by_whose_fault_they_failed() {
    let figures = after([
        call(Outcome::Succeeded, 100),
        call(Outcome::ProviderFailed, 9_000),
        call(Outcome::CallerFailed, 9_000),
        call(Outcome::Succeeded, 100),
    ]);
    assert_eq!((figures.calls(), figures.successes(), figures.failures()), (4, 2, 1));
    assert!((figures.reliability() - 12.0 / 13.0).abs() < 1e-12, "{}", figures.reliability());
    assert_eq!(figures.cost(), Cost { nanos: 4_000, complete: true });
    // Those that failed are not timed.
    assert!(figures.latency(1.0).expect("timed") < Duration::from_millis(113));
}

#[test]
fn a_latency_counts_as_measured_after_a_few_answers() {
    let some = after((0..Figures::MEASURED_MIN - 1).map(|_| call(Outcome::Succeeded, 250)));
    assert_eq!((some.latency(0.95), some.measured_latency(0.95)), (Some(Duration::from_millis(255)), None));
    let enough = after((0..Figures::MEASURED_MIN).map(|_| call(Outcome::Succeeded, 250)));
    assert_eq!(enough.measured_latency(0.95), Some(Duration::from_millis(255)));
}

#[test]
fn reliability_forgets_what_was_long_ago() {
    let bad = |count| (0..count).map(|_| call(Outcome::ProviderFailed, 1));
    let good = |count| (0..count).map(|_| call(Outcome::Succeeded, 1));
    assert!(after(bad(1_000)).reliability() < 0.1);
    let recovered = after(bad(1_000).chain(good(1_000)));
    assert!(recovered.reliability() > 0.95, "{}", recovered.reliability());
    assert_eq!(recovered.failures(), 1_000);
}

#[test]
fn speed_is_of_what_comes_after_the_first_token() {
    let streamed = Call { first_token: Some(Duration::from_millis(500)), ..call(Outcome::Succeeded, 1_500) };
    let figures = after([streamed]);
    assert_eq!((figures.tokens_per_second(), figures.first_token(0.5)), (Some(100.0), Some(Duration::from_millis(511))));
    let whole = after([streamed, call(Outcome::Succeeded, 500)]);
    // One that was not streamed writes all the time; it counts for a fifth.
    assert_eq!(whole.tokens_per_second(), Some(120.0));
    let instant = after([call(Outcome::Succeeded, 0)]);
    assert_eq!(instant.tokens_per_second(), None);
}

#[test]
fn one_unknown_price_leaves_the_sum_incomplete() {
    let unknown = Call { cost: Cost { nanos: 1, complete: false }, ..call(Outcome::Succeeded, 1) };
    let figures = after([call(Outcome::Succeeded, 1), unknown, call(Outcome::Succeeded, 1)]);
    assert_eq!(figures.cost(), Cost { nanos: 2_001, complete: false });
}

#[test]
fn models_are_told_apart_by_provider() {
    let mut observed = Observed::default();
    observed.record("resold", "swift", &call(Outcome::Succeeded, 1));
    observed.record("acme", "swift", &call(Outcome::Succeeded, 1));
    observed.record("acme", "swift", &call(Outcome::Succeeded, 1));
    let all: Vec<_> = observed.all().map(|(provider, model, figures)| (provider, model, figures.calls())).collect();
    assert_eq!(all, [("acme", "swift", 2), ("resold", "swift", 1)]);
    assert!(observed.figures("acme", "wise").is_none());
}
