// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The agent pool: scenarios as text (see `check` for the words), what holds for all of them, and simulations of load.

#![expect(clippy::needless_raw_string_hashes, reason = "as `UPDATE_EXPECT=1` writes them")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on says so, and a simulation tells its numbers"
)]

#[path = "pool/curves.rs"]
mod curves;
#[path = "pool/granting.rs"]
mod granting;
#[path = "pool/health.rs"]
mod health;
#[path = "pool/lending.rs"]
mod lending;
#[path = "pool/making.rs"]
mod making;
#[path = "pool/many.rs"]
mod many;
#[path = "pool/model.rs"]
mod model;
#[path = "pool/properties.rs"]
mod properties;
#[path = "pool/simulation.rs"]
mod simulation;
#[path = "pool/sizes.rs"]
mod sizes;
#[path = "pool/speeds.rs"]
mod speeds;
#[path = "pool/words.rs"]
mod words;
