// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The calls under way.

mod answers;
mod asked;
mod time;

use crate::attempt::{Listener as _, Sending};
use crate::book::Book;
use crate::choice::{Choice, Chosen, Wanted};
use crate::config::Provider;
use crate::error::Error;
use crate::estimate::Size;
use crate::message::{HostReply, Message, Paid, sent};
use answers::Partly;
use asked::Asked;
use models::{AttemptId, Budget, BudgetWindow, CallFailure, CallId, CallRecord, Command, Cost, FailureClass, GaveUp, Requirements, Spend};
use providers::{ChatRequest, Delta, Partial, Reply, Transport};
use serde::{Deserialize, de};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stdx::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use time::Time;

/// Reads the clock.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Tells the host that there are messages, or an earlier deadline of its own to wait for; called from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Everything one host asks of models.
pub struct ModelDriver {
    shared: Arc<Shared>,
    alarm: CancellationToken,
}

struct Shared {
    state: Mutex<State>,
    transport: Transport,
    handle: Handle,
    now: Now,
    /// Whether deadlines are waited for here.
    runs: bool,
    wake: Wake,
    /// The next deadline may be another.
    moved: Notify,
    messages: Mutex<Vec<String>>,
}

struct State {
    book: Book,
    /// Boxed: there is room for eleven in each part of the map, half of it empty.
    calls: BTreeMap<CallId, Box<Pending>>,
    /// What calls will ask that have been chosen for and not begun: the host puts the choice on record between.
    chats: BTreeMap<CallId, ChatRequest>,
    /// The deadline that is waited for.
    awaited: Option<Timestamp>,
}

/// A call that has not finished.
struct Pending {
    request: ChatRequest,
    targets: Vec<Chosen>,
    size: Size,
    stream: bool,
    /// The attempt under way.
    attempt: Option<Attempt>,
    /// What was said of failed attempts.
    failures: Vec<(u32, String)>,
    /// The fields of the request that attempts did not send.
    omitted: Vec<(u32, Vec<&'static str>)>,
    reply: Option<(Reply, Cost)>,
    partial: Option<Partial>,
    paid: Paid,
}

struct Attempt {
    id: AttemptId,
    target: usize,
    begun: Timestamp,
    first_token: Option<Timestamp>,
    /// None: the host does it.
    cancel: Option<CancellationToken>,
}

impl Pending {
    fn new(request: ChatRequest, targets: Vec<Chosen>, size: Size, stream: bool) -> Self {
        let (failures, omitted, paid) = (Vec::new(), Vec::new(), Paid::default());
        Self { request, targets, size, stream, attempt: None, failures, omitted, reply: None, partial: None, paid }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct HostFailure {
    class: Option<FailureClass>,
    message: String,
    retry_after_ms: Option<u64>,
    timed_out: bool,
}

fn malformed(what: &'static str) -> impl Fn(serde_json::Error) -> Error {
    move |source| Error::Malformed { what, source }
}

impl ModelDriver {
    /// Without providers. `fallback` is where requests go on that say nothing of it, `seed` what chance begins with: another in each process. What it
    /// does runs on `handle`.
    pub fn new(fallback: Vec<String>, seed: u32, transport: Transport, handle: Handle, time: Time, wake: Wake) -> Result<Self, Error> {
        let Time { now, runs } = time;
        let book = Book::new(fallback, seed, now())?;
        let state = Mutex::new(State { book, calls: BTreeMap::new(), chats: BTreeMap::new(), awaited: None });
        let shared = Arc::new(Shared { state, transport, handle, now, runs, wake, moved: Notify::new(), messages: Mutex::default() });
        let alarm = CancellationToken::new();
        if runs {
            shared.handle.spawn(alarm.clone().run_until_cancelled_owned(time::ring(Arc::clone(&shared))));
        }
        Ok(Self { shared, alarm })
    }

    /// A provider, by its name and JSON text: `{connection, rateLimit, model, timeouts}`.
    pub fn add_provider(&self, name: &str, text: &str) -> Result<(), Error> {
        let provider = Provider::read(name, text)?;
        lock(&self.shared.state).book.add(name, provider);
        Ok(())
    }

    /// What is wrong with the configured fallback: the place of each name in the list, and why nothing can be asked by it.
    pub fn misnamed_fallback(&self) -> Vec<(usize, Error)> {
        lock(&self.shared.state).book.misnamed_fallback()
    }

    /// What is known of a model, as JSON text.
    pub fn register(&self, text: &str) -> Result<(), Error> {
        let model = serde_json::from_str(text).map_err(malformed("model"))?;
        lock(&self.shared.state).book.register(&model)
    }

    /// The model that fits best: requirements and selection as JSON text.
    pub fn select(&self, text: &str) -> Result<String, Error> {
        let requirements: Requirements = serde_json::from_str(text).map_err(malformed("requirements"))?;
        let mut state = lock(&self.shared.state);
        state.book.at((self.shared.now)());
        let selection = state.book.select(&requirements)?;
        serde_json::to_string(&selection).map_err(malformed("selection"))
    }

    /// Who may answer a request: a [`Choice`] as JSON text. The request is kept for the `call` that it is chosen for, until that begins or is cancelled.
    pub fn choose(&self, call: Option<u64>, wanted: &str, chat: &str) -> Result<String, Error> {
        let wanted: Wanted = serde_json::from_str(wanted).map_err(malformed("request"))?;
        let chat: ChatRequest = serde_json::from_str(chat).map_err(malformed("request"))?;
        let mut state = lock(&self.shared.state);
        state.book.at((self.shared.now)());
        let choice = state.book.choose(&wanted, &chat, Size::of(&chat), true)?;
        let told = serde_json::to_string(&choice).map_err(malformed("choice"))?;
        if let Some(call) = call {
            state.chats.insert(CallId(call), chat);
        }
        Ok(told)
    }

    /// Every model of configured providers, or all that are known, with what was seen of them, as JSON text.
    pub fn known(&self, all: bool) -> Result<String, Error> {
        let state = lock(&self.shared.state);
        serde_json::to_string(&state.book.known(all)).map_err(malformed("list"))
    }

    /// The most that `scope` may spend, as JSON text of a [`Budget`]; `spent`, a [`Spend`], is what it has spent before.
    pub fn set_budget(&self, scope: &str, budget: &str, spent: &str) -> Result<(), Error> {
        let budget: Budget = serde_json::from_str(budget).map_err(malformed("budget"))?;
        let spent: Spend = serde_json::from_str(spent).map_err(malformed("account"))?;
        let mut state = lock(&self.shared.state);
        let budgets = state.book.gateway.budgets();
        budgets.set(scope.into(), budget);
        budgets.charge(scope.into(), spent);
        Ok(())
    }

    /// The budgets that begin anew each day or month, as JSON text: a list of [`BudgetWindow`].
    pub fn budget_windows(&self) -> Result<String, Error> {
        let now = (self.shared.now)();
        let mut state = lock(&self.shared.state);
        let budgets = state.book.gateway.budgets();
        budgets.pass(now);
        serde_json::to_string(&budgets.windows()).map_err(malformed("list"))
    }

    /// Takes up what was spent by processes before this one: JSON text, a list of [`BudgetWindow`] of scopes whose budgets are set.
    pub fn restore_budgets(&self, windows: &str) -> Result<(), Error> {
        let windows: Vec<BudgetWindow> = serde_json::from_str(windows).map_err(malformed("list"))?;
        let now = (self.shared.now)();
        let mut state = lock(&self.shared.state);
        let budgets = state.book.gateway.budgets();
        budgets.pass(now);
        for window in windows {
            budgets.restore(&window.scope.into(), Timestamp::from_micros(window.start), window.spent);
        }
        Ok(())
    }

    /// Nobody spends from a scope any more.
    pub fn forget_budget(&self, scope: &str) {
        lock(&self.shared.state).book.gateway.budgets().forget(scope);
    }

    /// Begins a call: `{chat, choice or wanted, stream, restart, budgets, retry, timeoutMs, priority}` as JSON text. The host numbers its calls and uses no
    /// number twice. Answers the fallbacks that will not be asked, as JSON text if there are any.
    pub fn begin(&self, call: u64, text: &str) -> Result<String, Error> {
        let mut asked: Asked = serde_json::from_str(text).map_err(malformed("request"))?;
        let now = (self.shared.now)();
        let mut state = lock(&self.shared.state);
        let id = CallId(call);
        let kept = state.chats.remove(&id);
        let mut chat = asked.chat.take().or(kept).ok_or_else(|| malformed("request")(de::Error::missing_field("chat")))?;
        chat.traceparent = asked.traceparent.take();
        let size = Size::of(&chat);
        let book = &mut state.book;
        book.at(now);
        let choice = match asked.choice.take() {
            Some(choice) => choice,
            None => book.choose(&asked.wanted, &chat, size, false)?,
        };
        let Choice { targets: chosen, seed, skipped, .. } = choice;
        let (mut targets, mut commands) = (Vec::new(), Vec::new());
        for chosen in &chosen {
            let (target, limits) = book.target(chosen, size)?;
            commands.extend(book.limit(&target.provider, &target.model, limits, now));
            targets.push(target);
        }
        let told = if skipped.is_empty() { String::new() } else { serde_json::to_string(&skipped).map_err(malformed("choice"))? };
        let pending = Pending::new(chat, chosen, size, asked.stream);
        state.calls.insert(id, Box::new(pending));
        let request = asked.request(targets, seed.map_or(call, u64::from), now);
        commands.extend(state.book.gateway.begin(id, request, now));
        self.shared.carry_out(state, commands);
        Ok(told)
    }

    /// The host wants a call no more, whether or not it has begun.
    pub fn cancel(&self, call: u64) {
        lock(&self.shared.state).chats.remove(&CallId(call));
        self.shared.step(|book, now| book.gateway.cancel(CallId(call), now));
    }

    /// A provider of the host has given a piece of an answer, as JSON text of a [`Delta`].
    pub fn delivered(&self, call: u64, attempt: u32, delta: &str) -> Result<(), Error> {
        let delta: Delta = serde_json::from_str(delta).map_err(malformed("piece of an answer"))?;
        self.shared.delta(AttemptId { call: CallId(call), attempt }, &delta);
        Ok(())
    }

    /// A provider of the host has answered, as JSON text of a [`HostReply`].
    pub fn answered(&self, call: u64, attempt: u32, reply: &str) -> Result<(), Error> {
        let reply: HostReply = serde_json::from_str(reply).map_err(malformed("answer"))?;
        let id = AttemptId { call: CallId(call), attempt };
        let Some(model) = self.shared.model_of(id) else { return Ok(()) };
        self.shared.succeeded(id, reply.into_reply(model));
        Ok(())
    }

    /// A provider of the host has failed: `{class, message, retryAfterMs, timedOut}` as JSON text.
    pub fn failed(&self, call: u64, attempt: u32, text: &str) -> Result<(), Error> {
        let HostFailure { class, message, retry_after_ms, timed_out } = serde_json::from_str(text).map_err(malformed("failure"))?;
        let retry_after = retry_after_ms.map(Duration::from_millis);
        let class = class.unwrap_or(FailureClass::Overload);
        let failure = CallFailure { class, again: None, timed_out, retry_after, message, spent: None };
        self.shared.failed(AttemptId { call: CallId(call), attempt }, failure, Partly::default());
        Ok(())
    }

    /// What there is to tell since the last pull: JSON texts, one in a line. Empty: nothing.
    pub fn pull(&self) -> String {
        std::mem::take(&mut *lock(&self.shared.messages)).join("\n")
    }

    /// Calls that have begun and not finished.
    pub fn unfinished(&self) -> usize {
        lock(&self.shared.state).calls.len()
    }
}

impl Drop for ModelDriver {
    fn drop(&mut self) {
        self.alarm.cancel();
        for pending in lock(&self.shared.state).calls.values() {
            if let Some(cancel) = pending.attempt.as_ref().and_then(|attempt| attempt.cancel.as_ref()) {
                cancel.cancel();
            }
        }
    }
}

impl Shared {
    /// Has the machine take one step, and does what it says.
    fn step(self: &Arc<Self>, step: impl FnOnce(&mut Book, Timestamp) -> Vec<Command>) {
        let mut state = lock(&self.state);
        let now = (self.now)();
        let commands = step(&mut state.book, now);
        self.carry_out(state, commands);
    }

    fn carry_out(self: &Arc<Self>, mut state: MutexGuard<'_, State>, commands: Vec<Command>) {
        let mut lines = Vec::new();
        for command in commands {
            match command {
                Command::Send { id, target } => self.send(&mut state, id, target, &mut lines),
                Command::Abort { id } => {
                    let Some(attempt) = state.calls.get_mut(&id.call).and_then(|pending| pending.attempt.take()) else { continue };
                    match attempt.cancel {
                        Some(cancel) => cancel.cancel(),
                        None => lines.push(line(&Message::Stop { call: id.call.0, attempt: id.attempt })),
                    }
                }
                Command::Finish { id, outcome, record } => lines.extend(finish(&mut state, id.call, &outcome, &record)),
            }
        }
        // One that was waited for in vain costs less than waking a thread for every call that has none.
        let next = state.book.gateway.next_deadline();
        let is_sooner = next.is_some_and(|at| state.awaited.is_none_or(|awaited| at < awaited));
        drop(state);
        match (is_sooner, self.runs) {
            (true, true) => self.moved.notify_one(),
            (true, false) => (self.wake)(),
            (false, _) => {}
        }
        self.tell(lines);
    }

    fn send(self: &Arc<Self>, state: &mut State, id: AttemptId, target: usize, lines: &mut Vec<String>) {
        let State { book, calls, .. } = state;
        let Some(pending) = calls.get_mut(&id.call) else { return };
        let Some(chosen) = pending.targets.get(target) else { return };
        let Some(provider) = book.providers.get(&*chosen.provider) else { return };
        pending.request.model.clone_from(&chosen.model);
        let request = &pending.request;
        let omitted = provider.backend.as_ref().map_or_else(Vec::new, |backend| backend.omitted(request));
        pending.omitted.push((id.attempt, omitted));
        let (begun, stream, timeouts) = ((self.now)(), pending.stream, provider.timeouts);
        let cancel = provider.backend.as_ref().map(|_| CancellationToken::new());
        if let (Some(backend), Some(cancel)) = (&provider.backend, &cancel) {
            let (backend, transport, timeouts) = (Arc::clone(backend), self.transport.clone(), timeouts.of(stream));
            let sending = Sending { id, transport, backend, request: request.clone(), stream, timeouts, cancel: cancel.clone() };
            self.handle.spawn(sending.run(Arc::clone(self)));
        } else {
            let (call, attempt, provider) = (id.call.0, id.attempt, chosen.provider.as_str());
            lines.push(line(&Message::Ask { call, attempt, provider, request, stream, timeouts }));
        }
        pending.partial = None;
        pending.attempt = Some(Attempt { id, target, begun, first_token: None, cancel });
    }

    fn tell(&self, mut lines: Vec<String>) {
        if !lines.is_empty() {
            lock(&self.messages).append(&mut lines);
            (self.wake)();
        }
    }

    /// The model that an attempt under way asks.
    fn model_of(&self, id: AttemptId) -> Option<String> {
        let state = lock(&self.state);
        let pending = state.calls.get(&id.call)?;
        let attempt = pending.attempt.as_ref().filter(|attempt| attempt.id == id)?;
        pending.targets.get(attempt.target).map(|chosen| chosen.model.clone())
    }
}

/// What the host is told of the end of a call.
fn finish(state: &mut State, id: CallId, outcome: &Result<(), GaveUp>, record: &CallRecord) -> Option<String> {
    let pending = state.calls.remove(&id)?;
    let attempts = sent(record, &pending.failures, &pending.omitted);
    match outcome {
        Ok(()) => {
            let (mut reply, cost) = pending.reply?;
            // What was paid for on the way to it is part of what it cost.
            reply.usage = reply.usage.plus(pending.paid.usage);
            let cost = cost.plus(pending.paid.cost);
            let last = record.attempts.last()?;
            let message = Message::Done { call: id.0, provider: &last.provider, model: &last.model, reply: &reply, cost, attempts };
            Some(line(&message))
        }
        Err(gave_up) => Some(line(&Message::failed(id.0, gave_up, attempts, pending.partial.as_ref(), &pending.paid))),
    }
}

fn line(message: &Message<'_>) -> String {
    // Names and numbers and what was JSON before: there is nothing in a message that could not be written.
    serde_json::to_string(message).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
