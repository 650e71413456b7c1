// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Figures of an hour. They add up: those of a day are the sum of its hours, those of a workflow the sum of its versions.

use crate::{Fact, Outcome, Sketch, Status, TaskFacts};
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
    /// From start to end, in microseconds; of what ran and was not stopped.
    pub duration: u64,
    /// Ready and not admitted, in microseconds.
    pub wait: u64,
    /// In attempts, in microseconds.
    pub run: u64,
    /// What models cost. Of a workflow what its own tasks have cost, not executions below them.
    pub spent: Spent,
    /// What those cost that completed. Of a workflow it is all that its executions have cost, those below them included,
    pub completed_cost: Paid,
    /// and those that failed.
    pub failed_cost: Paid,
}

/// What something cost, as far as prices are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// Billionths of a dollar.
    pub nanos: u64,
    /// Calls of which the price is not known.
    pub unpriced: u64,
}

impl Paid {
    /// Of what was spent.
    pub fn of(spent: Spent) -> Self {
        Self { nanos: spent.cost_nanos, unpriced: spent.unpriced }
    }

    fn add(&mut self, other: Self) {
        self.nanos = self.nanos.saturating_add(other.nanos);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
    }
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
        self.completed_cost.add(other.completed_cost);
        self.failed_cost.add(other.failed_cost);
    }
}

/// An execution or a task that has ended, as figures count it.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// Attempts that counted,
    pub attempts: u64,
    /// and those that ended with their process.
    pub interruptions: u64,
    /// From start to end; `None` if nothing of it ran.
    pub duration: Option<Duration>,
    /// How long it was ready and not admitted; `None` if no attempt began.
    pub wait: Option<Duration>,
    /// In attempts.
    pub run: Duration,
    /// What its models used, where that is not counted with its tasks.
    pub spent: Spent,
    /// What it cost.
    pub cost: Paid,
}

impl Ended {
    /// A task that has ended.
    pub fn task(task: &TaskFacts) -> Self {
        Self {
            outcome: task.outcome,
            attempts: u64::from(task.attempts),
            interruptions: u64::from(task.interruptions),
            duration: task.duration(),
            wait: task.ready.map(|_| task.wait),
            run: task.run,
            spent: task.spent,
            cost: Paid::of(task.spent),
        }
    }

    /// An execution that has ended. What its models used is counted with its tasks; `cost` is that of executions below it too.
    pub fn execution(status: Status, started: Option<Timestamp>, ended: Timestamp, attempts: u64, cost: Paid) -> Self {
        let outcome = match status {
            Status::Completed => Outcome::Completed,
            Status::Failed => Outcome::Failed,
            Status::Pending | Status::Running | Status::Paused | Status::Cancelled => Outcome::Cancelled,
        };
        let duration = started.map(|started| ended.since(started));
        Self { outcome, attempts, interruptions: 0, duration, wait: None, run: Duration::ZERO, spent: Spent::default(), cost }
    }
}

impl Rollup {
    fn pay(&mut self, spent: Spent) {
        self.figures.spent = self.figures.spent.plus(spent);
    }

    /// Another end.
    pub fn count(&mut self, ended: &Ended) {
        let figures = &mut self.figures;
        figures.ended += 1;
        match ended.outcome {
            Outcome::Completed => {
                figures.completed += 1;
                figures.completed_cost.add(ended.cost);
            }
            Outcome::Failed => {
                figures.failed += 1;
                figures.failed_cost.add(ended.cost);
            }
            Outcome::Skipped => figures.skipped += 1,
            Outcome::Cancelled => figures.cancelled += 1,
        }
        figures.attempts += ended.attempts;
        figures.interruptions += ended.interruptions;
        figures.wait = figures.wait.saturating_add(micros(ended.wait.unwrap_or_default()));
        figures.run = figures.run.saturating_add(micros(ended.run));
        figures.spent = figures.spent.plus(ended.spent);
        // How long it took until it was stopped says nothing of how long it takes.
        if let Some(duration) = ended.duration.filter(|_| matches!(ended.outcome, Outcome::Completed | Outcome::Failed)) {
            figures.duration = figures.duration.saturating_add(micros(duration));
            self.durations.add(duration);
        }
        if let Some(wait) = ended.wait {
            self.waits.add(wait);
        }
    }

    /// That of another hour, or of another part.
    pub fn merge(&mut self, other: &Self) {
        self.figures.add(&other.figures);
        self.durations.merge(&other.durations);
        self.waits.merge(&other.waits);
    }
}

/// Adds a fact to the roll-ups it belongs to, those of its hour: the number of hours since the epoch at which it ended. What models cost a task is of the
/// hour in which that ended, so that figures of any time add up to those of its tasks; only a model's own are of the hour of the call.
pub fn rolled(workflow: &Arc<str>, version: &Arc<str>, fact: &Fact, mut add: impl FnMut(u64, Subject, &dyn Fn(&mut Rollup))) {
    let (workflow, version) = (Arc::clone(workflow), Arc::clone(version));
    match fact {
        Fact::Task(task) => {
            let (hour, ended) = (hour_of(task.end), Ended::task(task));
            if task.spent != Spent::default() {
                let subject = Subject::Workflow { workflow: Arc::clone(&workflow), version: Arc::clone(&version) };
                add(hour, subject, &|rollup| rollup.pay(task.spent));
            }
            add(hour, Subject::Task { workflow, version, task: Arc::clone(&task.task) }, &|rollup| rollup.count(&ended));
        }
        Fact::Call(call) => {
            add(hour_of(call.at), Subject::Model { model: Arc::clone(&call.model) }, &|rollup| {
                rollup.pay(call.spent);
                let figures = &mut rollup.figures;
                figures.ended += 1;
                *(if call.failed { &mut figures.failed } else { &mut figures.completed }) += 1;
                figures.attempts += call.spent.requests;
            });
            if let Some(end) = call.late {
                let pay = |rollup: &mut Rollup| rollup.pay(call.spent);
                add(hour_of(end), Subject::Workflow { workflow: Arc::clone(&workflow), version: Arc::clone(&version) }, &pay);
                add(hour_of(end), Subject::Task { workflow, version, task: Arc::clone(&call.task) }, &pay);
            }
        }
        Fact::End(end) => {
            let at = end.ended.unwrap_or_default();
            let ended = Ended::execution(end.status, end.started, at, end.attempts, Paid::of(end.spent));
            add(hour_of(at), Subject::Workflow { workflow, version }, &|rollup| rollup.count(&ended));
        }
    }
}

/// The number of the hour of an instant, since the epoch.
pub fn hour_of(at: Timestamp) -> u64 {
    at.micros() / micros(HOUR)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
