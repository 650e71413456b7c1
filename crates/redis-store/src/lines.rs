// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The connections of one that asks: each command goes to the server that has its key, and the answers come in the order of the commands.
//!
//! ```text
//! ask ─▶ by servers, at once ─▶ answers
//!          ├ MOVED, ASK: the same command again, where the server says
//!          ├ READONLY, CLUSTERDOWN, a broken connection: an answer too; before the next question it is looked who has what
//!          └ no connection comes about: an answer too; that server is left alone for a moment
//! ```

use crate::lease::Since;
use crate::servers::{Address, Servers, connect, redirected};
use crate::slots::slot_of;
use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, Value};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;

/// How often one command is sent where a server says that its key is.
const REDIRECTS_MAX: usize = 5;

/// How long a server that takes no connection is left alone.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What became of one command.
pub(crate) type Answered = Result<Value, RedisError>;

pub(crate) struct Lines {
    servers: Servers,
    /// How long a connection, and an answer, may take.
    most: Duration,
    /// What each server is to know before it is asked anything.
    script: Option<&'static str>,
    /// Its name there.
    script_name: Option<String>,
    open: FxHashMap<Address, MultiplexedConnection>,
    /// Servers that take no connection: since when, and for how long they are left alone.
    shut: FxHashMap<Address, (Since, Duration)>,
    /// Whether it is to be looked who has what.
    is_lost: bool,
}

impl Lines {
    pub(crate) fn of(servers: Servers, most: Duration) -> Self {
        let (open, shut) = (FxHashMap::default(), FxHashMap::default());
        Self { servers, most, script: None, script_name: None, open, shut, is_lost: false }
    }

    /// Those of one who calls a script.
    pub(crate) fn with_script(servers: Servers, most: Duration, script: &'static str) -> Self {
        Self { script: Some(script), ..Self::of(servers, most) }
    }

    /// The name of the script: known with the first connection.
    pub(crate) async fn script(&mut self) -> Result<String, RedisError> {
        if self.script_name.is_none() {
            let any = self.servers.having(None);
            self.connected(&any).await?;
        }
        self.script_name.clone().ok_or_else(|| closed("there is no script"))
    }

    /// Begins anew with every connection: what comes on the old ones is lost, and scripts are loaded again.
    pub(crate) fn hang_up(&mut self) {
        self.open.clear();
    }

    /// The answer to each of these commands.
    pub(crate) async fn ask(&mut self, question: &Pipeline) -> Vec<Answered> {
        if question.is_empty() {
            return Vec::new();
        }
        self.find_way().await;
        match self.servers.only() {
            Some(address) => {
                let answers = self.ask_at(&address, question).await;
                let is_redirected = answers.iter().any(|answer| answer.as_ref().is_err_and(|error| error.redirect_node().is_some()));
                if is_redirected { self.ask_around(question).await } else { answers }
            }
            None => self.ask_around(question).await,
        }
    }

    /// All of these answers as one, or the first error.
    pub(crate) async fn ask_all<T: FromRedisValue>(&mut self, question: &Pipeline) -> Result<T, RedisError> {
        let answers: Result<Vec<Value>, RedisError> = self.ask(question).await.into_iter().collect();
        Ok(redis::from_redis_value(Value::Array(answers?))?)
    }

    /// One answer.
    pub(crate) async fn ask_one<T: FromRedisValue>(&mut self, command: Cmd) -> Result<T, RedisError> {
        let mut question = Pipeline::new();
        question.add_command(command);
        let (answer,) = self.ask_all(&question).await?;
        Ok(answer)
    }

    /// The answers to commands that are for the server of the first one's key, in a row on one connection.
    pub(crate) async fn ask_together(&mut self, question: &Pipeline) -> Vec<Answered> {
        let address = self.servers.having(question.cmd_iter().find_map(slot_of));
        self.ask_at(&address, question).await
    }

    /// What belongs to keys, by the servers that have them.
    pub(crate) fn by_servers<T>(&self, of: impl Iterator<Item = (T, String)>) -> Vec<Vec<(T, String)>> {
        let mut groups: BTreeMap<Address, Vec<(T, String)>> = BTreeMap::new();
        for (what, key) in of {
            groups.entry(self.servers.having(slot_of(redis::cmd("GET").arg(&key)))).or_default().push((what, key));
        }
        groups.into_values().collect()
    }

    async fn find_way(&mut self) {
        if std::mem::take(&mut self.is_lost) {
            self.servers.look().await;
        }
    }

    async fn ask_at(&mut self, address: &Address, question: &Pipeline) -> Vec<Answered> {
        let sent = match self.connected(address).await {
            Ok(connection) => sent(connection, question).await,
            Err(error) => Err(error),
        };
        self.heard(address, question.len(), sent)
    }

    /// Asks servers of a Cluster at once, and again those that others name.
    async fn ask_around(&mut self, question: &Pipeline) -> Vec<Answered> {
        let commands: Vec<&Cmd> = question.cmd_iter().collect();
        let mut answers: Vec<Answered> = commands.iter().map(|_| Err(closed("there is no answer"))).collect();
        // Each with the server that it is to ask for once, though the slot is another's still.
        let mut open: Vec<(usize, Option<Address>)> = (0..commands.len()).map(|place| (place, None)).collect();
        for _ in 0..REDIRECTS_MAX {
            let mut groups: BTreeMap<Address, (Vec<Option<usize>>, Pipeline)> = BTreeMap::new();
            for (place, asking) in open.drain(..) {
                let Some(command) = commands.get(place) else { continue };
                let is_asking = asking.is_some();
                let address = asking.unwrap_or_else(|| self.servers.having(slot_of(command)));
                let (places, pipeline) = groups.entry(address).or_default();
                if is_asking {
                    places.push(None);
                    pipeline.cmd("ASKING");
                }
                places.push(Some(place));
                pipeline.add_command((*command).clone());
            }
            for (address, places, told) in self.send(groups).await {
                for (place, told) in places.into_iter().zip(told) {
                    let Some(place) = place else { continue };
                    if let Err(error) = &told
                        && let Some((slot, to)) = redirected(error, &address)
                    {
                        let is_moved = error.code() == Some("MOVED");
                        if is_moved {
                            self.servers.moved(slot, to.clone());
                        }
                        open.push((place, (!is_moved).then_some(to)));
                    }
                    if let Some(answer) = answers.get_mut(place) {
                        *answer = told;
                    }
                }
            }
            if open.is_empty() {
                break;
            }
            open.sort_unstable_by_key(|(place, _)| *place);
        }
        answers
    }

    /// Sends all at once, and waits for all answers.
    async fn send(
        &mut self,
        groups: BTreeMap<Address, (Vec<Option<usize>>, Pipeline)>,
    ) -> Vec<(Address, Vec<Option<usize>>, Vec<Answered>)> {
        let (mut told, mut tasks) = (Vec::new(), JoinSet::new());
        for (address, (places, pipeline)) in groups {
            match self.connected(&address).await {
                Ok(connection) => _ = tasks.spawn(async move { (address, places, sent(connection, &pipeline).await) }),
                Err(error) => {
                    let answers = self.heard(&address, places.len(), Err(error));
                    told.push((address, places, answers));
                }
            }
        }
        // One that is cut off with its runtime has no answer.
        while let Some(Ok((address, places, sent))) = tasks.join_next().await {
            let answers = self.heard(&address, places.len(), sent);
            told.push((address, places, answers));
        }
        told
    }

    /// What came of a message, as an answer to each of its commands.
    fn heard(&mut self, address: &Address, count: usize, sent: Result<Vec<Value>, RedisError>) -> Vec<Answered> {
        let answers = match sent {
            Ok(values) => values.into_iter().map(value).collect(),
            Err(error) => {
                // What comes on it later would be taken for the answer to something else, or is lost.
                self.open.remove(address);
                self.is_lost = true;
                vec![Err(error); count]
            }
        };
        if answers.iter().any(|answer| answer.as_ref().is_err_and(leads_elsewhere)) {
            // Its name may be another server's by now.
            self.open.remove(address);
            self.is_lost = true;
        }
        answers
    }

    async fn connected(&mut self, address: &Address) -> Result<MultiplexedConnection, RedisError> {
        if let Some(connection) = self.open.get(address) {
            return Ok(connection.clone());
        }
        if self.shut.get(address).is_some_and(|(since, pause)| !since.has_passed(*pause)) {
            return Err(closed("it takes no connection for now"));
        }
        match self.connect(address).await {
            Ok(connection) => {
                self.shut.remove(address);
                self.open.insert(address.clone(), connection.clone());
                Ok(connection)
            }
            Err(error) => {
                let pause = self.shut.get(address).map_or(PAUSE, |(_, pause)| (*pause * 2).min(PAUSE_MAX));
                self.shut.insert(address.clone(), (Since::here(), pause));
                Err(error)
            }
        }
    }

    async fn connect(&mut self, address: &Address) -> Result<MultiplexedConnection, RedisError> {
        let mut connection = connect(&self.servers.client(address)?, self.most).await?;
        if let Some(script) = self.script {
            self.script_name = Some(redis::cmd("SCRIPT").arg("LOAD").arg(script).query_async(&mut connection).await?);
        }
        Ok(connection)
    }
}

async fn sent(mut connection: MultiplexedConnection, question: &Pipeline) -> Result<Vec<Value>, RedisError> {
    connection.req_packed_commands(question, 0, question.len()).await
}

fn value(value: Value) -> Answered {
    if let Value::ServerError(error) = value { Err(error.into()) } else { Ok(value) }
}

/// Whether another server is to be looked for.
fn leads_elsewhere(error: &RedisError) -> bool {
    matches!(error.code(), Some("READONLY" | "CLUSTERDOWN" | "MASTERDOWN"))
}

/// Why there is no answer.
pub(crate) fn closed(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Io, why))
}
