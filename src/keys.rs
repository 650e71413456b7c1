// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Idempotency keys, as JavaScript asks for them.

use crate::engine::Engine;
use crate::error::CodedError;
use crate::words;
use ::engine::Claim;
use napi_derive::napi;

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

#[napi]
impl Engine {
    /// What a call with the key of this hash does, that would do what `fingerprint` says.
    #[napi(catch_unwind)]
    pub fn claim(&self, hash: String, fingerprint: String, rerun_failed: bool) -> Result<NativeClaim, CodedError> {
        let claimed = self.with(|driver| driver.claim(&hash, &fingerprint, rerun_failed))?;
        let does = match claimed.claim {
            Claim::Begin(_) => "begin",
            Claim::Join => "join",
            Claim::Mismatch => "mismatch",
        };
        let (status, ended_at) = claimed.end.map(|end| (end.status.to_string(), words::micros(end.at.micros()))).unzip();
        Ok(NativeClaim { does: does.to_owned(), id: claimed.id, status, ended_at })
    }
}
