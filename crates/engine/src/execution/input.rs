// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an execution is told.

use super::{Fit, Move, Note, Question, Spent};
use crate::{Failure, InstanceIndex};
use std::sync::Arc;
use stdx::Timestamp;

/// Something happened that may change an execution.
#[derive(Clone, Debug)]
pub enum Input {
    /// It may begin.
    Start,
    /// There is an agent for a task that asked for one. If its attempt does not start now, it asks again when it can.
    Admit {
        /// Whose.
        task: InstanceIndex,
        /// Whose end made the room, if it had to wait.
        admitted_by: Option<InstanceIndex>,
    },
    /// An attempt answered.
    Settled(Settled),
    /// Time has passed: whatever is due is due.
    Tick,
    /// An attempt gave a sign of life. Recorded nowhere: what counts is that the next one comes in time.
    Heartbeat {
        /// Whose.
        task: InstanceIndex,
        /// Which one.
        attempt: u32,
    },
    /// A function that is a condition answered, or threw.
    Judged {
        /// Whose condition.
        task: InstanceIndex,
        /// Which one.
        question: Question,
        /// What it said.
        answer: Result<bool, Failure>,
    },
    /// What was found under the key of a task: its output as JSON text.
    LookedUp {
        /// Whose.
        task: InstanceIndex,
        /// What was there.
        found: Option<Arc<str>>,
    },
    /// What the `outputSchema` of a task made of an output that no attempt of it gave, as JSON text; or why it does not fit.
    Reviewed {
        /// Whose.
        task: InstanceIndex,
        /// What it says.
        result: Result<Arc<str>, Failure>,
    },
    /// Somebody sent a signal; see [`crate::Execution::check_signal`].
    Signal {
        /// Its name.
        name: Arc<str>,
        /// JSON text.
        payload: Arc<str>,
        /// The wait it is meant for, if its name is not enough.
        path: Option<Arc<str>>,
        /// The waits with a schema that it fits; `None`: nothing that could take it has one.
        fits: Option<Arc<[Fit]>>,
    },
    /// An attempt adds a task; see [`crate::Execution::may_begin`].
    Spawn {
        /// Whose attempt.
        task: InstanceIndex,
        /// Which one.
        attempt: u32,
        /// Its definition, JSON text that [`crate::read_spawned`] has found good.
        definition: Arc<str>,
    },
    /// An attempt tells of its models or its steps; see [`crate::Execution::takes`].
    Note {
        /// Whose.
        task: InstanceIndex,
        /// Which one.
        attempt: u32,
        /// What.
        note: Note,
    },
    /// An execution below it has started so many attempts of agents, and others were interrupted. Recorded where a budget counts them.
    Charge {
        /// Attempts that started.
        started: u64,
        /// Attempts that were interrupted and count no more.
        interrupted: u64,
        /// Whether one more was wanted and refused, for want of what is left here.
        refused: bool,
        /// What models cost there. Recorded always: it is part of what this execution cost.
        spent: Option<Box<Spent>>,
    },
    /// It has recorded as much as it may: it fails with this. What is owed after that, compensation above all, is recorded all the same.
    Overfull(Failure),
    /// Nothing new shall start.
    Pause,
    /// It shall go on; with `step` until the next task has ended.
    Resume {
        /// Whether to pause again.
        step: bool,
    },
    /// It shall run another plan from now on; see [`crate::Execution::check_move`].
    Move(Box<Move>),
    /// Somebody wants it to stop.
    Cancel {
        /// In their words.
        reason: Option<Arc<str>>,
        /// Whether clean-up stops too.
        force: bool,
    },
    /// The process that runs it will end in order.
    Interrupt,
    /// The process that ran it is gone, and another continues from its journal.
    Recover,
}

/// The answer of an attempt.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Whose attempt.
    pub task: InstanceIndex,
    /// Which one, from 1.
    pub attempt: u32,
    /// When its agent was called.
    pub start: Timestamp,
    /// When it answered.
    pub end: Timestamp,
    /// What it answered.
    pub result: Result<Output, Failure>,
}

/// What a completed task left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The host keeps the value; it is recorded nowhere else.
    Held,
    /// JSON text, to be recorded.
    Json(Arc<str>),
    /// That too, of a child in which something can be undone.
    Undoable(Arc<str>),
    /// It is made of the outputs of its children.
    Composed,
}

impl Output {
    /// What is to be recorded of it.
    pub fn json(&self) -> Option<&Arc<str>> {
        match self {
            Self::Json(output) | Self::Undoable(output) => Some(output),
            Self::Held | Self::Composed => None,
        }
    }
}
