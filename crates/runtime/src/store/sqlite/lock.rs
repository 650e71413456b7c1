// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Keeps every other orchestrator off the file.
//!
//! `SQLite`'s own lock is not enough inside a Node process: it belongs to the process, so reading and closing the file anywhere else in
//! that process drops it. `flock` on a file of our own belongs to the open file, and holds against this process too.

use super::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The right to write a store's file, held as long as the value lives and given up by the system if the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(store: &Path) -> Result<Self, OpenError> {
        let path = lock_path(store);
        let failed = |source| OpenError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Whoever it is, the file is taken; a pid that cannot be read only makes the message poorer.
                let _ = file.read_to_string(&mut owner);
                return Err(OpenError::Locked { path: store.to_owned(), owner: owner.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}
