// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The edges of a workflow: written in `dependencies`, or implied by the order of declaration.
//!
//! `dependencies` given, even empty, is the whole truth about a task. Absent, a sequential task follows its nearest earlier sibling, or
//! all of a run of parallel siblings right before it; parallel siblings start together after the last sequential one:
//! `[A seq, B par, C par, D seq]` is A → {B, C} → D.

use super::problem::{ProblemKind, Problems};
use super::{Body, Kind, Task};
use crate::TaskIndex;
use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use stdx::nearest;

/// The same edges seen from both ends, each list in the order of declaration.
pub(super) struct Edges {
    pub(super) before: Vec<Vec<TaskIndex>>,
    pub(super) after: Vec<Vec<TaskIndex>>,
    /// Places in the list such that every task stands after what it depends on; empty if there is a cycle.
    pub(super) order: Vec<u32>,
}

/// The edges of one list, whose first task has the number `base`. `ids` are those of the whole workflow.
pub(super) fn resolve(tasks: &[Task], base: u32, ids: &FxHashMap<String, String>, problems: &mut Problems) -> Edges {
    let by_id: FxHashMap<&str, usize> = tasks.iter().enumerate().rev().map(|(at, task)| (task.id.as_str(), at)).collect();
    let implied = implied(tasks);
    warn_of_groups_beside(tasks, problems);
    let mut edges = Edges { before: vec![Vec::new(); tasks.len()], after: vec![Vec::new(); tasks.len()], order: Vec::new() };
    for (at, (task, implied)) in tasks.iter().zip(implied).enumerate() {
        let before = match &task.common.dependencies {
            None => implied,
            Some(written_ids) => written(task, written_ids, &by_id, ids, problems),
        };
        for earlier in &before {
            if let Some(after) = edges.after.get_mut(earlier.get() as usize) {
                after.push(index(at));
            }
        }
        if let Some(slot) = edges.before.get_mut(at) {
            *slot = before;
        }
    }
    edges.order = order(tasks, &edges, problems);
    for list in edges.before.iter_mut().chain(&mut edges.after) {
        for task in list {
            *task = TaskIndex::new(task.get() + base);
        }
    }
    edges
}

fn written(
    task: &Task,
    ids: &[String],
    by_id: &FxHashMap<&str, usize>,
    everywhere: &FxHashMap<String, String>,
    problems: &mut Problems,
) -> Vec<TaskIndex> {
    let mut before = Vec::with_capacity(ids.len());
    let mut seen = FxHashSet::default();
    for (place, id) in ids.iter().enumerate() {
        let kind = match by_id.get(id.as_str()) {
            _ if !seen.insert(id) => ProblemKind::DuplicateDependency { task: task.id.clone(), dependency: id.clone() },
            Some(at) => {
                before.push(index(*at));
                continue;
            }
            None if everywhere.contains_key(id) => ProblemKind::NotSibling { task: task.id.clone(), dependency: id.clone() },
            None => {
                let near = if problems.is_full() { None } else { nearest_id(id, by_id) };
                ProblemKind::UnknownDependency { task: task.id.clone(), missing: id.clone(), near }
            }
        };
        problems.push(format!("{}.dependencies[{place}]", task.path), kind);
    }
    before.sort_unstable();
    before
}

/// The most similar id; ties go to the first in the alphabet so that the message never changes. Large workflows get no guess.
fn nearest_id(id: &str, by_id: &FxHashMap<&str, usize>) -> Option<String> {
    const GUESS_TASKS_MAX: usize = 1000;
    if by_id.len() > GUESS_TASKS_MAX {
        return None;
    }
    let mut ids: Vec<_> = by_id.keys().copied().collect();
    ids.sort_unstable();
    nearest(id, ids.into_iter()).map(str::to_owned)
}

/// The predecessors each task would have by its place alone.
fn implied(tasks: &[Task]) -> Vec<Vec<TaskIndex>> {
    let mut last_sequential: Option<TaskIndex> = None;
    // The run of parallel siblings right before the current task.
    let mut run: Vec<TaskIndex> = Vec::new();
    let mut edges = Vec::with_capacity(tasks.len());
    for (at, task) in tasks.iter().enumerate() {
        let written = task.common.dependencies.is_some();
        let kind = task.kind.unwrap_or(if written { Kind::Parallel } else { Kind::Sequential });
        let before = match kind {
            // In a parallel group order means nothing.
            _ if task.beside => Vec::new(),
            Kind::Parallel => last_sequential.into_iter().collect(),
            Kind::Sequential | Kind::Conditional | Kind::Loop if run.is_empty() => last_sequential.into_iter().collect(),
            Kind::Sequential | Kind::Conditional | Kind::Loop => std::mem::take(&mut run),
        };
        match kind {
            Kind::Parallel => run.push(index(at)),
            Kind::Sequential | Kind::Conditional | Kind::Loop => last_sequential = Some(index(at)),
        }
        // A task with written dependencies ignores these; do not keep what nobody reads.
        edges.push(if written { Vec::new() } else { before });
    }
    edges
}

/// Two groups written one after the other look like two steps, and are one: what other engines run as a list of steps runs all at once here.
fn warn_of_groups_beside(tasks: &[Task], problems: &mut Problems) {
    let is_one = |task: &Task| {
        let is_group = task.kind == Some(Kind::Parallel) && matches!(task.body, Body::Group { .. });
        is_group && !task.beside && task.common.dependencies.is_none()
    };
    for (earlier, task) in tasks.iter().zip(tasks.iter().skip(1)) {
        if is_one(earlier) && is_one(task) {
            let kind = ProblemKind::GroupsBeside { task: task.id.clone(), earlier: earlier.id.clone() };
            problems.push(format!("{}.dependencies", task.path), kind);
        }
    }
}

/// An order that keeps to the edges, or the problem that there is none.
fn order(tasks: &[Task], edges: &Edges, problems: &mut Problems) -> Vec<u32> {
    let mut graph = DiGraph::<(), ()>::with_capacity(tasks.len(), 0);
    for _ in tasks {
        graph.add_node(());
    }
    for (at, before) in edges.before.iter().enumerate() {
        for earlier in before {
            graph.add_edge(NodeIndex::new(earlier.get() as usize), NodeIndex::new(at), ());
        }
    }
    let cycle = match toposort(&graph, None) {
        Ok(order) => return order.into_iter().map(|node| u32::try_from(node.index()).unwrap_or(u32::MAX)).collect(),
        Err(cycle) => cycle,
    };
    let mut path = shortest_cycle(&graph, cycle.node_id());
    // Implied edges point forward, so some edge of a cycle is written: begin at the first task that wrote one, where it can be removed.
    let wrote = |node: &NodeIndex| tasks.get(node.index()).is_some_and(|task| task.common.dependencies.is_some());
    if let Some((at, _)) = path.iter().enumerate().filter(|(_, node)| wrote(node)).min_by_key(|(_, node)| **node) {
        path.rotate_left(at);
    }
    let problem = ProblemKind::Cycle { cycle: describe(&path, tasks) };
    let place = path.first().and_then(|node| tasks.get(node.index())).map_or("tasks", |task| &task.path);
    problems.push(format!("{place}.dependencies"), problem);
    Vec::new()
}

/// The ids along a cycle and back to its first. An edge from the order of declaration, which nobody wrote, is marked.
fn describe(path: &[NodeIndex], tasks: &[Task]) -> String {
    const SHOWN_MAX: usize = 20;
    let on_path = || path.iter().filter_map(|node| tasks.get(node.index()));
    let mut text = on_path().next().map(|task| task.id.clone()).unwrap_or_default();
    for task in on_path().skip(1).take(SHOWN_MAX) {
        text.push_str(arrow(task));
        text.push_str(&task.id);
    }
    let hidden = path.len().saturating_sub(SHOWN_MAX + 1);
    if hidden > 0 {
        text.push_str(" → … (");
        text.push_str(&hidden.to_string());
        text.push_str(" more)");
    }
    if let Some(first) = on_path().next() {
        text.push_str(arrow(first));
        text.push_str(&first.id);
    }
    text
}

/// The edge into a task.
fn arrow(into: &Task) -> &'static str {
    if into.common.dependencies.is_some() { " → " } else { " → (by order) " }
}

/// A shortest way from `start` back to it, in the direction work flows.
fn shortest_cycle(graph: &DiGraph<(), ()>, start: NodeIndex) -> Vec<NodeIndex> {
    let mut came_from: FxHashMap<NodeIndex, NodeIndex> = FxHashMap::default();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.edges(node).map(|edge| edge.target()) {
            if next == start {
                let mut path = vec![node];
                let mut at = node;
                while let Some(earlier) = came_from.get(&at).filter(|_| at != start) {
                    at = *earlier;
                    path.push(at);
                }
                path.reverse();
                return path;
            }
            came_from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                node
            });
        }
    }
    vec![start]
}

fn index(at: usize) -> TaskIndex {
    // `workflow.maxTasks` is far below u32::MAX.
    TaskIndex::new(u32::try_from(at).unwrap_or(u32::MAX))
}
