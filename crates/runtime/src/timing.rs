// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When a schedule runs, as the JSON text that is recorded with it.
//!
//! ```json
//! {"cron":"0 2 * * *","timezone":"Europe/Berlin","missed":"once","overlap":"skip"}
//! {"every":60000}
//! ```
//! `every` is milliseconds. What is absent is UTC, `once` and `allow`.

use crate::Error;
use engine::schedule::{Missed, Overlap, Rhythm, Timing, TimingProblem};
use serde::Deserialize;
use std::time::Duration;
use stdx::Timestamp;

#[derive(Deserialize)]
struct TimingText {
    cron: Option<String>,
    every: Option<u64>,
    timezone: Option<String>,
    #[serde(default)]
    missed: MissedText,
    #[serde(default)]
    overlap: OverlapText,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MissedText {
    Skip,
    #[default]
    Once,
    All,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OverlapText {
    #[default]
    Allow,
    Skip,
}

/// Everything that is wrong with a timing, for a schedule that would be made at `now`.
pub fn problems(text: &str, now: Timestamp) -> Result<Vec<TimingProblem>, Error> {
    match read(text) {
        Ok(timing) if timing.rhythm.first(now).is_none() => Ok(vec![TimingProblem::Never]),
        Ok(_) => Ok(Vec::new()),
        Err(Error::Timing(problems)) => Ok(problems),
        Err(error) => Err(error),
    }
}

/// The timing.
pub(crate) fn read(text: &str) -> Result<Timing, Error> {
    let malformed = |message: String| Error::Malformed { what: "timing", message };
    let TimingText { cron, every, timezone, missed, overlap } = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let rhythm = match (cron, every) {
        (Some(cron), None) => Rhythm::calendar(&cron, timezone.as_deref().unwrap_or("UTC")).map_err(Error::Timing)?,
        (None, Some(every)) => Rhythm::every(Duration::from_millis(every)).map_err(|problem| Error::Timing(vec![problem]))?,
        _ => return Err(malformed("it has not exactly one of `cron` and `every`".to_owned())),
    };
    let missed = match missed {
        MissedText::Skip => Missed::Skip,
        MissedText::Once => Missed::Once,
        MissedText::All => Missed::All,
    };
    let overlap = match overlap {
        OverlapText::Allow => Overlap::Allow,
        OverlapText::Skip => Overlap::Skip,
    };
    Ok(Timing { rhythm, missed, overlap })
}
