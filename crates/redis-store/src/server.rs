// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a server says of itself, and whether executions can be kept there. Pure: `connect` asks, this reads and judges.
//!
//! What would lose acknowledged work in silence is refused: an evicting policy, a replica. What loses work only in a crash of the server is a warning, and
//! so is what a server does not tell: those of clouds let nobody see their configuration.

use crate::options::{Acknowledge, RedisOptions};
use runtime::store::{Alert, AlertKind, Rule, Severity};
use std::fmt::Write as _;

/// The oldest version that works: scripts that declare what they do begin with it.
const OLDEST: (u32, u32) = (7, 0);

/// What a server has said of itself; `None` is what it has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// As it writes it, and the product it is of. A server that speaks for another product names the version of Redis that it is like.
    pub version: Option<String>,
    /// Alone, or one of a Cluster.
    pub mode: Option<Mode>,
    /// Whose replica it is, if it is one.
    pub replica_of: Option<String>,
    /// How many replicas it has.
    pub replicas: Option<u32>,
    /// Where they are.
    pub replicas_at: Vec<(String, u16)>,
    /// What it does when its memory is full.
    pub policy: Option<String>,
    /// The most bytes it may take; 0: any number.
    pub memory_max: Option<u64>,
    /// Whether it keeps a file of all that is written.
    pub appends: Option<bool>,
    /// Whether it takes snapshots by itself.
    pub snapshots: Option<bool>,
}

/// How servers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One that has all keys.
    Alone,
    /// One that has some of the slots.
    Cluster,
    /// One that has no keys and watches others.
    Sentinel,
}

/// Why executions are not kept on a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Scripts would not run as they are meant to.
    #[error(
        "Redis at {place} has version {version}, and the oldest that works is {}.{}: upgrade the server, or name another in `redis`",
        OLDEST.0,
        OLDEST.1
    )]
    TooOld {
        /// Which server.
        place: String,
        /// As it says.
        version: String,
    },
    /// It would delete journals when its memory is full.
    #[error(
        "Redis at {place} deletes keys when its memory is full (maxmemory-policy {policy}), and executions with them: set `maxmemory-policy noeviction` \
         there, or name another server in `redis`"
    )]
    Evicts {
        /// Which server.
        place: String,
        /// As it says.
        policy: String,
    },
    /// It takes no writes.
    #[error("Redis at {place} is a replica of {primary} and takes no writes: name that primary in `redis.host` and `redis.port`")]
    Replica {
        /// Which server.
        place: String,
        /// Where its primary is.
        primary: String,
    },
    /// It has no keys.
    #[error("what listens at {place} is a Sentinel, which keeps no keys: name the server that it watches in `redis.host` and `redis.port`")]
    Sentinel {
        /// Which server.
        place: String,
    },
}

/// What is good to know of a server on which executions are kept all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A crash of it loses something.
    Volatile {
        /// Whether it takes snapshots; `None`: it does not say.
        snapshots: Option<bool>,
    },
    /// It has no replica, and every commit waits for one.
    Lonely,
    /// It does not say what must be known. The names of that.
    Untold(Vec<&'static str>),
}

impl Server {
    /// What `INFO` answered.
    #[must_use]
    pub fn of_info(info: &str) -> Self {
        let field = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
        let primary = || Some(format!("{}:{}", field("master_host")?, field("master_port")?));
        let is_replica = field("role") == Some("slave");
        Self {
            version: field("redis_version").map(str::to_owned),
            mode: field("redis_mode").map(|mode| match mode {
                "cluster" => Mode::Cluster,
                "sentinel" => Mode::Sentinel,
                _ => Mode::Alone,
            }),
            replica_of: is_replica.then(|| primary().unwrap_or_else(|| "another server".to_owned())),
            replicas: field("connected_slaves").and_then(|count| count.parse().ok()),
            replicas_at: info.lines().filter_map(replica_at).collect(),
            policy: field("maxmemory_policy").map(str::to_owned),
            memory_max: field("maxmemory").and_then(|bytes| bytes.parse().ok()),
            appends: field("aof_enabled").map(|flag| flag == "1"),
            snapshots: None,
        }
    }

    /// Whether executions are kept there, and what is good to know then.
    pub fn judge(&self, options: &RedisOptions) -> Result<Vec<Warning>, Unfit> {
        let place = || options.place();
        if self.mode == Some(Mode::Sentinel) {
            return Err(Unfit::Sentinel { place: place() });
        }
        if let Some(version) = self.version.as_ref().filter(|version| is_older(version)) {
            return Err(Unfit::TooOld { place: place(), version: version.clone() });
        }
        // Of a Cluster any server names the others.
        if let Some(primary) = self.replica_of.as_ref().filter(|_| self.mode != Some(Mode::Cluster)) {
            return Err(Unfit::Replica { place: place(), primary: primary.clone() });
        }
        if let Some(policy) = self.policy.as_ref().filter(|policy| *policy != "noeviction") {
            return Err(Unfit::Evicts { place: place(), policy: policy.clone() });
        }
        Ok(self.warnings(options))
    }

    fn warnings(&self, options: &RedisOptions) -> Vec<Warning> {
        let lonely = (options.acknowledge == Acknowledge::Replicated && self.replicas == Some(0)).then_some(Warning::Lonely);
        let volatile = (self.appends == Some(false)).then_some(Warning::Volatile { snapshots: self.snapshots });
        let untold: Vec<&'static str> = [
            self.version.is_none().then_some("its version"),
            self.policy.is_none().then_some("its maxmemory-policy"),
            self.appends.is_none().then_some("whether it keeps an append-only file"),
        ]
        .into_iter()
        .flatten()
        .collect();
        volatile.into_iter().chain(lonely).chain((!untold.is_empty()).then_some(Warning::Untold(untold))).collect()
    }
}

/// A crash of the server loses something. It is over when the orchestrator is closed, as the next two are.
static VOLATILE: Rule =
    Rule { name: "store:volatile", kind: AlertKind::Resource, severity: Severity::Medium, title: "A crash of the server loses executions" };

/// Every commit waits for a replica that is not there.
static LONELY: Rule = Rule {
    name: "store:lonely",
    kind: AlertKind::Resource,
    severity: Severity::High,
    title: "The server has no replica to acknowledge anything",
};

/// The server does not say what must be known of it.
static UNTOLD: Rule =
    Rule { name: "store:untold", kind: AlertKind::Resource, severity: Severity::Low, title: "The server does not say how it is set up" };

impl Warning {
    /// What people are told of it.
    #[must_use]
    pub fn alert(&self, options: &RedisOptions) -> Alert {
        let rule = match self {
            Self::Volatile { .. } => &VOLATILE,
            Self::Lonely => &LONELY,
            Self::Untold(_) => &UNTOLD,
        };
        Alert::begins(rule, self.describe(options))
    }

    /// What it is and what to do about it, in a sentence that stands for itself.
    #[must_use]
    pub fn describe(&self, options: &RedisOptions) -> String {
        let place = options.place();
        match self {
            Self::Volatile { snapshots } => {
                let lost = match snapshots {
                    Some(false) => "all executions",
                    Some(true) => "what was recorded since its last snapshot",
                    None => "what was recorded since its last snapshot, or everything if it takes none",
                };
                format!("Redis at {place} keeps no append-only file: a crash of that server loses {lost}; set `appendonly yes` there")
            }
            Self::Lonely => format!(
                "Redis at {place} has no replica, and with `redis.acknowledge: 'replicated'` nothing is acknowledged until it has one: add a replica, or leave \
                 `acknowledge` out"
            ),
            Self::Untold(what) => {
                let mut text = format!("Redis at {place} does not let its user see {}", what.join(", "));
                let _ = write!(text, ": make sure that it has version {}.{} or later, ", OLDEST.0, OLDEST.1);
                text + "`maxmemory-policy noeviction` and `appendonly yes`, or let the user run INFO"
            }
        }
    }
}

/// Where a line of `INFO` says that a replica is: `slave0:ip=10.0.0.2,port=6379,state=online,…`.
fn replica_at(line: &str) -> Option<(String, u16)> {
    let (name, fields) = line.trim_end().split_once(':')?;
    name.strip_prefix("slave")?.parse::<u32>().ok()?;
    let field = |name: &str| fields.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    Some((field("ip")?.to_owned(), field("port")?.parse().ok()?))
}

/// A version that cannot be read is not older: the scripts will tell.
fn is_older(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    matches!((parts.next(), parts.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n\
                        # Persistence\r\naof_enabled:1\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n";

    fn options() -> RedisOptions {
        RedisOptions {
            host: "redis.test".to_owned(),
            port: 6379,
            username: None,
            password: Some("secret".to_owned()),
            db: 0,
            tls: None,
            namespace: "default".to_owned(),
            acknowledge: Acknowledge::Reply,
            patience: std::time::Duration::from_secs(30),
            ended: None,
        }
    }

    fn judged(replaced: &str, by: &str, options: &RedisOptions) -> String {
        assert!(INFO.contains(replaced));
        match Server::of_info(&INFO.replace(replaced, by)).judge(options) {
            Err(unfit) => unfit.to_string(),
            Ok(warnings) => warnings.iter().map(|warning| warning.describe(options)).collect::<Vec<_>>().join("\n"),
        }
    }

    #[test]
    fn a_server_that_loses_nothing_in_silence_is_taken() {
        assert_eq!(judged("7.0.15", "7.0.15", &options()), "");
        assert_eq!(judged("7.0.15", "8.2.3", &options()), "");
        assert_eq!(judged("7.0.15", "255.255.255", &options()), "", "a build from its sources");
    }

    #[test]
    fn what_would_lose_work_is_refused_with_the_way_out() {
        let refused = |replaced, by| judged(replaced, by, &options());
        assert_eq!(
            refused("7.0.15", "6.2.14"),
            "Redis at redis.test:6379 has version 6.2.14, and the oldest that works is 7.0: upgrade the server, or name another in `redis`"
        );
        assert!(
            refused("noeviction", "allkeys-lru")
                .contains("(maxmemory-policy allkeys-lru), and executions with them: set `maxmemory-policy noeviction`")
        );
        assert!(
            refused("role:master", "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6380")
                .contains("is a replica of 10.0.0.1:6380 and takes no writes")
        );
        assert!(refused("standalone", "sentinel").contains("is a Sentinel, which keeps no keys"));
    }

    #[test]
    fn a_server_of_a_cluster_and_its_replicas_are_taken() {
        let replica = "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6380";
        let info = INFO.replace("standalone", "cluster").replace("role:master", replica);
        assert_eq!(Server::of_info(&info).judge(&options()), Ok(Vec::new()));
        let primary = INFO.replace("connected_slaves:0", "connected_slaves:1\r\nslave0:ip=10.0.0.2,port=6381,state=online,offset=14,lag=1");
        assert_eq!(Server::of_info(&primary).replicas_at, [("10.0.0.2".to_owned(), 6381)]);
    }

    #[test]
    fn a_primary_without_a_replica_acknowledges_nothing_that_is_to_be_replicated() {
        let replicated = RedisOptions { acknowledge: Acknowledge::Replicated, ..options() };
        assert!(
            judged("role", "role", &replicated)
                .contains("has no replica, and with `redis.acknowledge: 'replicated'` nothing is acknowledged")
        );
        assert_eq!(judged("connected_slaves:0", "connected_slaves:1", &replicated), "");
    }

    #[test]
    fn what_a_crash_of_the_server_would_lose_is_a_warning() {
        assert_eq!(
            judged("aof_enabled:1", "aof_enabled:0", &options()),
            "Redis at redis.test:6379 keeps no append-only file: a crash of that server loses what was recorded since its last snapshot, or everything if it \
             takes none; set `appendonly yes` there"
        );
        let lost = |snapshots| Warning::Volatile { snapshots: Some(snapshots) }.describe(&options());
        assert!(lost(true).contains("loses what was recorded since its last snapshot;"));
        assert!(lost(false).contains("loses all executions;"));
    }

    #[test]
    fn what_a_server_does_not_tell_is_one_warning() {
        let warnings = Server::default().judge(&options()).unwrap();
        assert_eq!(warnings.len(), 1);
        assert_eq!(
            warnings[0].describe(&options()),
            "Redis at redis.test:6379 does not let its user see its version, its maxmemory-policy, whether it keeps an append-only file: make sure that it has \
             version 7.0 or later, `maxmemory-policy noeviction` and `appendonly yes`, or let the user run INFO"
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        assert!(!format!("{:?}", options()).contains("secret"));
    }

    #[test]
    fn an_address_with_colons_is_named_in_brackets() {
        assert_eq!(RedisOptions { host: "::1".to_owned(), ..options() }.place(), "[::1]:6379");
    }
}
