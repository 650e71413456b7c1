// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The Node-API addon: the only place that says `napi`. It converts and forwards; it decides nothing, defaults nothing, retries nothing.
//!
//! What crosses is numbers in typed arrays and JSON text, never nested values: a value of 200 bytes costs 6 µs as an object and 0.3 µs as
//! text. Every synchronous export catches unwinding, because a panic that reached Node would end the process.

#![expect(clippy::needless_pass_by_value, reason = "Node-API gives its arguments away, whether a call keeps them or not")]

pub mod agents;
pub mod alerting;
pub mod alerts;
pub mod analytics;
pub mod archive;
pub mod copies;
pub mod deleting;
pub mod engine;
pub mod error;
pub mod explaining;
pub mod facts;
pub mod fallbacks;
pub mod history;
pub mod keys;
pub mod limits;
pub mod looking;
pub mod mcp;
pub mod models;
pub mod moving;
pub mod notes;
pub mod opening;
pub mod parking;
pub mod plan;
pub mod post;
pub mod redis;
pub mod runtime;
pub mod schedules;
pub mod schema;
mod scripted;
mod shared;
pub mod stage;
pub mod traces;
mod wake;
pub mod webhook;
pub mod words;
