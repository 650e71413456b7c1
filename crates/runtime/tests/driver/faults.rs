// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A store that fails, at each commit in turn; a process that ends, after each commit and within each write.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, Mode, Place};
use crate::plans::{plan, plan_as, task};
use crate::random::Random;
use alphabet::execution::Kind;
use engine::{Event, Plan};
use runtime::Error;
use runtime::store::{
    Archive, Batch, CommitError, CrashPoint, Durability, Medium, MemoryStore, OpenError, SqliteReader, StepRecord, Store,
};
use serde_json::json;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

fn work() -> Arc<Plan> {
    let retried = json!({ "id": "b", "name": "b", "agentId": "agent", "dependencies": ["a"], "retryPolicy": { "maxAttempts": 2, "backoffType": "fixed", "initialDelay": "1h" } });
    plan(&json!([task("a", &[]), retried, task("c", &["a"]), task("d", &["b", "c"])]))
}

type Move = fn(&mut Host) -> Result<(), Error>;

/// Each step of a run in which a bit of everything happens to three executions; the host commits after each.
const SCRIPT: [Move; 12] = [
    |host| host.driver.accept(&work(), None, None, None).map(drop),
    |host| host.driver.accept(&work(), Some("{}".into()), None, None).map(drop),
    |host| settle(host, 0, 0, Ok("1")),
    |host| settle(host, 1, 0, Ok("1")).and_then(|()| settle(host, 0, 1, Err(true))),
    |host| host.driver.accept(&work(), None, None, None).map(drop),
    |host| settle(host, 0, 2, Err(false)),
    |host| settle(host, 1, 1, Ok(r#""two""#)),
    |host| host.driver.cancel(2, Some("why not".into()), false),
    |host| settle(host, 2, 0, Ok("1")),
    |host| settle(host, 1, 2, Ok("null")),
    |host| host.driver.pull(),
    |host| settle(host, 1, 3, Ok("[]")),
];

fn settle(host: &mut Host, slot: u32, task: u32, answer: Result<&str, bool>) -> Result<(), Error> {
    let result = answer.map(|text| engine::Output::Json(text.into())).map_err(|retryable| crate::host::failure(task, 1, retryable));
    host.driver.settle(slot, crate::host::answer(task, 1, result), runtime::Looks::default())
}

// A store that fails

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Writing,
    Panicking,
    Flushing,
}

/// Commits `left` times, and then never again.
struct Failing {
    memory: MemoryStore,
    left: usize,
    fault: Fault,
}

/// Flushes `left` times, and then never again.
struct FailingMedium {
    left: usize,
}

impl Medium for FailingMedium {
    fn flush(&mut self) -> Result<(), CommitError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| std::io::Error::other("the disk is gone"))?;
        Ok(())
    }
}

impl Store for Failing {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        if self.left == 0 && self.fault != Fault::Flushing {
            assert!(self.fault != Fault::Panicking, "the store is broken, as the test wants it");
            return Err(CommitError::Io(std::io::Error::other("the disk is gone")));
        }
        self.left = self.left.saturating_sub(1);
        self.memory.commit(batches)
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(if self.fault == Fault::Flushing { Box::new(FailingMedium { left: self.left }) } else { Box::new(()) })
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.memory.archive()
    }

    fn forget(&mut self, id: &str) {
        self.memory.forget(id);
    }
}

fn failing(left: usize, fault: Fault, durability: Durability) -> Host {
    Host::over(Box::new(Failing { memory: MemoryStore::default(), left, fault }), durability)
}

/// What leaves after each commit of the script when all goes well.
fn told_by_commit() -> Vec<Vec<String>> {
    let mut host = failing(usize::MAX, Fault::Writing, Durability::Os);
    let told = SCRIPT.iter().map(|step| {
        step(&mut host).unwrap();
        host.advance()
    });
    // Nothing to commit is no commit.
    told.filter(|told| !told.is_empty()).collect()
}

#[test]
fn a_store_that_fails_stops_the_driver_for_good_and_nothing_of_its_commit_leaves() {
    let good = told_by_commit();
    assert_eq!(good.len(), SCRIPT.len() - 1, "a pull alone commits nothing");
    for durability in [Durability::Os, Durability::Disk] {
        // On the thread of the driver a panic is the host's, and nothing is flushed.
        let faults = match durability {
            Durability::Os => &[Fault::Writing][..],
            Durability::Disk => &[Fault::Writing, Fault::Panicking, Fault::Flushing],
        };
        for (left, fault) in (0..good.len()).flat_map(|left| faults.iter().map(move |fault| (left, *fault))) {
            let case = format!("{durability:?}, commit {left} fails {fault:?}");
            let mut host = failing(left, fault, durability);
            let failed = SCRIPT.iter().find_map(|step| step(&mut host).and_then(|()| host.try_advance()).err());
            let told: Vec<String> = host.effects.iter().map(crate::host::words).collect();
            assert_eq!(told, good[..left].concat(), "{case}");
            let Some(Error::StoreFailed(error)) = failed else { panic!("{case}: {failed:?}") };
            assert_eq!(matches!(*error, CommitError::WriterGone), fault == Fault::Panicking, "{case}: {error}");
            stays_stopped(&mut host, &case);
        }
    }
}

fn stays_stopped(host: &mut Host, case: &str) {
    let stopped = |result: Result<(), Error>| assert!(matches!(result, Err(Error::StoreFailed(_))), "{case}: {result:?}");
    for _ in 0..2 {
        stopped(host.driver.accept(&work(), None, None, None).map(drop));
        stopped(settle(host, 0, 0, Ok("1")));
        stopped(settle(host, 99, 0, Ok("1")));
        stopped(host.driver.cancel(0, None, false));
        stopped(host.driver.resume(0));
        stopped(host.driver.schedule(crate::schedules::schedule("s", r#"{"every":1000}"#)).map(drop));
        stopped(host.driver.cancel_schedule(1));
        stopped(host.driver.flush());
        stopped(host.driver.pull());
        assert_eq!(host.take(), [""; 0], "{case}");
    }
}

/// The last commit failed while nobody looked, and closing said that all was well.
#[test]
fn closing_says_that_the_last_commit_failed() {
    for durability in [Durability::Os, Durability::Disk] {
        let mut host = failing(1, Fault::Writing, durability);
        host.accept(&work());
        host.advance();
        settle(&mut host, 0, 0, Ok("1")).unwrap();
        let Host { driver, .. } = host;
        assert!(matches!(driver.close(), Err(Error::StoreFailed(_))), "{durability:?}");
    }
}

// A store that takes its time

/// Commits when the test lets it.
struct Gated {
    memory: MemoryStore,
    gate: Receiver<()>,
}

impl Store for Gated {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        self.gate.recv().map_err(std::io::Error::other)?;
        self.memory.commit(batches)
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(Box::new(()))
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.memory.archive()
    }

    fn forget(&mut self, id: &str) {
        self.memory.forget(id);
    }
}

#[test]
fn nothing_leaves_while_the_disk_is_at_work_and_what_was_queued_meanwhile_is_one_commit() {
    let (open, gate) = mpsc::channel();
    let mut host = Host::over(Box::new(Gated { memory: MemoryStore::default(), gate }), Durability::Disk);
    for step in &SCRIPT[..4] {
        step(&mut host).unwrap();
        host.driver.flush().unwrap();
        host.driver.pull().unwrap();
        assert_eq!(host.take(), [""; 0]);
        assert!(!host.driver.is_settled());
    }
    // The thread may have taken the first batch alone or with others; either way two commits are enough.
    open.send(()).unwrap();
    open.send(()).unwrap();
    // Each execution's own in the order in which it happened; executions take turns.
    let mut expected = told_by_commit()[..4].concat();
    expected.sort_by_key(|told| told.split(':').next().map(str::to_owned));
    assert_eq!(host.advance(), expected);
    assert!(host.driver.is_settled());
}

/// Tells when it begins to flush, and ends when the test lets it.
struct GatedMedium {
    begun: Sender<()>,
    gate: Receiver<bool>,
}

impl Medium for GatedMedium {
    fn flush(&mut self) -> Result<(), CommitError> {
        self.begun.send(()).map_err(std::io::Error::other)?;
        let good = self.gate.recv().map_err(std::io::Error::other)?;
        if good { Ok(()) } else { Err(std::io::Error::other("the disk is gone").into()) }
    }
}

/// Tells what it has written.
struct Telling {
    memory: MemoryStore,
    written: Sender<usize>,
    medium: Mutex<Option<GatedMedium>>,
}

impl Store for Telling {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        let records = batches.iter().map(|batch| batch.records.len()).sum();
        self.memory.commit(batches)?;
        self.written.send(records).map_err(|error| std::io::Error::other(error).into())
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(Box::new(self.medium.lock().unwrap().take().unwrap()))
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.memory.archive()
    }

    fn forget(&mut self, id: &str) {
        self.memory.forget(id);
    }
}

#[test]
fn the_next_unit_is_written_while_one_is_flushed_and_nothing_after_a_failed_flush_is_acknowledged() {
    for good in [true, false] {
        let (written, writes) = mpsc::channel();
        let (begun, flushes) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let medium = Mutex::new(Some(GatedMedium { begun, gate }));
        let mut host = Host::over(Box::new(Telling { memory: MemoryStore::default(), written, medium }), Durability::Disk);
        for _ in 0..2 {
            host.accept(&work());
            host.driver.flush().unwrap();
            // The second is written although the first is still being flushed, but its own flush does not begin.
            assert_eq!(writes.recv().unwrap(), 1);
        }
        flushes.recv().unwrap();
        assert!(flushes.try_recv().is_err());
        host.driver.pull().unwrap();
        assert_eq!(host.take(), [""; 0]);
        open.send(good).unwrap();
        if good {
            flushes.recv().unwrap();
            open.send(true).unwrap();
            let accepted = host.advance().into_iter().filter(|told| told.contains("accepted")).count();
            assert_eq!(accepted, 2);
        } else {
            let failed = (0..).find_map(|_| host.driver.pull().err());
            assert!(matches!(failed, Some(Error::StoreFailed(_))));
            assert!(flushes.recv().is_err(), "the second was flushed after the first had failed");
            stays_stopped(&mut host, "a failed flush");
        }
    }
}

#[test]
fn a_workflow_that_need_not_survive_a_power_cut_does_not_wait_for_the_medium_and_the_others_do() {
    let hasty = plan_as(&json!({ "id": "w", "name": "w", "version": "1", "durability": "os", "tasks": [task("a", &[])] }));
    let (written, writes) = mpsc::channel();
    let (begun, flushes) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    let medium = Mutex::new(Some(GatedMedium { begun, gate }));
    let mut host = Host::over(Box::new(Telling { memory: MemoryStore::default(), written, medium }), Durability::Disk);
    let (slot, _) = host.accept(&hasty);
    assert_eq!(host.advance().len(), 3, "accepted, started, and an attempt to run");
    assert_eq!(writes.recv().unwrap(), 1);
    // Both in one call of the host: one is flushed, and the other has left before.
    settle(&mut host, slot, 0, Ok("1")).unwrap();
    host.accept(&work());
    host.driver.flush().unwrap();
    flushes.recv().unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        host.driver.pull().unwrap();
        told.extend(host.take());
    }
    assert!(told.iter().all(|told| told.starts_with(&format!("{slot}:"))), "{told:?}");
    open.send(true).unwrap();
    assert!(host.advance().iter().any(|told| told.contains("accepted")));
    assert!(flushes.try_recv().is_err());
}

#[test]
fn dropping_a_driver_commits_what_it_had_flushed() {
    let mut host = Host::new(Mode::Disk);
    let ids: Vec<Arc<str>> = (0..50)
        .map(|_| {
            let (_, id) = host.accept(&work());
            host.driver.flush().unwrap();
            id
        })
        .collect();
    let (host, interrupted) = host.reopen(Mode::Disk);
    assert_eq!(interrupted.len(), 50);
    assert!(ids.iter().all(|id| host.stored(id).records.len() == 1));
}

// A process that ends

/// What another process would find: the file and its log, as they are now.
fn copy(path: &Path) -> Place {
    let place = Place::new();
    for extension in ["db", "db-wal"] {
        std::fs::copy(path.with_extension(extension), place.path.with_extension(extension)).unwrap();
    }
    place
}

/// Everything that is on record, execution by execution.
fn journals(path: &Path) -> Vec<Vec<StepRecord>> {
    let reader = SqliteReader::open(path).unwrap();
    let page = reader.list(&runtime::store::ExecutionFilter { limit: 1000, ..Default::default() }).unwrap();
    page.executions.into_iter().rev().map(|stored| stored.unwrap().records).collect()
}

/// Continues what was interrupted, answers whatever runs, and looks at how it ends.
fn finish(place: Place, case: &str) {
    let path = place.path.clone();
    let before = journals(&path);
    let (mut host, interrupted) = Host::at(place, Mode::Os);
    assert_eq!(journals(&path), before, "{case}: opening records nothing");
    let has_ended =
        |journal: &Vec<StepRecord>| matches!(journal.last().and_then(|record| record.events.last()), Some(Event::ExecutionEnded { .. }));
    assert_eq!(interrupted.len(), before.iter().filter(|journal| !has_ended(journal)).count(), "{case}");
    for found in &interrupted {
        host.driver.resume(found.slot).unwrap();
    }
    for _ in 0..20 {
        host.advance();
        for (slot, task, attempt) in crate::host::runs(std::mem::take(&mut host.effects)) {
            host.complete(slot, task, attempt, "1");
        }
        let waiting: Vec<u32> =
            interrupted.iter().map(|found| found.slot).filter(|slot| host.driver.report(*slot).unwrap().contains("[1,")).collect();
        // What waits for its second attempt would wait for an hour.
        for slot in waiting {
            host.driver.cancel(slot, None, false).unwrap();
        }
    }
    assert_eq!(host.driver.statistics().active, 0, "{case}: everything ends");
    let after = journals(&path);
    assert!(after.iter().all(has_ended), "{case}");
    for (before, after) in before.iter().zip(&after) {
        assert!(after.starts_with(before), "{case}: what was recorded stays");
        assert!(after.iter().zip(0..).all(|(record, seq)| record.seq == seq), "{case}: no gap");
        once(after, case);
    }
}

/// One end is recorded of each task, whatever was run again.
#[expect(clippy::wildcard_enum_match_arm, reason = "the ends of tasks, and no other event")]
fn once(journal: &[StepRecord], case: &str) {
    let ends = journal.iter().flat_map(|record| &record.events).filter_map(|event| match event {
        Event::TaskCompleted { task, .. }
        | Event::TaskFailed { task, .. }
        | Event::TaskSkipped { task, .. }
        | Event::TaskCancelled { task, .. } => Some(*task),
        _ => None,
    });
    let mut ends: Vec<u32> = ends.map(engine::InstanceIndex::get).collect();
    ends.sort_unstable();
    assert_eq!(ends, [0, 1, 2, 3], "{case}");
}

#[test]
fn a_process_may_end_after_any_commit() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let mut acknowledged = 0;
        for (step, number) in SCRIPT.iter().zip(0..) {
            step(&mut host).unwrap();
            host.advance();
            let case = format!("{mode:?}, after step {number}");
            acknowledged +=
                host.effects.drain(..).filter(|effect| effect.execution().is_some_and(|effect| effect.kind == Kind::Accepted)).count();
            let place = copy(host.path());
            assert_eq!(journals(&place.path), journals(host.path()), "{case}");
            assert_eq!(journals(&place.path).len(), acknowledged, "{case}: whatever was acknowledged is there");
            finish(place, &case);
        }
        assert_eq!(acknowledged, 3, "{mode:?}");
    }
}

#[test]
fn a_process_may_end_before_or_after_the_commit_that_a_test_chooses() {
    let good = told_by_commit();
    let mut whole = Host::new(Mode::Os);
    // How many records there are after each commit.
    let mut records = vec![0];
    for step in SCRIPT {
        step(&mut whole).unwrap();
        whole.advance();
        records.push(journals(whole.path()).iter().map(Vec::len).sum());
    }
    records.dedup();
    assert_eq!(records.len(), good.len() + 1);
    for (commit, kept) in (1..=good.len()).flat_map(|commit| [(commit, false), (commit, true)]) {
        let case = format!("commit {commit}, kept: {kept}");
        let point = CrashPoint::default();
        point.set(commit as u64, kept);
        let mut host = Host::crashing(Place::new(), point);
        let failed = SCRIPT.iter().find_map(|step| step(&mut host).and_then(|()| host.try_advance()).err());
        assert!(matches!(failed, Some(Error::StoreFailed(ref error)) if matches!(**error, CommitError::Crashed)), "{case}: {failed:?}");
        let told: Vec<String> = host.effects.iter().map(crate::host::words).collect();
        assert_eq!(told, good[..commit - 1].concat(), "{case}: nothing of it leaves");
        let place = host.leave();
        let left: usize = journals(&place.path).iter().map(Vec::len).sum();
        assert_eq!(left, records[commit - usize::from(!kept)], "{case}");
        finish(place, &case);
    }
}

#[test]
fn a_crash_that_was_called_off_does_not_come() {
    let point = CrashPoint::default();
    point.set(2, true);
    let mut host = Host::crashing(Place::new(), point.clone());
    host.accept(&work());
    host.advance();
    point.set(0, false);
    for step in &SCRIPT[..4] {
        step(&mut host).unwrap();
        host.advance();
    }
}

#[test]
fn a_log_that_is_cut_anywhere_holds_a_prefix_of_what_was_committed() {
    let (mut host, _reader) = Host::unmoved(Mode::Os);
    // What the log held after each commit.
    let mut states = vec![Vec::new()];
    for step in SCRIPT {
        step(&mut host).unwrap();
        host.advance();
        states.push(journals(host.path()));
    }
    states.dedup();
    let log = std::fs::read(host.path().with_extension("db-wal")).unwrap();
    let (mut random, mut reached) = (Random(1), 0);
    let frames = (0..log.len()).step_by(8192 + 24).map(|frame| frame + 32);
    let cuts = frames
        .flat_map(|frame| [frame - 1, frame, frame + 1])
        .chain((0..60).map(|_| usize::try_from(random.below(log.len() as u64)).unwrap()));
    let mut cuts: Vec<usize> = cuts.filter(|cut| *cut < log.len()).chain([0, log.len()]).collect();
    cuts.sort_unstable();
    for cut in cuts {
        let place = copy(host.path());
        std::fs::write(place.path.with_extension("db-wal"), &log[..cut]).unwrap();
        // Opened and left, so that a file that was never quite made is one.
        let (opened, _) = Host::at(place, Mode::Os);
        let found = journals(opened.path());
        let state = states.iter().position(|state| *state == found);
        let Some(state) = state else { panic!("cut at {cut} of {}: {found:?}", log.len()) };
        assert!(state >= reached, "cut at {cut}: a longer log holds more");
        reached = state;
    }
    assert_eq!(reached, states.len() - 1, "the whole log holds everything");
}

#[test]
fn a_log_that_is_cut_is_continued() {
    let (mut host, _reader) = Host::unmoved(Mode::Os);
    for step in SCRIPT {
        step(&mut host).unwrap();
        host.advance();
    }
    let log = std::fs::read(host.path().with_extension("db-wal")).unwrap();
    let mut random = Random(2);
    for _ in 0..30 {
        let cut = usize::try_from(random.below(log.len() as u64)).unwrap();
        let place = copy(host.path());
        std::fs::write(place.path.with_extension("db-wal"), &log[..cut]).unwrap();
        let path = place.path.clone();
        // A log cut before the schema was committed leaves an empty store, which has no tables to ask.
        if rusqlite::Connection::open(&path)
            .unwrap()
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
            .unwrap()
            > 0
        {
            finish(place, &format!("cut at {cut} of {}", log.len()));
        }
    }
}
