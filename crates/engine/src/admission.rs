// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which executions may begin: at most so many at once, tenants sharing by weight, and at most so many of one key.
//!
//! ```text
//! enqueue ─▶ ready, in its tenant's queue ─▶ next ─▶ runs ─▶ leave
//!              ▲      └ its key is full ─▶ parked
//!              └────────────────────────────┘ one with that key leaves
//! ```
//! Tenants take turns by stride scheduling (Waldspurger and Weihl, "Stride Scheduling", MIT 1995): whoever was admitted moves ahead by the
//! inverse of its weight, and the one furthest behind is next. Within a tenant the higher priority goes first, then who came first.

use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stdx::Timestamp;

/// What an execution asks for by where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    /// Who shares with others; the empty text is those without a tenant.
    pub tenant: Arc<str>,
    /// Higher goes first among those of one tenant.
    pub priority: i32,
    /// With how many others of its tenant and key it may run.
    pub key: Option<KeyLimit>,
}

/// At most `limit` executions of one key run at once. The limit given last counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLimit {
    /// Which work is counted together, within its tenant.
    pub key: Arc<str>,
    /// At least 1.
    pub limit: u32,
}

/// What an execution waits for that may not begin yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The key of which as many run as may; `None`: as many of all run as may.
    pub key: Option<Arc<str>>,
    /// How many may run.
    pub limit: u32,
    /// How many run.
    pub running: u32,
    /// The first of those that run, of the same key if that is full, by the numbers of the caller.
    pub by: Vec<u32>,
    /// Since when it waits, as far as the caller knows.
    pub since: Option<Timestamp>,
}

/// Executions that wait or run, by numbers of the caller's own.
#[derive(Debug, Default)]
pub struct Admission {
    limit: Option<u32>,
    weights: BTreeMap<Arc<str>, u32>,
    members: FxHashMap<u32, Member>,
    tenants: FxHashMap<Arc<str>, Tenant>,
    /// The tenants with someone ready, the one furthest behind first.
    turns: BTreeSet<(u64, Arc<str>)>,
    keys: FxHashMap<(Arc<str>, Arc<str>), Key>,
    running: u32,
    /// How far the tenant that was admitted last had come.
    time: u64,
    arrivals: u64,
}

type Place = (Reverse<i32>, u64);

#[derive(Debug)]
struct Member {
    ticket: Ticket,
    place: Place,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Parked,
    Running,
}

#[derive(Debug, Default)]
struct Tenant {
    ready: BTreeMap<Place, u32>,
    come: u64,
}

#[derive(Debug)]
struct Key {
    limit: u32,
    /// All that have it, wherever they are.
    members: u32,
    running: u32,
    parked: BTreeMap<Place, u32>,
}

impl Admission {
    /// The largest weight of a tenant.
    pub const WEIGHT_MAX: u32 = 1000;
    /// Executions that [`Queued`] names.
    const NAMED_MAX: usize = 10;
    /// What a tenant of weight 1 moves ahead by.
    const STRIDE: u64 = 1 << 30;

    /// At most `limit` at once, `None`: any number. A tenant without a weight has 1.
    pub fn new(limit: Option<u32>, weights: BTreeMap<Arc<str>, u32>) -> Self {
        Self { limit, weights, ..Self::default() }
    }

    /// Whether an execution with this ticket need not ask.
    pub fn is_free(&self, ticket: &Ticket) -> bool {
        self.limit.is_none() && ticket.key.is_none()
    }

    /// Executions that wait.
    pub fn waiting(&self) -> usize {
        self.members.len() - self.running as usize
    }

    /// What one waits for; `None` if it does not. It takes a look at everyone.
    pub fn queued(&self, id: u32) -> Option<Queued> {
        let Member { ticket, state, .. } = self.members.get(&id).filter(|member| member.state != State::Running)?;
        let of_key = ticket.key.as_ref().filter(|_| *state == State::Parked);
        let is_meant = |other: &Ticket| {
            of_key.is_none_or(|of_key| other.tenant == ticket.tenant && other.key.as_ref().is_some_and(|other| other.key == of_key.key))
        };
        let running = self.members.iter().filter(|(_, other)| other.state == State::Running && is_meant(&other.ticket));
        let mut by: Vec<u32> = running.map(|(id, _)| *id).collect();
        by.sort_unstable();
        let limit = of_key.map_or(self.limit.unwrap_or(u32::MAX), |of_key| of_key.limit);
        let running = u32::try_from(by.len()).unwrap_or(u32::MAX);
        by.truncate(Self::NAMED_MAX);
        Some(Queued { key: of_key.map(|of_key| Arc::clone(&of_key.key)), limit, running, by, since: None })
    }

    /// An execution wants to begin.
    pub fn enqueue(&mut self, id: u32, ticket: Ticket) {
        let place = (Reverse(ticket.priority), self.arrivals);
        self.arrivals += 1;
        self.meet_key(&ticket);
        let full = self.key_of(&ticket).is_some_and(|key| key.running >= key.limit);
        let state = if full { State::Parked } else { State::Ready };
        self.members.insert(id, Member { ticket, place, state });
        self.put(id, state);
    }

    /// An execution runs already, whatever the limits.
    pub fn adopt(&mut self, id: u32, ticket: Ticket) {
        self.meet_key(&ticket);
        if let Some(key) = self.key_of(&ticket) {
            key.running += 1;
        }
        self.running += 1;
        self.members.insert(id, Member { ticket, place: (Reverse(0), 0), state: State::Running });
    }

    /// An execution has ended, or wants nothing any more.
    pub fn leave(&mut self, id: u32) {
        let Some(Member { ticket, place, state }) = self.members.remove(&id) else { return };
        match state {
            State::Ready => self.unready(&ticket.tenant, place),
            State::Parked => drop(self.key_of(&ticket).and_then(|key| key.parked.remove(&place))),
            State::Running => {
                self.running -= 1;
                if let Some(key) = self.key_of(&ticket) {
                    key.running -= 1;
                }
            }
        }
        if state != State::Parked {
            self.unpark(&ticket, 1);
        }
        if let Some(KeyLimit { key, .. }) = ticket.key {
            let name = (ticket.tenant, key);
            if let Some(key) = self.keys.get_mut(&name) {
                key.members -= 1;
                if key.members == 0 {
                    self.keys.remove(&name);
                }
            }
        }
    }

    /// The execution that begins now, if one may.
    #[expect(clippy::should_implement_trait, reason = "what is next depends on who left meanwhile")]
    pub fn next(&mut self) -> Option<u32> {
        while self.limit.is_none_or(|limit| self.running < limit) {
            let (come, name) = self.turns.first().cloned()?;
            let tenant = self.tenants.get_mut(&name)?;
            let (place, id) = tenant.ready.first_key_value().map(|(place, id)| (*place, *id))?;
            self.unready(&name, place);
            let ticket = self.members.get(&id)?.ticket.clone();
            if let Some(key) = self.key_of(&ticket) {
                if key.running >= key.limit {
                    self.put(id, State::Parked);
                    continue;
                }
                key.running += 1;
            }
            self.running += 1;
            self.time = come;
            self.charge(&name);
            if let Some(member) = self.members.get_mut(&id) {
                member.state = State::Running;
            }
            return Some(id);
        }
        None
    }

    /// Moves a tenant ahead by its share.
    fn charge(&mut self, name: &Arc<str>) {
        let weight = self.weights.get(name).copied().unwrap_or(1).clamp(1, Self::WEIGHT_MAX);
        if let Some(tenant) = self.tenants.get_mut(name) {
            let had_turn = self.turns.remove(&(tenant.come, Arc::clone(name)));
            tenant.come += Self::STRIDE / u64::from(weight);
            if had_turn {
                self.turns.insert((tenant.come, Arc::clone(name)));
            }
        }
        // Those without anybody are remembered only while they are ahead of the others.
        if self.tenants.len() > 2 * self.turns.len() + 1024 {
            let time = self.time;
            self.tenants.retain(|_, tenant| !tenant.ready.is_empty() || tenant.come > time);
        }
    }

    fn put(&mut self, id: u32, state: State) {
        let Some(member) = self.members.get_mut(&id) else { return };
        member.state = state;
        let (ticket, place) = (member.ticket.clone(), member.place);
        if state == State::Parked {
            if let Some(key) = self.key_of(&ticket) {
                key.parked.insert(place, id);
            }
            return;
        }
        let tenant = self.tenants.entry(Arc::clone(&ticket.tenant)).or_default();
        if tenant.ready.is_empty() {
            // Nobody saves up turns while having nothing to do.
            tenant.come = tenant.come.max(self.time);
            self.turns.insert((tenant.come, ticket.tenant));
        }
        tenant.ready.insert(place, id);
    }

    fn unready(&mut self, name: &Arc<str>, place: Place) {
        if let Some(tenant) = self.tenants.get_mut(name) {
            tenant.ready.remove(&place);
            if tenant.ready.is_empty() {
                self.turns.remove(&(tenant.come, Arc::clone(name)));
            }
        }
    }

    /// Makes so many of those that wait for this ticket's key ready.
    fn unpark(&mut self, ticket: &Ticket, count: u32) {
        for _ in 0..count {
            let Some((_, id)) = self.key_of(ticket).and_then(|key| key.parked.pop_first()) else { return };
            self.put(id, State::Ready);
        }
    }

    fn meet_key(&mut self, ticket: &Ticket) {
        let Some(KeyLimit { key, limit }) = &ticket.key else { return };
        let limit = (*limit).max(1);
        let name = (Arc::clone(&ticket.tenant), Arc::clone(key));
        let known = self.keys.entry(name).or_insert_with(|| Key { limit, members: 0, running: 0, parked: BTreeMap::new() });
        let more = limit.saturating_sub(known.limit);
        known.limit = limit;
        known.members += 1;
        self.unpark(ticket, more);
    }

    fn key_of(&mut self, ticket: &Ticket) -> Option<&mut Key> {
        let key = ticket.key.as_ref()?;
        self.keys.get_mut(&(Arc::clone(&ticket.tenant), Arc::clone(&key.key)))
    }
}
