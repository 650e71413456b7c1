// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What became of a call: each attempt, each target that was passed over, and the end.

use super::ids::AttemptId;
use crate::{Exceeded, FailureClass, Gauge, Shut, TooLarge};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// What the host is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Send the call to this target of its list.
    Send {
        /// Answers name it.
        id: AttemptId,
        /// Which of the request's targets.
        target: usize,
    },
    /// Stop what is under way; nothing about it is waited for.
    Abort {
        /// What was sent.
        id: AttemptId,
    },
    /// The call has ended. Nothing about it follows.
    Finish {
        /// With its last attempt; 0: it was never sent.
        id: AttemptId,
        /// How it ended.
        outcome: Result<(), GaveUp>,
        /// How it came to that.
        record: CallRecord,
    },
}

/// Everything that was tried, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallRecord {
    /// One for each time the call was sent.
    pub attempts: Vec<Attempt>,
    /// Targets to which it was not sent, or not again, though it was their turn.
    pub skipped: Vec<Skipped>,
}

/// One sending of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whose model.
    pub provider: Arc<str>,
    /// Which model.
    pub model: Arc<str>,
    /// How long the call had waited for it, since it came or since the attempt before.
    pub waited: Duration,
    /// When it was sent.
    pub begun: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
    /// What came of it.
    pub result: AttemptResult,
    /// What the provider asked to wait.
    pub retry_after: Option<Duration>,
    /// What came next.
    pub next: Next,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    /// An answer.
    Answered,
    /// No answer, or a broken one.
    Failed(FailureClass),
    /// It was stopped from here.
    Aborted,
}

/// What came after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The call ended well.
    Done,
    /// The same target again, not before this long.
    Retry(Duration),
    /// Another target, because this one was given up.
    Fallback(usize, Why),
    /// The call ended.
    GiveUp(Why),
}

/// Why a target was not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The failure would be the same again.
    NotRetryable,
    /// The retry policy allows no more.
    AttemptsUsed,
    /// The provider asked to wait longer than the retry policy allows.
    RetryAfterTooLong,
    /// The wait would have outlasted the deadline.
    DeadlineTooClose,
    /// A part of the answer had been delivered.
    AnswerBegun,
    /// The call was cancelled, or its deadline came.
    Stopped,
}

/// A target that was passed over without a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Whose model.
    pub provider: Arc<str>,
    /// Which model.
    pub model: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub because: Obstacle,
}

/// Why a call is not sent to a target at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The breaker is open.
    Shut(Shut),
    /// A limit has no room for a call of this size.
    TooLarge(TooLarge),
}

impl Obstacle {
    /// The failure it amounts to.
    pub(super) const fn class(self) -> FailureClass {
        match self {
            Self::Shut(shut) => shut.class,
            Self::TooLarge(_) => FailureClass::Rate,
        }
    }
}

/// A call that ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GaveUp {
    /// What it ended with.
    pub reason: Reason,
    /// The same for people.
    pub message: String,
}

/// What a call without an answer ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Its last attempt failed, and there was nowhere else to go.
    Failed(FailureClass),
    /// It was not sent to its last target.
    Obstacle(Obstacle),
    /// A budget had no room for it.
    Budget(Exceeded),
    /// Its deadline came while it waited.
    Deadline(Awaited),
    /// The caller wanted it no more.
    Cancelled,
}

impl GaveUp {
    /// The class of the failure, if it is one of a provider.
    pub fn class(&self) -> Option<FailureClass> {
        match &self.reason {
            Reason::Failed(class) => Some(*class),
            Reason::Obstacle(obstacle) => Some(obstacle.class()),
            Reason::Budget(_) | Reason::Deadline(_) | Reason::Cancelled => None,
        }
    }
}

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// Its answer.
    Answer,
    /// Its next attempt, after one that failed.
    Retry,
    /// Room in a limit.
    Room(Gauge),
    /// A place: as many calls as may be are under way.
    Place,
    /// The end of the silence that the provider asked for.
    Silence,
    /// Those before it.
    Turn,
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("its answer"),
            Self::Retry => f.write_str("its next attempt"),
            Self::Room(gauge) => write!(f, "room in the limit of {gauge}"),
            Self::Place => f.write_str("one of the places of the limit of concurrent requests"),
            Self::Silence => f.write_str("the provider, which had asked for silence"),
            Self::Turn => f.write_str("its turn"),
        }
    }
}
