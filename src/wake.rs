// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How other threads have JavaScript look: one call on its way is enough, however many ask for it.

use napi::Result;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunctionCallMode, UnknownReturnValue};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What calls `function` on JavaScript's thread, from any other. It never keeps the process alive.
pub(crate) fn bell(function: &Function<'_, (), UnknownReturnValue>) -> Result<Arc<dyn Fn() + Send + Sync>> {
    let function = function.build_threadsafe_function::<()>().weak::<true>().build()?;
    Ok(Arc::new(move || {
        // One that cannot be delivered is to an environment that is going away.
        function.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}

/// A bell that rings once until it is heard.
pub(crate) struct Wake {
    bell: Arc<dyn Fn() + Send + Sync>,
    /// Whether a call is on its way.
    rung: Arc<AtomicBool>,
}

impl Wake {
    pub(crate) fn new(function: &Function<'_, (), UnknownReturnValue>) -> Result<Self> {
        Ok(Self { bell: bell(function)?, rung: Arc::default() })
    }

    /// What other threads call.
    pub(crate) fn bell(&self) -> Arc<dyn Fn() + Send + Sync> {
        let (bell, rung) = (Arc::clone(&self.bell), Arc::clone(&self.rung));
        Arc::new(move || {
            if !rung.swap(true, Ordering::SeqCst) {
                bell();
            }
        })
    }

    /// JavaScript looks now. Said before looking: what comes after this is worth another call.
    pub(crate) fn heard(&self) {
        self.rung.store(false, Ordering::SeqCst);
    }
}
