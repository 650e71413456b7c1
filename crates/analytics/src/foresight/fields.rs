// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The fields of a definition, task by task.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A definition, taken apart.
pub(super) struct Parts<'a> {
    /// Its own fields.
    pub(super) own: Fields<'a>,
    /// Those of its tasks on every level, by id.
    pub(super) tasks: BTreeMap<&'a str, Fields<'a>>,
}

/// The fields of one object.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        given(self.0, field)
    }

    /// The fields that one has otherwise.
    pub(super) fn differing(&self, other: &Fields<'a>) -> impl Iterator<Item = &'a str> {
        let (own, other) = (self.0, other.0);
        let names = own.keys().chain(other.keys().filter(move |name| !own.contains_key(*name)));
        names.map(String::as_str).filter(move |name| given(own, name) != given(other, name))
    }
}

/// `null` counts as absent.
fn given<'a>(fields: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    fields.get(field).filter(|value| !value.is_null())
}

pub(super) fn fields_of(definition: &Value) -> Parts<'_> {
    static NOTHING: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    let nothing = NOTHING.get_or_init(Map::new);
    let mut parts = Parts { own: Fields(definition.as_object().unwrap_or(nothing)), tasks: BTreeMap::new() };
    collect(definition.get("tasks"), &mut parts.tasks);
    parts
}

fn collect<'a>(tasks: Option<&'a Value>, into: &mut BTreeMap<&'a str, Fields<'a>>) {
    for task in tasks.and_then(Value::as_array).into_iter().flatten() {
        let Some(fields) = task.as_object() else { continue };
        if let Some(id) = fields.get("id").and_then(Value::as_str) {
            into.insert(id, Fields(fields));
        }
        collect(fields.get("tasks"), into);
        collect(fields.get("default"), into);
        for branch in fields.get("branches").and_then(Value::as_array).into_iter().flatten() {
            collect(branch.get("tasks"), into);
        }
    }
}
