// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an execution does, told as journals: see `check` for the words.

#![expect(clippy::needless_raw_string_hashes, reason = "as `UPDATE_EXPECT=1` writes them")]

#[path = "support/run.rs"]
mod run;
#[path = "support/words.rs"]
mod words;

#[path = "scenarios/agents.rs"]
mod agents;
#[path = "scenarios/beside.rs"]
mod beside;
#[path = "scenarios/branches.rs"]
mod branches;
#[path = "scenarios/cancelling.rs"]
mod cancelling;
#[path = "scenarios/clocks.rs"]
mod clocks;
#[path = "scenarios/exclusion.rs"]
mod exclusion;
#[path = "scenarios/failures.rs"]
mod failures;
#[path = "scenarios/fallbacks.rs"]
mod fallbacks;
#[path = "scenarios/groups.rs"]
mod groups;
#[path = "scenarios/loops.rs"]
mod loops;
#[path = "scenarios/models.rs"]
mod models;
#[path = "scenarios/order.rs"]
mod order;
#[path = "scenarios/recovering.rs"]
mod recovering;
#[path = "scenarios/retries.rs"]
mod retries;
#[path = "scenarios/rules.rs"]
mod rules;
#[path = "scenarios/timeouts.rs"]
mod timeouts;
#[path = "scenarios/undoing.rs"]
mod undoing;
#[path = "scenarios/waits.rs"]
mod waits;
