// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Numbers the tasks of every level: list by list, the root's first, so that siblings are neighbours.

use super::arranged::Arranged;
use super::graph::{self, Edges};
use super::problem::{ProblemKind, Problems};
use super::sight::{Moment, Read, Sighting};
use super::{Body, Call, Common, Kind, Task, WrittenCache, WrittenDrive, WrittenFallback, WrittenLoop};
use crate::plan::{Branch, Cache, Compensation, Condition, Drive, Fallback, ListIndex, Loop, PlannedTask, TaskKind, TaskList, Tolerance};
use crate::{RetryPolicy, TaskIndex, TriggerRule};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// The numbered tasks, and what they read.
pub(super) fn arrange(tasks: Vec<Task>, problems: &mut Problems) -> (Arranged, Vec<Sighting>) {
    let mut ids = FxHashMap::default();
    refuse_duplicates(&tasks, &mut ids, problems);
    let mut arranger = Arranger {
        planned: Vec::new(),
        lists: Vec::new(),
        orders: Vec::new(),
        waiting: VecDeque::new(),
        numbered: 0,
        undoing: Vec::new(),
        standing: Vec::new(),
        sightings: Vec::new(),
    };
    arranger.reserve(Group::Written(tasks), None);
    while let Some((group, list)) = arranger.waiting.pop_front() {
        match group {
            Group::Written(tasks) => arranger.list(tasks, list, &ids, problems),
            Group::Call(body) => {
                let planned = arranger.call(*body, list);
                arranger.planned.push(planned);
            }
        }
    }
    arranger.undo();
    arranger.stand_in();
    let Arranger { planned, lists, orders, sightings, .. } = arranger;
    (Arranged { tasks: planned.into_iter().collect(), lists, orders }, sightings)
}

/// The ids of every level, each with where its task stands.
fn refuse_duplicates(tasks: &[Task], ids: &mut FxHashMap<String, String>, problems: &mut Problems) {
    for task in tasks {
        if !task.id.is_empty() {
            let first = ids.entry(task.id.clone()).or_insert_with(|| task.path.clone());
            if *first != task.path {
                problems.push(format!("{}.id", task.path), ProblemKind::DuplicateId { id: task.id.clone(), first: first.clone() });
            }
        }
        match &task.body {
            Body::Call(_) | Body::Wait(_) => {}
            Body::Group { tasks, .. } | Body::Loop { tasks, .. } => refuse_duplicates(tasks, ids, problems),
            Body::Choice { branches, .. } => branches.iter().for_each(|branch| refuse_duplicates(&branch.tasks, ids, problems)),
        }
    }
}

/// What becomes a list.
enum Group {
    Written(Vec<Task>),
    /// The body of a loop of one call.
    Call(Box<CallBody>),
}

/// What stands in for a task.
struct Standing {
    /// Whom it stands in for, and its place among those who do.
    of: TaskIndex,
    at: usize,
    body: CallBody,
    /// Whether what its input reads has been seen with the task's own.
    inherits: bool,
}

struct CallBody {
    id: Arc<str>,
    place: Arc<str>,
    call: Call,
}

struct Arranger {
    planned: Vec<PlannedTask>,
    lists: Vec<TaskList>,
    orders: Vec<Vec<u32>>,
    /// Lists that have their numbers, in the order of those, and not yet their tasks.
    waiting: VecDeque<(Group, ListIndex)>,
    numbered: u32,
    /// What undoes a task: numbered last but for what stands in for one.
    undoing: Vec<(TaskIndex, CallBody)>,
    standing: Vec<Standing>,
    sightings: Vec<Sighting>,
}

impl Arranger {
    /// Gives a list its numbers.
    fn reserve(&mut self, group: Group, owner: Option<TaskIndex>) -> ListIndex {
        let count = match &group {
            Group::Written(tasks) => tasks.len(),
            Group::Call(_) => 1,
        };
        let end = self.numbered + u32::try_from(count).unwrap_or(u32::MAX);
        let index = ListIndex(u32::try_from(self.lists.len()).unwrap_or(u32::MAX));
        self.lists.push(TaskList { tasks: self.numbered..end, owner });
        self.orders.push(Vec::new());
        self.numbered = end;
        self.waiting.push_back((group, index));
        index
    }

    /// The task that is about to be planned.
    fn next(&self) -> TaskIndex {
        TaskIndex::new(u32::try_from(self.planned.len()).unwrap_or(u32::MAX))
    }

    fn list(&mut self, tasks: Vec<Task>, list: ListIndex, ids: &FxHashMap<String, String>, problems: &mut Problems) {
        let base = self.lists.get(list.0 as usize).map_or(0, |list| list.tasks.start);
        let Edges { before, after, order } = graph::resolve(&tasks, base, ids, problems);
        let clean = cleanup(&tasks, &before, base, &order);
        if let Some(own) = self.orders.get_mut(list.0 as usize) {
            *own = order;
        }
        for (((task, dependencies), dependents), cleanup) in tasks.into_iter().zip(before).zip(after).zip(clean) {
            let planned = self.task(task, list, (dependencies, dependents), cleanup, problems);
            self.planned.push(planned);
        }
    }

    fn task(
        &mut self,
        task: Task,
        list: ListIndex,
        edges: (Vec<TaskIndex>, Vec<TaskIndex>),
        cleanup: bool,
        problems: &mut Problems,
    ) -> PlannedTask {
        let index = self.next();
        let Task { path, id, kind, beside, common, body } = task;
        let (id, place): (Arc<str>, Arc<str>) = (id.into(), path.into());
        let implicit = common.dependencies.is_none();
        let rule = rule_of(&common, implicit);
        // Dependencies that nobody knows are a problem of their own.
        let names_some = common.dependencies.as_ref().is_some_and(|ids| !ids.is_empty());
        if rule.needs_dependencies() && edges.0.is_empty() && !names_some {
            let rule = if rule == TriggerRule::OneSuccess {
                "one_success"
            } else if rule == TriggerRule::OneFailed {
                "one_failed"
            } else {
                "all_failed"
            };
            problems.push(format!("{place}.triggerRule"), ProblemKind::RuleWithoutDependencies { rule });
        }
        let timeout = match &body {
            Body::Group { timeout, .. } | Body::Choice { timeout, .. } | Body::Loop { timeout, .. } => *timeout,
            Body::Call(_) | Body::Wait(_) => None,
        };
        let Common { conditions, wait, tolerance, total_timeout, .. } = common;
        let conditions = self.see_all(index, conditions, Moment::Gate);
        let mut planned = match body {
            Body::Call(call) => self.call(CallBody { id, place, call: *call }, list),
            Body::Wait(fallbacks) => {
                let fallbacks = self.fallbacks(index, &id, fallbacks);
                PlannedTask { fallbacks, ..bare(id, place, list, TaskKind::Wait) }
            }
            Body::Group { tasks, join, .. } => {
                let inner = self.reserve(Group::Written(tasks), Some(index));
                bare(id, place, list, TaskKind::Group { list: inner, join })
            }
            Body::Choice { branches, all, fails_without, .. } => {
                let branches = branches.into_iter().map(|branch| Branch {
                    name: branch.name,
                    when: branch.when.map(|when| self.see(index, when, Moment::Start)),
                    list: self.reserve(Group::Written(branch.tasks), Some(index)),
                });
                let branches = branches.collect();
                bare(id, place, list, TaskKind::Choice { branches, all, fails_without })
            }
            Body::Loop { tasks, call, written, .. } => {
                let is_call = call.is_some();
                let body = match call {
                    Some(call) => Group::Call(Box::new(CallBody { id: Arc::clone(&id), place: Arc::clone(&place), call: *call })),
                    None => Group::Written(tasks),
                };
                let inner = self.reserve(body, Some(index));
                let planned = self.repeated(index, inner, is_call, written);
                bare(id, place, list, TaskKind::Loop(Box::new(planned)))
            }
        };
        let agent = matches!(planned.kind, TaskKind::Agent { .. });
        (planned.dependencies, planned.dependents) = (edges.0.into(), edges.1.into());
        planned.implicit = implicit;
        planned.rule = rule;
        planned.cleanup = cleanup;
        planned.exclusive = agent && kind == Some(Kind::Sequential) && !beside;
        planned.plain &= conditions.is_empty() && wait.is_none();
        planned.conditions = conditions;
        planned.wait = wait;
        planned.tolerance = tolerance;
        planned.total_timeout = total_timeout;
        planned.timeout = planned.timeout.or(timeout);
        planned
    }

    fn repeated(&mut self, index: TaskIndex, list: ListIndex, call: bool, written: WrittenLoop) -> Loop {
        let drive = match written.drive {
            Some(WrittenDrive::Items(items)) => Drive::Items(items.into()),
            Some(WrittenDrive::ForEach(expression)) => Drive::ForEach(self.see(index, expression, Moment::Start)),
            Some(WrittenDrive::While(conditions)) => Drive::While(self.see_all(index, conditions, Moment::Between)),
            Some(WrittenDrive::Until(conditions)) => Drive::Until(self.see_all(index, conditions, Moment::Between)),
            Some(WrittenDrive::Again(conditions)) => Drive::Again(self.see_all(index, conditions, Moment::Between)),
            // It has been reported.
            None => Drive::Items(Box::default()),
        };
        Loop {
            list,
            call,
            drive,
            passes_max: written.passes_max,
            stops_at_limit: written.stops_at_limit,
            concurrency: written.concurrency,
            on_item_error: written.on_item_error,
            keep_last: written.keep_last,
        }
    }

    /// The task that is called: in its own place, or as the body of a loop.
    fn call(&mut self, body: CallBody, list: ListIndex) -> PlannedTask {
        let index = self.next();
        let CallBody { id, place, call } = body;
        let input = call.input.map(|input| self.see(index, input, Moment::Start));
        let cache = call.cache.map(|WrittenCache { print, key, ttl }| {
            let key = key.map(|key| self.see(index, key, Moment::Start));
            Cache { print, key, ttl }
        });
        let affinity = call.affinity.map(|affinity| self.see(index, affinity, Moment::Start));
        let compensate = call.compensate.map(|undo| {
            let body = CallBody { id: Arc::clone(&id), place: undo.path.into(), call: *undo.call };
            self.undoing.push((index, body));
            // Its number follows when all others are given.
            Compensation { task: index, started: undo.started }
        });
        let fallbacks = self.fallbacks(index, &id, call.fallbacks);
        PlannedTask {
            fallbacks,
            print: call.print,
            plain: input.is_none() && cache.is_none() && affinity.is_none(),
            retry: call.retry,
            timeout: call.timeout,
            heartbeat_timeout: call.heartbeat_timeout,
            schema: call.schema,
            output_schema: call.output_schema,
            input,
            cache,
            compensate,
            requires: call.requires.into(),
            priority: call.priority,
            affinity,
            ..bare(id, place, list, call.kind)
        }
    }

    fn fallbacks(&mut self, of: TaskIndex, id: &Arc<str>, written: Vec<WrittenFallback>) -> Box<[Fallback]> {
        let placed = written.into_iter().enumerate().map(|(at, written)| match written {
            WrittenFallback::Value(value) => Fallback::Value(value),
            WrittenFallback::Agent { path, call, inherits } => {
                self.standing.push(Standing { of, at, body: CallBody { id: Arc::clone(id), place: path.into(), call: *call }, inherits });
                // Its number follows when all others are given.
                Fallback::Agent(of)
            }
        });
        placed.collect()
    }

    fn stand_in(&mut self) {
        for Standing { of, at, body, inherits } in std::mem::take(&mut self.standing) {
            let task = self.next();
            let list = ListIndex(u32::try_from(self.lists.len()).unwrap_or(u32::MAX));
            self.lists.push(TaskList { tasks: task.get()..task.get() + 1, owner: Some(of) });
            self.orders.push(Vec::new());
            let seen = self.sightings.len();
            let planned = self.call(body, list);
            if inherits {
                self.sightings.truncate(seen);
            }
            // It sees what the task sees.
            self.sightings.iter_mut().skip(seen).for_each(|sighting| sighting.task = of);
            self.planned.push(planned);
            let place = self.planned.get_mut(of.get() as usize).and_then(|planned| planned.fallbacks.get_mut(at));
            if let Some(place) = place {
                *place = Fallback::Agent(task);
            }
        }
    }

    fn undo(&mut self) {
        for (undone, body) in std::mem::take(&mut self.undoing) {
            let task = self.next();
            let list = ListIndex(u32::try_from(self.lists.len()).unwrap_or(u32::MAX));
            self.lists.push(TaskList { tasks: task.get()..task.get() + 1, owner: Some(undone) });
            self.orders.push(Vec::new());
            let seen = self.sightings.len();
            let started =
                self.planned.get(undone.get() as usize).and_then(|undone| undone.compensate.as_ref()).is_some_and(|undo| undo.started);
            let planned = self.call(body, list);
            for sighting in self.sightings.iter_mut().skip(seen) {
                (sighting.task, sighting.moment) = (undone, Moment::Undoing { started });
            }
            self.planned.push(planned);
            if let Some(compensate) = self.planned.get_mut(undone.get() as usize).and_then(|planned| planned.compensate.as_mut()) {
                compensate.task = task;
            }
        }
    }

    fn see<T>(&mut self, task: TaskIndex, read: Read<T>, moment: Moment) -> T {
        self.sightings.push(Sighting { task, path: read.path, references: read.references, moment });
        read.what
    }

    fn see_all(&mut self, task: TaskIndex, read: Vec<Read<Condition>>, moment: Moment) -> Box<[Condition]> {
        read.into_iter().map(|read| self.see(task, read, moment)).collect()
    }
}

fn rule_of(common: &Common, implicit: bool) -> TriggerRule {
    common.rule.unwrap_or(if implicit { TriggerRule::NoneFailed } else { TriggerRule::NoneFailedMinOneSuccess })
}

/// A task that has nothing but its place.
pub(super) fn bare(id: Arc<str>, place: Arc<str>, list: ListIndex, kind: TaskKind) -> PlannedTask {
    PlannedTask {
        id,
        place,
        list,
        kind,
        dependencies: Box::default(),
        dependents: Box::default(),
        implicit: false,
        rule: TriggerRule::NoneFailed,
        cleanup: false,
        exclusive: false,
        conditions: Box::default(),
        wait: None,
        tolerance: Tolerance::Nothing,
        fallbacks: Box::default(),
        timeout: None,
        total_timeout: None,
        heartbeat_timeout: None,
        retry: RetryPolicy::default(),
        schema: None,
        output_schema: None,
        input: None,
        cache: None,
        compensate: None,
        requires: Box::default(),
        priority: 0,
        affinity: None,
        print: 0,
        plain: true,
    }
}

/// Which tasks of a list are clean-up: by their rule, or because everything they depend on is.
fn cleanup(tasks: &[Task], before: &[Vec<TaskIndex>], base: u32, order: &[u32]) -> Vec<bool> {
    let mut clean: Vec<bool> = tasks.iter().map(|task| rule_of(&task.common, task.common.dependencies.is_none()).is_cleanup()).collect();
    for at in order.iter().map(|place| *place as usize) {
        let is_clean = |earlier: &TaskIndex| clean.get((earlier.get() - base) as usize).copied().unwrap_or(false);
        let all = before.get(at).is_some_and(|before| !before.is_empty() && before.iter().all(is_clean));
        if let Some(own) = clean.get_mut(at) {
            *own |= all;
        }
    }
    clean
}
