// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that go on under another workflow.

use crate::engine::Engine;
use crate::error::CodedError;
use crate::plan::NativePlan;
use napi_derive::napi;

#[napi]
impl Engine {
    /// Moves an execution to another plan; `told` is JSON text as `runtime::Driver::move_to` takes it. The number of the `moved` effect that
    /// follows; null with `dry_run`, which moves nothing and fails as that would.
    #[napi(catch_unwind)]
    pub fn move_to(&self, slot: u32, plan: &NativePlan, told: String, dry_run: bool) -> Result<Option<f64>, CodedError> {
        #[expect(clippy::cast_precision_loss, reason = "numbers fit a float exactly")]
        self.with(|driver| Ok(driver.move_to(slot, &plan.plan, &told, dry_run)?.map(|number| number.get() as f64)))
    }
}
