// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A driver before a backend of three partitions elsewhere: acknowledgements that come late and in any order, an execution that is refused, a partition
//! that is lost, a backend that is away and comes back. What each comes to is in the head of `store/backend.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{Host, clock};
use crate::plans::{plan, task};
use crate::schedules;
use runtime::store::{Accepted, Batch, Cursor, MemoryStore, Partition, Script, Store as _};
use runtime::{Clock, SetClock, Statistics};
use serde_json::json;
use std::time::Duration;
use stdx::Timestamp;

/// An id in each of the partitions, with this beginning.
fn ids(beginning: &str) -> [String; 3] {
    [0, 1, 2].map(|wanted| (0..100).map(|n| format!("{beginning}{n}")).find(|id| Script::partition(id) == Partition::new(wanted)).unwrap())
}

fn accept(host: &mut Host, id: &str) -> u32 {
    host.driver.accept(&plan(&json!([task("a", &[]), task("b", &["a"])])), Some("{}".into()), None, Some(id.to_owned())).unwrap().slot
}

/// What leaves now, without waiting for anything.
fn leaves(host: &mut Host) -> Vec<String> {
    host.driver.flush().unwrap();
    host.driver.pull().unwrap();
    host.take()
}

/// Which records are there to follow, by id.
fn on_record(host: &Host) -> Vec<(String, u64)> {
    let records = host.driver.archive().unwrap().follow(&Cursor::default(), 1000).unwrap().records;
    let mut found: Vec<_> = records.into_iter().map(|one| (one.id.to_string(), one.record.unwrap().seq)).collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn counts(host: &Host) -> (usize, usize, usize, u64) {
    let Statistics { active, queued, running, completed, .. } = host.driver.statistics();
    (active, queued, running, completed)
}

#[test]
fn what_a_partition_owes_leaves_when_that_has_acknowledged_it_whatever_the_others_do() {
    let script = Script::default();
    let mut host = Host::scripted(&script);
    script.hold(Partition::new(0));
    script.hold(Partition::new(1));
    let slots = ids("x").map(|id| accept(&mut host, &id));
    assert_eq!(leaves(&mut host), ["2: accepted", "2: started", "2: run 0/1"]);
    host.complete(slots[2], 0, 1, "1");
    assert_eq!(leaves(&mut host), ["2: completed 0/1", "2: run 1/1"], "one that has little to wait for does not wait for others");
    assert!(!host.driver.is_settled());
    script.let_go(Partition::new(1));
    assert_eq!(leaves(&mut host), ["1: accepted", "1: started", "1: run 0/1"]);
    host.complete(slots[1], 0, 1, "1");
    host.complete(slots[2], 1, 1, "2");
    let mut left = leaves(&mut host);
    left.sort();
    assert_eq!(left, ["1: completed 0/1", "1: run 1/1", "2: completed 1/1", "2: ended 1"]);
    script.let_go(Partition::new(0));
    assert_eq!(leaves(&mut host), ["0: accepted", "0: started", "0: run 0/1"]);
    assert!(host.driver.is_settled());
    assert_eq!(counts(&host), (2, 1, 2, 1));
}

#[test]
fn what_waits_in_one_partition_leaves_in_the_order_it_happened_each_once() {
    let script = Script::default();
    let mut host = Host::scripted(&script);
    script.hold(Partition::new(0));
    let slot = accept(&mut host, &ids("x")[0]);
    assert_eq!(leaves(&mut host), [""; 0]);
    host.driver.pause(slot).unwrap();
    assert_eq!(leaves(&mut host), [""; 0]);
    host.driver.unpause(slot, false).unwrap();
    assert_eq!(leaves(&mut host), [""; 0]);
    script.let_go(Partition::new(0));
    assert_eq!(leaves(&mut host), ["0: accepted", "0: started", "0: run 0/1", "0: paused", "0: resumed"]);
    assert_eq!(leaves(&mut host), [""; 0]);
}

#[test]
fn an_execution_that_is_refused_is_let_go_of_and_the_others_of_its_batch_go_on() {
    let script = Script::default();
    let mut host = Host::scripted(&script);
    let [id, ..] = ids("x");
    let [other, ..] = ids("y");
    script.refuse(&id);
    script.hold(Partition::new(0));
    let (refused, good) = (accept(&mut host, &id), accept(&mut host, &other));
    assert_eq!(leaves(&mut host), [""; 0]);
    // What happens to it before that is known is let go of too.
    host.driver.cancel(refused, None, false).unwrap();
    assert_eq!(leaves(&mut host), [""; 0]);
    script.let_go(Partition::new(0));
    assert_eq!(
        leaves(&mut host),
        [format!("{refused}: let go of, refused"), "1: accepted".into(), "1: started".into(), "1: run 0/1".into()]
    );
    host.complete(refused, 0, 1, "late");
    host.complete(good, 0, 1, "1");
    assert_eq!(leaves(&mut host), ["1: completed 0/1", "1: run 1/1"]);
    assert_eq!(on_record(&host), [(other.clone(), 0), (other, 1)]);
    assert_eq!(counts(&host), (1, 0, 1, 0), "what was refused counts nowhere");
    // Its slot is free once the host has let go of it as well.
    host.driver.release(refused, false).unwrap();
    host.driver.recycle();
    assert_eq!(accept(&mut host, &ids("z")[1]), refused);
}

#[test]
fn a_partition_that_is_lost_takes_what_is_in_it_and_nothing_else() {
    let script = Script::default();
    let mut host = Host::scripted(&script);
    let [mine, lost, _] = ids("x");
    let [_, lost_too, _] = ids("y");
    let [kept, gone, waiting] = [&mine, &lost, &lost_too].map(|id| accept(&mut host, id));
    leaves(&mut host);
    script.hold(Partition::new(1));
    // On its way when the partition is lost.
    host.complete(gone, 0, 1, "1");
    host.complete(kept, 0, 1, "1");
    assert_eq!(leaves(&mut host), ["0: completed 0/1", "0: run 1/1"]);
    script.lose(Partition::new(1));
    assert_eq!(leaves(&mut host), [format!("{gone}: let go of, lost"), format!("{waiting}: let go of, lost")]);
    script.let_go(Partition::new(1));
    host.complete(gone, 1, 1, "late");
    host.driver.cancel(waiting, None, false).unwrap();
    assert_eq!(leaves(&mut host), [""; 0], "nothing of it leaves, whatever comes");
    assert!(host.driver.is_settled(), "and nothing of it is waited for");
    host.complete(kept, 1, 1, "2");
    assert_eq!(leaves(&mut host), ["0: completed 1/1", "0: ended 1"]);
    assert_eq!(on_record(&host), [(mine.clone(), 0), (mine.clone(), 1), (mine, 2), (lost, 0), (lost_too, 0)].map(|found| found).to_vec());
    assert_eq!(counts(&host), (0, 0, 0, 1));
}

#[test]
fn a_partition_that_another_process_had_is_taken_up_as_after_a_crash() {
    let script = Script::default();
    let mut host = Host::scripted(&script);
    let [_, lost, _] = ids("x");
    let gone = accept(&mut host, &lost);
    leaves(&mut host);
    script.lose(Partition::new(1));
    leaves(&mut host);
    let stored = host.driver.archive().unwrap().execution(&lost).unwrap().unwrap();
    script.give_back(Partition::new(1), vec![stored]);
    assert_eq!(leaves(&mut host), ["taken"]);
    assert_eq!((host.driver.groups().count(), host.driver.parked_in(0)), (1, vec![std::sync::Arc::from(&*lost)]));
    assert!(host.driver.take_taken().families.is_empty(), "it is a task of no other");
    let woken = host.driver.proceed(0, 10).unwrap().to_wake;
    assert!(woken.len() == 1 && woken[0] != gone, "the slot of what was let go of is still taken: {woken:?}");
    host.wake(woken[0]);
    host.driver.resume(woken[0]).unwrap();
    assert_eq!(leaves(&mut host), [format!("{}: run 0/1 after 1 interruptions", woken[0])]);
}

/// A takeover moved the clock of its whole process ahead, to where the other machine's had been: every deadline of the process came with it.
#[test]
fn a_machine_whose_clock_is_ahead_moves_only_the_execution_that_it_wrote() {
    let ([_, theirs, _], [own, ..]) = (ids("x"), ids("y"));
    let mut ahead = Host::scripted(&Script::default());
    accept(&mut ahead, &theirs);
    leaves(&mut ahead);
    let mut stored = ahead.driver.archive().unwrap().execution(&theirs).unwrap().unwrap();
    stored.key = 1000;
    stored.records.iter_mut().for_each(|record| (record.key, record.at) = (1000, record.at.after(Duration::from_hours(1))));
    let latest = stored.records.last().unwrap().at;
    let accepted = Accepted {
        key: stored.key,
        id: theirs.as_str().into(),
        plan: plan(&json!([task("a", &[]), task("b", &["a"])])),
        context: Some("{}".into()),
        options: None,
        at: stored.accepted,
    };
    let mut store = MemoryStore::default();
    store.commit(&mut [Batch { accepted: vec![accepted], records: stored.records.clone(), ..Batch::default() }]).unwrap();

    let script = Script::default();
    let mut host = Host::scripted_over(Box::new(store), &script, &clock());
    script.give_back(Partition::new(1), vec![stored]);
    assert_eq!(leaves(&mut host), ["taken"]);
    let woken = host.driver.proceed(0, 10).unwrap().to_wake[0];
    host.wake(woken);
    host.driver.resume(woken).unwrap();
    leaves(&mut host);
    host.complete(woken, 0, 1, "1");
    host.complete(woken, 1, 1, "2");
    accept(&mut host, &own);
    leaves(&mut host);
    assert!(host.driver.clock() < latest, "no clock was moved");
    let written = host.driver.archive().unwrap().execution(&theirs).unwrap().unwrap().records;
    assert!(!written.is_empty() && written.iter().all(|record| record.at == latest), "time does not go back in its journal: {written:?}");
    assert!(host.driver.archive().unwrap().execution(&own).unwrap().unwrap().records.iter().all(|record| record.at < latest));
}

#[test]
fn a_backend_that_is_away_for_a_reason_takes_nothing_new_until_it_is_back() {
    let script = Script::default();
    let mut host = Host::scripted(&script);
    let [first, second, third] = ids("x");
    accept(&mut host, &first);
    script.go_away_for(Some("no answer"));
    assert_eq!(leaves(&mut host), [""; 0]);
    let plan = plan(&json!([task("a", &[]), task("b", &["a"])]));
    let refused = host.driver.accept(&plan, Some("{}".into()), None, Some(second)).unwrap_err().to_string();
    assert!(refused.contains("no answer"), "{refused}");
    script.come_back();
    assert_eq!(leaves(&mut host), ["0: accepted", "0: started", "0: run 0/1"]);
    accept(&mut host, &third);
    assert_eq!(leaves(&mut host), ["1: accepted", "1: started", "1: run 0/1"]);
}

#[test]
fn a_schedule_of_a_lost_partition_begins_nothing_any_more() {
    let script = Script::default();
    let clock = SetClock::at(Timestamp::from_micros(1_800_000_000_000_000));
    let mut host = Host::scripted_by(&script, &Clock::set_by(clock.clone()));
    let ([lost, ..], [_, kept, _]) = (ids("s"), ids("t"));
    let fired_after = |host: &mut Host, seconds: u64| {
        clock.set(clock.read().after(Duration::from_secs(seconds)));
        host.driver.pull().unwrap();
        host.advance().into_iter().filter(|told| told.contains("fired by schedule")).count()
    };
    for id in [&lost, &kept] {
        host.driver.schedule(schedules::schedule(id, r#"{"every":1000}"#)).unwrap();
    }
    host.advance();
    assert_eq!(fired_after(&mut host, 1), 2);
    script.lose(Partition::new(0));
    assert_eq!(fired_after(&mut host, 1), 1, "that of another partition goes on");
    assert_eq!(fired_after(&mut host, 1), 1);
}

#[test]
fn a_backend_that_is_away_keeps_everything_until_it_is_back() {
    let script = Script::default();
    let mut host = Host::scripted(&script);
    let [first, second, third] = ids("x");
    let running = accept(&mut host, &first);
    leaves(&mut host);
    script.go_away();
    accept(&mut host, &second);
    host.complete(running, 0, 1, "1");
    assert_eq!(leaves(&mut host), [""; 0]);
    assert!(host.driver.is_settled(), "who closes does not wait for it");
    accept(&mut host, &third);
    assert_eq!(leaves(&mut host), [""; 0]);
    script.come_back();
    let mut left = leaves(&mut host);
    left.sort();
    let all = ["0: completed 0/1", "0: run 1/1", "1: accepted", "1: run 0/1", "1: started", "2: accepted", "2: run 0/1", "2: started"];
    assert_eq!(left, all);
    assert_eq!((leaves(&mut host), host.driver.is_settled()), (Vec::new(), true));
}

#[test]
fn everything_may_take_long() {
    let script = Script::slow(Duration::from_millis(20));
    let mut host = Host::scripted(&script);
    let slots = ids("x").map(|id| accept(&mut host, &id));
    assert_eq!(leaves(&mut host), [""; 0]);
    let begun = host.advance();
    assert_eq!(begun.iter().filter(|told| told.contains("run 0/1")).count(), 3);
    for (slot, task) in slots.into_iter().flat_map(|slot| [(slot, 0), (slot, 1)]) {
        host.complete(slot, task, 1, "1");
        host.advance();
    }
    assert_eq!(counts(&host), (0, 0, 0, 3));
    assert_eq!(on_record(&host).len(), 9);
}
