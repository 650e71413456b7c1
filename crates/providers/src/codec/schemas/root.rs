// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The root of a tool's parameters: an object with properties and nothing beside them. A choice between objects becomes one object with what any of them has.

use super::resolved;
use serde_json::{Map, Value, json};

/// References and choices within each other at a root.
const LEVELS_MAX: usize = 16;

/// What objects there may be.
#[derive(Default)]
struct Members {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

/// `schema` with a root that every wire takes.
pub(super) fn object(schema: Value) -> Result<Value, String> {
    let members = members(&schema, &schema, 0)?;
    let Value::Object(mut root) = schema else { return Ok(json!({ "type": "object", "properties": {} })) };
    for keyword in
        ["$ref", "anyOf", "oneOf", "allOf", "not", "enum", "const", "if", "then", "else", "dependentSchemas", "type", "properties"]
    {
        root.shift_remove(keyword);
    }
    root.shift_remove("required");
    let mut whole = Map::new();
    whole.insert("type".to_owned(), Value::from("object"));
    whole.insert("properties".to_owned(), Value::Object(members.properties));
    if !members.required.is_empty() {
        whole.insert("required".to_owned(), Value::Array(members.required));
    }
    whole.extend(root);
    Ok(Value::Object(whole))
}

/// `schema` with what its root refers to in place of the reference: no wire takes one there.
pub(super) fn inlined(mut schema: Value) -> Value {
    for _ in 0..LEVELS_MAX {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let Some(Value::Object(referred)) = reference.and_then(|reference| resolved(&schema, reference)).cloned() else { break };
        let Value::Object(root) = &mut schema else { break };
        root.shift_remove("$ref");
        for (keyword, value) in referred {
            root.entry(keyword).or_insert(value);
        }
    }
    schema
}

fn members(schema: &Value, root: &Value, level: usize) -> Result<Members, String> {
    if level > LEVELS_MAX {
        return Err("its schema refers to itself without a type".to_owned());
    }
    let is_object = |kind: &Value| kind == "object";
    let kind = schema.get("type");
    if !kind.is_none_or(|kind| is_object(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(is_object))) {
        return Err(format!("its arguments are not an object but {}", kind.unwrap_or(&Value::Null)));
    }
    let mut all = Members {
        properties: schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default(),
        required: list(schema, "required").to_vec(),
    };
    // A reference that leads nowhere says nothing.
    if let Some(referred) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| resolved(root, reference)) {
        all.also(members(referred, root, level + 1)?);
    }
    for part in list(schema, "allOf") {
        all.also(members(part, root, level + 1)?);
    }
    for keyword in ["anyOf", "oneOf"] {
        // One that is no object is no choice here.
        let choices: Vec<Members> = list(schema, keyword).iter().filter_map(|choice| members(choice, root, level + 1).ok()).collect();
        if choices.is_empty() && !list(schema, keyword).is_empty() {
            return Err("none of the choices in its schema is an object".to_owned());
        }
        all.either(choices);
    }
    // What holds only if something else does may be left out.
    for keyword in ["then", "else"] {
        if let Some(part) = schema.get(keyword) {
            all.also(Members { required: Vec::new(), ..members(part, root, level + 1)? });
        }
    }
    let Members { properties, required } = &mut all;
    required.retain(|name| name.as_str().is_some_and(|name| properties.contains_key(name)));
    Ok(all)
}

fn list<'a>(schema: &'a Value, keyword: &str) -> &'a [Value] {
    schema.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl Members {
    /// With what must hold besides.
    fn also(&mut self, other: Self) {
        for (name, property) in other.properties {
            match self.properties.get_mut(&name) {
                Some(known) if *known == property || property == json!({}) => {}
                Some(known) if *known == json!({}) => *known = property,
                Some(known) => *known = json!({ "allOf": [known.take(), property] }),
                None => {
                    self.properties.insert(name, property);
                }
            }
        }
        self.require(other.required);
    }

    /// With what one of `choices` has: required is what all of them require.
    fn either(&mut self, choices: Vec<Self>) {
        let Some(first) = choices.first() else { return };
        let by_all = |name: &&Value| choices.iter().all(|choice| choice.required.contains(name));
        let required: Vec<Value> = first.required.iter().filter(by_all).cloned().collect();
        let mut properties: Map<String, Value> = Map::new();
        for (name, property) in choices.into_iter().flat_map(|choice| choice.properties) {
            match properties.get_mut(&name) {
                None => {
                    properties.insert(name, property);
                }
                Some(known) if *known == property => {}
                Some(known) => match known.get_mut("anyOf").and_then(Value::as_array_mut) {
                    Some(several) if !several.contains(&property) => several.push(property),
                    Some(_) => {}
                    None => *known = json!({ "anyOf": [known.take(), property] }),
                },
            }
        }
        self.also(Self { properties, required });
    }

    fn require(&mut self, names: Vec<Value>) {
        for name in names {
            if !self.required.contains(&name) {
                self.required.push(name);
            }
        }
    }
}
