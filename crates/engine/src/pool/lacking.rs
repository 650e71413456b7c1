// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a request that waits lacks, looked at now: when it came it may have lacked something else.

use super::Pool;
use std::sync::Arc;
use stdx::Timestamp;

/// What a request waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolWait {
    /// The agent with which it counts: the one with most room for it when it came.
    pub agent: Arc<str>,
    /// The type of that.
    pub of: Arc<str>,
    /// Since when it waits.
    pub since: Timestamp,
    /// What is lacking.
    pub lacks: Lacking,
}

/// What there is none of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// A place: so many attempts run, and no more may.
    Place {
        /// How many run.
        running: u32,
        /// How many may.
        limit: u32,
    },
    /// An instance: one is being made, or will be at an instant, after one that could not be.
    Instance {
        /// When it is tried again.
        again: Option<Timestamp>,
    },
    /// Room within the rate of the agent, until an instant.
    Rate {
        /// When there is some.
        until: Timestamp,
    },
}

impl Pool {
    /// What an attempt waits for that has asked for an agent; `None` if it has not.
    pub fn wait_of(&self, now: Timestamp, slot: u32, task: u32) -> Option<PoolWait> {
        let (rank, waiting) = self.queue.waiting(&self.targets, slot, task)?;
        let agent = &self.agents[waiting.home];
        let of = &self.types[agent.of];
        let lacks = match agent.starts.as_ref().and_then(|starts| starts.blocked_until(now)) {
            Some(until) => Lacking::Rate { until },
            None if agent.running >= agent.limit => Lacking::Place { running: agent.running, limit: agent.limit },
            None if !of.admits(&rank) => Lacking::Place { running: of.running, limit: of.common },
            None if agent.count == agent.making.in_flight && (agent.count > 0 || agent.retry_due.is_some()) => {
                Lacking::Instance { again: agent.retry_due.filter(|_| agent.count == 0) }
            }
            None if agent.making.in_flight > 0 => Lacking::Instance { again: None },
            // Of the places that there are: that there may be more instances some day helps nobody now.
            None => Lacking::Place { running: of.running, limit: of.count.saturating_mul(of.limits.concurrency).max(of.running) },
        };
        Some(PoolWait { agent: Arc::clone(&agent.id), of: Arc::clone(&of.name), since: waiting.since, lacks })
    }
}
