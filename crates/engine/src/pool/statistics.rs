// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a pool looks like at one instant.

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
    /// Requests that wait. One that several types may serve counts where it would be served first.
    pub queued: u32,
    /// Attempts that were given up and have not returned: theirs are the instances that leaked.
    pub leaked: u32,
    /// How long half of the latest thousands of requests waited at most.
    pub wait_p50: Duration,
    /// How long 95 of 100 of them waited at most.
    pub wait_p95: Duration,
}
