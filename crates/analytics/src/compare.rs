// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Two executions beside each other: what took longer in the second, by task and by what the time went into.

use crate::path::{Profile, buckets_value};
use crate::trace::{Micros, Trace};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A task in one of two executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// From when it could run to its end, all its passes together.
    pub duration: Micros,
    /// How much of the critical path it is.
    pub share: Micros,
}

/// The tasks of both, by their ids: `None` where one has no such task, or it never could run. Those of child workflows count for themselves.
pub fn sides(first: &Profile, second: &Profile) -> BTreeMap<String, (Option<Side>, Option<Side>)> {
    let mut sides: BTreeMap<String, (Option<Side>, Option<Side>)> = BTreeMap::new();
    for (profile, is_second) in [(first, false), (second, true)] {
        for task in &profile.tasks {
            let both = sides.entry(task.id.to_string()).or_default();
            let side = if is_second { &mut both.1 } else { &mut both.0 };
            let side = side.get_or_insert_default();
            side.duration += task.duration;
            side.share += task.share;
        }
    }
    sides
}

/// The comparison as a JSON value: `{"a": {"id", "workflowId", "version", "duration", "buckets"}, "b": {…}, "tasks": [["fetch", [duration, share] | null,
/// [duration, share] | null]]}`; microseconds, the largest change of a share first.
pub fn to_value(first: &Trace, second: &Trace) -> Value {
    let (a, b) = (Profile::of(first), Profile::of(second));
    let head = |trace: &Trace, profile: &Profile| {
        json!({
            "id": &*trace.execution,
            "workflowId": &*trace.workflow,
            "version": &*trace.version,
            "duration": profile.makespan,
            "buckets": buckets_value(&profile.buckets),
        })
    };
    let mut tasks: Vec<_> = sides(&a, &b).into_iter().collect();
    let share = |side: Option<Side>| side.map_or(0, |side| side.share);
    tasks.sort_by_key(|(_, (a, b))| std::cmp::Reverse(share(*a).abs_diff(share(*b))));
    let row = |side: Option<Side>| side.map(|side| [side.duration, side.share]);
    let rows: Vec<Value> = tasks.iter().map(|(id, (a, b))| json!([id, row(*a), row(*b)])).collect();
    json!({ "a": head(first, &a), "b": head(second, &b), "tasks": rows })
}
