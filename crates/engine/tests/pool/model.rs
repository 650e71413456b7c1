// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A pool beside what its host knows: lists that are searched. After every move:
//!
//! - no instance has more attempts than places, no type more than `max` instances, nor fewer than `min` while they can be made;
//! - limits, rates and reserves hold;
//! - every request is granted, refused or withdrawn, once;
//! - nobody waits while a place is free that it may use.
//!
//! At the end, when all is answered: nobody waits, nothing runs, and every type that was asked for has `min` instances.

use crate::properties::Move;
use crate::words::{Setup, read};
use engine::{AgentIndex, InstanceNumber, Pool, PoolEffect, Request, TargetIndex};
use proptest::sample::Index;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// As it is documented.
const MAKING_TIME_MAX: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Making,
    Ready,
    Ill,
    /// Leaked, lost or overdue: replaced, and not gone.
    Replaced,
    Disposing,
}

#[derive(Debug)]
struct Instance {
    agent: usize,
    state: State,
    begun: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Running,
    Lent,
    Reclaiming,
    Leaked,
}

pub(crate) struct Model {
    pool: Pool,
    setup: Setup,
    now: Timestamp,
    /// With the agents that each one covers.
    targets: Vec<(TargetIndex, Vec<usize>)>,
    waiting: BTreeMap<(u32, u32), Request>,
    attempts: BTreeMap<(u32, u32), (InstanceNumber, Attempt)>,
    instances: BTreeMap<InstanceNumber, Instance>,
    starts: Vec<Vec<Timestamp>>,
    /// Agents that failed to be made, and not before when they may be tried again is not looked at.
    failed: BTreeSet<usize>,
    begun: BTreeSet<usize>,
    asked: u32,
}

impl Model {
    pub(crate) fn new(lines: &[String]) -> Self {
        let setup = read(&lines.join(";"));
        let mut pool = setup.pool();
        let mut targets = Vec::new();
        let ids = setup.agents.iter().map(|agent| agent.id.clone()).chain([String::new()]);
        for id in ids {
            for requires in [&[][..], &["gpu"], &["fast", "gpu"]] {
                let requires: Vec<Arc<str>> = requires.iter().map(|capability| Arc::from(*capability)).collect();
                let covered = setup.covered(&id, &requires);
                let target = pool.target(&id, &requires);
                assert_eq!(target.is_some(), !covered.is_empty(), "`{id}` with {requires:?}");
                targets.extend(target.map(|target| (target, covered)));
            }
        }
        let starts = vec![Vec::new(); setup.agents.len()];
        Self {
            pool,
            setup,
            now: Timestamp::from_micros(1_700_000_000_000_000),
            targets,
            waiting: BTreeMap::new(),
            attempts: BTreeMap::new(),
            instances: BTreeMap::new(),
            starts,
            failed: BTreeSet::new(),
            begun: BTreeSet::new(),
            asked: 0,
        }
    }

    pub(crate) fn play(&mut self, one: &Move) {
        let now = self.now;
        match one {
            Move::Ask { target, priority, urgent, key, early } => self.ask(*target, *priority, *urgent, *key, *early),
            Move::Make { which, well, fatal } => self.make(*which, *well, *fatal),
            Move::Release(which) => self.answer(*which, &[Attempt::Running, Attempt::Leaked], Pool::release),
            Move::Decline(which) => self.decline(*which),
            Move::Leak(which) => self.leak(*which),
            Move::Lend(which) => {
                if let Some((attempt, number)) = self.attempt(*which, &[Attempt::Running]) {
                    self.attempts.insert(attempt, (number, Attempt::Lent));
                    self.pool.lend(now, number);
                }
            }
            Move::Reclaim(which) => self.reclaim(*which),
            Move::Retake { which, leaks } => {
                if let Some((attempt, number)) = self.attempt(*which, &[Attempt::Lent, Attempt::Reclaiming]) {
                    self.pool.retake(now, number, Some(attempt.1));
                    if *leaks { self.give_up(attempt, number) } else { self.finish(attempt, number) }
                }
            }
            Move::Check { which, healthy } => {
                if let Some(number) = self.instance(*which, |state| matches!(state, State::Ready | State::Ill)) {
                    self.pool.checked(now, number, *healthy);
                }
            }
            Move::Lose(which) => {
                if let Some(number) = self.instance(*which, |_| true) {
                    self.lose(number);
                }
            }
            Move::Dispose(which) => {
                if let Some(number) = self.instance(*which, |state| state == State::Disposing) {
                    self.instances.remove(&number);
                    self.pool.disposed(now, number);
                }
            }
            Move::Withdraw(which) => {
                if let Some(request) = pick(&self.waiting, *which, |_| true) {
                    self.waiting.remove(&request);
                    self.pool.withdraw(now, request.0, request.1);
                }
            }
            Move::Forget => {
                self.waiting.retain(|(slot, _), _| *slot != 1);
                self.pool.forget(now, 1);
            }
            Move::Wait(time) => self.wait(Duration::from_millis(*time)),
        }
        self.listen();
        self.look();
    }

    fn ask(&mut self, target: Index, priority: i32, urgent: bool, affinity: Option<u64>, early: bool) {
        let (target, covered) = self.targets[target.index(self.targets.len())].clone();
        self.asked += 1;
        let ready = if early { Timestamp::from_micros(self.now.micros() - 5_000_000) } else { self.now };
        let request = Request { target, slot: self.asked % 3, task: self.asked, priority, urgent, affinity, ready, lane: None };
        self.begun.extend(covered.iter().map(|agent| self.setup.agents[*agent].of).filter(|_| covered.len() == 1));
        match self.pool.request(self.now, request) {
            Some(number) => self.granted(request, number),
            None => drop(self.waiting.insert((request.slot, request.task), request)),
        }
    }

    fn granted(&mut self, request: Request, number: InstanceNumber) {
        let agent = self.instances[&number].agent;
        assert_eq!(self.instances[&number].state, State::Ready, "{number:?} takes no work");
        assert!(self.covered(&request).contains(&agent), "{request:?} on another's {number:?}");
        assert!(self.admits(agent, &request), "{request:?} is beyond a limit");
        self.starts[agent].push(self.now);
        let before = self.attempts.insert((request.slot, request.task), (number, Attempt::Running));
        assert_eq!(before, None, "{request:?} was granted before");
        assert!(self.load(number) <= self.setup.types[self.setup.agents[agent].of].concurrency, "{number:?} is full");
    }

    fn covered(&self, request: &Request) -> &[usize] {
        self.targets.iter().find(|(target, _)| *target == request.target).map_or(&[], |(_, covered)| covered)
    }

    /// Attempts that hold a place of an instance.
    fn load(&self, number: InstanceNumber) -> u32 {
        let on = self.attempts.values().filter(|(on, attempt)| *on == number && *attempt == Attempt::Running);
        u32::try_from(on.count()).unwrap()
    }

    fn counts(&self, number: InstanceNumber) -> bool {
        self.instances.get(&number).is_some_and(|instance| matches!(instance.state, State::Making | State::Ready | State::Ill))
    }

    fn running(&self, of: impl Fn(usize) -> bool) -> u32 {
        let instances = self.instances.iter().filter(|(number, instance)| self.counts(**number) && of(instance.agent));
        instances.map(|(number, _)| self.load(*number)).sum()
    }

    /// Whether the limits of an agent and of its type let a request begin.
    fn admits(&self, agent: usize, request: &Request) -> bool {
        let limits = &self.setup.agents[agent].limits;
        let of = self.setup.agents[agent].of;
        let lately = |per: Duration| self.starts[agent].iter().filter(|start| start.after(per) > self.now).count();
        let rate = limits.rate.is_none_or(|rate| lately(rate.per) < rate.count as usize);
        let limit = limits.concurrency.is_none_or(|limit| self.running(|other| other == agent) < limit);
        let type_limits = &self.setup.types[of];
        let reserve = type_limits.reserve.is_none_or(|reserve| {
            let common = (type_limits.max * type_limits.concurrency).saturating_sub(reserve.slots).max(1);
            request.urgent || request.priority >= reserve.priority || self.running(|other| self.setup.agents[other].of == of) < common
        });
        rate && limit && reserve
    }

    fn attempt(&self, which: Index, states: &[Attempt]) -> Option<((u32, u32), InstanceNumber)> {
        let attempt = pick(&self.attempts, which, |(_, attempt)| states.contains(attempt))?;
        Some((attempt, self.attempts[&attempt].0))
    }

    fn instance(&self, which: Index, wanted: impl Fn(State) -> bool) -> Option<InstanceNumber> {
        pick(&self.instances, which, |instance| wanted(instance.state))
    }

    fn answer(&mut self, which: Index, states: &[Attempt], how: fn(&mut Pool, Timestamp, InstanceNumber, (u32, u32))) {
        if let Some((attempt, number)) = self.attempt(which, states) {
            self.attempts.remove(&attempt);
            how(&mut self.pool, self.now, number, attempt);
        }
    }

    fn finish(&mut self, attempt: (u32, u32), number: InstanceNumber) {
        self.attempts.remove(&attempt);
        self.pool.release(self.now, number, attempt);
    }

    fn decline(&mut self, which: Index) {
        let Some((attempt, number)) = self.attempt(which, &[Attempt::Running]) else { return };
        self.attempts.remove(&attempt);
        if let Some(instance) = self.instances.get(&number) {
            self.starts[instance.agent].pop();
        }
        self.pool.decline(self.now, number);
    }

    fn leak(&mut self, which: Index) {
        if let Some((attempt, number)) = self.attempt(which, &[Attempt::Running]) {
            self.give_up(attempt, number);
        }
    }

    fn give_up(&mut self, attempt: (u32, u32), number: InstanceNumber) {
        self.attempts.insert(attempt, (number, Attempt::Leaked));
        if let Some(instance) = self.instances.get_mut(&number).filter(|instance| instance.state != State::Disposing) {
            instance.state = State::Replaced;
        }
        self.pool.leak(self.now, number, attempt);
    }

    fn reclaim(&mut self, which: Index) {
        if let Some((attempt, number)) = self.attempt(which, &[Attempt::Lent]) {
            let back = self.pool.reclaim(self.now, number, attempt.1);
            self.attempts.insert(attempt, (number, if back { Attempt::Running } else { Attempt::Reclaiming }));
        }
    }

    fn make(&mut self, which: Index, well: bool, fatal: bool) {
        let Some(number) = self.instance(which, |state| matches!(state, State::Making | State::Replaced)) else { return };
        let Some(instance) = self.instances.get_mut(&number) else { return };
        match instance.state {
            State::Making if well => {
                instance.state = State::Ready;
                self.failed.remove(&instance.agent);
            }
            State::Making => {
                self.failed.insert(instance.agent);
                self.instances.remove(&number);
            }
            // It comes late, if it is one that was not made in time.
            _ => {}
        }
        if well { self.pool.created(self.now, number, self.checked(number)) } else { self.pool.create_failed(self.now, number, fatal) }
    }

    fn checked(&self, number: InstanceNumber) -> bool {
        self.instances.get(&number).is_some_and(|instance| self.setup.checked[self.setup.agents[instance.agent].of])
    }

    fn lose(&mut self, number: InstanceNumber) {
        if let Some(instance) = self.instances.get_mut(&number) {
            self.failed.insert(instance.agent);
            if matches!(instance.state, State::Making | State::Disposing) {
                self.instances.remove(&number);
            } else {
                instance.state = State::Replaced;
            }
            self.pool.lost(self.now, number);
        }
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now.after(time);
        while let Some(due) = self.pool.next_deadline().filter(|due| *due <= until) {
            self.now = due;
            for instance in self.instances.values_mut() {
                if instance.state == State::Making && instance.begun.after(MAKING_TIME_MAX) <= due {
                    instance.state = State::Replaced;
                    self.failed.insert(instance.agent);
                }
            }
            self.pool.tick(due);
            assert!(self.pool.next_deadline().is_none_or(|next| next > due), "what was due still is");
            self.listen();
            self.look();
        }
        self.now = until;
    }

    fn listen(&mut self) {
        while let Some(effect) = self.pool.next_effect() {
            match effect {
                PoolEffect::Granted { slot, task, instance, .. } => {
                    let request = self.waiting.remove(&(slot, task)).expect("who is granted waited");
                    self.granted(request, instance);
                }
                PoolEffect::Refused { slot, task, .. } => {
                    let request = self.waiting.remove(&(slot, task)).expect("who is refused waited");
                    assert!(self.covered(&request).iter().all(|agent| self.failed.contains(agent)), "refused without a reason");
                }
                PoolEffect::Create { instance, agent } => {
                    let agent = place(agent);
                    let known = self.instances.insert(instance, Instance { agent, state: State::Making, begun: self.now });
                    assert!(known.is_none(), "{instance:?} is used twice");
                    self.begun.insert(self.setup.agents[agent].of);
                }
                PoolEffect::Dispose { instance, .. } => {
                    let busy = self.attempts.values().any(|(on, attempt)| *on == instance && *attempt != Attempt::Leaked);
                    assert!(!busy, "{instance:?} is disposed of while it is used");
                    self.set(instance, State::Disposing);
                }
                PoolEffect::Unhealthy { instance } => self.set(instance, State::Ill),
                PoolEffect::Recovered { instance } => self.set(instance, State::Ready),
                PoolEffect::Reclaimed { ticket } => {
                    let lender = self.attempts.iter_mut().find(|((_, task), _)| *task == ticket).map(|(_, (_, attempt))| attempt);
                    assert_eq!(lender.map(|attempt| std::mem::replace(attempt, Attempt::Running)), Some(Attempt::Reclaiming));
                }
                PoolEffect::Check { instance } => assert!(self.counts(instance), "{instance:?} is checked for nothing"),
                PoolEffect::ScaledUp { from, to, .. } => assert!(from < to),
                PoolEffect::ScaledDown { from, to, .. } => assert!(from > to),
            }
        }
    }

    fn set(&mut self, number: InstanceNumber, state: State) {
        self.instances.get_mut(&number).expect("it was made").state = state;
    }

    fn look(&self) {
        for (of, limits) in self.setup.types.iter().enumerate() {
            let agents: Vec<usize> = (0..self.setup.agents.len()).filter(|agent| self.setup.agents[*agent].of == of).collect();
            let count =
                self.instances.iter().filter(|(number, instance)| self.counts(**number) && agents.contains(&instance.agent)).count();
            assert!(count <= limits.max as usize, "type {of} has {count} instances");
            let failing = agents.iter().any(|agent| self.failed.contains(agent));
            assert!(
                failing || !self.begun.contains(&of) || count >= limits.min.min(limits.max) as usize,
                "type {of} has {count} instances only"
            );
        }
        for (number, instance) in &self.instances {
            let places = self.setup.types[self.setup.agents[instance.agent].of].concurrency;
            assert!(self.load(*number) <= places, "{number:?} is overfull");
            if instance.state != State::Ready || self.load(*number) == places {
                continue;
            }
            // Where several agents share a type, one may keep its places free to make room for another.
            if self.setup.agents.iter().filter(|agent| agent.of == self.setup.agents[instance.agent].of).count() > 1 {
                continue;
            }
            let idle = self
                .waiting
                .values()
                .find(|request| self.covered(request).contains(&instance.agent) && self.admits(instance.agent, request));
            assert_eq!(idle, None, "waits while {number:?} has room");
        }
        let statistics = self.pool.statistics().all;
        assert_eq!(statistics.queued as usize, self.waiting.len());
    }

    /// Answers everything, well.
    pub(crate) fn end(&mut self) {
        for _ in 0..600 {
            let numbers: Vec<_> = self.instances.keys().copied().collect();
            for number in numbers {
                match self.instances.get(&number).map(|instance| instance.state) {
                    Some(State::Making) => {
                        self.set(number, State::Ready);
                        self.failed.remove(&self.instances[&number].agent);
                        self.pool.created(self.now, number, self.checked(number));
                    }
                    Some(State::Disposing) => {
                        self.instances.remove(&number);
                        self.pool.disposed(self.now, number);
                    }
                    Some(State::Ready | State::Ill) => self.pool.checked(self.now, number, true),
                    Some(State::Replaced) | None => {}
                }
                self.listen();
            }
            while let Some((attempt, (number, state))) = self.attempts.first_key_value().map(|(attempt, on)| (*attempt, *on)) {
                if matches!(state, Attempt::Lent | Attempt::Reclaiming) {
                    self.pool.retake(self.now, number, Some(attempt.1));
                }
                self.finish(attempt, number);
                self.listen();
            }
            self.wait(Duration::from_secs(1));
        }
        assert!(self.waiting.is_empty(), "somebody waits for ever: {:?}", self.waiting);
        let statistics = self.pool.statistics();
        for (of, (_, figures)) in statistics.types.iter().enumerate() {
            assert_eq!((figures.running, figures.lent, figures.queued, figures.busy), (0, 0, 0, 0));
            let expected = if self.begun.contains(&of) { self.setup.types[of].min.min(self.setup.types[of].max) } else { 0 };
            assert_eq!(figures.available, expected, "type {of} at the end");
        }
    }
}

fn place(agent: AgentIndex) -> usize {
    agent.get() as usize
}

fn pick<K: Copy + Ord, V>(map: &BTreeMap<K, V>, which: Index, wanted: impl Fn(&V) -> bool) -> Option<K> {
    let keys: Vec<K> = map.iter().filter(|(_, value)| wanted(value)).map(|(key, _)| *key).collect();
    (!keys.is_empty()).then(|| keys[which.index(keys.len())])
}
