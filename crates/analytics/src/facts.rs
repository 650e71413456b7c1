// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The rows.

use engine::{InstanceIndex, Spent};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Where an execution is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words that users read")]
pub enum Status {
    #[default]
    Pending,
    Running,
    Paused,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    /// Every status, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Pending, Self::Running, Self::Paused, Self::Completed, Self::Failed, Self::Cancelled];

    /// The word users read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// Tasks by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named for the statuses of tasks")]
pub struct Counts {
    /// Those that have not ended included.
    pub total: u64,
    pub completed: u64,
    pub failed: u64,
    pub skipped: u64,
    pub cancelled: u64,
}

/// What an execution waits for while nothing of it runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Signals, by name.
    pub signals: BTreeSet<Arc<str>>,
    /// Agents, or types of agents, that tasks which could run have not been given.
    pub agents: BTreeSet<Arc<str>>,
    /// The next end of a delay, or of a wait before a retry.
    pub timer: Option<Timestamp>,
}

/// An execution as its records leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionFacts {
    /// Where it is.
    pub status: Status,
    /// When it began to run.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The code of the failure that made it fail.
    pub error: Option<Arc<str>>,
    /// The path of the task that failure came from.
    pub failed: Option<String>,
    /// Its tasks.
    pub tasks: Counts,
    /// Attempts of all its tasks.
    pub attempts: u64,
    /// What models have cost, executions below it included.
    pub spent: Spent,
    /// What it waits for.
    pub waits: Waits,
    /// How many records it has,
    pub records: u64,
    /// and how many bytes these are.
    pub bytes: u64,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It calls an agent.
    Agent,
    /// It runs another workflow.
    Workflow,
    /// It waits.
    Wait,
    /// It holds other tasks: a group, a choice or a loop.
    Group,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words that users read")]
pub enum Outcome {
    Completed,
    Failed,
    Skipped,
    Cancelled,
}

/// What is special about an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// Nothing.
    Nothing,
    /// A failure that stayed its own.
    Tolerated,
    /// Something stood in for it.
    Degraded,
    /// It took over what was recorded before, by another execution or the one it was forked from: nothing ran.
    Reused,
}

/// A task that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskFacts {
    /// Which instance.
    pub instance: InstanceIndex,
    /// Its id in the definition,
    pub task: Arc<str>,
    /// and its path in the execution.
    pub path: String,
    /// What it does.
    pub kind: Kind,
    /// The agent that was called last, if it calls one.
    pub agent: Option<Arc<str>>,
    /// Attempts that counted,
    pub attempts: u32,
    /// and those that ended with their process.
    pub interruptions: u32,
    /// When it was first ready to run, if an attempt of it began,
    pub ready: Option<Timestamp>,
    /// and the task whose end made it so.
    pub ready_by: Option<InstanceIndex>,
    /// When its agent was first called.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Timestamp,
    /// How long it was ready and had not been admitted, all attempts together.
    pub wait: Duration,
    /// How long its attempts took, all together.
    pub run: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// In which way.
    pub special: Special,
    /// The code of its failure, or of the one that something stood in for,
    pub error: Option<Arc<str>>,
    /// and the print of its message.
    pub print: Option<Arc<str>>,
    /// The model that answered its last call, as `provider/model`.
    pub model: Option<Arc<str>>,
    /// What its calls of models used, until it ended.
    pub spent: Spent,
}

impl TaskFacts {
    /// From start to end; `None` if nothing of it ran.
    pub fn duration(&self) -> Option<Duration> {
        self.start.map(|start| self.end.since(start))
    }
}

/// A call of a model that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFacts {
    /// Whose.
    pub instance: InstanceIndex,
    /// When it was recorded.
    pub at: Timestamp,
    /// The id of that task in the definition.
    pub task: Arc<str>,
    /// As `provider/model`; empty if no model was asked.
    pub model: Arc<str>,
    /// What it used.
    pub spent: Spent,
    /// Whether it failed.
    pub failed: bool,
    /// When its task had ended, if that was before: the row of that does not have it.
    pub late: Option<Timestamp>,
}

/// What a record adds.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A task has ended.
    Task(Box<TaskFacts>),
    /// A call of a model has.
    Call(Box<CallFacts>),
    /// The execution has.
    End(Box<ExecutionFacts>),
}
