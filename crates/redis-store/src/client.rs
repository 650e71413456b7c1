// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What makes connections: to which server, as which user, encrypted or not.

use crate::options::{RedisOptions, Tls};
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo, RedisError, TlsCertificates,
};

/// As which user, and to which database.
pub(crate) fn user(options: &RedisOptions) -> RedisConnectionInfo {
    let mut info = RedisConnectionInfo::default().set_db(i64::from(options.db)).set_skip_set_lib_name();
    if let Some(name) = &options.username {
        info = info.set_username(name.as_str());
    }
    match &options.password {
        Some(password) => info.set_password(password.as_str()),
        None => info,
    }
}

/// Makes connections to a server.
pub(crate) fn client(options: &RedisOptions, (host, port): (&str, u16), user: RedisConnectionInfo) -> Result<Client, RedisError> {
    let host = host.to_owned();
    let addr = match &options.tls {
        None => ConnectionAddr::Tcp(host, port),
        Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
    };
    let info = addr.into_connection_info()?.set_redis_settings(user);
    match &options.tls {
        None => Client::open(info),
        Some(tls) => encrypted(info, tls),
    }
}

fn encrypted(info: ConnectionInfo, tls: &Tls) -> Result<Client, RedisError> {
    // What was first in this process decides; either speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client_tls = tls.client.as_ref().map(|client| ClientTlsConfig {
        client_cert: client.certificate.clone().into_bytes(),
        client_key: client.key.clone().into_bytes(),
    });
    Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: tls.ca.clone().map(String::into_bytes) })
}
