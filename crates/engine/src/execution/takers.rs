// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which signals anything in an execution can ever take, by its definition and never by its state: a signal may come long before its wait, or after.

use super::signals::{SignalError, WAITS_NAMED_MAX};
use super::{Execution, PathForm};
use crate::TaskIndex;
use crate::plan::Wait;
use crate::plan::paths::{Address, Waits};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use stdx::nearest;

/// Letters of a name that a message shows.
const LETTERS_MAX: usize = 60;

impl Execution {
    /// That a wait of the definition has this name, and may have this path.
    pub(super) fn check_taker(&self, name: &Arc<str>, path: Option<&str>) -> Result<(), SignalError> {
        let waits = self.takers();
        let Some(addresses) = waits.get(name) else {
            let mut names: Vec<&str> = waits.keys().map(|name| &**name).collect();
            names.sort_unstable();
            let near = nearest(name, names.iter().copied()).map(str::to_owned);
            return Err(SignalError::UnknownName { name: shown(name), near, names: first(names.into_iter()) });
        };
        match path {
            Some(path) if !self.is_address_of(name, path) && !addresses.iter().any(|address| address.takes(path)) => {
                let paths = first(addresses.iter().map(Address::to_string));
                Err(SignalError::UnknownPath { name: shown(name), path: shown(path), paths })
            }
            _ => Ok(()),
        }
    }

    /// Whether this is the path of the task that its end names: a glance, before every wait of this name is looked at.
    fn is_address_of(&self, name: &Arc<str>, path: &str) -> bool {
        let id = path.rfind("].").and_then(|end| path.get(end + 2..)).unwrap_or(path);
        self.plan.find(id).is_some_and(|task| self.may_take(task, name, Some(path)))
    }

    /// Whether a task waits for signals of this name; with a path, whether one of its instances may have it.
    pub(super) fn may_take(&self, task: TaskIndex, name: &Arc<str>, path: Option<&str>) -> bool {
        let wait = self.plan.tasks.get(task).and_then(|planned| planned.wait.as_ref());
        let is_named = matches!(wait, Some(Wait::Signal { name: own, .. }) if own == name);
        is_named && path.is_none_or(|path| self.plan.address(task, self.setup.paths).takes(path))
    }

    fn takers(&self) -> Cow<'_, Waits> {
        if self.setup.paths == PathForm::default() || self.plan.has_plain_groups() {
            Cow::Borrowed(self.plan.waits())
        } else {
            Cow::Owned(self.plan.waits_in(self.setup.paths))
        }
    }

    /// What came and nobody took, for one who waited in vain; empty if nothing did.
    pub(super) fn untaken(&self) -> String {
        let mut told = String::new();
        let kept = self.signals.iter().flat_map(|(name, kept)| kept.iter().map(move |(path, queue)| (name, path, queue.len())));
        for (place, (name, path, count)) in kept.enumerate() {
            if place == WAITS_NAMED_MAX {
                told.push_str(", …");
                break;
            }
            told.push_str(if place == 0 { "; signals that no task took: " } else { ", " });
            let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
            let meant = if path.is_empty() { String::new() } else { format!(" for `{}`", shown(path)) };
            write!(told, "`{}`{meant}{times}", shown(name)).unwrap_or(());
        }
        told
    }
}

/// The first of some, as a message names them.
fn first<T: std::fmt::Display>(all: impl ExactSizeIterator<Item = T>) -> String {
    let more = if all.len() > WAITS_NAMED_MAX { ", …" } else { "" };
    let named: Vec<String> = all.take(WAITS_NAMED_MAX).map(|one| format!("`{}`", shown(&one.to_string()))).collect();
    format!("{}{more}", named.join(", "))
}

fn shown(text: &str) -> String {
    if text.chars().count() > LETTERS_MAX { text.chars().take(LETTERS_MAX - 1).chain("…".chars()).collect() } else { text.to_owned() }
}
