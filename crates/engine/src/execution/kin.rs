// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which instances belong to which: for who wants to know what one was given, and of what its output is made.

use super::Execution;
use crate::InstanceIndex;

/// Which outputs of its dependencies the templates of a task read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateReads {
    /// Those at these places among the dependencies, a bit for each.
    Some(u32),
    /// Each, or that cannot be told.
    All,
}

impl Execution {
    /// The instances that a task had to wait for, in the order of its dependencies.
    pub fn dependencies(&self, task: InstanceIndex) -> impl Iterator<Item = InstanceIndex> {
        let record = self.tasks.get(task);
        let planned = record.and_then(|record| self.plan.tasks.get(record.task));
        let scope = record.map(|record| self.scope(record.scope));
        planned.into_iter().flat_map(|planned| &planned.dependencies).filter_map(move |other| scope?.instance_of(*other))
    }

    /// The instances that the output of a group, a choice or a loop is made of.
    pub fn parts(&self, task: InstanceIndex) -> impl Iterator<Item = InstanceIndex> {
        let scopes = self.tasks.get(task).and_then(|record| record.less()).map(|more| more.scopes.as_slice()).unwrap_or_default();
        scopes.iter().flat_map(|scope| self.scope(*scope).children.iter().copied())
    }

    /// What the templates of its input read; `None` where it has none.
    pub fn template_reads(&self, task: InstanceIndex) -> Option<TemplateReads> {
        let planned = self.calling(task);
        let references = planned.input.as_ref()?.references();
        if references.all_tasks() || references.all_results() {
            return Some(TemplateReads::All);
        }
        let mut places = 0_u32;
        for (place, other) in (0..).zip(self.planned(task).dependencies.iter()) {
            let id = &self.planned_at(*other).id;
            if references.all().any(|read| *read.id == **id) {
                let Some(bit) = 1_u32.checked_shl(place) else { return Some(TemplateReads::All) };
                places |= bit;
            }
        }
        Some(TemplateReads::Some(places))
    }
}
