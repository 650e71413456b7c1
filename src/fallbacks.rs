// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What stands in for tasks that would have failed, as JavaScript asks for it.

use crate::engine::Engine;
use crate::error::CodedError;
use ::engine::InstanceIndex;
use napi_derive::napi;
use runtime::report;

#[napi]
impl Engine {
    /// The number of the task of the plan that an instance calls now: its own, or that of an agent that stands in for it.
    #[napi(catch_unwind)]
    pub fn calling(&self, slot: u32, task: u32) -> Result<u32, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.called(InstanceIndex::new(task)).get()))
    }

    /// Why something else completed an instance, as JSON text; null if that is not so.
    #[napi(catch_unwind)]
    pub fn degraded(&self, slot: u32, task: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.degraded(InstanceIndex::new(task)).map(|failure| report::failure(failure))))
    }
}
