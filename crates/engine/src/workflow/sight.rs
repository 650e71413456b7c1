// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether what expressions and templates read is in sight of the task they belong to: what came before it and before the groups around it.

#![expect(clippy::indexing_slicing, reason = "tasks are in range of the plan they come from")]

use super::fields::nearest;
use super::problem::{ProblemKind, Problems};
use crate::plan::{ListIndex, Plan, TaskKind};
use crate::trigger::TriggerRule;
use crate::{PlannedTask, TaskIndex};
use expressions::References;
use std::collections::BTreeSet;

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
    /// Whether it is asked between the passes of a loop.
    pub(super) between: bool,
    /// Whether it may look at its own task: what undoes it may.
    pub(super) itself: bool,
}

pub(super) fn check(plan: &Plan, sightings: &[Sighting], warns: bool, problems: &mut Problems) {
    for sighting in sightings {
        let visible = visible(plan, sighting);
        for reference in sighting.references.all() {
            let Some(found) = plan.find(&reference.id) else {
                let ids = plan.tasks.iter().map(|(_, task)| &*task.id);
                let near = if plan.tasks.len() > 1000 { None } else { nearest(&reference.id, ids).map(str::to_owned) };
                problems.push(sighting.path.clone(), ProblemKind::UnknownReference { id: reference.id.clone(), near });
                continue;
            };
            if !visible.contains(&found) {
                problems.push(sighting.path.clone(), ProblemKind::NotAncestor { id: reference.id.clone() });
            } else if warns
                && reference.field.as_deref().is_none_or(|field| field == "output")
                && found != sighting.task
                && !sighting.references.guards(&reference.id)
                && may_be_null(plan, found, &plan.tasks[sighting.task])
            {
                problems.push(sighting.path.clone(), ProblemKind::MayBeNull { id: reference.id.clone() });
            }
        }
    }
}

fn visible(plan: &Plan, sighting: &Sighting) -> BTreeSet<TaskIndex> {
    let mut visible = BTreeSet::new();
    if sighting.itself || sighting.between {
        visible.insert(sighting.task);
    }
    if sighting.between
        && let TaskKind::Loop(planned) = &plan.tasks[sighting.task].kind
    {
        visible.extend(plan.list(planned.list).map(TaskIndex::new));
    }
    let mut at = Some(sighting.task);
    while let Some(task) = at {
        let mut todo = vec![task];
        while let Some(later) = todo.pop() {
            for earlier in &plan.tasks[later].dependencies {
                if visible.insert(*earlier) {
                    todo.push(*earlier);
                }
            }
        }
        at = owner(plan, plan.tasks[task].list);
    }
    visible
}

fn owner(plan: &Plan, list: ListIndex) -> Option<TaskIndex> {
    plan.lists.get(list.0 as usize)?.owner
}

/// Whether a task that came before may have ended without an output when `reader` runs.
fn may_be_null(plan: &Plan, task: TaskIndex, reader: &PlannedTask) -> bool {
    let planned = &plan.tasks[task];
    let skippable = !planned.conditions.is_empty() || matches!(planned.kind, TaskKind::Choice { fails_without: false, .. });
    // A reader that depends on it and asks for success knows that it completed.
    let strict =
        reader.dependencies.as_ref() == [task] && matches!(reader.rule, TriggerRule::NoneFailedMinOneSuccess | TriggerRule::AllSuccess);
    let lenient = matches!(reader.rule, TriggerRule::AllDone | TriggerRule::OneFailed | TriggerRule::AllFailed | TriggerRule::OneSuccess);
    planned.tolerant || lenient || (skippable && !strict)
}
