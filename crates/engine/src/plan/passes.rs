// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which loops have passes that may build on earlier ones, as far as a definition tells.

use super::{Condition, Drive, Fallback, Plan, TaskKind};
use crate::TaskIndex;
use expressions::References;
use rustc_hash::FxHashSet;

impl Plan {
    /// The loops in which a pass may come out otherwise when one before it does: all but each `forEach` whose body does not read `last`.
    pub fn building_loops(&self) -> FxHashSet<TaskIndex> {
        let mut building = FxHashSet::default();
        for (task, planned) in self.tasks.iter() {
            let around = self.loops_around(task);
            if let TaskKind::Loop(repeated) = &planned.kind {
                let (conditions, list) = match &repeated.drive {
                    Drive::Items(_) => (&[][..], None),
                    Drive::ForEach(list) => (&[][..], Some(list.references())),
                    Drive::While(conditions) | Drive::Until(conditions) | Drive::Again(conditions) => (&**conditions, None),
                };
                if !matches!(repeated.drive, Drive::Items(_) | Drive::ForEach(_)) {
                    building.insert(task);
                }
                self.note(list, false, &around, &mut building);
                // Between its passes a loop is itself the nearest around.
                let own: Vec<TaskIndex> = std::iter::once(task).chain(around.iter().copied()).collect();
                self.note_conditions(conditions, &own, &mut building);
            }
            if around.is_empty() {
                continue;
            }
            self.note_conditions(&planned.conditions, &around, &mut building);
            if let TaskKind::Choice { branches, .. } = &planned.kind {
                branches.iter().filter_map(|branch| branch.when.as_ref()).for_each(|when| {
                    self.note_conditions(std::slice::from_ref(when), &around, &mut building);
                });
            }
            let key = planned.cache.as_ref().and_then(|cache| cache.key.as_ref());
            self.note(planned.input.as_ref().map(expressions::InputTemplate::references), false, &around, &mut building);
            self.note(key.map(expressions::Template::references), false, &around, &mut building);
        }
        building
    }

    fn note_conditions(&self, conditions: &[Condition], around: &[TaskIndex], building: &mut FxHashSet<TaskIndex>) {
        for condition in conditions {
            match condition {
                Condition::Expression(expression) => self.note(Some(expression.references()), false, around, building),
                // A function is given everything.
                Condition::Function(_) => self.note(None, true, around, building),
            }
        }
    }

    /// Notes which of the loops around, the nearest first, something reads the `last` of.
    fn note(&self, references: Option<&References>, everything: bool, around: &[TaskIndex], building: &mut FxHashSet<TaskIndex>) {
        let reads = |place: usize, task: TaskIndex| {
            references.is_some_and(|references| {
                let nearest = place == 0 && references.roots().any(|root| root == "last");
                nearest || self.tasks.get(task).is_some_and(|planned| references.may_read(&planned.id, "last"))
            })
        };
        building.extend(around.iter().enumerate().filter(|(place, task)| everything || reads(*place, **task)).map(|(_, task)| *task));
    }

    /// The loops around a task, the nearest first; none around what undoes one: no pass builds on that. What stands in for a task is where that is.
    fn loops_around(&self, task: TaskIndex) -> Vec<TaskIndex> {
        let mut around = Vec::new();
        let mut at = self.owner(task);
        let mut inner = task;
        while let Some((owner, planned)) = at.and_then(|owner| Some((owner, self.tasks.get(owner)?))) {
            match planned.kind {
                TaskKind::Loop(_) => around.push(owner),
                TaskKind::Group { .. } | TaskKind::Choice { .. } => {}
                TaskKind::Agent { .. } | TaskKind::Workflow | TaskKind::Wait => {
                    let stands_in = |fallback: &Fallback| matches!(fallback, Fallback::Agent(agent) if *agent == inner);
                    if !planned.fallbacks.iter().any(stands_in) {
                        return Vec::new();
                    }
                }
            }
            inner = owner;
            at = self.owner(owner);
        }
        around
    }

    pub(super) fn owner(&self, task: TaskIndex) -> Option<TaskIndex> {
        let list = self.tasks.get(task)?.list;
        self.lists.get(list.0 as usize)?.owner
    }
}
