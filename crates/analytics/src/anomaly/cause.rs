// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What many tasks have in common that rise together: their model, their agent or their workflow.

use super::Measure;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The latest runs of a group that are looked at.
const KEPT: usize = 64;
/// So many other tasks must be high,
const OTHERS: f64 = 3.0;
/// this share of those that ran,
const SHARE: f64 = 0.4;
/// and so many standard deviations more than chance has.
const SURE: f64 = 3.0;
const CHANCE: f64 = 0.16;
/// The place among its own earlier values from which on a run counts as high: of healthy ones one in six does.
const HIGH: f32 = 1.0;

/// What has one cause has risen by about as much: by this share of the logarithm at least.
const NEARLY: f64 = 0.33;
/// Where all of a group are higher by less than this, it is the time of day, say: nothing is wrong.
const DRIFT: f64 = 1.35;
/// Of fewer runs of others it is not said how much higher they are.
const DRIFT_LEAST: f64 = 10.0;

/// What is behind an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "ids and names as in a definition")]
pub enum Cause {
    /// One task of a version of a workflow.
    Task { workflow: Arc<str>, version: Arc<str>, task: Arc<str> },
    /// Many tasks whose calls this model answers, as `provider/model`.
    Model { model: Arc<str> },
    /// Many tasks of this agent, or type of agents.
    Agent { agent: Arc<str> },
    /// Many tasks of a version of a workflow, or its executions as a whole.
    Workflow { workflow: Arc<str>, version: Arc<str> },
}

/// A number that a group, or a task, goes by.
pub(super) type Number = u32;

/// How a run was, by measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks([Mark; 4]);

/// How a figure of a run was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Its place among those before it; of a failure infinity. Not a number: it is not known.
    pub(super) score: f32,
    /// The logarithm of how many times as high as usual it was.
    pub(super) rise: f32,
}

impl Default for Marks {
    fn default() -> Self {
        Self([Mark { score: f32::NAN, rise: 0.0 }; 4])
    }
}

impl Marks {
    pub(super) fn set(&mut self, measure: Measure, mark: Mark) {
        if let Some(place) = self.0.get_mut(measure as usize) {
            *place = mark;
        }
    }

    fn of(&self, measure: Measure) -> Option<Mark> {
        self.0.get(measure as usize).copied().filter(|mark| !mark.score.is_nan())
    }
}

/// The latest run of a task.
#[derive(Clone, Copy, Debug)]
struct Latest {
    task: Number,
    marks: Marks,
}

/// Tasks that have something in common.
#[derive(Debug)]
struct Group {
    cause: Cause,
    latest: Vec<Latest>,
    next: usize,
}

/// All groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    numbers: FxHashMap<Cause, Number>,
    all: FxHashMap<Number, Group>,
    last: Number,
}

impl Groups {
    /// The number of a group, given to it now if it has none.
    pub(super) fn number(&mut self, cause: Cause) -> Number {
        if let Some(number) = self.numbers.get(&cause) {
            return *number;
        }
        self.last += 1;
        self.all.insert(self.last, Group { cause: cause.clone(), latest: Vec::new(), next: 0 });
        self.numbers.insert(cause, self.last);
        self.last
    }

    /// There is nothing of a group any more.
    pub(super) fn forget(&mut self, number: Number) {
        if let Some(group) = self.all.remove(&number) {
            self.numbers.remove(&group.cause);
        }
    }

    pub(super) fn cause(&self, number: Number) -> Option<&Cause> {
        self.all.get(&number).map(|group| &group.cause)
    }

    /// A run of a task of these groups.
    pub(super) fn add(&mut self, groups: impl IntoIterator<Item = Number>, task: Number, marks: Marks) {
        for number in groups {
            let Some(group) = self.all.get_mut(&number) else { continue };
            let latest = Latest { task, marks };
            if group.latest.len() < KEPT {
                group.latest.push(latest);
            } else if let Some(oldest) = group.latest.get_mut(group.next) {
                *oldest = latest;
                group.next = (group.next + 1) % KEPT;
            }
        }
    }

    /// By how many standard deviations the other tasks of a group are higher than usual, on average: 0 where they are not, where too few are known, and where
    /// they are so much higher that something is wrong with all of them.
    pub(super) fn drift(&self, group: Number, task: Number, measure: Measure) -> f64 {
        let Some(group) = self.all.get(&group) else { return 0.0 };
        let (mut count, mut scores, mut rises) = (0.0, 0.0, 0.0);
        for latest in group.latest.iter().filter(|latest| latest.task != task) {
            let Some(Mark { score, rise }) = latest.marks.of(measure) else { continue };
            count += 1.0;
            scores += f64::from(score);
            rises += f64::from(rise);
        }
        if count < DRIFT_LEAST || rises / count >= DRIFT.ln() { 0.0 } else { (scores / count).max(0.0) }
    }

    /// By how much other tasks of a group have risen, on average, as a logarithm.
    pub(super) fn rise(&self, group: Number, task: Number, measure: Measure) -> f64 {
        let latest = self.all.get(&group).map(|group| &*group.latest).unwrap_or_default();
        let rises = latest.iter().filter(|latest| latest.task != task).filter_map(|latest| latest.marks.of(measure));
        let (count, sum) = rises.fold((0.0, 0.0), |(count, sum), mark| (count + 1.0, sum + f64::from(mark.rise)));
        if count < DRIFT_LEAST { 0.0 } else { sum / count }
    }

    /// Whether a task is in a group.
    pub(super) fn has(&self, group: Number, task: Number) -> bool {
        self.all.get(&group).is_some_and(|group| group.latest.iter().any(|latest| latest.task == task))
    }

    /// The first of these groups in which other tasks than this one are high as well, and nearly as much: it has risen by so much, as a logarithm.
    pub(super) fn shared(&self, groups: impl IntoIterator<Item = Number>, task: Number, measure: Measure, rise: f32) -> Option<Number> {
        let least = if measure == Measure::Failures { 0.0 } else { DRIFT.ln().max(f64::from(rise) * NEARLY) };
        groups.into_iter().find(|number| self.all.get(number).is_some_and(|group| group.is_high(task, measure, least)))
    }
}

impl Group {
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    fn is_high(&self, but: Number, measure: Measure, least: f64) -> bool {
        let (newer, older) = self.latest.split_at(self.next.min(self.latest.len()));
        let mut seen = vec![but];
        let mut high = 0;
        for latest in newer.iter().rev().chain(older.iter().rev()) {
            let Some(Mark { score, rise }) = latest.marks.of(measure) else { continue };
            if seen.contains(&latest.task) {
                continue;
            }
            seen.push(latest.task);
            high += usize::from(score >= HIGH && f64::from(rise) >= least);
        }
        let (others, high) = ((seen.len() - 1) as f64, high as f64);
        let sure = CHANCE * others + SURE * (others * CHANCE * (1.0 - CHANCE)).sqrt();
        high >= OTHERS && high >= SHARE * others && high >= sure
    }
}
