// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Folds what is on record into facts. In reading order:
//!
//! - [`Fold`]: the records of one execution, one after the other; it answers what each adds.
//! - [`ExecutionFacts`], [`TaskFacts`], [`CallFacts`]: rows with fixed columns.
//! - [`trace`]: one execution as it was, task by task; [`path`]: what its time went into; [`replay`]: what it would have taken with something changed.
//! - [`foresight`]: what a changed definition means for executions that are recorded.
//! - [`insights`]: what executions advise: changes with evidence and a prediction.
//! - [`Rollup`]: figures of one hour, for a workflow version, a task or a model, with a [`Sketch`] for percentiles.
//! - [`Period`]: those figures over any time: whole hours from roll-ups, both ends from rows.
//! - [`anomaly`]: whether a figure is unusual.
//! - [`fingerprint`]: what failures have in common.
//! - [`alerting`]: when a figure becomes an alert, and when that is over.
//!
//! Everything here is a pure function of records: no clock, no file. Facts do not depend on how the records were cut into parts, so that whoever keeps
//! them may stop after any record and go on from there.

#![forbid(unsafe_code)]

pub mod alerting;
pub mod anomaly;
pub mod compare;
mod facts;
mod fingerprint;
mod fold;
pub mod foresight;
pub mod insights;
pub mod path;
mod period;
pub mod replay;
mod rollup;
mod sketch;
pub mod spans;
pub mod trace;

pub use facts::{CallFacts, Counts, ExecutionFacts, Fact, Kind, Outcome, Special, Status, TaskFacts, Waits};
pub use fingerprint::fingerprint;
pub use fold::{Fold, facts_of, waits_of};
pub use period::{Hours, Period};
pub use rollup::{Ended, Figures, HOUR, Paid, Rollup, Subject, hour_of, rolled};
pub use sketch::Sketch;
