// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Small numbers instead of names: ids are interned once, and everything after speaks in them.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// The place of an agent type, from 0 in the order they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeIndex(u32);

/// The place of an agent, from 0 in the order they were added. Every type has an anonymous one, which is added with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentIndex(u32);

/// Who may run a task, as [`crate::Pool::target`] found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetIndex(u32);

/// One agent that was made, from 1. A number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceNumber(u32);

/// An index that is a `u32` inside.
pub(super) trait Place: Copy {
    fn at(place: usize) -> Self;
    fn place(self) -> usize;
}

macro_rules! indices {
    ($($name:ident)*) => {$(
        impl $name {
            /// The one with this number.
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// The number, as it crosses to JavaScript.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl Place for $name {
            fn at(place: usize) -> Self {
                // Far more than u32::MAX would not fit any memory.
                Self(u32::try_from(place).unwrap_or(u32::MAX))
            }

            fn place(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

indices!(TypeIndex AgentIndex TargetIndex InstanceNumber);

/// A list that is read by indices of its own kind. Indexing panics on an index of another pool.
#[derive(Debug)]
pub(super) struct Table<I, T> {
    list: Vec<T>,
    kind: PhantomData<I>,
}

impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Self { list: Vec::new(), kind: PhantomData }
    }
}

impl<I: Place, T> Table<I, T> {
    pub(super) fn push(&mut self, value: T) -> I {
        let index = I::at(self.list.len());
        self.list.push(value);
        index
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        (0..).map(I::at).zip(&self.list)
    }

    pub(super) fn indices(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.list.len()).map(I::at)
    }
}

impl<I: Place, T> Index<I> for Table<I, T> {
    type Output = T;

    #[expect(clippy::indexing_slicing, reason = "an index of this pool is in range by construction")]
    fn index(&self, index: I) -> &T {
        &self.list[index.place()]
    }
}

impl<I: Place, T> IndexMut<I> for Table<I, T> {
    #[expect(clippy::indexing_slicing, reason = "as in `index`")]
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.list[index.place()]
    }
}
