// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a task is doing, as far as its records have been read.

use super::Micros;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What is known of a task besides what it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    /// Up to where its time is accounted for.
    pub(super) cursor: Micros,
    pub(super) state: State,
    /// Calls of models that were chosen and have not ended: the print of each, and when that was.
    pub(super) chosen: Vec<(String, Micros)>,
    /// When the step of the attempt began that is under way, by name.
    pub(super) steps: FxHashMap<Arc<str>, Micros>,
    /// When the last call of a model or step of the agent ended.
    pub(super) replied: Micros,
}

/// What a task is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for its dependencies, or has ended.
    #[default]
    Idle,
    /// It is released: conditions, templates, and then room.
    Released,
    Signal,
    Timer(Micros),
    Running,
    Backoff,
    /// Its agent has answered, and what it spawned runs.
    Finishing,
    /// What it holds runs.
    Active,
}
