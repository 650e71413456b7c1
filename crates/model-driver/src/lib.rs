// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Does what `models` decides.
//!
//! ```text
//! host ─▶ choose ─▶ choice (recorded by the host) ─▶ begin ─▶ Gateway ─▶ Send ─▶ providers::Transport, or a provider of the host
//!   ▲                                                            ▲                        │ headers, deltas, reply, failure
//!   └────────────── pull ◀── messages ◀── Finish ◀───────────────┴────────────────────────┘
//! ```
//! The machine stands behind one lock that is held for the length of one step; sockets are awaited outside it. Messages are JSON text,
//! one line each, and wait in a queue until the host has been woken and pulls them.

#![forbid(unsafe_code)]

mod attempt;
mod book;
mod choice;
mod config;
mod driver;
mod error;
mod estimate;
mod figures;
mod message;
mod name;

pub use choice::{Choice, Chosen, Skipped};
pub use config::{AttemptTimes, Provider, RateLimit};
pub use driver::{ModelDriver, Now, Time, Wake};
pub use error::Error;
pub use message::HostReply;
