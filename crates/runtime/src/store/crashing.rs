// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A store whose process ends at a commit that a test has chosen, for the test kit.
//!
//! Just before the commit: what the agents have done since the last one is on no record. Just after it: all is on record, and nobody has heard
//! of it. Either way the driver is told that the commit failed, so that no effect of it leaves.

use super::{Archive, Batch, CommitError, Health, Medium, OpenError, Store, Wake};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Where a process shall end, the same for everyone who has a copy.
#[derive(Clone, Debug, Default)]
pub struct CrashPoint(Arc<Point>);

#[derive(Debug, Default)]
struct Point {
    /// Commits until then, that one included; 0 for never.
    left: AtomicU64,
    /// Whether that one is kept.
    kept: AtomicBool,
}

impl CrashPoint {
    /// The process shall end at the `commits`th commit from now, after it if it is `kept`, else before; 0: it shall not.
    pub fn set(&self, commits: u64, kept: bool) {
        self.0.kept.store(kept, Ordering::SeqCst);
        self.0.left.store(commits, Ordering::SeqCst);
    }

    /// Counts a commit. Whether the process ends here, and if so whether that commit is kept.
    fn reached(&self) -> Option<bool> {
        let count = |left: u64| left.checked_sub(1);
        let before = self.0.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count).ok()?;
        (before == 1).then(|| self.0.kept.load(Ordering::SeqCst))
    }
}

/// Another store, until the point is reached.
pub struct CrashingStore {
    store: Box<dyn Store>,
    point: CrashPoint,
}

impl CrashingStore {
    /// Over a store that does the work.
    pub fn over(store: Box<dyn Store>, point: CrashPoint) -> Self {
        Self { store, point }
    }
}

impl Store for CrashingStore {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        match self.point.reached() {
            None => self.store.commit(batches),
            Some(true) => self.store.commit(batches).and(Err(CommitError::Crashed)),
            Some(false) => Err(CommitError::Crashed),
        }
    }

    fn sweep(&mut self, time: Duration) -> Result<bool, CommitError> {
        self.store.sweep(time)
    }

    fn wake_soon(&mut self) {
        self.store.wake_soon();
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        self.store.medium()
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.store.archive()
    }

    fn watch(&mut self, wake: Wake) -> Health {
        self.store.watch(wake)
    }

    fn close(&mut self) -> Result<(), CommitError> {
        self.store.close()
    }

    fn forget(&mut self, id: &str) {
        self.store.forget(id);
    }
}

impl std::fmt::Debug for CrashingStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrashingStore").field("point", &self.point).finish_non_exhaustive()
    }
}
