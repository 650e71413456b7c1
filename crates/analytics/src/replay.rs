// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What if: a recorded execution happens again, as a discrete-event simulation, with something changed.
//!
//! What each attempt did takes as long as it took; when it begins follows anew from what it waits for and from the places of its agent, who come first
//! having them first. What cannot be known stays as it was: which branches were taken, which attempts failed, how long people took, waits for limits of
//! requests, and waits for places that other executions held.
//!
//! A share of the critical path is no prediction: what is halved may leave another path as long. On 40 random graphs the share was off by 2.7 points of
//! the makespan with four workers, a replay by 1.3 (a prototype of ours; `tests/replay.rs` measures this one against the engine itself).

mod changed;
mod cost;
mod eta;
mod program;
mod run;

pub use eta::{Eta, eta};
pub use run::makespan;

use crate::trace::{Bucket, Micros, TaskNumber, Trace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Something changed. Tasks are named by their ids: all instances are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// What a task with this id does takes `factor` times as long; `bucket`: only what it does of this kind, such as asking a model.
    Faster {
        /// Its id.
        task: Arc<str>,
        /// Of what it does; `None`: all.
        bucket: Option<Bucket>,
        /// Of the time: 0.5 is twice as fast.
        factor: f64,
        /// How well that is known.
        doubt: Doubt,
    },
    /// Another agent does a task with this id: it needs a place of that one, and none of its own.
    DoneBy {
        /// Its id.
        task: Arc<str>,
        /// Who does it.
        agent: Arc<str>,
    },
    /// What models cost that it asks is `factor` times as much.
    Dearer {
        /// Its id.
        task: Arc<str>,
        /// Of the cost.
        factor: f64,
    },
    /// An agent has so many places.
    Places {
        /// Which.
        agent: Arc<str>,
        /// How many.
        places: usize,
    },
    /// It has so many more than it had.
    MorePlaces {
        /// Which.
        agent: Arc<str>,
        /// How many.
        more: usize,
    },
    /// A task does not wait for another one.
    WithoutEdge {
        /// The task that waited,
        task: Arc<str>,
        /// and for which.
        dependency: Arc<str>,
    },
    /// A task waits for another one of its list.
    WithEdge {
        /// The task that did not wait,
        task: Arc<str>,
        /// and for which it does.
        dependency: Arc<str>,
    },
    /// One instance takes no time at all.
    Without(TaskNumber),
    /// A task is not there.
    WithoutTask(Arc<str>),
    /// A task has at most so many attempts.
    Attempts {
        /// Its id.
        task: Arc<str>,
        /// How many.
        most: u32,
    },
    /// An attempt that takes longer is stopped and, while attempts are left, made again.
    Timeout {
        /// The task.
        task: Arc<str>,
        /// How long an attempt may take.
        after: Micros,
        /// Attempts in all,
        most: u32,
        /// how long it rests in between,
        rest: Micros,
        /// and how long an attempt takes that ends by itself in time.
        typical: Micros,
    },
    /// These instances take over what others gave for the same input: by execution and number.
    Reused(Arc<BTreeSet<(Arc<str>, TaskNumber)>>),
}

/// How well a figure is known that was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Doubt {
    /// Its standard error, as a share of it. 0: it is known.
    pub error: f64,
    /// The degrees of freedom of that.
    pub freedom: f64,
}

/// What a change would have done to executions that are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Executions it was made of.
    pub executions: usize,
    /// How long they took on average, in microseconds,
    pub makespan: f64,
    /// and how long they would have taken.
    pub predicted: f64,
    /// What models cost on average that these executions asked, in nano-dollars, and what they would have cost.
    pub cost: (f64, f64),
    /// Where the saving lies as a share of the makespan with a probability of 99 %: Student's interval of the mean over executions, with what is doubtful of the
    /// changes. `None` of one.
    pub interval: Option<(f64, f64)>,
}

impl Prediction {
    /// What is saved, as a share of the makespan; less than 0 if it would take longer.
    pub fn saving(&self) -> f64 {
        if self.makespan > 0.0 { 1.0 - self.predicted / self.makespan } else { 0.0 }
    }

    /// The same of what models cost.
    pub fn cost_saving(&self) -> f64 {
        let (before, after) = self.cost;
        if before > 0.0 { 1.0 - after / before } else { 0.0 }
    }
}

/// What changes would have done to these executions.
#[expect(clippy::cast_precision_loss, reason = "times and counts far below 2^53")]
pub fn predict<'a>(traces: impl IntoIterator<Item = &'a Trace>, changes: &[Change]) -> Prediction {
    // Measured against its own replay, so that what a replay cannot know takes no part.
    let recorded = traces.into_iter().map(|trace| (trace, trace.makespan() as f64, makespan(trace, &[]) as f64));
    let recorded: Vec<(&Trace, f64, f64)> = recorded.collect();
    let after = |changes: &[Change], (trace, real, before): &(&Trace, f64, f64)| {
        if *before > 0.0 { real * makespan(trace, changes) as f64 / before } else { *real }
    };
    let count = recorded.len();
    let n = count.max(1) as f64;
    let runs: Vec<(f64, f64)> = recorded.iter().map(|one| (one.1, after(changes, one))).collect();
    let (makespan, predicted) = runs.iter().fold((0.0, 0.0), |(a, b), (real, after)| (a + real / n, b + after / n));
    let costs = recorded.iter().map(|(trace, ..)| cost::of(trace, changes));
    let cost = costs.fold((0.0, 0.0), |(a, b), (before, after)| (a + before / n, b + after / n));
    let interval = (count > 1 && makespan > 0.0).then(|| {
        // The ratio of two means, by its residuals (the delta method).
        let ratio = predicted / makespan;
        let squares: f64 = runs.iter().map(|(real, after)| (after - ratio * real).powi(2)).sum();
        let mut errors = vec![Doubt { error: (squares / (n - 1.0) / n).sqrt() / makespan, freedom: n - 1.0 }];
        // What a factor that is off by its error does to that ratio.
        errors.extend(changes.iter().enumerate().filter_map(|(place, change)| {
            let Change::Faster { factor, doubt, .. } = change else { return None };
            let ratio_at = |by: f64| {
                let mut shifted = changes.to_vec();
                if let Some(Change::Faster { factor: shift, .. }) = shifted.get_mut(place) {
                    *shift = factor * (1.0 + by);
                }
                recorded.iter().map(|one| after(&shifted, one)).sum::<f64>() / n / makespan
            };
            let off = || (ratio_at(doubt.error) - ratio_at(-doubt.error.min(1.0))).abs() / 2.0;
            (doubt.error > 0.0).then(|| Doubt { error: off(), ..*doubt })
        }));
        let reach = reach(&errors);
        (1.0 - ratio - reach, 1.0 - ratio + reach)
    });
    Prediction { executions: count, makespan, predicted, cost, interval }
}

/// How far off a figure is at most, with a probability of 99 %, that errors take part in which have nothing to do with each other (Welch and Satterthwaite).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "degrees of freedom, at least 1")]
fn reach(errors: &[Doubt]) -> f64 {
    let squares: f64 = errors.iter().map(|one| one.error.powi(2)).sum();
    let fourths: f64 = errors.iter().map(|one| one.error.powi(4) / one.freedom.max(1.0)).sum();
    if fourths > 0.0 { student((squares.powi(2) / fourths).max(1.0) as usize) * squares.sqrt() } else { 0.0 }
}

/// The two-sided 99 % quantile of Student's t: from a table up to 5 degrees of freedom, then by Abramowitz and Stegun 26.7.5 with three terms.
#[expect(clippy::cast_precision_loss, reason = "a count of executions")]
fn student(freedom: usize) -> f64 {
    const Z: f64 = 2.575_829;
    match freedom {
        0 | 1 => 63.657,
        2 => 9.925,
        3 => 5.841,
        4 => 4.604,
        5 => 4.032,
        _ => {
            let v = freedom as f64;
            let first = (Z.powi(3) + Z) / 4.0;
            let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
            let third = (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0;
            Z + first / v + second / v.powi(2) + third / v.powi(3)
        }
    }
}

/// Tasks whose drag is looked at: each takes a replay.
const DRAGS_MAX: usize = 50;

/// How much sooner the execution would have ended if a task had taken no time, of those with the largest shares of its path.
pub fn drags(trace: &Trace, shares: impl IntoIterator<Item = TaskNumber>) -> BTreeMap<TaskNumber, Micros> {
    let before = makespan(trace, &[]);
    let drag = |task| (task, before.saturating_sub(makespan(trace, &[Change::Without(task)])));
    shares.into_iter().take(DRAGS_MAX).map(drag).collect()
}
