// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Members that are read and are certainly not there: of what everybody knows, and of the outputs of groups, which the definition tells.

use super::super::problem::{ProblemKind, Problems};
use super::{Sight, Sighting};
use crate::TaskIndex;
use crate::plan::{ListIndex, TaskKind};
use expressions::Reference;
use stdx::nearest;

/// Names that a hint lists.
const LISTED_MAX: usize = 10;

impl Sight<'_> {
    pub(super) fn members(&self, sighting: &Sighting, problems: &mut Problems) {
        for suspect in sighting.references.suspects() {
            let kind = ProblemKind::Misspelt { word: suspect.word.clone(), column: suspect.column, message: suspect.message.clone() };
            problems.push(sighting.path.clone(), kind);
        }
        for read in sighting.references.all() {
            if let Some(kind) = self.no_such_member(read) {
                problems.push(sighting.path.clone(), kind);
            }
        }
    }

    fn no_such_member(&self, read: &Reference) -> Option<ProblemKind> {
        let word = read.member.as_deref()?;
        let task = self.arranged.tasks.get(*self.by_id.get(&*read.id)?)?;
        let known: Vec<&str> = match &task.kind {
            TaskKind::Group { list, .. } => self.ids_of(*list),
            // Without `forEach` it is what the last pass gave.
            TaskKind::Loop(planned) if !planned.call && planned.passes_max.is_some() => self.ids_of(planned.list),
            TaskKind::Choice { all: false, .. } => vec!["branch", "output"],
            TaskKind::Agent { .. } | TaskKind::Workflow | TaskKind::Wait | TaskKind::Loop(_) | TaskKind::Choice { .. } => return None,
        };
        if known.contains(&word) {
            return None;
        }
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() <= LISTED_MAX => format!("it has {}", known.join(", ")),
            None => "it has a member for each of its tasks, by id".to_owned(),
        };
        let holder = format!("tasks.{}.output", read.id);
        Some(ProblemKind::NoSuchMember { holder, word: word.to_owned(), column: read.column, hint })
    }

    fn ids_of(&self, list: ListIndex) -> Vec<&str> {
        let tasks = self.arranged.lists.get(list.0 as usize).map_or(0..0, |list| list.tasks.clone());
        tasks.filter_map(|number| Some(&*self.arranged.tasks.get(TaskIndex::new(number))?.id)).collect()
    }
}
