// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A driver over a file: what another process finds there, who may open it, what is refused, what the archive answers.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, Mode, Place, clock, waker};
use crate::plans::{plan, plan_of, task};
use engine::Event;
use runtime::store::{Archive, Durability, ExecutionFilter, OpenError, SqliteReader};
use runtime::{Clock, Driver, Error, archive};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use stdx::Timestamp;

/// `a` and `b`, then `c`.
fn diamond() -> Value {
    json!([task("a", &[]), task("b", &[]), task("c", &["a", "b"])])
}

fn refused(path: &Path) -> OpenError {
    match Driver::open(path, Durability::Os, clock(), waker().0) {
        Err(Error::Open(error)) => error,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("`{}` was opened", path.display()),
    }
}

// After an interruption

#[test]
fn an_interrupted_execution_is_found_as_it_was_and_goes_on() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let (slot, id) = host.accept(&plan(&diamond()));
        host.advance();
        host.complete(slot, 0, 1, r#"{"n":1}"#);
        host.advance();
        let before = host.stored(&id);
        let (mut host, interrupted) = host.reopen(mode);
        let [found] = interrupted.as_slice() else { panic!("{mode:?}") };
        assert_eq!(host.stored(&id).records, before.records, "{mode:?}: opening records nothing");
        let handed: Value = serde_json::from_str(&found.text).unwrap();
        let stored: Value = serde_json::from_str(&runtime::report::stored(&before).unwrap()).unwrap();
        for field in ["id", "context", "options", "report", "outputs"] {
            assert_eq!(handed[field], stored[field], "{mode:?}: {field}");
        }
        assert_eq!(host.advance(), [""; 0], "{mode:?}: nothing runs before it is resumed");
        host.driver.resume(found.slot).unwrap();
        assert_eq!(host.advance(), ["0: run 1/1 after 1 interruptions"], "{mode:?}: `a` has finished, `b` runs again as the same attempt");
        host.complete(found.slot, 1, 1, "2");
        assert_eq!(host.advance(), ["0: completed 1/1", "0: run 2/1"], "{mode:?}");
        host.complete(found.slot, 2, 1, "3");
        assert_eq!(host.advance(), ["0: completed 2/1", "0: ended 1"], "{mode:?}");
        let after = host.stored(&id);
        assert_eq!(after.records[..before.records.len()], before.records, "{mode:?}: what was recorded stays");
        let seqs: Vec<u64> = after.records.iter().map(|record| record.seq).collect();
        assert_eq!(seqs, (0..after.records.len() as u64).collect::<Vec<_>>(), "{mode:?}: no gap");
        let (_, interrupted) = host.reopen(mode);
        assert!(interrupted.is_empty(), "{mode:?}");
    }
}

#[test]
fn interrupted_executions_come_oldest_first_and_new_ones_get_new_keys() {
    let mut host = Host::new(Mode::Os);
    let plan = plan(&diamond());
    let ids: Vec<Arc<str>> = (0..5).map(|_| host.accept(&plan).1).collect();
    host.driver.cancel(2, None, false).unwrap();
    host.fail(2, 0, 1, false);
    host.fail(2, 1, 1, false);
    host.advance();
    let (mut host, interrupted) = host.reopen(Mode::Os);
    let found: Vec<bool> = interrupted.iter().zip([0, 1, 3, 4]).map(|(found, at)| found.text.contains(&*ids[at])).collect();
    assert_eq!(found, [true; 4]);
    let (_, id) = host.accept(&plan);
    host.advance();
    assert_eq!(host.stored(&id).key, 6);
    assert_eq!(host.driver.statistics().active, 5);
}

#[test]
fn a_task_that_was_told_to_stop_does_not_run_again() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&diamond()));
        host.driver.cancel(slot, Some("enough".into()), false).unwrap();
        host.advance();
        let (mut host, interrupted) = host.reopen(mode);
        host.driver.resume(interrupted[0].slot).unwrap();
        let told = host.advance();
        assert_eq!(told.last().map(String::as_str), Some("0: ended 3"), "{mode:?}: {told:?}");
        assert!(!told.iter().any(|told| told.contains("run")), "{mode:?}: {told:?}");
    }
}

#[test]
fn what_was_not_flushed_is_not_there() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let (slot, id) = host.accept(&plan(&diamond()));
        host.advance();
        host.complete(slot, 0, 1, "1");
        let (host, _) = host.reopen(mode);
        assert!(
            !host.stored(&id).records.iter().any(|record| record.events.iter().any(|event| matches!(event, Event::TaskCompleted { .. })))
        );
    }
}

#[test]
fn closing_commits_what_was_told() {
    for mode in FILES {
        let place = Place::new();
        let path = place.path.clone();
        let (mut host, _) = Host::at(place, mode);
        let (slot, id) = host.accept(&plan(&json!([task("a", &[])])));
        host.complete(slot, 0, 1, "7");
        let Host { driver, .. } = &mut host;
        let driver = std::mem::replace(driver, Driver::in_memory(clock()));
        driver.close().unwrap();
        let text = archive::execution(&SqliteReader::open(&path).unwrap(), &id).unwrap().unwrap();
        assert!(text.contains(r#""status":"completed""#), "{mode:?}: {text}");
    }
}

/// A result of `null` was read back as no result at all.
#[test]
fn results_read_back_letter_for_letter() {
    let large = format!("\"{}\"", "é".repeat(4 << 20));
    for mode in FILES {
        let mut host = Host::new(mode);
        let outputs = ["null", r#"{"__proto__":{"a":1},"s":"\ud83d\ude00"}"#, large.as_str()];
        let (slot, id) = host.accept(&plan(&diamond()));
        for (task, output) in (0..).zip(outputs) {
            host.complete(slot, task, 1, output);
            host.advance();
        }
        let text = archive::execution(&SqliteReader::open(host.path()).unwrap(), &id).unwrap().unwrap();
        let expected = format!(r#""outputs":{{"0":{},"1":{},"2":{}}}}}"#, outputs[0], outputs[1], outputs[2]);
        assert!(text.ends_with(&expected), "{mode:?}");
    }
}

// Who may open it

#[test]
fn a_file_in_use_is_refused_by_the_pid_of_its_owner() {
    for mode in FILES {
        let mut host = Host::new(mode);
        host.accept(&plan(&diamond()));
        host.advance();
        for _ in 0..2 {
            let error = refused(host.path());
            assert!(matches!(error, OpenError::Locked { owner: Some(owner), .. } if owner == std::process::id()), "{error:?}");
            assert!(
                error.to_string().contains(&format!("in use by another orchestrator of this process ({})", std::process::id())),
                "{error}"
            );
        }
        // Reading the file in this process must not loosen the lock, as it would SQLite's own.
        std::fs::read(host.path()).unwrap();
        assert!(matches!(refused(host.path()), OpenError::Locked { .. }));
        let (_, interrupted) = host.reopen(mode);
        assert_eq!(interrupted.len(), 1, "{mode:?}: free once its owner is gone");
    }
}

#[test]
fn a_directory_that_is_missing_is_not_made() {
    let place = Place::new();
    let path = place.path.with_file_name("missing").join("store.db");
    assert!(matches!(refused(&path), OpenError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound));
    assert!(!path.parent().unwrap().exists());
    assert!(matches!(refused(place.path.parent().unwrap()), OpenError::Sqlite { .. } | OpenError::Io { .. }));
}

/// Opening had switched a file of something else to another journal mode before it looked whose it was.
#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let cases = [
        ("CREATE TABLE t (x); INSERT INTO t VALUES (1);", "Foreign"),
        ("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);", "Foreign"),
        ("PRAGMA application_id = 7;", "Foreign"),
        ("PRAGMA user_version = 1;", "Foreign"),
        ("PRAGMA application_id = 0x4D414F31; PRAGMA user_version = 3; CREATE TABLE t (x);", "Newer"),
        ("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x4D414F31; PRAGMA user_version = 9; CREATE TABLE t (x);", "Newer"),
    ];
    for (sql, expected) in cases {
        let place = Place::new();
        rusqlite::Connection::open(&place.path).unwrap().execute_batch(sql).unwrap();
        unchanged(&place.path, sql, |error| format!("{error:?}").starts_with(expected));
    }
}

/// What another process left in its log is not moved for it.
#[test]
fn a_newer_file_with_a_log_is_left_as_it_is() {
    let (place, copy) = (Place::new(), Place::new());
    let connection = rusqlite::Connection::open(&place.path).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x4D414F31; PRAGMA user_version = 3; CREATE TABLE t (x);")
        .unwrap();
    for extension in ["db", "db-wal"] {
        std::fs::copy(place.path.with_extension(extension), copy.path.with_extension(extension)).unwrap();
    }
    let log = std::fs::read(copy.path.with_extension("db-wal")).unwrap();
    assert!(!log.is_empty());
    unchanged(&copy.path, "newer, with a log", |error| matches!(error, OpenError::Newer { found: 3, .. }));
    assert_eq!(std::fs::read(copy.path.with_extension("db-wal")).unwrap(), log);
}

#[test]
fn a_damaged_file_is_refused_and_left_as_it_is() {
    let whole = {
        let mut host = Host::new(Mode::Os);
        host.accept(&plan(&diamond()));
        host.advance();
        let path = host.path().to_owned();
        let (host, _) = host.reopen(Mode::Os);
        std::fs::read(path).inspect(|_| drop(host)).unwrap()
    };
    let text = b"my notes\n".repeat(1000);
    let mut no_schema = whole.clone();
    no_schema[100..600].fill(0xAA);
    for (name, bytes) in [("text", text), ("half a header", whole[..50].to_vec()), ("no schema", no_schema)] {
        let place = Place::new();
        std::fs::write(&place.path, bytes).unwrap();
        unchanged(&place.path, name, |error| matches!(error, OpenError::Corrupt { .. } | OpenError::Damaged { .. }));
    }
}

fn unchanged(path: &Path, name: &str, expected: impl Fn(&OpenError) -> bool) {
    let before = std::fs::read(path).unwrap();
    for _ in 0..2 {
        let error = refused(path);
        assert!(expected(&error), "{name}: {error:?}");
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
        assert!(std::fs::read(path).unwrap() == before, "{name}: the file was changed");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let place = Place::new();
    std::fs::write(&place.path, "").unwrap();
    let (mut host, interrupted) = Host::at(place, Mode::Os);
    assert!(interrupted.is_empty());
    host.accept(&plan(&diamond()));
    assert_eq!(host.advance().len(), 4);
}

#[test]
fn a_record_that_was_tampered_with_is_named_and_everything_else_opens() {
    let mut host = Host::new(Mode::Os);
    let (_, id) = host.accept(&plan(&diamond()));
    host.advance();
    let path = host.path().to_owned();
    rusqlite::Connection::open(&path).unwrap().execute("UPDATE journal SET body = '{\"v\":9}'", []).unwrap();
    let error = archive::execution(&SqliteReader::open(&path).unwrap(), &id).unwrap_err();
    assert_eq!(error.to_string(), format!("record 0 of execution `{id}` cannot be read"));
    drop(host.driver);
    let (driver, _) = Driver::open(&path, Durability::Os, clock(), waker().0).unwrap();
    assert_eq!(driver.groups().count(), 0);
    let [unreadable] = driver.unreadable() else { panic!("{:?}", driver.unreadable()) };
    assert_eq!(unreadable.id, id);
    assert!(unreadable.message.starts_with(&format!("record 0 of execution `{id}` cannot be read: ")), "{}", unreadable.message);
}

// What the archive answers

#[test]
fn an_archive_needs_a_file() {
    let place = Place::new();
    assert!(matches!(SqliteReader::open(&place.path), Err(OpenError::Sqlite { .. })));
    assert!(!place.path.exists());
}

/// Twelve executions: `w` and `v` in turn, each third cancelled, each fourth failed, one still running.
fn twelve(host: &mut Host) -> Vec<Arc<str>> {
    let plans = [plan_of("w", "1", &json!([task("a", &[])])), plan_of("v", "1", &json!([task("a", &[])]))];
    let ids = (0..12).map(|n| {
        let (slot, id) = host.accept(&plans[n % 2]);
        match n {
            11 => {}
            _ if n % 3 == 0 => {
                host.driver.cancel(slot, None, false).unwrap();
                host.fail(slot, 0, 1, false);
            }
            _ if n % 4 == 0 => host.fail(slot, 0, 1, false),
            _ => host.complete(slot, 0, 1, "1"),
        }
        host.advance();
        id
    });
    ids.collect()
}

fn page(archive: &dyn Archive, filter: &ExecutionFilter) -> (Vec<String>, Option<String>) {
    let text = archive::list(archive, filter).unwrap();
    let page: Value = serde_json::from_str(&text).unwrap();
    let ids = page["executions"].as_array().unwrap().iter().map(|execution| execution["id"].as_str().unwrap().to_owned());
    (ids.collect(), page["cursor"].as_str().map(str::to_owned))
}

/// What each of two archives says of everything: the one that shares what the driver knows, and one that has the file alone.
#[test]
fn the_archive_of_a_driver_says_what_the_file_does_of_what_lives_and_of_what_has_ended() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let beside = host.driver.archive().unwrap();
        let alone = SqliteReader::open(host.path()).unwrap();
        let agree = |ids: &[Arc<str>], statuses: [usize; 4]| {
            let all = ExecutionFilter { limit: 100, ..ExecutionFilter::default() };
            let list = archive::list(&*beside, &all).unwrap();
            assert_eq!(archive::list(&alone, &all).unwrap(), list, "{mode:?}");
            let found =
                ["running", "completed", "failed", "cancelled"].map(|status| list.matches(&format!(r#""status":"{status}","#)).count());
            assert_eq!(found, statuses, "{mode:?}");
            for id in ids {
                assert_eq!(archive::execution(&alone, id).unwrap(), archive::execution(&*beside, id).unwrap(), "{mode:?}");
                let told = archive::history(&*beside, id).unwrap().unwrap();
                assert!(!told.0.is_empty(), "{mode:?}");
                assert_eq!(archive::history(&alone, id).unwrap().unwrap(), told, "{mode:?}");
            }
        };
        let ids = twelve(&mut host);
        agree(&ids, [1, 5, 2, 4]);
        host.complete(11, 0, 1, "1");
        host.advance();
        agree(&ids, [0, 6, 2, 4]);
    }
    assert!(archive::execution(&*Driver::in_memory(clock()).archive().unwrap(), "nobody").unwrap().is_none());
}

#[test]
fn a_list_comes_in_pages_newest_first() {
    let mut host = Host::new(Mode::Os);
    let ids = twelve(&mut host);
    let archive = SqliteReader::open(host.path()).unwrap();
    for limit in [1, 4, 5, 12, 100] {
        let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let (mut found, next) = page(&archive, &ExecutionFilter { limit, cursor, ..ExecutionFilter::default() });
            assert!(found.len() <= limit as usize);
            all.append(&mut found);
            pages += 1;
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(pages, 12_u32.div_ceil(limit), "a page of {limit}");
        assert!(all.iter().eq(ids.iter().rev().map(AsRef::as_ref)), "a page of {limit}");
    }
}

#[test]
fn a_list_holds_what_was_asked_for() {
    let mut host = Host::new(Mode::Os);
    let ids = twelve(&mut host);
    let archive = SqliteReader::open(host.path()).unwrap();
    let of = |filter: ExecutionFilter| {
        let (found, _) = page(&archive, &ExecutionFilter { limit: 100, ..filter });
        let mut places: Vec<usize> = found.iter().map(|id| ids.iter().position(|known| **known == **id).unwrap()).collect();
        places.reverse();
        places
    };
    let status = |status: &str| ExecutionFilter { status: Some(status.into()), ..ExecutionFilter::default() };
    assert_eq!(of(status("cancelled")), [0, 3, 6, 9]);
    assert_eq!(of(status("failed")), [4, 8]);
    assert_eq!(of(status("completed")), [1, 2, 5, 7, 10]);
    assert_eq!(of(status("running")), [11]);
    assert_eq!(of(status("lost")), [0; 0]);
    assert_eq!(of(ExecutionFilter { workflow: Some("v".into()), ..ExecutionFilter::default() }), [1, 3, 5, 7, 9, 11]);
    assert_eq!(of(ExecutionFilter { workflow: Some("w".into()), ..status("failed") }), [4, 8]);
    let started = |at: usize| host.stored(&ids[at]).records.first().map(|record| record.at);
    assert_eq!(of(ExecutionFilter { since: started(4), until: started(7), ..ExecutionFilter::default() }), [4, 5, 6]);
    assert_eq!(of(ExecutionFilter { cursor: Some("3".into()), ..ExecutionFilter::default() }), [0, 1]);
}

#[test]
fn a_cursor_of_something_else_is_named() {
    let mut host = Host::new(Mode::Os);
    twelve(&mut host);
    let archive = SqliteReader::open(host.path()).unwrap();
    for cursor in ["", "x", "1 OR 1=1", "99999999999999999999"] {
        let error =
            archive::list(&archive, &ExecutionFilter { cursor: Some(cursor.into()), limit: 1, ..ExecutionFilter::default() }).unwrap_err();
        assert_eq!(error.to_string(), format!("`{cursor}` is not a cursor of listExecutions"));
    }
}

// What an interrupted execution is told before it is resumed

/// A signal let a task begin whose agent nobody had registered yet, and it failed for that.
#[test]
fn nothing_begins_before_an_interrupted_execution_is_resumed() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let tasks = json!([{ "id": "w", "name": "w", "waitFor": { "signal": "go" } }, task("a", &["w"]), task("b", &[])]);
        host.accept(&plan(&tasks));
        host.advance();
        let (mut host, interrupted) = host.reopen(mode);
        let slot = interrupted[0].slot;
        host.driver.signal(slot, "go".into(), "7".into(), None, None).unwrap();
        assert_eq!(host.advance(), ["0: signalled"], "{mode:?}");
        host.driver.pause(slot).unwrap();
        host.driver.unpause(slot, false).unwrap();
        assert_eq!(host.advance(), ["0: paused", "0: resumed"], "{mode:?}");
        assert_eq!(host.driver.next_deadline(), None, "{mode:?}: and no time passes for it");
        // A process that ends in order without having resumed it tells nothing of how it was interrupted.
        host.driver.interrupt().unwrap();
        assert_eq!(host.advance(), [""; 0], "{mode:?}");
        let interruptions = host.driver.execution(slot).unwrap().tasks().iter().map(|(_, record)| record.interruptions);
        assert_eq!(interruptions.sum::<u32>(), 0, "{mode:?}");
        let (mut host, _) = host.reopen(mode);
        host.driver.resume(slot).unwrap();
        assert_eq!(host.advance(), ["0: completed 0/0", "0: run 1/1", "0: run 2/1 after 1 interruptions"], "{mode:?}");
        assert!(host.driver.next_deadline().is_some(), "{mode:?}");
    }
}

/// Records were dated before those they followed, and a wait of a second took an hour more.
#[test]
fn a_clock_that_was_set_back_between_two_processes_goes_on_from_the_journals() {
    for mode in FILES {
        let mut host = Host::new(mode);
        host.accept(&plan(&json!([{ "id": "a", "name": "a", "agentId": "a", "retryPolicy": { "maxAttempts": 2, "initialDelay": "1s" } }])));
        host.advance();
        let yesterday = Timestamp::from_micros(clock().read().micros() - 86_400_000_000);
        let (mut host, interrupted) = Host::since(host.leave(), mode, Clock::starting_at(yesterday));
        let (slot, now) = (interrupted[0].slot, host.driver.clock());
        host.driver.resume(slot).unwrap();
        host.advance();
        host.fail(slot, 0, 1, true);
        host.advance();
        let deadline = host.driver.next_deadline().unwrap();
        assert!((1_000_000..2_000_000).contains(&(deadline.micros() - now.micros())), "{mode:?}: {deadline:?} is not soon after {now:?}");
        let history = host.history(slot, None);
        assert!(history.windows(2).all(|pair| pair[0].at() <= pair[1].at()), "{mode:?}: {history:?}");
        assert!(history.iter().all(|effect| effect.at() > yesterday.micros()), "{mode:?}");
    }
}
