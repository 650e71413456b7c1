// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Moves the write-ahead log into the file on a thread of its own: done by the writing connection, it caused every long tail.

use super::OpenError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::JoinHandle;

/// Bytes of records after which the log is moved. What is moved is flushed, and while 16 MiB were, commits at `'disk'` waited for the medium 4 ms and
/// more; of 1 MiB they hardly notice, and the log stays so short that it is written over in place. Of less, the moving costs more than it saves.
const CHECKPOINT_BYTES: usize = 1 << 20;

/// Pages in the log beyond which the writer is held up for a moment so that the log can start over: 64 MiB.
const RESTART_PAGES: i64 = 8_192;

pub(super) struct Checkpointer {
    since_last: usize,
    wanted: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Result<Self, OpenError> {
        let connection = super::schema::open_for_reading(path)?;
        // One place: a request that finds another waiting is the same request.
        let (wanted, requests) = mpsc::sync_channel::<()>(1);
        let work = move || {
            while requests.recv().is_ok() {
                checkpoint(&connection);
            }
        };
        let thread = std::thread::Builder::new().name("journal-checkpointer".to_owned()).spawn(work);
        let thread = thread.map_err(|source| OpenError::Thread { path: path.to_owned(), source })?;
        Ok(Self { since_last: 0, wanted: Some(wanted), thread: Some(thread) })
    }

    /// The writer committed this much.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.since_last += bytes;
        if self.since_last < CHECKPOINT_BYTES {
            return;
        }
        if let Some(wanted) = &self.wanted
            && !matches!(wanted.try_send(()), Err(TrySendError::Disconnected(())))
        {
            self.since_last = 0;
        }
    }
}

/// Moves what can be moved without disturbing anyone. A log that has grown beyond its bound in spite of that is finished with the writer
/// waiting. A checkpoint that fails loses nothing: the log keeps everything until one succeeds, and a bad disk shows in the next commit.
fn checkpoint(connection: &Connection) {
    let run = |mode: &str| connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get::<_, i64>(1));
    if run("PASSIVE").is_ok_and(|pages| pages > RESTART_PAGES) {
        let _ = run("RESTART");
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.wanted.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
