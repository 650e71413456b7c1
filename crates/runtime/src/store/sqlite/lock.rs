// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Keeps every other orchestrator off the file, and remembers how far it had got.
//!
//! `SQLite`'s own lock is not enough inside a Node process: it belongs to the process, so reading and closing the file anywhere else in
//! that process drops it. `flock` on a file of our own belongs to the open file, and holds against this process too.
//!
//! Its lines: who has the store; the store's id; its floor, the position up to which the journal was on the medium. A file whose journal ends below it
//! has lost what was acknowledged.

use super::OpenError;
use super::place::making;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The right to write a store's file, held as long as the value lives and given up by the system if the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

/// How long a lock may be held that is only looked at.
const ASKING: Duration = Duration::from_millis(10);

/// What is noted of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) id: String,
    pub(super) floor: i64,
}

impl Lock {
    /// Takes the lock; what was noted, if anything was. A lock that an older version of this build had has nothing.
    pub(super) fn take(store: &Path) -> Result<(Self, Option<Note>), OpenError> {
        let path = lock_of(store);
        let failed = |source| OpenError::Io { path: path.clone(), source };
        let mut file = making(store.metadata().ok().as_ref()).open(&path).map_err(failed)?;
        let mut text = String::new();
        match file.try_lock().or_else(|taken| {
            // Whoever only asks whether it is taken has it for some microseconds.
            std::thread::sleep(ASKING);
            file.try_lock().map_err(|_| taken)
        }) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Whoever it is, the file is taken; a pid that cannot be read only makes the message poorer.
                let _ = file.read_to_string(&mut text);
                let owner = text.lines().next().and_then(|pid| pid.trim().parse().ok());
                return Err(OpenError::Locked { path: store.to_owned(), owner });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // One that cannot be read has nothing to say.
        let _ = file.read_to_string(&mut text);
        let note = note_in(&text);
        let lock = Self { file };
        lock.note(note.as_ref()).map_err(failed)?;
        Ok((lock, note))
    }

    /// Notes whose the store is, and how far it has got. Written over in place, so that a process that ends here leaves the old note or the new one.
    pub(super) fn note(&self, note: Option<&Note>) -> io::Result<()> {
        let pid = std::process::id();
        let text = note.map_or_else(|| format!("{pid}\n"), |Note { id, floor }| format!("{pid}\n{id}\n{floor}\n"));
        let mut file = &self.file;
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }
}

/// Whether some process has the store. It is asked without keeping anybody out for longer than [`ASKING`].
pub(super) fn is_taken(store: &Path) -> bool {
    File::open(lock_of(store)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// What is noted of a store, whoever has it.
pub(super) fn noted(store: &Path) -> Option<Note> {
    note_in(&std::fs::read_to_string(lock_of(store)).ok()?)
}

fn note_in(text: &str) -> Option<Note> {
    let mut lines = text.lines().skip(1);
    let (id, floor) = (lines.next()?, lines.next()?);
    floor.parse().ok().map(|floor| Note { id: id.to_owned(), floor })
}

/// The lock beside a file.
pub(super) fn lock_of(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_there_for_the_next_and_older_locks_have_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("store.db");
        let note = Note { id: "some-id".to_owned(), floor: 12 };
        {
            let (lock, before) = Lock::take(&store).unwrap();
            assert_eq!(before, None);
            lock.note(Some(&note)).unwrap();
            let owner = Some(std::process::id());
            assert!(matches!(Lock::take(&store), Err(OpenError::Locked { owner: found, .. }) if found == owner));
        }
        assert_eq!(Lock::take(&store).unwrap().1, Some(note));
        for text in ["", "12345\n", "12345\nid\n", "12345\nid\nnine\n", "\u{0}\u{0}"] {
            std::fs::write(lock_of(&store), text).unwrap();
            assert_eq!(Lock::take(&store).unwrap().1, None, "{text:?}");
        }
    }
}
