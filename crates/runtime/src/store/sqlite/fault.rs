// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What in a file is not as it was written, by the checksum of a page.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_DATA;
use std::fmt;

/// A page, of the file or of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(Option<pagesum::Fault>);

impl Fault {
    /// Which page an error is about, if it is about one that is damaged; asked for on the thread that had the error.
    pub(crate) fn of(error: &rusqlite::Error) -> Option<Self> {
        let is_fault = error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_DATA);
        is_fault.then(|| Self(pagesum::take_fault()))
    }
}

/// Whether an error is about what was to be read alone, and everything else may be whole: a damaged page, what is no text, or no number, or not there.
pub(crate) fn is_of_one(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_none_or(|error| error.extended_code == SQLITE_IOERR_DATA || error.code == ErrorCode::DatabaseCorrupt)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pagesum::Fault { page, in_log: false }) => write!(f, "page {page} is not as it was written")?,
            Some(pagesum::Fault { page, in_log: true }) => write!(f, "page {page} of its log is not as it was written")?,
            None => write!(f, "a page is not as it was written")?,
        }
        write!(f, " (the medium has changed it, or another program)")
    }
}
