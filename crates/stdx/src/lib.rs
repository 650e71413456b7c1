// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What std could have had. No word of this product's domain appears here.

#![forbid(unsafe_code)]

mod backoff;
mod canonical;
mod counted;
mod hash;
mod nearest;
mod percent;
mod random;
mod timestamp;
mod well_formed;

pub use backoff::{Backoff, Growth};
pub use canonical::{canonical_json, sha256_hex};
pub use counted::counted;
pub use hash::{hash64, hash64_of};
pub use nearest::nearest;
pub use percent::percent_decoded;
pub use random::{mixed, unit};
pub use timestamp::Timestamp;
pub use well_formed::well_formed_json;
