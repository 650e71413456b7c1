// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Decides about calls of language models: which model fits, whether a call may start now, whether it is sent again or
//! to another model, and what it cost. Pure, like `engine`: time is an argument, randomness comes from a seed, and
//! nothing here knows HTTP or a provider's wire. The picture of a call is at the head of `model-driver`.
//!
//! - There is one owner of retries: a task's `retryPolicy` goes with its call, and what the gateway gives up on is not
//!   retryable.
//! - Limits are exact over any 60 s and count what a call may use. A model's answers correct the estimate, its headers
//!   the limits.
//! - Money is whole nano-dollars, from whole pico-dollars a token.
//! - Another attempt or a fallback is possible until the first token; after it only for callers that can take back what
//!   was delivered. Progress that the listeners of a task hear is no delivery.
//! - The gateway is not part of a journal. Its limits, breakers and figures begin anew with the process; what
//!   executions have spent is on record, and the gateway is told (`Budgets::charge`).
//! - What a call leaves on record is three events of `engine`: `ModelChosen` before its request is sent, with the seed
//!   of its waits; `ModelCalled` when it has ended; `UsageCharged` for the executions above. A choice without its call
//!   was cut off by a crash, at an unknown cost.

#![forbid(unsafe_code)]

mod catalogue;
mod cost;
mod observed;
mod selection;
mod usage;

pub use catalogue::{Capability, Catalogue, CatalogueError, Day, DayError, Modality, Model, Quality, RegistrationError, Tier};
pub use cost::{Cost, Price, PriceError, PriceList, Prices, Rates, Step};
pub use observed::{Call, Figures, Observed, Outcome};
pub use selection::{
    Alternative, Availability, Candidate, Candidates, Constraint, Inputs, Mode, Need, NoModel, Providers, Refusal, Refused, Requirements,
    RequirementsError, Selection, Terms, best, select,
};
pub use usage::Usage;

mod backoff;
mod breaker;
mod budget;
mod ending;
mod failure;
mod gateway;
mod limits;

pub use backoff::RetryPolicy;
pub use breaker::{Breaker, BreakerPolicy, BreakerState, Gate, Shut};
pub use budget::{Account, Budget, BudgetReservation, BudgetWindow, Budgets, Counted, Exceeded, Per, Spend};
pub use ending::{Ending, ending};
pub use failure::{FailureClass, classify, failure_message, retry_after, without_secrets};
pub use gateway::{
    Attempt, AttemptId, AttemptResult, Awaited, CallFailure, CallId, CallRecord, CallRequest, CallWait, Command, Counts, Gateway, GaveUp,
    Next, Obstacle, Reason, RouteStatistics, Skipped, Target, Why,
};
pub use limits::{Admission, Gauge, Level, Limiter, Limits, Reservation, Tokens, TooLarge};
