// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Real HTTP on loopback, with servers that misbehave.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says so")]

#[path = "transport/server.rs"]
mod server;

use providers::{
    ChatRequest, ConfigError, Delta, Failure, FailureKind, Kind, Message, ModelBackend, ProviderConfig, Reply, Role, Secret, Transport,
    connect,
};
use server::{Server, Step};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const KEY: &str = "sk-test-0123456789";
/// More than any of these tests takes.
const LONG: Duration = Duration::from_secs(30);

const ANSWER: &str = r#"{"id":"c","model":"m-1","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;

const STREAM: &str = "data: {\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"grüß\"},\"finish_reason\":null}]}\n\ndata: {\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" dich\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

fn backend(endpoint: &str) -> Arc<dyn ModelBackend> {
    let config = ProviderConfig {
        endpoint: Some(endpoint.to_owned()),
        api_key: Some(Secret::new(KEY)),
        allow_private: true,
        ..ProviderConfig::new(Kind::Compatible)
    };
    connect(&config).unwrap()
}

fn request() -> ChatRequest {
    ChatRequest { model: "m".to_owned(), messages: vec![Message::text(Role::User, "hello")], ..ChatRequest::default() }
}

async fn call(server: &Server, timeout: Duration) -> Result<Reply, Failure> {
    let transport = Transport::new().unwrap();
    Ok(transport.call(backend(&server.url).as_ref(), &request(), timeout, &CancellationToken::new()).await?.0)
}

/// The text that arrived, and how it ended.
async fn stream(server: &Server) -> (String, Result<Reply, Failure>) {
    let transport = Transport::new().unwrap();
    let mut text = String::new();
    let mut stream = match transport.stream(backend(&server.url).as_ref(), &request(), LONG, &CancellationToken::new()).await {
        Ok(stream) => stream,
        Err(failure) => return (text, Err(failure)),
    };
    loop {
        match stream.next().await {
            Some(Ok(Delta::Text { text: more })) => text.push_str(&more),
            Some(Ok(Delta::Done { reply })) => {
                assert_eq!(stream.next().await, None);
                return (text, Ok(*reply));
            }
            Some(Ok(other)) => panic!("unexpected: {other:?}"),
            Some(Err(failure)) => {
                assert_eq!(stream.next().await, None);
                return (text, Err(failure));
            }
            None => panic!("the stream ended without an end"),
        }
    }
}

fn json(status: &str, headers: &str, body: &str) -> Vec<Step> {
    vec![Step::send(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    ))]
}

fn events() -> Step {
    Step::send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-ratelimit-remaining-requests: 9\r\ntransfer-encoding: chunked\r\n\r\n",
    )
}

fn chunk(bytes: &[u8]) -> Step {
    Step::Send([format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())
}

#[tokio::test]
async fn a_whole_answer_comes_with_the_headers_of_limits() {
    let server =
        Server::start(json("200 OK", "x-ratelimit-remaining-tokens: 149\r\nx-request-id: req-7\r\nset-cookie: a=b\r\n", ANSWER)).await;
    let transport = Transport::new().unwrap();
    let (reply, headers) = transport.call(backend(&server.url).as_ref(), &request(), LONG, &CancellationToken::new()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.input_tokens, reply.usage.output_tokens), ("hello", 3, 1));
    assert_eq!((reply.model.as_str(), reply.request_id.as_deref()), ("m-1", Some("req-7")));
    assert_eq!((headers.get("x-ratelimit-remaining-tokens"), headers.get("set-cookie")), (Some("149"), None));
    let asked = server.asked().await;
    assert!(
        asked.starts_with("POST /v1/chat/completions HTTP/1.1\r\n") && asked.contains(&format!("authorization: Bearer {KEY}\r\n")),
        "{asked}"
    );
}

#[tokio::test]
async fn a_stream_may_come_byte_by_byte() {
    let steps = std::iter::once(events()).chain(STREAM.as_bytes().chunks(1).map(chunk)).chain([Step::send("0\r\n\r\n")]);
    let (text, reply) = stream(&Server::start(steps.collect()).await).await;
    let reply = reply.unwrap();
    assert_eq!((text.as_str(), reply.text.as_str(), reply.usage.output_tokens), ("grüß dich", "grüß dich", 2));
}

#[tokio::test]
async fn headers_are_known_before_the_body() {
    let server = Server::start(vec![events(), Step::Wait, chunk(STREAM.as_bytes()), Step::send("0\r\n\r\n")]).await;
    let transport = Transport::new().unwrap();
    let mut stream = transport.stream(backend(&server.url).as_ref(), &request(), LONG, &CancellationToken::new()).await.unwrap();
    assert_eq!(stream.headers().get("x-ratelimit-remaining-requests"), Some("9"));
    server.go_on();
    assert_eq!(stream.next().await, Some(Ok(Delta::Text { text: "grüß".to_owned() })));
}

#[tokio::test]
async fn an_answer_that_has_ended_does_not_wait_for_the_connection_to() {
    let server = Server::start(vec![events(), chunk(STREAM.as_bytes()), Step::Wait]).await;
    assert_eq!(stream(&server).await.1.unwrap().text, "grüß dich");
    server.let_go().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_keeps_what_had_arrived() {
    let end = STREAM.find("data: {\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" dich").unwrap();
    let begun = &STREAM.as_bytes()[..end];
    // With the connection gone in the middle, and with an orderly end that comes too early.
    for last in [vec![], vec![Step::send("0\r\n\r\n")]] {
        let steps = [events(), chunk(begun)].into_iter().chain(last).collect();
        let (text, reply) = stream(&Server::start(steps).await).await;
        let failure = reply.unwrap_err();
        assert_eq!((failure.kind, failure.status, text.as_str()), (FailureKind::Network, Some(200), "grüß"), "{failure:?}");
        assert_eq!(failure.partial.unwrap().text, "grüß");
        assert_eq!(failure.headers.get("x-ratelimit-remaining-requests"), Some("9"));
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_is_a_network_failure() {
    let steps = vec![Step::send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", ANSWER.len(), &ANSWER[..40]))];
    assert_eq!(call(&Server::start(steps).await, LONG).await.unwrap_err().kind, FailureKind::Network);
    let nothing = call(&Server::start(vec![]).await, LONG).await.unwrap_err();
    assert_eq!((nothing.kind, nothing.status), (FailureKind::Network, None), "{nothing}");
}

#[tokio::test]
async fn broken_json_is_malformed() {
    let failure = call(&Server::start(json("200 OK", "", &ANSWER[..60])).await, LONG).await.unwrap_err();
    assert_eq!((failure.kind, failure.body.as_deref()), (FailureKind::Malformed, Some(&ANSWER[..60])), "{failure}");
    let (_, reply) = stream(&Server::start(vec![events(), chunk(b"data: {\"choices\": [\n\n"), Step::Wait]).await).await;
    assert_eq!(reply.unwrap_err().kind, FailureKind::Malformed);
}

#[tokio::test]
async fn a_provider_that_takes_too_long_is_given_up() {
    for begun in [vec![], vec![events(), chunk(STREAM.split_inclusive("\n\n").next().unwrap().as_bytes())]] {
        let streamed = !begun.is_empty();
        let server = Server::start(begun.into_iter().chain([Step::Wait]).collect()).await;
        let started = Instant::now();
        let timeout = Duration::from_millis(200);
        let failure = if streamed {
            let transport = Transport::new().unwrap();
            let mut stream = transport.stream(backend(&server.url).as_ref(), &request(), timeout, &CancellationToken::new()).await.unwrap();
            assert!(stream.next().await.unwrap().is_ok());
            stream.next().await.unwrap().unwrap_err()
        } else {
            call(&server, timeout).await.unwrap_err()
        };
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert_eq!(failure.message, "no whole answer within 200 ms; raise `timeout.whole` of the provider, or ask for less");
        assert_eq!(failure.partial.map(|partial| partial.text), streamed.then(|| "grüß".to_owned()));
        assert!(started.elapsed() < LONG);
        server.let_go().await;
    }
}

#[tokio::test]
async fn a_cancelled_call_lets_go_of_the_connection() {
    for steps in [vec![Step::Wait], vec![events(), Step::Wait]] {
        let server = Server::start(steps).await;
        let (transport, cancel, backend) = (Transport::new().unwrap(), CancellationToken::new(), backend(&server.url));
        let (asked, stop, request) = (server.asked(), cancel.clone(), request());
        let work = async {
            let mut stream = transport.stream(backend.as_ref(), &request, LONG, &cancel).await?;
            stream.next().await.unwrap()
        };
        let (failure, ()) = tokio::join!(work, async {
            asked.await;
            stop.cancel();
        });
        assert_eq!(failure.unwrap_err().kind, FailureKind::Cancelled);
        server.let_go().await;
    }
}

#[tokio::test]
async fn a_dropped_stream_lets_go_of_the_connection() {
    let server = Server::start(vec![events(), Step::Wait]).await;
    let transport = Transport::new().unwrap();
    let stream = transport.stream(backend(&server.url).as_ref(), &request(), LONG, &CancellationToken::new()).await.unwrap();
    drop(stream);
    server.let_go().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(json("200 OK", "", ANSWER)).await;
    let server = Server::start(json("307 Temporary Redirect", &format!("location: {}/{KEY}\r\n", elsewhere.url), "")).await;
    let failure = call(&server, LONG).await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::Refused, Some(307)));
    assert!(failure.message.starts_with("the endpoint redirects to 127.0.0.1 (status 307)"), "{failure}");
    assert!(!elsewhere.was_asked());
}

#[tokio::test]
async fn an_address_inside_is_refused_without_permission() {
    let server = Server::start(json("200 OK", "", ANSWER)).await;
    for endpoint in [
        server.url.as_str(),
        "http://localhost:1",
        "https://[::1]",
        "https://10.0.0.1/v1",
        "https://169.254.169.254",
        "https://2130706433/",
    ] {
        let config = ProviderConfig { endpoint: Some(endpoint.to_owned()), ..ProviderConfig::new(Kind::Compatible) };
        assert!(matches!(connect(&config), Err(ConfigError::Private { .. })), "{endpoint}: {:?}", connect(&config));
    }
    // An Ollama is local by nature, unless it is said where.
    let local = connect(&ProviderConfig::new(Kind::Ollama)).unwrap();
    assert!(local.encode(&request(), providers::Mode::Whole).unwrap().allow_private);
    let elsewhere = ProviderConfig { endpoint: Some(server.url.clone()), ..ProviderConfig::new(Kind::Ollama) };
    assert!(matches!(connect(&elsewhere), Err(ConfigError::Private { .. })));
    assert!(!server.was_asked());
}

#[test]
fn a_configuration_that_cannot_work_says_why() {
    let base = |kind| ProviderConfig { api_key: Some(Secret::new(KEY)), ..ProviderConfig::new(kind) };
    let at = |endpoint: &str| ProviderConfig { endpoint: Some(endpoint.to_owned()), ..base(Kind::Compatible) };
    let mut broken = base(Kind::Openai);
    broken.headers.insert("x-team".to_owned(), Secret::new("a\nb"));
    let cases = [
        (base(Kind::Azure), "the address is missing; set `endpoint`"),
        (ProviderConfig::new(Kind::Gemini), "the API key is missing; set `apiKey` or GEMINI_API_KEY or GOOGLE_API_KEY"),
        (at("http://models.example.com"), "`endpoint` is plain http, which"),
        (at("https://me:secret@models.example.com"), "`endpoint` cannot be used: it holds a password"),
        (at("ftp://models.example.com"), "`endpoint` cannot be used: only http and https are supported"),
        (at("models"), "`endpoint` cannot be used: relative URL without a base"),
        (at("https://models.example.com/?a=b"), "`endpoint` cannot be used: it has a `?` or `#` part"),
        (broken, "`headers.x-team` cannot be sent as a header"),
        (ProviderConfig { api_key: Some(Secret::new("a\nb")), ..base(Kind::Gemini) }, "`apiKey` cannot be sent as a header"),
    ];
    for (config, words) in cases {
        let error = connect(&config).unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

#[tokio::test]
async fn an_error_of_the_provider_keeps_status_headers_and_body() {
    let body = r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#;
    for streamed in [false, true] {
        let server = Server::start(json("429 Too Many Requests", "retry-after: 7\r\n", body)).await;
        let failure = if streamed { stream(&server).await.1 } else { call(&server, LONG).await }.unwrap_err();
        assert_eq!((failure.kind, failure.status, failure.headers.get("retry-after")), (FailureKind::Provider, Some(429), Some("7")));
        assert_eq!(failure.body.as_deref(), Some(body));
        assert_eq!(failure.message, "the provider answered with status 429: slow down");
    }
}

#[tokio::test]
async fn no_more_of_an_error_is_read_than_is_kept() {
    let steps = vec![
        Step::send("HTTP/1.1 500 Internal Server Error\r\ntransfer-encoding: chunked\r\n\r\n"),
        chunk(&vec![b'x'; Failure::BODY_BYTES_MAX + 1]),
        Step::Wait,
    ];
    let server = Server::start(steps).await;
    assert_eq!(call(&server, LONG).await.unwrap_err().body.unwrap().len(), Failure::BODY_BYTES_MAX);
    server.let_go().await;
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    const MIB: usize = 1024 * 1024;
    let parts = Transport::BODY_BYTES_MAX / MIB + 1;
    let head = Step::send(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", parts * 2 * MIB));
    let steps = std::iter::once(head).chain((0..parts).map(|_| Step::Send(vec![b' '; MIB]))).chain([Step::Wait]);
    let server = Server::start(steps.collect()).await;
    let failure = call(&server, LONG).await.unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Malformed, "the answer is larger than 64 MiB"));
    server.let_go().await;
}

#[tokio::test]
async fn the_key_is_in_nothing_that_leaves() {
    const TOKEN: &str = "tok-9876543210";
    let echo = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY} {TOKEN}"}}}}"#);
    let echoes = format!("x-request-id: {KEY}\r\n");
    let half = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{KEY}\"}}}}]}}\n\n");
    let servers = [
        Server::start(json("401 Unauthorized", &echoes, &echo)).await,
        Server::start(json("200 OK", &echoes, &echo)).await,
        Server::start(json("200 OK", &echoes, &format!("{{\"{KEY}\": "))).await,
        Server::start(json("302 Found", &format!("location: https://{KEY}.example.com/\r\n"), &echo)).await,
        Server::start(vec![events(), chunk(half.as_bytes())]).await,
        Server::start(vec![]).await,
    ];
    for server in servers {
        let mut config = ProviderConfig {
            endpoint: Some(format!("{}/{KEY}", server.url)),
            api_key: Some(Secret::new(KEY)),
            allow_private: true,
            ..ProviderConfig::new(Kind::Compatible)
        };
        config.headers.insert("x-gateway".to_owned(), Secret::new(format!("Bearer {TOKEN}")));
        let (backend, transport) = (connect(&config).unwrap(), Transport::new().unwrap());
        let failure = match transport.stream(backend.as_ref(), &request(), LONG, &CancellationToken::new()).await {
            Err(failure) => failure,
            Ok(mut stream) => loop {
                if let Err(failure) = stream.next().await.unwrap() {
                    break failure;
                }
            },
        };
        let leaves = format!("{failure} {failure:?} {} {config:?} {backend:?}", serde_json::to_string(&failure).unwrap());
        let configured = leaves.replace(&format!("{}/{KEY}", server.url), "");
        assert!(!configured.contains(KEY) && !configured.contains(TOKEN), "{configured}");
    }
}
