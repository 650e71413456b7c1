// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each event does to the state. Nothing here decides: the same events always give the same state.

mod compensation;
mod fallback;
mod stop;
mod timers;

use super::scope::{Role, Scope, ScopeIndex};
use super::state::{Fallen, Reuse, Turn};
use super::{CancelReason, Event, Execution, Output, PassEnd, Phase, Question, ReusedEnd, TaskRecord, TaskState};
use crate::plan::{Deadline, ListIndex, TaskKind};
use crate::{InstanceIndex, TaskIndex};
use std::ops::Range;
use std::sync::Arc;
use stdx::Timestamp;

impl Execution {
    pub(super) fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::ExecutionStarted => self.start(at),
            Event::Judged { task, question, holds } => self.judge(*task, *question, *holds),
            Event::WaitStarted { task, until } => self.start_wait(at, *task, *until),
            Event::SignalReceived { name, payload, path, fits } => {
                self.keep_signal(name, payload, path.as_ref(), fits.as_ref());
            }
            Event::WaitEnded { task, payload } => self.end_wait(at, *task, payload),
            Event::TaskPrepared { task, input, cache_key } => self.prepare(*task, input.as_ref(), cache_key.as_ref()),
            Event::GroupStarted { task } => {
                self.activate(at, *task);
                if let TaskKind::Group { list, .. } = self.planned(*task).kind {
                    self.open_inner(at, *task, Role::Group, list);
                }
            }
            Event::BranchesTaken { task, branches } => self.take_branches(at, *task, branches),
            Event::LoopStarted { task, items } => {
                self.activate(at, *task);
                self.tasks[*task].more().turn = Some(Turn { items: items.clone(), ..Turn::default() });
            }
            Event::PassStarted { task, pass } => self.start_pass(at, *task, *pass),
            Event::PassEnded { task, pass, end } => self.end_pass(*task, *pass, end),
            Event::FailFast { task } => self.fail_fast(at, *task),
            Event::GroupStopped { task, cause, failure } => self.stop_group(at, *task, *cause, failure.as_ref()),
            Event::ExecutionFailing { cause, failure } => {
                self.phase = Phase::Failing { task: None, failure: Arc::clone(failure) };
                self.stop(at, ScopeIndex::ROOT, *cause, false);
            }
            Event::CancelRequested { reason, force } => self.cancel(at, reason.as_ref(), *force),
            Event::BudgetCharged { started, interrupted } => self.attempts = (self.attempts + started).saturating_sub(*interrupted),
            Event::UsageCharged { spent } => self.spend_below(spent),
            Event::Paused => (self.paused, self.paused_since) = (true, Some(at)),
            Event::Resumed { step } => (self.paused, self.stepping) = (false, *step),
            Event::StepStarted { task, name, input, .. } => self.take_step(*task, name, *input, None),
            Event::StepEnded { task, name, input, value, .. } => self.take_step(*task, name, *input, Some(value)),
            Event::CompensationStarted { task } => self.start_compensation(at, *task),
            Event::Moved { to } => self.move_to(at, to),
            // Nothing decides by it yet.
            Event::SharedRead { .. } => {}
            Event::ExecutionEnded { end } => {
                self.phase = Phase::Ended(end.clone());
                self.ended = Some(at);
                self.timers.clear();
                self.forget_before();
            }
            Event::AttemptStarted { .. }
            | Event::AttemptInterrupted { .. }
            | Event::AttemptTimedOut { .. }
            | Event::ModelChosen { .. }
            | Event::ModelCalled { .. }
            | Event::RetryScheduled { .. }
            | Event::FallbackTaken { .. }
            | Event::BackoffEnded { .. }
            | Event::TaskSpawned { .. }
            | Event::TaskFinishing { .. }
            | Event::TaskCompleted { .. }
            | Event::TaskFailed { .. }
            | Event::TaskSkipped { .. }
            | Event::TaskCancelled { .. }
            | Event::TaskReused { .. } => self.apply_to_attempt(at, event),
        }
    }

    fn end_pass(&mut self, task: InstanceIndex, pass: u32, end: &PassEnd) {
        self.note_idle(task, pass);
        let Some(turn) = &mut self.tasks[task].more().turn else { return };
        turn.open -= 1;
        if let Some(place) = turn.passes.get_mut(pass as usize) {
            *place = Some(end.clone());
        }
        if *end == PassEnd::Completed {
            turn.latest = turn.latest.max(Some(pass));
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other half of the events is above")]
    fn apply_to_attempt(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::AttemptStarted { task, attempt, .. } => {
                self.note_call(*task);
                self.inherit_steps(*task);
                self.run(at, *task, *attempt);
            }
            Event::AttemptInterrupted { task, attempt, crashed } => {
                self.leave_lane(*task);
                // It was no attempt: the budget has it back.
                self.attempts = self.attempts.saturating_sub(u64::from(self.calling(*task).calls_agent()));
                self.tasks[*task].interruptions += 1;
                if *crashed {
                    self.tasks[*task].more().crashes += 1;
                }
                self.make_ready(at, *task, *attempt, None);
            }
            Event::AttemptTimedOut { task, cause, .. } => self.abort(at, *task, *cause),
            Event::ModelChosen { task, choice, .. } => self.choose(*task, choice),
            Event::ModelCalled { task, attempt, spent, finish, call, brief } => {
                self.spend(*task, *attempt, spent, finish.as_ref(), call);
                self.note_model_call(*task, *attempt, brief);
            }
            Event::RetryScheduled { task, attempt, start, failure, until, .. } => {
                self.end_era(*task, failure);
                self.leave_lane(*task);
                self.tasks[*task].first_start.get_or_insert(*start);
                let more = self.tasks[*task].more();
                (more.failed, more.failed_at) = (Some((*attempt, Arc::clone(failure))), Some(at));
                self.set(*task, TaskState::Backoff { attempt: attempt + 1, until: *until });
            }
            Event::FallbackTaken { .. } => self.fall_back(at, event),
            Event::BackoffEnded { task } => {
                let attempt = self.tasks[*task].attempts() + 1;
                self.make_ready(at, *task, attempt, None);
            }
            Event::TaskSpawned { task, definition } => self.spawn(at, *task, definition),
            Event::TaskFinishing { task, attempt, start, end, output } => {
                self.leave_lane(*task);
                if let Some(output) = output.json() {
                    self.tasks[*task].more().output = Some(Arc::clone(output));
                }
                self.tasks[*task].first_start.get_or_insert(*start);
                self.set(*task, TaskState::Finishing { attempt: *attempt, start: *start, end: *end });
            }
            Event::TaskCompleted { task, attempt, start, end, output } => {
                self.keep(*task, output);
                self.forget_steps(*task);
                self.tasks[*task].first_start.get_or_insert(*start);
                self.end(at, *task, TaskState::Completed { attempt: *attempt, start: *start, end: *end });
                if matches!(output, Output::Undoable(_)) && self.is_child_undone_within(*task) {
                    self.undoable.push(*task);
                }
            }
            Event::TaskFailed { task, attempt, start, end, failure } => {
                if *attempt > 0 {
                    self.tasks[*task].first_start.get_or_insert(*start);
                }
                self.end_era(*task, failure);
                let tolerated = self.planned(*task).tolerates(failure);
                let failure = Arc::clone(failure);
                self.end(at, *task, TaskState::Failed { attempt: *attempt, start: *start, end: *end, failure, tolerated });
            }
            Event::TaskSkipped { task, reason } => self.end(at, *task, TaskState::Skipped { reason: *reason, at }),
            Event::TaskCancelled { task, reason } => {
                let attempt = self.tasks[*task].attempts();
                self.end(at, *task, TaskState::Cancelled { attempt, reason: *reason, at });
            }
            Event::TaskReused { task, end } => self.reuse(at, *task, end),
            _ => {}
        }
    }

    fn start(&mut self, at: Timestamp) {
        self.phase = Phase::Running;
        self.started = Some(at);
        self.bound(at);
        self.release_first(at, ScopeIndex::ROOT);
    }

    /// When it must have ended, having started at this instant.
    pub(super) fn bound(&mut self, at: Timestamp) {
        let own = match self.plan.deadline {
            Some(Deadline::After(time)) => Some(at.after(time)),
            Some(Deadline::At(instant)) => Some(instant),
            None => None,
        };
        let deadline = own.into_iter().chain(self.setup.deadline).min().map(|at| (at, CancelReason::Deadline));
        let time = [self.plan.budget.time, self.setup.budget.time].into_iter().flatten().min();
        let budget = time.map(|time| (at.after(time), CancelReason::Budget));
        self.deadline = deadline.into_iter().chain(budget).min_by_key(|(at, _)| *at);
    }

    /// The tasks of a new scope that depend on nothing are released.
    pub(super) fn release_first(&mut self, at: Timestamp, scope: ScopeIndex) {
        for place in 0..self.scope(scope).children.len() {
            let child = self.scope(scope).children[place];
            // One before it may have ended at once.
            if self.tasks[child].tally.open == 0 && self.tasks[child].state == TaskState::Waiting {
                self.make_ready(at, child, 1, None);
            }
        }
    }

    fn judge(&mut self, task: InstanceIndex, question: Question, holds: bool) {
        let gates = self.planned(task).conditions.len();
        let more = self.tasks[task].more();
        more.judged = Some((question, holds));
        match question {
            Question::Gate(place) => more.admitted_by_gate = holds && place as usize + 1 == gates,
            Question::Branch(branch) if holds => more.branches.push(branch),
            Question::Branch(_) | Question::Turn { .. } => {}
        }
    }

    fn end_wait(&mut self, at: Timestamp, task: InstanceIndex, payload: &Arc<str>) {
        self.take_signal(task);
        let since = if let TaskState::Awaiting { since, .. } = self.tasks[task].state { since } else { at };
        let more = self.tasks[task].more();
        more.payload = Some(Arc::clone(payload));
        // The total does not run while a task waits.
        more.total_deadline = more.total_deadline.map(|deadline| deadline.after(at.since(since)));
        self.set(task, TaskState::Released { ready: at, ready_by: None });
    }

    fn prepare(&mut self, task: InstanceIndex, input: Option<&Arc<str>>, cache_key: Option<&Arc<str>>) {
        if input.is_some() || cache_key.is_some() {
            let more = self.tasks[task].more();
            (more.input, more.cache_key) = (input.cloned(), cache_key.cloned());
        }
        if let TaskState::Released { ready, ready_by } = self.tasks[task].state {
            self.queue_for_lane(task);
            self.set(task, TaskState::Ready { attempt: 1, ready, ready_by });
        }
    }

    fn activate(&mut self, at: Timestamp, task: InstanceIndex) {
        let deadline = self.planned(task).timeout.map(|timeout| at.after(timeout));
        self.set(task, TaskState::Active { since: at, deadline });
    }

    fn take_branches(&mut self, at: Timestamp, task: InstanceIndex, taken: &[u32]) {
        self.activate(at, task);
        let plan = Arc::clone(&self.plan);
        let TaskKind::Choice { branches, .. } = &plan.tasks[self.tasks[task].task].kind else { return };
        for place in taken {
            if let Some(branch) = branches.get(*place as usize) {
                self.open_inner(at, task, Role::Branch(*place), branch.list);
            }
        }
    }

    fn start_wait(&mut self, at: Timestamp, task: InstanceIndex, until: Option<Timestamp>) {
        self.note_call(task);
        self.set(task, TaskState::Awaiting { since: at, until });
    }

    /// A pass that ends without a call was idle.
    fn note_idle(&mut self, task: InstanceIndex, pass: u32) {
        let scope = self.tasks[task].less().and_then(|more| more.scopes.get(pass as usize)).copied();
        self.idle_passes += u64::from(scope.is_some_and(|scope| !self.scope(scope).called));
    }

    /// The passes around `task` are not idle.
    pub(super) fn note_call(&mut self, task: InstanceIndex) {
        let mut index = self.tasks[task].scope;
        while index != ScopeIndex::ROOT && !self.scope(index).called {
            self.scope_mut(index).called = true;
            let Some(owner) = self.scope(index).owner else { return };
            index = self.tasks[owner].scope;
        }
    }

    fn start_pass(&mut self, at: Timestamp, task: InstanceIndex, pass: u32) {
        let keep_last = if let TaskKind::Loop(planned) = &self.planned(task).kind { planned.keep_last } else { None };
        let list = if let TaskKind::Loop(planned) = &self.planned(task).kind { planned.list } else { return };
        if let Some(turn) = &mut self.tasks[task].more().turn {
            turn.open += 1;
            turn.passes.push(None);
        }
        self.open_inner(at, task, Role::Pass(pass), list);
        // What falls out of view is forgotten: the new pass and the last ended ones stay.
        if let Some(forgotten) = keep_last.and_then(|keep| pass.checked_sub(keep + 1)) {
            let scope = self.tasks[task].more().scopes[forgotten as usize];
            for place in 0..self.scope(scope).children.len() {
                let child = self.scope(scope).children[place];
                self.tasks[child].more = None;
            }
        }
    }

    fn open_inner(&mut self, at: Timestamp, owner: InstanceIndex, role: Role, list: ListIndex) {
        let tasks = self.plan.list(list);
        let scope = self.open_scope(Some(owner), role, list, tasks);
        self.scope_mut(scope).began = Some(at);
        self.tasks[owner].more().scopes.push(scope);
        self.release_first(at, scope);
    }

    /// A scope with an instance of each of these tasks, all waiting.
    pub(super) fn open_scope(&mut self, owner: Option<InstanceIndex>, role: Role, list: ListIndex, tasks: Range<u32>) -> ScopeIndex {
        let index = ScopeIndex(u32::try_from(self.scopes.len()).unwrap_or(u32::MAX));
        let mut scope = Scope::new(owner, role, list, tasks.start);
        scope.children.reserve_exact(tasks.len());
        self.tasks.reserve(tasks.len());
        for task in tasks.map(TaskIndex::new) {
            let dependencies = self.plan.tasks[task].dependencies.len();
            scope.children.push(self.tasks.push(TaskRecord::waiting(task, index, dependencies)));
        }
        scope.open = scope.children.len();
        self.open += scope.open;
        self.scopes.push(scope);
        index
    }

    fn spawn(&mut self, at: Timestamp, parent: InstanceIndex, definition: &Arc<str>) {
        // It was found good before it was recorded.
        let Ok(planned) = crate::workflow::read_accepted_spawned(definition, self.plan.default_timeout) else { return };
        let task = TaskIndex::new(u32::try_from(self.plan.tasks.len() + self.spawned.len()).unwrap_or(u32::MAX));
        self.spawned.push((Arc::new(planned), Arc::clone(definition)));
        let known = self.tasks[parent].more().spawned;
        // A child spawns nothing: what is added to it undoes it.
        let undoes = matches!(self.planned(parent).kind, TaskKind::Workflow);
        let role = if undoes { Role::Compensation } else { Role::Spawned };
        let scope = known.unwrap_or_else(|| self.open_scope(Some(parent), role, ListIndex(u32::MAX), 0..0));
        let child = self.tasks.push(TaskRecord::waiting(task, scope, 0));
        if undoes {
            self.forget_undoable(parent);
        } else {
            self.tasks[parent].more().spawned = Some(scope);
            self.spawned_by.insert((parent, Arc::clone(&self.planned(child).id)), child);
        }
        self.scope_mut(scope).children.push(child);
        self.scope_mut(scope).open += 1;
        self.open += 1;
        self.make_ready(at, child, 1, None);
    }

    fn run(&mut self, at: Timestamp, task: InstanceIndex, attempt: u32) {
        let exclusive = self.planned(task).exclusive;
        let calling = self.calling(task);
        let (timeout, silence, counted) = (calling.timeout, calling.heartbeat_timeout, calling.calls_agent());
        if exclusive {
            let scope = self.tasks[task].scope;
            let scope = self.scope_mut(scope);
            scope.lane = Some(task);
            scope.lane_queue.remove(&task);
        }
        if let Some(silence) = silence {
            self.tasks[task].more().silent_until = Some(at.after(silence));
        }
        self.attempts += u64::from(counted);
        self.set(task, TaskState::Running { attempt, admitted: at, deadline: timeout.map(|timeout| at.after(timeout)) });
    }

    fn make_ready(&mut self, at: Timestamp, task: InstanceIndex, attempt: u32, ready_by: Option<InstanceIndex>) {
        if self.moves.is_some() && self.take_over(at, task) {
            return;
        }
        let planned = self.planned(task);
        let (plain, total_timeout) = (planned.plain && planned.is_leaf(), planned.total_timeout);
        if let Some(total) = total_timeout {
            self.tasks[task].more().total_deadline.get_or_insert(at.after(total));
        }
        if plain || attempt > 1 || self.tasks[task].interruptions > 0 {
            self.queue_for_lane(task);
            self.set(task, TaskState::Ready { attempt, ready: at, ready_by });
        } else {
            self.set(task, TaskState::Released { ready: at, ready_by });
        }
    }

    pub(super) fn queue_for_lane(&mut self, task: InstanceIndex) {
        if self.planned(task).exclusive {
            let scope = self.tasks[task].scope;
            self.scope_mut(scope).lane_queue.insert(task);
        }
    }

    fn reuse(&mut self, at: Timestamp, task: InstanceIndex, end: &ReusedEnd) {
        let tolerated = if let ReusedEnd::Failed(failure) = end { self.planned(task).tolerates(failure) } else { false };
        let more = self.tasks[task].more();
        more.reused = Some(if matches!(end, ReusedEnd::Cached(_)) { Reuse::Cache } else { Reuse::Origin });
        let state = match end {
            ReusedEnd::Cached(output) => {
                more.output = Some(Arc::clone(output));
                TaskState::Completed { attempt: 0, start: at, end: at }
            }
            ReusedEnd::Completed(output) => {
                more.output.clone_from(output);
                TaskState::Completed { attempt: 0, start: at, end: at }
            }
            ReusedEnd::Degraded(output, failure) => {
                more.output.clone_from(output);
                more.fallen = Some(Fallen { place: None, failure: Arc::clone(failure) });
                TaskState::Completed { attempt: 0, start: at, end: at }
            }
            ReusedEnd::Failed(failure) => TaskState::Failed { attempt: 0, start: at, end: at, failure: Arc::clone(failure), tolerated },
            ReusedEnd::Skipped(reason) => TaskState::Skipped { reason: *reason, at },
            ReusedEnd::Cancelled(reason) => TaskState::Cancelled { attempt: 0, reason: *reason, at },
        };
        self.end(at, task, state);
    }

    pub(super) fn end(&mut self, at: Timestamp, task: InstanceIndex, state: TaskState) {
        self.leave_lane(task);
        self.replace(task, state);
        self.open -= 1;
        let index = self.tasks[task].scope;
        let record = &self.tasks[task];
        let (completed, contained, failed) = (
            matches!(record.state, TaskState::Completed { .. }),
            matches!(record.state, TaskState::Failed { tolerated: true, .. }),
            matches!(record.state, TaskState::Failed { tolerated: false, .. }),
        );
        let scope = self.scope_mut(index);
        scope.open -= 1;
        scope.lane_queue.remove(&task);
        scope.completed += u32::from(completed);
        if completed || contained || failed {
            scope.first.get_or_insert(task);
        }
        if failed {
            scope.failed.get_or_insert(task);
        }
        self.note_undoable(task, completed);
        let Some(outcome) = self.tasks[task].outcome() else { return };
        let planned = self.tasks[task].task;
        // A task that was spawned has nobody behind it.
        let count = self.plan.tasks.get(planned).map_or(0, |planned| planned.dependents.len());
        for place in 0..count {
            let dependent = self.plan.tasks[planned].dependents[place];
            let Some(dependent) = self.scope(index).instance_of(dependent) else { continue };
            let record = &mut self.tasks[dependent];
            record.tally.count(outcome);
            if record.state == TaskState::Waiting && self.plan.tasks[record.task].rule.judge(record.tally).is_some() {
                self.make_ready(at, dependent, 1, Some(task));
            }
        }
    }

    /// Keeps an output that something may look at: an expression, a report, the attempt that spawned the task.
    fn keep(&mut self, task: InstanceIndex, output: &Output) {
        let spawned = self.scope(self.tasks[task].scope).role == Role::Spawned;
        if (!self.plan.opaque || spawned)
            && let Some(output) = output.json()
        {
            self.tasks[task].more().output = Some(Arc::clone(output));
        }
    }

    fn leave_lane(&mut self, task: InstanceIndex) {
        let scope = self.tasks[task].scope;
        let scope = self.scope_mut(scope);
        if scope.lane == Some(task) {
            scope.lane = None;
        }
    }

    pub(super) fn set(&mut self, task: InstanceIndex, state: TaskState) {
        self.replace(task, state);
        self.arm(task);
    }

    fn replace(&mut self, task: InstanceIndex, state: TaskState) {
        if matches!(self.tasks[task].state, TaskState::Awaiting { .. }) {
            self.close_wait(task);
        }
        if matches!(state, TaskState::Awaiting { .. }) {
            self.open_wait(task);
        }
        let record = &mut self.tasks[task];
        self.running -= usize::from(record.is_running());
        self.active -= usize::from(matches!(record.state, TaskState::Active { .. }));
        record.state = state;
        self.running += usize::from(record.is_running());
        self.active += usize::from(matches!(record.state, TaskState::Active { .. }));
        if !matches!(record.state, TaskState::Running { .. })
            && let Some(more) = &mut record.more
        {
            more.silent_until = None;
            // An interrupted attempt is ready again, as the same attempt.
            let same = matches!(record.state, TaskState::Ready { .. } | TaskState::Aborting { .. });
            if let Some(models) = more.models.as_mut().filter(|_| !same) {
                models.forget_notes();
            }
        }
    }
}
