// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Each record has a checksum that is chained to the one before, so that what is read is what was written, whole and in its place.
//!
//! ```text
//! checksum = hash(checksum of the record before, execution, number, instant, hash(text))
//! ```
//! 0 stands before the first record, and before one that follows a record of a version that had none. The text is hashed by itself, so that a reader who
//! goes from the last record to the first need not keep it.

use super::RecordError;
use super::apart::Values;
use super::decode::{Decoded, decode_versioned};
use crate::store::StepRecord;
use stdx::{Timestamp, hash64, hash64_of};

/// The first version whose records have one.
const SINCE: u32 = 3;

/// What is known of a record before the one before it is.
#[derive(Clone, Copy, Debug)]
struct Digest {
    key: i64,
    seq: u64,
    at: Timestamp,
    text: u64,
}

impl Digest {
    fn of(text: &str, key: i64, seq: u64, at: Timestamp) -> Self {
        Self { key, seq, at, text: hash64(text.as_bytes()) }
    }

    fn after(self, before: u64) -> u64 {
        hash64_of([before, self.key.cast_unsigned(), self.seq, self.at.micros(), self.text])
    }
}

/// The checksum of the record `seq` of the execution `key`, whose text this is, after a record with the checksum `before`.
pub fn checksum(before: u64, text: &str, key: i64, seq: u64, at: Timestamp) -> u64 {
    Digest::of(text, key, seq, at).after(before)
}

/// A record that was read, and is not known yet to be what was written.
#[derive(Debug)]
pub struct Unproved {
    digest: Digest,
    stored: Option<u64>,
    decoded: Result<Decoded, RecordError>,
}

impl Unproved {
    /// `stored`: the checksum that stands beside it.
    ///
    /// `values` gives a value that stands by itself by its hash; without it such a value is `null`.
    pub fn read(text: &str, stored: Option<u64>, key: i64, seq: u64, at: Timestamp, values: Option<Values<'_>>) -> Self {
        Self { digest: Digest::of(text, key, seq, at), stored, decoded: decode_versioned(text, key, seq, at, values) }
    }

    /// Bytes of values that stand by themselves.
    pub(in crate::store) fn apart(&self) -> u64 {
        self.decoded.as_ref().map_or(0, |decoded| decoded.apart)
    }

    /// What the checksum of the record after it is chained to.
    pub fn checksum(&self) -> u64 {
        self.stored.unwrap_or_default()
    }

    /// The record, if that is what was written after a record with the checksum `before`.
    pub fn after(self, before: u64) -> Result<StepRecord, RecordError> {
        let fits = self.stored.map(|stored| stored == self.digest.after(before));
        match (fits, self.decoded) {
            // Also where the version itself is what has changed.
            (Some(false), _) | (None, Ok(Decoded { version: SINCE.., .. })) => Err(RecordError::Checksum),
            (_, decoded) => Ok(decoded?.record),
        }
    }
}
