// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The driver's side of a namespace.

use crate::archive::RedisArchive;
use crate::arrivals::Arrivals;
use crate::keys::Namespace;
use crate::lines::Lines;
use crate::mail::Note;
use crate::mailbox::{Mailbox, WAIT_MAX};
use crate::member::{Member, name_node};
use crate::membership::Membership;
use crate::names::Names;
use crate::options::Acknowledge;
use crate::others::{Others, Watched};
use crate::packing::Packing;
use crate::parts::Parts;
use crate::post::Post;
use crate::reading::{Reading, Waits};
use crate::room::{Bound, Room};
use crate::servers::Servers;
use crate::writer::{Beginning, Message};
use redis::RedisError;
use runtime::store::{
    Alert, Answering, Archive, Arrival, Backend, Batch, BatchNumber, CommitError, Damaged, Left, OpenError, Partition, Question,
    QuestionNumber, ReadError, ReadSchedules, StoredExecution,
};
use runtime::{Clock, Wake};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// How long who holds the leases waits for a server: two such times and a beat are less than an owner is certain for.
const LINES_MAX: Duration = Duration::from_secs(2);

/// New executions of one partition in a row: they share its calls, and the next ones are elsewhere.
const TOGETHER: u32 = 32;

/// How a namespace is opened.
pub struct Opening<'a> {
    /// Where the server is, or the servers of a Cluster.
    pub servers: Servers,
    /// What is opened there.
    pub namespace: Namespace,
    /// How long the server may be away before nobody waits for it.
    pub patience: Duration,
    /// When a commit is acknowledged.
    pub acknowledge: Acknowledge,
    /// Bytes that what has ended may take; `None`: as many as the server has room for.
    pub ended: Option<u64>,
    /// What people must know of the server.
    pub alerts: Vec<Alert>,
    /// Where the tasks run that wait for it.
    pub handle: &'a tokio::runtime::Handle,
}

/// Commits to the partitions that this process has.
pub struct RedisBackend {
    namespace: Namespace,
    names: Names,
    parts: Parts,
    drawn: Cell<u32>,
    messages: UnboundedSender<Message>,
    notes: UnboundedSender<Note>,
    arrivals: Arrivals,
    answering: Answering,
    /// For those that callers read with.
    archive: RedisArchive,
    /// Whether questions that are not answered yet are given up.
    is_closing: Arc<AtomicBool>,
}

/// What other processes have left in the partitions of this one.
pub struct LeftHere {
    archive: RedisArchive,
    partitions: Vec<Partition>,
    parts: Parts,
    /// How many have not ended, of each partition.
    unended: RefCell<FxHashMap<Partition, usize>>,
}

impl RedisBackend {
    /// Joins the processes that have the namespace. What a process has left that has died is here when this returns, which takes as long as its leases; the
    /// thread waits meanwhile.
    pub fn open(opening: Opening<'_>, clock: &Clock, wake: Wake) -> Result<(Self, LeftHere), OpenError> {
        let Opening { servers, namespace, patience, acknowledge, ended, alerts, handle } = opening;
        let away = |error: RedisError| OpenError::Unreachable { message: error.to_string() };
        let member = Member { namespace: namespace.clone(), node: name_node() };
        let mut lines = Lines::of(servers.clone(), LINES_MAX);
        let (held, certain) = handle.block_on(member.join(&mut lines, patience)).map_err(away)?;
        let (names, is_closing) = (Names::default(), Arc::<AtomicBool>::default());
        let (arrivals, parts, bound) = (Arrivals::waking(Arc::clone(&wake)), Parts::default(), Bound::of(ended));
        let archive_that = |waits| {
            let reading = Reading::of(servers.clone(), handle, waits);
            RedisArchive::of(namespace.clone(), names.clone(), reading, parts.clone(), bound.clone())
        };
        let archive = || archive_that(Waits::ForCaller);
        for held in &held {
            parts.take(held.partition);
        }
        let partitions = held.iter().map(|held| held.partition).collect();
        let left = LeftHere { archive: archive(), partitions, parts: parts.clone(), unended: RefCell::default() };
        arrivals.tell(alerts.into_iter().map(Arrival::Alert));
        let answering = Answering::from(Box::new(archive_that(Waits::Until(Arc::clone(&is_closing)))), wake);
        let (messages, heard) = unbounded_channel();
        let (packing, told) = unbounded_channel();
        handle.spawn(Room::over(servers.clone(), bound.clone(), arrivals.clone(), messages.downgrade()).run());
        handle.spawn(Packing::over(servers.clone(), namespace.clone(), told).run());
        let membership = Membership {
            member: member.clone(),
            lines,
            parts: parts.clone(),
            held: held.clone(),
            unread: Vec::new(),
            arrivals: arrivals.clone(),
            newer: None,
            archive: Some(archive()),
            told: messages.downgrade(),
        };
        let (notes, to_post) = unbounded_channel();
        let watched = Watched::default();
        let post = Post {
            member: member.clone(),
            parts: parts.clone(),
            arrivals: arrivals.clone(),
            watched: watched.clone(),
            patience,
            notes: to_post,
        };
        handle.spawn(post.run(Lines::of(servers.clone(), LINES_MAX), archive()));
        handle.spawn(Mailbox { member: member.clone(), told: notes.downgrade() }.run(Lines::of(servers.clone(), WAIT_MAX)));
        let (archive, clock, beside) = (archive(), clock.share(), arrivals.clone());
        let beginning = Beginning {
            member,
            servers,
            names: names.clone(),
            clock,
            arrivals: beside,
            parts: parts.clone(),
            held,
            certain,
            patience,
            acknowledge,
            packing,
            others: Others { notes: notes.clone(), watched },
        };
        beginning.start(heard, handle);
        handle.spawn(membership.run());
        Ok((Self { namespace, names, parts, drawn: Cell::new(0), messages, notes, arrivals, answering, archive, is_closing }, left))
    }

    fn say(&self, message: Message) {
        if self.messages.send(message).is_err() {
            self.arrivals.tell([Arrival::Failed(Arc::new(CommitError::WriterGone))]);
        }
    }
}

impl Backend for RedisBackend {
    fn partition(&self, id: &str) -> Partition {
        self.namespace.partition(id)
    }

    fn name(&self, drawn: String) -> String {
        let number = self.drawn.get();
        self.drawn.set(number.wrapping_add(1));
        match self.parts.draw((number / TOGETHER) as usize) {
            Some(partition) => self.namespace.id_in(&drawn, partition),
            // Where its hash says, as good as any: none is ours for now.
            None => drawn,
        }
    }

    fn drives(&self, partition: Partition) -> bool {
        self.parts.drives(partition)
    }

    fn send(&mut self, number: u32, id: &str, text: &str) {
        // The task ends with this backend.
        let _ = self.notes.send(Note::Send(number, self.namespace.partition(id), text.to_owned()));
    }

    fn follow(&mut self, id: &str, follows: bool) {
        let _ = self.notes.send(Note::Follow(id.into(), follows));
    }

    fn submit(&mut self, number: BatchNumber, batch: Batch) {
        self.say(Message::Submitted(number, batch));
    }

    fn arrivals(&mut self, into: &mut Vec<Arrival>) {
        self.arrivals.take(into);
        self.answering.arrivals(into);
    }

    fn ask(&mut self, number: QuestionNumber, question: Question) {
        self.answering.ask(number, question);
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        self.archive.another()
    }

    fn forget(&mut self, id: &str) {
        self.names.pass(id);
    }

    fn close(&mut self) -> Result<(), Arc<CommitError>> {
        let (closed, answer) = mpsc::sync_channel(1);
        self.say(Message::Close(closed));
        self.is_closing.store(true, Ordering::Relaxed);
        let answer = answer.recv().unwrap_or(Err(Arc::new(CommitError::WriterGone)));
        self.answering.close();
        answer
    }
}

impl Drop for RedisBackend {
    fn drop(&mut self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }
}

impl Left for LeftHere {
    fn unended(&self, each: &mut dyn FnMut(Result<StoredExecution, Damaged>)) -> Result<i64, ReadError> {
        let mut unended = self.unended.borrow_mut();
        self.archive.take_up(&self.partitions, &mut |found| {
            let id = found.as_ref().map_or_else(|damaged| &damaged.id, |stored| &stored.id);
            *unended.entry(self.archive.partition(id)).or_default() += 1;
            each(found);
        })?;
        // What is taken up has numbers of its own.
        Ok(1)
    }

    fn schedules(&self) -> Result<ReadSchedules, ReadError> {
        let schedules = self.archive.schedules(&self.partitions)?;
        let mut live = self.unended.take();
        for (id, _) in &schedules {
            *live.entry(self.archive.partition(id)).or_default() += 1;
        }
        for partition in &self.partitions {
            self.parts.found(*partition, live.get(partition).copied().unwrap_or_default());
        }
        Ok(schedules)
    }

    fn is_shared(&self) -> bool {
        true
    }
}
