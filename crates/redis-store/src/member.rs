// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One process among others: it shows that it lives, sees who else does, and knows which partitions are for whom.
//!
//! A partition is for the node that scores highest with it: when a node comes or goes, only what was or will be its own moves. Of nodes of several versions
//! those that write the latest form get what is free: the others could not read what these have written.

use crate::keys::Namespace;
use crate::lease::{Answer, BEAT, Certain, FORMAT, Held, LEASE, Since};
use crate::lines::Lines;
use redis::{Cmd, Pipeline, RedisError};
use runtime::store::Partition;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::time::Duration;

const BEAT_SCRIPT: &str = include_str!("scripts/beat.lua");

/// How long one who joins waits at each look.
const LOOK: Duration = Duration::from_millis(50);

/// Nodes that live, each with until when.
pub(crate) type Nodes = BTreeMap<String, u64>;

/// Where a process stands among others.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) namespace: Namespace,
    pub(crate) node: String,
}

impl Member {
    /// Shows that this process lives; who does is the answer.
    pub(crate) fn beat(&self) -> Cmd {
        let mut command = redis::cmd("EVAL");
        let time = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
        command.arg(BEAT_SCRIPT).arg(1).arg(self.namespace.nodes()).arg(&self.node).arg(time);
        command
    }

    /// The key of what it writes to hear of the replicas that a partition has.
    pub(crate) fn echo(&self, partition: Partition) -> String {
        self.namespace.echo(partition, &self.node)
    }

    /// Is no node any more.
    pub(crate) fn leave(&self) -> Cmd {
        let mut command = redis::cmd("ZREM");
        command.arg(self.namespace.nodes()).arg(&self.node);
        command
    }

    /// Whether a partition is for this process, of those that live.
    pub(crate) fn is_for_us<'n>(&self, partition: Partition, nodes: impl Iterator<Item = &'n String> + Clone) -> bool {
        let newest = nodes.clone().map(|node| format_of(node)).max();
        if newest > Some(format_of(&self.node)) {
            return false;
        }
        let nodes = nodes.filter(|node| Some(format_of(node)) == newest);
        let score = |node: &str| (stdx::hash64(format!("{node} {}", partition.get()).as_bytes()), node.to_owned());
        let own = score(&self.node);
        nodes.filter(|node| **node != self.node).all(|node| score(node) < own)
    }

    /// Joins the others. Of a process that does not show that it lives it waits until its leases are over, so that what it drove is here when this returns;
    /// and until there is a partition for it, as long as a lease is.
    pub(crate) async fn join(&self, lines: &mut Lines, patience: Duration) -> Result<(Vec<Held>, Certain), RedisError> {
        let mut first: FxHashMap<String, u64> = FxHashMap::default();
        let mut alive: FxHashSet<String> = FxHashSet::default();
        let (mut held, begun): (Vec<Held>, _) = (Vec::new(), Since::here());
        loop {
            let nodes = match lines.ask_one::<Vec<String>>(self.beat()).await {
                Ok(nodes) => nodes_of(&nodes),
                Err(error) if begun.has_passed(patience) => return Err(error),
                Err(_) => {
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
            };
            for (node, until) in nodes.iter().filter(|(node, _)| **node != self.node) {
                if *first.entry(node.clone()).or_insert(*until) < *until {
                    alive.insert(node.clone());
                }
            }
            let are_known = nodes.keys().all(|node| *node == self.node || alive.contains(node));
            let certain = Certain::from_here();
            let mut wanted: Vec<Held> =
                self.namespace.partitions().filter(|one| self.is_for_us(*one, nodes.keys())).map(Held::draw).collect();
            wanted.retain(|one| held.iter().all(|held| held.partition != one.partition));
            let mut question = Pipeline::new();
            for one in held.iter().chain(&wanted) {
                question.add_command(one.acquire(&self.namespace, &self.node));
            }
            let answers = lines.ask(&question).await.into_iter().skip(held.len());
            let mut waits = !are_known;
            for (one, answer) in wanted.into_iter().zip(answers) {
                match answer.and_then(Answer::of) {
                    Ok(Answer::Held) => held.push(one),
                    Ok(Answer::Taken(node)) => waits |= !alive.contains(&node),
                    Ok(Answer::Newer(_)) => {}
                    Err(_) => waits = true,
                }
            }
            if (!waits && !held.is_empty()) || begun.has_passed(LEASE + BEAT) {
                return Ok((held, certain));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A name for this process, with the form that it writes.
pub(crate) fn name_node() -> String {
    format!("{}.{FORMAT}", uuid::Uuid::new_v4().simple())
}

/// Which form a node writes.
fn format_of(node: &str) -> u32 {
    node.rsplit_once('.').and_then(|(_, format)| format.parse().ok()).unwrap_or_default()
}

/// Who lives, by the answer to a beat.
pub(crate) fn nodes_of(answer: &[String]) -> Nodes {
    let pair = |pair: &[String]| Some((pair.first()?.clone(), pair.get(1)?.parse().unwrap_or_default()));
    answer.chunks(2).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_write_the_latest_form_get_what_is_free() {
        let namespace = Namespace::new("ns", 64);
        let nodes = ["a.2", "b.3", "c.3", "of-before"].map(str::to_owned);
        let owned = |node: &str| {
            let member = Member { namespace: namespace.clone(), node: node.to_owned() };
            namespace.partitions().filter(|partition| member.is_for_us(*partition, nodes.iter())).count()
        };
        assert_eq!([owned("a.2"), owned("of-before"), owned("b.3") + owned("c.3")], [0, 0, 64]);
        assert!(owned("b.3") > 0 && owned("c.3") > 0);
    }

    #[test]
    fn partitions_spread_evenly_and_only_those_of_a_node_that_goes_move() {
        let namespace = Namespace::new("ns", 1024);
        let nodes: Vec<String> = (0..4).map(|number| format!("node-{number}")).collect();
        let owner = |partition: Partition, nodes: &[String]| {
            let is_for = |node: &&String| Member { namespace: namespace.clone(), node: (*node).clone() }.is_for_us(partition, nodes.iter());
            let owners: Vec<String> = nodes.iter().filter(is_for).cloned().collect();
            assert_eq!(owners.len(), 1, "one node has it");
            owners.into_iter().next()
        };
        let mut counts: FxHashMap<String, u32> = FxHashMap::default();
        for partition in namespace.partitions() {
            let before = owner(partition, &nodes);
            *counts.entry(before.clone().unwrap_or_default()).or_default() += 1;
            let after = owner(partition, nodes.get(..3).unwrap_or_default());
            assert!(before.as_deref() == Some("node-3") || before == after, "{partition:?} moved");
        }
        assert!(counts.len() == 4 && counts.values().all(|count| (180..340).contains(count)), "{counts:?}");
    }
}
