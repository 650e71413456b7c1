// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions about how executions spent their time, answered from their records: by any thread that has an archive.

mod reading;

pub use reading::{in_memory, trace};

use crate::Error;
use crate::store::Archive;
use analytics::path::{self, Profile};
pub use analytics::trace::Trace;
use serde::Deserialize;

/// A question as JSON text has it.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
enum Asked {
    /// What the time of an execution went into.
    Profile { id: String },
    /// Its tasks as a page shows them.
    Timeline { id: String },
}

/// The answer to a question, both JSON text; `None` if there is no such execution.
///
/// ```json
/// {"what":"profile","id":"…"}
/// {"what":"timeline","id":"…"}
/// ```
/// A profile and a timeline are as `analytics::path` writes them.
pub fn answer(archive: &dyn Archive, asked: &str) -> Result<Option<String>, Error> {
    match serde_json::from_str(asked).map_err(|error| Error::Malformed { what: "question", message: error.to_string() })? {
        Asked::Profile { id } => Ok(trace(archive, &id)?.map(|trace| profile(&trace))),
        Asked::Timeline { id } => Ok(trace(archive, &id)?.map(|trace| timeline(&trace))),
    }
}

/// The profile of an execution whose trace is at hand, as JSON text.
pub fn profile(trace: &Trace) -> String {
    Profile::of(trace).to_value(trace).to_string()
}

/// The timeline of an execution whose trace is at hand, as JSON text.
pub fn timeline(trace: &Trace) -> String {
    path::timeline(trace).to_string()
}
