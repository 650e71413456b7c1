// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each task does when it happens again.

use super::Change;
use crate::trace::{Bucket, Micros, Segment, TaskNumber, Trace, TracedAttempt, TracedTask};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A step of a task.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes.
    Takes(Micros),
    /// It needs a place of its agent.
    Enters(Arc<str>),
    /// It gives that back.
    Leaves(Arc<str>),
    /// Tasks begin that it spawned, each so long after.
    Spawns(Vec<(TaskNumber, Micros)>),
    /// They have all ended.
    Awaits(Vec<TaskNumber>),
    /// What it holds begins, and it ends when that has.
    Opens,
}

/// Changes, as they are looked up.
pub(super) struct Changed<'a>(pub(super) &'a [Change]);

impl Changed<'_> {
    /// How long a part of a task takes.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a time, and not negative")]
    fn time(&self, number: TaskNumber, task: &TracedTask, bucket: Bucket, time: Micros) -> Micros {
        let mut factor = 1.0;
        // The ways and the waits around it are not what a task does.
        let is_own = !matches!(bucket, Bucket::Queue | Bucket::Pause | Bucket::Persist | Bucket::Scheduler);
        for change in self.0 {
            match change {
                Change::Faster { task: id, bucket: of, factor: by } if *id == task.id && of.map_or(is_own, |of| of == bucket) => {
                    factor *= by;
                }
                Change::Without(one) if *one == number => return 0,
                Change::Faster { .. }
                | Change::Without(_)
                | Change::Places { .. }
                | Change::MorePlaces { .. }
                | Change::WithoutEdge { .. } => {}
            }
        }
        if (factor - 1.0_f64).abs() < f64::EPSILON { time } else { (time as f64 * factor.max(0.0)).round() as Micros }
    }

    pub(super) fn drops(&self, trace: &Trace, task: &TracedTask, dependency: TaskNumber) -> bool {
        let id = trace.tasks.get(dependency).map(|task| &task.id);
        self.0
            .iter()
            .any(|change| matches!(change, Change::WithoutEdge { task: waits, dependency } if *waits == task.id && Some(dependency) == id))
    }
}

/// Places of agents, where attempts of this execution waited for each other: as many as were taken at once.
pub(super) fn places_of(trace: &Trace, changed: &Changed<'_>) -> BTreeMap<Arc<str>, usize> {
    // Whether one of its attempts waited for another, and where each came and went.
    type Comings = (bool, Vec<(Micros, i32)>);
    let mut ends: BTreeMap<&Arc<str>, Comings> = BTreeMap::new();
    for task in &trace.tasks {
        let Some(agent) = &task.agent else { continue };
        for attempt in &task.attempts {
            let of = ends.entry(agent).or_default();
            of.0 |= attempt.admitted_by.is_some();
            // Whoever leaves makes room for who comes at the same instant.
            of.1.extend([(attempt.recorded, -1), (attempt.admitted, 1)]);
        }
    }
    let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for (agent, (is_short, mut steps)) in ends {
        steps.sort_unstable();
        let mut taken = 0;
        let most = steps.iter().fold(0, |most, (_, by)| {
            taken += by;
            most.max(taken)
        });
        if is_short {
            places.insert(Arc::clone(agent), usize::try_from(most).unwrap_or(1).max(1));
        }
    }
    for change in changed.0 {
        match change {
            Change::Places { agent, places: limit } => _ = places.insert(Arc::clone(agent), (*limit).max(1)),
            Change::MorePlaces { agent, more } => {
                if let Some(limit) = places.get_mut(agent) {
                    *limit += more;
                }
            }
            Change::Faster { .. } | Change::WithoutEdge { .. } | Change::Without(_) => {}
        }
    }
    places
}

/// When each agent first let an attempt in.
pub(super) type Opened = BTreeMap<Arc<str>, Micros>;

pub(super) fn opened(trace: &Trace) -> Opened {
    let mut opened = Opened::new();
    for task in &trace.tasks {
        for (agent, attempt) in task.agent.iter().zip(&task.attempts) {
            let first = opened.entry(Arc::clone(agent)).or_insert(attempt.admitted);
            *first = attempt.admitted.min(*first);
        }
    }
    opened
}

/// The steps of a task; `inner`: what it spawned.
pub(super) fn steps_of(trace: &Trace, number: TaskNumber, inner: &[TaskNumber], opened: &Opened, changed: &Changed<'_>) -> Vec<Step> {
    let Some(task) = trace.tasks.get(number) else { return Vec::new() };
    let mut steps = Vec::new();
    let mut attempts = task.attempts.iter().peekable();
    let mut at = task.released.unwrap_or(task.ended.at);
    for segment in &task.segments {
        if segment.from < at {
            continue;
        }
        while let Some(attempt) = attempts.next_if(|attempt| attempt.admitted <= segment.from) {
            hold(trace, number, attempt, inner, changed, &mut steps);
            at = at.max(attempt.recorded);
        }
        if segment.from < at {
            continue;
        }
        at = segment.to;
        // A wait for another task of this execution follows anew. One for something else is as long as it was.
        let queues = segment.bucket == Bucket::Queue && attempts.peek().is_some_and(|attempt| attempt.admitted_by.is_some());
        if queues {
            // It stood behind those that waited for the agent to be made.
            let first = task.agent.as_ref().and_then(|agent| opened.get(agent)).copied().unwrap_or_default();
            steps.push(Step::Takes(first.min(segment.to).saturating_sub(segment.from)));
        } else {
            steps.push(Step::Takes(changed.time(number, task, segment.bucket, segment.to - segment.from)));
        }
    }
    for attempt in attempts {
        hold(trace, number, attempt, inner, changed, &mut steps);
    }
    if task.active.is_some() {
        steps.push(Step::Opens);
    } else {
        steps.push(Step::Awaits(inner.to_vec()));
    }
    steps
}

/// An attempt, from its admission to when its answer was on record.
fn hold(trace: &Trace, number: TaskNumber, attempt: &TracedAttempt, inner: &[TaskNumber], changed: &Changed<'_>, steps: &mut Vec<Step>) {
    let Some(task) = trace.tasks.get(number) else { return };
    if let Some(agent) = &task.agent {
        steps.push(Step::Enters(Arc::clone(agent)));
    }
    let work = |from: Micros, to: Micros| -> Micros {
        let own = task.segments.iter().filter(|segment| segment.attempt == attempt.attempt);
        let cut = own.map(|&Segment { from: a, to: b, bucket, .. }| (a.max(from), b.min(to), bucket));
        cut.filter(|(a, b, _)| a < b).map(|(a, b, bucket)| changed.time(number, task, bucket, b - a)).sum()
    };
    let mut at = attempt.admitted;
    let spawned = inner.iter().filter_map(|inner| Some((*inner, trace.tasks.get(*inner)?)));
    let mut spawned: Vec<_> = spawned.filter(|(_, task)| (at..=attempt.recorded).contains(&task.born.at)).collect();
    spawned.sort_by_key(|(_, task)| task.born.order);
    let mut spawned = spawned.into_iter().peekable();
    while let Some((first, task)) = spawned.next() {
        let (begins, mut until, mut together) = (task.born.at, task.ended.at, vec![(first, 0)]);
        while let Some((next, task)) = spawned.next_if(|(_, task)| task.born.at < until) {
            together.push((next, task.born.at - begins));
            until = until.max(task.ended.at);
        }
        steps.push(Step::Takes(work(at, begins)));
        let awaited = together.iter().map(|(number, _)| *number).collect();
        steps.push(Step::Spawns(together));
        at = begins;
        // What outlives the attempt was not awaited in it.
        if until <= attempt.end {
            steps.push(Step::Awaits(awaited));
            at = until;
        }
    }
    steps.push(Step::Takes(work(at, attempt.recorded)));
    if let Some(agent) = &task.agent {
        steps.push(Step::Leaves(Arc::clone(agent)));
    }
}
