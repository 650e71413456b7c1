// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The validated graph of one workflow version: what an execution runs.
//!
//! Tasks of every level share one numbering: first the root list in the order of declaration, then the lists of its groups, and so on
//! outwards in. So the tasks of one list are neighbours, and a workflow without groups has its tasks at their places of declaration.

mod passes;
pub(crate) mod paths;

use crate::workflow::behaviour_hash;
use crate::{Failure, RetryPolicy, Schema, TaskIndex, TaskMap, TriggerRule};
use expressions::{Expression, InputTemplate, Template};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use stdx::Timestamp;

/// A workflow that may run: ids interned, edges resolved, no cycle. Made by [`crate::read_plan`] alone.
#[derive(Debug)]
pub struct Plan {
    /// The workflow's `id`.
    pub workflow_id: Arc<str>,
    /// The workflow's `version`.
    pub version: Arc<str>,
    /// The definition as it was given, JSON text.
    pub definition: Arc<str>,
    /// The timeout of tasks that give none: it was the orchestrator's when the plan was read.
    pub default_timeout: Duration,
    /// What judges the context of an execution, compiled.
    pub context: Option<Schema>,
    /// Every task.
    pub tasks: TaskMap<PlannedTask>,
    /// How many tasks it counts as against `workflow.maxTasks`: groups included, and what is written inside tasks.
    pub count: usize,
    /// Every list of tasks; the root's is the first.
    pub lists: Box<[TaskList]>,
    /// What a failure does to its neighbours.
    pub failure_policy: FailurePolicy,
    /// What its executions survive, where their store lets them survive more.
    pub durability: Durability,
    /// When every execution of this must have ended.
    pub deadline: Option<Deadline>,
    /// What one execution may use.
    pub budget: Budget,
    /// What the methods of these names give, made when first asked for: where nothing is stored that is seldom.
    pub(crate) hash: OnceLock<Arc<str>>,
    pub(crate) definition_hash: OnceLock<Arc<str>>,
    /// Tasks by id, made when first asked for.
    pub(crate) by_id: OnceLock<FxHashMap<Arc<str>, TaskIndex>>,
    /// Where signals are waited for, made when first asked for.
    pub(crate) waits: OnceLock<paths::Waits>,
    /// Whether no value is ever looked at: nothing but agent calls in the root list, without conditions, templates, waits or caches. Then the host keeps
    /// the values, and they are recorded only where a store wants them.
    pub opaque: bool,
}

/// A list of siblings.
#[derive(Debug)]
pub struct TaskList {
    /// Its tasks, in the order of declaration.
    pub tasks: Range<u32>,
    /// The group it belongs to; `None` for the root.
    pub owner: Option<TaskIndex>,
}

/// The place of a list in [`Plan::lists`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListIndex(pub u32);

/// One task of a [`Plan`].
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about a task, and all combinations occur")]
pub struct PlannedTask {
    /// Unique in the workflow; the call inside a loop of one call shares its loop's.
    pub id: Arc<str>,
    /// Where it stands in the definition, such as `tasks[2].branches[0].tasks[1]`.
    pub place: Arc<str>,
    /// Its siblings.
    pub list: ListIndex,
    /// What it does.
    pub kind: TaskKind,
    /// What must end before it may run, written or implied, in the order of declaration.
    pub dependencies: Box<[TaskIndex]>,
    /// Who waits for it: the same edges, seen from the other end.
    pub dependents: Box<[TaskIndex]>,
    /// Whether the edges come from the order of declaration and not from `dependencies`.
    pub implicit: bool,
    /// When it runs, given how its dependencies ended.
    pub rule: TriggerRule,
    /// Whether it still runs when its scope stops.
    pub cleanup: bool,
    /// Never has an attempt at the same moment as another such task of its list.
    pub exclusive: bool,
    /// All of them must hold, judged once.
    pub conditions: Box<[Condition]>,
    /// What it waits for before it runs.
    pub wait: Option<Wait>,
    /// Which of its failures stay its own.
    pub tolerance: Tolerance,
    /// What stands in for it where it would have failed, in the order in which that is tried.
    pub fallbacks: Box<[Fallback]>,
    /// The longest a single attempt may take; of a group: all of it. `None`: no bound.
    pub timeout: Option<Duration>,
    /// The longest it may take from ready to end, waits left out.
    pub total_timeout: Option<Duration>,
    /// The longest an attempt may be silent.
    pub heartbeat_timeout: Option<Duration>,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// `input.schema`, compiled.
    pub schema: Option<Schema>,
    /// `outputSchema`, compiled.
    pub output_schema: Option<Schema>,
    /// `input.prompt` and `input.data` as `{ "prompt", "data" }`, if something in them is a template.
    pub input: Option<InputTemplate>,
    /// Whether, and how, its output is kept for other executions.
    pub cache: Option<Cache>,
    /// What undoes it.
    pub compensate: Option<Compensation>,
    /// Capabilities its agent must have.
    pub requires: Box<[Arc<str>]>,
    /// Who has an agent first: higher goes first.
    pub priority: i32,
    /// What makes calls belong together: they go to the same instance of their agent where it has room.
    pub affinity: Option<Template>,
    /// Of a call: equal where the same is asked of the same, as far as the definition says. It is a hash of what is written, in no canonical form.
    pub print: u64,
    /// Whether nothing stands between its dependencies' end and its attempt: no condition, wait, cache or template.
    pub plain: bool,
}

/// What a task does.
#[derive(Debug)]
pub enum TaskKind {
    /// Calls an agent.
    Agent {
        /// The agent, or type of agent.
        agent_id: Arc<str>,
    },
    /// Runs another workflow; which one is the host's to know.
    Workflow,
    /// Nothing but its `waitFor`.
    Wait,
    /// Runs its list.
    Group {
        /// Its children.
        list: ListIndex,
        /// When it has ended, and how.
        join: Join,
    },
    /// Runs the list of a branch that holds.
    Choice {
        /// In the order they are judged.
        branches: Box<[Branch]>,
        /// Whether every branch that holds is taken, not the first alone.
        all: bool,
        /// Whether it fails when no branch holds.
        fails_without: bool,
    },
    /// Runs its list again and again.
    Loop(Box<Loop>),
}

/// One branch of a choice.
#[derive(Debug)]
pub struct Branch {
    /// As it was named, or its place.
    pub name: Arc<str>,
    /// `None`: taken if no other is.
    pub when: Option<Condition>,
    /// Its tasks.
    pub list: ListIndex,
}

/// A loop.
#[derive(Debug)]
pub struct Loop {
    /// Its body. The body of a loop of one call is a list of that one call.
    pub list: ListIndex,
    /// Whether its body is its own call, whose output is the pass's as it is.
    pub call: bool,
    /// What makes it go on.
    pub drive: Drive,
    /// The most passes it may start; `None` for `forEach`.
    pub passes_max: Option<u32>,
    /// Whether wanting more passes than that ends it well.
    pub stops_at_limit: bool,
    /// Passes at the same time, at least 1.
    pub concurrency: u32,
    /// What a failed pass does to a `forEach`.
    pub on_item_error: OnItemError,
    /// How many ended passes stay in view; `None`: all.
    pub keep_last: Option<u32>,
}

/// What makes a loop go on.
#[derive(Debug)]
pub enum Drive {
    /// A list that is written down: JSON text of each item.
    Items(Box<[Arc<str>]>),
    /// A list that an expression gives.
    ForEach(Expression),
    /// Judged before each pass: all hold.
    While(Box<[Condition]>),
    /// Judged after each pass: it ends when they all hold.
    Until(Box<[Condition]>),
    /// Judged after each pass: it goes on while they all hold.
    Again(Box<[Condition]>),
}

/// What a failed pass does to a `forEach`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnItemError {
    /// The loop fails.
    Fail,
    /// The others go on; once all have ended, the loop fails.
    FailAfter,
    /// The error takes the place of the output.
    Collect,
    /// The item is left out.
    Skip,
}

/// When a parallel group has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// All ended; one failure fails it. Every other list joins so.
    All,
    /// All ended, however.
    Settled,
    /// The first that completed or failed.
    Race,
    /// So many completed; `any` is 1.
    Quorum(u32),
}

/// Something that is true or not.
#[derive(Debug)]
pub enum Condition {
    /// In the language of expressions.
    Expression(Expression),
    /// A function of the host, by the name it is registered under.
    Function(Arc<str>),
}

/// What a task waits for.
#[derive(Debug)]
pub enum Wait {
    /// A signal.
    Signal {
        /// Its name.
        name: Arc<str>,
        /// How long.
        timeout: Option<Duration>,
        /// Judges its payload.
        schema: Option<Schema>,
    },
    /// Time.
    Delay(Duration),
}

/// Whether, and how, an output is kept for other executions.
#[derive(Debug)]
pub struct Cache {
    /// Equal for tasks that are given the same work: their agent, what they give it, and what judges its answer.
    pub print: Arc<str>,
    /// What tells calls apart; `None`: the rendered input.
    pub key: Option<Template>,
    /// How long it is kept; `None`: for ever.
    pub ttl: Option<Duration>,
}

/// Which failures of a task stay its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// None.
    Nothing,
    /// Every one.
    All,
    /// Those with one of these codes or names.
    Named(Box<[Box<str>]>),
}

/// What stands in for a leaf that would have failed.
#[derive(Debug)]
pub enum Fallback {
    /// Another agent: the call, as a task of its own list.
    Agent(TaskIndex),
    /// This output, JSON text.
    Value(Arc<str>),
}

/// What undoes a task.
#[derive(Debug)]
pub struct Compensation {
    /// The call, as a task of its own list.
    pub task: TaskIndex,
    /// Whether it also undoes what was started and did not complete.
    pub started: bool,
}

/// What an acknowledged commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however sudden; not a power cut.
    Os,
    /// A power cut too: each commit is on the medium before it is acknowledged.
    #[default]
    Disk,
}

/// What a failure does to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They stop.
    FailFast,
    /// They go on as far as they can.
    Continue,
}

/// When an execution must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// So long after its start.
    After(Duration),
    /// At this instant.
    At(Timestamp),
}

/// What an execution may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Attempts of agents that may start.
    pub tasks: Option<u64>,
    /// Time from its start to its end.
    pub time: Option<Duration>,
}

impl Plan {
    /// SHA-256 of the canonical definition without `name`, `description` and `metadata`: equal for definitions that do the same.
    pub fn hash(&self) -> &Arc<str> {
        self.hash.get_or_init(|| behaviour_hash(&self.definition).into())
    }

    /// SHA-256 of `definition`, letter for letter.
    pub fn definition_hash(&self) -> &Arc<str> {
        self.definition_hash.get_or_init(|| stdx::sha256_hex(&self.definition).into())
    }

    /// Whether another definition does the same. Most often it is the same text.
    pub fn does_as(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.definition == other.definition || self.hash() == other.hash()
    }

    /// The list with this index.
    pub fn list(&self, list: ListIndex) -> Range<u32> {
        self.lists.get(list.0 as usize).map_or(0..0, |list| list.tasks.clone())
    }

    /// The task with this id; the loop where a loop of one call shares its id with the call.
    pub fn find(&self, id: &str) -> Option<TaskIndex> {
        let by_id = self.by_id.get_or_init(|| {
            let mut by_id = FxHashMap::default();
            for (task, planned) in self.tasks.iter() {
                by_id.entry(Arc::clone(&planned.id)).or_insert(task);
            }
            by_id
        });
        by_id.get(id).copied()
    }

    /// The root list.
    pub const ROOT: ListIndex = ListIndex(0);
}

impl PlannedTask {
    /// Whether it is one call or one wait, and no group.
    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, TaskKind::Agent { .. } | TaskKind::Workflow | TaskKind::Wait)
    }

    /// Whether its attempts are calls of an agent.
    pub fn calls_agent(&self) -> bool {
        matches!(self.kind, TaskKind::Agent { .. })
    }

    /// Whether some failure of it stays its own.
    pub fn is_tolerant(&self) -> bool {
        self.tolerance != Tolerance::Nothing
    }

    /// Whether this failure does.
    pub fn tolerates(&self, failure: &Failure) -> bool {
        match &self.tolerance {
            Tolerance::Nothing => false,
            Tolerance::All => true,
            Tolerance::Named(names) => failure.is_named(names),
        }
    }
}
