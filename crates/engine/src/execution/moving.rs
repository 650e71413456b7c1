// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A move: from one event on an execution runs another plan, and what reads the same there stays as it is.
//!
//! The machine is made anew from the new plan. As one of its tasks becomes ready whose path is among those that stay, it takes over what the task was before:
//! its end or its wait, its attempts, its steps, and all that is inside of it, such as the passes of a loop. Nothing of that is recorded again, since the
//! same events give the same state. Numbers of instances are those of the new machine from there on.

use super::scope::{Role, Scope, ScopeIndex};
use super::signals::KeptSignal;
use super::state::TaskState;
use super::{Execution, Move, Phase, TaskRecord};
use crate::plan::{ListIndex, TaskKind, Wait};
use crate::{InstanceIndex, Plan, TaskIndex};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;
use stdx::Timestamp;

/// Why an execution cannot be moved. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// It has ended.
    #[error("it has ended; `forkExecution` goes on from it under the new workflow")]
    Ended,
    /// It is being stopped, or has failed and cleans up.
    #[error("it is being stopped; when it has ended, `forkExecution` goes on from it under the new workflow")]
    Stopping,
    /// Something of it is under way.
    #[error("an attempt of `{path}` is under way; pause the execution, move it when that has ended, and resume it")]
    UnderWay {
        /// Whose.
        path: String,
    },
    /// A child workflow is under way inside of what changes.
    #[error(
        "the child workflow of `{path}` is under way inside of `{group}`, which does not stay as it is; move the execution when that has ended, or leave what is in `{group}` as it is"
    )]
    ChildUnderWay {
        /// Whose.
        path: String,
        /// What is around it.
        group: String,
    },
    /// A task between two attempts is being decided about.
    #[error("it is being decided what becomes of `{path}`; pause the execution, move it, and resume it")]
    Deciding {
        /// Which.
        path: String,
    },
    /// Something that was done would never be undone.
    #[error(
        "`{path}` is to be undone if the execution fails, and the new workflow does not keep it; leave that task as it is, or fork the execution and cancel it"
    )]
    Undoable {
        /// What was done.
        path: String,
    },
}

/// What an execution knows of its moves.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// The paths that stayed, move by move.
    stayed: Vec<Arc<FxHashSet<Arc<str>>>>,
    /// As it was before the last one; `None` once nothing of that is wanted any more.
    before: Option<Box<Before>>,
    /// What was undoable before, in the order it ended.
    ranks: FxHashMap<InstanceIndex, usize>,
    /// Tasks that have taken an end over, whose consequences are still to be drawn. Empty between inputs.
    pub(super) ended: Vec<InstanceIndex>,
    /// Whether something was taken over that goes on, and is still to be looked at. Never between inputs.
    pub(super) goes_on: bool,
}

#[derive(Debug)]
struct Before {
    machine: Execution,
    places: FxHashMap<Arc<str>, InstanceIndex>,
    outputs: Arc<BTreeMap<Arc<str>, Arc<str>>>,
}

/// Whether a path is among those that stay: itself, or what it was spawned by or undoes.
fn stays(stay: &FxHashSet<Arc<str>>, path: &str) -> bool {
    stay.contains(path) || path.rfind(['/', '!']).is_some_and(|end| path.get(..end).is_some_and(|above| stays(stay, above)))
}

impl Execution {
    /// Whether it may be moved now, if these paths stay.
    pub fn check_move(&self, stay: &[Arc<str>]) -> Result<(), MoveError> {
        match self.phase {
            Phase::Ended(_) => return Err(MoveError::Ended),
            Phase::Failing { .. } | Phase::Cancelling { .. } => return Err(MoveError::Stopping),
            Phase::Pending | Phase::Running => {}
        }
        let stay: FxHashSet<Arc<str>> = stay.iter().cloned().collect();
        for (task, record) in self.tasks.iter() {
            match record.state {
                TaskState::Running { .. } if self.is_child(task) && stays(&stay, &self.path(task)) => {
                    // It goes on at once, and what is around it must be there for that.
                    let around = std::iter::successors(self.owner(task), |owner| self.owner(*owner)).map(|owner| self.path(owner));
                    if let Some(group) = around.into_iter().find(|group| !stays(&stay, group)) {
                        return Err(MoveError::ChildUnderWay { path: self.path(task), group });
                    }
                }
                TaskState::Running { .. } | TaskState::Aborting { .. } | TaskState::Finishing { .. } => {
                    return Err(MoveError::UnderWay { path: self.path(task) });
                }
                TaskState::Released { .. } if !self.paused && !self.asleep => return Err(MoveError::Deciding { path: self.path(task) }),
                TaskState::Waiting
                | TaskState::Released { .. }
                | TaskState::Awaiting { .. }
                | TaskState::Ready { .. }
                | TaskState::Backoff { .. }
                | TaskState::Active { .. }
                | TaskState::Completed { .. }
                | TaskState::Failed { .. }
                | TaskState::Skipped { .. }
                | TaskState::Cancelled { .. } => {}
            }
        }
        let lost = self.undoable.iter().map(|task| self.path(*task)).find(|path| !stays(&stay, path));
        lost.map_or(Ok(()), |path| Err(MoveError::Undoable { path }))
    }

    fn is_child(&self, task: InstanceIndex) -> bool {
        matches!(self.planned(task).kind, TaskKind::Workflow)
    }

    /// How often it was moved.
    pub fn moves(&self) -> usize {
        self.moves.as_ref().map_or(0, |moves| moves.stayed.len())
    }

    /// The last move after which what has this path began anew; 0: it is what it was at the beginning. What another service or a child execution has done for
    /// it before is not this one's.
    pub fn generation(&self, path: &str) -> usize {
        let stayed = self.moves.iter().flat_map(|moves| moves.stayed.iter().enumerate().rev());
        stayed.map(|(place, stay)| (place + 1, stay)).find(|(_, stay)| !stays(stay, path)).map_or(0, |(number, _)| number)
    }

    pub(super) fn move_to(&mut self, at: Timestamp, to: &Move) {
        let mut setup = self.setup.clone();
        setup.context = setup.context.or_else(|| to.context.clone());
        setup.idle_passes_max = to.idle_passes_max.or(setup.idle_passes_max);
        let mut before = std::mem::replace(self, Self::new(Arc::clone(&to.plan), setup));
        let mut stayed = before.moves.take().map(|moves| moves.stayed).unwrap_or_default();
        let stay: FxHashSet<Arc<str>> = to.stay.iter().cloned().collect();
        // What was taken along from another execution holds for what reads the same.
        self.setup.reuse = kept(&before.setup.reuse, &stay);
        self.setup.steps = kept(&before.setup.steps, &stay);
        stayed.push(Arc::new(stay));
        (self.paused, self.stepping, self.asleep, self.above) = (before.paused, before.stepping, before.asleep, before.above);
        self.paused_since = before.paused_since;
        (self.attempts, self.spent, self.late_answers) = (before.attempts, before.spent, before.late_answers);
        (self.signals_received, self.scratch) = (before.signals_received, std::mem::take(&mut before.scratch));
        self.signals = std::mem::take(&mut before.signals);
        self.refit(&before.plan);
        let places = before.tasks.iter().map(|(task, _)| (Arc::from(before.path(task)), task)).collect();
        let started = before.started;
        let before = Some(Box::new(Before { machine: before, places, outputs: Arc::clone(&to.outputs) }));
        self.moves = Some(Box::new(Moves { stayed, before, ..Moves::default() }));
        if let Some(started) = started {
            (self.phase, self.started) = (Phase::Running, Some(started));
            self.bound(started);
            self.release_first(at, ScopeIndex::ROOT);
        }
    }

    /// What was judged where it entered was judged for waits of the plan before.
    fn refit(&mut self, before: &Plan) {
        let plan = Arc::clone(&self.plan);
        let queues = self.signals.values_mut().flat_map(BTreeMap::values_mut);
        for KeptSignal { fits, .. } in queues.flatten() {
            let Some(known) = fits.as_deref() else { continue };
            let refitted = known.iter().filter_map(|fit| {
                let old = before.tasks.get(fit.task)?;
                let task = plan.find(&old.id)?;
                let now = plan.tasks.get(task)?;
                (written_wait(before, &old.place)? == written_wait(&plan, &now.place)?)
                    .then(|| super::Fit { task, payload: fit.payload.clone() })
            });
            *fits = Some(refitted.collect());
        }
        // Where nothing is judged any more, everything fits.
        if !plan.tasks.iter().any(|(_, task)| matches!(task.wait, Some(Wait::Signal { schema: Some(_), .. }))) {
            self.signals.values_mut().flat_map(BTreeMap::values_mut).flatten().for_each(|signal| signal.fits = None);
        }
    }

    /// A task that becomes ready takes over what it was before the move, if it is among what stays: true, and nothing else is to be done with it. It does so
    /// once: one that becomes ready again, since its attempt was interrupted or its backoff is over, has done more since.
    pub(super) fn take_over(&mut self, at: Timestamp, task: InstanceIndex) -> bool {
        if self.tasks[task].state != TaskState::Waiting {
            return false;
        }
        let Some(moves) = &mut self.moves else { return false };
        let Some(before) = moves.before.take() else { return false };
        let path = self.path(task);
        let stay = self.moves.as_ref().and_then(|moves| moves.stayed.last()).is_some_and(|stay| stay.contains(&*path));
        let old = before.places.get(&*path).copied().filter(|old| stay && before.machine.tasks[*old].state != TaskState::Waiting);
        let state = old.map(|old| self.copy(&before, old, task));
        if let Some(moves) = &mut self.moves {
            moves.before = Some(before);
        }
        let Some(state) = state else { return false };
        let record = &mut self.tasks[task];
        // Its end counts for those behind it, who may take over theirs.
        if state.end().is_some() {
            if let Some(moves) = &mut self.moves {
                moves.ended.push(task);
            }
            self.end(at, task, state);
        } else {
            let (is_ready, is_running) = (matches!(state, TaskState::Ready { .. }), matches!(state, TaskState::Running { .. }));
            let scope = record.scope;
            self.set(task, state);
            if let Some(moves) = &mut self.moves {
                moves.goes_on = true;
            }
            if is_ready {
                self.queue_for_lane(task);
            }
            if is_running && self.planned(task).exclusive {
                self.scope_mut(scope).lane = Some(task);
            }
        }
        true
    }

    /// Gives a task all it was before but its state, which it had: with what is inside of it.
    fn copy(&mut self, before: &Before, old: InstanceIndex, task: InstanceIndex) -> TaskState {
        let from = &before.machine;
        let source = &from.tasks[old];
        let mut more = source.more.clone();
        let (scopes, spawned) = more.as_mut().map(|more| (std::mem::take(&mut more.scopes), more.spawned.take())).unwrap_or_default();
        if let Some(output) = before.outputs.get(&*from.path(old)).filter(|_| !self.plan.opaque) {
            more.get_or_insert_default().output = Some(Arc::clone(output));
        }
        let record = &mut self.tasks[task];
        (record.first_start, record.interruptions, record.more) = (source.first_start, source.interruptions, more);
        for scope in scopes {
            let scope = self.copy_scope(before, scope, task);
            self.tasks[task].more().scopes.push(scope);
        }
        if let Some(spawned) = spawned {
            self.tasks[task].more().spawned = Some(self.copy_scope(before, spawned, task));
        }
        if source.attempts() > 0 || source.interruptions > 0 || matches!(source.state, TaskState::Awaiting { .. }) {
            self.note_call(task);
        }
        if let Some(rank) = from.undoable.iter().position(|one| *one == old) {
            self.undo_at(task, rank);
        }
        // Which task made it so is known by the numbers of the machine before.
        let mut state = source.state.clone();
        if let TaskState::Released { ready_by, .. } | TaskState::Ready { ready_by, .. } = &mut state {
            *ready_by = None;
        }
        state
    }

    /// A scope with all that is in it, as it was.
    fn copy_scope(&mut self, before: &Before, old: ScopeIndex, owner: InstanceIndex) -> ScopeIndex {
        let source = before.machine.scope(old);
        let list = self.list_of(owner, source.role);
        let list_start = if source.role == Role::Spawned { 0 } else { self.plan.list(list).start };
        let index = ScopeIndex(u32::try_from(self.scopes.len()).unwrap_or(u32::MAX));
        let (called, stopping, forced) = (source.called, source.stopping, source.forced);
        self.scopes.push(Scope { called, stopping, forced, ..Scope::new(Some(owner), source.role, list, list_start) });
        let mut pairs = Vec::with_capacity(source.children.len());
        for (place, child) in (0..).zip(&source.children) {
            let record = &before.machine.tasks[*child];
            let task = if source.role == Role::Spawned { self.copy_spawned(before, *child) } else { TaskIndex::new(list_start + place) };
            let copied = TaskRecord { tally: record.tally, ..TaskRecord::waiting(task, index, 0) };
            pairs.push((*child, self.tasks.push(copied)));
        }
        let now = |old: InstanceIndex| pairs.iter().find(|(one, _)| *one == old).map(|(_, now)| *now);
        let (failed, first, lane) = (source.failed.and_then(now), source.first.and_then(now), source.lane.and_then(now));
        let scope = self.scope_mut(index);
        scope.children = pairs.iter().map(|(_, now)| *now).collect();
        (scope.open, scope.completed, scope.failed, scope.first) = (source.open, source.completed, failed, first);
        (scope.lane, scope.lane_queue) = (lane, source.lane_queue.iter().filter_map(|task| now(*task)).collect());
        self.open += source.open;
        if source.role == Role::Spawned {
            for (_, task) in &pairs {
                self.spawned_by.insert((owner, Arc::clone(&self.planned(*task).id)), *task);
            }
        }
        // A pass that has ended without a call was idle.
        self.idle_passes += u64::from(matches!(source.role, Role::Pass(_)) && source.open == 0 && !called);
        for (old, task) in pairs {
            let state = self.copy(before, old, task);
            self.set(task, state);
        }
        index
    }

    /// The list that a scope of this task has its tasks from.
    fn list_of(&self, owner: InstanceIndex, role: Role) -> ListIndex {
        match (&self.planned(owner).kind, role) {
            (TaskKind::Group { list, .. }, Role::Group) => *list,
            (TaskKind::Choice { branches, .. }, Role::Branch(place)) => {
                branches.get(place as usize).map_or(Plan::ROOT, |branch| branch.list)
            }
            (TaskKind::Loop(planned), Role::Pass(_)) => planned.list,
            _ => ListIndex(u32::MAX),
        }
    }

    fn copy_spawned(&mut self, before: &Before, child: InstanceIndex) -> TaskIndex {
        let place = before.machine.tasks[child].task.get() as usize - before.machine.plan.tasks.len();
        self.spawned.push(before.machine.spawned[place].clone());
        TaskIndex::new(u32::try_from(self.plan.tasks.len() + self.spawned.len() - 1).unwrap_or(u32::MAX))
    }

    /// What was done before is undone after all that was done since, the last of it first.
    fn undo_at(&mut self, task: InstanceIndex, rank: usize) {
        let Some(moves) = &mut self.moves else { return };
        moves.ranks.insert(task, rank);
        let place = self.undoable.iter().position(|other| moves.ranks.get(other).is_none_or(|other| *other > rank));
        self.undoable.insert(place.unwrap_or(self.undoable.len()), task);
    }

    /// It has ended: nothing is taken over any more.
    pub(super) fn forget_before(&mut self) {
        if let Some(moves) = &mut self.moves {
            moves.before = None;
        }
    }

    /// Whether what undoes a task was settled when it was taken over.
    pub(super) fn was_taken_over(&self, task: InstanceIndex) -> bool {
        self.moves.as_ref().is_some_and(|moves| moves.ended.contains(&task))
    }
}

fn kept<T: Clone>(all: &Arc<BTreeMap<Arc<str>, T>>, stay: &FxHashSet<Arc<str>>) -> Arc<BTreeMap<Arc<str>, T>> {
    if all.is_empty() {
        return Arc::clone(all);
    }
    Arc::new(all.iter().filter(|(path, _)| stays(stay, path)).map(|(path, one)| (Arc::clone(path), one.clone())).collect())
}

/// What a task of a plan waits for, as it is written.
fn written_wait(plan: &Plan, place: &str) -> Option<serde_json::Value> {
    let written: serde_json::Value = serde_json::from_str(&plan.definition).ok()?;
    let pointer: String = place.split(['.', '[', ']']).filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect();
    written.pointer(&pointer)?.get("waitFor").cloned()
}
