// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The life of a breaker, told as what happens and what it is at then.

use models::{Breaker, BreakerPolicy, BreakerState, FailureClass, Gate};
use std::time::Duration;
use stdx::Timestamp;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// Plays words like `fault*10 8s pass answered`, and says what it is at after each line.
fn play(lines: &[&str]) -> Vec<String> {
    let mut breaker = Breaker::new(BreakerPolicy { requests_min: 10, cool_down_max: Duration::from_secs(30), ..BreakerPolicy::default() });
    let (mut now, mut probe) = (0, false);
    let mut told = Vec::new();
    for line in lines {
        for word in line.split(' ') {
            let (word, times) = word.split_once('*').unwrap_or((word, "1"));
            for _ in 0..times.parse().unwrap_or(1) {
                match word {
                    "answered" => breaker.answered(std::mem::take(&mut probe), at(now)),
                    "fault" => breaker.failed(FailureClass::Overload, std::mem::take(&mut probe), at(now)),
                    "cut" => breaker.failed(FailureClass::Network, std::mem::take(&mut probe), at(now)),
                    "rate" => breaker.failed(FailureClass::Rate, std::mem::take(&mut probe), at(now)),
                    "invalid" => breaker.failed(FailureClass::Invalid, std::mem::take(&mut probe), at(now)),
                    "quota" => breaker.failed(FailureClass::Quota, std::mem::take(&mut probe), at(now)),
                    "auth" => breaker.failed(FailureClass::Auth, std::mem::take(&mut probe), at(now)),
                    "withdrawn" => breaker.withdrawn(std::mem::take(&mut probe)),
                    "reset" => breaker.reset(),
                    "pass" => probe = breaker.pass(at(now)),
                    seconds => now += seconds.trim_end_matches('s').parse::<u64>().unwrap_or(0),
                }
            }
        }
        let state = match breaker.state() {
            BreakerState::Closed => "closed".to_owned(),
            BreakerState::Open(shut) => format!("open ({}) until {}s", shut.class, shut.until.micros() / 1_000_000),
            BreakerState::HalfOpen(shut) => format!("half-open ({})", shut.class),
        };
        let gate = match breaker.gate(at(now)) {
            Gate::Pass => "pass",
            Gate::Probe => "probe",
            Gate::Shut(_) => "shut",
        };
        told.push(format!("{state}, {gate}"));
    }
    told
}

#[test]
fn faults_open_it_when_they_are_many_among_enough() {
    assert_eq!(play(&["fault*9", "cut"]), ["closed, pass", "open (network) until 10s, shut"]);
    assert_eq!(play(&["answered*10 fault*9", "fault"]), ["closed, pass", "open (overload) until 10s, shut"]);
    // Nine in the window do not become ten by those that have left it.
    assert_eq!(play(&["fault*9 61s fault*9"]), ["closed, pass"]);
}

#[test]
fn what_is_not_the_provider_s_fault_counts_as_an_answer() {
    assert_eq!(play(&["rate*50 invalid*50 fault*99", "fault"]), ["closed, pass", "open (overload) until 10s, shut"]);
}

#[test]
fn one_probe_decides() {
    assert_eq!(
        play(&["fault*10", "10s", "pass", "1s pass fault", "pass", "answered"]),
        [
            "open (overload) until 10s, shut",
            "open (overload) until 10s, probe",
            "half-open (overload), shut",
            // The second that asks does not pass, and a fault of one that went before it opened says nothing.
            "half-open (overload), shut",
            "half-open (overload), shut",
            "half-open (overload), shut",
        ]
    );
    assert_eq!(play(&["fault*10 10s pass answered fault*9"]), ["closed, pass"]);
    assert_eq!(play(&["fault*10 10s pass rate"]), ["closed, pass"]);
}

#[test]
fn each_probe_that_fails_keeps_it_open_for_longer_up_to_a_limit() {
    assert_eq!(
        play(&["fault*10 10s pass fault", "20s pass fault", "30s pass fault", "30s pass answered fault*10"]),
        [
            "open (overload) until 30s, shut",
            "open (overload) until 60s, shut",
            "open (overload) until 90s, shut",
            // Once it has been closed it begins anew.
            "open (overload) until 100s, shut",
        ]
    );
}

#[test]
fn a_probe_that_is_given_up_leaves_its_turn_to_the_next() {
    assert_eq!(play(&["fault*10 10s pass withdrawn", "pass answered"]), ["open (overload) until 10s, probe", "closed, pass"]);
}

#[test]
fn a_refused_key_or_quota_opens_it_at_once_until_someone_says_so_or_for_long() {
    for word in ["quota", "auth"] {
        assert_eq!(
            play(&["answered*1000", word, "299s", "1s", "pass", word, "reset"]),
            [
                "closed, pass".to_owned(),
                format!("open ({word}) until 300s, shut"),
                format!("open ({word}) until 300s, shut"),
                format!("open ({word}) until 300s, probe"),
                format!("half-open ({word}), shut"),
                format!("open ({word}) until 600s, shut"),
                "closed, pass".to_owned(),
            ]
        );
    }
}
