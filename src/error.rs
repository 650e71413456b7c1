// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! `runtime::Error` → a stable code. One exhaustive match: a new variant does not compile until it has a code.

use ::engine::{MoveError, SignalError};
use napi::{Error as NapiError, Status};
use napi_derive::napi;
use runtime::Error;
use runtime::store::{CommitError, OpenError, ReadError};
use std::error::Error as _;

/// An error of a synchronous call: its status becomes the `code` of the JavaScript error.
pub(crate) type CodedError = NapiError<&'static str>;

/// An error of an asynchronous call, as data: a promise rejected by Node-API could not carry our code.
#[napi(object)]
pub struct NativeFailure {
    /// `ERR_…`
    pub code: String,
    /// For a person.
    pub message: String,
    /// The messages of its causes, outermost first.
    pub causes: Vec<String>,
}

pub(crate) fn coded(error: &Error) -> CodedError {
    let mut coded = CodedError::new(code(error), error.to_string());
    // Innermost first, so that each cause carries the one below it.
    let mut cause: Option<NapiError> = None;
    for message in causes(error).into_iter().rev() {
        let mut outer = NapiError::new(Status::GenericFailure, message);
        if let Some(inner) = cause {
            outer.set_cause(inner);
        }
        cause = Some(outer);
    }
    coded.cause = cause.map(Box::new);
    coded
}

pub(crate) fn failure(error: &Error) -> NativeFailure {
    NativeFailure { code: code(error).to_owned(), message: error.to_string(), causes: causes(error) }
}

/// The failure of a question that an orchestrator which has been closed meanwhile does not answer any more.
pub(crate) fn closed() -> NativeFailure {
    NativeFailure {
        code: "ERR_CLOSED".to_owned(),
        message: "the call was still under way when the orchestrator was shut down; await it before `shutdown()`".to_owned(),
        causes: Vec::new(),
    }
}

fn causes(error: &Error) -> Vec<String> {
    let mut messages = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        messages.push(cause.to_string());
        source = cause.source();
    }
    messages
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Open(error) => match error {
            OpenError::Locked { .. } | OpenError::Busy { .. } => "ERR_STORE_LOCKED",
            OpenError::Absent { .. }
            | OpenError::Linked { .. }
            | OpenError::Io { .. }
            | OpenError::Sqlite { .. }
            | OpenError::NotCopied { .. }
            | OpenError::Thread { .. }
            | OpenError::Unreachable { .. }
            | OpenError::SqliteTooOld { .. } => "ERR_STORE_OPEN",
            OpenError::Corrupt { .. }
            | OpenError::Damaged { .. }
            | OpenError::Emptied { .. }
            | OpenError::Shortened { .. }
            | OpenError::AnotherStore { .. }
            | OpenError::ForeignLog { .. } => "ERR_STORE_CORRUPT",
            OpenError::Foreign { .. } => "ERR_STORE_FOREIGN",
            OpenError::Newer { .. } => "ERR_STORE_NEWER",
            OpenError::Older { .. } => "ERR_STORE_OLDER",
        },
        Error::Read(error) => read(error),
        Error::StoreReplaced(_) => "ERR_STORE_REPLACED",
        Error::Short { .. } => "ERR_STORE_FULL",
        Error::StoreFailed(error) => match **error {
            CommitError::Full(_) => "ERR_STORE_FULL",
            CommitError::Damaged { .. } => "ERR_STORE_CORRUPT",
            CommitError::Crashed => "ERR_CRASHED",
            CommitError::Replaced(_) => "ERR_STORE_REPLACED",
            CommitError::Busy => "ERR_STORE_LOCKED",
            CommitError::Sqlite(_)
            | CommitError::Io(_)
            | CommitError::OutOfOrder { .. }
            | CommitError::Unreachable { .. }
            | CommitError::WriterGone => "ERR_OUTCOME_UNKNOWN",
        },
        Error::DefinitionChanged { .. } => "ERR_DEFINITION_CHANGED",
        Error::Timing(_) => "ERR_INVALID_ARGUMENT",
        Error::ScheduleChanged { .. } => "ERR_SCHEDULE_CHANGED",
        Error::Signal(SignalError::Ambiguous { .. }) => "ERR_AMBIGUOUS_SIGNAL",
        Error::Signal(SignalError::UnknownName { .. } | SignalError::UnknownPath { .. }) => "ERR_UNKNOWN_SIGNAL",
        Error::Signal(SignalError::Payload { .. }) => "ERR_SIGNAL_SCHEMA",
        Error::Move(MoveError::Ended) => "ERR_EXECUTION_ENDED",
        Error::Move(_) => "ERR_NOT_MOVABLE",
        Error::Spawned(_) => "ERR_VALIDATION",
        Error::SpawnChanged { .. } => "ERR_SPAWN_CHANGED",
        Error::NoSuchSlot { .. } | Error::Malformed { .. } => "ERR_INTERNAL",
    }
}

fn read(error: &ReadError) -> &'static str {
    match error {
        ReadError::Sqlite(_) if error.is_of_one() => "ERR_STORE_CORRUPT",
        ReadError::Sqlite(_) => "ERR_STORE_READ",
        ReadError::Unreachable { .. } => "ERR_STORE_UNAVAILABLE",
        ReadError::Behind { .. } => "ERR_STORE_BUSY",
        ReadError::Damaged { .. }
        | ReadError::Execution { .. }
        | ReadError::Record { .. }
        | ReadError::Value(_)
        | ReadError::Definition { .. }
        | ReadError::Schedule { .. }
        | ReadError::Unavailable { .. } => "ERR_STORE_CORRUPT",
        ReadError::Follow { .. } | ReadError::Cursor { .. } => "ERR_BAD_CURSOR",
    }
}
