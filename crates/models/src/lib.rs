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
