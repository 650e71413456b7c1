// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The thread that keeps facts up to date while a store is open.
//!
//! ```text
//! resting ─ a commit ─▶ gathering (200 ms, so that an execution is written once) ─▶ folding, in slices ─ nothing more ─▶ resting
//!     └────────────── a caller waits: neither gathers nor gives way ──────────────────▶
//! ```
//! After each slice in which something was committed it gives way: on a machine with few cores so long that it takes a twentieth of one.

use super::book::{self, facts_of};
use super::folding::{FoldError, Folding};
use super::periods::{self, PeriodQuestion};
use super::summaries::{self, SummaryFilter};
use crate::Clock;
use crate::clock::Stopwatch;
use crate::store::{Alert, Bell, FACTS_BEHIND, OpenError, ReadError, SqliteReader};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use stdx::Timestamp;

/// The longest it works without looking whether it should give way.
const SLICE: Duration = Duration::from_millis(5);

/// With so many cores what it does is in the way of little.
const CORES: usize = 4;

/// With more records to fold, another thread reads them while nothing is committed.
const AHEAD: i64 = 4096;

/// How long it lets commits gather before it begins.
const GATHERING: Duration = Duration::from_millis(200);

/// Records, and the time, after which a transaction ends.
const TRANSACTION_RECORDS: usize = 20_000;
const TRANSACTION: Duration = Duration::from_millis(500);

/// The longest rest.
const REST: Duration = Duration::from_mins(1);

/// How long it lets be what went wrong.
const AGAIN: Duration = Duration::from_secs(1);

/// How long they may lack what is on record before people are told.
const BEHIND: Duration = Duration::from_mins(1);

/// How often roll-ups are looked through for those that are too old.
const SWEEP: Duration = Duration::from_hours(1);

/// A position of the journal, the number of an execution, and how many were deleted.
type Reach = [i64; 3];

/// Whether facts that have got to one place lack something of another.
fn is_before(place: Reach, other: Reach) -> bool {
    place.iter().zip(other).any(|(place, other)| *place < other)
}

/// Which roll-ups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollups {
    /// None.
    Off,
    /// Those of so long.
    For(Duration),
}

impl Rollups {
    /// Where those begin that are kept.
    fn since(self, now: Timestamp) -> Option<Timestamp> {
        let Self::For(kept) = self else { return None };
        let micros = u64::try_from(kept.as_micros()).unwrap_or(u64::MAX);
        Some(Timestamp::from_micros(now.micros().saturating_sub(micros)))
    }
}

/// How facts are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Which roll-ups are.
    pub rollups: Rollups,
    /// How long facts may lack what is on record before people are told.
    pub behind: Duration,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { rollups: Rollups::For(Duration::MAX), behind: BEHIND }
    }
}

/// Facts of an open store, seen from whoever asks.
pub struct Follower {
    shared: Arc<Shared>,
    /// Reads where the store ends.
    reader: Mutex<SqliteReader>,
    bell: Arc<Bell>,
    /// Reads facts.
    facts: Mutex<Option<(u64, Connection)>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    clock: Clock,
    rollups: Rollups,
}

/// What both sides see.
struct Shared {
    path: PathBuf,
    progress: Mutex<Progress>,
    moved: Condvar,
}

#[derive(Default)]
struct Progress {
    /// The place up to which facts can be read; `None` before the file is open.
    reached: Option<Reach>,
    /// How often the file was opened: another connection is needed for another file.
    opened: u64,
    /// Up to where callers wait.
    wanted: Reach,
    /// States of alerts that are to be kept, or forgotten.
    alerts: Vec<(String, Option<String>)>,
    /// What went wrong last.
    trouble: Option<String>,
    closing: bool,
}

impl Follower {
    /// Begins to follow the store that `reader` reads.
    pub fn start(reader: SqliteReader, clock: Clock, keeping: Keeping) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared { path: facts_of(reader.path()), progress: Mutex::default(), moved: Condvar::new() });
        // Without the writer in this process nothing rings.
        let bell = reader.bell().unwrap_or_default();
        let work = Work {
            shared: Arc::clone(&shared),
            unflushed: reader.is_unflushed(),
            reader: reader.beside_it()?,
            bell: Arc::clone(&bell),
            clock: clock.share(),
            keeping,
            since: clock.read(),
            swept: None,
            lags: None,
            is_told: false,
            yields: if std::thread::available_parallelism().is_ok_and(|cores| cores.get() >= CORES) { 1 } else { 19 },
        };
        let thread = std::thread::Builder::new().name("facts".to_owned()).spawn(move || work.run());
        let thread = thread.map_err(|source| OpenError::Thread { path: reader.path().to_owned(), source })?;
        Ok(Self {
            shared,
            reader: Mutex::new(reader),
            bell,
            facts: Mutex::default(),
            thread: Mutex::new(Some(thread)),
            clock,
            rollups: keeping.rollups,
        })
    }

    /// A page of summaries as JSON text, of everything that was committed before the call. It waits for that, at most for so long.
    pub fn summaries(&self, filter: &SummaryFilter, wait: Duration) -> Result<String, ReadError> {
        self.read(wait, |connection| summaries::page(connection, filter))
    }

    /// Figures of a time as JSON text, of everything that was committed before the call. It waits for that, at most for so long.
    pub fn period(&self, question: &PeriodQuestion, wait: Duration) -> Result<String, ReadError> {
        let since = self.rollups.since(self.clock.read());
        self.read(wait, |connection| periods::period(connection, question, since))
    }

    /// Keeps the state of an alert, or forgets it, as soon as may be: also when this is closed at once.
    pub fn keep_alert(&self, name: String, state: Option<String>) {
        self.shared.lock().alerts.push((name, state));
        self.wake();
    }

    /// The states of alerts that were kept, by their names. Where facts are made anew there are none.
    pub fn alerts(&self) -> Vec<(String, String)> {
        let kept = book::open_for_reading(&self.shared.path).and_then(|facts| facts.as_ref().map_or_else(|| Ok(Vec::new()), book::alerts));
        kept.unwrap_or_default()
    }

    /// How many records facts lack; `None` while that cannot be told.
    pub fn behind(&self) -> Option<u64> {
        let [end, ..] = self.end().ok()?;
        let [reached, ..] = self.shared.lock().reached?;
        u64::try_from(end - reached).ok()
    }

    fn read(&self, wait: Duration, read: impl Fn(&Connection) -> Result<String, ReadError>) -> Result<String, ReadError> {
        self.reach(wait)?;
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        for last in [false, true] {
            let opened = self.shared.lock().opened;
            if facts.as_ref().is_none_or(|(of, _)| *of != opened) {
                *facts = book::open_for_reading(&self.shared.path)?.map(|connection| (opened, connection));
            }
            let Some((_, connection)) = &*facts else { break };
            match read(connection) {
                // The file may have been made anew meanwhile.
                Err(_) if !last => *facts = None,
                answered => return answered,
            }
        }
        Err(ReadError::Behind { reached: 0, to: self.end()?[0], why: self.shared.lock().trouble.clone() })
    }

    /// The place where the store ends.
    fn end(&self) -> Result<Reach, ReadError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        Ok([reader.end()?.position()?, reader.last_key()?, self.bell.deleted()])
    }

    /// Waits until facts have what was committed before the call.
    fn reach(&self, wait: Duration) -> Result<(), ReadError> {
        let to = self.end()?;
        let watch = Stopwatch::default();
        let mut progress = self.shared.lock();
        for (wanted, part) in progress.wanted.iter_mut().zip(to) {
            *wanted = part.max(*wanted);
        }
        let mut is_told = false;
        while progress.reached.is_none_or(|reached| is_before(reached, to)) {
            if !std::mem::replace(&mut is_told, true) {
                self.wake();
            }
            let left = wait.saturating_sub(watch.elapsed());
            if left.is_zero() || progress.closing {
                return Err(ReadError::Behind {
                    reached: progress.reached.unwrap_or_default()[0],
                    to: to[0],
                    why: progress.trouble.clone(),
                });
            }
            (progress, _) = self.shared.moved.wait_timeout(progress, left).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Stops following. What was not folded is folded when the store is opened again.
    pub fn close(&self) {
        self.shared.lock().closing = true;
        self.shared.moved.notify_all();
        self.wake();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // One that panicked has left facts as they were after its last transaction.
            let _ = thread.join();
        }
    }

    fn wake(&self) {
        self.bell.wake();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Plain data, whatever a thread that panicked had in mind.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread has.
struct Work {
    shared: Arc<Shared>,
    reader: SqliteReader,
    bell: Arc<Bell>,
    clock: Clock,
    keeping: Keeping,
    /// Since when facts have lacked something, and whether people know.
    lags: Option<Stopwatch>,
    is_told: bool,
    /// When it began.
    since: Timestamp,
    /// When roll-ups were last looked through.
    swept: Option<Timestamp>,
    unflushed: bool,
    /// How many times as long as it worked it gives way to commits.
    yields: u32,
}

impl Work {
    fn run(mut self) {
        while !self.shared.lock().closing {
            let ended = self.follow();
            let Err(error) = ended else { return };
            if let FoldError::Write(error) = &error
                && book::is_damage(error)
            {
                // Made anew the next time.
                let _ = std::fs::remove_file(&self.shared.path);
            }
            let mut progress = self.shared.lock();
            progress.trouble = Some(error.to_string());
            progress.reached = None;
            drop(progress);
            self.is_behind(Some(&error));
            self.bell.pause(AGAIN);
        }
    }

    fn follow(&mut self) -> Result<(), FoldError> {
        let reader = self.reader.beside_it().map_err(|error| FoldError::Open(error.to_string()))?;
        let connection = book::open_for_writing(&self.shared.path, self.reader.path(), self.unflushed)?;
        let mut folding = Folding::begin(reader, connection, self.keeping.rollups != Rollups::Off, self.since)?;
        self.shared.lock().opened += 1;
        self.shared.lock().trouble = None;
        let mut since_flush = Stopwatch::default();
        let mut more = false;
        let mut seen = self.bell.commits();
        loop {
            let commits = self.bell.commits();
            let is_busy = std::mem::replace(&mut seen, commits) != commits;
            let (gone, removed) = self.bell.take_deleted();
            let here = |folding: &Folding| [folding.place().0, folding.place().1, removed];
            let (closing, wanted) = {
                let progress = self.shared.lock();
                (progress.closing, is_before(here(&folding), progress.wanted))
            };
            let alerts = std::mem::take(&mut self.shared.lock().alerts);
            let was_told = !gone.is_empty() || !alerts.is_empty();
            for (name, state) in alerts {
                folding.keep_alert(&name, state.as_deref())?;
            }
            if closing {
                return folding.flush();
            }
            folding.forget(&gone)?;
            let watch = Stopwatch::default();
            if is_busy && !wanted && self.yields > 1 {
                folding.read_alone();
            } else if more {
                folding.read_ahead(AHEAD)?;
            }
            more = folding.slice(SLICE)?;
            if !more || wanted || was_told || folding.pending >= TRANSACTION_RECORDS || since_flush.elapsed() >= TRANSACTION {
                self.sweep(&mut folding)?;
                folding.flush()?;
                self.tell(here(&folding));
                since_flush = Stopwatch::default();
                if more {
                    self.is_behind(None);
                } else {
                    self.is_up_to_date();
                    folding.news()?.into_iter().for_each(|alert| self.bell.tell(alert));
                }
            }
            if wanted {
                continue;
            }
            if more {
                // While something is committed, that goes first.
                if self.bell.commits() != commits {
                    self.bell.pause(watch.elapsed() * self.yields);
                }
            } else {
                self.bell.rest(commits, REST);
                if !self.is_wanted(here(&folding)) {
                    self.bell.pause(GATHERING);
                }
            }
        }
    }

    fn is_wanted(&self, place: Reach) -> bool {
        let progress = self.shared.lock();
        progress.closing || is_before(place, progress.wanted)
    }

    fn tell(&self, place: Reach) {
        self.shared.lock().reached = Some(place);
        self.shared.moved.notify_all();
    }

    /// Facts lack something: after a while people must know.
    fn is_behind(&mut self, why: Option<&FoldError>) {
        let elapsed = self.lags.get_or_insert_default().elapsed();
        if elapsed < self.keeping.behind || std::mem::replace(&mut self.is_told, true) {
            return;
        }
        let reached = self.shared.lock().reached.unwrap_or_default()[0];
        let end = self.reader.end().and_then(|end| end.position()).unwrap_or(reached);
        let missing = end.saturating_sub(reached).unsigned_abs();
        let why = why.map_or_else(
            || "more is recorded than the thread of facts may keep up with beside commits, and it catches up when there is less".to_owned(),
            |error| format!("{error}; it is tried again each second"),
        );
        let message = format!(
            "the summaries of `{}` have been behind what is on record for {} s ({missing} records), and lists of them may be refused until they have caught \
             up: {why}",
            self.reader.path().display(),
            elapsed.as_secs()
        );
        self.bell.tell(Alert::begins(&FACTS_BEHIND, message).with("records", missing));
    }

    fn is_up_to_date(&mut self) {
        self.lags = None;
        if std::mem::take(&mut self.is_told) {
            let message = format!("the summaries of `{}` have caught up with what is on record", self.reader.path().display());
            self.bell.tell(Alert::is_over(&FACTS_BEHIND, message));
        }
    }

    fn sweep(&mut self, folding: &mut Folding) -> Result<(), FoldError> {
        let now = self.clock.read();
        let Some(since) = self.keeping.rollups.since(now) else { return Ok(()) };
        if self.swept.is_some_and(|swept| now.since(swept) < SWEEP) {
            return Ok(());
        }
        self.swept = Some(now);
        Ok(folding.drop_rollups_before(since)?)
    }
}
