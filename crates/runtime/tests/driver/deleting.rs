// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that are deleted: what a crash on the way leaves, and what a store does after the newest is gone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, Mode};
use crate::plans::{plan, task};
use runtime::store::{Archive as _, Batch, SqliteStore, Store};
use rusqlite::Connection;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Runs a chain of this many tasks; its id and key.
fn execute(host: &mut Host, tasks: usize) -> (Arc<str>, i64) {
    let names: Vec<String> = (0..tasks).map(|task| format!("t{task}")).collect();
    let before = std::iter::once(None).chain(names.iter().map(Some));
    let chain: Vec<_> =
        names.iter().zip(before).map(|(name, before)| task(name, &before.map(String::as_str).into_iter().collect::<Vec<_>>())).collect();
    let (slot, id) = host.accept(&plan(&json!(chain)));
    host.advance();
    for place in 0..tasks {
        host.complete(slot, u32::try_from(place).unwrap(), 1, "1");
        host.advance();
    }
    let key = host.stored(&id).key;
    host.driver.release(slot, false).unwrap();
    (id, key)
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn a_process_that_ends_while_it_deletes_leaves_the_rest_to_the_next_and_keys_and_positions_are_not_given_again() {
    let mut host = Host::new(Mode::Os);
    let kept = execute(&mut host, 3);
    let (_, key) = execute(&mut host, 200);
    let path = host.path().to_owned();
    let place = host.leave();
    let mut store = SqliteStore::open(&path).unwrap();
    let before = Connection::open(&path).unwrap();
    let end: i64 = before.query_row("SELECT max(position) FROM journal", [], |row| row.get(0)).unwrap();
    store.commit(&mut [Batch { deleted: vec![key], ..Batch::default() }]).unwrap();
    assert!(store.sweep(Duration::ZERO).unwrap(), "there is more");
    drop(store);
    assert_eq!((count(&before, "execution"), count(&before, "deleted")), (1, 1));
    // Some rows are gone, from the last on, and some are not.
    let mut store = SqliteStore::open(&path).unwrap();
    while store.sweep(Duration::from_millis(1)).unwrap() {}
    let reader = store.reader().unwrap();
    let mut left = 0;
    reader.unended(|_| left += 1).unwrap();
    assert_eq!((left, reader.last_key().unwrap()), (0, key), "the key is not given again");
    let rows: Vec<i64> = before
        .prepare("SELECT DISTINCT execution FROM journal")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows, [kept.1]);
    assert_eq!(before.query_row("SELECT position FROM mark", [], |row| row.get::<_, i64>(0)).unwrap(), end, "nor is the position");
    drop((store, reader, place));
}

/// Where there was always another to sweep, those that were done stayed, and each look for the next went through all of them: of a million executions that
/// were deleted as fast as they ended most stayed in the file.
#[test]
fn what_is_swept_is_gone_before_all_is() {
    let mut host = Host::new(Mode::Os);
    let keys: Vec<i64> = (0..100).map(|_| execute(&mut host, 3).1).collect();
    let place = host.leave();
    let mut store = SqliteStore::open(&place.path).unwrap();
    let looking = Connection::open(&place.path).unwrap();
    let done = || -> i64 {
        let sql = "SELECT count(*) FROM deleted WHERE last IS NULL AND key < (SELECT max(key) FROM deleted)";
        looking.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    store.commit(&mut [Batch { deleted: keys, ..Batch::default() }]).unwrap();
    let mut slices = 0;
    while store.sweep(Duration::from_micros(200)).unwrap() {
        assert_eq!(done(), 0);
        slices += 1;
    }
    assert!(slices > 3, "{slices}");
    assert_eq!((count(&looking, "deleted"), count(&looking, "journal")), (1, 0));
}

#[test]
fn a_store_whose_newest_executions_are_deleted_goes_on_in_order() {
    for mode in FILES {
        let mut host = Host::new(mode);
        for round in 0..3 {
            let (id, key) = execute(&mut host, 5);
            let ticket = host.driver.delete(&[(id.to_string(), key)], &[]).unwrap();
            let heard = host.advance();
            assert!(heard.iter().any(|effect| effect.contains(&format!("deleted {ticket}"))), "{mode:?} {round}: {heard:?}");
            assert!(host.driver.archive().unwrap().execution(&id).unwrap().is_none());
        }
        let (id, _) = execute(&mut host, 2);
        assert_eq!(host.stored(&id).records.len(), 3, "{mode:?}");
    }
}

#[test]
fn a_definition_goes_with_the_last_execution_that_is_of_it() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let (first, key) = execute(&mut host, 3);
        let kept = execute(&mut host, 2);
        let place = host.leave();
        let mut store = SqliteStore::open(&place.path).unwrap();
        let looking = Connection::open(&place.path).unwrap();
        assert_eq!(count(&looking, "definition"), 2, "{mode:?}");
        store.commit(&mut [Batch { deleted: vec![key], ..Batch::default() }]).unwrap();
        while count(&looking, "definition") > 1 {
            store.sweep(Duration::from_millis(1)).unwrap();
            std::thread::yield_now();
        }
        // It is written again for the next that is of it.
        drop((store, looking));
        let (mut host, _) = Host::at(place, mode);
        let again = execute(&mut host, 3);
        assert_eq!(host.stored(&again.0).records.len(), 4, "{mode:?}");
        assert!(host.driver.archive().unwrap().execution(&first).unwrap().is_none(), "{mode:?}");
        assert_eq!(host.stored(&kept.0).records.len(), 3, "{mode:?}");
    }
}

/// A program that has moved a log leaves pages without checksums; if such a file is damaged it is refused as it is.
#[test]
fn a_store_whose_pages_have_no_checksums_gets_them_only_if_it_can_be_opened() {
    let mut host = Host::new(Mode::Os);
    let (id, _) = execute(&mut host, 2);
    let place = host.leave();
    // As `sqlite3` does, which knows nothing of checksums.
    Connection::open(&place.path).unwrap().execute_batch("PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    let moved = std::fs::read(&place.path).unwrap();
    let mut marked = moved.clone();
    let end = pagesum::page::PAGE_BYTES;
    marked[end - pagesum::page::SUM_BYTES..end].copy_from_slice(&pagesum::page::MARK);
    assert!(pagesum::page::is_unsummed(&marked[..end]));
    // Where the first page says how much of it is in use.
    let mut damaged = marked.clone();
    damaged[100] ^= 0xff;
    std::fs::write(&place.path, &damaged).unwrap();
    assert!(SqliteStore::open(&place.path).is_err());
    assert!(std::fs::read(&place.path).unwrap() == damaged, "what is refused stays as it is");
    std::fs::write(&place.path, &marked).unwrap();
    let store = SqliteStore::open(&place.path).unwrap();
    assert!(store.reader().unwrap().execution(&id).unwrap().is_some());
    assert!(!pagesum::page::is_unsummed(&std::fs::read(&place.path).unwrap()[..end]));
}
