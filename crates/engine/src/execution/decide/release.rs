// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! From the rule of a task to its first attempt: trigger rule, conditions, `waitFor`, cache, templates.

#![expect(clippy::wildcard_enum_match_arm, reason = "one state or kind of many matters here, and no new one would")]

use super::super::scope::ScopeIndex;
use super::super::values::View;
use super::super::{Command, Event, Execution, Fit, Output, Question, ReusedEnd, SkipReason, TaskState};
use super::Decider;
use super::attempts::Measured;
use crate::plan::{TaskKind, Wait};
use crate::trigger::Verdict;
use crate::{Failure, InstanceIndex, PlannedTask};
use std::sync::Arc;

impl Decider<'_> {
    /// The tasks of a scope that just began and depend on nothing.
    pub(super) fn release_children(&mut self, scope: ScopeIndex) {
        for place in 0..self.execution.scope(scope).children.len() {
            let child = self.execution.scope(scope).children[place];
            self.release(child);
        }
        self.look_at_lane(scope, None);
    }

    /// A task whose rule has spoken ends here, or will go on when everything that this input ended and stopped is known: what is stopped in the
    /// same instant does not begin.
    pub(super) fn release(&mut self, task: InstanceIndex) {
        if !self.is_released(task) {
            return;
        }
        match self.refusal(task) {
            Some(end) => self.record(end),
            None => self.scratch.released.push_back(task),
        }
    }

    fn is_released(&self, task: InstanceIndex) -> bool {
        matches!(self.state(task), TaskState::Released { .. } | TaskState::Ready { .. })
    }

    /// How a released task ends without having begun, if it does.
    fn refusal(&self, task: InstanceIndex) -> Option<Event> {
        let record = &self.execution.tasks[task];
        let planned = self.execution.planned(task);
        let skip = match planned.rule.judge(record.tally) {
            // What was let through once has been judged by its rule.
            _ if matches!(record.state, TaskState::Ready { attempt, .. } if attempt > 1 || record.interruptions > 0) => None,
            Some(Verdict::UpstreamFailed) => Some(SkipReason::UpstreamFailed),
            Some(Verdict::UpstreamSkipped) => Some(SkipReason::UpstreamSkipped),
            Some(Verdict::RuleNotMet) => Some(SkipReason::RuleNotMet),
            Some(Verdict::Run) | None => None,
        };
        if let Some(end) = self.reusable(task) {
            return Some(Event::TaskReused { task, end });
        }
        let scope = self.execution.scope(record.scope);
        match (skip, scope.stopping) {
            (Some(reason), _) => Some(Event::TaskSkipped { task, reason }),
            (None, Some(reason)) if !planned.cleanup || scope.forced => Some(Event::TaskCancelled { task, reason }),
            (None, _) => None,
        }
    }

    /// The next step of a released task.
    pub(super) fn begin(&mut self, task: InstanceIndex) {
        if !self.is_released(task) {
            return;
        }
        if let Some(end) = self.refusal(task) {
            return self.record(end);
        }
        if self.is_held() {
            return;
        }
        if matches!(self.state(task), TaskState::Released { .. }) {
            return self.prepare(task);
        }
        if self.stand_in(task) {
            return;
        }
        if self.execution.planned(task).exclusive {
            self.look_at_lane(self.execution.tasks[task].scope, None);
        } else {
            self.admit(task, None);
        }
    }

    /// The end this task had in the execution this one was forked from.
    fn reusable(&self, task: InstanceIndex) -> Option<ReusedEnd> {
        let reuse = &self.execution.setup.reuse;
        if reuse.is_empty() { None } else { reuse.get(self.execution.path(task).as_str()).cloned() }
    }

    /// What comes between the rule of a task and its start; each answer is recorded, so this goes on wherever it stopped.
    pub(super) fn prepare(&mut self, task: InstanceIndex) {
        if !matches!(self.state(task), TaskState::Released { .. }) || self.is_held() {
            return;
        }
        let conditions = self.execution.planned(task).conditions.len();
        if conditions > 0 && !self.execution.tasks[task].less().is_some_and(|more| more.admitted_by_gate) {
            match self.judge_list(task, View::Own, Question::Gate) {
                None => return,
                Some(Err(failure)) => return self.fail(task, failure),
                Some(Ok(false)) => return self.record(Event::TaskSkipped { task, reason: SkipReason::ConditionFalse }),
                Some(Ok(true)) => {}
            }
        }
        if self.execution.planned(task).wait.is_some() && self.execution.tasks[task].less().is_none_or(|more| more.payload.is_none()) {
            return self.begin_wait(task);
        }
        match self.execution.planned(task).kind {
            TaskKind::Wait => {
                let output = self.execution.tasks[task].less().and_then(|more| more.payload.clone());
                let output = Output::Json(output.unwrap_or_else(|| "null".into()));
                let start = self.execution.tasks[task].first_start.unwrap_or(self.now);
                self.record(Event::TaskCompleted { task, attempt: 0, start, end: self.now, output });
            }
            TaskKind::Group { .. } => {
                self.record(Event::GroupStarted { task });
                self.release_inner(task, 0);
            }
            TaskKind::Choice { .. } => self.choose(task),
            TaskKind::Loop(_) => self.begin_loop(task),
            TaskKind::Agent { .. } | TaskKind::Workflow => self.prepare_call(task, false),
        }
    }

    /// The tasks of the scopes that began since a group had so many.
    pub(super) fn release_inner(&mut self, task: InstanceIndex, known: usize) {
        let scopes = self.execution.tasks[task].less().and_then(|more| more.scopes.get(known..)).map(<[_]>::to_vec);
        for scope in scopes.into_iter().flatten() {
            self.release_children(scope);
        }
    }

    fn begin_wait(&mut self, task: InstanceIndex) {
        let (until, signal) = match &self.execution.planned(task).wait {
            Some(Wait::Signal { timeout, .. }) => (timeout.map(|timeout| self.now.after(timeout)), true),
            Some(Wait::Delay(delay)) => (Some(self.now.after(*delay)), false),
            None => return,
        };
        self.record(Event::WaitStarted { task, until });
        if signal {
            self.look_at_wait(task);
        }
    }

    /// A wait ends when a signal is there for it, or its delay is over.
    pub(super) fn look_at_wait(&mut self, task: InstanceIndex) {
        let TaskState::Awaiting { until, .. } = *self.state(task) else { return };
        if self.is_held() {
            return;
        }
        let delay = matches!(self.execution.planned(task).wait, Some(Wait::Delay(_)));
        let payload = match self.execution.kept_signal(task) {
            Some(payload) => Arc::clone(payload),
            None if delay && until.is_some_and(|until| until <= self.now) => "null".into(),
            None => return,
        };
        self.record(Event::WaitEnded { task, payload });
        self.prepare(task);
    }

    pub(super) fn signal(&mut self, name: Arc<str>, payload: Arc<str>, path: Option<Arc<str>>, fits: Option<Arc<[Fit]>>) {
        let wait = self.execution.open_wait_for(&name, path.as_deref());
        self.record(Event::SignalReceived { name, payload, path, fits });
        if let Some(task) = wait {
            self.look_at_wait(task);
        }
    }

    /// A call of an agent or a workflow: templates, then the cache, whose key may be what they gave. `looked`: it was not in the cache.
    fn prepare_call(&mut self, task: InstanceIndex, looked: bool) {
        let prepared = self.render(task, self.execution.planned(task)).and_then(|input| {
            let cached = self.execution.planned(task).cache.is_some();
            let key = cached.then(|| self.cache_key(task, input.as_deref())).transpose()?;
            Ok((input, key))
        });
        let (input, cache_key) = match prepared {
            Ok((_, Some(key))) if !looked => return self.step.commands.push(Command::LookUp { task, key }),
            Ok(prepared) => prepared,
            Err(failure) => return self.fail(task, failure),
        };
        self.record(Event::TaskPrepared { task, input, cache_key });
        if self.execution.planned(task).exclusive {
            let scope = self.execution.tasks[task].scope;
            self.look_at_lane(scope, None);
        } else {
            self.admit(task, None);
        }
    }

    /// What the templates of a call give, as the task sees it.
    pub(super) fn render(&self, task: InstanceIndex, call: &PlannedTask) -> Result<Option<Arc<str>>, Failure> {
        let template = call.input.as_ref();
        template.map(|template| self.execution.render(task, View::Own, template)).transpose()
    }

    /// Work is the same if it is the same task of the same workflow, for the same tenant, given the same way, with the same key; without one, with the
    /// same input. The workflow's version is no part of it.
    fn cache_key(&self, task: InstanceIndex, input: Option<&str>) -> Result<Arc<str>, Failure> {
        let planned = self.execution.planned(task);
        let key = match planned.cache.as_ref().and_then(|cache| cache.key.as_ref()) {
            Some(template) => {
                let wrong = |error: String| Failure::coded("ERR_TEMPLATE", format!("cache.key: {error}"));
                let scope = self.execution.scope_for(task, View::Own, template.references()).map_err(|error| wrong(error.to_string()))?;
                template.render(&scope).map_err(|error| wrong(error.to_string()))?
            }
            None => match input {
                Some(input) => input.to_owned(),
                None => self.execution.setup.context.as_deref().unwrap_or_default().to_owned(),
            },
        };
        let Execution { plan, setup, .. } = &*self.execution;
        let print = planned.cache.as_ref().map_or("", |cache| &*cache.print);
        let whole = serde_json::json!([&*setup.tenant, &*plan.workflow_id, &*planned.id, print, key]);
        Ok(stdx::sha256_hex(&whole.to_string()).into())
    }

    pub(super) fn looked_up(&mut self, task: InstanceIndex, found: Option<Arc<str>>) {
        let waits = matches!(self.execution.tasks.get(task).map(|record| &record.state), Some(TaskState::Released { .. }));
        match found {
            // Whoever resumes or recovers it looks again.
            _ if !waits || self.is_held() => {}
            // What was good once may not be by the schema of today.
            Some(candidate) if self.execution.planned(task).output_schema.is_some() => {
                self.step.commands.push(Command::Review { task, candidate });
            }
            Some(output) => self.record(Event::TaskReused { task, end: ReusedEnd::Cached(output) }),
            None => self.prepare_call(task, true),
        }
    }

    pub(super) fn reviewed(&mut self, task: InstanceIndex, result: Result<Arc<str>, Failure>) {
        let state = self.execution.tasks.get(task).map(|record| &record.state);
        let waits = matches!(state, Some(TaskState::Released { .. }));
        match result {
            result if matches!(state, Some(TaskState::Ready { .. })) && !self.is_held() => self.stood_in(task, result),
            // Whoever resumes or recovers it looks again.
            _ if !waits || self.is_held() => {}
            Ok(output) => self.record(Event::TaskReused { task, end: ReusedEnd::Cached(output) }),
            Err(_) => self.prepare_call(task, true),
        }
    }

    /// Nothing but an agent is missing.
    pub(super) fn admit(&mut self, task: InstanceIndex, after: Option<InstanceIndex>) {
        let asks = self.execution.setup.asks && self.execution.calling(task).calls_agent();
        if !asks {
            return self.start_attempt(task, after);
        }
        if !std::mem::replace(&mut self.execution.tasks[task].asked, true) {
            self.step.commands.push(Command::Ask { task, after });
        }
    }

    /// There is an agent. What has changed since the task asked may keep it from starting: when that has passed it asks again.
    pub(super) fn admitted(&mut self, task: InstanceIndex, admitted_by: Option<InstanceIndex>) {
        if !self.execution.tasks.get(task).is_some_and(|record| record.asked) {
            return;
        }
        self.execution.tasks[task].asked = false;
        let is_beside = self.execution.planned(task).exclusive && self.execution.scope(self.execution.tasks[task].scope).lane.is_some();
        if !is_beside && !self.is_held() {
            self.start_attempt(task, admitted_by);
        }
    }

    fn start_attempt(&mut self, task: InstanceIndex, admitted_by: Option<InstanceIndex>) {
        let TaskState::Ready { attempt, ready, ready_by } = *self.state(task) else { return };
        if !self.within_budget(task) {
            return;
        }
        self.record(Event::AttemptStarted { task, attempt, ready, ready_by, admitted_by });
        self.step.commands.push(Command::Run { task, attempt });
    }

    /// A task that has ended needs no agent any more.
    pub(super) fn withdraw(&mut self, task: InstanceIndex) {
        if std::mem::take(&mut self.execution.tasks[task].asked) {
            self.step.commands.push(Command::Withdraw { task });
        }
    }

    pub(super) fn judged(&mut self, task: InstanceIndex, question: Question, answer: Result<bool, Failure>) {
        if self.execution.tasks.get(task).is_none() || self.is_held() || !self.is_asked(task, question) {
            return;
        }
        match answer {
            Ok(holds) => {
                self.record(Event::Judged { task, question, holds });
                match question {
                    Question::Gate(_) | Question::Branch(_) => self.prepare(task),
                    Question::Turn { .. } => self.go_on(task),
                }
            }
            Err(failure) => match question {
                Question::Gate(_) | Question::Branch(_) => self.fail(task, failure),
                Question::Turn { .. } => self.end_loop(task, Some(failure)),
            },
        }
    }

    /// Ends a task that cannot go on, and that is no attempt's fault.
    pub(super) fn fail(&mut self, task: InstanceIndex, failure: Failure) {
        let attempt = self.execution.tasks[task].attempts();
        let start = match self.state(task) {
            TaskState::Active { since, .. } => *since,
            _ => self.now,
        };
        let (end, failure) = (self.now, Arc::new(failure));
        if !self.fall_back(Measured { task, attempt, start, end }, &failure) {
            self.record(Event::TaskFailed { task, attempt, start, end, failure });
        }
    }

    pub(super) fn spawn(&mut self, task: InstanceIndex, attempt: u32, definition: Arc<str>) {
        if !self.execution.may_begin(task, attempt) {
            return;
        }
        let before = self.execution.tasks.len();
        self.record(Event::TaskSpawned { task, definition });
        if self.execution.tasks.len() > before {
            let child = InstanceIndex::new(u32::try_from(before).unwrap_or(u32::MAX));
            self.release(child);
        }
    }
}
