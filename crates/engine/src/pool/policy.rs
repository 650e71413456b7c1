// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a pool is told to keep to.

use std::time::Duration;

/// What holds for every type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolPolicy {
    /// Instances are added when more than this share of the places is used, in percent, at least 1. A demand of 4 at 80 % wants 5 places.
    pub scale_up: u32,
    /// Instances are taken away when less than this share of the places was used for a while, in percent. It should be below `scale_up`; 0: none
    /// ever are.
    pub scale_down: u32,
    /// How often each instance that can be asked is asked whether it is well, and how long it has to answer. Zero: never.
    pub check_every: Duration,
}

/// The instances of one type, over all its agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeLimits {
    /// At least so many from the first request on. At most `max` counts.
    pub min: u32,
    /// Never more. At least 1.
    pub max: u32,
    /// How many attempts one instance runs at once. At least 1.
    pub concurrency: u32,
    /// Places kept for what is more important than the rest.
    pub reserve: Option<Reserve>,
}

/// The last `slots` of the `max × concurrency` places of a type go only to urgent requests and to those of at least `priority`. One place is
/// for everybody, however many are reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// How many places.
    pub slots: u32,
    /// For whom.
    pub priority: i32,
}

/// What holds for one agent, over all its instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentLimits {
    /// How many attempts run at once. At least 1.
    pub concurrency: Option<u32>,
    /// How many begin within a time.
    pub rate: Option<Rate>,
}

/// At most `count` attempts begin within any time of length `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many. At least 1.
    pub count: u32,
    /// Within how long.
    pub per: Duration,
}
