// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where there is much to fold, records are read and decoded on a thread of their own, while those before them are folded and written.

use crate::store::{Cursor, Followed, ReadError, SqliteReader};
use std::sync::mpsc::{Receiver, sync_channel};

/// Records of a page, and about how many bytes.
const RECORDS_MAX: usize = 512;
const BYTES_MAX: u64 = 1 << 20;

/// Pages that are read before they are wanted.
const PAGES: usize = 4;

/// The pages that follow a place, up to the first that is empty.
pub(super) struct Ahead(Receiver<Result<Followed, ReadError>>);

impl Ahead {
    /// Begins after a position; `None` where there can be no further connection or thread: then whoever asks reads by itself.
    pub(super) fn begin(reader: &SqliteReader, position: i64) -> Option<Self> {
        let reader = reader.beside_it().ok()?;
        let (sender, pages) = sync_channel(PAGES);
        let read = move || {
            let mut cursor = Cursor::at(position);
            loop {
                let page = reader.followed(&cursor, RECORDS_MAX, BYTES_MAX, false);
                let is_last = page.as_ref().map_or(true, |page| page.records.is_empty());
                if let Ok(page) = &page {
                    cursor = page.cursor.clone();
                }
                // Nobody wants the rest once the other end is gone.
                if sender.send(page).is_err() || is_last {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("facts-ahead".to_owned()).spawn(read).ok()?;
        Some(Self(pages))
    }

    /// The next page; `None` if there are no more.
    pub(super) fn next(&self) -> Option<Result<Followed, ReadError>> {
        self.0.recv().ok()
    }
}
