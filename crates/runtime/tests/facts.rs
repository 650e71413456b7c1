// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Facts are the fold over the journal: however it is cut into parts, whoever stops in between, and as `getExecution` tells it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on says so")]

#[path = "support/host.rs"]
#[expect(dead_code, reason = "what other tests need of it")]
mod host;
#[path = "support/plans.rs"]
mod plans;
#[path = "support/random.rs"]
mod random;

use engine::{Event, InstanceIndex, Output, Plan};
use host::{Host, Mode, Place, answer, clock, failure};
use plans::{plan, plan_of, task};
use random::Random;
use runtime::Looks;
use runtime::facts::{Follower, Keeping, Rollups, SummaryFilter, WaitingFor, catch_up, facts_of};
use runtime::store::{Archive as _, Cursor, SqliteReader};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Workflows with all that facts tell apart: retries, groups, loops, choices, waits, fallbacks, tolerated failures, models.
fn workflows() -> Vec<Arc<Plan>> {
    let retried = json!({ "id": "r", "name": "r", "agentId": "flaky", "retryPolicy": { "maxAttempts": 3, "initialDelay": 0 } });
    let fallen = json!({ "id": "f", "name": "f", "agentId": "flaky", "fallback": [{ "agentId": "spare" }, { "value": 1 }] });
    let tolerated = json!({ "id": "t", "name": "t", "agentId": "flaky", "onError": "continue" });
    let group = json!({ "id": "g", "name": "g", "type": "parallel", "tasks": [task("g1", &[]), task("g2", &[])] });
    let each = json!({ "id": "l", "name": "l", "type": "loop", "loop": { "forEach": [1, 2, 3], "concurrency": 2 }, "agentId": "agent" });
    let waiting = json!({ "id": "w", "name": "w", "waitFor": { "signal": "go" } });
    let lists = [
        vec![task("a", &[]), task("b", &[]), task("c", &["a", "b"])],
        vec![retried, task("after", &["r"])],
        vec![fallen, tolerated],
        vec![group, each],
        vec![waiting, task("after", &["w"])],
    ];
    lists.iter().enumerate().map(|(place, list)| plan_of(&format!("w{}", place % 4), &place.to_string(), &json!(list))).collect()
}

/// Plays so many random moves of a host: executions begin, attempts answer, signals and cancels come, models are called.
fn play(host: &mut Host, random: &mut Random, live: &mut Vec<u32>, moves: u32) {
    let workflows = workflows();
    for _ in 0..moves {
        if random.below(3) == 0 || live.is_empty() {
            let plan = &workflows[usize::try_from(random.below(workflows.len() as u64)).unwrap()];
            live.push(host.accept(plan).0);
        } else {
            let slot = random.pick(live).unwrap();
            act(host, random, slot);
        }
        host.try_advance().unwrap();
        live.retain(|slot| host.driver.execution(*slot).is_ok_and(|execution| execution.ended().is_none()));
    }
}

fn act(host: &mut Host, random: &mut Random, slot: u32) {
    let execution = host.driver.execution(slot).unwrap();
    let running: Vec<(u32, u32)> =
        execution.tasks().iter().filter(|(_, record)| record.is_running()).map(|(task, record)| (task.get(), record.attempts())).collect();
    match random.below(12) {
        0 => host.driver.cancel(slot, None, false).unwrap(),
        1 => host.driver.pause(slot).unwrap(),
        2 => host.driver.unpause(slot, false).unwrap(),
        3 => _ = host.driver.signal(slot, "go".into(), "1".into(), None, None),
        4 => {
            if let Some((task, attempt)) = random.pick(&running) {
                let (tokens, cost) = (random.below(100), random.below(1000));
                let call = json!({ "provider": "p", "model": "m", "usage": { "inputTokens": tokens }, "costNanos": cost });
                host.driver.called(slot, InstanceIndex::new(task), attempt, call.to_string().into()).unwrap();
            }
        }
        _ => {
            if let Some((task, attempt)) = random.pick(&running) {
                let is_bad = random.below(4) == 0;
                let result = if is_bad { Err(failure(task, attempt, random.below(2) == 0)) } else { Ok(Output::Json("1".into())) };
                host.driver.settle(slot, answer(task, attempt, result), Looks::default()).unwrap();
            }
        }
    }
}

/// Every row, with names for their numbers.
fn dump(facts: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let connection = rusqlite::Connection::open(facts).unwrap();
    let name = |column: &str| format!("(SELECT text FROM name WHERE number = {column})");
    let [workflow, version, tenant, error, own, agent, model, named] =
        ["workflow", "version", "tenant", "error", "task", "agent", "model", "name"].map(name);
    let tables = [
        (
            "execution",
            format!(
                "SELECT *, {workflow}, {version}, {tenant}, {error}, 0 AS workflow, 0 AS version, 0 AS tenant, 0 AS error FROM execution ORDER BY key"
            ),
        ),
        (
            "task",
            format!(
                "SELECT *, {own}, {agent}, {model}, {error}, 0 AS task, 0 AS agent, 0 AS model, 0 AS error FROM task ORDER BY execution, instance"
            ),
        ),
        ("wait", format!("SELECT *, {named}, 0 AS name FROM wait")),
        ("rollup", format!("SELECT *, {workflow}, {version}, {named}, 0 AS workflow, 0 AS version, 0 AS name FROM rollup")),
    ];
    let rows = |text: &str| {
        let mut statement = connection.prepare(text).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let numbered: Vec<&String> = columns.iter().rev().take_while(|column| !column.starts_with('(')).collect();
        let kept: Vec<usize> = (0..columns.len()).filter(|place| !numbered.contains(&&columns[*place])).collect();
        let read = statement.query_map([], |row| {
            let values: Vec<String> = kept.iter().map(|place| format!("{:?}", row.get_ref(*place).unwrap())).collect();
            Ok(values.join(" "))
        });
        let mut rows: Vec<String> = read.unwrap().map(Result::unwrap).collect();
        rows.sort_unstable();
        rows
    };
    tables.iter().map(|(table, text)| (*table, rows(text))).collect()
}

#[test]
fn facts_do_not_depend_on_how_the_journal_was_cut_or_who_stopped_in_between() {
    for seed in 0..24 {
        let mut random = Random(seed);
        let (mut host, mut live) = (Host::new(Mode::Os), Vec::new());
        let elsewhere = Place::new();
        let (sliced, whole) = (facts_of(&elsewhere.path), elsewhere.path.with_extension("whole"));
        for _ in 0..12 {
            play(&mut host, &mut random, &mut live, 12);
            // Another process each time: it has nothing in memory.
            let reader = SqliteReader::open(host.path()).unwrap();
            for _ in 0..random.below(4) {
                catch_up(&reader, &sliced, usize::try_from(1 + random.below(20)).unwrap()).unwrap();
            }
        }
        let reader = SqliteReader::open(host.path()).unwrap();
        while catch_up(&reader, &sliced, 7).unwrap() {}
        catch_up(&reader, &whole, usize::MAX).unwrap();
        let (sliced, whole) = (dump(&sliced), dump(&whole));
        for table in ["execution", "task", "wait", "rollup"] {
            assert!(table == "wait" || !whole[table].is_empty(), "seed {seed}: nothing to compare in `{table}`");
            assert_eq!(sliced[table], whole[table], "seed {seed}, `{table}`");
        }
    }
}

#[test]
fn facts_say_of_an_execution_and_of_its_tasks_what_its_report_says() {
    let (mut host, mut live, mut random) = (Host::new(Mode::Os), Vec::new(), Random(7));
    play(&mut host, &mut random, &mut live, 400);
    let reader = SqliteReader::open(host.path()).unwrap();
    let follower = Follower::start(host.driver.archive().unwrap().file().unwrap().unwrap(), clock(), Keeping::default()).unwrap();
    let page = summaries(&follower, &SummaryFilter { limit: 1000, ..SummaryFilter::default() });
    let connection = rusqlite::Connection::open(facts_of(host.path())).unwrap();
    let mut looked = 0;
    for summary in page["executions"].as_array().unwrap() {
        let stored = reader.execution(summary["id"].as_str().unwrap()).unwrap().unwrap();
        let report: Value = serde_json::from_str(&runtime::report::stored(&stored).unwrap()).unwrap();
        let report = &report["report"];
        assert_eq!(summary["status"], report["status"]);
        assert_eq!(summary["startedAt"].as_u64().unwrap_or(0), report["startedAt"].as_u64().unwrap());
        assert_eq!(summary["endedAt"].as_u64().unwrap_or(0), report["endedAt"].as_u64().unwrap());
        assert_eq!(summary["error"], report["error"]["code"]);
        assert_eq!(summary["cost"].as_u64().unwrap(), report["spent"]["costNanos"].as_u64().unwrap_or(0));
        assert_eq!(summary["usage"][0].as_u64().unwrap(), report["spent"]["inputTokens"].as_u64().unwrap_or(0));
        let rows: Vec<&Value> = report["tasks"].as_array().unwrap().iter().collect();
        let count = |state: u64| rows.iter().filter(|row| row[0] == state).count();
        assert_eq!(summary["tasks"], json!([rows.len(), count(3), count(4), count(5), count(6)]));
        assert_eq!(summary["attempts"].as_u64().unwrap(), rows.iter().map(|row| row[1].as_u64().unwrap()).sum::<u64>());
        assert_eq!(summary["records"].as_u64().unwrap(), stored.records.len() as u64);
        for (instance, row) in rows.iter().enumerate().filter(|(_, row)| row[0].as_u64().unwrap() >= 3) {
            let mut statement = connection
                .prepare_cached("SELECT outcome, attempts, start, ended, coalesce(path, (SELECT text FROM name WHERE number = task)) FROM task WHERE execution = ?1 AND instance = ?2")
                .unwrap();
            let found: (i64, i64, Option<i64>, i64, String) = statement
                .query_row((stored.key, i64::try_from(instance).unwrap()), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })
                .unwrap();
            let started = report["startedAt"].as_i64().unwrap();
            let instant = |value: &Value| value.as_i64().map(|after| started + after);
            let path = report["instances"][instance][1].as_str().map_or(found.4.clone(), str::to_owned);
            assert_eq!(
                (found.0 + 3, found.1, found.2, Some(found.3), found.4),
                (row[0].as_i64().unwrap(), row[1].as_i64().unwrap(), instant(&row[2]), instant(&row[3]), path)
            );
            looked += 1;
        }
    }
    assert!(looked > 100, "only {looked} tasks were looked at");
}

fn summaries(follower: &Follower, filter: &SummaryFilter) -> Value {
    serde_json::from_str(&follower.summaries(filter, Duration::from_secs(20)).unwrap()).unwrap()
}

fn ids(follower: &Follower, filter: SummaryFilter) -> Vec<String> {
    let filter = SummaryFilter { limit: 100, ..filter };
    let page = summaries(follower, &filter);
    page["executions"].as_array().unwrap().iter().map(|summary| summary["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_caller_sees_what_was_committed_before_the_call_and_pages_have_each_execution_once() {
    let mut host = Host::new(Mode::Os);
    let follower = Follower::start(host.driver.archive().unwrap().file().unwrap().unwrap(), clock(), Keeping::default()).unwrap();
    let plan = plan(&json!([task("a", &[])]));
    let mut expected = Vec::new();
    for count in 1..=25 {
        let (slot, id) = host.accept(&plan);
        host.advance();
        if count % 2 == 0 {
            host.complete(slot, 0, 1, "1");
            host.advance();
        }
        expected.insert(0, id.to_string());
        assert_eq!(ids(&follower, SummaryFilter::default()), expected);
    }
    for by_prefix in [false, true] {
        let mut cursor = None;
        let mut seen = Vec::new();
        loop {
            let id_prefix = by_prefix.then(String::new);
            let page = summaries(&follower, &SummaryFilter { limit: 4, cursor: cursor.take(), id_prefix, ..SummaryFilter::default() });
            seen.extend(page["executions"].as_array().unwrap().iter().map(|summary| summary["id"].as_str().unwrap().to_owned()));
            cursor = page["cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "by prefix: {by_prefix}");
    }
    let running = ids(&follower, SummaryFilter { status: Some("running".to_owned()), ..SummaryFilter::default() });
    assert_eq!(running.len(), 13);
}

#[test]
fn an_execution_is_found_by_what_it_waits_for_until_that_comes() {
    let mut host = Host::new(Mode::Os);
    let follower = Follower::start(host.driver.archive().unwrap().file().unwrap().unwrap(), clock(), Keeping::default()).unwrap();
    let waiting = |signal: &str| plan_of(signal, "1", &json!([{ "id": "w", "name": "w", "waitFor": { "signal": signal } }]));
    let (go, go_id) = host.accept(&waiting("go"));
    let (_, other_id) = host.accept(&waiting("other"));
    let (_, delayed) = host.accept(&plan(&json!([{ "id": "w", "name": "w", "waitFor": { "delay": "1h" } }])));
    host.advance();
    let found = |waiting_for| ids(&follower, SummaryFilter { waiting_for: Some(waiting_for), ..SummaryFilter::default() });
    assert_eq!(found(WaitingFor::Signal(None)), [other_id.to_string(), go_id.to_string()]);
    assert_eq!(found(WaitingFor::Signal(Some("go".to_owned()))), [go_id.to_string()]);
    assert_eq!(found(WaitingFor::Timer), [delayed.to_string()]);
    host.driver.signal(go, "go".into(), "1".into(), None, None).unwrap();
    host.advance();
    assert_eq!(found(WaitingFor::Signal(None)), [other_id.to_string()]);
    assert_eq!(found(WaitingFor::Signal(Some("go".to_owned()))), [""; 0]);
    assert_eq!(found(WaitingFor::Agent(None)), [""; 0]);
}

#[test]
fn facts_that_are_damaged_absent_or_of_another_store_are_made_anew() {
    let (mut host, mut live, mut random) = (Host::new(Mode::Os), Vec::new(), Random(3));
    play(&mut host, &mut random, &mut live, 60);
    let facts = facts_of(host.path());
    let reader = SqliteReader::open(host.path()).unwrap();
    catch_up(&reader, &facts, usize::MAX).unwrap();
    let expected = dump(&facts);
    let overwritten = |bytes: &[u8]| std::fs::write(&facts, bytes).unwrap();
    let spoilt: [&dyn Fn(); 4] = [
        &|| std::fs::remove_file(&facts).unwrap(),
        &|| {
            overwritten(
                b"not a database, and longer than the header of one would be: it says nothing at all, over and over again, to be sure.",
            );
        },
        &|| overwritten(b""),
        &|| {
            let connection = rusqlite::Connection::open(&facts).unwrap();
            connection.execute_batch("PRAGMA user_version = 77;").unwrap();
        },
    ];
    for (case, spoil) in spoilt.iter().enumerate() {
        spoil();
        catch_up(&reader, &facts, usize::MAX).unwrap();
        assert_eq!(dump(&facts), expected, "case {case}");
    }
    let (mut other, mut live) = (Host::new(Mode::Os), Vec::new());
    play(&mut other, &mut random, &mut live, 30);
    let reader = SqliteReader::open(other.path()).unwrap();
    catch_up(&reader, &facts, usize::MAX).unwrap();
    let alone = facts_of(other.path());
    catch_up(&reader, &alone, usize::MAX).unwrap();
    assert_eq!(dump(&facts), dump(&alone), "of the one store nothing is left in the facts of the other");
}

#[test]
fn facts_of_a_deleted_execution_go_and_its_hours_keep_what_they_had_even_when_facts_are_made_anew() {
    let mut host = Host::new(Mode::Os);
    let plan = plan(&json!([task("a", &[])]));
    for _ in 0..3 {
        let (slot, _) = host.accept(&plan);
        host.advance();
        host.complete(slot, 0, 1, "1");
        host.advance();
    }
    let facts = facts_of(host.path());
    let reader = SqliteReader::open(host.path()).unwrap();
    catch_up(&reader, &facts, usize::MAX).unwrap();
    let before = dump(&facts);
    let store = rusqlite::Connection::open(host.path()).unwrap();
    store.execute_batch("DELETE FROM journal WHERE execution = 2; DELETE FROM execution WHERE key = 2;").unwrap();
    catch_up(&reader, &facts, usize::MAX).unwrap();
    let after = dump(&facts);
    assert_eq!((before["execution"].len(), after["execution"].len(), after["task"].len()), (3, 2, 2));
    assert_eq!(after["rollup"], before["rollup"]);
    // The store was put back as of another day: facts begin anew.
    rusqlite::Connection::open(&facts).unwrap().execute_batch("UPDATE state SET seq = 77;").unwrap();
    catch_up(&reader, &facts, usize::MAX).unwrap();
    assert_eq!(dump(&facts), after);
    let (slot, _) = host.accept(&plan);
    host.advance();
    host.complete(slot, 0, 1, "1");
    host.advance();
    catch_up(&reader, &facts, usize::MAX).unwrap();
    let connection = rusqlite::Connection::open(&facts).unwrap();
    let ended: i64 = connection.query_row("SELECT sum(ended) FROM rollup WHERE subject = 0", [], |row| row.get(0)).unwrap();
    assert_eq!(ended, 4, "what comes after that counts in such an hour too");
}

#[test]
fn a_record_that_cannot_be_read_spoils_its_execution_alone() {
    let (mut host, plan) = (Host::new(Mode::Os), plan(&json!([task("a", &[]), task("b", &["a"])])));
    let slots: Vec<u32> = (0..3).map(|_| host.accept(&plan).0).collect();
    host.advance();
    for slot in slots {
        host.complete(slot, 0, 1, "1");
        host.advance();
    }
    let store = rusqlite::Connection::open(host.path()).unwrap();
    store.execute("UPDATE journal SET body = '{' WHERE execution = 2 AND seq = 1", []).unwrap();
    let follower = Follower::start(host.driver.archive().unwrap().file().unwrap().unwrap(), clock(), Keeping::default()).unwrap();
    let page = summaries(&follower, &SummaryFilter { limit: 10, ..SummaryFilter::default() });
    let status: Vec<&Value> = page["executions"].as_array().unwrap().iter().map(|summary| &summary["status"]).collect();
    assert_eq!(status, ["running", "damaged", "running"]);
}

#[test]
fn whoever_cannot_be_answered_in_time_hears_how_far_facts_are() {
    let mut host = Host::new(Mode::Os);
    host.accept(&plan(&json!([task("a", &[])])));
    host.advance();
    // Somebody keeps facts from being written.
    let facts = facts_of(host.path());
    std::fs::create_dir(&facts).unwrap();
    let follower = Follower::start(host.driver.archive().unwrap().file().unwrap().unwrap(), clock(), Keeping::default()).unwrap();
    let error = follower.summaries(&SummaryFilter::default(), Duration::from_millis(50)).unwrap_err().to_string();
    assert!(error.starts_with("the summaries of executions are 1 records behind what is on record"), "{error}");
    std::fs::remove_dir(&facts).unwrap();
    assert_eq!(ids(&follower, SummaryFilter::default()).len(), 1);
}

/// The next alert, and whether it begins.
fn next_alert(host: &mut Host) -> (&'static str, bool) {
    for _ in 0..4000 {
        host.advance();
        if let Some(alert) = host.driver.take_alerts().pop() {
            assert!(alert.begins || alert.description.contains("caught up"), "{}", alert.description);
            return (alert.rule.name, alert.begins);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    unreachable!("no alert within 20 s")
}

#[test]
fn people_are_told_of_facts_that_stay_behind_and_when_they_have_caught_up() {
    let mut host = Host::new(Mode::Os);
    host.accept(&plan(&json!([task("a", &[])])));
    host.advance();
    let facts = facts_of(host.path());
    std::fs::create_dir(&facts).unwrap();
    let keeping = Keeping { behind: Duration::ZERO, ..Keeping::default() };
    let follower = Follower::start(host.driver.archive().unwrap().file().unwrap().unwrap(), clock(), keeping).unwrap();
    assert_eq!(next_alert(&mut host), ("store:facts-behind", true));
    std::fs::remove_dir(&facts).unwrap();
    assert_eq!(ids(&follower, SummaryFilter::default()).len(), 1);
    assert_eq!(next_alert(&mut host), ("store:facts-behind", false));
}

#[test]
fn roll_ups_are_kept_for_as_long_as_is_asked() {
    let mut host = Host::new(Mode::Os);
    let (slot, _) = host.accept(&plan(&json!([task("a", &[])])));
    host.advance();
    host.complete(slot, 0, 1, "1");
    host.advance();
    let facts = facts_of(host.path());
    catch_up(&SqliteReader::open(host.path()).unwrap(), &facts, usize::MAX).unwrap();
    let hours = || -> Vec<i64> {
        let connection = rusqlite::Connection::open(&facts).unwrap();
        let mut statement = connection.prepare("SELECT DISTINCT hour FROM rollup ORDER BY hour").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let [now] = hours()[..] else { unreachable!("one task was done in one hour") };
    let connection = rusqlite::Connection::open(&facts).unwrap();
    for before in [3, 30] {
        let columns = "subject, workflow, version, name, hour - ?1, ended, completed, failed, skipped, cancelled, attempts, interruptions, duration, wait,
            run, input, output, cache_read, cache_write, reasoning, cost, calls, requests, unpriced, completed_cost, completed_unpriced, failed_cost, failed_unpriced,
            durations, waits";
        connection.execute(&format!("INSERT INTO rollup SELECT {columns} FROM rollup WHERE hour = ?2"), [before, now]).unwrap();
    }
    drop(connection);
    assert_eq!(hours(), [now - 30, now - 3, now]);
    let keeping = Keeping { rollups: Rollups::For(Duration::from_hours(24)), ..Keeping::default() };
    let follower = Follower::start(host.driver.archive().unwrap().file().unwrap().unwrap(), clock(), keeping).unwrap();
    ids(&follower, SummaryFilter::default());
    assert_eq!(hours(), [now - 3, now]);
}

#[test]
fn every_event_is_folded() {
    // What is followed here is what `stores.rs` follows; an event that breaks the machine would be a damaged execution.
    let (mut host, mut live, mut random) = (Host::new(Mode::Os), Vec::new(), Random(11));
    play(&mut host, &mut random, &mut live, 600);
    let reader = SqliteReader::open(host.path()).unwrap();
    let followed = reader.follow(&Cursor::default(), usize::MAX).unwrap().records;
    let events: Vec<Event> = followed.into_iter().flat_map(|one| one.record.unwrap().events).collect();
    let some = |is: fn(&Event) -> bool| events.iter().any(is);
    assert!(some(|event| matches!(event, Event::FallbackTaken { .. })) && some(|event| matches!(event, Event::ModelCalled { .. })));
    assert!(some(|event| matches!(event, Event::RetryScheduled { .. })) && some(|event| matches!(event, Event::PassStarted { .. })));
    let facts = facts_of(host.path());
    catch_up(&reader, &facts, usize::MAX).unwrap();
    let damaged: i64 = rusqlite::Connection::open(&facts)
        .unwrap()
        .query_row("SELECT count(*) FROM execution WHERE status = 6", [], |row| row.get(0))
        .unwrap();
    assert_eq!(damaged, 0);
    assert_eq!(Timestamp::default().micros(), 0);
}
