// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What agents took and cost, task by task.

use crate::Outcome;
use crate::replay::Doubt;
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
    /// How much attempts differ: sums of squares of the time at work, and of the time of models beside tokens.
    spread: Spread,
    /// The models that answered.
    pub models: BTreeSet<Arc<str>>,
    /// The executions of it, as they came.
    pub executions: Vec<Arc<str>>,
}

/// Sums over attempts that completed, for how well their averages are known.
#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    count: f64,
    times: f64,
    model_times: f64,
    model_times_tokens: f64,
    tokens: f64,
}

impl Spread {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.times += other.times;
        self.model_times += other.model_times;
        self.model_times_tokens += other.model_times_tokens;
        self.tokens += other.tokens;
    }
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
    pub(super) doubt: Doubt,
    pub(super) cost: Option<f64>,
}

/// The variance of an average, or of a ratio of two sums, as a share of its square; and of how many attempts it is.
type Known = (f64, f64);

#[expect(clippy::cast_precision_loss, reason = "times far below 2^53")]
impl Done {
    /// How well is known what an attempt takes on average?
    fn time_known(&self) -> Known {
        let Spread { count, times, .. } = self.spread;
        relative(times - (self.time as f64).powi(2) / count.max(1.0), self.time as f64, count)
    }

    /// How well is known what a token takes?
    fn tokens_known(&self) -> Known {
        let Spread { count, model_times, model_times_tokens, tokens, .. } = self.spread;
        let each = self.model_time as f64 / self.output_tokens.max(1) as f64;
        relative(model_times - 2.0 * each * model_times_tokens + each.powi(2) * tokens, self.model_time as f64, count)
    }
}

fn relative(residuals: f64, sum: f64, count: f64) -> Known {
    let variance = if count > 1.0 && sum > 0.0 { residuals.max(0.0) * count / (count - 1.0) / sum.powi(2) } else { 0.0 };
    (variance, count)
}

/// How well the ratio of two figures is known. One that was measured once is taken to vary as the other does.
fn doubt_of(own: Known, other: Known) -> Doubt {
    let alike = |known: Known, like: Known| if known.1 > 1.0 { known } else { (like.0 * like.1, like.1) };
    let parts = [alike(own, other), alike(other, own)];
    let squares: f64 = parts.iter().map(|part| part.0).sum();
    let weights: f64 = parts.iter().map(|part| part.0.powi(2) / (part.1 - 1.0).max(1.0)).sum();
    Doubt { error: squares.sqrt(), freedom: if weights > 0.0 { squares.powi(2) / weights } else { 1.0 } }
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

    #[expect(clippy::cast_precision_loss, reason = "times and tokens far below 2^53")]
    fn add(&mut self, execution: &Arc<str>, task: &Arc<str>, attempt: &TracedAttempt) {
        let Some(called) = &attempt.called else { return };
        let done = self.tasks.entry(Arc::clone(task)).or_default().entry(Arc::clone(called)).or_default();
        match attempt.outcome {
            Some(Outcome::Failed) => done.failed += 1,
            Some(Outcome::Completed) => {
                let took = attempt.end.saturating_sub(attempt.start);
                done.completed += 1;
                done.time += took;
                let before = (done.model_time, done.output_tokens);
                for call in &attempt.calls {
                    done.model_time += call.to.saturating_sub(call.from);
                    done.calls += 1;
                    done.cost += call.spent.cost_nanos;
                    done.unpriced += call.spent.unpriced;
                    done.output_tokens += call.spent.output_tokens;
                    done.models.extend((!call.model.is_empty()).then(|| Arc::clone(&call.model)));
                }
                let (model, tokens) = ((done.model_time - before.0) as f64, (done.output_tokens - before.1) as f64);
                let times = (took as f64).powi(2);
                let spread =
                    Spread { count: 1.0, times, model_times: model.powi(2), model_times_tokens: model * tokens, tokens: tokens.powi(2) };
                done.spread.add(&spread);
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
            let doubt = doubt_of(own.time_known(), other.time_known());
            return Some(Ratio { bucket: None, time, doubt, cost: cost.filter(|_| is_priced(own) && is_priced(other)) });
        }
        // It has done other tasks alone: what a token takes and costs is compared.
        let mut elsewhere = Done::default();
        for done in self.tasks.values().filter_map(|agents| agents.get(other)) {
            elsewhere.model_time += done.model_time;
            elsewhere.output_tokens += done.output_tokens;
            elsewhere.cost += done.cost;
            elsewhere.unpriced += done.unpriced;
            elsewhere.spread.add(&done.spread);
        }
        let has_tokens = own.output_tokens > 0 && elsewhere.output_tokens > 0;
        let time =
            of(each(elsewhere.model_time, elsewhere.output_tokens), each(own.model_time, own.output_tokens)).filter(|_| has_tokens)?;
        let cost = of(each(elsewhere.cost, elsewhere.output_tokens), each(own.cost, own.output_tokens));
        let doubt = doubt_of(own.tokens_known(), elsewhere.tokens_known());
        Some(Ratio { bucket: Some(Bucket::Model), time, doubt, cost: cost.filter(|_| is_priced(own) && is_priced(&elsewhere)) })
    }
}
