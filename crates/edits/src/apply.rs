// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Changes are made.

use crate::problem::{EditError, Problem, written};
use crate::text::splice;
use crate::{Edit, Operation, Position, Segment};
use serde_json::{Map, Value};

/// The definition with all of these changes, made one after the other; the first that cannot be made refuses them all.
pub fn applied(definition: &Value, edits: &[Edit]) -> Result<Value, EditError> {
    let mut changed = definition.clone();
    for (edit, Edit { path, operation }) in edits.iter().enumerate() {
        let place = |(depth, problem): (usize, Problem)| EditError { edit, path: written(path.get(..depth).unwrap_or(path)), problem };
        apply(&mut changed, path, operation).map_err(place)?;
    }
    Ok(changed)
}

/// What went wrong, and how many segments of the path lead to it.
type Failed = (usize, Problem);

fn apply(root: &mut Value, path: &[Segment], operation: &Operation) -> Result<(), Failed> {
    let whole = path.len();
    let here = |problem| (whole, problem);
    match operation {
        Operation::Replace { position: None, content, .. } => set(root, path, content.clone()),
        Operation::Delete { position: None, length } => {
            let (holder, last) = holder(root, path)?;
            delete(holder, last, *length).map_err(here)
        }
        Operation::Insert { position, content } => insert(at(root, path)?, position.as_ref(), content).map_err(here),
        Operation::Delete { position: Some(position), length } => delete(at(root, path)?, position, *length).map_err(here),
        Operation::Replace { position: Some(position), length, content } => {
            replace_part(at(root, path)?, position, *length, content).map_err(here)
        }
        Operation::Move { from, to } => move_below(at(root, path)?, from, to).map_err(here),
    }
}

/// What a path leads to.
fn at<'v>(root: &'v mut Value, path: &[Segment]) -> Result<&'v mut Value, Failed> {
    let mut value = root;
    for (depth, segment) in path.iter().enumerate() {
        value = child(value, segment).map_err(|problem| (depth + 1, problem))?;
    }
    Ok(value)
}

/// What holds that which a path leads to, and the last segment.
fn holder<'v, 'p>(root: &'v mut Value, path: &'p [Segment]) -> Result<(&'v mut Value, &'p Segment), Failed> {
    let (last, before) = path.split_last().ok_or((0, Problem::Root))?;
    Ok((at(root, before)?, last))
}

fn child<'v>(value: &'v mut Value, segment: &Segment) -> Result<&'v mut Value, Problem> {
    match value {
        Value::Array(array) => {
            let place = place_in(array, segment)?;
            let length = array.len();
            array.get_mut(place).ok_or_else(|| no_place(place, length))
        }
        Value::Object(fields) => {
            let name = name_of(segment);
            if !fields.contains_key(&name) {
                return Err(no_field(fields, name));
            }
            fields.get_mut(&name).ok_or(Problem::Root)
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err(Problem::NoWay { segment: name_of(segment), found: kind_of(other) })
        }
    }
}

/// A segment as the name of a field.
fn name_of(segment: &Segment) -> String {
    match segment {
        Segment::Field(name) | Segment::Id(name) => name.clone(),
        Segment::Index(index) => index.to_string(),
    }
}

/// The place of an element; it need not be there.
fn place_in(array: &[Value], segment: &Segment) -> Result<usize, Problem> {
    match segment {
        Segment::Index(index) => Ok(*index),
        Segment::Field(field) => field.parse().map_err(|_| Problem::NameInArray { field: field.clone() }),
        Segment::Id(id) => {
            let place = array.iter().position(|element| id_of(element) == Some(id));
            place.ok_or_else(|| Problem::NoElement { id: id.clone(), known: known(id, array.iter().filter_map(id_of)) })
        }
    }
}

fn id_of(element: &Value) -> Option<&str> {
    element.as_str().or_else(|| element.get("id").and_then(Value::as_str))
}

fn no_place(index: usize, length: usize) -> Problem {
    Problem::NoPlace { index, length, most: length.saturating_sub(1) }
}

fn no_field(fields: &Map<String, Value>, field: String) -> Problem {
    Problem::NoField { known: known(&field, fields.keys().map(String::as_str)), field }
}

/// What was probably meant, or what there is.
fn known<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> String {
    const NAMES_MAX: usize = 8;
    let names: Vec<&str> = names.collect();
    if let Some(near) = stdx::nearest(word, names.iter().copied()) {
        return format!("; did you mean `{near}`?");
    }
    let shown: Vec<String> = names.iter().take(NAMES_MAX).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > NAMES_MAX { " and others" } else { "" };
    if shown.is_empty() { String::new() } else { format!("; there are {}{more}", shown.join(", ")) }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Sets what a path names: an element that is there, or a field, whether it is there or not.
fn set(root: &mut Value, path: &[Segment], content: Value) -> Result<(), Failed> {
    let (holder, last) = holder(root, path)?;
    match holder {
        Value::Object(fields) => _ = fields.insert(name_of(last), content),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            *child(other, last).map_err(|problem| (path.len(), problem))? = content;
        }
    }
    Ok(())
}

fn insert(target: &mut Value, position: Option<&Position>, content: &Value) -> Result<(), Problem> {
    match target {
        Value::Array(array) => {
            let length = array.len();
            let place = position.map_or(Ok(length), |position| place_in(array, position))?;
            if place > length {
                return Err(Problem::NoPlace { index: place, length, most: length });
            }
            array.insert(place, content.clone());
            Ok(())
        }
        Value::String(text) => {
            let Value::String(content) = content else {
                return Err(Problem::Wrong { operation: "insert", needs: "a string as `content`", found: "a string" });
            };
            let offset = position.map_or_else(|| Ok(text.encode_utf16().count()), offset_of)?;
            splice(text, offset, Some(0), content)
        }
        Value::Object(fields) => {
            let Some(position) = position else {
                return Err(Problem::Wrong { operation: "insert", needs: "the name of a field as `position`", found: "an object" });
            };
            let field = name_of(position);
            if fields.contains_key(&field) {
                return Err(Problem::Exists { field });
            }
            fields.insert(field, content.clone());
            Ok(())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => {
            Err(Problem::Wrong { operation: "insert", needs: "an array, a string or an object", found: kind_of(other) })
        }
    }
}

fn delete(target: &mut Value, position: &Position, length: usize) -> Result<(), Problem> {
    match target {
        Value::Array(array) => {
            let (from, count) = (place_in(array, position)?, array.len());
            let to = from.saturating_add(length);
            if from >= count || to > count {
                return Err(no_place(if from >= count { from } else { to.saturating_sub(1) }, count));
            }
            array.drain(from..to);
            Ok(())
        }
        Value::String(text) => splice(text, offset_of(position)?, Some(length), ""),
        Value::Object(fields) => {
            let field = name_of(position);
            // The order of the others stays: people read definitions.
            fields.shift_remove(&field).map(|_| ()).ok_or_else(|| no_field(fields, field))
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => {
            Err(Problem::Wrong { operation: "delete", needs: "an array, a string or an object", found: kind_of(other) })
        }
    }
}

fn replace_part(target: &mut Value, position: &Position, length: Option<usize>, content: &Value) -> Result<(), Problem> {
    match (target, content) {
        (Value::String(text), Value::String(content)) => splice(text, offset_of(position)?, length, content),
        (Value::String(_), _) => Err(Problem::Wrong { operation: "replace", needs: "a string as `content`", found: "a string" }),
        (other, _) => Err(Problem::Wrong {
            operation: "replace",
            needs: "a string where there is a `position`; name the element in `path`",
            found: kind_of(other),
        }),
    }
}

/// The offset of a position in a string.
fn offset_of(position: &Position) -> Result<usize, Problem> {
    match position {
        Segment::Index(offset) => Ok(*offset),
        Segment::Field(field) | Segment::Id(field) => field.parse().map_err(|_| Problem::NameInArray { field: field.clone() }),
    }
}

/// Takes a value out and puts it in elsewhere. Nothing has changed if it does not fit there.
fn move_below(target: &mut Value, from: &[Segment], to: &[Segment]) -> Result<(), Problem> {
    let plain = |(_, problem): Failed| problem;
    if to.len() > from.len() && to.starts_with(from) {
        return Err(Problem::IntoItself);
    }
    let mut changed = target.clone();
    let moved = at(&mut changed, from).map_err(plain)?.clone();
    let (source, last) = holder(&mut changed, from).map_err(plain)?;
    if matches!(source, Value::String(_)) {
        return Err(Problem::Wrong { operation: "move", needs: "an array or an object", found: "a string" });
    }
    delete(source, last, 1)?;
    let (destination, last) = holder(&mut changed, to).map_err(plain)?;
    match destination {
        Value::String(_) => return Err(Problem::Wrong { operation: "move", needs: "an array or an object", found: "a string" }),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            insert(other, Some(last), &moved)?;
        }
    }
    *target = changed;
    Ok(())
}
