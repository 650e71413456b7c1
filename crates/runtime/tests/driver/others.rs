// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Other programs that have the file open.
//!
//! Once a program that held a read transaction while more than 64 MiB were written ended the orchestrator at `'disk'` (`ERR_OUTCOME_UNKNOWN`, "database
//! is locked") and froze the event loop for 5 s at a time at `'os'`: a checkpoint waited for it, and kept the writer out meanwhile.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, Mode};
use crate::plans::{plan, task};
use crate::stopwatch::Stopwatch;
use engine::Event;
use runtime::Error;
use runtime::store::OpenOptions;
use rusqlite::Connection;
use serde_json::json;
use std::time::{Duration, Instant};

/// What another program sees of the file: a connection that knows nothing of ours.
fn another(host: &Host) -> Connection {
    Connection::open(host.path()).unwrap()
}

fn log_bytes(host: &Host) -> u64 {
    std::fs::metadata(host.path().with_extension("db-wal")).unwrap().len()
}

const MIB: u64 = 1 << 20;

/// Runs an execution whose result is this long, and no other's; how long its longest call took.
fn execute(host: &mut Host, bytes: usize) -> Duration {
    let (slot, id) = host.accept(&plan(&json!([task("a", &[])])));
    let watch = Stopwatch::start();
    host.advance();
    let accepted = watch.taken();
    host.complete(slot, 0, 1, &format!("\"{id}{}\"", "x".repeat(bytes)));
    let watch = Stopwatch::start();
    let heard = host.advance();
    assert!(heard.iter().any(|effect| effect.contains("ended")), "{heard:?}");
    accepted.max(watch.taken())
}

/// What people were told so far: the rule, and whether it began.
fn told(host: &mut Host) -> Vec<(&'static str, bool)> {
    host.advance();
    host.driver.take_alerts().into_iter().map(|alert| (alert.rule.name, alert.begins)).collect()
}

/// What they are told next.
fn next_told(host: &mut Host) -> Vec<(&'static str, bool)> {
    let begin = Instant::now();
    loop {
        let told = told(host);
        if !told.is_empty() {
            return told;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing was told");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_reader_that_stays_neither_stops_nor_freezes_anything_while_the_log_grows_and_people_are_told() {
    // Up to 256 MiB nobody is.
    for (mode, mebibytes) in FILES.into_iter().zip([260, 100]) {
        let mut host = Host::new(mode);
        execute(&mut host, 10);
        let reader = another(&host);
        reader.execute_batch("BEGIN; SELECT count(*) FROM journal;").unwrap();
        let mut longest = Duration::ZERO;
        while log_bytes(&host) < mebibytes * MIB {
            longest = longest.max(execute(&mut host, 1 << 20));
        }
        assert!(longest < Duration::from_secs(2), "{mode:?}: {longest:?}");
        let is_told = mebibytes > 256;
        if is_told {
            assert_eq!(next_told(&mut host), [("store:log-held", true)], "{mode:?}");
        }
        reader.execute_batch("COMMIT").unwrap();
        if is_told {
            assert_eq!(next_told(&mut host), [("store:log-held", false)], "{mode:?}");
        }
        // The log is started over within a second or two, and given back to its bound, even if nothing is written.
        let begin = Instant::now();
        while log_bytes(&host) > 64 * MIB {
            assert!(begin.elapsed() < Duration::from_secs(20), "{mode:?}: {} MiB", log_bytes(&host) / MIB);
            std::thread::sleep(Duration::from_millis(5));
        }
        execute(&mut host, 10);
        assert_eq!(told(&mut host), [], "{mode:?}");
    }
}

#[test]
fn beyond_the_bound_of_the_log_new_work_is_refused_while_a_reader_stays_and_what_runs_goes_on() {
    for mode in FILES {
        let mut host = Host::opened(mode, OpenOptions { log_max: Some(80 * MIB), ..OpenOptions::default() });
        let one = plan(&json!([task("a", &[]), task("b", &["a"])]));
        let (running, _) = host.accept(&one);
        host.advance();
        let reader = another(&host);
        reader.execute_batch("BEGIN; SELECT count(*) FROM journal;").unwrap();
        let begin = Instant::now();
        let (mut error, mut round) = (None, 0);
        while error.is_none() {
            round += 1;
            assert!(log_bytes(&host) < 200 * MIB && begin.elapsed() < Duration::from_mins(1), "{mode:?}: nothing was refused");
            error = host.driver.accept(&one, Some(format!("{{\"pad\":\"{round}{}\"}}", "c".repeat(1 << 20))), None, None).err();
            host.advance();
        }
        let error = error.unwrap();
        assert!(matches!(error, Error::Short { .. }), "{mode:?}: {error}");
        assert!(
            error.to_string().contains("another program has been reading") && error.to_string().contains("`storage.maxLog`"),
            "{error}"
        );
        assert_eq!(told(&mut host).first(), Some(&("store:log-full", true)), "{mode:?}");
        host.complete(running, 0, 1, "1");
        let heard = host.advance();
        assert!(heard.contains(&format!("{running}: run 1/1")), "{mode:?}: {heard:?}");
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(next_told(&mut host), [("store:log-full", false)], "{mode:?}");
        host.accept(&one);
    }
}

#[test]
fn readers_that_come_and_go_while_much_is_written_stop_nothing() {
    for mode in FILES {
        let mut host = Host::new(mode);
        execute(&mut host, 10);
        let (path, begin) = (host.path().to_owned(), Instant::now());
        let reading = std::thread::spawn(move || {
            let reader = Connection::open(path).unwrap();
            while begin.elapsed() < Duration::from_secs(2) {
                reader.execute_batch("BEGIN; SELECT count(*) FROM journal;").unwrap();
                std::thread::sleep(Duration::from_millis(50));
                reader.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
            }
        });
        while !reading.is_finished() {
            execute(&mut host, 1 << 18);
        }
        reading.join().unwrap();
    }
}

/// A program that writes holds the lock that a commit needs. Nothing of the commit has happened then: it waits, and the host does not.
#[test]
fn what_cannot_be_committed_while_another_program_writes_is_committed_after_it_and_the_host_never_waits() {
    for mode in FILES {
        let mut host = Host::new(mode);
        execute(&mut host, 10);
        let writer = another(&host);
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (slot, id) = host.accept(&plan(&json!([task("a", &[])])));
        for _ in 0..10 {
            let watch = Stopwatch::start();
            host.driver.flush().unwrap();
            host.driver.pull().unwrap();
            assert!(watch.taken() < Duration::from_millis(50), "{mode:?}: {:?}", watch.taken());
            assert!(host.driver.next_effect().is_none(), "{mode:?}: nothing leaves before it is on record");
        }
        assert!(!host.driver.is_settled(), "{mode:?}");
        // What comes meanwhile joins it.
        let (other, _) = host.accept(&plan(&json!([task("a", &[])])));
        host.driver.flush().unwrap();
        writer.execute_batch("ROLLBACK").unwrap();
        let heard = host.advance();
        assert!(heard.contains(&format!("{slot}: run 0/1")) && heard.contains(&format!("{other}: run 0/1")), "{mode:?}: {heard:?}");
        host.complete(slot, 0, 1, "1");
        host.advance();
        let stored = host.stored(&id);
        assert!(matches!(stored.records.last().unwrap().events.last(), Some(Event::ExecutionEnded { .. })), "{mode:?}");
    }
}

#[test]
fn people_are_told_of_a_program_that_keeps_commits_waiting_for_long_and_when_it_does_not_any_more() {
    for mode in FILES {
        let mut host = Host::new(mode);
        execute(&mut host, 10);
        let writer = another(&host);
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (slot, _) = host.accept(&plan(&json!([task("a", &[])])));
        host.driver.flush().unwrap();
        assert_eq!(host.driver.obstacle(slot).unwrap(), "null", "{mode:?}: it may pass in a moment");
        let begin = Instant::now();
        let mut alerts = Vec::new();
        while alerts.is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{mode:?}");
            std::thread::sleep(Duration::from_millis(5));
            host.driver.pull().unwrap();
            alerts = host.driver.take_alerts();
        }
        assert_eq!(alerts.iter().map(|alert| (alert.rule.name, alert.begins)).collect::<Vec<_>>(), [("store:blocked", true)], "{mode:?}");
        // What is not on record yet waits for that, and `explain` says so.
        let obstacle: serde_json::Value = serde_json::from_str(&host.driver.obstacle(slot).unwrap()).unwrap();
        assert_eq!((obstacle[0].as_str(), obstacle[2].as_str()), (Some("store:blocked"), Some(&*alerts[0].description)), "{mode:?}");
        writer.execute_batch("ROLLBACK").unwrap();
        assert_eq!(next_told(&mut host), [("store:blocked", false)], "{mode:?}");
        assert_eq!(host.driver.obstacle(slot).unwrap(), "null", "{mode:?}");
    }
}

#[test]
fn a_driver_that_is_closed_gives_up_after_a_while_and_says_so() {
    for mode in FILES {
        let mut host = Host::new(mode);
        execute(&mut host, 10);
        let writer = another(&host);
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        host.accept(&plan(&json!([task("a", &[])])));
        host.driver.flush().unwrap();
        let Host { driver, .. } = host;
        let error = driver.close().unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with("another program blocks writes to the store"), "{mode:?}: {cause}");
    }
}

/// Contexts, definitions and the pages of indices are no bytes of records: once the log grew with them without bound.
#[test]
fn a_log_that_nobody_reads_stays_within_its_bound_whatever_it_is_that_is_written() {
    for mode in FILES {
        let mut host = Host::new(mode);
        let plan = plan(&json!([task("a", &[])]));
        let mut longest = 0;
        for round in 0..1500 {
            let context = format!("{{\"pad\":\"{round}{}\"}}", "c".repeat(100_000));
            host.driver.accept(&plan, Some(context), None, None).unwrap();
            if mode == Mode::Os || round % 10 == 0 {
                host.advance();
            }
            longest = longest.max(log_bytes(&host));
        }
        assert!(longest <= 64 * MIB, "{mode:?}: {} MiB", longest / MIB);
        host.driver.close().unwrap();
    }
}
