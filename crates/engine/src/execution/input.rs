// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an execution is told.

use crate::{Failure, TaskIndex};
use std::sync::Arc;
use stdx::Timestamp;

/// Something happened that may change an execution.
#[derive(Clone, Debug)]
pub enum Input {
    /// It was accepted.
    Start,
    /// An attempt answered.
    Settled(Settled),
    /// Time has passed: whatever is due is due.
    Tick,
    /// Somebody wants it to stop.
    Cancel {
        /// In their words.
        reason: Option<Arc<str>>,
    },
    /// The process that ran it is gone, and another continues from its journal.
    Recover,
}

/// The answer of an attempt.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Whose attempt.
    pub task: TaskIndex,
    /// Which one, from 1.
    pub attempt: u32,
    /// When its agent was called.
    pub start: Timestamp,
    /// When it answered.
    pub end: Timestamp,
    /// What it answered.
    pub result: Result<Output, Failure>,
}

/// What a completed attempt left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The host keeps the value; it is recorded nowhere else.
    Held,
    /// JSON text, to be recorded.
    Json(Arc<str>),
}
