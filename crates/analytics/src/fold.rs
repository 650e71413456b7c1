// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Records of one execution become facts.
//!
//! The machine itself replays them, so that a status, a path or an attempt is what `getExecution` says it is. What its state does not keep, since nothing is
//! decided by it, is summed up beside: how long each task waited and worked, and which model answered.

use crate::facts::{CallFacts, Counts, ExecutionFacts, Fact, Kind, Outcome, Special, Status, TaskFacts, Waits};
use crate::fingerprint::fingerprint;
use engine::{End, Event, Execution, InstanceIndex, Phase, Plan, ReusedEnd, Setup, Spent, TaskEnd, TaskKind, TaskState, Wait};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// An execution as far as its records have been read.
#[derive(Debug)]
pub struct Fold {
    execution: Execution,
    sums: FxHashMap<InstanceIndex, Sums>,
    /// What it was before it was moved, if it was.
    moved: Option<Moved>,
    records: u64,
    bytes: u64,
}

/// What is summed up of a task until it ends.
#[derive(Debug, Default)]
struct Sums {
    ready: Option<(Timestamp, Option<InstanceIndex>)>,
    wait: Duration,
    run: Duration,
    /// Its last attempt is counted, though tasks that it spawned keep it from ending.
    finishing: bool,
    model: Option<Arc<str>>,
    spent: Spent,
}

/// What is kept of tasks as they were before an execution was moved.
#[derive(Debug, Default)]
struct Moved {
    /// Facts have the numbers of tasks from here on.
    base: u32,
    /// By path: the numbers by which facts know those before, and what is summed up of those that have not ended.
    numbers: FxHashMap<String, InstanceIndex>,
    sums: FxHashMap<String, Sums>,
    /// Tasks that have ended since.
    ended: FxHashSet<InstanceIndex>,
}

/// The fields of a call that are looked at here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Call {
    provider: String,
    model: String,
    failure: Option<serde::de::IgnoredAny>,
}

impl Fold {
    /// An execution of which nothing has been read.
    pub fn new(plan: Arc<Plan>, setup: Setup) -> Self {
        Self { execution: Execution::new(plan, setup), sums: FxHashMap::default(), moved: None, records: 0, bytes: 0 }
    }

    /// The next record: what happened at `at`, in so many bytes. What it adds goes into `facts`.
    pub fn step(&mut self, at: Timestamp, events: &[Event], bytes: u64, facts: &mut Vec<Fact>) {
        self.records += 1;
        self.bytes += bytes;
        for event in events {
            if let Event::Moved { .. } = event {
                self.move_on();
            }
            self.execution.observe(at, event);
            self.event(at, event, facts);
        }
    }

    /// The execution as these records leave it.
    pub fn facts(&self) -> ExecutionFacts {
        ExecutionFacts { records: self.records, bytes: self.bytes, ..facts_of(&self.execution) }
    }

    /// Takes up an execution whose records were read before: what they add is known, and they were so many bytes.
    pub fn take_up<'a>(&mut self, records: impl IntoIterator<Item = (Timestamp, &'a [Event])>, bytes: u64) {
        let mut known = Vec::new();
        for (at, events) in records {
            self.step(at, events, 0, &mut known);
            known.clear();
        }
        self.bytes = bytes;
    }

    /// The version of the workflow that it runs, which a move may change.
    pub fn version(&self) -> &Arc<str> {
        &self.execution.plan().version
    }

    /// How many records were read: the number of the next.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many tasks it has.
    pub fn tasks(&self) -> usize {
        self.execution.tasks().len()
    }

    /// Tasks have other numbers from here on: facts have numbers that no task had before, and what is summed up goes by paths.
    fn move_on(&mut self) {
        let before = self.moved.take().unwrap_or_default();
        let count = u32::try_from(self.execution.tasks().len()).unwrap_or(u32::MAX);
        let mut moved = Moved { base: before.base.saturating_add(count), ..Moved::default() };
        for (task, _) in self.execution.tasks().iter() {
            let path = self.execution.path(task);
            let known = before.numbers.get(&path).copied().unwrap_or_else(|| InstanceIndex::new(before.base.saturating_add(task.get())));
            if let Some(sums) = self.sums.remove(&task) {
                moved.sums.insert(path.clone(), sums);
            }
            moved.numbers.insert(path, known);
        }
        self.moved = Some(moved);
    }

    /// The sums of a task, those from before a move included.
    fn sums_of(&mut self, task: InstanceIndex) -> &mut Sums {
        if let Some(moved) = &mut self.moved
            && !moved.sums.is_empty()
            && let Some(sums) = moved.sums.remove(&self.execution.path(task))
        {
            self.sums.insert(task, sums);
        }
        self.sums.entry(task).or_default()
    }

    /// The number by which facts know a task.
    fn number(&self, task: InstanceIndex) -> InstanceIndex {
        self.moved.as_ref().map_or(task, |moved| InstanceIndex::new(moved.base.saturating_add(task.get())))
    }

    /// The same of one that may have ended before the last move.
    fn number_of_end(&self, task: InstanceIndex) -> InstanceIndex {
        let before = self.moved.as_ref().filter(|moved| !moved.ended.contains(&task));
        let known = before.and_then(|moved| moved.numbers.get(&self.execution.path(task)));
        known.copied().unwrap_or_else(|| self.number(task))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events change no sum and end nothing")]
    fn event(&mut self, at: Timestamp, event: &Event, facts: &mut Vec<Fact>) {
        match event {
            Event::AttemptStarted { task, ready, ready_by, .. } => {
                let sums = self.sums_of(*task);
                sums.ready.get_or_insert((*ready, *ready_by));
                sums.wait += at.since(*ready);
            }
            Event::RetryScheduled { task, attempt, start, end, .. } | Event::FallbackTaken { task, attempt, start, end, .. } => {
                self.sums_of(*task).run += own(*attempt, *start, *end);
            }
            Event::TaskFinishing { task, start, end, .. } => {
                let sums = self.sums_of(*task);
                sums.run += end.since(*start);
                sums.finishing = true;
            }
            Event::ModelCalled { task, spent, call, .. } => facts.push(self.call(at, *task, **spent, call)),
            Event::TaskCompleted { task, attempt, start, end, .. } | Event::TaskFailed { task, attempt, start, end, .. } => {
                facts.extend(self.ended(*task, own(*attempt, *start, *end), false));
            }
            Event::TaskSkipped { task, .. } | Event::TaskCancelled { task, .. } => facts.extend(self.ended(*task, Duration::ZERO, false)),
            Event::TaskReused { task, end } => {
                let degraded = matches!(end, ReusedEnd::Degraded(..));
                facts.extend(self.ended(*task, Duration::ZERO, !degraded));
            }
            Event::ExecutionEnded { .. } => facts.push(Fact::End(Box::new(self.facts()))),
            _ => {}
        }
    }

    fn call(&mut self, at: Timestamp, task: InstanceIndex, spent: Spent, call: &str) -> Fact {
        let Call { provider, model, failure } = serde_json::from_str(call).unwrap_or_default();
        let name: Arc<str> = if model.is_empty() { Arc::from("") } else { format!("{provider}/{model}").into() };
        let late = self.execution.tasks().get(task).and_then(engine::TaskRecord::ended_at);
        if late.is_none() {
            let sums = self.sums_of(task);
            sums.spent = sums.spent.plus(spent);
            if failure.is_none() && !name.is_empty() {
                sums.model = Some(Arc::clone(&name));
            }
        }
        let id = Arc::clone(&self.execution.planned(task).id);
        Fact::Call(Box::new(CallFacts { instance: self.number(task), at, task: id, model: name, spent, failed: failure.is_some(), late }))
    }

    fn ended(&mut self, task: InstanceIndex, own: Duration, reused: bool) -> Option<Fact> {
        _ = self.sums_of(task);
        if let Some(moved) = &mut self.moved {
            moved.ended.insert(task);
        }
        let execution = &self.execution;
        let record = execution.tasks().get(task)?;
        let sums = self.sums.remove(&task).unwrap_or_default();
        let begun = |at: Timestamp| record.first_start.or(Some(at));
        let (outcome, start, end, failure, tolerated) = match record.state.end()? {
            TaskEnd::Completed { start, end } => (Outcome::Completed, begun(start), end, None, false),
            TaskEnd::Failed { start, end, failure, tolerated } => (Outcome::Failed, begun(start), end, Some(failure), tolerated),
            TaskEnd::Skipped { at, .. } => (Outcome::Skipped, None, at, None, false),
            TaskEnd::Cancelled { at, .. } => (Outcome::Cancelled, record.first_start, at, None, false),
        };
        let degraded = execution.degraded(task);
        let failure = failure.or(degraded);
        let special = match degraded {
            _ if reused => Special::Reused,
            Some(_) => Special::Degraded,
            None if tolerated => Special::Tolerated,
            None => Special::Nothing,
        };
        let (kind, agent) = match &execution.calling(task).kind {
            TaskKind::Agent { agent_id } => (Kind::Agent, Some(Arc::clone(agent_id))),
            TaskKind::Workflow => (Kind::Workflow, None),
            TaskKind::Wait => (Kind::Wait, None),
            TaskKind::Group { .. } | TaskKind::Choice { .. } | TaskKind::Loop(_) => (Kind::Group, None),
        };
        let (ready, ready_by) = sums.ready.unzip();
        let run = if sums.finishing { sums.run } else { sums.run + own };
        Some(Fact::Task(Box::new(TaskFacts {
            instance: self.number(task),
            task: Arc::clone(&execution.planned(task).id),
            path: execution.path(task),
            kind,
            agent,
            attempts: record.attempts(),
            interruptions: record.interruptions,
            ready,
            ready_by: ready_by.flatten().map(|by| self.number_of_end(by)),
            start,
            end,
            wait: sums.wait,
            run,
            outcome,
            special,
            error: failure.map(|failure| Arc::clone(&failure.code)),
            print: failure.map(|failure| fingerprint(&failure.message).into()),
            model: sums.model,
            spent: sums.spent,
        })))
    }
}

/// The time of an attempt; there was none where its number is 0.
fn own(attempt: u32, start: Timestamp, end: Timestamp) -> Duration {
    if attempt > 0 { end.since(start) } else { Duration::ZERO }
}

/// An execution as its machine is now. Its records are not counted.
pub fn facts_of(execution: &Execution) -> ExecutionFacts {
    let mut tasks = Counts { total: execution.tasks().len() as u64, ..Counts::default() };
    let mut attempts = 0;
    for (_, record) in execution.tasks().iter() {
        attempts += u64::from(record.attempts());
        match record.state.end() {
            Some(TaskEnd::Completed { .. }) => tasks.completed += 1,
            Some(TaskEnd::Failed { .. }) => tasks.failed += 1,
            Some(TaskEnd::Skipped { .. }) => tasks.skipped += 1,
            Some(TaskEnd::Cancelled { .. }) => tasks.cancelled += 1,
            None => {}
        }
    }
    let failure = execution.failure();
    ExecutionFacts {
        status: status(execution),
        started: execution.started(),
        ended: execution.ended(),
        error: failure.map(|(_, failure)| Arc::clone(&failure.code)),
        failed: failure.and_then(|(task, _)| task).map(|task| execution.path(task)),
        tasks,
        attempts,
        spent: execution.spent(),
        waits: waits_of(execution),
        records: 0,
        bytes: 0,
    }
}

fn status(execution: &Execution) -> Status {
    match execution.phase() {
        Phase::Pending | Phase::Running if execution.is_paused() => Status::Paused,
        Phase::Pending => Status::Pending,
        Phase::Running | Phase::Failing { .. } | Phase::Cancelling { .. } => Status::Running,
        Phase::Ended(End::Completed) => Status::Completed,
        Phase::Ended(End::Failed { .. }) => Status::Failed,
        Phase::Ended(End::Cancelled { .. }) => Status::Cancelled,
    }
}

/// What an execution waits for.
pub fn waits_of(execution: &Execution) -> Waits {
    let mut waits = Waits::default();
    if execution.open() == 0 || execution.ended().is_some() {
        return waits;
    }
    for (task, record) in execution.tasks().iter() {
        if let TaskState::Awaiting { until, .. } = &record.state {
            match &execution.planned(task).wait {
                Some(Wait::Signal { name, .. }) => _ = waits.signals.insert(Arc::clone(name)),
                Some(Wait::Delay(_)) | None => waits.timer = waits.timer.into_iter().chain(*until).min(),
            }
        } else if let TaskState::Backoff { until, .. } = &record.state {
            waits.timer = waits.timer.into_iter().chain([*until]).min();
        } else if let TaskKind::Agent { agent_id } = &execution.calling(task).kind
            && execution.awaits_admission(task)
        {
            waits.agents.insert(Arc::clone(agent_id));
        }
    }
    waits
}
