// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Room on the disk that is held back: given up when the disk is full, so that what runs can end.

use super::place::making;
use super::schema::log_of;
use fs4::FileExt as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How much it is: the last records of thousands of executions.
const BYTES: u64 = 8 << 20;

/// How much must be free for new work once the disk was full: the reserve, and as much again; of a very small disk a quarter.
const ROOM: u64 = 2 * BYTES;

/// Bytes from which on a store has one, file and log: many are never larger.
const WORTH: u64 = 4 << 20;

#[derive(Debug)]
pub(super) struct Reserve {
    store: PathBuf,
    path: PathBuf,
}

impl Reserve {
    pub(super) fn of(store: &Path) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push(".reserve");
        Self { store: store.to_owned(), path: path.into() }
    }

    /// Whether there is room for new work.
    pub(super) fn has_room(&self) -> bool {
        let folder = self.store.parent().unwrap_or(&self.store);
        let (Ok(free), Ok(total)) = (fs4::available_space(folder), fs4::total_space(folder)) else { return true };
        free >= ROOM.min(total / 4)
    }

    /// Makes it, unless it is there, for a store that is not small, where there is room for it. A disk that cannot hold it has none: nothing depends on it but the end of what runs.
    pub(super) fn keep(&self) {
        let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
        let is_worth = length(&self.store) + length(&log_of(&self.store)) >= WORTH;
        if is_worth && length(&self.path) < BYTES && self.has_room() && self.make().is_err() {
            self.give_up();
        }
    }

    fn make(&self) -> io::Result<()> {
        let mut file = making(self.store.metadata().ok().as_ref()).open(&self.path)?;
        // Where a file system cannot be asked for room it is written.
        if file.allocate(BYTES).is_err() {
            let zeros = vec![0; 1 << 20];
            for _ in 0..BYTES / zeros.len() as u64 {
                file.write_all(&zeros)?;
            }
        }
        Ok(())
    }

    /// Gives its room to others.
    pub(super) fn give_up(&self) {
        // It may not be there.
        let _ = std::fs::remove_file(&self.path);
    }

    /// How many bytes are free where the store is; `None` if that cannot be known.
    pub(super) fn free(&self) -> Option<u64> {
        fs4::available_space(self.store.parent().unwrap_or(&self.store)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_has_its_room_for_itself_and_gives_all_of_it_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.db");
        let reserve = Reserve::of(&store);
        reserve.keep();
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "a store that is small has none");
        std::fs::File::create(&store).unwrap().set_len(WORTH).unwrap();
        reserve.keep();
        let metadata = folder.path().join("store.db.reserve").metadata().unwrap();
        assert_eq!(metadata.len(), BYTES);
        #[cfg(unix)]
        assert!(std::os::unix::fs::MetadataExt::blocks(&metadata) * 512 >= BYTES, "a file of holes would hold nothing back");
        reserve.keep();
        reserve.give_up();
        reserve.give_up();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
