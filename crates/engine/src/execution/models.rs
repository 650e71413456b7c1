// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What models leave in an execution: the choices an attempt has made, which the same attempt makes again after a crash, and what its calls used.
//!
//! What a choice or a call says is its host's own; only what was spent, and with which word the answer ended, is looked at here.

use super::{Event, Execution};
use crate::InstanceIndex;
use std::sync::Arc;

/// What calls of models used: exact sums that no order of adding changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// All tokens of requests.
    pub input_tokens: u64,
    /// All tokens of answers.
    pub output_tokens: u64,
    /// Of `input_tokens`: read from a cache of the provider.
    pub cache_read_tokens: u64,
    /// Of `input_tokens`: written to one.
    pub cache_write_tokens: u64,
    /// Of `output_tokens`: thought, not shown.
    pub reasoning_tokens: u64,
    /// Nano-dollars.
    pub cost_nanos: u64,
    /// Calls, however often each was sent.
    pub calls: u64,
    /// Requests that were sent for them.
    pub requests: u64,
    /// Calls whose price is not known, or not all of it: `cost_nanos` is too low by theirs.
    pub unpriced: u64,
}

impl Spent {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cache_read_tokens: self.cache_read_tokens.saturating_add(other.cache_read_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
            cost_nanos: self.cost_nanos.saturating_add(other.cost_nanos),
            calls: self.calls.saturating_add(other.calls),
            requests: self.requests.saturating_add(other.requests),
            unpriced: self.unpriced.saturating_add(other.unpriced),
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What an attempt tells of its models and its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A model was chosen: JSON text of the choice and of what led to it. Nothing is sent before that is on record.
    Chosen(Arc<str>),
    /// A call of one has ended: JSON text of it.
    Called {
        /// What it used.
        spent: Box<Spent>,
        /// The word with which its answer ended, if there was one.
        finish: Option<Arc<str>>,
        /// All of it.
        call: Arc<str>,
        /// What of it stays at hand: JSON text.
        brief: Arc<str>,
    },
    /// A step has begun, or has given its value.
    Step {
        /// Its name.
        name: Arc<str>,
        /// The print of what it is given, if that was said.
        input: Option<u64>,
        /// JSON text, once it is there.
        value: Option<Arc<str>>,
    },
}

/// What the current attempt of a task has noted, each in order, as JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The models it has chosen.
    pub choices: Vec<Arc<str>>,
    /// Its calls that have ended.
    pub calls: Vec<Arc<str>>,
}

/// What a task that uses models knows of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Models {
    /// By all of its attempts.
    spent: Spent,
    /// By the current one, which is the same after an interruption.
    notes: Notes,
    /// The word with which the last answer ended.
    finish: Option<Arc<str>>,
    /// Its calls by all attempts, each in brief.
    calls: Vec<(u32, Arc<str>)>,
}

impl Models {
    /// Its attempt is over for good: another chooses anew.
    pub(super) fn forget_notes(&mut self) {
        self.notes = Notes::default();
    }
}

impl Execution {
    /// What was spent so far, by executions below it too.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// What a task spent so far, by all of its attempts; `None` if it used no model, or is forgotten.
    pub fn spent_by(&self, task: InstanceIndex) -> Option<&Spent> {
        let models = self.tasks.get(task)?.less()?.models.as_ref()?;
        Some(&models.spent).filter(|spent| !spent.is_nothing())
    }

    /// The word with which the last answer that a task had of a model ended; `None` if there was none.
    pub fn finish_of(&self, task: InstanceIndex) -> Option<&str> {
        self.tasks.get(task)?.less()?.models.as_ref()?.finish.as_deref()
    }

    /// The calls of models that a task has made, each with its attempt, in the order they ended.
    pub fn model_calls(&self, task: InstanceIndex) -> &[(u32, Arc<str>)] {
        let models = self.tasks.get(task).and_then(|record| record.less()).and_then(|more| more.models.as_ref());
        models.map(|models| models.calls.as_slice()).unwrap_or_default()
    }

    /// What the current attempt of a task has noted, before it was interrupted too; `None` if that is nothing.
    pub fn notes(&self, task: InstanceIndex) -> Option<&Notes> {
        let models = self.tasks.get(task)?.less()?.models.as_ref()?;
        Some(&models.notes).filter(|notes| **notes != Notes::default())
    }

    /// Whether it records this. An attempt that is over, or was told to stop, chooses nothing more; but what it has called is paid for, and that is
    /// recorded until the execution has ended.
    pub fn takes(&self, task: InstanceIndex, attempt: u32, note: &Note) -> bool {
        use super::Phase::{Cancelling, Failing, Running};
        if !matches!(self.phase, Running | Failing { .. } | Cancelling { .. }) {
            return false;
        }
        let Some(record) = self.tasks.get(task) else { return false };
        match note {
            Note::Chosen(_) => self.may_begin(task, attempt),
            Note::Called { .. } => (1..=record.attempts()).contains(&attempt),
            Note::Step { name, value, .. } => self.takes_step(task, attempt, name, value.is_some()),
        }
    }

    pub(super) fn choose(&mut self, task: InstanceIndex, choice: &Arc<str>) {
        self.models_of(task).notes.choices.push(Arc::clone(choice));
    }

    pub(super) fn spend(&mut self, task: InstanceIndex, attempt: u32, spent: &Spent, finish: Option<&Arc<str>>, call: &Arc<str>) {
        let current = self.tasks[task].is_running() && self.tasks[task].attempts() == attempt;
        let models = self.models_of(task);
        models.spent = models.spent.plus(*spent);
        models.finish = finish.cloned().or(models.finish.take());
        if current {
            models.notes.calls.push(Arc::clone(call));
        }
        self.spent = self.spent.plus(*spent);
    }

    pub(super) fn note_model_call(&mut self, task: InstanceIndex, attempt: u32, brief: &Arc<str>) {
        self.models_of(task).calls.push((attempt, Arc::clone(brief)));
    }

    pub(super) fn spend_below(&mut self, spent: &Spent) {
        self.spent = self.spent.plus(*spent);
    }

    fn models_of(&mut self, task: InstanceIndex) -> &mut Models {
        self.tasks[task].more().models.get_or_insert_default()
    }
}

impl Note {
    /// The fact it becomes.
    pub(super) fn event(self, task: InstanceIndex, attempt: u32) -> Event {
        match self {
            Self::Chosen(choice) => Event::ModelChosen { task, attempt, choice },
            Self::Called { spent, finish, call, brief } => Event::ModelCalled { task, attempt, spent, finish, call, brief },
            Self::Step { name, input, value: None } => Event::StepStarted { task, attempt, name, input },
            Self::Step { name, input, value: Some(value) } => Event::StepEnded { task, attempt, name, input, value },
        }
    }
}
