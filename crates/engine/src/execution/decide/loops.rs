// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a loop does next: another pass, or its end.

#![expect(clippy::wildcard_enum_match_arm, reason = "one state or kind of many matters here, and no new one would")]

use super::super::scope::ScopeIndex;
use super::super::values::View;
use super::super::{CancelReason, Event, Output, PassEnd, Question, TaskState};
use super::Decider;
use crate::plan::{Drive, Loop, OnItemError, TaskKind};
use crate::{Failure, InstanceIndex};
use serde_json::{Value, json};
use std::sync::Arc;

/// Items that failed, of which the failure of a loop tells.
const ITEMS_TOLD_MAX: usize = 100;

/// Events of one step after which a loop gives way, so that signals, cancels and deadlines get in: they take a few milliseconds.
const STEP_EVENTS_MAX: usize = 1000;

/// What a loop does next.
enum Next {
    /// Another pass.
    Pass,
    /// Nothing before a pass ends.
    Rest,
    /// It is over.
    End(Option<Failure>),
    /// The host has been asked.
    Asked,
}

impl Decider<'_> {
    pub(super) fn begin_loop(&mut self, task: InstanceIndex) {
        let TaskKind::Loop(planned) = &self.execution.planned(task).kind else { return };
        let items: Option<Box<[Arc<str>]>> = match &planned.drive {
            Drive::Items(items) => Some(items.clone()),
            Drive::ForEach(expression) => {
                let scope = self.execution.scope_for(task, View::Own, expression.references()).map_err(|error| error.to_string());
                match scope.and_then(|scope| expression.evaluate(&scope).map_err(|error| error.to_string())) {
                    Ok(Value::Array(items)) => Some(items.iter().map(|item| Arc::from(item.to_string())).collect()),
                    Ok(_) => {
                        let message = format!("`forEach` is `{}`, which is not an array", expression.source());
                        return self.fail(task, Failure::coded("ERR_LOOP_NOT_ARRAY", message));
                    }
                    Err(error) => {
                        let message = format!("`forEach` is `{}`: {error}", expression.source());
                        return self.fail(task, Failure::coded("ERR_EXPRESSION", message));
                    }
                }
            }
            Drive::While(_) | Drive::Until(_) | Drive::Again(_) => None,
        };
        self.record(Event::LoopStarted { task, items });
        self.go_on(task);
    }

    /// Whatever a group has to do next, apart from what the ends of its tasks bring: only loops have something.
    pub(super) fn go_on(&mut self, task: InstanceIndex) {
        loop {
            if !matches!(self.state(task), TaskState::Active { .. }) {
                return;
            }
            match self.next(task) {
                Next::Rest | Next::Asked => return,
                Next::End(failure) => return self.end_loop(task, failure),
                Next::Pass if self.is_held() => return,
                Next::Pass if self.step.events.len() >= STEP_EVENTS_MAX => return self.rest(task),
                Next::Pass => {
                    let pass = self.passes(task);
                    self.record(Event::PassStarted { task, pass });
                    self.release_inner(task, pass as usize);
                }
            }
        }
    }

    /// It goes on at the next tick.
    fn rest(&mut self, task: InstanceIndex) {
        let resting = &mut self.execution.resting;
        if !resting.contains(&task) {
            resting.push(task);
        }
    }

    fn passes(&self, task: InstanceIndex) -> u32 {
        self.execution.iterations(task).and_then(|passes| u32::try_from(passes).ok()).unwrap_or(0)
    }

    fn next(&mut self, task: InstanceIndex) -> Next {
        let TaskKind::Loop(planned) = &self.execution.planned(task).kind else { return Next::Rest };
        let Some(turn) = self.execution.tasks[task].less().and_then(|more| more.turn.as_ref()) else { return Next::Rest };
        let (open, passes) = (turn.open, self.passes(task));
        if turn.over || self.execution.scope(self.execution.tasks[task].scope).stopping.is_some() && self.is_stopped(task) {
            return if open == 0 { Next::End(None) } else { Next::Rest };
        }
        if let Some(items) = &turn.items {
            return match () {
                () if (passes as usize) < items.len() && open < planned.concurrency => match self.idled_out() {
                    Some(_) if open > 0 => Next::Rest,
                    Some(failure) => Next::End(Some(failure)),
                    None => Next::Pass,
                },
                () if open == 0 && passes as usize == items.len() => Next::End(None),
                () => Next::Rest,
            };
        }
        if open > 0 {
            return Next::Rest;
        }
        self.judge_turn(task, passes)
    }

    /// Whether the loop itself was told to stop from outside.
    fn is_stopped(&self, task: InstanceIndex) -> bool {
        let scope = self.execution.scope(self.execution.tasks[task].scope);
        !self.execution.planned(task).cleanup || scope.forced
    }

    fn judge_turn(&mut self, task: InstanceIndex, passes: u32) -> Next {
        let TaskKind::Loop(planned) = &self.execution.planned(task).kind else { return Next::Rest };
        let (before, wanted) = match planned.drive {
            Drive::While(_) => (true, true),
            Drive::Until(_) => (false, false),
            Drive::Again(_) => (false, true),
            Drive::Items(_) | Drive::ForEach(_) => return Next::Rest,
        };
        if !before && passes == 0 {
            return Next::Pass;
        }
        if self.is_held() {
            return Next::Rest;
        }
        match self.judge_list(task, View::Turn, |index| Question::Turn { passes, index }) {
            None => Next::Asked,
            Some(Err(failure)) => Next::End(Some(failure)),
            Some(Ok(holds)) if holds != wanted => Next::End(None),
            Some(Ok(_)) => self.within_limit(task, passes),
        }
    }

    fn within_limit(&self, task: InstanceIndex, passes: u32) -> Next {
        let TaskKind::Loop(planned) = &self.execution.planned(task).kind else { return Next::Rest };
        match planned.passes_max {
            Some(limit) if passes >= limit && planned.stops_at_limit => Next::End(None),
            Some(limit) if passes >= limit => Next::End(Some(Failure::coded(
                "ERR_LOOP_LIMIT",
                format!(
                    "the loop needs more than its {limit} passes; raise `maxIterations`, or set `onLimit: 'stop'` to complete it there"
                ),
            ))),
            _ => self.idled_out().map_or(Next::Pass, |failure| Next::End(Some(failure))),
        }
    }

    /// The failure of a loop that would go on though more passes than may be have called nothing.
    fn idled_out(&self) -> Option<Failure> {
        let limit = self.execution.setup.idle_passes_max.filter(|limit| self.execution.idle_passes >= *limit)?;
        let message = format!(
            "{limit} passes of loops of this execution have called no agent, no wait and no child, which is all that `workflow.maxIdlePasses` allows; let `while` or `until` end the loop, leave out of `forEach` what is skipped anyway, or raise the limit"
        );
        Some(Failure::coded("ERR_LOOP_LIMIT", message))
    }

    pub(super) fn pass_ended(&mut self, task: InstanceIndex, pass: u32, scope: ScopeIndex) {
        let still_open = self.execution.tasks[task]
            .less()
            .and_then(|more| more.turn.as_ref())
            .is_some_and(|turn| turn.passes.get(pass as usize).is_some_and(Option::is_none));
        if !still_open {
            return;
        }
        let end = self.pass_end(scope);
        self.record(Event::PassEnded { task, pass, end: end.clone() });
        if let PassEnd::Failed(failure) = end
            && self.fails_by_item(task)
        {
            self.stop_group(task, CancelReason::SiblingFailed, Some(failure));
        }
        self.go_on(task);
    }

    fn fails_by_item(&self, task: InstanceIndex) -> bool {
        match &self.execution.planned(task).kind {
            TaskKind::Loop(planned) => planned.on_item_error == OnItemError::Fail || !is_for_each(planned),
            _ => false,
        }
    }

    /// A loop ends: well, with a failure of its own, with that of a pass, or because it was stopped.
    pub(super) fn end_loop(&mut self, task: InstanceIndex, failure: Option<Failure>) {
        let TaskState::Active { since, .. } = *self.state(task) else { return };
        let failing = self.execution.tasks[task].less().and_then(|more| more.failing.clone());
        let failure = failing.or_else(|| failure.map(Arc::new));
        if let Some(failure) = failure {
            return self.record(Event::TaskFailed { task, attempt: 0, start: since, end: self.now, failure });
        }
        let cut_short = self.inner(task).into_iter().find_map(|scope| self.cut_short(scope));
        let unfinished = self.is_unfinished(task);
        match cut_short.or_else(|| self.execution.scope(self.execution.tasks[task].scope).stopping.filter(|_| unfinished)) {
            Some(reason) => self.record(Event::TaskCancelled { task, reason }),
            None => match self.failed_items(task) {
                Some(failure) => {
                    self.record(Event::TaskFailed { task, attempt: 0, start: since, end: self.now, failure: Arc::new(failure) });
                }
                None => self.record(Event::TaskCompleted { task, attempt: 0, start: since, end: self.now, output: Output::Composed }),
            },
        }
    }

    /// What a loop fails with whose items all had their turn, if some of them failed.
    fn failed_items(&self, task: InstanceIndex) -> Option<Failure> {
        match &self.execution.planned(task).kind {
            TaskKind::Loop(planned) if planned.on_item_error == OnItemError::FailAfter => {}
            _ => return None,
        }
        let passes = &self.execution.tasks[task].less()?.turn.as_ref()?.passes;
        let failed = (0_u32..).zip(passes).filter_map(|(index, end)| match end {
            Some(PassEnd::Failed(failure)) => Some((index, failure)),
            _ => None,
        });
        let items: Vec<Value> = failed
            .clone()
            .take(ITEMS_TOLD_MAX)
            .map(|(index, failure)| json!({ "index": index, "code": &*failure.code, "message": &*failure.message }))
            .collect();
        let (first, failure) = failed.clone().next()?;
        let message = format!("{} of {} items failed, item {first} first: {}", failed.count(), passes.len(), failure.message);
        let details = Some(json!({ "items": items }).to_string().into());
        Some(Failure { details, ..Failure::coded("ERR_LOOP_ITEMS", message) })
    }

    /// Whether a loop that was stopped would have gone on.
    fn is_unfinished(&self, task: InstanceIndex) -> bool {
        let stopped = self.execution.scope(self.execution.tasks[task].scope).stopping.is_some() && self.is_stopped(task);
        let items = self.execution.tasks[task].less().and_then(|more| more.turn.as_ref()?.items.as_ref().map(|items| items.len()));
        match items {
            Some(items) => stopped && (self.passes(task) as usize) < items,
            // Whether it would have was never judged.
            None => stopped,
        }
    }
}

fn is_for_each(planned: &Loop) -> bool {
    matches!(planned.drive, Drive::Items(_) | Drive::ForEach(_))
}
