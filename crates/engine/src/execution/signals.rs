// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Signals: kept per name in the order they came, each feeding one wait.

use super::Execution;
use crate::plan::Wait;
use crate::{InstanceIndex, SchemaIssue};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Signals of one name that nobody has waited for yet: by the path they are meant for, empty for any, each with its place among them all.
pub(super) type Kept = BTreeMap<Arc<str>, VecDeque<(u64, Arc<str>)>>;

/// Waits that the message of an ambiguous signal names.
const WAITS_NAMED_MAX: usize = 10;

/// Why a signal is refused. Nothing of it is recorded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SignalError {
    /// It could feed several waits.
    #[error("{count} tasks wait for `{name}`: {}{}; name one of them by its path", waits.join(", "), if *count > waits.len() { ", …" } else { "" })]
    Ambiguous {
        /// The signal's name.
        name: Arc<str>,
        /// How many waits there are.
        count: usize,
        /// The paths of the first of them.
        waits: Vec<String>,
    },
    /// The wait it would feed wants another payload.
    #[error("the payload of `{name}` is not what `{wait}` waits for: {}", issues.iter().map(|issue| format!("{}: {}", issue.pointer, issue.message)).collect::<Vec<_>>().join("; "))]
    Payload {
        /// The signal's name.
        name: Arc<str>,
        /// The path of the wait.
        wait: String,
        /// What its schema forbids.
        issues: Vec<SchemaIssue>,
    },
}

impl Execution {
    /// Whether a signal may be given to [`crate::Input::Signal`]: that it has one meaning, and the payload that is waited for.
    pub fn check_signal(&self, name: &Arc<str>, path: Option<&str>, payload: &serde_json::Value) -> Result<(), SignalError> {
        let Some(wait) = self.open_wait_for(name, path) else {
            let Some(waits) = self.waits.get(name).filter(|_| path.is_none()) else { return Ok(()) };
            let (count, waits) = (waits.len(), waits.keys().take(WAITS_NAMED_MAX).cloned().collect());
            return Err(SignalError::Ambiguous { name: Arc::clone(name), count, waits });
        };
        let Some(Wait::Signal { schema: Some(schema), .. }) = &self.planned(wait).wait else { return Ok(()) };
        let issues = schema.judge(payload);
        if issues.is_empty() {
            return Ok(());
        }
        Err(SignalError::Payload { name: Arc::clone(name), wait: self.path(wait), issues })
    }

    /// The one task that waits for a signal of this name, or that of `path` if there is one; `None` if none does or several do.
    pub(super) fn open_wait_for(&self, name: &str, path: Option<&str>) -> Option<InstanceIndex> {
        let waits = self.waits.get(name)?;
        match path {
            Some(path) => waits.get(path).copied(),
            None => waits.values().next().copied().filter(|_| waits.len() == 1),
        }
    }

    /// A task begins to wait.
    pub(super) fn open_wait(&mut self, task: InstanceIndex) {
        let Some(name) = self.waits_for(task).cloned() else { return };
        let path = self.path(task);
        self.waits.entry(name).or_default().insert(path, task);
    }

    /// A task waits no more.
    pub(super) fn close_wait(&mut self, task: InstanceIndex) {
        let Some(name) = self.waits_for(task).cloned() else { return };
        let path = self.path(task);
        if let Some(waits) = self.waits.get_mut(&name) {
            waits.remove(&path);
            if waits.is_empty() {
                self.waits.remove(&name);
            }
        }
    }

    fn waits_for(&self, task: InstanceIndex) -> Option<&Arc<str>> {
        match &self.planned(task).wait {
            Some(Wait::Signal { name, .. }) => Some(name),
            Some(Wait::Delay(_)) | None => None,
        }
    }

    /// A signal came; it stays until somebody waits for it.
    pub(super) fn keep_signal(&mut self, name: &Arc<str>, payload: &Arc<str>, path: Option<&Arc<str>>) {
        let place = self.signals_received;
        self.signals_received += 1;
        let kept = self.signals.entry(Arc::clone(name)).or_default().entry(path.cloned().unwrap_or_default()).or_default();
        kept.push_back((place, Arc::clone(payload)));
    }

    /// The payload of the first signal kept for this task.
    pub(super) fn kept_signal(&self, task: InstanceIndex) -> Option<&Arc<str>> {
        let kept = self.signals.get(self.waits_for(task)?)?;
        let meant = self.first_kept(kept, task)?;
        kept.get(&meant)?.front().map(|(_, payload)| payload)
    }

    /// The signal that fed this task is gone.
    pub(super) fn take_signal(&mut self, task: InstanceIndex) {
        let Some(name) = self.waits_for(task).cloned() else { return };
        let Some(meant) = self.signals.get(&name).and_then(|kept| self.first_kept(kept, task)) else { return };
        let Some(kept) = self.signals.get_mut(&name) else { return };
        let queue = kept.entry(Arc::clone(&meant)).or_default();
        queue.pop_front();
        if queue.is_empty() {
            kept.remove(&meant);
        }
        if kept.is_empty() {
            self.signals.remove(&name);
        }
    }

    /// For whom the earliest of the signals was meant that may feed this task: for anybody, or for its path.
    fn first_kept(&self, kept: &Kept, task: InstanceIndex) -> Option<Arc<str>> {
        let place = |meant: &Arc<str>| kept.get(meant)?.front().map(|(place, _)| *place);
        let meant = [Arc::default(), Arc::from(self.path(task))].into_iter().filter_map(|meant| Some((place(&meant)?, meant)));
        meant.min().map(|(_, meant)| meant)
    }
}
