// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an execution that is live has had announced: at once where that is in memory, else read on a thread of Node's pool.

use crate::engine::Engine;
use crate::error::{CodedError, NativeFailure, closed, failure};
use crate::shared::{SharedArchive, lock};
use crate::words;
use ::alphabet::{Effect, Heard};
use napi::bindgen_prelude::{AsyncTask, Env, Float64Array, Task};
use napi_derive::napi;
use runtime::{Failures, Number, OnRecord, report};
use std::sync::Arc;

/// A part of a history.
#[napi(object)]
pub struct History {
    /// Why it could not be read.
    pub failure: Option<NativeFailure>,
    /// The words of its effects.
    pub words: Float64Array,
    /// Why what failed in it did, as JSON text by the numbers of the effects.
    pub failures: String,
}

impl History {
    fn told((effects, failures): (Vec<Effect>, Failures), kinds: &[u32]) -> Self {
        let words = words::words_of(&effects, &Heard::none().with(kinds));
        Self { failure: None, words: Float64Array::new(words), failures: words::failures_text(&failures) }
    }
}

/// A history that is read.
pub struct HistoryTask {
    archive: SharedArchive,
    on_record: OnRecord,
    after: Option<Number>,
    kinds: Vec<u32>,
}

impl Task for HistoryTask {
    type Output = Result<(Vec<Effect>, Failures), NativeFailure>;
    type JsValue = History;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let archive = lock(&self.archive);
        // Closed meanwhile.
        let Some(archive) = archive.as_deref() else { return Ok(Err(closed())) };
        Ok(self.on_record.history(archive, self.after).map_err(|error| failure(&error.into())))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<History> {
        Ok(match output {
            Ok(told) => History::told(told, &self.kinds),
            Err(failure) => History { failure: Some(failure), ..History::told(<_>::default(), &[]) },
        })
    }
}

#[napi]
impl Engine {
    /// The effects of these kinds that an execution has had after the one with the number `after`, -1: all. Null if that must be read.
    #[napi(catch_unwind)]
    pub fn history(&self, slot: u32, kinds: Vec<u32>, after: f64) -> Result<Option<History>, CodedError> {
        self.with(|driver| {
            let Some(archive) = driver.at_hand() else { return Ok(None) };
            let told = driver.on_record(slot)?.history(archive, words::number(after))?;
            Ok(Some(History::told(told, &kinds)))
        })
    }

    /// Reads the same. What is on record is settled with the call, whenever it is read.
    #[napi(catch_unwind, ts_return_type = "Promise<History>")]
    pub fn read_history(&self, slot: u32, kinds: Vec<u32>, after: f64) -> Result<AsyncTask<HistoryTask>, CodedError> {
        let on_record = self.with(|driver| driver.on_record(slot))?;
        let after = words::number(after);
        Ok(AsyncTask::new(HistoryTask { archive: Arc::clone(&self.archive), on_record, after, kinds }))
    }

    /// Why what an effect tells of has failed, as JSON text; known while the effect is handled.
    #[napi(catch_unwind)]
    pub fn failure(&self, slot: u32, number: f64) -> Result<Option<String>, CodedError> {
        let failure = self.with(|driver| Ok(words::number(number).and_then(|number| driver.failure(slot, number))))?;
        Ok(failure.as_deref().map(report::failure))
    }
}
