// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why a change cannot be made.

use crate::Segment;
use std::fmt::Write as _;

/// A change that cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct EditError {
    /// Which of the changes.
    pub edit: usize,
    /// Where in the definition, such as `tasks[2].input`; where the change itself is malformed, in the change.
    pub path: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a change. The text says the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum Problem {
    #[error("must be {expected}, not {found}")]
    Form { expected: &'static str, found: String },
    #[error("is no field of a change; a change is {{ path, operation }}, or {{ agent, maxAgents }} for a pool")]
    UnknownField,
    #[error("there is no field `{field}` here{known}; to add it, use `replace` with the whole path, or `insert` with it as `position`")]
    NoField { field: String, known: String },
    #[error("there is no element `{id}` here{known}")]
    NoElement { id: String, known: String },
    #[error("there is no place {index}: {length} stand here, so that places go from 0 to {most}")]
    NoPlace { index: usize, length: usize, most: usize },
    #[error("`{segment}` leads nowhere: here stands {found}; end the path before it")]
    NoWay { segment: String, found: &'static str },
    #[error("an array is counted: give an index or {{ id }}, not the name `{field}`")]
    NameInArray { field: String },
    #[error("the definition itself stays: name what of it is meant, such as [\"tasks\", 0, \"timeout\"]")]
    Root,
    #[error("`{operation}` needs {needs}, and here stands {found}")]
    Wrong { operation: &'static str, needs: &'static str, found: &'static str },
    #[error("the field `{field}` is there already: use `replace`")]
    Exists { field: String },
    #[error("offset {offset} lies between the two halves of a character: take {} or {}", offset - 1, offset + 1)]
    InsidePair { offset: usize },
    #[error("a value cannot be moved into itself: choose a `to` outside of `from`")]
    IntoItself,
}

/// A path as messages write it: `tasks[2].input.prompt`.
pub(crate) fn written(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        _ = match segment {
            Segment::Index(index) => write!(text, "[{index}]"),
            Segment::Id(id) => write!(text, "[id={id}]"),
            Segment::Field(field) if text.is_empty() => write!(text, "{field}"),
            Segment::Field(field) => write!(text, ".{field}"),
        };
    }
    text
}
