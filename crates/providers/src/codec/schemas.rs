// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! JSON Schemas in the form that wires take. Users and servers of tools write any draft and any mistake; providers refuse a whole request for one of them.
//!
//! What no wire takes is made wider, never narrower: whoever gets the arguments or the answer judges them by the schema as it was written.

mod closed;
mod root;
mod tidy;

pub(super) use closed::closed;

use serde_json::{Map, Value};

/// The keys of properties that Anthropic takes, besides letters and digits, and their length.
const ANTHROPIC_KEY: (&str, usize) = ("_.-", 64);

/// The parameters of a tool, or why no wire could take them: its arguments have names, so that they are an object.
pub(super) fn of_arguments(schema: &Value) -> Result<Value, String> {
    let mut schema = root::object(tidy::tidied(schema.clone()))?;
    tidy::drop_dangling(&mut schema);
    Ok(schema)
}

/// Why Anthropic refuses parameters, if it does.
pub(super) fn refusal_of_anthropic(parameters: &Value) -> Option<String> {
    let (others, most) = ANTHROPIC_KEY;
    let fits = |name: &&String| {
        (1..=most).contains(&name.len()) && name.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
    };
    let properties = parameters.get("properties").and_then(Value::as_object)?;
    let name = properties.keys().find(|name| !fits(name))?;
    Some(format!("its parameter `{name}` has a name that this provider does not take: 1 to {most} letters, digits, _ . or -"))
}

/// The shape of an answer.
pub(super) fn of_answer(schema: &Value) -> Value {
    let mut schema = root::inlined(tidy::tidied(schema.clone()));
    tidy::drop_dangling(&mut schema);
    schema
}

/// Whether a schema says itself that it is one of objects, as wires want of the root.
pub(super) fn is_of_object(schema: &Value) -> bool {
    let root = ["anyOf", "oneOf", "allOf", "not", "enum", "$ref"];
    schema.get("type").is_some_and(|kind| kind == "object") && root.iter().all(|keyword| schema.get(*keyword).is_none())
}

/// What a local reference leads to.
fn resolved<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return None;
    }
    root.pointer(&pointer.replace("%24", "$").replace("%25", "%"))
}

/// Keywords whose members are schemas by name.
const NAMED: [&str; 5] = ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"];
/// Keywords that hold a schema.
const ONE: [&str; 10] =
    ["items", "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedProperties"];
/// Keywords that hold a list of schemas.
const SEVERAL: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];

/// Every schema within one, each once.
fn each_within(schema: &mut Map<String, Value>, mut each: impl FnMut(&mut Value)) {
    for (keyword, value) in schema.iter_mut() {
        match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => named.values_mut().for_each(&mut each),
            Value::Array(several) if SEVERAL.contains(&keyword.as_str()) => several.iter_mut().for_each(&mut each),
            one if ONE.contains(&keyword.as_str()) => each(one),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
}
