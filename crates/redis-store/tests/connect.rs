// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a caller hears when a server cannot be used, and what it hears of one that can: against servers, and against what only looks like one.

#[path = "support/server.rs"]
mod server;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use redis_store::{Acknowledge, ClientCertificate, RedisOptions, Tls, Warning, connect};
use server::{TestServer, free_port};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::Duration;

fn options(port: u16) -> RedisOptions {
    RedisOptions {
        host: "127.0.0.1".to_owned(),
        port,
        username: None,
        password: None,
        db: 0,
        tls: None,
        namespace: "default".to_owned(),
        acknowledge: Acknowledge::Reply,
        patience: Duration::from_secs(30),
        ended: None,
    }
}

/// What is heard of the server, on a runtime of its own: the warnings, or why it cannot be used.
fn heard(options: &RedisOptions) -> Result<Vec<Warning>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let connected = runtime.block_on(connect(options)).map_err(|error| error.to_string().replace(&options.place(), "HERE"))?;
    // What it gives is a way in, as the user that was asked for.
    runtime.block_on(async {
        let mut connection =
            connected.servers.configured_client().expect("a client").get_multiplexed_async_connection().await.expect("a connection");
        let _: () = redis::cmd("SET").arg("mao:try").arg(1).query_async(&mut connection).await.expect("an answer");
    });
    Ok(connected.warnings)
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn why(options: &RedisOptions) -> String {
    heard(options).expect_err("it cannot be used")
}

#[test]
fn nothing_listens() {
    assert_eq!(
        why(&options(free_port())),
        "nothing listens at HERE: start Redis there (`redis-server`), name another server in `redis.host` and `redis.port`, or use `storage: { path }`, which \
         needs none"
    );
    assert_eq!(
        why(&RedisOptions { host: "no-such-host.invalid".to_owned(), ..options(6379) }),
        "Redis at HERE cannot be reached: check `redis.host`, `redis.port` and the network between"
    );
}

#[test]
fn a_server_that_keeps_all_is_taken_without_a_word_and_one_that_does_not_with_one() {
    let Some(server) = TestServer::start(&["--appendonly", "yes"]) else { return };
    assert_eq!(heard(&options(server.port)), Ok(vec![]));
    let by_name = RedisOptions { host: "localhost".to_owned(), db: 3, ..options(server.port) };
    assert_eq!(heard(&by_name), Ok(vec![]));
    let forgetful = TestServer::start(&[]).expect("a server");
    assert_eq!(heard(&options(forgetful.port)), Ok(vec![Warning::Volatile { snapshots: Some(false) }]));
    let stock = TestServer::start(&words("--save 3600 1 300 100")).expect("a server");
    assert_eq!(heard(&options(stock.port)), Ok(vec![Warning::Volatile { snapshots: Some(true) }]));
}

#[test]
fn passwords_and_users() {
    let acl = "--requirepass right --user worker on >own ~* +@all --appendonly yes";
    let Some(server) = TestServer::start(&words(acl)) else { return };
    let none = options(server.port);
    let with = |name: Option<&str>, password: &str| RedisOptions {
        username: name.map(str::to_owned),
        password: Some(password.to_owned()),
        ..options(server.port)
    };
    assert_eq!(why(&none), "Redis at HERE asks for a password: set `redis.password`, and `redis.username` if its user has a name");
    let refused = "Redis at HERE refuses this user or password: correct `redis.username` and `redis.password`";
    assert_eq!(why(&with(None, "wrong")), refused);
    assert_eq!(why(&with(Some("worker"), "right")), refused);
    assert_eq!(heard(&with(None, "right")), Ok(vec![]));
    assert_eq!(heard(&with(Some("worker"), "own")), Ok(vec![]));
    let open = TestServer::start(&[]).expect("a server");
    assert_eq!(why(&RedisOptions { password: Some("any".to_owned()), ..options(open.port) }), refused);
    let beyond = why(&RedisOptions { db: 99, ..options(open.port) });
    assert!(beyond.starts_with("Redis at HERE has no database 99 for this user"), "{beyond}");
}

#[test]
fn a_user_that_may_not_look_hears_what_must_be_made_sure_of() {
    let acl = "--user worker on >own ~* +@all -info -config -client --appendonly yes";
    let Some(server) = TestServer::start(&words(acl)) else { return };
    let worker = RedisOptions { username: Some("worker".to_owned()), password: Some("own".to_owned()), ..options(server.port) };
    let untold = vec!["its maxmemory-policy", "whether it keeps an append-only file"];
    assert_eq!(heard(&worker), Ok(vec![Warning::Untold(untold)]), "its version is in the answer to HELLO");
}

#[test]
fn what_would_lose_work_is_refused() {
    let Some(primary) = TestServer::start(&["--maxmemory-policy", "allkeys-lru"]) else { return };
    assert!(why(&options(primary.port)).starts_with("Redis at HERE deletes keys when its memory is full (maxmemory-policy allkeys-lru)"));
    let replica = TestServer::start(&["--replicaof", "127.0.0.1", &primary.port.to_string()]).expect("a replica");
    let said = why(&options(replica.port));
    assert_eq!(
        said,
        format!(
            "Redis at HERE is a replica of 127.0.0.1:{} and takes no writes: name that primary in `redis.host` and `redis.port`",
            primary.port
        )
    );
}

struct Certificates {
    authority: String,
    certificate: String,
    key: String,
}

/// Of an authority that no system trusts, and of a server on loopback.
fn certificates() -> Certificates {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "an authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()]).expect("names");
    let certificate = server.signed_by(&key, &authority).expect("a certificate").pem();
    Certificates { authority: authority.pem(), certificate, key: key.serialize_pem() }
}

#[test]
fn encrypted_connections() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = certificates();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let (authority, certificate, key) = (file("ca", &made.authority), file("certificate", &made.certificate), file("key", &made.key));
    let files =
        ["--tls-port", "PORT", "--port", "0", "--tls-ca-cert-file", &authority, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let Some(open) = TestServer::start(&[&files[..], &["--tls-auth-clients", "no", "--appendonly", "yes"]].concat()) else { return };
    let trusting = Tls { ca: Some(made.authority.clone()), client: None };
    let with = |port: u16, tls: Tls| RedisOptions { tls: Some(tls), ..options(port) };
    assert_eq!(heard(&with(open.port, trusting.clone())), Ok(vec![]));
    let refused = "no encrypted connection to Redis at HERE comes about: check the certificates in `redis.tls`, and leave `tls` out if the server takes plain \
                   connections";
    assert_eq!(why(&with(open.port, Tls::default())), refused, "this system does not trust the authority");
    let plain = why(&options(open.port));
    assert!(plain.starts_with("what listens at HERE does not answer as Redis does") && plain.contains("`redis.tls: true`"), "{plain}");
    let server = TestServer::start(&[]).expect("a server");
    let impatient = RedisOptions { patience: Duration::from_secs(1), ..with(server.port, trusting.clone()) };
    assert_eq!(why(&impatient), refused, "it takes plain connections");
    let strict = TestServer::start(&[&files[..], &["--appendonly", "yes"]].concat()).expect("a server");
    assert_eq!(why(&with(strict.port, trusting.clone())), refused, "it asks for a certificate");
    let client = Some(ClientCertificate { certificate: made.certificate.clone(), key: made.key.clone() });
    assert_eq!(heard(&with(strict.port, Tls { client, ..trusting })), Ok(vec![]));
    let unreadable = Tls { ca: Some("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n".to_owned()), client: None };
    assert_eq!(
        why(&with(open.port, unreadable)),
        "the certificates in `redis.tls` cannot be read: `ca`, `cert` and `key` are texts in the form PEM"
    );
}

/// A program that answers each line with what `answer` makes of it, as an older server would.
fn scripted(answer: fn(&str) -> Option<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut writer = stream.try_clone().expect("a stream");
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if answer(line.trim()).is_some_and(|text| writer.write_all(text.as_bytes()).is_err()) {
                    break;
                }
            }
        }
    });
    port
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

#[test]
fn a_server_that_is_too_old_is_refused() {
    let port = scripted(|word| match word {
        "INFO" => Some(bulk("redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master\r\n")),
        "EXISTS" => Some(":0\r\n".to_owned()),
        "CONFIG" => Some("-ERR no\r\n".to_owned()),
        _ => None,
    });
    assert_eq!(
        why(&options(port)),
        "Redis at HERE has version 6.2.14, and the oldest that works is 7.0: upgrade the server, or name another in `redis`"
    );
}

#[test]
fn a_server_that_loads_is_waited_for_as_long_as_patience_lasts() {
    let port = scripted(|word| matches!(word, "INFO" | "EXISTS").then(|| "-LOADING Redis is loading the dataset in memory\r\n".to_owned()));
    let patience = Duration::from_millis(300);
    let said = why(&RedisOptions { patience, ..options(port) });
    assert!(said.starts_with("Redis at HERE still loads what it has kept"), "{said}");
}

#[test]
fn what_is_no_server_of_redis_is_told_as_such() {
    let port = scripted(|word| (word == "INFO").then(|| "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_owned()));
    let said = why(&options(port));
    assert!(said.starts_with("what listens at HERE does not answer as Redis does"), "{said}");
    let silent = RedisOptions { patience: Duration::from_millis(300), ..options(scripted(|_| None)) };
    assert!(why(&silent).starts_with("what listens at HERE has not answered for 300 ms"));
    let full = scripted(|word| (word == "INFO").then(|| "-ERR max number of clients reached\r\n".to_owned()));
    assert_eq!(why(&options(full)), "Redis at HERE refuses connections; it says: max number of clients reached");
}
