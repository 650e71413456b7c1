// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions have ids on the server and numbers in this process: those a driver gives, and below 0 those of executions that were only read.

use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Numbers of executions that no driver here has, of which the latest are known.
const SEEN_MAX: usize = 1 << 16;

/// Which number is which execution's, the same for a backend and its archives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    ids: FxHashMap<i64, Arc<str>>,
    keys: FxHashMap<Arc<str>, i64>,
    /// Those that no driver has, oldest first.
    seen: VecDeque<i64>,
    /// Those that one has.
    kept: FxHashSet<i64>,
    given: i64,
}

impl Names {
    /// A driver has given an execution its number.
    pub(crate) fn begin(&self, key: i64, id: &Arc<str>) {
        let mut state = self.state();
        state.name(key, id);
        state.kept.insert(key);
    }

    /// A number for an execution that a driver takes up: later ones are greater.
    pub(crate) fn adopt(&self, id: &Arc<str>) -> i64 {
        let mut state = self.state();
        let key = state.give(id);
        state.kept.insert(key);
        key
    }

    /// Whose number it is.
    pub(crate) fn id(&self, key: i64) -> Option<Arc<str>> {
        self.state().ids.get(&key).cloned()
    }

    /// The number of an execution: the one it has, or a new one.
    pub(crate) fn key(&self, id: &Arc<str>) -> i64 {
        let mut state = self.state();
        if let Some(key) = state.keys.get(id) {
            return *key;
        }
        let key = state.give(id);
        state.passed(key);
        key
    }

    /// No driver here has the execution with this id any more. A reader may still name its number.
    pub(crate) fn pass(&self, id: &str) {
        let mut state = self.state();
        if let Some(key) = state.keys.get(id).copied()
            && state.kept.remove(&key)
        {
            state.passed(key);
        }
    }

    /// What has this number is nothing: another execution has its id.
    pub(crate) fn refuse(&self, key: i64) {
        self.state().strike(key);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one insertion.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn name(&mut self, key: i64, id: &Arc<str>) {
        self.ids.insert(key, Arc::clone(id));
        self.keys.insert(Arc::clone(id), key);
    }

    fn give(&mut self, id: &Arc<str>) -> i64 {
        self.given += 1;
        // Drivers count from 1.
        let key = i64::MIN + self.given;
        self.name(key, id);
        key
    }

    fn passed(&mut self, key: i64) {
        self.seen.push_back(key);
        while self.seen.len() > SEEN_MAX
            && let Some(oldest) = self.seen.pop_front()
        {
            self.strike(oldest);
        }
    }

    fn strike(&mut self, key: i64) {
        self.kept.remove(&key);
        if let Some(id) = self.ids.remove(&key)
            && self.keys.get(&id) == Some(&key)
        {
            self.keys.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_only_read_has_a_number_until_many_others_were() {
        let names = Names::default();
        let (one, two): (Arc<str>, Arc<str>) = ("one".into(), "two".into());
        names.begin(1, &one);
        let seen = names.key(&two);
        assert_eq!((names.key(&one), names.key(&two)), (1, seen));
        names.pass("one");
        assert_eq!(names.id(1).as_deref(), Some("one"), "it may still be read");
        for number in 0..=SEEN_MAX {
            names.key(&format!("other-{number}").into());
        }
        assert_eq!((names.id(1), names.id(seen)), (None, None));
        assert!(names.key(&one) < 0);
    }

    #[test]
    fn what_is_refused_has_no_name() {
        let names = Names::default();
        let id: Arc<str> = "taken".into();
        names.begin(7, &id);
        names.refuse(7);
        assert_eq!(names.id(7), None);
        assert!(names.key(&id) < 0);
    }
}
