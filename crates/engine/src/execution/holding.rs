// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What each task that has not ended waits for.
//!
//! ```text
//! Waiting ─▶ Dependencies, with the tasks at their root     Pending ─▶ Admission
//! Released ─▶ Condition | Cache | Turn                      Awaiting ─▶ Signal | Timer
//! Ready ─▶ Lane | Place | Review | Turn                     Backoff ─▶ Backoff
//! Running ─▶ Attempt | Child | Tasks, then Attempt          Aborting ─▶ Stop
//! Finishing, Active ─▶ Tasks | Condition | Turn
//! ```
//! Where several things hold a task they are in the order in which they move it: each leads to the next record, or to the one behind it. So a process comes
//! before what only a process does, and a pause before what it holds back, but not before what is recorded all the same: a signal, the end of a backoff.
//!
//! A pure look: it changes nothing, and what it says of a state is the same wherever that state is, in a process or out of a journal. What is no state of an
//! execution it is told as [`Around`].

mod roots;

use super::{Execution, Phase, Question, TaskState};
use crate::plan::{Condition, Drive, TaskKind, Wait};
use crate::{Fallback, InstanceIndex, PoolWait, Queued};
use roots::Roots;
use std::sync::Arc;
use stdx::Timestamp;

/// What stands around an execution.
pub struct Around<'a> {
    /// Who has it.
    pub presence: Presence,
    /// Read from the clock.
    pub now: Timestamp,
    /// What it waits for before it begins, if it does.
    pub admission: Option<Queued>,
    /// What a task that has asked for an agent waits for.
    pub place: &'a dyn Fn(InstanceIndex) -> Option<PoolWait>,
}

/// Who has an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// This process, which runs it.
    Here,
    /// This process, which has not taken it up yet: something that it needs is not registered, or it is about to.
    Asleep,
    /// Another process.
    Elsewhere,
    /// No process.
    Nowhere,
}

/// A task that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Which; where `undoing` is set, what is to be undone next.
    pub task: InstanceIndex,
    /// Whether it is not the task itself that waits, but what undoes it and has not begun.
    pub undoing: bool,
    /// What it waits for, the first cause first. Never empty.
    pub holds: Vec<Hold>,
}

/// Something that holds a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// What.
    pub by: By,
    /// Since when, as far as that is known.
    pub since: Option<Timestamp>,
    /// When time alone moves it, if ever.
    pub until: Option<Timestamp>,
}

/// What holds a task.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "`attempt` is the current one, from 1; each variant says what else it has")]
pub enum By {
    /// Tasks before it: the first of them, how many they are, and the tasks that these really wait for.
    Dependencies { on: Vec<InstanceIndex>, count: usize, roots: Vec<InstanceIndex> },
    /// Tasks inside of it, or that it spawned: how many, and the tasks that these really wait for.
    Tasks { count: usize, roots: Vec<InstanceIndex> },
    /// A condition is judged: a function, by its name.
    Condition { question: Question, function: Arc<str> },
    /// It is looked whether its output is kept.
    Cache,
    /// An output that no attempt of it gave is judged by its schema.
    Review,
    /// The process is about to go on with it.
    Turn,
    /// A signal; `path`: whether others wait for the same name, so that its path must be named.
    Signal { name: Arc<str>, path: bool },
    /// A delay.
    Timer,
    /// The time before the next attempt, which has this number.
    Backoff { attempt: u32 },
    /// Another task that is written `sequential`.
    Lane { holder: InstanceIndex },
    /// An agent; with what the pool knows of that, where the pool is at hand.
    Place(Option<PoolWait>),
    /// Its agent is at work.
    Attempt { attempt: u32 },
    /// Its attempt is an execution of its own, with this id.
    Child { attempt: u32, id: Arc<str> },
    /// An attempt that was told to stop, and has not answered.
    Stop { attempt: u32 },
    /// The execution is paused.
    Pause,
    /// A place among the executions that run; `None`: it is not known which.
    Admission(Option<Queued>),
    /// This process has not taken the execution up.
    Asleep,
    /// No process has it.
    Nowhere,
}

impl Hold {
    fn new(by: By, since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self { by, since, until }
    }
}

impl Execution {
    /// Every task that has not ended, with what it waits for. Of an execution that has not ended there is at least one.
    pub fn held(&self, around: &Around<'_>) -> Vec<Held> {
        if matches!(self.phase, Phase::Ended(_)) {
            return Vec::new();
        }
        let mut roots = Roots::default();
        let open = self.tasks.iter().filter(|(_, record)| !record.has_ended());
        let mut held: Vec<Held> =
            open.map(|(task, _)| Held { task, undoing: false, holds: self.holds_of(task, around, &mut roots) }).collect();
        if held.is_empty() {
            // Everything has ended: the next thing is undone, or the end is recorded.
            let undone = self.undoable.last().copied();
            let task = undone.unwrap_or_else(|| InstanceIndex::new(0));
            held.push(Held { task, undoing: undone.is_some(), holds: self.outer(around, Hold::new(By::Turn, None, None)) });
        }
        held
    }

    fn holds_of(&self, task: InstanceIndex, around: &Around<'_>, roots: &mut Roots) -> Vec<Hold> {
        let record = &self.tasks[task];
        let until = record.deadline();
        match record.state {
            TaskState::Waiting if record.tally.open > 0 => {
                let since = self.scope(record.scope).began.or(self.started);
                let on = roots::awaited(self, task);
                let count = on.len();
                let on = on.into_iter().take(roots::NAMED_MAX).collect();
                vec![Hold::new(By::Dependencies { on, count, roots: roots.of(self, task) }, since, None)]
            }
            TaskState::Waiting if self.phase == Phase::Pending => self.not_begun(around),
            TaskState::Released { ready, .. } => self.outer(around, Hold::new(self.question_of(task), Some(ready), until)),
            TaskState::Awaiting { since, .. } => self.awaiting(task, around, since, until),
            TaskState::Ready { ready, .. } => self.ready(task, around, ready, until),
            TaskState::Backoff { attempt, .. } => {
                let since = record.less().and_then(|more| more.failed_at);
                let mut holds = Self::present(around);
                holds.push(Hold::new(By::Backoff { attempt }, since, until));
                holds.extend(self.pause());
                holds
            }
            TaskState::Running { attempt, admitted, .. } => {
                let is_child = matches!(self.calling(task).kind, TaskKind::Workflow);
                let by = if is_child { By::Child { attempt, id: self.child_id(task) } } else { By::Attempt { attempt } };
                let mut holds = Self::present(around);
                if !roots::awaited(self, task).is_empty() {
                    holds.push(self.inner_tasks(task, roots, Some(admitted), until));
                }
                holds.push(Hold::new(by, Some(admitted), until));
                holds
            }
            TaskState::Aborting { attempt, until, .. } => {
                let since = Timestamp::from_micros(until.micros().saturating_sub(micros(Self::GRACE)));
                let mut holds = Self::present(around);
                holds.push(Hold::new(By::Stop { attempt }, Some(since), Some(until)));
                holds
            }
            TaskState::Finishing { end, .. } => vec![self.inner_tasks(task, roots, Some(end), until)],
            TaskState::Active { since, .. } if !roots::awaited(self, task).is_empty() => {
                vec![self.inner_tasks(task, roots, Some(since), until)]
            }
            TaskState::Active { since, .. } => self.outer(around, Hold::new(self.turn_of(task), Some(since), until)),
            TaskState::Waiting
            | TaskState::Completed { .. }
            | TaskState::Failed { .. }
            | TaskState::Skipped { .. }
            | TaskState::Cancelled { .. } => self.outer(around, Hold::new(By::Turn, None, None)),
        }
    }

    fn inner_tasks(&self, task: InstanceIndex, roots: &mut Roots, since: Option<Timestamp>, until: Option<Timestamp>) -> Hold {
        let count = roots::awaited(self, task).len();
        Hold::new(By::Tasks { count, roots: roots.of(self, task) }, since, until)
    }

    /// What comes before anything that only a process does.
    fn present(around: &Around<'_>) -> Vec<Hold> {
        match around.presence {
            Presence::Here | Presence::Elsewhere => Vec::new(),
            Presence::Asleep => vec![Hold::new(By::Asleep, None, None)],
            Presence::Nowhere => vec![Hold::new(By::Nowhere, None, None)],
        }
    }

    fn pause(&self) -> Option<Hold> {
        self.paused.then(|| Hold::new(By::Pause, self.paused_since, None))
    }

    /// What holds back whatever would go on by itself, before `last`.
    fn outer(&self, around: &Around<'_>, last: Hold) -> Vec<Hold> {
        let mut holds = Self::present(around);
        holds.extend(self.pause());
        if !holds.is_empty() && last.by == By::Turn {
            // That it goes on then need not be said. A time that fails it counts here all the same.
            if let Some(first) = holds.first_mut() {
                first.until = last.until;
            }
            return holds;
        }
        holds.push(last);
        holds
    }

    fn not_begun(&self, around: &Around<'_>) -> Vec<Hold> {
        let mut holds = Self::present(around);
        let since = around.admission.as_ref().and_then(|queued| queued.since);
        if around.admission.is_some() || around.presence != Presence::Here {
            holds.push(Hold::new(By::Admission(around.admission.clone()), since, None));
        }
        holds.extend(self.pause());
        if holds.is_empty() {
            holds.push(Hold::new(By::Turn, None, None));
        }
        holds
    }

    fn awaiting(&self, task: InstanceIndex, around: &Around<'_>, since: Timestamp, until: Option<Timestamp>) -> Vec<Hold> {
        let Some(Wait::Signal { name, .. }) = &self.planned(task).wait else {
            let is_over = until.is_some_and(|until| until <= around.now);
            let last = if is_over { Hold::new(By::Turn, None, None) } else { Hold::new(By::Timer, Some(since), until) };
            return self.outer(around, last);
        };
        if self.kept_signal(task).is_some() {
            return self.outer(around, Hold::new(By::Turn, None, until));
        }
        let path = self.open_wait_for(name, None).is_none();
        let signal = Hold::new(By::Signal { name: Arc::clone(name), path }, Some(since), until);
        // A signal is put on record whatever holds the rest, by a process.
        let mut holds = Self::present(around);
        if around.presence == Presence::Nowhere {
            holds.push(signal);
        } else {
            holds.insert(0, signal);
        }
        holds.extend(self.pause());
        holds
    }

    fn ready(&self, task: InstanceIndex, around: &Around<'_>, ready: Timestamp, until: Option<Timestamp>) -> Vec<Hold> {
        let record = &self.tasks[task];
        let scope = self.scope(record.scope);
        let first = scope.lane.or_else(|| scope.lane_queue.first().copied());
        let (by, since) = match self.fallback(task) {
            Some(Fallback::Value(_)) => (By::Review, ready),
            _ if self.planned(task).exclusive && first.is_some_and(|first| first != task) => {
                (By::Lane { holder: first.unwrap_or(task) }, ready)
            }
            _ if record.asked || around.presence == Presence::Elsewhere => {
                let place = (around.place)(task);
                let since = place.as_ref().map_or(ready, |place| place.since);
                (By::Place(place), since)
            }
            _ => (By::Turn, ready),
        };
        self.outer(around, Hold::new(by, Some(since), until))
    }

    /// What is asked of a task before it is ready.
    fn question_of(&self, task: InstanceIndex) -> By {
        let planned = self.planned(task);
        let more = self.tasks[task].less();
        let last = more.and_then(|more| more.judged);
        let is_admitted = more.is_some_and(|more| more.admitted_by_gate);
        if !planned.conditions.is_empty() && !is_admitted {
            let next = if let Some((Question::Gate(last), true)) = last { last + 1 } else { 0 };
            let condition = planned.conditions.get(next as usize);
            return condition.map_or(By::Turn, |condition| asked(Question::Gate(next), condition));
        }
        if planned.wait.is_some() && more.is_none_or(|more| more.payload.is_none()) {
            return By::Turn;
        }
        match &planned.kind {
            TaskKind::Choice { branches, .. } => {
                let next = if let Some((Question::Branch(last), _)) = last { last + 1 } else { 0 };
                let when = branches.get(next as usize).and_then(|branch| branch.when.as_ref());
                when.map_or(By::Turn, |condition| asked(Question::Branch(next), condition))
            }
            TaskKind::Agent { .. } | TaskKind::Workflow if planned.cache.is_some() => By::Cache,
            TaskKind::Agent { .. } | TaskKind::Workflow | TaskKind::Wait | TaskKind::Group { .. } | TaskKind::Loop(_) => By::Turn,
        }
    }

    /// What is asked of a loop between two passes.
    fn turn_of(&self, task: InstanceIndex) -> By {
        let (TaskKind::Loop(planned), Some(passes)) = (&self.planned(task).kind, self.iterations(task)) else { return By::Turn };
        let (Drive::While(conditions) | Drive::Until(conditions) | Drive::Again(conditions)) = &planned.drive else { return By::Turn };
        let passes = u32::try_from(passes).unwrap_or(u32::MAX);
        let last = self.tasks[task].less().and_then(|more| more.judged);
        let index = match last {
            Some((Question::Turn { passes: at, index }, true)) if at == passes => index + 1,
            _ => 0,
        };
        let condition = conditions.get(index as usize).filter(|_| !self.resting.contains(&task));
        condition.map_or(By::Turn, |condition| asked(Question::Turn { passes, index }, condition))
    }
}

/// What an expression says is said at once.
fn asked(question: Question, condition: &Condition) -> By {
    match condition {
        Condition::Function(name) => By::Condition { question, function: Arc::clone(name) },
        Condition::Expression(_) => By::Turn,
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
