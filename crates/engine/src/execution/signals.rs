// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Signals: kept per name in the order they came, each feeding one wait.

use super::{Execution, TaskState};
use crate::plan::Wait;
use crate::{InstanceIndex, SchemaIssue};
use std::sync::Arc;

/// Why a signal is refused. Nothing of it is recorded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SignalError {
    /// It could feed several waits.
    #[error("{} tasks wait for `{name}`: {}; name one of them by its path", waits.len(), waits.join(", "))]
    Ambiguous {
        /// The signal's name.
        name: Arc<str>,
        /// The paths of the waits.
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
        let waits = self.open_waits(name, path);
        let [wait] = waits.as_slice() else {
            let waits: Vec<String> = waits.iter().map(|wait| self.path(*wait)).collect();
            return if waits.is_empty() { Ok(()) } else { Err(SignalError::Ambiguous { name: Arc::clone(name), waits }) };
        };
        let Some(Wait::Signal { schema: Some(schema), .. }) = &self.planned(*wait).wait else { return Ok(()) };
        let issues = schema.judge(payload);
        if issues.is_empty() {
            return Ok(());
        }
        Err(SignalError::Payload { name: Arc::clone(name), wait: self.path(*wait), issues })
    }

    /// The tasks that wait for a signal of this name, those of `path` alone if there is one.
    pub(super) fn open_waits(&self, name: &str, path: Option<&str>) -> Vec<InstanceIndex> {
        let waits = self.tasks.iter().filter(|(task, record)| {
            matches!(record.state, TaskState::Awaiting { .. })
                && self.waits_for(*task).is_some_and(|waited| &**waited == name)
                && path.is_none_or(|path| self.path(*task) == path)
        });
        waits.map(|(task, _)| task).collect()
    }

    fn waits_for(&self, task: InstanceIndex) -> Option<&Arc<str>> {
        match &self.planned(task).wait {
            Some(Wait::Signal { name, .. }) => Some(name),
            Some(Wait::Delay(_)) | None => None,
        }
    }

    /// The payload of the first signal kept for this task.
    pub(super) fn kept_signal(&self, task: InstanceIndex) -> Option<&Arc<str>> {
        let kept = self.signals.get(self.waits_for(task)?)?;
        let path = kept.iter().any(|(path, _)| path.is_some()).then(|| self.path(task));
        kept.iter().find(|(meant, _)| meant.is_none() || meant.as_deref() == path.as_deref()).map(|(_, payload)| payload)
    }

    /// The signal that fed this task is gone.
    pub(super) fn take_signal(&mut self, task: InstanceIndex) {
        let Some(name) = self.waits_for(task).cloned() else { return };
        let path = self.path(task);
        if let Some(kept) = self.signals.get_mut(&name)
            && let Some(place) = kept.iter().position(|(meant, _)| meant.as_deref().is_none_or(|meant| meant == path))
        {
            kept.remove(place);
        }
    }
}
