// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a call asks for, and where it is.

use super::ids::{Place, RouteIndex};
use super::record::{Attempt, Next, Skipped, Why};
use crate::limits::Reservation;
use crate::{BudgetReservation, FailureClass, RetryPolicy, Spend, Tokens};
use std::collections::BTreeSet;
use std::sync::Arc;
use stdx::Timestamp;

/// A model that may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whose model.
    pub provider: Arc<str>,
    /// Which model.
    pub model: Arc<str>,
    /// What the request has, and the most that the answer may have.
    pub tokens: Tokens,
    /// The most that it may cost, in nano-dollars.
    pub usd_nanos: u64,
    /// How many tokens a request and its answer have together at most, where that is known.
    pub window: Option<u64>,
    /// It is there for requests that turn out too large for the others, and for nothing else. It stands after them.
    pub larger_context: bool,
}

/// What a call asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRequest {
    /// Who may answer: the first, and those to fall back to, in this order.
    pub targets: Vec<Target>,
    /// The failures after which the next target is tried. On `Context` the next that may have more room is tried in any case.
    pub fallback_on: BTreeSet<FailureClass>,
    /// How often each target is tried.
    pub retry: RetryPolicy,
    /// Whose budgets pay.
    pub budgets: Vec<Arc<str>>,
    /// When the answer is of no use any more.
    pub deadline: Option<Timestamp>,
    /// What chance makes of its waits: different from call to call and from process to process, so that those who fail together do not come back together.
    pub seed: u64,
    /// Higher goes first: one more is worth [`CallRequest::HEAD_START`] of waiting, so that nobody waits for ever. Within ±1000.
    pub priority: i32,
    /// Whether the caller can take back what was delivered: then a failure after the first token is as one before it.
    pub restarts: bool,
}

impl CallRequest {
    /// What it asks with the usual policy: retried at each target, and elsewhere after whatever is the provider's fault.
    pub fn new(targets: Vec<Target>) -> Self {
        use FailureClass::{Auth, Network, Overload, Quota, Rate};
        Self {
            targets,
            fallback_on: BTreeSet::from([Rate, Quota, Auth, Overload, Network]),
            retry: RetryPolicy::default(),
            budgets: Vec::new(),
            deadline: None,
            seed: 0,
            priority: 0,
            restarts: false,
        }
    }
}

/// A call that has not finished.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: CallRequest,
    pub(super) place: Place,
    pub(super) target: usize,
    pub(super) route: RouteIndex,
    /// Attempts at this target.
    pub(super) tries: u32,
    /// Of these: not answered in time.
    pub(super) late: u32,
    /// Since when nothing of it has been under way.
    pub(super) idle_since: Timestamp,
    pub(super) state: State,
    /// A target said that the request is too large for it.
    pub(super) outgrown: Option<Outgrown>,
    /// An answer was begun and never came whole: what it cost, nobody says.
    pub(super) cut_off: bool,
    /// What attempts cost that failed.
    pub(super) spent: Spend,
    pub(super) budget: BudgetReservation,
    pub(super) attempts: Vec<Attempt>,
    pub(super) skipped: Vec<Skipped>,
}

/// What is known of the size of a request that was too large.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgrown {
    /// The largest known window that has no room for it; 0: of those that refused it no window is known.
    window: u64,
}

#[derive(Debug)]
pub(super) enum State {
    /// In the queue of its route.
    Waiting,
    /// Between two attempts.
    Resting { until: Timestamp },
    /// Under way.
    Sent(Sent),
}

#[derive(Debug)]
pub(super) struct Sent {
    pub(super) begun: Timestamp,
    pub(super) reservation: Reservation,
    pub(super) probe: bool,
    /// A part of the answer is with the caller. It cannot be taken back by asking again, unless the caller says so.
    pub(super) delivering: bool,
}

impl Call {
    pub(super) fn at(&self) -> Option<&Target> {
        self.request.targets.get(self.target)
    }

    pub(super) fn tokens(&self) -> Tokens {
        self.at().map_or_else(Tokens::default, |target| target.tokens)
    }

    /// The most that an attempt at its target may cost.
    pub(super) fn estimate(&self) -> Spend {
        self.at().map_or_else(Spend::default, Target::spend)
    }

    /// The number of the attempt that is under way or was last.
    pub(super) fn attempt(&self) -> u32 {
        let ended = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        ended.saturating_add(u32::from(matches!(self.state, State::Sent(_))))
    }

    /// Its target has no room for it.
    pub(super) fn outgrow(&mut self) {
        let before = self.outgrown.map_or(0, |outgrown| outgrown.window);
        let window = self.at().and_then(|target| target.window).unwrap_or(0);
        self.outgrown = Some(Outgrown { window: window.max(before) });
    }

    /// What comes next, if it is not another attempt at the same target.
    pub(super) fn elsewhere(&self, class: FailureClass, why: Why) -> Next {
        self.fallback(class).map_or(Next::GiveUp(why), |target| Next::Fallback(target, why))
    }

    /// Where to go after a failure of this class, if anywhere. One that was too large somewhere goes only where there may be more room.
    pub(super) fn fallback(&self, class: FailureClass) -> Option<usize> {
        let fits = |target: &Target| match self.outgrown {
            None => !target.larger_context,
            Some(outgrown) => target.window.is_none_or(|window| window > outgrown.window),
        };
        let leads_elsewhere = class == FailureClass::Context || self.request.fallback_on.contains(&class);
        let mut rest = self.request.targets.iter().enumerate().skip(self.target + 1);
        leads_elsewhere.then(|| rest.find(|(_, target)| fits(target)).map(|(index, _)| index))?
    }
}

impl Target {
    pub(super) fn spend(&self) -> Spend {
        Spend { usd_nanos: self.usd_nanos, tokens: self.tokens.input.saturating_add(self.tokens.output), calls: 1 }
    }
}
