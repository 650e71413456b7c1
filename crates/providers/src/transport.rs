// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! HTTP to providers: one pool of connections for all of them, bounds for everything, nothing decided and nothing repeated.

use crate::address::{PublicOnly, broken, inside, with_port};
use crate::backend::{HttpRequest, Mode, ModelBackend, ReplyDecoder, Signs};
use crate::failure::{Failure, FailureKind};
use crate::fetch::gathered;
use crate::headers::Headers;
use crate::provider::names_private;
use crate::reply::{Delta, Reply};
use crate::request::ChatRequest;
use crate::secret::Redactor;
use crate::web::Web;
use http::{HeaderMap, HeaderName, HeaderValue};
use models::without_secrets;
use reqwest::{Certificate, Client, ClientBuilder, Response, Url, redirect};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
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
            return Err(refused("only http and https are supported"));
        }
        let host = url.host_str().unwrap_or_default();
        if !allow_private && names_private(host) {
            return Err(inside(host));
        }
        if !allow_private && url.scheme() == "http" {
            return Err(refused("the address is not encrypted; use https, or set `allowPrivate: true` if you trust it"));
        }
        let client = if allow_private { &self.anywhere } else { &self.public }.clone();
        Ok(Web { client, url })
    }

    /// One whole answer, with the headers of its response. Dropping the future or cancelling drops the connection.
    pub async fn call(
        &self,
        backend: &dyn ModelBackend,
        request: &ChatRequest,
        timeouts: impl Into<Timeouts>,
        cancel: &CancellationToken,
    ) -> Result<(Reply, Headers), Failure> {
        let mut begun = Box::pin(self.begin(backend, request, Mode::Whole, Limits::new(timeouts.into(), Mode::Whole, cancel))).await?;
        while let Some(chunk) = begun.chunk().await? {
            begun.read(&chunk)?;
        }
        let reply = begun.finish()?;
        Ok((reply, begun.headers))
    }

    /// An answer as it arrives. Once this returns, the response has begun well and its headers are known; `timeouts` go on
    /// until its end. Dropping the stream or cancelling drops the connection.
    pub async fn stream(
        &self,
        backend: &dyn ModelBackend,
        request: &ChatRequest,
        timeouts: impl Into<Timeouts>,
        cancel: &CancellationToken,
    ) -> Result<ReplyStream, Failure> {
        let begun = Box::pin(self.begin(backend, request, Mode::Streamed, Limits::new(timeouts.into(), Mode::Streamed, cancel))).await?;
        Ok(ReplyStream { begun, waiting: VecDeque::new(), ended: false })
    }

    /// Boxed by who calls it: what is needed to begin is not held for as long as the answer lasts.
    async fn begin(&self, backend: &dyn ModelBackend, request: &ChatRequest, mode: Mode, limits: Limits) -> Result<Begun, Failure> {
        let gathered = limits.bound(gathered(&self.public, backend, request)).await?;
        let request = gathered.as_ref().unwrap_or(request);
        let mut exchange = backend.open(request, mode)?;
        if let Some(value) = request.traceparent.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            exchange.request.headers.insert(HeaderName::from_static("traceparent"), value);
        }
        let mut decoder = exchange.decoder;
        let asked = asked(&exchange.request, backend.redactor());
        let mut response = match limits.bound(self.send(exchange.request)).await {
            Ok(response) => response,
            Err(failure) => return Err(Failure { asked: Some(asked), ..decoder.interrupt(failure) }),
        };
        let told = detached(&std::mem::take(response.headers_mut()));
        let headers = Headers::of(&told, backend.redactor());
        decoder.begin(response.status(), &told);
        let good = response.status().is_success();
        let mut begun = Begun { asked, headers, response: Some(response), decoder: Some(decoder), limits, bytes: 0 };
        if good {
            return Ok(begun);
        }
        // What is wrong stands in the body, of which no more is needed than is kept.
        while begun.bytes < Failure::BODY_BYTES_MAX {
            let Some(chunk) = begun.chunk().await? else { break };
            begun.read(&chunk)?;
        }
        match begun.finish() {
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::new(FailureKind::Malformed, "the provider sent an answer with an error status")),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<Response, Failure> {
        let url = Url::parse(&request.url).map_err(|_| Failure::new(FailureKind::Invalid, "`endpoint` makes no address"))?;
        let host = url.host_str().unwrap_or_default();
        if !request.allow_private && names_private(host) {
            return Err(inside(host));
        }
        let host = with_port(&url);
        let client = if request.allow_private { &self.anywhere } else { &self.public };
        let sent = client.request(request.method, url).headers(request.headers).body(request.body).send();
        tracing::debug!(host, "request sent");
        let answered = sent.await.map_err(|error| broken(&host, error));
        match &answered {
            Ok(response) => tracing::debug!(host, status = response.status().as_u16(), "answered"),
            Err(failure) => tracing::debug!(host, %failure, "not answered"),
        }
        answered
    }
}

/// The same headers in memory of their own: those of a response are parts of the first buffer that was read, which would be held for as long as the
/// answer lasts.
fn detached(headers: &HeaderMap) -> HeaderMap {
    let copied = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).ok();
    headers.iter().filter_map(|(name, value)| Some((name.clone(), copied(value)?))).collect()
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

/// What is asked, without the query, and without what looks like a key in the path.
fn asked(request: &HttpRequest, redactor: &Redactor) -> String {
    let url = Url::parse(&request.url).ok();
    let path = url.as_ref().map_or("", Url::path);
    format!("{} {}", request.method, without_secrets(&redactor.clean(path.to_owned())))
}

/// How long one attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the first token of a stream.
    pub first_token: Duration,
    /// From one token of a stream to the next.
    pub between_tokens: Duration,
    /// Until the end.
    pub whole: Duration,
}

/// The same for each.
impl From<Duration> for Timeouts {
    fn from(duration: Duration) -> Self {
        Self { first_token: duration, between_tokens: duration, whole: duration }
    }
}

/// Until when, and unless what.
struct Limits {
    timeouts: Timeouts,
    deadline: Instant,
    /// Until when a sign of a stream must have come.
    silence: Option<Instant>,
    signs: Signs,
    cancel: CancellationToken,
}

fn after(duration: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(duration).unwrap_or_else(|| now + FOREVER)
}

impl Limits {
    fn new(timeouts: Timeouts, mode: Mode, cancel: &CancellationToken) -> Self {
        let silence = (mode == Mode::Streamed).then(|| after(timeouts.first_token));
        Self { timeouts, deadline: after(timeouts.whole), silence, signs: Signs::default(), cancel: cancel.clone() }
    }

    /// What was read so far. A token is what a user waits for; once there is one, any event shows that the provider is at work.
    fn heard(&mut self, signs: Signs) {
        if self.silence.is_some() && signs != self.signs && signs.tokens > 0 {
            self.silence = Some(after(self.timeouts.between_tokens));
        }
        self.signs = signs;
    }

    /// What `work` comes to, unless it is cancelled or too late first; then `work` is dropped.
    async fn bound<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let until = self.silence.map_or(self.deadline, |silence| silence.min(self.deadline));
        match self.cancel.run_until_cancelled(tokio::time::timeout_at(until, work)).await {
            Some(Ok(done)) => done,
            Some(Err(_)) => Err(Failure::new(FailureKind::Timeout, self.late(until))),
            None => Err(Failure::new(FailureKind::Cancelled, "the call was cancelled")),
        }
    }

    fn late(&self, until: Instant) -> String {
        let Timeouts { first_token, between_tokens, whole } = self.timeouts;
        if until == self.deadline {
            format!("no whole answer within {} ms; raise `timeout.whole` of the provider, or ask for less", whole.as_millis())
        } else if self.signs.tokens == 0 {
            format!("no token within {} ms; raise `timeout.firstToken` of the provider", first_token.as_millis())
        } else {
            format!("nothing for {} ms after a token; raise `timeout.betweenTokens` of the provider", between_tokens.as_millis())
        }
    }
}

/// Thirty years; a later instant may not exist.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 30);

/// A response whose body is being read. What fails lets go of the connection at once.
struct Begun {
    asked: String,
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
            let host = with_port(response.url());
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

    /// Reads a part of the body.
    fn read(&mut self, chunk: &[u8]) -> Result<Vec<Delta>, Failure> {
        let decoder = self.decoder()?;
        let deltas = decoder.push(chunk);
        let signs = decoder.signs();
        self.limits.heard(signs);
        Ok(deltas)
    }

    fn decoder(&mut self) -> Result<&mut Box<dyn ReplyDecoder>, Failure> {
        self.decoder.as_mut().ok_or_else(over)
    }

    fn finish(&mut self) -> Result<Reply, Failure> {
        self.response = None;
        let finished = self.decoder.take().map_or_else(|| Err(over()), ReplyDecoder::finish);
        finished.map_err(|failure| Failure { asked: Some(self.asked.clone()), ..failure })
    }

    fn interrupt(&mut self, failure: Failure) -> Failure {
        self.response = None;
        let failure = match self.decoder.take() {
            Some(decoder) => decoder.interrupt(failure),
            None => failure,
        };
        Failure { asked: Some(self.asked.clone()), ..failure }
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
            return self.begun.read(&chunk);
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

#[cfg(test)]
mod tests {
    use super::{Transport, bundled};
    use reqwest::Client;

    #[test]
    fn a_system_without_certificates_gets_ours() {
        Transport::new().unwrap();
        let roots = bundled().unwrap();
        assert!(roots.len() > 100);
        Client::builder().tls_certs_only(roots).build().unwrap();
    }
}
