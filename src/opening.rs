// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Opening and closing the file of an engine, on threads of their own.

use crate::error::{NativeFailure, failure};
use crate::shared::{SharedArchive, SharedDriver, SharedFacts, lock};
use crate::stage::NativeStage;
use crate::{scripted, words};
use napi::bindgen_prelude::{Env, Task, Uint32Array};
use napi_derive::napi;
use runtime::facts::{Follower, Keeping, Rollups};
use runtime::store::{Copies, Durability, OpenOptions};
use runtime::{Clock, Driver, Error, Opening, Unreadable, Wake};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Which file, and how, as the configuration has it.
#[napi(object)]
#[expect(missing_docs, reason = "as in `StorageConfig`")]
pub struct NativeStorage {
    pub path: String,
    pub durability: String,
    pub accept_older: bool,
    pub migrate: String,
    pub ordered: bool,
    pub max_log: Option<f64>,
    /// For how many milliseconds roll-ups are kept; absent: there are none.
    pub rollups: Option<f64>,
}

/// What opening a file resolves with.
#[napi(object)]
pub struct Opened {
    /// Why it did not open.
    pub failure: Option<NativeFailure>,
    /// What is to be continued, in groups of those that need the same.
    pub groups: Vec<InterruptedGroup>,
    /// The slots of executions that are tasks of others, and of those above them, oldest first: they are to be woken in any case.
    pub families: Uint32Array,
    /// What is left alone, since its definition cannot be read.
    pub unreadable: Vec<UnreadableRow>,
    /// What the clock of its journals shows: later than JavaScript's if that was set back since they were written.
    pub now: f64,
}

/// An execution or a schedule whose definition cannot be read.
#[napi(object)]
#[expect(missing_docs, reason = "as in `runtime::Unreadable`")]
pub struct UnreadableRow {
    pub id: String,
    pub is_schedule: bool,
    pub message: String,
}

/// Executions to be continued that need the same.
#[napi(object)]
pub struct InterruptedGroup {
    /// The number of their definition, from 0; see `groupPlan`.
    pub definition: u32,
    /// The agents that models stand in for in them.
    pub built_in: Vec<String>,
    /// The agents of tasks that their attempts have added.
    pub spawned: Vec<String>,
}

/// Opens the file on a thread of its own, since recovery reads what may be a large journal.
pub struct Open {
    pub(crate) driver: SharedDriver,
    pub(crate) archive: SharedArchive,
    pub(crate) facts: SharedFacts,
    pub(crate) path: PathBuf,
    pub(crate) storage: NativeStorage,
    pub(crate) clock: Clock,
    pub(crate) stage: Option<NativeStage>,
    pub(crate) wake: Wake,
}

/// What was found in the file.
pub struct Found {
    groups: Vec<InterruptedGroup>,
    families: Vec<u32>,
    unreadable: Vec<Unreadable>,
    now: Timestamp,
}

impl Found {
    /// Without the first groups, which JavaScript knows.
    pub(crate) fn after(mut self, known: u32) -> Self {
        self.groups.drain(..self.groups.len().min(known as usize));
        self
    }

    /// What the driver has found.
    pub(crate) fn by(driver: &Driver, runtime::Opened { families, unreadable }: runtime::Opened) -> Self {
        Self { groups: groups_of(driver), families, unreadable, now: driver.clock() }
    }
}

impl Opened {
    /// What was found, or why nothing opened.
    pub(crate) fn of(found: Result<Found, NativeFailure>) -> Self {
        match found {
            Err(failure) => Self {
                failure: Some(failure),
                groups: Vec::new(),
                families: Uint32Array::new(Vec::new()),
                unreadable: Vec::new(),
                now: 0.0,
            },
            Ok(Found { groups, families, unreadable, now }) => {
                let row = |one: Unreadable| UnreadableRow { id: one.id.to_string(), is_schedule: one.is_schedule, message: one.message };
                let unreadable = unreadable.into_iter().map(row).collect();
                Self { failure: None, groups, families: Uint32Array::new(families), unreadable, now: words::micros(now.micros()) }
            }
        }
    }
}

impl Open {
    fn open(&self) -> Result<Found, Error> {
        #[cfg(feature = "bench")]
        if std::env::var_os("MAO_BENCH_FILE_STORE").is_some() {
            use runtime::store::OpenError;
            let store = runtime::store::FileStore::open(&self.path).map_err(|source| OpenError::Io { path: self.path.clone(), source })?;
            *lock(&self.driver) = Some(Driver::over(Box::new(store), Durability::Disk, self.clock.share(), Arc::clone(&self.wake))?);
            return Ok(Found { groups: Vec::new(), families: Vec::new(), unreadable: Vec::new(), now: self.clock.read() });
        }
        let durability = if self.storage.durability == "os" { Durability::Os } else { Durability::Disk };
        let wake = Arc::clone(&self.wake);
        let copies = if self.storage.migrate == "backup" { Copies::Always } else { Copies::Small };
        let options = OpenOptions {
            accept_older: self.storage.accept_older,
            unflushed: self.stage.is_some(),
            copies,
            ordered: self.storage.ordered,
            log_max: self.storage.max_log.map(words::bytes),
        };
        let opening = Opening { path: &self.path, durability, options };
        let around = |store| if let Some(stage) = &self.stage { stage.around(store) } else { store };
        let clock = self.clock.share();
        let (driver, opened) = match scripted::script() {
            Some(script) => Driver::open_before(opening, clock, |store, clock| scripted::backend(store, script, clock, wake))?,
            None => Driver::open_through(opening, clock, wake, around)?,
        };
        let archive = driver.archive()?;
        if let Some(reader) = archive.file().map_err(Error::from)? {
            let kept = |millis| Rollups::For(Duration::from_millis(words::bytes(millis)));
            let keeping = Keeping { rollups: self.storage.rollups.map_or(Rollups::Off, kept), ..Keeping::default() };
            *lock(&self.facts) = Some(Arc::new(Follower::start(reader, self.clock.share(), keeping)?));
        }
        *lock(&self.archive) = Some(archive);
        let found = Found::by(&driver, opened);
        *lock(&self.driver) = Some(driver);
        Ok(found)
    }
}

impl Task for Open {
    type Output = Result<Found, Error>;
    type JsValue = Opened;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.open())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Opened> {
        (self.wake)();
        Ok(Opened::of(output.map_err(|error| failure(&error))))
    }
}

fn groups_of(driver: &Driver) -> Vec<InterruptedGroup> {
    let mut definitions = HashMap::new();
    let groups = driver.groups().map(|group| {
        let next = u32::try_from(definitions.len()).unwrap_or(u32::MAX);
        let definition = *definitions.entry(Arc::as_ptr(&group.plan)).or_insert(next);
        InterruptedGroup { definition, built_in: group.built_in.clone(), spawned: group.spawned.clone() }
    });
    groups.collect()
}

/// Closes on a thread of its own, since the last commit may wait for the disk.
pub struct Close {
    pub(crate) facts: Option<Arc<Follower>>,
    pub(crate) driver: Option<Driver>,
}

impl Task for Close {
    type Output = Option<Error>;
    type JsValue = Option<NativeFailure>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        // It reads the store until it has ended.
        if let Some(facts) = self.facts.take() {
            facts.close();
        }
        Ok(self.driver.take().and_then(|driver| driver.close().err()))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Option<NativeFailure>> {
        Ok(output.as_ref().map(failure))
    }
}
