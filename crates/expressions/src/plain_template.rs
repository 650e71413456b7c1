// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Templates that only name values by their paths, as most do. They are filled in here, in a tenth of the time. Whatever is out of the ordinary (a path
//! that leads nowhere, too long a text) is left to minijinja, which also words the error; a property test holds the two to one answer.

use crate::number::{double_text, json_text};
use crate::references::References;
use crate::template_bounds::OUTPUT_BYTES_MAX;
use serde_json::{Number, Value};

/// Text and paths, in order.
#[derive(Debug)]
pub(crate) struct PlainTemplate(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Path(Vec<String>),
}

impl PlainTemplate {
    /// Reads a template; `None` if it does more than naming values.
    pub(crate) fn read(text: &str, references: &References) -> Option<Self> {
        // The last line's end is no part of a template.
        if text.contains("{%") || text.contains("{#") || text.ends_with(['\n', '\r']) {
            return None;
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (path, after) = after.split_once("}}")?;
            let path: Vec<String> = path.trim().split('.').map(|step| is_name(step).then(|| step.to_owned())).collect::<Option<_>>()?;
            let root = path.first()?;
            // `none`, `true` and the like name no value.
            references.roots().find(|known| known == root)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Path(path));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Some(Self(parts))
    }

    /// The text with everything filled in.
    pub(crate) fn text(&self, scope: &Value) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Path(path) => match found(path, scope)? {
                    Value::Null => text.push_str("null"),
                    Value::Bool(holds) => text.push_str(if *holds { "true" } else { "false" }),
                    Value::Number(number) => text.push_str(&written(number)?),
                    Value::String(piece) => text.push_str(piece),
                    value @ (Value::Array(_) | Value::Object(_)) => text.push_str(&json_text(value)),
                },
            }
            if text.len() > OUTPUT_BYTES_MAX {
                return None;
            }
        }
        Some(text)
    }

    /// The value, if there is nothing but one path, perhaps between blanks.
    pub(crate) fn value<'a>(&self, scope: &'a Value) -> Option<&'a Value> {
        let [Part::Text(before), Part::Path(path), Part::Text(after)] = self.0.as_slice() else { return None };
        if before.trim().is_empty() && after.trim().is_empty() { found(path, scope) } else { None }
    }
}

fn is_name(step: &str) -> bool {
    step.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && step.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn found<'a>(path: &[String], scope: &'a Value) -> Option<&'a Value> {
    path.iter().try_fold(scope, |at, step| at.as_object()?.get(step))
}

fn written(number: &Number) -> Option<String> {
    if number.is_f64() { number.as_f64().map(double_text) } else { Some(number.to_string()) }
}
