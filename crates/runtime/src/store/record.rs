// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The stored form of a journal record: one JSON object, so that any tool that opens the file can read it.
//!
//! ```json
//! {"v":3,"previousCommitted":-17,"events":[{"event":"taskCompleted","task":0,"start":-5,"end":-1,"output":{"n":1}}]}
//! ```
//! Instants are microseconds from the record's own, which is a column beside it; tasks are the places of their instances. What is absent is null, false,
//! the first attempt, or the record's own instant for `ready`. An entry with `more` is about so many of the following tasks too; what differs between
//! them, when they completed, is in lists: `starts`, `ends`, `outputs`.
//!
//! Version 3 says more of attempts. As one begins: what it `waited` for, the `print` of its input, the revision of what is `shared`. As one has ended: who
//! did it (`by`, a place in the list `who` of the record), which outputs of its dependencies it `read` (`"all"`, `"none"`, or their places among the
//! dependencies; absent: nobody knows), when it first told of `progress`. In an entry with `more` what differs is a list again: `prints`, `by`, `reads`.
//! `who` has for each the type, the agent (null: it has the name of its type), the number of its instance, its worker thread or null, and its process.
//!
//! And a record may carry what is about none of its events: `committed`, for each instant the executions whose last record was committed then, and `stalls` of
//! the event loop, each with its end and its microseconds.
//!
//! Values of more than 64 KiB stand by themselves, once, and are referred to (`apart`).
//!
//! A change of meaning gets a new `v` and a reader that still knows the old one. 2 brought `more`; 3 the checksum beside each record (`checksum`).
//! A member that is not known is refused: to leave out what a record says would be to say something else. `encrypted` is reserved for records whose values
//! only a key opens.

mod apart;
mod checksum;
mod decode;
mod encode;
mod words;

use super::ReadError;

pub use apart::{Apart, LARGE, Values, object_with, refer};
pub use checksum::{Unproved, checksum};
pub use decode::decode;
pub use encode::{encode, encode_apart};
pub use words::end_name;
pub(crate) use words::{cancel_reason, cancel_reason_name, skip_reason, skip_reason_name};

/// The version this build writes.
pub const RECORD_VERSION: u32 = 3;

/// Tasks that one entry may be about. There is nothing to gain from more, and a reader knows what to refuse.
const RUN_MAX: u32 = 1024;

/// Why a value that stands by itself cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// It is not there.
    #[error("its value {hash} is not there; the file is damaged: restore a backup")]
    Absent {
        /// Which.
        hash: String,
    },
    /// It is another one.
    #[error("its value {hash} is not what was written; the file is damaged: restore a backup")]
    Changed {
        /// Which.
        hash: String,
    },
    /// The database said no.
    #[error("its value {hash} cannot be read")]
    Unread {
        /// Which.
        hash: String,
        /// Why.
        #[source]
        source: Box<ReadError>,
    },
}

/// Why a stored record is not one.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not JSON of this shape.
    #[error("not a record")]
    Malformed(#[from] serde_json::Error),
    /// Written by a newer version.
    #[error("record version {found} is newer than this build reads ({RECORD_VERSION}); open the store with the version that wrote it")]
    Newer {
        /// What it says.
        found: u32,
    },
    /// What it carries beside its events is not of its shape.
    #[error("what it carries beside its events is unknown or incomplete")]
    Carried,
    /// It does not say where its large values belong.
    #[error("what it says of values that stand by themselves is incomplete")]
    Apart,
    /// A value that belongs to it cannot be read.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Not what was written.
    #[error("it is not what was written: its checksum does not fit; the file is damaged: restore a backup")]
    Checksum,
    /// Its values are encrypted, which this version cannot read.
    #[error("its values are encrypted, and this version has no key to read them; open the store with the version that wrote it")]
    Encrypted,
    /// Not in the row that should hold it.
    #[error("position {position} of the journal does not contain this record; the file is damaged: restore a backup")]
    Misplaced {
        /// Where that row is; 0 if none is said to be.
        position: i64,
    },
    /// An event this version does not know, or one that lacks a field.
    #[error("event `{event}` is unknown or incomplete")]
    Event {
        /// Its name.
        event: String,
    },
}
