// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions on a server: which one, as the configuration has it, and opening it on a thread of its own.

use crate::error::{NativeFailure, failure};
use crate::opening::{Found, Opened};
use crate::runtime::runtime;
use crate::shared::{SharedArchive, SharedDriver, lock};
use crate::words;
use napi::bindgen_prelude::{Env, Task};
use napi_derive::napi;
use redis_store::keys::{Namespace, PARTITIONS};
use redis_store::{Acknowledge, ClientCertificate, ConnectError, Connected, Opening, RedisBackend, RedisOptions, Tls, connect};
use runtime::{Clock, Driver, Error, Wake};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

/// Which server, as whom, and how.
#[napi(object)]
#[expect(missing_docs, reason = "as in `RedisConfig`")]
pub struct NativeRedis {
    pub host: String,
    pub port: u16,
    pub username: Option<String>,
    pub password: Option<String>,
    pub db: u16,
    pub tls: Option<NativeTls>,
    pub namespace: String,
    pub acknowledge: String,
    /// Milliseconds.
    pub patience: u32,
    /// Bytes.
    pub ended: Option<f64>,
}

/// What an encrypted connection takes, as PEM.
#[napi(object)]
#[expect(missing_docs, reason = "as in `RedisTls`")]
pub struct NativeTls {
    pub ca: Option<String>,
    pub cert: Option<String>,
    pub key: Option<String>,
}

impl From<NativeRedis> for RedisOptions {
    fn from(redis: NativeRedis) -> Self {
        let NativeRedis { host, port, username, password, db, tls, namespace, acknowledge, patience, ended } = redis;
        let tls = tls.map(|NativeTls { ca, cert, key }| Tls {
            ca,
            client: cert.zip(key).map(|(certificate, key)| ClientCertificate { certificate, key }),
        });
        let acknowledge = if acknowledge == "replicated" { Acknowledge::Replicated } else { Acknowledge::Reply };
        let patience = Duration::from_millis(patience.into());
        Self { host, port, username, password, db, tls, namespace, acknowledge, patience, ended: ended.map(words::bytes) }
    }
}

/// Opens the namespace on a thread of its own, since a server may be far away, and what was left there is read.
pub struct OpenRedis {
    pub(crate) driver: SharedDriver,
    pub(crate) archive: SharedArchive,
    pub(crate) options: RedisOptions,
    pub(crate) clock: Clock,
    pub(crate) wake: Wake,
}

impl OpenRedis {
    fn open(&self) -> Result<Found, NativeFailure> {
        let internal = |error: napi::Error| NativeFailure { code: "ERR_INTERNAL".to_owned(), message: error.reason, causes: Vec::new() };
        let handle = runtime().map_err(internal)?.handle();
        let connected = handle.block_on(connect(&self.options)).map_err(|error| unreached(&error))?;
        self.continuing(connected, handle).map_err(|error| failure(&error))
    }

    fn continuing(&self, Connected { servers, warnings, .. }: Connected, handle: &tokio::runtime::Handle) -> Result<Found, Error> {
        let namespace = Namespace::new(&self.options.namespace, PARTITIONS);
        let alerts = warnings.iter().map(|warning| warning.alert(&self.options)).collect();
        let RedisOptions { patience, acknowledge, ended, .. } = self.options;
        let opening = Opening { servers, namespace, patience, acknowledge, ended, alerts, handle };
        let (backend, left) = RedisBackend::open(opening, &self.clock, Arc::clone(&self.wake))?;
        let (driver, opened) = Driver::continuing(&left, self.clock.share(), |_| Ok(Box::new(backend)))?;
        *lock(&self.archive) = Some(driver.archive()?);
        let found = Found::by(&driver, opened);
        *lock(&self.driver) = Some(driver);
        Ok(found)
    }
}

impl Task for OpenRedis {
    type Output = Result<Found, NativeFailure>;
    type JsValue = Opened;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.open())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Opened> {
        (self.wake)();
        Ok(Opened::of(output))
    }
}

/// Why a server is not one that executions can be kept on.
pub(crate) fn unreached(error: &ConnectError) -> NativeFailure {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    NativeFailure { code: "ERR_STORE_OPEN".to_owned(), message: error.to_string(), causes }
}
