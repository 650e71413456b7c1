// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Idempotency keys in a file that an older build wrote, or has written to since: their executions have ids that say whose they are, and no row, or
//! the row of an earlier one. What such a key stands for was looked for from its first execution on, which is why a rerun was not what it meant.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{Host, Mode, Place, connect};
use crate::plans::{plan, task};
use engine::{Claim, Keyed};
use rusqlite::Connection;
use serde_json::json;

const HASH: &str = "0123456789abcdef0123456789abcdef";
const OPTIONS: &str = r#"{"idempotencyKey":"k","fingerprint":"same"}"#;

/// Runs the execution of a generation to its end.
fn run(host: &mut Host, generation: u32, well: bool, options: Option<&str>) {
    let id = Keyed::execution_id(HASH, generation);
    let plan = plan(&json!([task("a", &[])]));
    let slot = host.driver.accept(&plan, Some("{}".to_owned()), options.map(str::to_owned), Some(id)).unwrap().slot;
    host.advance();
    if well {
        host.complete(slot, 0, 1, "1");
    } else {
        host.fail(slot, 0, 1, false);
    }
    host.advance();
    host.driver.release(slot, false).unwrap();
}

fn claim(host: &mut Host, rerun_failed: bool) -> (Claim, String, Option<String>) {
    let claimed = host.claim(HASH, "same", rerun_failed);
    host.advance();
    (claimed.claim, claimed.id, claimed.end.map(|end| end.status.to_string()))
}

fn told(claim: Claim, generation: u32, status: Option<&str>) -> (Claim, String, Option<String>) {
    (claim, Keyed::execution_id(HASH, generation), status.map(str::to_owned))
}

/// Takes the rows out, as a file has none that an older build wrote.
fn without_rows(place: &Place) {
    connect(&place.path).execute_batch("DROP TABLE idempotency").unwrap();
}

fn rows(place: &Place) -> Vec<(String, u32)> {
    let connection = Connection::open(&place.path).unwrap();
    let mut statement = connection.prepare("SELECT execution, generation FROM idempotency").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_latest_of_executions_without_a_row_is_found_once_and_written() {
    for mode in [Mode::Os, Mode::Disk] {
        let mut host = Host::new(mode);
        // More than nine, so that the order of their letters is another.
        for generation in 1..12 {
            run(&mut host, generation, generation == 11, Some(OPTIONS));
        }
        let place = host.leave();
        without_rows(&place);
        let mut host = Host::at(place, mode).0;
        assert_eq!(claim(&mut host, false), told(Claim::Join, 11, Some("completed")), "{mode:?}");
        assert_eq!(host.claim(HASH, "other", false).claim, Claim::Mismatch, "{mode:?}");
        let place = host.leave();
        assert_eq!(rows(&place), [(Keyed::execution_id(HASH, 11), 11)], "{mode:?}: written, so that it outlives the execution");
        // Now that it is written the executions may go.
        connect(&place.path).execute_batch("DELETE FROM execution").unwrap();
        let mut host = Host::at(place, mode).0;
        assert_eq!(claim(&mut host, true), told(Claim::Join, 11, Some("completed")), "{mode:?}");
    }
}

#[test]
fn an_older_build_that_ran_a_key_anew_leaves_a_row_of_before() {
    for mode in [Mode::Os, Mode::Disk] {
        let mut host = Host::new(mode);
        run(&mut host, 1, false, Some(OPTIONS));
        let place = host.leave();
        let before = rows(&place);
        let mut host = Host::at(place, mode).0;
        run(&mut host, 2, false, Some(OPTIONS));
        let place = host.leave();
        connect(&place.path).execute("UPDATE idempotency SET execution = ?1, generation = 1", [&before.first().unwrap().0]).unwrap();
        let mut host = Host::at(place, mode).0;
        assert_eq!(claim(&mut host, false), told(Claim::Join, 2, Some("failed")), "{mode:?}");
        assert_eq!(claim(&mut host, true), told(Claim::Begin(3), 3, Some("failed")), "{mode:?}");
    }
}

#[test]
fn an_older_build_that_saw_the_end_of_a_key_leaves_a_row_without_it() {
    let mut host = Host::new(Mode::Os);
    run(&mut host, 1, false, Some(OPTIONS));
    let place = host.leave();
    let connection = connect(&place.path);
    connection.execute_batch("UPDATE idempotency SET status = NULL, ended = NULL, until = NULL").unwrap();
    drop(connection);
    let mut host = Host::at(place, Mode::Os).0;
    assert_eq!(claim(&mut host, false), told(Claim::Join, 1, Some("failed")));
    assert_eq!(claim(&mut host, true), told(Claim::Begin(2), 2, Some("failed")));
}

#[test]
fn an_id_of_that_form_that_somebody_chose_is_taken_and_nobodys_key() {
    let mut host = Host::new(Mode::Os);
    run(&mut host, 1, true, None);
    run(&mut host, 4, true, Some(r#"{"tenant":"a"}"#));
    assert_eq!(claim(&mut host, false), told(Claim::Begin(5), 5, None));
    run(&mut host, 5, true, Some(OPTIONS));
    assert_eq!(claim(&mut host, false), told(Claim::Join, 5, Some("completed")));
}

#[test]
fn a_live_execution_of_an_older_build_is_its_keys() {
    for mode in [Mode::Os, Mode::Disk] {
        let mut host = Host::new(mode);
        let plan = plan(&json!([task("a", &[])]));
        host.driver.accept(&plan, Some("{}".to_owned()), Some(OPTIONS.to_owned()), Some(Keyed::execution_id(HASH, 2))).unwrap();
        host.advance();
        let place = host.leave();
        without_rows(&place);
        let (mut host, interrupted) = Host::at(place, mode);
        assert_eq!(claim(&mut host, true), told(Claim::Join, 2, None), "{mode:?}");
        let slot = interrupted.first().unwrap().slot;
        host.driver.resume(slot).unwrap();
        host.advance();
        host.complete(slot, 0, 1, "1");
        host.advance();
        assert_eq!(claim(&mut host, true), told(Claim::Join, 2, Some("completed")), "{mode:?}");
        host.driver.release(slot, false).unwrap();
        assert_eq!(claim(&mut host, false), told(Claim::Join, 2, Some("completed")), "{mode:?}");
        assert_eq!(rows(&host.leave()), [(Keyed::execution_id(HASH, 2), 2)], "{mode:?}");
    }
}
