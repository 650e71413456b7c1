// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the task that commits tells other processes: there is a reply, there is a letter, more is on record of what they want to hear of. They say that they do
//! again and again: one that does not is forgotten.

use crate::lease::Since;
use crate::mail::{Mail, Note, node_of};
use runtime::store::Partition;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long it holds that one wants to hear of something.
const WANTED: Duration = Duration::from_secs(5);

/// How many executions are known at the most: followers of others look once a second.
const WATCHED_MAX: usize = 100_000;

/// Tells other processes, by the task that speaks with them.
pub(crate) struct Others {
    pub(crate) notes: UnboundedSender<Note>,
    pub(crate) watched: Watched,
}

impl Others {
    /// Whether any execution is watched.
    pub(crate) fn watches(&self) -> bool {
        self.watched.is_any()
    }

    /// What others wait for is on record: replies to these calls, more of these executions, and whether they have ended.
    pub(crate) fn tell(&self, replied: &[Arc<str>], moved: Vec<(Arc<str>, bool)>) {
        let mut mail: Vec<_> = replied.iter().map(|call| (node_of(call).to_owned(), Mail::Reply(call.to_string()))).collect();
        for (id, is_over) in moved {
            let news = if is_over { Mail::Over } else { Mail::Moved };
            mail.extend(self.watched.of(&id).into_iter().map(|node| (node, news(Arc::clone(&id)))));
        }
        if !mail.is_empty() {
            self.send(mail);
        }
    }

    /// There is a letter for the node that drives a partition.
    pub(crate) fn tell_letter(&self, node: String, partition: Partition) {
        if !node.is_empty() {
            self.send(vec![(node, Mail::Letter(partition))]);
        }
    }

    fn send(&self, mail: Vec<(String, Mail)>) {
        // The task ends after the one that commits.
        let _ = self.notes.send(Note::Tell(mail));
    }
}

/// Which nodes want to hear of which executions.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<State>);

/// Nodes, and since when.
type Nodes = Vec<(String, Since)>;

#[derive(Default)]
struct State {
    any: AtomicBool,
    nodes: Mutex<FxHashMap<Arc<str>, Nodes>>,
}

impl Watched {
    /// A node wants to hear of an execution.
    pub(crate) fn watch(&self, node: String, id: Arc<str>) {
        let mut nodes = self.nodes();
        if nodes.len() < WATCHED_MAX || nodes.contains_key(&id) {
            let of = nodes.entry(id).or_default();
            of.retain(|(known, _)| *known != node);
            of.push((node, Since::here()));
            self.0.any.store(true, Ordering::Relaxed);
        }
    }

    /// Forgets who has not said it for a while.
    pub(crate) fn forget(&self) {
        let mut nodes = self.nodes();
        nodes.retain(|_, of| {
            of.retain(|(_, since)| !since.has_passed(WANTED));
            !of.is_empty()
        });
        self.0.any.store(!nodes.is_empty(), Ordering::Relaxed);
    }

    /// Whether there is any: a glance, for it is asked with every commit.
    pub(crate) fn is_any(&self) -> bool {
        self.0.any.load(Ordering::Relaxed)
    }

    /// Which nodes want to hear of it.
    pub(crate) fn of(&self, id: &str) -> Vec<String> {
        self.nodes().get(id).into_iter().flatten().map(|(node, _)| node.clone()).collect()
    }

    fn nodes(&self) -> MutexGuard<'_, FxHashMap<Arc<str>, Nodes>> {
        // Each change is whole.
        self.0.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
