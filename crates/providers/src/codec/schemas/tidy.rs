// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is wrong in any place of a schema, put right.

use super::{NAMED, ONE, SEVERAL, each_within, resolved};
use serde_json::{Map, Value, json};

const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// A schema in the words of draft 2020-12.
pub(super) fn tidied(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else {
        // `true` is anything; what is no schema says nothing.
        return json!({});
    };
    schema.retain(|keyword, value| !value.is_null() || matches!(keyword.as_str(), "const" | "default"));
    // References are local, and nothing else reads these.
    for keyword in ["$schema", "$id", "$vocabulary", "$recursiveRef", "$dynamicRef"] {
        schema.remove(keyword);
    }
    if schema.get("id").is_some_and(Value::is_string) {
        schema.remove("id");
    }
    types(&mut schema);
    numbers(&mut schema);
    if schema.get("enum").is_some_and(|values| values.as_array().is_none_or(Vec::is_empty)) {
        schema.remove("enum");
    }
    for keyword in NAMED {
        if !schema.get(keyword).is_none_or(Value::is_object) {
            schema.remove(keyword);
        }
    }
    for keyword in SEVERAL {
        if schema.get(keyword).is_some_and(|several| several.as_array().is_none_or(Vec::is_empty)) {
            schema.remove(keyword);
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|_, property| *property != false);
    }
    items(&mut schema);
    required(&mut schema);
    // Objects may be closed, or open; all else that is no schema is no keyword.
    schema.retain(|keyword, value| !ONE.contains(&keyword.as_str()) || value.is_object() || value.is_boolean());
    each_within(&mut schema, |within| {
        if !within.is_boolean() {
            *within = tidied(within.take());
        }
    });
    for keyword in ["properties", "$defs", "definitions"] {
        if let Some(Value::Object(named)) = schema.get_mut(keyword) {
            named.values_mut().filter(|schema| schema.is_boolean()).for_each(|schema| *schema = json!({}));
        }
    }
    Value::Object(schema)
}

fn types(schema: &mut Map<String, Value>) {
    let known = |kind: &Value| {
        let kind = kind.as_str()?.to_ascii_lowercase();
        TYPES.contains(&kind.as_str()).then(|| Value::from(kind))
    };
    let mut kinds: Vec<Value> = match schema.remove("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(known).collect(),
        Some(kind) => known(&kind).into_iter().collect(),
        None => Vec::new(),
    };
    // As OpenAPI says it.
    if schema.get("nullable").is_some_and(Value::is_boolean) && schema.remove("nullable") == Some(Value::Bool(true)) && !kinds.is_empty() {
        kinds.push(Value::from("null"));
    }
    let mut seen = Vec::new();
    kinds.retain(|kind| !seen.contains(kind) && (seen.push(kind.clone()), true).1);
    if kinds.is_empty() && schema.get("properties").is_some_and(Value::is_object) {
        kinds.push(Value::from("object"));
    }
    let first = kinds.first().cloned();
    let kind = if kinds.len() > 1 { Some(Value::Array(kinds)) } else { first };
    if let Some(kind) = kind {
        // In front, where people look for it.
        schema.shift_insert(0, "type".to_owned(), kind);
    }
}

/// Draft 4 has a bound, and beside it whether it is one of those outside.
fn numbers(schema: &mut Map<String, Value>) {
    for (keyword, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        let Some(Value::Bool(exclusive)) = schema.get(keyword).cloned() else { continue };
        schema.remove(keyword);
        if exclusive && let Some(number) = schema.remove(bound) {
            schema.insert(keyword.to_owned(), number);
        }
    }
}

/// A list says what it has: some wires refuse one that does not. Before draft 2020-12 `items` was also a list for each place.
fn items(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(places)) = schema.get("items").cloned() {
        schema.remove("items");
        schema.remove("additionalItems");
        if !places.is_empty() {
            schema.insert("prefixItems".to_owned(), Value::Array(places));
        }
    }
    let is_list =
        schema.get("type").is_some_and(|kind| kind == "array" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("array"))));
    if is_list && !schema.get("items").is_some_and(Value::is_object) {
        // `items: false` closes the list behind its places.
        let any = match schema.get("prefixItems") {
            Some(Value::Array(places)) => json!({ "anyOf": places }),
            _ => json!({}),
        };
        schema.insert("items".to_owned(), any);
    }
}

/// Each name once, and only those that there are.
fn required(schema: &mut Map<String, Value>) {
    let Some(names) = schema.remove("required") else { return };
    let Value::Array(names) = names else { return };
    let elsewhere = ["$ref", "allOf", "anyOf", "oneOf", "patternProperties", "if"].iter().any(|keyword| schema.contains_key(*keyword));
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut kept: Vec<Value> = Vec::new();
    for name in names {
        let is_there = name.as_str().is_some_and(|name| elsewhere || properties.is_none_or(|properties| properties.contains_key(name)));
        if is_there && !kept.contains(&name) {
            kept.push(name);
        }
    }
    if !kept.is_empty() {
        schema.insert("required".to_owned(), Value::Array(kept));
    }
}

/// A reference that leads nowhere, or to another document, is anything.
pub(super) fn drop_dangling(schema: &mut Value) {
    let root = schema.clone();
    drop_within(schema, &root);
}

fn drop_within(schema: &mut Value, root: &Value) {
    let Value::Object(schema) = schema else { return };
    if let Some(reference) = schema.get("$ref")
        && reference.as_str().and_then(|reference| resolved(root, reference)).is_none()
    {
        schema.remove("$ref");
    }
    each_within(schema, |within| drop_within(within, root));
}
