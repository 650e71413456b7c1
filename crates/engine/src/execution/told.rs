// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a function that is a condition is told. It is written as text and read by the host, so that nothing in it is too deep.

use super::values::View;
use super::{Execution, InstanceIndex};
use serde_json::Value;
use std::collections::BTreeSet;
use stdx::Timestamp;

impl Execution {
    /// Everything an expression of a task could read there, as JSON text.
    pub fn scope_text(&self, task: InstanceIndex, between_passes: bool) -> String {
        let view = if between_passes { View::Turn } else { View::Own };
        let (mut tasks, mut results) = (Object::default(), Object::default());
        for other in self.visible(task, view) {
            let id = &self.planned(other).id;
            let output = self.output(other);
            let mut facts = Object::default();
            for (name, value) in self.facts(other) {
                let value = value.to_string();
                facts.put(&name, if name == "output" { &output } else { &value });
            }
            results.put(id, &output);
            tasks.put(id, &facts.end());
        }
        let context = self.setup.context.as_deref().unwrap_or("null");
        let mut scope = Object::default();
        for name in ["input", "context"] {
            scope.put(name, context);
        }
        scope.put("tasks", &tasks.end());
        scope.put("results", &results.end());
        scope.put("signal", &format!(r#"{{"payload":{}}}"#, self.payload(task)));
        let started = self.started.map_or(0, Timestamp::micros) / 1000;
        scope.put("execution", &format!(r#"{{"id":{},"startedAt":{started}}}"#, Value::from(&*self.setup.id)));
        for (nearest, (owner, pass)) in self.loops_around(task, view).into_iter().enumerate() {
            let (item, last, pass) = (self.item(owner, pass), self.last(owner), pass.to_string());
            let parts = [("item", item), ("index", &pass), ("iteration", &pass), ("last", &last)];
            let mut whole = Object::default();
            for (name, value) in parts {
                whole.put(name, value);
                if nearest == 0 {
                    scope.put(name, value);
                }
            }
            scope.put(&self.planned(owner).id, &whole.end());
        }
        scope.end()
    }
}

/// An object that is written, where the first value of a name stays.
#[derive(Default)]
struct Object {
    text: String,
    names: BTreeSet<String>,
}

impl Object {
    /// `value` is JSON text.
    fn put(&mut self, name: &str, value: &str) {
        if !self.names.insert(name.to_owned()) {
            return;
        }
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push_str(&Value::from(name).to_string());
        self.text.push(':');
        self.text.push_str(value);
    }

    fn end(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }
}
