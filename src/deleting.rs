// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are deleted.

use crate::engine::Engine;
use crate::error::CodedError;
use napi_derive::napi;

#[napi]
impl Engine {
    /// Deletes an execution with those that go with it, by ids and keys; the ticket of the effect that follows. Those of `damaged` have not ended.
    #[napi(catch_unwind)]
    pub fn delete_executions(&self, ids: Vec<String>, keys: Vec<i64>, damaged: Vec<i64>) -> Result<u32, CodedError> {
        let executions: Vec<_> = ids.into_iter().zip(keys).collect();
        self.with(|driver| driver.delete(&executions, &damaged))
    }

    /// The slots of executions that have ended and whose end JavaScript may not have heard of yet.
    #[napi(catch_unwind)]
    pub fn ending(&self) -> Result<Vec<u32>, CodedError> {
        self.with(|driver| Ok(driver.ending()))
    }
}
