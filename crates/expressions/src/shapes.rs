// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is known, before anything runs, of the members of what expressions and templates read: a name beside them is a slip of the pen.

use crate::ROOTS;
use stdx::nearest;

/// What `tasks.<id>` has.
pub const TASK_FIELDS: &[&str] = &["status", "output", "error", "degraded", "attempts", "durationMs", "iterations"];
/// What `tasks.<id>.status` may be.
pub(crate) const TASK_STATUSES: &[&str] = &["pending", "waiting", "running", "completed", "failed", "skipped", "cancelled"];
const ERROR_FIELDS: &[&str] = &["code", "message"];
const EXECUTION_FIELDS: &[&str] = &["id", "startedAt"];
const SIGNAL_FIELDS: &[&str] = &["payload"];
/// The variables of the nearest loop, which are also what the id of a loop has.
pub const LOOP_FIELDS: &[&str] = &["item", "index", "iteration", "last"];

/// Something that is read and is certainly not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The word that is wrong.
    pub word: String,
    /// Where, counted in characters from 1; 0 in a template.
    pub column: usize,
    /// What is wrong with it, and the way out.
    pub message: String,
}

/// The first of the `steps` from `root`, each with its column, that is certainly not there.
pub(crate) fn unknown_member(root: &str, steps: &[(&str, usize)], variables: &[&str]) -> Option<Suspect> {
    let is_loop = || variables.contains(&root) && !LOOP_FIELDS.contains(&root) && !ROOTS.contains(&root);
    let (place, known) = match (root, steps) {
        ("tasks", [_, (field, _), ..]) if !TASK_FIELDS.contains(field) => (1, TASK_FIELDS),
        ("tasks", [_, ("error", _), (field, _), ..]) if !ERROR_FIELDS.contains(field) => (2, ERROR_FIELDS),
        ("execution", [(field, _), ..]) if !EXECUTION_FIELDS.contains(field) => (0, EXECUTION_FIELDS),
        ("signal", [(field, _), ..]) if !SIGNAL_FIELDS.contains(field) => (0, SIGNAL_FIELDS),
        (_, [(field, _), ..]) if is_loop() && !LOOP_FIELDS.contains(field) => (0, LOOP_FIELDS),
        _ => return None,
    };
    let (word, column) = *steps.get(place)?;
    let holder = steps.iter().take(place).fold(root.to_owned(), |holder, (step, _)| format!("{holder}.{step}"));
    let message = format!("`{holder}` has no `{word}`; {}", hint(word, known));
    Some(Suspect { word: word.to_owned(), column, message })
}

/// A status that no task ever has.
pub(crate) fn unknown_status(id: &str, word: &str, column: usize) -> Option<Suspect> {
    if TASK_STATUSES.contains(&word) {
        return None;
    }
    let message = format!("`tasks.{id}.status` is never `{word}`; {}", hint(word, TASK_STATUSES));
    Some(Suspect { word: word.to_owned(), column, message })
}

/// What was meant, or what there is.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known.join(", ")),
    }
}
