// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What leaves the driver: commands to carry out and notices of what is now on record, as plain numbers.

use engine::{AbortCause, Command, End, Event, InstanceIndex, PassEnd, Question, ReusedEnd};
use engine::{InstanceNumber, PoolEffect};
use stdx::Timestamp;

/// One committed effect, in the order of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What it is.
    pub kind: EffectKind,
    /// Which execution.
    pub slot: u32,
    /// Which task; 0 where the effect is about the execution.
    pub task: u32,
    /// Which attempt, from 1; 0 where there is none.
    pub attempt: u32,
    /// A number whose meaning the kind says.
    pub first: u64,
    /// Another.
    pub second: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Its place in the journal of its execution; see [`Number`].
    pub number: Number,
}

/// The place of an event in the journal of its execution: the record it is in and its place there, so that what follows a number is found without
/// reading what is before it. It only grows, and that an execution was accepted is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(u64);

impl Number {
    /// Events of one record that have numbers of their own: far more than a record has, and few enough that a number fits a float exactly.
    const EVENTS_MAX: u64 = 1 << 22;

    pub(crate) fn new(record: u64, event: usize) -> Self {
        Self((record + 1) * Self::EVENTS_MAX + (event as u64).min(Self::EVENTS_MAX - 1))
    }

    /// The number as it crosses to JavaScript.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The number that JavaScript was given.
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The first record that may hold what follows.
    pub(crate) fn record(self) -> u64 {
        (self.0 / Self::EVENTS_MAX).saturating_sub(1)
    }
}

/// Beside the kinds of question, the one that is asked of an `outputSchema`.
const REVIEW: u64 = 4;

/// The kinds of effect; the numbers cross to JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EffectKind {
    /// The execution is accepted and on record.
    Accepted = 1,
    /// Run an attempt. `first`: how often the task was interrupted before; `second`: the number of the instance that does it, 0 if there is none.
    Run = 2,
    /// Stop an attempt. `first`: 1 timeout, 2 silence, 3 total timeout, 4 and more the reason of the stop as in `Cancelled`, plus 3.
    Abort = 3,
    /// The execution has ended. `first`: 1 completed, 2 failed, 3 cancelled.
    Ended = 4,
    /// An attempt failed and another follows. `first`, `second`: its start and end.
    Retrying = 5,
    /// A task completed. `first`, `second`: start and end of its last attempt.
    Completed = 6,
    /// A task failed. `first`, `second`: start and end of its last attempt.
    Failed = 7,
    /// A task was skipped. `first`: 1 upstream failed, 2 upstream skipped, 3 condition false, 4 branch not taken, 5 rule not met.
    Skipped = 8,
    /// A task was cancelled. `first`: 1 sibling failed, 2 cancelled, 3 join satisfied, 4 deadline, 5 budget, 6 timeout.
    Cancelled = 9,
    /// The request to cancel the execution is on record.
    Cancelling = 10,
    /// Ask the function that is a condition. `attempt`: passes so far; `first`: 1 gate, 2 branch, 3 turn of a loop; `second`: which one.
    Judge = 11,
    /// The execution began.
    Started = 12,
    /// A pass of a loop ended. `first`: which, from 0; `second`: 1 completed, 2 failed, 3 cancelled.
    Iterated = 13,
    /// The execution is paused.
    Paused = 14,
    /// It goes on.
    Resumed = 15,
    /// A task waits for a signal or for time. `first`: until when, 0 without a bound.
    Waiting = 16,
    /// A group, a loop or a wait began.
    Opened = 17,
    /// A task took over an output that another execution had made.
    Reused = 18,
    /// A signal is on record.
    Signalled = 19,
    /// A schedule is on record as it is now; `slot` is its number. `first`: its next planned instant, 0 if there is none.
    Scheduled = 20,
    /// A schedule is no more; `slot` is its number.
    Unscheduled = 21,
    /// A schedule has begun an execution, before anything else is heard of that. `task`: the number of the schedule; `first`: the planned instant.
    Fired = 22,
    /// Make an instance of an agent; `slot` is its number here and below. `task`: the number of the agent.
    CreateAgent = 23,
    /// Let go of an instance. `first`: 1 if nothing may be waited for.
    DisposeAgent = 24,
    /// Ask an instance how it is.
    CheckAgent = 25,
    /// An instance is ill, and has no new work.
    AgentUnhealthy = 26,
    /// It is well again.
    AgentRecovered = 27,
    /// A type of agent, whose number is `slot`, has more instances than before. `first`, `second`: how many, before and now.
    ScaledUp = 28,
    /// It has fewer.
    ScaledDown = 29,
    /// An attempt that lent its place has it back. `slot`: its ticket.
    Reclaimed = 30,
    /// The choice of a model is on record.
    Chosen = 31,
}

impl Effect {
    /// What the host hears of an event, if anything.
    pub(crate) fn notice(slot: u32, at: Timestamp, number: Number, event: &Event) -> Option<Self> {
        let effect = |kind, task: Option<InstanceIndex>, attempt, first, second| {
            Some(Self { kind, slot, task: task.map_or(0, InstanceIndex::get), attempt, first, second, at, number })
        };
        match event {
            Event::ExecutionStarted => effect(EffectKind::Started, None, 0, 0, 0),
            Event::RetryScheduled { task, attempt, start, end, .. }
            | Event::FallbackTaken { task, attempt, start, end, again: true, .. } => {
                effect(EffectKind::Retrying, Some(*task), *attempt, start.micros(), end.micros())
            }
            Event::TaskCompleted { task, attempt, start, end, .. } => {
                effect(EffectKind::Completed, Some(*task), *attempt, start.micros(), end.micros())
            }
            Event::TaskFailed { task, attempt, start, end, .. } => {
                effect(EffectKind::Failed, Some(*task), *attempt, start.micros(), end.micros())
            }
            Event::TaskSkipped { task, reason } => effect(EffectKind::Skipped, Some(*task), 0, *reason as u64 + 1, 0),
            Event::TaskCancelled { task, reason } => effect(EffectKind::Cancelled, Some(*task), 0, *reason as u64 + 1, 0),
            Event::TaskReused { task, end } => match end {
                ReusedEnd::Cached(_) => effect(EffectKind::Reused, Some(*task), 0, 0, 0),
                ReusedEnd::Completed(_) | ReusedEnd::Degraded(..) => {
                    effect(EffectKind::Completed, Some(*task), 0, at.micros(), at.micros())
                }
                ReusedEnd::Failed(_) => effect(EffectKind::Failed, Some(*task), 0, at.micros(), at.micros()),
                ReusedEnd::Skipped(reason) => effect(EffectKind::Skipped, Some(*task), 0, *reason as u64 + 1, 0),
                ReusedEnd::Cancelled(reason) => effect(EffectKind::Cancelled, Some(*task), 0, *reason as u64 + 1, 0),
            },
            Event::ModelChosen { task, attempt, .. } => effect(EffectKind::Chosen, Some(*task), *attempt, 0, 0),
            Event::GroupStarted { task } | Event::BranchesTaken { task, .. } | Event::LoopStarted { task, .. } => {
                effect(EffectKind::Opened, Some(*task), 0, 0, 0)
            }
            Event::WaitStarted { task, until } => effect(EffectKind::Waiting, Some(*task), 0, until.map_or(0, Timestamp::micros), 0),
            Event::PassEnded { task, pass, end } => {
                let end = match end {
                    PassEnd::Completed => 1,
                    PassEnd::Failed(_) => 2,
                    PassEnd::Cancelled => 3,
                };
                effect(EffectKind::Iterated, Some(*task), 0, (*pass).into(), end)
            }
            Event::Paused => effect(EffectKind::Paused, None, 0, 0, 0),
            Event::Resumed { .. } => effect(EffectKind::Resumed, None, 0, 0, 0),
            Event::ExecutionEnded { end } => {
                let status = match end {
                    End::Completed => 1,
                    End::Failed { .. } => 2,
                    End::Cancelled { .. } => 3,
                };
                effect(EffectKind::Ended, None, 0, status, 0)
            }
            Event::CancelRequested { .. } => effect(EffectKind::Cancelling, None, 0, 0, 0),
            Event::SignalReceived { .. } => effect(EffectKind::Signalled, None, 0, 0, 0),
            Event::Judged { .. }
            | Event::WaitEnded { .. }
            | Event::TaskPrepared { .. }
            | Event::PassStarted { .. }
            | Event::AttemptStarted { .. }
            | Event::AttemptInterrupted { .. }
            | Event::AttemptTimedOut { .. }
            | Event::ModelCalled { .. }
            | Event::BackoffEnded { .. }
            | Event::FallbackTaken { again: false, .. }
            | Event::TaskSpawned { .. }
            | Event::TaskFinishing { .. }
            | Event::FailFast { .. }
            | Event::GroupStopped { .. }
            | Event::ExecutionFailing { .. }
            | Event::BudgetCharged { .. }
            | Event::UsageCharged { .. }
            | Event::CompensationStarted { .. } => None,
        }
    }

    /// The execution is accepted.
    pub(crate) fn accepted(slot: u32, at: Timestamp) -> Self {
        Self { kind: EffectKind::Accepted, slot, task: 0, attempt: 0, first: 0, second: 0, at, number: Number::default() }
    }

    /// A schedule is as it is now.
    pub(crate) fn scheduled(number: u32, at: Timestamp, next: Option<Timestamp>) -> Self {
        Self {
            kind: EffectKind::Scheduled,
            slot: number,
            task: 0,
            attempt: 0,
            first: next.map_or(0, Timestamp::micros),
            second: 0,
            at,
            number: Number::default(),
        }
    }

    /// A schedule is no more.
    pub(crate) fn unscheduled(number: u32, at: Timestamp) -> Self {
        Self { kind: EffectKind::Unscheduled, slot: number, task: 0, attempt: 0, first: 0, second: 0, at, number: Number::default() }
    }

    /// A schedule has begun the execution in `slot`.
    pub(crate) fn fired(slot: u32, at: Timestamp, number: u32, planned: Timestamp) -> Self {
        Self { kind: EffectKind::Fired, slot, task: number, attempt: 0, first: planned.micros(), second: 0, at, number: Number::default() }
    }

    /// An attempt to run, of a task that was interrupted so often before.
    pub(crate) fn run(slot: u32, at: Timestamp, number: Number, task: InstanceIndex, attempt: u32, interruptions: u64) -> Self {
        Self { kind: EffectKind::Run, slot, task: task.get(), attempt, first: interruptions, second: 0, at, number }
    }

    /// The same, by an instance of an agent.
    pub(crate) fn on(self, instance: Option<InstanceNumber>) -> Self {
        Self { second: instance.map_or(0, InstanceNumber::get).into(), ..self }
    }

    /// What the pool wants of the host; nothing where the driver answers itself.
    pub(crate) fn of_pool(at: Timestamp, effect: &PoolEffect) -> Option<Self> {
        let about =
            |kind, slot, task, first, second| Some(Self { kind, slot, task, attempt: 0, first, second, at, number: Number::default() });
        match *effect {
            PoolEffect::Granted { .. } | PoolEffect::Refused { .. } => None,
            PoolEffect::Create { instance, agent } => about(EffectKind::CreateAgent, instance.get(), agent.get(), 0, 0),
            PoolEffect::Dispose { instance, force } => about(EffectKind::DisposeAgent, instance.get(), 0, force.into(), 0),
            PoolEffect::Check { instance } => about(EffectKind::CheckAgent, instance.get(), 0, 0, 0),
            PoolEffect::Unhealthy { instance } => about(EffectKind::AgentUnhealthy, instance.get(), 0, 0, 0),
            PoolEffect::Recovered { instance } => about(EffectKind::AgentRecovered, instance.get(), 0, 0, 0),
            PoolEffect::ScaledUp { of, from, to } => about(EffectKind::ScaledUp, of.get(), 0, from.into(), to.into()),
            PoolEffect::ScaledDown { of, from, to } => about(EffectKind::ScaledDown, of.get(), 0, from.into(), to.into()),
            PoolEffect::Reclaimed { ticket } => about(EffectKind::Reclaimed, ticket, 0, 0, 0),
        }
    }

    /// What the host must do beside running attempts; nothing where the driver answers itself. `number` is that of the event that led to it.
    pub(crate) fn command(slot: u32, at: Timestamp, number: Number, command: &Command) -> Option<Self> {
        match command {
            Command::Abort { task, attempt, cause } => {
                let cause = match cause {
                    AbortCause::Timeout => 1,
                    AbortCause::Silence => 2,
                    AbortCause::TotalTimeout => 3,
                    AbortCause::Stopped(reason) => *reason as u64 + 4,
                };
                Some(Self { kind: EffectKind::Abort, slot, task: task.get(), attempt: *attempt, first: cause, second: 0, at, number })
            }
            Command::Judge { task, question } => {
                let (passes, kind, index) = match question {
                    Question::Gate(index) => (0, 1, *index),
                    Question::Branch(index) => (0, 2, *index),
                    Question::Turn { passes, index } => (*passes, 3, *index),
                };
                Some(Self {
                    kind: EffectKind::Judge,
                    slot,
                    task: task.get(),
                    attempt: passes,
                    first: kind,
                    second: index.into(),
                    at,
                    number,
                })
            }
            Command::Review { task, .. } => {
                Some(Self { kind: EffectKind::Judge, slot, task: task.get(), attempt: 0, first: REVIEW, second: 0, at, number })
            }
            Command::Run { .. } | Command::LookUp { .. } | Command::Ask { .. } | Command::Withdraw { .. } => None,
        }
    }
}
