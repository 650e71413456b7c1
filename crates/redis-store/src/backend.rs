// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The driver's side of a namespace.

use crate::archive::RedisArchive;
use crate::keys::Namespace;
use crate::lease::{self, Held};
use crate::names::Names;
use crate::reading::Reading;
use crate::writer::{self, Arrivals, Beginning, Message};
use redis::{Client, RedisError};
use runtime::store::{
    Alert, Answering, Archive, Arrival, Backend, Batch, BatchNumber, CommitError, Damaged, Left, OpenError, Partition, Question,
    QuestionNumber, ReadError, ReadSchedules, StoredExecution,
};
use runtime::{Clock, Wake};
use std::cell::Cell;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// New executions of one partition in a row: they share its calls, and the next ones are elsewhere.
const TOGETHER: u32 = 32;

/// How a namespace is opened.
pub struct Opening<'a> {
    /// Where the server is.
    pub client: Client,
    /// What is opened there.
    pub namespace: Namespace,
    /// How long the server may be away before nobody waits for it.
    pub patience: Duration,
    /// What people must know of the server.
    pub alerts: Vec<Alert>,
    /// Where the tasks run that wait for it.
    pub handle: &'a tokio::runtime::Handle,
}

/// Commits to the partitions that this process has.
pub struct RedisBackend {
    namespace: Namespace,
    names: Names,
    held: Vec<Partition>,
    drawn: Cell<u32>,
    messages: UnboundedSender<Message>,
    arrivals: Arrivals,
    answering: Answering,
}

/// What other processes have left in the partitions of this one.
pub struct LeftHere {
    archive: RedisArchive,
    partitions: Vec<Partition>,
}

impl RedisBackend {
    /// Takes the partitions that are free, and waits for those of a process that has died, as long as a lease is. The thread waits meanwhile.
    pub fn open(opening: Opening<'_>, clock: &Clock, wake: Wake) -> Result<(Self, LeftHere), OpenError> {
        let Opening { client, namespace, patience, alerts, handle } = opening;
        let away = |error: RedisError| OpenError::Unreachable { message: error.to_string() };
        let node = uuid::Uuid::new_v4().simple().to_string();
        let mut connection = client.get_connection_with_timeout(patience).map_err(away)?;
        let (held, certain) = lease::acquire_free(&mut connection, &namespace, &node).map_err(away)?;
        let names = Names::default();
        let archive = || RedisArchive::of(namespace.clone(), names.clone(), Reading::of(client.clone()));
        let arrivals = Arrivals::waking(Arc::clone(&wake));
        arrivals.tell(alerts.into_iter().map(Arrival::Alert));
        let partitions: Vec<Partition> = held.iter().map(|held: &Held| held.partition).collect();
        let left = LeftHere { archive: archive(), partitions: partitions.clone() };
        let answering = Answering::from(Box::new(archive()), wake);
        let beginning = Beginning {
            client: client.clone(),
            namespace: namespace.clone(),
            node,
            names: names.clone(),
            clock: clock.share(),
            arrivals: arrivals.clone(),
            held,
            certain,
            patience,
        };
        let messages = writer::start(beginning, handle);
        Ok((Self { namespace, names, held: partitions, drawn: Cell::new(0), messages, arrivals, answering }, left))
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
        let place = (number / TOGETHER) as usize % self.held.len().max(1);
        self.held.get(place).map_or(drawn.clone(), |partition| self.namespace.id_in(&drawn, *partition))
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
        self.answering.archive().another()
    }

    fn forget(&mut self, id: &str) {
        self.names.pass(id);
    }

    fn close(&mut self) -> Result<(), Arc<CommitError>> {
        let (closed, answer) = mpsc::sync_channel(1);
        self.say(Message::Close(closed));
        let answer = answer.recv().unwrap_or(Err(Arc::new(CommitError::WriterGone)));
        self.answering.close();
        answer
    }
}

impl Left for LeftHere {
    fn unended(&self, each: &mut dyn FnMut(Result<StoredExecution, Damaged>)) -> Result<i64, ReadError> {
        self.archive.take_up(&self.partitions, each)
    }

    fn schedules(&self) -> Result<ReadSchedules, ReadError> {
        self.archive.schedules(&self.partitions)
    }
}
