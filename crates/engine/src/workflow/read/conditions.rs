// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Conditions: an expression, or a function of the host by its name.

#![expect(clippy::wildcard_enum_match_arm, reason = "of the types of a value one or two matter")]

use super::super::fields::{Fields, shorten, wrong_type};
use super::super::problem::{ProblemKind, Problems};
use super::super::sight::Read;
use crate::Condition;
use expressions::Expression;
use serde_json::Value;

const FIELDS: &[&str] = &["type", "expression", "evaluate"];
const TYPES: &[(&str, ())] = &[("dependency", ()), ("state", ()), ("custom", ())];

/// One condition or a list of them, each with where it stands.
pub(in super::super) fn list(value: &Value, path: &str, variables: &[&str], problems: &mut Problems) -> Vec<Read<Condition>> {
    match value {
        Value::Array(items) if items.is_empty() => {
            problems.push(path, ProblemKind::Empty);
            Vec::new()
        }
        Value::Array(items) => {
            items.iter().enumerate().filter_map(|(place, item)| one(item, &format!("{path}[{place}]"), variables, problems)).collect()
        }
        other => one(other, path, variables, problems).into_iter().collect(),
    }
}

/// One condition.
pub(in super::super) fn one(value: &Value, path: &str, variables: &[&str], problems: &mut Problems) -> Option<Read<Condition>> {
    match value {
        Value::String(source) => expression(source, path, variables, problems).map(|read| read.map(Condition::Expression)),
        Value::Object(map) if map.contains_key("function") => function(value, path, problems),
        Value::Object(_) => {
            let fields = Fields::of(value, path.to_owned(), problems)?;
            fields.refuse_others(FIELDS, problems);
            fields.one_of("type", TYPES, "'dependency', 'state' or 'custom'", problems);
            if let Some(evaluate) = fields.get("evaluate") {
                fields.optional_text("expression", problems);
                return function(evaluate, &fields.path("evaluate"), problems);
            }
            let hint = "an expression such as `tasks.fetch.output.count > 0`, or `evaluate`, a function";
            let source = fields.required_text("expression", hint, problems)?;
            expression(source, &fields.path("expression"), variables, problems).map(|read| read.map(Condition::Expression))
        }
        other => {
            let expected = "an expression, { expression } or a function";
            problems.push(path, ProblemKind::WrongType { expected, found: shorten(other), instead: String::new() });
            None
        }
    }
}

pub(in super::super) fn expression(source: &str, path: &str, variables: &[&str], problems: &mut Problems) -> Option<Read<Expression>> {
    match Expression::compile(source, variables) {
        Ok(expression) => Some(Read { path: path.to_owned(), references: expression.references().clone(), what: expression }),
        Err(error) => {
            problems.push(path, ProblemKind::BadExpression { message: error.to_string() });
            None
        }
    }
}

/// The host has put `{ "function": name }` in place of a function.
fn function(value: &Value, path: &str, problems: &mut Problems) -> Option<Read<Condition>> {
    let Some(name) = value.get("function").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        problems.push(path, wrong_type("a function", value));
        return None;
    };
    Some(Read { path: path.to_owned(), references: expressions::References::default(), what: Condition::Function(name.into()) })
}
