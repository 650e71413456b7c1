// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A driver over what another process left in a file.

use super::commit::Commit;
use super::slots::Live;
use super::{Driver, Interrupted, Wake};
use crate::store::{Durability, SqliteStore, Store, StoredExecution};
use crate::{Clock, Error, options, report};
use engine::{Execution, Phase};
use std::path::Path;
use std::sync::Arc;

impl Driver {
    /// A driver over the file at `path`, and the executions that were interrupted, oldest first.
    ///
    /// Where their journals are ahead of the clock, because it was set back since, it goes on from where they are; see [`Driver::clock`].
    pub fn open(path: &Path, durability: Durability, clock: Clock, wake: Wake) -> Result<(Self, Vec<Interrupted>), Error> {
        Self::open_through(path, durability, clock, wake, |store| store)
    }

    /// Like [`Driver::open`], through a store that `wrap` puts around that of the file.
    pub fn open_through(
        path: &Path,
        durability: Durability,
        clock: Clock,
        wake: Wake,
        wrap: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>,
    ) -> Result<(Self, Vec<Interrupted>), Error> {
        let store = SqliteStore::open(path)?;
        let reader = store.reader()?;
        let next_key = reader.last_key()? + 1;
        let interrupted = reader.unended()?;
        let schedules = reader.schedules()?;
        let latest = interrupted.iter().map(|stored| stored.records.last().map_or(stored.accepted, |record| record.at)).max();
        let clock = clock.later_than(latest.unwrap_or_default());
        let (commit, health) = Commit::over(wrap(Box::new(store)), durability, path, &clock, wake)?;
        let mut driver = Self::with(clock, commit, health, Some(reader), next_key);
        let interrupted = interrupted.iter().map(|stored| driver.take_up(stored)).collect::<Result<_, _>>()?;
        for schedule in schedules {
            driver.take_up_schedule(schedule)?;
        }
        Ok((driver, interrupted))
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
        live.accepted = stored.accepted;
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
