// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The task that commits: what waits in each partition goes as one call, all calls as one message, and the next message when that is answered. What comes
//! meanwhile waits together.
//!
//! ```text
//! waiting ─▶ under way ── OK, DUP ──▶ Committed, and Refused before it
//!               │      ── FENCED, GAP ▶ Lost: another process has the partition, or the server has lost it
//!               └── no answer, or one that says "not now": the same call again, under its number, until it is known what became of it
//! ```

use crate::arrivals::Arrivals;
use crate::call::{Call, Lane, Writing};
use crate::keys::Namespace;
use crate::lease::{Certain, Held, Since};
use crate::member::Member;
use crate::names::Names;
use crate::options::Acknowledge;
use crate::parts::Parts;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Pipeline, RedisError, Value};
use runtime::Clock;
use runtime::store::{Arrival, Batch, BatchNumber, CommitError, Partition, Refusal, Taken};
use std::collections::{BTreeMap, VecDeque};
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

/// Pauses before the same is tried again.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

const COMMIT: &str = include_str!("scripts/commit.lua");

/// What the task is told.
pub(crate) enum Message {
    Submitted(BatchNumber, Batch),
    /// The partitions are held for longer.
    Renewed(Certain),
    /// Another process has it.
    Gone(Partition),
    /// This process has it from here on, and this is there.
    Took(Held, Box<Taken>),
    /// Nothing lives there, and another process is to have it.
    Release(Held),
    /// The orchestrator closes: what waits is committed, the partitions are let go of, and how that went is told.
    Close(SyncSender<Result<(), Arc<CommitError>>>),
}

/// What a writer begins with.
pub(crate) struct Beginning {
    pub(crate) member: Member,
    pub(crate) client: Client,
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
}

impl Beginning {
    /// Starts the task, which ends with the last of what may tell it something.
    pub(crate) fn start(self, messages: UnboundedReceiver<Message>, handle: &tokio::runtime::Handle) {
        let Self { member, client, names, clock, arrivals, parts, held, certain, patience, acknowledge, packing } = self;
        // What the one before has left.
        for held in &held {
            let _ = packing.send(held.clone());
        }
        let lanes = held.into_iter().map(|held| (held.partition, Written::of(&member.namespace, held))).collect();
        let server = Server { client, connection: None, script: String::new() };
        let leaving = Vec::new();
        let writer = Writer {
            server,
            member,
            names,
            clock,
            arrivals,
            parts,
            messages,
            lanes,
            leaving,
            certain,
            patience,
            acknowledge,
            packing,
            trouble: None,
            closing: None,
        };
        handle.spawn(writer.run());
    }
}

pub(crate) async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER_MAX)).set_response_timeout(Some(ANSWER_MAX));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// One partition, as it is written.
struct Written {
    held: Held,
    prefix: String,
    lane: Lane,
    /// The number of the last call that was acknowledged.
    number: u64,
    waiting: VecDeque<(BatchNumber, Batch)>,
    under_way: Option<Call>,
}

impl Written {
    fn of(namespace: &Namespace, held: Held) -> Self {
        let prefix = namespace.prefix(held.partition);
        Self { held, prefix, lane: Lane::default(), number: 0, waiting: VecDeque::new(), under_way: None }
    }

    fn has_work(&self) -> bool {
        self.under_way.is_some() || !self.waiting.is_empty()
    }
}

struct Writer {
    server: Server,
    member: Member,
    names: Names,
    clock: Clock,
    arrivals: Arrivals,
    parts: Parts,
    messages: UnboundedReceiver<Message>,
    lanes: BTreeMap<Partition, Written>,
    /// What is to be let go of with the next message to the server.
    leaving: Vec<Held>,
    certain: Certain,
    patience: Duration,
    acknowledge: Acknowledge,
    packing: UnboundedSender<Held>,
    trouble: Option<Trouble>,
    closing: Option<SyncSender<Result<(), Arc<CommitError>>>>,
}

/// Nothing can be committed for now.
struct Trouble {
    since: Since,
    why: String,
    is_away: bool,
    is_short: bool,
    pause: Duration,
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
            Message::Submitted(number, batch) => match self.lanes.get_mut(&batch.partition) {
                Some(written) => written.waiting.push_back((number, batch)),
                None => self.decline(&batch),
            },
            Message::Renewed(certain) => self.certain = certain,
            Message::Gone(partition) => self.lose(partition),
            Message::Took(held, taken) => {
                let partition = held.partition;
                let _ = self.packing.send(held.clone());
                self.lanes.insert(partition, Written::of(&self.member.namespace, held));
                self.parts.take(partition);
                self.arrivals.tell([Arrival::Taken(taken)]);
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
        self.lanes.values().any(Written::has_work)
    }

    /// Nobody who closes waits for a server that is away.
    fn gives_up(&self) -> bool {
        self.closing.is_some() && self.trouble.as_ref().is_some_and(|trouble| trouble.is_away)
    }

    /// One message to the server, or a pause before the next.
    async fn turn(&mut self) -> Result<(), CommitError> {
        let sent = if self.certain.holds() { self.send().await? } else { Err(Held::uncertain()) };
        match sent {
            Ok(()) => self.well(),
            Err(error) => self.wait_for_better(&error).await,
        }
        while let Ok(message) = self.messages.try_recv() {
            self.hear(message);
        }
        Ok(())
    }

    /// Sends what waits, and does what is answered. The inner error: it is to be sent again.
    async fn send(&mut self) -> Result<Result<(), RedisError>, CommitError> {
        if let Err(error) = self.find_checksums().await {
            self.server.connection = None;
            return Ok(Err(error));
        }
        let mut question = Pipeline::new();
        question.ignore_errors();
        let mut asked = Vec::new();
        let script = match self.server.ready().await {
            Ok(script) => script.to_owned(),
            Err(error) => return Ok(Err(error)),
        };
        for (partition, written) in &mut self.lanes {
            written.prepare(&self.member.namespace, &self.names)?;
            if let Some(call) = &written.under_way {
                call.before().iter().for_each(|command| _ = question.add_command(command.clone()).ignore());
                question.add_command(call.command(&script, &written.held.token, written.number + 1));
                asked.push(*partition);
            }
        }
        let answers: Vec<Result<Vec<String>, RedisError>> = match self.server.ask(&question).await {
            Ok(answers) => answers,
            Err(error) => return Ok(Err(error)),
        };
        // What no replica has is sent again, and is then the same under its number.
        if self.acknowledge == Acknowledge::Replicated
            && let Err(error) = self.server.replicated(&self.member.namespace.echo(&self.member.node)).await
        {
            return Ok(Err(error));
        }
        let mut trouble = None;
        for (partition, answer) in asked.into_iter().zip(answers) {
            match answer {
                Ok(words) => self.answered(partition, &words)?,
                Err(error) => {
                    if error.code() == Some("NOSCRIPT") {
                        self.server.connection = None;
                    }
                    trouble = Some(error);
                }
            }
        }
        Ok(trouble.map_or(Ok(()), Err))
    }

    fn answered(&mut self, partition: Partition, words: &[String]) -> Result<(), CommitError> {
        let word = |place: usize| words.get(place).map(String::as_str).unwrap_or_default();
        let Some(written) = self.lanes.get_mut(&partition) else { return Ok(()) };
        match word(0) {
            "OK" | "DUP" => {
                let Some(call) = written.under_way.take() else { return Ok(()) };
                written.number += 1;
                call.done(&mut written.lane);
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

    /// Journals that another process wrote go on from the checksum of their last record.
    async fn find_checksums(&mut self) -> Result<(), RedisError> {
        for written in self.lanes.values_mut() {
            let wanted = written.lane.unknown(written.waiting.iter().flat_map(|(_, batch)| &batch.records));
            if wanted.is_empty() {
                continue;
            }
            let mut question = Pipeline::new();
            let mut keys = Vec::new();
            for (key, seq) in wanted {
                if let Some(id) = self.names.id(key) {
                    question.cmd("LINDEX").arg(format!("{}j:{id}", written.prefix)).arg(seq - 1);
                    keys.push(key);
                }
            }
            self.server.ready().await?;
            let found: Vec<Option<String>> = self.server.ask(&question).await?;
            for (key, text) in keys.into_iter().zip(found) {
                written.lane.go_on(key, text.as_deref().and_then(crate::stored::checksum_of).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn well(&mut self) {
        let Some(trouble) = self.trouble.take() else { return };
        self.arrivals.tell(trouble.is_short.then_some(Arrival::Short(None)).into_iter().chain(trouble.is_away.then_some(Arrival::Back)));
    }

    async fn wait_for_better(&mut self, error: &RedisError) {
        let why = error.to_string();
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            since: Since::here(),
            why: String::new(),
            is_away: false,
            is_short: false,
            pause: PAUSE,
        });
        // It answers, and takes nothing: what is new waits until it does.
        if matches!(error.code(), Some("OOM" | "MISCONF" | "READONLY")) && !std::mem::replace(&mut trouble.is_short, true) {
            self.arrivals.tell([Arrival::Short(Some(format!("the store takes nothing new: {why}").into()))]);
        }
        if trouble.since.has_passed(self.patience) && !std::mem::replace(&mut trouble.is_away, true) {
            self.arrivals.tell([Arrival::Away]);
        }
        trouble.why = why;
        let pause = trouble.pause;
        trouble.pause = (pause * 2).min(PAUSE_MAX);
        tokio::time::sleep(pause).await;
    }

    /// Lets go of partitions. Those for which that fails are free when their leases are over.
    async fn release(&mut self) {
        if self.leaving.is_empty() || self.server.ready().await.is_err() {
            return;
        }
        let mut question = Pipeline::new();
        question.ignore_errors();
        for held in self.leaving.drain(..) {
            question.add_command(held.release(&self.member.namespace));
        }
        let _: Result<Vec<Result<i64, RedisError>>, RedisError> = self.server.ask(&question).await;
    }

    async fn close(&mut self, closed: &SyncSender<Result<(), Arc<CommitError>>>) {
        if let Some(trouble) = self.trouble.take() {
            let _ = closed.send(Err(Arc::new(CommitError::Unreachable { message: trouble.why })));
            return;
        }
        self.leaving.extend(self.lanes.values().map(|written| written.held.clone()));
        self.release().await;
        if let Ok(()) = self.server.ready().await.map(drop) {
            let mut question = Pipeline::new();
            question.add_command(self.member.leave());
            // Who does not hear of it sees it in some seconds.
            let _: Result<Vec<i64>, RedisError> = self.server.ask(&question).await;
        }
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

impl Written {
    /// Unless a call is under way, what waits becomes one.
    fn prepare(&mut self, namespace: &Namespace, names: &Names) -> Result<(), CommitError> {
        if self.under_way.is_none() && !self.waiting.is_empty() {
            let mut call = Call::of(namespace, self.held.partition);
            let mut writing = Writing { namespace, names, prefix: &self.prefix, lane: &mut self.lane };
            while call.has_room()
                && let Some((number, batch)) = self.waiting.pop_front()
            {
                call.add(number, &batch, &mut writing)?;
            }
            self.under_way = Some(call);
        }
        Ok(())
    }
}

/// The connection that commits.
struct Server {
    client: Client,
    connection: Option<MultiplexedConnection>,
    /// The name of the script there.
    script: String,
}

impl Server {
    /// A connection to a server that has the script, and its name.
    async fn ready(&mut self) -> Result<&str, RedisError> {
        if self.connection.is_none() {
            let mut connection = connect(&self.client).await?;
            self.script = redis::cmd("SCRIPT").arg("LOAD").arg(COMMIT).query_async(&mut connection).await?;
            self.connection = Some(connection);
        }
        Ok(&self.script)
    }

    /// Resolves when a replica has what was written here.
    ///
    /// The server waits for what this connection wrote last. Where all was there already that is nothing, and it would answer at once, also while its
    /// replica stands still (measured): so something is written first.
    async fn replicated(&mut self, echo: &str) -> Result<(), RedisError> {
        let mut question = Pipeline::new();
        question.cmd("SET").arg(echo).arg(1).arg("PX").arg(ECHO_KEPT.as_millis().to_string()).ignore();
        question.cmd("WAIT").arg(1).arg(REPLICA_MAX.as_millis().to_string());
        let (replicas,): (u32,) = self.ask(&question).await?;
        if replicas > 0 { Ok(()) } else { Err(RedisError::from((redis::ErrorKind::Io, "no replica has it yet"))) }
    }

    async fn ask<T: redis::FromRedisValue>(&mut self, question: &Pipeline) -> Result<T, RedisError> {
        if question.is_empty() {
            // The client refuses to ask nothing.
            return Ok(redis::from_redis_value(Value::Array(Vec::new()))?);
        }
        let Some(connection) = &mut self.connection else { return Err(Held::uncertain()) };
        let answer = question.query_async(connection).await;
        if answer.is_err() {
            // What comes on it later would be taken for the answer to something else, or is lost.
            self.connection = None;
        }
        answer
    }
}
