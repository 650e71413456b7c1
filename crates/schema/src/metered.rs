// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A value as validators see it: each look at a part of it is charged to the [`meter`].

use super::meter;
use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// The representation of values for [`jsonschema`].
pub(super) struct Metered;

/// Bytes of a text that a keyword reads in the time of one step.
const BYTES_PER_STEP: usize = 32;

#[derive(Clone, Copy)]
pub(super) struct Part<'a>(pub(super) &'a Value);

impl Json for Metered {
    type Node<'a> = Part<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    const KEYS_PER_LOOKUP: usize = 2;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>((): &mut (), string: &str, look: impl FnOnce(Part<'_>) -> T) -> T {
        look(Part(&Value::String(string.to_owned())))
    }
}

impl<'a> Node<'a, Metered> for Part<'a> {
    type Object = Members<'a>;
    type Array = Items<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Members<'a>> {
        self.0.as_object().filter(|_| meter::charge(0)).map(Members)
    }

    fn as_array(&self) -> Option<Items<'a>> {
        self.0.as_array().filter(|_| meter::charge(0)).map(|items| Items(items))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.0.as_str().filter(|text| meter::charge(text.len() / BYTES_PER_STEP)).map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        self.0.as_number().filter(|_| meter::charge(0))
    }

    fn as_boolean(&self) -> Option<bool> {
        self.0.as_bool()
    }

    fn is_null(&self) -> bool {
        self.0.is_null()
    }

    fn json_type(&self) -> JsonType {
        if meter::charge(0) { JsonType::from(self.0) } else { JsonType::Null }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        meter::charge(weight(expected)) && jsonschema::json::cmp::equal(self.0, expected)
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Borrowed(self.0)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref(self.0) as usize))
    }
}

/// In steps, what it takes to compare with a value.
fn weight(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| 1 + weight(item)).sum(),
        Value::Object(members) => members.values().map(|member| 1 + weight(member)).sum(),
        Value::String(text) => text.len() / 256,
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

pub(super) struct Members<'a>(&'a Map<String, Value>);

impl<'a> Object<'a, Metered> for Members<'a> {
    type Node = Part<'a>;
    type MemberName = &'a str;
    type MembersIter = Each<serde_json::map::Iter<'a>>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &String) -> Option<Part<'a>> {
        self.0.get(key).filter(|_| meter::charge(0)).map(Part)
    }

    fn members(&self) -> Self::MembersIter {
        Each(self.0.iter())
    }
}

pub(super) struct Items<'a>(&'a [Value]);

impl<'a> Array<'a, Metered> for Items<'a> {
    type Node = Part<'a>;
    type ElementsIter = Each<std::slice::Iter<'a, Value>>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> Self::ElementsIter {
        Each(self.0.iter())
    }

    /// By texts that equal values share: nothing can be made to be compared with everything.
    fn is_unique(&self) -> bool {
        // One after the other in one text, each with its end.
        let (mut texts, mut ends) = (String::new(), Vec::with_capacity(self.0.len()));
        for item in self.0 {
            let begin = texts.len();
            write_canonically(item, &mut texts);
            if !meter::charge((texts.len() - begin) / 4) {
                return false;
            }
            ends.push(texts.len());
        }
        let mut seen = HashSet::with_capacity(ends.len());
        let mut begin = 0;
        ends.into_iter().all(|end| seen.insert(texts.get(std::mem::replace(&mut begin, end)..end)))
    }
}

/// The parts of one, until the meter has run out.
pub(super) struct Each<I>(I);

impl<'a> Iterator for Each<std::slice::Iter<'a, Value>> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        self.0.next().filter(|_| meter::charge(0)).map(Part)
    }
}

impl<'a> Iterator for Each<serde_json::map::Iter<'a>> {
    type Item = (&'a str, Part<'a>);

    fn next(&mut self) -> Option<(&'a str, Part<'a>)> {
        self.0.next().filter(|(name, _)| meter::charge(name.len() / BYTES_PER_STEP)).map(|(name, value)| (name.as_str(), Part(value)))
    }
}

/// The same text for equal values: members in the order of their names, numbers by what they are worth.
fn write_canonically(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_canonically(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, member) in members {
                write_text(name, text);
                write_canonically(member, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::String(inner) => write_text(inner, text),
        Value::Number(number) => write_number(number, text),
        Value::Null | Value::Bool(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

/// With its length before it, so that it says where it ends whatever is in it.
fn write_text(inner: &str, text: &mut String) {
    let _ = write!(text, "\"{}\"", inner.len());
    text.push_str(inner);
}

fn write_number(number: &Number, text: &mut String) {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 1e30);
    let _ = match float {
        Some(0.0) => write!(text, "0"), // -0 too
        Some(float) => write!(text, "{float:.0}"),
        None => write!(text, "{number}"),
    };
}
