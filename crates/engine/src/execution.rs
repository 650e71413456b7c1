// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One run of a plan, as a machine: inputs in, events and commands out.
//!
//! A task's life:
//! ```text
//! Waiting --rule has spoken--> Released --conditions, wait, cache, templates--> Ready --admitted--> Running --finished well--> Ended(completed)
//!   |  rule not met: Ended(skipped)  |  a condition is false: Ended(skipped)      |                    | finished badly --> Backoff while attempts remain, else Ended(failed)
//!   |                                |  waitFor --> Awaiting --signal--> Released |                    | a time passed, its scope stops --> Aborting
//!   |                                |  a group --> Active --its scopes ended--> Ended                 | tasks it spawned run --> Finishing --> Ended
//! Backoff --delay over, admitted--> Running
//! Aborting --answer, or grace over--> Backoff | Ended(failed)          after a time-out
//!                                 --> Ended(completed | cancelled)     when its scope stops
//! ```
//! Before an attempt of an agent runs, the machine may have to ask for it ([`Command::Ask`]): a task that is ready then waits until it is admitted.
//! Every task that has not ended may end cancelled when its scope stops. Siblings that run together are a scope: the root list, a group, a
//! branch, a pass of a loop, what a task spawned. A failure acts on its scope, and rises to the next when that has ended failed.
//!
//! The execution's own life: `Pending → Running → Ended(completed)`, or a failure or a cancel makes it stop (`Failing`, `Cancelling`): nothing new
//! starts but clean-up, running attempts are aborted and have [`Execution::GRACE`] to answer; when the last task has ended, what was done is
//! compensated, one by one; then it has ended.
//!
//! `decide` turns an input into events; `apply` turns an event into state, and is the only place that does. So replaying the events of
//! a journal gives the state they came from. `values` reads the state as expressions see it.

#![expect(
    clippy::indexing_slicing,
    reason = "instances and scopes are in range of their own execution; those that come from outside go through `get`"
)]

mod apply;
mod command;
mod decide;
mod destination;
mod event;
mod extent;
mod holding;
mod idle;
mod input;
mod kin;
mod models;
mod moving;
mod scope;
mod signals;
mod state;
mod steps;
mod takers;
mod told;
mod undoing;
mod values;

pub use command::{AbortCause, Command};
pub use destination::Move;
pub use event::{CancelReason, End, Event, PassEnd, Question, ReusedEnd, Shared, SkipReason};
pub use holding::{Around, By, Held, Hold, Presence};
pub use input::{Input, Output, Settled};
pub use kin::TemplateReads;
pub use models::{Note, Notes, Spent};
pub use moving::MoveError;
pub use signals::{Fit, SignalError};
pub use state::{Phase, TaskEnd, TaskRecord, TaskState};
pub use steps::{Steps, TakenStep};
pub use undoing::{Undoing, UndoneBy};

use crate::plan::Fallback;
use crate::plan::paths::PathForm;
use crate::{Budget, Failure, InstanceIndex, InstanceMap, Plan, PlannedTask, TaskIndex};
use rustc_hash::FxHashMap;
use scope::{Role, Scope, ScopeIndex};
use state::Timer;
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// What an execution is given beside its plan. It is recorded with the execution, so that a replay has it too.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Its id for the world.
    pub id: Arc<str>,
    /// Decides jitter; from the execution's id, so that a replay decides the same.
    pub seed: u64,
    /// On whose behalf it runs; empty for nobody's.
    pub tenant: Arc<str>,
    /// Its context as JSON text; `None` where the host keeps it and nothing reads it.
    pub context: Option<Arc<str>>,
    /// When it must have ended; the plan may say earlier.
    pub deadline: Option<Timestamp>,
    /// What it may use; the plan may say less.
    pub budget: Budget,
    /// Whether somebody decides when there is an agent for a task; otherwise there always is.
    pub asks: bool,
    /// Whether it pauses after each task from the beginning.
    pub step: bool,
    /// Whether it leaves what it did to be undone by the execution whose task it is, however it ends.
    pub undone_above: bool,
    /// Passes of loops in which nothing was called that it may have; `None`: as many as it wants.
    pub idle_passes_max: Option<u64>,
    /// How its paths are made.
    pub paths: PathForm,
    /// Ends it takes over, by path: those of the execution it was forked from.
    pub reuse: Arc<BTreeMap<Arc<str>, ReusedEnd>>,
    /// The steps its tasks have from the beginning, by path: those of the execution that it retries.
    pub steps: Arc<BTreeMap<Arc<str>, Steps>>,
}

/// One execution. It belongs to one driver, which gives it inputs one at a time.
#[derive(Debug)]
pub struct Execution {
    plan: Arc<Plan>,
    setup: Setup,
    phase: Phase,
    tasks: InstanceMap<TaskRecord>,
    scopes: Vec<Scope>,
    /// Tasks that were added at run time, each with its definition; their places follow the plan's.
    spawned: Vec<(Arc<PlannedTask>, Arc<str>)>,
    /// Their instances by parent and id.
    spawned_by: FxHashMap<(InstanceIndex, Arc<str>), InstanceIndex>,
    /// Tasks that have not ended.
    open: usize,
    /// Tasks with an attempt under way.
    running: usize,
    /// Groups whose tasks run.
    active: usize,
    /// Attempts of agents that have started, those of executions below it included.
    attempts: u64,
    /// Passes of loops that ended without calling an agent, a wait or a child.
    idle_passes: u64,
    /// Loops that gave way to what else there is to do, until [`Input::Tick`]. They are no fact of the journal.
    resting: Vec<InstanceIndex>,
    /// What models have cost, in executions below it too.
    spent: Spent,
    paused: bool,
    /// Since when it is.
    paused_since: Option<Timestamp>,
    stepping: bool,
    /// Whether it was rebuilt and waits for [`Input::Recover`]. It is no fact of the journal, but of this process.
    asleep: bool,
    /// What those above it let it start now; no fact of the journal either.
    above: Above,
    /// Kept signals by name.
    signals: BTreeMap<Arc<str>, signals::Kept>,
    /// Signals that came, whether kept or not.
    signals_received: u64,
    /// The tasks that wait for a signal, by its name and by their paths.
    waits: BTreeMap<Arc<str>, BTreeMap<String, InstanceIndex>>,
    /// Tasks that can be undone, in the order they ended.
    undoable: Vec<InstanceIndex>,
    /// What it knows of moves to other plans.
    moves: Option<Box<moving::Moves>>,
    /// When it must have ended, and by what.
    deadline: Option<(Timestamp, CancelReason)>,
    /// Deadlines of attempts, graces, waits and backoffs; an entry whose task has moved on is void.
    timers: BinaryHeap<Reverse<Timer>>,
    /// Attempts that the last event told to stop.
    told: Vec<InstanceIndex>,
    /// Room for the consequences of one input; empty between inputs.
    scratch: decide::Scratch,
    context: OnceCell<serde_json::Value>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    late_answers: u64,
}

/// What those above an execution let it start.
#[derive(Clone, Copy, Debug, Default)]
struct Above {
    /// Attempts of agents.
    left: Option<u64>,
    /// Whether one was refused for that.
    refused: bool,
}

/// What one input led to: facts to record, all or none, and effects that are owed once they are recorded.
#[derive(Debug, Default)]
pub struct Step {
    /// Recorded facts, in order.
    pub events: Vec<Event>,
    /// Owed effects, in order. Each may be carried out twice; `(execution, task, attempt)` is its key.
    pub commands: Vec<Command>,
}

impl Execution {
    /// How long an aborted attempt may take to answer before its end is recorded without it.
    pub const GRACE: Duration = Duration::from_secs(5);

    /// Crashes that one task may survive.
    pub const CRASHES_MAX: u32 = 3;

    /// An execution that has not started: `Input::Start` starts it.
    pub fn new(plan: Arc<Plan>, setup: Setup) -> Self {
        let root = plan.list(Plan::ROOT);
        let mut execution = Self {
            setup,
            phase: Phase::Pending,
            tasks: InstanceMap::default(),
            scopes: Vec::with_capacity(1),
            spawned: Vec::new(),
            spawned_by: FxHashMap::default(),
            open: 0,
            running: 0,
            active: 0,
            attempts: 0,
            idle_passes: 0,
            resting: Vec::new(),
            spent: Spent::default(),
            paused: false,
            paused_since: None,
            stepping: false,
            asleep: false,
            above: Above::default(),
            signals: BTreeMap::new(),
            signals_received: 0,
            waits: BTreeMap::new(),
            undoable: Vec::new(),
            moves: None,
            deadline: None,
            timers: BinaryHeap::new(),
            told: Vec::new(),
            scratch: decide::Scratch::default(),
            context: OnceCell::new(),
            started: None,
            ended: None,
            late_answers: 0,
            plan,
        };
        execution.stepping = execution.setup.step;
        execution.open_scope(None, Role::Root, Plan::ROOT, root);
        execution
    }

    /// From now on somebody decides when there is an agent.
    pub fn ask_for_agents(&mut self) {
        self.setup.asks = true;
    }

    /// Rebuilds the state that led to these events. Owed effects after a crash come from [`Input::Recover`].
    pub fn replay<'a>(plan: Arc<Plan>, setup: Setup, events: impl IntoIterator<Item = (Timestamp, &'a Event)>) -> Self {
        let mut execution = Self::new(plan, setup);
        for (at, event) in events {
            execution.observe(at, event);
        }
        execution
    }

    /// Follows its journal by one more event: nothing is decided, and nothing is owed.
    pub fn observe(&mut self, at: Timestamp, event: &Event) {
        self.apply(at, event);
        self.told.clear();
        if let Some(moves) = &mut self.moves {
            moves.ended.clear();
        }
    }

    /// Nothing begins before [`Input::Recover`], though signals, pauses and cancels may come: the process that rebuilt it is not ready to run it.
    pub fn sleep(&mut self) {
        self.asleep = true;
    }

    /// How many attempts of agents those above it let it start; `None`: as many as it wants. Told before an input whose budget is shared.
    pub fn allow(&mut self, attempts: Option<u64>) {
        self.above = Above { left: attempts, refused: false };
    }

    /// Whether an attempt was refused since, because those above it had none left.
    pub fn was_refused(&self) -> bool {
        self.above.refused
    }

    /// How many more attempts of agents it may start; `None`: any number.
    pub fn attempts_left(&self) -> Option<u64> {
        Some(self.attempts_max()?.saturating_sub(self.attempts))
    }

    fn attempts_max(&self) -> Option<u64> {
        [self.plan.budget.tasks, self.setup.budget.tasks].into_iter().flatten().min()
    }

    /// When it must have ended, and by what; known once it has started.
    pub fn deadline(&self) -> Option<(Timestamp, CancelReason)> {
        self.deadline
    }

    /// What `input` means at `now`, added to `step`. Total: a late or repeated input adds nothing.
    pub fn handle(&mut self, now: Timestamp, input: Input, step: &mut Step) {
        decide::decide(self, now, input, step);
    }

    /// Whether it goes on at the next [`Input::Tick`], at once: a loop that calls nothing gives way now and then.
    pub fn is_resting(&self) -> bool {
        !self.resting.is_empty() && !matches!(self.phase, Phase::Ended(_))
    }

    /// When [`Input::Tick`] is next due, if ever. It may be early, when what was due has been settled before.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if self.asleep {
            return None;
        }
        let whole = self.deadline.filter(|_| self.phase == Phase::Running).map(|(at, _)| at);
        self.timers.peek().map(|Reverse(timer)| timer.at).into_iter().chain(whole).min()
    }

    /// When time alone next changes something: [`Self::next_deadline`] without what is void, which takes a look at every timer.
    pub fn due(&self) -> Option<Timestamp> {
        let whole = self.deadline.filter(|_| self.phase == Phase::Running).map(|(at, _)| at);
        let live = self.timers.iter().filter(|Reverse(timer)| self.tasks[timer.task].deadline() == Some(timer.at));
        live.map(|Reverse(timer)| timer.at).chain(whole).min()
    }

    /// The graph it runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What it was given.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Where the execution as a whole is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether nothing new starts until it is resumed.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether a request to cancel it records nothing: it is being stopped already, with `force` its clean-up too.
    pub fn ignores_cancel(&self, force: bool) -> bool {
        let stopped = !matches!(self.phase, Phase::Pending | Phase::Running);
        stopped && (!force || self.scope(ScopeIndex::ROOT).forced)
    }

    /// Where each task is.
    pub fn tasks(&self) -> &InstanceMap<TaskRecord> {
        &self.tasks
    }

    /// What an instance was planned to be.
    pub fn planned(&self, task: InstanceIndex) -> &PlannedTask {
        self.planned_at(self.tasks[task].task)
    }

    fn planned_at(&self, task: TaskIndex) -> &PlannedTask {
        match self.plan.tasks.get(task) {
            Some(planned) => planned,
            None => &self.spawned[task.get() as usize - self.plan.tasks.len()].0,
        }
    }

    /// The definition of a task that was added at run time, JSON text.
    pub fn spawned_definition(&self, task: InstanceIndex) -> Option<&Arc<str>> {
        let place = (self.tasks.get(task)?.task.get() as usize).checked_sub(self.plan.tasks.len())?;
        self.spawned.get(place).map(|(_, definition)| definition)
    }

    /// The task of this id that an attempt of `parent` added.
    pub fn spawned(&self, parent: InstanceIndex, id: &Arc<str>) -> Option<InstanceIndex> {
        self.spawned_by.get(&(parent, Arc::clone(id))).copied()
    }

    /// Tasks that count against `workflow.maxTasks`: those of the plan, and those that were added.
    pub fn count(&self) -> usize {
        self.plan.count + self.spawned.len()
    }

    /// How many tasks have not ended.
    pub fn open(&self) -> usize {
        self.open
    }

    /// How many tasks have an attempt under way.
    pub fn running(&self) -> usize {
        self.running
    }

    /// How many tasks wait for anything.
    pub fn queued(&self) -> usize {
        self.open - self.running - self.active
    }

    /// When it started.
    pub fn started(&self) -> Option<Timestamp> {
        self.started
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    /// Whether a task could run and has not been admitted, though neither a pause nor its lane keeps it.
    pub fn awaits_admission(&self, task: InstanceIndex) -> bool {
        let Some(record) = self.tasks.get(task) else { return false };
        let scope = self.scope(record.scope);
        let is_next =
            !self.planned(task).exclusive || (scope.lane.is_none() && scope.lane_queue.first().is_none_or(|first| *first == task));
        matches!(record.state, TaskState::Ready { .. }) && !self.paused && is_next
    }

    /// Whether an attempt is under way: it has not answered, and was not given up. One that was told to stop is, until it answers.
    pub fn is_under_way(&self, task: InstanceIndex, attempt: u32) -> bool {
        self.tasks.get(task).is_some_and(|record| record.is_running() && record.attempts() == attempt)
    }

    /// Whether an attempt may begin something: a task of its own, a call of a model. One that is over, or was told to stop, may not.
    pub fn may_begin(&self, task: InstanceIndex, attempt: u32) -> bool {
        matches!(self.tasks.get(task).map(|record| &record.state), Some(TaskState::Running { attempt: current, .. }) if *current == attempt)
    }

    /// Answers that came after their attempt had been settled; they are dropped.
    pub fn late_answers(&self) -> u64 {
        self.late_answers
    }

    /// The failure that made the execution fail, with the task it came from.
    pub fn failure(&self) -> Option<(Option<InstanceIndex>, &Arc<Failure>)> {
        match &self.phase {
            Phase::Failing { task, failure } | Phase::Ended(End::Failed { task, failure }) => Some((*task, failure)),
            Phase::Pending | Phase::Running | Phase::Cancelling { .. } | Phase::Ended(End::Completed | End::Cancelled { .. }) => None,
        }
    }

    /// Why an attempt of a task failed, as far as that is at hand: the last one that did.
    pub fn failure_of(&self, task: InstanceIndex, attempt: u32) -> Option<&Arc<Failure>> {
        let record = self.tasks.get(task)?;
        if let TaskState::Failed { attempt: last, failure, .. } = &record.state
            && *last == attempt
        {
            return Some(failure);
        }
        record.less()?.failed.as_ref().filter(|(last, _)| *last == attempt).map(|(_, failure)| failure)
    }

    /// The input that the templates of a task gave, JSON text of `{ "prompt", "data" }`.
    pub fn rendered(&self, task: InstanceIndex) -> Option<&Arc<str>> {
        self.tasks.get(task)?.less()?.input.as_ref()
    }

    /// The key that the output of a task is to be kept under for other executions, and for how long.
    pub fn cache_key(&self, task: InstanceIndex) -> Option<(&Arc<str>, Option<Duration>)> {
        let key = self.tasks.get(task)?.less()?.cache_key.as_ref()?;
        Some((key, self.planned(task).cache.as_ref()?.ttl))
    }

    /// What stands in for a task now.
    pub(crate) fn fallback(&self, task: InstanceIndex) -> Option<&Fallback> {
        let place = self.tasks[task].less()?.fallen.as_ref()?.place?;
        self.planned(task).fallbacks.get(place as usize)
    }

    /// Who is called for a task: an agent that stands in for it, or as it was planned.
    pub fn called(&self, task: InstanceIndex) -> TaskIndex {
        match self.fallback(task) {
            Some(Fallback::Agent(other)) => *other,
            Some(Fallback::Value(_)) | None => self.tasks[task].task,
        }
    }

    /// The call of [`Execution::called`].
    pub fn calling(&self, task: InstanceIndex) -> &PlannedTask {
        self.planned_at(self.called(task))
    }

    /// Why something else completed a task, if that is so.
    pub fn degraded(&self, task: InstanceIndex) -> Option<&Arc<Failure>> {
        let record = self.tasks.get(task).filter(|record| matches!(record.state, TaskState::Completed { .. }))?;
        record.less()?.fallen.as_ref().map(|fallen| &fallen.failure)
    }

    /// Whether a task has an output that came from another execution.
    pub fn is_cached(&self, task: InstanceIndex) -> bool {
        self.tasks.get(task).and_then(TaskRecord::less).is_some_and(|more| more.reused == Some(state::Reuse::Cache))
    }

    fn scope(&self, scope: ScopeIndex) -> &Scope {
        &self.scopes[scope.0 as usize]
    }

    fn scope_mut(&mut self, scope: ScopeIndex) -> &mut Scope {
        &mut self.scopes[scope.0 as usize]
    }
}
