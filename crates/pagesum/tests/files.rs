// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Real files, written by `SQLite` through the checksums, and read by it with and without them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use pagesum::page::{self, PAGE_BYTES, Verdict};
use pagesum::{Fault, take_fault};
use rusqlite::{Connection, Error, OpenFlags};
use std::fs::File;
use std::path::{Path, PathBuf};

const ID: i32 = 0x4F55_5253;
const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)";

fn reader(path: &Path) -> Connection {
    pagesum::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, ID).unwrap()
}

fn open(path: &Path) -> Connection {
    let connection = reader(path);
    connection
        .execute_batch(
            "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF;",
        )
        .unwrap();
    connection
}

/// A file with rows, overflowing ones and an index, closed: nothing is in its log.
fn filled(folder: &Path) -> PathBuf {
    let path = folder.join("file.db");
    let connection = open(&path);
    connection
        .execute_batch(&format!(
            "BEGIN; PRAGMA application_id = {ID}; CREATE TABLE t (i INTEGER PRIMARY KEY, text TEXT); CREATE INDEX t_text ON t (substr(text, 1, 40));
             {ROWS} INSERT INTO t SELECT i, printf('%08d', i) || hex(zeroblob(iif(i % 100 = 0, 9000, 60))) FROM n; COMMIT;"
        ))
        .unwrap();
    drop(connection);
    path
}

fn count(connection: &Connection) -> Result<i64, Error> {
    connection.query_row("SELECT sum(length(text)) FROM t", [], |row| row.get(0))
}

fn is_refused(result: Result<i64, Error>) -> Option<Fault> {
    let error = result.unwrap_err();
    assert_eq!(error.sqlite_error().map(|error| error.extended_code), Some(rusqlite::ffi::SQLITE_IOERR_DATA), "{error}");
    take_fault()
}

/// How many pages of a file are what.
fn pages(path: &Path) -> (usize, usize) {
    let bytes = std::fs::read(path).unwrap();
    let verdicts = || bytes.chunks(PAGE_BYTES).zip(1..).map(|(page, number)| page::judge(page, number));
    (verdicts().filter(|verdict| *verdict == Verdict::Sound).count(), verdicts().count())
}

#[test]
fn every_page_of_a_file_has_its_checksum_and_any_program_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let (sound, all) = pages(&path);
    assert!(sound == all && all > 100, "{sound} of {all}");
    let expected = count(&open(&path)).unwrap();
    let plain = Connection::open(&path).unwrap();
    assert_eq!(count(&plain).unwrap(), expected);
    let sound: String = plain.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn a_bit_that_was_changed_is_refused_by_its_page_and_everything_else_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let whole = std::fs::read(&path).unwrap();
    let number = whole.len() / PAGE_BYTES / 2;
    let mut bytes = whole;
    bytes[number * PAGE_BYTES + 4000] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    let connection = open(&path);
    assert_eq!(is_refused(count(&connection)), Some(Fault { page: u32::try_from(number + 1).unwrap(), in_log: false }));
    assert_eq!(take_fault(), None, "once");
    connection.query_row("SELECT text FROM t WHERE i = 1", [], |_| Ok(())).unwrap();
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() - PAGE_BYTES as u64).unwrap();
    // `SQLite` compares the size with its header's when it begins.
    assert!(count(&reader(&path)).is_err());
}

/// `SQLite` looks at the checksums of its log after a crash alone.
#[test]
fn a_bit_of_the_log_that_is_changed_while_it_is_open_is_refused_and_not_moved() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let log = folder.path().join("file.db-wal");
    let writer = open(&path);
    writer.execute_batch("UPDATE t SET text = text || 'x' WHERE i % 50 = 7;").unwrap();
    let expected = count(&reader(&path)).unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let frames = (bytes.len() - 32) / (PAGE_BYTES + 24);
    bytes[32 + (frames / 2) * (PAGE_BYTES + 24) + 24 + 5000] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let fault = is_refused(count(&reader(&path)));
    assert_eq!(fault, Some(Fault { page: u32::try_from(frames / 2 + 1).unwrap(), in_log: true }));
    let moved = writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(0));
    assert!(is_refused(moved).unwrap().in_log);
    bytes[32 + (frames / 2) * (PAGE_BYTES + 24) + 24 + 5000] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    assert_eq!(count(&reader(&path)).unwrap(), expected);
}

/// Pages are written to the log before the commit, read again and written once more in the same place, with checksums that are put right at its end.
#[test]
fn a_transaction_that_does_not_fit_into_memory_reads_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let connection = open(&path);
    connection.execute_batch("PRAGMA cache_size = 10;").unwrap();
    for round in 0..3 {
        connection.execute_batch("BEGIN;").unwrap();
        for pass in 0..4 {
            connection.execute_batch("UPDATE t SET text = text || 'y' WHERE i % 3 = 1;").unwrap();
            count(&connection).unwrap();
            if pass == 2 {
                connection.execute_batch("SAVEPOINT s; UPDATE t SET text = 'z' WHERE i > 1000; ROLLBACK TO s; RELEASE s;").unwrap();
            }
        }
        connection.execute_batch(if round == 1 { "ROLLBACK;" } else { "COMMIT;" }).unwrap();
        let expected = count(&connection).unwrap();
        assert_eq!(count(&open(&path)).unwrap(), expected, "round {round}");
    }
    drop(connection);
    let (sound, all) = pages(&path);
    assert_eq!(sound, all);
}

/// Someone looks at a store after a crash with a database shell, which moves the log as it closes.
#[test]
fn a_log_that_another_program_has_moved_leaves_pages_without_checksums_which_are_read_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path());
    let writer = open(&path);
    // The first page is in the log, as in each of a store's.
    writer
        .execute_batch(&format!("PRAGMA user_version = 7; {ROWS} INSERT INTO t SELECT i + 3000, hex(zeroblob(4500)) FROM n WHERE i < 300;"))
        .unwrap();
    let expected = count(&writer).unwrap();
    let copy = folder.path().join("copy.db");
    for rest in ["", "-wal"] {
        std::fs::copy(format!("{}{rest}", path.display()), format!("{}{rest}", copy.display())).unwrap();
    }
    assert_eq!(count(&Connection::open(&copy).unwrap()).unwrap(), expected);
    assert!(!folder.path().join("copy.db-wal").exists());
    let first = |path: &Path| std::fs::read(path).unwrap()[..PAGE_BYTES].to_vec();
    assert!(page::is_unsummed(&first(&copy)) && pages(&copy).0 < pages(&copy).1);
    assert_eq!(count(&open(&copy)).unwrap(), expected);
    // A checkpoint of our own is no reason to forget it.
    open(&copy)
        .execute_batch("PRAGMA user_version = 8; PRAGMA wal_checkpoint(TRUNCATE); UPDATE t SET text = text || 'x' WHERE i = 5;")
        .unwrap();
    let expected = expected + 1;
    assert!(page::is_unsummed(&first(&copy)));
    pagesum::mend(&File::options().read(true).write(true).open(&copy).unwrap()).unwrap();
    assert!(!page::is_unsummed(&first(&copy)));
    let (sound, all) = pages(&copy);
    assert_eq!(sound, all);
    assert_eq!(count(&open(&copy)).unwrap(), expected);
}

#[test]
fn a_file_without_checksums_stays_without_and_a_copy_of_it_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(&format!(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA application_id = {ID}; CREATE TABLE t (i INTEGER PRIMARY KEY, text TEXT);
             {ROWS} INSERT INTO t SELECT i, hex(zeroblob(500)) FROM n;"
        ))
        .unwrap();
    let connection = open(&path);
    connection.execute_batch("UPDATE t SET text = text || 'x' WHERE i % 10 = 0;").unwrap();
    let expected = count(&connection).unwrap();
    pagesum::reserve(&connection).unwrap();
    let copy = folder.path().join("copy.db");
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    drop(connection);
    assert_eq!((pages(&path).0, count(&open(&path)).unwrap()), (0, expected));
    let (sound, all) = pages(&copy);
    assert!(sound == all && all > 100, "{sound} of {all}");
    assert_eq!(count(&open(&copy)).unwrap(), expected);
}
