// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A world for the real engine: agents that work as a script says, with so many places each, on a clock that jumps from one happening to the next.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on says so"
)]
#![expect(dead_code, reason = "each test uses a part of it")]

use analytics::trace::{Began, Micros, Ran, Reads, Record, Trace, Tracer, Waited};
use engine::{Command, Event, Execution, Failure, Input, InstanceIndex, Limits, Output, Plan, Settled, Setup, Step, TaskKind, read_plan};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;
use stdx::Timestamp;

/// Where the clock of each world begins.
pub(crate) const EPOCH: Micros = 1_000_000_000;

const LIMITS: Limits =
    Limits { tasks_max: 10_000, depth_max: 10, default_timeout: std::time::Duration::from_hours(100_000), checked: true };

/// A call of an agent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) attempt: u32,
}

/// What an agent does.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// It works for so long.
    Work(Micros),
    /// It adds a task with this id and awaits it.
    Spawn(String),
}

/// What an attempt does and how it ends.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) parts: Vec<Part>,
    pub(crate) well: bool,
    /// The print of its input, and what it read of its dependencies.
    pub(crate) print: Option<u64>,
    pub(crate) reads: Reads,
}

impl Act {
    pub(crate) fn work(time: Micros) -> Self {
        Self { parts: vec![Part::Work(time)], well: true, print: None, reads: Reads::Unknown }
    }

    pub(crate) fn fail(time: Micros) -> Self {
        Self { well: false, ..Self::work(time) }
    }
}

/// What the ways between the parts take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overheads {
    pub(crate) persist: Micros,
    pub(crate) dispatch: Micros,
    pub(crate) answer: Micros,
}

struct Recorded {
    at: Micros,
    previous_committed: Micros,
    events: Vec<Event>,
    began: Vec<Began>,
    ran: Vec<Ran>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// An attempt goes on with the next of its parts.
    GoesOn(InstanceIndex, u32),
    Answers(InstanceIndex, u32, Micros),
    Told(Told),
    Tick,
}

/// What somebody says from outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    Pause,
    Resume,
    Cancel,
    Signal(String),
}

struct Attempt {
    act: Act,
    next: usize,
    start: Micros,
    number: u32,
}

#[derive(Default)]
struct Places {
    limit: Option<usize>,
    taken: usize,
    queue: VecDeque<InstanceIndex>,
}

pub(crate) struct World<'a> {
    plan: Arc<Plan>,
    setup: Setup,
    pub(crate) execution: Execution,
    now: Micros,
    records: Vec<Recorded>,
    happenings: BinaryHeap<Reverse<(Micros, u64, Happening)>>,
    happened: u64,
    attempts: BTreeMap<InstanceIndex, Attempt>,
    pools: BTreeMap<String, Places>,
    overheads: Overheads,
    script: Box<dyn FnMut(&Call) -> Act + 'a>,
    waiting: BTreeMap<(InstanceIndex, String), InstanceIndex>,
    acts: BTreeMap<(InstanceIndex, u32), Act>,
}

/// A plan of a definition whose tasks need not say their names.
pub(crate) fn plan_of(definition: &serde_json::Value) -> Arc<Plan> {
    let (plan, problems) = read_plan(&definition.to_string(), LIMITS);
    let errors: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.path, problem.kind)).collect();
    Arc::new(plan.unwrap_or_else(|| panic!("{definition}\n{}", errors.join("\n"))))
}

impl<'a> World<'a> {
    pub(crate) fn new(definition: &serde_json::Value, script: impl FnMut(&Call) -> Act + 'a) -> Self {
        let plan = plan_of(definition);
        let setup = Setup { id: "e".into(), asks: true, ..Setup::default() };
        Self {
            execution: Execution::new(Arc::clone(&plan), setup.clone()),
            plan,
            setup,
            now: EPOCH,
            records: Vec::new(),
            happenings: BinaryHeap::new(),
            happened: 0,
            attempts: BTreeMap::new(),
            pools: BTreeMap::new(),
            overheads: Overheads::default(),
            script: Box::new(script),
            waiting: BTreeMap::new(),
            acts: BTreeMap::new(),
        }
    }

    /// Another id, and a later beginning.
    pub(crate) fn named(mut self, id: &str, begins: Micros) -> Self {
        self.setup.id = id.into();
        self.execution = Execution::new(Arc::clone(&self.plan), self.setup.clone());
        self.now = begins;
        self
    }

    pub(crate) fn overheads(mut self, overheads: Overheads) -> Self {
        self.overheads = overheads;
        self
    }

    pub(crate) fn places(mut self, agent: &str, limit: usize) -> Self {
        self.pools.entry(agent.to_owned()).or_default().limit = Some(limit);
        self
    }

    pub(crate) fn told(mut self, after: Micros, told: Told) -> Self {
        let at = self.now + after;
        self.happens(at, Happening::Told(told));
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Self {
        self.tell(Input::Start);
        while self.execution.ended().is_none() {
            if let Some(due) = self.execution.next_deadline() {
                self.happens(due.micros().max(self.now), Happening::Tick);
            }
            let Some(Reverse((at, _, happening))) = self.happenings.pop() else { panic!("nothing happens any more: {:?}", self.execution) };
            self.now = self.now.max(at);
            self.happen(happening);
            if self.execution.is_resting() {
                self.tell(Input::Tick);
            }
        }
        self
    }

    pub(crate) fn trace(&self) -> Trace {
        self.tracer(self.records.len()).finish()
    }

    /// As far as its first records tell.
    pub(crate) fn trace_of_first(&self, records: usize) -> Trace {
        self.tracer(records).finish()
    }

    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    fn tracer(&self, records: usize) -> Tracer {
        let mut tracer = Tracer::new(Arc::clone(&self.plan), self.setup.clone());
        for record in &self.records[..records] {
            let Recorded { at, previous_committed, events, began, ran } = record;
            let (at, previous_committed) = (Timestamp::from_micros(*at), Timestamp::from_micros(*previous_committed));
            tracer.step(&Record { at, previous_committed, events, began, ran });
        }
        tracer
    }

    fn happens(&mut self, at: Micros, happening: Happening) {
        self.happened += 1;
        self.happenings.push(Reverse((at, self.happened, happening)));
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tick => {
                if self.execution.next_deadline().is_some_and(|due| due.micros() <= self.now) {
                    self.tell(Input::Tick);
                }
            }
            Happening::GoesOn(task, attempt) => {
                if self.attempts.get(&task).is_some_and(|known| known.number == attempt) {
                    self.go_on(task);
                }
            }
            Happening::Answers(task, attempt, end) => {
                if self.attempts.get(&task).is_none_or(|known| known.number != attempt) {
                    return;
                }
                let Attempt { act, start, .. } = self.attempts.remove(&task).unwrap();
                let failure = Failure { code: "ERR_AGENT".into(), message: "no".into(), details: None, retryable: true, retry_after: None };
                let result = if act.well { Ok(Output::Json("1".into())) } else { Err(failure) };
                let (start, end) = (Timestamp::from_micros(start), Timestamp::from_micros(end));
                let reads = act.reads;
                self.give_back(task);
                self.tell_with(Input::Settled(Settled { task, attempt, start, end, result }), reads);
                self.let_in(task);
            }
            Happening::Told(Told::Pause) => self.tell(Input::Pause),
            Happening::Told(Told::Resume) => self.tell(Input::Resume { step: false }),
            Happening::Told(Told::Cancel) => self.tell(Input::Cancel { reason: None, force: false }),
            Happening::Told(Told::Signal(name)) => {
                self.tell(Input::Signal { name: name.as_str().into(), payload: "1".into(), path: None, fits: None });
            }
        }
    }

    fn go_on(&mut self, task: InstanceIndex) {
        let attempt = self.attempts.get_mut(&task).unwrap();
        let number = attempt.number;
        let part = attempt.act.parts.get(attempt.next).cloned();
        attempt.next += 1;
        match part {
            Some(Part::Work(time)) => self.happens(self.now + time, Happening::GoesOn(task, number)),
            Some(Part::Spawn(id)) => {
                let definition = serde_json::json!({ "id": id, "name": id, "agentId": "spawned" }).to_string();
                self.waiting.insert((task, id), task);
                self.tell(Input::Spawn { task, attempt: number, definition: definition.into() });
            }
            None => {
                let end = self.now;
                self.happens(end + self.overheads.answer, Happening::Answers(task, number, end));
            }
        }
    }

    fn tell(&mut self, input: Input) {
        self.tell_with(input, Reads::Unknown);
    }

    fn tell_with(&mut self, input: Input, reads: Reads) {
        let mut step = Step::default();
        self.execution.handle(Timestamp::from_micros(self.now), input, &mut step);
        if !step.events.is_empty() {
            // As the driver does: what happens at one instant is one record, and one tells of the latest commit that was known then.
            if self.records.last().is_none_or(|last| last.at != self.now) {
                let commits = self.records.iter().rev().map(|record| record.at + self.overheads.persist);
                let previous_committed = commits.into_iter().find(|commit| *commit <= self.now).unwrap_or(self.now.min(EPOCH));
                let (events, began, ran) = (Vec::new(), Vec::new(), Vec::new());
                self.records.push(Recorded { at: self.now, previous_committed, events, began, ran });
            }
            let before = self.records.last().unwrap().events.len();
            let (mut began, mut ran, mut ended) = (Vec::new(), Vec::new(), Vec::new());
            for (place, event) in (u32::try_from(before).unwrap()..).zip(&step.events) {
                match event {
                    Event::AttemptStarted { task, ready, attempt, .. } => {
                        let waited = (ready.micros() < self.now).then_some(Waited::Place);
                        let print = self.act(*task, *attempt).print;
                        began.push(Began { event: place, waited, print });
                    }
                    Event::TaskCompleted { task, attempt: 1.., .. } => {
                        ran.push(Ran { event: place, agent: None, reads });
                        ended.push(*task);
                    }
                    Event::TaskCompleted { task, .. } | Event::TaskFailed { task, .. } | Event::TaskCancelled { task, .. } => {
                        ended.push(*task);
                    }
                    _ => {}
                }
            }
            let record = self.records.last_mut().unwrap();
            record.events.extend(step.events.iter().cloned());
            record.began.extend(began);
            record.ran.extend(ran);
            for task in ended {
                if self.attempts.remove(&task).is_some() {
                    self.give_back(task);
                }
                let owner = self.execution.owner(task);
                let id = self.execution.planned(task).id.to_string();
                let parent = owner.and_then(|owner| self.waiting.remove(&(owner, id)));
                if let Some((parent, number)) = parent.and_then(|parent| Some((parent, self.attempts.get(&parent)?.number))) {
                    self.happens(self.now, Happening::GoesOn(parent, number));
                }
            }
        }
        for command in step.commands {
            self.carry_out(command);
        }
    }

    /// What an attempt does: asked once, as it begins.
    fn act(&mut self, task: InstanceIndex, attempt: u32) -> Act {
        let call = self.call(task, attempt);
        self.acts.entry((task, attempt)).or_insert_with(|| (self.script)(&call)).clone()
    }

    fn call(&self, task: InstanceIndex, attempt: u32) -> Call {
        Call { path: self.execution.path(task), id: self.execution.planned(task).id.to_string(), attempt }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Ask { task, .. } => {
                let places = self.places_of(task);
                if places.queue.is_empty() && places.limit.is_none_or(|limit| places.taken < limit) {
                    self.admit(task, None);
                } else {
                    places.queue.push_back(task);
                }
            }
            Command::Withdraw { task } => self.places_of(task).queue.retain(|other| *other != task),
            Command::Run { task, attempt } => {
                let act = self.act(task, attempt);
                let start = self.now + self.overheads.persist + self.overheads.dispatch;
                self.attempts.insert(task, Attempt { act, next: 0, start, number: attempt });
                self.happens(start, Happening::GoesOn(task, attempt));
            }
            Command::Abort { task, attempt, .. } => {
                if let Some(known) = self.attempts.get_mut(&task) {
                    known.act.well = false;
                    self.happens(self.now + 11, Happening::Answers(task, attempt, self.now + 11));
                }
            }
            other => panic!("nobody is there for {other:?}"),
        }
    }

    fn admit(&mut self, task: InstanceIndex, by: Option<InstanceIndex>) {
        self.places_of(task).taken += 1;
        self.tell(Input::Admit { task, admitted_by: by });
        if !self.attempts.contains_key(&task) {
            self.give_back(task);
        }
    }

    fn places_of(&mut self, task: InstanceIndex) -> &mut Places {
        let agent = match &self.execution.calling(task).kind {
            TaskKind::Agent { agent_id } => agent_id.to_string(),
            _ => String::new(),
        };
        self.pools.entry(agent).or_default()
    }

    fn give_back(&mut self, task: InstanceIndex) {
        let places = self.places_of(task);
        places.taken = places.taken.saturating_sub(1);
    }

    /// Those that wait for the place that this task has left.
    fn let_in(&mut self, left: InstanceIndex) {
        loop {
            let places = self.places_of(left);
            let has_room = places.limit.is_none_or(|limit| places.taken < limit);
            let Some(next) = places.queue.pop_front_if(|_| has_room) else { return };
            // One that is paused does not take it, and asks again when it goes on.
            self.admit(next, Some(left));
        }
    }
}
