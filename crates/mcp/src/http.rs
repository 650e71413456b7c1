// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Streamable HTTP: each request is a POST, whose answer is one document or a stream of events.
//!
//! Whatever a server answers with is an answer to the request, if only an error that says why it is none: there is nothing else to wait for.

mod refusal;

pub(crate) use refusal::{Refusal, told};

use crate::message::{BYTES_MAX, Events, answered, is_of, read, too_large, unreadable};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use providers::{Failure, Web, WebAnswer};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse};
use sse_stream::Sse;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
/// Some servers answer only when they have something to say.
const LISTENING_MAX: Duration = Duration::from_secs(1);
/// What is read of a body that says what went wrong.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

type Failed = StreamableHttpError<Refusal>;
type Headers = HashMap<HeaderName, HeaderValue>;

/// The server at one address. Clones are of the same one.
#[derive(Clone)]
pub(crate) struct Http {
    web: Web,
    /// Why it did not take what needs no answer.
    unheard: Arc<Mutex<Option<String>>>,
    /// Whether it has yet to answer where it was asked for what it says unasked.
    deaf: Arc<watch::Sender<bool>>,
}

impl Http {
    pub(crate) fn new(web: Web) -> Self {
        Self { web, unheard: Arc::default(), deaf: Arc::new(watch::Sender::new(false)) }
    }

    /// Waits until what the server says unasked is heard, or it says that it never does. What it says before that is lost, and with it that its tools
    /// are others than those that were just listed.
    pub(crate) async fn listening(&self) {
        let mut deaf = self.deaf.subscribe();
        let _ = tokio::time::timeout(LISTENING_MAX, deaf.wait_for(|deaf| !deaf)).await;
    }

    /// Why it did not take the last message that needs no answer, if it did not: the end of the handshake is one.
    pub(crate) fn unheard(&self) -> Option<String> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn send(
        &self,
        method: Method,
        session: Option<&str>,
        given: Headers,
        more: &[(HeaderName, &str)],
        body: Vec<u8>,
    ) -> Result<WebAnswer, Failed> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            if [ACCEPT, SESSION, LAST_EVENT].contains(&name) {
                return Err(Failed::ReservedHeaderConflict(name.to_string()));
            }
            headers.insert(name, value);
        }
        for (name, value) in session.map(|id| (SESSION, id)).iter().chain(more) {
            let value = HeaderValue::from_str(value).map_err(|_| Refusal::Network(format!("it gave an id that `{name}` cannot have")));
            headers.insert(name, value.map_err(Failed::Client)?);
        }
        self.web.send(method, headers, body).await.map_err(broken)
    }

    async fn post(
        &self,
        message: ClientJsonRpcMessage,
        session: Option<&str>,
        given: Headers,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let (asked, begins) = match &message {
            JsonRpcMessage::Request(request) => (Some(request.id.clone()), matches!(request.request, ClientRequest::InitializeRequest(_))),
            JsonRpcMessage::Notification(_) | JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => (None, false),
        };
        let accepted = format!("{EVENTS}, {JSON}");
        let more = [(ACCEPT, accepted.as_str()), (CONTENT_TYPE, JSON)];
        let answer = self.send(Method::POST, session, given, &more, serde_json::to_vec(&message)?).await?;
        let status = answer.status();
        let begun = answer.headers().get(SESSION).and_then(|id| id.to_str().ok()).map(str::to_owned);
        if begins && begun.is_some() {
            self.deaf.send_replace(true);
        }
        match asked {
            _ if status == StatusCode::NOT_FOUND && session.is_some() => Err(Failed::SessionExpired),
            _ if !status.is_success() => {
                refused(answer, asked.as_ref()).await.map(|message| StreamableHttpPostResponse::Json(message, begun))
            }
            None => Ok(StreamableHttpPostResponse::Accepted),
            // The answer may come by the stream of the session, if there is one.
            Some(_) if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) && session.is_some() => {
                Ok(StreamableHttpPostResponse::Accepted)
            }
            Some(id) if kind(&answer).is_some_and(|kind| kind == EVENTS) => {
                Ok(StreamableHttpPostResponse::Sse(events(answer, Some(id)), begun))
            }
            Some(id) => Ok(StreamableHttpPostResponse::Json(document(answer, id).await?, begun)),
        }
    }
}

impl StreamableHttpClient for Http {
    type Error = Refusal;

    async fn post_message(
        &self,
        _uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _auth_header: Option<String>,
        custom_headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let needs_answer = matches!(message, JsonRpcMessage::Request(_));
        let answer = self.post(message, session_id.as_deref(), custom_headers).await;
        if let Err(failed) = &answer
            && !needs_answer
        {
            *self.unheard.lock().unwrap_or_else(PoisonError::into_inner) = Some(told(failed));
        }
        answer
    }

    async fn get_stream(
        &self,
        _uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        _auth_header: Option<String>,
        custom_headers: Headers,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        let mut more = vec![(ACCEPT, EVENTS)];
        more.extend(last_event_id.as_deref().map(|id| (LAST_EVENT, id)));
        let answer = self.send(Method::GET, session_id.as_deref(), custom_headers, &more, Vec::new()).await;
        self.deaf.send_replace(false);
        let answer = answer?;
        match kind(&answer) {
            _ if answer.status() == StatusCode::METHOD_NOT_ALLOWED => Err(Failed::ServerDoesNotSupportSse),
            _ if !answer.status().is_success() => Err(refused(answer, None).await.err().unwrap_or(Failed::UnexpectedEndOfStream)),
            Some(kind) if kind == EVENTS => Ok(events(answer, None)),
            other => Err(Failed::UnexpectedContentType(other)),
        }
    }

    async fn delete_session(
        &self,
        _uri: Arc<str>,
        session_id: Arc<str>,
        _auth_header: Option<String>,
        custom_headers: Headers,
    ) -> Result<(), Failed> {
        // Whether it knows of an end is its own affair.
        self.send(Method::DELETE, Some(&session_id), custom_headers, &[], Vec::new()).await.map(drop)
    }
}

fn broken(failure: Failure) -> Failed {
    Failed::Client(Refusal::Network(failure.message))
}

/// The content type, without what it says of letters.
fn kind(answer: &WebAnswer) -> Option<String> {
    let kind = answer.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// What a server that does not do it says: an error of the protocol where there is one for this request.
async fn refused(mut answer: WebAnswer, asked: Option<&RequestId>) -> Result<ServerJsonRpcMessage, Failed> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    while body.len() < REFUSAL_BYTES_MAX
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend(chunk);
    }
    let ours = |message: &ServerJsonRpcMessage| matches!((answered(message), asked), (Some(id), Some(asked)) if is_of(id, asked));
    let asks_for_credentials = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    match read(&body).into_iter().find(ours) {
        Some(error @ JsonRpcMessage::Error(_)) if !asks_for_credentials => Ok(error),
        _ => Err(Failed::Client(Refusal::of(status, &headers, &body))),
    }
}

/// The answer in a body that is one document, or why it cannot be read.
async fn document(mut answer: WebAnswer, asked: RequestId) -> Result<ServerJsonRpcMessage, Failed> {
    let mut body = Vec::new();
    if answer.length().is_some_and(|length| length > BYTES_MAX as u64) {
        return Ok(unreadable(asked, &too_large()));
    }
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        body.extend(chunk);
        if body.len() > BYTES_MAX {
            return Ok(unreadable(asked, &too_large()));
        }
    }
    // An error that says no request can only be of this one.
    let ours =
        |message: &ServerJsonRpcMessage| answered(message).map_or(matches!(message, JsonRpcMessage::Error(_)), |id| is_of(id, &asked));
    let found = read(&body).into_iter().find(ours);
    Ok(match found {
        // It could not tell which request it answers; it was this one.
        Some(JsonRpcMessage::Error(error)) if error.id.is_none() => ServerJsonRpcMessage::error(error.error, Some(asked)),
        Some(message) => message,
        None => unreadable(asked, &refusal::no_answer(answer.status(), kind(&answer).as_deref(), &body)),
    })
}

/// The events of a body. It ends early where the connection breaks.
fn events(answer: WebAnswer, asked: Option<RequestId>) -> BoxStream<'static, Result<Sse, SseError>> {
    let waiting: VecDeque<Result<Sse, SseError>> = VecDeque::new();
    let begun = (Some(answer), Events::new(asked), waiting);
    unfold(begun, |(mut answer, mut events, mut waiting)| async move {
        loop {
            if let Some(next) = waiting.pop_front() {
                return Some((next, (answer, events, waiting)));
            }
            match answer.as_mut()?.chunk().await {
                Ok(Some(chunk)) => waiting.extend(events.push(&chunk).into_iter().map(Ok)),
                Ok(None) => {
                    answer = None;
                    waiting.extend(events.end().into_iter().map(Ok));
                }
                Err(failure) => {
                    answer = None;
                    waiting.push_back(Err(SseError::Body(Box::new(failure))));
                }
            }
        }
    })
    .boxed()
}
