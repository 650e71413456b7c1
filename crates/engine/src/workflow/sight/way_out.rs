// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an author may do instead of reading a task that does not come before.

#![expect(clippy::indexing_slicing, reason = "tasks are in range of the plan they come from")]

use super::{Moment, Sight, Sighting};
use crate::TaskIndex;
use crate::plan::TaskKind;
use expressions::Reference;

impl Sight<'_> {
    pub(super) fn way_out(&self, sighting: &Sighting, read: &Reference) -> String {
        let Some(wanted) = self.by_id.get(&*read.id).copied() else { return String::new() };
        let reader = sighting.task;
        let id = |task: TaskIndex| &*self.arranged.tasks[task].id;
        let wanted_id = id(wanted);
        if wanted == reader {
            return "a task has nothing to read of itself before it ends".to_owned();
        }
        match self.anchor(reader, self.list(wanted)) {
            Some(around) if around == wanted && matches!(self.arranged.tasks[wanted].kind, TaskKind::Loop(_)) => {
                "inside a loop, `last` is what its last pass gave".to_owned()
            }
            Some(around) if around == wanted => format!("this stands in `{wanted_id}`; read the tasks before it there"),
            Some(around) if around == reader => format!("add `{wanted_id}` to `dependencies`"),
            Some(around) => format!("add `{wanted_id}` to the `dependencies` of `{}`, the group around this task", id(around)),
            None => match self.outermost_stranger(reader, wanted) {
                // Between passes the tasks of the latest are in sight, and what stands in their lists is not.
                Some(group) if group == reader && sighting.moment == Moment::Between => {
                    format!("it stands deeper inside `{}`; read the output of the group around it", id(group))
                }
                Some(group) if group == reader => "it stands inside this task, which has not begun".to_owned(),
                Some(group) if self.anchor(reader, self.list(group)) == Some(group) => {
                    format!("it stands in another part of `{}`; put what it gives where both see it", id(group))
                }
                Some(group) => format!("it stands inside `{0}`; read the output of `{0}`", id(group)),
                None => "read a task of the same list".to_owned(),
            },
        }
    }

    /// The group around `wanted` that stands in a list around `reader`.
    fn outermost_stranger(&self, reader: TaskIndex, wanted: TaskIndex) -> Option<TaskIndex> {
        let mut group = self.owner(wanted)?;
        while self.anchor(reader, self.list(group)).is_none() {
            group = self.owner(group)?;
        }
        Some(group)
    }
}
