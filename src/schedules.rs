// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Schedules, as methods of the engine's handle.

use crate::engine::Engine;
use crate::error::{CodedError, coded};
use crate::plan::NativePlan;
use crate::words::timestamp;
use napi_derive::napi;
use runtime::store::Schedule;
use runtime::timing;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a schedule is, beside its workflow: texts as in `runtime::store::Schedule`.
#[napi(object)]
#[expect(missing_docs, reason = "as in `runtime::store::Schedule`")]
pub struct ScheduleTexts {
    pub id: String,
    pub context: String,
    pub options: Option<String>,
    pub timing: String,
    pub fingerprint: String,
}

/// How a schedule that was asked for is known.
#[napi(object)]
pub struct KeptSchedule {
    /// Its number in this process.
    pub number: u32,
    /// Whether it is new; else there was one that does the same.
    pub is_new: bool,
}

#[napi]
impl Engine {
    /// Keeps a schedule, unless there is one that does the same; effects come with the next `advance` or `pull`, here and below.
    #[napi(catch_unwind)]
    pub fn schedule(&self, plan: &NativePlan, texts: ScheduleTexts) -> Result<KeptSchedule, CodedError> {
        let ScheduleTexts { id, context, options, timing, fingerprint } = texts;
        let schedule = Schedule { id: id.into(), plan: Arc::clone(&plan.plan), context, options, timing, fingerprint };
        let kept = self.with(|driver| driver.schedule(schedule))?;
        Ok(KeptSchedule { number: kept.number, is_new: kept.is_new })
    }

    /// A schedule out of a file goes on.
    #[napi(catch_unwind)]
    pub fn wake_schedule(&self, number: u32) -> Result<(), CodedError> {
        self.with(|driver| {
            driver.wake_schedule(number);
            Ok(())
        })
    }

    /// Begins nothing any more for a schedule.
    #[napi(catch_unwind)]
    pub fn cancel_schedule(&self, number: u32) -> Result<(), CodedError> {
        self.with(|driver| driver.cancel_schedule(number))
    }

    /// Every schedule as JSON text: `[[number, schedule]]`, each as in `runtime::report::schedule`.
    #[napi(catch_unwind)]
    pub fn schedules(&self) -> Result<String, CodedError> {
        let schedules = self.with(|driver| Ok(driver.schedules()))?;
        let rows: Vec<String> = schedules.into_iter().map(|(number, text)| format!("[{number},{text}]")).collect();
        Ok(format!("[{}]", rows.join(",")))
    }

    /// The id of the execution in a slot, for one that a schedule began.
    #[napi(catch_unwind)]
    pub fn execution_id(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| Ok(driver.id(slot)?.to_string()))
    }
}

/// Everything that is wrong with a timing (JSON text as in `runtime::timing`) at this instant: `[{ path, message }]` as JSON text.
#[napi(catch_unwind)]
pub fn timing_problems(timing: String, now: f64) -> Result<String, CodedError> {
    let problems = timing::problems(&timing, timestamp(now)).map_err(|error| coded(&error))?;
    let problems: Value = problems.iter().map(|problem| json!({ "path": problem.path(), "message": problem.to_string() })).collect();
    Ok(problems.to_string())
}
