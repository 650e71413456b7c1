// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A host with a clock of its own: it sends nothing, answers as it was told, and checks whatever the gateway says.

use models::{
    AttemptId, BreakerPolicy, CallFailure, CallId, CallRecord, CallRequest, Command, FailureClass, Gateway, GaveUp, Target, Tokens, Usage,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_micros(ms * 1000)
}

pub(crate) fn name(name: &str) -> Arc<str> {
    name.into()
}

/// A target of provider `p`.
pub(crate) fn target(model: &str) -> Target {
    let tokens = Tokens { input: 60, output: 40 };
    Target { provider: name("p"), model: name(model), tokens, usd_nanos: 1000, window: None, larger_context: false }
}

pub(crate) fn request(models: &[&str]) -> CallRequest {
    CallRequest::new(models.iter().map(|model| target(model)).collect())
}

/// What becomes of an attempt, and after how many milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Done(u64),
    Fail(u64, FailureClass),
    /// It says how long to wait.
    Later(u64, FailureClass, u64),
    /// It does not come in time.
    Late(u64),
    /// The provider says whether it is to be sent again.
    Told(u64, FailureClass, Option<bool>),
    /// It fails after its first token.
    Cut(u64),
    Silent,
}

/// A call that has finished.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) at: u64,
    pub(crate) outcome: Result<(), GaveUp>,
    pub(crate) record: CallRecord,
}

type Answers = Box<dyn FnMut(AttemptId, &Target) -> Answer>;

pub(crate) struct Host {
    pub(crate) gateway: Gateway,
    pub(crate) now: u64,
    answers: Answers,
    requests: BTreeMap<CallId, CallRequest>,
    due: BTreeMap<(u64, AttemptId), Answer>,
    flying: BTreeMap<CallId, (AttemptId, Arc<str>)>,
    sent: BTreeMap<CallId, u32>,
    /// What was sent, in order: when, which call, to which model.
    pub(crate) sends: Vec<(u64, u64, Arc<str>)>,
    pub(crate) ends: BTreeMap<u64, End>,
    /// The most that were under way at each model at once.
    pub(crate) most: BTreeMap<Arc<str>, usize>,
}

impl Host {
    pub(crate) fn new(answers: impl FnMut(AttemptId, &Target) -> Answer + 'static) -> Self {
        Self::with(BreakerPolicy::default(), answers)
    }

    pub(crate) fn with(breakers: BreakerPolicy, answers: impl FnMut(AttemptId, &Target) -> Answer + 'static) -> Self {
        Self {
            gateway: Gateway::new(breakers),
            now: 0,
            answers: Box::new(answers),
            requests: BTreeMap::new(),
            due: BTreeMap::new(),
            flying: BTreeMap::new(),
            sent: BTreeMap::new(),
            sends: Vec::new(),
            ends: BTreeMap::new(),
            most: BTreeMap::new(),
        }
    }

    pub(crate) fn begin(&mut self, call: u64, request: CallRequest) {
        // Chance is another for each.
        let request = CallRequest { seed: call, ..request };
        self.requests.entry(CallId(call)).or_insert_with(|| request.clone());
        let commands = self.gateway.begin(CallId(call), request, at(self.now));
        self.take(commands);
    }

    pub(crate) fn cancel(&mut self, call: u64) {
        let commands = self.gateway.cancel(CallId(call), at(self.now));
        self.take(commands);
    }

    /// Goes on until `ms`, or, with `u64::MAX`, until nothing is left to wait for.
    pub(crate) fn run_until(&mut self, ms: u64) {
        loop {
            let answer = self.due.first_key_value().map(|((at, _), _)| *at);
            // A tick may come late by rounding, never early.
            let tick = self.gateway.next_deadline().map(|at| at.micros().div_ceil(1000));
            let Some(next) = answer.into_iter().chain(tick).min().filter(|next| *next <= ms) else { break };
            self.now = self.now.max(next);
            let commands = match self.due.first_key_value().map(|((at, id), answer)| (*at, *id, *answer)) {
                Some((at, id, answer)) if at <= self.now => {
                    self.due.remove(&(at, id));
                    self.answer(id, answer)
                }
                _ => self.gateway.tick(at(self.now)),
            };
            self.take(commands);
        }
        if ms < u64::MAX {
            self.now = ms;
        }
    }

    pub(crate) fn run(&mut self) {
        self.run_until(u64::MAX);
        assert_eq!((self.gateway.unfinished(), self.gateway.next_deadline()), (0, None));
        assert!(self.requests.keys().all(|call| self.ends.contains_key(&call.0)), "a call has not finished");
        self.check_statistics();
    }

    fn answer(&mut self, id: AttemptId, answer: Answer) -> Vec<Command> {
        let now = at(self.now);
        self.flying.remove(&id.call);
        let failure = |class, retry_after| CallFailure {
            class,
            again: None,
            timed_out: false,
            retry_after,
            message: format!("{class} of {}", id.attempt),
            spent: None,
        };
        match answer {
            Answer::Done(_) => self.gateway.done(id, Usage { input_tokens: 60, output_tokens: 10, ..Usage::default() }, 700, now),
            Answer::Fail(_, class) => self.gateway.failed(id, failure(class, None), now),
            Answer::Later(_, class, wait) => self.gateway.failed(id, failure(class, Some(Duration::from_millis(wait))), now),
            Answer::Late(_) => self.gateway.failed(id, CallFailure { timed_out: true, ..failure(FailureClass::Network, None) }, now),
            Answer::Told(_, class, again) => self.gateway.failed(id, CallFailure { again, ..failure(class, None) }, now),
            Answer::Cut(_) => {
                // Time has passed, and others may be due.
                let commands = self.gateway.first_token(id, now);
                self.take(commands);
                self.gateway.failed(id, failure(FailureClass::Network, None), now)
            }
            Answer::Silent => Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Send { id, target } => self.send(id, target),
                Command::Abort { id } => {
                    assert_eq!(self.flying.remove(&id.call).map(|(flying, _)| flying), Some(id), "what is aborted is under way");
                    self.due.retain(|(_, due), _| *due != id);
                }
                Command::Finish { id, outcome, record } => {
                    assert!(!self.flying.contains_key(&id.call), "{id:?} is under way and has finished");
                    let sent = self.sent.get(&id.call).copied().unwrap_or(0);
                    assert_eq!((record.attempts.len(), id.attempt), (sent as usize, sent), "each request is on record");
                    let end = End { at: self.now, outcome, record };
                    assert!(self.ends.insert(id.call.0, end).is_none(), "{id:?} finishes twice");
                }
            }
        }
    }

    fn send(&mut self, id: AttemptId, target: usize) {
        let request = &self.requests[&id.call];
        let target = request.targets[target].clone();
        assert!(!self.ends.contains_key(&id.call.0), "{id:?} is sent after it finished");
        assert!(request.deadline.is_none_or(|deadline| at(self.now) < deadline), "{id:?} is sent after its deadline");
        let sent = self.sent.entry(id.call).or_default();
        *sent += 1;
        assert_eq!(*sent, id.attempt);
        let flying = (id, Arc::clone(&target.model));
        assert!(self.flying.insert(id.call, flying).is_none(), "{id:?} is sent twice at once");
        let count = self.flying.values().filter(|(_, model)| *model == target.model).count();
        let most = self.most.entry(Arc::clone(&target.model)).or_default();
        *most = count.max(*most);
        let answer = (self.answers)(id, &target);
        if let Answer::Done(after)
        | Answer::Fail(after, _)
        | Answer::Late(after)
        | Answer::Told(after, ..)
        | Answer::Later(after, ..)
        | Answer::Cut(after) = answer
        {
            self.due.insert((self.now + after, id), answer);
        }
        self.sends.push((self.now, id.call.0, target.model));
    }

    /// What was sent to each model is accounted for, when all is over.
    fn check_statistics(&self) {
        for route in self.gateway.statistics(at(self.now)) {
            let sent = self.sends.iter().filter(|(_, _, model)| *model == route.model).count() as u64;
            assert_eq!((route.waiting, route.in_flight, route.counts.sent), (0, 0, sent), "{}", route.model);
            assert_eq!(route.counts.answered + route.counts.aborted + route.counts.failed.values().sum::<u64>(), sent, "{}", route.model);
        }
    }
}
