// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A profile as JSON text, for the host.
//!
//! ```json
//! {"id":"…","workflowId":"w","version":"1","startedAt":1,"endedAt":9,"ended":true,"buckets":{"code":8},
//!  "path":[["…","fetch",1,9,"code",1]],
//!  "tasks":[{"execution":"…","task":"fetch","path":"fetch","kind":"agent","agent":"a","share":8,"buckets":{"code":8},"duration":8,"slack":0,"drag":8}]}
//! ```
//! Instants are microseconds since the epoch, times are microseconds. A part of the path has the execution, the path of its task or null, from when, to when,
//! what that went into, and the attempt or 0.

use super::Profile;
use crate::Kind;
use crate::trace::{Bucket, Micros, TaskNumber, Trace};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Kind {
    /// The word users read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Workflow => "workflow",
            Self::Wait => "wait",
            Self::Group => "group",
        }
    }
}

/// Sums by bucket, those that are nothing left out.
pub fn buckets_value(buckets: &BTreeMap<Bucket, Micros>) -> Value {
    let of_each = Bucket::ALL.into_iter().filter_map(|bucket| Some((bucket.word().to_owned(), Value::from(*buckets.get(&bucket)?))));
    Value::Object(of_each.collect::<Map<_, _>>())
}

impl Profile {
    /// The profile of this trace as a JSON value.
    pub fn to_value(&self, trace: &Trace) -> Value {
        let mut paths: BTreeMap<(&str, TaskNumber), &str> = BTreeMap::new();
        for task in &self.tasks {
            paths.insert((&*task.execution, task.task), &task.path);
        }
        let path = self.path.iter().map(|step| {
            let task = step.task.and_then(|task| paths.get(&(&*step.execution, task)));
            json!([&*step.execution, task, step.from, step.to, step.bucket.word(), step.attempt])
        });
        let tasks = self.tasks.iter().map(|task| {
            json!({
                "execution": &*task.execution,
                "task": &*task.id,
                "path": task.path,
                "kind": task.kind.word(),
                "agent": task.agent.as_deref(),
                "share": task.share,
                "buckets": buckets_value(&task.buckets),
                "duration": task.duration,
                "slack": task.slack,
                "drag": task.drag,
            })
        });
        json!({
            "id": &*trace.execution,
            "workflowId": &*trace.workflow,
            "version": &*trace.version,
            "startedAt": trace.started,
            "endedAt": trace.ended,
            "ended": trace.has_ended,
            "buckets": buckets_value(&self.buckets),
            "path": path.collect::<Vec<_>>(),
            "tasks": tasks.collect::<Vec<_>>(),
        })
    }
}
