// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What comes of the requests under way: a piece of an answer, all of it, or a failure.

use super::{Shared, State, line, lock};
use crate::attempt::Listener;
use crate::estimate::Written;
use crate::message::Message;
use models::{AttemptId, Call, CallFailure, Cost, FailureClass, Outcome, Spend, Usage, classify, failure_message, retry_after};
use providers::{Delta, Failure, FailureKind, Headers, Partial, Reply};
use std::sync::Arc;

/// What there is of an answer that failed.
#[derive(Default)]
pub(super) struct Partly {
    pub(super) text: Option<Partial>,
    pub(super) usage: Option<Usage>,
}

/// Whether the provider says that the request may be sent again, as the official clients of some heed it.
fn should_retry(headers: &Headers) -> Option<bool> {
    match headers.get("x-should-retry")?.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether the name of the model may be why: providers say so with several statuses, and where there is no answer the name is all that can be judged.
fn may_be_misnamed(failure: &Failure, message: &str) -> bool {
    match (failure.kind, failure.status) {
        (_, Some(404 | 405)) | (FailureKind::Network, None) => true,
        (FailureKind::Provider, Some(400 | 403 | 422)) => message.to_ascii_lowercase().contains("model"),
        _ => false,
    }
}

impl Shared {
    /// The models that may have been meant by the name of one that is not there, as a part of a sentence. Where nothing `answered`, it says that this is
    /// about the model: the sentence before it is about an address.
    fn near_model(&self, id: AttemptId, answered: bool) -> String {
        let state = lock(&self.state);
        let pending = state.calls.get(&id.call);
        let chosen = pending.and_then(|pending| pending.targets.get(pending.attempt.as_ref()?.target));
        let unknown = chosen.filter(|chosen| state.book.catalogue.find(&chosen.provider, &chosen.model).is_none());
        let Some(chosen) = unknown else { return String::new() };
        let near = state.book.near_models(Some(&chosen.provider), &chosen.model);
        if answered || near.is_empty() { near } else { format!("; the model `{}` is not in the catalogue{near}", chosen.model) }
    }
}

impl Listener for Shared {
    fn headers(self: &Arc<Self>, id: AttemptId, headers: &Headers) {
        self.step(|book, now| book.gateway.headers(id, |name| headers.get(name), now));
    }

    fn delta(self: &Arc<Self>, id: AttemptId, delta: &Delta) {
        let mut state = lock(&self.state);
        let now = (self.now)();
        let Some(attempt) = state.calls.get_mut(&id.call).and_then(|pending| pending.attempt.as_mut()).filter(|attempt| attempt.id == id)
        else {
            return;
        };
        if attempt.first_token.is_none() {
            attempt.first_token = Some(now);
            let commands = state.book.gateway.first_token(id, now);
            self.carry_out(state, commands);
        } else {
            drop(state);
        }
        self.tell(vec![line(&Message::Delta { call: id.call.0, attempt: id.attempt, delta })]);
    }

    fn succeeded(self: &Arc<Self>, id: AttemptId, reply: Reply) {
        let mut reply = reply.or_empty();
        let mut state = lock(&self.state);
        let now = (self.now)();
        let State { book, calls, .. } = &mut *state;
        let Some(pending) = calls.get_mut(&id.call) else { return };
        let Some(attempt) = pending.attempt.take_if(|attempt| attempt.id == id) else { return };
        let Some(chosen) = pending.targets.get(attempt.target) else { return };
        let usage = reply.usage;
        let mut cost = book.cost(&chosen.provider, &chosen.model, &usage);
        book.estimator.learn(&chosen.provider, &chosen.model, pending.size, &usage);
        if !reply.counted {
            let written = Written::of(&reply.text, &reply.reasoning, &reply.tool_calls);
            (reply.usage, cost) = book.estimated(chosen, pending.size, written, usage);
        }
        let first_token = attempt.first_token.map(|at| at.since(attempt.begun));
        let call = Call { outcome: Outcome::Succeeded, latency: now.since(attempt.begun), first_token, usage, cost };
        book.observed.record(&chosen.provider, &chosen.model, &call);
        let commands = book.gateway.done(id, reply.usage, cost.nanos, now);
        pending.reply = Some((reply, cost));
        self.carry_out(state, commands);
    }

    fn broke(self: &Arc<Self>, id: AttemptId, failure: Failure) {
        let body = failure.body.as_deref().unwrap_or_default();
        let class = match failure.kind {
            FailureKind::Invalid | FailureKind::Refused => FailureClass::Invalid,
            FailureKind::Timeout | FailureKind::Network | FailureKind::Malformed | FailureKind::Cancelled => FailureClass::Network,
            FailureKind::Provider => classify(failure.status, if body.is_empty() { &failure.message } else { body }),
        };
        let message = match failure.kind {
            FailureKind::Provider if !body.is_empty() => failure_message(failure.status, body),
            FailureKind::Invalid
            | FailureKind::Refused
            | FailureKind::Cancelled
            | FailureKind::Timeout
            | FailureKind::Network
            | FailureKind::Provider
            | FailureKind::Malformed => failure.message.clone(),
        };
        let asked = match (&failure.asked, failure.status) {
            // It may be the address that is wrong.
            (Some(asked), Some(404 | 405)) => format!(" (asked for: {asked})"),
            (Some(asked), Some(_)) if matches!(failure.kind, FailureKind::Malformed | FailureKind::Refused) => {
                format!(" (asked for: {asked})")
            }
            _ => String::new(),
        };
        let near = if may_be_misnamed(&failure, &message) { self.near_model(id, failure.status.is_some()) } else { String::new() };
        let message = format!("{message}{asked}{near}");
        let retry_after = retry_after(|name| failure.headers.get(name), body, (self.now)());
        let answer = Partly { text: failure.partial.map(|partial| *partial), usage: failure.usage.map(|usage| *usage) };
        // What cannot be read was answered, and paid for, and would be again.
        let is_over = (failure.kind == FailureKind::Malformed).then_some(false);
        let again = is_over.or_else(|| should_retry(&failure.headers));
        let timed_out = failure.kind == FailureKind::Timeout;
        self.failed(id, CallFailure { class, again, timed_out, retry_after, message, spent: None }, answer);
    }
}

impl Shared {
    pub(super) fn failed(self: &Arc<Self>, id: AttemptId, mut failure: CallFailure, answer: Partly) {
        let mut state = lock(&self.state);
        let now = (self.now)();
        let State { book, calls, .. } = &mut *state;
        let Some(pending) = calls.get_mut(&id.call) else { return };
        let Some(attempt) = pending.attempt.take_if(|attempt| attempt.id == id) else { return };
        let Some(chosen) = pending.targets.get(attempt.target) else { return };
        let outcome = match failure.class {
            FailureClass::Overload | FailureClass::Network | FailureClass::Rate => Outcome::ProviderFailed,
            FailureClass::Quota | FailureClass::Auth | FailureClass::Context | FailureClass::Content | FailureClass::Invalid => {
                Outcome::CallerFailed
            }
        };
        let begun = attempt.first_token.is_some();
        let (usage, cost) = match (answer.usage, &answer.text) {
            (Some(usage), _) => (usage, book.cost(&chosen.provider, &chosen.model, &usage)),
            // What came whole and says that it failed: what was written is what can be seen of it.
            (None, Some(partial)) if !begun => {
                let written = Written::of(&partial.text, "", &partial.tool_calls);
                book.estimated(chosen, pending.size, written, Usage::default())
            }
            (None, _) => (Usage::default(), Cost { nanos: 0, complete: !begun && !failure.timed_out }),
        };
        if usage.total_tokens() > 0 {
            failure.spent = Some(Spend { usd_nanos: cost.nanos, tokens: usage.total_tokens(), calls: 0 });
        }
        pending.paid.add(usage, cost);
        let call = Call { outcome, latency: now.since(attempt.begun), first_token: None, usage, cost };
        book.observed.record(&chosen.provider, &chosen.model, &call);
        pending.failures.push((id.attempt, failure.message.clone()));
        pending.partial = answer.text;
        let commands = book.gateway.failed(id, failure, now);
        self.carry_out(state, commands);
    }
}
