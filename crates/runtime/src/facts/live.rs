// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are being folded.

use crate::store::{Head, ReadError, SqliteReader};
use crate::{Error, options, report};
use analytics::{Fold, Waits};
use engine::Plan;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Plans that are kept at once.
const PLANS_MAX: usize = 1024;

/// What an execution was begun with, as far as facts say it, and the version that it runs.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) id: Arc<str>,
    pub(super) workflow: Arc<str>,
    pub(super) version: Arc<str>,
    pub(super) accepted: Timestamp,
    pub(super) tenant: Option<String>,
    pub(super) parent: Option<Parent>,
    pub(super) forked_from: Option<String>,
    pub(super) schedule: Option<Scheduled>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Parent {
    pub(super) execution: String,
    pub(super) path: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Scheduled {
    pub(super) id: String,
    /// In milliseconds.
    pub(super) at: i64,
}

/// The fields of options that facts have.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    tenant: Option<String>,
    parent: Option<Parent>,
    forked_from: Option<String>,
    schedule: Option<Scheduled>,
}

/// An execution that has not ended, as far as it was followed.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) begun: Begun,
    /// `None`: it cannot be read, and nothing more is known of it.
    pub(super) fold: Option<Fold>,
    /// What its row says it waits for.
    pub(super) waits: Waits,
    /// Whether its row is behind.
    pub(super) dirty: bool,
    /// When it was last looked at, by the count of its folding.
    pub(super) used: u64,
}

/// The plans of executions, by the hashes of their definitions and the timeouts of their tasks.
#[derive(Default)]
pub(super) struct Plans(FxHashMap<(Arc<str>, Duration), Arc<Plan>>);

impl Plans {
    fn of(&mut self, reader: &SqliteReader, head: &Head) -> Result<Arc<Plan>, Error> {
        let key = (Arc::clone(&head.definition), head.default_timeout);
        if let Some(plan) = self.0.get(&key) {
            return Ok(Arc::clone(plan));
        }
        let unreadable = |message| Error::Read(ReadError::Definition { id: head.id.to_string(), message });
        let body = reader.definition(&head.definition)?.ok_or_else(|| unreadable("it is missing".to_owned()))?;
        let plan = report::plan_from(&body, head.default_timeout).map_err(unreadable)?;
        if self.0.len() >= PLANS_MAX {
            self.0.clear();
        }
        self.0.insert(key, Arc::clone(&plan));
        Ok(plan)
    }
}

impl Live {
    /// An execution of which nothing was followed. What cannot be read of it makes it one that cannot be followed.
    pub(super) fn begin(reader: &SqliteReader, plans: &mut Plans, head: Head) -> Result<Self, ReadError> {
        let made = match plans.of(reader, &head) {
            Ok(plan) => options::read(&head.id, 0, None, head.options.as_deref()).map(|(setup, _)| (plan, setup)),
            Err(Error::Read(error @ ReadError::Sqlite(_))) => return Err(error),
            Err(error) => Err(error),
        };
        let options = head.options.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let Options { tenant, parent, forked_from, schedule } = options;
        let Head { id, workflow, accepted, .. } = head;
        let (version, fold) = match made {
            Ok((plan, setup)) => (Arc::clone(&plan.version), Some(Fold::new(plan, setup))),
            Err(_) => (Arc::from(""), None),
        };
        let begun = Begun { id, workflow, version, accepted, tenant, parent, forked_from, schedule };
        Ok(Self { begun, fold, waits: Waits::default(), dirty: true, used: 0 })
    }

    /// It runs another version from the record of a move on.
    pub(super) fn note_version(&mut self) {
        if let Some(version) = self.fold.as_ref().map(Fold::version)
            && !Arc::ptr_eq(version, &self.begun.version)
        {
            self.begun.version = Arc::clone(version);
        }
    }

    /// About how many bytes of memory it takes. What its tasks gave is not held.
    pub(super) fn weight(&self) -> u64 {
        self.fold.as_ref().map_or(0, |fold| 2048 + 512 * fold.tasks() as u64)
    }
}
