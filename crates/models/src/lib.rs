// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Decides about calls of language models: which model fits, whether a call may start now, whether it is sent again or
//! to another model, and what it cost. Pure, like `engine`: time is an argument, randomness comes from a seed, and
//! nothing here knows HTTP or a provider's wire.

#![forbid(unsafe_code)]

mod usage;

pub use usage::Usage;
