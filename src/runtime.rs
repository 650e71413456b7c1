// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where what waits for the world runs: one tokio runtime for all orchestrators of a process, made when first needed. Its threads sleep
//! while nothing happens, and none of them keeps Node alive; a promise that is pending does.

use napi::bindgen_prelude::{Env, Object, ToNapiValue};
use napi::{Error, Result, Status};
use providers::{SetupError, Transport};
use std::future::Future;
use std::io;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Runtime};

/// It moves bytes and decides little: more threads would only take cores from JavaScript.
const THREADS: usize = 2;

/// The runtime. It is never shut down: whoever uses it ends what it began there, and the process ends the rest.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<io::Result<Runtime>> = OnceLock::new();
    let made =
        RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(THREADS).thread_name("orchestrator-io").enable_all().build());
    made.as_ref().map_err(|error| Error::new(Status::GenericFailure, format!("no threads for input and output could be started: {error}")))
}

/// The connections of this process to everything that speaks HTTP. Made when first needed; a failure is not remembered.
pub(crate) fn transport() -> std::result::Result<Transport, SetupError> {
    static TRANSPORT: OnceLock<Transport> = OnceLock::new();
    match TRANSPORT.get() {
        Some(transport) => Ok(transport.clone()),
        None => Transport::new().map(|made| TRANSPORT.get_or_init(|| made).clone()),
    }
}

/// A promise of what `work` comes to, which begins at once on the runtime. It rejects only if `work` panics.
pub(crate) fn promise<T>(env: &Env, work: impl Future<Output = T> + Send + 'static) -> Result<Object<'_>>
where
    T: ToNapiValue + Send + 'static,
{
    let (deferred, promise) = env.create_deferred()?;
    let runtime = runtime()?;
    let work = runtime.spawn(work);
    runtime.spawn(async move {
        match work.await {
            Ok(done) => deferred.resolve(move |_| Ok(done)),
            // A promise that never settles would hang whoever awaits it, and the process with it.
            Err(panicked) => deferred.reject(Error::new(Status::GenericFailure, panicked.to_string())),
        }
    });
    Ok(promise)
}
