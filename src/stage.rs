// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The clock of an orchestrator, and what a test sets one on: a clock that the test moves, and a point at which the process ends.

use crate::words::{self, timestamp};
use napi_derive::napi;
use runtime::store::{CrashPoint, CrashingStore, Store};
use runtime::{Clock, SetClock};

/// The time of one orchestrator: its engine and its models read it, and opening a store that is ahead moves it for both.
#[napi(js_name = "NativeClock")]
pub struct NativeClock {
    clock: Clock,
}

#[napi]
impl NativeClock {
    /// Shows `now`, in microseconds since the epoch by JavaScript's clock, and runs from there as that does.
    #[napi(constructor, catch_unwind)]
    pub fn new(now: f64) -> Self {
        Self { clock: Clock::starting_at(timestamp(now)) }
    }
}

impl NativeClock {
    /// It, for one more part that tells time.
    pub(crate) fn share(&self) -> Clock {
        self.clock.share()
    }
}

/// One for as many engines as share a time.
#[napi(js_name = "NativeStage")]
#[derive(Clone)]
pub struct NativeStage {
    clock: SetClock,
    crash: CrashPoint,
}

#[napi]
impl NativeStage {
    /// `now`, here and below, is microseconds since the epoch.
    #[napi(constructor, catch_unwind)]
    pub fn new(now: f64) -> Self {
        Self { clock: SetClock::at(timestamp(now)), crash: CrashPoint::default() }
    }

    /// What the clock shows.
    #[napi(catch_unwind)]
    pub fn now(&self) -> f64 {
        words::micros(self.clock.read().micros())
    }

    /// The clock, for an orchestrator.
    #[napi(catch_unwind)]
    pub fn clock(&self) -> NativeClock {
        NativeClock { clock: Clock::set_by(self.clock.clone()) }
    }

    /// Moves the clock on; it does not go back.
    #[napi(catch_unwind)]
    pub fn set_now(&self, now: f64) {
        self.clock.set(timestamp(now));
    }

    /// The process shall end at the `commits`th commit from now, after it if it is `kept`, else before; 0: it shall not.
    #[napi(catch_unwind)]
    pub fn crash_at(&self, commits: u32, kept: bool) {
        self.crash.set(commits.into(), kept);
    }
}

impl NativeStage {
    pub(crate) fn around(&self, store: Box<dyn Store>) -> Box<dyn Store> {
        Box::new(CrashingStore::over(store, self.crash.clone()))
    }
}
