// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are not at hand: those of another process until their agents are there, and those that only wait.

use crate::engine::Engine;
use crate::error::CodedError;
use crate::opening::{Found, Opened};
use crate::plan::NativePlan;
use napi_derive::napi;
use std::sync::Arc;

/// How far a group has gone on.
#[napi(object)]
pub struct NativeProceeded {
    /// How many go on, which only wait.
    pub resumed: u32,
    /// The slots of those that have something to do: they are to be woken, and resumed.
    pub to_wake: Vec<u32>,
    /// Whether there are more of the group.
    pub more: bool,
}

#[napi]
impl Engine {
    /// The plan of a group of what another process left unended.
    #[napi(catch_unwind)]
    pub fn group_plan(&self, group: u32) -> Result<Option<NativePlan>, CodedError> {
        self.with(|driver| Ok(driver.groups().nth(group as usize).map(|group| NativePlan { plan: Arc::clone(&group.plan) })))
    }

    /// What another process left that is this one's since the last call, beside the groups that were told before: so many.
    #[napi(catch_unwind)]
    pub fn taken(&self, known: u32) -> Result<Opened, CodedError> {
        self.with(|driver| {
            let taken = driver.take_taken();
            Ok(Opened::of(Ok(Found::by(driver, taken).after(known))))
        })
    }

    /// The ids of those of a group that wait in it and are not at hand.
    #[napi(catch_unwind)]
    pub fn parked_in(&self, group: u32) -> Result<Vec<String>, CodedError> {
        self.with(|driver| Ok(driver.parked_in(group).iter().map(ToString::to_string).collect()))
    }

    /// Lets the next of a group go on, at most so many: their agents are there.
    #[napi(catch_unwind)]
    pub fn proceed(&self, group: u32, most: u32) -> Result<NativeProceeded, CodedError> {
        let proceeded = self.with(|driver| driver.proceed(group, most as usize))?;
        Ok(NativeProceeded { resumed: proceeded.resumed, to_wake: proceeded.to_wake, more: proceeded.more })
    }

    /// The slot of the execution with this id, if it is not at hand.
    #[napi(catch_unwind)]
    pub fn parked(&self, id: String) -> Result<Option<u32>, CodedError> {
        self.with(|driver| Ok(driver.parked(&id)))
    }

    /// Wants an execution at hand; its `woken` effect follows.
    #[napi(catch_unwind)]
    pub fn wake(&self, slot: u32) -> Result<(), CodedError> {
        self.with(|driver| {
            driver.wake(slot);
            Ok(())
        })
    }

    /// What an execution is that is at hand again, as JSON text, once; see `runtime::report`. Fails with why it cannot be read.
    #[napi(catch_unwind)]
    pub fn handover(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| driver.handover(slot).map(Into::into))
    }

    /// Lets go of an execution that only waits and that JavaScript needs not at hand; false: it stays.
    #[napi(catch_unwind)]
    pub fn park(&self, slot: u32) -> Result<bool, CodedError> {
        self.with(|driver| driver.park(slot))
    }
}
