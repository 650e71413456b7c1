// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which text of an `input` it is that reads what it should not: all of them are read as one.

use super::super::problem::{Problem, ProblemKind};
use expressions::Template;
use serde_json::Value;

/// Makes the path of such a problem longer: `tasks[1].input` becomes `tasks[1].input.data.users[0]`.
pub(in super::super) fn refine(definition: &Value, problem: &mut Problem) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "few problems are about what is read")]
    let word = match &problem.kind {
        ProblemKind::UnknownReference { id, .. } | ProblemKind::NotAncestor { id, .. } | ProblemKind::MayBeNull { id, .. } => id.as_str(),
        ProblemKind::Misspelt { word, .. } | ProblemKind::NoSuchMember { word, .. } => word.as_str(),
        ProblemKind::NoSignal { .. } => "signal",
        _ => return,
    };
    if problem.path.rsplit('.').next() == Some("input")
        && let Some(input) = at(definition, &problem.path)
        && let Some(place) = ["prompt", "data"].iter().find_map(|field| find(input.get(field)?, word, &format!(".{field}")))
    {
        problem.path.push_str(&place);
    }
}

/// The value a path leads to. Fields that lead to tasks have no dots in their names.
fn at<'a>(definition: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = definition;
    for step in path.split('.') {
        let (field, places) = step.split_once('[').unwrap_or((step, ""));
        value = value.get(field)?;
        for place in places.split('[').filter(|place| !place.is_empty()) {
            value = value.get(place.strip_suffix(']')?.parse::<usize>().ok()?)?;
        }
    }
    Some(value)
}

/// The first template in `value` that has this word.
fn find(value: &Value, word: &str, path: &str) -> Option<String> {
    match value {
        Value::String(text) => (Template::is_one(text) && text.contains(word)).then(|| path.to_owned()),
        Value::Array(items) => items.iter().enumerate().find_map(|(place, item)| find(item, word, &format!("{path}[{place}]"))),
        Value::Object(fields) => fields.iter().find_map(|(field, value)| find(value, word, &format!("{path}.{field}"))),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
