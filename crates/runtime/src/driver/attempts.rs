// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is put on record of attempts beside what the engine decides: who did one, what it waited for, what it was given and what of that it looked at.
//!
//! The engine's events are looked at as they are gathered, so that nothing of it takes part in a decision or in a replay.

use super::Driver;
use super::slots::Live;
use crate::Error;
use crate::store::{Began, EndsCommitted, Print, Ran, Reads, Runner, Stall, StepRecord, Waited};
use engine::{Event, Execution, Input, InstanceIndex, InstanceNumber, Lack, Output, ReusedEnd, Settled, TaskState, TemplateReads};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use stdx::{Timestamp, hash64, hash64_of};

/// What the host tells of an attempt with its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Which outputs of its dependencies the agent looked at.
    pub reads: Reads,
    /// When it first told of progress.
    pub progress: Option<Timestamp>,
}

/// What is to be put on record.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is left out by itself")]
pub struct Recorded {
    /// Who did attempts.
    pub by: bool,
    /// What they were given.
    pub prints: bool,
    /// What they looked at.
    pub reads: bool,
    /// What they waited for.
    pub waits: bool,
    /// When ends were committed.
    pub ends: bool,
}

impl Default for Recorded {
    fn default() -> Self {
        Self { by: true, prints: true, reads: true, waits: true, ends: true }
    }
}

/// What the driver knows of attempts while it handles an input.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    pub(super) recorded: Recorded,
    /// This process, as records name it.
    process: Arc<str>,
    /// Who is who: of the instances whose numbers differ by a multiple of [`RUNNERS_MAX`], the one that answered last.
    runners: Vec<Option<(InstanceNumber, Arc<Runner>)>>,
    /// The worker threads of isolated ones.
    workers: FxHashMap<InstanceNumber, u32>,
    /// The attempt whose answer is handled.
    answered: Option<Answered>,
    /// The task that is let in, and what it waited for.
    let_in: Option<(InstanceIndex, Waited)>,
    began: Vec<Began>,
    ran: Vec<Ran>,
    /// Tasks that completed or failed, and those of them that failed, since the driver began.
    pub(super) ends: (u64, u64),
}

#[derive(Debug)]
struct Answered {
    task: InstanceIndex,
    attempt: u32,
    by: Option<Arc<Runner>>,
    looks: Looks,
}

/// Instances that are remembered; beyond that they are looked up anew.
const RUNNERS_MAX: usize = 4096;

fn place_of(instance: InstanceNumber) -> usize {
    instance.get() as usize % RUNNERS_MAX
}

impl Driver {
    /// How records name this process. Called before anything runs.
    pub fn name_process(&mut self, process: Arc<str>) {
        self.attempts.process = process;
    }

    /// What of attempts is put on record: all, but where a benchmark leaves something out.
    #[cfg(feature = "bench")]
    pub fn record_of_attempts(&mut self, recorded: Recorded) {
        self.attempts.recorded = recorded;
    }

    /// An instance is a worker thread of its own.
    pub fn runs_in_worker(&mut self, instance: InstanceNumber, worker: u32) {
        self.attempts.workers.insert(instance, worker);
    }

    /// An instance is gone.
    pub fn forget_runner(&mut self, instance: InstanceNumber) {
        if let Some(place) = self.attempts.runners.get_mut(place_of(instance)) {
            place.take_if(|(known, _)| *known == instance);
        }
        self.attempts.workers.remove(&instance);
    }

    /// The event loop of the host stood still, until `at`: it is put on record with what is recorded next.
    pub fn stalled(&mut self, stall: Stall) {
        self.gathered.carried().stalls.push(stall);
    }

    /// An attempt answered. An execution that is gone has no use for the answer.
    pub fn settle(&mut self, slot: u32, settled: Settled, looks: Looks) -> Result<(), Error> {
        let instance = self.returned(slot, &settled);
        self.answers(settled.task, settled.attempt, instance, looks);
        let handled = self.input(slot, Input::Settled(settled));
        self.attempts.handled();
        match handled {
            Err(Error::NoSuchSlot { .. }) => {
                self.statistics.late_answers += 1;
                Ok(())
            }
            other => other,
        }
    }

    /// An answer is about to be handled: who gave it, and what the host tells of the attempt.
    fn answers(&mut self, task: InstanceIndex, attempt: u32, instance: Option<InstanceNumber>, looks: Looks) {
        let by = instance.filter(|_| self.attempts.recorded.by).and_then(|instance| self.runner(instance));
        self.attempts.answered = Some(Answered { task, attempt, by, looks });
    }

    fn runner(&mut self, instance: InstanceNumber) -> Option<Arc<Runner>> {
        let Attempts { runners, workers, process, .. } = &mut self.attempts;
        let place = place_of(instance);
        if let Some(Some((known, runner))) = runners.get(place)
            && *known == instance
        {
            return Some(Arc::clone(runner));
        }
        let (of, agent) = self.agents.as_ref()?.pool.who(instance)?;
        let (of, agent, process) = (Arc::clone(of), Arc::clone(agent), Arc::clone(process));
        let runner = Arc::new(Runner { of, agent, instance: instance.get(), worker: workers.get(&instance).copied(), process });
        if runners.len() <= place {
            runners.resize(place + 1, None);
        }
        if let Some(last) = runners.get_mut(place) {
            *last = Some((instance, Arc::clone(&runner)));
        }
        Some(runner)
    }

    /// The last records of executions were committed, which no later record of theirs can say.
    pub(super) fn ends_committed(&mut self, at: Timestamp, executions: Vec<i64>) {
        if self.attempts.recorded.ends && !executions.is_empty() {
            self.gathered.carried().ends.push(EndsCommitted { at, executions });
        }
    }
}

impl Attempts {
    /// A task is let in that waited for an agent.
    pub(super) fn let_in(&mut self, task: InstanceIndex, lacked: Lack) {
        let waited = match lacked {
            Lack::Place => Waited::Place,
            Lack::Instance => Waited::Making,
            Lack::Rate => Waited::Rate,
        };
        self.let_in = Some((task, waited));
    }

    /// An input has been handled.
    pub(super) fn handled(&mut self) {
        (self.answered, self.let_in) = (None, None);
    }

    /// Looks at an event, which is to stand at `place` in its record.
    #[expect(clippy::wildcard_enum_match_arm, reason = "something is known of these events, and of no other")]
    pub(super) fn look_at(&mut self, live: &mut Live, place: usize, now: Timestamp, event: &Event) {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        let failed = matches!(event, Event::TaskFailed { .. });
        self.ends.0 += u64::from(failed || matches!(event, Event::TaskCompleted { .. }));
        self.ends.1 += u64::from(failed);
        match event {
            Event::AttemptStarted { task, ready, .. } => {
                let print = if self.recorded.prints { live.print(*task) } else { None };
                let waited = if self.recorded.waits && *ready < now { Some(self.waited(live, *task)) } else { None };
                if print.is_some() || waited.is_some() {
                    self.began.push(Began { event: place, waited, print, shared: None });
                }
            }
            Event::TaskCompleted { task, attempt, output, .. } | Event::TaskFinishing { task, attempt, output, .. } => {
                if self.recorded.prints {
                    live.has_given(*task, output);
                }
                self.ended(live, place, *task, *attempt);
            }
            Event::TaskReused { task, end } if self.recorded.prints => live.has_taken_over(*task, end),
            Event::RetryScheduled { task, attempt, .. }
            | Event::FallbackTaken { task, attempt, .. }
            | Event::TaskFailed { task, attempt, .. } => {
                self.ended(live, place, *task, *attempt);
            }
            _ => {}
        }
    }

    fn waited(&self, live: &Live, task: InstanceIndex) -> Waited {
        match self.let_in {
            Some((of, waited)) if of == task => waited,
            _ if live.execution.planned(task).exclusive => Waited::Lane,
            _ => Waited::Held,
        }
    }

    fn ended(&mut self, live: &Live, event: u32, task: InstanceIndex, attempt: u32) {
        let Some(Answered { by, looks, .. }) = self.answered.take_if(|answered| (answered.task, answered.attempt) == (task, attempt))
        else {
            return;
        };
        let reads = if self.recorded.reads { with_templates(looks.reads, &live.execution, task) } else { Reads::Unknown };
        if by.is_some() || reads != Reads::Unknown || looks.progress.is_some() {
            self.ran.push(Ran { event, by, reads, progress: looks.progress });
        }
    }

    /// Puts what was found into the record that the events are in, to which so much more is likely to come.
    pub(super) fn put(&mut self, record: &mut StepRecord, follow: usize) {
        put_behind(&mut record.began, &mut self.began, follow);
        put_behind(&mut record.ran, &mut self.ran, follow);
    }
}

/// Lists of a record that grow in turn are copied each time. As a rule nothing more comes, and a list of just this length will do; where the answers of a
/// fan-out come together it has room for those that may `follow`, and beyond that grows by more than it has.
pub(super) fn put_behind<T>(list: &mut Vec<T>, more: &mut Vec<T>, follow: usize) {
    if more.is_empty() {
        return;
    }
    if list.is_empty() {
        list.reserve_exact(more.len() + follow);
    } else if list.capacity() - list.len() < more.len() {
        list.reserve(more.len() + list.len() * 3);
    }
    list.append(more);
}

/// What the agent looked at, and what its templates read before it was called.
fn with_templates(reads: Reads, execution: &Execution, task: InstanceIndex) -> Reads {
    let read = match reads {
        Reads::Unknown | Reads::All => return reads,
        Reads::Nothing => 0,
        Reads::Some(places) => places,
    };
    let places = match execution.template_reads(task) {
        None => return reads,
        Some(TemplateReads::All) => return Reads::All,
        Some(TemplateReads::Some(places)) => read | places,
    };
    let dependencies = execution.planned(task).dependencies.len();
    match places.count_ones() as usize {
        0 => Reads::Nothing,
        count if count == dependencies => Reads::All,
        _ => Reads::Some(places),
    }
}

/// What attempts are given, in short.
#[derive(Debug)]
pub(super) struct Prints {
    context: u64,
    /// Of the outputs, by instance; 0 where it is not known.
    outputs: Vec<u64>,
    /// Reused.
    bytes: Vec<u8>,
}

/// Stands for an output that is not there: what depends on it is given null.
const NO_OUTPUT: u64 = 1;

impl Live {
    /// `None` where the host keeps the values.
    fn prints(&mut self) -> Option<&mut Prints> {
        if self.prints.is_none() {
            let context = hash64(self.execution.setup().context.as_ref()?.as_bytes());
            self.prints = Some(Box::new(Prints { context, outputs: Vec::new(), bytes: Vec::new() }));
        }
        self.prints.as_deref_mut()
    }

    fn note_output(&mut self, task: InstanceIndex, print: u64) {
        let count = self.execution.tasks().len();
        if let Some(prints) = self.prints() {
            let place = task.get() as usize;
            if prints.outputs.len() <= place {
                prints.outputs.resize(count.max(place + 1), 0);
            }
            if let Some(own) = prints.outputs.get_mut(place) {
                // 0 and what stands for none mean something else.
                *own = print.max(NO_OUTPUT + 1);
            }
        }
    }

    /// Knows what is on record of outputs.
    pub(super) fn recall(&mut self, records: &[StepRecord]) {
        for event in records.iter().flat_map(|record| &record.events) {
            if let Event::TaskCompleted { task, output, .. } = event {
                self.has_given(*task, output);
            } else if let Event::TaskReused { task, end } = event {
                self.has_taken_over(*task, end);
            } else if let Event::Moved { .. } = event {
                // Tasks have other numbers from there on.
                self.prints = None;
            }
        }
    }

    /// A task has given its output.
    pub(super) fn has_given(&mut self, task: InstanceIndex, output: &Output) {
        match output {
            Output::Json(text) | Output::Undoable(text) => self.note_output(task, hash64(text.as_bytes())),
            Output::Composed => {
                if let Some(print) = self.composed(task) {
                    self.note_output(task, print);
                }
            }
            Output::Held => {}
        }
    }

    /// That of what a group gave: known where each of its tasks has given something that is.
    fn composed(&mut self, task: InstanceIndex) -> Option<u64> {
        let Self { execution, prints, .. } = self;
        let Prints { outputs, bytes, .. } = prints.as_deref_mut()?;
        bytes.clear();
        for part in execution.parts(task) {
            let print = outputs.get(part.get() as usize).copied().filter(|print| *print != 0)?;
            bytes.extend_from_slice(&print.to_le_bytes());
        }
        Some(hash64(bytes))
    }

    /// A task has taken over an end.
    pub(super) fn has_taken_over(&mut self, task: InstanceIndex, end: &ReusedEnd) {
        if let ReusedEnd::Cached(text) | ReusedEnd::Completed(Some(text)) | ReusedEnd::Degraded(Some(text), _) = end {
            self.note_output(task, hash64(text.as_bytes()));
        }
    }

    /// The print of what an attempt that begins is given.
    pub(super) fn print(&mut self, task: InstanceIndex) -> Option<Print> {
        self.prints()?;
        let Self { execution, prints, .. } = self;
        let Prints { context, outputs, bytes } = prints.as_deref_mut()?;
        bytes.clear();
        for other in execution.dependencies(task) {
            let known = outputs.get(other.get() as usize).copied().unwrap_or_default();
            let is_completed = matches!(execution.tasks().get(other).map(|record| &record.state), Some(TaskState::Completed { .. }));
            let print = if is_completed { Some(known).filter(|print| *print != 0)? } else { NO_OUTPUT };
            bytes.extend_from_slice(&print.to_le_bytes());
        }
        let rendered = execution.rendered(task).map_or(0, |input| hash64(input.as_bytes()));
        let definition = execution.spawned_definition(task).map_or(execution.calling(task).print, |text| hash64(text.as_bytes()));
        Some(hash64_of([definition, rendered, *context, hash64(bytes)]))
    }
}
