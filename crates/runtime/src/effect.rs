// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What leaves the driver: commands to carry out and notices of what is now on record.

use alphabet::{Effect, execution, pool, schedule, store};
use engine::{AbortCause, CancelReason, Command, End, Event, InstanceIndex, PassEnd, Question, ReusedEnd, SkipReason};
use engine::{InstanceNumber, PoolEffect};
use stdx::Timestamp;

/// The place of an event in the journal of its execution: the record it is in and its place there, so that what follows a number is found without
/// reading what is before it. It only grows, and that an execution was accepted is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// What the host hears of an event, if anything.
pub(crate) fn notice(slot: u32, at: Timestamp, number: Number, event: &Event) -> Option<Effect> {
    use execution::Kind;
    let place = Place { slot, at, number };
    match event {
        Event::ExecutionStarted => place.of_all(Kind::Started),
        Event::RetryScheduled { task, attempt, start, end, .. } | Event::FallbackTaken { task, attempt, start, end, again: true, .. } => {
            place.of_task(*task, *attempt, Kind::Retrying { start: start.micros(), end: end.micros() })
        }
        Event::TaskCompleted { task, attempt, start, end, .. } => {
            place.of_task(*task, *attempt, Kind::Completed { start: start.micros(), end: end.micros() })
        }
        Event::TaskFailed { task, attempt, start, end, .. } => {
            place.of_task(*task, *attempt, Kind::Failed { start: start.micros(), end: end.micros() })
        }
        Event::TaskSkipped { task, reason } => place.of_task(*task, 0, skipped(*reason)),
        Event::TaskCancelled { task, reason } => place.of_task(*task, 0, cancelled(*reason)),
        Event::TaskReused { task, end } => place.of_task(*task, 0, reused(at, end)),
        Event::ModelChosen { task, attempt, .. } | Event::StepStarted { task, attempt, .. } | Event::StepEnded { task, attempt, .. } => {
            place.of_task(*task, *attempt, Kind::Noted)
        }
        Event::GroupStarted { task } | Event::BranchesTaken { task, .. } | Event::LoopStarted { task, .. } => {
            place.of_task(*task, 0, Kind::Opened)
        }
        Event::WaitStarted { task, until } => place.of_task(*task, 0, Kind::Waiting { until: until.map_or(0, Timestamp::micros) }),
        Event::PassEnded { task, pass, end } => {
            let outcome = match end {
                PassEnd::Completed => 1,
                PassEnd::Failed(_) => 2,
                PassEnd::Cancelled => 3,
            };
            place.of_task(*task, 0, Kind::Iterated { pass: (*pass).into(), outcome })
        }
        Event::Moved { .. } => place.of_all(Kind::Moved),
        Event::Paused => place.of_all(Kind::Paused),
        Event::Resumed { .. } => place.of_all(Kind::Resumed),
        Event::ExecutionEnded { end } => {
            let status = match end {
                End::Completed => 1,
                End::Failed { .. } => 2,
                End::Cancelled { .. } => 3,
            };
            place.of_all(Kind::Ended { status })
        }
        Event::CancelRequested { .. } => place.of_all(Kind::Cancelling),
        Event::SignalReceived { .. } => place.of_all(Kind::Signalled),
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
        | Event::SharedRead { .. }
        | Event::CompensationStarted { .. } => None,
    }
}

/// Where an effect of an execution stands in its journal.
#[derive(Clone, Copy)]
struct Place {
    slot: u32,
    at: Timestamp,
    number: Number,
}

impl Place {
    #[expect(clippy::unnecessary_wraps, reason = "what is told of an event is optional")]
    fn of_task(self, task: InstanceIndex, attempt: u32, kind: execution::Kind) -> Option<Effect> {
        Some(self.effect(task.get(), attempt, kind))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is told of an event is optional")]
    fn of_all(self, kind: execution::Kind) -> Option<Effect> {
        Some(self.effect(0, 0, kind))
    }

    fn effect(self, task: u32, attempt: u32, kind: execution::Kind) -> Effect {
        let Self { slot, at, number } = self;
        Effect::Execution(execution::Effect { slot, task, attempt, at: at.micros(), number: number.get(), kind })
    }
}

fn reused(at: Timestamp, end: &ReusedEnd) -> execution::Kind {
    let (start, now) = (at.micros(), at.micros());
    match end {
        ReusedEnd::Cached(_) => execution::Kind::Reused,
        ReusedEnd::Completed(_) | ReusedEnd::Degraded(..) => execution::Kind::Completed { start, end: now },
        ReusedEnd::Failed(_) => execution::Kind::Failed { start, end: now },
        ReusedEnd::Skipped(reason) => skipped(*reason),
        ReusedEnd::Cancelled(reason) => cancelled(*reason),
    }
}

fn skipped(reason: SkipReason) -> execution::Kind {
    execution::Kind::Skipped { reason: reason as u64 + 1 }
}

fn cancelled(reason: CancelReason) -> execution::Kind {
    execution::Kind::Cancelled { reason: reason as u64 + 1 }
}

/// The execution is accepted.
pub(crate) fn accepted(slot: u32, at: Timestamp) -> Effect {
    Place { slot, at, number: Number::default() }.effect(0, 0, execution::Kind::Accepted)
}

/// The execution is not driven here any more; `why` as in the alphabet.
pub(crate) fn let_go(slot: u32, at: Timestamp, why: u64) -> Effect {
    Place { slot, at, number: Number::default() }.effect(0, 0, execution::Kind::LetGo { why })
}

/// The execution, which was parked, is at hand again.
pub(crate) fn woken(slot: u32, at: Timestamp) -> Effect {
    Place { slot, at, number: Number::default() }.effect(0, 0, execution::Kind::Woken)
}

/// Whether the effect is of the execution in the slot.
pub(crate) fn is_of(effect: &Effect, slot: u32) -> bool {
    match effect {
        Effect::Execution(effect) => effect.slot == slot,
        Effect::Schedule(schedule::Effect { kind: schedule::Kind::Fired { slot: of, .. }, .. }) => *of == slot,
        Effect::Schedule(_) | Effect::Pool(_) | Effect::Store(_) => false,
    }
}

/// A schedule is as it is now.
pub(crate) fn scheduled(number: u32, at: Timestamp, next: Option<Timestamp>) -> Effect {
    of_schedule(number, at, schedule::Kind::Scheduled { next: next.map_or(0, Timestamp::micros) })
}

/// What was deleted with this ticket is on record no more.
pub(crate) fn deleted(ticket: u32, at: Timestamp) -> Effect {
    Effect::Store(store::Effect { at: at.micros(), kind: store::Kind::Deleted { ticket } })
}

/// What another process has left is this one's.
pub(crate) fn taken(at: Timestamp) -> Effect {
    Effect::Store(store::Effect { at: at.micros(), kind: store::Kind::Taken })
}

/// Letters, replies or news of executions elsewhere have come.
pub(crate) fn post(at: Timestamp) -> Effect {
    Effect::Store(store::Effect { at: at.micros(), kind: store::Kind::Post })
}

/// A schedule is no more.
pub(crate) fn unscheduled(number: u32, at: Timestamp) -> Effect {
    of_schedule(number, at, schedule::Kind::Unscheduled)
}

/// A schedule has begun the execution in `slot`.
pub(crate) fn fired(slot: u32, at: Timestamp, number: u32, planned: Timestamp) -> Effect {
    of_schedule(number, at, schedule::Kind::Fired { slot, planned: planned.micros() })
}

fn of_schedule(number: u32, at: Timestamp, kind: schedule::Kind) -> Effect {
    Effect::Schedule(schedule::Effect { schedule: number, at: at.micros(), kind })
}

/// An attempt to run, of a task that was interrupted so often before; `instance` of an agent: of no journal.
pub(crate) fn run(
    slot: u32,
    at: Timestamp,
    number: Number,
    task: InstanceIndex,
    attempt: u32,
    interruptions: u64,
    instance: Option<InstanceNumber>,
) -> Effect {
    let instance = instance.map_or(0, InstanceNumber::get);
    Place { slot, at, number }.effect(task.get(), attempt, execution::Kind::Run { interruptions, instance })
}

/// What the pool wants of the host; nothing where the driver answers itself.
pub(crate) fn of_pool(at: Timestamp, effect: &PoolEffect) -> Option<Effect> {
    use pool::Kind;
    let kind = match *effect {
        PoolEffect::Granted { .. } | PoolEffect::Refused { .. } => return None,
        PoolEffect::Create { instance, agent } => Kind::CreateAgent { instance: instance.get(), agent: agent.get() },
        PoolEffect::Dispose { instance, force } => Kind::DisposeAgent { instance: instance.get(), force },
        PoolEffect::Check { instance } => Kind::CheckAgent { instance: instance.get() },
        PoolEffect::Unhealthy { instance } => Kind::AgentUnhealthy { instance: instance.get() },
        PoolEffect::Recovered { instance } => Kind::AgentRecovered { instance: instance.get() },
        PoolEffect::ScaledUp { of, from, to } => Kind::ScaledUp { of: of.get(), from, to },
        PoolEffect::ScaledDown { of, from, to } => Kind::ScaledDown { of: of.get(), from, to },
        PoolEffect::Reclaimed { ticket } => Kind::Reclaimed { ticket },
    };
    Some(Effect::Pool(pool::Effect { at: at.micros(), kind }))
}

/// What the host must do beside running attempts; nothing where the driver answers itself. `number` is that of the event that led to it.
pub(crate) fn command(slot: u32, at: Timestamp, number: Number, command: &Command) -> Option<Effect> {
    use execution::Kind;
    let place = Place { slot, at, number };
    match command {
        Command::Abort { task, attempt, cause } => {
            let cause = match cause {
                AbortCause::Timeout => 1,
                AbortCause::Silence => 2,
                AbortCause::TotalTimeout => 3,
                AbortCause::Stopped(reason) => *reason as u64 + 4,
            };
            place.of_task(*task, *attempt, Kind::Abort { cause })
        }
        Command::Judge { task, question } => {
            let kind = match *question {
                Question::Gate(index) => Kind::AskGate { index },
                Question::Branch(index) => Kind::AskBranch { index },
                Question::Turn { passes, index } => Kind::AskTurn { index, passes },
            };
            place.of_task(*task, 0, kind)
        }
        Command::Review { task, .. } => place.of_task(*task, 0, Kind::AskSchema),
        Command::Run { .. } | Command::LookUp { .. } | Command::Ask { .. } | Command::Withdraw { .. } => None,
    }
}
