// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether a figure is unusual, judged by what came before it alone. In reading order:
//!
//! - [`Spread`]: how much all tasks of a pool vary, which says something of one that has run a few times.
//! - [`Point`]: one value against those before it, on the scale of logarithms.
//! - [`Shift`]: a level that has become higher for good (CUSUM).
//! - [`Series`]: both, run by run: what is a flag, and when the level has become another.
//! - [`Failing`]: failures against the task's own past.
//! - [`Cause`]: what many tasks have in common that rise together.
//! - [`Detectors`]: every [`Run`] passes here once, and what is to be told of it comes out.
//!
//! None reads a clock. What a sample costs: `cargo run --release -p analytics --example score`.

mod cause;
mod detectors;
mod failing;
mod point;
mod run;
mod series;
mod shift;
mod spread;
mod tails;

pub use cause::Cause;
pub use detectors::{Begins, Detectors, Over, Told, Unusual};
pub use failing::Failing;
pub use point::{Judged, Point};
pub use run::{Measure, Run};
pub use series::{Change, Series, Verdict};
pub use shift::Shift;
pub use spread::Spread;
