// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One model of one provider: its limits, its breaker and who waits for it.

use super::ids::{CallId, Place, RouteIndex};
use super::record::{Awaited, Obstacle};
use crate::limits::{Admission, Reservation};
use crate::{Breaker, BreakerPolicy, BreakerState, FailureClass, Gate, Level, Limiter, Limits, Tokens};
use std::collections::BTreeMap;
use std::sync::Arc;
use stdx::Timestamp;

#[derive(Debug)]
pub(super) struct Route {
    pub(super) limiter: Limiter,
    pub(super) breaker: Breaker,
    pub(super) queue: BTreeMap<Place, CallId>,
    /// What the first waits for.
    pub(super) awaited: Awaited,
    pub(super) alarm: Option<Timestamp>,
    /// When it last answered well.
    pub(super) answered_at: Option<Timestamp>,
    pub(super) counts: Counts,
}

/// What has happened at one model since the process began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were sent.
    pub sent: u64,
    /// Of these: answered.
    pub answered: u64,
    /// Of these: stopped from here.
    pub aborted: u64,
    /// Of these: failed, by class.
    pub failed: BTreeMap<FailureClass, u64>,
    /// Calls that were not sent, by what stood in the way.
    pub skipped: u64,
}

/// One model as those who watch see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStatistics {
    /// Whose model.
    pub provider: Arc<str>,
    /// Which model.
    pub model: Arc<str>,
    /// Calls that wait for it now.
    pub waiting: usize,
    /// Requests that are under way now.
    pub in_flight: u64,
    /// Requests that used more tokens than were reserved for them.
    pub overruns: u64,
    /// What its breaker is at.
    pub breaker: BreakerState,
    /// How full its limits are.
    pub levels: Vec<Level>,
    /// What has happened.
    pub counts: Counts,
}

/// Whether the first of a queue may go.
pub(super) enum Entry {
    Go { reservation: Reservation, probe: bool },
    Wait(Option<Timestamp>),
    Blocked(Obstacle),
}

impl Route {
    fn new(limits: Limits, policy: BreakerPolicy) -> Self {
        Self {
            limiter: Limiter::new(limits),
            breaker: Breaker::new(policy),
            queue: BTreeMap::new(),
            awaited: Awaited::Turn,
            alarm: None,
            answered_at: None,
            counts: Counts::default(),
        }
    }

    /// What keeps a call of this size from ever being sent, as far as can be said now.
    pub(super) fn obstacle(&self, now: Timestamp, tokens: Tokens) -> Option<Obstacle> {
        if let Gate::Shut(shut) = self.breaker.gate(now) {
            return Some(Obstacle::Shut(shut));
        }
        self.limiter.never(tokens).map(Obstacle::TooLarge)
    }

    /// The first of the queue asks to be sent. The limiter is asked last, because it gives a place away.
    pub(super) fn admit(&mut self, now: Timestamp, tokens: Tokens) -> Entry {
        if let Some(obstacle) = self.obstacle(now, tokens) {
            return Entry::Blocked(obstacle);
        }
        let (awaited, at) = match self.limiter.reserve(now, tokens) {
            Admission::Now(reservation) => {
                self.counts.sent += 1;
                return Entry::Go { reservation, probe: self.breaker.pass(now) };
            }
            Admission::Never(too_large) => return Entry::Blocked(Obstacle::TooLarge(too_large)),
            Admission::At(at, gauge) => (gauge.map_or(Awaited::Silence, Awaited::Room), Some(at)),
            Admission::Full => (Awaited::Place, None),
        };
        self.awaited = awaited;
        Entry::Wait(at)
    }
}

/// Every route, by its number and by its name.
#[derive(Debug, Default)]
pub(super) struct Routes {
    policy: BreakerPolicy,
    names: BTreeMap<Arc<str>, BTreeMap<Arc<str>, RouteIndex>>,
    all: Vec<Route>,
}

impl Routes {
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    pub(super) fn get(&mut self, index: RouteIndex) -> Option<&mut Route> {
        self.all.get_mut(index.0)
    }

    pub(super) fn look(&self, index: RouteIndex) -> Option<&Route> {
        self.all.get(index.0)
    }

    /// The route of a model; without limits, if nobody has set any.
    pub(super) fn named(&mut self, provider: &Arc<str>, model: &Arc<str>) -> RouteIndex {
        let models = self.names.entry(Arc::clone(provider)).or_default();
        *models.entry(Arc::clone(model)).or_insert_with(|| {
            self.all.push(Route::new(Limits::default(), self.policy.clone()));
            RouteIndex(self.all.len() - 1)
        })
    }

    /// The models whose breaker lets nobody through before an instant that is still to come.
    pub(super) fn shut(&self, now: Timestamp) -> impl Iterator<Item = (&str, &str)> {
        let models =
            self.names.iter().flat_map(|(provider, models)| models.iter().map(move |(model, index)| (&**provider, &**model, index)));
        let is_shut = move |route: &Route| matches!(route.breaker.state(), BreakerState::Open(shut) if shut.until > now);
        models.filter(move |(.., index)| self.all.get(index.0).is_some_and(is_shut)).map(|(provider, model, _)| (provider, model))
    }

    pub(super) fn statistics(&self, now: Timestamp) -> Vec<RouteStatistics> {
        let models = self.names.iter().flat_map(|(provider, models)| models.iter().map(move |(model, index)| (provider, model, index)));
        let figures = models.filter_map(|(provider, model, index)| {
            let route = self.all.get(index.0)?;
            Some(RouteStatistics {
                provider: Arc::clone(provider),
                model: Arc::clone(model),
                waiting: route.queue.len(),
                in_flight: route.limiter.in_flight(),
                overruns: route.limiter.overruns(),
                breaker: route.breaker.state(),
                levels: route.limiter.levels(now),
                counts: route.counts.clone(),
            })
        });
        figures.collect()
    }
}
