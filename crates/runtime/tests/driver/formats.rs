// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Files of an older version: they are copied, then their tables change and no row does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{Host, Mode, Place, edit};
use crate::plans::{plan, task};
use runtime::store::{Copies, OpenError, OpenOptions, SqliteStore};
use rusqlite::Connection;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The journal as the first version had it.
const FIRST: &str = "PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = 'CREATE TABLE journal (position INTEGER PRIMARY KEY, execution INTEGER NOT NULL, seq INTEGER NOT NULL,
        previous INTEGER, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT' WHERE name = 'journal';
    PRAGMA writable_schema = RESET; PRAGMA user_version = 1;";

/// A file of the first version, with an execution that has not ended.
fn first() -> Place {
    let mut host = Host::new(Mode::Os);
    host.accept(&plan(&json!([task("a", &[])])));
    host.advance();
    let place = host.leave();
    edit(&place.path, FIRST);
    place
}

fn copy_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.before-1", path.display()))
}

fn version(path: &Path) -> i64 {
    Connection::open(path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn rows(path: &Path) -> Vec<(i64, String)> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT position, body FROM journal ORDER BY position").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_file_of_the_first_version_is_copied_and_brought_to_this_one_with_every_row_as_it_was() {
    let place = first();
    let before = rows(&place.path);
    let (host, interrupted) = Host::at(place, Mode::Os);
    assert_eq!(interrupted.len(), 1);
    let place = host.leave();
    assert_eq!((version(&place.path), version(&copy_of(&place.path))), (2, 1));
    assert_eq!(rows(&copy_of(&place.path)), before);
    assert_eq!(rows(&place.path)[..before.len()], before);
    // What the first version has no word for, in what a new file has.
    let columns = "SELECT group_concat(name) FROM pragma_table_info('journal')";
    let columns: String = Connection::open(&place.path).unwrap().query_row(columns, [], |row| row.get(0)).unwrap();
    assert_eq!(columns, "position,execution,seq,previous,at,body,checksum");
    let sound: String = Connection::open(&place.path).unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// `ALTER TABLE` would read every row of a `STRICT` table.
#[test]
fn what_is_changed_is_one_page_or_a_few_however_many_rows_there_are() {
    let pages = |rows: u32| {
        let place = first();
        edit(
            &place.path,
            &format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO journal (execution, seq, at, body) SELECT 0, i, 0, '{{}}' FROM n;"
            ),
        );
        let reader = Connection::open(&place.path).unwrap();
        // What is not moved stays in the log, where it can be counted.
        reader.execute_batch("BEGIN; SELECT * FROM sqlite_schema;").unwrap();
        drop(SqliteStore::open(&place.path).unwrap());
        std::fs::metadata(place.path.with_extension("db-wal")).unwrap().len() / 8192
    };
    let (few, many) = (pages(10), pages(50_000));
    assert!(many <= few + 2, "{few} pages for 10 rows, {many} for 50,000");
}

/// A file of the system's own that cannot be written over stands for a full disk.
#[test]
fn a_file_that_cannot_be_copied_is_left_as_it_is() {
    let place = first();
    let before = std::fs::read(&place.path).unwrap();
    let unfinished = PathBuf::from(format!("{}.tmp", copy_of(&place.path).display()));
    std::fs::create_dir(&unfinished).unwrap();
    let error = SqliteStore::open(&place.path).unwrap_err();
    assert!(matches!(&error, OpenError::NotCopied { copy, .. } if *copy == copy_of(&place.path)), "{error}");
    assert!(std::fs::read(&place.path).unwrap() == before, "it was changed");
    std::fs::remove_dir(&unfinished).unwrap();
    drop(SqliteStore::open(&place.path).unwrap());
    assert_eq!(version(&place.path), 2);
}

#[test]
fn the_rest_of_a_copy_that_was_interrupted_is_no_copy() {
    let place = first();
    let unfinished = PathBuf::from(format!("{}.tmp", copy_of(&place.path).display()));
    std::fs::write(&unfinished, "half of it").unwrap();
    drop(SqliteStore::open_as(&place.path, OpenOptions { copies: Copies::Always, ..OpenOptions::default() }).unwrap());
    assert!(!unfinished.exists());
    assert_eq!(version(&copy_of(&place.path)), 1);
}

#[test]
fn a_file_of_a_newer_version_is_refused_with_the_copy_that_this_one_can_open() {
    let place = Host::at(first(), Mode::Os).0.leave();
    edit(&place.path, "PRAGMA user_version = 3");
    let copy = copy_of(&place.path);
    let error = SqliteStore::open(&place.path).unwrap_err().to_string();
    assert!(error.contains("schema 3") && error.contains(&*copy.display().to_string()), "{error}");
    std::fs::remove_file(&copy).unwrap();
    assert!(!SqliteStore::open(&place.path).unwrap_err().to_string().contains("before-1"));
}
