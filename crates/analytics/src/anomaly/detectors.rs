// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Every run passes here once, in the order in which they ended.
//!
//! ```text
//! run ─▶ its series: duration, wait, cost, failures ── a flag ──▶ told, with the run
//!                         └ its level rises ─▶ what else has risen with it? ─▶ one alert for what they have in common, else for the task
//! ```
//! An alert is over when the last series that rose with it is: it has returned, or what was high is usual.

use super::cause::{Groups, Mark, Marks, Number};
use super::run::{least, shown};
use super::{Cause, Change, Failing, Measure, Run, Series, Spread};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tasks that are watched at once; with more of them, those of the workflow that ran least lately are let go.
const TASKS_MAX: usize = 50_000;

/// Executions that become slow have a task as a rule that did, which is seen within so many of them.
const AWAITED: u32 = 5;

/// Where others are so many times as high as usual, on average, they may have risen too.
const SEEMS: f64 = 1.2;

/// What is told of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The run itself is unusual.
    Unusual(Unusual),
    /// Something has become worse, and stays so.
    Begins(Begins),
    /// That is over.
    Ends {
        /// What had become worse,
        cause: Cause,
        /// and in which figure.
        measure: Measure,
        /// How it is over.
        how: Over,
    },
}

/// How an alert is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It is again as it was.
    Returned,
    /// It has stayed so for so long that it is usual.
    Settled,
    /// It was part of something larger, of which there is an alert now.
    Joined,
}

/// An unusual run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unusual {
    /// In which figure.
    pub measure: Measure,
    /// What that is: microseconds, or nano-dollars,
    pub value: f64,
    /// and what is usual.
    pub usual: f64,
    /// The share of healthy runs that are so high.
    pub tail: f64,
}

/// The beginning of an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Begins {
    /// What has become worse,
    pub cause: Cause,
    /// and in which figure.
    pub measure: Measure,
    /// The figure of the run that led to it: microseconds, nano-dollars, or the share that failed of late,
    pub value: f64,
    /// and what is usual of it.
    pub usual: f64,
}

/// A task, or the executions, of a version of a workflow.
#[derive(Debug, Default)]
struct Watched {
    number: Number,
    numbers: [Series; 3],
    failing: Failing,
    /// The groups it was in last, by their names: as a rule it is in the same again.
    model: Option<(Arc<str>, Number)>,
    agent: Option<(Arc<str>, Number)>,
}

/// A series whose level has risen. What is behind it is asked when the execution has ended, or the task runs again: until then others may have risen as well.
#[derive(Debug)]
struct Rising {
    task: Option<Arc<str>>,
    number: Number,
    model: Option<Number>,
    agent: Option<Number>,
    measure: Measure,
    value: f64,
    usual: f64,
    rise: f32,
    /// So many executions are awaited first,
    wait: u32,
    /// and have been.
    has_waited: bool,
}

/// The alerts that have begun, how each did and which tasks rose.
type Open = BTreeMap<(Cause, Measure), Episode>;

#[derive(Debug)]
struct Episode {
    begins: Begins,
    rose: BTreeSet<Number>,
}

#[derive(Debug, Default)]
struct Workflow {
    group: Number,
    rising: Vec<Rising>,
    tasks: FxHashMap<Option<Arc<str>>, Watched>,
    used: u64,
}

/// All that is watched.
#[derive(Debug, Default)]
pub struct Detectors {
    workflows: FxHashMap<(Arc<str>, Arc<str>), Workflow>,
    tasks: usize,
    runs: u64,
    last: Number,
    groups: Groups,
    spreads: [Spread; 3],
    open: Open,
}

impl Detectors {
    /// Whether runs of a version of a workflow have passed.
    pub fn knows(&self, workflow: &Arc<str>, version: &Arc<str>) -> bool {
        self.workflows.contains_key(&(Arc::clone(workflow), Arc::clone(version)))
    }

    /// What has become worse and is not over.
    pub fn open(&self) -> impl Iterator<Item = &Begins> {
        self.open.values().map(|episode| &episode.begins)
    }

    /// How many runs have passed.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// The next run that has ended. What it leads to goes into `told`.
    pub fn observe(&mut self, run: &Run<'_>, told: &mut Vec<Told>) {
        self.runs += 1;
        let key = (Arc::clone(run.workflow), Arc::clone(run.version));
        let Self { workflows, groups, spreads, open, .. } = self;
        let workflow = workflows.entry(key).or_insert_with_key(|(workflow, version)| Workflow {
            group: groups.number(Cause::Workflow { workflow: Arc::clone(workflow), version: Arc::clone(version) }),
            ..Workflow::default()
        });
        workflow.used = self.runs;
        let watched = workflow.tasks.entry(run.task.map(Arc::clone)).or_insert_with(|| {
            self.tasks += 1;
            self.last += 1;
            Watched { number: self.last, ..Watched::default() }
        });
        let model = run.model.map(|name| numbered(&mut watched.model, name, |model| groups.number(Cause::Model { model })));
        let agent = run.agent.map(|name| numbered(&mut watched.agent, name, |agent| groups.number(Cause::Agent { agent })));
        let (number, whole) = (watched.number, workflow.group);
        let (marks, changes) = watched.observe(run, whole, groups, spreads, told);
        if run.task.is_some() {
            groups.add(model.into_iter().chain(agent).chain([whole]), number, marks);
        }
        let again = workflow.rising.iter().any(|rising| rising.number == number);
        for (measure, change, value, usual, rise) in changes {
            match change {
                Change::Rises => {
                    let wait = if run.task.is_none() { AWAITED } else { 0 };
                    workflow.rising.push(Rising {
                        task: run.task.cloned(),
                        number,
                        model,
                        agent,
                        measure,
                        value,
                        usual,
                        rise,
                        wait,
                        has_waited: wait > 0,
                    });
                }
                Change::Returns => end(open, told, number, measure, Over::Returned),
                Change::Settles => end(open, told, number, measure, Over::Settled),
            }
        }
        if again || run.task.is_none() {
            workflow.decide(run, groups, open, told);
        }
        if self.tasks > TASKS_MAX {
            self.make_room();
        }
    }

    /// Lets go of workflows of which nothing is told, those that ran least lately first.
    fn make_room(&mut self) {
        let mut by_use: Vec<_> = self.workflows.iter().map(|(key, workflow)| (workflow.used, key.clone())).collect();
        by_use.sort_unstable();
        by_use.pop();
        for (_, key) in by_use {
            if self.tasks <= TASKS_MAX / 2 {
                return;
            }
            let rose = |watched: &Watched| self.open.values().any(|episode| episode.rose.contains(&watched.number));
            if self.workflows.get(&key).is_some_and(|workflow| !workflow.tasks.values().any(rose)) {
                let Some(gone) = self.workflows.remove(&key) else { continue };
                self.tasks -= gone.tasks.len();
                self.groups.forget(gone.group);
            }
        }
    }
}

/// A change of a figure: which, how, the value, what is usual, and the logarithm of how many times as high it is.
type Moved = (Measure, Change, f64, f64, f32);

impl Watched {
    /// The next run of it: how each figure of it was, and which have changed.
    fn observe(
        &mut self,
        run: &Run<'_>,
        whole: Number,
        groups: &Groups,
        spreads: &mut [Spread; 3],
        told: &mut Vec<Told>,
    ) -> (Marks, Vec<Moved>) {
        let number = self.number;
        let mut marks = Marks::default();
        let mut changes = Vec::new();
        for ((measure, series), spread) in Measure::NUMBERS.into_iter().zip(&mut self.numbers).zip(spreads) {
            let Some(value) = run.value(measure) else { continue };
            let drift = || groups.drift(whole, number, measure);
            let verdict = series.observe(value, least(measure), spread.middle(), drift);
            series.fresh_variance().into_iter().for_each(|variance| spread.add(variance));
            let Some(judged) = verdict.judged else { continue };
            #[expect(clippy::cast_possible_truncation, reason = "small numbers of few digits")]
            let mark = Mark { score: judged.score as f32, rise: (value / judged.usual).ln() as f32 };
            marks.set(measure, mark);
            let (value, usual) = (shown(measure, value), shown(measure, judged.usual));
            if verdict.is_flagged {
                told.push(Told::Unusual(Unusual { measure, value, usual, tail: judged.tail }));
            }
            changes.extend(verdict.change.map(|change| (measure, change, value, usual, mark.rise)));
        }
        // That an execution failed is told of the task it failed at.
        if run.task.is_some() {
            let usual = self.failing.usual();
            marks.set(Measure::Failures, Mark { score: if run.failed { f32::INFINITY } else { 0.0 }, rise: 0.0 });
            let change = self.failing.observe(run.failed);
            changes.extend(change.map(|change| (Measure::Failures, change, self.failing.of_late(), usual, 0.0)));
        }
        (marks, changes)
    }
}

impl Workflow {
    /// What is behind that which rises is decided, where others have had time to rise with it.
    fn decide(&mut self, run: &Run<'_>, groups: &Groups, open: &mut Open, told: &mut Vec<Told>) {
        let whole = self.group;
        let has_ended = u32::from(run.task.is_none());
        let mut rising = std::mem::take(&mut self.rising);
        // What is of many comes first, so that the others are part of it.
        rising.sort_by_key(|rising| rising.shared(whole, groups, open).is_none());
        for mut rising in rising {
            if rising.wait > 0 {
                rising.wait -= has_ended;
                self.rising.push(rising);
            } else if rising.may_be_shared(whole, groups, open) {
                rising.wait = 1;
                rising.has_waited = true;
                self.rising.push(rising);
            } else {
                rising.begin(run, whole, groups, open, told);
            }
        }
    }
}

impl Rising {
    /// The groups that it may be part of. A model does not make its callers wait for a place, but their agent does.
    fn around(&self, whole: Number) -> impl Iterator<Item = Number> {
        let model = self.model.filter(|_| self.measure != Measure::Wait);
        model.into_iter().chain(self.agent).chain(self.task.as_ref().map(|_| whole))
    }

    /// The group that it is part of: of which there is an alert, or that has risen with it.
    fn shared(&self, whole: Number, groups: &Groups, open: &Open) -> Option<Number> {
        let is_open = |group: &Number| groups.cause(*group).is_some_and(|cause| open.contains_key(&(cause.clone(), self.measure)));
        self.around(whole).find(is_open).or_else(|| groups.shared(self.around(whole), self.number, self.measure, self.rise))
    }

    /// Whether others seem to rise as well, so that the next execution will tell.
    fn may_be_shared(&self, whole: Number, groups: &Groups, open: &Open) -> bool {
        let seems = |group| groups.rise(group, self.number, self.measure) >= SEEMS.ln();
        !self.has_waited && self.shared(whole, groups, open).is_none() && self.around(whole).any(seems)
    }

    /// Begins the alert of what is behind it, unless that has begun.
    fn begin(self, run: &Run<'_>, whole: Number, groups: &Groups, open: &mut Open, told: &mut Vec<Told>) {
        let shared = self.shared(whole, groups, open);
        let Self { task, number, measure, value, usual, .. } = self;
        let (workflow, version) = (Arc::clone(run.workflow), Arc::clone(run.version));
        let Some(task) = task else {
            // What makes an execution slow has an alert of its own as a rule.
            if !open.keys().any(|(cause, _)| concerns(cause, run)) {
                begin(open, told, Begins { cause: Cause::Workflow { workflow, version }, measure, value, usual }, number);
            }
            return;
        };
        let cause = shared.and_then(|group| groups.cause(group)).cloned().unwrap_or(Cause::Task { workflow, version, task });
        begin(open, told, Begins { cause, measure, value, usual }, number);
        if let Some(group) = shared {
            join(open, told, groups, group, measure);
        }
    }
}

/// What was told of single tasks of a group is part of what is told of that.
fn join(open: &mut Open, told: &mut Vec<Told>, groups: &Groups, group: Number, measure: Measure) {
    let Some(cause) = groups.cause(group).cloned() else { return };
    let mut joined = BTreeSet::new();
    open.retain(|(of, figure), Episode { rose, .. }| {
        let joins = *figure == measure && matches!(of, Cause::Task { .. }) && rose.iter().any(|task| groups.has(group, *task));
        if joins {
            joined.append(rose);
            told.push(Told::Ends { cause: of.clone(), measure, how: Over::Joined });
        }
        !joins
    });
    if let Some(episode) = open.get_mut(&(cause, measure)) {
        episode.rose.append(&mut joined);
    }
}

/// The number of the group with a name, looked up only where the name is another one than the last time.
fn numbered(known: &mut Option<(Arc<str>, Number)>, name: &Arc<str>, number: impl FnOnce(Arc<str>) -> Number) -> Number {
    match known {
        Some((known, number)) if known == name => *number,
        _ => known.insert((Arc::clone(name), number(Arc::clone(name)))).1,
    }
}

/// Whether an alert of this cause may be what makes an execution slow.
fn concerns(cause: &Cause, run: &Run<'_>) -> bool {
    match cause {
        Cause::Task { workflow, version, .. } | Cause::Workflow { workflow, version } => workflow == run.workflow && version == run.version,
        Cause::Model { .. } | Cause::Agent { .. } => true,
    }
}

fn begin(open: &mut Open, told: &mut Vec<Told>, begins: Begins, number: Number) {
    let place = (begins.cause.clone(), begins.measure);
    if !open.contains_key(&place) {
        told.push(Told::Begins(begins.clone()));
    }
    open.entry(place).or_insert(Episode { begins, rose: BTreeSet::new() }).rose.insert(number);
}

fn end(open: &mut Open, told: &mut Vec<Told>, number: Number, measure: Measure, how: Over) {
    open.retain(|(cause, of), Episode { rose, .. }| {
        if *of == measure && rose.remove(&number) && rose.is_empty() {
            told.push(Told::Ends { cause: cause.clone(), measure, how });
            return false;
        }
        true
    });
}
