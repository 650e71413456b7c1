// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What every store promises. A test that includes this has an `each`, which runs a check against every kind of store it has: `crates/runtime/tests/stores.rs`
//! those of this process and of a file, `crates/redis-store/tests/stores.rs` those on a server.

use super::each;
use super::events::every_event;
use super::plans::{plan, task};
use engine::{Event, InstanceIndex, Output, Plan};
use runtime::store::{
    Accepted, Archive, Arrival, Backend, Batch, BatchNumber, CommitError, Cursor, Medium, OpenError, Partition, StepRecord, Store,
};
use runtime::{Clock, Wake};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use stdx::Timestamp;

pub(crate) fn clock() -> Clock {
    Clock::starting_at(at(0, 0))
}

/// A backend as a store: commits until that has arrived.
pub(crate) struct Through {
    backend: Box<dyn Backend>,
    woken: Receiver<()>,
    last: BatchNumber,
}

impl Through {
    pub(crate) fn backend(make: impl FnOnce(Wake) -> Box<dyn Backend>) -> Self {
        let (wake, woken) = mpsc::channel();
        // Nobody listens any more at the end.
        let backend = make(Arc::new(move || _ = wake.send(())));
        Self { backend, woken, last: BatchNumber::default() }
    }

    fn await_arrival(&mut self) -> Result<(), CommitError> {
        let mut arrived = Vec::new();
        loop {
            self.backend.arrivals(&mut arrived);
            for arrival in arrived.drain(..) {
                if matches!(&arrival, Arrival::Committed(number, _) if *number == self.last) {
                    return Ok(());
                }
                if let Arrival::Failed(error) = arrival {
                    let CommitError::OutOfOrder { key, seq } = *error else { return Err(std::io::Error::other(error).into()) };
                    return Err(CommitError::OutOfOrder { key, seq });
                }
            }
            self.woken.recv_timeout(Duration::from_secs(20)).unwrap();
        }
    }
}

impl Store for Through {
    /// What is of one partition is one batch.
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        for batch in batches {
            let mut parts = BTreeMap::<Partition, Batch>::new();
            for accepted in batch.accepted.drain(..) {
                let partition = self.backend.partition(&accepted.id);
                parts.entry(partition).or_default().accepted.push(accepted);
            }
            for record in batch.records.drain(..) {
                let partition = self.backend.partition(&format!("id-{}", record.key));
                parts.entry(partition).or_default().records.push(record);
            }
            for (partition, part) in parts {
                self.last = self.last.next();
                self.backend.submit(self.last, Batch { partition, ..part });
                self.await_arrival()?;
            }
        }
        Ok(())
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(Box::new(()))
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.backend.archive()
    }

    fn forget(&mut self, id: &str) {
        self.backend.forget(id);
    }
}

pub(crate) fn simple() -> Arc<Plan> {
    plan(&json!([task("a", &[])]))
}

pub(crate) fn accepted(key: i64, plan: &Arc<Plan>) -> Accepted {
    Accepted { key, id: format!("id-{key}").into(), plan: Arc::clone(plan), context: None, options: None, at: at(key, 0) }
}

pub(crate) fn at(key: i64, seq: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + key.cast_unsigned() * 1000 + seq)
}

pub(crate) fn record(key: i64, seq: u64, events: Vec<Event>) -> StepRecord {
    StepRecord { slot: 0, key, seq, at: at(key, seq), previous_committed: at(key, seq.saturating_sub(1)), events, ..StepRecord::default() }
}

pub(crate) fn step(key: i64, seq: u64) -> StepRecord {
    record(key, seq, vec![Event::BackoffEnded { task: InstanceIndex::new(u32::try_from(seq).unwrap()) }])
}

pub(crate) fn begin(keys: &[i64]) -> Batch {
    let plan = simple();
    let records = keys.iter().map(|key| record(*key, 0, vec![Event::ExecutionStarted])).collect();
    Batch { accepted: keys.iter().map(|key| accepted(*key, &plan)).collect(), records, ..Batch::default() }
}

pub(crate) fn steps(records: Vec<StepRecord>) -> Batch {
    Batch { accepted: Vec::new(), records, ..Batch::default() }
}

pub(crate) fn journal(store: &dyn Store, key: i64) -> Vec<StepRecord> {
    store.archive().unwrap().journal(key, 0).unwrap()
}

#[test]
fn every_event_reads_back_as_it_was() {
    each(|name, store| {
        // Each in an execution of its own, since some are the last of theirs.
        for (event, key) in every_event().into_iter().zip(1..) {
            let written = record(key, 1, vec![event]);
            store.commit(&mut [begin(&[key]), steps(vec![written.clone()])]).unwrap();
            assert_eq!(journal(store, key), [record(key, 0, vec![Event::ExecutionStarted]), written], "{name}");
        }
    });
}

#[test]
fn a_record_keeps_the_order_of_its_events() {
    each(|name, store| {
        store.commit(&mut [begin(&[1]), steps(vec![record(1, 1, every_event())])]).unwrap();
        assert_eq!(journal(store, 1), [record(1, 0, vec![Event::ExecutionStarted]), record(1, 1, every_event())], "{name}");
    });
}

#[test]
fn executions_share_a_commit_and_keep_their_own_journals() {
    each(|name, store| {
        let interleaved = steps((1..50).flat_map(|seq| (1..=5).map(move |key| step(key, seq))).collect());
        let later = steps((50..60).map(|seq| step(3, seq)).collect());
        store.commit(&mut [begin(&[1, 2, 3]), begin(&[4, 5]), interleaved, later]).unwrap();
        for key in 1..=5 {
            let journal = journal(store, key);
            let seqs: Vec<u64> = journal.iter().map(|record| record.seq).collect();
            assert_eq!(seqs, (0..if key == 3 { 60 } else { 50 }).collect::<Vec<_>>(), "{name} {key}");
            assert!(journal.iter().all(|record| record.key == key && record.at == at(key, record.seq)), "{name} {key}");
        }
    });
}

#[test]
fn a_record_whose_place_is_taken_is_refused_by_name() {
    each(|name, store| {
        store.commit(&mut [begin(&[1, 2])]).unwrap();
        store.commit(&mut [steps(vec![step(1, 1)])]).unwrap();
        let error = store.commit(&mut [steps(vec![step(2, 1), step(1, 1)])]).unwrap_err();
        assert!(matches!(error, CommitError::OutOfOrder { key: 1, seq: 1 }), "{name}: {error:?}");
        assert_eq!(error.to_string(), "record 1 of execution 1 is already in the journal; another process wrote to this file");
    });
}

/// What there is to follow after `cursor`, by id and number, taken in parts of two; and where that ends.
fn follow(archive: &dyn Archive, mut cursor: Cursor) -> (Vec<(String, u64)>, Cursor) {
    let mut found = Vec::new();
    loop {
        let part = archive.follow(&cursor, 2).unwrap();
        found.extend(part.records.iter().map(|one| (one.id.to_string(), one.record.as_ref().unwrap().seq)));
        cursor = Cursor::kept(part.cursor.as_str());
        if part.records.len() < 2 {
            return (found, cursor);
        }
    }
}

#[test]
fn what_is_committed_is_followed_in_order_and_each_record_once() {
    each(|name, store| {
        let archive = store.archive().unwrap();
        // Between partitions there is no order; in an execution there always is.
        let is_one_partition = !name.contains("partitions");
        let in_order = |mut found: Vec<(String, u64)>| {
            if !is_one_partition {
                found.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
            found
        };
        let told = |told: &[(i64, u64)]| in_order(told.iter().map(|(key, seq)| (format!("id-{key}"), *seq)).collect());
        assert_eq!(follow(&*archive, Cursor::default()).0, told(&[]), "{name}");
        store.commit(&mut [begin(&[1, 2]), steps(vec![step(2, 1), step(1, 1), step(2, 2)])]).unwrap();
        let (found, cursor) = follow(&*archive, Cursor::default());
        assert_eq!(in_order(found), told(&[(1, 0), (2, 0), (2, 1), (1, 1), (2, 2)]), "{name}");
        store.commit(&mut [begin(&[3]), steps(vec![step(1, 2)])]).unwrap();
        let (found, cursor) = follow(&*archive.another().unwrap(), cursor);
        assert_eq!(in_order(found), told(&[(3, 0), (1, 2)]), "{name}");
        assert_eq!(follow(&*archive, cursor).0, told(&[]), "{name}");
        let whole = archive.follow(&Cursor::default(), 100).unwrap().records;
        assert!(
            whole.iter().all(|one| journal(store, one.key).contains(one.record.as_ref().unwrap())),
            "{name}: they are the records of the journals"
        );
    });
}

#[test]
fn a_cursor_of_another_store_or_of_a_longer_journal_is_refused_by_name() {
    each(|name, store| {
        store.commit(&mut [begin(&[1])]).unwrap();
        for cursor in ["2", "17", "x", "1 "] {
            let error = store.archive().unwrap().follow(&Cursor::kept(cursor), 10).unwrap_err();
            let message = format!("`{cursor}` is no place in the journal of this store; follow it from its beginning");
            assert_eq!(error.to_string(), message, "{name}");
        }
    });
}

#[test]
fn nothing_is_a_commit_too() {
    each(|name, store| {
        store.commit(&mut []).unwrap();
        store.commit(&mut [Batch::default()]).unwrap();
        assert!(Batch::default().is_empty());
        assert_eq!(journal(store, 1), [], "{name}: an execution nobody knows has no journal");
    });
}

#[test]
fn what_is_forgotten_leaves_the_others_alone() {
    each(|name, store| {
        store.commit(&mut [begin(&[1, 2])]).unwrap();
        store.forget("id-1");
        store.forget("id-9");
        let kept = usize::from(!name.contains("memory"));
        assert_eq!((journal(store, 1).len(), journal(store, 2).len()), (kept, 1), "{name}");
        store.commit(&mut [steps(vec![step(2, 1)])]).unwrap();
        assert_eq!(journal(store, 2).len(), 2, "{name}");
    });
}

#[test]
fn a_large_record_reads_back() {
    each(|name, store| {
        store.commit(&mut [begin(&[1])]).unwrap();
        let output = format!("\"{}\"", "x".repeat(6 << 20));
        let (task, start) = (InstanceIndex::new(0), at(1, 0));
        for seq in 1..=3 {
            let output = Output::Json(output.as_str().into());
            store
                .commit(&mut [steps(vec![record(1, seq, vec![Event::TaskCompleted { task, attempt: 1, start, end: start, output }])])])
                .unwrap();
        }
        let journal = journal(store, 1);
        let Some(Event::TaskCompleted { output: Output::Json(read), .. }) = journal[3].events.first() else { panic!("{name}") };
        assert_eq!(**read, *output, "{name}");
    });
}
