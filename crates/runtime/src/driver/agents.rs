// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Agents for attempts: whoever asks has one at once, or when the pool has one.
//!
//! ```text
//! Command::Ask ─▶ Pool::request ─┬─ at once ──────────────────────────────▶ Input::Admit, in the same step
//!                                └─ queued ─▶ PoolEffect::Granted, at a flush ─▶ Input::Admit, in a step of its own
//! ```
//! A driver without a pool asks nobody. Nothing of a pool is stored: who is at work ends with the process.

use super::Driver;
use super::slots::Live;
use crate::Error;
use crate::effect::{self, Number};
use alphabet::Effect;
use engine::{
    AgentLimits, InstanceNumber, Lack, Pool, PoolEffect, PoolPolicy, PoolStatistics, Request, TargetIndex, TypeIndex, TypeLimits,
};
use engine::{Command, Event, Input, InstanceIndex, Plan, Settled, Step, TaskKind};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Weak};
use stdx::Timestamp;

/// The pool, and who may run what.
pub(super) struct Agents {
    pub(super) pool: Pool,
    /// What built-in agents were registered with, in short, by their ids.
    configurations: FxHashMap<Arc<str>, Arc<str>>,
    /// The types that run tasks of agents nobody has registered, by the names of those.
    stand_ins: FxHashMap<Arc<str>, Arc<str>>,
    /// By the address of a plan, which is no other's while it is named here (that keeps nothing of it alive): who may run each of its tasks, as far as
    /// that was known when it was first accepted.
    targets: FxHashMap<usize, (Weak<Plan>, Targets)>,
}

/// Who may run each task of a plan.
pub(super) type Targets = Arc<[Option<TargetIndex>]>;

/// Plans whose targets are remembered; beyond that they are found anew.
const PLANS_MAX: usize = 1024;

impl Driver {
    /// From now on agents are asked for. Called before anything runs.
    pub fn open_pool(&mut self, policy: PoolPolicy) {
        self.agents = Some(Agents {
            pool: Pool::new(policy),
            configurations: FxHashMap::default(),
            stand_ins: FxHashMap::default(),
            targets: FxHashMap::default(),
        });
        for live in self.slots.iter_mut() {
            live.execution.ask_for_agents();
        }
    }

    /// An execution that asks for agents where there is a pool.
    pub(super) fn equip(&mut self, live: &mut Live) {
        if let Some(agents) = &mut self.agents {
            live.execution.ask_for_agents();
            live.targets = Some(agents.targets_of(live.execution.plan()));
        }
    }

    /// A type of agent, and the agent of its name.
    pub fn add_agent_type(&mut self, name: Arc<str>, limits: TypeLimits) {
        if let Some(Agents { pool, .. }) = &mut self.agents {
            pool.add_type(name, limits);
        }
    }

    /// An agent of a type.
    pub fn add_agent(&mut self, id: Arc<str>, of: TypeIndex, capabilities: Vec<Arc<str>>, limits: AgentLimits) {
        if let Some(Agents { pool, targets, .. }) = &mut self.agents {
            pool.add_agent(id, of, capabilities, limits);
            targets.clear();
        }
    }

    /// What an agent was registered with, in short: another configuration would give other outputs.
    pub fn configure_agent(&mut self, id: Arc<str>, print: Arc<str>) {
        if let Some(Agents { configurations, .. }) = &mut self.agents {
            configurations.insert(id, print);
        }
    }

    /// From now on the agent of this type's name runs tasks of `agent_id`, whom nobody has registered. Whoever is registered later is preferred from
    /// then on.
    pub fn stand_in(&mut self, agent_id: Arc<str>, type_name: Arc<str>) {
        if let Some(agents) = &mut self.agents {
            agents.stand_ins.insert(agent_id, type_name);
        }
    }

    /// What the host tells of its agents, and an answer if it asks something.
    pub fn pool<T>(&mut self, tell: impl FnOnce(&mut Pool, Timestamp) -> T) -> Option<T> {
        // Nothing of it is recorded, so it is no instant of its own.
        let now = self.now.unwrap_or_else(|| self.clock.read());
        self.agents.as_mut().map(|agents| tell(&mut agents.pool, now))
    }

    /// An attempt has returned, and its agent's instance is free. The answer itself is another matter, and may have come too late.
    pub fn release_agent(&mut self, instance: InstanceNumber, slot: u32, task: u32) {
        self.pool(|pool, now| pool.release(now, instance, (slot, task)));
    }

    /// The attempt that answers is at work no more: whatever its answer leads to, nobody has been left. Who was at work.
    pub(super) fn returned(&mut self, slot: u32, settled: &Settled) -> Option<InstanceNumber> {
        let live = self.slots.get_live(slot).ok()?;
        let is_current = live.execution.tasks().get(settled.task).is_some_and(|record| record.attempts() == settled.attempt);
        if is_current { live.take(settled.task) } else { None }
    }

    /// What the pool is doing.
    pub fn pool_statistics(&self) -> Option<PoolStatistics> {
        self.agents.as_ref().map(|agents| agents.pool.statistics())
    }

    /// Admits those the pool has found an agent for, and passes on what else it wants done; whether there was anything.
    pub(super) fn let_in_waiting(&mut self) -> Result<bool, Error> {
        let mut any = false;
        while let Some(effect) = self.agents.as_mut().and_then(|agents| agents.pool.next_effect()) {
            any = true;
            self.attempts.handled();
            match effect {
                PoolEffect::Granted { slot, task, instance, admitted_by, lane, lacked } => {
                    self.attempts.let_in(InstanceIndex::new(task), lacked);
                    let by = admitted_by.filter(|(other, _)| *other == slot).map(|(_, task)| task).or(lane);
                    if !self.admit_waiting(slot, task, by, instance)? {
                        self.pool(|pool, now| pool.decline(now, instance));
                    }
                }
                // The attempt begins, and the host, which knows why there is no agent, lets it fail.
                PoolEffect::Refused { slot, task, instance } => {
                    self.attempts.let_in(InstanceIndex::new(task), Lack::Instance);
                    self.admit_waiting(slot, task, None, instance)?;
                }
                other @ (PoolEffect::Create { .. }
                | PoolEffect::Dispose { .. }
                | PoolEffect::Check { .. }
                | PoolEffect::Unhealthy { .. }
                | PoolEffect::Recovered { .. }
                | PoolEffect::ScaledUp { .. }
                | PoolEffect::ScaledDown { .. }
                | PoolEffect::Reclaimed { .. }) => {
                    let at = self.now.unwrap_or_else(|| self.clock.read());
                    self.outbox.ready(effect::of_pool(at, &other));
                }
            }
        }
        Ok(any)
    }

    /// Whether the attempt has begun.
    fn admit_waiting(&mut self, slot: u32, task: u32, by: Option<u32>, instance: InstanceNumber) -> Result<bool, Error> {
        let task = InstanceIndex::new(task);
        let Ok(live) = self.slots.get_live(slot) else { return Ok(false) };
        live.give(task, instance);
        self.input(slot, Input::Admit { task, admitted_by: by.map(InstanceIndex::new) })?;
        let live = self.slots.get_live(slot)?;
        let began = live.execution.tasks().get(task).is_some_and(engine::TaskRecord::is_running);
        if !began {
            live.take(task);
        }
        Ok(began)
    }
}

impl Agents {
    /// Who may run the tasks of a plan.
    pub(super) fn targets_of(&mut self, plan: &Arc<Plan>) -> Targets {
        let address = Arc::as_ptr(plan) as usize;
        if let Some((_, known)) = self.targets.get(&address) {
            return Arc::clone(known);
        }
        if self.targets.len() >= PLANS_MAX {
            self.targets.clear();
        }
        let targets: Targets = plan.tasks.iter().map(|(_, planned)| target_of(&mut self.pool, planned)).collect();
        self.targets.insert(address, (Arc::downgrade(plan), Arc::clone(&targets)));
        targets
    }

    /// Answers whoever asks in a step, at once where there is an agent: the attempts that begin join the step.
    pub(super) fn let_in(&mut self, now: Timestamp, slot: u32, live: &mut Live, step: &mut Step) {
        let mut place = 0;
        while let Some(command) = step.commands.get(place) {
            place += 1;
            match *command {
                Command::Ask { task, after } => self.ask(now, slot, live, task, after, step),
                Command::Withdraw { task } => self.pool.withdraw(now, slot, task.get()),
                Command::Run { .. } | Command::Abort { .. } | Command::Judge { .. } | Command::Review { .. } | Command::LookUp { .. } => {}
            }
        }
    }

    fn ask(&mut self, now: Timestamp, slot: u32, live: &mut Live, task: InstanceIndex, after: Option<InstanceIndex>, step: &mut Step) {
        let admit = Input::Admit { task, admitted_by: after };
        let Some(target) = self.target(live, task) else {
            // Nobody is registered: the attempt begins, and the host says so.
            return live.execution.handle(live.at(now), admit, step);
        };
        let planned = live.execution.planned(task);
        let request = Request {
            target,
            slot,
            task: task.get(),
            priority: live.priority.saturating_add(planned.priority),
            urgent: planned.cleanup || live.execution.is_compensation(task),
            affinity: live.execution.affinity(task),
            ready: now,
            lane: after.map(InstanceIndex::get),
        };
        let Some(instance) = self.pool.request(now, request) else { return };
        live.execution.handle(live.at(now), admit, step);
        if live.execution.tasks().get(task).is_some_and(engine::TaskRecord::is_running) {
            live.give(task, instance);
        } else {
            self.pool.decline(now, instance);
        }
    }

    fn target(&mut self, live: &Live, task: InstanceIndex) -> Option<TargetIndex> {
        live.execution.tasks().get(task)?;
        let index = live.execution.called(task);
        let known = live.targets.as_ref().and_then(|targets| targets.get(index.get() as usize).copied().flatten());
        // Tasks added at run time are not in the plan, and somebody may have been registered since.
        let planned = live.execution.calling(task);
        known.or_else(|| target_of(&mut self.pool, planned)).or_else(|| self.stand_in_target(planned))
    }

    /// Who makes the outputs of a task, as far as its definition does not say that: the configuration of a built-in agent, or the type that stands in.
    pub(super) fn maker(&mut self, planned: &engine::PlannedTask) -> Option<Arc<str>> {
        let TaskKind::Agent { agent_id } = &planned.kind else { return None };
        if let Some(print) = self.configurations.get(agent_id) {
            return Some(Arc::clone(print));
        }
        let stand_in = self.stand_ins.get(agent_id).filter(|_| planned.requires.is_empty()).cloned()?;
        target_of(&mut self.pool, planned).is_none().then_some(stand_in)
    }

    /// Asked anew each time, since whoever is named may be registered later. What is required, nobody stands in for.
    fn stand_in_target(&mut self, planned: &engine::PlannedTask) -> Option<TargetIndex> {
        let TaskKind::Agent { agent_id } = &planned.kind else { return None };
        let type_name = self.stand_ins.get(agent_id).filter(|_| planned.requires.is_empty())?;
        self.pool.target(type_name, &[])
    }

    /// An attempt whose end was recorded without an answer has left an agent at work. One that was `admitted` just now and ended at once, for want
    /// of a budget, has begun nothing.
    pub(super) fn look_for_leaks(&mut self, now: Timestamp, slot: u32, live: &mut Live, admitted: Option<InstanceIndex>, events: &[Event]) {
        for event in events {
            if let Event::TaskFailed { task, .. }
            | Event::TaskCancelled { task, .. }
            | Event::RetryScheduled { task, .. }
            | Event::FallbackTaken { task, .. } = event
                && admitted != Some(*task)
                && let Some(instance) = live.take(*task)
            {
                self.pool.leak(now, instance, (slot, task.get()));
            }
        }
    }
}

fn target_of(pool: &mut Pool, planned: &engine::PlannedTask) -> Option<TargetIndex> {
    let TaskKind::Agent { agent_id } = &planned.kind else { return None };
    pool.target(agent_id, &planned.requires)
}

impl Live {
    /// The instance that is at work for a task's attempt.
    pub(super) fn give(&mut self, task: InstanceIndex, instance: InstanceNumber) {
        let place = task.get() as usize;
        if self.instances.len() <= place {
            self.instances.resize(self.execution.tasks().len().max(place + 1), None);
        }
        if let Some(own) = self.instances.get_mut(place) {
            *own = Some(instance);
        }
    }

    /// The attempt that a command wants run.
    pub(super) fn run(&self, slot: u32, at: Timestamp, number: Number, command: &Command) -> Option<Effect> {
        let Command::Run { task, attempt } = *command else { return None };
        let interruptions = self.execution.tasks().get(task).map_or(0, |record| record.interruptions);
        Some(effect::run(slot, at, number, task, attempt, interruptions.into(), self.instance(task)))
    }

    fn instance(&self, task: InstanceIndex) -> Option<InstanceNumber> {
        self.instances.get(task.get() as usize).copied().flatten()
    }

    pub(super) fn take(&mut self, task: InstanceIndex) -> Option<InstanceNumber> {
        self.instances.get_mut(task.get() as usize)?.take()
    }
}
