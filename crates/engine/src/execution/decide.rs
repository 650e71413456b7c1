// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each input means now, as events to record and commands to carry out.
//!
//! - `attempts`: answers, retries, times that pass; `fallback`: what stands in for a task that would have failed.
//! - `release`: from the rule of a task to its first attempt.
//! - `conditions`: what is judged, by the engine or by the host.
//! - `groups`: how scopes and joins end; `loops`: what a loop does next.
//! - `stopping`: fail-fast, cancel, deadlines, interruptions; `ending`: compensation and the end.

mod attempts;
mod conditions;
mod ending;
mod fallback;
mod groups;
mod loops;
mod release;
mod stopping;

use super::scope::ScopeIndex;
use super::{Event, Execution, Input, Move, Phase, Step, TaskState};
use crate::InstanceIndex;
use std::collections::VecDeque;
use stdx::Timestamp;

pub(super) fn decide(execution: &mut Execution, now: Timestamp, input: Input, step: &mut Step) {
    if matches!(execution.phase, Phase::Ended(_)) {
        if matches!(input, Input::Settled(_)) {
            execution.late_answers += 1;
        }
        return;
    }
    let early =
        matches!(input, Input::Start | Input::Cancel { .. } | Input::Signal { .. } | Input::Pause | Input::Resume { .. } | Input::Move(_));
    if execution.phase == Phase::Pending && !early {
        return;
    }
    if matches!(input, Input::Recover | Input::Cancel { .. }) {
        execution.asleep = false;
    }
    let scratch = std::mem::take(&mut execution.scratch);
    let mut decider = Decider { execution, now, step, scratch };
    match input {
        Input::Start => decider.start(),
        Input::Admit { task, admitted_by } => decider.admitted(task, admitted_by),
        Input::Settled(settled) => decider.settled(settled),
        Input::Tick => decider.tick(),
        Input::Heartbeat { task, attempt } => decider.heartbeat(task, attempt),
        Input::Judged { task, question, answer } => decider.judged(task, question, answer),
        Input::LookedUp { task, found } => decider.looked_up(task, found),
        Input::Reviewed { task, result } => decider.reviewed(task, result),
        Input::Signal { name, payload, path, fits } => decider.signal(name, payload, path, fits),
        Input::Spawn { task, attempt, definition } => decider.spawn(task, attempt, definition),
        Input::Note { task, attempt, note } => decider.note(task, attempt, note),
        Input::Charge { started, interrupted, refused, spent } => decider.charge(started, interrupted, refused, spent),
        Input::Overfull(failure) => decider.overfull(failure),
        Input::Pause => decider.pause(),
        Input::Resume { step } => decider.resume(step),
        Input::Move(to) => decider.move_to(to),
        Input::Cancel { reason, force } => decider.cancel(reason, force),
        Input::Interrupt => decider.interrupt(),
        Input::Recover => decider.recover(),
    }
    decider.settle();
    let Decider { execution, scratch, .. } = decider;
    execution.scratch = scratch;
}

/// One input being decided: every event is applied as soon as it is recorded, so later decisions see it.
struct Decider<'a> {
    execution: &'a mut Execution,
    now: Timestamp,
    step: &'a mut Step,
    scratch: Scratch,
}

/// What one input has still to look at. It is kept from input to input for its room alone.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Tasks that have ended, whose consequences are still to be drawn.
    ended: VecDeque<InstanceIndex>,
    /// Scopes that stop, and what they had not started is still to be ended.
    stopped: Vec<ScopeIndex>,
    /// Tasks that may begin, once all of that is done.
    released: VecDeque<InstanceIndex>,
    /// Scopes whose lane may have become free; each knows whether it is among them.
    lanes: Vec<ScopeIndex>,
}

impl Decider<'_> {
    fn record(&mut self, event: Event) {
        let ended = match &event {
            Event::TaskCompleted { task, .. }
            | Event::TaskFailed { task, .. }
            | Event::TaskSkipped { task, .. }
            | Event::TaskCancelled { task, .. }
            | Event::TaskReused { task, .. } => Some(*task),
            Event::AttemptInterrupted { task, .. }
            | Event::RetryScheduled { task, .. }
            | Event::FallbackTaken { task, .. }
            | Event::TaskFinishing { task, .. } => {
                self.note_lane(*task);
                None
            }
            Event::ExecutionStarted
            | Event::Judged { .. }
            | Event::WaitStarted { .. }
            | Event::SignalReceived { .. }
            | Event::WaitEnded { .. }
            | Event::TaskPrepared { .. }
            | Event::GroupStarted { .. }
            | Event::BranchesTaken { .. }
            | Event::LoopStarted { .. }
            | Event::PassStarted { .. }
            | Event::PassEnded { .. }
            | Event::AttemptStarted { .. }
            | Event::AttemptTimedOut { .. }
            | Event::ModelChosen { .. }
            | Event::ModelCalled { .. }
            | Event::BackoffEnded { .. }
            | Event::TaskSpawned { .. }
            | Event::FailFast { .. }
            | Event::GroupStopped { .. }
            | Event::ExecutionFailing { .. }
            | Event::CancelRequested { .. }
            | Event::BudgetCharged { .. }
            | Event::UsageCharged { .. }
            | Event::Paused
            | Event::Resumed { .. }
            | Event::CompensationStarted { .. }
            | Event::StepStarted { .. }
            | Event::StepEnded { .. }
            | Event::SharedRead { .. }
            | Event::Moved { .. }
            | Event::ExecutionEnded { .. } => None,
        };
        if let Some(task) = ended {
            self.withdraw(task);
            self.note_lane(task);
            self.scratch.ended.push_back(task);
        }
        self.execution.apply(self.now, &event);
        if let Some(moves) = &mut self.execution.moves {
            self.scratch.ended.extend(moves.ended.drain(..));
        }
        self.step.events.push(event);
    }

    /// It runs another plan from now on.
    fn move_to(&mut self, to: Box<Move>) {
        self.record(Event::Moved { to });
        if self.execution.phase != Phase::Running {
            return;
        }
        if self.execution.deadline.is_some_and(|(at, _)| at <= self.now) {
            return self.tick();
        }
        self.draw();
        self.take_up();
    }

    /// Remembers who held the lane of this task's scope, before it may leave it.
    fn note_lane(&mut self, task: InstanceIndex) {
        let index = self.execution.tasks[task].scope;
        let lane = self.execution.scope(index).lane;
        if lane == Some(task) {
            self.look_at_lane(index, lane);
        }
    }

    /// The lane of this scope is looked at when everything else is known; `holder` is who held it before.
    fn look_at_lane(&mut self, scope: ScopeIndex, holder: Option<InstanceIndex>) {
        let looked_at = self.execution.scope_mut(scope);
        looked_at.lane_left = looked_at.lane_left.or(holder);
        if !std::mem::replace(&mut looked_at.lane_due, true) {
            self.scratch.lanes.push(scope);
        }
    }

    fn state(&self, task: InstanceIndex) -> &TaskState {
        &self.execution.tasks[task].state
    }

    /// Draws every consequence, and when all of them are known looks at the lanes and at the end.
    fn settle(&mut self) {
        loop {
            self.draw();
            // A group that began again may have taken over what goes on inside of it.
            if self.execution.moves.as_mut().is_some_and(|moves| std::mem::take(&mut moves.goes_on)) {
                self.take_up();
                continue;
            }
            if !self.fill_lanes() && !self.end_if_done() {
                return;
            }
        }
    }

    /// The consequences of tasks that ended: first for those behind them, so that their reasons are the true ones, then for what stopped, and
    /// when nothing else ends or stops, one by one what begins.
    fn draw(&mut self) {
        loop {
            if let Some(task) = self.scratch.ended.pop_front() {
                self.after(task);
            } else if let Some(scope) = self.scratch.stopped.pop() {
                self.end_unstarted(scope);
            } else if let Some(task) = self.scratch.released.pop_front() {
                self.begin(task);
            } else {
                return;
            }
        }
    }

    /// Lets the earliest declared of the ready exclusive tasks of each scope run, if none does; true if one began.
    fn fill_lanes(&mut self) -> bool {
        let mut began = false;
        while let Some(index) = self.scratch.lanes.pop() {
            let scope = self.execution.scope_mut(index);
            scope.lane_due = false;
            let holder = scope.lane_left.take();
            let Some(task) = scope.lane_queue.first().copied().filter(|_| scope.lane.is_none()) else { continue };
            if self.is_held() || self.execution.tasks[task].asked {
                continue;
            }
            let waited = matches!(self.state(task), TaskState::Ready { ready, .. } if *ready < self.now);
            self.admit(task, holder.filter(|_| waited));
            began = true;
        }
        began
    }

    /// Whether nothing new may start.
    fn is_held(&self) -> bool {
        self.execution.paused || self.execution.asleep
    }

    fn start(&mut self) {
        if self.execution.phase != Phase::Pending {
            return;
        }
        self.record(Event::ExecutionStarted);
        if self.execution.deadline.is_some_and(|(at, _)| at <= self.now) {
            return self.tick();
        }
        self.release_children(ScopeIndex::ROOT);
    }

    /// Takes up whatever a pause or the end of a process left standing.
    fn take_up(&mut self) {
        let all: Vec<InstanceIndex> = self.execution.tasks.iter().map(|(task, _)| task).collect();
        for task in all {
            match self.execution.tasks[task].state {
                TaskState::Released { .. } | TaskState::Ready { .. } => self.release(task),
                TaskState::Awaiting { .. } => self.look_at_wait(task),
                TaskState::Active { .. } => self.go_on(task),
                TaskState::Waiting
                | TaskState::Running { .. }
                | TaskState::Aborting { .. }
                | TaskState::Backoff { .. }
                | TaskState::Finishing { .. }
                | TaskState::Completed { .. }
                | TaskState::Failed { .. }
                | TaskState::Skipped { .. }
                | TaskState::Cancelled { .. } => {}
            }
        }
        for scope in (0..).map(ScopeIndex).take(self.execution.scopes.len()) {
            if !self.execution.scope(scope).lane_queue.is_empty() {
                self.look_at_lane(scope, None);
            }
        }
    }
}
