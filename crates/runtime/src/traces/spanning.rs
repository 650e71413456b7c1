// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The spans of an execution, part by part: its records are read once, and what has ended is told and let go.

use super::reading;
use crate::Error;
use crate::store::{Archive, Parts};
use analytics::spans::{Place, Spans, Written};
use serde::Deserialize;
use std::sync::Arc;

/// Records that are read at once.
const RECORDS: usize = 64;

/// An execution whose spans are being told.
#[derive(Debug)]
pub struct Spanning {
    id: Arc<str>,
    spans: Spans,
    parts: Parts,
}

impl Spanning {
    /// All spans of an execution; `None` if there is none with this id.
    pub fn of(archive: &dyn Archive, id: &str) -> Result<Option<Self>, Error> {
        let Some(stored) = archive.head(id)? else { return Ok(None) };
        let origin: Origin = stored.options.as_deref().and_then(|options| serde_json::from_str(options).ok()).unwrap_or_default();
        let above = origin.parent.as_ref().map(|Above { execution, path }| (execution.as_str(), path.as_str()));
        let place = Place::of(&stored.id, origin.traceparent.as_deref(), above);
        let spans = Spans::new(reading::tracer(&stored)?, &stored.id, place);
        Ok(Some(Self { id: stored.id, spans, parts: Parts::of(stored.key) }))
    }

    /// Two lines: how many spans follow and whether more are left (1, else 0), and these as `analytics::spans` writes them; and what is left. `None` if it was
    /// deleted meanwhile.
    pub fn next(mut self, archive: &dyn Archive, about: usize) -> Result<Option<(String, Option<Self>)>, Error> {
        let mut written: Written = (String::new(), 0);
        while written.1 < about {
            let records = archive.part(&mut self.parts, RECORDS)?;
            if records.is_empty() {
                if archive.head(&self.id)?.is_none_or(|stored| stored.key != self.parts.key) {
                    return Ok(None);
                }
                self.spans.finish(&mut written);
                return Ok(Some((lines(written, 0), None)));
            }
            for mut record in records {
                // What was given is in no span, and the machine would hold it.
                record.drop_values();
                reading::step(&record, |record| self.spans.step(record, &mut written));
            }
        }
        Ok(Some((lines(written, 1), Some(self))))
    }
}

fn lines((spans, count): Written, left: u8) -> String {
    format!("{count} {left}\n{spans}")
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
