// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Journals on Redis: what drivers of many processes commit, in one namespace of one server or of a Cluster.
//!
//! ```text
//! driver ─ submit(number, batch) ─▶ RedisBackend ─▶ writer, a task on tokio ─ commit(token, number, …) ─▶ Redis, {ns:partition}
//!    ▲                                                │  one script for each partition, again until it is known what became of it
//!    └─ arrivals() ◀── Committed, Refused, Lost ◀─────┘
//! anyone who reads ─▶ RedisArchive ─ a connection of its own, which may wait ────────────────────────────▶ the same keys
//! ```
//! The owner of a partition is what the process that has the file is elsewhere: everything that is hot stays with its driver, and Redis is the journal. What
//! belongs together is in one partition, whose keys are in one slot of a Cluster, so that one script takes all of a batch or nothing.
//!
//! In reading order:
//!
//! - [`keys`]: what is called what, and which id is in which partition.
//! - [`RedisOptions`], [`connect`], [`Server`]: which server, how it is reached, and whether executions can be kept there.
//! - [`Servers`], `slots`, `lines`: which of the servers of a Cluster, or which after a failover; and the connections of one that asks.
//! - `call`, `scripts/commit.lua`: batches as one call, and what the server does with it.
//! - `writer`, `written`, `trouble`: the task that commits, what it knows of each partition, and of servers that take nothing.
//! - `lease`: until when a partition is ours; `member`, `membership`: which processes there are, and who has what; `parts`: what we have.
//! - `post`, `scripts/send.lua`: letters to other processes and their replies, and executions that are followed; `mail`, `mailbox`: what is heard at once; `others`: what they are told.
//! - [`RedisBackend`]: the driver's side of it; `arrivals`: what it hears; `names`: its numbers of executions.
//! - `stored`: rows and records as text; `packed`, `packing`: those of what has ended as one value; `room`: how much is left for them; [`RedisArchive`]: reading them.

#![forbid(unsafe_code)]

mod archive;
mod arrivals;
mod backend;
mod begins;
mod call;
mod client;
mod connect;
pub mod keys;
mod lease;
mod lines;
mod mail;
mod mailbox;
mod member;
mod membership;
mod names;
mod options;
mod others;
mod packed;
mod packing;
mod parts;
mod post;
mod reading;
mod room;
mod server;
mod servers;
mod slots;
mod stored;
mod trouble;
mod writer;
mod written;

pub use archive::RedisArchive;
pub use backend::{LeftHere, Opening, RedisBackend};
pub use connect::{ConnectError, Connected, connect};
pub use options::{Acknowledge, ClientCertificate, RedisOptions, Tls};
pub use server::{Mode, Server, Unfit, Warning};
pub use servers::Servers;
