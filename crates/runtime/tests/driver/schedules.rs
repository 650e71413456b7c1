// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Schedules as a host sees them: what they begin, what another process finds of them, and that no crash loses or doubles a run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use crate::host::{FILES, Host, MODES, Mode, Place, connect};
use crate::plans::{plan, plan_of, task};
use engine::Plan;
use engine::schedule::TimingProblem;
use runtime::store::{Archive as _, Schedule, SqliteReader};
use runtime::{Clock, Error, Kept, SetClock, timing};
use serde_json::{Value, json};
use std::sync::Arc;
use stdx::Timestamp;

const NIGHTLY: &str = r#"{"cron":"0 2 * * *"}"#;

/// An instant of January 2027.
fn january(day: u64, hour: u64, minute: u64) -> Timestamp {
    Timestamp::from_micros((1_798_761_600 + (day - 1) * 86_400 + hour * 3600 + minute * 60) * 1_000_000)
}

fn since(day: u64, hour: u64, minute: u64) -> Clock {
    Clock::starting_at(january(day, hour, minute))
}

fn one() -> Arc<Plan> {
    plan(&json!([task("a", &[])]))
}

pub(crate) fn schedule(id: &str, timing: &str) -> Schedule {
    Schedule {
        id: id.into(),
        plan: one(),
        context: r#"{"who":"me"}"#.into(),
        options: Some(r#"{"tenant":"t"}"#.into()),
        timing: timing.into(),
        fingerprint: timing.into(),
    }
}

/// A host with a schedule in it, made at noon of the first of January, and gone since.
fn left_with(mode: Mode, timing: &str) -> Place {
    let (mut host, _) = Host::since(Place::new(), mode, since(1, 12, 0));
    assert_eq!(host.driver.schedule(schedule("nightly", timing)).unwrap(), Kept { number: 1, is_new: true });
    assert_eq!(host.advance(), ["schedule 1: next 01-02 02:00:00"], "{mode:?}");
    host.leave()
}

/// What happens as soon as somebody is back and can run what is planned.
fn awake(place: Place, mode: Mode, clock: Clock) -> (Host, Vec<String>) {
    let (mut host, _) = Host::since(place, mode, clock);
    host.driver.wake_schedule(1);
    host.driver.pull().unwrap();
    let told = host.advance();
    (host, told)
}

/// What is told when executions of schedule 1 begin, each in a slot and for a day, and what comes next is on another: what is of the schedule goes first.
fn fired(begun: &[(u32, u64)], next: u64) -> Vec<String> {
    let of_schedule = begun.iter().map(|(slot, day)| format!("{slot}: fired by schedule 1 for 01-{day:02} 02:00:00"));
    let of_executions = begun.iter().flat_map(|(slot, _)| ["accepted", "started", "run 0/1"].map(|what| format!("{slot}: {what}")));
    of_schedule.chain([format!("schedule 1: next 01-{next:02} 02:00:00")]).chain(of_executions).collect()
}

/// Every execution in the file, oldest first, and the next instant of its one schedule.
fn recorded(place: &Place) -> (Vec<String>, Option<Timestamp>) {
    let reader = SqliteReader::open(&place.path).unwrap();
    let page = reader.list(&runtime::store::ExecutionFilter { limit: 1000, ..Default::default() }).unwrap();
    let next = reader.schedules().unwrap().first().and_then(|(_, schedule)| schedule.as_ref().unwrap().next);
    (page.executions.iter().rev().map(|stored| stored.as_ref().unwrap().id.to_string()).collect(), next)
}

#[test]
fn in_memory_a_schedule_begins_executions_as_their_instants_come() {
    let clock = SetClock::at(january(1, 0, 0));
    let mut host = Host::timed(&clock);
    host.driver.schedule(schedule("s", r#"{"every":1000}"#)).unwrap();
    assert_eq!(host.advance(), ["schedule 1: next 01-01 00:00:01"]);
    let second = |count: u64| Timestamp::from_micros(january(1, 0, 0).micros() + count * 1_000_000);
    assert_eq!(host.driver.next_deadline(), Some(second(1)));
    host.driver.pull().unwrap();
    assert_eq!(host.take(), [""; 0], "not before its time");
    clock.set(second(1));
    host.driver.pull().unwrap();
    let first = ["0: fired by schedule 1 for 01-01 00:00:01", "schedule 1: next 01-01 00:00:02", "0: accepted", "0: started", "0: run 0/1"];
    assert_eq!(host.advance(), first);
    assert_eq!(host.driver.execution(0).unwrap().setup().id, "s@2027-01-01T00:00:01.000Z".into());
    clock.set(second(2));
    host.driver.pull().unwrap();
    assert_eq!(host.advance()[0], "1: fired by schedule 1 for 01-01 00:00:02");
}

#[test]
fn a_clock_that_is_set_is_told_the_instant_of_a_schedule_and_nothing_void_before_it() {
    let clock = SetClock::at(january(1, 12, 0));
    let mut host = Host::timed(&clock);
    host.driver.schedule(schedule("nightly", NIGHTLY)).unwrap();
    let (slot, _) = host.accept(&plan_of("hasty", "1", &json!([{ "id": "a", "name": "a", "agentId": "agent", "timeout": "1h" }])));
    host.advance();
    assert_eq!(host.driver.next_deadline().map(|at| at.since(january(1, 12, 0)).as_secs()), Some(3600), "the timeout of `a`");
    host.complete(slot, 0, 1, "1");
    host.advance();
    for night in 2..5 {
        assert_eq!(host.driver.next_deadline(), Some(january(night, 2, 0)));
        clock.set(january(night, 2, 0));
        host.driver.pull().unwrap();
        let told = host.advance();
        let begun = u32::try_from(night).unwrap() - 1;
        assert_eq!(told, fired(&[(begun, night)], night + 1));
        assert_eq!(host.effects.last().unwrap().at(), january(night, 2, 0).micros(), "exactly then");
        host.complete(begun, 0, 1, "1");
        host.advance();
    }
}

#[test]
fn after_a_restart_a_schedule_sleeps_until_it_is_woken_and_makes_up_for_what_it_missed() {
    for mode in FILES {
        let place = left_with(mode, NIGHTLY);
        let (mut host, interrupted) = Host::since(place, mode, since(4, 12, 0));
        assert!(interrupted.is_empty());
        let [(1, text)] = &*host.driver.schedules() else { panic!("{mode:?}") };
        let found: Value = serde_json::from_str(text).unwrap();
        let expected = json!({
            "id": "nightly", "definition": serde_json::from_str::<Value>(&one().definition).unwrap(), "context": { "who": "me" },
            "options": { "tenant": "t" }, "defaultTimeout": 600_000, "next": january(2, 2, 0).micros(),
        });
        assert_eq!(found, expected, "{mode:?}");
        host.driver.pull().unwrap();
        assert_eq!(host.advance(), [""; 0], "{mode:?}: asleep");
        let (host, told) = awake(host.leave(), mode, since(4, 12, 0));
        assert_eq!(told, fired(&[(0, 4)], 5), "{mode:?}: one for all");
        let stored = host.stored("nightly@2027-01-04T02:00:00.000Z");
        assert_eq!(stored.context.as_deref(), Some(r#"{"who":"me"}"#));
        let options: Value = serde_json::from_str(stored.options.as_deref().unwrap()).unwrap();
        assert_eq!(options, json!({ "tenant": "t", "schedule": { "id": "nightly", "at": january(4, 2, 0).micros() / 1000 } }));
    }
}

#[test]
fn missed_instants_are_left_out_or_run_one_by_one_if_asked() {
    let skip = left_with(Mode::Os, r#"{"cron":"0 2 * * *","missed":"skip"}"#);
    let (host, told) = awake(skip, Mode::Os, since(4, 12, 0));
    assert_eq!(told, ["schedule 1: next 01-05 02:00:00"]);
    let (_, told) = awake(host.leave(), Mode::Os, since(5, 2, 0));
    assert_eq!(told, fired(&[(0, 5)], 6), "on time");
    let all = left_with(Mode::Os, r#"{"cron":"0 2 * * *","missed":"all"}"#);
    let (_, told) = awake(all, Mode::Os, since(4, 12, 0));
    assert_eq!(told, fired(&[(0, 2), (1, 3), (2, 4)], 5));
}

#[test]
fn a_clock_that_goes_back_makes_a_schedule_wait() {
    let (host, told) = awake(left_with(Mode::Os, NIGHTLY), Mode::Os, since(2, 2, 0));
    assert_eq!(told.len(), 5);
    let (host, told) = awake(host.leave(), Mode::Os, since(1, 0, 0));
    assert_eq!((told, host.driver.next_deadline()), (vec![], Some(january(3, 2, 0))));
}

#[test]
fn an_instant_that_comes_while_an_execution_runs_is_left_out_if_asked() {
    let place = left_with(Mode::Os, r#"{"cron":"0 2 * * *","overlap":"skip"}"#);
    let (host, told) = awake(place, Mode::Os, since(2, 2, 0));
    assert_eq!(told.len(), 5);
    // The interrupted execution is one that runs, in another process too.
    let (mut host, interrupted) = Host::since(host.leave(), Mode::Os, since(3, 2, 0));
    host.driver.wake_schedule(1);
    host.driver.pull().unwrap();
    assert_eq!(host.advance(), ["schedule 1: next 01-04 02:00:00"]);
    host.driver.resume(interrupted[0].slot).unwrap();
    host.advance();
    host.complete(interrupted[0].slot, 0, 1, "1");
    host.advance();
    let (_, told) = awake(host.leave(), Mode::Os, since(4, 2, 0));
    assert_eq!(told[0], "0: fired by schedule 1 for 01-04 02:00:00");
}

#[test]
fn the_same_schedule_is_kept_once_and_another_of_its_id_is_refused() {
    for mode in MODES {
        let (mut host, _) = Host::since(Place::new(), mode, since(1, 0, 0));
        host.driver.schedule(schedule("s", NIGHTLY)).unwrap();
        assert_eq!(host.driver.schedule(schedule("s", NIGHTLY)).unwrap(), Kept { number: 1, is_new: false });
        assert_eq!(host.advance(), ["schedule 1: next 01-01 02:00:00"], "{mode:?}");
        let changed = host.driver.schedule(schedule("s", r#"{"every":1000}"#)).unwrap_err();
        assert!(matches!(&changed, Error::ScheduleChanged { id } if **id == *"s"), "{changed:?}");
        assert_eq!(host.driver.schedule(schedule("t", r#"{"every":1000}"#)).unwrap(), Kept { number: 2, is_new: true });
    }
}

#[test]
fn a_cancelled_schedule_begins_nothing_more_and_its_id_is_free() {
    for mode in FILES {
        let (mut host, told) = awake(left_with(mode, NIGHTLY), mode, since(2, 2, 0));
        assert_eq!(told.len(), 5);
        host.driver.cancel_schedule(1).unwrap();
        host.driver.cancel_schedule(1).unwrap();
        assert_eq!(host.advance(), ["schedule 1: no more"], "{mode:?}");
        host.complete(0, 0, 1, "1");
        assert_eq!(host.advance(), ["0: completed 0/1", "0: ended 1"], "{mode:?}: what has begun goes on");
        let (mut host, _) = Host::since(host.leave(), mode, since(3, 0, 0));
        assert_eq!(host.driver.schedules(), [], "{mode:?}");
        host.driver.schedule(schedule("nightly", r#"{"every":3600000}"#)).unwrap();
        assert_eq!(host.advance(), ["schedule 1: next 01-03 01:00:00"], "{mode:?}");
    }
}

/// Made and removed before anything was committed, and made again.
#[test]
fn changes_of_one_commit_are_kept_in_order() {
    for mode in FILES {
        let (mut host, _) = Host::since(Place::new(), mode, since(1, 0, 0));
        host.driver.schedule(schedule("s", NIGHTLY)).unwrap();
        host.driver.cancel_schedule(1).unwrap();
        host.driver.schedule(schedule("s", r#"{"cron":"0 1 * * *"}"#)).unwrap();
        assert_eq!(host.advance(), ["schedule 1: next 01-01 02:00:00", "schedule 1: no more", "schedule 2: next 01-01 01:00:00"]);
        assert_eq!(recorded(&host.leave()).1, Some(january(1, 1, 0)), "{mode:?}");
    }
}

#[test]
fn an_execution_of_the_same_schedule_and_instant_is_the_one() {
    for mode in FILES {
        let (mut host, _) = Host::since(left_with(mode, NIGHTLY), mode, since(2, 1, 0));
        let id = "nightly@2027-01-02T02:00:00.000Z";
        host.driver.accept(&one(), None, None, Some(id.into())).unwrap();
        host.advance();
        host.complete(0, 0, 1, "1");
        host.advance();
        let (host, told) = awake(host.leave(), mode, since(2, 2, 0));
        assert_eq!(told, ["schedule 1: next 01-03 02:00:00"], "{mode:?}");
        assert_eq!(recorded(&host.leave()).0, [id], "{mode:?}");
    }
}

#[test]
fn a_version_means_one_thing_while_it_is_scheduled() {
    let (mut host, _) = Host::since(left_with(Mode::Os, NIGHTLY), Mode::Os, since(1, 13, 0));
    let other = plan_of("w", "1", &json!([task("b", &[])]));
    let refused = host.driver.accept(&other, None, None, None).unwrap_err();
    let told =
        "schedule `nightly`; give the changed definition a new `version`, or end what runs (await (await getSchedule('nightly')).cancel())";
    assert!(matches!(refused, Error::DefinitionChanged { .. }) && refused.to_string().contains(told), "{refused}");
    let another = host.driver.schedule(Schedule { plan: Arc::clone(&other), ..schedule("other", NIGHTLY) }).unwrap_err();
    assert!(matches!(another, Error::DefinitionChanged { .. }), "{another:?}");
    host.driver.cancel_schedule(1).unwrap();
    host.driver.accept(&other, None, None, None).unwrap();
}

#[test]
fn what_waits_for_a_place_is_begun_by_a_schedule_all_the_same() {
    let place = left_with(Mode::Os, r#"{"cron":"0 2 * * *","missed":"all"}"#);
    let (mut host, _) = Host::since(place, Mode::Os, since(3, 12, 0));
    host.driver.limit(Some(1), std::collections::BTreeMap::new());
    host.driver.wake_schedule(1);
    host.driver.pull().unwrap();
    let told = host.advance();
    // The second has no place yet.
    let all = fired(&[(0, 2), (1, 3)], 4);
    assert_eq!(told, all[..all.len() - 2]);
}

#[test]
fn a_file_from_before_there_were_schedules_gets_them() {
    let (mut host, _) = Host::since(Place::new(), Mode::Os, since(1, 0, 0));
    let (_, id) = host.accept(&one());
    host.advance();
    let place = host.leave();
    connect(&place.path).execute_batch("DROP TABLE schedule;").unwrap();
    let (mut host, interrupted) = Host::since(place, Mode::Os, since(1, 0, 0));
    assert_eq!((interrupted.len(), host.stored(&id).records.len()), (1, 1));
    host.driver.schedule(schedule("s", NIGHTLY)).unwrap();
    assert_eq!(host.advance(), ["schedule 1: next 01-01 02:00:00"]);
}

#[test]
fn a_stored_schedule_that_cannot_be_read_is_left_alone() {
    let place = left_with(Mode::Os, NIGHTLY);
    connect(&place.path).execute_batch(r#"UPDATE schedule SET timing = '{"cron":"x"}';"#).unwrap();
    let (mut host, _) = Host::since(place, Mode::Os, since(1, 0, 0));
    let said = "the stored schedule `nightly` cannot be read: the schedule cannot be kept: cron: `x` has 1 field; write five (minute, hour, day of the \
                month, month, day of the week), or six with the second first";
    assert_eq!(
        host.driver.unreadable().iter().map(|one| (&*one.id, one.is_schedule, &*one.message)).collect::<Vec<_>>(),
        [("nightly", true, said)]
    );
    // Its id is not free, and others are.
    assert_eq!(host.driver.schedule(schedule("nightly", NIGHTLY)).unwrap_err().to_string(), said);
    host.driver.schedule(schedule("another", NIGHTLY)).unwrap();
    assert_eq!(host.advance(), ["schedule 1: next 01-01 02:00:00"]);
}

/// The log is cut at every frame: the process died within the write that begins an execution.
#[test]
fn a_process_may_end_within_the_write_that_begins_an_execution() {
    let place = left_with(Mode::Os, NIGHTLY);
    let before = recorded(&place);
    assert_eq!(before, (vec![], Some(january(2, 2, 0))));
    let (host, told) = awake(place, Mode::Os, since(2, 2, 0));
    assert_eq!(told.len(), 5);
    let log = std::fs::read(host.path().with_extension("db-wal")).unwrap();
    let after = (vec!["nightly@2027-01-02T02:00:00.000Z".to_owned()], Some(january(3, 2, 0)));
    let mut seen = [0, 0];
    // A frame is its header and a page; how large that is stands at the beginning of the log.
    let frame = 24 + u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    for cut in (32..=log.len()).step_by(frame).flat_map(|cut| [cut - 1, cut]) {
        let copy = Place::new();
        std::fs::copy(host.path(), &copy.path).unwrap();
        std::fs::write(copy.path.with_extension("db-wal"), &log[..cut]).unwrap();
        let found = recorded(&copy);
        seen[usize::from(found == after)] += 1;
        assert!(found == before || found == after, "cut at {cut}: {found:?}");
        // Whatever is there, the next process has the run once.
        let (host, _) = awake(copy, Mode::Os, since(2, 2, 0));
        assert_eq!(recorded(&host.leave()), after, "cut at {cut}");
    }
    assert!(seen.iter().all(|seen| *seen > 0), "{seen:?}");
}

#[test]
fn nothing_is_begun_once_the_process_is_about_to_end() {
    let (mut host, _) = Host::since(left_with(Mode::Os, NIGHTLY), Mode::Os, since(2, 2, 0));
    host.driver.wake_schedule(1);
    host.driver.interrupt().unwrap();
    host.driver.pull().unwrap();
    assert_eq!((host.advance(), host.driver.next_deadline()), (vec![], None));
    assert_eq!(recorded(&host.leave()), (vec![], Some(january(2, 2, 0))), "the next one begins it");
}

#[test]
fn what_is_wrong_with_a_timing_is_found_before_it_is_kept() {
    let said =
        |text: &str| timing::problems(text, january(1, 0, 0)).map(|problems| problems.iter().map(TimingProblem::path).collect::<Vec<_>>());
    for (text, paths) in [
        (NIGHTLY, vec![]),
        (r#"{"every":1000,"missed":"all"}"#, vec![]),
        (r#"{"every":999}"#, vec!["every"]),
        (r#"{"cron":"0 0 30 2 *"}"#, vec!["cron"]),
        (r#"{"cron":"x","timezone":"y"}"#, vec!["cron", "timezone"]),
    ] {
        assert_eq!(said(text).unwrap(), paths, "{text}");
    }
    for malformed in ["", "{}", r#"{"cron":"* * * * *","every":1000}"#, r#"{"every":1000,"missed":"never"}"#, r#"{"every":-1}"#] {
        assert!(matches!(said(malformed), Err(Error::Malformed { .. })), "{malformed}");
    }
}
