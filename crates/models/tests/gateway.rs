// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Calls from their beginning to their end: scenarios, what holds for all of them, and loads.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on says so")]

#[path = "gateway/fallbacks.rs"]
mod fallbacks;
#[path = "gateway/host.rs"]
mod host;
#[path = "gateway/loads.rs"]
mod loads;
#[path = "gateway/properties.rs"]
mod properties;
#[path = "gateway/retries.rs"]
mod retries;
#[path = "../../engine/tests/support/stopwatch.rs"]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
mod stopwatch;
#[path = "gateway/waits.rs"]
mod waits;
