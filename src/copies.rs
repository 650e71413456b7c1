// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Copies of a store, and looks at a whole one, on threads of Node's pool.

use crate::archive::Answer;
use crate::error::{NativeFailure, failure};
use crate::shared::{SharedArchive, lock};
use napi::bindgen_prelude::{AsyncTask, Env, Task};
use napi_derive::napi;
use runtime::Error;
use runtime::store::{BackupError, backup, canonical, verify};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends what was begun with it.
#[napi]
#[derive(Default)]
pub struct NativeStop(Arc<AtomicBool>);

#[napi]
impl NativeStop {
    /// Not stopped.
    #[napi(catch_unwind, constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops it.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A copy of the store of an engine.
pub struct BackupTask {
    archive: SharedArchive,
    path: PathBuf,
    is_stopped: Arc<AtomicBool>,
}

impl BackupTask {
    pub(crate) fn of(archive: &SharedArchive, path: &str, stop: &NativeStop) -> AsyncTask<Self> {
        AsyncTask::new(Self { archive: Arc::clone(archive), path: canonical(Path::new(path)), is_stopped: Arc::clone(&stop.0) })
    }

    fn copy(&self) -> Result<(), NativeFailure> {
        let of = |code: &str, message: String| NativeFailure { code: code.to_owned(), message, causes: Vec::new() };
        let archive = lock(&self.archive);
        let is_elsewhere = archive.as_deref().is_some_and(|archive| !archive.is_in_memory());
        let file = archive.as_deref().and_then(|archive| archive.file().transpose());
        drop(archive);
        let Some(file) = file else {
            if is_elsewhere {
                let message = "`backup` copies a file: executions on Redis are copied as all of that server is, by its snapshots or its append-only file";
                return Err(of("ERR_NOT_SUPPORTED", message.to_owned()));
            }
            return Err(of("ERR_NOT_DURABLE", "there is no store to copy: give the orchestrator a `storage.path`".to_owned()));
        };
        let store = file.map_err(|error| failure(&Error::Open(error)))?;
        backup(store.path(), &self.path, &self.is_stopped).map_err(|error| {
            let code = match error {
                BackupError::Exists { .. } => "ERR_INVALID_ARGUMENT",
                BackupError::Cancelled => "ERR_CANCELLED",
                BackupError::Full { .. } => "ERR_STORE_FULL",
                BackupError::Damaged { .. } => "ERR_STORE_CORRUPT",
                BackupError::Failed { .. } => "ERR_STORE_OPEN",
            };
            of(code, error.in_full())
        })
    }
}

impl Task for BackupTask {
    type Output = Result<(), NativeFailure>;
    type JsValue = Option<NativeFailure>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.copy())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Self::JsValue> {
        Ok(output.err())
    }
}

/// A look at a whole store.
pub struct VerifyTask(PathBuf);

impl Task for VerifyTask {
    type Output = Result<String, Error>;
    type JsValue = Answer;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(verify(&self.0).map(|report| report.text()).map_err(Error::Open))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Answer> {
        Ok(match output {
            Ok(text) => Answer { failure: None, text: Some(text) },
            Err(error) => Answer { failure: Some(failure(&error)), text: None },
        })
    }
}

/// Resolves with what is damaged in the store at a path, as JSON text.
#[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
pub fn verify_store(path: String) -> AsyncTask<VerifyTask> {
    AsyncTask::new(VerifyTask(canonical(Path::new(&path))))
}
