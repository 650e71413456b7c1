// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Tasks that attempts add.

use super::Driver;
use crate::Error;
use engine::{Input, InstanceIndex, Problem, ProblemKind};
use std::sync::Arc;

impl Driver {
    /// An attempt adds a task; the number of its instance. A later attempt gets the same one.
    pub fn spawn(&mut self, slot: u32, task: InstanceIndex, definition: Arc<str>) -> Result<InstanceIndex, Error> {
        let execution = &self.slots.get(slot)?.execution;
        let parent = execution.tasks().get(task).ok_or(Error::NoSuchSlot { slot })?.task;
        let spawned = engine::read_spawned(&definition, execution.plan(), parent).map_err(Error::Spawned)?;
        if let Some(known) = execution.spawned(task, &spawned.id) {
            let same = execution.spawned_definition(known).is_some_and(|known| **known == *definition);
            return if same { Ok(known) } else { Err(Error::SpawnChanged { path: execution.path(known) }) };
        }
        if execution.count() >= self.tasks_max {
            let kind = ProblemKind::TooManyTasks { count: execution.count() + 1, limit: self.tasks_max };
            return Err(Error::Spawned(vec![Problem { path: "task".to_owned(), kind }]));
        }
        let known = u32::try_from(execution.tasks().len()).unwrap_or(u32::MAX);
        self.input(slot, Input::Spawn { task, definition })?;
        Ok(InstanceIndex::new(known))
    }
}
