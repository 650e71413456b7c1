// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Instances come and go.

use super::deadlines::Due;
use super::instances::{Instance, State};
use super::making::MAKING_TIME_MAX;
use super::rank::Rank;
use super::scaling::{LOOK_EVERY, Size, needed};
use super::{AgentIndex, InstanceNumber, Pool, PoolEffect, TypeIndex};
use stdx::Timestamp;

impl Pool {
    /// Whether an agent's demand is more than its instances should carry and its type may have more.
    pub(super) fn is_outgrown(&self, agent: AgentIndex) -> bool {
        let agent = &self.agents[agent];
        let of = &self.types[agent.of];
        let carried = u64::from(agent.count) * u64::from(agent.concurrency) * u64::from(self.policy.scale_up);
        of.count < of.limits.max && u64::from(agent.demand) * 100 > carried
    }

    /// How many instances an agent lacks that may be begun now.
    fn lacking(&mut self, now: Timestamp, index: AgentIndex) -> u32 {
        let agent = &self.agents[index];
        let of = &mut self.types[agent.of];
        let own = needed(agent.demand, agent.concurrency, self.policy.scale_up).saturating_sub(agent.count);
        // What a type has at least, and what it needed lately, is made of the agent that was asked for last.
        let due = if of.asked == Some(index) {
            let kept = needed(of.scaling.peak(now), agent.concurrency, self.policy.scale_up);
            kept.max(of.limits.min).saturating_sub(of.count)
        } else {
            0
        };
        own.max(due).min(agent.making.allowance(now))
    }

    /// Makes what an agent lacks.
    pub(super) fn grow(&mut self, now: Timestamp, agent: AgentIndex) {
        let own = &self.agents[agent];
        let of = &self.types[own.of];
        // It has some, and there cannot be more, which is known already: whoever waits need not count what is lacking.
        if own.count > 0 && of.count == of.limits.max && !self.is_to_be_watched(own.of) {
            return;
        }
        let lacking = self.lacking(now, agent);
        if lacking == 0 {
            return;
        }
        let index = self.agents[agent].of;
        let of = &mut self.types[index];
        let to = of.limits.max.min(of.count.saturating_add(lacking));
        if to == of.count {
            if self.agents[agent].count == 0 {
                self.make_room(now, agent);
            }
        } else {
            let more = to - of.count;
            if to > of.told {
                self.effects.push_back(PoolEffect::ScaledUp { of: index, from: of.count, to });
                of.told = to;
                of.scaling.grew(now);
            }
            for _ in 0..more {
                self.create(now, agent);
            }
        }
        self.watch(now, index);
    }

    pub(super) fn create(&mut self, now: Timestamp, agent: AgentIndex) {
        let instance = self.instances.add(agent);
        let made_of = &mut self.agents[agent];
        made_of.count += 1;
        made_of.making.in_flight += 1;
        let of = &mut self.types[made_of.of];
        of.count += 1;
        if let Some(rank) = made_of.stranded.take() {
            of.stranded.remove(&(rank, agent));
        }
        self.set_due(instance, Some(now.after(MAKING_TIME_MAX)));
        self.effects.push_back(PoolEffect::Create { instance, agent });
    }

    /// An agent that has no instance finds its type at `max`: an idle one of another agent goes, or the next that becomes idle when it is its turn.
    fn make_room(&mut self, now: Timestamp, agent: AgentIndex) {
        let Some((rank, _)) = self.head(agent) else { return };
        let of = self.agents[agent].of;
        if let Some(before) = self.agents[agent].stranded {
            if rank == before {
                return;
            }
            self.types[of].stranded.remove(&(before, agent));
        } else if let Some(idle) = self.spare(of, agent) {
            self.retire(now, idle, false);
            self.create(now, agent);
            return;
        }
        self.agents[agent].stranded = Some(rank);
        self.types[of].stranded.insert((rank, agent));
    }

    /// An idle instance of another agent of a type: of the one that has most to spare.
    fn spare(&self, of: TypeIndex, except: AgentIndex) -> Option<InstanceNumber> {
        let others = self.types[of].agents.iter().copied().filter(|other| *other != except);
        let idle = others.filter_map(|other| Some((self.surplus_of(other), self.idle(other)?)));
        idle.max_by_key(|(surplus, _)| *surplus).map(|(_, instance)| instance)
    }

    fn surplus_of(&self, agent: AgentIndex) -> u32 {
        let agent = &self.agents[agent];
        agent.count.saturating_sub(needed(agent.demand, agent.concurrency, self.policy.scale_up))
    }

    /// An instance of an agent that runs nothing, the one that was used longest ago.
    fn idle(&self, agent: AgentIndex) -> Option<InstanceNumber> {
        let mut unused = self.agents[agent].open.unused().iter().copied();
        unused.find(|number| self.instances.get(*number).is_some_and(Instance::is_empty))
    }

    /// Of those that are stranded the one that is first, if it still wants an instance.
    pub(super) fn first_stranded(&mut self, now: Timestamp, of: TypeIndex) -> Option<(Rank, AgentIndex)> {
        while let Some((rank, index)) = self.types[of].stranded.first().copied() {
            let head = self.head(index).map(|(head, _)| head);
            let agent = &mut self.agents[index];
            let wants = agent.queued > 0 && agent.making.allowance(now) > 0;
            if wants && head == Some(rank) {
                return Some((rank, index));
            }
            // Whoever was first may have gone away.
            agent.stranded = head.filter(|_| wants);
            let moved = agent.stranded.map(|rank| (rank, index));
            self.types[of].stranded.pop_first();
            self.types[of].stranded.extend(moved);
        }
        None
    }

    /// An instance of an agent has gone: what is lacking is made, of that agent, of those that found no room, and of the others.
    pub(super) fn refill(&mut self, now: Timestamp, agent: AgentIndex) {
        self.refuse(now, agent);
        let of = self.agents[agent].of;
        while self.types[of].count < self.types[of].limits.max
            && let Some((_, stranded)) = self.first_stranded(now, of)
        {
            self.create(now, stranded);
        }
        self.grow(now, agent);
        if let Some(asked) = self.types[of].asked {
            self.grow(now, asked);
        }
        if self.types[of].agents.len() > 1 && self.types[of].scaling.demand() > 0 {
            for other in self.types[of].agents.clone() {
                self.grow(now, other);
            }
        }
    }

    /// An instance failed to be made, or died before it had any work.
    pub(super) fn fail(&mut self, now: Timestamp, number: InstanceNumber, index: AgentIndex, before: u32, fatal: bool) {
        let agent = &mut self.agents[index];
        let until = agent.making.failed(now, number, self.instances.latest(), before, fatal);
        self.deadlines.set(Due::Retry(index), &mut agent.retry_due, Some(until));
        self.refill(now, index);
    }

    /// An instance goes for good.
    pub(super) fn retire(&mut self, now: Timestamp, instance: InstanceNumber, force: bool) {
        self.turn(now, instance, State::Disposing);
        self.effects.push_back(PoolEffect::Dispose { instance, force });
    }

    /// An instance is something else from now on: the only place where that changes.
    pub(super) fn turn(&mut self, now: Timestamp, number: InstanceNumber, state: State) {
        let Some(instance) = self.instances.get_mut(number) else { return };
        let before = std::mem::replace(&mut instance.state, state);
        let index = instance.agent;
        let agent = &mut self.agents[index];
        let of = &mut self.types[agent.of];
        agent.making.in_flight -= u32::from(before == State::Making);
        of.yielding -= u32::from(before == State::Yielding);
        of.yielding += u32::from(state == State::Yielding);
        if before.counts() && !state.counts() {
            agent.count -= 1;
            of.count -= 1;
            agent.running -= instance.running;
            of.running -= instance.running;
        }
        if !matches!(state, State::Ready | State::Ill) {
            self.set_due(number, None);
        }
        self.seat(number);
        self.refresh(now, index);
    }

    pub(super) fn set_due(&mut self, number: InstanceNumber, at: Option<Timestamp>) {
        if let Some(instance) = self.instances.get_mut(number) {
            self.deadlines.set(Due::Instance(number), &mut instance.due, at);
        }
    }

    /// The next check of an instance, if it can be asked.
    pub(super) fn await_check(&mut self, now: Timestamp, number: InstanceNumber) {
        let asked = self.instances.get(number).is_some_and(|instance| instance.health.checked);
        let checked = asked && !self.policy.check_every.is_zero();
        self.set_due(number, checked.then(|| now.after(self.policy.check_every)));
    }

    /// It was to be made, or checked, or answer a check by now.
    pub(super) fn instance_is_due(&mut self, now: Timestamp, number: InstanceNumber) {
        let Some(instance) = self.instances.get_mut(number) else { return };
        instance.due = None;
        let agent = instance.agent;
        match instance.state {
            State::Making => {
                self.turn(now, number, State::Overdue);
                self.fail(now, number, agent, 0, false);
            }
            State::Ready | State::Ill => {
                let silent = std::mem::replace(&mut instance.health.asked, true);
                self.await_check(now, number);
                if silent {
                    self.judge(now, number, false);
                } else {
                    self.effects.push_back(PoolEffect::Check { instance: number });
                }
            }
            State::Yielding | State::Leaked | State::Lost | State::Overdue | State::Disposing => {}
        }
    }

    /// Whether an instance is well.
    pub(super) fn judge(&mut self, now: Timestamp, number: InstanceNumber, healthy: bool) {
        let Some(instance) = self.instances.get_mut(number) else { return };
        match instance.state {
            State::Ready if !healthy => {
                instance.health.fell_ill();
                self.effects.push_back(PoolEffect::Unhealthy { instance: number });
                self.turn(now, number, State::Ill);
                self.settle(now, number, None);
            }
            State::Ill if instance.health.recovers(healthy) => {
                self.effects.push_back(PoolEffect::Recovered { instance: number });
                self.turn(now, number, State::Ready);
                self.settle(now, number, None);
            }
            // One that is well stays so, one that is ill stays so, and with the others it makes no difference any more.
            State::Ready
            | State::Ill
            | State::Making
            | State::Yielding
            | State::Leaked
            | State::Lost
            | State::Overdue
            | State::Disposing => {}
        }
    }

    /// Looks at the size of a type again later, if there may be too many or the wrong ones.
    fn watch(&mut self, now: Timestamp, index: TypeIndex) {
        if self.is_to_be_watched(index) {
            self.deadlines.set(Due::Size(index), &mut self.types[index].due, Some(now.after(LOOK_EVERY)));
        }
    }

    fn is_to_be_watched(&self, index: TypeIndex) -> bool {
        let of = &self.types[index];
        let more = of.count > of.limits.min && self.policy.scale_down > 0;
        let others = of.count == of.limits.max && of.agents.len() > 1 && of.scaling.demand() > 0;
        of.due.is_none() && (more || others)
    }

    /// Takes away instances that were not needed lately.
    pub(super) fn size_is_due(&mut self, now: Timestamp, index: TypeIndex) {
        let of = &mut self.types[index];
        of.due = None;
        let (from, limits) = (of.count, of.limits);
        let (min, concurrency) = (limits.min, limits.concurrency);
        let size = Size { count: from, min, concurrency, scale_up: self.policy.scale_up, scale_down: self.policy.scale_down };
        if let Some(to) = of.scaling.surplus(now, size) {
            self.shrink(now, index, to);
        } else if from == limits.max && of.agents.len() > 1 {
            self.shift(now, index);
        }
        self.watch(now, index);
    }

    fn shrink(&mut self, now: Timestamp, index: TypeIndex, to: u32) {
        let from = self.types[index].count;
        let mut gone = Vec::new();
        for agent in self.types[index].agents.clone() {
            while self.types[index].count > to
                && self.surplus_of(agent) > 0
                && let Some(idle) = self.idle(agent)
            {
                self.turn(now, idle, State::Disposing);
                gone.push(idle);
            }
        }
        let of = &mut self.types[index];
        if of.count < from {
            of.told = of.count;
            of.scaling.shrank(now);
            self.effects.push_back(PoolEffect::ScaledDown { of: index, from, to: of.count });
            self.effects.extend(gone.into_iter().map(|instance| PoolEffect::Dispose { instance, force: false }));
        }
    }

    /// One agent of a type at `max` has more than it needs and another less: one instance of the first becomes one of the second.
    fn shift(&mut self, now: Timestamp, index: TypeIndex) {
        let short = |pool: &Self, agent: AgentIndex| {
            let Self { agents, policy, .. } = pool;
            let agent = &agents[agent];
            needed(agent.demand, agent.concurrency, policy.scale_up).saturating_sub(agent.count).min(agent.making.allowance(now))
        };
        let agents = self.types[index].agents.iter().copied();
        let Some(neediest) = agents.max_by_key(|agent| short(self, *agent)).filter(|agent| short(self, *agent) > 0) else { return };
        let spare = self.spare(index, neediest);
        let spare = spare.filter(|number| self.instances.get(*number).is_some_and(|instance| self.surplus_of(instance.agent) > 0));
        if let Some(idle) = spare {
            self.retire(now, idle, false);
            self.create(now, neediest);
        }
    }
}
