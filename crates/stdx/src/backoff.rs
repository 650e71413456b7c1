// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How long to wait before something is tried again.

use crate::random::unit;
use std::time::Duration;

/// How waits grow from one attempt to the next, and how much of each is left to chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// How the wait grows.
    pub growth: Growth,
    /// The wait after the first attempt.
    pub initial: Duration,
    /// The longest wait.
    pub max: Duration,
    /// The share of a wait that chance may take off it, from 0 (none) to 1 (all).
    pub jitter: f64,
}

/// How a wait grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// Not at all.
    Fixed,
    /// By the first wait with each attempt.
    Linear,
    /// Twice as long each time.
    Exponential,
}

impl Growth {
    /// The names, as configurations write them.
    pub const NAMES: [&'static str; 3] = ["fixed", "linear", "exponential"];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "fixed" => Some(Self::Fixed),
            "linear" => Some(Self::Linear),
            "exponential" => Some(Self::Exponential),
            _ => None,
        }
    }
}

impl Backoff {
    /// How long to wait after `attempt` (from 1) failed. `seed` picks the point within the jitter, so that a replay waits equally long.
    pub fn delay(&self, attempt: u32, seed: u64) -> Duration {
        let times = match self.growth {
            Growth::Fixed => 1,
            Growth::Linear => attempt.max(1),
            Growth::Exponential => 2_u32.saturating_pow(attempt.saturating_sub(1)),
        };
        let longest = self.initial.saturating_mul(times).min(self.max);
        longest.saturating_sub(longest.mul_f64(self.jitter.clamp(0.0, 1.0) * unit(seed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn delays(growth: Growth, max: Duration) -> [u128; 5] {
        let backoff = Backoff { growth, initial: SECOND / 10, max, jitter: 0.0 };
        [1, 2, 3, 4, 5].map(|attempt| backoff.delay(attempt, 7).as_millis())
    }

    #[test]
    fn a_wait_grows_as_it_is_told_to_up_to_the_longest() {
        assert_eq!(delays(Growth::Fixed, SECOND), [100, 100, 100, 100, 100]);
        assert_eq!(delays(Growth::Linear, SECOND), [100, 200, 300, 400, 500]);
        assert_eq!(delays(Growth::Exponential, SECOND * 2), [100, 200, 400, 800, 1600]);
        assert_eq!(delays(Growth::Exponential, SECOND / 2), [100, 200, 400, 500, 500]);
        let endless = Backoff { growth: Growth::Exponential, initial: SECOND, max: Duration::MAX, jitter: 0.0 };
        assert_eq!(endless.delay(4_000_000, 7), SECOND * u32::MAX);
    }

    #[test]
    fn jitter_shortens_a_wait_by_its_share_at_most_and_repeats_for_the_same_seed() {
        for (jitter, shortest, mean) in [(0.25, 750, 875), (1.0, 0, 500)] {
            let backoff = Backoff { growth: Growth::Fixed, initial: SECOND, max: SECOND, jitter };
            let waits: Vec<Duration> = (0..1000).map(|seed| backoff.delay(1, seed)).collect();
            assert!(waits.iter().all(|wait| (shortest..=1000).contains(&wait.as_millis())), "{jitter}");
            let measured = waits.iter().sum::<Duration>() / 1000;
            assert!(measured.abs_diff(Duration::from_millis(mean)) < SECOND / 40, "{jitter}: {measured:?}");
            assert_eq!(backoff.delay(1, 3), backoff.delay(1, 3));
        }
    }

    #[test]
    fn each_name_is_that_of_a_growth() {
        assert_eq!(Growth::NAMES.map(Growth::named), [Growth::Fixed, Growth::Linear, Growth::Exponential].map(Some));
        assert_eq!(Growth::named("Fixed"), None);
    }
}
