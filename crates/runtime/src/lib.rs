// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Does what the engine decides. In reading order:
//!
//! - [`Driver`]: the loop around the machines. Inputs → `handle` → append the step → carry out its commands.
//! - [`facts`]: rows per execution and per task beside the store's file, and the thread that keeps them.
//! - [`archive`]: what is on record, told without the driver.
//! - [`store`]: where journals live: in memory, in a `SQLite` file; the versioned form of a record; group commit.
//! - [`timing`]: when a schedule runs, as JSON text.
//! - [`report`]: an execution as one JSON text, for whoever asks; [`spent`]: what models have cost; [`explain`]: what its tasks wait for.
//!
//! Nothing is decided here. A driver belongs to one thread, which is why its machines need no lock; what happens on other threads
//! (for now: commits that wait for the disk) reaches it through a queue that it drains when it is woken.

#![forbid(unsafe_code)]

pub mod archive;
mod causes;
mod clock;
pub mod diagnostics;
mod driver;
mod effect;
mod error;
pub mod explain;
pub mod facts;
mod history;
pub mod options;
pub mod report;
pub mod spent;
pub mod store;
pub mod timing;
pub mod traces;

pub use clock::{Clock, SetClock};
pub use driver::{
    Accept, Claimed, Driver, Group, JournalLimits, Kept, Looks, OnRecord, Opened, Opening, Proceeded, Recorded, Statistics, Told,
    Unreadable,
};
pub use effect::Number;
pub use error::Error;
pub use history::Failures;
pub use store::Wake;
