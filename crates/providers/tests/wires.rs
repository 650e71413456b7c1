// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is written on each wire, and what is read from it: `golden/*.txt` shows all of it. `UPDATE_EXPECT=1` writes them anew.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on says so")]

#[path = "wires/replies.rs"]
mod replies;

use expect_test::expect_file;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use providers::{
    ChatRequest, Delta, Failure, FailureKind, Image, Kind, Message, Mode, ModelBackend, OutputSchema, Part, ProviderConfig, Reply, Role,
    Secret, Tool, ToolChoice, ToolMode, connect,
};
use replies::{Recorded, STREAMS, WHOLE};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

const KEY: &str = "key-0123456789";

fn backend(kind: Kind) -> Arc<dyn ModelBackend> {
    let endpoint = match kind {
        Kind::Azure => Some("https://mine.openai.azure.com".to_owned()),
        Kind::Compatible => Some("https://models.example.com/v1/".to_owned()),
        _ => None,
    };
    let deployment = (kind == Kind::Azure).then(|| "blue".to_owned());
    connect(&ProviderConfig { endpoint, deployment, api_key: Some(Secret::new(KEY)), ..ProviderConfig::new(kind) }).unwrap()
}

fn model(kind: Kind) -> String {
    let model = match kind {
        Kind::Anthropic => "claude-sonnet-4-6",
        Kind::Gemini => "gemini-2.5-flash",
        Kind::Mistral => "mistral-small-latest",
        Kind::Groq => "llama-3.3-70b-versatile",
        Kind::Deepseek => "deepseek-chat",
        Kind::Xai => "grok-4",
        Kind::Cohere => "command-a-03-2025",
        Kind::Ollama => "qwen3",
        _ => "gpt-4o",
    };
    model.to_owned()
}

fn text(kind: Kind) -> ChatRequest {
    ChatRequest {
        model: model(kind),
        system: Some("Be short.".to_owned()),
        messages: vec![Message::text(Role::User, "How warm is it in Bern?")],
        max_tokens: Some(200),
        temperature: Some(0.5),
        ..ChatRequest::default()
    }
}

fn tools(kind: Kind) -> ChatRequest {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = Tool { name: "weather".to_owned(), description: "The weather of a city.".to_owned(), parameters };
    ChatRequest { tools: vec![tool], tool_choice: Some(ToolChoice::Mode(ToolMode::Auto)), ..text(kind) }
}

fn structured(kind: Kind, strict: bool) -> ChatRequest {
    let schema =
        json!({"type": "object", "properties": {"degrees": {"type": "number"}, "note": {"type": "string"}}, "required": ["degrees"]});
    ChatRequest { schema: Some(OutputSchema { name: "warmth".to_owned(), schema, strict }), ..text(kind) }
}

/// The tool's answer to `reply`, which went through JSON meanwhile, as it does in a store.
fn answered(kind: Kind, reply: &Reply) -> ChatRequest {
    let kept: Reply = serde_json::from_str(&serde_json::to_string(reply).unwrap()).unwrap();
    assert_eq!(&kept, reply);
    let call = &kept.tool_calls[0];
    let mut request = tools(kind);
    request.messages.push(Message { role: Role::Assistant, content: vec![], continuation: kept.continuation.clone() });
    let result = Part::ToolResult { id: call.id.clone(), result: json!({"degrees": 21}), is_error: false };
    request.messages.push(Message { role: Role::Tool, content: vec![result], continuation: None });
    request
}

fn headers(kind: &'static str) -> HeaderMap {
    let id = (HeaderName::from_static("x-request-id"), HeaderValue::from_static("req-1"));
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind)), id])
}

fn decode(kind: Kind, body: &str) -> Result<Reply, Failure> {
    backend(kind).decode(&tools(kind), StatusCode::OK, &headers("application/json"), body.as_bytes())
}

fn show(page: &mut String, title: &str, kind: Kind, request: &ChatRequest, mode: Mode) {
    writeln!(page, "## {title}").unwrap();
    match backend(kind).encode(request, mode) {
        Ok(sent) => {
            writeln!(page, "{} {}", sent.method, sent.url).unwrap();
            for (name, value) in &sent.headers {
                writeln!(page, "{name}: {value:?}").unwrap();
            }
            let body: Value = serde_json::from_slice(&sent.body).unwrap();
            writeln!(page, "{body:#}\n").unwrap();
        }
        Err(failure) => writeln!(page, "{:?}: {failure}\n", failure.kind).unwrap(),
    }
}

fn page(kind: Kind) -> String {
    let mut page = String::new();
    show(&mut page, "text", kind, &text(kind), Mode::Whole);
    show(&mut page, "text, streamed", kind, &text(kind), Mode::Streamed);
    show(&mut page, "tools", kind, &tools(kind), Mode::Whole);
    show(&mut page, "structured", kind, &structured(kind, true), Mode::Whole);
    show(&mut page, "structured, not strictly", kind, &structured(kind, false), Mode::Whole);
    if let Some(recorded) = WHOLE.iter().find(|recorded| recorded.kind == kind) {
        let reply = decode(kind, recorded.body).unwrap();
        let shown = format!("{:#}", serde_json::to_value(&reply).unwrap());
        // Gemini and Ollama give none, and ours differ each time.
        let shown = if matches!(kind, Kind::Gemini | Kind::Ollama) { shown.replace(&reply.tool_calls[0].id, "made up") } else { shown };
        writeln!(page, "## a reply\n{shown}\n").unwrap();
        show(&mut page, "the tool's answer to it", kind, &answered(kind, &reply), Mode::Whole);
    }
    page
}

#[test]
fn every_wire_is_written_and_read_as_its_page_shows() {
    for kind in Kind::ALL {
        let page = page(kind);
        assert!(!page.contains(KEY), "the page of {kind} shows the key");
        expect_file![format!("{}/tests/golden/{kind}.txt", env!("CARGO_MANIFEST_DIR"))].assert_eq(&page);
    }
}

fn read(recorded: &Recorded, chunks: &[&[u8]]) -> (Vec<Delta>, Result<Reply, Failure>) {
    let mut decoder = backend(recorded.kind).open(&tools(recorded.kind), Mode::Streamed).unwrap().decoder;
    decoder.begin(StatusCode::OK, &headers(recorded.content_type));
    let deltas = chunks.iter().flat_map(|chunk| decoder.push(chunk)).collect();
    (deltas, decoder.finish())
}

#[test]
fn a_stream_reads_the_same_wherever_it_is_cut_into_chunks() {
    for recorded in STREAMS {
        let bytes = recorded.body.as_bytes();
        let (deltas, reply) = read(recorded, &[bytes]);
        let reply = reply.unwrap();
        assert!(!reply.text.is_empty() || !reply.tool_calls.is_empty(), "{}", recorded.kind);
        assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0, "{}: {:?}", recorded.kind, reply.usage);
        let text: String =
            deltas.iter().filter_map(|delta| if let Delta::Text { text } = delta { Some(text.as_str()) } else { None }).collect();
        assert_eq!(text, reply.text, "{}", recorded.kind);
        for place in 1..bytes.len() {
            let (first, second) = bytes.split_at(place);
            let (split, whole) = read(recorded, &[first, second]);
            assert_eq!((split, whole.as_ref()), (deltas.clone(), Ok(&reply)), "{} cut at {place}", recorded.kind);
        }
        let (single, whole) = read(recorded, &bytes.chunks(1).collect::<Vec<_>>());
        assert_eq!((single, whole.as_ref()), (deltas, Ok(&reply)), "{} byte by byte", recorded.kind);
    }
}

#[test]
fn a_stream_that_is_cut_off_is_a_network_failure_with_its_beginning() {
    for recorded in STREAMS.iter().filter(|recorded| recorded.body.contains("warm")) {
        // Into the middle of the event after it.
        let end = recorded.body.find("warm").unwrap();
        let end = end + recorded.body[end..].find('\n').unwrap() + 4;
        let (_, reply) = read(recorded, &[&recorded.body.as_bytes()[..end]]);
        let failure = reply.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Network, "{}: {failure}", recorded.kind);
        assert!(failure.partial.as_ref().is_some_and(|partial| partial.text.contains("warm")), "{}: {failure:?}", recorded.kind);
    }
}

#[test]
fn what_is_no_answer_says_so() {
    for kind in [Kind::Openai, Kind::OpenaiResponses, Kind::Anthropic, Kind::Gemini, Kind::Cohere, Kind::Ollama] {
        let failure = decode(kind, "{\"half\": ").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{kind}: {failure}");
        assert_eq!((failure.status, failure.body.as_deref()), (Some(200), Some("{\"half\": ")), "{kind}");
        let broken = Recorded { kind, content_type: "text/event-stream", body: "data: {\"half\": \n\n" };
        let broken =
            if kind == Kind::Ollama { Recorded { content_type: "application/x-ndjson", body: "{\"half\": \n", ..broken } } else { broken };
        let failure = read(&broken, &[broken.body.as_bytes()]).1.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{kind}: {failure}");
    }
}

#[test]
fn an_error_that_comes_with_200_is_the_providers() {
    let (openai, body) = (backend(Kind::Openai), br#"{"error": {"message": "no credit", "code": "insufficient_quota"}}"#);
    for mode in [Mode::Whole, Mode::Streamed] {
        let mut decoder = openai.open(&text(Kind::Openai), mode).unwrap().decoder;
        decoder.begin(StatusCode::OK, &headers("application/json"));
        decoder.push(body);
        let failure = decoder.finish().unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Provider, "the provider answered: no credit"), "{mode:?}");
        assert!(failure.body.unwrap().contains("insufficient_quota"));
    }
}

#[test]
fn errors_repeat_the_providers_words_wherever_it_writes_them() {
    let cases = [
        (r#"{"error": {"message": "too many"}}"#, "too many"),
        (r#"{"message": "too many"}"#, "too many"),
        (r#"{"detail": "too many"}"#, "too many"),
        (r#"{"code": "busy", "error": "too many"}"#, "too many"),
        (r#"[{"error": {"message": "too many"}}]"#, "too many"),
    ];
    for (body, words) in cases {
        let failure =
            backend(Kind::Xai).decode(&text(Kind::Xai), StatusCode::TOO_MANY_REQUESTS, &headers("application/json"), body.as_bytes());
        let failure = failure.unwrap_err();
        assert_eq!(failure.message, format!("the provider answered with status 429: {words}"), "{body}");
        assert_eq!((failure.status, failure.body.as_deref()), (Some(429), Some(body)));
    }
}

#[test]
fn a_conversation_that_makes_no_sense_is_not_sent() {
    let asks = |change: &dyn Fn(&mut ChatRequest)| {
        let mut request = tools(Kind::Openai);
        change(&mut request);
        let failure = backend(Kind::Openai).encode(&request, Mode::Whole).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid);
        failure.message
    };
    let says =
        |role, part| move |request: &mut ChatRequest| request.messages.push(Message { role, content: vec![part], continuation: None });
    let result = Part::ToolResult { id: "call-7".to_owned(), result: json!(1), is_error: false };
    assert_eq!(asks(&|request| says(Role::Tool, result.clone())(request)), "messages[1]: the result of `call-7` answers no call before it");
    let image = Part::Image(Image::Data { data: "AAAA".to_owned(), media_type: "text/plain".to_owned() });
    assert_eq!(
        asks(&|request| says(Role::User, image.clone())(request)),
        "messages[1].content[0]: `text/plain` is not a picture format that models read; PNG, JPEG, GIF and WebP are"
    );
    let unknown = ToolChoice::Tool { name: "rain".to_owned() };
    assert_eq!(asks(&|request| request.tool_choice = Some(unknown.clone())), "toolChoice: names a tool that is not among `tools`");
    assert_eq!(asks(&|request| request.messages.clear()), "messages: nothing is asked; a conversation has at least one message");
}

#[test]
fn a_turn_with_an_end_that_nobody_knows_is_sent_again_with_the_result_of_its_tool() {
    // A server that said `FUNCTION_CALL` where Gemini says `STOP` was asked the first question again and again: the turn and the result were left out.
    let recorded = WHOLE.iter().find(|recorded| recorded.kind == Kind::Gemini).unwrap();
    let reply = decode(Kind::Gemini, &recorded.body.replace("\"STOP\"", "\"FUNCTION_CALL\"")).unwrap();
    let sent = backend(Kind::Gemini).encode(&answered(Kind::Gemini, &reply), Mode::Whole).unwrap();
    let body = String::from_utf8_lossy(&sent.body).into_owned();
    assert!(body.contains("functionCall") && body.contains("functionResponse"), "{body}");
}

#[test]
fn pictures_stops_and_fields_of_the_provider_arrive() {
    let mut request = text(Kind::Openai);
    let by_url = Part::Image(Image::Url { url: "https://example.com/a.png".to_owned() });
    let by_bytes = Part::Image(Image::Data { data: "iVBORw0KGgo=".to_owned(), media_type: "image/png".to_owned() });
    request.messages[0].content.extend([by_url, by_bytes]);
    request.stop = vec!["END".to_owned()];
    request.top_p = Some(0.25);
    request.extra.insert("user".to_owned(), json!("u-1"));
    let sent = backend(Kind::Openai).encode(&request, Mode::Whole).unwrap();
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body.pointer("/messages/1/content/1/image_url/url"), Some(&json!("https://example.com/a.png")), "{body:#}");
    assert_eq!(body.pointer("/messages/1/content/2/image_url/url"), Some(&json!("data:image/png;base64,iVBORw0KGgo=")), "{body:#}");
    assert_eq!((&body["stop"], &body["top_p"], &body["user"]), (&json!(["END"]), &json!(0.25), &json!("u-1")), "{body:#}");
}

#[test]
fn a_request_reads_and_writes_as_users_write_it() {
    let written = json!({
        "model": "m",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "a"},
                {"type": "image", "data": "AA==", "mediaType": "image/png"},
                {"type": "image", "url": "https://example.com/a.png"},
            ]},
            {"role": "assistant", "content": [{"type": "tool-call", "id": "1", "name": "t", "arguments": {"b": 1}}]},
            {"role": "tool", "content": [{"type": "tool-result", "id": "1", "result": "c", "isError": true}]},
        ],
        "toolChoice": {"name": "t"},
        "schema": {"name": "s", "schema": {"type": "object"}, "strict": false},
        "maxTokens": 5,
    });
    let request: ChatRequest = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(request.messages[0].content.len(), 3);
    assert_eq!(serde_json::to_value(&request).unwrap(), written);
}
