// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Signals: kept per name in the order they came, each feeding one wait.

use super::Execution;
use crate::plan::Wait;
use crate::{InstanceIndex, TaskIndex};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Signals of one name that nobody has waited for yet: by the path they are meant for, empty for any.
pub(super) type Kept = BTreeMap<Arc<str>, VecDeque<KeptSignal>>;

/// A signal that waits for its wait.
#[derive(Clone, Debug)]
pub(super) struct KeptSignal {
    /// Its place among them all.
    place: u64,
    payload: Arc<str>,
    pub(super) fits: Option<Arc<[Fit]>>,
}

/// That a payload is what a wait with a schema waits for. It is judged once, where it enters, whether the wait is open or not: what is on record has
/// been judged, also where the judge is gone by the time of the wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The wait, as the plan has it.
    pub task: TaskIndex,
    /// What the schema makes of the payload, JSON text; `None`: it stays as it is.
    pub payload: Option<Arc<str>>,
}

/// Waits that the message of an ambiguous signal names.
pub(super) const WAITS_NAMED_MAX: usize = 10;

/// Why a signal is refused. Nothing of it is recorded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SignalError {
    /// No wait of the definition has this name.
    #[error("no task of this workflow waits for signal `{name}`{}{}", meant(near.as_deref()), there(names))]
    UnknownName {
        /// The signal's name.
        name: String,
        /// A name that was perhaps meant.
        near: Option<String>,
        /// The names there are.
        names: String,
    },
    /// Waits have this name, and none of them may ever have this path.
    #[error("no task at `{path}` waits for `{name}`; these do: {paths}")]
    UnknownPath {
        /// The signal's name.
        name: String,
        /// The path.
        path: String,
        /// The paths there are, with `n` for the number of a pass.
        paths: String,
    },
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
    #[error("the payload of `{name}` is not what `{wait}` waits for")]
    Payload {
        /// The signal's name.
        name: Arc<str>,
        /// The path of the wait; its id, if it is not open.
        wait: String,
        /// Which it is in the plan.
        task: TaskIndex,
    },
}

/// What was perhaps meant, before what there is.
fn meant(near: Option<&str>) -> String {
    near.map_or_else(|| "; ".to_owned(), |near| format!("; did you mean `{near}`? "))
}

fn there(names: &str) -> String {
    if names.is_empty() {
        "none waits for any (the waits of a child workflow are those of its own execution)".to_owned()
    } else {
        format!("tasks wait for: {names}")
    }
}

impl Execution {
    /// Whether a signal may be given to [`crate::Input::Signal`]: that something can take it, that it has one meaning, and the payload that is waited for.
    /// `fits`: the waits with a schema that it fits, of all that could take it; `None`: none of those has one.
    pub fn check_signal(&self, name: &Arc<str>, path: Option<&str>, fits: Option<&[Fit]>) -> Result<(), SignalError> {
        self.check_taker(name, path)?;
        let refused = |task, wait| Err(SignalError::Payload { name: Arc::clone(name), wait, task });
        if let Some(wait) = self.open_wait_for(name, path) {
            let task = self.tasks[wait].task;
            return if self.is_fit(task, Some(fits.unwrap_or_default())) { Ok(()) } else { refused(task, self.path(wait)) };
        }
        if let Some(waits) = self.waits.get(name).filter(|_| path.is_none()) {
            let (count, waits) = (waits.len(), waits.keys().take(WAITS_NAMED_MAX).cloned().collect());
            return Err(SignalError::Ambiguous { name: Arc::clone(name), count, waits });
        }
        // Nobody waits yet. What no wait of the definition would take is refused all the same: whoever sends it is told, and not whoever waits.
        if fits.is_none_or(|fits| fits.iter().any(|fit| self.may_take(fit.task, name, path))) {
            return Ok(());
        }
        let mut could = self.plan.tasks.iter().filter(|(index, _)| self.may_take(*index, name, path)).peekable();
        let Some((first, id)) = could.peek().map(|(index, task)| (*index, task.id.to_string())) else { return Ok(()) };
        if could.any(|(index, _)| self.is_fit(index, fits)) { Ok(()) } else { refused(first, id) }
    }

    /// Whether a wait takes what fits those; `None`: what was accepted before payloads were judged where they enter, which any wait takes.
    fn is_fit(&self, task: TaskIndex, fits: Option<&[Fit]>) -> bool {
        let judges = matches!(&self.plan.tasks[task].wait, Some(Wait::Signal { schema: Some(_), .. }));
        !judges || fits.is_none_or(|fits| fits.iter().any(|fit| fit.task == task))
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
    pub(super) fn keep_signal(&mut self, name: &Arc<str>, payload: &Arc<str>, path: Option<&Arc<str>>, fits: Option<&Arc<[Fit]>>) {
        let place = self.signals_received;
        self.signals_received += 1;
        let kept = self.signals.entry(Arc::clone(name)).or_default().entry(path.cloned().unwrap_or_default()).or_default();
        kept.push_back(KeptSignal { place, payload: Arc::clone(payload), fits: fits.cloned() });
    }

    /// The payload of the first signal kept for this task, as its schema gave it back.
    pub(super) fn kept_signal(&self, task: InstanceIndex) -> Option<&Arc<str>> {
        let kept = self.signals.get(self.waits_for(task)?)?;
        let (meant, at) = self.first_kept(kept, task)?;
        let KeptSignal { payload, fits, .. } = kept.get(&meant)?.get(at)?;
        let fit = fits.as_ref().and_then(|fits| fits.iter().find(|fit| fit.task == self.tasks[task].task));
        Some(fit.and_then(|fit| fit.payload.as_ref()).unwrap_or(payload))
    }

    /// The signal that fed this task is gone.
    pub(super) fn take_signal(&mut self, task: InstanceIndex) {
        let Some(name) = self.waits_for(task).cloned() else { return };
        let Some((meant, at)) = self.signals.get(&name).and_then(|kept| self.first_kept(kept, task)) else { return };
        let Some(kept) = self.signals.get_mut(&name) else { return };
        let queue = kept.entry(Arc::clone(&meant)).or_default();
        queue.remove(at);
        if queue.is_empty() {
            kept.remove(&meant);
        }
        if kept.is_empty() {
            self.signals.remove(&name);
        }
    }

    /// The earliest of the signals that may feed this task: for whom it was meant, anybody or its path, and where it stands among those.
    fn first_kept(&self, kept: &Kept, task: InstanceIndex) -> Option<(Arc<str>, usize)> {
        let takes = |signal: &KeptSignal| self.is_fit(self.tasks[task].task, signal.fits.as_deref());
        let first = |meant: Arc<str>| {
            let (at, signal) = kept.get(&meant)?.iter().enumerate().find(|(_, signal)| takes(signal))?;
            Some((signal.place, meant, at))
        };
        let meant = [Arc::default(), Arc::from(self.path(task))].into_iter().filter_map(first);
        meant.min().map(|(_, meant, at)| (meant, at))
    }
}
