// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Chance that a seed repeats.

pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % end
    }

    /// One of `items`, if there is one.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let place = self.below(items.len().max(1) as u64);
        items.get(usize::try_from(place).unwrap_or_default()).copied()
    }
}
