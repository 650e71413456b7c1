// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The task that commits: what waits in each partition goes as one call, all calls as one message, and the next message when that is answered. What comes
//! meanwhile waits together.
//!
//! ```text
//! waiting ─▶ under way ── OK, DUP ──▶ Committed, and Refused before it
//!               │      ── FENCED, GAP ▶ Lost: another process has the partition, or the server has lost it
//!               └── no answer, or one that says "not now": the same call again, under its number, until it is known what became of it
//! ```
//! A partition whose server is in trouble waits by itself: what others of a Cluster have is committed meanwhile. What begins where another process drives
//! goes the same way, each by itself and under a name; see `begins`.

use crate::arrivals::Arrivals;
use crate::begins::Begins;
use crate::lease::{Certain, Held};
use crate::lines::Lines;
use crate::member::Member;
use crate::names::Names;
use crate::options::Acknowledge;
use crate::others::Others;
use crate::parts::Parts;
use crate::servers::Servers;
use crate::trouble::Trouble;
use crate::written::Written;
use redis::{Pipeline, RedisError, Value};
use runtime::Clock;
use runtime::store::{Arrival, Batch, BatchNumber, CommitError, Partition, Refusal, Taken};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// How long an answer, and a connection, may take before another connection is tried.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// How long a replica is waited for at a time: the lease is renewed by another connection meanwhile.
const REPLICA_MAX: Duration = Duration::from_secs(1);

/// How long what is written for that is kept.
const ECHO_KEPT: Duration = Duration::from_mins(1);

/// Between two looks at partitions that are all in trouble.
const PAUSE: Duration = Duration::from_millis(20);

const COMMIT: &str = include_str!("scripts/commit.lua");

/// What the task is told.
pub(crate) enum Message {
    Submitted(BatchNumber, Batch),
    /// These partitions are held for longer.
    Renewed(Certain, Vec<Partition>),
    /// Another process has it.
    Gone(Partition),
    /// This process has it from here on, for so long, and this is there.
    Took(Held, Certain, Box<Taken>),
    /// Nothing lives there, and another process is to have it.
    Release(Held),
    /// The orchestrator closes: what waits is committed, the partitions are let go of, and how that went is told.
    Close(SyncSender<Result<(), Arc<CommitError>>>),
}

/// What a writer begins with.
pub(crate) struct Beginning {
    pub(crate) member: Member,
    pub(crate) servers: Servers,
    pub(crate) names: Names,
    pub(crate) clock: Clock,
    pub(crate) arrivals: Arrivals,
    pub(crate) parts: Parts,
    pub(crate) held: Vec<Held>,
    pub(crate) certain: Certain,
    /// How long the server may be away before nobody waits for it.
    pub(crate) patience: Duration,
    pub(crate) acknowledge: Acknowledge,
    /// Who packs what has ended.
    pub(crate) packing: UnboundedSender<Held>,
    pub(crate) others: Others,
}

impl Beginning {
    /// Starts the task, which ends with the last of what may tell it something.
    pub(crate) fn start(self, messages: UnboundedReceiver<Message>, handle: &tokio::runtime::Handle) {
        let Self { member, servers, names, clock, arrivals, parts, held, certain, patience, acknowledge, packing, others } = self;
        // What the one before has left.
        for held in &held {
            let _ = packing.send(held.clone());
        }
        let written = held.into_iter().map(|held| (held.partition, Written::of(&member.namespace, held, certain)));
        let writer = Writer {
            lines: Lines::with_script(servers, ANSWER_MAX, COMMIT),
            lanes: written.collect(),
            member,
            names,
            clock,
            arrivals,
            parts,
            messages,
            leaving: Vec::new(),
            acknowledge,
            packing,
            others,
            begins: Begins::default(),
            trouble: Trouble::of(patience),
            closing: None,
        };
        handle.spawn(writer.run());
    }
}

struct Writer {
    lines: Lines,
    member: Member,
    names: Names,
    clock: Clock,
    arrivals: Arrivals,
    parts: Parts,
    messages: UnboundedReceiver<Message>,
    lanes: BTreeMap<Partition, Written>,
    /// What is to be let go of with the next message to the server.
    leaving: Vec<Held>,
    acknowledge: Acknowledge,
    packing: UnboundedSender<Held>,
    others: Others,
    begins: Begins,
    trouble: Trouble,
    closing: Option<SyncSender<Result<(), Arc<CommitError>>>>,
}

impl Writer {
    async fn run(mut self) {
        while let Some(message) = self.messages.recv().await {
            self.hear(message);
            while let Ok(message) = self.messages.try_recv() {
                self.hear(message);
            }
            self.release().await;
            while self.has_work() && !self.messages.is_closed() && !self.gives_up() {
                if let Err(failure) = self.turn().await {
                    return self.fail(failure);
                }
            }
            if let Some(closed) = self.closing.take() {
                self.close(&closed).await;
                return;
            }
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Submitted(number, batch) if batch.is_elsewhere => {
                self.begins.add(number, &batch, &self.member, &self.names, &self.others);
            }
            Message::Submitted(number, batch) => match self.lanes.get_mut(&batch.partition) {
                Some(written) => written.push(number, batch),
                None => self.decline(&batch),
            },
            Message::Renewed(certain, partitions) => {
                for partition in partitions {
                    if let Some(written) = self.lanes.get_mut(&partition) {
                        written.certain = certain;
                    }
                }
            }
            Message::Gone(partition) => self.lose(partition),
            Message::Took(held, certain, taken) => {
                let partition = held.partition;
                let _ = self.packing.send(held.clone());
                self.lanes.insert(partition, Written::of(&self.member.namespace, held, certain));
                self.arrivals.tell([Arrival::Taken(taken)]);
                // From here on letters are read, which are about what was taken.
                self.parts.take(partition);
            }
            Message::Release(held) => match self.lanes.get(&held.partition).map(Written::has_work) {
                Some(true) => self.parts.keep(held),
                Some(false) => {
                    self.lanes.remove(&held.partition);
                    self.parts.lose(held.partition);
                    self.leaving.push(held);
                }
                None => {}
            },
            Message::Close(closed) => self.closing = Some(closed),
        }
    }

    /// A batch is for a partition that this process has not, or not any more.
    fn decline(&self, batch: &Batch) {
        let refused = batch.accepted.iter().map(|accepted| Arrival::Refused(accepted.key, Refusal::Elsewhere));
        self.arrivals.tell(refused.chain([Arrival::Lost(batch.partition)]));
    }

    fn has_work(&self) -> bool {
        self.begins.has_work() || self.lanes.values().any(Written::has_work)
    }

    /// Nobody who closes waits for a server that is away.
    fn gives_up(&self) -> bool {
        self.closing.is_some() && self.trouble.is_away()
    }

    /// One message to each server, or a pause before the next.
    async fn turn(&mut self) -> Result<(), CommitError> {
        let ready: Vec<Partition> = self.lanes.iter().filter(|(_, written)| written.is_ready()).map(|(partition, _)| *partition).collect();
        let begins = self.begins.is_ready();
        if ready.is_empty() && !begins {
            tokio::time::sleep(PAUSE).await;
        } else {
            if begins {
                self.begin().await;
            }
            let failed = self.send(ready).await?;
            for (partition, error) in failed {
                self.trouble.hear(&error, &self.arrivals);
                if let Some(written) = self.lanes.get_mut(&partition) {
                    written.pause();
                }
            }
            if !self.begins.is_in_trouble() && !self.lanes.values().any(Written::is_in_trouble) {
                self.trouble.is_over(&self.arrivals);
            }
        }
        while let Ok(message) = self.messages.try_recv() {
            self.hear(message);
        }
        Ok(())
    }

    /// Sends what begins where others drive.
    async fn begin(&mut self) {
        let mut question = Pipeline::new();
        let begun = match self.lines.script().await {
            Ok(script) => {
                let partitions = self.begins.ask(&script, &mut question);
                let answers = self.lines.ask(&question).await;
                let unsure = self.replicated(partitions).await;
                self.begins.answered(answers, &unsure, &self.names, &self.arrivals, &self.others, self.clock.read())
            }
            Err(error) => Err(error),
        };
        self.begins.went(begun.is_ok());
        if let Err(error) = begun {
            if error.code() == Some("NOSCRIPT") {
                self.lines.hang_up();
            }
            self.trouble.hear(&error, &self.arrivals);
        }
    }

    /// Sends what waits in these partitions, and does what is answered. Those for which that is to be sent again, and why.
    async fn send(&mut self, ready: Vec<Partition>) -> Result<Vec<(Partition, RedisError)>, CommitError> {
        let mut failed = Vec::new();
        let script = match self.lines.script().await {
            Ok(script) => script,
            Err(error) => return Ok(ready.into_iter().map(|partition| (partition, error.clone())).collect()),
        };
        self.find_checksums(&ready).await;
        let mut question = Pipeline::new();
        let mut asked = Vec::new();
        for partition in ready {
            let Some(written) = self.lanes.get_mut(&partition) else { continue };
            if !written.certain.holds() {
                failed.push((partition, Held::uncertain()));
            } else if written.prepare(&self.member.namespace, &self.names, &self.others)? {
                asked.push((partition, written.ask(&script, &mut question)));
            } else {
                failed.push((partition, Held::uncertain()));
            }
        }
        let mut answers = self.lines.ask(&question).await.into_iter();
        let mut told = Vec::new();
        for (partition, count) in asked {
            // What it answers last is of the call.
            let answer: Result<Vec<_>, _> = answers.by_ref().take(count).collect();
            match answer.and_then(|mut values| Ok(redis::from_redis_value::<Vec<String>>(values.pop().unwrap_or(Value::Nil))?)) {
                Ok(words) => told.push((partition, words)),
                Err(error) => failed.push((partition, error)),
            }
        }
        if failed.iter().any(|(_, error)| error.code() == Some("NOSCRIPT")) {
            self.lines.hang_up();
        }
        // What no replica has is sent again, and is then the same under its number.
        let unsure = self.replicated(told.iter().map(|(partition, _)| *partition).collect()).await;
        told.retain(|(partition, _)| unsure.iter().all(|(other, _)| other != partition));
        failed.extend(unsure);
        for (partition, words) in told {
            self.answered(partition, &words)?;
        }
        Ok(failed)
    }

    /// Resolves when replicas have what was written in these partitions; those of which that is not known.
    ///
    /// A server waits for what a connection wrote last. Where all was there already that is nothing, and it would answer at once, also while its
    /// replica stands still (measured): so something is written first.
    async fn replicated(&mut self, told: Vec<Partition>) -> Vec<(Partition, RedisError)> {
        let mut unsure = Vec::new();
        if self.acknowledge != Acknowledge::Replicated {
            return unsure;
        }
        for together in self.lines.by_servers(told.into_iter().map(|partition| (partition, self.member.echo(partition)))) {
            let mut question = Pipeline::new();
            for (_, echo) in &together {
                question.cmd("SET").arg(echo).arg(1).arg("PX").arg(ECHO_KEPT.as_millis().to_string());
            }
            question.cmd("WAIT").arg(1).arg(REPLICA_MAX.as_millis().to_string());
            let answers: Result<Vec<_>, _> = self.lines.ask_together(&question).await.into_iter().collect();
            let missing = || RedisError::from((redis::ErrorKind::Io, "no replica has it yet"));
            let replicas = answers.and_then(|mut answers| Ok(redis::from_redis_value::<u32>(answers.pop().unwrap_or(Value::Int(0)))?));
            if let Some(error) = replicas.map_or_else(Some, |count| (count == 0).then(missing)) {
                unsure.extend(together.into_iter().map(|(partition, _)| (partition, error.clone())));
            }
        }
        unsure
    }

    fn answered(&mut self, partition: Partition, words: &[String]) -> Result<(), CommitError> {
        let word = |place: usize| words.get(place).map(String::as_str).unwrap_or_default();
        let Some(written) = self.lanes.get_mut(&partition) else { return Ok(()) };
        match word(0) {
            "OK" | "DUP" => {
                let Some(call) = written.done() else { return Ok(()) };
                if call.ends {
                    let _ = self.packing.send(written.held.clone());
                }
                let begun = call.change;
                let refused =
                    word(1).split_whitespace().filter_map(|place| call.accepted.get(place.parse::<usize>().ok()?.checked_sub(1)?));
                let refused: Vec<i64> = refused.copied().collect();
                for key in &refused {
                    self.names.refuse(*key);
                }
                self.parts.change(partition, begun - i64::try_from(refused.len()).unwrap_or_default());
                let at = self.clock.read();
                let refused = refused.into_iter().map(|key| Arrival::Refused(key, Refusal::Exists));
                self.arrivals.tell(refused.chain(call.numbers.iter().map(|number| Arrival::Committed(*number, at))));
                self.others.tell(&call.replied, call.moved);
                Ok(())
            }
            "ORDER" => {
                let key = self.names.key(&Arc::from(word(1)));
                Err(CommitError::OutOfOrder { key, seq: word(2).parse().unwrap_or_default() })
            }
            // Another process has it; or the server has lost what it had acknowledged, and what is true there is to be read anew.
            _ => {
                self.parts.refuse(partition);
                self.lose(partition);
                Ok(())
            }
        }
    }

    fn lose(&mut self, partition: Partition) {
        if self.lanes.remove(&partition).is_some() {
            self.parts.lose(partition);
            self.arrivals.tell([Arrival::Lost(partition)]);
        }
    }

    /// Journals that another process wrote go on from the checksum of their last record. What is not found for now is looked for again.
    async fn find_checksums(&mut self, ready: &[Partition]) {
        let mut question = Pipeline::new();
        let mut wanted = Vec::new();
        for partition in ready {
            let Some(written) = self.lanes.get(partition) else { continue };
            for (key, seq) in written.unknown() {
                if let Some(id) = self.names.id(key) {
                    question.cmd("LINDEX").arg(format!("{}j:{id}", written.prefix())).arg(seq - 1);
                    wanted.push((*partition, key));
                }
            }
        }
        for ((partition, key), answer) in wanted.into_iter().zip(self.lines.ask(&question).await) {
            let found = answer.and_then(|value| Ok(redis::from_redis_value::<Option<String>>(value)?));
            if let (Some(written), Ok(text)) = (self.lanes.get_mut(&partition), found) {
                written.go_on(key, text.as_deref().and_then(crate::stored::checksum_of).unwrap_or_default());
            }
        }
    }

    /// Lets go of partitions. Those for which that fails are free when their leases are over.
    async fn release(&mut self) {
        let mut question = Pipeline::new();
        for held in self.leaving.drain(..) {
            question.add_command(held.release(&self.member.namespace));
        }
        self.lines.ask(&question).await;
    }

    async fn close(&mut self, closed: &SyncSender<Result<(), Arc<CommitError>>>) {
        if let Some(why) = self.trouble.why() {
            let _ = closed.send(Err(Arc::new(CommitError::Unreachable { message: why.to_owned() })));
            return;
        }
        self.leaving.extend(self.lanes.values().map(|written| written.held.clone()));
        self.release().await;
        // Who does not hear of it sees it in some seconds.
        let _: Result<i64, RedisError> = self.lines.ask_one(self.member.leave()).await;
        // The host waits for this.
        let _ = closed.send(Ok(()));
    }

    fn fail(&mut self, failure: CommitError) {
        let failure = Arc::new(failure);
        self.arrivals.tell([Arrival::Failed(Arc::clone(&failure))]);
        if let Some(closed) = self.closing.take() {
            let _ = closed.send(Err(failure));
        }
    }
}
