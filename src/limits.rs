// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What bounds executions.

use crate::engine::Engine;
use crate::error::CodedError;
use crate::plan::ReadingLimits;
use napi_derive::napi;
use runtime::JournalLimits;
use std::collections::HashMap;

/// What the configuration says about executions that run.
#[napi(object)]
pub struct NativeLimits {
    /// How many executions run at once; null: any number.
    pub running_max: Option<u32>,
    /// How large a share of the places a tenant has; 1 for those not named.
    pub tenant_weights: HashMap<String, u32>,
    /// The bounds of what attempts add, as those of a definition.
    pub definitions: ReadingLimits,
    /// Whether executions of several definitions of one workflow version may run at once.
    pub redefinable: bool,
    /// How many events one execution may record,
    pub events_max: f64,
    /// and how many bytes.
    pub bytes_max: f64,
    /// Whether it is counted how executions and tasks go.
    pub counts: bool,
    /// How records name this process.
    pub process: String,
}

impl NativeLimits {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are whole, positive and far below 2^53")]
    fn journals(&self) -> JournalLimits {
        JournalLimits { events: self.events_max as u64, bytes: self.bytes_max as u64 }
    }
}

#[napi]
impl Engine {
    /// Sets what the configuration says: called once, before anything begins.
    #[napi(catch_unwind)]
    pub fn limit(&self, limits: NativeLimits) -> Result<(), CodedError> {
        let journals = limits.journals();
        let weights = limits.tenant_weights.into_iter().map(|(tenant, weight)| (tenant.into(), weight)).collect();
        self.with(|driver| {
            driver.limit(limits.running_max, weights);
            driver.limit_definitions((&limits.definitions).into());
            driver.limit_journals(journals);
            driver.name_process(limits.process.into());
            #[cfg(feature = "bench")]
            driver.record_of_attempts(recorded());
            if limits.counts {
                driver.count();
            }
            if limits.redefinable {
                driver.allow_redefinition();
            }
            Ok(())
        })
    }
}

/// What `bench/record.mjs` wants on record.
#[cfg(feature = "bench")]
fn recorded() -> runtime::Recorded {
    let left_out = std::env::var("MAO_BENCH_LEAVE_OUT").unwrap_or_default();
    let wants = |field: &str| !left_out.split(',').any(|left_out| left_out == field);
    runtime::Recorded { by: wants("by"), prints: wants("print"), reads: wants("read"), waits: wants("waited"), ends: wants("committed") }
}
