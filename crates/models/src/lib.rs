// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Decides about calls of language models: which model fits, whether a call may start now, whether it is sent again or
//! to another model, and what it cost. Pure, like `engine`: time is an argument, randomness comes from a seed, and
//! nothing here knows HTTP or a provider's wire.

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
    RequirementsError, Selection, Terms, select,
};
pub use usage::Usage;

mod backoff;
mod breaker;
mod budget;
mod ending;
mod failure;
mod gateway;
mod limits;

pub use backoff::{Growth, RetryPolicy};
pub use breaker::{Breaker, BreakerPolicy, BreakerState, Gate, Shut};
pub use budget::{Account, Budget, BudgetReservation, Budgets, Counted, Exceeded, Spend};
pub use ending::{Ending, ending};
pub use failure::{FailureClass, classify, failure_message, retry_after, without_secrets};
pub use gateway::{
    Attempt, AttemptId, AttemptResult, Awaited, CallFailure, CallId, CallRecord, CallRequest, Command, Counts, Gateway, GaveUp, Next,
    Obstacle, Reason, RouteStatistics, Skipped, Target, Why,
};
pub use limits::{Admission, Gauge, Level, Limiter, Limits, Reservation, Tokens, TooLarge};
