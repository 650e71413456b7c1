// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The rows of a timeline as JSON text: each task below the one it stands in, those of an execution below the task that ran it.
//!
//! ```json
//! {"id":"…","workflowId":"w","version":"1","startedAt":1,"endedAt":9,"ended":true,"buckets":{"code":8},
//!  "tasks":[{"path":"fetch","depth":0,"agent":"a","status":"completed","error":null,"from":1,"to":9,"segments":[[1,9,"code",1]],"share":8,"slack":0}]}
//! ```
//! Instants are microseconds since the epoch, times are microseconds. `from` is null for a task that never could run; a segment has from when, to when, what
//! that went into, and the attempt or 0.

use super::{Profile, buckets_value};
use crate::Outcome;
use crate::trace::{Micros, TaskNumber, Trace, TracedTask};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The timeline of an execution.
pub fn timeline(trace: &Trace) -> Value {
    let profile = Profile::of(trace);
    let parts = profile.tasks.iter().map(|task| ((&*task.execution, task.task), (task.share, task.slack))).collect();
    let mut rows = Vec::new();
    Rows { parts: &parts, rows: &mut rows }.add(trace, 0);
    json!({
        "id": &*trace.execution,
        "workflowId": &*trace.workflow,
        "version": &*trace.version,
        "startedAt": trace.started,
        "endedAt": trace.ended,
        "ended": trace.has_ended,
        "buckets": buckets_value(&profile.buckets),
        "tasks": rows,
    })
}

struct Rows<'a> {
    /// The share of the critical path and the slack of each task.
    parts: &'a BTreeMap<(&'a str, TaskNumber), (Micros, Micros)>,
    rows: &'a mut Vec<Value>,
}

impl Rows<'_> {
    fn add(&mut self, trace: &Trace, depth: usize) {
        let root = trace.tasks.len();
        let mut inner: Vec<Vec<TaskNumber>> = vec![Vec::new(); root + 1];
        for (number, task) in trace.tasks.iter().enumerate() {
            if let Some(inner) = inner.get_mut(task.owner.unwrap_or(root)) {
                inner.push(number);
            }
        }
        // What undoes a task, and what was spawned, may come late: those that could run first stand first.
        for inner in &mut inner {
            inner.sort_by_key(|number| trace.tasks.get(*number).map(|task| (task.released.unwrap_or(task.ended.at), task.born.order)));
        }
        self.list(trace, &inner, root, depth);
    }

    fn list(&mut self, trace: &Trace, inner: &[Vec<TaskNumber>], owner: TaskNumber, depth: usize) {
        for number in inner.get(owner).into_iter().flatten().copied() {
            let Some(task) = trace.tasks.get(number) else { continue };
            self.rows.push(self.row(trace, number, task, depth));
            for child in trace.children.iter().filter(|child| child.task == number) {
                self.add(&child.trace, depth + 1);
            }
            self.list(trace, inner, number, depth + 1);
        }
    }

    fn row(&self, trace: &Trace, number: TaskNumber, task: &TracedTask, depth: usize) -> Value {
        let (share, slack) = self.parts.get(&(&*trace.execution, number)).copied().unwrap_or_default();
        let segments = task.segments.iter().map(|part| json!([part.from, part.to, part.bucket.word(), part.attempt]));
        json!({
            "path": task.path,
            "depth": depth,
            "agent": task.agent.as_deref(),
            "status": status(task),
            "error": task.error.as_deref(),
            "from": task.released,
            "to": task.ended.at,
            "segments": segments.collect::<Vec<_>>(),
            "share": share,
            "slack": slack,
        })
    }
}

fn status(task: &TracedTask) -> &'static str {
    match task.outcome {
        None => "running",
        Some(Outcome::Completed) => "completed",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Skipped) => "skipped",
        Some(Outcome::Cancelled) => "cancelled",
    }
}
