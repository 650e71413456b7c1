// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A task's place in its plan: ids are interned once, and everything after speaks in indices.

use std::ops::{Index, IndexMut};

/// The place of a task in [`crate::Plan::tasks`], from 0 in the order of declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskIndex(u32);

impl TaskIndex {
    /// The index with this number.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number, as it crosses to JavaScript and into records.
    pub const fn get(self) -> u32 {
        self.0
    }

    fn place(self) -> usize {
        self.0 as usize
    }
}

/// One value for each task of a plan.
///
/// Indexing panics on an index of another plan; [`TaskMap::get`] is for indices that come from outside.
#[derive(Clone, Debug, Default)]
pub struct TaskMap<T>(Vec<T>);

impl<T> TaskMap<T> {
    /// The value of a task, if the plan has that task.
    pub fn get(&self, task: TaskIndex) -> Option<&T> {
        self.0.get(task.place())
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every value with its task, in the order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (TaskIndex, &T)> {
        (0..).map(TaskIndex).zip(&self.0)
    }

    /// Every value with its task, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (TaskIndex, &mut T)> {
        (0..).map(TaskIndex).zip(&mut self.0)
    }
}

impl<T> FromIterator<T> for TaskMap<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T> IntoIterator for TaskMap<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T> Index<TaskIndex> for TaskMap<T> {
    type Output = T;

    #[expect(clippy::indexing_slicing, reason = "an index of this plan is in range by construction; outside ones go through `get`")]
    fn index(&self, task: TaskIndex) -> &T {
        &self.0[task.place()]
    }
}

impl<T> IndexMut<TaskIndex> for TaskMap<T> {
    #[expect(clippy::indexing_slicing, reason = "as in `index`")]
    fn index_mut(&mut self, task: TaskIndex) -> &mut T {
        &mut self.0[task.place()]
    }
}

/// The place of a task as one execution runs it: the tasks of the root list at their places in the plan, then those of each group, branch and
/// pass in the order they started. A task of a loop has an instance for every pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceIndex(u32);

impl InstanceIndex {
    /// The index with this number.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number, as it crosses to JavaScript and into records.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// One value for each instance of an execution; it grows as groups start.
///
/// Indexing panics on an index of another execution; [`InstanceMap::get`] is for indices that come from outside.
#[derive(Clone, Debug)]
pub struct InstanceMap<T>(Vec<T>);

impl<T> Default for InstanceMap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> InstanceMap<T> {
    /// The value of an instance, if there is that instance.
    pub fn get(&self, instance: InstanceIndex) -> Option<&T> {
        self.0.get(instance.0 as usize)
    }

    /// How many instances there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every value with its instance, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (InstanceIndex, &T)> {
        (0..).map(InstanceIndex).zip(&self.0)
    }

    /// So many more follow.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// Another instance.
    pub(crate) fn push(&mut self, value: T) -> InstanceIndex {
        // Far more instances than u32::MAX would not fit any memory.
        let index = InstanceIndex(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(value);
        index
    }
}

impl<T> FromIterator<T> for InstanceMap<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T> Index<InstanceIndex> for InstanceMap<T> {
    type Output = T;

    #[expect(clippy::indexing_slicing, reason = "an index of this execution is in range by construction; outside ones go through `get`")]
    fn index(&self, instance: InstanceIndex) -> &T {
        &self.0[instance.0 as usize]
    }
}

impl<T> IndexMut<InstanceIndex> for InstanceMap<T> {
    #[expect(clippy::indexing_slicing, reason = "as in `index`")]
    fn index_mut(&mut self, instance: InstanceIndex) -> &mut T {
        &mut self.0[instance.0 as usize]
    }
}
