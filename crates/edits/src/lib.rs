// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Changes of a definition: operations on paths, as `sendUpdate` documents them, applied to a JSON value.
//!
//! ```text
//! [{ "path": ["tasks", {"id": "report"}, "dependencies"], "operation": {"type": "delete", "position": {"id": "fetch"}} }]
//!        │ read                                  │ applied
//!        ▼                                       ▼
//!     [Edit, …]                     the changed definition, or the first [`EditError`], with the path and the way out
//! ```
//! `path` leads from the definition to what the operation changes. A segment of an array is an index (`0` or `"0"`) or `{ "id" }`: the object with that id,
//! or the string itself. What an operation does follows from what stands there:
//!
//! | operation | array | string | object |
//! |---|---|---|---|
//! | `insert {position, content}` | before `position`, absent: at the end | text at a UTF-16 offset, absent: at the end | the field named by `position`, which must be new |
//! | `delete {position, length = 1}` | so many elements | so many UTF-16 units | the field named by `position` |
//! | `replace {position, length, content}` | – | with `position`: that part; without: all | without `position`: all |
//! | `move {from, to}` | an element to `to`, counted after it is gone (RFC 6902) | – | a value from one path to another, below `path` |
//!
//! `replace` without `position` sets what the path names, whatever stood there, and a field that was absent; `delete` without `position` deletes what the path
//! names. The definition itself is neither replaced nor deleted. All edits are applied or none.
//!
//! Nothing here knows a workflow: whether the result is one, `engine::read_plan` says. Whoever edits together applies the same operations, one by one.

#![forbid(unsafe_code)]

mod apply;
mod problem;
mod read;
mod text;

pub use apply::applied;
pub use problem::{EditError, Problem};
pub use read::read;

use serde_json::Value;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field of an object; of an array an index, if it is a number.
    Field(String),
    /// A place in an array.
    Index(usize),
    /// The element of an array that has this id, or is this string.
    Id(String),
}

/// Where in an array, a string or an object.
pub type Position = Segment;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// What is changed.
    pub path: Vec<Segment>,
    /// How.
    pub operation: Operation,
}

/// What is done at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Something is added.
    Insert {
        /// Where; `None`: at the end.
        position: Option<Position>,
        /// What.
        content: Value,
    },
    /// Something goes.
    Delete {
        /// From where; `None`: what the path names.
        position: Option<Position>,
        /// How much.
        length: usize,
    },
    /// Something takes the place of what stood there.
    Replace {
        /// From where, of a string; `None`: all of it.
        position: Option<Position>,
        /// How much of it; `None`: up to its end.
        length: Option<usize>,
        /// What.
        content: Value,
    },
    /// Something goes elsewhere.
    Move {
        /// From where, below the path,
        from: Vec<Segment>,
        /// and to where, once it is gone from there.
        to: Vec<Segment>,
    },
}
