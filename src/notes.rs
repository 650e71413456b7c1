// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What attempts note of the models they ask and the steps they take, and what models have cost.

use crate::engine::Engine;
use crate::error::CodedError;
use ::engine::InstanceIndex;
use napi_derive::napi;
use runtime::{Driver, spent};

#[napi]
impl Engine {
    /// What an attempt tells of its models, as JSON text: with `called` a call that has ended, else a choice, whose effect follows once it is on
    /// record. False if that is recorded no more.
    #[napi(catch_unwind)]
    pub fn note(&self, slot: u32, task: u32, attempt: u32, called: bool, text: String) -> Result<bool, CodedError> {
        let task = InstanceIndex::new(task);
        self.with(|driver| {
            let tell = if called { Driver::called } else { Driver::chose };
            tell(driver, slot, task, attempt, text.into())
        })
    }

    /// What the current attempt of an instance has noted, before a crash too, as JSON text: `{"choices":[…],"calls":[…]}`; null: nothing.
    #[napi(catch_unwind)]
    pub fn notes(&self, slot: u32, task: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| driver.notes(slot, InstanceIndex::new(task)))
    }

    /// What an attempt tells of a step: with `value`, JSON text, that it has given it, else that it begins; the effect follows once that is on record. `input`: the
    /// print of what it is given, in hexadecimal. False if that is recorded no more.
    #[napi(catch_unwind)]
    pub fn step(
        &self,
        slot: u32,
        task: u32,
        attempt: u32,
        name: String,
        input: Option<String>,
        value: Option<String>,
    ) -> Result<bool, CodedError> {
        let input = input.and_then(|print| u64::from_str_radix(&print, 16).ok());
        self.with(|driver| driver.stepped(slot, InstanceIndex::new(task), attempt, name.into(), input, value.map(Into::into)))
    }

    /// The steps of an instance, of all its attempts, as JSON text; see `runtime::report::steps`. Null: none.
    #[napi(catch_unwind)]
    pub fn steps(&self, slot: u32, task: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| driver.steps(slot, InstanceIndex::new(task)))
    }

    /// What models have cost an execution so far, those below it included, or one of its tasks alone, as JSON text; see `runtime::spent`.
    #[napi(catch_unwind)]
    pub fn spent(&self, slot: u32, task: Option<u32>) -> Result<String, CodedError> {
        self.with(|driver| {
            let execution = driver.execution(slot)?;
            let spent = match task {
                None => execution.spent(),
                Some(task) => {
                    let task = InstanceIndex::new(task);
                    let spent = execution.spent_by(task).copied().unwrap_or_default();
                    return Ok(spent::of_task(spent, execution.finish_of(task)));
                }
            };
            Ok(spent::text(spent))
        })
    }
}
