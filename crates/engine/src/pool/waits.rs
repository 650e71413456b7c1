// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How long requests waited, so that percentiles can be told.
//!
//! Counts in steps of an eighth of a power of two need no dependency, forget what is old by halving, and are exact enough: what they tell is
//! at most an eighth too long.

use std::time::Duration;

/// How many requests count fully; beyond, what was counted before counts half.
const COUNTED_MAX: u32 = 8192;

#[derive(Debug, Default)]
pub(super) struct Waits {
    /// How many waited so many steps; it grows with the longest wait, to a few hundred at most.
    steps: Vec<u32>,
    at_once: u32,
    counted: u32,
}

impl Waits {
    /// A request did not wait.
    pub(super) fn none(&mut self) {
        self.at_once += 1;
        self.count();
    }

    /// A request waited.
    pub(super) fn waited(&mut self, wait: Duration) {
        let step = step_of(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        if self.steps.len() <= step {
            self.steps.resize(step + 1, 0);
        }
        if let Some(count) = self.steps.get_mut(step) {
            *count += 1;
        }
        self.count();
    }

    fn count(&mut self) {
        self.counted += 1;
        if self.counted >= COUNTED_MAX {
            self.at_once /= 2;
            self.steps.iter_mut().for_each(|count| *count /= 2);
            self.counted = self.at_once + self.steps.iter().sum::<u32>();
        }
    }

    /// How long so many of 100 requests waited at most; zero if there were none.
    pub(super) fn percentile(&self, percent: u32) -> Duration {
        let mut left = u64::from(self.counted) * u64::from(percent);
        let counts = std::iter::once((Duration::ZERO, self.at_once)).chain((0..).map(longest).zip(self.steps.iter().copied()));
        for (wait, count) in counts {
            let share = u64::from(count) * 100;
            if left <= share {
                return wait;
            }
            left -= share;
        }
        Duration::ZERO
    }
}

fn step_of(micros: u64) -> usize {
    let power = micros.max(8).ilog2() - 3;
    let eighths = micros >> power;
    usize::try_from(u64::from(power) * 8 + eighths).unwrap_or(usize::MAX)
}

/// The longest wait of a step.
fn longest(step: u64) -> Duration {
    let power = (step / 8).saturating_sub(1).min(60);
    let eighths = u128::from(step - power * 8);
    let micros = ((eighths + 1) << power) - 1;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_at_most_an_eighth_too_long() {
        for power in 0..64 {
            for micros in [1_u64 << power, (1 << power) + (1 << power) / 3, (1_u64 << power).wrapping_mul(2).wrapping_sub(1)] {
                let mut waits = Waits::default();
                waits.waited(Duration::from_micros(micros));
                let told = waits.percentile(50).as_micros();
                assert!(told >= u128::from(micros) && told <= u128::from(micros) * 9 / 8, "{micros} is told as {told}");
            }
        }
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let mut waits = Waits::default();
        assert_eq!(waits.percentile(95), Duration::ZERO);
        for _ in 0..100_000 {
            waits.waited(Duration::from_secs(9));
        }
        for _ in 0..20 * COUNTED_MAX {
            waits.none();
        }
        waits.waited(Duration::from_secs(9));
        assert_eq!((waits.percentile(95), waits.percentile(100) > Duration::from_secs(8)), (Duration::ZERO, true));
    }
}
