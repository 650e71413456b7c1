// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One execution as it was: each task from the instant at which it could run to its end, without a gap.
//!
//! ```text
//! Record, Record, … ──Tracer──▶ Trace ──▶ path, replay, insights
//! ```
//! A task's [`Segment`]s tile the time from its release to its end, in whole microseconds. Where one task made another go on (a dependency that ended, a
//! group that began, a pass, an attempt that spawned), the second begins at the very instant at which the first is on record as ended or begun. So a walk
//! from the last end back to the start crosses no time twice and leaves none out: see [`crate::path`].
//!
//! Events that share an instant are told apart by their [`Moment::order`], the place among all events of the execution.

mod attempt;
mod events;
mod open;
mod tracer;

pub use attempt::{ModelRequest, TracedAttempt, TracedStep};
pub use tracer::Tracer;

use crate::{Kind, Outcome, Status};
use std::sync::Arc;

/// Microseconds since the Unix epoch, or between two instants.
pub type Micros = u64;

/// The place of a task in [`Trace::tasks`]: the number of its instance.
pub type TaskNumber = usize;

/// What time was spent on. The buckets exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// A model was asked and had not answered.
    Model,
    /// Tools ran that a model had called.
    Tool,
    /// The agent's own code, and whatever it did that is not on record.
    Code,
    /// An execution below it ran, whose records are not at hand.
    Child,
    /// An attempt that failed, was interrupted or was stopped, all of it.
    Failed,
    /// The wait before the next attempt, or before a request to a model that follows one that failed.
    Backoff,
    /// A limit of requests in a time: of an agent, or of a model.
    RateLimit,
    /// All places of the agent were taken, or it was being made, or another task had the lane.
    Queue,
    /// A signal was waited for: people, or other programs.
    Signal,
    /// A delay that the definition asks for.
    Timer,
    /// The execution was paused, or no process had it.
    Pause,
    /// A record was written, and the agent waited for that.
    Persist,
    /// The rest: conditions that the host judged, the way to the agent and back.
    Scheduler,
}

impl Bucket {
    /// Every bucket, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Model,
        Self::Tool,
        Self::Code,
        Self::Child,
        Self::Failed,
        Self::Backoff,
        Self::RateLimit,
        Self::Queue,
        Self::Signal,
        Self::Timer,
        Self::Pause,
        Self::Persist,
        Self::Scheduler,
    ];

    /// The word users read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Code => "code",
            Self::Child => "child",
            Self::Failed => "failed",
            Self::Backoff => "backoff",
            Self::RateLimit => "rateLimit",
            Self::Queue => "queue",
            Self::Signal => "signal",
            Self::Timer => "timer",
            Self::Pause => "pause",
            Self::Persist => "persist",
            Self::Scheduler => "scheduler",
        }
    }
}

/// An instant, and which of the events at that instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// When.
    pub at: Micros,
    /// The place of the event among all of its execution.
    pub order: u64,
}

/// A part of the time of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// From when,
    pub from: Micros,
    /// to when.
    pub to: Micros,
    /// What it went into.
    pub bucket: Bucket,
    /// The attempt it belongs to, from 1; 0 before the first.
    pub attempt: u32,
    /// Whether the agent was at work: tasks that it spawned then are waited for in this time.
    pub at_work: bool,
}

/// A task as it was.
#[derive(Clone, Debug)]
pub struct TracedTask {
    /// Its id in the definition,
    pub id: Arc<str>,
    /// and its path in the execution.
    pub path: String,
    /// What it does.
    pub kind: Kind,
    /// The agent it calls, as written; what stands in for it if that was called last.
    pub agent: Option<Arc<str>>,
    /// The task it stands in or was spawned by.
    pub owner: Option<TaskNumber>,
    /// What it waited for, in the order of the definition.
    pub dependencies: Vec<TaskNumber>,
    /// When its instance came to be.
    pub born: Moment,
    /// When it could run. `None`: never, it was skipped or stopped before.
    pub released: Option<Micros>,
    /// The dependency whose end made it so.
    pub released_by: Option<TaskNumber>,
    /// When the tasks inside it began, if it holds any.
    pub active: Option<Moment>,
    /// When it ended; of one that has not, the end of what is on record.
    pub ended: Moment,
    /// How; `None` if it has not.
    pub outcome: Option<Outcome>,
    /// The code of its failure.
    pub error: Option<Arc<str>>,
    /// The print of what it gave: equal ones mean the same. `None` where that is not on record.
    pub output: Option<u64>,
    /// From `released` to `ended`, or to `active`, in order and without a gap.
    pub segments: Vec<Segment>,
    /// Its attempts, in order.
    pub attempts: Vec<TracedAttempt>,
}

impl TracedTask {
    /// Whether it holds other tasks from the definition.
    pub fn is_container(&self) -> bool {
        self.kind == Kind::Group
    }

    /// How long it took from when it could run.
    pub fn duration(&self) -> Micros {
        self.ended.at.saturating_sub(self.released.unwrap_or(self.ended.at))
    }
}

/// An execution as it was.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its id.
    pub execution: Arc<str>,
    /// The id of its workflow,
    pub workflow: Arc<str>,
    /// and the version of that.
    pub version: Arc<str>,
    /// When it began to run.
    pub started: Micros,
    /// When it ended; of one that runs, the last instant on record.
    pub ended: Micros,
    /// Whether it has ended.
    pub has_ended: bool,
    /// Where it is.
    pub status: Status,
    /// Its tasks, by the numbers of their instances.
    pub tasks: Vec<TracedTask>,
    /// Executions below it whose records are at hand.
    pub children: Vec<TracedChild>,
}

/// An execution that an attempt ran.
#[derive(Clone, Debug)]
pub struct TracedChild {
    /// Whose,
    pub task: TaskNumber,
    /// and which attempt.
    pub attempt: u32,
    /// The execution.
    pub trace: Trace,
}

impl Trace {
    /// From start to end.
    pub fn makespan(&self) -> Micros {
        self.ended.saturating_sub(self.started)
    }

    /// The attempts that ran an execution of their own: task, attempt, and the id of that execution.
    pub fn child_attempts(&self) -> impl Iterator<Item = (TaskNumber, u32, String)> {
        let children = self.tasks.iter().enumerate().filter(|(_, task)| task.kind == Kind::Workflow);
        children.flat_map(move |(number, task)| {
            let id = move |attempt: u32| format!("{}/{}/{attempt}", self.execution, task.path);
            task.attempts.iter().map(move |attempt| (number, attempt.attempt, id(attempt.attempt)))
        })
    }

    pub(crate) fn child(&self, task: TaskNumber, attempt: u32) -> Option<&Trace> {
        self.children.iter().find(|child| child.task == task && child.attempt == attempt).map(|child| &child.trace)
    }
}

/// A record of an execution, as it is told to a [`Tracer`].
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When its events happened.
    pub at: stdx::Timestamp,
    /// When the record before it was committed.
    pub previous_committed: stdx::Timestamp,
    /// What happened.
    pub events: &'a [engine::Event],
    /// What is known of attempts as they begin, in the order of the events,
    pub began: &'a [Began],
    /// and of those that have ended.
    pub ran: &'a [Ran],
}

/// What a record says of an attempt as it begins.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    /// The place of its event in the record.
    pub event: u32,
    /// What it waited for, from when it was ready.
    pub waited: Option<Waited>,
    /// The print of its input: equal ones mean that the same was asked again, others mean nothing.
    pub print: Option<u64>,
}

/// What a record says of an attempt that has ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The place of its event in the record.
    pub event: u32,
    /// The agent that did it.
    pub agent: Option<Arc<str>>,
    /// Which outputs of its dependencies were looked at.
    pub reads: Reads,
}

/// What an attempt that was ready waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// A place at an agent, or an agent that was being made, or the lane.
    Place,
    /// The rate of its agent.
    Rate,
    /// Its execution was paused, or no process had it.
    Held,
}

/// Which outputs of its dependencies an attempt looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// That is not known, which is evidence of nothing.
    #[default]
    Unknown,
    /// None.
    Nothing,
    /// Each.
    All,
    /// Those at these places among the dependencies, a bit for each.
    Some(u32),
}
