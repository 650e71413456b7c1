// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The simulation.

use super::Change;
use super::changed::Changed;
use super::program::{Step, opened, places_of, steps_of};
use crate::trace::{Micros, TaskNumber, Trace};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// How long an execution takes that happens again with these changes, in microseconds.
pub fn makespan(trace: &Trace, changes: &[Change]) -> Micros {
    let mut run = Run::new(trace, &Changed { trace, changes });
    run.run();
    run.last
}

/// Where a task is in an execution that goes on from the middle: times since the start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Standing {
    /// It ended then.
    Ended(Micros),
    /// What it holds began then.
    Open(Micros),
    /// It is at work, or waits to be, until then.
    UnderWay(Micros),
    /// It has not begun, and does not before then.
    Ahead(Micros),
}

/// The same of an execution that goes on from where another one is: `standings` of its tasks, by their numbers.
pub(super) fn resumed(trace: &Trace, standings: &[Standing]) -> Micros {
    let mut run = Run::new(trace, &Changed { trace, changes: &[] });
    for (task, standing) in run.tasks.iter_mut().zip(standings) {
        task.stand(*standing);
    }
    run.run();
    run.last
}

impl Again {
    fn stand(&mut self, standing: Standing) {
        let holds = self.steps.iter().any(|step| matches!(step, Step::Opens));
        let agent = self.steps.iter().find_map(|step| if let Step::Enters(agent) = step { Some(Arc::clone(agent)) } else { None });
        let around = |until: Micros| {
            let (enters, leaves) = (agent.clone().map(Step::Enters), agent.clone().map(Step::Leaves));
            enters.into_iter().chain([Step::Until(until)]).chain(leaves).collect()
        };
        match standing {
            Standing::Ahead(at) => self.steps.push_front(Step::Until(at)),
            Standing::Open(at) | Standing::Ended(at) if holds => self.steps = [Step::Until(at), Step::Opens].into(),
            Standing::Open(at) | Standing::Ended(at) => self.steps = [Step::Until(at)].into(),
            Standing::UnderWay(until) => self.steps = around(until),
        }
    }
}

/// A task that happens again.
#[derive(Default)]
struct Again {
    steps: VecDeque<Step>,
    /// What has to end before it can run.
    needs: usize,
    /// Whose ends it lets go on,
    lets: Vec<TaskNumber>,
    /// and whose, when what it holds begins.
    opens: Vec<TaskNumber>,
    owner: Option<TaskNumber>,
    /// What it holds and has not ended.
    open: usize,
    is_open: bool,
    /// Those it spawned and awaits now.
    awaits: Vec<TaskNumber>,
    has_begun: bool,
    has_ended: bool,
}

#[derive(Default)]
struct Places {
    limit: Option<usize>,
    taken: usize,
    queue: VecDeque<TaskNumber>,
}

struct Run {
    tasks: Vec<Again>,
    places: BTreeMap<Arc<str>, Places>,
    happenings: BinaryHeap<Reverse<(Micros, u64, TaskNumber)>>,
    happened: u64,
    now: Micros,
    last: Micros,
}

impl Run {
    fn new(trace: &Trace, changed: &Changed<'_>) -> Self {
        let count = trace.tasks.len();
        let mut inner: Vec<Vec<TaskNumber>> = vec![Vec::new(); count];
        for (number, task) in trace.tasks.iter().enumerate() {
            if let Some(inner) = task.owner.and_then(|owner| inner.get_mut(owner)) {
                inner.push(number);
            }
        }
        let opened = opened(trace);
        let order = Order::of(trace, &inner);
        let mut tasks: Vec<Again> = (0..count).map(|_| Again::default()).collect();
        for (number, task) in trace.tasks.iter().enumerate() {
            let mut needs: Vec<TaskNumber> = Vec::new();
            let is_container = |owner: TaskNumber| trace.tasks.get(owner).is_some_and(|owner| owner.active.is_some());
            let mut opened_by = None;
            let mut spawned = false;
            if let Some(owner) = task.owner {
                let before = order.before(owner, task.born.order);
                if !is_container(owner) {
                    // What undoes a task comes after everything; what an attempt spawned begins with a step of that.
                    spawned = trace.tasks.get(owner).is_some_and(|owner| task.born.order < owner.ended.order);
                    if !spawned {
                        let ended = trace.tasks.iter().enumerate().filter(|(_, other)| other.ended.order < task.born.order);
                        needs.extend(ended.max_by_key(|(_, other)| other.ended.order).map(|(number, _)| number));
                    }
                } else if before.is_empty() {
                    opened_by = Some(owner);
                } else {
                    needs.extend(before);
                }
            }
            let kept = task.dependencies.iter().copied().filter(|other| !changed.drops(task, *other));
            let released = task.released.unwrap_or(task.ended.at);
            needs.extend(kept.filter(|other| trace.tasks.get(*other).is_some_and(|other| other.ended.at <= released)));
            needs.extend(changed.adds(task));
            needs.sort_unstable();
            needs.dedup();
            for other in &needs {
                if let Some(other) = tasks.get_mut(*other) {
                    other.lets.push(number);
                }
            }
            if let Some(owner) = opened_by.and_then(|owner| tasks.get_mut(owner)) {
                owner.opens.push(number);
            }
            let of_it = inner.get(number).map(Vec::as_slice).unwrap_or_default();
            let spawns: Vec<TaskNumber> = of_it
                .iter()
                .copied()
                .filter(|inner| trace.tasks.get(*inner).is_some_and(|inner| inner.born.order < task.ended.order))
                .collect();
            let steps = steps_of(trace, number, if is_container(number) { &[] } else { &spawns }, &opened, changed);
            let needs = needs.len() + usize::from(opened_by.is_some()) + usize::from(spawned);
            if let Some(again) = tasks.get_mut(number) {
                (again.steps, again.needs, again.owner, again.open) = (steps.into(), needs, task.owner, spawns.len());
            }
        }
        let limits = places_of(trace, changed).into_iter();
        let places = limits.map(|(agent, limit)| (agent, Places { limit: Some(limit), ..Places::default() })).collect();
        Self { tasks, places, happenings: BinaryHeap::new(), happened: 0, now: 0, last: 0 }
    }

    fn run(&mut self) {
        for number in 0..self.tasks.len() {
            self.begin_if_free(number);
        }
        while let Some(Reverse((at, _, number))) = self.happenings.pop() {
            self.now = at;
            self.go_on(number);
        }
    }

    fn happens(&mut self, at: Micros, number: TaskNumber) {
        self.happened += 1;
        self.happenings.push(Reverse((at, self.happened, number)));
    }

    fn begin_if_free(&mut self, number: TaskNumber) {
        if let Some(task) = self.tasks.get_mut(number).filter(|task| task.needs == 0 && !task.has_begun) {
            task.has_begun = true;
            self.happens(self.now, number);
        }
    }

    fn let_go(&mut self, number: TaskNumber) {
        if let Some(task) = self.tasks.get_mut(number) {
            task.needs = task.needs.saturating_sub(1);
        }
        self.begin_if_free(number);
    }

    fn go_on(&mut self, number: TaskNumber) {
        loop {
            let Some(task) = self.tasks.get_mut(number).filter(|task| !task.has_ended) else { return };
            match task.steps.pop_front() {
                Some(Step::Takes(0)) => {}
                Some(Step::Takes(time)) => return self.happens(self.now + time, number),
                Some(Step::Until(at)) if at > self.now => return self.happens(at, number),
                Some(Step::Until(_)) => {}
                Some(Step::Enters(agent)) => {
                    let places = self.places.entry(agent).or_default();
                    if places.limit.is_some_and(|limit| places.taken >= limit) {
                        places.queue.push_back(number);
                        return;
                    }
                    places.taken += 1;
                }
                Some(Step::Leaves(agent)) => {
                    let places = self.places.entry(agent).or_default();
                    match places.queue.pop_front() {
                        // The place changes hands.
                        Some(next) => self.happens(self.now, next),
                        None => places.taken = places.taken.saturating_sub(1),
                    }
                }
                Some(Step::Spawns(inner)) => {
                    for (inner, after) in inner {
                        if let Some(task) = self.tasks.get_mut(inner) {
                            task.steps.push_front(Step::Takes(after));
                        }
                        self.let_go(inner);
                    }
                }
                Some(Step::Awaits(inner)) => {
                    let ended = |inner: &TaskNumber| self.tasks.get(*inner).is_none_or(|inner| inner.has_ended);
                    let left: Vec<TaskNumber> = inner.into_iter().filter(|inner| !ended(inner)).collect();
                    if !left.is_empty() {
                        if let Some(task) = self.tasks.get_mut(number) {
                            task.awaits = left;
                        }
                        return;
                    }
                }
                Some(Step::Opens) => {
                    task.is_open = true;
                    let (opens, is_empty) = (std::mem::take(&mut task.opens), task.open == 0);
                    for inner in opens {
                        self.let_go(inner);
                    }
                    if is_empty {
                        self.end(number);
                    }
                    return;
                }
                None => return self.end(number),
            }
        }
    }

    fn end(&mut self, number: TaskNumber) {
        let Some(task) = self.tasks.get_mut(number).filter(|task| !task.has_ended) else { return };
        task.has_ended = true;
        self.last = self.last.max(self.now);
        let (lets, owner) = (std::mem::take(&mut task.lets), task.owner);
        for other in lets {
            self.let_go(other);
        }
        let Some((owner, held)) = owner.and_then(|owner| Some((owner, self.tasks.get_mut(owner)?))) else { return };
        held.open = held.open.saturating_sub(1);
        let is_last = held.open == 0 && held.is_open;
        let before = held.awaits.len();
        held.awaits.retain(|awaited| *awaited != number);
        let goes_on = before > 0 && held.awaits.is_empty();
        if is_last {
            self.end(owner);
        } else if goes_on {
            self.go_on(owner);
        }
    }
}

/// The tasks inside each task, in the order in which they ended, and when they came to be.
struct Order {
    ended: Vec<Vec<(u64, TaskNumber)>>,
    born: Vec<Vec<u64>>,
}

impl Order {
    fn of(trace: &Trace, inner: &[Vec<TaskNumber>]) -> Self {
        let (mut ended, mut born) = (Vec::with_capacity(inner.len()), Vec::with_capacity(inner.len()));
        for inner in inner {
            let tasks = || inner.iter().filter_map(|number| Some((*number, trace.tasks.get(*number)?)));
            let mut ends: Vec<(u64, TaskNumber)> = tasks().map(|(number, task)| (task.ended.order, number)).collect();
            let mut births: Vec<u64> = tasks().map(|(_, task)| task.born.order).collect();
            ends.sort_unstable();
            births.sort_unstable();
            births.dedup();
            ended.push(ends);
            born.push(births);
        }
        Self { ended, born }
    }

    /// What ended in an owner between the pass that began before and the one that began at `born`: what that waited for. Empty for the first.
    fn before(&self, owner: TaskNumber, born: u64) -> Vec<TaskNumber> {
        let (Some(ended), Some(births)) = (self.ended.get(owner), self.born.get(owner)) else { return Vec::new() };
        let place = births.partition_point(|other| *other < born);
        let since = place.checked_sub(1).and_then(|place| births.get(place)).copied().unwrap_or_default();
        let end = ended.partition_point(|(order, _)| *order < born);
        let start = ended.partition_point(|(order, _)| *order < since).min(end.saturating_sub(1));
        ended.get(start..end).unwrap_or_default().iter().map(|(_, number)| *number).collect()
    }
}
