// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A driver over what another process left in a file.

use super::Driver;
use super::parking::{Group, Parked, Unreadable, Waking};
use crate::causes::in_full;
use crate::options::{self, Belongs};
use crate::store::{
    Backend, Damaged, Durability, Left, OpenError, OpenOptions, Partition, ReadError, SqliteStore, Store, StoredExecution, Taken, Wake,
};
use crate::{Clock, Error, effect, report, store};
use engine::{Execution, Plan};
use rustc_hash::FxHashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Which file, and how.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What commits survive.
    pub durability: Durability,
    /// How it is opened.
    pub options: OpenOptions,
}

impl Driver {
    /// A driver over the file at `path`, and what another process left unended: none of it is at hand.
    ///
    /// Where the journals of a file are ahead of the clock, because it was set back since, it goes on from where they are; see [`Driver::clock`].
    pub fn open(path: &Path, durability: Durability, clock: Clock, wake: Wake) -> Result<(Self, Opened), Error> {
        Self::open_through(Opening { path, durability, options: OpenOptions::default() }, clock, wake, |store| store)
    }

    /// Like [`Driver::open`], through a store that `wrap` puts around that of the file.
    pub fn open_through(
        opening: Opening<'_>,
        clock: Clock,
        wake: Wake,
        wrap: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>,
    ) -> Result<(Self, Opened), Error> {
        let Opening { path, durability, .. } = opening;
        Self::open_before(opening, clock, |store, clock| store::over(wrap(store), durability, path, clock, wake))
    }

    /// Like [`Driver::open`], before a backend over the store of the file.
    pub fn open_before(
        Opening { path, options, .. }: Opening<'_>,
        clock: Clock,
        backend_over: impl FnOnce(Box<dyn Store>, &Clock) -> Result<Box<dyn Backend>, OpenError>,
    ) -> Result<(Self, Opened), Error> {
        let store = SqliteStore::open_as(path, options)?;
        let reader = store.reader()?;
        Self::continuing(&reader, clock, |clock| backend_over(Box::new(store), clock))
    }

    /// A driver before a backend, and what another process has `left` unended there: none of it is at hand.
    pub fn continuing(
        left: &dyn Left,
        clock: Clock,
        backend_by: impl FnOnce(&Clock) -> Result<Box<dyn Backend>, OpenError>,
    ) -> Result<(Self, Opened), Error> {
        let (mut plans, mut taken, mut damaged, mut latest) = (Plans::default(), Vec::new(), Vec::new(), Timestamp::default());
        let now = clock.read();
        let next_key = left.unended(&mut |found| match found {
            Ok(stored) => {
                latest = latest.max(stored.records.last().map_or(stored.accepted, |record| record.at));
                taken.push((Arc::clone(&stored.id), Found::of(&stored, &mut plans, now.max(latest))));
            }
            Err(one) => damaged.push(one),
        })?;
        let schedules = left.schedules()?;
        let clock = if left.is_shared() { clock } else { clock.later_than(latest) };
        let backend = backend_by(&clock)?;
        let mut driver = Self::with(clock, backend, None, next_key);
        driver.hear()?;
        let unreadable = |Damaged { id, error, .. }| Unreadable { id, is_schedule: false, message: in_full(&error) };
        driver.unreadable.extend(damaged.into_iter().map(unreadable));
        let mut below = Vec::new();
        for (id, found) in taken {
            let taken = found.and_then(|found| driver.take_up(found));
            below.extend(driver.or_leave_alone(&id, false, taken)?.flatten());
        }
        let families = driver.families(below);
        for (id, schedule) in schedules {
            let taken = schedule.map_err(Error::from).and_then(|schedule| driver.take_up_schedule(schedule, &mut plans));
            driver.or_leave_alone(&id, true, taken)?;
        }
        let unreadable = driver.unreadable.clone();
        Ok((driver, Opened { families, unreadable }))
    }

    /// This process has a partition, with what another has left there. Its `Taken` effect follows.
    pub(super) fn taken(&mut self, Taken { partition, executions, schedules }: Taken) -> Result<(), Error> {
        if self.is_ending {
            return Ok(());
        }
        // What was known of it when it was here before is not what is there now.
        self.lost(partition);
        let mut plans = Plans::default();
        self.take_up_all(executions, &mut plans)?;
        let known = self.unreadable.len();
        for (id, schedule) in schedules {
            let taken = schedule.map_err(Error::from).and_then(|schedule| self.take_up_schedule(schedule, &mut plans));
            self.or_leave_alone(&id, true, taken)?;
        }
        self.taken.unreadable.extend_from_slice(self.unreadable.get(known..).unwrap_or_default());
        self.tell_taken();
        Ok(())
    }

    /// Takes up what others have begun, as far as it can be read; the host asks for it.
    pub(super) fn take_up_all(
        &mut self,
        executions: impl IntoIterator<Item = Result<StoredExecution, Damaged>>,
        plans: &mut Plans,
    ) -> Result<(), Error> {
        let (known, mut below) = (self.unreadable.len(), Vec::new());
        for found in executions {
            match found {
                Ok(stored) => {
                    let latest = stored.records.last().map_or(stored.accepted, |record| record.at);
                    let taken = Found::of(&stored, plans, self.clock.read().max(latest)).and_then(|found| self.take_up(found));
                    below.extend(self.or_leave_alone(&stored.id, false, taken)?.flatten());
                }
                Err(Damaged { id, error, .. }) => self.unreadable.push(Unreadable { id, is_schedule: false, message: in_full(&error) }),
            }
        }
        let families = self.families(below);
        self.taken.families.extend(families);
        self.taken.unreadable.extend_from_slice(self.unreadable.get(known..).unwrap_or_default());
        Ok(())
    }

    pub(super) fn tell_taken(&mut self) {
        self.outbox.ready([effect::taken(self.clock.read())]);
    }

    /// What was taken from other processes since the last call.
    pub fn take_taken(&mut self) -> Opened {
        std::mem::take(&mut self.taken)
    }

    /// What in the store could not be read when it was opened, and is left alone.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// What cannot be read keeps what it belongs to from going on, and nothing else.
    fn or_leave_alone<T>(&mut self, id: &Arc<str>, is_schedule: bool, taken: Result<T, Error>) -> Result<Option<T>, Error> {
        match taken {
            Err(Error::Read(error)) if error.is_of_one() => {
                self.unreadable.push(Unreadable { id: Arc::clone(id), is_schedule, message: in_full(&error) });
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Takes up an execution, which is not at hand until it is woken. Its slot and that of its parent, if it is the task of one that is there.
    fn take_up(&mut self, found: Found) -> Result<Option<(u32, Option<u32>)>, Error> {
        let Found { mut parked, belongs, built_in, spawned } = found;
        let is_below = matches!(belongs, Belongs::ToParent { .. });
        self.versions.adopt(&parked.plan);
        self.statistics.active += 1;
        self.statistics.queued += parked.queued;
        self.statistics.running += parked.running;
        parked.partition = self.backend.partition(&parked.id);
        let (ticket, parent) = self.place_of(belongs);
        parked.ticket = ticket.map(Box::new);
        let group = self.groups.of(Group { plan: Arc::clone(&parked.plan), built_in, spawned });
        (parked.group, parked.is_asleep) = (Some(group), true);
        let (id, keyed) = (Arc::clone(&parked.id), parked.keyed.take());
        let slot = self.slots.insert_parked(parked)?;
        self.groups.join(group, slot);
        self.ids.insert(id, slot);
        self.find_key(slot, keyed.map(|keyed| *keyed));
        Ok(is_below.then_some((slot, parent.map(|(slot, _)| slot))))
    }

    /// The slots of executions that are tasks of others, and of those above them, oldest first.
    fn families(&self, below: Vec<(u32, Option<u32>)>) -> Vec<u32> {
        let mut slots: Vec<u32> = below.into_iter().flat_map(|(slot, parent)| [Some(slot), parent]).flatten().collect();
        slots.sort_unstable_by_key(|slot| self.slots.key(*slot));
        slots.dedup();
        slots
    }
}

/// What another process left unended.
#[derive(Debug, Default)]
pub struct Opened {
    /// The slots of executions that are tasks of others, and of those above them, oldest first: they are to be woken, since each may have to stop the
    /// other. All others are in the groups of [`Driver::groups`].
    pub families: Vec<u32>,
    /// What cannot be read, and is left alone.
    pub unreadable: Vec<Unreadable>,
}

/// What is kept of an execution of another process, and where it belongs.
struct Found {
    parked: Parked,
    belongs: Belongs,
    built_in: Vec<String>,
    spawned: Vec<String>,
}

impl Found {
    fn of(stored: &StoredExecution, plans: &mut Plans, now: Timestamp) -> Result<Self, Error> {
        let unreadable = |message| ReadError::Definition { id: stored.id.to_string(), message };
        let plan = plans.of(&stored.definition, stored.default_timeout).map_err(unreadable)?;
        let (setup, belongs) = report::setup_of(stored)?;
        let execution = Execution::replay(plan, setup, report::events(&stored.records));
        // It may have been moved to another; executions of equal ones are of one group.
        let plan = plans.of(&execution.plan().definition, execution.plan().default_timeout).map_err(unreadable)?;
        let parked = Parked {
            key: stored.key,
            id: Arc::clone(&stored.id),
            plan,
            partition: Partition::default(),
            accepted: stored.accepted,
            committed: stored.records.last().map_or(stored.accepted, |record| record.at),
            records: stored.records.len() as u64,
            queued: execution.queued(),
            running: execution.running(),
            priority: belongs.priority(),
            due: execution.due(),
            keyed: options::keyed(&stored.id, stored.options.as_deref()).map(Box::new),
            ticket: None,
            group: None,
            is_asleep: true,
            waking: Waking::Not,
            lost: None,
            only_waits: false,
        };
        let built_in = options::built_in(report::given_last(stored).or(stored.options.as_deref()));
        let spawned = report::agents_of_spawned(&execution);
        let only_waits = matches!(belongs, Belongs::ToNobody(_)) && execution.needs_nothing(now);
        Ok(Self { parked: Parked { only_waits, ..parked }, belongs, built_in, spawned })
    }
}

/// How many plans are kept for what may come.
const PLANS_MAX: usize = 1_000;

/// The plans of stored definitions: each definition is read once.
#[derive(Debug, Default)]
pub(super) struct Plans {
    plans: FxHashMap<(Arc<str>, Duration), Result<Arc<Plan>, String>>,
    /// The one that was asked for last, which as a rule is asked for again.
    last: Option<(Arc<str>, Duration, Arc<Plan>)>,
}

impl Plans {
    /// The plan of a definition, or its first problem.
    pub(super) fn of(&mut self, definition: &Arc<str>, default_timeout: Duration) -> Result<Arc<Plan>, String> {
        if let Some((text, timeout, plan)) = &self.last
            && Arc::ptr_eq(text, definition)
            && *timeout == default_timeout
        {
            return Ok(Arc::clone(plan));
        }
        if self.plans.len() > PLANS_MAX {
            self.plans.clear();
        }
        let key = (Arc::clone(definition), default_timeout);
        let plan = self.plans.entry(key).or_insert_with(|| report::plan_from(definition, default_timeout)).clone()?;
        self.last = Some((Arc::clone(definition), default_timeout, Arc::clone(&plan)));
        Ok(plan)
    }
}
