// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One figure of one task, run by run: what is a flag on one of them, and when its level has become another.
//!
//! ```text
//! usual ── two flags among five runs, or the CUSUM ──▶ higher ── most of the latest runs are as they were ──▶ usual
//!   ▲                                                    └─ so many runs at the new level: it is the usual one from now on ─▶ usual
//! ```
//! While it is higher, its past is kept as it was: the new level does not become the measure of itself.

use super::{Judged, Point, Shift};
use std::collections::VecDeque;

/// The share of healthy values that would be flagged if they were all of one kind: of what is so many times as high as usual,
const ALPHA: f64 = 0.002;
const TIMES: f64 = 4.0;
/// and of what is less high, of which people want to hear only if it is sure.
const ALPHA_LESS: f64 = 0.0006;
/// A run is flagged when so many are known,
const FLAGS_FROM: u64 = 20;
/// and a level is when so many are.
const CHANGES_FROM: u64 = 20;
/// So many flags, without a precedent, among so many runs are a new level.
const FLAGS: u32 = 2;
const AMONG: u32 = 5;
/// if so many of those are high: a rare run says nothing of its neighbours.
const LASTS: u32 = 3;
/// A new level is the usual one after so many runs at it.
const SETTLED: u32 = 40;
/// It is over when of so many runs at most so many are high.
const LATEST: u32 = 8;
const HIGH_MAX: u32 = 2;
/// The place among earlier values from which on one is high: one in six is.
const HIGH: f64 = 1.0;
/// Values that were high before: a task of two kinds of runs is not unusual because the rarer kind comes again. So many are kept,
const RARE_KEPT: usize = 8;
/// those of so many runs count,
const RARE_RUNS: u64 = 400;
/// from this share of healthy values on they are rare,
const RARE_TAIL: f64 = 0.01;
/// and so many that were about as high make one usual.
const PRECEDENTS: usize = 2;
/// About as high: within this share.
const ABOUT: f64 = 0.8;

/// Once so many are known, this many wait before they count as the past: a level that rises is not measured by itself.
const LONG: f64 = 32.0;
const LATE: usize = 8;

/// How the level of a series changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has become higher.
    Rises,
    /// It is again what it was.
    Returns,
    /// It stays, and is the usual one from now on.
    Settles,
}

/// What a run leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// How the run compares with those before it; `None` while too few are known.
    pub judged: Option<Judged>,
    /// Whether it is unusually high by itself.
    pub is_flagged: bool,
    /// What becomes of the level.
    pub change: Option<Change>,
}

/// One series.
#[derive(Clone, Debug, Default)]
pub struct Series {
    point: Point,
    shift: Shift,
    /// The latest runs, the newest in the lowest bit: whether they were flagged,
    flags: u32,
    /// and whether they were high.
    high: u32,
    rare: VecDeque<(u64, f64)>,
    /// Values that are not the past yet.
    late: VecDeque<f64>,
    runs: u64,
    higher: Option<Box<Higher>>,
}

/// The time since its level rose.
#[derive(Clone, Debug, Default)]
struct Higher {
    point: Point,
    /// The latest runs, the newest in the lowest bit: whether they were high.
    high: u32,
    runs: u32,
}

impl Series {
    /// The next run. `pool`: the middle variance of all tasks.
    /// Below `least` nothing is told of. `drift` is asked where it seems to have become higher: by how much others like it have, on average, in standard deviations.
    pub fn observe(&mut self, value: f64, least: f64, pool: f64, drift: impl FnOnce() -> f64) -> Verdict {
        let judged = self.point.judge(value, pool);
        if self.higher.is_some() {
            let change = judged.and_then(|judged| self.observe_higher(value, judged));
            return Verdict { judged, is_flagged: false, change };
        }
        self.keep(value);
        let Some(judged) = judged else { return Verdict::default() };
        let has_precedent = judged.tail < RARE_TAIL && self.precedents(value, u64::from(AMONG)) > 0;
        let alpha = if value >= TIMES * judged.usual { ALPHA } else { ALPHA_LESS };
        let is_unusual = judged.tail < alpha && self.runs > FLAGS_FROM && value >= least;
        let is_flagged = is_unusual && self.precedents(value, 0) < PRECEDENTS;
        if judged.tail < RARE_TAIL {
            self.rare.truncate(RARE_KEPT - 1);
            self.rare.push_front((self.runs, value));
        }
        let is_new = is_flagged && !has_precedent;
        let among = |bits: u32, bit: bool| (bits << 1 | u32::from(bit)) & ((1 << AMONG) - 1);
        self.flags = among(self.flags, is_new);
        self.high = among(self.high, judged.score >= HIGH);
        let lasts = self.high.count_ones() >= LASTS;
        let knows = self.runs > CHANGES_FROM;
        // Its residual means nothing where there are two kinds of runs, and its place cannot say how far above all others it is.
        let score = match judged {
            _ if has_precedent => judged.score,
            Judged { is_of_one_kind: true, residual, .. } => residual,
            Judged { is_highest: true, residual, score, .. } => score.max(residual),
            Judged { score, .. } => score,
        };
        let has_shifted = knows && self.shift.observe(score, self.point.count(), || (lasts && value >= least).then(drift));
        let rises = has_shifted || (knows && lasts && is_new && self.flags.count_ones() >= FLAGS);
        if rises {
            self.higher = Some(Box::default());
            (self.flags, self.high) = (0, 0);
            self.late.clear();
            self.shift = Shift::default();
        }
        Verdict { judged: Some(judged), is_flagged, change: rises.then_some(Change::Rises) }
    }

    fn keep(&mut self, value: f64) {
        self.runs += 1;
        self.late.push_back(value);
        if self.late.len() > LATE || self.point.count() < LONG {
            self.late.pop_front().into_iter().for_each(|value| self.point.keep(value));
        }
    }

    fn observe_higher(&mut self, value: f64, judged: Judged) -> Option<Change> {
        let higher = self.higher.as_mut()?;
        higher.point.keep(value);
        higher.runs += 1;
        higher.high = (higher.high << 1 | u32::from(judged.score >= HIGH)) & ((1 << LATEST) - 1);
        if higher.runs >= LATEST && higher.high.count_ones() <= HIGH_MAX {
            self.higher = None;
            return Some(Change::Returns);
        }
        if higher.runs >= SETTLED {
            self.point = self.higher.take()?.point;
            self.rare.clear();
            return Some(Change::Settles);
        }
        None
    }

    /// How many earlier runs were about as high, without the very latest.
    fn precedents(&self, value: f64, latest: u64) -> usize {
        let now = self.runs;
        let counts = |seen: &u64| *seen > now.saturating_sub(RARE_RUNS) && *seen + latest < now;
        self.rare.iter().filter(|(seen, known)| counts(seen) && *known >= ABOUT * value).count()
    }

    /// The variance of its logarithms, each time it is worth telling the pool.
    pub fn fresh_variance(&self) -> Option<f64> {
        self.point.fresh_variance()
    }

    /// The variance of its logarithms; `None` while too few runs are known.
    pub fn variance(&self) -> Option<f64> {
        self.point.variance()
    }
}
