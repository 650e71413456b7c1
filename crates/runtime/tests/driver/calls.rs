// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the host of a driver can rely on, over memory and over a file at both durabilities.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on says so")]

use crate::host::{self, FILES, Host, MODES, Mode, words};
use crate::plans::{plan, plan_of, task};
use crate::random::Random;
use alphabet::Effect;
use alphabet::execution::{self, Kind};
use runtime::{Error, Number, SetClock, Statistics};
use serde_json::{Value, json};
use stdx::Timestamp;

/// `a`, then `b`.
fn chain() -> Value {
    json!([task("a", &[]), task("b", &["a"])])
}

/// One task that is tried twice, `delay` apart.
fn retried(delay: &str) -> Value {
    json!([{ "id": "a", "name": "a", "agentId": "agent", "retryPolicy": { "maxAttempts": 2, "backoffType": "fixed", "initialDelay": delay } }])
}

// Order and the moment of leaving

#[test]
fn effects_leave_in_the_order_of_the_journal() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&chain()));
        assert_eq!(host.advance(), ["0: accepted", "0: started", "0: run 0/1"], "{mode:?}");
        host.complete(slot, 0, 1, "1");
        assert_eq!(host.advance(), ["0: completed 0/1", "0: run 1/1"], "{mode:?}");
        host.complete(slot, 1, 1, "2");
        assert_eq!(host.advance(), ["0: completed 1/1", "0: ended 1"], "{mode:?}");
        assert_eq!(host.advance(), [""; 0], "{mode:?}");
        host.driver.close().unwrap();
    }
}

#[test]
fn nothing_leaves_before_it_is_flushed() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&chain()));
        assert_eq!(host.take(), [""; 0], "{mode:?}");
        host.advance();
        host.complete(slot, 0, 1, "1");
        host.driver.cancel(slot, None, false).unwrap();
        assert_eq!(host.take(), [""; 0], "{mode:?}");
        assert_eq!(host.advance(), ["0: completed 0/1", "0: run 1/1", "0: cancelling", "0: abort 1/1 for 5"], "{mode:?}");
    }
}

#[test]
fn at_disk_nothing_leaves_before_the_acknowledgement_that_wakes_the_host() {
    let mut host = Host::new(Mode::Disk);
    host.accept(&plan(&chain()));
    host.driver.flush().unwrap();
    assert!(host.is_woken());
    assert_eq!(host.take(), [""; 0], "only a pull brings what another thread has done");
    assert!(!host.driver.is_settled());
    host.driver.pull().unwrap();
    assert!(host.driver.is_settled());
    assert_eq!(host.take(), ["0: accepted", "0: started", "0: run 0/1"]);
}

#[test]
fn one_flush_carries_many_executions() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let plan = plan(&chain());
        let ids: Vec<_> = (0..20).map(|_| host.accept(&plan)).collect();
        assert_eq!(host.advance().len(), 60, "{mode:?}");
        for task in 0..2 {
            for (slot, _) in ids.iter().rev() {
                host.complete(*slot, task, 1, &format!("[{slot},{task}]"));
            }
            let told = host.advance();
            assert_eq!(told.first(), Some(&format!("19: completed {task}/1")), "{mode:?}");
            assert_eq!(told.len(), 40, "{mode:?}");
        }
        assert_eq!(host.driver.statistics(), Statistics { completed: 20, ..Statistics::default() }, "{mode:?}");
        for (slot, id) in ids.iter().filter(|_| mode != Mode::Memory) {
            let stored = host.stored(id);
            let seqs: Vec<u64> = stored.records.iter().map(|record| record.seq).collect();
            assert_eq!(seqs, [0, 1, 2], "{mode:?}: no gap");
            assert!(
                stored
                    .records
                    .iter()
                    .zip(stored.records.iter().skip(1))
                    .all(|(one, next)| one.at < next.at && one.at <= next.previous_committed)
            );
            let report = runtime::report::stored(&stored).unwrap();
            assert!(report.ends_with(&format!(r#""outputs":{{"0":[{slot},0],"1":[{slot},1]}}}}"#)), "{report}");
        }
    }
}

#[test]
fn steps_of_one_call_share_a_record() {
    let mut host = Host::new(Mode::Os);
    let (slot, id) = host.accept(&plan(&chain()));
    host.complete(slot, 0, 1, "1");
    host.complete(slot, 1, 1, "2");
    assert_eq!(
        host.advance(),
        ["0: accepted", "0: started", "0: run 0/1", "0: completed 0/1", "0: run 1/1", "0: completed 1/1", "0: ended 1"]
    );
    assert_eq!(host.stored(&id).records.len(), 1);
}

#[test]
fn answers_are_not_recorded_as_earlier_than_they_were_measured() {
    let mut host = Host::new(Mode::Os);
    let (slot, id) = host.accept(&plan(&chain()));
    host.advance();
    let ahead = host::clock().read().after(std::time::Duration::from_millis(3));
    host.driver.not_before(ahead);
    host.complete(slot, 0, 1, "1");
    host.advance();
    host.complete(slot, 1, 1, "1");
    host.advance();
    let instants: Vec<Timestamp> = host.stored(&id).records.iter().map(|record| record.at).collect();
    assert!(instants[1] >= ahead && instants[2] > instants[1], "{instants:?}");
}

// Slots, versions, answers that come late

#[test]
fn a_slot_is_used_again_once_its_execution_has_ended_and_is_released() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let plan = plan(&json!([task("a", &[])]));
        let (slot, first) = host.accept(&plan);
        host.advance();
        host.driver.release(slot, false).unwrap();
        assert_eq!(host.accept(&plan).0, 1, "{mode:?}: the first still runs");
        host.complete(slot, 0, 1, "1");
        host.advance();
        host.driver.release(slot, false).unwrap();
        assert!(matches!(host.driver.release(slot, false), Err(Error::NoSuchSlot { slot: 0 })), "{mode:?}");
        assert!(matches!(host.driver.report(slot), Err(Error::NoSuchSlot { slot: 0 })), "{mode:?}");
        // The host may still hold answers for the slot: it is another's only when it has given what it had.
        host.driver.recycle();
        let (again, second) = host.accept(&plan);
        assert_eq!(again, slot, "{mode:?}");
        assert_ne!(first, second, "{mode:?}");
        assert_eq!(host.advance(), ["0: accepted", "0: started", "0: run 0/1"], "{mode:?}");
        assert_eq!(host.history(again, None).len(), 3, "{mode:?}: nothing of the one before");
        host.complete(again, 0, 1, "1");
        host.advance();
        host.driver.release(again, false).unwrap();
        assert_ne!(host.accept(&plan).0, again, "{mode:?}: not before the host has given its answers");
    }
}

#[test]
fn a_version_means_one_thing_while_it_runs() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (one, other) = (plan_of("w", "1", &json!([task("a", &[])])), plan_of("w", "1", &chain()));
        let (slot, first) = host.accept(&one);
        let (second, latter) = host.accept(&one);
        for _ in 0..2 {
            let error = host.driver.accept(&other, None, None, None).unwrap_err();
            let Error::DefinitionChanged { workflow, version, executions, schedules } = &error else { panic!("{mode:?}: {error}") };
            assert_eq!((&**workflow, &**version, schedules.len()), ("w", "1", 0), "{mode:?}");
            assert_eq!(executions.iter().map(|id| &**id).collect::<Vec<_>>(), [&*first, &*latter], "{mode:?}");
            let (listed, call) = (format!("executions `{first}`, `{latter}`;"), format!("await cancelExecution('{first}')"));
            assert!(error.to_string().contains(&listed) && error.to_string().contains(&call), "{mode:?}: {error}");
        }
        host.driver.accept(&plan_of("w", "2", &chain()), None, None, None).unwrap();
        host.driver.accept(&plan_of("v", "1", &chain()), None, None, None).unwrap();
        host.complete(slot, 0, 1, "1");
        host.driver.accept(&other, None, None, None).unwrap_err();
        host.driver.cancel(second, None, false).unwrap();
        host.fail(second, 0, 1, false);
        host.driver.accept(&other, None, None, None).unwrap();
        assert_eq!(host.driver.statistics().active, 3, "{mode:?}: what was refused does not count");
        host.advance();
    }
}

#[test]
fn an_interrupted_execution_holds_its_version() {
    for mode in FILES {
        let mut host = Host::new(mode);
        host.accept(&plan(&json!([task("a", &[])])));
        host.advance();
        let (mut host, interrupted) = host.reopen(mode);
        assert!(matches!(host.driver.accept(&plan(&chain()), None, None, None), Err(Error::DefinitionChanged { .. })), "{mode:?}");
        host.driver.cancel(interrupted[0].slot, None, false).unwrap();
        host.fail(interrupted[0].slot, 0, 1, false);
        host.driver.accept(&plan(&chain()), None, None, None).unwrap();
    }
}

#[test]
fn a_late_answer_is_counted_and_changes_nothing() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&chain()));
        host.advance();
        host.complete(slot, 0, 1, "1");
        host.complete(slot, 0, 1, "2");
        host.fail(slot, 1, 2, true);
        host.complete(slot, 99, 1, "3");
        assert_eq!(host.advance(), ["0: completed 0/1", "0: run 1/1"], "{mode:?}");
        assert_eq!(host.driver.statistics().late_answers, 3, "{mode:?}");
        host.complete(slot, 1, 1, "1");
        host.complete(slot, 1, 1, "1");
        host.advance();
        assert_eq!(host.driver.statistics().late_answers, 4, "{mode:?}: after the end");
        host.driver.release(slot, false).unwrap();
        assert_eq!(host.driver.statistics().late_answers, 4, "{mode:?}: released");
        host.complete(slot, 1, 1, "1");
        assert_eq!(host.driver.statistics().late_answers, 5, "{mode:?}: after the release");
        assert_eq!(host.advance(), [""; 0], "{mode:?}");
    }
}

#[test]
fn a_slot_that_holds_nothing_is_named() {
    let mut host = Host::new(Mode::Memory);
    let no_such_slot = |result: Result<(), Error>| assert!(matches!(result, Err(Error::NoSuchSlot { slot: 7 })));
    no_such_slot(host.driver.cancel(7, None, false));
    no_such_slot(host.driver.resume(7));
    no_such_slot(host.driver.release(7, false).map(drop));
    no_such_slot(host.driver.report(7).map(drop));
    no_such_slot(host.driver.on_record(7).map(drop));
    assert_eq!(host.advance(), [""; 0]);
}

// What has been, read back

fn told(effect: &Effect) -> execution::Effect {
    *effect.execution().unwrap()
}

/// Everything an execution announces, except what only a running agent could use.
fn announced(effects: &[Effect]) -> Vec<Effect> {
    effects.iter().copied().filter(|effect| !matches!(told(effect).kind, Kind::Abort { .. })).collect()
}

#[test]
fn history_is_what_left() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let mut tasks = retried("0ms");
        tasks.as_array_mut().unwrap().extend([task("b", &["a"]), task("c", &["b"]), task("d", &[])]);
        let (slot, _) = host.accept(&plan(&tasks));
        host.advance();
        host.fail(slot, 0, 1, true);
        host.wait_for("0: run 0/2");
        host.complete(slot, 0, 2, "1");
        host.advance();
        host.fail(slot, 1, 1, false);
        host.advance();
        assert!(host.effects.iter().any(|effect| matches!(told(effect).kind, Kind::Abort { .. })), "{mode:?}");
        host.complete(slot, 3, 1, "4");
        host.advance();
        assert_eq!(host.effects.last().map(|effect| told(effect).kind), Some(Kind::Ended { status: 2 }), "{mode:?}");
        let all = announced(&host.effects);
        assert_eq!(host.history(slot, None), all, "{mode:?}");
        // Numbers only grow, and what follows any of them is found by it.
        assert!(all.windows(2).all(|pair| told(&pair[0]).number <= told(&pair[1]).number), "{mode:?}");
        for effect in &all {
            let later: Vec<Effect> = all.iter().copied().filter(|other| told(other).number > told(effect).number).collect();
            assert_eq!(host.history(slot, Some(Number::from_u64(told(effect).number))), later, "{mode:?}");
        }
    }
}

/// A listener that came late heard `task:started` twice, once more for each interruption, and nothing at all before the first commit after
/// a restart.
#[test]
fn history_reaches_back_before_an_interruption() {
    for mode in FILES {
        let mut host = Host::new(mode);
        host.accept(&plan(&chain()));
        host.advance();
        let mut effects = std::mem::take(&mut host.effects);
        for interruptions in 1..=2_u64 {
            let (next, interrupted) = host.reopen(mode);
            host = next;
            let slot = interrupted[0].slot;
            assert_eq!(host.history(slot, None), effects, "{mode:?}: before it is resumed");
            host.driver.resume(slot).unwrap();
            assert_eq!(host.history(slot, None), effects, "{mode:?}: before it is committed");
            host.advance();
            effects.append(&mut host.effects);
            assert_eq!(effects.last().map(|effect| told(effect).kind), Some(Kind::Run { interruptions, instance: 0 }));
            assert_eq!(host.history(slot, None), effects, "{mode:?}");
        }
    }
}

#[test]
fn history_holds_nothing_that_is_not_committed() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&chain()));
        assert_eq!(host.history(slot, None), [], "{mode:?}");
        host.advance();
        host.complete(slot, 0, 1, "1");
        assert_eq!(host.history(slot, None).len(), 3, "{mode:?}");
    }
}

#[test]
fn the_failure_of_each_attempt_is_known_while_it_is_told() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&retried("0ms")));
        host.advance();
        host.fail(slot, 0, 1, true);
        host.wait_for("0: run 0/2");
        host.fail(slot, 0, 2, false);
        host.advance();
        let failed = host.effects.iter().map(told).filter(|effect| matches!(effect.kind, Kind::Retrying { .. } | Kind::Failed { .. }));
        let expected: Vec<_> =
            failed.map(|effect| (Number::from_u64(effect.number), host::failure(0, effect.attempt, effect.attempt == 1).into())).collect();
        assert_eq!((expected.len(), &host.failures), (2, &expected), "{mode:?}: as the effects are taken");
        assert_eq!(host.read(slot, None).1, expected, "{mode:?}: and from the journal");
        host.advance();
        assert!(expected.iter().all(|(number, _)| host.driver.failure(slot, *number).is_none()), "{mode:?}: what is done is forgotten");
    }
}

// Stopping and time

#[test]
fn a_cancelled_execution_waits_for_what_runs() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&json!([task("a", &[]), task("b", &[]), task("c", &["a"])])));
        host.advance();
        host.driver.cancel(slot, Some("enough \"said\"".into()), false).unwrap();
        host.driver.cancel(slot, Some("again".into()), false).unwrap();
        assert_eq!(host.advance(), ["0: cancelling", "0: abort 0/1 for 5", "0: abort 1/1 for 5"], "{mode:?}");
        host.complete(slot, 0, 1, "1");
        assert_eq!(host.advance(), ["0: completed 0/1", "0: cancelled 2 for 2"], "{mode:?}");
        host.fail(slot, 1, 1, true);
        assert_eq!(host.advance(), ["0: cancelled 1 for 2", "0: ended 3"], "{mode:?}");
        let report: Value = serde_json::from_str(&host.driver.report(slot).unwrap()).unwrap();
        assert_eq!((&report["status"], &report["reason"]), (&json!("cancelled"), &json!("enough \"said\"")), "{mode:?}");
        host.driver.cancel(slot, None, false).unwrap();
        assert_eq!(host.advance(), [""; 0], "{mode:?}: what has ended stays as it is");
        assert_eq!(host.driver.statistics(), Statistics { cancelled: 1, ..Statistics::default() }, "{mode:?}");
    }
}

#[test]
fn by_a_clock_that_is_set_the_next_deadline_is_never_void() {
    let clock = SetClock::at(Timestamp::from_micros(1_000_000));
    let mut host = Host::timed(&clock);
    let waits = json!({ "id": "b", "name": "b", "dependencies": ["a"], "waitFor": { "delay": "1h" } });
    let tasks = json!([{ "id": "a", "name": "a", "agentId": "agent", "timeout": "20s", "dependencies": [] }, waits]);
    let (slot, _) = host.accept(&plan(&tasks));
    host.advance();
    let since = |host: &Host| host.driver.next_deadline().map(|at| at.since(Timestamp::from_micros(1_000_000)).as_secs());
    assert_eq!(since(&host), Some(20));
    host.complete(slot, 0, 1, "1");
    host.advance();
    assert_eq!(since(&host), Some(3600), "the timeout of `a` is void");
    clock.set(host.driver.next_deadline().unwrap());
    host.driver.pull().unwrap();
    assert_eq!(host.advance(), ["0: completed 1/0", "0: ended 1"]);
    assert_eq!(since(&host), None);
}

#[test]
fn a_task_that_takes_too_long_is_told_to_stop() {
    for mode in MODES {
        let mut host = Host::new(mode);
        assert_eq!(host.driver.next_deadline(), None);
        let tasks = json!([{ "id": "a", "name": "a", "agentId": "agent", "timeout": "20ms" }]);
        let (slot, _) = host.accept(&plan(&tasks));
        host.advance();
        // A disk may take longer over one commit than the timeout: then it has left already.
        host.wait_for("0: abort 0/1 for 1");
        host.complete(slot, 0, 1, "1");
        assert_eq!(host.advance(), ["0: failed 0/1", "0: ended 2"], "{mode:?}");
        let (_, failure) = &host.failures[0];
        assert_eq!((&*failure.code, failure.retryable), ("ERR_TIMEOUT", true), "{mode:?}");
    }
}

#[test]
fn a_task_is_tried_again_when_its_delay_is_over() {
    for mode in MODES {
        let mut host = Host::new(mode);
        let (slot, _) = host.accept(&plan(&retried("20ms")));
        host.advance();
        host.fail(slot, 0, 1, true);
        host.advance();
        host.wait_for("0: run 0/2");
        let [.., retrying, run] = host.effects.as_slice() else { panic!("{mode:?}") };
        assert!(run.at() - retrying.at() >= 20_000, "{mode:?}");
    }
}

#[test]
fn the_deadline_of_a_slot_does_not_wake_the_execution_that_uses_it_next() {
    let mut host = Host::new(Mode::Memory);
    let hasty = plan_of("hasty", "1", &json!([{ "id": "a", "name": "a", "agentId": "agent", "timeout": "20ms" }]));
    let (slot, _) = host.accept(&hasty);
    host.advance();
    host.complete(slot, 0, 1, "1");
    host.advance();
    host.driver.release(slot, false).unwrap();
    host.driver.recycle();
    assert_eq!(host.accept(&plan(&chain())).0, slot);
    host.advance();
    std::thread::sleep(std::time::Duration::from_millis(25));
    host.driver.pull().unwrap();
    assert_eq!(host.advance(), [""; 0]);
}

// Counting

/// What the statistics should be, counted from the reports of the executions that are there.
fn counted(host: &Host, slots: &[u32]) -> (usize, usize, usize) {
    let mut counts = (0, 0, 0);
    for slot in slots {
        let report: Value = serde_json::from_str(&host.driver.report(*slot).unwrap()).unwrap();
        counts.0 += usize::from(report["status"] == "running");
        for task in report["tasks"].as_array().unwrap() {
            match task[0].as_u64().unwrap() {
                0 | 1 => counts.1 += 1,
                2 => counts.2 += 1,
                _ => {}
            }
        }
    }
    counts
}

#[test]
fn statistics_add_up_whatever_happens() {
    for seed in 0..24 {
        let mode = MODES[usize::try_from(seed).unwrap() % 2];
        let (mut random, mut host) = (Random(seed), Host::new(mode));
        let mut tasks = retried("0ms");
        tasks.as_array_mut().unwrap().extend([task("b", &[]), task("c", &["a", "b"]), task("d", &["c"]), task("e", &["b"])]);
        let plan = plan(&tasks);
        let (mut slots, mut running, mut accepted) = (Vec::new(), Vec::new(), 0);
        for _ in 0..120 {
            match random.below(12) {
                0 | 1 => {
                    slots.push(host.accept(&plan).0);
                    accepted += 1;
                }
                2 => {
                    if let Some(slot) = random.pick(&slots) {
                        host.driver.cancel(slot, None, false).unwrap();
                    }
                }
                3..=8 => {
                    let Some((slot, task, attempt)) = random.pick(&running) else { continue };
                    match random.below(6) {
                        0 => host.fail(slot, task, attempt, true),
                        1 => host.fail(slot, task, attempt, false),
                        _ => host.complete(slot, task, attempt, "1"),
                    }
                }
                9 => host.driver.pull().unwrap(),
                _ => {}
            }
            if random.below(2) == 0 {
                host.advance();
                running.extend(host::runs(host.effects.drain(..)));
            }
            let Statistics { active, queued, running, completed, failed, cancelled, .. } = host.driver.statistics();
            assert_eq!((active, queued, running), counted(&host, &slots), "seed {seed}");
            assert_eq!(active as u64 + completed + failed + cancelled, accepted, "seed {seed}");
        }
    }
}

#[test]
fn the_story_of_a_run_is_told_in_words() {
    let kind = Kind::Run { interruptions: 4, instance: 0 };
    let effect = Effect::Execution(execution::Effect { slot: 1, task: 2, attempt: 3, at: 0, number: 0, kind });
    assert_eq!(words(&effect), "1: run 2/3 after 4 interruptions");
}
