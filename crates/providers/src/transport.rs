// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! HTTP to providers: one pool of connections for all of them, bounds for everything, nothing decided and nothing repeated.

use crate::address::is_private;
use crate::backend::{HttpRequest, Mode, ModelBackend, ReplyDecoder};
use crate::failure::{Failure, FailureKind};
use crate::headers::Headers;
use crate::provider::names_private;
use crate::reply::{Delta, Reply};
use crate::request::ChatRequest;
use crate::web::Web;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, ClientBuilder, Response, Url, redirect};
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The connections to all providers. Clones share them.
#[derive(Debug, Clone)]
pub struct Transport {
    /// Reaches what the public internet routes to.
    public: Client,
    /// Reaches anything.
    anywhere: Client,
}

/// Why no connection can ever be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up; see its cause, most often certificates of this system that cannot be read")]
pub struct SetupError(#[source] reqwest::Error);

impl Transport {
    /// The longest a connection may take to come about.
    pub const CONNECT_MAX: Duration = Duration::from_secs(10);
    /// The most bytes of one response.
    pub const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

    /// With no connection yet. Proxies of the environment are not used.
    pub fn new() -> Result<Self, SetupError> {
        // Whoever was first in this process decides; either speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let public = client(|builder| builder.dns_resolver(PublicOnly))?;
        let anywhere = client(|builder| builder)?;
        Ok(Self { public, anywhere })
    }

    /// An address that may be spoken to, for other protocols than those of providers. It is bound as ours are: what is inside this
    /// machine's networks, or not encrypted, only with `allow_private`; no redirects; certificates as this system trusts them.
    pub fn web(&self, address: &str, allow_private: bool) -> Result<Web, Failure> {
        let refused = |what: &str| Failure::new(FailureKind::Refused, what);
        let url = Url::parse(address).map_err(|_| refused("the address is none; write one such as https://host/path"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("only http and https are spoken"));
        }
        let host = url.host_str().unwrap_or_default();
        if !allow_private && names_private(host) {
            return Err(inside(host));
        }
        if !allow_private && url.scheme() == "http" {
            return Err(refused("the address is not encrypted; use https, or set `allowPrivate: true` if that is meant"));
        }
        let client = if allow_private { &self.anywhere } else { &self.public }.clone();
        Ok(Web { client, url })
    }

    /// One whole answer, with the headers of its response. Dropping the future or cancelling drops the connection.
    pub async fn call(
        &self,
        backend: &dyn ModelBackend,
        request: &ChatRequest,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<(Reply, Headers), Failure> {
        let mut begun = self.begin(backend, request, Mode::Whole, Limits::new(timeout, cancel)).await?;
        while let Some(chunk) = begun.chunk().await? {
            begun.decoder()?.push(&chunk);
        }
        let reply = begun.finish()?;
        Ok((reply, begun.headers))
    }

    /// An answer as it arrives. Once this returns, the response has begun well and its headers are known; `timeout` goes on
    /// until its end. Dropping the stream or cancelling drops the connection.
    pub async fn stream(
        &self,
        backend: &dyn ModelBackend,
        request: &ChatRequest,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<ReplyStream, Failure> {
        let begun = self.begin(backend, request, Mode::Streamed, Limits::new(timeout, cancel)).await?;
        Ok(ReplyStream { begun, waiting: VecDeque::new(), ended: false })
    }

    async fn begin(&self, backend: &dyn ModelBackend, request: &ChatRequest, mode: Mode, limits: Limits) -> Result<Begun, Failure> {
        let exchange = backend.open(request, mode)?;
        let mut decoder = exchange.decoder;
        let response = match limits.bound(self.send(exchange.request)).await {
            Ok(response) => response,
            Err(failure) => return Err(decoder.interrupt(failure)),
        };
        let headers = Headers::of(response.headers(), backend.redactor());
        decoder.begin(response.status(), response.headers());
        let good = response.status().is_success();
        let mut begun = Begun { headers, response: Some(response), decoder: Some(decoder), limits, bytes: 0 };
        if good {
            return Ok(begun);
        }
        // What is wrong stands in the body, of which no more is needed than is kept.
        while begun.bytes < Failure::BODY_BYTES_MAX {
            let Some(chunk) = begun.chunk().await? else { break };
            begun.decoder()?.push(&chunk);
        }
        match begun.finish() {
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::new(FailureKind::Malformed, "the provider sent an answer with the status of an error")),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<Response, Failure> {
        let url = Url::parse(&request.url).map_err(|_| Failure::new(FailureKind::Invalid, "`endpoint` makes no address"))?;
        let host = url.host_str().unwrap_or_default();
        if !request.allow_private && names_private(host) {
            return Err(inside(host));
        }
        let host = host.to_owned();
        let client = if request.allow_private { &self.anywhere } else { &self.public };
        let sent = client.request(request.method, url).headers(request.headers).body(request.body).send();
        sent.await.map_err(|error| broken(&host, error))
    }
}

/// A client that trusts whom this system trusts. Small container images trust nobody: there it is Mozilla's list, as in Node.
fn client(change: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<Client, SetupError> {
    let base = || Client::builder().connect_timeout(Transport::CONNECT_MAX).redirect(redirect::Policy::none()).no_proxy();
    match change(base()).build() {
        Ok(client) => Ok(client),
        Err(_) => change(base().tls_certs_merge(bundled()?)).build().map_err(SetupError),
    }
}

fn bundled() -> Result<Vec<Certificate>, SetupError> {
    TLS_SERVER_ROOT_CERTS.iter().map(|root| Certificate::from_der(root)).collect::<Result<_, _>>().map_err(SetupError)
}

fn inside(host: &str) -> Failure {
    let message = format!("{host} is inside this machine's networks; set `allowPrivate: true` where it is configured if that is meant");
    Failure::new(FailureKind::Refused, message)
}

/// Without the address, whose path may hold anything.
pub(crate) fn broken(host: &str, error: reqwest::Error) -> Failure {
    if caused_by_refusal(&error) {
        return inside(host);
    }
    let what = if error.is_connect() { "no connection to" } else { "the connection broke with" };
    let error = error.without_url();
    let mut message = format!("{what} {host}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Failure::new(FailureKind::Network, message)
}

/// Until when, and unless what.
struct Limits {
    timeout: Duration,
    deadline: Instant,
    cancel: CancellationToken,
}

impl Limits {
    fn new(timeout: Duration, cancel: &CancellationToken) -> Self {
        let now = Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or_else(|| now + FOREVER);
        Self { timeout, deadline, cancel: cancel.clone() }
    }

    /// What `work` comes to, unless it is cancelled or too late first; then `work` is dropped.
    async fn bound<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        match self.cancel.run_until_cancelled(tokio::time::timeout_at(self.deadline, work)).await {
            Some(Ok(done)) => done,
            Some(Err(_)) => {
                let message = format!("no whole answer within {} ms; raise the timeout or ask for less", self.timeout.as_millis());
                Err(Failure::new(FailureKind::Timeout, message))
            }
            None => Err(Failure::new(FailureKind::Cancelled, "the call was cancelled")),
        }
    }
}

/// Thirty years; a later instant may not exist.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 30);

/// A response whose body is being read. What fails lets go of the connection at once.
struct Begun {
    headers: Headers,
    response: Option<Response>,
    decoder: Option<Box<dyn ReplyDecoder>>,
    limits: Limits,
    bytes: usize,
}

impl Begun {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(response) = &mut self.response else { return Ok(None) };
        let next = async {
            let host = response.url().host_str().unwrap_or_default().to_owned();
            response.chunk().await.map_err(|error| broken(&host, error))
        };
        let chunk = match self.limits.bound(next).await {
            Ok(chunk) => chunk,
            Err(failure) => return Err(self.interrupt(failure)),
        };
        let chunk: Option<Vec<u8>> = chunk.map(Into::into);
        self.bytes += chunk.as_ref().map_or(0, Vec::len);
        if self.bytes > Transport::BODY_BYTES_MAX {
            let message = format!("the answer is larger than {} MiB", Transport::BODY_BYTES_MAX / (1024 * 1024));
            return Err(self.interrupt(Failure::new(FailureKind::Malformed, message)));
        }
        Ok(chunk)
    }

    fn decoder(&mut self) -> Result<&mut Box<dyn ReplyDecoder>, Failure> {
        self.decoder.as_mut().ok_or_else(over)
    }

    fn finish(&mut self) -> Result<Reply, Failure> {
        self.response = None;
        self.decoder.take().map_or_else(|| Err(over()), ReplyDecoder::finish)
    }

    fn interrupt(&mut self, failure: Failure) -> Failure {
        self.response = None;
        match self.decoder.take() {
            Some(decoder) => decoder.interrupt(failure),
            None => failure,
        }
    }
}

fn over() -> Failure {
    Failure::new(FailureKind::Malformed, "the response was read to its end before")
}

/// An answer as it arrives: deltas, the last of which is [`Delta::Done`], or a failure, after which nothing comes.
pub struct ReplyStream {
    begun: Begun,
    waiting: VecDeque<Delta>,
    ended: bool,
}

impl ReplyStream {
    /// Of the response.
    pub fn headers(&self) -> &Headers {
        &self.begun.headers
    }

    /// What comes next; `None` after the end. A future that is dropped loses nothing.
    pub async fn next(&mut self) -> Option<Result<Delta, Failure>> {
        loop {
            if let Some(delta) = self.waiting.pop_front() {
                return Some(Ok(delta));
            }
            if self.ended {
                return None;
            }
            match self.read().await {
                Ok(deltas) => self.waiting.extend(deltas),
                Err(failure) => {
                    self.ended = true;
                    return Some(Err(failure));
                }
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<Delta>, Failure> {
        // A provider that has ended its answer may keep the connection open.
        if !self.begun.decoder()?.is_over()
            && let Some(chunk) = self.begun.chunk().await?
        {
            return Ok(self.begun.decoder()?.push(&chunk));
        }
        let mut deltas = self.begun.decoder()?.end();
        let reply = Box::new(self.begun.finish()?);
        self.ended = true;
        deltas.push(Delta::Done { reply });
        Ok(deltas)
    }
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReplyStream").field("headers", self.headers()).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// Finds addresses and keeps those inside back: a public name may lead there, on purpose.
struct PublicOnly;

#[derive(Debug, thiserror::Error)]
#[error("its addresses are inside this machine's networks")]
struct RefusedAddress;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| is_private(address.ip())) {
                return Err(RefusedAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn caused_by_refusal(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<RefusedAddress>() {
            return true;
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{PublicOnly, RefusedAddress, Transport, bundled};
    use reqwest::Client;
    use reqwest::dns::Resolve;

    #[test]
    fn a_system_without_certificates_gets_ours() {
        Transport::new().unwrap();
        let roots = bundled().unwrap();
        assert!(roots.len() > 100);
        Client::builder().tls_certs_only(roots).build().unwrap();
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let Err(error) = PublicOnly.resolve("localhost".parse().unwrap()).await else { panic!("it was resolved") };
        assert!(error.is::<RefusedAddress>(), "{error}");
    }
}
