// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The shape of an answer as Anthropic holds its models to it: every object closed, and few other keywords.

use super::resolved;
use serde_json::{Map, Value};

/// Formats of texts that are held to.
const FORMATS: [&str; 10] = ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];
/// The most properties that may be left out.
const OPTIONAL_MAX: usize = 24;
/// The largest number that each one below is a whole number of JavaScript.
const SAFE_MAX: i64 = (1 << 53) - 1;

/// `schema` in that form, or none if it would say something else: one of records, which have any keys, or of a tree.
///
/// What may be left out stays so. What cannot be held to is told in the description.
pub(in crate::codec) fn closed(schema: &Value) -> Option<Value> {
    let mut closing = Closing { root: schema, optional: 0, within: Vec::new() };
    let closed = closing.schema(schema)?;
    (closing.optional <= OPTIONAL_MAX).then_some(closed)
}

struct Closing<'a> {
    root: &'a Value,
    optional: usize,
    /// The references that are being followed.
    within: Vec<String>,
}

impl Closing<'_> {
    fn schema(&mut self, schema: &Value) -> Option<Value> {
        let schema = schema.as_object()?;
        let mut closed = Map::new();
        let mut told = Vec::new();
        let says = ["type", "anyOf", "oneOf", "allOf", "$ref", "enum", "const"].iter().any(|keyword| schema.contains_key(*keyword));
        if !says {
            return None;
        }
        for (keyword, value) in schema {
            match keyword.as_str() {
                "type" | "enum" | "const" | "description" | "title" | "required" => {
                    closed.insert(keyword.clone(), value.clone());
                }
                "$ref" => {
                    self.follow(value.as_str()?)?;
                    closed.insert(keyword.clone(), value.clone());
                }
                // Each is looked at where it is referred to.
                "$defs" | "definitions" => {
                    let named = value.as_object()?.iter().map(|(name, schema)| Some((name.clone(), self.schema(schema)?)));
                    closed.insert(keyword.clone(), Value::Object(named.collect::<Option<_>>()?));
                }
                "anyOf" | "oneOf" => {
                    closed.insert("anyOf".to_owned(), self.several(value)?);
                }
                "allOf" => {
                    closed.insert(keyword.clone(), self.several(value)?);
                }
                "properties" => {
                    let required = schema.get("required").and_then(Value::as_array).map_or(0, Vec::len);
                    let properties = value.as_object()?;
                    self.optional += properties.len().saturating_sub(required);
                    let named = properties.iter().map(|(name, schema)| Some((name.clone(), self.schema(schema)?)));
                    closed.insert(keyword.clone(), Value::Object(named.collect::<Option<_>>()?));
                }
                "additionalProperties" if *value != false => return None,
                "patternProperties" | "not" | "if" => return None,
                "additionalProperties" | "then" | "else" | "prefixItems" => {}
                "items" => {
                    closed.insert(keyword.clone(), self.schema(value)?);
                }
                "minItems" if matches!(value.as_u64(), Some(0 | 1)) => {
                    closed.insert(keyword.clone(), value.clone());
                }
                "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {
                    closed.insert(keyword.clone(), value.clone());
                }
                // That a whole number is one that JavaScript can count to is nothing to tell anybody.
                "minimum" | "maximum" if value.as_i64().is_some_and(|bound| bound.abs() == SAFE_MAX) => {}
                _ => told.push(format!("{keyword}: {value}")),
            }
        }
        let kind = schema.get("type");
        let is_object =
            kind.is_some_and(|kind| kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&Value::from("object"))));
        if is_object {
            // One of which nothing is known could only be empty.
            closed.contains_key("properties").then_some(())?;
            closed.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        if !told.is_empty() {
            let before = closed.get("description").and_then(Value::as_str).map_or_else(String::new, |text| format!("{text}\n\n"));
            closed.insert("description".to_owned(), Value::from(format!("{before}{{{}}}", told.join(", "))));
        }
        Some(Value::Object(closed))
    }

    fn several(&mut self, schemas: &Value) -> Option<Value> {
        schemas.as_array()?.iter().map(|schema| self.schema(schema)).collect::<Option<Vec<_>>>().map(Value::Array)
    }

    /// None, if it leads back to where it came from.
    fn follow(&mut self, reference: &str) -> Option<()> {
        if self.within.iter().any(|known| known == reference) {
            return None;
        }
        let target = resolved(self.root, reference)?;
        self.within.push(reference.to_owned());
        let optional = self.optional;
        let is_known = self.schema(target).is_some();
        // It is counted where it stands.
        self.optional = optional;
        self.within.pop();
        is_known.then_some(())
    }
}
