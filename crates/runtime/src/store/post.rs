// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What processes that share a store want of each other. An execution is here, elsewhere or over; what is elsewhere is asked for by letter.
//!
//! ```text
//! Backend::send(number, id, text) ──▶ kept beside the execution ──▶ Arrival::Letter: the host of the process that drives it carries it out
//!                                                                      │ Driver::reply: in the batch of the records that it led to
//! Arrival::Reply(number, text)    ◀── once that batch is on record ◀───┘
//! Backend::follow(id)             ◀── Arrival::Moved, whenever more of it is on record
//! ```
//! A letter stays where it is until the batch that replies to it is on record, so whichever process drives the execution then carries it out, and once.

use super::{Damaged, Partition, StoredExecution};
use std::sync::Arc;

/// What another process wants.
#[derive(Debug)]
pub struct Letter {
    /// Where it was left.
    pub partition: Partition,
    /// Its name there.
    pub entry: Arc<str>,
    /// What it says.
    pub says: Says,
}

/// What a letter says.
#[derive(Debug)]
pub enum Says {
    /// The host is to do this, and the reply goes to the process that wants it.
    Do {
        /// The name of what is replied to.
        call: Arc<str>,
        /// What, which only hosts read.
        text: Arc<str>,
    },
    /// Another process has begun this execution here, or something that cannot be read.
    Begun(Box<Result<StoredExecution, Damaged>>),
}

/// A letter that was carried out with what else is in its batch.
#[derive(Clone, Debug)]
pub struct Replied {
    /// Its name.
    pub entry: Arc<str>,
    /// To which call, and what; `None` where nobody waits.
    pub reply: Option<(Arc<str>, Arc<str>)>,
}
