// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The walk back from the end.

use crate::trace::{Bucket, Micros, Moment, Segment, TaskNumber, Trace, TracedTask};
use std::sync::Arc;

/// A part of the critical path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// The execution it belongs to: the one that was asked for, or one below it.
    pub execution: Arc<str>,
    /// The task; `None` where no task was under way.
    pub task: Option<TaskNumber>,
    /// From when,
    pub from: Micros,
    /// to when.
    pub to: Micros,
    /// What that time went into.
    pub bucket: Bucket,
    /// The attempt, from 1; 0 where it is none's.
    pub attempt: u32,
}

/// The critical path, from start to end. Its steps have no gap: their sum is the makespan.
pub fn path_of(trace: &Trace) -> Vec<PathStep> {
    let mut walk = Walk { trace, inner: inner_of(trace), steps: Vec::new(), at: trace.ended };
    walk.run();
    let mut steps = walk.steps;
    steps.reverse();
    merged(steps)
}

/// What undoes a task began after that had ended, and after everything else: it stands in no other.
fn undoes(task: &TracedTask, owner: &TracedTask) -> bool {
    owner.ended.order < task.born.order
}

/// The tasks inside each task or spawned by it, in the order of their ends; at the end those of the root.
fn inner_of(trace: &Trace) -> Vec<Vec<TaskNumber>> {
    let root = trace.tasks.len();
    let mut inner = vec![Vec::new(); root + 1];
    let mut by_end: Vec<TaskNumber> = (0..root).collect();
    by_end.sort_by_key(|number| trace.tasks.get(*number).map(|task| task.ended.order));
    for number in by_end {
        let owner_of = |task: &TracedTask| task.owner.filter(|owner| !trace.tasks.get(*owner).is_some_and(|owner| undoes(task, owner)));
        let owner = trace.tasks.get(number).and_then(owner_of).unwrap_or(root);
        if let Some(inner) = inner.get_mut(owner) {
            inner.push(number);
        }
    }
    inner
}

struct Walk<'a> {
    trace: &'a Trace,
    inner: Vec<Vec<TaskNumber>>,
    /// From the end on.
    steps: Vec<PathStep>,
    /// Up to where time is left to explain.
    at: Micros,
}

/// Where the walk goes on.
enum Next {
    /// At the end of this task, or wherever of it time has got to.
    Task(TaskNumber),
    /// In this task, before one that it spawned or held came to be.
    Within(TaskNumber, Moment),
    /// Nowhere: the start is reached.
    Start,
}

impl<'a> Walk<'a> {
    fn run(&mut self) {
        let root = self.trace.tasks.len();
        let mut next = self.last_ended(root, u64::MAX).map_or(Next::Start, Next::Task);
        // A journal that is not of its definition ends the walk early, and the rest of the time is nobody's. Each turn goes back by one event at least.
        let mut turns = 4 * root + 4 + self.trace.tasks.iter().map(|task| task.segments.len()).sum::<usize>();
        while self.at > self.trace.started && turns > 0 {
            turns -= 1;
            next = match next {
                Next::Task(number) => self.task(number),
                Next::Within(number, before) => self.within(number, before),
                Next::Start => break,
            };
        }
        self.fill(None, self.trace.started, Bucket::Scheduler, 0);
    }

    /// The whole of a task.
    fn task(&mut self, number: TaskNumber) -> Next {
        let trace: &'a Trace = self.trace;
        let Some(task) = trace.tasks.get(number) else { return Next::Start };
        self.fill(Some(number), task.ended.at, Bucket::Scheduler, 0);
        self.within(number, Moment { at: task.ended.at, order: task.ended.order })
    }

    /// A task as far as it had got before a moment.
    fn within(&mut self, number: TaskNumber, before: Moment) -> Next {
        let trace: &'a Trace = self.trace;
        let Some(task) = trace.tasks.get(number) else { return Next::Start };
        if task.active.is_some_and(|active| active.order < before.order) {
            if let Some(inner) = self.last_ended(number, before.order) {
                return Next::Task(inner);
            }
            // Nothing in it had ended: it had just begun.
            self.fill(Some(number), task.active.map_or(before.at, |active| active.at), Bucket::Scheduler, 0);
        }
        for segment in task.segments.iter().rev().filter(|segment| segment.from < before.at) {
            if let Some(spawned) = self.spawned_in(number, segment, before.order) {
                let ended = self.trace.tasks.get(spawned).map_or(segment.from, |task| task.ended.at);
                self.fill(Some(number), ended.max(segment.from), segment.bucket, segment.attempt);
                return Next::Task(spawned);
            }
            self.segment(number, segment);
        }
        self.cause(task)
    }

    /// The task that an attempt spawned and that ended last in this segment of it.
    fn spawned_in(&self, number: TaskNumber, segment: &Segment, before: u64) -> Option<TaskNumber> {
        let task = self.trace.tasks.get(number)?;
        if task.is_container() {
            return None;
        }
        let spawned = self.last_ended(number, before)?;
        let ended = self.trace.tasks.get(spawned)?;
        // What undoes a task began after that had ended.
        (ended.born.order < task.ended.order && ended.ended.at > segment.from && ended.released.is_some()).then_some(spawned)
    }

    fn segment(&mut self, number: TaskNumber, segment: &Segment) {
        if segment.bucket == Bucket::Child
            && let Some(child) = self.trace.child(number, segment.attempt)
        {
            // The part of it in which the execution below ran is that one's.
            let (from, to) = (segment.from, segment.to.min(self.at));
            self.fill(Some(number), child.ended.clamp(from, to), Bucket::Scheduler, segment.attempt);
            let whole = self.at;
            for step in path_of(child).into_iter().rev().filter(|step| step.from < whole) {
                if step.to <= from {
                    break;
                }
                let (from, to) = (step.from.max(from), step.to.min(self.at));
                self.steps.push(PathStep { from, to, ..step });
                self.at = from;
            }
            return self.fill(Some(number), from, Bucket::Scheduler, segment.attempt);
        }
        self.fill(Some(number), segment.from, segment.bucket, segment.attempt);
    }

    /// What made a task able to run.
    fn cause(&self, task: &TracedTask) -> Next {
        if let Some(by) = task.released_by {
            return Next::Task(by);
        }
        let owner = task.owner.and_then(|owner| Some((owner, self.trace.tasks.get(owner)?)));
        match owner {
            // It undoes what ended before, or its instance never could run.
            Some((_, owner)) if undoes(task, owner) => self.before(task.born),
            _ if task.released.is_none() => self.before(task.ended),
            Some((number, _)) => Next::Within(number, task.born),
            None => Next::Start,
        }
    }

    /// Whatever ended last before a moment.
    fn before(&self, moment: Moment) -> Next {
        let before = self.trace.tasks.iter().enumerate().filter(|(_, task)| task.ended.order < moment.order);
        before.max_by_key(|(_, task)| task.ended.order).map_or(Next::Start, |(number, _)| Next::Task(number))
    }

    /// The task of an owner that ended last before an event.
    fn last_ended(&self, owner: TaskNumber, before: u64) -> Option<TaskNumber> {
        let inner = self.inner.get(owner)?;
        let end = inner.partition_point(|number| self.trace.tasks.get(*number).is_some_and(|task| task.ended.order < before));
        inner.get(end.checked_sub(1)?).copied()
    }

    /// Explains the time back to `from`.
    fn fill(&mut self, task: Option<TaskNumber>, from: Micros, bucket: Bucket, attempt: u32) {
        let from = from.max(self.trace.started);
        if from < self.at {
            self.steps.push(PathStep { execution: Arc::clone(&self.trace.execution), task, from, to: self.at, bucket, attempt });
            self.at = from;
        }
    }
}

/// Steps that follow each other and are of one kind are one.
fn merged(steps: Vec<PathStep>) -> Vec<PathStep> {
    let mut merged: Vec<PathStep> = Vec::with_capacity(steps.len());
    for step in steps {
        match merged.last_mut() {
            Some(last)
                if last.execution == step.execution
                    && last.task == step.task
                    && last.bucket == step.bucket
                    && last.attempt == step.attempt =>
            {
                last.to = step.to;
            }
            _ => merged.push(step),
        }
    }
    merged
}
