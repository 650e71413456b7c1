// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time, answered from their records: by any thread that has an archive.

mod reading;

pub use reading::trace;

use crate::Error;
use crate::store::Archive;
use analytics::compare;
use analytics::path::{self, Profile};
use analytics::replay::{self, Change};
use analytics::spans::{self, Place};
use analytics::trace::Bucket;
pub use analytics::trace::Trace;
use serde::Deserialize;
use serde_json::json;

/// A question as JSON text has it.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
enum Asked {
    /// What the time of an execution went into.
    Profile { id: String },
    /// Its tasks as a page shows them.
    Timeline { id: String },
    /// Its spans, from a task on, about so many.
    Spans { id: String, from: usize, limit: usize },
    /// What differs between two executions.
    Compare { a: String, b: String },
    /// What changes would have done to an execution, and to others like it.
    Predict { id: String, changes: Vec<ChangeText> },
}

/// Something changed: a task that takes `factor` times as long, all of it or one `bucket`; an agent with so many places; a task that does not wait for another.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", untagged)]
enum ChangeText {
    Faster { task: String, factor: f64, bucket: Option<String> },
    Places { agent: String, places: usize },
    Edge { task: String, without: String },
}

/// Executions of the same workflow that a prediction is made of beside the one that is asked about.
const LIKE_IT_MAX: u32 = 30;

/// The answer to a question, both JSON text; `None` if there is no such execution.
///
/// ```json
/// {"what":"profile","id":"…"}
/// {"what":"timeline","id":"…"}
/// {"what":"spans","id":"…","from":0,"limit":10000}
/// {"what":"compare","a":"…","b":"…"}
/// {"what":"predict","id":"…","changes":[{"task":"fetch","factor":0.5},{"agent":"work","places":4},{"task":"report","without":"fetch"}]}
/// ```
/// A profile and a timeline are as `analytics::path` writes them, a comparison as `analytics::compare` does; `{"gone": id}` if one of the two is not there. A prediction is
/// `{"duration", "predicted", "saving": [low, high] | null, "executions"}`, times in microseconds and savings as shares.
pub fn answer(archive: &dyn Archive, asked: &str) -> Result<Option<String>, Error> {
    match serde_json::from_str(asked).map_err(|error| Error::Malformed { what: "question", message: error.to_string() })? {
        Asked::Profile { id } => Ok(trace(archive, &id)?.map(|trace| profile(&trace))),
        Asked::Timeline { id } => Ok(trace(archive, &id)?.map(|trace| timeline(&trace))),
        Asked::Spans { id, from, limit } => spans_of(archive, &id, from, limit),
        Asked::Compare { a, b } => {
            let (first, second) = (trace(archive, &a)?, trace(archive, &b)?);
            let gone = if first.is_none() { a } else { b };
            Ok(Some(first.zip(second).map_or_else(|| json!({ "gone": gone }), |(a, b)| compare::to_value(&a, &b)).to_string()))
        }
        Asked::Predict { id, changes } => predict(archive, &id, &changes),
    }
}

fn profile(trace: &Trace) -> String {
    Profile::of(trace).to_value(trace).to_string()
}

fn timeline(trace: &Trace) -> String {
    path::timeline(trace).to_string()
}

/// The ids of the span of an attempt and of its trace.
pub fn span_of_attempt(execution: &str, path: &str, attempt: u32, traceparent: Option<&str>) -> Vec<String> {
    vec![spans::attempt_span(execution, path, attempt), Place::of(execution, traceparent, None).trace]
}

/// Two lines: `{"count","next"}`, the task to go on with or null; and the spans as `analytics::spans` writes them.
fn spans_of(archive: &dyn Archive, id: &str, from: usize, limit: usize) -> Result<Option<String>, Error> {
    let Some(stored) = archive.execution(id)? else { return Ok(None) };
    let trace = reading::of(&stored)?;
    let options = stored.options.as_deref();
    let Origin { traceparent, parent } = options.and_then(|options| serde_json::from_str(options).ok()).unwrap_or_default();
    let above = parent.as_ref().map(|Above { execution, path }| (execution.as_str(), path.as_str()));
    let (spans, count, next) = spans::spans(&trace, &Place::of(&trace.execution, traceparent.as_deref(), above), from, limit);
    Ok(Some(format!("{}\n{spans}", json!({ "count": count, "next": next }))))
}

/// Where an execution comes from, as its options have it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Origin {
    traceparent: Option<String>,
    parent: Option<Above>,
}

#[derive(Deserialize)]
struct Above {
    execution: String,
    path: String,
}

fn predict(archive: &dyn Archive, id: &str, changes: &[ChangeText]) -> Result<Option<String>, Error> {
    let Some(asked) = trace(archive, id)? else { return Ok(None) };
    let changes: Vec<Change> = changes.iter().map(ChangeText::change).collect();
    let alone = replay::predict([&asked], &changes);
    // The spread is that of executions like it: of the same version, and ended well.
    let mut like_it = Vec::new();
    for stored in archive.completed(&asked.workflow, LIKE_IT_MAX)? {
        let other = reading::of(&stored)?;
        if other.version == asked.version && other.execution != asked.execution {
            like_it.push(other);
        }
    }
    if asked.has_ended {
        like_it.push(asked);
    }
    let all = replay::predict(&like_it, &changes);
    let saving = all.interval.map(|(low, high)| [low, high]);
    let told = json!({ "duration": alone.makespan, "predicted": alone.predicted, "average": all.saving(), "saving": saving, "executions": all.executions });
    Ok(Some(told.to_string()))
}

impl ChangeText {
    fn change(&self) -> Change {
        match self {
            Self::Faster { task, factor, bucket } => {
                let bucket = Bucket::ALL.into_iter().find(|of| Some(of.word()) == bucket.as_deref());
                Change::Faster { task: task.as_str().into(), bucket, factor: *factor }
            }
            Self::Places { agent, places } => Change::Places { agent: agent.as_str().into(), places: *places },
            Self::Edge { task, without } => Change::WithoutEdge { task: task.as_str().into(), dependency: without.as_str().into() },
        }
    }
}
