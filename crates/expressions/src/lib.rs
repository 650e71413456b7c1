// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reads and evaluates conditions (a bounded subset of CEL) and templates (minijinja), for workflow definitions that may come from anywhere.
//!
//! - [`Expression`]: `tasks['fetch'].output.count > 10 && !context.dryRun`, compiled once, evaluated against JSON values.
//! - [`Template`], [`InputTemplate`]: texts with `{{ … }}`.
//! - [`References`]: what either reads, so that a scope holds no more than that, and so that a name nobody defines is found before anything runs.
//!
//! The evaluator is our own. The `cel` crate overflows the stack of a thread on chains of 64 operators in a debug build, evaluates some inputs of
//! 125 bytes in gigabytes (cel-rust issues 212, 305, 306), and needs every JSON value converted. This one has a bound for everything: length, nesting and
//! nodes when an expression is read ([`SOURCE_BYTES_MAX`], [`NESTING_MAX`], [`NODES_MAX`]), steps and bytes when it is evaluated ([`STEPS_MAX`], [`BYTES_MAX`]).
//!
//! What is there: literals (`1`, `1.5`, `'text'`, `"text"`, `true`, `null`, `[…]`, `{'key': …}`), `? :`, `||`, `&&`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `+`, `-`, `*`,
//! `/`, `%`, `!`, members and indices, `has(a.b)`, `size`, `contains`, `startsWith`, `endsWith`, `lowerAscii`, `upperAscii`, `trim`, `split`, `join`,
//! `string`, `int`, `double`, `bool`, `type`, `min`, `max`, and the macros `all`, `exists`, `exists_one`, `map`, `filter`, none inside another. Numbers are JSON's: integers and
//! doubles compare by value. There is no clock, no randomness and no environment.

#![forbid(unsafe_code)]

mod error;
mod evaluate;
mod foreign;
mod functions;
mod lexer;
mod number;
mod parser;
mod plain_template;
mod references;
mod shapes;
mod syntax;
mod template;
mod template_bounds;
mod template_words;

pub use error::{EvaluationError, ExpressionError, TemplateError};
pub use references::{Reference, References};
pub use shapes::{LOOP_FIELDS, Suspect, TASK_FIELDS};
pub use template::{InputTemplate, Template};
pub use template_bounds::OUTPUT_BYTES_MAX;

use serde_json::Value;
use syntax::Node;

/// The longest expression.
pub const SOURCE_BYTES_MAX: usize = 2048;
/// The deepest nesting: of brackets, signs and conditionals, and of the tree that operators, members and indices make.
pub const NESTING_MAX: usize = 64;
/// The most nodes of the tree.
pub const NODES_MAX: usize = 512;
/// The most steps of one evaluation: nodes visited, values compared, list items looked at.
pub const STEPS_MAX: u32 = 100_000;
/// The most bytes one evaluation may make.
pub const BYTES_MAX: usize = 4 << 20;

/// The names every expression may use.
pub const ROOTS: &[&str] = &["input", "context", "tasks", "results", "signal", "execution"];

/// A condition or another expression, read and within bounds.
#[derive(Debug)]
pub struct Expression {
    source: String,
    root: Node,
    references: References,
}

impl Expression {
    /// Reads an expression that may use [`ROOTS`] and `variables`.
    pub fn compile(source: &str, variables: &[&str]) -> Result<Self, ExpressionError> {
        let root = parser::parse(source)?;
        let references = references::of(&root, variables)?;
        Ok(Self { source: source.to_owned(), root, references })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it reads.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// Its value where `scope` is an object with a member for each name it uses.
    pub fn evaluate(&self, scope: &Value) -> Result<Value, EvaluationError> {
        evaluate::evaluate(&self.root, scope)
    }
}
