// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The tasks that others really wait for: those at the end of every chain of dependencies and groups.

use super::super::{Execution, TaskState};
use crate::InstanceIndex;
use rustc_hash::FxHashMap;

/// Tasks that one hold names. Those behind them are in the list of all that is held.
pub(super) const NAMED_MAX: usize = 10;

/// What was found, since many tasks wait for the same.
#[derive(Default)]
pub(super) struct Roots(FxHashMap<InstanceIndex, Vec<InstanceIndex>>);

impl Roots {
    /// The first of the tasks that `task` really waits for; itself, if it waits for no other task. Chains may be as long as there are tasks, so that
    /// this calls itself for none.
    pub(super) fn of(&mut self, execution: &Execution, task: InstanceIndex) -> Vec<InstanceIndex> {
        let mut path = vec![task];
        while let Some(next) = path.last().copied() {
            if self.0.contains_key(&next) {
                path.pop();
                continue;
            }
            let awaited = awaited(execution, next);
            let before = path.len();
            path.extend(awaited.iter().copied().filter(|other| !self.0.contains_key(other)));
            if path.len() > before {
                continue;
            }
            let mut found: Vec<InstanceIndex> = Vec::new();
            for root in awaited.iter().filter_map(|other| self.0.get(other)).flatten() {
                if found.len() < NAMED_MAX && !found.contains(root) {
                    found.push(*root);
                }
            }
            if awaited.is_empty() {
                found.push(next);
            }
            self.0.insert(next, found);
            path.pop();
        }
        self.0.get(&task).cloned().unwrap_or_default()
    }
}

/// The tasks that a task waits for: those before it, those inside of it, those that it has spawned.
pub(super) fn awaited(execution: &Execution, task: InstanceIndex) -> Vec<InstanceIndex> {
    let record = &execution.tasks[task];
    let scope = execution.scope(record.scope);
    let is_open = |other: &InstanceIndex| !execution.tasks[*other].has_ended();
    let more = record.less();
    match record.state {
        TaskState::Waiting => {
            let before = execution.plan.tasks.get(record.task).map(|planned| planned.dependencies.iter());
            before.into_iter().flatten().filter_map(|other| scope.instance_of(*other)).filter(is_open).collect()
        }
        TaskState::Active { .. } | TaskState::Running { .. } | TaskState::Finishing { .. } => {
            let scopes = more.into_iter().flat_map(|more| more.scopes.iter().chain(&more.spawned));
            let open = scopes.map(|scope| execution.scope(*scope)).filter(|scope| scope.open > 0);
            open.flat_map(|scope| scope.children.iter().copied()).filter(is_open).collect()
        }
        TaskState::Released { .. }
        | TaskState::Awaiting { .. }
        | TaskState::Ready { .. }
        | TaskState::Aborting { .. }
        | TaskState::Backoff { .. }
        | TaskState::Completed { .. }
        | TaskState::Failed { .. }
        | TaskState::Skipped { .. }
        | TaskState::Cancelled { .. } => Vec::new(),
    }
}
