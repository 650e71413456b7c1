// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Streams as servers send them, which is not always as the protocol has it: a peer reads each of these, and so do we. What nobody could read is said to be
//! that, so that it is not asked for again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use providers::{
    ChatRequest, Delta, Failure, FailureKind, FinishReason, Kind, Message, Mode, ProviderConfig, Reply, Role, Secret, connect,
};
use serde_json::{Value, json};

/// What came of a response, and what was told of it before its end.
struct Read {
    deltas: Vec<Delta>,
    outcome: Result<Reply, Failure>,
}

impl Read {
    fn text(&self) -> String {
        let texts = self.deltas.iter().map(|delta| if let Delta::Text { text } = delta { text.as_str() } else { "" });
        texts.collect()
    }
}

fn read(kind: Kind, mode: Mode, content_type: &'static str, chunks: &[&[u8]]) -> Read {
    let endpoint = matches!(kind, Kind::Azure | Kind::Compatible).then(|| "https://models.example.com/v1".to_owned());
    let config = ProviderConfig { endpoint, api_key: Some(Secret::new("key-0123456789")), ..ProviderConfig::new(kind) };
    let request = ChatRequest {
        model: "m".to_owned(),
        messages: vec![Message::text(Role::User, "hello")],
        max_tokens: Some(9),
        ..ChatRequest::default()
    };
    let mut decoder = connect(&config).unwrap().open(&request, mode).unwrap().decoder;
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(content_type))].into_iter().filter(|_| !content_type.is_empty());
    decoder.begin(StatusCode::OK, &headers.collect::<HeaderMap>());
    let mut deltas: Vec<Delta> = chunks.iter().flat_map(|chunk| decoder.push(chunk)).collect();
    deltas.extend(decoder.end());
    Read { deltas, outcome: decoder.finish() }
}

fn streamed(kind: Kind, content_type: &'static str, body: &str) -> Read {
    let whole = read(kind, Mode::Streamed, content_type, &[body.as_bytes()]);
    let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
    let by_byte = read(kind, Mode::Streamed, content_type, &bytes);
    assert_eq!((&whole.deltas, &whole.outcome), (&by_byte.deltas, &by_byte.outcome), "{kind}, byte by byte: {body}");
    whole
}

fn chunk(delta: &Value, finish: &Value) -> Value {
    json!({ "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
}

fn usage() -> Value {
    json!({ "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": { "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 } })
}

/// The documents that each kind of wire answers "Hello" in.
fn document(kind: Kind) -> Value {
    match kind {
        Kind::Anthropic => {
            json!({ "id": "m1", "type": "message", "role": "assistant", "model": "c", "content": [{ "type": "text", "text": "Hello" }], "stop_reason": "end_turn", "usage": { "input_tokens": 10, "output_tokens": 2 } })
        }
        Kind::Gemini => {
            json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "Hello" }] }, "finishReason": "STOP" }], "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12 } })
        }
        Kind::OpenaiResponses | Kind::Xai => {
            json!({ "id": "r1", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [{ "type": "message", "id": "i1", "role": "assistant", "status": "completed", "content": [{ "type": "output_text", "text": "Hello", "annotations": [] }] }], "tools": [], "usage": { "input_tokens": 10, "output_tokens": 2, "total_tokens": 12 } })
        }
        Kind::Cohere => {
            json!({ "id": "c1", "finish_reason": "COMPLETE", "message": { "role": "assistant", "content": [{ "type": "text", "text": "Hello" }] }, "usage": { "tokens": { "input_tokens": 10, "output_tokens": 2 } } })
        }
        Kind::Ollama => {
            json!({ "model": "m", "created_at": "2026-01-01T00:00:00Z", "message": { "role": "assistant", "content": "Hello" }, "done": true, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 2 })
        }
        Kind::Openai | Kind::Azure | Kind::Mistral | Kind::Groq | Kind::Deepseek | Kind::Together | Kind::Openrouter | Kind::Compatible => {
            json!({ "id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hello" }, "finish_reason": "stop" }], "usage": { "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 } })
        }
    }
}

#[test]
fn one_document_where_a_stream_was_asked_for_is_the_answer_on_every_wire() {
    for kind in Kind::ALL {
        let document = document(kind);
        for (how, body) in
            [("a line", document.to_string()), ("set in lines", format!("\n{document:#}\n")), ("BOM", format!("\u{feff}{document}"))]
        {
            let read = streamed(kind, "application/json", &body);
            assert_eq!(read.text(), "Hello", "{kind}, {how}: {:?}", read.outcome);
            let reply = read.outcome.unwrap();
            assert_eq!((reply.text.as_str(), reply.finish_reason), ("Hello", FinishReason::Stop), "{kind}, {how}");
            assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (10, 2), "{kind}, {how}");
        }
        let whole = read(kind, Mode::Whole, "", &[format!("\u{feff}{document}\r\n").as_bytes()]);
        assert_eq!(whole.outcome.unwrap().text, "Hello", "{kind}, whole, with a BOM");
    }
}

/// Frames as events, with `eol` after each line.
fn events(frames: &[String], eol: &str) -> String {
    frames.iter().flat_map(|frame| ["data: ", frame, eol, eol]).collect()
}

#[test]
fn chat_streams_of_every_form_are_read() {
    let hello = chunk(&json!({ "role": "assistant", "content": "Hel" }), &Value::Null).to_string();
    let rest = chunk(&json!({ "content": "lo" }), &Value::Null).to_string();
    let stop = chunk(&json!({}), &json!("stop")).to_string();
    let (usage, done) = (usage().to_string(), "[DONE]".to_owned());
    let frames = [hello.clone(), rest.clone(), stop.clone(), usage.clone(), done.clone()];
    let plain = events(&frames, "\n");
    let open = events(&frames[..3], "\n");
    let set_in_lines =
        format!("data: {}\n\n", format!("{:#}", chunk(&json!({ "content": "Hello" }), &json!("stop"))).replace('\n', "\ndata: "));
    let misnamed = plain.replace("chat.completion.chunk", "chat.completion");
    for (what, content_type, body) in [
        ("text/plain", "text/plain; charset=utf-8", plain.clone()),
        ("application/json", "application/json", plain.clone()),
        ("text/html", "text/html", plain.clone()),
        ("octets", "application/octet-stream", plain.clone()),
        ("no type", "", plain.clone()),
        ("CRLF", "text/event-stream", events(&frames, "\r\n")),
        ("CR", "text/event-stream", events(&frames, "\r")),
        ("BOM", "text/event-stream", format!("\u{feff}{plain}")),
        ("blank lines before", "text/plain", format!("\n\r\n{plain}")),
        ("comments between", "text/plain", format!(": hello\n\n{}", plain.replace("data: {", ": keep-alive\n\ndata: {"))),
        ("fields between", "text/event-stream", plain.replace("data: {", "id: 7\nretry: 10\nevent: message\ndata: {")),
        ("no space after the colon", "text/event-stream", plain.replace("data: ", "data:")),
        ("no blank lines", "text/event-stream", plain.replace("\n\n", "\n")),
        ("set in lines", "text/event-stream", set_in_lines),
        ("empty data to keep it open", "text/event-stream", plain.replace("data: {", "data: \n\ndata:\n\ndata: {")),
        ("`[DONE]` without a reason", "text/event-stream", events(&[hello.clone(), rest.clone(), done.clone()], "\n")),
        ("`[DONE]` with a blank", "text/event-stream", plain.replace("[DONE]", "[DONE] ")),
        ("no `[DONE]`", "text/event-stream", open.clone()),
        ("the last event without its blank line", "text/event-stream", open.trim_end().to_owned() + "\n"),
        ("the last event without its line end", "text/event-stream", open.trim_end().to_owned()),
        ("`[DONE]` without its line end", "text/event-stream", plain.trim_end().to_owned()),
        ("an empty reason all along", "text/event-stream", plain.replace("\"finish_reason\":null", "\"finish_reason\":\"\"")),
        ("no `object`", "text/event-stream", plain.replace("\"object\":\"chat.completion.chunk\",", "")),
        ("called a whole answer", "text/event-stream", misnamed),
        ("choices that are null", "text/event-stream", plain.replace("\"choices\":[]", "\"choices\":null")),
        ("lines of JSON", "application/x-ndjson", frames[..4].join("\n")),
        ("more after `[DONE]`", "text/event-stream", format!("{plain}data: {{\"extra\":1}}\n\n")),
    ] {
        for kind in [Kind::Compatible, Kind::Openai, Kind::Mistral] {
            let read = streamed(kind, content_type, &body);
            assert_eq!(read.text(), "Hello", "{kind}, {what}: {:?}", read.outcome);
            let reply = read.outcome.unwrap();
            assert_eq!((reply.text.as_str(), reply.finish_reason), ("Hello", FinishReason::Stop), "{kind}, {what}");
        }
    }
    let called =
        json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function", "function": { "name": "look", "arguments": "{}" } }] });
    let read = streamed(Kind::Compatible, "text/event-stream", &events(&[chunk(&called, &Value::Null).to_string(), done], "\n"));
    assert_eq!(read.outcome.unwrap().finish_reason, FinishReason::ToolCalls);
}

#[test]
fn streams_of_other_wires_are_read_under_any_type_and_to_their_last_letter() {
    let anthropic = [
        json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant", "model": "c", "content": [], "usage": { "input_tokens": 10, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Hello" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 2 } }),
    ];
    let responses = [
        json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "message", "id": "i1", "role": "assistant", "status": "in_progress", "content": [] } }),
        json!({ "type": "response.output_text.delta", "item_id": "i1", "output_index": 0, "content_index": 0, "delta": "Hello" }),
        json!({ "type": "response.completed", "response": document(Kind::OpenaiResponses) }),
    ];
    let cohere = [
        json!({ "type": "message-start", "id": "c", "delta": { "message": { "role": "assistant" } } }),
        json!({ "type": "content-start", "index": 0, "delta": { "message": { "content": { "type": "text", "text": "" } } } }),
        json!({ "type": "content-delta", "index": 0, "delta": { "message": { "content": { "text": "Hello" } } } }),
        json!({ "type": "content-end", "index": 0 }),
        json!({ "type": "message-end", "delta": { "finish_reason": "COMPLETE", "usage": { "tokens": { "input_tokens": 10, "output_tokens": 2 } } } }),
    ];
    let gemini = [document(Kind::Gemini)];
    for (kind, frames) in [
        (Kind::Anthropic, &anthropic[..]),
        (Kind::OpenaiResponses, &responses),
        (Kind::Xai, &responses),
        (Kind::Cohere, &cohere),
        (Kind::Gemini, &gemini),
    ] {
        let named = |frame: &Value| frame.get("type").and_then(Value::as_str).map_or_else(String::new, |name| format!("event: {name}\n"));
        let body: String = frames.iter().flat_map(|frame| [named(frame), format!("data: {frame}\n\n")]).collect();
        for (what, content_type, body) in [
            ("text/plain", "text/plain", body.clone()),
            ("CRLF", "text/event-stream", body.replace('\n', "\r\n")),
            ("BOM and comments", "text/event-stream", format!("\u{feff}: hello\n\n{body}")),
            ("the last event without its blank line", "text/event-stream", body.trim_end().to_owned()),
        ] {
            let read = streamed(kind, content_type, &body);
            assert_eq!(
                read.outcome.map(|reply| (reply.text, reply.finish_reason)),
                Ok(("Hello".to_owned(), FinishReason::Stop)),
                "{kind}, {what}"
            );
        }
    }
    // Gemini sends a list to those who do not ask for events, and a gateway in front of Ollama may send events.
    let pieces = json!([document(Kind::Gemini)]).to_string();
    assert_eq!(streamed(Kind::Gemini, "application/json", &pieces).text(), "Hello");
    let ollama = document(Kind::Ollama).to_string();
    assert_eq!(streamed(Kind::Ollama, "text/event-stream", &events(&[ollama], "\n")).text(), "Hello");
}

#[test]
fn events_where_a_document_was_asked_for_are_the_answer() {
    let hello = chunk(&json!({ "content": "Hello" }), &json!("stop")).to_string();
    let body = events(&[hello, usage().to_string(), "[DONE]".to_owned()], "\n");
    let reply = read(Kind::Compatible, Mode::Whole, "text/event-stream", &[body.as_bytes()]).outcome.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.input_tokens), ("Hello", 10));
}

#[test]
fn an_event_whose_name_says_that_it_is_an_error_is_one() {
    let begun = events(&[chunk(&json!({ "content": "Hel" }), &Value::Null).to_string()], "\n");
    for (what, event, said) in [
        ("an object", r#"{"message":"out of memory","code":500}"#, "out of memory"),
        ("the usual form", r#"{"error":{"message":"out of memory"}}"#, "out of memory"),
        ("half a letter", r#"{"message":"out of memory \ud83d"}"#, "out of memory \u{fffd}"),
        ("words", "out of memory", "out of memory"),
    ] {
        for (kind, begun) in [(Kind::Compatible, begun.as_str()), (Kind::Gemini, ""), (Kind::Cohere, ""), (Kind::Anthropic, "")] {
            let failure = streamed(kind, "text/event-stream", &format!("{begun}event: error\ndata: {event}\n\n")).outcome.unwrap_err();
            assert_eq!(
                (failure.kind, failure.message),
                (FailureKind::Provider, format!("the provider answered: {said}")),
                "{kind}, {what}"
            );
        }
    }
}

#[test]
fn what_nobody_could_read_is_not_taken_for_a_stream_that_was_cut() {
    let other = r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#;
    for (what, body) in [
        ("a page", "<!doctype html><html><body>Sign in</body></html>"),
        ("words", "upstream connect error"),
        ("a document of something else", r#"{"detail":"Not Found"}"#),
        ("half a document", r#"{"choices":[{"#),
        ("events of another wire", &format!("{other}\n\n{other}\n\n")),
        ("the end alone", "data: [DONE]\n\n"),
    ] {
        let failure = streamed(Kind::Compatible, "text/html", body).outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{what}: {failure}");
    }
    // A stream that was cut is, and so is an answer that never began: these may go well when they are asked for again.
    let begun = events(&[chunk(&json!({ "content": "Hel" }), &Value::Null).to_string()], "\n");
    for (mode, body) in [(Mode::Streamed, begun.as_str()), (Mode::Streamed, ""), (Mode::Whole, ""), (Mode::Streamed, ": waiting\n\n")] {
        let failure = read(Kind::Compatible, mode, "text/event-stream", &[body.as_bytes()]).outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Network, "{mode:?} {body:?}: {failure}");
    }
}

#[test]
fn what_was_heard_is_counted_as_the_providers_own_total_has_it() {
    // Mistral counts audio beside the prompt, and not always by a name; the total is what it asks payment for.
    for (what, usage, input) in [
        (
            "by its name",
            json!({ "prompt_tokens": 14, "completion_tokens": 20, "total_tokens": 409, "prompt_audio_seconds": 22, "prompt_tokens_details": { "audio_tokens": 375 } }),
            389,
        ),
        (
            "in the total alone",
            json!({ "prompt_tokens": 14, "completion_tokens": 20, "total_tokens": 409, "prompt_audio_seconds": 22 }),
            389,
        ),
        (
            "within the prompt",
            json!({ "prompt_tokens": 389, "completion_tokens": 20, "total_tokens": 409, "prompt_tokens_details": { "audio_tokens": 375 } }),
            389,
        ),
        ("nothing heard", json!({ "prompt_tokens": 14, "completion_tokens": 20, "total_tokens": 34, "prompt_audio_seconds": {} }), 14),
    ] {
        let mut body = document(Kind::Mistral);
        body["usage"] = usage;
        for mode in [Mode::Whole, Mode::Streamed] {
            let reply = read(Kind::Mistral, mode, "application/json", &[body.to_string().as_bytes()]).outcome.unwrap();
            assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (input, 20), "{what}, {mode:?}");
        }
    }
}
