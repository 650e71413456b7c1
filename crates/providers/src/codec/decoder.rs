// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reads one response through rig, without waiting for anything.

use super::intake::Intake;
use super::line::{Head, Line};
use super::{reading, report};
use crate::backend::{Mode, ReplyDecoder, Signs};
use crate::failure::{Failure, FailureKind};
use crate::headers::Headers;
use crate::reply::{Delta, Reply};
use crate::secret::Redactor;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream};
use http::{HeaderMap, StatusCode};
use rig_core::completion::CompletionResponse;
use rig_core::error::ProviderError;
use rig_core::http_client::framing::Framing;
use rig_core::streaming::{CompletionStream, Item};
use rig_core::wire::WireFrame;
use serde_json::Value;
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
    intake: Intake,
    mode: Mode,
    request_id_header: Option<&'static str>,
    redactor: Redactor,
    head: Option<(StatusCode, HeaderMap)>,
    failed: Option<Box<ProviderError>>,
    /// Whether rig has been told of the response.
    opened: bool,
    /// What rig was given, and what of it was nothing that it knows.
    given: usize,
    unknown: usize,
    signs: Signs,
    over: bool,
    ended: bool,
    /// What was left out of the request.
    warnings: Vec<String>,
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
        let intake = Intake::new(mode, framing);
        let (head, failed, opened, over, ended) = (None, None, false, false, false);
        Self {
            source,
            line,
            intake,
            mode,
            request_id_header,
            redactor,
            head,
            failed,
            opened,
            given: 0,
            unknown: 0,
            signs: Signs::default(),
            over,
            ended,
            warnings: Vec::new(),
        }
    }

    /// With what the caller is to be told of the request.
    pub(super) fn warning(self, warnings: Vec<String>) -> Self {
        Self { warnings, ..self }
    }

    /// Gives rig more of the body, after the head of the response; `document` is the whole of it.
    fn give(&mut self, frames: Vec<WireFrame>, document: Option<Value>) -> Vec<Delta> {
        if let Some((status, headers)) = self.head.as_ref().filter(|_| !self.opened) {
            self.opened = true;
            let kept = Headers::of(headers, &self.redactor);
            let own = self.request_id_header.and_then(|name| headers.get(name)).and_then(|value| value.to_str().ok());
            let request_id = own.or_else(|| kept.request_id()).map(str::to_owned);
            self.line.open(Head { status: *status, request_id, document });
        }
        self.given += frames.len();
        self.signs.others += frames.iter().map(|frame| u64::from(!is_ping(frame))).sum::<u64>();
        self.line.give(frames);
        self.read()
    }

    /// Lets rig read what it was given.
    fn read(&mut self) -> Vec<Delta> {
        let mut deltas = Vec::new();
        let Source::Streamed(stream) = &mut self.source else { return deltas };
        let mut context = Context::from_waker(Waker::noop());
        while !self.over {
            match Pin::new(&mut **stream).poll_next(&mut context) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(Item::Event(event)))) => {
                    self.signs.tokens += 1;
                    deltas.extend(reading::delta(event));
                }
                // What rig does not know is nothing an answer consists of.
                Poll::Ready(Some(Ok(Item::Unknown(_)))) => self.unknown += 1,
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
        let Some((status, headers)) = self.head.clone() else {
            return Err(Failure::new(FailureKind::Network, "the connection ended before a response began"));
        };
        let kept = Headers::of(&headers, &self.redactor);
        let described = |failure: Failure| Failure { status: Some(status.as_u16()), headers: kept.clone(), ..failure };
        if !status.is_success() {
            return Err(described(reading::no_answer(status, &headers, self.intake.kept())));
        }
        self.end();
        let begun = self.source.begun();
        let outcome = self.failed.take().map_or_else(|| self.source.finish(), Err);
        let reported = self.intake.take_report();
        match outcome {
            Ok(response) => match reported.or_else(|| report::of_ending(&response)) {
                None => Ok(Reply { warnings: self.warnings, ..reading::reply(&response, kept.request_id(), self.intake.is_refused()) }),
                Some(report) => Err(described(reading::reported(&report, Some(&response)))),
            },
            Err(error) => Err(described(if let Some(report) = reported {
                reading::reported(&report, begun.as_ref())
            } else {
                let body = self.intake.kept();
                let is_cut = matches!(*error, ProviderError::Truncated);
                let failure = match self.mode {
                    Mode::Streamed if is_cut && self.given == 0 && !self.intake.is_silent() => reading::no_stream(&headers),
                    // Not cut off: it ended, or was something else all the time.
                    Mode::Streamed if is_cut && self.given > 0 && self.given == self.unknown + usize::from(self.intake.is_done()) => {
                        reading::no_stream(&headers)
                    }
                    Mode::Whole if is_cut && self.intake.is_silent() => {
                        Failure::new(FailureKind::Network, "the answer was cut before it began")
                    }
                    Mode::Whole | Mode::Streamed => reading::failure(&error, self.mode),
                };
                let failure = if failure.body.is_none() { failure.with_body(body) } else { failure };
                failure.with_begun(begun.as_ref())
            })),
        }
    }
}

/// Whether it only keeps the connection awake.
fn is_ping(frame: &WireFrame) -> bool {
    matches!(frame, WireFrame::Text(event) if event.len() < PING_BYTES_MAX && event.contains("\"ping\""))
}

const PING_BYTES_MAX: usize = 64;

impl ReplyDecoder for WireDecoder {
    fn begin(&mut self, status: StatusCode, headers: &HeaderMap) {
        if !status.is_success() {
            self.intake.keep();
        }
        self.head = Some((status, headers.clone()));
    }

    fn push(&mut self, bytes: &[u8]) -> Vec<Delta> {
        if self.over {
            return Vec::new();
        }
        let frames = self.intake.push(bytes);
        if frames.is_empty() { Vec::new() } else { self.give(frames, None) }
    }

    fn end(&mut self) -> Vec<Delta> {
        if self.ended || !self.head.as_ref().is_some_and(|(status, _)| status.is_success()) {
            return Vec::new();
        }
        self.ended = true;
        let (frames, document) = self.intake.finish();
        // Rig reads what it is given last before it hears that no more comes.
        let mut deltas = self.give(frames, document);
        self.line.end();
        deltas.extend(self.read());
        deltas
    }

    fn signs(&self) -> Signs {
        self.signs
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn finish(self: Box<Self>) -> Result<Reply, Failure> {
        let redactor = self.redactor.clone();
        self.conclude().map_err(|failure| failure.cleaned(&redactor))
    }

    fn interrupt(mut self: Box<Self>, failure: Failure) -> Failure {
        let (status, headers) = match &self.head {
            Some((status, headers)) => (Some(status.as_u16()), Headers::of(headers, &self.redactor)),
            None => (None, Headers::default()),
        };
        let held = self.intake.held();
        self.give(held, None);
        Failure { status, headers, ..failure.with_begun(self.source.begun().as_ref()) }.cleaned(&self.redactor)
    }
}
