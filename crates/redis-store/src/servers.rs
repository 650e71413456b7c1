// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which server takes writes for which keys: one for all, or the servers of a Cluster for their slots.
//!
//! ```text
//! what is configured ─▶ one server ──────────── it is lost, or a replica now ─▶ look: who says of itself that it is the primary?
//!                    └▶ a Cluster, by slots ─── a slot has moved: the server says where; one is lost ─▶ look: what do the others say?
//! ```
//! All that talk to servers share it. Whoever meets trouble looks, and the others go where that leads.

use crate::client::{client, user};
use crate::options::RedisOptions;
use crate::slots::LAST;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a server that is asked where others are is waited for.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
}

impl Address {
    /// As servers write it; one that does not know its own name means the one that was `asked`.
    fn read(text: &str, asked: &Self) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        Some(Self::named(host, port.parse().ok()?, asked))
    }

    fn named(host: &str, port: u16, asked: &Self) -> Self {
        let host = if host.is_empty() || host == "?" { Arc::clone(&asked.host) } else { host.into() };
        Self { host, port }
    }
}

/// The servers of a namespace, the same for all that talk to them.
#[derive(Clone)]
pub struct Servers(Arc<Shared>);

struct Shared {
    options: RedisOptions,
    is_cluster: bool,
    state: Mutex<State>,
}

struct State {
    /// Each by the last of the slots that it has; without a Cluster one has all.
    places: BTreeMap<u16, Address>,
    /// Replicas, which may be promoted.
    others: Vec<Address>,
    /// How often it was looked.
    looks: usize,
}

/// What a server says of itself and others.
enum Said {
    Places(BTreeMap<u16, Address>, Vec<Address>),
    ReplicaOf(Address),
}

impl Servers {
    /// The server that is configured, which has these replicas.
    pub(crate) fn of(options: &RedisOptions, is_cluster: bool, replicas: &[(String, u16)]) -> Self {
        let others = replicas.iter().map(|(host, port)| Address { host: host.as_str().into(), port: *port }).collect();
        let first = Address { host: options.host.as_str().into(), port: options.port };
        let state = State { places: BTreeMap::from([(LAST, first)]), others, looks: 0 };
        Self(Arc::new(Shared { options: options.clone(), is_cluster, state: Mutex::new(state) }))
    }

    /// The one that has all keys, where one has.
    pub(crate) fn only(&self) -> Option<Address> {
        let state = self.state();
        if state.places.len() == 1 { state.places.values().next().cloned() } else { None }
    }

    /// All that have slots.
    pub(crate) fn all(&self) -> BTreeSet<Address> {
        self.state().places.values().cloned().collect()
    }

    /// The one that has a slot; any, where the slot does not matter.
    pub(crate) fn having(&self, slot: Option<u16>) -> Address {
        let state = self.state();
        let found = state.places.range(slot.unwrap_or_default()..).next().map(|(_, address)| address.clone());
        found.unwrap_or_else(|| self.configured())
    }

    /// Makes connections to a server, as the user that is configured.
    pub(crate) fn client(&self, address: &Address) -> Result<Client, RedisError> {
        client(&self.0.options, (&address.host, address.port), user(&self.0.options))
    }

    /// Makes connections to the server that is configured.
    pub fn configured_client(&self) -> Result<Client, RedisError> {
        self.client(&self.configured())
    }

    /// A slot is there from now on.
    pub(crate) fn moved(&self, slot: u16, to: Address) {
        let mut state = self.state();
        let before = state.places.range(slot..).next().map(|(_, address)| address.clone());
        if let (Some(last), Some(before)) = (slot.checked_sub(1), before) {
            state.places.entry(last).or_insert(before);
        }
        state.places.insert(slot, to);
    }

    /// Asks those that are known, one after the other, until one says who has what. If none does all stays as it is.
    pub(crate) async fn look(&self) {
        let mut asked: Vec<Address> = Vec::new();
        let mut candidates = self.candidates();
        while let Some(address) = candidates.pop_front() {
            if asked.contains(&address) {
                continue;
            }
            match self.said_by(&address).await {
                Some(Said::Places(places, others)) => {
                    let mut state = self.state();
                    (state.places, state.others) = (places, others);
                    return;
                }
                Some(Said::ReplicaOf(primary)) => candidates.push_front(primary),
                None => {}
            }
            asked.push(address);
        }
    }

    /// Those of a Cluster in turn, for one that is cut off from the others knows no better; else the one that was the primary first.
    fn candidates(&self) -> VecDeque<Address> {
        let configured = self.configured();
        let mut state = self.state();
        let mut all: VecDeque<Address> = state.places.values().chain([&configured]).chain(&state.others).cloned().collect();
        if self.0.is_cluster {
            state.looks += 1;
            let turn = state.looks % all.len().max(1);
            all.rotate_left(turn);
        }
        all
    }

    async fn said_by(&self, address: &Address) -> Option<Said> {
        let mut connection = connect(&self.client(address).ok()?, LOOK_MAX).await.ok()?;
        if self.0.is_cluster {
            let slots: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await.ok()?;
            return layout(&slots, address);
        }
        let info: String = redis::cmd("INFO").arg("replication").query_async(&mut connection).await.ok()?;
        let server = crate::server::Server::of_info(&info);
        match server.replica_of {
            Some(primary) => Address::read(&primary, address).map(Said::ReplicaOf),
            None if info.contains("role:master") => {
                let others = server.replicas_at.iter().map(|(host, port)| Address::named(host, *port, address)).collect();
                Some(Said::Places(BTreeMap::from([(LAST, address.clone())]), others))
            }
            None => None,
        }
    }

    fn configured(&self) -> Address {
        Address { host: self.0.options.host.as_str().into(), port: self.0.options.port }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before the next begins.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a server that was asked sends those who want something of a slot.
pub(crate) fn redirected(error: &RedisError, asked: &Address) -> Option<(u16, Address)> {
    let (address, slot) = error.redirect_node()?;
    Some((slot, Address::read(address, asked)?))
}

pub(crate) async fn connect(client: &Client, most: Duration) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(most)).set_response_timeout(Some(most));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// What `CLUSTER SLOTS` answers: of each range the first slot, the last, its primary, its replicas.
fn layout(slots: &Value, asked: &Address) -> Option<Said> {
    let Value::Array(ranges) = slots else { return None };
    let (mut places, mut others) = (BTreeMap::new(), Vec::new());
    for range in ranges {
        let Value::Array(fields) = range else { return None };
        let [_, Value::Int(last), primary, replicas @ ..] = fields.as_slice() else { return None };
        places.insert(u16::try_from(*last).ok()?, node(primary, asked)?);
        others.extend(replicas.iter().filter_map(|replica| node(replica, asked)));
    }
    (!places.is_empty()).then_some(Said::Places(places, others))
}

fn node(fields: &Value, asked: &Address) -> Option<Address> {
    let Value::Array(fields) = fields else { return None };
    let [host, Value::Int(port), ..] = fields.as_slice() else { return None };
    let host: Option<String> = redis::from_redis_value_ref(host).ok()?;
    Some(Address::named(&host.unwrap_or_default(), u16::try_from(*port).ok()?, asked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Acknowledge;

    fn servers() -> Servers {
        let options = RedisOptions {
            host: "one".to_owned(),
            port: 1,
            username: None,
            password: None,
            db: 0,
            tls: None,
            namespace: "default".to_owned(),
            acknowledge: Acknowledge::Reply,
            patience: Duration::from_secs(30),
            ended: None,
        };
        Servers::of(&options, true, &[])
    }

    fn at(host: &str) -> Address {
        Address { host: host.into(), port: 1 }
    }

    #[test]
    fn a_slot_that_has_moved_is_elsewhere_and_its_neighbours_are_where_they_were() {
        let servers = servers();
        assert_eq!(servers.only(), Some(at("one")));
        servers.moved(7, at("two"));
        servers.moved(0, at("two"));
        servers.moved(LAST, at("three"));
        let found: Vec<Address> = [0, 1, 6, 7, 8, LAST - 1, LAST].map(|slot| servers.having(Some(slot))).into();
        assert_eq!(found, ["two", "one", "one", "two", "one", "one", "three"].map(at));
        assert_eq!(servers.only(), None);
    }

    #[test]
    fn what_a_cluster_says_is_read_and_one_that_does_not_know_its_name_is_the_one_that_was_asked() {
        let node = |host: &str, port| Value::Array(vec![Value::BulkString(host.into()), Value::Int(port), Value::BulkString("id".into())]);
        let range = |first, last, nodes: Vec<Value>| Value::Array([vec![Value::Int(first), Value::Int(last)], nodes].concat());
        let slots = Value::Array(vec![range(0, 99, vec![node("a", 1), node("b", 2)]), range(100, 16_383, vec![node("", 3)])]);
        let Some(Said::Places(places, others)) = layout(&slots, &at("asked")) else { panic!("it is one") };
        assert_eq!(places.into_iter().collect::<Vec<_>>(), [(99, at("a")), (LAST, Address { host: "asked".into(), port: 3 })]);
        assert_eq!(others, [Address { host: "b".into(), port: 2 }]);
        assert!(layout(&Value::Array(vec![]), &at("asked")).is_none(), "it has no slots yet");
    }
}
