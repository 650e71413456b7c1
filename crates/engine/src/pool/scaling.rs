// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How many instances a demand wants. Demand is counted in places: attempts that run and requests that could run if there were room.
//!
//! ```text
//! up:    at once, as soon as the demand is more than `scale_up` % of the places: to what it needs at `scale_up` %
//! down:  when the highest demand of the last `PEAK_WINDOW` is less than `scale_down` % of the places, and nothing was changed for COOLDOWN:
//!        to what that highest demand needs at `scale_up` %
//! ```
//! Going up on what is and down on what was is what keeps it from oscillating: whatever came back within the window is still provided for. Where
//! it went down and had to go up again soon, it waits twice as long before the next time, up to `COOLDOWN_MAX`.
//! It is a function of the demands that it was told and their instants, and gives the same answers when they are told again.

use std::time::Duration;
use stdx::Timestamp;

/// What was wanted within this time may be wanted again.
const PEAK_WINDOW: Duration = Duration::from_secs(30);

/// How long it is left alone after a change, at first.
const COOLDOWN: Duration = Duration::from_secs(10);

/// The longest that it is left alone. What comes again later than this after it went down was no reason to stay up.
const COOLDOWN_MAX: Duration = Duration::from_mins(5);

/// How often it is looked at whether there are too many.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(3);

/// The window in parts, so that the highest demand is known without keeping each; one more, since the current one is not over.
const PARTS: usize = 11;
const PART_MICROS: u64 = 3_000_000;
const _: () = assert!(PART_MICROS as u128 * (PARTS as u128 - 1) == PEAK_WINDOW.as_micros(), "the parts are the window");

/// How many instances of `concurrency` places each a demand needs, if at most `scale_up` % of them shall be used.
pub(super) fn needed(demand: u32, concurrency: u32, scale_up: u32) -> u32 {
    let used = u64::from(concurrency) * u64::from(scale_up.max(1));
    u32::try_from((u64::from(demand) * 100).div_ceil(used.max(1))).unwrap_or(u32::MAX)
}

/// What a type has and may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) count: u32,
    pub(super) min: u32,
    pub(super) concurrency: u32,
    pub(super) scale_up: u32,
    pub(super) scale_down: u32,
}

/// The demand for a type, lately.
#[derive(Debug)]
pub(super) struct Scaling {
    demand: u32,
    /// The highest of each part of the window; the last part is `current`.
    peaks: [u32; PARTS],
    current: usize,
    /// When the current part ends.
    ends: Timestamp,
    changed: Timestamp,
    cooldown: Duration,
    /// When it went down, if it did not go up since.
    went_down: Option<Timestamp>,
}

impl Default for Scaling {
    fn default() -> Self {
        let (start, peaks) = (Timestamp::default(), [0; PARTS]);
        Self { demand: 0, peaks, current: 0, ends: start, changed: start, cooldown: COOLDOWN, went_down: None }
    }
}

impl Scaling {
    /// What is wanted now.
    pub(super) fn demand(&self) -> u32 {
        self.demand
    }

    /// The demand is another from `now` on.
    pub(super) fn note(&mut self, now: Timestamp, demand: u32) {
        if now >= self.ends {
            self.go_on(now);
        }
        self.demand = demand;
        if let Some(peak) = self.peaks.get_mut(self.current) {
            *peak = demand.max(*peak);
        }
    }

    /// There are more instances from `now` on.
    pub(super) fn grew(&mut self, now: Timestamp) {
        self.changed = now;
        if let Some(down) = self.went_down.take() {
            let regretted = now.since(down) < COOLDOWN_MAX;
            self.cooldown = if regretted { COOLDOWN_MAX.min(self.cooldown * 2) } else { COOLDOWN };
        }
    }

    /// There are fewer from `now` on.
    pub(super) fn shrank(&mut self, now: Timestamp) {
        self.changed = now;
        self.went_down = Some(now);
    }

    /// The highest demand within the window.
    pub(super) fn peak(&mut self, now: Timestamp) -> u32 {
        self.note(now, self.demand);
        self.peaks.into_iter().max().unwrap_or(0)
    }

    /// To how many a type should go down, if it should.
    pub(super) fn surplus(&mut self, now: Timestamp, size: Size) -> Option<u32> {
        let peak = self.peak(now);
        let places = u64::from(size.count) * u64::from(size.concurrency);
        let idle = u64::from(peak) * 100 < u64::from(size.scale_down) * places;
        let to = needed(peak, size.concurrency, size.scale_up).max(size.min);
        (idle && to < size.count && now.since(self.changed) >= self.cooldown).then_some(to)
    }

    fn go_on(&mut self, now: Timestamp) {
        let parts = now.micros().saturating_sub(self.ends.micros()) / PART_MICROS + 1;
        for _ in 0..parts.min(PARTS as u64) {
            self.current = (self.current + 1) % PARTS;
            if let Some(peak) = self.peaks.get_mut(self.current) {
                *peak = self.demand;
            }
        }
        self.ends = Timestamp::from_micros(self.ends.micros().saturating_add(parts.saturating_mul(PART_MICROS)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    /// The sizes that a recorded course of demands (second, demand) leads to, each at its second, of a type from 1 to 10 at 80 and 40 %.
    fn replay(demands: &[(u64, u32)]) -> Vec<(u64, u32)> {
        let (mut scaling, mut count, mut sizes) = (Scaling::default(), 1, Vec::new());
        let mut demands = demands.iter().peekable();
        for second in 0..500 {
            let now = Timestamp::from_micros(second * SECOND);
            let before = count;
            while let Some((_, demand)) = demands.next_if(|(at, _)| *at == second) {
                scaling.note(now, *demand);
                let up = needed(*demand, 1, 80).min(10);
                if up > count {
                    count = up;
                    scaling.grew(now);
                }
            }
            if let Some(to) = scaling.surplus(now, Size { count, min: 1, concurrency: 1, scale_up: 80, scale_down: 40 }) {
                count = to;
                scaling.shrank(now);
            }
            if count != before {
                sizes.push((second, count));
            }
        }
        sizes
    }

    #[test]
    fn it_goes_up_at_once_and_down_when_the_window_has_passed() {
        assert_eq!(replay(&[(1, 4), (2, 0)]), [(1, 5), (33, 1)]);
        // What comes back within the window changes nothing.
        assert_eq!(replay(&[(1, 4), (2, 0), (20, 3), (21, 0), (40, 4), (41, 0)]), [(1, 5), (72, 1)]);
        // It goes down to what is left, and up again from there.
        assert_eq!(replay(&[(1, 8), (10, 2), (80, 8)]), [(1, 10), (42, 3), (80, 10)]);
        // Just at the limit there is no reason.
        assert_eq!(replay(&[(1, 8), (10, 4)]), [(1, 10)]);
    }

    #[test]
    fn what_had_to_come_back_soon_stays_longer() {
        let demands: Vec<(u64, u32)> = (0..5).flat_map(|round| [(1 + round * 60, 4), (2 + round * 60, 0)]).collect();
        // At first the window decides, then 40 s since it went up last, then 80 s.
        assert_eq!(replay(&demands), [(1, 5), (33, 1), (61, 5), (93, 1), (121, 5), (161, 1), (181, 5), (273, 1)]);
    }

    #[test]
    fn a_demand_needs_at_least_what_it_uses() {
        assert_eq!(
            [(0, 1), (1, 1), (4, 1), (5, 1), (9, 10), (u32::MAX, 1)].map(|(demand, concurrency)| needed(demand, concurrency, 80)),
            [0, 2, 5, 7, 2, u32::MAX]
        );
        assert_eq!((needed(3, 1, 100), needed(3, 1, 0), needed(3, 0, 100)), (3, 300, 300));
    }
}
