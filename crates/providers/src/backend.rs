// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A provider's wire without its socket: requests become bytes, bytes become replies.

use crate::failure::Failure;
use crate::reply::{Delta, Reply};
use crate::request::{ChatRequest, Message};
use crate::secret::Redactor;
use http::{HeaderMap, Method, StatusCode};
use std::fmt;

/// How a reply is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As one document.
    Whole,
    /// Piece by piece.
    Streamed,
}

/// Encodes requests to one provider and decodes its replies. Pure: what it does depends on its arguments alone, but for the
/// ids it gives to tool calls whose provider gives none.
pub trait ModelBackend: fmt::Debug + Send + Sync {
    /// What to send, and what reads the response to it.
    fn open(&self, request: &ChatRequest, mode: Mode) -> Result<Exchange, Failure>;

    /// What of a request the provider wants to be given that is elsewhere. It is fetched, and stands in the request that is opened.
    fn wants(&self, request: &ChatRequest) -> Vec<Remote>;

    /// Why `model` cannot be shown all of a conversation, if it cannot.
    fn unfit(&self, model: &str, messages: &[Message]) -> Option<String>;

    /// What takes the provider's secrets out of a text.
    fn redactor(&self) -> &Redactor;

    /// The fields of a request that its model takes from nobody, and that are not sent.
    fn omitted(&self, _request: &ChatRequest) -> Vec<&'static str> {
        Vec::new()
    }

    /// What to send.
    fn encode(&self, request: &ChatRequest, mode: Mode) -> Result<HttpRequest, Failure> {
        Ok(self.open(request, mode)?.request)
    }

    /// Reads a whole response to `request`. The request is needed because some models bind their thoughts to it.
    fn decode(&self, request: &ChatRequest, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Failure> {
        let mut decoder = self.open(request, Mode::Whole)?.decoder;
        decoder.begin(status, headers);
        decoder.push(body);
        decoder.finish()
    }
}

/// A picture or file of a request that is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Which of the messages.
    pub message: usize,
    /// Which of its parts.
    pub part: usize,
    /// Where it is.
    pub url: String,
}

/// A request on its way, and the reader of its response.
pub struct Exchange {
    /// What to send.
    pub request: HttpRequest,
    /// What reads the response: told of its status and headers first, then of its body.
    pub decoder: Box<dyn ReplyDecoder>,
}

/// What a backend wants sent.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// `POST`, so far.
    pub method: Method,
    /// Whole, without a key in it.
    pub url: String,
    /// Those that hold secrets are marked as sensitive, which keeps them out of `Debug`.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Vec<u8>,
    /// Whether it may go to an address inside this machine's networks.
    pub allow_private: bool,
}

/// Signs that an answer is on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// Pieces of the answer: of words, of thoughts, of arguments.
    pub tokens: u64,
    /// Events beside them. Comments and pings, with which a server that hangs keeps a connection awake, are none.
    pub others: u64,
}

/// Reads one response as it arrives.
pub trait ReplyDecoder: Send {
    /// The response begins.
    fn begin(&mut self, status: StatusCode, headers: &HeaderMap);

    /// More of the body; it may be cut anywhere.
    fn push(&mut self, bytes: &[u8]) -> Vec<Delta>;

    /// What came of the answer so far.
    fn signs(&self) -> Signs;

    /// Whether nothing more is needed: the provider has ended its answer, or it cannot be read.
    fn is_over(&self) -> bool;

    /// The body has ended: what was still to be read of it.
    fn end(&mut self) -> Vec<Delta>;

    /// The whole answer, after the end of the body.
    fn finish(self: Box<Self>) -> Result<Reply, Failure>;

    /// The body will not end, for the reason of `failure`, which is given what had arrived.
    fn interrupt(self: Box<Self>, failure: Failure) -> Failure;
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("request", &self.request).finish_non_exhaustive()
    }
}
