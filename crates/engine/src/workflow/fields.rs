// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reading the fields of one JSON object, each problem with its path.

use super::duration;
use super::peers::ours;
use super::problem::{ProblemKind, Problems};
use serde_json::{Map, Value};
use std::time::Duration;
use stdx::{counted, nearest};

/// Fields of an object that are looked at one by one.
const FEW: usize = 16;

/// An object of the definition with the path that leads to it.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    /// The object at `path`, or a problem there.
    pub(super) fn of(value: &'a Value, path: String, problems: &mut Problems) -> Option<Self> {
        if let Value::Object(map) = value {
            return Some(Self { map, path });
        }
        problems.push(path, wrong_type("an object", value));
        None
    }

    /// The path of one field.
    pub(super) fn path(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// The path of the object itself.
    pub(super) fn place(&self) -> &str {
        &self.path
    }

    /// The value of a field; `null` counts as absent.
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        let value = match self.map.len() {
            // Asked for all the fields there are: to look at a few is several times as fast as to hash each.
            0..=FEW => self.map.iter().find(|(name, _)| *name == field).map(|(_, value)| value),
            _ => self.map.get(field),
        };
        value.filter(|value| !value.is_null())
    }

    /// Reports every field that is not known.
    pub(super) fn refuse_others(&self, known: &[&'static str], problems: &mut Problems) {
        let mut others: Vec<&String> = self.map.keys().filter(|field| !known.contains(&field.as_str())).collect();
        // In one order, whether or not maps keep theirs.
        others.sort_unstable();
        for field in others {
            let near = nearest(field, known.iter().copied());
            problems.push(self.path(field), ProblemKind::UnknownField { field: field.clone(), near, ours: ours(field, known) });
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, field: &'static str, hint: &'static str, problems: &mut Problems) -> Option<&'a str> {
        match self.get(field) {
            None => problems.push(self.path(field), ProblemKind::Missing { field, hint }),
            Some(Value::String(text)) if text.is_empty() => problems.push(self.path(field), ProblemKind::Empty),
            Some(Value::String(text)) => return Some(text),
            Some(other) => problems.push(self.path(field), wrong_type("a string", other)),
        }
        None
    }

    /// A text that is not empty, if the field is there.
    pub(super) fn filled_text(&self, field: &'static str, problems: &mut Problems) -> Option<&'a str> {
        self.get(field).and_then(|_| self.required_text(field, "", problems))
    }

    /// Reports a field that is there and is not a text.
    pub(super) fn optional_text(&self, field: &str, problems: &mut Problems) {
        if let Some(value) = self.get(field).filter(|value| !value.is_string()) {
            problems.push(self.path(field), wrong_type("a string", value));
        }
    }

    /// A duration, if the field is there and is one.
    pub(super) fn duration(&self, field: &str, problems: &mut Problems) -> Option<Duration> {
        let value = self.get(field)?;
        let duration = duration::parse(value);
        if duration.is_none() {
            problems.push(self.path(field), ProblemKind::BadDuration { found: shorten(value), meant: duration::meant(value) });
        }
        duration
    }
}

impl Fields<'_> {
    /// A duration that is not zero, if the field is there and is one.
    pub(super) fn positive_duration(&self, field: &str, problems: &mut Problems) -> Option<Duration> {
        let duration = self.duration(field, problems)?;
        if duration.is_zero() {
            problems.push(self.path(field), ProblemKind::OutOfRange { expected: "longer than 0 ms", found: "0".into() });
        }
        Some(duration)
    }

    /// One of several words, as what it stands for.
    pub(super) fn one_of<T: Copy>(&self, field: &str, words: &[(&str, T)], expected: &'static str, problems: &mut Problems) -> Option<T> {
        let value = self.get(field)?;
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word)).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let near = value.as_str().and_then(|word| nearest(word, words.iter().map(|(known, _)| *known)));
            problems.push(self.path(field), ProblemKind::OneOf { expected, found: shorten(value), near: near.map(str::to_owned) });
        }
        found
    }

    /// A whole number within bounds, if the field is there.
    pub(super) fn whole(&self, field: &str, least: u64, most: u64, expected: &'static str, problems: &mut Problems) -> Option<u64> {
        let value = self.get(field)?;
        let found = value.as_u64().filter(|number| (least..=most).contains(number));
        if found.is_none() {
            problems.push(self.path(field), ProblemKind::OutOfRange { expected, found: shorten(value) });
        }
        found
    }

    /// Reports a field that is there and is no number from 0 to `most`.
    pub(super) fn amount(&self, field: &str, most: f64, expected: &'static str, problems: &mut Problems) {
        let Some(value) = self.get(field) else { return };
        if !value.as_f64().is_some_and(|amount| (0.0..=most).contains(&amount)) {
            problems.push(self.path(field), ProblemKind::OutOfRange { expected, found: shorten(value) });
        }
    }
}

/// The problem of a value that is of another type.
pub(super) fn wrong_type(expected: &'static str, found: &Value) -> ProblemKind {
    // A version such as 1 is the slip that is made most often.
    let quoted = expected == "a string" && matches!(found, Value::Bool(_) | Value::Number(_));
    let instead = if quoted { format!("; write '{found}'") } else { String::new() };
    ProblemKind::WrongType { expected, found: shorten(found), instead }
}

/// A value as a message shows it.
pub(super) fn shorten(value: &Value) -> String {
    let text = match value {
        Value::Array(items) => return format!("an array of {}", counted(items.len(), "item")),
        Value::Object(_) => return "an object".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    };
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}
