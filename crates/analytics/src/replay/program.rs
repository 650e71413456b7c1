// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each task does when it happens again.

use super::Change;
use super::changed::{Changed, Cut};
use crate::trace::{Bucket, Micros, Segment, TaskNumber, Trace, TracedAttempt, TracedTask};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A step of a task.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes,
    Takes(Micros),
    /// until it is so much since the start.
    Until(Micros),
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
    for change in changed.changes {
        if let Change::Places { agent, places: limit } = change {
            places.insert(Arc::clone(agent), (*limit).max(1));
        } else if let Change::MorePlaces { agent, more } = change
            && let Some(limit) = places.get_mut(agent)
        {
            *limit += more;
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
    let Some(recorded) = trace.tasks.get(number) else { return Vec::new() };
    if changed.is_gone(number, recorded) && recorded.active.is_none() {
        return Vec::new();
    }
    let task = &*changed.kept(recorded);
    let mut steps = Vec::new();
    let mut attempts = task.attempts.iter().peekable();
    let mut at = task.released.unwrap_or(task.ended.at);
    for segment in &task.segments {
        if segment.from < at {
            continue;
        }
        while let Some(attempt) = attempts.next_if(|attempt| attempt.admitted <= segment.from) {
            hold(trace, (number, task), attempt, inner, changed, &mut steps);
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
        hold(trace, (number, task), attempt, inner, changed, &mut steps);
    }
    if task.active.is_some() {
        steps.push(Step::Opens);
    } else {
        steps.push(Step::Awaits(inner.to_vec()));
    }
    steps
}

/// An attempt, from its admission to when its answer was on record.
fn hold(
    trace: &Trace,
    (number, task): (TaskNumber, &TracedTask),
    attempt: &TracedAttempt,
    inner: &[TaskNumber],
    changed: &Changed<'_>,
    steps: &mut Vec<Step>,
) {
    let agent = changed.agent(task);
    steps.extend(agent.clone().map(Step::Enters));
    let work = |from: Micros, to: Micros| -> Micros {
        let own = task.segments.iter().filter(|segment| segment.attempt == attempt.attempt);
        let cut = own.map(|&Segment { from: a, to: b, bucket, .. }| (a.max(from), b.min(to), bucket));
        cut.filter(|(a, b, _)| a < b).map(|(a, b, bucket)| changed.time(number, task, bucket, b - a)).sum()
    };
    let mut at = attempt.admitted;
    if inner.is_empty()
        && let Some(Cut { after, again }) = changed.cut(task, attempt)
    {
        return cut_short(agent, work(at, attempt.start) + after, again, steps);
    }
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
    steps.extend(agent.map(Step::Leaves));
}

/// An attempt that is stopped, and the one that is made in its place. It holds a place already.
fn cut_short(agent: Option<Arc<str>>, takes: Micros, again: Option<(Micros, Micros)>, steps: &mut Vec<Step>) {
    let (enters, leaves) = (agent.clone().map(Step::Enters), agent.map(Step::Leaves));
    steps.push(Step::Takes(takes));
    steps.extend(leaves.clone());
    if let Some((rest, typical)) = again {
        steps.push(Step::Takes(rest));
        steps.extend(enters);
        steps.push(Step::Takes(typical));
        steps.extend(leaves);
    }
}
