// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reads one response through rig, without waiting for anything.

use super::line::{Head, Line};
use super::reading;
use super::report::{self, Report};
use crate::backend::{Mode, ReplyDecoder};
use crate::failure::{Failure, FailureKind};
use crate::headers::Headers;
use crate::reply::{Delta, Reply};
use crate::secret::Redactor;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use rig_core::completion::CompletionResponse;
use rig_core::error::ProviderError;
use rig_core::http_client::framing::{Framing, NdjsonFramer, SseFramer};
use rig_core::streaming::{CompletionStream, Item};
use rig_core::wire::WireFrame;
use serde::de::IgnoredAny;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Rig, in the middle of reading.
pub(super) enum Source {
    Whole(BoxFuture<'static, Result<CompletionResponse, ProviderError>>),
    Streamed(Box<CompletionStream>),
}

impl Source {
    /// What had arrived. A whole answer arrives at once or not at all.
    fn begun(&self) -> Option<CompletionResponse> {
        match self {
            Self::Whole(_) => None,
            Self::Streamed(stream) => Some(stream.partial()),
        }
    }

    /// The answer, now that all was given: there is nothing left to wait for.
    fn finish(self) -> Result<CompletionResponse, Box<ProviderError>> {
        let answer = match self {
            Self::Whole(reply) => reply.now_or_never(),
            Self::Streamed(stream) => stream.finish().now_or_never(),
        };
        answer.unwrap_or(Err(ProviderError::Truncated)).map_err(Box::new)
    }
}

pub(super) struct WireDecoder {
    source: Source,
    line: Line,
    body: Body,
    framing: Framing,
    mode: Mode,
    request_id_header: Option<&'static str>,
    redactor: Redactor,
    head: Option<(StatusCode, HeaderMap)>,
    failed: Option<Box<ProviderError>>,
    /// What the provider itself reported of a failure.
    reported: Option<Report>,
    over: bool,
}

/// What becomes of the bytes of the body.
enum Body {
    /// They are kept: one document, or the words of an error.
    Kept(Vec<u8>),
    Sse(SseFramer),
    Ndjson(NdjsonFramer),
}

impl WireDecoder {
    pub(super) fn new(
        source: Source,
        line: Line,
        mode: Mode,
        framing: Framing,
        request_id_header: Option<&'static str>,
        redactor: Redactor,
    ) -> Self {
        let body = Body::Kept(Vec::new());
        Self { source, line, body, framing, mode, request_id_header, redactor, head: None, failed: None, reported: None, over: false }
    }

    /// Whether the response is no stream of the asked kind, whatever its status says.
    fn is_wrong(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        !status.is_success() || (self.mode == Mode::Streamed && self.framing == Framing::Sse && is_document(headers))
    }

    fn open(&self, status: StatusCode, headers: &HeaderMap, body: Option<&[u8]>) {
        let kept = Headers::of(headers, &self.redactor);
        let own = self.request_id_header.and_then(|name| headers.get(name)).and_then(|value| value.to_str().ok());
        let request_id = own.or_else(|| kept.request_id()).map(str::to_owned);
        let document = body.and_then(|body| serde_json::from_slice(body).ok());
        self.line.open(Head { status, headers: headers.clone(), request_id, document });
    }

    /// Lets rig read what it was given.
    fn read(&mut self) -> Vec<Delta> {
        let mut deltas = Vec::new();
        let Source::Streamed(stream) = &mut self.source else { return deltas };
        let mut context = Context::from_waker(Waker::noop());
        while !self.over {
            match Pin::new(&mut **stream).poll_next(&mut context) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(Item::Event(event)))) => deltas.extend(reading::delta(event)),
                // What rig does not know is nothing an answer consists of.
                Poll::Ready(Some(Ok(Item::Unknown(_)))) => {}
                Poll::Ready(Some(Err(error))) => {
                    self.failed = Some(Box::new(error));
                    self.over = true;
                }
                Poll::Ready(None) => self.over = true,
            }
        }
        deltas
    }

    fn conclude(mut self) -> Result<Reply, Failure> {
        let Some((status, headers)) = self.head.take() else {
            return Err(Failure::new(FailureKind::Network, "the connection ended before a response began"));
        };
        let kept = Headers::of(&headers, &self.redactor);
        let described = |failure: Failure| Failure { status: Some(status.as_u16()), headers: kept.clone(), ..failure };
        let wrong = self.is_wrong(status, &headers);
        let mut whole = Vec::new();
        match &mut self.body {
            Body::Kept(body) if wrong => return Err(described(reading::no_answer(status, &headers, body))),
            Body::Kept(body) => {
                whole = std::mem::take(body);
                self.reported = str::from_utf8(&whole).ok().and_then(report::find);
                self.open(status, &headers, Some(&whole));
                self.line.give(self.framing.split(&whole));
            }
            // The last line may lack its end; half a line is a stream that was cut, not one that makes no sense.
            Body::Ndjson(framer) => {
                let last = framer.finish().filter(|line| serde_json::from_slice::<IgnoredAny>(line).is_ok());
                self.line.give(last.map(WireFrame::from_bytes));
            }
            Body::Sse(_) => {}
        }
        self.line.end();
        self.read();
        let begun = self.source.begun();
        let outcome = self.failed.take().map_or_else(|| self.source.finish(), Err);
        let reported = self.reported.take();
        match outcome {
            Ok(response) => match reported.or_else(|| report::of_ending(&response)) {
                None => Ok(reading::reply(&response, kept.request_id())),
                Some(report) => Err(described(reading::reported(&report, Some(&response)))),
            },
            Err(error) => Err(described(if let Some(report) = reported {
                reading::reported(&report, begun.as_ref())
            } else {
                let failure = reading::failure(&error, self.mode);
                let failure = if failure.body.is_none() && self.mode == Mode::Whole { failure.with_body(&whole) } else { failure };
                failure.with_begun(begun.as_ref())
            })),
        }
    }
}

/// Whether the body says that it is something else than a stream of events. One that says nothing is believed.
fn is_document(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| !kind.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream"))
}

impl ReplyDecoder for WireDecoder {
    fn begin(&mut self, status: StatusCode, headers: &HeaderMap) {
        if self.mode == Mode::Streamed && !self.is_wrong(status, headers) {
            self.body = match self.framing {
                Framing::Sse => Body::Sse(SseFramer::new()),
                Framing::Ndjson => Body::Ndjson(NdjsonFramer::new()),
                Framing::Whole => Body::Kept(Vec::new()),
            };
            if self.framing != Framing::Whole {
                self.open(status, headers, None);
            }
        }
        self.head = Some((status, headers.clone()));
    }

    fn push(&mut self, bytes: &[u8]) -> Vec<Delta> {
        if self.over {
            return Vec::new();
        }
        match &mut self.body {
            Body::Kept(body) => {
                body.extend_from_slice(bytes);
                return Vec::new();
            }
            // An event of blanks only keeps the connection awake.
            Body::Sse(framer) => {
                let events = framer.push(bytes).filter(|event| !event.data.trim().is_empty());
                let reported = &mut self.reported;
                self.line.give(events.map(|event| {
                    *reported = reported.take().or_else(|| report::find(&event.data));
                    WireFrame::Text(event.data)
                }));
            }
            Body::Ndjson(framer) => {
                let reported = &mut self.reported;
                self.line.give(framer.push(bytes).map(|line| {
                    *reported = reported.take().or_else(|| report::find(str::from_utf8(&line).ok()?));
                    WireFrame::from_bytes(line)
                }));
            }
        }
        self.read()
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn finish(self: Box<Self>) -> Result<Reply, Failure> {
        let redactor = self.redactor.clone();
        self.conclude().map_err(|failure| failure.cleaned(&redactor))
    }

    fn interrupt(self: Box<Self>, failure: Failure) -> Failure {
        let (status, headers) = match &self.head {
            Some((status, headers)) => (Some(status.as_u16()), Headers::of(headers, &self.redactor)),
            None => (None, Headers::default()),
        };
        Failure { status, headers, ..failure.with_begun(self.source.begun().as_ref()) }.cleaned(&self.redactor)
    }
}
