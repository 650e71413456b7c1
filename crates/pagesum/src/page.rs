// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A page of the file, and what is to be thought of it.

use twox_hash::XxHash3_64;

/// The size of the pages that have checksums; files of another size have none.
pub const PAGE_BYTES: usize = 8192;

/// What a checksum takes of that.
pub const SUM_BYTES: usize = 8;

/// Where content ends.
const CONTENT_BYTES: usize = PAGE_BYTES - SUM_BYTES;

/// What stands in place of a checksum in what `SQLite` has in memory and in the log. In the file: a program without checksums has moved it there.
pub const MARK: [u8; SUM_BYTES] = *b"unsummed";

/// What media lose at a time, at least.
const SECTOR_BYTES: usize = 512;

/// The page with the bytes that `SQLite` locks; nothing is ever written to it.
const LOCK_BYTE: u64 = 0x4000_0000;

/// What a page is, by its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it was written.
    Sound,
    /// A program without checksums wrote it: nobody knows.
    Unsummed,
    /// Its last sector is empty: such a program wrote it, or it is lost.
    Empty,
    /// Not as it was written.
    Damaged,
}

/// What to think of page `number` of a file with checksums.
pub fn judge(page: &[u8], number: u32) -> Verdict {
    let Some((_, found)) = page.split_at_checked(CONTENT_BYTES) else { return Verdict::Damaged };
    if found == MARK {
        return Verdict::Unsummed;
    }
    if found == [0; SUM_BYTES] {
        let is_empty = page.get(PAGE_BYTES - SECTOR_BYTES..).is_none_or(|sector| sector.iter().all(|byte| *byte == 0));
        return if is_empty { Verdict::Empty } else { Verdict::Unsummed };
    }
    if found == sum(page, number) { Verdict::Sound } else { Verdict::Damaged }
}

/// Writes the checksum of page `number` into it.
pub fn stamp(page: &mut [u8], number: u32) {
    let sum = sum(page, number);
    put(page, sum);
}

/// Puts the mark in place of a checksum.
pub(crate) fn mark(page: &mut [u8]) {
    put(page, MARK);
}

fn put(page: &mut [u8], bytes: [u8; SUM_BYTES]) {
    if let Some(place) = page.get_mut(CONTENT_BYTES..PAGE_BYTES) {
        place.copy_from_slice(&bytes);
    }
}

/// The number is in it, so that a page that was written to another's place is not taken for that.
fn sum(page: &[u8], number: u32) -> [u8; SUM_BYTES] {
    let content = page.get(..CONTENT_BYTES).unwrap_or_default();
    let bytes = XxHash3_64::oneshot_with_seed(u64::from(number), content).to_le_bytes();
    // These two mean something else.
    if bytes == MARK || bytes == [0; SUM_BYTES] { [1; SUM_BYTES] } else { bytes }
}

/// Whether it is the page that is never written.
pub fn is_lock_page(number: u32) -> bool {
    u64::from(number) == LOCK_BYTE / PAGE_BYTES as u64 + 1
}

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header has the size of a page (8192, in two bytes), and how much of each is kept to others.
const SIZE: std::ops::Range<usize> = 16..18;
const KEPT: usize = 20;

/// Whether a file that begins so has checksums, as far as its header says.
pub fn has_sums(first: &[u8]) -> bool {
    first.starts_with(MAGIC) && first.get(SIZE) == Some(&[0x20, 0]) && first.get(KEPT).is_some_and(|kept| usize::from(*kept) == SUM_BYTES)
}

/// Whether a program without checksums has moved a log into a file that has them, by its first page, which is in each log.
pub fn is_unsummed(first: &[u8]) -> bool {
    has_sums(first) && judge(first, 1) == Verdict::Unsummed
}

/// What a file with this first page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// One with checksums.
    Summed,
    /// One without.
    Plain,
    /// One with checksums whose first page is damaged.
    Damaged,
}

/// What a file is. `id` are the bytes of the header by which files of ours are known (`PRAGMA application_id`): others may keep as much of each page.
pub(crate) fn first(page: &[u8], id: [u8; 4]) -> First {
    let is_ours = page.get(68..72) == Some(&id);
    if has_sums(page) {
        return match judge(page, 1) {
            Verdict::Sound => First::Summed,
            Verdict::Unsummed if is_ours => First::Summed,
            Verdict::Damaged | Verdict::Empty if is_ours => First::Damaged,
            Verdict::Unsummed | Verdict::Damaged | Verdict::Empty => First::Plain,
        };
    }
    // A header that lost the word on its checksums would be one without them.
    let mut repaired = page.to_vec();
    for (at, bytes) in [(SIZE.start, &[0x20, 0][..]), (KEPT, &[8][..])] {
        if let Some(place) = repaired.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    if judge(&repaired, 1) == Verdict::Sound { First::Damaged } else { First::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 4] = *b"OURS";

    fn first_page() -> Vec<u8> {
        let mut page = vec![7; PAGE_BYTES];
        page[..16].copy_from_slice(MAGIC);
        page[SIZE].copy_from_slice(&[0x20, 0]);
        page[KEPT] = 8;
        page[68..72].copy_from_slice(&ID);
        stamp(&mut page, 1);
        page
    }

    #[test]
    fn every_bit_of_a_page_counts_its_number_too() {
        let mut page = first_page();
        assert_eq!(judge(&page, 1), Verdict::Sound);
        assert_eq!(judge(&page, 2), Verdict::Damaged, "in the place of another");
        for bit in (0..PAGE_BYTES * 8).step_by(61) {
            page[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(judge(&page, 1), Verdict::Damaged, "bit {bit}");
            assert_ne!(first(&page, ID), First::Summed, "bit {bit}");
            page[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn a_header_that_lost_the_word_on_its_checksums_is_damaged_and_one_that_never_had_it_is_plain() {
        for bit in KEPT * 8..KEPT * 8 + 8 {
            let mut page = first_page();
            page[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(first(&page, ID), First::Damaged, "bit {bit}");
        }
        let mut plain = first_page();
        plain[KEPT] = 0;
        plain[200] = 9;
        assert_eq!(first(&plain, ID), First::Plain);
        let mut other = first_page();
        other[68] = b'T';
        other[PAGE_BYTES - 1] ^= 1;
        assert_eq!(first(&other, ID), First::Plain, "another program keeps as much of each page");
    }

    #[test]
    fn what_a_program_without_checksums_wrote_is_told_from_a_lost_sector() {
        let mut page = first_page();
        mark(&mut page);
        assert_eq!((judge(&page, 1), first(&page, ID)), (Verdict::Unsummed, First::Summed));
        put(&mut page, [0; SUM_BYTES]);
        assert_eq!(judge(&page, 1), Verdict::Unsummed);
        page[PAGE_BYTES - SECTOR_BYTES..].fill(0);
        assert_eq!((judge(&page, 1), first(&page, ID)), (Verdict::Empty, First::Damaged));
    }

    #[test]
    fn the_page_that_is_never_written_is_the_one_at_one_gibibyte() {
        assert!(is_lock_page(131_073) && !is_lock_page(131_072));
    }
}
