// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Figures of an hour. They add up: those of a day are the sum of its hours, those of a workflow the sum of its versions.

use crate::{Fact, Outcome, Sketch, Status};
use engine::Spent;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// What figures are of: one hour.
pub const HOUR: Duration = Duration::from_hours(1);

/// Whose figures they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "ids and names as in a definition")]
pub enum Subject {
    /// Executions of a version of a workflow, in the hour in which they ended.
    Workflow { workflow: Arc<str>, version: Arc<str> },
    /// A task of such a version, in the hour in which it ended.
    Task { workflow: Arc<str>, version: Arc<str>, task: Arc<str> },
    /// A model, in the hour in which its call ended.
    Model { model: Arc<str> },
}

/// Counts and sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Executions or tasks that ended, or calls.
    pub ended: u64,
    /// Of these: well,
    pub completed: u64,
    /// badly,
    pub failed: u64,
    /// without having run,
    pub skipped: u64,
    /// or because they were stopped.
    pub cancelled: u64,
    /// Attempts, or requests that were sent.
    pub attempts: u64,
    /// Attempts that ended with their process.
    pub interruptions: u64,
    /// From start to end, in microseconds; of executions and tasks that ran.
    pub duration: u64,
    /// Ready and not admitted, in microseconds.
    pub wait: u64,
    /// In attempts, in microseconds.
    pub run: u64,
    /// What models cost. Of executions their own calls alone, not those of executions below them.
    pub spent: Spent,
}

/// The figures of an hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rollup {
    /// Counts and sums.
    pub figures: Figures,
    /// Durations of what completed or failed.
    pub durations: Sketch,
    /// Waits of tasks that were admitted.
    pub waits: Sketch,
}

impl Figures {
    /// Those of another part too.
    pub fn add(&mut self, other: &Self) {
        self.ended += other.ended;
        self.completed += other.completed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.cancelled += other.cancelled;
        self.attempts += other.attempts;
        self.interruptions += other.interruptions;
        self.duration = self.duration.saturating_add(other.duration);
        self.wait = self.wait.saturating_add(other.wait);
        self.run = self.run.saturating_add(other.run);
        self.spent = self.spent.plus(other.spent);
    }
}

impl Rollup {
    /// That of another hour, or of another part.
    pub fn merge(&mut self, other: &Self) {
        self.figures.add(&other.figures);
        self.durations.merge(&other.durations);
        self.waits.merge(&other.waits);
    }
}

/// Adds a fact to the roll-ups it belongs to, those of its hour: the number of hours since the epoch at which it ended.
pub fn rolled(workflow: &Arc<str>, version: &Arc<str>, fact: &Fact, mut add: impl FnMut(u64, Subject, &dyn Fn(&mut Rollup))) {
    let (workflow, version) = (Arc::clone(workflow), Arc::clone(version));
    match fact {
        Fact::Task(task) => {
            let subject = Subject::Task { workflow, version, task: Arc::clone(&task.task) };
            add(hour_of(task.end), subject, &|rollup| {
                let duration = task.duration();
                let figures = &mut rollup.figures;
                figures.ended += 1;
                match task.outcome {
                    Outcome::Completed => figures.completed += 1,
                    Outcome::Failed => figures.failed += 1,
                    Outcome::Skipped => figures.skipped += 1,
                    Outcome::Cancelled => figures.cancelled += 1,
                }
                figures.attempts += u64::from(task.attempts);
                figures.interruptions += u64::from(task.interruptions);
                figures.duration = figures.duration.saturating_add(micros(duration.unwrap_or_default()));
                figures.wait = figures.wait.saturating_add(micros(task.wait));
                figures.run = figures.run.saturating_add(micros(task.run));
                if let Some(duration) = duration.filter(|_| matches!(task.outcome, Outcome::Completed | Outcome::Failed)) {
                    rollup.durations.add(duration);
                }
                if task.ready.is_some() {
                    rollup.waits.add(task.wait);
                }
            });
        }
        Fact::Call(call) => {
            let hour = hour_of(call.at);
            let pay = |rollup: &mut Rollup| rollup.figures.spent = rollup.figures.spent.plus(call.spent);
            add(hour, Subject::Workflow { workflow: Arc::clone(&workflow), version: Arc::clone(&version) }, &pay);
            add(hour, Subject::Task { workflow, version, task: Arc::clone(&call.task) }, &pay);
            add(hour, Subject::Model { model: Arc::clone(&call.model) }, &|rollup| {
                pay(rollup);
                let figures = &mut rollup.figures;
                figures.ended += 1;
                *(if call.failed { &mut figures.failed } else { &mut figures.completed }) += 1;
                figures.attempts += call.spent.requests;
            });
        }
        Fact::End(end) => add(hour_of(end.ended.unwrap_or_default()), Subject::Workflow { workflow, version }, &|rollup| {
            let duration = end.started.zip(end.ended).map(|(start, end)| end.since(start));
            let figures = &mut rollup.figures;
            figures.ended += 1;
            match end.status {
                Status::Completed => figures.completed += 1,
                Status::Failed => figures.failed += 1,
                Status::Cancelled => figures.cancelled += 1,
                Status::Pending | Status::Running | Status::Paused => {}
            }
            figures.attempts += end.attempts;
            figures.duration = figures.duration.saturating_add(micros(duration.unwrap_or_default()));
            if let Some(duration) = duration.filter(|_| end.status != Status::Cancelled) {
                rollup.durations.add(duration);
            }
        }),
    }
}

/// The number of the hour of an instant, since the epoch.
pub fn hour_of(at: Timestamp) -> u64 {
    at.micros() / micros(HOUR)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
