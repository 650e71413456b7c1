// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How large a schema is once everything stands where it is referred to. A few hundred bytes may stand for a million parts, each of which is
//! compiled, and may be looked at, anew.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The parts of a schema: schemas, and the values that it lists.
const PARTS_MAX: usize = 10_000;
/// Schemas within schemas, and values within values.
const DEPTH_MAX: usize = 64;

/// How many parts a schema has; or why it is too large.
pub(super) fn parts(schema: &Value) -> Result<usize, String> {
    let mut measure = Measure { root: schema, anchors: BTreeMap::new(), parts: 0, depth: 0, open: Vec::new() };
    measure.gather_anchors(schema, 0);
    measure.part(schema).map_or(Ok(measure.parts), Err)
}

struct Measure<'a> {
    root: &'a Value,
    anchors: BTreeMap<&'a str, &'a Value>,
    parts: usize,
    depth: usize,
    /// What is referred to and not done with: a schema that contains itself is compiled once.
    open: Vec<*const Value>,
}

impl<'a> Measure<'a> {
    fn gather_anchors(&mut self, value: &'a Value, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        match value {
            Value::Object(members) => {
                for name in ["$anchor", "$dynamicAnchor", "$id", "id"] {
                    if let Some(anchor) = members.get(name).and_then(Value::as_str) {
                        self.anchors.insert(anchor.trim_start_matches('#'), value);
                    }
                }
                members.values().for_each(|member| self.gather_anchors(member, depth + 1));
            }
            Value::Array(items) => items.iter().for_each(|item| self.gather_anchors(item, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn part(&mut self, value: &'a Value) -> Option<String> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Some(format!(
                "it has more than {PARTS_MAX} parts once each `$ref` stands for what it refers to; make it smaller, or judge in several tasks"
            ));
        }
        if self.depth >= DEPTH_MAX {
            return Some(format!("it is nested deeper than {DEPTH_MAX} levels; give what is inside a name in `$defs`, or make it flatter"));
        }
        self.depth += 1;
        let excess = match value {
            Value::Object(members) => self.members(members),
            Value::Array(items) => items.iter().find_map(|item| self.part(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        self.depth -= 1;
        excess
    }

    fn members(&mut self, members: &'a Map<String, Value>) -> Option<String> {
        members.iter().find_map(|(name, member)| match (name.as_str(), member) {
            ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => self.referred(reference),
            // Counted where they are referred to.
            ("$defs" | "definitions", Value::Object(_)) | (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => None,
            (_, Value::Object(_) | Value::Array(_)) => self.part(member),
        })
    }

    fn referred(&mut self, reference: &str) -> Option<String> {
        let target = self.find(reference)?;
        let identity = std::ptr::from_ref(target);
        if self.open.contains(&identity) {
            self.parts += 1;
            return None;
        }
        self.open.push(identity);
        // Where something is referred to, its depth is its own.
        let depth = std::mem::replace(&mut self.depth, self.open.len() - 1);
        let excess = self.part(target);
        self.depth = depth;
        self.open.pop();
        excess
    }

    fn find(&self, reference: &str) -> Option<&'a Value> {
        let (document, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let base = if document.is_empty() { Some(self.root) } else { self.anchors.get(document).copied() };
        let fragment = stdx::percent_decoded(fragment).unwrap_or_default();
        if fragment.is_empty() || fragment.starts_with('/') {
            base?.pointer(&fragment)
        } else {
            self.anchors.get(fragment.as_str()).copied()
        }
    }
}
