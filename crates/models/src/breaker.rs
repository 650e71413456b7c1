// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Keeps calls away from a model whose provider is at fault, or accepts none of ours.
//!
//! ```text
//! Closed --so large a share of the answers in the window were faults--> Open --cool-down over, one asks--> HalfOpen
//! HalfOpen --its probe was answered--> Closed
//! HalfOpen --its probe met a fault--> Open, for longer
//! any --quota or key refused--> Open, for long, or until `reset`
//! ```
//! Only overload and network are faults. Whatever else is answered shows that the provider is there.

use crate::FailureClass;
use std::collections::VecDeque;
use std::time::Duration;
use stdx::Timestamp;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// How far back answers count.
    pub window: Duration,
    /// Fewer answers than this in the window say nothing.
    pub requests_min: u32,
    /// The share of faults that opens it, in per cent.
    pub fault_percent: u32,
    /// How long it stays open at first; twice as long with each probe that fails.
    pub cool_down: Duration,
    /// The longest it becomes.
    pub cool_down_max: Duration,
    /// How long it stays open where the key or the quota was refused, which seldom heals by itself.
    pub refused_cool_down: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            window: Duration::from_mins(1),
            requests_min: 20,
            fault_percent: 50,
            cool_down: Duration::from_secs(10),
            cool_down_max: Duration::from_mins(5),
            refused_cool_down: Duration::from_mins(5),
        }
    }
}

/// What a breaker is at, for those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// None passes.
    Open(Shut),
    /// One is under way to see whether the provider is there again.
    HalfOpen(Shut),
}

/// Why calls do not pass, and when one may again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shut {
    /// What opened it last.
    pub class: FailureClass,
    /// When the next probe may go; an instant that has passed: one is under way.
    pub until: Timestamp,
}

/// Whether a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Pass,
    /// It may, and what becomes of it decides about the others.
    Probe,
    /// It may not.
    Shut(Shut),
}

/// The breaker of one model.
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: BreakerState,
    /// How long it was open last.
    cool_down: Duration,
    answers: Answers,
}

impl Breaker {
    /// Closed.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self { cool_down: policy.cool_down, policy, state: BreakerState::Closed, answers: Answers::default() }
    }

    /// What it is at.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether a call may pass now. Asking changes nothing: a call that goes says so by [`Breaker::pass`].
    pub fn gate(&self, now: Timestamp) -> Gate {
        match self.state {
            BreakerState::Closed => Gate::Pass,
            BreakerState::Open(shut) if shut.until <= now => Gate::Probe,
            BreakerState::Open(shut) | BreakerState::HalfOpen(shut) => Gate::Shut(shut),
        }
    }

    /// A call goes through the gate; says whether it is the probe.
    pub fn pass(&mut self, now: Timestamp) -> bool {
        match (self.gate(now), self.state) {
            (Gate::Probe, BreakerState::Open(shut)) => {
                self.state = BreakerState::HalfOpen(shut);
                true
            }
            (Gate::Pass | Gate::Probe | Gate::Shut(_), _) => false,
        }
    }

    /// A call that had passed was answered.
    pub fn answered(&mut self, probe: bool, now: Timestamp) {
        match self.state {
            BreakerState::HalfOpen(_) if probe => self.reset(),
            BreakerState::Closed => self.answers.count(&self.policy, now, false),
            // Who left before it opened says nothing about now.
            BreakerState::Open(_) | BreakerState::HalfOpen(_) => {}
        }
    }

    /// A call that had passed failed.
    pub fn failed(&mut self, class: FailureClass, probe: bool, now: Timestamp) {
        match class {
            FailureClass::Auth | FailureClass::Quota => self.open(class, self.policy.refused_cool_down, now),
            FailureClass::Overload | FailureClass::Network => self.fault(class, probe, now),
            FailureClass::Rate | FailureClass::Context | FailureClass::Content | FailureClass::Invalid => self.answered(probe, now),
        }
    }

    /// A call that had passed was given up before it was answered; if it was the probe, the next may be one.
    pub fn withdrawn(&mut self, probe: bool) {
        match self.state {
            BreakerState::HalfOpen(shut) if probe => self.state = BreakerState::Open(shut),
            BreakerState::Closed | BreakerState::Open(_) | BreakerState::HalfOpen(_) => {}
        }
    }

    /// What was wrong has been put right: calls pass.
    pub fn reset(&mut self) {
        self.state = BreakerState::Closed;
        self.cool_down = self.policy.cool_down;
        self.answers = Answers::default();
    }

    fn fault(&mut self, class: FailureClass, probe: bool, now: Timestamp) {
        match self.state {
            BreakerState::Closed => {
                self.answers.count(&self.policy, now, true);
                if self.answers.are_bad(&self.policy) {
                    self.open(class, self.cool_down, now);
                }
            }
            BreakerState::HalfOpen(_) if probe => {
                self.cool_down = self.cool_down.saturating_mul(2).min(self.policy.cool_down_max);
                self.open(class, self.cool_down, now);
            }
            BreakerState::Open(_) | BreakerState::HalfOpen(_) => {}
        }
    }

    fn open(&mut self, class: FailureClass, cool_down: Duration, now: Timestamp) {
        self.state = BreakerState::Open(Shut { class, until: now.after(cool_down) });
        self.answers = Answers::default();
    }
}

/// Answers of the window, counted in tenths of it: when one leaves does not matter to the second.
#[derive(Debug, Default)]
struct Answers {
    tenths: VecDeque<Tenth>,
}

#[derive(Debug)]
struct Tenth {
    began: Timestamp,
    all: u64,
    faults: u64,
}

impl Answers {
    fn count(&mut self, policy: &BreakerPolicy, now: Timestamp, fault: bool) {
        while self.tenths.pop_front_if(|tenth| tenth.began.after(policy.window) <= now).is_some() {}
        if self.tenths.back().is_none_or(|tenth| now.since(tenth.began) >= policy.window / 10) {
            self.tenths.push_back(Tenth { began: now, all: 0, faults: 0 });
        }
        if let Some(tenth) = self.tenths.back_mut() {
            tenth.all += 1;
            tenth.faults += u64::from(fault);
        }
    }

    fn are_bad(&self, policy: &BreakerPolicy) -> bool {
        let (all, faults) = self.tenths.iter().fold((0, 0), |(all, faults), tenth| (all + tenth.all, faults + tenth.faults));
        all >= u64::from(policy.requests_min) && faults * 100 >= all * u64::from(policy.fault_percent)
    }
}
