// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A driver over what another process left in a file.

use super::slots::Live;
use super::{Driver, Interrupted};
use crate::archive::in_full;
use crate::store::{Backend, Damaged, Durability, OpenError, OpenOptions, SqliteStore, Store, StoredExecution, Wake};
use crate::{Clock, Error, options, report, store};
use engine::{Execution, Phase};
use std::path::Path;
use std::sync::Arc;

/// An execution or a schedule that cannot be read. It is left as it is: nothing of it runs, and its id is not free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id for the world.
    pub id: Arc<str>,
    /// Whether it is a schedule.
    pub is_schedule: bool,
    /// Why; it names what it is.
    pub message: String,
}

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
    /// A driver over the file at `path`, and the executions that were interrupted, oldest first.
    ///
    /// Where their journals are ahead of the clock, because it was set back since, it goes on from where they are; see [`Driver::clock`].
    pub fn open(path: &Path, durability: Durability, clock: Clock, wake: Wake) -> Result<(Self, Vec<Interrupted>), Error> {
        Self::open_through(Opening { path, durability, options: OpenOptions::default() }, clock, wake, |store| store)
    }

    /// Like [`Driver::open`], through a store that `wrap` puts around that of the file.
    pub fn open_through(
        opening: Opening<'_>,
        clock: Clock,
        wake: Wake,
        wrap: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>,
    ) -> Result<(Self, Vec<Interrupted>), Error> {
        let Opening { path, durability, .. } = opening;
        Self::open_before(opening, clock, |store, clock| store::over(wrap(store), durability, path, clock, wake))
    }

    /// Like [`Driver::open`], before a backend over the store of the file.
    pub fn open_before(
        Opening { path, options, .. }: Opening<'_>,
        clock: Clock,
        backend_over: impl FnOnce(Box<dyn Store>, &Clock) -> Result<Box<dyn Backend>, OpenError>,
    ) -> Result<(Self, Vec<Interrupted>), Error> {
        let store = SqliteStore::open_as(path, options)?;
        let reader = store.reader()?;
        let next_key = reader.last_key()? + 1;
        let (mut interrupted, mut damaged) = (Vec::new(), Vec::new());
        reader.unended(|found| match found {
            Ok(stored) => interrupted.push(stored),
            Err(one) => damaged.push(one),
        })?;
        let schedules = reader.schedules()?;
        let latest = interrupted.iter().map(|stored| stored.records.last().map_or(stored.accepted, |record| record.at)).max();
        let clock = clock.later_than(latest.unwrap_or_default());
        let backend = backend_over(Box::new(store), &clock)?;
        let mut driver = Self::with(clock, backend, None, next_key);
        driver.hear()?;
        let unreadable = |Damaged { id, error, .. }| Unreadable { id, is_schedule: false, message: in_full(&error) };
        driver.unreadable.extend(damaged.into_iter().map(unreadable));
        let mut taken_up = Vec::with_capacity(interrupted.len());
        for stored in &interrupted {
            let taken = driver.take_up(stored);
            taken_up.extend(driver.or_leave_alone(&stored.id, false, taken)?);
        }
        for (id, schedule) in schedules {
            let taken = schedule.map_err(Error::from).and_then(|schedule| driver.take_up_schedule(schedule));
            driver.or_leave_alone(&id, true, taken)?;
        }
        Ok((driver, taken_up))
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

    fn take_up(&mut self, stored: &StoredExecution) -> Result<Interrupted, Error> {
        let plan = report::plan_of(stored)?;
        let (setup, belongs) = report::setup_of(stored)?;
        let events = stored.records.iter().flat_map(|record| record.events.iter().map(|event| (record.at, event)));
        let mut execution = Execution::replay(Arc::clone(&plan), setup, events);
        if *execution.phase() != Phase::Pending {
            execution.sleep();
        }
        let text = report::stored(stored)?;
        self.versions.adopt(&plan);
        self.statistics.active += 1;
        self.statistics.queued += execution.queued();
        self.statistics.running += execution.running();
        let at = stored.records.last().map_or(stored.accepted, |record| record.at);
        let mut live = Live::new(stored.key, execution, at);
        live.recall(&stored.records);
        live.accepted = stored.accepted;
        live.partition = self.backend.partition(&stored.id);
        live.priority = belongs.priority();
        let (ticket, parent) = self.place_of(belongs);
        (live.ticket, live.parent) = (ticket.map(Box::new), parent);
        live.seq = stored.records.len() as u64;
        live.acknowledged = live.seq;
        let slot = self.slots.insert(live)?;
        self.ids.insert(Arc::clone(&stored.id), slot);
        self.find_key(slot, options::keyed(&stored.id, stored.options.as_deref()));
        Ok(Interrupted { slot, text })
    }
}
