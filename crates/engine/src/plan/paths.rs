// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What paths are made of, and where the waits of a definition stand: `outer[n].approve`, whichever passes there will be.

use super::{Drive, Loop, Plan, TaskKind, Wait};
use crate::TaskIndex;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How the path of a task in a group follows from that of the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathForm {
    /// The passes of the group, which end in `]`, and the id.
    #[default]
    AfterPasses,
    /// Of an execution that was begun before: all up to the last `.` of the group's path, though its own id may have one. Its paths are in keys and in
    /// the ids of its children, so it keeps them.
    AfterLastDot,
}

impl PathForm {
    /// The path of a task of this id that stands in a group.
    pub(crate) fn beside(self, group: &str, id: &str) -> String {
        let passes = match self {
            Self::AfterPasses => group.rfind("].").and_then(|end| group.get(..=end)),
            Self::AfterLastDot => group.rsplit_once('.').map(|(passes, _)| passes),
        };
        passes.map_or_else(|| id.to_owned(), |passes| format!("{passes}.{id}"))
    }
}

/// Stands for the number of a pass: no id holds a control character.
const PASS: char = '\0';

/// Where a wait stands, in every pass.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// Its path with [`PASS`] in place of each number.
    text: String,
    /// How many passes there are at most of each loop around, outermost first; `None`: nobody knows.
    passes: Vec<Option<usize>>,
}

/// The addresses of waits by the signal they wait for.
pub(crate) type Waits = FxHashMap<Arc<str>, Vec<Address>>;

impl Address {
    /// Whether an instance of the wait may have this path.
    pub(crate) fn takes(&self, path: &str) -> bool {
        let mut parts = self.text.split(PASS);
        let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else { return false };
        for (part, passes) in parts.zip(&self.passes) {
            let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let is_pass = number.parse().is_ok_and(|pass: usize| passes.is_none_or(|passes| pass < passes) && pass.to_string() == number);
            match after.strip_prefix(part) {
                Some(left) if is_pass => rest = left,
                _ => return false,
            }
        }
        rest.is_empty()
    }
}

/// As a person reads it: `outer[n].approve`.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text.replace(PASS, "n"))
    }
}

impl Plan {
    /// Where signals are waited for, by their names; made when first asked for.
    pub(crate) fn waits(&self) -> &Waits {
        self.waits.get_or_init(|| self.waits_in(PathForm::default()))
    }

    /// Likewise, by paths of this form.
    pub(crate) fn waits_in(&self, form: PathForm) -> Waits {
        let mut waits = Waits::default();
        for (task, planned) in self.tasks.iter() {
            if let Some(Wait::Signal { name, .. }) = &planned.wait {
                waits.entry(Arc::clone(name)).or_default().push(self.address(task, form));
            }
        }
        waits
    }

    /// Whether both forms give the same paths: no group has a `.` in its id.
    pub(crate) fn has_plain_groups(&self) -> bool {
        let is_group = |kind: &TaskKind| matches!(kind, TaskKind::Group { .. } | TaskKind::Choice { .. });
        !self.tasks.iter().any(|(_, task)| is_group(&task.kind) && task.id.contains('.'))
    }

    /// Where a task stands, by paths of this form.
    pub(crate) fn address(&self, task: TaskIndex, form: PathForm) -> Address {
        let alone = |id: &str| Address { text: id.to_owned(), passes: Vec::new() };
        let Some(planned) = self.tasks.get(task) else { return alone("") };
        let Some((owner, kind)) = self.owner(task).and_then(|owner| Some((owner, &self.tasks.get(owner)?.kind))) else {
            return alone(&planned.id);
        };
        let Address { text, mut passes } = self.address(owner, form);
        let text = match kind {
            TaskKind::Loop(around) => {
                passes.push(passes_of(around.as_ref()));
                format!("{text}[{PASS}].{}", planned.id)
            }
            TaskKind::Group { .. } | TaskKind::Choice { .. } | TaskKind::Agent { .. } | TaskKind::Workflow | TaskKind::Wait => {
                form.beside(&text, &planned.id)
            }
        };
        Address { text, passes }
    }
}

/// How many passes a loop has at most, as far as its definition tells.
fn passes_of(around: &Loop) -> Option<usize> {
    match &around.drive {
        Drive::Items(items) => Some(items.len()),
        Drive::ForEach(_) => None,
        Drive::While(_) | Drive::Until(_) | Drive::Again(_) => around.passes_max.and_then(|passes| usize::try_from(passes).ok()),
    }
}
