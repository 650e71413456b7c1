// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Tasks that attempts add.

use super::Driver;
use crate::Error;
use engine::{Input, InstanceIndex, Problem, ProblemKind};
use std::sync::Arc;

impl Driver {
    /// An attempt adds a task; the number of its instance. A later attempt gets the same one. `None`, and nothing is added, if the attempt is over
    /// or was told to stop.
    pub fn spawn(&mut self, slot: u32, task: InstanceIndex, attempt: u32, definition: Arc<str>) -> Result<Option<InstanceIndex>, Error> {
        let execution = &self.slots.get(slot)?.execution;
        if !execution.may_begin(task, attempt) {
            return Ok(None);
        }
        let parent = execution.tasks().get(task).ok_or(Error::NoSuchSlot { slot })?.task;
        let spawned = engine::read_spawned(&definition, execution.plan(), parent).map_err(Error::Spawned)?;
        if let Some(known) = execution.spawned(task, &spawned.id) {
            let same = execution.spawned_definition(known).is_some_and(|known| **known == *definition);
            return if same { Ok(Some(known)) } else { Err(Error::SpawnChanged { path: execution.path(known) }) };
        }
        if execution.count() >= self.tasks_max {
            let kind = ProblemKind::TooManyTasks { count: execution.count() + 1, limit: self.tasks_max };
            return Err(Error::Spawned(vec![Problem { path: "task".to_owned(), kind }]));
        }
        let known = u32::try_from(execution.tasks().len()).unwrap_or(u32::MAX);
        self.input(slot, Input::Spawn { task, attempt, definition })?;
        Ok(Some(InstanceIndex::new(known)))
    }
}
