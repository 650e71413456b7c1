// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A fast hash with a published definition, so that what it gave may be stored: XXH3, 64 bits. It finds damage and repeats; it stops nobody who wants two texts
//! to have one hash.

use twox_hash::XxHash3_64;

/// The hash of bytes.
pub fn hash64(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// The hash of numbers, in their order.
pub fn hash64_of<const N: usize>(numbers: [u64; N]) -> u64 {
    hash64(numbers.map(u64::to_le_bytes).as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in users' files is checked by these.
    #[test]
    fn the_hash_is_the_published_one() {
        // `xxhsum -H3` of the same bytes.
        assert_eq!(hash64(b""), 0x2d06_8005_38d3_94c2);
        assert_eq!(hash64_of([]), hash64(b""));
        assert_eq!(hash64_of([1, 2]), hash64(b"\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0"));
    }
}
