// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a call asks for, and where it is.

use super::record::{Attempt, Skipped};
use super::route::{Place, RouteIndex};
use crate::limits::Reservation;
use crate::{BudgetReservation, FailureClass, RetryPolicy, Spend, Tokens};
use std::collections::BTreeSet;
use std::sync::Arc;
use stdx::Timestamp;

/// The number of a call. The caller gives it, and it says what chance does to the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One sending of a call: what is told about another, earlier one is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// Which call.
    pub call: CallId,
    /// Which of its attempts, from 1, whatever the target.
    pub attempt: u32,
}

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
    /// It is there for requests that turn out too large for the others, and for nothing else.
    pub larger_context: bool,
}

/// What a call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRequest {
    /// Who may answer: the first, and those to fall back to, in this order.
    pub targets: Vec<Target>,
    /// The failures after which the next target is tried. A larger one is always tried on `Context`.
    pub fallback_on: BTreeSet<FailureClass>,
    /// How often each target is tried.
    pub retry: RetryPolicy,
    /// Whose budgets pay.
    pub budgets: Vec<Arc<str>>,
    /// When the answer is of no use any more.
    pub deadline: Option<Timestamp>,
    /// Higher goes first: one more is worth [`CallRequest::HEAD_START`] of waiting, so that nobody waits for ever. Within ±1000.
    pub priority: i32,
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
            priority: 0,
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
    /// Since when nothing of it has been under way.
    pub(super) idle_since: Timestamp,
    pub(super) state: State,
    /// An answer was begun and never came whole: what it cost, nobody says.
    pub(super) cut_off: bool,
    /// What attempts cost that failed.
    pub(super) spent: Spend,
    pub(super) budget: BudgetReservation,
    pub(super) attempts: Vec<Attempt>,
    pub(super) skipped: Vec<Skipped>,
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
    /// A part of the answer is with the caller: it cannot be taken back by asking again.
    pub(super) delivering: bool,
}

impl Call {
    pub(super) fn at(&self) -> Option<&Target> {
        self.request.targets.get(self.target)
    }

    pub(super) fn tokens(&self) -> Tokens {
        self.at().map_or_else(Tokens::default, |target| target.tokens)
    }

    /// The number of the attempt that is under way or was last.
    pub(super) fn attempt(&self) -> u32 {
        let ended = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        ended.saturating_add(u32::from(matches!(self.state, State::Sent(_))))
    }

    /// Where to go after a failure of this class, if anywhere. Who has come to the larger ones stays with them.
    pub(super) fn fallback(&self, class: FailureClass) -> Option<usize> {
        let larger_now = self.at().is_some_and(|target| target.larger_context);
        let find = |from: usize, larger: bool| {
            let mut rest = self.request.targets.iter().enumerate().skip(from);
            rest.find(|(_, target)| target.larger_context == larger).map(|(index, _)| index)
        };
        if class == FailureClass::Context {
            let larger = find(if larger_now { self.target + 1 } else { 0 }, true);
            if larger.is_some() {
                return larger;
            }
        }
        self.request.fallback_on.contains(&class).then(|| find(self.target + 1, larger_now))?
    }
}

impl Target {
    pub(super) fn spend(&self) -> Spend {
        Spend { usd_nanos: self.usd_nanos, tokens: self.tokens.input.saturating_add(self.tokens.output), calls: 1 }
    }
}
