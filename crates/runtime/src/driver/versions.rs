// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which definitions of each workflow version are running: a version means one thing while anything runs by it, or is scheduled to, unless the
//! configuration says otherwise. Each execution keeps its own definition in any case.

use super::Driver;
use crate::Error;
use engine::Plan;
use rustc_hash::FxHashMap;
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Versions {
    /// Whether a version may mean several things at once.
    pub(super) redefinable: bool,
    running: FxHashMap<(Arc<str>, Arc<str>), Meanings>,
}

/// What a version means, each with its executions: another plan may mean the same. There is one but for what was redefined.
type Meanings = Vec<(Arc<Plan>, usize)>;

impl Versions {
    /// An execution or a schedule of `plan` begins, unless another definition of its version is running: false.
    fn admit(&mut self, plan: &Arc<Plan>) -> bool {
        let others = self.running.get(&key(plan)).is_some_and(|running| running.iter().any(|(other, _)| !plan.does_as(other)));
        let admitted = !others || self.redefinable;
        if admitted {
            self.adopt(plan);
        }
        admitted
    }

    /// An execution of `plan` runs already, whatever else does.
    pub(super) fn adopt(&mut self, plan: &Arc<Plan>) {
        let running = self.running.entry(key(plan)).or_default();
        match running.iter_mut().find(|(other, _)| plan.does_as(other)) {
            Some((_, executions)) => *executions += 1,
            None => running.push((Arc::clone(plan), 1)),
        }
    }

    /// One of them has ended.
    pub(super) fn release(&mut self, plan: &Plan) {
        let key = key(plan);
        let Some(running) = self.running.get_mut(&key) else { return };
        if let Some((_, executions)) = running.iter_mut().find(|(other, _)| plan.does_as(other)) {
            *executions -= 1;
        }
        running.retain(|(_, executions)| *executions > 0);
        if running.is_empty() {
            self.running.remove(&key);
        }
    }
}

impl Driver {
    /// An execution or a schedule of `plan` begins, unless another definition of its version is running.
    pub(super) fn admit_definition(&mut self, plan: &Arc<Plan>) -> Result<(), Error> {
        if self.versions.admit(plan) {
            return Ok(());
        }
        let is_other = |one: &Plan| key(one) == key(plan) && !one.does_as(plan);
        let runs_by_it = |slot: u32| self.slots.plan(slot).is_some_and(|plan| is_other(plan));
        let mut executions: Vec<_> = self.ids.iter().filter(|(_, slot)| runs_by_it(**slot)).map(|(id, _)| Arc::clone(id)).collect();
        executions.sort_unstable();
        let schedules = self.schedules.of(is_other);
        let (workflow, version) = key(plan);
        Err(Error::DefinitionChanged { workflow, version, executions, schedules })
    }
}

fn key(plan: &Plan) -> (Arc<str>, Arc<str>) {
    (Arc::clone(&plan.workflow_id), Arc::clone(&plan.version))
}
