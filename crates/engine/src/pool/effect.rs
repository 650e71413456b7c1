// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is asked of the pool, and what it asks of its host.

use super::{AgentIndex, InstanceNumber, TargetIndex, TypeIndex};
use stdx::Timestamp;

/// An attempt wants an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who may run it.
    pub target: TargetIndex,
    /// Whose execution it is of.
    pub slot: u32,
    /// Which task of that execution: together they name the request while it waits.
    pub task: u32,
    /// Higher goes first.
    pub priority: i32,
    /// Goes before everything that is not: clean-up, compensation.
    pub urgent: bool,
    /// The hash of a key: rather where this key was last than elsewhere.
    pub affinity: Option<u64>,
    /// Since when it could run. Of equal ones the earlier goes first.
    pub ready: Timestamp,
    /// Handed through to [`PoolEffect::Granted`].
    pub lane: Option<u32>,
}

/// What a request that waits lacked when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A place: all were taken.
    Place,
    /// An instance that is made.
    Instance,
    /// Room within the rate of its agent.
    Rate,
}

/// An effect that is owed to the host, or something to tell. They are in the order in which they came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolEffect {
    /// A request that waited has its place.
    Granted {
        /// Whose execution.
        slot: u32,
        /// Which task.
        task: u32,
        /// Where.
        instance: InstanceNumber,
        /// Whose return made the place free, as slot and task.
        admitted_by: Option<(u32, u32)>,
        /// As it was in the request.
        lane: Option<u32>,
        /// What it waited for.
        lacked: Lack,
    },
    /// None of its agents can be made for now: the attempt shall fail.
    Refused {
        /// Whose execution.
        slot: u32,
        /// Which task.
        task: u32,
        /// The last one whose making failed, so that the host knows why.
        instance: InstanceNumber,
    },
    /// Make an instance; the answer is [`crate::Pool::created`] or [`crate::Pool::create_failed`].
    Create {
        /// Its number from now on.
        instance: InstanceNumber,
        /// Of which agent.
        agent: AgentIndex,
    },
    /// Dispose of an instance; the answer is [`crate::Pool::disposed`].
    Dispose {
        /// Which.
        instance: InstanceNumber,
        /// It leaked or is ill: do not wait for it.
        force: bool,
    },
    /// Ask an instance whether it is well; the answer is [`crate::Pool::checked`].
    Check {
        /// Which.
        instance: InstanceNumber,
    },
    /// An instance is not well: it gets no more work and is replaced once it is empty.
    Unhealthy {
        /// Which.
        instance: InstanceNumber,
    },
    /// An instance is well again, before it was replaced.
    Recovered {
        /// Which.
        instance: InstanceNumber,
    },
    /// A type gets more instances than it had.
    ScaledUp {
        /// Which type.
        of: TypeIndex,
        /// How many it had.
        from: u32,
        /// How many it has, with those that are being made.
        to: u32,
    },
    /// A type gets fewer.
    ScaledDown {
        /// Which type.
        of: TypeIndex,
        /// How many it had.
        from: u32,
        /// How many it keeps.
        to: u32,
    },
    /// An attempt that lent its place has it back.
    Reclaimed {
        /// As it was given to [`crate::Pool::reclaim`].
        ticket: u32,
    },
}
