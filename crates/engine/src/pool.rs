// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who runs what: instances of agents, made when they are wanted, shared by those who ask, and looked after.
//!
//! ```text
//! request ─▶ at once, or queued ─▶ Granted ─▶ release
//!                └ none of its agents can be made ─▶ Refused
//!
//! (none) ──Create──▶ Making ──created──▶ Ready ──surplus──▶ Disposing ──disposed──▶ (none)
//!                      │ failed             │                    ▲
//!                      ▼                    │                    │ empty
//!        (none), again after a wait         ├─ fails a check ──▶ Ill ──passes enough of them──▶ Ready
//!                                           ├─ another agent of its type has none, and it is its turn ──▶ Yielding ──empty──▶ Disposing
//!                                           ├─ leak ──▶ Leaked ──the others have returned──▶ Disposing
//!                                           └─ lost ──▶ Lost ──its attempts are released──▶ (none)
//! Making ──30 s──▶ Overdue ──created──▶ Disposing
//! ```
//! Making, Ready, Ill and Yielding count against `max`; what leaked, was lost or is overdue is replaced at once. What cannot be made is
//! `making`'s matter, how many there should be `scaling`'s, and who gets which `serving`'s.
//!
//! A pool is one driver's and lives in memory: who was made or busy is gone with the process.
//!
//! Requests queue by target (the agents that may run a task); instances are counted by type; everything else is an
//! agent's. An instance that is free takes the first in the queue, so shares follow speeds without measuring them: in
//! simulations 10,000 tasks on eight agents whose paces differ ten times end within 0.5 % of an offline schedule. The
//! pool grows at once on what is wanted now, and shrinks on what was wanted in the last half minute, later each time it
//! regretted that. A place that is released, given up, lost or late is told apart, because it must come back exactly
//! once.

mod affinity;
mod agents;
mod deadlines;
mod effect;
mod growing;
mod health;
mod indices;
mod instances;
mod lacking;
mod line;
mod making;
mod open;
mod policy;
mod queue;
mod rank;
mod scaling;
mod serving;
mod starts;
mod statistics;
mod targets;
mod waiting;
mod waits;

pub use effect::{Lack, PoolEffect, Request};
pub use indices::{AgentIndex, InstanceNumber, TargetIndex, TypeIndex};
pub use lacking::{Lacking, PoolWait};
pub use policy::{AgentLimits, PoolPolicy, Rate, Reserve, TypeLimits};
pub use statistics::{Figures, PoolStatistics};

use agents::{Agent, Type};
use deadlines::{Deadlines, Due};
use indices::Table;
use instances::{Instance, Instances, State};
use queue::Queue;
use rank::Rank;
use std::collections::VecDeque;
use std::sync::Arc;
use stdx::Timestamp;
use targets::{Target, Targets};

/// The agents of one driver and who uses them. Every method that has a `now` is total: what comes late, twice or of an unknown number is ignored.
#[derive(Debug)]
pub struct Pool {
    policy: PoolPolicy,
    types: Table<TypeIndex, Type>,
    agents: Table<AgentIndex, Agent>,
    targets: Table<TargetIndex, Target>,
    ways: Targets,
    instances: Instances,
    queue: Queue,
    arrivals: u64,
    deadlines: Deadlines,
    effects: VecDeque<PoolEffect>,
}

impl Pool {
    /// A pool without types.
    pub fn new(policy: PoolPolicy) -> Self {
        Self {
            policy,
            types: Table::default(),
            agents: Table::default(),
            targets: Table::default(),
            ways: Targets::default(),
            instances: Instances::default(),
            queue: Queue::default(),
            arrivals: 0,
            deadlines: Deadlines::default(),
            effects: VecDeque::new(),
        }
    }

    /// Adds a type, and an anonymous agent of it: what tasks name by the type's name.
    pub fn add_type(&mut self, name: Arc<str>, limits: TypeLimits) -> TypeIndex {
        let of = self.types.push(Type::new(Arc::clone(&name), limits));
        let concurrency = self.types[of].limits.concurrency;
        let anonymous = Agent::new(Arc::clone(&name), of, Vec::new(), AgentLimits::default(), concurrency);
        let anonymous = self.agents.push(Agent { anonymous: true, ..anonymous });
        self.types[of].agents.push(anonymous);
        self.ways.add_type(name, of);
        of
    }

    /// Adds an agent that tasks name by its id or find by what it can.
    pub fn add_agent(&mut self, id: Arc<str>, of: TypeIndex, capabilities: Vec<Arc<str>>, limits: AgentLimits) -> AgentIndex {
        let concurrency = self.types[of].limits.concurrency;
        let agent = self.agents.push(Agent::new(id, of, capabilities, limits, concurrency));
        self.types[of].agents.push(agent);
        self.ways.add_agent(&mut self.targets, &mut self.agents, agent);
        agent
    }

    /// Who may run a task: the agent of that id, else the type of that name (its anonymous agent; with `requires`: its registered agents that
    /// have every capability); with an empty `agent_id`, any registered agent that has every one of `requires`. `None` if there is nobody.
    /// Stable and cheap to ask again; a target found once also covers agents that are added later.
    pub fn target(&mut self, agent_id: &str, requires: &[Arc<str>]) -> Option<TargetIndex> {
        let known = self.ways.known(agent_id, requires);
        known.or_else(|| self.ways.find(&mut self.targets, &mut self.agents, &self.types, agent_id, requires))
    }

    /// An attempt wants an agent: the instance it has at once, or `None`, and then it is told by [`PoolEffect::Granted`] or
    /// [`PoolEffect::Refused`].
    pub fn request(&mut self, now: Timestamp, request: Request) -> Option<InstanceNumber> {
        let rank = Rank::new(&request, self.arrivals);
        self.arrivals += 1;
        let Some(number) = self.room(now, &request, &rank) else {
            self.enqueue(now, request, rank);
            return None;
        };
        if let Some(agent) = self.grant(now, number, &request) {
            let of = self.agents[agent].of;
            self.types[of].waits.none();
            if self.is_outgrown(agent) {
                self.grow(now, agent);
            }
        }
        Some(number)
    }

    /// The type and the agent of an instance, if it is known.
    pub fn who(&self, instance: InstanceNumber) -> Option<(&Arc<str>, &Arc<str>)> {
        let agent = &self.agents[self.instances.get(instance)?.agent];
        Some((&self.types[agent.of].name, &agent.id))
    }

    /// It wants none any more, if it still waits.
    pub fn withdraw(&mut self, now: Timestamp, slot: u32, task: u32) {
        if let Some(waiting) = self.queue.remove(&mut self.targets, slot, task) {
            self.left(now, &waiting);
        }
    }

    /// One that was just granted, at once or by an effect, cannot use it now or has withdrawn meanwhile: as if it had never asked.
    pub fn decline(&mut self, now: Timestamp, instance: InstanceNumber) {
        if !self.vacate(now, instance) {
            return;
        }
        if let Some(agent) = self.instances.get(instance).map(|instance| instance.agent) {
            if let Some(starts) = &mut self.agents[agent].starts {
                starts.call_off();
            }
            self.settle(now, instance, None);
        }
    }

    /// An attempt has returned for good. `by`, its slot and task, is handed on as `admitted_by` to whoever gets its place.
    pub fn release(&mut self, now: Timestamp, instance: InstanceNumber, by: (u32, u32)) {
        let Some(Instance { leaked, .. }) = self.instances.get_mut(instance) else { return };
        if let Some(at) = leaked.iter().position(|attempt| *attempt == by) {
            leaked.swap_remove(at);
            // It held no place any more, so nobody has one from it; and by now its slot may be another execution's.
            return self.settle(now, instance, None);
        }
        if self.vacate(now, instance) {
            self.settle(now, instance, Some(by));
        }
    }

    /// The engine gave an attempt up, but its agent has not returned: its instance gets no more work, is replaced, and disposed of once its
    /// other attempts have returned. `by`, its slot and task, tells it apart from those if it is released after all.
    pub fn leak(&mut self, now: Timestamp, instance: InstanceNumber, by: (u32, u32)) {
        if !self.vacate(now, instance) {
            return;
        }
        let Some(given_up) = self.instances.get_mut(instance) else { return };
        given_up.leaked.push(by);
        let (agent, counted) = (given_up.agent, given_up.state.counts());
        let of = self.agents[agent].of;
        self.types[of].leaked = self.types[of].leaked.saturating_add(1);
        if counted {
            self.turn(now, instance, State::Leaked);
            self.refill(now, agent);
        }
        self.settle(now, instance, None);
    }

    /// An attempt waits for tasks that it spawned: its place is another's meanwhile.
    pub fn lend(&mut self, now: Timestamp, instance: InstanceNumber) {
        if self.vacate(now, instance) {
            if let Some(instance) = self.instances.get_mut(instance) {
                instance.lent += 1;
            }
            self.settle(now, instance, None);
        }
    }

    /// An attempt that lent its place wants to go on: true if it has it back at once, else [`PoolEffect::Reclaimed`] with this ticket follows
    /// before that instance gets new work.
    pub fn reclaim(&mut self, now: Timestamp, instance: InstanceNumber, ticket: u32) -> bool {
        let lent = self.instances.get(instance).is_some_and(|lender| lender.reclaims.len() < lender.lent as usize);
        if !lent {
            // The instance is gone, and nothing that is there can be waited for.
            return true;
        }
        let back = self.may_take_back(instance);
        if back {
            self.take_back(now, instance);
        } else if let Some(lender) = self.instances.get_mut(instance) {
            lender.reclaims.push_back(ticket);
        }
        back
    }

    /// An attempt ends, or is given up, while its place is lent: it has it back at once, whether it is free or not, so that [`Pool::release`]
    /// or [`Pool::leak`] can follow as for any other. `ticket` is that of a [`Pool::reclaim`] that still waits, which is called off.
    pub fn retake(&mut self, now: Timestamp, instance: InstanceNumber, ticket: Option<u32>) {
        if let Some(lender) = self.instances.get_mut(instance).filter(|lender| lender.lent > 0) {
            lender.reclaims.retain(|waiting| Some(*waiting) != ticket);
            self.take_back(now, instance);
        }
    }

    /// An instance is made. `checked`: it can be asked whether it is well.
    pub fn created(&mut self, now: Timestamp, instance: InstanceNumber, checked: bool) {
        let Some(made) = self.instances.get_mut(instance) else { return };
        let agent = made.agent;
        match made.state {
            State::Making => {
                made.health.checked = checked;
                made.failures_before = Some(self.agents[agent].making.failures());
                self.agents[agent].making.made();
                self.turn(now, instance, State::Ready);
                self.await_check(now, instance);
                self.settle(now, instance, None);
                self.grow(now, agent);
            }
            State::Overdue => self.retire(now, instance, false),
            State::Ready | State::Ill | State::Yielding | State::Leaked | State::Lost | State::Disposing => {}
        }
    }

    /// An instance could not be made. It is tried again after a while; if it failed several times in a row, or `fatal` says that it is of no
    /// use to try, those who want its agent are refused until one could be made.
    pub fn create_failed(&mut self, now: Timestamp, instance: InstanceNumber, fatal: bool) {
        let Some(failed) = self.instances.get(instance) else { return };
        let (agent, state) = (failed.agent, failed.state);
        if matches!(state, State::Making | State::Overdue) {
            self.turn(now, instance, State::Lost);
            self.instances.remove(instance);
        }
        // One that is overdue has failed already.
        if state == State::Making {
            self.fail(now, instance, agent, 0, fatal);
        }
    }

    /// Whether an instance is well: the answer to [`PoolEffect::Check`], or unasked.
    pub fn checked(&mut self, now: Timestamp, instance: InstanceNumber, healthy: bool) {
        if let Some(checked) = self.instances.get_mut(instance) {
            checked.health.asked = false;
            self.judge(now, instance, healthy);
        }
    }

    /// An instance is gone: its worker died. It is replaced, after a wait if it had no work yet; its attempts are released by the host one by one.
    pub fn lost(&mut self, now: Timestamp, instance: InstanceNumber) {
        let Some(lost) = self.instances.get(instance) else { return };
        let (agent, state, unused) = (lost.agent, lost.state, lost.failures_before);
        if state == State::Making {
            return self.create_failed(now, instance, false);
        }
        self.turn(now, instance, State::Lost);
        self.settle(now, instance, None);
        match unused {
            Some(before) if state.counts() => self.fail(now, instance, agent, before, false),
            _ if state.counts() => self.refill(now, agent),
            _ => {}
        }
    }

    /// An instance that was to be disposed of is gone.
    pub fn disposed(&mut self, now: Timestamp, instance: InstanceNumber) {
        match self.instances.get(instance).map(|disposed| disposed.state) {
            Some(State::Disposing) => self.instances.remove(instance),
            Some(_) => self.lost(now, instance),
            None => {}
        }
    }

    /// Time has passed: what is due by now happens.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some(due) = self.deadlines.pop(now) {
            match due {
                Due::Instance(instance) => self.instance_is_due(now, instance),
                Due::Retry(agent) => {
                    self.agents[agent].retry_due = None;
                    self.grow(now, agent);
                }
                Due::Rate(agent) => {
                    self.agents[agent].rate_due = None;
                    self.serve(now, agent, None);
                    self.refresh(now, agent);
                    self.grow(now, agent);
                }
                Due::Size(of) => self.size_is_due(now, of),
            }
        }
    }

    /// When [`Pool::tick`] has something to do; `None` if nothing but other calls can lead to something.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// Whether a request waits.
    pub fn is_wanted(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The next effect, in the order they came about; each is given once.
    pub fn next_effect(&mut self) -> Option<PoolEffect> {
        self.effects.pop_front()
    }

    /// An execution is gone: its requests too.
    pub fn forget(&mut self, now: Timestamp, slot: u32) {
        for task in self.queue.all_of(slot) {
            self.withdraw(now, slot, task);
        }
    }
}
