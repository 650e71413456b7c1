// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What stands in for a leaf that would have failed: another agent, in another attempt, or a value.
//!
//! ```text
//! … --would have failed--> Ready(an agent) --admitted--> Running --finished well--> Completed, degraded
//!                     |                                     └ finished badly, or no value of use: the next, else Failed
//!                     └--> Ready(a value) --it fits--> Completed, degraded
//! ```
//! Each is tried once. Nothing stands in for a task whose scope stops, nor for one whose conditions could not be judged: whether it was to run at all is
//! not known. Once the total time of a task has passed only a value does, since that takes none.

use super::super::{Command, Event, Output};
use super::Decider;
use super::attempts::Measured;
use crate::plan::Fallback;
use crate::{Failure, InstanceIndex, TaskIndex};
use std::sync::Arc;

impl Decider<'_> {
    /// Whether something stands in for a task that would have failed.
    pub(super) fn fall_back(&mut self, measured: Measured, failure: &Arc<Failure>) -> bool {
        let Measured { task, attempt, start, end } = measured;
        let Some((place, again, input)) = self.next_fallback(task) else { return false };
        let failure = Arc::clone(failure);
        self.record(Event::FallbackTaken { task, attempt, start, end, failure, place, again, input });
        self.release(task);
        true
    }

    /// The next thing that can stand in for a task: its place, whether it is an agent, and what the templates of that gave.
    fn next_fallback(&self, task: InstanceIndex) -> Option<(u32, bool, Option<Arc<str>>)> {
        let planned = self.execution.planned(task);
        if planned.fallbacks.is_empty() {
            return None;
        }
        let record = &self.execution.tasks[task];
        let scope = self.execution.scope(record.scope);
        let stops = scope.stopping.is_some() && (!planned.cleanup || scope.forced);
        let more = record.less();
        let is_wanted = planned.conditions.is_empty() || more.is_some_and(|more| more.admitted_by_gate);
        if stops || !is_wanted {
            return None;
        }
        let has_time = more.and_then(|more| more.total_deadline).is_none_or(|deadline| deadline > self.now);
        let next = more.and_then(|more| more.fallen.as_ref()?.place).map_or(0, |place| place + 1);
        let rest = (next..).zip(planned.fallbacks.get(next as usize..)?);
        rest.into_iter().find_map(|(place, fallback)| match fallback {
            Fallback::Value(_) => Some((place, false, None)),
            // One whose input cannot be made is of no use.
            Fallback::Agent(agent) if has_time => self.render_for(task, *agent).ok().map(|input| (place, true, input)),
            Fallback::Agent(_) => None,
        })
    }

    fn render_for(&self, task: InstanceIndex, agent: TaskIndex) -> Result<Option<Arc<str>>, Failure> {
        self.render(task, self.execution.planned_at(agent))
    }

    /// Completes a task with the value that stands in for it, if one does; true if so. Its `outputSchema` is asked first.
    pub(super) fn stand_in(&mut self, task: InstanceIndex) -> bool {
        let Some(Fallback::Value(value)) = self.execution.fallback(task) else { return false };
        let candidate = Arc::clone(value);
        if self.execution.planned(task).output_schema.is_some() {
            self.step.commands.push(Command::Review { task, candidate });
        } else {
            self.complete_with(task, candidate);
        }
        true
    }

    /// What the schema of a task said of the value that stands in for it.
    pub(super) fn stood_in(&mut self, task: InstanceIndex, result: Result<Arc<str>, Failure>) {
        if !matches!(self.execution.fallback(task), Some(Fallback::Value(_))) {
            return;
        }
        match result {
            Ok(output) => self.complete_with(task, output),
            Err(failure) => self.fail(task, failure),
        }
    }

    fn complete_with(&mut self, task: InstanceIndex, output: Arc<str>) {
        let record = &self.execution.tasks[task];
        let (attempt, start) = (record.attempts(), record.first_start.unwrap_or(self.now));
        self.complete(Measured { task, attempt, start, end: self.now }, Output::Json(output));
    }
}
