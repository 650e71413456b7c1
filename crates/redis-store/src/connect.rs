// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The first connection to a server: it shows who we are, asks what the server is, and says in one sentence what is wrong.
//!
//! ```text
//! connect ──▶ AUTH ──▶ INFO (else HELLO) ──▶ SELECT ──▶ judged by `server`
//! ```
//! A server that loads what it has kept answers nothing else yet, and is waited for; everything else that is wrong is told at once.

use crate::client::client;
use crate::options::RedisOptions;
use crate::server::{Mode, Server, Unfit, Warning};
use crate::servers::Servers;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisError, Value, cmd};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// The longest that a connection may take to come about, and that a server may take for an answer here.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Between two looks at a server that loads.
const LOADING: Duration = Duration::from_millis(100);

/// A server on which executions can be kept.
pub struct Connected {
    /// Makes connections, each as the user and to the database that was asked for.
    pub servers: Servers,
    /// What the server has said of itself.
    pub server: Server,
    /// What is good to know of it.
    pub warnings: Vec<Warning>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing takes connections there.
    #[error(
        "nothing listens at {place}: start Redis there (`redis-server`), name another server in `redis.host` and `redis.port`, or use `storage: {{ path }}`, \
         which needs none"
    )]
    Nothing {
        /// Which server.
        place: String,
        /// What the system said.
        #[source]
        source: RedisError,
    },
    /// The name leads nowhere, or no packet comes back.
    #[error("Redis at {place} cannot be reached: check `redis.host`, `redis.port` and the network between")]
    Unreachable {
        /// Which server.
        place: String,
        /// What the system said.
        #[source]
        source: RedisError,
    },
    /// No answer came.
    #[error("what listens at {place} has not answered for {} ms: look whether it is a server of Redis, and whether it is busy", .time.as_millis())]
    Silent {
        /// Which server.
        place: String,
        /// How long it was waited for.
        time: Duration,
    },
    /// It speaks something else.
    #[error(
        "what listens at {place} does not answer as Redis does: check `redis.port`, and set `redis.tls: true` if the server takes encrypted connections alone"
    )]
    NotRedis {
        /// Which server.
        place: String,
        /// What it did.
        #[source]
        source: RedisError,
    },
    /// No encrypted connection comes about.
    #[error(
        "no encrypted connection to Redis at {place} comes about: check the certificates in `redis.tls`, and leave `tls` out if the server takes plain connections"
    )]
    Tls {
        /// Which server.
        place: String,
        /// What is wrong.
        #[source]
        source: RedisError,
    },
    /// Certificates of ours that cannot be read.
    #[error("the certificates in `redis.tls` cannot be read: `ca`, `cert` and `key` are texts in the form PEM")]
    Certificates(#[source] RedisError),
    /// It asks who we are.
    #[error("Redis at {place} asks for a password: set `redis.password`, and `redis.username` if its user has a name")]
    NoPassword {
        /// Which server.
        place: String,
    },
    /// It does not know us.
    #[error("Redis at {place} refuses this user or password: correct `redis.username` and `redis.password`")]
    WrongPassword {
        /// Which server.
        place: String,
        /// What it said.
        #[source]
        source: RedisError,
    },
    /// There is no such database, or it is not ours.
    #[error(
        "Redis at {place} has no database {db} for this user: correct `redis.db`, or leave it out and use `redis.namespace` to keep things apart"
    )]
    NoDatabase {
        /// Which server.
        place: String,
        /// Its number.
        db: u16,
        /// What it said.
        #[source]
        source: RedisError,
    },
    /// It has not loaded yet what it has kept.
    #[error("Redis at {place} still loads what it has kept, after {} ms: try again when it is ready, or set `redis.patience` higher", .patience.as_millis())]
    Loading {
        /// Which server.
        place: String,
        /// How long it was waited for.
        patience: Duration,
    },
    /// It takes none of us: too many connections, protected mode.
    #[error("Redis at {place} refuses connections; it says: {}", .source.detail().unwrap_or("nothing"))]
    Refused {
        /// Which server.
        place: String,
        /// What it said.
        #[source]
        source: RedisError,
    },
    /// Executions are not kept there.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Connects to the server, and judges it.
pub async fn connect(options: &RedisOptions) -> Result<Connected, ConnectError> {
    let place = (options.host.as_str(), options.port);
    let stranger = client(options, place, RedisConnectionInfo::default().set_skip_set_lib_name()).map_err(ConnectError::Certificates)?;
    let mut connection = match stranger.get_multiplexed_async_connection_with_config(&patient(options)).await {
        Ok(connection) => connection,
        Err(error) => return Err(unreached(options, error).await),
    };
    if let Some(password) = &options.password {
        let mut auth = cmd("AUTH");
        if let Some(name) = &options.username {
            auth.arg(name);
        }
        ask(&mut connection, auth.arg(password), options).await?;
    }
    let server = loaded(&mut connection, options).await?;
    let warnings = server.judge(options)?;
    if options.db != 0 {
        let selected: Result<Value, RedisError> = cmd("SELECT").arg(options.db).query_async(&mut connection).await;
        selected.map_err(|source| ConnectError::NoDatabase { place: options.place(), db: options.db, source })?;
    }
    let servers = Servers::of(options, server.mode == Some(Mode::Cluster), &server.replicas_at);
    if server.mode == Some(Mode::Cluster) {
        servers.look().await;
    }
    Ok(Connected { servers, server, warnings })
}

/// A server far away takes longer than the client would wait by itself.
fn patient(options: &RedisOptions) -> AsyncConnectionConfig {
    let most = Some(longest(options));
    AsyncConnectionConfig::new().set_connection_timeout(most).set_response_timeout(most)
}

fn longest(options: &RedisOptions) -> Duration {
    options.patience.min(CONNECT_MAX)
}

/// What the server is, once it has loaded what it has kept.
async fn loaded(connection: &mut MultiplexedConnection, options: &RedisOptions) -> Result<Server, ConnectError> {
    let mut left = options.patience;
    loop {
        match look(connection, options).await {
            Err(ConnectError::Loading { .. }) if left > LOADING => {
                left -= LOADING;
                sleep(LOADING).await;
            }
            settled => return settled,
        }
    }
}

/// `INFO` may be forbidden to the user; `HELLO` is not, and says a part of it.
async fn look(connection: &mut MultiplexedConnection, options: &RedisOptions) -> Result<Server, ConnectError> {
    let server = match ask(connection, &cmd("INFO"), options).await {
        Ok(answer) => Server::of_info(&text(&answer).unwrap_or_default()),
        Err(ConnectError::Refused { source, .. }) if is_forbidden(&source) => {
            let hello = ask(connection, &cmd("HELLO"), options).await;
            hello.map_or_else(|_| Server::default(), |answer| of_hello(&answer, &options.place()))
        }
        Err(error) => return Err(error),
    };
    // While it loads, INFO is answered and nothing else is.
    match ask(connection, cmd("EXISTS").arg("mao:"), options).await {
        // Of a Cluster any server will do.
        Err(ConnectError::Refused { source, .. }) if is_forbidden(&source) || source.redirect_node().is_some() => {}
        answered => drop(answered?),
    }
    let saves = ask(connection, cmd("CONFIG").arg("GET").arg("save"), options).await.ok();
    let snapshots = saves.and_then(|answer| pairs(&answer).into_iter().next()).map(|(_, points)| !points.is_empty());
    Ok(Server { snapshots, ..server })
}

fn of_hello(answer: &Value, place: &str) -> Server {
    let fields = pairs(answer);
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    Server {
        version: field("version").map(str::to_owned),
        mode: field("mode").map(|mode| match mode {
            "cluster" => Mode::Cluster,
            "sentinel" => Mode::Sentinel,
            _ => Mode::Alone,
        }),
        replica_of: (field("role") == Some("replica")).then(|| format!("another server than {place}")),
        ..Server::default()
    }
}

/// What stands in pairs, as far as it is text.
fn pairs(answer: &Value) -> Vec<(String, String)> {
    let Value::Array(items) = answer else { return Vec::new() };
    let mut items = items.iter().map(text);
    let mut pairs = Vec::new();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        pairs.extend(key.zip(value));
    }
    pairs
}

fn text(answer: &Value) -> Option<String> {
    redis::from_redis_value_ref(answer).ok()
}

/// One answer; what went wrong as far as a caller can do something about it.
async fn ask(connection: &mut MultiplexedConnection, command: &Cmd, options: &RedisOptions) -> Result<Value, ConnectError> {
    command.query_async(connection).await.map_err(|source: RedisError| {
        let place = options.place();
        match source.code() {
            Some("NOAUTH") => ConnectError::NoPassword { place },
            Some("WRONGPASS") => ConnectError::WrongPassword { place, source },
            Some("LOADING") => ConnectError::Loading { place, patience: options.patience },
            // A server with a password for no user says so to those who show one.
            Some("ERR") if source.detail().is_some_and(|said| said.contains("AUTH")) => ConnectError::WrongPassword { place, source },
            Some(_) => ConnectError::Refused { place, source },
            None if source.is_timeout() => ConnectError::Silent { place, time: longest(options) },
            // A server that asks for a certificate says so after the connection has come about.
            None if options.tls.is_some() => ConnectError::Tls { place, source },
            None => ConnectError::NotRedis { place, source },
        }
    })
}

fn is_forbidden(error: &RedisError) -> bool {
    error.code() == Some("NOPERM") || error.detail().is_some_and(|said| said.contains("unknown command"))
}

/// Why no connection came about.
async fn unreached(options: &RedisOptions, source: RedisError) -> ConnectError {
    let place = options.place();
    match kind_of(&source) {
        _ if source.is_connection_refusal() => ConnectError::Nothing { place, source },
        // A server that takes plain connections waits for the end of what it does not understand.
        _ if source.is_timeout() && options.tls.is_some() && takes(options).await => ConnectError::Tls { place, source },
        _ if source.is_timeout() => ConnectError::Unreachable { place, source },
        Some(io::ErrorKind::InvalidData) => ConnectError::Tls { place, source },
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) if options.tls.is_some() => ConnectError::Tls { place, source },
        _ if source.code().is_some() => ConnectError::Refused { place, source },
        _ if source.kind() == ErrorKind::Parse => ConnectError::NotRedis { place, source },
        _ => ConnectError::Unreachable { place, source },
    }
}

/// Whether something takes connections there.
async fn takes(options: &RedisOptions) -> bool {
    let connection = TcpStream::connect((options.host.as_str(), options.port));
    matches!(timeout(longest(options), connection).await, Ok(Ok(_)))
}

/// What the system said, which the client keeps behind a pointer of its own.
fn kind_of(error: &RedisError) -> Option<io::ErrorKind> {
    let shared = error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    shared.downcast_ref::<io::Error>().map(io::Error::kind)
}
