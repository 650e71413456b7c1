// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the critical path says of each task.

use super::{PathStep, path_of};
use crate::Kind;
use crate::replay::drags;
use crate::trace::{Bucket, Micros, TaskNumber, Trace};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The critical path of an execution, and what each task is to it.
#[derive(Clone, Debug)]
pub struct Profile {
    /// From start to end, in microseconds.
    pub makespan: Micros,
    /// What it went into: the sum is `makespan`.
    pub buckets: BTreeMap<Bucket, Micros>,
    /// From start to end, without a gap.
    pub path: Vec<PathStep>,
    /// One for each task that could run, those of executions below it included, the largest share of the path first.
    pub tasks: Vec<TaskShare>,
}

/// A task and the critical path.
#[derive(Clone, Debug)]
pub struct TaskShare {
    /// The execution it belongs to.
    pub execution: Arc<str>,
    /// Its id in the definition,
    pub id: Arc<str>,
    /// its path in the execution,
    pub path: String,
    /// and its instance.
    pub task: TaskNumber,
    /// What it does.
    pub kind: Kind,
    /// The agent it calls.
    pub agent: Option<Arc<str>>,
    /// How much of the path it is, in microseconds,
    pub share: Micros,
    /// and what that went into.
    pub buckets: BTreeMap<Bucket, Micros>,
    /// From when it could run to its end.
    pub duration: Micros,
    /// How much later it could have ended without the execution ending later, places of agents apart. 0 on the path.
    pub slack: Micros,
    /// How much sooner the execution would have ended if this had taken no time: by replays, of the tasks with the largest shares. `None`: not looked at.
    pub drag: Option<Micros>,
}

impl Profile {
    /// Of an execution, with the executions below it that are at hand.
    pub fn of(trace: &Trace) -> Self {
        let path = path_of(trace);
        let mut buckets = BTreeMap::new();
        let mut shares: BTreeMap<(Arc<str>, TaskNumber), BTreeMap<Bucket, Micros>> = BTreeMap::new();
        for step in &path {
            let time = step.to - step.from;
            *buckets.entry(step.bucket).or_default() += time;
            if let Some(task) = step.task {
                *shares.entry((Arc::clone(&step.execution), task)).or_default().entry(step.bucket).or_default() += time;
            }
        }
        let mut tasks = Vec::new();
        add_tasks(trace, &mut shares, &mut tasks);
        tasks.sort_by(|one, other| other.share.cmp(&one.share).then_with(|| one.path.cmp(&other.path)));
        let own = |task: &&TaskShare| task.execution == trace.execution && task.share > 0 && task.kind != Kind::Group;
        let drags = drags(trace, tasks.iter().filter(own).map(|task| task.task));
        for task in tasks.iter_mut().filter(|task| task.execution == trace.execution) {
            task.drag = drags.get(&task.task).copied();
        }
        Self { makespan: trace.makespan(), buckets, path, tasks }
    }
}

fn add_tasks(trace: &Trace, shares: &mut BTreeMap<(Arc<str>, TaskNumber), BTreeMap<Bucket, Micros>>, tasks: &mut Vec<TaskShare>) {
    let slacks = slacks(trace);
    for (number, task) in trace.tasks.iter().enumerate() {
        let buckets = shares.remove(&(Arc::clone(&trace.execution), number)).unwrap_or_default();
        if task.released.is_none() {
            continue;
        }
        let share = buckets.values().sum();
        tasks.push(TaskShare {
            execution: Arc::clone(&trace.execution),
            id: Arc::clone(&task.id),
            path: task.path.clone(),
            task: number,
            kind: task.kind,
            agent: task.agent.clone(),
            share,
            buckets,
            duration: task.duration(),
            slack: if share > 0 { 0 } else { slacks.get(number).copied().unwrap_or_default() },
            drag: None,
        });
    }
    for child in &trace.children {
        add_tasks(&child.trace, shares, tasks);
    }
}

/// How much later each task could have ended: the backward pass of the critical path method (Kelley and Walker, 1959) over what was recorded.
fn slacks(trace: &Trace) -> Vec<Micros> {
    let tasks = &trace.tasks;
    let mut slacks: Vec<Micros> = vec![0; tasks.len()];
    let mut dependents: Vec<Vec<TaskNumber>> = vec![Vec::new(); tasks.len()];
    // The instants at which tasks of an owner came to be, with the least slack of those: a pass waits for the one before it.
    let mut begun: Vec<BTreeMap<u64, (Micros, Micros)>> = vec![BTreeMap::new(); tasks.len()];
    for (number, task) in tasks.iter().enumerate() {
        for dependency in &task.dependencies {
            if let Some(dependents) = dependents.get_mut(*dependency) {
                dependents.push(number);
            }
        }
    }
    let mut by_end: Vec<TaskNumber> = (0..tasks.len()).collect();
    by_end.sort_by_key(|number| std::cmp::Reverse(tasks.get(*number).map(|task| task.ended.order)));
    for number in by_end {
        let Some(task) = tasks.get(number) else { continue };
        let of = |other: TaskNumber| slacks.get(other).copied().unwrap_or_default();
        let mut slack = match task.owner.and_then(|owner| Some((owner, tasks.get(owner)?))) {
            Some((number, owner)) => of(number) + owner.ended.at.saturating_sub(task.ended.at),
            None => trace.ended.saturating_sub(task.ended.at),
        };
        for dependent in dependents.get(number).into_iter().flatten() {
            let released = tasks.get(*dependent).and_then(|task| task.released);
            if let Some(released) = released.filter(|released| *released >= task.ended.at) {
                slack = slack.min(of(*dependent) + (released - task.ended.at));
            }
        }
        if let Some(owner) = task.owner {
            let later = begun.get(owner).and_then(|begun| begun.range(task.ended.order..).next());
            if let Some((_, (at, of_those))) = later {
                slack = slack.min(of_those + at.saturating_sub(task.ended.at));
            }
            if let Some(begun) = begun.get_mut(owner).filter(|_| task.released_by.is_none()) {
                let entry = begun.entry(task.born.order).or_insert((task.born.at, slack));
                entry.1 = entry.1.min(slack);
            }
        }
        if let Some(place) = slacks.get_mut(number) {
            *place = slack;
        }
    }
    slacks
}

/// How often a task is on the path, over several executions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Criticality {
    /// Executions it ran in,
    pub executions: u64,
    /// and of these those whose path it is on.
    pub critical: u64,
    /// Its share of all their paths, in microseconds.
    pub share: Micros,
}

/// By the ids of tasks: how often each is on the path, and how much of it it is.
pub fn criticality<'a>(profiles: impl IntoIterator<Item = &'a Profile>) -> BTreeMap<Arc<str>, Criticality> {
    let mut all: BTreeMap<Arc<str>, Criticality> = BTreeMap::new();
    for profile in profiles {
        let mut of_one: BTreeMap<&Arc<str>, Micros> = BTreeMap::new();
        for task in &profile.tasks {
            *of_one.entry(&task.id).or_default() += task.share;
        }
        for (id, share) in of_one {
            let one = all.entry(Arc::clone(id)).or_default();
            one.executions += 1;
            one.critical += u64::from(share > 0);
            one.share += share;
        }
    }
    all
}
