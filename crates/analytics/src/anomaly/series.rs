// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The durations of one task, run by run: what is a flag on one of them, and what people are told.

use super::{Judged, Point, Shift};

/// So many flags among so many runs are an alert.
const FLAGS: u32 = 2;
const AMONG: u32 = 5;
/// Runs after an alert in which the same cause is not told again: until then the new level is the usual one.
const SILENT: u32 = 40;

/// What a run leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// How the run compares with those before it; `None` while too few are known.
    pub judged: Option<Judged>,
    /// Whether it is unusually slow by itself.
    pub is_flagged: bool,
    /// Whether people are to be told: it has become slow.
    pub is_alert: bool,
}

/// One series.
#[derive(Clone, Debug, Default)]
pub struct Series {
    point: Point,
    shift: Shift,
    /// The latest runs, the newest in the lowest bit: whether they were flagged.
    flags: u32,
    silent: u32,
}

impl Series {
    /// The next run. `pool`: the middle variance of all tasks.
    pub fn observe(&mut self, value: f64, pool: f64) -> Verdict {
        let Some(judged) = self.point.observe(value, pool) else { return Verdict::default() };
        let is_flagged = judged.is_flagged();
        self.flags = (self.flags << 1 | u32::from(is_flagged)) & ((1 << AMONG) - 1);
        let has_shifted = self.shift.observe(judged.residual);
        let tells = has_shifted || (is_flagged && self.flags.count_ones() >= FLAGS);
        let is_alert = tells && self.silent == 0;
        self.silent = if is_alert { SILENT } else { self.silent.saturating_sub(1) };
        Verdict { judged: Some(judged), is_flagged, is_alert }
    }

    /// The variance of its logarithms, for the pool; `None` while too few runs are known.
    pub fn variance(&self) -> Option<f64> {
        self.point.variance()
    }
}
