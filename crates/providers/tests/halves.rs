// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Half of a surrogate pair in what a provider answers: JavaScript's servers write `\ud83d` alone, and cut a pair between two events. Such text was no JSON
//! to us, and the answer was lost.

#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on says so, and most wires are alike")]

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use providers::{ChatRequest, Delta, Failure, Kind, Message, Mode, ProviderConfig, Reply, Role, Secret, Tool, connect};
use serde_json::json;

fn read(kind: Kind, mode: Mode, status: StatusCode, body: &str) -> (Vec<Delta>, Result<Reply, Failure>) {
    let endpoint = (kind == Kind::Compatible).then(|| "https://models.example.com/v1".to_owned());
    let config = ProviderConfig { endpoint, api_key: Some(Secret::new("key-0123456789")), ..ProviderConfig::new(kind) };
    let tool = Tool { name: "look".to_owned(), description: String::new(), parameters: json!({ "type": "object" }) };
    let messages = vec![Message::text(Role::User, "hello")];
    let request = ChatRequest { model: "m".to_owned(), messages, tools: vec![tool], max_tokens: Some(9), ..ChatRequest::default() };
    let mut decoder = connect(&config).unwrap().open(&request, mode).unwrap().decoder;
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
    decoder.begin(status, &headers);
    let mut deltas: Vec<Delta> = body.as_bytes().chunks(7).flat_map(|chunk| decoder.push(chunk)).collect();
    deltas.extend(decoder.end());
    (deltas, decoder.finish())
}

fn text(deltas: &[Delta]) -> String {
    deltas.iter().map(|delta| if let Delta::Text { text } = delta { text.as_str() } else { "" }).collect()
}

/// A whole answer that says `text`, which is the inside of a JSON text.
fn whole(kind: Kind, text: &str) -> String {
    let body = match kind {
        Kind::Anthropic => {
            r#"{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"TEXT"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":2}}"#
        }
        Kind::Gemini => r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"TEXT"}]},"finishReason":"STOP"}]}"#,
        Kind::OpenaiResponses => {
            r#"{"id":"r","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"i","role":"assistant","status":"completed","content":[{"type":"output_text","text":"TEXT","annotations":[]}]}],"tools":[]}"#
        }
        Kind::Cohere => r#"{"id":"c","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"TEXT"}]}}"#,
        Kind::Ollama => {
            r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"TEXT"},"done":true,"done_reason":"stop"}"#
        }
        _ => {
            r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"TEXT"},"finish_reason":"stop"}]}"#
        }
    };
    body.replace("TEXT", text)
}

/// The same, in pieces.
fn stream(kind: Kind, pieces: &[&str]) -> String {
    let (before, each, after) = match kind {
        Kind::Anthropic => (
            concat!(
                r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":10,"output_tokens":1}}}"#,
                "\n",
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#
            ),
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}"#,
            concat!(
                r#"{"type":"content_block_stop","index":0}"#,
                "\n",
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#
            ),
        ),
        Kind::Gemini => (
            "",
            r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"TEXT"}]}}]}"#,
            r#"{"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP"}]}"#,
        ),
        Kind::Cohere => (
            r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"TEXT"}}}}"#,
            concat!(r#"{"type":"content-end","index":0}"#, "\n", r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}"#),
        ),
        Kind::Ollama => (
            "",
            r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"TEXT"},"done":false}"#,
            r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        ),
        _ => (
            "",
            r#"{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"TEXT"},"finish_reason":null}]}"#,
            concat!(
                r#"{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                "\n[DONE]"
            ),
        ),
    };
    let documents = before.lines().map(str::to_owned).chain(pieces.iter().map(|piece| each.replace("TEXT", piece)));
    let documents = documents.chain(after.lines().map(str::to_owned));
    let is_lines = kind == Kind::Ollama;
    documents.map(|document| if is_lines { format!("{document}\n") } else { format!("data: {document}\n\n") }).collect()
}

const WIRES: [Kind; 5] = [Kind::Compatible, Kind::Anthropic, Kind::Gemini, Kind::Cohere, Kind::Ollama];

#[test]
fn half_a_letter_never_breaks_an_answer() {
    for kind in WIRES.into_iter().chain([Kind::OpenaiResponses]) {
        let reply = read(kind, Mode::Whole, StatusCode::OK, &whole(kind, "cut \\ud83d")).1;
        assert_eq!(reply.map(|reply| reply.text), Ok("cut \u{fffd}".to_owned()), "{kind}, whole");
        let streamed = read(kind, Mode::Streamed, StatusCode::OK, &whole(kind, "\\ude00 \\ud83d\\ude00"));
        assert_eq!(streamed.1.map(|reply| reply.text), Ok("\u{fffd} 😀".to_owned()), "{kind}, a document for a stream");
    }
    for kind in WIRES {
        for (pieces, wanted) in [
            (vec!["a \\ud83d", "\\ude00 b"], "a 😀 b"),
            (vec!["a \\uD83D", "\\uDE00\\ud83d", "\\ude01"], "a 😀😁"),
            (vec!["a \\ud83d", "b"], "a \u{fffd}b"),
            (vec!["a ", "\\ude00", " \\ud83d"], "a \u{fffd} \u{fffd}"),
        ] {
            let (deltas, reply) = read(kind, Mode::Streamed, StatusCode::OK, &stream(kind, &pieces));
            assert_eq!((text(&deltas), reply.map(|reply| reply.text)), (wanted.to_owned(), Ok(wanted.to_owned())), "{kind} {pieces:?}");
        }
    }
}

#[test]
fn a_pair_is_joined_over_what_keeps_the_connection_awake() {
    let pieces = stream(Kind::Anthropic, &["a \\ud83d", "\\ude00"]);
    let pinged = pieces.replace(
        "data: {\"type\":\"content_block_delta\"",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n: hello\n\ndata: {\"type\":\"content_block_delta\"",
    );
    assert_eq!(read(Kind::Anthropic, Mode::Streamed, StatusCode::OK, &pinged).1.unwrap().text, "a 😀");
    // One that waits for its other half when the stream is cut is told all the same.
    let cut: String = pieces.split_inclusive("\n\n").take(3).collect();
    let failure = read(Kind::Anthropic, Mode::Streamed, StatusCode::OK, &cut).1.unwrap_err();
    assert_eq!(failure.partial.unwrap().text, "a \u{fffd}");
}

#[test]
fn arguments_with_half_a_letter_are_arguments() {
    for (kind, mode, body) in [
        (
            Kind::Compatible,
            Mode::Whole,
            r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"look","arguments":"{\"at\":\"x \\ud83d\",\"n\":1}"}}]},"finish_reason":"tool_calls"}]}"#.to_owned(),
        ),
        (
            Kind::Compatible,
            Mode::Streamed,
            [
                r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"look","arguments":"{\"at\":\"x \\ud8"}}]}}]}"#,
                r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"3d\",\"n\":1}"}}]}}]}"#,
                r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
            ]
            .map(|event| format!("data: {event}\n\n"))
            .concat(),
        ),
        (
            Kind::Anthropic,
            Mode::Whole,
            r#"{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"tool_use","id":"a","name":"look","input":{"at":"x \ud83d","n":1}}],"stop_reason":"tool_use"}"#.to_owned(),
        ),
        (
            Kind::Gemini,
            Mode::Streamed,
            "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"look\",\"args\":{\"at\":\"x \\ud83d\",\"n\":1}}}]},\"finishReason\":\"STOP\"}]}\n\n".to_owned(),
        ),
    ] {
        let reply = read(kind, mode, StatusCode::OK, &body).1.unwrap();
        let call = &reply.tool_calls[0];
        assert_eq!((&call.arguments, &call.invalid_arguments), (&json!({ "at": "x \u{fffd}", "n": 1 }), &None), "{kind} {mode:?}");
    }
}

#[test]
fn the_words_of_an_error_are_read_with_half_a_letter_in_them() {
    let body = r#"{"error":{"message":"no such thing: \ud83d","code":"invalid_request_error"}}"#;
    for kind in [Kind::Openai, Kind::Anthropic, Kind::Gemini] {
        let failure = read(kind, Mode::Whole, StatusCode::BAD_REQUEST, body).1.unwrap_err();
        assert_eq!(failure.message, "the provider answered with status 400: no such thing: \u{fffd}", "{kind}");
        assert!(serde_json::from_str::<serde_json::Value>(&failure.body.unwrap()).is_ok());
    }
}
