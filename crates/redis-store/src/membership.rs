// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which processes there are, and which of them has which partition.
//!
//! ```text
//! each second    beat ─▶ the nodes that live ─▶ for each partition the one of them that it is for
//!                  for us, and free ─▶ acquired, read ─▶ Arrival::Taken: the driver goes on with what is there
//!                  ours, for another, and nothing lives there ─▶ released
//! each third     renew what we have
//! ```
//! What runs is not moved to a process that joins: an attempt that is paid for is not repeated for that.

use crate::archive::RedisArchive;
use crate::lease::{Answer, BEAT, Certain, Held, RENEWED_EVERY, Since};
use crate::member::{Member, nodes_of};
use crate::parts::Parts;
use crate::writer::{Message, connect};
use redis::aio::MultiplexedConnection;
use redis::{Client, Pipeline, RedisError, Value};
use runtime::store::{Partition, Taken};
use tokio::sync::mpsc::WeakUnboundedSender;

/// The task of one process.
pub(crate) struct Membership {
    pub(crate) member: Member,
    pub(crate) client: Client,
    pub(crate) parts: Parts,
    pub(crate) held: Vec<Held>,
    /// Those that are ours, and not read yet.
    pub(crate) unread: Vec<Held>,
    pub(crate) archive: Option<RedisArchive>,
    pub(crate) told: WeakUnboundedSender<Message>,
}

impl Membership {
    pub(crate) async fn run(mut self) {
        let (mut connection, mut renewed) = (None, Since::here());
        loop {
            tokio::time::sleep(BEAT).await;
            // The backend is gone.
            if self.told.upgrade().is_none() {
                return;
            }
            if self.turn(&mut connection, &mut renewed).await.is_err() {
                connection = None;
            }
        }
    }

    async fn turn(&mut self, connection: &mut Option<MultiplexedConnection>, renewed: &mut Since) -> Result<(), RedisError> {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(connect(&self.client).await?),
        };
        let lost = self.parts.lost();
        self.held.retain(|held| !lost.contains(&held.partition));
        self.held.extend(self.parts.returned());
        let nodes = nodes_of(&self.member.beat().query_async::<Vec<String>>(connection).await?);
        if renewed.has_passed(RENEWED_EVERY) {
            let here = Since::here();
            self.renew(connection).await?;
            *renewed = here;
        }
        let is_ours = |partition: Partition| self.member.is_for_us(partition, nodes.keys());
        let leaving = self.parts.leave(|partition| !is_ours(partition));
        let released: Vec<Held> = self.held.extract_if(.., |held| leaving.contains(&held.partition)).collect();
        for one in released {
            self.tell(Message::Release(one));
        }
        let has = |partition: Partition| self.held.iter().chain(&self.unread).any(|held| held.partition == partition);
        let wanted: Vec<Held> = self.member.namespace.partitions().filter(|one| is_ours(*one) && !has(*one)).map(Held::draw).collect();
        let got = self.acquire(connection, wanted).await?;
        self.unread.extend(got);
        self.read().await;
        Ok(())
    }

    async fn renew(&mut self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        let certain = Certain::from_here();
        let mut kept = Vec::new();
        for unread in [false, true] {
            let all = std::mem::take(if unread { &mut self.unread } else { &mut self.held });
            let before: Vec<Partition> = all.iter().map(|held| held.partition).collect();
            let held = match self.acquire(connection, all.clone()).await {
                Ok(held) => held,
                Err(error) => {
                    *(if unread { &mut self.unread } else { &mut self.held }) = all;
                    return Err(error);
                }
            };
            kept.extend(held.iter().map(|held| held.partition));
            *(if unread { &mut self.unread } else { &mut self.held }) = held;
            for partition in before.into_iter().filter(|partition| !unread && !kept.contains(partition)) {
                self.tell(Message::Gone(partition));
            }
        }
        self.tell(Message::Renewed(certain));
        Ok(())
    }

    /// Those of them that are held from here on.
    async fn acquire(&mut self, connection: &mut MultiplexedConnection, wanted: Vec<Held>) -> Result<Vec<Held>, RedisError> {
        if wanted.is_empty() {
            return Ok(wanted);
        }
        let mut question = Pipeline::new();
        for one in &wanted {
            question.add_command(one.acquire(&self.member.namespace, &self.member.node));
        }
        let answers: Vec<Value> = question.query_async(connection).await?;
        let mut held = Vec::new();
        for (one, answer) in wanted.into_iter().zip(answers) {
            if Answer::of(answer)? == Answer::Held {
                held.push(one);
            }
        }
        Ok(held)
    }

    /// Reads what is in partitions that are ours now. What cannot be read is tried again with the next beat.
    async fn read(&mut self) {
        while let Some(held) = self.unread.pop() {
            let Some(archive) = self.archive.take() else { return };
            let partition = held.partition;
            let read = tokio::task::spawn_blocking(move || {
                let taken = archive.taken(partition);
                (archive, taken)
            });
            let Ok((archive, taken)) = read.await else { return };
            self.archive = Some(archive);
            let Ok(taken) = taken else { return self.unread.push(held) };
            self.parts.found(partition, taken.executions.len() + taken.schedules.len());
            self.held.push(held.clone());
            self.tell(Message::Took(held, Box::new(taken)));
        }
    }

    fn tell(&self, message: Message) {
        if let Some(told) = self.told.upgrade() {
            // The writer ends with its backend.
            let _ = told.send(message);
        }
    }
}

/// What another process has left in a partition.
impl RedisArchive {
    fn taken(&self, partition: Partition) -> Result<Taken, runtime::store::ReadError> {
        let mut executions = Vec::new();
        self.take_up(&[partition], &mut |found| executions.push(found))?;
        Ok(Taken { partition, executions, schedules: self.schedules(&[partition])? })
    }
}
