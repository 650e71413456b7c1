// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Idempotency keys, as JavaScript asks for them.

use crate::engine::Engine;
use crate::error::{CodedError, NativeFailure, closed, failure};
use crate::shared::{SharedArchive, SharedDriver, lock};
use crate::words;
use ::engine::Claim;
use napi::bindgen_prelude::{AsyncTask, Env, Task};
use napi_derive::napi;
use runtime::store::KnownKey;
use runtime::{Claimed, Error};
use std::sync::Arc;

/// What a call with an idempotency key does.
#[napi(object)]
pub struct NativeClaim {
    /// `begin`, `join` or `mismatch`.
    pub does: String,
    /// The id of the execution it is about.
    pub id: String,
    /// How that ended, if it has.
    pub status: Option<String>,
    /// When, in microseconds.
    pub ended_at: Option<f64>,
}

/// What a key that had to be looked up resolves with.
#[napi(object)]
pub struct ClaimAnswer {
    /// Why there is none.
    pub failure: Option<NativeFailure>,
    /// What the call does.
    pub claim: Option<NativeClaim>,
}

impl From<Claimed> for NativeClaim {
    fn from(claimed: Claimed) -> Self {
        let does = match claimed.claim {
            Claim::Begin(_) => "begin",
            Claim::Join => "join",
            Claim::Mismatch => "mismatch",
        };
        let (status, ended_at) = claimed.end.map(|end| (end.status.to_string(), words::micros(end.at.micros()))).unzip();
        Self { does: does.to_owned(), id: claimed.id, status, ended_at }
    }
}

/// A key that is looked up.
pub struct ClaimTask {
    driver: SharedDriver,
    archive: SharedArchive,
    hash: String,
    fingerprint: String,
    rerun_failed: bool,
}

impl ClaimTask {
    /// What the call does, now that it is known what the store knows.
    fn claim(&self, known: Result<KnownKey, Error>) -> Result<Option<Claimed>, Error> {
        let mut driver = lock(&self.driver);
        // Closed meanwhile.
        let Some(driver) = driver.as_mut() else { return Ok(None) };
        driver.claim(&self.hash, &self.fingerprint, self.rerun_failed, Some(known?))
    }
}

impl Task for ClaimTask {
    type Output = Result<KnownKey, Error>;
    type JsValue = ClaimAnswer;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let archive = lock(&self.archive);
        Ok(archive.as_deref().map_or_else(|| Ok(KnownKey::default()), |archive| archive.keyed(&self.hash)).map_err(Error::from))
    }

    fn resolve(&mut self, _env: Env, known: Self::Output) -> napi::Result<ClaimAnswer> {
        let claimed = self.claim(known);
        Ok(match claimed {
            Ok(None) => ClaimAnswer { failure: Some(closed()), claim: None },
            Ok(Some(claimed)) => ClaimAnswer { failure: None, claim: Some(claimed.into()) },
            Err(error) => ClaimAnswer { failure: Some(failure(&error)), claim: None },
        })
    }
}

#[napi]
impl Engine {
    /// What a call with the key of this hash does, that would do what `fingerprint` says; null if the store must be asked.
    #[napi(catch_unwind)]
    pub fn claim(&self, hash: String, fingerprint: String, rerun_failed: bool) -> Result<Option<NativeClaim>, CodedError> {
        let claimed = self.with(|driver| driver.claim(&hash, &fingerprint, rerun_failed, None))?;
        Ok(claimed.map(NativeClaim::from))
    }

    /// Asks the store, and resolves with what the call does then. Nobody else may begin an execution of the key meanwhile.
    #[napi(catch_unwind, ts_return_type = "Promise<ClaimAnswer>")]
    pub fn look_up_claim(&self, hash: String, fingerprint: String, rerun_failed: bool) -> AsyncTask<ClaimTask> {
        let (driver, archive) = (Arc::clone(&self.driver), Arc::clone(&self.archive));
        AsyncTask::new(ClaimTask { driver, archive, hash, fingerprint, rerun_failed })
    }
}
