// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a pool looks like at one instant.

use super::Pool;
use super::agents::Type;
use super::indices::Place as _;
use super::instances::{Instance, State};
use std::sync::Arc;
use std::time::Duration;

/// All types together, and each by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolStatistics {
    /// Over all types; its waits are those of the type that waits longest.
    pub all: Figures,
    /// Every type in the order they were added, with its name.
    pub types: Vec<(Arc<str>, Figures)>,
}

/// The figures of one type, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Instances: `available + busy + offline`.
    pub total: u32,
    /// Those that are well and run nothing.
    pub available: u32,
    /// Those that are well and run something.
    pub busy: u32,
    /// Those that are being made, are ill, make room for another agent, or are given up and not gone yet.
    pub offline: u32,
    /// Attempts that hold a place.
    pub running: u32,
    /// Attempts that wait while what they spawned uses their place.
    pub lent: u32,
    /// The share of the places of available and busy instances that is used, from 0 to 1.
    pub utilisation: f64,
    /// Requests that wait. One that several agents may serve counts with the one that had most room for it.
    pub queued: u32,
    /// Attempts that were given up without having returned, so far: each cost an instance.
    pub leaked: u32,
    /// How long half of the latest thousands of requests waited at most.
    pub wait_p50: Duration,
    /// How long 95 of 100 of them waited at most.
    pub wait_p95: Duration,
}

impl Pool {
    /// What it looks like. It takes time by the number of types, agents and instances.
    pub fn statistics(&self) -> PoolStatistics {
        let mut counts: Vec<Count> = self.types.iter().map(|(_, of)| Count::of_type(of)).collect();
        for instance in self.instances.iter() {
            let of = self.agents[instance.agent].of;
            if let Some(count) = counts.get_mut(of.place()) {
                count.add(instance, self.types[of].limits.concurrency);
            }
        }
        for (_, agent) in self.agents.iter() {
            if let Some(count) = counts.get_mut(agent.of.place()) {
                count.figures.queued += agent.queued;
            }
        }
        let all = counts.iter().fold(Count::default(), Count::and).told();
        let types = self.types.iter().zip(counts).map(|((_, of), count)| (Arc::clone(&of.name), count.told())).collect();
        PoolStatistics { all, types }
    }
}

/// Figures that are being added up.
#[derive(Default)]
struct Count {
    figures: Figures,
    /// Places of instances that are well, and how many of them are used.
    places: u64,
    used: u64,
}

impl Count {
    fn of_type(of: &Type) -> Self {
        let (wait_p50, wait_p95) = (of.waits.percentile(50), of.waits.percentile(95));
        Self { figures: Figures { leaked: of.leaked, wait_p50, wait_p95, ..Figures::default() }, ..Self::default() }
    }

    fn add(&mut self, instance: &Instance, concurrency: u32) {
        let Figures { total, available, busy, offline, running, lent, .. } = &mut self.figures;
        *total += 1;
        *running += instance.running;
        *lent += instance.lent;
        match instance.state {
            State::Ready => {
                *(if instance.running == 0 { available } else { busy }) += 1;
                self.places += u64::from(concurrency);
                self.used += u64::from(instance.running);
            }
            State::Making | State::Ill | State::Yielding | State::Leaked | State::Lost | State::Overdue | State::Disposing => *offline += 1,
        }
    }

    fn and(self, other: &Self) -> Self {
        let (one, two) = (self.figures, other.figures);
        let figures = Figures {
            total: one.total + two.total,
            available: one.available + two.available,
            busy: one.busy + two.busy,
            offline: one.offline + two.offline,
            running: one.running + two.running,
            lent: one.lent + two.lent,
            utilisation: 0.0,
            queued: one.queued + two.queued,
            leaked: one.leaked.saturating_add(two.leaked),
            wait_p50: one.wait_p50.max(two.wait_p50),
            wait_p95: one.wait_p95.max(two.wait_p95),
        };
        Self { figures, places: self.places + other.places, used: self.used + other.used }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is told, not counted with")]
    fn told(self) -> Figures {
        Figures { utilisation: self.used as f64 / self.places.max(1) as f64, ..self.figures }
    }
}
