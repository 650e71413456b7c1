// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Chance by a seed.

/// A generator of our own, so that a seed means the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
    pub(crate) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn normal(&mut self) -> f64 {
        let (one, other) = (self.next().max(1e-12), self.next());
        (-2.0 * one.ln()).sqrt() * (2.0 * std::f64::consts::PI * other).cos()
    }
}

/// The seed of a test; another one may be tried, in the variable `SEED`.
pub(crate) fn seed(usual: u64) -> u64 {
    std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
