// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Speaks to servers of the Model Context Protocol: which tools they have, and calling them.
//!
//! ```text
//! Server ─▶ Client::open ─▶ Peer ─▶ tools, call          a child process and its pipes, or HTTP
//!                            └────▶ changed               the server says that its tools are others now
//! ```
//! A client is one connection, and over when it is lost; whether there is another is decided by whoever holds it. Nothing here waits for
//! longer than it is told to: time is the caller's, who cancels. The one exception is a server that was told to end.

#![forbid(unsafe_code)]

mod answer;
mod client;
mod failure;
mod http;
mod listing;
mod message;
mod process;
mod server;
mod stdio;

pub use client::{Changed, Client, Work};
pub use failure::McpError;
pub use server::{Program, Remote, Server};
