// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a store knows of itself beside commits.

use super::CommitError;
use super::alert::{Alert, Alerts};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How a store is, the same for everyone who has a copy.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stuck: AtomicBool,
    lost: OnceLock<Replaced>,
    alerts: Mutex<Alerts>,
    short: Mutex<Short>,
    /// How often that has changed.
    short_changes: AtomicU32,
    has_alerts: AtomicBool,
    sweepable: AtomicBool,
}

/// What there is too little of for new work, and why.
#[derive(Debug, Default)]
struct Short {
    disk: Option<Arc<str>>,
    log: Option<Arc<str>>,
}

/// What a store can be short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Room on its disk.
    Disk,
    /// Room for its log, as the configuration bounds it.
    Log,
}

/// A file of the store is not the one that was opened.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "`{}` was {how} while the store was open: nothing more is written, and the last writes may be lost; put the file back, or a copy of the \
     store in place of all its files, and open it again",
    path.display()
)]
pub struct Replaced {
    /// Which.
    pub path: PathBuf,
    /// What has become of it.
    pub how: How,
}

/// What can become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// There is none.
    Deleted,
    /// There is another one.
    Replaced,
    /// There is something else in it, or what was there before.
    Overwritten,
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Deleted => "deleted",
            Self::Replaced => "replaced by another file",
            Self::Overwritten => "written over",
        })
    }
}

impl Health {
    /// Whether another program blocks writes to the store for so long that nothing that is closed waits for it.
    pub fn is_stuck(&self) -> bool {
        self.0.stuck.load(Ordering::SeqCst)
    }

    /// Whether the files are still those of the store.
    pub fn check(&self) -> Result<(), CommitError> {
        self.0.lost.get().map_or(Ok(()), |replaced| Err(CommitError::Replaced(replaced.clone())))
    }

    /// Whether there is something to tell; a glance, for it is asked at each call.
    pub fn has_alerts(&self) -> bool {
        self.0.has_alerts.load(Ordering::Relaxed)
    }

    /// What has begun and what is over, in order: once.
    pub fn take_alerts(&self) -> Vec<Alert> {
        let mut alerts = self.0.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.has_alerts.store(false, Ordering::Relaxed);
        alerts.take()
    }

    /// Tells people what begins or is over, from any thread. Saying again what they know does nothing; whether it was news.
    pub fn raise(&self, alert: Alert) -> bool {
        // What a thread that panicked had told is plain data.
        let is_news = self.0.alerts.lock().unwrap_or_else(PoisonError::into_inner).raise(alert);
        if is_news {
            self.0.has_alerts.store(true, Ordering::Relaxed);
        }
        is_news
    }

    /// How often it has changed whether new work is refused; a glance, for it is asked at each call.
    pub fn shortages(&self) -> u32 {
        self.0.short_changes.load(Ordering::Acquire)
    }

    /// Why new work is refused, if it is.
    pub fn shortage(&self) -> Option<Arc<str>> {
        let short = self.0.short.lock().unwrap_or_else(PoisonError::into_inner);
        short.disk.clone().or_else(|| short.log.clone())
    }

    /// New work is refused, or for this reason not any more.
    pub(super) fn short(&self, of: Shortage, why: Option<String>) {
        let mut short = self.0.short.lock().unwrap_or_else(PoisonError::into_inner);
        *match of {
            Shortage::Disk => &mut short.disk,
            Shortage::Log => &mut short.log,
        } = why.map(Arc::from);
        self.0.short_changes.fetch_add(1, Ordering::Release);
    }

    /// There is something to sweep that nobody knew of when it was swept last.
    pub(super) fn sweepable(&self) {
        self.0.sweepable.store(true, Ordering::Release);
    }

    /// Whether there is: once. A glance, for it is asked at each call.
    pub(super) fn take_sweepable(&self) -> bool {
        self.0.sweepable.load(Ordering::Relaxed) && self.0.sweepable.swap(false, Ordering::AcqRel)
    }

    pub(super) fn stuck(&self, is_stuck: bool) {
        self.0.stuck.store(is_stuck, Ordering::SeqCst);
    }

    pub(super) fn lost(&self, replaced: Replaced) {
        // What was found first is what has happened.
        let _ = self.0.lost.set(replaced);
    }
}
