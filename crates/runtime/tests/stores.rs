// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What every store promises, and what the one on disk promises beyond that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

#[path = "stores/checksums.rs"]
mod checksums;
#[path = "support/events.rs"]
mod events;
#[path = "support/plans.rs"]
mod plans;
#[path = "stores/promises.rs"]
mod promises;
#[path = "support/random.rs"]
mod random;
#[path = "stores/tails.rs"]
mod tails;
#[path = "stores/values.rs"]
mod values;

use engine::{End, Event, InstanceIndex, Output};
use events::every_event;
use plans::{plan_of, task};
use promises::{Through, accepted, at, begin, clock, journal, record, simple, step, steps};
use runtime::store::{Accepted, Archive, Backend, Batch, CommitError, CrashPoint, CrashingStore, Durability};
use runtime::store::{MemoryStore, Script, ScriptedBackend, SqliteReader, SqliteStore, Store, over};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Every kind of store, empty.
fn each(check: impl Fn(&str, &mut dyn Store)) {
    check("memory", &mut MemoryStore::default());
    check("memory that will crash", &mut CrashingStore::over(Box::<MemoryStore>::default(), CrashPoint::default()));
    check("SQLite", &mut Place::new().open());
    let place = Place::new();
    let written_behind = |wake| over(Box::new(place.open()), Durability::Disk, &place.path, &clock(), wake).unwrap();
    check("SQLite, written behind", &mut Through::backend(written_behind));
    let scripted = |store, wake| -> Box<dyn Backend> { Box::new(ScriptedBackend::over(store, Script::default(), clock(), wake).unwrap()) };
    check("three partitions in memory", &mut Through::backend(|wake| scripted(Box::<MemoryStore>::default(), wake)));
    let place = Place::new();
    check("three partitions in a file", &mut Through::backend(|wake| scripted(Box::new(place.open()), wake)));
}

/// A file in a directory of its own.
struct Place {
    _directory: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { path: directory.path().join("store.db"), _directory: directory }
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path).unwrap()
    }

    fn reader(&self) -> SqliteReader {
        SqliteReader::open(&self.path).unwrap()
    }
}

/// As whoever has nothing else to do commits: one that is put off while the log is started over is tried again.
fn insist(store: &mut SqliteStore, batch: Batch) {
    let mut batches = [batch];
    while let Err(error) = store.commit(&mut batches) {
        assert!(matches!(error, CommitError::Busy), "{error:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

// What a file promises

#[test]
fn a_file_opened_again_holds_what_was_committed() {
    let place = Place::new();
    place.open().commit(&mut [begin(&[1, 2]), steps(vec![record(2, 1, every_event())])]).unwrap();
    let store = place.open();
    assert_eq!(journal(&store, 1), [record(1, 0, vec![Event::ExecutionStarted])]);
    assert_eq!(journal(&store, 2), [record(2, 0, vec![Event::ExecutionStarted]), record(2, 1, every_event())]);
    assert_eq!(place.reader().last_key().unwrap(), 2);
}

#[test]
fn what_is_flushed_is_the_log_that_commits_are_written_to() {
    let place = Place::new();
    for key in [1, 2] {
        // The second time the file is there already, and its log was moved into it and removed as it was closed.
        let mut store = place.open();
        let mut medium = store.medium().unwrap();
        let log = || std::fs::metadata(place.path.with_extension("db-wal")).unwrap().len();
        let before = log();
        store.commit(&mut [begin(&[key])]).unwrap();
        assert!(log() > before, "the commit is not in the log");
        medium.flush().unwrap();
    }
}

#[test]
fn a_commit_that_fails_leaves_nothing_of_itself() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1, 2])]).unwrap();
    store.commit(&mut [begin(&[3]), steps(vec![step(1, 1), step(2, 1), step(1, 1)])]).unwrap_err();
    drop(store);
    let store = place.open();
    let lengths: Vec<usize> = (1..=3).map(|key| journal(&store, key).len()).collect();
    assert_eq!(lengths, [1, 1, 0]);
    assert!(place.reader().execution("id-3").unwrap().is_none());
}

#[test]
fn an_execution_is_found_with_all_that_was_accepted() {
    let place = Place::new();
    let mut store = place.open();
    let plan = simple();
    let context = r#"{"user":"\ud83d\ude00","n":1.0}"#;
    let batch = |key, context: Option<&str>| Batch {
        accepted: vec![Accepted { context: context.map(Into::into), ..accepted(key, &plan) }],
        records: vec![record(key, 0, vec![Event::ExecutionStarted])],
        ..Batch::default()
    };
    store.commit(&mut [batch(1, Some(context)), batch(2, None)]).unwrap();
    let reader = place.reader();
    let stored = reader.execution("id-1").unwrap().unwrap();
    assert_eq!((stored.key, &*stored.id, stored.context.as_deref()), (1, "id-1", Some(context)));
    assert_eq!(stored.definition, plan.definition);
    assert_eq!(stored.default_timeout, Duration::from_mins(10));
    assert_eq!(reader.execution("id-2").unwrap().unwrap().context, None);
    assert!(reader.execution("id-9").unwrap().is_none());
}

#[test]
fn a_definition_is_kept_once_however_often_it_runs() {
    let place = Place::new();
    let other = plan_of("w", "2", &json!([task("b", &[])]));
    for _ in 0..2 {
        let mut store = place.open();
        let first = place.reader().last_key().unwrap() + 1;
        store.commit(&mut [begin(&[first]), begin(&[first + 1])]).unwrap();
        store.commit(&mut [Batch { accepted: vec![accepted(first + 2, &other)], ..Batch::default() }]).unwrap();
    }
    let definitions: i64 = rusqlite(&place.path, "SELECT count(*) FROM definition");
    assert_eq!(definitions, 2);
}

#[test]
fn an_execution_that_ended_is_not_taken_up_again() {
    let ends = [
        End::Completed,
        End::Failed { task: Some(InstanceIndex::new(0)), failure: Arc::new(engine::Failure::coded("ERR_AGENT", "no".into())) },
        End::Cancelled { reason: None },
    ];
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1, 2, 3, 4])]).unwrap();
    for (end, key) in ends.into_iter().zip(1..) {
        let events = vec![Event::BackoffEnded { task: InstanceIndex::new(0) }, Event::ExecutionEnded { end }];
        store.commit(&mut [steps(vec![record(key, 1, events)])]).unwrap();
    }
    let mut unended = Vec::new();
    place.reader().unended(|stored| unended.push(stored.unwrap().key)).unwrap();
    assert_eq!(unended, [4]);
    for (status, key) in [("completed", 1), ("failed", 2), ("cancelled", 3), ("running", 4)] {
        let ended: i64 = rusqlite(&place.path, &format!("SELECT count(*) FROM execution WHERE key = {key} AND status = '{status}'"));
        assert_eq!(ended, 1, "{status}");
    }
}

#[test]
fn a_key_or_an_id_is_never_used_twice() {
    for key in [1, 2] {
        let place = Place::new();
        let mut store = place.open();
        store.commit(&mut [begin(&[1])]).unwrap();
        let twice = Accepted { id: "id-1".into(), ..accepted(key, &simple()) };
        let error = store.commit(&mut [Batch { accepted: vec![twice], ..Batch::default() }]).unwrap_err();
        assert!(matches!(error, CommitError::Sqlite(_)), "{error:?}");
    }
}

/// Its size is what the disk and the checkpoints make of it; that it does not grow for ever is what matters.
#[test]
fn the_log_is_used_again_while_the_store_is_written() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1])]).unwrap();
    let log = place.path.with_extension("db-wal");
    let text: Arc<str> = format!("\"{}\"", "y".repeat(1 << 20)).into();
    let (task, start) = (InstanceIndex::new(0), at(1, 0));
    for seq in 1..2000 {
        let output = Output::Json(Arc::clone(&text));
        insist(&mut store, steps(vec![record(1, seq, vec![Event::TaskCompleted { task, attempt: 1, start, end: start, output }])]));
        if std::fs::metadata(&log).unwrap().len() < (seq << 20) / 2 {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("2 GiB of records are still in the log");
}

fn rusqlite(path: &Path, query: &str) -> i64 {
    rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
}
