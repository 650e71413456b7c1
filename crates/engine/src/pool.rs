// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who runs what: instances of agents, made when they are wanted, shared by those who ask, and looked after.
//!
//! ```text
//! request ─▶ granted at once, or queued ─▶ PoolEffect::Granted ─▶ release
//!
//! (none) ─Create─▶ Making ─created─▶ Ready ─┬─ surplus, makes room, ill ─▶ empty ─Dispose─▶ Disposing ─disposed─▶ (none)
//! ```
//! A pool is one driver's and lives in memory: who was made or busy is gone with the process.

mod effect;
mod indices;
mod policy;
mod statistics;

pub use effect::{PoolEffect, Request};
pub use indices::{AgentIndex, InstanceNumber, TargetIndex, TypeIndex};
pub use policy::{AgentLimits, PoolPolicy, Rate, Reserve, TypeLimits};
pub use statistics::{Figures, PoolStatistics};

use indices::Table;
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use stdx::Timestamp;

/// The agents of one driver and who uses them. Every method that has a `now` is total: what comes late, twice or of an unknown number is ignored.
#[derive(Debug)]
pub struct Pool {
    policy: PoolPolicy,
    types: Table<TypeIndex, Type>,
    agents: Table<AgentIndex, Agent>,
    targets: Table<TargetIndex, Target>,
    instances: BTreeMap<InstanceNumber, Instance>,
    made: u32,
    arrivals: u64,
    effects: VecDeque<PoolEffect>,
}

#[derive(Debug)]
struct Type {
    name: Arc<str>,
    limits: TypeLimits,
    count: u32,
    anonymous: Option<AgentIndex>,
}

#[derive(Debug)]
struct Agent {
    id: Arc<str>,
    of: TypeIndex,
    named: bool,
    capabilities: Vec<Arc<str>>,
}

type Rank = (Reverse<bool>, Reverse<i32>, Timestamp, u64);

#[derive(Debug)]
struct Target {
    id: Arc<str>,
    requires: Vec<Arc<str>>,
    agents: Vec<AgentIndex>,
    queue: BTreeMap<Rank, Request>,
}

#[derive(Debug)]
struct Instance {
    agent: AgentIndex,
    ready: bool,
    running: u32,
    reclaims: VecDeque<u32>,
}

impl Pool {
    /// A pool without types.
    pub fn new(policy: PoolPolicy) -> Self {
        Self {
            policy,
            types: Table::default(),
            agents: Table::default(),
            targets: Table::default(),
            instances: BTreeMap::new(),
            made: 0,
            arrivals: 0,
            effects: VecDeque::new(),
        }
    }

    /// Adds a type, and an anonymous agent of it: what tasks name by the type's name.
    pub fn add_type(&mut self, name: Arc<str>, limits: TypeLimits) -> TypeIndex {
        let of = self.types.push(Type { name: Arc::clone(&name), limits, count: 0, anonymous: None });
        let agent = self.agents.push(Agent { id: name, of, named: false, capabilities: Vec::new() });
        self.types[of].anonymous = Some(agent);
        of
    }

    /// Adds an agent that tasks name by its id or find by what it can.
    pub fn add_agent(&mut self, id: Arc<str>, of: TypeIndex, capabilities: Vec<Arc<str>>, _limits: AgentLimits) -> AgentIndex {
        let agent = self.agents.push(Agent { id, of, named: true, capabilities });
        for target in self.targets.indices() {
            if self.matches(agent, &self.targets[target].id, &self.targets[target].requires) {
                self.targets[target].agents.push(agent);
            }
        }
        agent
    }

    /// Who may run a task: the agent of that id, else the type of that name (its anonymous agent; with `requires`: its registered agents that
    /// have every capability); with an empty `agent_id`, any registered agent that has every one of `requires`. `None` if there is nobody.
    /// Stable and cheap to ask again; a target found once also covers agents that are added later.
    pub fn target(&mut self, agent_id: &str, requires: &[Arc<str>]) -> Option<TargetIndex> {
        let known = self.targets.iter().find(|(_, target)| *target.id == *agent_id && target.requires == requires);
        if let Some((target, _)) = known {
            return Some(target);
        }
        let agents: Vec<AgentIndex> = self.agents.indices().filter(|agent| self.matches(*agent, agent_id, requires)).collect();
        if agents.is_empty() {
            return None;
        }
        Some(self.targets.push(Target { id: agent_id.into(), requires: requires.to_vec(), agents, queue: BTreeMap::new() }))
    }

    fn matches(&self, agent: AgentIndex, id: &str, requires: &[Arc<str>]) -> bool {
        let Agent { id: own, of, named, capabilities } = &self.agents[agent];
        let able = requires.iter().all(|capability| capabilities.contains(capability));
        able && if *named { id.is_empty() || **own == *id || (*self.types[*of].name == *id && !requires.is_empty()) } else { **own == *id }
    }

    /// An attempt wants an agent: the instance it has at once, or `None`, and then it is told by [`PoolEffect::Granted`] or
    /// [`PoolEffect::Refused`].
    pub fn request(&mut self, now: Timestamp, request: Request) -> Option<InstanceNumber> {
        let rank = (Reverse(request.urgent), Reverse(request.priority), request.ready, self.arrivals);
        self.arrivals += 1;
        if let Some(instance) = self.targets[request.target].agents.iter().find_map(|agent| self.open(*agent)) {
            self.take(instance);
            return Some(instance);
        }
        self.targets[request.target].queue.insert(rank, request);
        self.grow(now, request.target);
        None
    }

    fn open(&self, agent: AgentIndex) -> Option<InstanceNumber> {
        let limits = self.types[self.agents[agent].of].limits;
        let open = self
            .instances
            .iter()
            .filter(|(_, instance)| instance.agent == agent && instance.ready && instance.running < limits.concurrency);
        open.min_by_key(|(_, instance)| instance.running).map(|(number, _)| *number)
    }

    fn take(&mut self, number: InstanceNumber) {
        if let Some(instance) = self.instances.get_mut(&number) {
            instance.running += 1;
        }
    }

    fn grow(&mut self, _now: Timestamp, target: TargetIndex) {
        let Some(agent) = self.targets[target].agents.iter().copied().find(|agent| {
            let of = &self.types[self.agents[*agent].of];
            of.count < of.limits.max
        }) else {
            return;
        };
        self.types[self.agents[agent].of].count += 1;
        self.made += 1;
        let instance = InstanceNumber::new(self.made);
        self.instances.insert(instance, Instance { agent, ready: false, running: 0, reclaims: VecDeque::new() });
        self.effects.push_back(PoolEffect::Create { instance, agent });
    }

    fn serve(&mut self, number: InstanceNumber, admitted_by: Option<(u32, u32)>) {
        while let Some(instance) = self.instances.get_mut(&number) {
            if !instance.ready || instance.running >= self.types[self.agents[instance.agent].of].limits.concurrency {
                return;
            }
            if let Some(ticket) = instance.reclaims.pop_front() {
                instance.running += 1;
                self.effects.push_back(PoolEffect::Reclaimed { ticket });
                continue;
            }
            let agent = instance.agent;
            let heads = self.targets.iter().filter(|(_, target)| target.agents.contains(&agent));
            let Some((_, target)) = heads.filter_map(|(index, target)| Some((*target.queue.first_key_value()?.0, index))).min() else {
                return;
            };
            let Some((_, Request { slot, task, lane, .. })) = self.targets[target].queue.pop_first() else { return };
            self.take(number);
            self.effects.push_back(PoolEffect::Granted { slot, task, instance: number, admitted_by, lane });
        }
    }

    /// It wants none any more, if it still waits.
    pub fn withdraw(&mut self, _now: Timestamp, slot: u32, task: u32) {
        for target in self.targets.indices() {
            self.targets[target].queue.retain(|_, request| (request.slot, request.task) != (slot, task));
        }
    }

    /// It was granted but cannot use it now: as if it had never asked.
    pub fn decline(&mut self, _now: Timestamp, instance: InstanceNumber) {
        self.give_back(instance, None);
    }

    /// An attempt has returned for good. `by`, its slot and task, is handed on as `admitted_by` to whoever gets its place.
    pub fn release(&mut self, _now: Timestamp, instance: InstanceNumber, by: (u32, u32)) {
        self.give_back(instance, Some(by));
    }

    fn give_back(&mut self, number: InstanceNumber, by: Option<(u32, u32)>) {
        if let Some(instance) = self.instances.get_mut(&number) {
            instance.running = instance.running.saturating_sub(1);
            self.serve(number, by);
        }
    }

    /// The engine gave an attempt up, but its agent has not returned: its instance gets no more work, is replaced, and disposed of once its
    /// other attempts have returned. `by`, its slot and task, tells it apart from those if it is released after all.
    pub fn leak(&mut self, _now: Timestamp, instance: InstanceNumber, _by: (u32, u32)) {
        if let Some(instance) = self.instances.get_mut(&instance) {
            instance.ready = false;
            instance.running = instance.running.saturating_sub(1);
            self.types[self.agents[instance.agent].of].count -= 1;
        }
    }

    /// An attempt waits for tasks that it spawned: its place is another's meanwhile.
    pub fn lend(&mut self, _now: Timestamp, instance: InstanceNumber) {
        self.give_back(instance, None);
    }

    /// An attempt that lent its place wants to go on: true if it has it back at once, else [`PoolEffect::Reclaimed`] with this ticket follows
    /// before that instance gets new work.
    pub fn reclaim(&mut self, _now: Timestamp, instance: InstanceNumber, ticket: u32) -> bool {
        let Some(instance) = self.instances.get_mut(&instance) else { return true };
        let free = instance.running < self.types[self.agents[instance.agent].of].limits.concurrency;
        if free {
            instance.running += 1;
        } else {
            instance.reclaims.push_back(ticket);
        }
        free
    }

    /// An attempt ends, or is given up, while its place is lent: it has it back at once, whether it is free or not, so that [`Pool::release`]
    /// or [`Pool::leak`] can follow as for any other. `ticket` is that of a [`Pool::reclaim`] that still waits, which is called off.
    pub fn retake(&mut self, _now: Timestamp, instance: InstanceNumber, ticket: Option<u32>) {
        if let Some(instance) = self.instances.get_mut(&instance) {
            instance.reclaims.retain(|waiting| Some(*waiting) != ticket);
            instance.running += 1;
        }
    }

    /// An instance is made.
    pub fn created(&mut self, _now: Timestamp, instance: InstanceNumber, _checked: bool) {
        if let Some(made) = self.instances.get_mut(&instance) {
            made.ready = true;
            self.serve(instance, None);
        }
    }

    /// An instance could not be made. It is tried again after a while; if it failed several times in a row, or `fatal` says that it is of no
    /// use to try, those who want its agent are refused until one could be made.
    pub fn create_failed(&mut self, _now: Timestamp, instance: InstanceNumber, _fatal: bool) {
        if let Some(Instance { agent, .. }) = self.instances.remove(&instance) {
            self.types[self.agents[agent].of].count -= 1;
        }
    }

    /// Whether an instance is well: the answer to [`PoolEffect::Check`], or unasked.
    pub fn checked(&mut self, _now: Timestamp, instance: InstanceNumber, healthy: bool) {
        if let Some(instance) = self.instances.get_mut(&instance) {
            instance.ready = healthy;
        }
    }

    /// An instance is gone: its worker died. Its attempts are released by the host one by one.
    pub fn lost(&mut self, now: Timestamp, instance: InstanceNumber) {
        self.create_failed(now, instance, false);
    }

    /// An instance that was to be disposed of is gone.
    pub fn disposed(&mut self, _now: Timestamp, instance: InstanceNumber) {
        self.instances.remove(&instance);
    }

    /// Time has passed: what is due by now happens.
    pub fn tick(&mut self, now: Timestamp) {
        for target in self.targets.indices() {
            if !self.targets[target].queue.is_empty() {
                self.grow(now, target);
            }
        }
    }

    /// When [`Pool::tick`] has something to do; `None` if nothing but other calls can lead to something.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// The next effect, in the order they came about; each is given once.
    pub fn next_effect(&mut self) -> Option<PoolEffect> {
        self.effects.pop_front()
    }

    /// What it looks like. It takes time by the number of types and instances.
    pub fn statistics(&self, _now: Timestamp) -> PoolStatistics {
        let mut statistics = PoolStatistics::default();
        for (of, kind) in self.types.iter() {
            let mut figures = Figures::default();
            for instance in self.instances.values().filter(|instance| self.agents[instance.agent].of == of) {
                figures.total += 1;
                figures.running += instance.running;
            }
            statistics.types.push((Arc::clone(&kind.name), figures));
        }
        statistics
    }

    /// An execution is gone: its requests too.
    pub fn forget(&mut self, slot: u32) {
        for target in self.targets.indices() {
            self.targets[target].queue.retain(|_, request| request.slot != slot);
        }
    }

    /// What the pool was told to keep to.
    pub fn policy(&self) -> PoolPolicy {
        self.policy
    }
}
