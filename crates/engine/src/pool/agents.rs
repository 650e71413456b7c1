// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Types and agents, and what the pool knows of each.

use super::instances::{Instance, State};
use super::making::Making;
use super::open::{Open, Seat};
use super::rank::Rank;
use super::scaling::Scaling;
use super::starts::Starts;
use super::waits::Waits;
use super::{AgentIndex, AgentLimits, InstanceNumber, TargetIndex, TypeIndex, TypeLimits};
use std::collections::BTreeSet;
use std::sync::Arc;
use stdx::Timestamp;

#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: Arc<str>,
    pub(super) limits: TypeLimits,
    /// The anonymous one first.
    pub(super) agents: Vec<AgentIndex>,
    /// Who was asked for last; nobody before the first request.
    pub(super) asked: Option<AgentIndex>,
    /// Instances that count against `max`.
    pub(super) count: u32,
    /// How many it shall have, as was told last.
    pub(super) told: u32,
    /// Attempts on instances that count.
    pub(super) running: u32,
    /// Places that are not reserved.
    pub(super) common: u32,
    pub(super) scaling: Scaling,
    pub(super) due: Option<Timestamp>,
    /// Agents that have no instance, want one and find the type at `max`, by who is first among those they would serve.
    pub(super) stranded: BTreeSet<(Rank, AgentIndex)>,
    /// Instances that make room for them.
    pub(super) yielding: u32,
    pub(super) waits: Waits,
    /// Attempts that leaked, so far.
    pub(super) leaked: u32,
}

impl Type {
    pub(super) fn new(name: Arc<str>, limits: TypeLimits) -> Self {
        let (max, concurrency) = (limits.max.max(1), limits.concurrency.max(1));
        let places = max.saturating_mul(concurrency);
        let reserved = limits.reserve.map_or(0, |reserve| reserve.slots);
        Self {
            name,
            limits: TypeLimits { min: limits.min.min(max), max, concurrency, ..limits },
            agents: Vec::new(),
            asked: None,
            count: 0,
            told: 0,
            running: 0,
            common: places.saturating_sub(reserved).max(1),
            scaling: Scaling::default(),
            due: None,
            stranded: BTreeSet::new(),
            yielding: 0,
            waits: Waits::default(),
            leaked: 0,
        }
    }

    /// Whether one more attempt of such a rank may run.
    pub(super) fn admits(&self, rank: &Rank) -> bool {
        self.running < self.common || self.limits.reserve.is_some_and(|reserve| rank.is_urgent() || rank.priority() >= reserve.priority)
    }
}

#[derive(Debug)]
pub(super) struct Agent {
    pub(super) id: Arc<str>,
    pub(super) of: TypeIndex,
    pub(super) anonymous: bool,
    pub(super) capabilities: Vec<Arc<str>>,
    /// The targets that it serves.
    pub(super) targets: Vec<TargetIndex>,
    /// How many attempts it may run.
    pub(super) limit: u32,
    pub(super) starts: Option<Starts>,
    /// Places of one instance.
    pub(super) concurrency: u32,
    /// Instances that count against `max`.
    pub(super) count: u32,
    /// Attempts on instances that count.
    pub(super) running: u32,
    /// Requests that wait for it, or for others as well as for it: each counts with one agent.
    pub(super) queued: u32,
    /// Its part of the demand for its type.
    pub(super) demand: u32,
    pub(super) open: Open,
    pub(super) making: Making,
    pub(super) retry_due: Option<Timestamp>,
    pub(super) rate_due: Option<Timestamp>,
    /// Its place among those that are stranded.
    pub(super) stranded: Option<Rank>,
    /// Instances with an attempt that wants its place back and could not have it because of `limit`.
    pub(super) reclaiming: BTreeSet<InstanceNumber>,
}

impl Agent {
    pub(super) fn new(id: Arc<str>, of: TypeIndex, capabilities: Vec<Arc<str>>, limits: AgentLimits, concurrency: u32) -> Self {
        Self {
            id,
            of,
            anonymous: false,
            capabilities,
            targets: Vec::new(),
            limit: limits.concurrency.map_or(u32::MAX, |limit| limit.max(1)),
            starts: limits.rate.map(Starts::new),
            concurrency,
            count: 0,
            running: 0,
            queued: 0,
            demand: 0,
            open: Open::default(),
            making: Making::default(),
            retry_due: None,
            rate_due: None,
            stranded: None,
            reclaiming: BTreeSet::new(),
        }
    }

    /// Puts one of its instances where its load says, or nowhere if that takes no work; which other has its seat by that.
    pub(super) fn seat(&mut self, number: InstanceNumber, instance: &mut Instance) -> Option<(InstanceNumber, Seat)> {
        let before = instance.seat.take();
        if instance.state == State::Ready && instance.running < self.concurrency {
            instance.seat = Some(self.open.insert(number, instance.running));
        }
        let seat = before?;
        Some((self.open.remove(seat)?, seat))
    }

    /// Whether those who wait for it are worth a look: it has a place, or its rate is to be waited for.
    pub(super) fn may_serve(&mut self) -> bool {
        self.starts.is_some() || self.open.least().is_some()
    }

    /// Whether one more of its attempts may begin, if there is a place.
    pub(super) fn admits(&self, now: Timestamp) -> bool {
        self.running < self.limit && self.starts.as_ref().is_none_or(|starts| starts.blocked_until(now).is_none())
    }

    /// The instance whose making failed last, if there is none and none can be made for now.
    pub(super) fn broken(&self, now: Timestamp) -> Option<InstanceNumber> {
        self.making.broken(now).filter(|_| self.count == self.making.in_flight)
    }

    /// How many places it wants. What its own limits hold back wants none: more instances would not help it.
    pub(super) fn wanted(&self, now: Timestamp, reserved: u32) -> u32 {
        let startable = self.starts.as_ref().map_or(u32::MAX, |starts| starts.free(now));
        let demand = self.running.saturating_add(self.queued.min(startable));
        if demand == 0 { 0 } else { demand.saturating_add(reserved).min(self.limit) }
    }
}
