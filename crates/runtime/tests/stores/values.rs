// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Values of more than 64 KiB stand by themselves, once, whichever executions have them; and what is read is what was written.

use crate::{Place, at, begin, record, steps};
use ::rusqlite::{Connection, OpenFlags};
use engine::{End, Event, InstanceIndex, Output, ReusedEnd};
use runtime::store::{Archive as _, Batch, Cursor, ReadError, RecordError, SqliteReader, StepRecord, Store, ValueError, verify};
use std::path::Path;
use std::time::Duration;

fn connection(path: &Path) -> Connection {
    pagesum::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, 0x4D41_4F31).unwrap()
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// JSON text of more than 64 KiB, with what must be written with care in it.
fn large(mark: &str) -> String {
    format!(r#"{{"mark":"{mark}","null":null,"text":"{}\"é"}}"#, "x".repeat(70_000))
}

fn completed(task: u32, seq: u64, key: i64, output: &str) -> Event {
    let instant = at(key, seq);
    Event::TaskCompleted { task: InstanceIndex::new(task), attempt: 1, start: instant, end: instant, output: Output::Json(output.into()) }
}

fn ended() -> Event {
    Event::ExecutionEnded { end: End::Completed }
}

/// A record of each kind of place that a value can have.
fn records(key: i64) -> Vec<StepRecord> {
    let task = InstanceIndex::new(7);
    vec![
        record(key, 1, vec![completed(0, 1, key, &large("a")), completed(1, 1, key, "1"), completed(2, 1, key, &large("b"))]),
        record(
            key,
            2,
            vec![
                Event::SignalReceived { name: "go".into(), payload: large("c").into(), path: None, fits: None },
                Event::WaitEnded { task, payload: large("c").into() },
                Event::TaskPrepared { task, input: Some(large("a").into()), cache_key: None },
                Event::LoopStarted { task, items: Some([large("a").into(), "null".into(), large("d").into()].into()) },
                Event::StepEnded { task, attempt: 1, name: "s".into(), input: None, value: large("d").into() },
                Event::TaskReused { task, end: ReusedEnd::Completed(Some(large("b").into())) },
            ],
        ),
        record(key, 3, vec![ended()]),
    ]
}

#[test]
fn what_is_large_is_written_once_and_read_as_it_was_wherever_it_stood() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(&mut [begin(&[1, 2]), steps(records(1)), steps(records(2))]).unwrap();
    let raw = connection(&place.path);
    assert_eq!((count(&raw, "value"), count(&raw, "value_use")), (4, 8));
    let longest: i64 = raw.query_row("SELECT max(length(body)) FROM journal", [], |row| row.get(0)).unwrap();
    assert!(longest < 2_000, "{longest}");
    // As users' files have it.
    let body: String = raw.query_row("SELECT body FROM journal WHERE execution = 1 AND seq = 1", [], |row| row.get(0)).unwrap();
    let outputs = r#""outputs":["#;
    let first = body.find(outputs).unwrap() + outputs.len();
    let reference = |place: usize, mark: &str| format!(r#"[{place},"{}",{}]"#, stdx::sha256_hex(&large(mark)), large(mark).len());
    let end = format!(r#","large":[{},{}]}}"#, reference(first, "a"), reference(first + "null,1,".len(), "b"));
    assert!(body[first..].starts_with("null,1,null]") && body.ends_with(&end), "{body}");
    for reader in [store.reader().unwrap(), SqliteReader::look(&place.path).unwrap()] {
        for key in [1, 2] {
            let stored = reader.execution(&format!("id-{key}")).unwrap().unwrap();
            for (read, written) in stored.records[1..].iter().zip(records(key)) {
                assert_eq!(read.events, written.events);
            }
        }
        let followed = reader.follow(&Cursor::default(), 100).unwrap().records;
        assert_eq!(followed.len(), 8);
        let read: Vec<_> = followed.iter().map(|one| one.record.as_ref().unwrap()).filter(|record| record.key == 1).collect();
        assert_eq!(read[1].events, records(1)[0].events);
        assert!(followed.iter().any(|one| one.bytes > 140_000), "their bytes count");
    }
}

#[test]
fn a_value_goes_with_the_last_execution_that_has_it() {
    let place = Place::new();
    let mut store = place.open();
    let own = |key: i64, mark: &str| {
        let events = vec![completed(0, 1, key, &large("shared")), completed(1, 1, key, &large(mark)), ended()];
        steps(vec![record(key, 1, events)])
    };
    store.commit(&mut [begin(&[1, 2]), own(1, "one"), own(2, "two")]).unwrap();
    let raw = connection(&place.path);
    assert_eq!(count(&raw, "value"), 3);
    let mut delete = |key: i64| {
        store.commit(&mut [Batch { deleted: vec![key], ..Batch::default() }]).unwrap();
        // However little time there is at once.
        while count(&raw, "deleted WHERE last IS NOT NULL") > 0 {
            store.sweep(Duration::from_micros(50)).unwrap();
        }
        (count(&raw, "value"), count(&raw, "value_use"))
    };
    assert_eq!(delete(1), (2, 2));
    assert_eq!(place.reader().execution("id-2").unwrap().unwrap().records.len(), 2);
    assert_eq!(delete(2), (0, 0));
}

#[test]
fn a_value_that_is_damaged_or_not_there_makes_those_who_have_it_unavailable_by_name() {
    let place = Place::new();
    let of = |key: i64, mark: &str| steps(vec![record(key, 1, vec![completed(0, 1, key, &large(mark)), ended()])]);
    place.open().commit(&mut [begin(&[1, 2, 3]), of(1, "one"), of(2, "one"), of(3, "three")]).unwrap();
    let raw = connection(&place.path);
    for (change, is_absent) in [
        ("UPDATE value SET body = replace(body, '\"one\"', '\"two\"') WHERE instr(body, '\"one\"')", false),
        ("DELETE FROM value WHERE instr(body, '\"two\"')", true),
    ] {
        assert_eq!(raw.execute(change, []).unwrap(), 1);
        let reader = place.reader();
        for id in ["id-1", "id-2"] {
            let error = reader.execution(id).unwrap_err();
            assert!(error.is_of_one(), "{error}");
            let ReadError::Record { id: of, seq: 1, source: RecordError::Value(why) } = error else { panic!("{error:?}") };
            assert_eq!(of, id);
            assert_eq!(matches!(why, ValueError::Absent { .. }), is_absent, "{why}");
        }
        assert!(reader.execution("id-3").unwrap().is_some());
        let report = verify(&place.path).unwrap();
        assert_eq!(report.executions.iter().map(|(id, _)| &**id).collect::<Vec<_>>(), ["id-1", "id-2"]);
        assert_eq!(report.values, u64::from(!is_absent));
    }
}
