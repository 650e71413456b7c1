// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What JavaScript's thread and those of Node's pool share of one engine.

use runtime::Driver;
use runtime::facts::Follower;
use runtime::store::Archive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `None` before `open` and after `close`. Its lock is held within a call only, and there is one JavaScript thread.
pub(crate) type SharedDriver = Arc<Mutex<Option<Driver>>>;

/// `None` where nothing is stored.
pub(crate) type SharedFacts = Arc<Mutex<Option<Arc<Follower>>>>;

/// `None` where nothing is stored, too.
pub(crate) type SharedArchive = Arc<Mutex<Option<Box<dyn Archive>>>>;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is taken out or put in here is whole, whatever a call that panicked did to it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
