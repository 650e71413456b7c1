// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How executions and tasks have gone since the driver began, for each workflow: what a scrape reads. Nothing is decided by it, and it costs a few
//! additions a task.
//!
//! Workflows may be made by programs, so no more than [`WORKFLOWS_MAX`] are told apart: the others are counted together.

use super::Driver;
use super::slots::Live;
use engine::{End, Event};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Workflows that are told apart.
const WORKFLOWS_MAX: usize = 200;

/// The upper bounds of the times that are counted together, in microseconds; what is longer stands behind them.
const BOUNDS: [u64; 13] =
    [1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000, 300_000_000, 1_800_000_000];

/// The counts of each workflow.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// The place of each workflow in `of`; `None`: those beyond the bound are counted there.
    places: FxHashMap<Option<Arc<str>>, u32>,
    of: Vec<WorkflowCounts>,
    /// Batches that were given to the store, and records in them.
    commits: (u64, u64),
}

#[derive(Debug, Default)]
struct WorkflowCounts {
    name: Option<Arc<str>>,
    /// Completed, failed, cancelled.
    executions: [u64; 3],
    /// Completed, failed, skipped, cancelled.
    tasks: [u64; 4],
    retries: u64,
    execution_times: Times,
    task_times: Times,
    waits: Times,
}

/// Times by their lengths, with their sum in microseconds.
#[derive(Debug, Default)]
struct Times {
    counts: [u64; BOUNDS.len() + 1],
    sum: u64,
}

impl Times {
    fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(micros);
    }

    fn to_value(&self) -> Value {
        json!({ "counts": self.counts, "sum": self.sum })
    }
}

impl WorkflowCounts {
    fn to_value(&self) -> Value {
        json!({
            "workflow": self.name.as_deref(),
            "executions": self.executions,
            "tasks": self.tasks,
            "retries": self.retries,
            "executionTimes": self.execution_times.to_value(),
            "taskTimes": self.task_times.to_value(),
            "waits": self.waits.to_value(),
        })
    }
}

impl Counts {
    /// The counts of the workflow of an execution, whose place that keeps.
    fn of(&mut self, live: &mut Live) -> Option<&mut WorkflowCounts> {
        let place = *live.counted.get_or_insert_with(|| self.place(&live.execution.plan().workflow_id));
        self.of.get_mut(place as usize)
    }

    fn place(&mut self, workflow: &Arc<str>) -> u32 {
        let mut name = Some(Arc::clone(workflow));
        if let Some(known) = self.places.get(&name) {
            return *known;
        }
        if self.of.len() >= WORKFLOWS_MAX {
            name = None;
        }
        let next = u32::try_from(self.of.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(name.clone()).or_insert(next);
        if place == next {
            self.of.push(WorkflowCounts { name, ..WorkflowCounts::default() });
        }
        place
    }

    /// Looks at an event that is about to be put on record.
    #[expect(clippy::wildcard_enum_match_arm, reason = "these events are counted, and no other")]
    pub(super) fn look_at(&mut self, live: &mut Live, now: Timestamp, event: &Event) {
        let (place, time) = match event {
            Event::AttemptStarted { ready, .. } => {
                if let Some(counts) = self.of(live) {
                    counts.waits.add(now.since(*ready));
                }
                return;
            }
            Event::RetryScheduled { .. } => {
                if let Some(counts) = self.of(live) {
                    counts.retries += 1;
                }
                return;
            }
            Event::TaskCompleted { start, end, .. } => (0, Some(end.since(*start))),
            Event::TaskFailed { start, end, .. } => (1, Some(end.since(*start))),
            Event::TaskSkipped { .. } => (2, None),
            Event::TaskCancelled { .. } => (3, None),
            Event::ExecutionEnded { end } => {
                let time = live.execution.started().map(|started| now.since(started));
                let Some(counts) = self.of(live) else { return };
                let [completed, failed, cancelled] = &mut counts.executions;
                *match end {
                    End::Completed => completed,
                    End::Failed { .. } => failed,
                    End::Cancelled { .. } => cancelled,
                } += 1;
                counts.execution_times.add(time.unwrap_or_default());
                return;
            }
            _ => return,
        };
        let Some(counts) = self.of(live) else { return };
        if let Some(count) = counts.tasks.get_mut(place) {
            *count += 1;
        }
        if let Some(time) = time {
            counts.task_times.add(time);
        }
    }

    /// A batch with so many records goes to the store.
    pub(super) fn submitted(&mut self, records: usize) {
        self.commits.0 += 1;
        self.commits.1 += records as u64;
    }
}

impl Driver {
    /// Counts from now on.
    pub fn count(&mut self) {
        self.counts = Some(Box::default());
    }

    /// What was counted, as JSON text; `None`: nothing is.
    ///
    /// ```json
    /// {"bounds":[1000],"commits":1,"records":2,"workflows":[{"workflow":"w","executions":[1,0,0],"tasks":[2,0,0,0],"retries":0,
    ///  "executionTimes":{"counts":[1,0],"sum":9},"taskTimes":{"counts":[2,0],"sum":8},"waits":{"counts":[2,0],"sum":1}}]}
    /// ```
    /// Times are microseconds. `workflow` is null for those beyond the bound. Executions are counted by completed, failed, cancelled; tasks by completed, failed,
    /// skipped, cancelled.
    pub fn counts(&self) -> Option<String> {
        let counts = self.counts.as_deref()?;
        let workflows: Vec<Value> = counts.of.iter().map(WorkflowCounts::to_value).collect();
        let (commits, records) = counts.commits;
        Some(json!({ "bounds": BOUNDS, "commits": commits, "records": records, "workflows": workflows }).to_string())
    }
}
