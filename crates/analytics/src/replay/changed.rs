// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Changes, as a replay looks them up.

use super::Change;
use crate::trace::{Bucket, Micros, TaskNumber, Trace, TracedAttempt, TracedTask};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Clone, Copy)]
pub(super) struct Changed<'a> {
    pub(super) trace: &'a Trace,
    pub(super) changes: &'a [Change],
}

/// An attempt that a time-out stops.
pub(super) struct Cut {
    /// After so long.
    pub(super) after: Micros,
    /// What is made in its place: after how long, and how long that takes. `None`: what is on record follows, or nothing.
    pub(super) again: Option<(Micros, Micros)>,
}

impl<'a> Changed<'a> {
    /// How long a part of a task takes.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a time, and not negative")]
    pub(super) fn time(&self, number: TaskNumber, task: &TracedTask, bucket: Bucket, time: Micros) -> Micros {
        if self.is_gone(number, task) {
            return 0;
        }
        // The ways and the waits around it are not what a task does.
        let is_own = !matches!(bucket, Bucket::Queue | Bucket::Pause | Bucket::Persist | Bucket::Scheduler);
        let mut factor = 1.0;
        for change in self.changes {
            if let Change::Faster { task: id, bucket: of, factor: by, .. } = change
                && *id == task.id
                && of.map_or(is_own, |of| of == bucket)
            {
                factor *= by;
            }
        }
        if (factor - 1.0_f64).abs() < f64::EPSILON { time } else { (time as f64 * factor.max(0.0)).round() as Micros }
    }

    /// Whether an instance takes no time.
    pub(super) fn is_gone(&self, number: TaskNumber, task: &TracedTask) -> bool {
        self.changes.iter().any(|change| match change {
            Change::Without(one) => *one == number,
            Change::WithoutTask(id) => *id == task.id,
            Change::Reused(hits) => hits.contains(&(Arc::clone(&self.trace.execution), number)),
            Change::Faster { .. }
            | Change::DoneBy { .. }
            | Change::Dearer { .. }
            | Change::Places { .. }
            | Change::MorePlaces { .. }
            | Change::WithoutEdge { .. }
            | Change::WithEdge { .. }
            | Change::Attempts { .. }
            | Change::Timeout { .. } => false,
        })
    }

    /// Whose place a task needs.
    pub(super) fn agent(&self, task: &TracedTask) -> Option<Arc<str>> {
        let other = self.changes.iter().rev().find_map(|change| {
            let Change::DoneBy { task: id, agent } = change else { return None };
            (*id == task.id).then_some(agent)
        });
        task.agent.as_ref().map(|own| Arc::clone(other.unwrap_or(own)))
    }

    /// Whether a task does not wait any more for a dependency.
    pub(super) fn drops(&self, task: &TracedTask, dependency: TaskNumber) -> bool {
        let id = self.trace.tasks.get(dependency).map(|task| &task.id);
        let without = |change: &Change| matches!(change, Change::WithoutEdge { task: waits, dependency } if *waits == task.id && Some(dependency) == id);
        self.changes.iter().any(without)
    }

    /// What a task waits for besides: siblings of the same pass.
    pub(super) fn adds(&self, task: &'a TracedTask) -> impl Iterator<Item = TaskNumber> + use<'a> {
        let trace = self.trace;
        let ids = self.changes.iter().filter_map(|change| {
            let Change::WithEdge { task: waits, dependency } = change else { return None };
            (*waits == task.id).then_some(dependency)
        });
        ids.flat_map(move |id| {
            let siblings = trace.tasks.iter().enumerate().filter(|(_, other)| other.owner == task.owner && other.born == task.born);
            siblings.filter(move |(_, other)| other.id == *id).map(|(number, _)| number)
        })
    }

    /// A task without the attempts that are not made any more.
    pub(super) fn kept<'t>(&self, task: &'t TracedTask) -> Cow<'t, TracedTask> {
        let most = self.changes.iter().find_map(|change| {
            let Change::Attempts { task: id, most } = change else { return None };
            (*id == task.id).then_some(*most)
        });
        // Attempts that follow each other because the one before failed. A stand-in for the task comes after them, and stays.
        let tried = task.attempts.iter().position(|attempt| attempt.backoff_until.is_none()).map_or(task.attempts.len(), |last| last + 1);
        let kept = most.map_or(tried, |most| most.max(1) as usize);
        let ends = kept.checked_sub(1).and_then(|last| task.attempts.get(last)).zip(task.attempts.get(tried.saturating_sub(1)));
        let Some((last, never)) = ends.filter(|_| kept < tried) else { return Cow::Borrowed(task) };
        let (from, to) = (last.recorded, never.recorded);
        let mut shorter = task.clone();
        shorter.attempts.drain(kept..tried);
        shorter.segments.retain(|segment| segment.from < from || segment.from >= to);
        Cow::Owned(shorter)
    }

    /// Whether an attempt is stopped before it ends by itself.
    pub(super) fn cut(&self, task: &TracedTask, attempt: &TracedAttempt) -> Option<Cut> {
        let took = attempt.end.saturating_sub(attempt.start);
        self.changes.iter().find_map(|change| {
            let Change::Timeout { task: id, after, most, rest, typical } = change else { return None };
            let again = (attempt.backoff_until.is_none() && attempt.attempt < *most).then_some((*rest, *typical));
            (*id == task.id && took > *after).then_some(Cut { after: *after, again })
        })
    }
}
