// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who may run a task, found once for each way to ask.

use super::affinity::Affinity;
use super::agents::{Agent, Type};
use super::indices::Table;
use super::line::Line;
use super::waiting::Waiting;
use super::{AgentIndex, TargetIndex, TypeIndex};
use rustc_hash::FxHashMap;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Target {
    pub(super) agents: Vec<AgentIndex>,
    pub(super) queue: Line<Waiting>,
    pub(super) affinity: Affinity,
}

/// The ways in which it was asked.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// By the name of an agent or type, or the empty one, and then by what is required.
    known: FxHashMap<Arc<str>, Ways>,
    /// Those that agents which come later may serve as well.
    growing: Vec<(TargetIndex, Filter)>,
    ids: FxHashMap<Arc<str>, AgentIndex>,
    names: FxHashMap<Arc<str>, TypeIndex>,
}

type Ways = FxHashMap<Box<[Arc<str>]>, TargetIndex>;

/// Registered agents of a type, or of any, that have every capability.
#[derive(Debug)]
struct Filter {
    of: Option<TypeIndex>,
    requires: Box<[Arc<str>]>,
}

impl Filter {
    fn takes(&self, agent: &Agent) -> bool {
        !agent.anonymous && self.of.is_none_or(|of| of == agent.of) && able(agent, &self.requires)
    }
}

fn able(agent: &Agent, requires: &[Arc<str>]) -> bool {
    requires.iter().all(|capability| agent.capabilities.contains(capability))
}

impl Targets {
    pub(super) fn add_type(&mut self, name: Arc<str>, of: TypeIndex) {
        self.names.entry(name).or_insert(of);
    }

    pub(super) fn add_agent(&mut self, table: &mut Table<TargetIndex, Target>, agents: &mut Table<AgentIndex, Agent>, index: AgentIndex) {
        let agent = &mut agents[index];
        // Whoever was meant by this name until now, its type, is not any more.
        self.known.remove(&agent.id);
        self.ids.entry(Arc::clone(&agent.id)).or_insert(index);
        for (target, filter) in &self.growing {
            if filter.takes(agent) {
                agent.targets.push(*target);
                table[*target].agents.push(index);
            }
        }
    }

    pub(super) fn known(&self, id: &str, requires: &[Arc<str>]) -> Option<TargetIndex> {
        self.known.get(id)?.get(requires).copied()
    }

    pub(super) fn find(
        &mut self,
        table: &mut Table<TargetIndex, Target>,
        agents: &mut Table<AgentIndex, Agent>,
        types: &Table<TypeIndex, Type>,
        id: &str,
        requires: &[Arc<str>],
    ) -> Option<TargetIndex> {
        let mut sorted = requires.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let target = if let Some(target) = self.known(id, &sorted) {
            target
        } else {
            let (able, filter) = self.who(agents, types, id, &sorted)?;
            let target = table.push(Target { agents: able, queue: Line::default(), affinity: Affinity::default() });
            for agent in table[target].agents.iter().copied() {
                agents[agent].targets.push(target);
            }
            self.growing.extend(filter.map(|filter| (target, filter)));
            target
        };
        // Any other order and repetition is another way to ask for the same.
        let ways = self.known.entry(id.into()).or_default();
        ways.insert(requires.into(), target);
        ways.insert(sorted.into(), target);
        Some(target)
    }

    fn who(
        &self,
        agents: &Table<AgentIndex, Agent>,
        types: &Table<TypeIndex, Type>,
        id: &str,
        requires: &[Arc<str>],
    ) -> Option<(Vec<AgentIndex>, Option<Filter>)> {
        if let Some(agent) = self.ids.get(id) {
            return able(&agents[*agent], requires).then(|| (vec![*agent], None));
        }
        let of = self.names.get(id).copied();
        if let (Some(of), true) = (of, requires.is_empty()) {
            return Some((types[of].agents.first().copied().into_iter().collect(), None));
        }
        if of.is_none() && !id.is_empty() {
            return None;
        }
        let filter = Filter { of, requires: requires.into() };
        let among: Vec<AgentIndex> = of.map_or_else(|| agents.indices().collect(), |of| types[of].agents.clone());
        let able: Vec<AgentIndex> = among.into_iter().filter(|agent| filter.takes(&agents[*agent])).collect();
        (!able.is_empty()).then_some((able, Some(filter)))
    }
}
