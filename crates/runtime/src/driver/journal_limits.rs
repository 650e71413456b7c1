// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How much one execution may record. A journal is read as a whole, into memory and for its host as one text, so one without a bound would one day be an
//! execution that nobody can read, continue or delete.

use crate::store::StepRecord;
use engine::{Event, Execution, Failure, Phase};
use serde_json::json;

/// What an event takes beside its values, about.
const EVENT_BYTES: u64 = 100;

/// How much one execution may record. What its stopping takes comes on top: compensation, clean-up, ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalLimits {
    /// Events.
    pub events: u64,
    /// Bytes of values and texts, and 100 for each event.
    pub bytes: u64,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self { events: u64::MAX, bytes: u64::MAX }
    }
}

/// How much an execution has recorded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    events: u64,
    bytes: u64,
}

impl Extent {
    /// By its records.
    pub(super) fn of(records: &[StepRecord]) -> Self {
        let mut recorded = Self::default();
        for record in records {
            recorded.add(&record.events);
        }
        recorded
    }

    pub(super) fn bytes(self) -> u64 {
        self.bytes
    }

    fn add(&mut self, events: &[Event]) {
        self.events += events.len() as u64;
        self.bytes += events.iter().map(|event| EVENT_BYTES + event.bytes() as u64).sum::<u64>();
    }
}

impl JournalLimits {
    /// Counts what an execution records; why it must not go on, if that is too much.
    pub(super) fn count(self, recorded: &mut Extent, execution: &Execution, events: &[Event]) -> Option<Failure> {
        recorded.add(events);
        let Extent { events: count, bytes } = *recorded;
        if (count <= self.events && bytes <= self.bytes) || *execution.phase() != Phase::Running {
            return None;
        }
        let (what, has, limit, field) = if count > self.events {
            ("events", count, self.events, "maxJournalEvents")
        } else {
            ("bytes", bytes, self.bytes, "maxJournalBytes")
        };
        let task = events.iter().rev().find_map(Event::task).map(|task| execution.path(task));
        let whose = task.as_ref().map_or_else(String::new, |path| format!(" with what task `{path}` recorded"));
        let message = format!(
            "the execution has recorded {has} {what}{whose}, and may record {limit}; divide it into child workflows, whose journals are their own, or raise \
             `workflow.{field}`"
        );
        let details = json!({ "taskId": task, what: has, "limit": limit }).to_string();
        Some(Failure { details: Some(details.into()), ..Failure::coded("ERR_JOURNAL_LIMIT", message) })
    }
}

impl super::Driver {
    /// Called as [`super::Driver::limit`] is; without it there is no bound.
    pub fn limit_journals(&mut self, limits: JournalLimits) {
        self.journals = limits;
    }
}
