// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What agents took and cost, task by task.

use crate::Outcome;
use crate::trace::{Bucket, Micros, Trace, TracedAttempt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an agent did of a task, in all attempts that completed.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Attempts that completed,
    pub completed: u32,
    /// and those that failed.
    pub failed: u32,
    /// How long it was at work.
    pub time: Micros,
    /// Of that: a model was asked.
    pub model_time: Micros,
    /// Calls of models,
    pub calls: u64,
    /// what they cost in nano-dollars,
    pub cost: u64,
    /// how many of them have no known price,
    pub unpriced: u64,
    /// and how many tokens they gave.
    pub output_tokens: u64,
    /// The models that answered.
    pub models: BTreeSet<Arc<str>>,
    /// The executions of it, as they came.
    pub executions: Vec<Arc<str>>,
}

/// What everybody did: by task, then by agent as definitions write it.
#[derive(Debug, Default)]
pub struct Doings {
    tasks: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Done>>,
    /// How long each attempt took that completed, by task.
    times: BTreeMap<Arc<str>, Vec<Micros>>,
    /// The largest number of an attempt that completed, by task.
    latest: BTreeMap<Arc<str>, u32>,
}

/// One agent beside another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    /// What of the time is meant; `None`: all.
    pub(super) bucket: Option<Bucket>,
    pub(super) time: f64,
    pub(super) cost: Option<f64>,
}

impl Doings {
    /// What these executions tell.
    pub fn of<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> Self {
        let mut doings = Self::default();
        for trace in traces {
            for task in &trace.tasks {
                for attempt in &task.attempts {
                    doings.add(&trace.execution, &task.id, attempt);
                }
            }
        }
        doings
    }

    fn add(&mut self, execution: &Arc<str>, task: &Arc<str>, attempt: &TracedAttempt) {
        let Some(called) = &attempt.called else { return };
        let done = self.tasks.entry(Arc::clone(task)).or_default().entry(Arc::clone(called)).or_default();
        match attempt.outcome {
            Some(Outcome::Failed) => done.failed += 1,
            Some(Outcome::Completed) => {
                let took = attempt.end.saturating_sub(attempt.start);
                done.completed += 1;
                done.time += took;
                for call in &attempt.calls {
                    done.model_time += call.to.saturating_sub(call.from);
                    done.calls += 1;
                    done.cost += call.spent.cost_nanos;
                    done.unpriced += call.spent.unpriced;
                    done.output_tokens += call.spent.output_tokens;
                    done.models.extend((!call.model.is_empty()).then(|| Arc::clone(&call.model)));
                }
                if done.executions.last() != Some(execution) {
                    done.executions.push(Arc::clone(execution));
                }
                self.times.entry(Arc::clone(task)).or_default().push(took);
                let latest = self.latest.entry(Arc::clone(task)).or_default();
                *latest = attempt.attempt.max(*latest);
            }
            Some(Outcome::Skipped | Outcome::Cancelled) | None => {}
        }
    }

    /// What agents did of a task.
    pub fn of_task(&self, task: &str) -> impl Iterator<Item = (&Arc<str>, &Done)> {
        self.tasks.get(task).into_iter().flatten()
    }

    /// The tasks that agents did.
    pub fn tasks(&self) -> impl Iterator<Item = &Arc<str>> {
        self.tasks.keys()
    }

    /// How long attempts of a task took that completed.
    pub fn times(&self, task: &str) -> &[Micros] {
        self.times.get(task).map(Vec::as_slice).unwrap_or_default()
    }

    /// How long attempts of a task take on average that complete within `limit`.
    pub fn typical(&self, task: &str, limit: Micros) -> Option<Micros> {
        let within: Vec<Micros> = self.times(task).iter().copied().filter(|time| *time <= limit).collect();
        let count = u64::try_from(within.len()).unwrap_or(u64::MAX);
        within.iter().sum::<Micros>().checked_div(count)
    }

    /// Whether a task ever completed at a later attempt than this.
    pub fn succeeded_after(&self, task: &str, attempt: u32) -> bool {
        self.latest.get(task).is_some_and(|latest| *latest > attempt)
    }

    /// How a task goes with another agent beside how it goes with its own.
    #[expect(clippy::cast_precision_loss, reason = "times, costs and counts far below 2^53")]
    pub(super) fn ratio(&self, task: &str, own: &str, other: &str) -> Option<Ratio> {
        let by_task = self.tasks.get(task)?;
        let own = by_task.get(own).filter(|own| own.completed > 0)?;
        let each = |sum: u64, count: u64| sum as f64 / count.max(1) as f64;
        let of = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        let is_priced = |done: &Done| done.unpriced == 0 && done.cost > 0;
        if let Some(other) = by_task.get(other).filter(|other| other.completed > 0) {
            let time = of(each(other.time, other.completed.into()), each(own.time, own.completed.into()))?;
            let cost = of(each(other.cost, other.completed.into()), each(own.cost, own.completed.into()));
            return Some(Ratio { bucket: None, time, cost: cost.filter(|_| is_priced(own) && is_priced(other)) });
        }
        // It has done other tasks alone: what a token takes and costs is compared.
        let mut elsewhere = Done::default();
        for done in self.tasks.values().filter_map(|agents| agents.get(other)) {
            elsewhere.model_time += done.model_time;
            elsewhere.output_tokens += done.output_tokens;
            elsewhere.cost += done.cost;
            elsewhere.unpriced += done.unpriced;
        }
        let has_tokens = own.output_tokens > 0 && elsewhere.output_tokens > 0;
        let time =
            of(each(elsewhere.model_time, elsewhere.output_tokens), each(own.model_time, own.output_tokens)).filter(|_| has_tokens)?;
        let cost = of(each(elsewhere.cost, elsewhere.output_tokens), each(own.cost, own.output_tokens));
        Some(Ratio { bucket: Some(Bucket::Model), time, cost: cost.filter(|_| is_priced(own) && is_priced(&elsewhere)) })
    }
}
