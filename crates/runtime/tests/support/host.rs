// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A host of a driver, as `ts/dispatch/dispatcher.ts` is one, with what it heard in words.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

use alphabet::execution::Kind;
use alphabet::{Effect, execution, pool, schedule, store};
use engine::{Failure, InstanceIndex, Output, Plan, Settled};
use runtime::store::{Archive as _, CrashPoint, CrashingStore, Durability, MemoryStore, OpenOptions};
use runtime::store::{Script, ScriptedBackend, SqliteReader, Store, StoredExecution};
use runtime::{Claimed, Clock, Driver, Error, Failures, Number, Opening, SetClock, Wake};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stdx::Timestamp;
use tempfile::TempDir;

/// Where a driver keeps its journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Memory,
    Os,
    Disk,
}

pub(crate) const MODES: [Mode; 3] = [Mode::Memory, Mode::Os, Mode::Disk];
pub(crate) const FILES: [Mode; 2] = [Mode::Os, Mode::Disk];

/// How long a wake may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Host {
    pub(crate) driver: Driver,
    pub(crate) effects: Vec<Effect>,
    /// Why what they tell of failed, as the driver said when they were taken.
    pub(crate) failures: Failures,
    woken: Receiver<()>,
    place: Place,
}

/// What another process left unended, and was woken.
pub(crate) struct Interrupted {
    pub(crate) slot: u32,
    /// See `report::handover`.
    pub(crate) text: String,
}

/// A file in a directory of its own.
pub(crate) struct Place {
    _directory: TempDir,
    pub(crate) path: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { path: directory.path().join("store.db"), _directory: directory }
    }
}

/// A connection that writes what it changes as ours do, with checksums.
pub(crate) fn connect(path: &Path) -> rusqlite::Connection {
    pagesum::open(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE, 0x4D41_4F31).unwrap()
}

/// Changes a store that nobody has open, as one of ours would.
pub(crate) fn edit(path: &Path, sql: &str) {
    connect(path).execute_batch(sql).unwrap();
}

pub(crate) fn clock() -> Clock {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Clock::starting_at(Timestamp::default().after(now))
}

pub(crate) fn waker() -> (Wake, Receiver<()>) {
    let (wake, woken) = mpsc::channel();
    let wake = move || {
        // Nobody listens any more once the test has let go of its driver.
        let _ = wake.send(());
    };
    (Arc::new(wake), woken)
}

pub(crate) fn durability(mode: Mode) -> Durability {
    match mode {
        Mode::Os => Durability::Os,
        Mode::Disk => Durability::Disk,
        Mode::Memory => panic!("memory has no durability"),
    }
}

impl Host {
    pub(crate) fn new(mode: Mode) -> Self {
        Self::at(Place::new(), mode).0
    }

    /// A host over what is in `place`, and what it found there.
    pub(crate) fn at(place: Place, mode: Mode) -> (Self, Vec<Interrupted>) {
        Self::since(place, mode, clock())
    }

    /// A host over a file that nothing is moved into: somebody reads it as it was before there was anything, so that the log holds everything, in order.
    pub(crate) fn unmoved(mode: Mode) -> (Self, rusqlite::Connection) {
        let place = Place::new();
        let reader = rusqlite::Connection::open(&place.path).unwrap();
        let begin =
            "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN; SELECT * FROM sqlite_schema;";
        reader.execute_batch(begin).unwrap();
        (Self::at(place, mode).0, reader)
    }

    /// A host over a new file that is opened like this.
    pub(crate) fn opened(mode: Mode, options: OpenOptions) -> Self {
        let (place, (wake, woken)) = (Place::new(), waker());
        let opening = Opening { path: &place.path, durability: durability(mode), options };
        let (driver, _) = Driver::open_through(opening, clock(), wake, |store| store).unwrap();
        Self { driver, effects: Vec::new(), failures: Vec::new(), woken, place }
    }

    /// The same, by a clock of the test's own.
    pub(crate) fn since(place: Place, mode: Mode, clock: Clock) -> (Self, Vec<Interrupted>) {
        let mut host = Self::parked_since(place, mode, clock);
        let interrupted = host.wake_all();
        (host, interrupted)
    }

    /// A host over what is in `place`, none of which is at hand.
    pub(crate) fn parked_since(place: Place, mode: Mode, clock: Clock) -> Self {
        let (wake, woken) = waker();
        let driver = match mode {
            Mode::Memory => Driver::in_memory(clock),
            Mode::Os | Mode::Disk => Driver::open(&place.path, durability(mode), clock, wake).unwrap().0,
        };
        Self { driver, effects: Vec::new(), failures: Vec::new(), woken, place }
    }

    /// Wakes all that wait in groups, in the order they began.
    fn wake_all(&mut self) -> Vec<Interrupted> {
        let groups = u32::try_from(self.driver.groups().count()).unwrap();
        let ids = (0..groups).flat_map(|group| self.driver.parked_in(group));
        let mut slots: Vec<u32> = ids.map(|id| self.driver.parked(&id).unwrap()).collect();
        slots.sort_unstable();
        slots.into_iter().map(|slot| Interrupted { slot, text: self.wake(slot) }).collect()
    }

    /// Wakes an execution; what its host takes over. Nothing else is heard meanwhile.
    pub(crate) fn wake(&mut self, slot: u32) -> String {
        self.driver.wake(slot);
        self.driver.flush().unwrap();
        while !self.driver.is_settled() {
            self.pull_when_woken().unwrap();
        }
        let woken = std::iter::from_fn(|| self.driver.next_effect()).next();
        assert!(matches!(woken, Some(Effect::Execution(execution::Effect { kind: Kind::Woken, slot: of, .. })) if of == slot));
        self.driver.handover(slot).unwrap().into()
    }

    /// A host over the file in `place`, whose process ends at `point`.
    pub(crate) fn crashing(place: Place, point: CrashPoint) -> Self {
        let (wake, woken) = waker();
        let through = |store| -> Box<dyn Store> { Box::new(CrashingStore::over(store, point)) };
        let (driver, _) = Driver::open_through(
            Opening { path: &place.path, durability: Durability::Os, options: OpenOptions::default() },
            clock(),
            wake,
            through,
        )
        .unwrap();
        Self { driver, effects: Vec::new(), failures: Vec::new(), woken, place }
    }

    /// A host in memory by a clock that is set.
    pub(crate) fn timed(clock: &SetClock) -> Self {
        let (_, woken) = waker();
        Self {
            driver: Driver::in_memory(Clock::set_by(clock.clone())),
            effects: Vec::new(),
            failures: Vec::new(),
            woken,
            place: Place::new(),
        }
    }

    /// A host over a store of the test's own.
    pub(crate) fn over(store: Box<dyn Store>, durability: Durability) -> Self {
        let (wake, woken) = waker();
        let driver = Driver::over(store, durability, clock(), wake).unwrap();
        Self { driver, effects: Vec::new(), failures: Vec::new(), woken, place: Place::new() }
    }

    /// A host before a backend of three partitions that does what the script says.
    pub(crate) fn scripted(script: &Script) -> Self {
        Self::scripted_by(script, &clock())
    }

    /// The same, by a clock of the test's own.
    pub(crate) fn scripted_by(script: &Script, clock: &Clock) -> Self {
        Self::scripted_over(Box::<MemoryStore>::default(), script, clock)
    }

    /// The same, over what is on record.
    pub(crate) fn scripted_over(store: Box<dyn Store>, script: &Script, clock: &Clock) -> Self {
        let (wake, woken) = waker();
        let backend = ScriptedBackend::over(store, script.clone(), clock.share(), wake).unwrap();
        let driver = Driver::before(Box::new(backend), clock.share()).unwrap();
        Self { driver, effects: Vec::new(), failures: Vec::new(), woken, place: Place::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.place.path
    }

    /// What is on record in the file, from a connection of its own.
    pub(crate) fn stored(&self, id: &str) -> StoredExecution {
        SqliteReader::open(self.path()).unwrap().execution(id).unwrap().unwrap()
    }

    /// The process ends without a word, and another begins.
    pub(crate) fn reopen(self, mode: Mode) -> (Self, Vec<Interrupted>) {
        Self::at(self.leave(), mode)
    }

    /// The process ends without a word; what is left of it.
    pub(crate) fn leave(self) -> Place {
        let Self { driver, place, .. } = self;
        drop(driver);
        place
    }

    pub(crate) fn accept(&mut self, plan: &Arc<Plan>) -> (u32, Arc<str>) {
        let accept = self.driver.accept(plan, Some("{}".to_owned()), None, None).unwrap();
        (accept.slot, accept.id)
    }

    pub(crate) fn complete(&mut self, slot: u32, task: u32, attempt: u32, output: &str) {
        self.driver.settle(slot, answer(task, attempt, Ok(Output::Json(output.into()))), runtime::Looks::default()).unwrap();
    }

    pub(crate) fn fail(&mut self, slot: u32, task: u32, attempt: u32, retryable: bool) {
        self.driver.settle(slot, answer(task, attempt, Err(failure(task, attempt, retryable))), runtime::Looks::default()).unwrap();
    }

    /// Flushes and takes every effect that is owed by now, waiting for the disk where the driver does.
    pub(crate) fn advance(&mut self) -> Vec<String> {
        self.try_advance().unwrap()
    }

    pub(crate) fn try_advance(&mut self) -> Result<Vec<String>, Error> {
        self.driver.flush()?;
        while !self.driver.is_settled() {
            self.pull_when_woken()?;
        }
        Ok(self.take())
    }

    pub(crate) fn pull_when_woken(&mut self) -> Result<(), Error> {
        self.woken.recv_timeout(PATIENCE).unwrap();
        self.driver.pull()
    }

    /// Lets time pass until this has left, now or before.
    pub(crate) fn wait_for(&mut self, expected: &str) {
        if !self.effects.iter().any(|effect| words(effect) == expected) {
            self.wait_until(|told| told.iter().any(|told| told == expected));
        }
    }

    fn wait_until(&mut self, happened: impl Fn(&[String]) -> bool) -> Vec<String> {
        let mut all = Vec::new();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            self.driver.pull().unwrap();
            all.append(&mut self.advance());
            if happened(&all) {
                return all;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("it does not happen; so far {:?}", self.effects);
    }

    /// The effects that have left, in words.
    pub(crate) fn take(&mut self) -> Vec<String> {
        let before = self.effects.len();
        while let Some(effect) = self.driver.next_effect() {
            if let Effect::Execution(effect) = &effect {
                let number = Number::from_u64(effect.number);
                self.failures.extend(self.driver.failure(effect.slot, number).map(|failure| (number, failure)));
            }
            self.effects.push(effect);
        }
        self.effects.iter().skip(before).map(words).collect()
    }

    /// What is on record of a live execution, read back from an archive of its own.
    pub(crate) fn history(&self, slot: u32, after: Option<Number>) -> Vec<Effect> {
        self.read(slot, after).0
    }

    pub(crate) fn read(&self, slot: u32, after: Option<Number>) -> (Vec<Effect>, Failures) {
        let archive = self.driver.archive().unwrap();
        self.driver.on_record(slot).unwrap().history(&*archive, after).unwrap()
    }

    /// What a call with a key does, with what an archive knows of it where the driver does not.
    pub(crate) fn claim(&mut self, hash: &str, fingerprint: &str, rerun_failed: bool) -> Claimed {
        if let Some(claimed) = self.driver.claim(hash, fingerprint, rerun_failed, None).unwrap() {
            return claimed;
        }
        let known = self.driver.archive().unwrap().keyed(hash).unwrap();
        self.driver.claim(hash, fingerprint, rerun_failed, Some(known)).unwrap().unwrap()
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.recv_timeout(PATIENCE).is_ok()
    }
}

pub(crate) fn answer(task: u32, attempt: u32, result: Result<Output, Failure>) -> Settled {
    let start = clock().read();
    Settled { task: InstanceIndex::new(task), attempt, start, end: start.after(Duration::from_micros(5)), result }
}

pub(crate) fn failure(task: u32, attempt: u32, retryable: bool) -> Failure {
    let message = format!("task {task} attempt {attempt} \"failed\"\n").into();
    Failure { code: "ERR_AGENT".into(), message, details: Some(r#"{"name":"Error"}"#.into()), retryable, retry_after: None }
}

/// `0: run 2/1` is attempt 1 of task 2 of the execution in slot 0.
pub(crate) fn words(effect: &Effect) -> String {
    match *effect {
        Effect::Execution(effect) => words_of_execution(effect),
        Effect::Store(store::Effect { kind: store::Kind::Deleted { ticket }, .. }) => format!("deleted {ticket}"),
        Effect::Store(store::Effect { kind: store::Kind::Taken, .. }) => "taken".to_owned(),
        Effect::Store(store::Effect { kind: store::Kind::Post, .. }) => "post".to_owned(),
        Effect::Schedule(schedule::Effect { schedule, kind, .. }) => match kind {
            schedule::Kind::Scheduled { next: 0 } => format!("schedule {schedule}: no more instants"),
            schedule::Kind::Scheduled { next } => format!("schedule {schedule}: next {}", instant(next)),
            schedule::Kind::Unscheduled => format!("schedule {schedule}: no more"),
            schedule::Kind::Fired { slot, planned } => format!("{slot}: fired by schedule {schedule} for {}", instant(planned)),
        },
        Effect::Pool(pool::Effect { kind, .. }) => match kind {
            pool::Kind::CreateAgent { instance, agent } => format!("make {instance} of agent {agent}"),
            pool::Kind::DisposeAgent { instance, force } => {
                format!("dispose of {instance}{}", if force { ", whatever it does" } else { "" })
            }
            pool::Kind::CheckAgent { instance } => format!("check {instance}"),
            pool::Kind::AgentUnhealthy { instance } => format!("{instance} is ill"),
            pool::Kind::AgentRecovered { instance } => format!("{instance} is well again"),
            pool::Kind::ScaledUp { of, from, to } => format!("type {of}: up from {from} to {to}"),
            pool::Kind::ScaledDown { of, from, to } => format!("type {of}: down from {from} to {to}"),
            pool::Kind::Reclaimed { ticket } => format!("{ticket} has its place again"),
        },
    }
}

fn words_of_execution(execution::Effect { slot, task, attempt, kind, .. }: execution::Effect) -> String {
    match kind {
        Kind::Accepted => format!("{slot}: accepted"),
        Kind::Run { interruptions, .. } if interruptions > 0 => format!("{slot}: run {task}/{attempt} after {interruptions} interruptions"),
        Kind::Run { instance, .. } if instance > 0 => format!("{slot}: run {task}/{attempt} on {instance}"),
        Kind::Run { .. } => format!("{slot}: run {task}/{attempt}"),
        Kind::Abort { cause } => format!("{slot}: abort {task}/{attempt} for {cause}"),
        Kind::Ended { status } => format!("{slot}: ended {status}"),
        Kind::Retrying { .. } => format!("{slot}: retrying {task}/{attempt}"),
        Kind::Completed { .. } => format!("{slot}: completed {task}/{attempt}"),
        Kind::Failed { .. } => format!("{slot}: failed {task}/{attempt}"),
        Kind::Skipped { reason } => format!("{slot}: skipped {task} for {reason}"),
        Kind::Cancelled { reason } => format!("{slot}: cancelled {task} for {reason}"),
        Kind::Cancelling => format!("{slot}: cancelling"),
        Kind::AskGate { .. } | Kind::AskBranch { .. } | Kind::AskTurn { .. } | Kind::AskSchema => format!("{slot}: judge {task}"),
        Kind::Started => format!("{slot}: started"),
        Kind::Iterated { .. } => format!("{slot}: iterated {task}"),
        Kind::Paused => format!("{slot}: paused"),
        Kind::Resumed => format!("{slot}: resumed"),
        Kind::Waiting { .. } => format!("{slot}: waiting {task}"),
        Kind::Opened => format!("{slot}: opened {task}"),
        Kind::Reused => format!("{slot}: reused {task}"),
        Kind::Signalled => format!("{slot}: signalled"),
        Kind::Noted => format!("{slot}: noted by {task}/{attempt}"),
        Kind::LetGo { why } => format!("{slot}: let go of, {}", if why == 1 { "refused" } else { "lost" }),
        Kind::Woken => format!("{slot}: woken"),
        Kind::Moved => format!("{slot}: moved"),
    }
}

/// The attempts to run among effects: slot, task, attempt.
pub(crate) fn runs(effects: impl IntoIterator<Item = Effect>) -> Vec<(u32, u32, u32)> {
    let of_executions = effects.into_iter().filter_map(|effect| effect.execution().copied());
    of_executions
        .filter(|effect| matches!(effect.kind, Kind::Run { .. }))
        .map(|execution::Effect { slot, task, attempt, .. }| (slot, task, attempt))
        .collect()
}

/// `01-31 02:00:00` of the year 2027, in which the schedules of these tests run; microseconds since the epoch.
fn instant(micros: u64) -> String {
    const YEAR: u64 = 1_798_761_600;
    const MONTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let seconds = micros / 1_000_000 - YEAR;
    let (mut day, mut month) = (seconds / 86_400, 0);
    while let Some(days) = MONTHS.get(month).filter(|days| **days <= day) {
        day -= days;
        month += 1;
    }
    format!("{:02}-{:02} {:02}:{:02}:{:02}", month + 1, day + 1, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}
