// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Sends calls to models: when, to which, again or not. A pure machine; the host does what it says and tells what happened.
//!
//! ```text
//! begin ─▶ Waiting ─limit, breaker─▶ Sent ─answered─▶ finished well
//!             ▲                       │ failed
//!             │ its time comes        ├─ may go well here ─▶ Resting ─┐
//!             ├───────────────────────┼───────────────────────────────┘
//!             └── at another target ──┤ there is a target for that failure
//!                                     └─ else ─▶ finished badly
//! ```
//! Each target is tried up to `max_attempts` times. After the first token nothing is tried again, there or elsewhere, unless the caller can
//! take back what it was given. Those who wait for one model go in the order in which they came, a call between two attempts keeping its
//! place; a higher priority is a head start of so many seconds, so that nobody is overtaken for ever. A call that no limit has room for, or
//! whose breaker is open, moves on at once.
//!
//! A call is paid for from its budgets once, with what its target may cost; budgets end a call, they do not send it elsewhere. What an
//! attempt cost that failed is what its host knows of it; else one that failed before its first token is taken for nothing, and one that was
//! cut off later for all that was reserved. Before another attempt is made the budgets must have room for it beside that.

mod call;
mod ids;
mod record;
mod route;
mod steps;
mod waiting;

pub use call::{CallRequest, Target};
pub use ids::{AttemptId, CallId};
pub use record::{Attempt, AttemptResult, Awaited, CallRecord, Command, GaveUp, Next, Obstacle, Reason, Skipped, Why};
pub use route::{Counts, RouteStatistics};
pub use waiting::CallWait;

use crate::{BreakerPolicy, Budgets, FailureClass, Limits, Spend, Tokens, Usage};
use call::{Call, State};
use ids::RouteIndex;
use route::Routes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// What kind of failure.
    pub class: FailureClass,
    /// Whether the same target is to be asked again, whatever the class says: the provider may say it itself. Others are asked as the class says.
    pub again: Option<bool>,
    /// No answer came in time. The provider may have worked on it, and may go on: it is paid for as an answer that was cut off, and is asked
    /// again only if it answers others in time, or if the policy says so.
    pub timed_out: bool,
    /// What the provider asked to wait.
    pub retry_after: Option<Duration>,
    /// What to tell people, without secrets.
    pub message: String,
    /// What it cost, where the provider says so, or where a part of an answer shows it. It is paid beside what comes after.
    pub spent: Option<Spend>,
}

/// All calls of one process. Every method that has a `now` is total: what comes late, twice or about an unknown attempt is ignored, and a
/// clock that goes back stands still.
#[derive(Debug, Default)]
pub struct Gateway {
    routes: Routes,
    calls: BTreeMap<CallId, Call>,
    budgets: Budgets,
    alarms: BTreeSet<(Timestamp, Alarm)>,
    /// Routes in which somebody may be able to go.
    stirred: BTreeSet<RouteIndex>,
    commands: Vec<Command>,
    arrivals: u64,
    now: Timestamp,
}

/// What is due at an instant: a deadline before anything that would be sent then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    Deadline(CallId),
    Retry(CallId),
    Room(RouteIndex),
}

impl CallRequest {
    /// How much earlier a call counts as having come, for each step of priority.
    pub const HEAD_START: Duration = Duration::from_secs(30);
    const PRIORITY_MAX: i32 = 1000;
}

impl Gateway {
    /// How often a call is sent again to a model that has not answered it in time, and answers others.
    pub(crate) const LATE_MAX: u32 = 2;
    /// Within this long it answers others.
    pub(crate) const LATELY: Duration = Duration::from_mins(1);

    /// Without limits and budgets, until they are set.
    pub fn new(breakers: BreakerPolicy) -> Self {
        Self { routes: Routes::new(breakers), ..Self::default() }
    }

    /// Sets what a provider allows for a model.
    pub fn limit(&mut self, provider: &Arc<str>, model: &Arc<str>, limits: Limits, now: Timestamp) -> Vec<Command> {
        let index = self.routes.named(provider, model);
        if let Some(route) = self.routes.get(index) {
            route.limiter.configure(limits);
        }
        self.stirred.insert(index);
        self.turn(now)
    }

    /// What was wrong with a model (its key, its quota) has been put right.
    pub fn reset(&mut self, provider: &Arc<str>, model: &Arc<str>) {
        let index = self.routes.named(provider, model);
        if let Some(route) = self.routes.get(index) {
            route.breaker.reset();
        }
    }

    /// The budgets, to be set, charged and looked at.
    pub fn budgets(&mut self) -> &mut Budgets {
        &mut self.budgets
    }

    /// A call comes. One whose number is in use is ignored.
    pub fn begin(&mut self, call: CallId, request: CallRequest, now: Timestamp) -> Vec<Command> {
        self.advance(now);
        if !self.calls.contains_key(&call) {
            self.arrive(call, request);
        }
        self.turn(now)
    }

    /// An attempt was answered, well or badly, with these headers: `headers` finds one by its name in lower case.
    pub fn headers<'a>(&mut self, id: AttemptId, headers: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Vec<Command> {
        self.advance(now);
        if let Some(index) = self.under_way(id).map(|call| call.route) {
            if let Some(route) = self.routes.get(index) {
                route.limiter.observe(headers, self.now);
            }
            self.stirred.insert(index);
        }
        self.turn(now)
    }

    /// The first part of the answer is on its way to the caller.
    pub fn first_token(&mut self, id: AttemptId, now: Timestamp) -> Vec<Command> {
        if let Some(State::Sent(sent)) = self.under_way(id).map(|call| &mut call.state) {
            sent.delivering = true;
        }
        self.turn(now)
    }

    /// An attempt was answered whole.
    pub fn done(&mut self, id: AttemptId, usage: Usage, usd_nanos: u64, now: Timestamp) -> Vec<Command> {
        self.advance(now);
        if self.under_way(id).is_some() {
            let spend = Spend { usd_nanos, tokens: usage.total_tokens(), calls: 1 };
            self.succeed(id.call, Tokens::from(usage), spend);
        }
        self.turn(now)
    }

    /// An attempt failed.
    pub fn failed(&mut self, id: AttemptId, failure: CallFailure, now: Timestamp) -> Vec<Command> {
        self.advance(now);
        if self.under_way(id).is_some() {
            self.fail(id.call, failure);
        }
        self.turn(now)
    }

    /// The caller wants the call no more.
    pub fn cancel(&mut self, call: CallId, now: Timestamp) -> Vec<Command> {
        self.advance(now);
        self.stop(call, |_| (Reason::Cancelled, "the call was cancelled".to_owned()));
        self.turn(now)
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Command> {
        self.turn(now)
    }

    /// When to [`Gateway::tick`] next, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.alarms.first().map(|(at, _)| *at)
    }

    /// Calls that have begun and not finished.
    pub fn unfinished(&self) -> usize {
        self.calls.len()
    }

    /// The models that are not asked now, by provider and name. Every selection looks at them, so this counts nothing and copies nothing.
    pub fn shut(&self, now: Timestamp) -> impl Iterator<Item = (&str, &str)> {
        self.routes.shut(self.now.max(now))
    }

    /// Every model that was limited or asked, by provider and name.
    pub fn statistics(&self, now: Timestamp) -> Vec<RouteStatistics> {
        self.routes.statistics(self.now.max(now))
    }

    fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.budgets.pass(self.now);
    }

    fn under_way(&mut self, id: AttemptId) -> Option<&mut Call> {
        let call = self.calls.get_mut(&id.call)?;
        (matches!(call.state, State::Sent(_)) && call.attempt() == id.attempt).then_some(call)
    }

    /// Does what is due, then lets go whoever may, until nothing moves.
    fn turn(&mut self, now: Timestamp) -> Vec<Command> {
        self.advance(now);
        loop {
            let now = self.now;
            let due = self.alarms.first().copied().filter(|(at, _)| *at <= now);
            if let Some(due @ (_, alarm)) = due {
                self.alarms.remove(&due);
                self.ring(alarm);
            } else if let Some(route) = self.stirred.pop_first() {
                self.let_go(route);
            } else {
                return std::mem::take(&mut self.commands);
            }
        }
    }
}
