// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The tasks of every level with their numbers: what `arrange` makes and `sight` looks at.

use crate::TaskMap;
use crate::plan::{PlannedTask, TaskList};

pub(super) struct Arranged {
    pub(super) tasks: TaskMap<PlannedTask>,
    pub(super) lists: Vec<TaskList>,
    /// For each list, `Edges::order`.
    pub(super) orders: Vec<Vec<u32>>,
}
