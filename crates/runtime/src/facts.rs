// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Facts: what lists and figures are answered from, in a file of its own beside the store. In reading order:
//!
//! - [`book`]: the file `<path>-facts`. It is derived: thrown away and made anew whenever it cannot be trusted.
//! - [`folding`]: records of the store become rows of that file, in slices, from wherever it had got to.
//! - [`follower`]: the thread that does so while the store is open; the file's one writer.
//! - [`summaries`]: pages of rows, for whoever asks.
//! - [`periods`]: figures of a workflow over a time, from roll-ups and rows.
//! - [`watching`]: each run passes the detectors of `analytics::anomaly`.
//! - [`unusual`]: the runs that were unusual; [`failures`]: what failures have in common.
//! - [`reading`]: the same for a process that only reads.
//!
//! ```text
//! store ── follow(cursor) ──▶ Folding ── rows and the cursor, one transaction ──▶ <path>-facts ──▶ summaries
//! ```

mod ahead;
mod book;
mod catching;
mod failures;
mod folding;
mod follower;
mod live;
mod names;
mod periods;
mod reading;
mod rows;
mod summaries;
mod unusual;
mod watching;

pub use book::facts_of;
pub use catching::catch_up;
pub use follower::{Follower, Keeping, Rollups};
pub use periods::PeriodQuestion;
pub use reading::Looking;
pub use summaries::{SummaryFilter, WaitingFor, waits};
