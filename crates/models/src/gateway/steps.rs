// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The steps of a call from one state to the next. A call is taken out of the map for a step, and put back unless it has finished.

use super::call::{Call, CallRequest, Sent, State};
use super::ids::{AttemptId, CallId, RouteIndex};
use super::record::{Attempt, AttemptResult, Awaited, CallRecord, Command, GaveUp, Next, Obstacle, Reason, Skipped, Why};
use super::route::Entry;
use super::{Alarm, CallFailure, Gateway};
use crate::limits::Reservation;
use crate::{FailureClass, Spend, Tokens};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

impl Gateway {
    pub(super) fn arrive(&mut self, id: CallId, request: CallRequest) {
        let Some(first) = request.targets.iter().position(|target| !target.larger_context).or((!request.targets.is_empty()).then_some(0))
        else {
            let gave_up = GaveUp { reason: Reason::Failed(FailureClass::Invalid), message: "the call names no model to go to".to_owned() };
            return self.tell_finish(AttemptId { call: id, attempt: 0 }, Err(gave_up), CallRecord::default());
        };
        let estimate = request.targets.get(first).map_or_else(Spend::default, super::Target::spend);
        let budget = match self.budgets.reserve(&request.budgets, estimate) {
            Ok(budget) => budget,
            Err(exceeded) => {
                let gave_up = GaveUp { message: exceeded.to_string(), reason: Reason::Budget(exceeded) };
                return self.tell_finish(AttemptId { call: id, attempt: 0 }, Err(gave_up), CallRecord::default());
            }
        };
        let place = (self.virtual_arrival(request.priority), self.arrivals);
        self.arrivals += 1;
        if let Some(deadline) = request.deadline {
            self.alarms.insert((deadline, Alarm::Deadline(id)));
        }
        let route = RouteIndex::default();
        let (idle_since, state, attempts, skipped) = (self.now, State::Waiting, Vec::new(), Vec::new());
        let call = Call {
            request,
            place,
            target: first,
            route,
            tries: 0,
            idle_since,
            state,
            outgrown: None,
            late: 0,
            cut_off: false,
            spent: Spend::default(),
            budget,
            attempts,
            skipped,
        };
        self.wait(id, call);
    }

    fn virtual_arrival(&self, priority: i32) -> i64 {
        let priority = priority.clamp(-CallRequest::PRIORITY_MAX, CallRequest::PRIORITY_MAX);
        let head_start = i64::try_from(CallRequest::HEAD_START.as_micros()).unwrap_or(i64::MAX).saturating_mul(i64::from(priority));
        i64::try_from(self.now.micros()).unwrap_or(i64::MAX).saturating_sub(head_start)
    }

    /// Queues a call at its target.
    fn wait(&mut self, id: CallId, mut call: Call) {
        let Some(target) = call.at() else { return };
        call.route = self.routes.named(&target.provider, &target.model);
        call.state = State::Waiting;
        let Some(route) = self.routes.get(call.route) else { return };
        // Nobody waits in a queue for what cannot be.
        if let Some(obstacle) = route.obstacle(self.now, call.tokens()) {
            return self.pass_over(id, call, obstacle);
        }
        route.queue.insert(call.place, id);
        self.stirred.insert(call.route);
        self.calls.insert(id, call);
    }

    /// The call is not sent to its target.
    fn pass_over(&mut self, id: CallId, mut call: Call, obstacle: Obstacle) {
        let Some(target) = call.at() else { return };
        let (provider, model) = (Arc::clone(&target.provider), Arc::clone(&target.model));
        let message = match &obstacle {
            Obstacle::Shut(shut) => {
                let (class, wait) = (shut.class, shut.until.since(self.now));
                format!("`{provider}/{model}` is paused after repeated failures ({class}); next attempt in {wait:?}")
            }
            Obstacle::TooLarge(too_large) => format!("`{provider}/{model}`: {too_large}"),
        };
        call.skipped.push(Skipped { provider, model, at: self.now, because: obstacle });
        if let Some(route) = self.routes.get(call.route) {
            route.counts.skipped += 1;
        }
        match call.fallback(obstacle.class()) {
            Some(target) => self.fall_back(id, call, target),
            None => self.give_up(id, call, GaveUp { reason: Reason::Obstacle(obstacle), message }),
        }
    }

    /// The call goes on to another target, which may cost something else.
    fn fall_back(&mut self, id: CallId, mut call: Call, target: usize) {
        (call.target, call.tries, call.late) = (target, 0, 0);
        match self.reserve_anew(&mut call) {
            Ok(()) => self.wait(id, call),
            Err(gave_up) => self.give_up(id, call, gave_up),
        }
    }

    /// The budgets must have room for another attempt beside what those before it cost.
    fn reserve_anew(&mut self, call: &mut Call) -> Result<(), GaveUp> {
        let whole = call.estimate().plus(call.spent);
        let revised = self.budgets.revise(&mut call.budget, whole);
        revised.map_err(|exceeded| GaveUp { message: exceeded.to_string(), reason: Reason::Budget(exceeded) })
    }

    /// Sends whoever may be sent now from one route.
    pub(super) fn let_go(&mut self, index: RouteIndex) {
        loop {
            let Some(route) = self.routes.get(index) else { return };
            let Some((place, id)) = route.queue.first_key_value().map(|(place, id)| (*place, *id)) else {
                return self.wake(index, None);
            };
            let tokens = self.calls.get(&id).map_or_else(Tokens::default, Call::tokens);
            match route.admit(self.now, tokens) {
                Entry::Wait(at) => return self.wake(index, at),
                Entry::Go { reservation, probe } => {
                    route.queue.remove(&place);
                    self.send(id, reservation, probe);
                }
                Entry::Blocked(obstacle) => {
                    route.queue.remove(&place);
                    if let Some(call) = self.calls.remove(&id) {
                        self.pass_over(id, call, obstacle);
                    }
                }
            }
        }
    }

    fn send(&mut self, id: CallId, reservation: Reservation, probe: bool) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.tries += 1;
        call.state = State::Sent(Sent { begun: self.now, reservation, probe, delivering: false });
        self.commands.push(Command::Send { id: AttemptId { call: id, attempt: call.attempt() }, target: call.target });
    }

    /// Sets when a route is looked at again, or that it need not be.
    fn wake(&mut self, index: RouteIndex, at: Option<Timestamp>) {
        let Some(route) = self.routes.get(index) else { return };
        let before = std::mem::replace(&mut route.alarm, at);
        if before != at {
            before.map(|before| self.alarms.remove(&(before, Alarm::Room(index))));
            at.map(|at| self.alarms.insert((at, Alarm::Room(index))));
        }
    }

    pub(super) fn ring(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Room(index) => {
                if let Some(route) = self.routes.get(index) {
                    route.alarm = None;
                }
                self.stirred.insert(index);
            }
            Alarm::Retry(id) => {
                if let Some(call) = self.calls.remove(&id) {
                    self.wait(id, call);
                }
            }
            Alarm::Deadline(id) => self.stop(id, |awaited| {
                (
                    Reason::Deadline(awaited),
                    format!("the deadline passed while the call waited for {awaited}; give it more time, or raise the limit"),
                )
            }),
        }
    }

    /// Ends a call from here, wherever it is.
    pub(super) fn stop(&mut self, id: CallId, reason: impl Fn(Awaited) -> (Reason, String)) {
        let Some(mut call) = self.calls.remove(&id) else { return };
        let aborted = AttemptId { call: id, attempt: call.attempt() };
        let awaited = match std::mem::replace(&mut call.state, State::Waiting) {
            State::Waiting => self.unqueue(&call),
            State::Resting { until } => {
                self.alarms.remove(&(until, Alarm::Retry(id)));
                Awaited::Retry
            }
            State::Sent(sent) => {
                self.note(&mut call, sent.begun, AttemptResult::Aborted, None, Next::GiveUp(Why::Stopped));
                if let Some(route) = self.routes.get(call.route) {
                    route.limiter.settle_whole(sent.reservation, self.now);
                    route.breaker.withdrawn(sent.probe);
                    route.counts.aborted += 1;
                }
                self.commands.push(Command::Abort { id: aborted });
                call.cut_off = true;
                Awaited::Answer
            }
        };
        let (reason, message) = reason(awaited);
        self.give_up(id, call, GaveUp { reason, message });
    }

    /// Takes a call out of its queue; says what it waited for.
    fn unqueue(&mut self, call: &Call) -> Awaited {
        let Some(route) = self.routes.get(call.route) else { return Awaited::Turn };
        route.queue.remove(&call.place);
        route.awaited
    }

    /// The attempt under way was answered.
    pub(super) fn succeed(&mut self, id: CallId, used: Tokens, spend: Spend) {
        let Some((mut call, sent)) = self.take_sent(id) else { return };
        if let Some(route) = self.routes.get(call.route) {
            route.limiter.settle(sent.reservation, used, self.now);
            route.breaker.answered(sent.probe, self.now);
            route.counts.answered += 1;
            route.answered_at = Some(self.now);
        }
        self.note(&mut call, sent.begun, AttemptResult::Answered, None, Next::Done);
        self.finish(id, call, Ok(()), spend);
    }

    /// The attempt under way failed.
    pub(super) fn fail(&mut self, id: CallId, failure: CallFailure) {
        let Some((mut call, sent)) = self.take_sent(id) else { return };
        let CallFailure { class, again, timed_out, retry_after, message, spent: cost } = failure;
        if class == FailureClass::Context {
            call.outgrow();
        }
        call.late += u32::from(timed_out);
        let may_go_well = again.unwrap_or(class.retryable() && (!timed_out || self.was_an_accident(&call)));
        let next = if sent.delivering && !call.request.restarts {
            Next::GiveUp(Why::AnswerBegun)
        } else {
            self.next(&call, may_go_well, class, retry_after)
        };
        self.note(&mut call, sent.begun, AttemptResult::Failed(class), retry_after, next);
        match cost {
            Some(cost) => call.spent = call.spent.plus(cost),
            // It may have cost all that it was allowed to.
            None if (sent.delivering || timed_out) && !matches!(next, Next::GiveUp(_)) => {
                call.spent = call.spent.plus(Spend { calls: 0, ..call.estimate() });
            }
            None => call.cut_off |= sent.delivering || timed_out,
        }
        let silence = retry_after.filter(|wait| class == FailureClass::Rate && *wait <= call.request.retry.retry_after_max);
        self.come_back(call.route, sent, class, silence.map(|wait| self.now.after(wait)));
        match next {
            Next::Retry(wait) => {
                if call.spent != Spend::default()
                    && let Err(gave_up) = self.reserve_anew(&mut call)
                {
                    return self.give_up(id, call, gave_up);
                }
                let until = self.now.after(wait);
                call.state = State::Resting { until };
                self.alarms.insert((until, Alarm::Retry(id)));
                self.calls.insert(id, call);
            }
            Next::Fallback(target, _) => self.fall_back(id, call, target),
            Next::Done | Next::GiveUp(_) => self.give_up(id, call, GaveUp { reason: Reason::Failed(class), message }),
        }
    }

    /// Whether a request that was not answered in time may be when it is sent again. One that takes longer than it may would be paid for in vain each
    /// time; a model that answers others in time has lost this one.
    fn was_an_accident(&mut self, call: &Call) -> bool {
        let since = |at: Timestamp| self.now.since(at);
        let answers = self.routes.get(call.route).and_then(|route| route.answered_at);
        call.request.retry.after_time_out || (call.late <= Self::LATE_MAX && answers.is_some_and(|at| since(at) <= Self::LATELY))
    }

    fn next(&self, call: &Call, may_go_well: bool, class: FailureClass, retry_after: Option<Duration>) -> Next {
        let why = if !may_go_well {
            Why::NotRetryable
        } else if call.tries >= call.request.retry.max_attempts {
            Why::AttemptsUsed
        } else {
            match call.request.retry.delay(call.tries, call.request.seed, retry_after) {
                None => Why::RetryAfterTooLong,
                Some(wait) if call.request.deadline.is_some_and(|deadline| self.now.after(wait) >= deadline) => Why::DeadlineTooClose,
                Some(wait) => return Next::Retry(wait),
            }
        };
        call.elsewhere(class, why)
    }

    /// Takes out a call that is under way, with what it holds.
    fn take_sent(&mut self, id: CallId) -> Option<(Call, Sent)> {
        let mut call = self.calls.remove(&id)?;
        match std::mem::replace(&mut call.state, State::Waiting) {
            State::Sent(sent) => Some((call, sent)),
            state @ (State::Waiting | State::Resting { .. }) => {
                call.state = state;
                self.calls.insert(id, call);
                None
            }
        }
    }

    /// A failed attempt gives back what it held.
    fn come_back(&mut self, index: RouteIndex, sent: Sent, class: FailureClass, silent_until: Option<Timestamp>) {
        let Some(route) = self.routes.get(index) else { return };
        route.limiter.settle_whole(sent.reservation, self.now);
        route.breaker.failed(class, sent.probe, self.now);
        if let Some(until) = silent_until {
            route.limiter.hold(until);
        }
        *route.counts.failed.entry(class).or_default() += 1;
        self.stirred.insert(index);
    }

    /// Records the attempt that was under way.
    fn note(&self, call: &mut Call, begun: Timestamp, result: AttemptResult, retry_after: Option<Duration>, next: Next) {
        let waited = begun.since(call.idle_since);
        let Some(target) = call.at() else { return };
        let (provider, model) = (Arc::clone(&target.provider), Arc::clone(&target.model));
        call.attempts.push(Attempt { provider, model, waited, begun, ended: self.now, result, retry_after, next });
        call.idle_since = self.now;
    }

    fn give_up(&mut self, id: CallId, call: Call, gave_up: GaveUp) {
        let spend = if call.cut_off { call.estimate() } else { Spend { calls: u64::from(!call.attempts.is_empty()), ..Spend::default() } };
        self.finish(id, call, Err(gave_up), spend);
    }

    fn finish(&mut self, id: CallId, call: Call, outcome: Result<(), GaveUp>, spend: Spend) {
        let last = AttemptId { call: id, attempt: call.attempt() };
        self.stirred.insert(call.route);
        if let Some(deadline) = call.request.deadline {
            self.alarms.remove(&(deadline, Alarm::Deadline(id)));
        }
        self.budgets.settle(call.budget, spend.plus(call.spent));
        self.tell_finish(last, outcome, CallRecord { attempts: call.attempts, skipped: call.skipped });
    }

    fn tell_finish(&mut self, id: AttemptId, outcome: Result<(), GaveUp>, record: CallRecord) {
        self.commands.push(Command::Finish { id, outcome, record });
    }
}
