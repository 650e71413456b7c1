// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Decides workflows. In reading order:
//!
//! - [`workflow`]: the text of a definition becomes a [`Plan`], or every [`Problem`] that stands in the way, each with its path.
//! - [`Execution`]: the machine of one run. Inputs go in; events (facts to record) and commands (effects owed) come out.
//! - [`Admission`]: which of many executions may begin.
//! - [`Pool`]: which agent runs what, and how many of them there are.
//! - [`schedule`]: when a workflow runs again and again, and which of the instants that passed it makes up for.
//! - [`Keyed`]: which execution an idempotency key stands for.
//! - [`RetryPolicy`] and [`TriggerRule`]: when a task is tried again, and when it may run at all.
//!
//! Nothing here knows a clock, randomness, a store, a network or JavaScript: time is an argument, and the same inputs
//! give the same events on every machine. `clippy.toml` beside this crate keeps it that way.

#![forbid(unsafe_code)]

mod admission;
mod execution;
mod failure;
mod idempotency;
mod plan;
mod pool;
mod retry;
pub mod schedule;
mod task_index;
mod trigger;
pub mod workflow;

pub use admission::{Admission, KeyLimit, Queued, Ticket};
pub use execution::{
    AbortCause, Around, By, CancelReason, Command, End, Event, Execution, Fit, Held, Hold, Input, Move, MoveError, Note, Notes, Output,
    PassEnd, Phase, Presence, Question, ReusedEnd, Settled, Setup, Shared, SignalError, SkipReason, Spent, Step, Steps, TakenStep, TaskEnd,
    TaskRecord, TaskState, TemplateReads, Undoing, UndoneBy,
};
pub use failure::Failure;
pub use idempotency::{Claim, Keyed, KeyedEnd};
pub use plan::paths::PathForm;
pub use plan::{
    Branch, Budget, Cache, Compensation, Condition, Deadline, Drive, Durability, FailurePolicy, Fallback, Join, ListIndex, Loop,
    OnItemError, Plan, PlannedTask, TaskKind, TaskList, Tolerance, Wait,
};
pub use pool::{
    AgentIndex, AgentLimits, Figures, InstanceNumber, Lack, Lacking, Pool, PoolEffect, PoolPolicy, PoolStatistics, PoolWait, Rate, Request,
    Reserve, TargetIndex, TypeIndex, TypeLimits,
};
pub use retry::RetryPolicy;
pub use schema::{Schema, SchemaError, SchemaIssue};
pub use task_index::{InstanceIndex, InstanceMap, TaskIndex, TaskMap};
pub use trigger::{Outcome, Tally, TriggerRule, Verdict};
pub use workflow::problem::{Problem, ProblemKind, Severity};
pub use workflow::{Limits, read_accepted_plan, read_accepted_spawned, read_plan, read_spawned};
