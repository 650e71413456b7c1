// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How the rows of an execution are found: after a crash wherever it comes, while others are written, and when the links are damaged.

use crate::random::Random;
use crate::{Place, at, begin, insist, journal, record, rusqlite, step, steps};
use engine::{End, Event, InstanceIndex, Output};
use runtime::store::{Archive as _, Batch, CommitError, ReadError, RecordError, SqliteReader, SqliteStore, StepRecord, Store};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of records between two saves, and of one record in the tests that want some.
const SAVED_BYTES: usize = 4 << 20;
const BODY_BYTES: usize = 64 << 10;
const COMMITS: usize = 200;

/// How many records each execution has.
type Lengths = BTreeMap<i64, u64>;

/// A step whose record is large.
fn large(key: i64, seq: u64) -> StepRecord {
    // Not so large that it stands by itself.
    let output = Output::Json(format!("\"{}\"", "z".repeat(BODY_BYTES - 2)).into());
    let (task, start) = (InstanceIndex::new(0), at(key, seq));
    record(key, seq, vec![Event::TaskCompleted { task, attempt: 1, start, end: start, output }])
}

fn end(key: i64, seq: u64) -> StepRecord {
    record(key, seq, vec![Event::ExecutionEnded { end: End::Completed }])
}

/// Something happens: an execution begins, one ends, or some go on. What has ended has no length in `live`.
fn happen(store: &mut SqliteStore, random: &mut Random, live: &mut Lengths, all: &mut Lengths) {
    let keys: Vec<i64> = live.keys().copied().collect();
    let new = all.keys().next_back().unwrap_or(&0) + 1;
    let batch = match (random.below(8), random.pick(&keys)) {
        (1, Some(key)) if keys.len() > 2 => {
            let seq = live.remove(&key).unwrap();
            all.insert(key, seq + 1);
            steps(vec![end(key, seq)])
        }
        (2.., Some(first)) => {
            let chosen: Vec<i64> = keys.into_iter().filter(|key| *key == first || random.below(5) == 0).take(3).collect();
            let records = chosen.into_iter().map(|key| {
                let seq = live[&key];
                live.insert(key, seq + 1);
                all.insert(key, seq + 1);
                if random.below(3) == 0 { step(key, seq) } else { large(key, seq) }
            });
            steps(records.collect())
        }
        _ => {
            live.insert(new, 1);
            all.insert(new, 1);
            begin(&[new])
        }
    };
    insist(store, batch);
}

/// What a reader finds that knows nothing but the file.
fn lengths(path: &Path) -> Lengths {
    let reader = SqliteReader::open(path).unwrap();
    let page = reader.list(&runtime::store::ExecutionFilter { limit: 1000, ..Default::default() }).unwrap();
    let of = |stored: runtime::store::StoredExecution| {
        assert!(stored.records.iter().zip(0..).all(|(record, seq)| record.key == stored.key && record.seq == seq));
        (stored.key, stored.records.len() as u64)
    };
    page.executions.into_iter().map(Result::unwrap).map(of).collect()
}

fn marked(path: &Path) -> i64 {
    rusqlite(path, "SELECT position FROM mark")
}

/// The file as another process would find it, with so much of its log.
fn copied(place: &Place, log: &[u8]) -> Place {
    let copy = Place::new();
    std::fs::copy(&place.path, &copy.path).unwrap();
    std::fs::write(copy.path.with_extension("db-wal"), log).unwrap();
    copy
}

/// Whoever opens the file finds these journals, and goes on with those that have not ended.
fn goes_on(place: &Place, live: &Lengths, all: &Lengths, case: &str) {
    assert_eq!(lengths(&place.path), *all, "{case}");
    let mut store = place.open();
    let next = live.iter().map(|(key, seq)| step(*key, *seq)).collect();
    store.commit(&mut [steps(next)]).unwrap();
    for (key, length) in live {
        assert_eq!(journal(&store, *key).len() as u64, length + 1, "{case}, execution {key}");
    }
}

// After a crash

#[test]
fn whatever_was_saved_when_a_process_ends_the_next_one_finds_every_record() {
    for seed in 0..2 {
        let place = Place::new();
        let mut store = place.open();
        let (mut random, mut live, mut all) = (Random(seed), Lengths::new(), Lengths::new());
        let mut saves = Vec::new();
        for number in 0..COMMITS {
            happen(&mut store, &mut random, &mut live, &mut all);
            let mark = marked(&place.path);
            let is_saved = saves.last() != Some(&mark);
            if is_saved {
                saves.push(mark);
            }
            if is_saved || number % 20 == 0 {
                let log = std::fs::read(place.path.with_extension("db-wal")).unwrap();
                goes_on(&copied(&place, &log), &live, &all, &format!("seed {seed}, commit {number}, saved {saves:?}"));
            }
        }
        assert!(saves.len() > 2 && all.len() - live.len() > 2, "seed {seed}: {saves:?}, {live:?} of {all:?}");
    }
}

#[test]
fn a_log_that_is_cut_within_a_save_holds_what_was_committed_before_it() {
    let place = Place::new();
    let mut store = place.open();
    // For somebody who began to read before all of it nothing is moved out of the log: it holds everything, in order.
    let reader = rusqlite::Connection::open(&place.path).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM mark;").unwrap();
    let (mut random, mut live, mut all) = (Random(5), Lengths::new(), Lengths::new());
    let log = || std::fs::read(place.path.with_extension("db-wal")).unwrap();
    let mut cuts = 0;
    for _ in 0..COMMITS {
        let (before, mark) = ((live.clone(), all.clone()), marked(&place.path));
        let begun = log().len();
        happen(&mut store, &mut random, &mut live, &mut all);
        if marked(&place.path) == mark {
            continue;
        }
        let log = log();
        for cut in (begun..log.len()).step_by(8192 + 24) {
            let case = format!("cut at {cut} of {begun} to {}", log.len());
            goes_on(&copied(&place, &log[..cut]), &before.0, &before.1, &case);
            cuts += 1;
        }
        goes_on(&copied(&place, &log), &live, &all, "the whole log");
    }
    assert!(cuts > 10, "{cuts}");
}

/// The bytes of records that opening has to look at.
fn unsaved(path: &Path) -> usize {
    usize::try_from(rusqlite(path, "SELECT coalesce(sum(length(body)), 0) FROM journal WHERE position > (SELECT position FROM mark)"))
        .unwrap()
}

#[test]
fn what_opening_looks_at_is_bounded_however_old_an_execution_is() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1, 2])]).unwrap();
    // One that waits, one that goes on and on.
    for seq in 1..500 {
        insist(&mut store, steps(vec![large(2, seq)]));
        assert!(unsaved(&place.path) < SAVED_BYTES + 2 * BODY_BYTES, "{seq}");
    }
    assert_eq!(lengths(&place.path), Lengths::from([(1, 1), (2, 500)]));
}

#[test]
fn processes_that_end_early_leave_no_more_and_more_to_look_at() {
    let place = Place::new();
    place.open().commit(&mut [begin(&[1])]).unwrap();
    for process in 0..20 {
        let mut store = place.open();
        for seq in 0..20 {
            insist(&mut store, steps(vec![large(1, 1 + process * 20 + seq)]));
        }
        assert!(unsaved(&place.path) < 22 * BODY_BYTES, "{process}");
    }
    assert_eq!(lengths(&place.path), Lengths::from([(1, 401)]));
}

/// A row before the mark says that it is the last of another execution: nobody looks there.
#[test]
fn rows_before_the_mark_are_not_looked_at() {
    let place = Place::new();
    place.open().commit(&mut [begin(&[1, 2, 3]), steps(vec![step(1, 1), step(3, 1), end(3, 2)])]).unwrap();
    place.open().commit(&mut [steps(vec![step(2, 1)])]).unwrap();
    assert_eq!(marked(&place.path), 6);
    execute(&place.path, "UPDATE journal SET execution = 1, seq = 9 WHERE execution = 3 AND seq = 2");
    let store = place.open();
    assert_eq!([1, 2].map(|key| journal(&store, key).len()), [2, 2]);
}

#[test]
fn a_long_execution_reads_back_whole() {
    const LENGTH: u64 = 100_000;
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1])]).unwrap();
    for first in (1..LENGTH).step_by(1000) {
        store.commit(&mut [steps((first..LENGTH.min(first + 1000)).map(|seq| step(1, seq)).collect())]).unwrap();
    }
    drop(store);
    let written = journal(&place.open(), 1);
    assert_eq!(written.len() as u64, LENGTH);
    assert!(written.iter().skip(1).zip(1..).all(|(record, seq)| *record == step(1, seq)));
}

// While others are written

#[test]
fn a_reader_beside_the_writer_sees_what_is_committed_and_nothing_else() {
    const UNITS: u64 = 400;
    let place = Place::new();
    let mut store = place.open();
    let keys = [1, 2, 3, 4, 5];
    let reader = store.reader().unwrap();
    let (begun, committed) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for seq in 0..UNITS {
                begun.store(seq + 1, Ordering::SeqCst);
                let unit = match seq {
                    0 => begin(&keys),
                    _ if seq + 1 == UNITS => steps(keys.map(|key| end(key, seq)).to_vec()),
                    _ => steps(keys.map(|key| step(key, seq)).to_vec()),
                };
                store.commit(&mut [unit]).unwrap();
                committed.store(seq + 1, Ordering::SeqCst);
            }
        });
        let mut least = 0;
        while least < UNITS {
            for key in keys {
                least = committed.load(Ordering::SeqCst);
                let found = reader.execution(&format!("id-{key}")).unwrap();
                let most = begun.load(Ordering::SeqCst);
                let length = found.map_or(0, |stored| stored.records.len() as u64);
                assert!((least..=most).contains(&length), "{length} records of {least} to {most}");
            }
        }
    });
}

/// An execution that is seen at all is seen with the record that it was committed with.
#[test]
fn an_execution_is_never_seen_without_what_was_committed_with_it() {
    let place = Place::new();
    let mut store = place.open();
    let reader = store.reader().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for key in 1..=500 {
                store.commit(&mut [begin(&[key])]).unwrap();
            }
        });
        for key in 1..=500 {
            let found = std::iter::repeat_with(|| reader.execution(&format!("id-{key}")).unwrap()).find_map(|found| found);
            assert_eq!(found.unwrap().records.len(), 1, "{key}");
        }
    });
}

#[test]
fn somebody_else_who_appends_is_noticed() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1, 2])]).unwrap();
    execute(&place.path, "INSERT INTO journal (execution, seq, previous, at, body) VALUES (1, 1, 1, 0, '{}')");
    let error = store.commit(&mut [steps(vec![step(2, 1)])]).unwrap_err();
    assert!(matches!(error, CommitError::OutOfOrder { key: 2, seq: 1 }), "{error:?}");
}

/// Its tail was forgotten as it ended, or memory would fill with tails.
#[test]
fn an_execution_that_has_ended_takes_no_more_records() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1, 2]), steps(vec![end(1, 1)])]).unwrap();
    store.commit(&mut [steps(vec![step(2, 1)])]).unwrap();
    let error = store.commit(&mut [steps(vec![step(1, 2)])]).unwrap_err();
    assert!(matches!(error, CommitError::OutOfOrder { key: 1, seq: 2 }), "{error:?}");
}

// When the links are damaged

#[test]
fn a_link_that_is_damaged_is_an_error_that_names_the_record_and_never_fewer_records() {
    // What is done to executions 1, which has ended, and 2, which has not; whose record is not found, and in which row.
    let cases = [
        ("UPDATE execution SET last = 3 WHERE key = 1", 1, 3, 3),
        ("UPDATE execution SET last = 6 WHERE key = 1", 1, 3, 6),
        ("UPDATE execution SET last = 99 WHERE key = 1", 1, 3, 99),
        ("UPDATE execution SET last = NULL WHERE key = 1", 1, 3, 0),
        ("UPDATE execution SET records = 3 WHERE key = 1", 1, 2, 7),
        ("UPDATE execution SET records = 5 WHERE key = 1", 1, 4, 7),
        ("UPDATE journal SET previous = 1 WHERE position = 5", 1, 1, 1),
        ("UPDATE journal SET previous = 4 WHERE position = 5", 1, 1, 4),
        ("UPDATE journal SET previous = NULL WHERE position = 5", 1, 2, 5),
        ("UPDATE journal SET previous = 2 WHERE position = 1", 1, 0, 1),
        ("UPDATE journal SET seq = 7 WHERE position = 3", 1, 1, 3),
        ("UPDATE journal SET execution = 2 WHERE position = 3", 1, 1, 3),
        ("DELETE FROM journal WHERE position = 3", 1, 1, 3),
        ("UPDATE execution SET last = 2 WHERE key = 2", 2, 2, 2),
        ("UPDATE journal SET previous = 2 WHERE position = 6", 2, 1, 2),
        ("DELETE FROM journal WHERE position = 4", 2, 1, 4),
    ];
    for (sql, key, seq, position) in cases {
        let place = Place::new();
        let rounds = (1..3).map(|seq| steps(vec![step(1, seq), step(2, seq)]));
        let mut batches: Vec<Batch> = [begin(&[1, 2])].into_iter().chain(rounds).chain([steps(vec![end(1, 3)])]).collect();
        place.open().commit(&mut batches).unwrap();
        // Saves what is there.
        place.open().commit(&mut [begin(&[3])]).unwrap();
        execute(&place.path, sql);
        let store = place.open();
        let reader = place.reader();
        let found = [
            reader.execution(&format!("id-{key}")).map(drop).unwrap_err(),
            store.reader().unwrap().execution(&format!("id-{key}")).map(drop).unwrap_err(),
            listed_damaged(&reader),
        ];
        for error in found {
            let ReadError::Record { id, seq: of, source: RecordError::Misplaced { position: place } } = error else {
                panic!("{sql}: {error}")
            };
            assert_eq!((id, of, place), (format!("id-{key}"), seq, position), "{sql}");
        }
        assert_eq!(journal(&store, 3 - key).len(), if key == 1 { 3 } else { 4 }, "{sql}: the other one is whole");
    }
}

/// Why the one execution of a list that cannot be read cannot be.
fn listed_damaged(reader: &SqliteReader) -> ReadError {
    let page = reader.list(&runtime::store::ExecutionFilter { limit: 9, ..Default::default() }).unwrap();
    let mut damaged = page.executions.into_iter().filter_map(Result::err);
    let found = damaged.next().unwrap();
    assert!(damaged.next().is_none() && found.workflow.is_some() && found.started.is_some());
    found.error
}

fn execute(path: &Path, sql: &str) {
    assert_eq!(
        pagesum::open(path, ::rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE, 0x4D41_4F31).unwrap().execute(sql, []).unwrap(),
        1,
        "{sql}"
    );
}
