// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Records become a [`Trace`]. The machine itself replays them; what each event closes is written down beside.

use super::events::{asked, instance, kind_of, number_of, reused, task_of};
use super::open::{Open, State};
use super::{Bucket, Micros, ModelRequest, Moment, Record, Segment, TaskNumber, Trace, TracedAttempt, TracedTask, Waited};
use crate::{Kind, Outcome};
use engine::{Event, Execution, Failure, InstanceIndex, Plan, Setup, TaskState, Wait};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// An execution as far as its records have been read.
#[derive(Debug)]
pub struct Tracer {
    execution: Execution,
    tasks: Vec<TracedTask>,
    /// What is under way of each task, beside.
    open: Vec<Open>,
    order: u64,
    last: Micros,
    /// The attempts of which it is not known yet when their beginning was committed.
    begun: Vec<(TaskNumber, usize)>,
    /// Since when it is paused, and the pauses before.
    paused: Option<Micros>,
    pauses: Vec<(Micros, Micros)>,
    /// When the latest signal of each name came.
    signals: FxHashMap<Arc<str>, Micros>,
    /// The tasks that have ended since they were last given away, where they are.
    ended: Option<Vec<TaskNumber>>,
}

/// The end of an attempt as its record says it.
struct End<'a> {
    at: Micros,
    start: Micros,
    until: Micros,
    outcome: Outcome,
    error: Option<&'a Arc<Failure>>,
}

impl Tracer {
    /// An execution of which nothing has been read.
    pub fn new(plan: Arc<Plan>, setup: Setup) -> Self {
        let mut tracer = Self {
            execution: Execution::new(plan, setup),
            tasks: Vec::new(),
            open: Vec::new(),
            order: 0,
            last: 0,
            begun: Vec::new(),
            paused: None,
            pauses: Vec::new(),
            signals: FxHashMap::default(),
            ended: None,
        };
        tracer.born(0, None);
        tracer
    }

    /// Gives `each` the tasks that have ended since the last time. Only how each ended is kept of it from then on: what is held follows from how much runs at
    /// once, and not from how much has run.
    pub fn give_ended(&mut self, mut each: impl FnMut(&TracedTask)) {
        for number in self.ended.replace(Vec::new()).unwrap_or_default() {
            let (Some(task), Some(open)) = (self.tasks.get_mut(number), self.open.get_mut(number)) else { continue };
            each(task);
            (task.attempts, task.segments, task.dependencies) = Default::default();
            *open = Open::default();
        }
    }

    /// The next record.
    pub fn step(&mut self, record: &Record<'_>) {
        let (at, committed) = (record.at.micros(), record.previous_committed.micros());
        let tasks = &mut self.tasks;
        // A record tells of the latest commit that was known as it was made: it need not be that of the record before.
        self.begun.retain(|(task, attempt)| {
            let begun = tasks.get_mut(*task).and_then(|task| task.attempts.get_mut(*attempt));
            let Some(attempt) = begun.filter(|attempt| attempt.outcome.is_none()) else { return false };
            if committed >= attempt.admitted {
                attempt.committed = Some(committed);
            }
            attempt.committed.is_none()
        });
        self.last = self.last.max(at);
        let (mut began, mut ran) = (record.began.iter().peekable(), record.ran.iter().peekable());
        for (place, event) in (0_u32..).zip(record.events) {
            self.order += 1;
            let began = began.next_if(|note| note.event == place);
            let ran = ran.next_if(|note| note.event == place);
            if let Some(task) = task_of(event) {
                self.release(at, task);
            }
            self.before(at, event, ran);
            self.execution.observe(record.at, event);
            self.after(at, event, began);
        }
    }

    /// All of it. What has not ended is taken to last until the last record.
    pub fn finish(mut self) -> Trace {
        let last = self.last;
        self.resume(last);
        for task in 0..self.tasks.len() {
            if self.tasks.get(task).is_some_and(|task| task.outcome.is_none()) {
                self.order += 1;
                self.release(last, task);
                self.close(last, task);
                self.tile(task);
                if let Some(task) = self.tasks.get_mut(task) {
                    task.ended = Moment { at: last, order: self.order };
                }
            }
        }
        let Self { execution, tasks, .. } = self;
        let started = execution.started().map_or(last, stdx::Timestamp::micros);
        let ended = execution.ended().map_or(last, stdx::Timestamp::micros);
        let plan = execution.plan();
        Trace {
            execution: Arc::clone(&execution.setup().id),
            workflow: Arc::clone(&plan.workflow_id),
            version: Arc::clone(&plan.version),
            started,
            ended,
            has_ended: execution.ended().is_some(),
            status: crate::facts_of(&execution).status,
            tasks,
            children: Vec::new(),
        }
    }

    /// The instances that there are now and were not before belong to `owner`.
    fn born(&mut self, at: Micros, owner: Option<TaskNumber>) {
        for number in self.tasks.len()..self.execution.tasks().len() {
            let instance = instance(number);
            let (kind, agent) = kind_of(&self.execution.calling(instance).kind);
            self.tasks.push(TracedTask {
                id: Arc::clone(&self.execution.planned(instance).id),
                path: self.execution.path(instance),
                kind,
                agent,
                owner,
                dependencies: self.execution.dependencies(instance).map(number_of).collect(),
                born: Moment { at, order: self.order },
                released: None,
                released_by: None,
                active: None,
                ended: Moment { at, order: self.order },
                outcome: None,
                error: None,
                output: None,
                segments: Vec::new(),
                attempts: Vec::new(),
            });
            self.open.push(Open::default());
        }
    }

    /// Notes when a task could run, the first time anything is heard of it after that.
    fn release(&mut self, at: Micros, number: TaskNumber) {
        let (Some(task), Some(open)) = (self.tasks.get_mut(number), self.open.get_mut(number)) else { return };
        if task.released.is_some() || task.outcome.is_some() {
            return;
        }
        let record = self.execution.tasks().get(instance(number));
        if let Some(TaskState::Released { ready, ready_by } | TaskState::Ready { ready, ready_by, .. }) = record.map(|record| &record.state)
        {
            let ready = ready.micros().min(at);
            (task.released, task.released_by) = (Some(ready), ready_by.map(number_of));
            (open.cursor, open.state) = (ready, State::Released);
        }
    }

    /// What an event ends, by what the machine was before it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are looked at below")]
    fn before(&mut self, at: Micros, event: &Event, ran: Option<&super::Ran>) {
        match event {
            Event::Judged { task, .. }
            | Event::TaskPrepared { task, .. }
            | Event::WaitEnded { task, .. }
            | Event::BackoffEnded { task } => {
                self.close(at, number_of(*task));
            }
            Event::WaitStarted { task, until } => {
                let number = number_of(*task);
                self.close(at, number);
                let signal = matches!(self.execution.planned(*task).wait, Some(Wait::Signal { .. }));
                self.set(number, if signal { State::Signal } else { State::Timer(until.map_or(at, stdx::Timestamp::micros)) });
            }
            Event::SignalReceived { name, .. } => _ = self.signals.insert(Arc::clone(name), at),
            Event::GroupStarted { task } | Event::LoopStarted { task, .. } | Event::BranchesTaken { task, .. } => {
                let number = number_of(*task);
                self.close(at, number);
                self.set(number, State::Active);
                let order = self.order;
                if let Some(task) = self.tasks.get_mut(number) {
                    task.active = Some(Moment { at, order });
                }
            }
            Event::Paused => self.paused = self.paused.or(Some(at)),
            Event::Resumed { .. } => self.resume(at),
            Event::ModelChosen { task, choice, .. } => {
                if let Some(open) = self.open.get_mut(number_of(*task)) {
                    open.chosen.push((asked(choice), at));
                }
            }
            Event::ModelCalled { task, spent, call, .. } => self.call(at, number_of(*task), **spent, call),
            Event::StepStarted { task, name, .. } => {
                if let Some(open) = self.open.get_mut(number_of(*task)) {
                    open.steps.insert(Arc::clone(name), at);
                }
            }
            Event::StepEnded { task, name, .. } => self.step_ended(at, number_of(*task), name),
            _ => self.before_end(at, event, ran),
        }
    }

    /// What the end of an attempt or of a task ends.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events end nothing")]
    fn before_end(&mut self, at: Micros, event: &Event, ran: Option<&super::Ran>) {
        match event {
            Event::AttemptInterrupted { task, .. } => {
                self.end_attempt(number_of(*task), ran, &End { at, start: at, until: at, outcome: Outcome::Cancelled, error: None });
                self.set(number_of(*task), State::Released);
            }
            Event::RetryScheduled { task, start, end, failure, until, .. } => {
                let number = number_of(*task);
                let (start, end) = (start.micros(), end.micros());
                self.end_attempt(number, ran, &End { at, start, until: end, outcome: Outcome::Failed, error: Some(failure) });
                if let Some(attempt) = self.tasks.get_mut(number).and_then(|task| task.attempts.last_mut()) {
                    attempt.backoff_until = Some(until.micros());
                }
                self.set(number, State::Backoff);
            }
            Event::FallbackTaken { task, start, end, failure, .. } => {
                let (start, end) = (start.micros(), end.micros());
                self.end_attempt(number_of(*task), ran, &End { at, start, until: end, outcome: Outcome::Failed, error: Some(failure) });
                self.set(number_of(*task), State::Released);
            }
            Event::TaskFinishing { task, start, end, .. } => {
                let (start, end) = (start.micros(), end.micros());
                self.end_attempt(number_of(*task), ran, &End { at, start, until: end, outcome: Outcome::Completed, error: None });
                self.set(number_of(*task), State::Finishing);
            }
            Event::TaskCompleted { task, start, end, output, .. } => {
                if let Some(traced) = self.tasks.get_mut(number_of(*task)) {
                    traced.output = output.json().map(|text| stdx::hash64(text.as_bytes()));
                }
                let (start, end) = (start.micros(), end.micros());
                self.ended(number_of(*task), ran, &End { at, start, until: end, outcome: Outcome::Completed, error: None });
            }
            Event::TaskFailed { task, start, end, failure, .. } => {
                let (start, end) = (start.micros(), end.micros());
                self.ended(number_of(*task), ran, &End { at, start, until: end, outcome: Outcome::Failed, error: Some(failure) });
            }
            Event::TaskSkipped { task, .. } => self.ended_as(at, *task, Outcome::Skipped, None),
            Event::TaskCancelled { task, .. } => self.ended_as(at, *task, Outcome::Cancelled, None),
            Event::TaskReused { task, end } => {
                let (outcome, error) = reused(end);
                self.ended_as(at, *task, outcome, error);
            }
            _ => {}
        }
    }

    /// What an event begins.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events begin nothing")]
    fn after(&mut self, at: Micros, event: &Event, began: Option<&super::Began>) {
        match event {
            Event::AttemptStarted { task, attempt, ready, admitted_by, .. } => {
                let number = number_of(*task);
                let waited = began.and_then(|note| note.waited);
                self.close_wait(at, number, waited);
                self.set(number, State::Running);
                let agent = kind_of(&self.execution.calling(*task).kind).1;
                let Some(traced) = self.tasks.get_mut(number) else { return };
                traced.agent.clone_from(&agent);
                let fresh = TracedAttempt::begun(*attempt, ready.micros(), at, agent);
                let (admitted_by, print) = (admitted_by.map(number_of), began.and_then(|note| note.print));
                traced.attempts.push(TracedAttempt { admitted_by, waited, print, ..fresh });
                self.begun.push((number, traced.attempts.len() - 1));
            }
            Event::GroupStarted { task }
            | Event::BranchesTaken { task, .. }
            | Event::PassStarted { task, .. }
            | Event::TaskSpawned { task, .. }
            | Event::CompensationStarted { task } => self.born(at, Some(number_of(*task))),
            _ => {}
        }
    }

    fn set(&mut self, number: TaskNumber, state: State) {
        if let Some(open) = self.open.get_mut(number) {
            open.state = state;
        }
    }

    /// Accounts for the time of a task up to `at`, by what it was doing.
    fn close(&mut self, at: Micros, number: TaskNumber) {
        let Some(open) = self.open.get(number) else { return };
        let from = open.cursor;
        match open.state {
            State::Idle | State::Active => {}
            State::Released | State::Finishing => self.push(number, at, Bucket::Scheduler, 0),
            State::Backoff => {
                self.push(number, at, Bucket::Backoff, 0);
                self.set(number, State::Released);
            }
            State::Timer(until) => {
                self.push(number, until.clamp(from, at.max(from)), Bucket::Timer, 0);
                self.push(number, at, Bucket::Scheduler, 0);
                self.set(number, State::Released);
            }
            State::Signal => {
                // What came during a pause was waited for no longer.
                let name = match &self.execution.planned(instance(number)).wait {
                    Some(Wait::Signal { name, .. }) => self.signals.get(name).copied(),
                    Some(Wait::Delay(_)) | None => None,
                };
                let held = self.pauses.last().filter(|(_, to)| *to == at).map(|(paused, _)| *paused);
                let until = held.map_or(at, |paused| paused.max(name.unwrap_or(paused)));
                self.push(number, until.clamp(from, at.max(from)), Bucket::Signal, 0);
                self.push(number, at, Bucket::Scheduler, 0);
                self.set(number, State::Released);
            }
            State::Running => {
                let end = End { at, start: at, until: at, outcome: Outcome::Cancelled, error: None };
                self.end_attempt(number, None, &end);
            }
        }
    }

    /// Accounts for the time in which a task was ready and not admitted.
    fn close_wait(&mut self, at: Micros, number: TaskNumber, waited: Option<Waited>) {
        let bucket = match waited {
            Some(Waited::Rate) => Bucket::RateLimit,
            Some(Waited::Held) => Bucket::Pause,
            Some(Waited::Place) | None => Bucket::Queue,
        };
        self.push(number, at, bucket, 0);
    }

    /// Time that is nobody's work and in which the execution was paused went into that.
    fn push(&mut self, number: TaskNumber, to: Micros, bucket: Bucket, attempt: u32) {
        let (Some(task), Some(open)) = (self.tasks.get_mut(number), self.open.get_mut(number)) else { return };
        let mut from = open.cursor;
        open.cursor = open.cursor.max(to);
        if !matches!(bucket, Bucket::Scheduler | Bucket::Queue | Bucket::RateLimit) {
            if from < to {
                task.segments.push(Segment { from, to, bucket, attempt, at_work: false });
            }
            return;
        }
        let open_pause = self.paused.map(|since| (since, to));
        let first = self.pauses.partition_point(|(_, end)| *end <= from);
        let pauses = self.pauses.get(first..).unwrap_or_default().iter().copied().chain(open_pause);
        for (paused, resumed) in pauses.filter(|(paused, _)| *paused < to) {
            for (to, bucket) in [(paused.max(from), bucket), (resumed.min(to), Bucket::Pause)] {
                if from < to {
                    task.segments.push(Segment { from, to, bucket, attempt, at_work: false });
                    from = to;
                }
            }
        }
        if from < to {
            task.segments.push(Segment { from, to, bucket, attempt, at_work: false });
        }
    }

    fn resume(&mut self, at: Micros) {
        if let Some(since) = self.paused.take() {
            self.pauses.push((since, at));
        }
    }

    /// The attempt that is under way has ended, if one is.
    fn end_attempt(&mut self, number: TaskNumber, ran: Option<&super::Ran>, end: &End<'_>) {
        if self.open.get(number).is_none_or(|open| open.state != State::Running) {
            return self.close_unless_running(end.at, number);
        }
        let (Some(task), Some(open)) = (self.tasks.get_mut(number), self.open.get_mut(number)) else { return };
        let Some(attempt) = task.attempts.last_mut() else { return };
        // One that was interrupted or stopped was measured by nobody.
        let is_measured = !matches!(end.outcome, Outcome::Cancelled);
        attempt.start = if is_measured { end.start.clamp(attempt.admitted, end.at.max(attempt.admitted)) } else { attempt.admitted };
        attempt.end = end.until.clamp(attempt.start, end.at.max(attempt.start));
        attempt.recorded = end.at.max(attempt.admitted);
        attempt.outcome = Some(end.outcome);
        attempt.error = end.error.map(|failure| Arc::clone(&failure.code));
        if let Some(ran) = ran {
            attempt.reads = ran.reads;
            if ran.agent.is_some() {
                attempt.agent.clone_from(&ran.agent);
            }
        }
        open.cursor = attempt.recorded;
        open.steps.clear();
        open.chosen.clear();
        open.replied = 0;
        // Its segments are made when it is known when its beginning was committed. Until then a mark holds their place.
        let (from, to, number) = (attempt.admitted, attempt.recorded, attempt.attempt);
        task.segments.push(Segment { from, to, bucket: Bucket::Code, attempt: number, at_work: true });
    }

    fn close_unless_running(&mut self, at: Micros, number: TaskNumber) {
        if self.open.get(number).is_some_and(|open| open.state != State::Running) {
            self.close(at, number);
        }
    }

    fn ended(&mut self, number: TaskNumber, ran: Option<&super::Ran>, end: &End<'_>) {
        self.end_attempt(number, ran, end);
        self.settle(end.at, number, end.outcome, end.error.map(|failure| &failure.code));
    }

    fn ended_as(&mut self, at: Micros, task: InstanceIndex, outcome: Outcome, error: Option<&Arc<Failure>>) {
        self.close(at, number_of(task));
        self.settle(at, number_of(task), outcome, error.map(|failure| &failure.code));
    }

    fn settle(&mut self, at: Micros, number: TaskNumber, outcome: Outcome, error: Option<&Arc<str>>) {
        self.set(number, State::Idle);
        if let Some(ended) = &mut self.ended {
            ended.push(number);
        } else {
            self.tile(number);
        }
        let order = self.order;
        if let Some(task) = self.tasks.get_mut(number) {
            task.ended = Moment { at, order };
            task.outcome = Some(outcome);
            task.error = error.cloned();
        }
    }

    /// Puts the parts of each attempt in the place of its mark. Its beginning was committed before anything of it came back.
    fn tile(&mut self, number: TaskNumber) {
        let Some(task) = self.tasks.get_mut(number) else { return };
        let is_child = task.kind == Kind::Workflow;
        let mut attempts = task.attempts.iter();
        let mut tiled = Vec::with_capacity(task.segments.len() + 3 * task.attempts.len());
        for segment in std::mem::take(&mut task.segments) {
            match segment {
                Segment { at_work: true, .. } => {
                    if let Some(attempt) = attempts.next() {
                        attempt.tile(is_child, &mut tiled);
                    }
                }
                other => tiled.push(other),
            }
        }
        task.segments = tiled;
    }

    fn call(&mut self, at: Micros, number: TaskNumber, spent: engine::Spent, call: &str) {
        let (Some(task), Some(open)) = (self.tasks.get_mut(number), self.open.get_mut(number)) else { return };
        let Some(attempt) = task.attempts.last_mut().filter(|_| open.state == State::Running) else { return };
        let print = asked(call);
        let place = open.chosen.iter().position(|(asked, _)| *asked == print);
        let chosen = place.map_or(attempt.admitted, |place| open.chosen.remove(place).1);
        attempt.calls.push(ModelRequest::read(call, spent, chosen, at));
        open.replied = at;
    }

    /// A built-in agent takes each result of a tool as a step, named like `result 1.2 of search`; its tools begin when the model has replied.
    fn step_ended(&mut self, at: Micros, number: TaskNumber, name: &Arc<str>) {
        let (Some(task), Some(open)) = (self.tasks.get_mut(number), self.open.get_mut(number)) else { return };
        let Some(attempt) = task.attempts.last_mut().filter(|_| open.state == State::Running) else { return };
        let from = open.steps.remove(name).unwrap_or(open.replied.max(attempt.admitted));
        if !attempt.stepped(name, from, at) {
            open.replied = open.replied.max(at);
        }
    }
}
