// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A level that has become higher for good: the cumulated sum of how far values are above what was usual.

/// What is forgiven of each value, and where the sum becomes an alarm, in standard deviations: one alarm in about 10,000 healthy values, and 6 values until a
/// level that is two deviations higher is found.
const SLACK: f64 = 0.5;
const BOUND: f64 = 8.0;
/// A single value counts no more than this.
const CLIP: f64 = 4.0;

/// One series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shift {
    sum: f64,
}

impl Shift {
    /// The next standardised residual; whether the level has shifted. It begins anew then.
    pub fn observe(&mut self, residual: f64) -> bool {
        self.sum = (self.sum + residual.clamp(-CLIP, CLIP) - SLACK).max(0.0);
        let shifted = self.sum > BOUND;
        if shifted {
            self.sum = 0.0;
        }
        shifted
    }
}
