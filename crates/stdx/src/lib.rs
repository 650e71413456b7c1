// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What std could have had. No word of this product's domain appears here.

#![forbid(unsafe_code)]

mod canonical;
mod timestamp;

pub use canonical::{canonical_json, sha256_hex};
pub use timestamp::Timestamp;
