// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What detectors look at: one run of one task, or of a whole execution.

use crate::{ExecutionFacts, Kind, Outcome, Special, Status, TaskFacts};
use std::sync::Arc;
use std::time::Duration;

/// Which figure of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// How long its agent took.
    Duration,
    /// How long it waited for a place of its agent.
    Wait,
    /// What its calls of models cost.
    Cost,
    /// That it did not succeed at once.
    Failures,
}

impl Measure {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Duration, Self::Wait, Self::Cost, Self::Failures];

    /// Those that are judged by their values.
    pub const NUMBERS: [Self; 3] = [Self::Duration, Self::Wait, Self::Cost];

    /// The word users read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Wait => "wait",
            Self::Cost => "cost",
            Self::Failures => "failures",
        }
    }
}

/// A run that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The id of its workflow,
    pub workflow: &'a Arc<str>,
    /// and the version of that.
    pub version: &'a Arc<str>,
    /// Its id in the definition; `None`: it is the whole execution.
    pub task: Option<&'a Arc<str>>,
    /// The agent that was called last,
    pub agent: Option<&'a Arc<str>>,
    /// and the model that answered last.
    pub model: Option<&'a Arc<str>>,
    /// How long it took; `None`: nothing is to be learned of that.
    pub duration: Option<Duration>,
    /// How long it waited for a place.
    pub wait: Option<Duration>,
    /// What it cost, in nano-dollars.
    pub cost: Option<u64>,
    /// Whether it did not succeed at once.
    pub failed: bool,
}

impl<'a> Run<'a> {
    /// Of a task; `None` if nothing of it ran, or if how long it takes is not its own doing.
    pub fn of_task(workflow: &'a Arc<str>, version: &'a Arc<str>, facts: &'a TaskFacts) -> Option<Self> {
        let has_run = facts.start.is_some() && facts.special != Special::Reused && matches!(facts.kind, Kind::Agent | Kind::Workflow);
        if !has_run || facts.interruptions > 0 || !matches!(facts.outcome, Outcome::Completed | Outcome::Failed) {
            return None;
        }
        let failed = facts.outcome == Outcome::Failed || facts.special == Special::Degraded || facts.attempts > 1;
        let cost = (facts.spent.cost_nanos > 0 && facts.spent.unpriced == 0).then_some(facts.spent.cost_nanos);
        // What failed took as long as its failure, which says nothing of how long it takes.
        let own = |duration| (!failed).then_some(duration);
        Some(Self {
            workflow,
            version,
            task: Some(&facts.task),
            agent: facts.agent.as_ref(),
            model: facts.model.as_ref(),
            duration: own(facts.run),
            wait: (facts.kind == Kind::Agent && facts.ready.is_some()).then_some(facts.wait).and_then(own),
            cost: cost.filter(|_| !failed),
            failed,
        })
    }

    /// Of an execution; `None` if it was stopped, or never began.
    pub fn of_execution(workflow: &'a Arc<str>, version: &'a Arc<str>, facts: &ExecutionFacts) -> Option<Self> {
        let took = facts.ended?.since(facts.started?);
        let failed = match facts.status {
            Status::Completed => false,
            Status::Failed => true,
            Status::Pending | Status::Running | Status::Paused | Status::Cancelled => return None,
        };
        let duration = (!failed).then_some(took);
        Some(Self { workflow, version, task: None, agent: None, model: None, duration, wait: None, cost: None, failed })
    }

    /// The value of a figure, as its detector takes it.
    #[expect(clippy::cast_precision_loss, reason = "times and costs stay below 2^53")]
    pub(super) fn value(&self, measure: Measure) -> Option<f64> {
        let micros = |duration: Duration| duration.as_micros() as f64 + CLOCK;
        match measure {
            Measure::Duration => self.duration.map(micros),
            Measure::Wait => self.wait.map(micros),
            Measure::Cost => self.cost.map(|cost| cost as f64),
            Measure::Failures => None,
        }
    }
}

/// Added to times, so that those of microseconds do not differ by much.
const CLOCK: f64 = 1_000.0;

/// A value of a detector as people are told it.
pub(super) fn shown(measure: Measure, value: f64) -> f64 {
    match measure {
        Measure::Duration | Measure::Wait => (value - CLOCK).max(0.0),
        Measure::Cost | Measure::Failures => value,
    }
}

/// Below this a figure is never told of: the machine's own doing is of that size. Microseconds, and nano-dollars.
pub(super) fn least(measure: Measure) -> f64 {
    match measure {
        Measure::Wait => 250_000.0,
        Measure::Duration | Measure::Cost => 10_000.0,
        Measure::Failures => 0.0,
    }
}
