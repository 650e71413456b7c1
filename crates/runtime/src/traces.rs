// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time, answered from their records: by any thread that has an archive.

mod advising;
mod predicting;
mod reading;
mod spanning;

pub use predicting::changed;
pub use reading::trace;
pub use spanning::Spanning;

use crate::Error;
use crate::store::Archive;
use analytics::compare;
use analytics::path::{self, Profile};
use analytics::replay::{self, Eta};
use analytics::spans::{self, Place};
pub use analytics::trace::Trace;
use serde::Deserialize;
use serde_json::json;

/// A question as JSON text has it.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
enum Asked {
    /// What the time of an execution went into.
    Profile { id: String, now: u64 },
    /// Its tasks as a page shows them.
    Timeline { id: String },
    /// What differs between two executions.
    Compare { a: String, b: String },
    /// What a change would have done to an execution, and to others like it.
    Predict(predicting::Asked),
    /// What its latest executions advise of a workflow.
    Advice(advising::Asked),
    /// What came of a change.
    Outcome(advising::Followed),
}

/// The answer to a question, both JSON text; `None` if there is no such execution.
///
/// ```json
/// {"what":"profile","id":"…","now":1}
/// {"what":"timeline","id":"…"}
/// {"what":"compare","a":"…","b":"…"}
/// {"what":"predict","id":"…","change":[{"path":["tasks",{"id":"report"},"timeout"],"operation":{"type":"replace","content":"5s"}},
///   {"agent":"work","maxAgents":4,"each":1}],"assuming":[{"task":"fetch","factor":0.5,"bucket":"model"}]}
/// {"what":"advice","workflowId":"w","since":1,"until":2,"proposals":[[…]]}
/// {"what":"outcome","workflowId":"w","change":[…],"since":1}
/// ```
/// A profile and a timeline are as `analytics::path` writes them, a comparison as `analytics::compare` does; `{"gone": id}` if one of the two is not there. A prediction is as
/// `predicting` writes it, what is advised and what came of it as `advising` does.
pub fn answer(archive: &dyn Archive, asked: &str) -> Result<Option<String>, Error> {
    match serde_json::from_str(asked).map_err(|error| Error::Malformed { what: "question", message: error.to_string() })? {
        Asked::Profile { id, now } => profile(archive, &id, now),
        Asked::Timeline { id } => Ok(trace(archive, &id)?.map(|trace| timeline(&trace))),
        Asked::Compare { a, b } => {
            let (first, second) = (trace(archive, &a)?, trace(archive, &b)?);
            let gone = if first.is_none() { a } else { b };
            Ok(Some(first.zip(second).map_or_else(|| json!({ "gone": gone }), |(a, b)| compare::to_value(&a, &b)).to_string()))
        }
        Asked::Predict(asked) => predicting::answer(archive, &asked),
        Asked::Advice(asked) => advising::advice(archive, &asked),
        Asked::Outcome(followed) => advising::outcome(archive, &followed),
    }
}

/// Of one that has not ended also when it will have: `{"eta":{"at","range":[from,to],"executions"}}`, null where nothing on record tells.
fn profile(archive: &dyn Archive, id: &str, now: u64) -> Result<Option<String>, Error> {
    let Some(trace) = trace(archive, id)? else { return Ok(None) };
    let mut told = Profile::of(&trace).to_value(&trace);
    if !trace.has_ended {
        let mut past = predicting::completed(archive, &trace)?;
        past.retain(|other| other.version == trace.version);
        let found = replay::eta(&trace, &past, now)
            .map(|Eta { at, range, executions }| json!({ "at": at, "range": range, "executions": executions }));
        if let Some(told) = told.as_object_mut() {
            told.insert("eta".to_owned(), found.unwrap_or_default());
        }
    }
    Ok(Some(told.to_string()))
}

fn timeline(trace: &Trace) -> String {
    path::timeline(trace).to_string()
}

/// The ids of the span of an attempt and of its trace.
pub fn span_of_attempt(execution: &str, path: &str, attempt: u32, traceparent: Option<&str>) -> Vec<String> {
    vec![spans::attempt_span(execution, path, attempt), Place::of(execution, traceparent, None).trace]
}

/// The ids of the span of an execution, of its trace, and of the span that it stands under, if it does.
pub fn span_of_execution(execution: &str, traceparent: Option<&str>, above: Option<(&str, &str)>) -> Vec<String> {
    let Place { trace, parent } = Place::of(execution, traceparent, above);
    [spans::execution_span(execution), trace].into_iter().chain(parent).collect()
}
