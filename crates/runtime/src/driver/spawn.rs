// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Tasks that attempts add.

use super::Driver;
use crate::Error;
use engine::{Input, InstanceIndex, Limits, Problem, ProblemKind};
use std::sync::Arc;

impl Driver {
    /// An attempt adds a task; the number of its instance. A later attempt gets the same one. `None`, and nothing is added, if the attempt is over
    /// or was told to stop.
    pub fn spawn(&mut self, slot: u32, task: InstanceIndex, attempt: u32, definition: Arc<str>) -> Result<Option<InstanceIndex>, Error> {
        let execution = &self.slots.get(slot)?.execution;
        if !execution.may_begin(task, attempt) {
            return Ok(None);
        }
        let default_timeout = execution.plan().default_timeout;
        // What an earlier attempt has added was accepted then.
        let known = engine::read_accepted_spawned(&definition, default_timeout).ok().and_then(|again| execution.spawned(task, &again.id));
        if let Some(known) = known {
            let same = execution.spawned_definition(known).is_some_and(|known| **known == *definition);
            return if same { Ok(Some(known)) } else { Err(Error::SpawnChanged { path: execution.path(known) }) };
        }
        engine::read_spawned(&definition, Limits { default_timeout, ..self.limits }).map_err(Error::Spawned)?;
        if execution.count() >= self.limits.tasks_max {
            let kind = ProblemKind::TooManyTasks { count: execution.count() + 1, limit: self.limits.tasks_max };
            return Err(Error::Spawned(vec![Problem { path: "task".to_owned(), kind }]));
        }
        let known = u32::try_from(execution.tasks().len()).unwrap_or(u32::MAX);
        self.input(slot, Input::Spawn { task, attempt, definition })?;
        Ok(Some(InstanceIndex::new(known)))
    }
}
