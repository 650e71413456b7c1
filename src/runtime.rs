// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The threads on which sockets are waited for: one pair for the whole process, begun by whoever first needs it.

use std::io;
use std::sync::{Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};

/// Enough to encode one answer while another is read; what takes long is waiting.
const THREADS: usize = 2;

/// Never dropped: the threads end with the process. (`build.rs` keeps the addon from being unloaded under them.)
static RUNTIME: Mutex<Option<&'static Runtime>> = Mutex::new(None);

/// The runtime of the process.
pub(crate) fn runtime() -> io::Result<&'static Runtime> {
    let mut known = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = *known {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).thread_name("sockets").enable_all().build()?;
    Ok(known.insert(Box::leak(Box::new(runtime))))
}
