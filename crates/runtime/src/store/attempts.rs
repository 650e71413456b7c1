// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is on record of attempts beside what the engine decides by: who ran them, why they waited, what they were given and what of it they looked at. The
//! driver adds it to the events it belongs to; a replay needs none of it.

use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// What is known of an attempt as it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Began {
    /// The place of its [`engine::Event::AttemptStarted`] among the events of the record.
    pub event: u32,
    /// What it waited for, from when it was ready.
    pub waited: Option<Waited>,
    /// The print of its input: see [`Print`].
    pub print: Option<Print>,
    /// The revision of what is shared, as it was then.
    pub shared: Option<u64>,
}

/// What is known of an attempt that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// The place of the event that tells of its end among the events of the record.
    pub event: u32,
    /// Who did it; `None` if nobody is known to have.
    pub by: Option<Arc<Runner>>,
    /// Which outputs of its dependencies were looked at.
    pub reads: Reads,
    /// When it first told of progress.
    pub progress: Option<Timestamp>,
}

/// The print of an input: a hash of the definition of the task, of its rendered input, of the context, and of the outputs of its dependencies, all as they
/// are written. No form is canonical: equal prints mean that the same was asked again, other prints mean nothing.
pub type Print = u64;

/// What an attempt that was ready waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// A place at an agent: all were taken.
    Place,
    /// An agent that was being made.
    Making,
    /// The rate of its agent.
    Rate,
    /// Its turn among tasks that run one after the other.
    Lane,
    /// Its execution was paused, or no process had it.
    Held,
}

/// Who did an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// The type of the agent.
    pub of: Arc<str>,
    /// The agent, which has the name of its type where it is anonymous.
    pub agent: Arc<str>,
    /// The number of its instance in its process.
    pub instance: u32,
    /// The worker thread of an isolated one.
    pub worker: Option<u32>,
    /// The process.
    pub process: Arc<str>,
}

/// Which outputs of its dependencies an attempt looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// Nobody knows, which is evidence of nothing.
    #[default]
    Unknown,
    /// None, and there are some.
    Nothing,
    /// Each.
    All,
    /// Those at these places among the dependencies of the task, a bit for each.
    Some(u32),
}

/// Executions whose last record was committed at this instant. It rides with a later record, of whatever execution: they have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndsCommitted {
    /// When.
    pub at: Timestamp,
    /// Their keys.
    pub executions: Vec<i64>,
}

/// A time in which the event loop of the host did nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// When it was over.
    pub at: Timestamp,
    /// How long it was.
    pub time: Duration,
}

/// What a record carries that is about no event of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Ends that were committed since the record that carried such before.
    pub ends: Vec<EndsCommitted>,
    /// Stalls of the event loop.
    pub stalls: Vec<Stall>,
}
