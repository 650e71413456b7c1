// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Chance that is an argument: numbers from a seed, the same ones each time.

/// The step of `SplitMix64` (Steele, Lea, Flood 2014): neighbouring seeds give numbers that have nothing in common.
pub fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A number in [0, 1) that `seed` picks.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
pub fn unit(seed: u64) -> f64 {
    (mixed(seed) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_were_published() {
        // The first three of the reference implementation with the seed 1234567, whose state grows by the constant with each.
        let state = |step: u64| 1_234_567_u64.wrapping_add(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(step));
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([0, 1, 2].map(|step| mixed(state(step))), published);
        assert!((0..1000).map(unit).all(|number| (0.0..1.0).contains(&number)));
    }
}
