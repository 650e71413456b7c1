// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is read is what was written, or it is said which record is not. A flipped bit of a body was once returned as the result of a task.

use crate::{Place, at, begin, each, record, step, steps};
use ::rusqlite::types::Value;
use ::rusqlite::{Connection, OpenFlags, params};
use engine::{Event, InstanceIndex, Output};
use runtime::store::{Archive as _, Cursor, ReadError, RecordError, SqliteReader, Store};
use std::path::Path;

/// Two executions whose records alternate, the last row of all but one in the middle of the first.
fn written(place: &Place) {
    let output = Output::Json(r#"{"total":1234567}"#.into());
    let task = InstanceIndex::new(0);
    let completed = record(1, 1, vec![Event::TaskCompleted { task, attempt: 1, start: at(1, 1), end: at(1, 1), output }]);
    place.open().commit(&mut [begin(&[1, 2]), steps(vec![completed, step(2, 1)]), steps(vec![step(2, 2), step(1, 2)])]).unwrap();
}

fn connection(path: &Path) -> Connection {
    pagesum::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, 0x4D41_4F31).unwrap()
}

/// Which record of execution 1 a reader says is damaged, and why; the other one is whole.
fn damage(reader: &SqliteReader) -> Option<(i64, String)> {
    assert_eq!(reader.execution("id-2").unwrap().unwrap().records.len(), 3);
    let followed = reader.follow(&Cursor::default(), 100).unwrap().records;
    assert_eq!(followed.len(), 6, "what comes after a damaged record is followed too");
    let unread = followed.iter().find_map(|one| one.record.as_ref().err());
    let found = match reader.execution("id-1") {
        Err(ReadError::Record { id, seq, source }) => {
            assert_eq!(id, "id-1");
            (seq, source.to_string())
        }
        stored => {
            assert_eq!(stored.unwrap().unwrap().records.len(), 3);
            assert!(unread.is_none(), "{unread:?}");
            return None;
        }
    };
    assert!(matches!(unread, Some(ReadError::Record { .. })), "{unread:?}");
    Some(found)
}

#[test]
fn each_flipped_bit_of_a_row_is_found_and_named() {
    let place = Place::new();
    written(&place);
    let (reader, writer) = (place.reader(), connection(&place.path));
    assert_eq!(damage(&reader), None);
    let row =
        |column: &str| writer.query_row(&format!("SELECT {column} FROM journal WHERE position = 3"), [], |row| row.get::<_, Value>(0));
    let set = |column: &str, value: &Value| {
        // What is no text any more stands in the column of a damaged file all the same.
        let given = if column == "body" { "CAST(?1 AS TEXT)" } else { "?1" };
        writer.execute(&format!("UPDATE journal SET {column} = {given} WHERE position = 3"), params![value]).unwrap();
    };
    let mut flips = 0;
    for column in ["at", "body", "checksum"] {
        let whole = row(column).unwrap();
        let bytes = match &whole {
            Value::Integer(number) => number.to_le_bytes().to_vec(),
            Value::Text(text) => text.clone().into_bytes(),
            Value::Null | Value::Real(_) | Value::Blob(_) => panic!("{whole:?}"),
        };
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            set(column, &if column == "body" { Value::Blob(bytes) } else { Value::Integer(i64::from_le_bytes(bytes.try_into().unwrap())) });
            let (seq, why) = damage(&reader).unwrap_or_else(|| panic!("bit {bit} of `{column}` is not missed"));
            // Its checksum is part of the next one's: which of the two is damaged nobody can tell, and the later is read first.
            assert_eq!(seq, if column == "checksum" { 2 } else { 1 }, "bit {bit} of `{column}`");
            assert_eq!(why, RecordError::Checksum.to_string(), "bit {bit} of `{column}`");
            flips += 1;
        }
        set(column, &if column == "body" { Value::Blob(bytes) } else { whole });
    }
    assert!(flips > 1000, "{flips}");
    assert_eq!(damage(&reader), None);
}

#[test]
fn a_record_in_the_place_of_another_is_found() {
    let cases = [
        // A later record of the same execution, whole with its checksum; one of another execution at the same place of its journal; none.
        "UPDATE journal SET (body, checksum, at) = (SELECT body, checksum, at FROM journal WHERE position = 6) WHERE position = 3",
        "UPDATE journal SET (body, checksum, at) = (SELECT body, checksum, at FROM journal WHERE position = 4) WHERE position = 3",
        "UPDATE journal SET checksum = NULL WHERE position = 3",
        "UPDATE journal SET body = replace(body, '\"v\":3', '\"v\":2') WHERE position = 3",
    ];
    for sql in cases {
        let place = Place::new();
        written(&place);
        assert_eq!(connection(&place.path).execute(sql, []).unwrap(), 1, "{sql}");
        assert!(damage(&place.reader()).is_some(), "{sql}");
    }
}

#[test]
fn the_first_records_asked_for_are_proved_by_the_one_before_them() {
    let place = Place::new();
    written(&place);
    let reader = place.reader();
    assert_eq!(reader.journal(1, 1).unwrap().len(), 2);
    assert_eq!(reader.journal(1, 2).unwrap(), [step(1, 2)]);
    connection(&place.path).execute("UPDATE journal SET checksum = checksum + 1 WHERE position = 1", []).unwrap();
    let error = reader.journal(1, 1).unwrap_err();
    assert!(matches!(error, ReadError::Record { seq: 1, source: RecordError::Checksum, .. }), "{error:?}");
    assert_eq!(reader.journal(1, 2).unwrap(), [step(1, 2)], "what is not looked at proves nothing");
}

/// A store of a version before goes on: its records have no checksum, and the first that has one is chained to nothing.
#[test]
fn records_without_checksums_are_followed_by_records_with_them() {
    let place = Place::new();
    written(&place);
    {
        let before = connection(&place.path);
        before
            .execute_batch("UPDATE journal SET body = replace(body, '\"v\":3', '\"v\":2'); ALTER TABLE journal DROP COLUMN checksum; PRAGMA user_version = 1;")
            .unwrap();
    }
    let mut store = place.open();
    store.commit(&mut [steps(vec![step(1, 3), step(1, 4)])]).unwrap();
    drop(store);
    let mut store = place.open();
    store.commit(&mut [steps(vec![step(1, 5)])]).unwrap();
    assert_eq!(place.reader().execution("id-1").unwrap().unwrap().records.len(), 6);
    assert_eq!(store.archive().unwrap().follow(&Cursor::default(), 100).unwrap().records.len(), 9);
    let checksums = "SELECT group_concat(checksum IS NOT NULL, '') FROM journal";
    assert_eq!(connection(&place.path).query_row(checksums, [], |row| row.get::<_, String>(0)).unwrap(), "000000111");
}

/// Whatever the store, opened again the chain goes on where it was.
#[test]
fn each_store_reads_back_what_it_chained() {
    each(|name, store| {
        store.commit(&mut [begin(&[1, 2])]).unwrap();
        for seq in 1..20 {
            store.commit(&mut [steps(vec![step(1, seq), step(2, seq)])]).unwrap();
        }
        for key in [1, 2] {
            assert_eq!(store.archive().unwrap().journal(key, 7).unwrap(), (7..20).map(|seq| step(key, seq)).collect::<Vec<_>>(), "{name}");
        }
    });
}
