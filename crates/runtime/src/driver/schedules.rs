// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Schedules beside executions: each is a plan and its next planned instant.
//!
//! ```text
//! schedule ─▶ awake ──its instant comes, in `pull`──▶ executions begin and the next instant is noted, in one batch
//! a file   ─▶ asleep ──wake_schedule──▶ awake        (once the store has said which are known)      cancel_schedule: it is no more
//! ```
//! That batch is why a crash neither loses nor doubles a run: either both are on record, or neither and the next process does it again.
//! Should an execution of the same schedule and instant be there all the same, it is the one.

use super::Driver;
use super::asked::Purpose;
use super::opening::Plans;
use crate::effect;
use crate::store::{Question, ReadError, Schedule, ScheduleChange, StoredSchedule};
use crate::{Error, report, timing};
use engine::schedule::{Due, Overlap, Timing, TimingProblem, execution_id, is_execution_of};
use engine::{Phase, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stdx::Timestamp;

/// How a schedule that was asked for is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number in this process, never used twice.
    pub number: u32,
    /// Whether it is new; else there was one that does the same.
    pub is_new: bool,
}

#[derive(Default)]
pub(super) struct Schedules {
    kept: BTreeMap<u32, Scheduled>,
    /// The next planned instants of those that are awake.
    wakes: BTreeSet<(Timestamp, u32)>,
    /// What is due of those of which the store is asked what is known of that.
    firing: BTreeMap<u32, Due>,
    given: u32,
}

struct Scheduled {
    schedule: Arc<Schedule>,
    timing: Timing,
    next: Option<Timestamp>,
}

impl Schedules {
    fn insert(&mut self, scheduled: Scheduled) -> u32 {
        self.given += 1;
        self.kept.insert(self.given, scheduled);
        self.given
    }

    fn named(&self, id: &str) -> Option<(u32, &Scheduled)> {
        self.kept.iter().find(|(_, scheduled)| *scheduled.schedule.id == *id).map(|(number, scheduled)| (*number, scheduled))
    }

    fn wake(&mut self, number: u32) {
        if let Some(next) = self.kept.get(&number).and_then(|scheduled| scheduled.next) {
            self.wakes.insert((next, number));
        }
    }

    /// The ids of those whose definition is such a one.
    pub(super) fn of(&self, is_such: impl Fn(&Plan) -> bool) -> Vec<Arc<str>> {
        self.kept.values().filter(|kept| is_such(&kept.schedule.plan)).map(|kept| Arc::clone(&kept.schedule.id)).collect()
    }

    /// Those that are such ones are kept no more: their numbers, and what they were.
    pub(super) fn drop_those(&mut self, is_such: impl Fn(&Schedule) -> bool) -> Vec<(u32, Arc<Schedule>)> {
        let dropped: Vec<(u32, Scheduled)> = self.kept.extract_if(.., |_, kept| is_such(&kept.schedule)).collect();
        self.wakes.retain(|(_, number)| self.kept.contains_key(number));
        self.firing.retain(|number, _| self.kept.contains_key(number));
        dropped.into_iter().map(|(number, kept)| (number, kept.schedule)).collect()
    }

    /// None of them is awake any more.
    pub(super) fn rest(&mut self) {
        self.wakes.clear();
        self.firing.clear();
    }

    /// When the first of them wants to be looked at.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(next, _)| *next)
    }

    fn pop_due(&mut self, now: Timestamp) -> Option<u32> {
        let (next, number) = *self.wakes.first().filter(|(next, _)| *next <= now)?;
        self.wakes.remove(&(next, number));
        Some(number)
    }
}

impl Driver {
    /// Keeps a schedule, unless there is one of this id that does the same. Its `Scheduled` effect follows once that is committed.
    pub fn schedule(&mut self, schedule: Schedule) -> Result<Kept, Error> {
        self.check()?;
        if let Some(unreadable) = self.unreadable.iter().find(|one| one.is_schedule && one.id == schedule.id) {
            return Err(ReadError::Unavailable { message: unreadable.message.clone() }.into());
        }
        if let Some((number, known)) = self.schedules.named(&schedule.id) {
            let same = known.schedule.fingerprint == schedule.fingerprint;
            return if same { Ok(Kept { number, is_new: false }) } else { Err(Error::ScheduleChanged { id: schedule.id }) };
        }
        self.check_room()?;
        let timing = timing::read(&schedule.timing)?;
        let now = self.now();
        let next = timing.rhythm.first(now).ok_or_else(|| Error::Timing(vec![TimingProblem::Never]))?;
        self.admit_definition(&schedule.plan)?;
        let schedule = Arc::new(schedule);
        let partition = self.backend.partition(&schedule.id);
        self.gathered.of(partition).batch.schedules.push(ScheduleChange::Begins(Arc::clone(&schedule), Some(next)));
        let number = self.schedules.insert(Scheduled { schedule, timing, next: Some(next) });
        self.schedules.wake(number);
        self.gathered.of(partition).owed.push(effect::scheduled(number, now, Some(next)));
        Ok(Kept { number, is_new: true })
    }

    /// A schedule out of a file goes on: its host can run what it begins.
    pub fn wake_schedule(&mut self, number: u32) {
        self.schedules.wake(number);
    }

    /// Begins nothing any more for a schedule; what has begun goes on. Its `Unscheduled` effect follows once that is committed.
    pub fn cancel_schedule(&mut self, number: u32) -> Result<(), Error> {
        self.check()?;
        let Some(Scheduled { schedule, next, .. }) = self.schedules.kept.remove(&number) else { return Ok(()) };
        if let Some(next) = next {
            self.schedules.wakes.remove(&(next, number));
        }
        self.schedules.firing.remove(&number);
        self.versions.release(&schedule.plan);
        let now = self.now();
        let part = self.gathered.of(self.backend.partition(&schedule.id));
        part.batch.schedules.push(ScheduleChange::Ends(schedule));
        part.owed.push(effect::unscheduled(number, now));
        Ok(())
    }

    /// Every schedule with its number, as JSON text; see [`report::schedule`].
    pub fn schedules(&self) -> Vec<(u32, String)> {
        self.schedules.kept.iter().map(|(number, kept)| (*number, report::schedule(&kept.schedule, kept.next))).collect()
    }

    /// Begins what schedules have planned up to `now`.
    pub(super) fn fire(&mut self, now: Timestamp) -> Result<(), Error> {
        // Where new work is refused the instants wait, and what is done about missed ones is done then.
        while self.shortage.is_none()
            && let Some(number) = self.schedules.pop_due(now)
        {
            let Some(Scheduled { schedule, timing, next: Some(next) }) = self.schedules.kept.get(&number) else { continue };
            let busy = timing.overlap == Overlap::Skip && self.is_busy(&schedule.id);
            let Some(due) = timing.due(*next, now, busy) else { continue };
            let ids: Vec<Arc<str>> = due.runs.iter().map(|planned| execution_id(&schedule.id, *planned).into()).collect();
            let runs_any = !ids.is_empty();
            self.schedules.firing.insert(number, due);
            if runs_any {
                self.ask(Question::Known(ids), Purpose::Fire(number));
            } else {
                self.begin_due(number, &[])?;
            }
        }
        Ok(())
    }

    /// Begins what is due of a schedule and not `known`, and notes its next instant: in one batch.
    pub(super) fn begin_due(&mut self, number: u32, known: &[bool]) -> Result<(), Error> {
        // It may be no more, or rest.
        let Some(due) = self.schedules.firing.remove(&number) else { return Ok(()) };
        let Some(scheduled) = self.schedules.kept.get_mut(&number) else { return Ok(()) };
        scheduled.next = due.next;
        let schedule = Arc::clone(&scheduled.schedule);
        for (planned, is_known) in due.runs.into_iter().zip(known) {
            if !is_known {
                self.begin_planned(number, &schedule, planned)?;
            }
        }
        let now = self.now();
        self.schedules.wake(number);
        let part = self.gathered.of(self.backend.partition(&schedule.id));
        part.batch.schedules.push(ScheduleChange::Moves(schedule, due.next));
        part.owed.push(effect::scheduled(number, now, due.next));
        Ok(())
    }

    fn begin_planned(&mut self, number: u32, schedule: &Schedule, planned: Timestamp) -> Result<(), Error> {
        let id = execution_id(&schedule.id, planned);
        // What is not committed yet is live.
        if self.ids.contains_key(&*id) {
            return Ok(());
        }
        let options = options_of(schedule, planned)?;
        let part = (self.backend.partition(&id), schedule.plan.durability);
        let place = self.gathered.at(part).owed.len();
        let accept = self.begin(false, &schedule.plan, Some(schedule.context.clone()), Some(options), Some(id))?;
        let now = self.now();
        self.gathered.at(part).owed.insert(place, effect::fired(accept.slot, now, number, planned));
        Ok(())
    }

    fn is_busy(&self, schedule: &str) -> bool {
        let is_running = |phase: &Phase| !matches!(phase, Phase::Ended(_));
        self.slots.iter().any(|live| is_running(live.execution.phase()) && is_execution_of(schedule, &live.execution.setup().id))
            || self.slots.iter_parked().any(|parked| is_execution_of(schedule, &parked.id))
    }

    pub(super) fn take_up_schedule(&mut self, stored: StoredSchedule, plans: &mut Plans) -> Result<(), Error> {
        let unreadable = |message: String| ReadError::Schedule { id: stored.id.to_string(), message };
        let plan = plans.of(&stored.definition, stored.default_timeout).map_err(unreadable)?;
        let timing = timing::read(&stored.timing).map_err(|error| unreadable(error.to_string()))?;
        self.versions.adopt(&plan);
        let StoredSchedule { id, context, options, timing: text, fingerprint, next, .. } = stored;
        let schedule = Arc::new(Schedule { id, plan, context, options, timing: text, fingerprint });
        self.schedules.insert(Scheduled { schedule, timing, next });
        Ok(())
    }
}

/// The options of the execution of a planned instant: those of the schedule, and which schedule and instant it comes from.
fn options_of(schedule: &Schedule, planned: Timestamp) -> Result<String, Error> {
    let malformed = |error: serde_json::Error| Error::Malformed { what: "options", message: error.to_string() };
    let given = schedule.options.as_deref().unwrap_or("{}");
    let mut options: serde_json::Map<String, serde_json::Value> = serde_json::from_str(given).map_err(malformed)?;
    options.insert("schedule".to_owned(), serde_json::json!({ "id": &*schedule.id, "at": planned.micros() / 1000 }));
    Ok(serde_json::Value::from(options).to_string())
}
