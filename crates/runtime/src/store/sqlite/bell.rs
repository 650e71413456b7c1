// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Wakes a thread that has nothing to do when something is committed.

use crate::store::{Alert, Health, Wake};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Rung by whoever commits; it costs a look unless somebody rests.
#[derive(Debug, Default)]
pub struct Bell {
    /// How often something was committed.
    commits: AtomicU64,
    resting: AtomicBool,
    /// Executions that were deleted and nobody has taken note of, and how many there have been.
    deleted: Mutex<(Vec<i64>, i64)>,
    rung: Mutex<bool>,
    hand: Condvar,
    /// Who hears what those who are woken have to tell.
    host: OnceLock<Host>,
}

/// The host of the store.
struct Host {
    health: Health,
    wake: Wake,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("health", &self.health).finish_non_exhaustive()
    }
}

impl Bell {
    /// Something was committed.
    pub(super) fn ring(&self) {
        // In one order with `rest`: either this sees who rests, or they see the commit.
        self.commits.fetch_add(1, Ordering::SeqCst);
        if self.resting.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Whom those who are woken tell what people must know.
    pub(super) fn answers_to(&self, health: Health, wake: Wake) {
        // There is one.
        let _ = self.host.set(Host { health, wake });
    }

    /// Has people told what begins, or is over. Without a host there is nobody to hear it.
    pub(crate) fn tell(&self, alert: Alert) {
        if let Some(Host { health, wake }) = self.host.get()
            && health.raise(alert)
        {
            wake();
        }
    }

    /// These were deleted.
    pub(super) fn toll(&self, keys: &[i64]) {
        let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        deleted.0.extend(keys);
        deleted.1 += i64::try_from(keys.len()).unwrap_or(i64::MAX);
        drop(deleted);
        self.ring();
    }

    /// How many executions have been deleted, and those of them that were not taken yet.
    pub(crate) fn take_deleted(&self) -> (Vec<i64>, i64) {
        let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut deleted.0), deleted.1)
    }

    /// How many executions have been deleted.
    pub(crate) fn deleted(&self) -> i64 {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// How often something was committed.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// Ends a rest, or the next one before it begins.
    pub(crate) fn wake(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.hand.notify_all();
    }

    /// Waits until something is committed that was not among so many commits, until it is woken, or for so long.
    pub(crate) fn rest(&self, known: u64, time: Duration) {
        self.resting.store(true, Ordering::SeqCst);
        if self.commits() == known {
            self.pause(time);
        }
        self.resting.store(false, Ordering::SeqCst);
    }

    /// Waits for so long, whatever is committed, or until it is woken.
    pub(crate) fn pause(&self, time: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self.hand.wait_timeout_while(rung, time, |rung| !*rung).unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}
