// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The loop around the machines.
//!
//! ```text
//! a call of the host ─▶ Execution::handle ─▶ Batch ─▶ commit ─▶ effects ─▶ the host
//!        (inputs)            (events)                  │
//!                                                      └ on another thread at `'disk'`; its acknowledgement wakes the host
//! ```
//! One call gathers the steps of many inputs into one batch and one commit. An effect leaves only after its step is committed, so what
//! the host hears, and what an agent is asked to do, is always on record. The driver belongs to one thread and is never locked: other
//! threads reach it through queues that it drains when the host calls [`Driver::pull`].

mod admission;
mod agents;
mod arrivals;
mod asked;
mod attempts;
mod budget;
mod counts;
mod deleting;
mod explaining;
mod gathered;
mod history;
mod ids;
mod inputs;
mod journal_limits;
mod keys;
mod letting_go;
mod models;
mod moving;
mod opening;
mod outbox;
mod outputs;
mod parking;
mod post;
mod schedules;
mod slots;
mod spawn;
mod standing;
mod timers;
mod turns;
mod versions;
mod watching;

use crate::effect;
use crate::store::{Accepted, Alert, Archive, Arrival, Backend, CommitError, Durability, Store, Wake};
use crate::{Clock, Error, options, store};
use agents::Agents;
use alphabet::Effect;
use asked::Asked;
use attempts::Attempts;
use engine::{Admission, Execution, Failure, Fit, Input, InstanceIndex, Limits, Plan, Question, Step};
use gathered::Gathered;
use ids::Ids;
pub use journal_limits::JournalLimits;
use outbox::Outbox;
use outputs::Fresh;
use parking::{Groups, Waking};
use rustc_hash::FxHashMap;
use schedules::Schedules;
use slots::{Live, Slots};
use std::path::Path;
use std::sync::Arc;
use stdx::Timestamp;
use timers::Timers;
use versions::Versions;

pub use attempts::{Looks, Recorded};
pub use history::OnRecord;
pub use keys::Claimed;
pub use opening::{Opened, Opening};
pub use parking::{Group, Proceeded, Unreadable};
pub use post::Told;
pub use schedules::Kept;
pub use slots::Accept;

/// Counts since the driver began, and what is live now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Executions that have not ended.
    pub active: usize,
    /// Those among them that are not at hand.
    pub parked: usize,
    /// Those among them that may not begin yet.
    pub waiting: usize,
    /// Tasks of theirs that have not ended and are not running.
    pub queued: usize,
    /// Tasks of theirs with an attempt under way.
    pub running: usize,
    /// Executions that ended well.
    pub completed: u64,
    /// Executions that ended badly.
    pub failed: u64,
    /// Executions that were cancelled.
    pub cancelled: u64,
    /// Answers that came after their attempt had been settled, and were dropped.
    pub late_answers: u64,
}

/// Drives every execution of one orchestrator. It reads no socket, starts no timer and calls nothing back but its
/// [`Wake`]: a host drives it, from one thread, by these calls and in this order.
///
/// 1. **Make it**: [`Driver::in_memory`], or [`Driver::open`], which also returns what another process left unended.
///    Then, before anything begins, what the configuration says: [`Driver::limit`], [`Driver::limit_definitions`],
///    [`Driver::open_pool`] and the agents. [`Driver::proceed`] lets what was interrupted go on, and [`Driver::resume`] those of it that were woken.
/// 2. **Tell it**, as often as there is news, in any order:
///    - what a user asks: [`Driver::accept`], [`Driver::cancel`], [`Driver::pause`], [`Driver::unpause`],
///      [`Driver::signal`], [`Driver::schedule`];
///    - what attempts say: [`Driver::not_before`], then [`Driver::settle`] for each answer, then [`Driver::recycle`];
///      between answers [`Driver::heartbeat`], [`Driver::spawn`], [`Driver::chose`], [`Driver::called`];
///    - what it had asked the host: [`Driver::judged`], [`Driver::reviewed`].
/// 3. **Flush it**: [`Driver::flush`], once after all that came together. Nothing that was told is on record before,
///    and none of it leaves.
/// 4. **Take what is owed**: [`Driver::next_effect`] until it is `None`, and do it in that order. A batch that is still
///    being written owes nothing yet.
/// 5. **Wait** for an answer, for the [`Wake`], or for [`Driver::next_deadline`], whichever is first. For the last two
///    call [`Driver::pull`], which flushes too, and go on with 4. `next_deadline` may be another after every flush and
///    pull.
/// 6. When an execution has ended and was looked at, [`Driver::release`] frees its slot. At last [`Driver::interrupt`],
///    3 and 4 once more, and [`Driver::close`]; to drop it instead is what a crash does.
///
/// An error of the store is final: every later call returns it, and a new driver over the same store shows what is
/// true. All other errors are about the call that gets them and change nothing.
pub struct Driver {
    clock: Clock,
    slots: Slots,
    /// Where the live executions are, by their ids.
    ids: FxHashMap<Arc<str>, u32>,
    backend: Box<dyn Backend>,
    /// Whether it is away; see [`Arrival::Away`].
    is_away: bool,
    /// Why new work is refused meanwhile, if it is.
    silence: Option<Arc<str>>,
    /// Reused from call to call.
    arrived: Vec<Arrival>,
    /// Why new work is refused, if it is.
    shortage: Option<Arc<str>>,
    /// What people have not been told yet.
    alerts: Vec<Alert>,
    obstacles: explaining::Obstacles,
    /// What is on record, where that is in the memory of this process.
    at_hand: Option<Box<dyn Archive>>,
    asked: Asked,
    next_key: i64,
    /// How many deletions were asked for.
    tickets: u32,
    drawn: Ids,
    /// What the calls since the last flush have led to and is not yet submitted, with the effects owed once it is committed.
    gathered: Gathered,
    /// The instant all of that happened at: one reading of the clock for one batch.
    now: Option<Timestamp>,
    /// What was owed for batches that were submitted, and what the host may take.
    outbox: Outbox,
    /// Reused from input to input.
    step: Step,
    timers: Timers,
    /// Executions with loops that gave way: they go on at the next [`Driver::pull`].
    resting: Vec<(u32, i64)>,
    versions: Versions,
    /// Where the latest executions of idempotency keys are, as long as they are live, by the hashes of the keys.
    keys: FxHashMap<Arc<str>, u32>,
    fresh: Fresh,
    schedules: Schedules,
    /// The bounds of what attempts add.
    limits: Limits,
    /// How much one execution may record.
    journals: JournalLimits,
    /// What in the store cannot be read, and is left alone.
    unreadable: Vec<Unreadable>,
    /// What another process left unended, as far as it waits for agents.
    groups: Groups,
    /// What was taken from another and the host has not asked for.
    taken: Opened,
    post: post::Post,
    /// Whether the process is about to end: nothing begins any more.
    is_ending: bool,
    admission: Admission,
    agents: Option<Agents>,
    attempts: Attempts,
    watching: watching::Watching,
    /// `None`: nothing is counted.
    counts: Option<Box<counts::Counts>>,
    statistics: Statistics,
    failed: Option<Arc<CommitError>>,
}

impl Driver {
    /// A driver that writes nothing.
    pub fn in_memory(clock: Clock) -> Self {
        let (backend, archive) = store::in_memory(&clock);
        Self::with(clock, backend, Some(archive), 1)
    }

    /// A driver before a backend that keeps nothing yet.
    pub fn before(backend: Box<dyn Backend>, clock: Clock) -> Result<Self, Error> {
        let archive = Some(backend.archive()?).filter(|archive| archive.is_in_memory());
        Ok(Self::with(clock, backend, archive, 1))
    }

    /// A driver over an empty store of another kind, for comparisons and for tests of what a store may do wrong.
    pub fn over(store: Box<dyn Store>, durability: Durability, clock: Clock, wake: Wake) -> Result<Self, Error> {
        let backend = store::over(store, durability, Path::new(""), &clock, wake)?;
        Self::before(backend, clock)
    }

    fn with(clock: Clock, backend: Box<dyn Backend>, at_hand: Option<Box<dyn Archive>>, next_key: i64) -> Self {
        Self {
            clock,
            slots: Slots::default(),
            ids: FxHashMap::default(),
            backend,
            is_away: false,
            silence: None,
            arrived: Vec::new(),
            shortage: None,
            alerts: Vec::new(),
            obstacles: explaining::Obstacles::default(),
            at_hand,
            asked: Asked::default(),
            next_key,
            tickets: 0,
            drawn: Ids::default(),
            gathered: Gathered::default(),
            now: None,
            outbox: Outbox::default(),
            step: Step::default(),
            timers: Timers::default(),
            resting: Vec::new(),
            versions: Versions::default(),
            keys: FxHashMap::default(),
            fresh: Fresh::default(),
            schedules: Schedules::default(),
            limits: Limits::default(),
            journals: JournalLimits::default(),
            unreadable: Vec::new(),
            groups: Groups::default(),
            taken: Opened::default(),
            post: post::Post::default(),
            is_ending: false,
            admission: Admission::default(),
            agents: None,
            attempts: Attempts::default(),
            watching: watching::Watching::default(),
            counts: None,
            statistics: Statistics::default(),
            failed: None,
        }
    }

    /// Begins an execution. Its `Accepted` effect follows once that is committed.
    ///
    /// `options` is JSON text as in [`crate::options`]; `id` is given where the host has chosen one. Where the store has no room for new work only what
    /// belongs to what runs is accepted.
    pub fn accept(
        &mut self,
        plan: &Arc<Plan>,
        context: Option<String>,
        options: Option<String>,
        id: Option<String>,
    ) -> Result<Accept, Error> {
        self.begin(true, plan, context, options, id)
    }

    /// Begins an execution; one that was `asked` for by a caller may begin where another process drives.
    fn begin(
        &mut self,
        asked: bool,
        plan: &Arc<Plan>,
        context: Option<String>,
        options: Option<String>,
        id: Option<String>,
    ) -> Result<Accept, Error> {
        self.check()?;
        let at = self.now();
        let id: Arc<str> = id.unwrap_or_else(|| self.backend.name(self.drawn.draw(at))).into();
        let (setup, belongs) = options::read(&id, options::seed_of(&id), context.as_deref(), options.as_deref())?;
        let is_new = matches!(belongs, options::Belongs::ToNobody(_));
        if is_new {
            self.check_room()?;
        }
        self.admit_definition(plan)?;
        let key = self.next_key;
        self.next_key += 1;
        let mut live = Live { priority: belongs.priority(), ..Live::new(key, Execution::new(Arc::clone(plan), setup), at) };
        let partition = self.backend.partition(&id);
        live.partition = partition;
        let keyed = options::keyed(&id, options.as_deref());
        let (context, options) = (context.map(Into::into), options.map(Into::into));
        let accepted = Accepted { key, id: Arc::clone(&id), plan: Arc::clone(plan), context, options, at };
        if asked && is_new && !self.backend.drives(partition) {
            self.versions.release(plan);
            return Ok(Accept { slot: self.begin_elsewhere(live, accepted, keyed)?, id });
        }
        self.equip(&mut live);
        let open = live.execution.open();
        let (ticket, parent) = self.place_of(belongs);
        live.parent = parent;
        let slot = self.slots.insert(live)?;
        self.ids.insert(Arc::clone(&id), slot);
        self.take_key(slot, keyed);
        let part = self.gathered.at((partition, plan.durability));
        part.batch.accepted.push(accepted);
        part.owed.push(effect::accepted(slot, at));
        self.statistics.active += 1;
        self.statistics.queued += open;
        self.enqueue(slot, ticket)?;
        Ok(Accept { slot, id })
    }

    /// Makes the clock show `latest` at the least: the host is about to give answers, the last of them measured then, and what they lead to is not recorded
    /// as earlier.
    pub fn not_before(&mut self, latest: Timestamp) {
        self.now = Some(self.clock.tick(latest));
    }

    /// Lets the slots of released executions be used again: the host has given every answer it had, so none is left for them.
    pub fn recycle(&mut self) {
        self.slots.recycle();
    }

    /// Stops an execution; with `force` its clean-up too.
    pub fn cancel(&mut self, slot: u32, reason: Option<Arc<str>>, force: bool) -> Result<(), Error> {
        self.input(slot, Input::Cancel { reason, force })
    }

    /// Pauses an execution: nothing new starts in it.
    pub fn pause(&mut self, slot: u32) -> Result<(), Error> {
        self.input(slot, Input::Pause)
    }

    /// Resumes it; with `step`, only until the next task has ended.
    pub fn unpause(&mut self, slot: u32, step: bool) -> Result<(), Error> {
        self.input(slot, Input::Resume { step })
    }

    /// Somebody sends a signal, meant for the wait at `path` if it names one; `payload` is JSON text. `fits`: the waits with a schema that it fits, of
    /// all that could take it; `None`: none of those has one.
    pub fn signal(
        &mut self,
        slot: u32,
        name: Arc<str>,
        payload: Arc<str>,
        path: Option<Arc<str>>,
        fits: Option<Arc<[Fit]>>,
    ) -> Result<(), Error> {
        self.slots.get(slot)?.execution.check_signal(&name, path.as_deref(), fits.as_deref())?;
        self.input(slot, Input::Signal { name, payload, path, fits })
    }

    /// An attempt gave a sign of life.
    pub fn heartbeat(&mut self, slot: u32, task: InstanceIndex, attempt: u32) -> Result<(), Error> {
        self.input(slot, Input::Heartbeat { task, attempt })
    }

    /// A function that is a condition answered.
    pub fn judged(&mut self, slot: u32, task: InstanceIndex, question: Question, answer: Result<bool, Failure>) -> Result<(), Error> {
        self.input(slot, Input::Judged { task, question, answer })
    }

    /// A live execution, to be looked at.
    pub fn execution(&self, slot: u32) -> Result<&Execution, Error> {
        Ok(&self.slots.get(slot)?.execution)
    }

    /// The process will end: what runs now is taken up by the next, and no crash is counted for it.
    pub fn interrupt(&mut self) -> Result<(), Error> {
        self.is_ending = true;
        // What waits is begun by the next, and what is planned as well.
        self.admission = Admission::default();
        self.schedules.rest();
        for slot in self.slots.numbers() {
            self.input(slot, Input::Interrupt)?;
        }
        Ok(())
    }

    /// Submits what the calls before led to. What is committed within that leaves at once, at `'disk'` with a later call.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.check()?;
        self.outbox.handled();
        loop {
            while self.hear()? {}
            self.admit()?;
            // Whoever is let in may end at once, and make room for others.
            while self.let_in_waiting()? {
                self.admit()?;
            }
            self.now = None;
            if self.gathered.is_empty() {
                self.gathered.parts().for_each(|part| self.outbox.ready(part.owed.drain(..)));
                return Ok(());
            }
            self.submit();
        }
    }

    /// What other threads and time have brought: acknowledged commits, passed deadlines.
    pub fn pull(&mut self) -> Result<(), Error> {
        self.check()?;
        while self.hear()? {}
        let now = self.now();
        while let Some((slot, key)) = self.timers.pop_due(now) {
            if let Some(live) = self.slots.get_mut(slot, key) {
                live.armed = None;
                self.input(slot, Input::Tick)?;
            } else if self.slots.parked(slot).is_some_and(|parked| parked.key == key && !parked.is_asleep) {
                self.wake_for(slot, Waking::Due);
            }
        }
        for (slot, key) in std::mem::take(&mut self.resting) {
            let Some(live) = self.slots.get_mut(slot, key) else { continue };
            live.rests = false;
            self.input(slot, Input::Tick)?;
        }
        self.fire(now)?;
        self.pool(engine::Pool::tick);
        self.flush()
    }

    /// The next committed effect, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.outbox.next()
    }

    /// Commits what is queued and lets go of the file.
    pub fn close(mut self) -> Result<(), Error> {
        self.flush()?;
        self.backend.close().map_err(|failure| self.fail(&failure))
    }

    fn now(&mut self) -> Timestamp {
        *self.now.get_or_insert_with(|| self.clock.tick(Timestamp::default()))
    }
}
