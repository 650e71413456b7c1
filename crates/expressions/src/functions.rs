// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The functions of expressions. Each pays for what it reads and makes.

#![expect(clippy::wildcard_enum_match_arm, reason = "most values and nodes are of a type that most operations do not take")]

use crate::error::EvaluationError;
use crate::evaluate::{Evaluated, Evaluator, boolean, brief, double, wrong};
use crate::number::shown;
use crate::syntax::{Function, Operator};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

pub(crate) fn call<'a>(evaluator: &mut Evaluator<'a>, function: Function, arguments: &[Cow<'a, Value>]) -> Evaluated<'a> {
    let Some(first) = arguments.first() else { return Ok(Cow::Owned(Value::Null)) };
    match function {
        Function::Size => size(evaluator, first),
        Function::Contains | Function::StartsWith | Function::EndsWith => search(evaluator, function, first, arguments),
        Function::LowerAscii | Function::UpperAscii | Function::Trim => reshape(evaluator, function, first),
        Function::Split => split(evaluator, first, arguments),
        Function::Join => join(evaluator, first, arguments),
        Function::ToText => text(evaluator, first),
        Function::ToInteger => integer(first),
        Function::ToDouble => to_double(first),
        Function::ToBool => match first.as_ref() {
            Value::Bool(holds) => Ok(boolean(*holds)),
            Value::String(text) if text == "true" || text == "false" => Ok(boolean(text == "true")),
            other => Err(wrong("bool()", other)),
        },
        Function::Type => Ok(owned(match first.as_ref() {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_f64() => "double",
            Value::Number(_) => "int",
            Value::String(_) => "string",
            Value::Array(_) => "list",
            Value::Object(_) => "map",
        })),
        Function::Min => extreme(evaluator, arguments, Ordering::Less),
        Function::Max => extreme(evaluator, arguments, Ordering::Greater),
    }
}

fn owned<'a>(text: &str) -> Cow<'a, Value> {
    Cow::Owned(Value::from(text))
}

fn size<'a>(evaluator: &mut Evaluator<'a>, value: &Value) -> Evaluated<'a> {
    let size = match value {
        Value::String(text) => {
            evaluator.spend(text.len() / 64)?;
            text.chars().count()
        }
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        other => return Err(wrong("size()", other)),
    };
    Ok(Cow::Owned(Value::from(size)))
}

fn search<'a>(evaluator: &mut Evaluator<'a>, function: Function, value: &Value, arguments: &[Cow<'a, Value>]) -> Evaluated<'a> {
    let wanted = arguments.get(1).map_or(&Value::Null, AsRef::as_ref);
    let (Value::String(text), Value::String(part)) = (value, wanted) else {
        let operation = match function {
            Function::Contains => "contains()",
            Function::StartsWith => "startsWith()",
            _ => "endsWith()",
        };
        return Err(EvaluationError::WrongType {
            operation: operation.to_owned(),
            found: format!("{} and {}", brief(value), brief(wanted)),
        });
    };
    evaluator.spend(text.len() / 32)?;
    Ok(boolean(match function {
        Function::Contains => text.contains(part.as_str()),
        Function::StartsWith => text.starts_with(part.as_str()),
        _ => text.ends_with(part.as_str()),
    }))
}

fn reshape<'a>(evaluator: &mut Evaluator<'a>, function: Function, value: &Value) -> Evaluated<'a> {
    let Value::String(text) = value else { return Err(wrong("a function of strings", value)) };
    evaluator.make(text.len())?;
    Ok(Cow::Owned(Value::String(match function {
        Function::LowerAscii => text.to_ascii_lowercase(),
        Function::UpperAscii => text.to_ascii_uppercase(),
        _ => text.trim().to_owned(),
    })))
}

fn split<'a>(evaluator: &mut Evaluator<'a>, value: &Value, arguments: &[Cow<'a, Value>]) -> Evaluated<'a> {
    let (Value::String(text), Some(Value::String(between))) = (value, arguments.get(1).map(AsRef::as_ref)) else {
        return Err(wrong("split()", value));
    };
    if between.is_empty() {
        return Err(wrong("split()", &Value::from("")));
    }
    let mut parts = Vec::new();
    for part in text.split(between.as_str()) {
        evaluator.make(part.len() + 64)?;
        parts.push(Value::from(part));
    }
    Ok(Cow::Owned(Value::Array(parts)))
}

fn join<'a>(evaluator: &mut Evaluator<'a>, value: &Value, arguments: &[Cow<'a, Value>]) -> Evaluated<'a> {
    let between = match arguments.get(1).map(AsRef::as_ref) {
        None => "",
        Some(Value::String(between)) => between.as_str(),
        Some(other) => return Err(wrong("join()", other)),
    };
    let Value::Array(items) = value else { return Err(wrong("join()", value)) };
    let mut joined = String::new();
    for (place, item) in items.iter().enumerate() {
        let Value::String(text) = item else { return Err(wrong("join()", item)) };
        evaluator.make(text.len() + between.len())?;
        if place > 0 {
            joined.push_str(between);
        }
        joined.push_str(text);
    }
    Ok(Cow::Owned(Value::String(joined)))
}

fn text<'a>(evaluator: &mut Evaluator<'a>, value: &Cow<'a, Value>) -> Evaluated<'a> {
    match value.as_ref() {
        Value::String(_) => Ok(value.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Null => {
            evaluator.make(32)?;
            Ok(Cow::Owned(Value::String(shown(value))))
        }
        other => Err(wrong("string()", other)),
    }
}

/// The largest double that is an integer of 64 bits without doubt.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::cast_possible_truncation, reason = "cut off towards zero, within the range where a double is exact")]
fn integer<'a>(value: &Value) -> Evaluated<'a> {
    let number = match value {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer,
            (None, Some(double)) if double.abs() <= EXACT => double as i64,
            _ => return Err(EvaluationError::Overflow),
        },
        Value::String(text) => {
            text.trim().parse().map_err(|_| EvaluationError::NotANumber { text: brief(value), expected: "an integer" })?
        }
        Value::Bool(holds) => i64::from(*holds),
        other => return Err(wrong("int()", other)),
    };
    Ok(Cow::Owned(Value::from(number)))
}

fn to_double<'a>(value: &Value) -> Evaluated<'a> {
    match value {
        Value::Number(number) => double(number.as_f64().unwrap_or(0.0)),
        Value::String(text) => {
            double(text.trim().parse().map_err(|_| EvaluationError::NotANumber { text: brief(value), expected: "a number" })?)
        }
        other => Err(wrong("double()", other)),
    }
}

/// The least or the greatest of several values, or of one list of them.
fn extreme<'a>(evaluator: &mut Evaluator<'a>, arguments: &[Cow<'a, Value>], wanted: Ordering) -> Evaluated<'a> {
    let list = match arguments {
        [only] => match only.as_ref() {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        },
        several => several.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
    };
    let mut best: Option<&Value> = None;
    for value in list {
        evaluator.spend(1)?;
        let better = match best {
            None => true,
            Some(best) => evaluator.order(Operator::Less, value, best)? == wanted,
        };
        if better {
            best = Some(value);
        }
    }
    let Some(best) = best else { return Err(wrong("min() and max()", &Value::Array(Vec::new()))) };
    evaluator.weigh(best)?;
    Ok(Cow::Owned(best.clone()))
}
