// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Frames of a write-ahead log: <https://sqlite.org/fileformat2.html#the_write_ahead_log>.

use crate::page::PAGE_BYTES;
use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// What a log begins with.
pub const HEADER_BYTES: u64 = 32;

/// What each frame begins with: number of the page, size of the file after a commit, two salts, a checksum of two words.
pub const FRAME_HEADER_BYTES: usize = 24;

const FRAME_BYTES: u64 = (FRAME_HEADER_BYTES + PAGE_BYTES) as u64;

/// Where the header and the frames have their checksums.
const HEADER_SUM: u64 = 24;
const FRAME_SUM: u64 = 16;

/// The numbers of the pages that a log holds, of this log or of one before it in the same file.
pub fn pages(log: &Path) -> HashSet<u32> {
    let mut found = HashSet::new();
    let Ok(mut log) = File::open(log) else { return found };
    let mut header = [0; FRAME_HEADER_BYTES];
    let mut frame = HEADER_BYTES;
    while log.seek(SeekFrom::Start(frame)).is_ok() && log.read_exact(&mut header).is_ok() {
        let [a, b, c, d, ..] = header;
        found.insert(u32::from_be_bytes([a, b, c, d]));
        frame += FRAME_BYTES;
    }
    found
}

/// A checksum, as two words.
pub type Sum = [u32; 2];

/// Where a frame begins whose page stands at `offset`; none, if no page of a frame begins there.
pub(crate) fn frame_at(offset: u64) -> Option<u64> {
    let frame = offset.checked_sub(FRAME_HEADER_BYTES as u64)?;
    (frame.checked_sub(HEADER_BYTES)?.is_multiple_of(FRAME_BYTES)).then_some(frame)
}

/// Where the checksum stands that a frame is chained to.
pub(crate) fn chained_to(frame: u64) -> u64 {
    if frame == HEADER_BYTES { HEADER_SUM } else { frame - FRAME_BYTES + FRAME_SUM }
}

/// A checksum out of its eight bytes.
pub fn sum_in(bytes: &[u8]) -> Option<Sum> {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_be_bytes);
    Some([word(0)?, word(4)?])
}

/// Whether the words that go into checksums are read with their highest byte first, by the first four bytes of a log.
pub fn is_big(magic: &[u8]) -> Option<bool> {
    match magic {
        [0x37, 0x7f, 0x06, low @ (0x82 | 0x83)] => Some(*low == 0x83),
        _ => None,
    }
}

/// The checksum of bytes after those that came to `sum`.
fn chained(mut sum: Sum, bytes: &[u8], is_big: bool) -> Sum {
    let word = |bytes: [u8; 4]| if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    let (pairs, _) = bytes.as_chunks::<8>();
    for [a, b, c, d, e, f, g, h] in pairs {
        sum[0] = sum[0].wrapping_add(word([*a, *b, *c, *d])).wrapping_add(sum[1]);
        sum[1] = sum[1].wrapping_add(word([*e, *f, *g, *h])).wrapping_add(sum[0]);
    }
    sum
}

/// Whether a frame is as it was written after one that has the checksum `before`.
pub fn is_sound(before: Sum, header: &[u8], page: &[u8], is_big: bool) -> bool {
    let counted = header.get(..8).unwrap_or_default();
    let found = header.get(16..).and_then(sum_in);
    found == Some(chained(chained(before, counted, is_big), page, is_big))
}

/// What is known of a log by what one connection writes to it.
///
/// A transaction that does not fit into memory writes pages before it commits, and some of them again in the same place. Until it commits, the
/// checksums from the first of those on are not right.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Where the last write ended.
    end: u64,
    /// The first frame whose checksum is not right.
    unsettled: Option<u64>,
}

impl Written {
    pub(crate) fn wrote(&mut self, offset: u64, bytes: &[u8]) {
        let is_contiguous = offset == self.end;
        self.end = offset + bytes.len() as u64;
        if offset < HEADER_BYTES {
            // A new log.
            self.unsettled = None;
            return;
        }
        let frame = HEADER_BYTES + (offset - HEADER_BYTES) / FRAME_BYTES * FRAME_BYTES;
        let is_header = offset == frame && bytes.len() == FRAME_HEADER_BYTES;
        if is_header && bytes.get(8..).is_some_and(|rest| rest.iter().any(|byte| *byte != 0)) {
            self.unsettled = self.unsettled.filter(|unsettled| *unsettled < offset);
        } else if is_header || !is_contiguous {
            self.unsettled = Some(self.unsettled.map_or(frame, |unsettled| unsettled.min(frame)));
        }
    }

    /// Whether the checksum of a frame is to be right.
    pub(crate) fn is_settled(&self, frame: u64) -> bool {
        self.unsettled.is_none_or(|unsettled| frame < unsettled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_stand_behind_the_headers_of_their_frames() {
        assert_eq!((frame_at(56), frame_at(56 + FRAME_BYTES), frame_at(57), frame_at(0)), (Some(32), Some(32 + FRAME_BYTES), None, None));
        assert_eq!((chained_to(32), chained_to(32 + FRAME_BYTES)), (24, 48));
    }

    #[test]
    fn what_is_written_again_before_a_commit_is_settled_by_its_new_header() {
        let (header, page) = ([1; FRAME_HEADER_BYTES], [2; PAGE_BYTES]);
        let frame = |index: u64| HEADER_BYTES + index * FRAME_BYTES;
        let mut written = Written::default();
        written.wrote(0, &[0; 32]);
        for index in 0..3 {
            written.wrote(frame(index), &header);
            written.wrote(frame(index) + 24, &page);
        }
        assert!(written.is_settled(frame(2)));
        written.wrote(frame(1) + 24, &page);
        assert!(written.is_settled(frame(0)) && !written.is_settled(frame(1)) && !written.is_settled(frame(2)));
        // Meanwhile a frame is appended without a checksum.
        written.wrote(frame(3), &[0; FRAME_HEADER_BYTES]);
        written.wrote(frame(3) + 24, &page);
        assert!(!written.is_settled(frame(1)));
        for index in 1..4 {
            written.wrote(frame(index), &header);
        }
        assert!(written.is_settled(frame(3)));
    }
}
