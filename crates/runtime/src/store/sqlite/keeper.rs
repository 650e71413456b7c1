// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Looks after an open file on a thread of its own; `upkeep` says when.
//!
//! It moves the write-ahead log into the file: done by the writing connection, that caused every long tail. Nobody waits for it for long, and it waits
//! for nobody: what cannot be done now is done later. It wakes the host when a commit that was put off may be tried again.

mod telling;
mod unused;

use super::OpenError;
use super::definitions::Unused;
use super::lock::{Lock, Note};
use super::place::{Place, Watch};
use super::reserve::Reserve;
use super::schema::log_of;
use super::upkeep::{FULL_PAGES, LOG_PAGES, Moved, READERS_WAIT, Upkeep};
use crate::clock::Stopwatch;
use crate::store::alert::Alert;
use crate::store::{CommitError, Health, Medium, Wake};
use rusqlite::Connection;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes of records after which the log is moved. What is moved is flushed, and while 16 MiB were, commits at `'disk'` waited for the medium 4 ms and
/// more; of 1 MiB they hardly notice, and the log stays so short that it is written over in place. Of less, the moving costs more than it saves.
const MOVE_BYTES: usize = 1 << 20;

/// How soon a host is woken that has more to sweep.
const WAKE_AFTER: Duration = Duration::from_millis(5);

/// What is looked after.
pub(super) struct Files {
    pub(super) place: Arc<Place>,
    pub(super) lock: Arc<Lock>,
    /// The store's.
    pub(super) id: String,
    /// What the lock says of it.
    pub(super) note: Option<Note>,
    /// Whether nothing is flushed.
    pub(super) unflushed: bool,
    /// How many bytes the log may have before new work is refused.
    pub(super) log_max: u64,
}

/// The thread, seen from the writer.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    /// Since the log was last asked to be moved: bytes of records, and how many pages it had.
    bytes: usize,
    pages: u32,
    /// How many pages it had after the last commit, and whether it says whose it is.
    length: u32,
    signed: bool,
    /// Since when another program has kept commits waiting.
    blocked: Option<Duration>,
    thread: Option<JoinHandle<()>>,
}

/// What both sides see.
#[derive(Default)]
struct Shared {
    /// How many pages the log has, and how often it was committed to.
    pages: AtomicU32,
    commits: AtomicU64,
    /// The position of the last row that is committed, and of one that is on the medium.
    committed: AtomicI64,
    flushed: AtomicI64,
    /// Nothing was written for a while: whoever writes rings.
    at_rest: AtomicBool,
    /// The writer makes way, so that the log can be started over.
    yielding: AtomicBool,
    /// The writer holds it while it writes a unit, the thread while it starts the log over: a unit under way would be taken for a reader.
    door: Mutex<()>,
    /// It cannot be: a reader needs it.
    held: AtomicBool,
    /// All that is in it has been moved: the next commit is the first of a new one, as a rule.
    moved: AtomicBool,
    /// Definitions that nothing is of.
    unused: Mutex<Option<Unused>>,
    asked: Mutex<Asked>,
    rung: Condvar,
    health: Health,
    wake: OnceLock<Wake>,
    /// Instants here and in `Upkeep` are what it shows.
    stopwatch: Stopwatch,
}

/// What is asked of the thread.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked by itself")]
struct Asked {
    rung: bool,
    /// The log is to be moved.
    moving: bool,
    /// Since when another program has kept commits waiting; the host wants to be woken.
    blocked: Option<Duration>,
    /// Those commits found no room on the disk.
    full: bool,
    /// The host wants to be woken in a moment.
    waking: bool,
    /// Something was deleted.
    unused: bool,
    closing: bool,
}

impl Keeper {
    /// Begins to look after the file that `writer` writes.
    pub(super) fn start(path: &Path, files: Files, end: i64, writer: &mut Connection) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared { at_rest: AtomicBool::new(true), committed: AtomicI64::new(end), ..Shared::default() });
        let counted = Arc::clone(&shared);
        // Within the commit, on its thread. No look at the file could tell more cheaply how long the log is.
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            counted.pages.store(pages.cast_unsigned(), Ordering::Relaxed);
            counted.commits.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let failed = |source| super::open_error::failed(path, source);
        writer.wal_hook(Some(hook)).map_err(failed)?;
        let connection = super::schema::open_for_checkpoints(path, files.unflushed)?;
        connection.busy_timeout(READERS_WAIT).map_err(failed)?;
        let watch = Watch::begin(&files.place);
        let (shared_there, path_there) = (Arc::clone(&shared), path.to_owned());
        let reserve = Reserve::of(path);
        let work = Work {
            shared: shared_there,
            path: path_there,
            connection,
            files,
            watch,
            upkeep: Upkeep::default(),
            reserve,
            seen: 0,
            is_short: false,
            is_long: false,
            is_looking: false,
            looked_until: Duration::ZERO,
        };
        let thread = std::thread::Builder::new().name("journal-keeper".to_owned()).spawn(move || work.run());
        let thread = thread.map_err(|source| OpenError::Thread { path: path.to_owned(), source })?;
        Ok(Self { shared, bytes: 0, pages: 0, length: 0, signed: false, blocked: None, thread: Some(thread) })
    }

    /// Whom to wake from now on, and what is to be known of the file.
    pub(super) fn watch(&self, wake: Wake) -> Health {
        // There is one host.
        let _ = self.shared.wake.set(wake);
        self.shared.health.clone()
    }

    /// Has people told what begins, or is over.
    pub(super) fn raise(&self, alert: Alert) {
        self.shared.health.raise(alert);
    }

    /// Where the log is flushed to the medium.
    pub(super) fn medium(&self, log: File) -> Box<dyn Medium> {
        Box::new(Log { file: log, shared: Arc::clone(&self.shared) })
    }

    /// Where a unit is written.
    pub(super) fn desk(&self) -> Result<Desk, CommitError> {
        self.shared.health.check()?;
        Ok(Desk(Arc::clone(&self.shared)))
    }

    /// Whether the last commit found the file taken by another program.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// The writer found the file taken: the host is woken when it is worth another try.
    pub(super) fn blocked(&mut self) {
        let since = *self.blocked.get_or_insert_with(|| self.shared.stopwatch.elapsed());
        self.shared.ring(|asked| asked.blocked = Some(since));
    }

    /// Has the log moved soon, whatever is in it.
    pub(super) fn move_log(&mut self) {
        (self.bytes, self.pages) = (0, self.shared.pages.load(Ordering::Relaxed));
        self.shared.ring(|asked| asked.moving = true);
    }

    /// Has the host woken in a moment.
    pub(super) fn wake_soon(&self) {
        self.shared.ring(|asked| asked.waking = true);
    }

    /// The disk has no room for what the writer has: the same as if it were blocked, and what is held back for that is given up.
    pub(super) fn full(&mut self) {
        let since = *self.blocked.get_or_insert_with(|| self.shared.stopwatch.elapsed());
        self.shared.ring(|asked| (asked.blocked, asked.full) = (Some(since), true));
    }

    /// Whether the unit to be written is to write the first page too. That has the id of the store, so that no log is taken for that of another.
    pub(super) fn signs(&self) -> bool {
        !self.signed || self.shared.moved.load(Ordering::Relaxed)
    }

    /// The writer committed so many bytes of records, and the last row is at `end`; `signed`: and the first page.
    pub(super) fn wrote(&mut self, bytes: usize, end: i64, signed: bool) {
        self.shared.committed.store(end, Ordering::Release);
        if self.blocked.take().is_some() {
            self.shared.health.stuck(false);
            self.shared.ring(|asked| (asked.blocked, asked.full) = (None, false));
        }
        self.bytes += bytes;
        let pages = self.shared.pages.load(Ordering::Relaxed);
        // A log that has no more than before has been started over.
        self.signed = signed || (self.signed && pages > self.length);
        self.length = pages;
        self.pages = self.pages.min(pages);
        if signed {
            self.shared.moved.store(false, Ordering::Relaxed);
        }
        if self.bytes >= MOVE_BYTES || pages - self.pages >= Upkeep::step(pages) {
            (self.bytes, self.pages) = (0, pages);
            let is_full = pages >= FULL_PAGES && !self.shared.held.load(Ordering::Relaxed);
            self.shared.ring(|asked| {
                asked.moving = true;
                if is_full {
                    self.shared.yielding.store(true, Ordering::Relaxed);
                }
            });
        } else if self.shared.at_rest.load(Ordering::Relaxed) {
            self.shared.ring(|_| ());
        }
    }
}

impl Keeper {
    /// Nothing more will be committed: the files are looked at, and what is there is noted.
    pub(super) fn close(&mut self) -> Result<(), CommitError> {
        self.shared.ring(|asked| asked.closing = true);
        if let Some(thread) = self.thread.take() {
            // One that panicked has noted nothing, which is never too much.
            let _ = thread.join();
        }
        self.shared.health.check()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Whoever wants to know asks before.
        let _ = self.close();
    }
}

/// The log, which is flushed for commits to survive a power cut.
struct Log {
    file: File,
    shared: Arc<Shared>,
}

impl Medium for Log {
    fn flush(&mut self) -> Result<(), CommitError> {
        let committed = self.shared.committed.load(Ordering::Acquire);
        self.file.sync_data()?;
        self.shared.flushed.store(committed, Ordering::Release);
        self.shared.health.check()
    }
}

/// Where a unit is written.
pub(super) struct Desk(Arc<Shared>);

impl Desk {
    /// Keeps the log from being started over as long as this lasts. It fails while that is done, and while a full log is to be.
    pub(super) fn take(&self) -> Result<MutexGuard<'_, ()>, CommitError> {
        if self.0.yielding.load(Ordering::Relaxed) {
            return Err(CommitError::Busy);
        }
        match self.0.door.try_lock() {
            Ok(taken) => Ok(taken),
            // A unit that panicked was rolled back.
            Err(TryLockError::Poisoned(taken)) => Ok(taken.into_inner()),
            Err(TryLockError::WouldBlock) => Err(CommitError::Busy),
        }
    }
}

impl Shared {
    fn ring(&self, ask: impl FnOnce(&mut Asked)) {
        let mut asked = self.lock();
        asked.rung = true;
        ask(&mut asked);
        drop(asked);
        self.rung.notify_one();
    }

    /// Waits until somebody rings, or until then.
    fn wait(&self, until: Option<Duration>) -> MutexGuard<'_, Asked> {
        let mut asked = self.lock();
        while !asked.rung {
            let Some(until) = until else {
                asked = self.rung.wait(asked).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_sub(self.stopwatch.elapsed());
            if left.is_zero() {
                break;
            }
            (asked, _) = self.rung.wait_timeout(asked, left).unwrap_or_else(PoisonError::into_inner);
        }
        asked.rung = false;
        asked
    }

    /// The writer need not make way any more, unless it has filled the log since.
    fn let_in(&self) {
        let asked = self.lock();
        if !asked.moving {
            self.yielding.store(false, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        // What a thread that panicked had asked for is plain data.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }
}

/// What the thread has.
struct Work {
    shared: Arc<Shared>,
    path: PathBuf,
    connection: Connection,
    files: Files,
    watch: Watch,
    upkeep: Upkeep,
    reserve: Reserve,
    /// Whether new work is refused: the disk was full, and the log is too long.
    is_short: bool,
    is_long: bool,
    /// Whether it is to be looked for what nothing needs any more, and until when it is rested from that.
    is_looking: bool,
    looked_until: Duration,
    /// How often the log had been committed to when the files were looked at.
    seen: u64,
}

impl Work {
    fn run(mut self) {
        loop {
            let next = [self.upkeep.next(), self.next_look()].into_iter().flatten().min();
            let mut asked = self.shared.wait(next);
            if asked.closing {
                drop(asked);
                return self.close();
            }
            let (moving, waking, blocked) = (std::mem::take(&mut asked.moving), std::mem::take(&mut asked.waking), asked.blocked);
            let full = asked.full;
            self.is_looking |= std::mem::take(&mut asked.unused);
            drop(asked);
            if self.upkeep.is_move_due(self.shared.stopwatch.elapsed(), moving) {
                self.move_log();
            }
            // Whatever came of it: a log that a reader needs may get longer.
            self.shared.held.store(self.upkeep.is_held(), Ordering::Relaxed);
            self.shared.let_in();
            self.look();
            let blocked = blocked.map(|since| self.shared.stopwatch.elapsed().saturating_sub(since));
            self.look_for_room(full);
            self.bound_log();
            self.look_for_unused();
            self.tell(blocked.filter(|_| !full));
            if let Some(blocked) = blocked {
                self.retry(blocked);
            } else if waking {
                std::thread::sleep(WAKE_AFTER);
                self.shared.wake();
            }
        }
    }

    /// Moves what can be moved without disturbing anyone. A log that has grown long in spite of that is finished with the writer out of the way, for a
    /// moment. A checkpoint that fails loses nothing: the log keeps everything until one succeeds, and a bad disk shows in the next commit.
    fn move_log(&mut self) {
        // A store that is lost is left as it is.
        if !self.is_well() {
            return;
        }
        let mut restarted = None;
        if let Some(moved) = self.checkpoint("PASSIVE").filter(|moved| Upkeep::is_restart_due(*moved)) {
            self.shared.yielding.store(true, Ordering::Relaxed);
            let shared = Arc::clone(&self.shared);
            let _door = shared.door.lock().unwrap_or_else(PoisonError::into_inner);
            // A log that a reader has made very long gives its room back even if nothing more is written.
            restarted = self.checkpoint(if moved.log > LOG_PAGES { "TRUNCATE" } else { "RESTART" });
        }
        self.upkeep.restarted(self.shared.stopwatch.elapsed(), restarted);
    }

    fn checkpoint(&mut self, mode: &str) -> Option<Moved> {
        let committed = self.shared.committed.load(Ordering::Acquire);
        let read = |row: &rusqlite::Row<'_>| Ok(Moved { busy: row.get::<_, i64>(0)? != 0, log: row.get(1)?, kept: row.get(2)? });
        let moved = self.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], read).ok()?;
        tracing::debug!(mode, log = moved.log, kept = moved.kept, busy = moved.busy, "log moved into the file");
        if moved.is_whole() {
            self.shared.moved.store(true, Ordering::Relaxed);
            self.note(committed);
        }
        Some(moved)
    }

    /// Looks whether the files are still what they were, while something is written.
    fn look(&mut self) {
        let written = self.shared.commits.load(Ordering::Relaxed);
        if written != self.seen {
            self.shared.at_rest.store(false, Ordering::Relaxed);
            self.upkeep.stirred(self.shared.stopwatch.elapsed());
        }
        if !self.upkeep.is_look_due(self.shared.stopwatch.elapsed()) {
            return;
        }
        if !self.is_short && !self.files.unflushed {
            self.reserve.keep();
        }
        if self.files.note.is_none() {
            // So that the lock says whose the store is as soon as that is on the medium.
            self.checkpoint("PASSIVE");
        }
        if self.is_well() {
            self.note(self.shared.flushed.load(Ordering::Acquire));
        }
        self.upkeep.looked(self.shared.stopwatch.elapsed(), written != self.seen);
        self.seen = written;
        self.shared.at_rest.store(self.upkeep.is_at_rest(), Ordering::SeqCst);
    }

    /// Whether the files are still those of the store. Once they are not, nothing is written any more, and the host is told.
    fn is_well(&mut self) -> bool {
        if self.shared.health.check().is_err() {
            return false;
        }
        let Err(replaced) = self.watch.look(&self.files.place, &self.files.id) else { return true };
        self.shared.health.lost(replaced);
        self.shared.wake();
        false
    }

    /// Notes that the journal is on the medium up to `position`. A note that cannot be written is an older one.
    fn note(&mut self, position: i64) {
        if self.files.note.as_ref().is_some_and(|note| note.floor >= position) {
            return;
        }
        let note = Note { id: self.files.id.clone(), floor: position };
        if self.files.lock.note(Some(&note)).is_ok() {
            self.files.note = Some(note);
        }
    }

    fn close(mut self) {
        let committed = self.shared.committed.load(Ordering::Acquire);
        let is_noted = self.files.note.as_ref().is_some_and(|note| note.floor >= committed);
        let unflushed = self.files.unflushed;
        let is_flushed = |log: File| unflushed || log.sync_data().is_ok();
        if self.is_well() && !is_noted && File::open(log_of(&self.path)).is_ok_and(is_flushed) {
            self.note(committed);
        }
    }

    /// Lets the writer, or the host at `'os'`, try again.
    fn retry(&self, blocked: Duration) {
        if Upkeep::is_long(blocked) {
            self.shared.health.stuck(true);
        }
        std::thread::sleep(Upkeep::retry_after(blocked));
        self.shared.wake();
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // Nobody would let the writer go on.
        self.shared.yielding.store(false, Ordering::Relaxed);
    }
}
