// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who gets which place.
//!
//! Whoever is free takes who is first: a faster instance is free more often, so that shares follow speeds by themselves, and all that a slow one
//! can cost is the last task it took. To keep a task from it for a faster one that is busy would leave a place empty that somebody waits for;
//! to prefer what answered fast would prefer what fails fast.

use super::agents::Agent;
use super::instances::State;
use super::open::Seat;
use super::rank::Rank;
use super::waiting::Waiting;
use super::{AgentIndex, InstanceNumber, Lack, Pool, PoolEffect, Request, TargetIndex};
use stdx::Timestamp;

impl Pool {
    /// Where a request may run at once.
    pub(super) fn room(&mut self, now: Timestamp, request: &Request, rank: &Rank) -> Option<InstanceNumber> {
        let target = &self.targets[request.target];
        // Whoever is behind another finds no place that the other did not.
        if target.queue.first().is_some_and(|(first, _)| first < *rank) {
            return None;
        }
        if let [agent] = *target.agents.as_slice() {
            return if self.admits(now, agent, rank) { self.pick(agent, request.target, request.affinity) } else { None };
        }
        let mut best: Option<((usize, u32), AgentIndex)> = None;
        let last = self.last_place(request.target, request.affinity);
        let last = last.and_then(|number| self.instances.get(number)).map(|instance| instance.agent);
        for at in 0..target.agents.len() {
            let Some(agent) = self.targets[request.target].agents.get(at).copied() else { continue };
            if !self.admits(now, agent, rank) {
                continue;
            }
            if last == Some(agent) {
                return self.pick(agent, request.target, request.affinity);
            }
            let Agent { open, running, .. } = &mut self.agents[agent];
            let load = open.least_load().map(|load| (load, *running));
            if let Some(load) = load.filter(|load| best.is_none_or(|(least, _)| *load < least)) {
                best = Some((load, agent));
            }
        }
        self.pick(best?.1, request.target, request.affinity)
    }

    fn admits(&self, now: Timestamp, agent: AgentIndex, rank: &Rank) -> bool {
        let agent = &self.agents[agent];
        agent.admits(now) && self.types[agent.of].admits(rank)
    }

    /// The instance of an agent that a request for a target gets, if one has room.
    fn pick(&mut self, agent: AgentIndex, target: TargetIndex, affinity: Option<u64>) -> Option<InstanceNumber> {
        let last = self.last_place(target, affinity);
        let last = last.filter(|number| self.instances.get(*number).is_some_and(|instance| instance.agent == agent));
        last.or_else(|| self.agents[agent].open.least())
    }

    /// Where the key of a request was last, if there is room.
    fn last_place(&self, target: TargetIndex, affinity: Option<u64>) -> Option<InstanceNumber> {
        let last = self.targets[target].affinity.last(affinity?)?;
        self.instances.get(last)?.seat.map(|_| last)
    }

    /// An instance has one attempt more; whose it is.
    pub(super) fn grant(&mut self, now: Timestamp, number: InstanceNumber, request: &Request) -> Option<AgentIndex> {
        self.occupy(now, number);
        let instance = self.instances.get_mut(number)?;
        instance.failures_before = None;
        let agent = instance.agent;
        if let Some(starts) = &mut self.agents[agent].starts {
            starts.begin(now);
        }
        if let Some(key) = request.affinity {
            self.targets[request.target].affinity.remember(key, number);
        }
        Some(agent)
    }

    /// Queues a request, or refuses it.
    pub(super) fn enqueue(&mut self, now: Timestamp, request: Request, rank: Rank) {
        let Request { target, slot, task, .. } = request;
        self.withdraw(now, slot, task);
        match self.home(now, target) {
            Err(instance) => self.effects.push_back(PoolEffect::Refused { slot, task, instance }),
            Ok(home) => {
                let lacked = self.lack(now, home);
                self.queue.insert(&mut self.targets, rank, Waiting { request, home, since: now, lacked });
                self.await_rates(now, target);
                self.ask(now, home);
            }
        }
    }

    /// What keeps a request that counts with an agent from its place.
    fn lack(&self, now: Timestamp, home: AgentIndex) -> Lack {
        let agent = &self.agents[home];
        if agent.starts.as_ref().is_some_and(|starts| starts.blocked_until(now).is_some()) {
            Lack::Rate
        } else if agent.count == agent.making.in_flight {
            Lack::Instance
        } else {
            Lack::Place
        }
    }

    /// One more request counts with an agent.
    fn ask(&mut self, now: Timestamp, agent: AgentIndex) {
        self.agents[agent].queued += 1;
        self.refresh(now, agent);
        let of = self.agents[agent].of;
        self.types[of].asked = Some(agent);
        self.grow(now, agent);
    }

    /// The agent with which a request counts: the one with most room for it. None can be made for now: the one that failed last.
    fn home(&self, now: Timestamp, target: TargetIndex) -> Result<AgentIndex, InstanceNumber> {
        // One that is alone is compared with nobody.
        if let [agent] = *self.targets[target].agents.as_slice() {
            return self.agents[agent].broken(now).map_or(Ok(agent), Err);
        }
        let share = |demand: u32, most: u32| (u64::from(demand) << 20) / u64::from(most.max(1));
        let load = |agent: &Agent| {
            let of = &self.types[agent.of];
            let places = of.limits.max.saturating_mul(of.limits.concurrency);
            (share(of.scaling.demand(), places), share(agent.demand, agent.limit))
        };
        let (mut best, mut failed) = (None, InstanceNumber::new(0));
        for agent in self.targets[target].agents.iter().copied() {
            if let Some(instance) = self.agents[agent].broken(now) {
                failed = failed.max(instance);
                continue;
            }
            let load = load(&self.agents[agent]);
            if best.is_none_or(|(least, _)| load < least) {
                best = Some((load, agent));
            }
        }
        best.map(|(_, agent)| agent).ok_or(failed)
    }

    /// A request no longer waits.
    pub(super) fn left(&mut self, now: Timestamp, waiting: &Waiting) {
        self.agents[waiting.home].queued -= 1;
        self.refresh(now, waiting.home);
    }

    /// None of an agent can be made for now: who waits for it alone is refused, others count with another.
    pub(super) fn refuse(&mut self, now: Timestamp, agent: AgentIndex) {
        if self.agents[agent].broken(now).is_none() {
            return;
        }
        for target in self.agents[agent].targets.clone() {
            match self.home(now, target) {
                Err(instance) => {
                    while let Some(waiting) = self.queue.pop(&mut self.targets, target) {
                        self.left(now, &waiting);
                        let Request { slot, task, .. } = waiting.request;
                        self.effects.push_back(PoolEffect::Refused { slot, task, instance });
                    }
                }
                Ok(_) => self.rehome(now, target, agent),
            }
        }
    }

    fn rehome(&mut self, now: Timestamp, target: TargetIndex, from: AgentIndex) {
        let counted = self.targets[target].queue.iter().filter(|(_, waiting)| waiting.home == from);
        let counted: Vec<Rank> = counted.map(|(rank, _)| rank).collect();
        for rank in counted {
            let Ok(home) = self.home(now, target) else { return };
            let Some(waiting) = self.targets[target].queue.get_mut(rank) else { return };
            waiting.home = home;
            self.agents[from].queued -= 1;
            self.refresh(now, from);
            self.ask(now, home);
        }
    }

    /// The first that an agent would serve.
    pub(super) fn head(&self, agent: AgentIndex) -> Option<(Rank, TargetIndex)> {
        let heads = self.agents[agent].targets.iter().map(|target| (self.targets[*target].queue.first(), *target));
        heads.filter_map(|(first, target)| first.map(|(rank, _)| (rank, target))).min()
    }

    /// Something changed on an instance: those that wait for it go on, or it goes.
    pub(super) fn settle(&mut self, now: Timestamp, number: InstanceNumber, by: Option<(u32, u32)>) {
        let Some(instance) = self.instances.get(number) else { return };
        let agent = instance.agent;
        if !instance.reclaims.is_empty() || !self.agents[agent].reclaiming.is_empty() {
            self.hand_back(now, number, agent);
        } else if instance.state == State::Ready && self.queue.is_empty() {
            return;
        }
        let Some(instance) = self.instances.get(number) else { return };
        let empty = instance.is_empty();
        match instance.state {
            State::Ready => {
                if self.queue.is_empty() || self.yields(now, number) {
                    return;
                }
            }
            State::Ill | State::Yielding if empty => {
                let force = instance.state == State::Ill;
                self.retire(now, number, force);
                self.refill(now, agent);
            }
            State::Leaked if empty => {
                let force = !instance.leaked.is_empty();
                self.retire(now, number, force);
            }
            State::Lost if empty && instance.leaked.is_empty() => self.instances.remove(number),
            State::Ill | State::Yielding | State::Leaked | State::Lost | State::Making | State::Overdue | State::Disposing => {}
        }
        self.serve_all(now, agent, by);
    }

    /// Serves an agent, and those of its type that share what is not reserved.
    pub(super) fn serve_all(&mut self, now: Timestamp, agent: AgentIndex, by: Option<(u32, u32)>) {
        self.serve(now, agent, by);
        let of = &self.types[self.agents[agent].of];
        if of.limits.reserve.is_some() && of.agents.len() > 1 && !self.queue.is_empty() {
            for other in of.agents.clone() {
                self.serve(now, other, None);
            }
        }
    }

    /// Gives the places of an agent that are free to those who wait for it. `by`: whose return made the first of them free.
    pub(super) fn serve(&mut self, now: Timestamp, agent: AgentIndex, mut by: Option<(u32, u32)>) {
        while !self.queue.is_empty()
            && self.agents[agent].may_serve()
            && let Some((rank, target)) = self.head(agent)
        {
            let affinity = self.targets[target].queue.first().and_then(|(_, waiting)| waiting.request.affinity);
            let number = if self.admits(now, agent, &rank) { self.pick(agent, target, affinity) } else { None };
            let (Some(number), Some(waiting)) = (number, number.and_then(|_| self.queue.pop(&mut self.targets, target))) else {
                self.await_rate(now, agent);
                return;
            };
            let of = self.agents[agent].of;
            self.types[of].waits.waited(now.since(waiting.since));
            // In this order, so that it is never counted twice: the highest demand is remembered.
            self.left(now, &waiting);
            self.grant(now, number, &waiting.request);
            let Waiting { request: Request { slot, task, lane, .. }, lacked, .. } = waiting;
            self.effects.push_back(PoolEffect::Granted { slot, task, instance: number, admitted_by: by.take(), lane, lacked });
        }
    }

    /// Gives places back to those who lent them, before anybody else gets one.
    fn hand_back(&mut self, now: Timestamp, number: InstanceNumber, agent: AgentIndex) {
        self.hand_back_of(now, number);
        while self.agents[agent].running < self.agents[agent].limit
            && let Some(other) = self.agents[agent].reclaiming.pop_first()
        {
            self.hand_back_of(now, other);
        }
    }

    fn hand_back_of(&mut self, now: Timestamp, number: InstanceNumber) {
        while self.may_take_back(number) {
            let Some(ticket) = self.instances.get_mut(number).and_then(|instance| instance.reclaims.pop_front()) else { return };
            self.take_back(now, number);
            self.effects.push_back(PoolEffect::Reclaimed { ticket });
        }
    }

    /// Whether an attempt that lent its place may have it back now. If only its agent's limit is in the way, that is remembered.
    pub(super) fn may_take_back(&mut self, number: InstanceNumber) -> bool {
        let Some(instance) = self.instances.get(number) else { return false };
        let agent = &mut self.agents[instance.agent];
        let room = instance.running < agent.concurrency;
        if room && instance.state.counts() && agent.running >= agent.limit {
            agent.reclaiming.insert(number);
            return false;
        }
        room
    }

    pub(super) fn take_back(&mut self, now: Timestamp, number: InstanceNumber) {
        if let Some(instance) = self.instances.get_mut(number) {
            instance.lent = instance.lent.saturating_sub(1);
            self.occupy(now, number);
        }
    }

    pub(super) fn occupy(&mut self, now: Timestamp, number: InstanceNumber) {
        let Some(instance) = self.instances.get_mut(number) else { return };
        instance.running += 1;
        if instance.state.counts() {
            let index = instance.agent;
            let agent = &mut self.agents[index];
            agent.running += 1;
            self.types[agent.of].running += 1;
            let moved = agent.seat(number, instance);
            self.move_to(moved);
            self.refresh(now, index);
        }
    }

    /// An instance has one attempt less; false if it had none, and then nothing changed.
    pub(super) fn vacate(&mut self, now: Timestamp, number: InstanceNumber) -> bool {
        let Some(instance) = self.instances.get_mut(number) else { return false };
        if instance.running == 0 {
            return false;
        }
        instance.running -= 1;
        if instance.state.counts() {
            let index = instance.agent;
            let agent = &mut self.agents[index];
            agent.running -= 1;
            self.types[agent.of].running -= 1;
            let moved = agent.seat(number, instance);
            self.move_to(moved);
            self.refresh(now, index);
        }
        true
    }

    /// Puts an instance where its load says, or nowhere if it takes no work.
    pub(super) fn seat(&mut self, number: InstanceNumber) {
        let Some(instance) = self.instances.get_mut(number) else { return };
        let moved = self.agents[instance.agent].seat(number, instance);
        self.move_to(moved);
    }

    /// An instance has the seat of another.
    fn move_to(&mut self, moved: Option<(InstanceNumber, Seat)>) {
        if let Some((number, seat)) = moved
            && let Some(instance) = self.instances.get_mut(number)
        {
            instance.seat = Some(seat);
        }
    }

    /// Counts the demand of an agent anew.
    pub(super) fn refresh(&mut self, now: Timestamp, agent: AgentIndex) {
        let agent = &mut self.agents[agent];
        let of = &mut self.types[agent.of];
        let demand = agent.wanted(now, of.limits.reserve.map_or(0, |reserve| reserve.slots));
        if demand != agent.demand {
            let others = of.scaling.demand().saturating_sub(agent.demand);
            agent.demand = demand;
            of.scaling.note(now, others.saturating_add(demand));
        }
    }

    fn await_rates(&mut self, now: Timestamp, target: TargetIndex) {
        for at in 0..self.targets[target].agents.len() {
            if let Some(agent) = self.targets[target].agents.get(at).copied() {
                self.await_rate(now, agent);
            }
        }
    }

    /// Somebody waits: if the rate of an agent is in the way, it is looked at again when it is not.
    fn await_rate(&mut self, now: Timestamp, index: AgentIndex) {
        let agent = &mut self.agents[index];
        if let Some(free) = agent.starts.as_ref().and_then(|starts| starts.blocked_until(now)) {
            self.deadlines.set(super::deadlines::Due::Rate(index), &mut agent.rate_due, Some(free));
        }
    }

    /// Whether an instance, which has room, shall make room for an agent of its type that has none and whose turn it is.
    fn yields(&mut self, now: Timestamp, number: InstanceNumber) -> bool {
        let Some(instance) = self.instances.get(number) else { return false };
        let (agent, empty) = (instance.agent, instance.is_empty());
        let of = self.agents[agent].of;
        let Some((rank, stranded)) = self.first_stranded(now, of) else { return false };
        if self.head(agent).is_some_and(|(own, _)| own <= rank && self.admits(now, agent, &own)) {
            return false;
        }
        if empty {
            self.retire(now, number, false);
            self.create(now, stranded);
        } else if (self.types[of].yielding as usize) < self.types[of].stranded.len() {
            self.turn(now, number, State::Yielding);
        } else {
            return false;
        }
        true
    }
}
