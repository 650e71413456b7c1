// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which server, as which user, and what is asked of it: everything there is to configure.

use std::fmt;
use std::time::Duration;

/// What a store on Redis is opened with. Defaults are the host's: here nothing is left open.
#[derive(Clone)]
pub struct RedisOptions {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user of the server's access list; `None`: its default user.
    pub username: Option<String>,
    /// What that user proves to be itself with; `None`: none is asked for.
    pub password: Option<String>,
    /// The number of the database.
    pub db: u16,
    /// Whether the connection is encrypted, and what is trusted.
    pub tls: Option<Tls>,
    /// Keeps apart what shares a server: every key carries it.
    pub namespace: String,
    /// When a commit is acknowledged.
    pub acknowledge: Acknowledge,
    /// How long a commit whose outcome is unknown is tried again before calls that wait for it are told.
    pub patience: Duration,
    /// Bytes that what has ended may take; `None`: 256 MiB, or a quarter of what the server may use.
    pub ended: Option<u64>,
}

/// What an encrypted connection trusts, and shows of itself.
#[derive(Clone, Default)]
pub struct Tls {
    /// Certificates of authorities, as PEM; `None`: those that this system trusts.
    pub ca: Option<String>,
    /// A certificate and its key, as PEM, for a server that asks for one.
    pub client: Option<ClientCertificate>,
}

/// What a client shows of itself.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate, with those between it and the authority, as PEM.
    pub certificate: String,
    /// Its key, as PEM.
    pub key: String,
}

/// When a commit is acknowledged, and so what a failure of the server can lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// When the server has answered.
    Reply,
    /// When a replica has it, too.
    Replicated,
}

impl RedisOptions {
    /// Where the server is, as messages name it.
    #[must_use]
    pub fn place(&self) -> String {
        // An address of IPv6 has colons of its own.
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Never shows the password: options are printed by tests and by what panics.
impl fmt::Debug for RedisOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisOptions")
            .field("place", &self.place())
            .field("username", &self.username)
            .field("db", &self.db)
            .field("tls", &self.tls.is_some())
            .field("namespace", &self.namespace)
            .field("acknowledge", &self.acknowledge)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
