// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The handle JavaScript holds over one `model_driver::ModelDriver`. What crosses is JSON text.

use crate::error::CodedError;
use crate::runtime::{runtime, transport};
use crate::stage::NativeClock;
use crate::wake::Wake;
use crate::words;
use model_driver::{Error, ModelDriver, Now, Time};
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::UnknownReturnValue;
use napi_derive::napi;
use std::sync::Arc;

/// One orchestrator's calls of models.
#[napi]
pub struct NativeModels {
    driver: ModelDriver,
    wake: Wake,
}

/// A name by which nothing can be asked.
#[napi(object)]
pub struct Misnamed {
    /// Its place in the list.
    pub index: u32,
    /// Why, and the way out.
    pub message: String,
}

#[napi]
impl NativeModels {
    /// `fallback`: where requests go on that say nothing of it. `seed`: what chance begins with. `clock`: that of the
    /// orchestrator; one that is set is waited on by JavaScript, for `next_deadline`. `wake` is called, on the JavaScript thread, when `pull` has something to give, or that
    /// is another; it never keeps the process alive.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        fallback: Vec<String>,
        seed: u32,
        clock: &NativeClock,
        wake: Function<'_, (), UnknownReturnValue>,
    ) -> Result<Self, CodedError> {
        let wake = Wake::new(&wake).map_err(internal)?;
        let clock = clock.share();
        let runs = !clock.is_set();
        let now: Now = Arc::new(move || clock.read());
        let time = Time { now, runs };
        let (transport, handle) = (transport().map_err(internal)?, runtime().map_err(internal)?.handle().clone());
        let driver = ModelDriver::new(fallback, seed, transport, handle, time, wake.bell()).map_err(|error| coded(&error))?;
        Ok(Self { driver, wake })
    }

    /// A provider by its name: `{connection, rateLimit, model, timeouts}`. One that cannot be used is not added; the answer is why: `[field, message]`.
    #[napi(catch_unwind)]
    pub fn add_provider(&self, name: String, provider: String) -> Result<Vec<String>, CodedError> {
        match self.driver.add_provider(&name, &provider) {
            Ok(()) => Ok(Vec::new()),
            Err(Error::Provider { source, .. }) => Ok(vec![source.field().to_owned(), source.to_string()]),
            Err(error) => Err(coded(&error)),
        }
    }

    /// What is wrong with each name of the fallback, in its order; empty: nothing.
    #[napi(catch_unwind)]
    pub fn misnamed_fallback(&self) -> Vec<Misnamed> {
        let misnamed = self.driver.misnamed_fallback().into_iter();
        // A list of JavaScript has no more places.
        misnamed.filter_map(|(index, error)| Some(Misnamed { index: u32::try_from(index).ok()?, message: error.to_string() })).collect()
    }

    /// What is known of a model.
    #[napi(catch_unwind)]
    pub fn register(&self, model: String) -> Result<(), CodedError> {
        self.driver.register(&model).map_err(|error| coded(&error))
    }

    /// The model that fits requirements best.
    #[napi(catch_unwind)]
    pub fn select(&self, requirements: String) -> Result<String, CodedError> {
        self.driver.select(&requirements).map_err(|error| coded(&error))
    }

    /// Who may answer a request, which is kept for its call, if that has a number by then: until it begins or is cancelled.
    #[napi(catch_unwind)]
    pub fn choose(&self, wanted: String, chat: String, call: Option<u32>) -> Result<String, CodedError> {
        self.driver.choose(call.map(u64::from), &wanted, &chat).map_err(|error| coded(&error))
    }

    /// Every model of configured providers, or all that are known, with what was seen of them.
    #[napi(catch_unwind)]
    pub fn known(&self, all: bool) -> Result<String, CodedError> {
        self.driver.known(all).map_err(|error| coded(&error))
    }

    /// The most that `scope` may spend, and what it has spent before.
    #[napi(catch_unwind)]
    pub fn set_budget(&self, scope: String, budget: String, spent: String) -> Result<(), CodedError> {
        self.driver.set_budget(&scope, &budget, &spent).map_err(|error| coded(&error))
    }

    /// The budgets that begin anew, as JSON text; see `models::BudgetWindow`.
    #[napi(catch_unwind)]
    pub fn budget_windows(&self) -> Result<String, CodedError> {
        self.driver.budget_windows().map_err(|error| coded(&error))
    }

    /// Takes up what was spent before, in the same words.
    #[napi(catch_unwind)]
    pub fn restore_budgets(&self, windows: String) -> Result<(), CodedError> {
        self.driver.restore_budgets(&windows).map_err(|error| coded(&error))
    }

    /// Nobody spends from a scope any more.
    #[napi(catch_unwind)]
    pub fn forget_budget(&self, scope: String) {
        self.driver.forget_budget(&scope);
    }

    /// Begins a call: `{chat, choice or wanted, stream, restart, budgets, retry, timeoutMs, priority}`. A `chat` that was kept need not be there again.
    /// Answers the fallbacks that are not asked, if there are any.
    #[napi(catch_unwind)]
    pub fn begin(&self, call: u32, request: String) -> Result<String, CodedError> {
        self.driver.begin(call.into(), &request).map_err(|error| coded(&error))
    }

    /// A call is wanted no more.
    #[napi(catch_unwind)]
    pub fn cancel(&self, call: u32) {
        self.driver.cancel(call.into());
    }

    /// A provider of JavaScript has given a piece of an answer.
    #[napi(catch_unwind)]
    pub fn delivered(&self, call: u32, attempt: u32, delta: String) -> Result<(), CodedError> {
        self.driver.delivered(call.into(), attempt, &delta).map_err(|error| coded(&error))
    }

    /// A provider of JavaScript has answered.
    #[napi(catch_unwind)]
    pub fn answered(&self, call: u32, attempt: u32, reply: String) -> Result<(), CodedError> {
        self.driver.answered(call.into(), attempt, &reply).map_err(|error| coded(&error))
    }

    /// A provider of JavaScript has failed: `{class, message, retryAfterMs, timedOut}`.
    #[napi(catch_unwind)]
    pub fn failed(&self, call: u32, attempt: u32, failure: String) -> Result<(), CodedError> {
        self.driver.failed(call.into(), attempt, &failure).map_err(|error| coded(&error))
    }

    /// What there is to tell: JSON texts, one in a line. Empty: nothing.
    #[napi(catch_unwind)]
    pub fn pull(&self) -> String {
        self.wake.heard();
        self.driver.pull()
    }

    /// When `tick` is due on a stage, in microseconds since the epoch; 0: nothing is waited for.
    #[napi(catch_unwind)]
    pub fn next_deadline(&self) -> f64 {
        self.driver.next_deadline().map_or(0.0, |at| words::micros(at.micros()))
    }

    /// The time of the stage has passed.
    #[napi(catch_unwind)]
    pub fn tick(&self) {
        self.driver.tick();
    }

    /// What a call waits for, as JSON text; null if it has finished.
    #[napi(catch_unwind)]
    pub fn wait_of(&self, call: u32) -> Option<String> {
        self.driver.wait_of(call.into())
    }

    /// The calls that nobody is asked for now: each waits for a limit, a backoff or a breaker.
    #[napi(catch_unwind)]
    pub fn waiting(&self) -> Vec<u32> {
        // JavaScript has numbered its calls with u32.
        self.driver.waiting().into_iter().filter_map(|call| u32::try_from(call).ok()).collect()
    }
}

fn coded(error: &Error) -> CodedError {
    let code = code(error);
    let cause = if let Error::Malformed { source, .. } = error { format!(": {source}") } else { String::new() };
    CodedError::new(code, format!("{error}{cause}"))
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Fallback { source, .. } => code(source),
        Error::Provider { .. } | Error::Registration(_) | Error::Malformed { .. } => "ERR_INVALID_ARGUMENT",
        Error::NoProvider { .. } | Error::UnknownProvider { .. } => "ERR_PROVIDER_NOT_FOUND",
        Error::NotAllowed { .. } => "ERR_NOT_ALLOWED",
        Error::UnknownModel { .. } | Error::NoModel(_) => "ERR_NO_MODEL",
        Error::Catalogue(_) => "ERR_INTERNAL",
    }
}

fn internal(error: impl std::fmt::Display) -> CodedError {
    CodedError::new("ERR_INTERNAL", error.to_string())
}
