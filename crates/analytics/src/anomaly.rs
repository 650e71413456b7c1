// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether a figure is unusual, judged by what came before it alone. In reading order:
//!
//! - [`Spread`]: how much all tasks of a pool vary, which says something of one that has run a few times.
//! - [`Point`]: one value against those before it, on the scale of logarithms.
//! - [`Shift`]: a level that has become higher for good (CUSUM).
//! - [`Series`]: both, run by run: what is a flag, and what is an alert.
//! - [`Failing`]: a failure rate against the task's own past (beta-binomial).
//!
//! None reads a clock. What a sample costs: `cargo run --release -p analytics --example score`.

mod failing;
mod point;
mod series;
mod shift;
mod tails;

pub use failing::Failing;
pub use point::{Judged, Point, Spread};
pub use series::{Series, Verdict};
pub use shift::Shift;
