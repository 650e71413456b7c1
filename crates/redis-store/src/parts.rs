// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which partitions this process has, for the thread of its driver, the task that commits and the one that holds the leases.
//!
//! ```text
//! held ── nothing lives there, and another process is to have it ──▶ leaving: no id is drawn for it ── a beat later, still nothing ──▶ released
//!   ▲────────────────────────── something began there meanwhile ───────────┘
//! ```

use crate::lease::Held;
use runtime::store::Partition;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Debug, Default)]
pub(crate) struct Parts(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    held: Vec<Partition>,
    leaving: Vec<Partition>,
    /// Executions that have not ended and schedules of partitions where that is known.
    live: FxHashMap<Partition, i64>,
    /// Those that were not released after all.
    returned: Vec<Held>,
    /// Those where a commit was refused: what is there is read again before anything is written.
    lost: Vec<Partition>,
    /// Those that became this process's since that was last asked.
    fresh: FxHashSet<Partition>,
}

impl Parts {
    /// The partition is this process's.
    pub(crate) fn take(&self, partition: Partition) {
        let mut state = self.state();
        state.held.push(partition);
        state.fresh.insert(partition);
    }

    /// It is another's.
    pub(crate) fn lose(&self, partition: Partition) {
        let mut state = self.state();
        state.held.retain(|held| *held != partition);
        state.leaving.retain(|leaving| *leaving != partition);
        state.live.remove(&partition);
    }

    /// Whether it is this process's, and what begins there is too.
    pub(crate) fn has(&self, partition: Partition) -> bool {
        self.state().held.contains(&partition)
    }

    /// All that are.
    pub(crate) fn held(&self) -> Vec<Partition> {
        self.state().held.clone()
    }

    /// Those that have become this process's since the last call.
    pub(crate) fn fresh(&self) -> FxHashSet<Partition> {
        std::mem::take(&mut self.state().fresh)
    }

    /// Whether it has become this process's since that.
    pub(crate) fn is_fresh(&self, partition: Partition) -> bool {
        self.state().fresh.contains(&partition)
    }

    /// So many executions and schedules were found there.
    pub(crate) fn found(&self, partition: Partition, live: usize) {
        *self.state().live.entry(partition).or_default() += i64::try_from(live).unwrap_or(i64::MAX);
    }

    /// So many more live there, or fewer.
    pub(crate) fn change(&self, partition: Partition, by: i64) {
        if let Some(live) = self.state().live.get_mut(&partition) {
            *live += by;
        }
    }

    /// Whether what is in the partition is driven here, even if nothing more begins there.
    pub(crate) fn drives(&self, partition: Partition) -> bool {
        let state = self.state();
        state.held.contains(&partition) || state.leaving.contains(&partition)
    }

    /// A partition for the next of what can be anywhere.
    pub(crate) fn draw(&self, place: usize) -> Option<Partition> {
        let state = self.state();
        state.held.get(place.checked_rem(state.held.len())?).copied()
    }

    /// Those that `is_others` and where nothing lives begin to leave. Those that had begun before and where nothing lives still.
    pub(crate) fn leave(&self, is_others: impl Fn(Partition) -> bool) -> Vec<Partition> {
        let mut state = self.state();
        let State { held, leaving, live, .. } = &mut *state;
        let is_idle = |partition: &Partition| live.get(partition) == Some(&0);
        let ready = leaving.iter().copied().filter(|partition| is_idle(partition) && is_others(*partition)).collect::<Vec<_>>();
        held.extend(leaving.drain(..).filter(|partition| !ready.contains(partition)));
        let begin: Vec<Partition> = held.iter().copied().filter(|partition| is_idle(partition) && is_others(*partition)).collect();
        held.retain(|partition| !begin.contains(partition));
        leaving.extend(begin);
        ready
    }

    /// Something began in a partition that was to be released.
    pub(crate) fn keep(&self, held: Held) {
        let mut state = self.state();
        state.held.push(held.partition);
        state.returned.push(held);
    }

    /// A commit was refused there, whatever its lease says.
    pub(crate) fn refuse(&self, partition: Partition) {
        self.state().lost.push(partition);
    }

    /// Those where a commit was refused since the last call.
    pub(crate) fn lost(&self) -> Vec<Partition> {
        std::mem::take(&mut self.state().lost)
    }

    pub(crate) fn returned(&self) -> Vec<Held> {
        std::mem::take(&mut self.state().returned)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before the next begins.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
