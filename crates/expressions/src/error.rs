// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is wrong with an expression or a template, where, and the way out.

/// Why an expression cannot be read. Columns count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct ExpressionError {
    /// Where.
    pub column: usize,
    /// What, and the way out.
    pub message: String,
}

impl ExpressionError {
    pub(crate) fn new(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into() }
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum EvaluationError {
    #[error("{holder} has no `{key}`{}; guard it with has({holder}.{key})", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoSuchKey { holder: String, key: String, near: Option<String> },
    #[error("`{key}` of null: {holder} is null; guard it with {holder} != null")]
    OfNull { holder: String, key: String },
    #[error("{found} has no `{key}`; {instead}")]
    NoSuchMember { found: String, key: String, instead: String },
    #[error("{operation} does not work on {found}")]
    WrongType { operation: String, found: String },
    #[error("index {index} is outside an array of {len}")]
    OutOfRange { index: i64, len: usize },
    #[error("division by zero")]
    DivisionByZero,
    #[error("a number is too large")]
    Overflow,
    #[error("`{text}` is not {expected}")]
    NotANumber { text: String, expected: &'static str },
    #[error("it takes more than {limit} steps; look at fewer values")]
    TooManySteps { limit: u32 },
    #[error("it makes more than {limit} bytes; make smaller values")]
    TooManyBytes { limit: usize },
}

/// Why a template cannot be read or rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What, and the way out.
    pub message: String,
}
