// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether what expressions and templates read is in sight of the task they belong to: what came before it and before the groups around it.
//!
//! `ways` answers, for many tasks at once, what came before what, and what of it certainly has an output.

#![expect(clippy::indexing_slicing, reason = "tasks are in range of the plan they come from")]

mod members;
mod template_place;
mod way_out;
mod ways;

pub(super) use template_place::refine;

use super::arranged::Arranged;
use super::problem::{ProblemKind, Problems};
use crate::TaskIndex;
use crate::plan::{Drive, ListIndex, TaskKind};
use expressions::{Reference, References};
use rustc_hash::{FxHashMap, FxHashSet};
use stdx::nearest;
use ways::{Question, Ways};

/// In a workflow of more tasks nobody guesses which id was meant.
const GUESS_TASKS_MAX: usize = 1000;

/// Something that was read, with where it stands and what it refers to.
pub(crate) struct Read<T> {
    pub(crate) path: String,
    pub(crate) references: References,
    pub(crate) what: T,
}

impl<T> Read<T> {
    pub(super) fn map<U>(self, into: impl FnOnce(T) -> U) -> Read<U> {
        Read { path: self.path, references: self.references, what: into(self.what) }
    }
}

/// What one expression or template reads, and from where.
pub(super) struct Sighting {
    pub(super) task: TaskIndex,
    pub(super) path: String,
    pub(super) references: References,
    pub(super) moment: Moment,
}

/// When something is asked in the life of its task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before its `waitFor`: its `conditions`.
    Gate,
    /// As it begins: templates, branches, the list of a `forEach`.
    Start,
    /// Between two passes of the loop that it is.
    Between,
    /// When it is undone, having completed or, with `on: 'started'`, perhaps not.
    Undoing { started: bool },
}

/// What is known of a reference before the ways are.
enum View {
    Clear,
    Nobody,
    NotBefore,
    PerhapsNull,
    /// `while` is judged before there is a pass: of the loop's own tasks, or of the loop itself.
    NoPassYet,
    /// Whether it is before, and completed, is the question with this number.
    Asked(usize),
}

/// Reports what is not in sight and, unless something else is wrong, what may have no output.
pub(super) fn check(arranged: &Arranged, sightings: &[Sighting], problems: &mut Problems) {
    let warns = !problems.has_errors();
    let sight = Sight::of(arranged);
    let mut ways = Ways::of(arranged);
    let mut questions = Vec::new();
    let views: Vec<Vec<View>> = sightings
        .iter()
        .map(|sighting| sighting.references.all().map(|read| sight.view(sighting, read, &mut ways, &mut questions)).collect())
        .collect();
    let answers = ways.answer(&questions);
    for (sighting, views) in sightings.iter().zip(views) {
        let mut told = FxHashSet::default();
        if let Some(problem) = sight.signal(sighting) {
            problems.push(sighting.path.clone(), problem);
        }
        sight.members(sighting, problems);
        for (read, view) in sighting.references.all().zip(views) {
            let view = match view {
                View::Asked(question) => match answers.get(question) {
                    Some(answer) if !answer.before => View::NotBefore,
                    Some(answer) if !answer.completed => View::PerhapsNull,
                    Some(_) | None => View::Clear,
                },
                known @ (View::Clear | View::Nobody | View::NotBefore | View::PerhapsNull | View::NoPassYet) => known,
            };
            let output = || warns && is_output(read) && !sighting.references.guards(&read.id);
            let (id, column) = (read.id.clone(), read.column);
            let problem = match view {
                View::Nobody => ProblemKind::UnknownReference { id, column, near: sight.near(&read.id, problems) },
                View::NotBefore => ProblemKind::NotAncestor { id, column, way_out: sight.way_out(sighting, read) },
                View::PerhapsNull if output() => ProblemKind::MayBeNull { id, column },
                View::NoPassYet if output() && !counts_passes(&sighting.references) => ProblemKind::NoPassYet { id, column },
                View::Clear | View::PerhapsNull | View::NoPassYet | View::Asked(_) => continue,
            };
            if told.insert(&read.id) {
                problems.push(sighting.path.clone(), problem);
            }
        }
    }
}

/// Whether an output is read, as far as the text tells.
fn is_output(read: &Reference) -> bool {
    read.field.as_deref().is_none_or(|field| field == "output")
}

/// Whether an expression between passes knows that there may have been none.
fn counts_passes(references: &References) -> bool {
    references.roots().any(|root| matches!(root, "iteration" | "index" | "last"))
}

struct Sight<'a> {
    arranged: &'a Arranged,
    by_id: FxHashMap<&'a str, TaskIndex>,
}

impl<'a> Sight<'a> {
    fn of(arranged: &'a Arranged) -> Self {
        let mut by_id = FxHashMap::default();
        for (task, planned) in arranged.tasks.iter() {
            // The call of a loop and what undoes a task have the id of a task before them, which is the one that is meant.
            by_id.entry(&*planned.id).or_insert(task);
        }
        Self { arranged, by_id }
    }

    fn view(&self, sighting: &Sighting, read: &Reference, ways: &mut Ways<'_>, questions: &mut Vec<Question>) -> View {
        let Some(wanted) = self.by_id.get(&*read.id).copied() else { return View::Nobody };
        match sighting.moment {
            // The call of a loop has the id of the loop.
            Moment::Undoing { started } if self.arranged.tasks[wanted].id == self.arranged.tasks[sighting.task].id => {
                return if started { View::PerhapsNull } else { View::Clear };
            }
            Moment::Between => {
                if let Some(view) = self.between(sighting.task, wanted, ways) {
                    return view;
                }
            }
            Moment::Gate | Moment::Start | Moment::Undoing { .. } => {}
        }
        match self.anchor(sighting.task, self.list(wanted)) {
            Some(reader) if reader != wanted => {
                questions.push(Question { list: self.list(wanted), reader, wanted });
                View::Asked(questions.len() - 1)
            }
            Some(_) | None => View::NotBefore,
        }
    }

    /// What a loop sees between its passes: itself and the tasks of the latest.
    fn between(&self, task: TaskIndex, wanted: TaskIndex, ways: &mut Ways<'_>) -> Option<View> {
        let TaskKind::Loop(planned) = &self.arranged.tasks[task].kind else { return None };
        let is_child = self.list(wanted) == planned.list;
        let before_first = matches!(planned.drive, Drive::While(_));
        match () {
            () if wanted != task && !is_child => None,
            () if before_first => Some(View::NoPassYet),
            () if is_child && (self.arranged.tasks[wanted].is_tolerant() || ways.may_be_skipped(planned.list, wanted)) => {
                Some(View::PerhapsNull)
            }
            () => Some(View::Clear),
        }
    }

    fn list(&self, task: TaskIndex) -> ListIndex {
        self.arranged.tasks[task].list
    }

    /// The task itself or the one around it that stands in this list.
    fn anchor(&self, task: TaskIndex, list: ListIndex) -> Option<TaskIndex> {
        let mut at = task;
        while self.list(at) != list {
            at = self.owner(at)?;
        }
        Some(at)
    }

    /// The group a task stands in.
    fn owner(&self, task: TaskIndex) -> Option<TaskIndex> {
        self.arranged.lists.get(self.list(task).0 as usize)?.owner
    }

    /// `signal` is there once the task's own wait is over.
    fn signal(&self, sighting: &Sighting) -> Option<ProblemKind> {
        if !sighting.references.roots().any(|root| root == "signal") {
            return None;
        }
        let waits = |task: TaskIndex| self.arranged.tasks[task].wait.is_some();
        let is_call_loop = |task: TaskIndex| matches!(&self.arranged.tasks[task].kind, TaskKind::Loop(planned) if planned.call);
        let own = waits(sighting.task) || self.owner(sighting.task).is_some_and(|owner| is_call_loop(owner) && waits(owner));
        let way_out = match sighting.moment {
            Moment::Start | Moment::Between if own => return None,
            Moment::Gate => "conditions are judged before it: put the wait into a task before this one and read its output",
            Moment::Undoing { .. } => "read what the task gave instead",
            Moment::Start | Moment::Between => "add `waitFor`, or put the wait into a task before this one and read its output",
        };
        Some(ProblemKind::NoSignal { way_out })
    }

    fn near(&self, id: &str, problems: &Problems) -> Option<String> {
        let guess = !problems.is_full() && self.arranged.tasks.len() <= GUESS_TASKS_MAX;
        let ids = self.arranged.tasks.iter().map(|(_, task)| &*task.id).filter(|_| guess);
        nearest(id, ids).map(str::to_owned)
    }
}
