// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Changes as JSON has them.

use crate::problem::{EditError, Problem};
use crate::{Edit, Operation, Segment};
use serde_json::{Map, Value};

/// Reads one change: the `edit`-th of its list, at `path` in messages.
pub fn read(change: &Value, edit: usize, path: &str) -> Result<Edit, EditError> {
    let reader = Reader { edit, path };
    let fields = reader.object(change, "", "an object { path, operation }")?;
    reader.known(fields, "", &["path", "operation"])?;
    let at = reader.path(fields.get("path"), ".path")?;
    let operation = reader.operation(fields.get("operation"))?;
    if at.is_empty() && matches!(operation, Operation::Replace { .. } | Operation::Delete { position: None, .. }) {
        return Err(reader.error(".path", Problem::Root));
    }
    Ok(Edit { path: at, operation })
}

struct Reader<'a> {
    edit: usize,
    path: &'a str,
}

impl Reader<'_> {
    fn error(&self, below: &str, problem: Problem) -> EditError {
        EditError { edit: self.edit, path: format!("{}{below}", self.path), problem }
    }

    fn wrong(&self, below: &str, expected: &'static str, found: Option<&Value>) -> EditError {
        let found = found.map_or_else(|| "nothing".to_owned(), shown);
        self.error(below, Problem::Form { expected, found })
    }

    fn object<'v>(&self, value: &'v Value, below: &str, expected: &'static str) -> Result<&'v Map<String, Value>, EditError> {
        value.as_object().ok_or_else(|| self.wrong(below, expected, Some(value)))
    }

    fn known(&self, fields: &Map<String, Value>, below: &str, known: &[&str]) -> Result<(), EditError> {
        let other = fields.keys().find(|field| !known.contains(&field.as_str()));
        other.map_or(Ok(()), |field| Err(self.error(&format!("{below}.{field}"), Problem::UnknownField)))
    }

    fn path(&self, value: Option<&Value>, below: &str) -> Result<Vec<Segment>, EditError> {
        const FORM: &str = "an array of names, indices and { id }, such as [\"tasks\", { \"id\": \"report\" }, \"timeout\"]";
        let Some(Value::Array(segments)) = value else { return Err(self.wrong(below, FORM, value)) };
        let read = |(place, segment): (usize, &Value)| {
            segment_of(segment).ok_or_else(|| self.wrong(&format!("{below}[{place}]"), "a name, an index or { id }", Some(segment)))
        };
        segments.iter().enumerate().map(read).collect()
    }

    /// Where below its path something comes from or goes to: one segment, or several.
    fn way(&self, fields: &Map<String, Value>, name: &str) -> Result<Vec<Segment>, EditError> {
        let below = format!(".operation.{name}");
        match fields.get(name) {
            Some(Value::Array(segments)) if !segments.is_empty() => self.path(fields.get(name), &below),
            other => {
                let one = other.and_then(segment_of).map(|segment| vec![segment]);
                one.ok_or_else(|| self.wrong(&below, "an index, { id }, or a path below `path`", other))
            }
        }
    }

    fn operation(&self, value: Option<&Value>) -> Result<Operation, EditError> {
        const TYPES: &str = "'insert', 'delete', 'replace' or 'move'";
        let Some(value) = value else { return Err(self.wrong(".operation", "an object { type, … }", None)) };
        let fields = self.object(value, ".operation", "an object { type, … }")?;
        let content = || fields.get("content").cloned().ok_or_else(|| self.wrong(".operation.content", "what is put there", None));
        let (known, operation): (&[&str], Operation) = match fields.get("type").and_then(Value::as_str) {
            Some("insert") => {
                (&["type", "position", "content"], Operation::Insert { position: self.position(fields)?, content: content()? })
            }
            Some("delete") => {
                let length = self.length(fields)?.unwrap_or(1);
                (&["type", "position", "length"], Operation::Delete { position: self.position(fields)?, length })
            }
            Some("replace") => {
                let (position, length) = (self.position(fields)?, self.length(fields)?);
                (&["type", "position", "length", "content"], Operation::Replace { position, length, content: content()? })
            }
            Some("move") => (&["type", "from", "to"], Operation::Move { from: self.way(fields, "from")?, to: self.way(fields, "to")? }),
            _ => return Err(self.wrong(".operation.type", TYPES, fields.get("type"))),
        };
        self.known(fields, ".operation", known)?;
        Ok(operation)
    }

    fn position(&self, fields: &Map<String, Value>) -> Result<Option<Segment>, EditError> {
        let Some(position) = fields.get("position") else { return Ok(None) };
        let read = segment_of(position);
        read.map(Some).ok_or_else(|| self.wrong(".operation.position", "an index, { id }, or the name of a field", Some(position)))
    }

    fn length(&self, fields: &Map<String, Value>) -> Result<Option<usize>, EditError> {
        let Some(length) = fields.get("length") else { return Ok(None) };
        let read = length.as_u64().and_then(|length| usize::try_from(length).ok());
        read.map(Some).ok_or_else(|| self.wrong(".operation.length", "a whole number of 0 or more", Some(length)))
    }
}

fn segment_of(value: &Value) -> Option<Segment> {
    match value {
        Value::String(field) => Some(Segment::Field(field.clone())),
        Value::Number(index) => index.as_u64().and_then(|index| usize::try_from(index).ok()).map(Segment::Index),
        Value::Object(fields) if fields.len() == 1 => fields.get("id").and_then(Value::as_str).map(|id| Segment::Id(id.to_owned())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value in a message: short.
fn shown(value: &Value) -> String {
    const LETTERS_MAX: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= LETTERS_MAX { text } else { text.chars().take(LETTERS_MAX).chain(['…']).collect() }
}
