// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a list of executions is asked for, and a page of it.

use crate::store::{Damaged, StoredExecution};
use stdx::Timestamp;

/// Which executions a list holds; what is `None` does not matter.
#[derive(Debug, Default)]
pub struct ExecutionFilter {
    /// Of this workflow.
    pub workflow: Option<String>,
    /// In this state.
    pub status: Option<String>,
    /// Started at this instant or later.
    pub since: Option<Timestamp>,
    /// Started before this instant.
    pub until: Option<Timestamp>,
    /// At most this many.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A part of a list, newest first.
#[derive(Debug)]
pub struct Page {
    /// The executions, and what is known of those that cannot be read.
    pub executions: Vec<Result<StoredExecution, Damaged>>,
    /// Where the next page begins, if there is one.
    pub cursor: Option<String>,
}
