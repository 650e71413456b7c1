// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How much the values of many tasks vary.

/// The latest variances that are kept, and after how many new ones they are looked at.
const KEPT: usize = 256;
const LOOK_AFTER: usize = 16;
/// Of fewer it is not said.
const LEAST: usize = 5;
/// With fewer tasks it is assumed: a value is usually within a half and twice the middle one.
const ASSUMED: f64 = 0.12;

/// The middle of the variances of many tasks.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    variances: Vec<f64>,
    next: usize,
    middle: Option<f64>,
}

impl Spread {
    /// Another task's variance, of its logarithms.
    pub fn add(&mut self, variance: f64) {
        if self.variances.len() < KEPT {
            self.variances.push(variance);
        } else if let Some(oldest) = self.variances.get_mut(self.next) {
            *oldest = variance;
        }
        self.next = (self.next + 1) % KEPT;
        if self.variances.len() >= LEAST && (self.variances.len() < LOOK_AFTER || self.next.is_multiple_of(LOOK_AFTER)) {
            let mut sorted = self.variances.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            self.middle = sorted.get(sorted.len() / 2).copied();
        }
    }

    /// The middle of them.
    pub fn middle(&self) -> f64 {
        self.middle.unwrap_or(ASSUMED)
    }
}
