// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Facts an execution records. Read aloud in order, they are the story of the run.
//!
//! The step they belong to carries the instant they were recorded at; `start` and `end` are the host's own measurements of the attempt.

use super::{AbortCause, Fit, Move, Output, Spent};
use crate::{Failure, InstanceIndex};
use std::sync::Arc;
use stdx::Timestamp;

/// A recorded fact.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "`task`, `attempt` (from 1), `start` and `end` mean the same in each event")]
pub enum Event {
    /// The execution began.
    ExecutionStarted,
    /// A condition was judged, once and for all.
    Judged { task: InstanceIndex, question: Question, holds: bool },
    /// It began to wait, for a signal or for time.
    WaitStarted { task: InstanceIndex, until: Option<Timestamp> },
    /// Somebody sent a signal; `path` if it is meant for one wait.
    SignalReceived { name: Arc<str>, payload: Arc<str>, path: Option<Arc<str>>, fits: Option<Arc<[Fit]>> },
    /// What it waited for came: the payload of the signal, JSON text; `null` after a delay.
    WaitEnded { task: InstanceIndex, payload: Arc<str> },
    /// Everything before its first attempt is done. `input` is what its templates gave: JSON text of `{ "prompt", "data" }`; `cache_key` is what
    /// its output will be kept under.
    TaskPrepared { task: InstanceIndex, input: Option<Arc<str>>, cache_key: Option<Arc<str>> },
    /// Its children exist.
    GroupStarted { task: InstanceIndex },
    /// The branches a choice took.
    BranchesTaken { task: InstanceIndex, branches: Box<[u32]> },
    /// A loop began; `items` is the list of a `forEach`, JSON text of each.
    LoopStarted { task: InstanceIndex, items: Option<Box<[Arc<str>]>> },
    /// The tasks of a pass exist; passes count from 0.
    PassStarted { task: InstanceIndex, pass: u32 },
    /// They have all ended.
    PassEnded { task: InstanceIndex, pass: u32, end: PassEnd },
    /// An attempt was admitted at the instant of its step; it had been ready since `ready`.
    AttemptStarted {
        task: InstanceIndex,
        attempt: u32,
        ready: Timestamp,
        /// The dependency whose end made it ready, if one did.
        ready_by: Option<InstanceIndex>,
        /// The task whose end made room for it, if it had to wait for room.
        admitted_by: Option<InstanceIndex>,
    },
    /// Its process ended before it did, by a crash or in order. It does not count against `maxAttempts`.
    AttemptInterrupted { task: InstanceIndex, attempt: u32, crashed: bool },
    /// A time of its own passed and it was told to stop.
    AttemptTimedOut { task: InstanceIndex, attempt: u32, cause: AbortCause },
    /// It chose a model: JSON text of the choice and what led to it. The same attempt, interrupted, never chooses again.
    ModelChosen { task: InstanceIndex, attempt: u32, choice: Arc<str> },
    /// A call of a model has ended: what it used, JSON text of all of it, and in brief, as the host reports it. It may have been given up before.
    ModelCalled { task: InstanceIndex, attempt: u32, spent: Box<Spent>, finish: Option<Arc<str>>, call: Arc<str>, brief: Arc<str> },
    /// It failed, and another attempt follows at `until`.
    RetryScheduled { task: InstanceIndex, attempt: u32, start: Timestamp, end: Timestamp, failure: Arc<Failure>, until: Timestamp },
    /// It would have failed, and something stands in for it: its fallback at this place. `again`: an agent, in another attempt, with this `input` if
    /// templates gave it one: JSON text of `{ "prompt", "data" }`.
    FallbackTaken {
        task: InstanceIndex,
        attempt: u32,
        start: Timestamp,
        end: Timestamp,
        failure: Arc<Failure>,
        place: u32,
        again: bool,
        input: Option<Arc<str>>,
    },
    /// The wait after a failed attempt is over.
    BackoffEnded { task: InstanceIndex },
    /// Its attempt added a task: JSON text of its definition. Where it is a child that completed: the task that undoes that.
    TaskSpawned { task: InstanceIndex, definition: Arc<str> },
    /// Its agent answered, and tasks it spawned have not ended.
    TaskFinishing { task: InstanceIndex, attempt: u32, start: Timestamp, end: Timestamp, output: Output },
    /// The task ended well; `attempt` is 0 for a group or a wait.
    TaskCompleted { task: InstanceIndex, attempt: u32, start: Timestamp, end: Timestamp, output: Output },
    /// The task ended badly; `attempt` is 0 if none began.
    TaskFailed { task: InstanceIndex, attempt: u32, start: Timestamp, end: Timestamp, failure: Arc<Failure> },
    /// The task never ran.
    TaskSkipped { task: InstanceIndex, reason: SkipReason },
    /// The task was stopped, or never ran because its scope stopped.
    TaskCancelled { task: InstanceIndex, reason: CancelReason },
    /// The task took over an end that was recorded before: by another execution of the same work, or by the one this was forked from.
    TaskReused { task: InstanceIndex, end: ReusedEnd },
    /// The scope of a task that failed stops: nothing new starts in it, what runs was told to stop.
    FailFast { task: InstanceIndex },
    /// A group stops from within: its join is decided, or one of its times has passed, or a pass failed. It fails if there is a failure.
    GroupStopped { task: InstanceIndex, cause: CancelReason, failure: Option<Arc<Failure>> },
    /// The execution stops, and will have failed: its deadline has passed or its budget is used up.
    ExecutionFailing { cause: CancelReason, failure: Arc<Failure> },
    /// Somebody asked for the execution to stop; `force` stops clean-up too.
    CancelRequested { reason: Option<Arc<str>>, force: bool },
    /// Executions below it started attempts of agents, or had some interrupted; its budget is theirs too.
    BudgetCharged { started: u64, interrupted: u64 },
    /// Executions below it used models.
    UsageCharged { spent: Box<Spent> },
    /// Nothing new starts until it is resumed.
    Paused,
    /// It goes on; `step` pauses it again after the next task.
    Resumed { step: bool },
    /// What a task did begins to be undone.
    CompensationStarted { task: InstanceIndex },
    /// A step of an attempt began. `input`: the print of what it was given, if that was said.
    StepStarted { task: InstanceIndex, attempt: u32, name: Arc<str>, input: Option<u64> },
    /// It gave this value, JSON text, which later attempts have of it.
    StepEnded { task: InstanceIndex, attempt: u32, name: Arc<str>, input: Option<u64>, value: Arc<str> },
    /// An attempt read something of what is shared, as it was at this revision: what is at `path`, or all of it.
    SharedRead { task: InstanceIndex, attempt: u32, revision: u64, path: Option<Arc<str>>, read: Shared },
    /// From here on it runs another plan. Tasks have the numbers of that.
    Moved { to: Box<Move> },
    /// Everything has ended, and so has the execution.
    ExecutionEnded { end: End },
}

/// What was read of what is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    /// The value, JSON text.
    Value(Arc<str>),
    /// Its hash, where it is large.
    Hash(Arc<str>),
}

/// What a condition decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The condition at this place of its `conditions`: whether the task runs at all.
    Gate(u32),
    /// Whether the branch at this place is taken.
    Branch(u32),
    /// Whether a loop that has had `passes` goes on: the condition at the place `index`.
    Turn {
        /// Passes so far.
        passes: u32,
        /// Which of its conditions.
        index: u32,
    },
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub enum PassEnd {
    /// Well.
    Completed,
    /// A failure in it was not contained.
    Failed(Arc<Failure>),
    /// It was stopped.
    Cancelled,
}

/// An end that was recorded before.
#[derive(Clone, Debug, PartialEq)]
pub enum ReusedEnd {
    /// Another execution did the same work within the time its `cache` says.
    Cached(Arc<str>),
    /// The forked execution completed it.
    Completed(Option<Arc<str>>),
    /// What stood in for it there completed it, after this failure.
    Degraded(Option<Arc<str>>, Arc<Failure>),
    /// It failed there.
    Failed(Arc<Failure>),
    /// It was skipped there.
    Skipped(SkipReason),
    /// It was cancelled there.
    Cancelled(CancelReason),
}

/// Why a task never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// A dependency failed, was cancelled, or was skipped for this same reason, and its rule wants none of that.
    UpstreamFailed,
    /// Every dependency was skipped.
    UpstreamSkipped,
    /// A condition of its own does not hold.
    ConditionFalse,
    /// None of its branches holds.
    BranchNotTaken,
    /// Its dependencies ended otherwise than its rule asks.
    RuleNotMet,
}

/// Why a task was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Another task failed, and the workflow fails fast.
    SiblingFailed,
    /// The execution was cancelled.
    Cancelled,
    /// Enough others of its group had ended.
    JoinSatisfied,
    /// The execution's deadline passed.
    Deadline,
    /// The execution's budget was used up.
    Budget,
    /// The time of a group around it passed.
    Timeout,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Every task completed, or was skipped, or failed without consequence.
    Completed,
    /// A failure reached it.
    Failed {
        /// The task it came from; `None`: a deadline or a budget.
        task: Option<InstanceIndex>,
        /// What it was.
        failure: Arc<Failure>,
    },
    /// Somebody asked for it.
    Cancelled {
        /// In their words.
        reason: Option<Arc<str>>,
    },
}
