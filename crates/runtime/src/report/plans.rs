// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Plans of stored definitions. A definition was accepted once, and is read as on that day.

use crate::store::{ReadError, StoredExecution};
use engine::{Plan, read_accepted_plan};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

/// The plans of stored executions, each read once: those with the same definition and time-out have the same.
#[derive(Default)]
pub(crate) struct Plans(FxHashMap<(Arc<str>, Duration), Arc<Plan>>);

impl Plans {
    pub(super) fn of(&mut self, stored: &StoredExecution) -> Result<Arc<Plan>, ReadError> {
        match self.0.entry((Arc::clone(&stored.definition), stored.default_timeout)) {
            Entry::Occupied(known) => Ok(Arc::clone(known.get())),
            Entry::Vacant(place) => Ok(Arc::clone(place.insert(plan_of(stored)?))),
        }
    }
}

/// The plan of a stored execution.
pub fn plan_of(stored: &StoredExecution) -> Result<Arc<Plan>, ReadError> {
    plan_from(&stored.definition, stored.default_timeout).map_err(|message| ReadError::Definition { id: stored.id.to_string(), message })
}

/// The plan of a stored definition, or the first problem: it was accepted once, and is read as on that day.
pub(crate) fn plan_from(definition: &str, default_timeout: Duration) -> Result<Arc<Plan>, String> {
    read_accepted_plan(definition, default_timeout)
        .map(Arc::new)
        .map_err(|problems| problems.first().map(|problem| format!("{}: {}", problem.path, problem.kind)).unwrap_or_default())
}
