// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Replies that are none, or half of one. `OpenRouter` told of a provider that was gone half-way by an error beside a choice, other servers
//! by a word at the end or a status: the half that had come passed for the whole answer, and the error for nothing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test's own helpers find missing fails the test")]

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use models::{FailureClass, classify};
use providers::{
    ChatRequest, Failure, FailureKind, FinishReason, Kind, Message, Mode, ModelBackend, ProviderConfig, Reply, Role, Secret, connect,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn backend(kind: Kind) -> Arc<dyn ModelBackend> {
    let endpoint = matches!(kind, Kind::Azure | Kind::Compatible).then(|| "https://example.com/v1".to_owned());
    connect(&ProviderConfig { api_key: Some(Secret::new("sk-1")), endpoint, ..ProviderConfig::new(kind) }).unwrap()
}

fn decode(kind: Kind, mode: Mode, content_type: &'static str, body: &str) -> Result<Reply, Failure> {
    let messages = vec![Message::text(Role::User, "How?")];
    let request = ChatRequest { model: "m".to_owned(), messages, max_tokens: Some(64), ..ChatRequest::default() };
    let mut decoder = backend(kind).open(&request, mode).unwrap().decoder;
    decoder.begin(StatusCode::OK, &HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]));
    for piece in body.as_bytes().chunks(7) {
        decoder.push(piece);
    }
    decoder.finish()
}

fn whole(kind: Kind, body: &Value) -> Result<Reply, Failure> {
    decode(kind, Mode::Whole, "application/json", &body.to_string())
}

/// Events; on Anthropic's wire and Cohere's with their names, and each a line on Ollama's.
fn streamed(kind: Kind, events: &[Value]) -> Result<Reply, Failure> {
    if kind == Kind::Ollama {
        let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
        return decode(kind, Mode::Streamed, "application/x-ndjson", &(lines.join("\n") + "\n"));
    }
    let event = |event: &Value| match event.get("type").and_then(Value::as_str) {
        Some(name) => format!("event: {name}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    };
    let mut body: String = events.iter().map(event).collect();
    if !matches!(kind, Kind::Anthropic | Kind::Cohere | Kind::Gemini | Kind::OpenaiResponses | Kind::Xai) {
        body.push_str("data: [DONE]\n\n");
    }
    decode(kind, Mode::Streamed, "text/event-stream", &body)
}

fn chat(content: &Value, finish: &str, more: &Value) -> Value {
    let mut choice = json!({ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": finish });
    choice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "id": "c", "object": "chat.completion", "model": "m", "choices": [choice],
        "usage": { "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 } })
}

fn chunk(delta: &Value, finish: &Value, more: &Value) -> Value {
    let mut chunk = json!({ "id": "c", "object": "chat.completion.chunk", "model": "m",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    chunk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    chunk
}

fn half() -> Value {
    chunk(&json!({ "role": "assistant", "content": "The first step is " }), &Value::Null, &json!({}))
}

fn responses(status: &str, text: &str, error: &Value) -> Value {
    let said = json!([{ "type": "message", "id": "x", "role": "assistant", "status": "incomplete",
        "content": [{ "type": "output_text", "text": text, "annotations": [] }] }]);
    json!({ "id": "r", "object": "response", "status": status, "model": "m", "error": error, "output": if text.is_empty() { json!([]) } else { said },
        "usage": { "input_tokens": 10, "output_tokens": 1, "total_tokens": 11 } })
}

fn gemini(finish: &str, text: &str) -> Value {
    let content = if text.is_empty() { json!({}) } else { json!({ "role": "model", "parts": [{ "text": text }] }) };
    json!({ "candidates": [{ "content": content, "finishReason": finish, "index": 0 }],
        "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12 } })
}

fn cohere_end(finish: &str) -> [Value; 3] {
    [
        json!({ "type": "message-start", "id": "c", "delta": { "message": { "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] } } }),
        json!({ "type": "content-start", "index": 0, "delta": { "message": { "content": { "type": "text", "text": "half" } } } }),
        json!({ "type": "message-end", "delta": { "finish_reason": finish, "usage": { "tokens": { "input_tokens": 10, "output_tokens": 2 } } } }),
    ]
}

/// What a failure says, and of which class it is.
fn failed(what: &str, reply: Result<Reply, Failure>) -> (Failure, FailureClass) {
    let failure = match reply {
        Err(failure) => failure,
        Ok(reply) => panic!("{what}: {reply:?}"),
    };
    assert_eq!((failure.kind, failure.status), (FailureKind::Provider, Some(200)), "{what}: {failure:?}");
    let class = classify(failure.status, failure.body.as_deref().unwrap_or_default());
    (failure, class)
}

#[test]
fn an_error_in_a_choice_or_beside_it_is_a_failure_with_the_providers_words() {
    let error = json!({ "error": { "code": 502, "message": "Provider disconnected" } });
    let rate = json!({ "error": { "code": "rate_limit_exceeded", "message": "Provider disconnected" } });
    let beside = |mut document: Value, error: &Value| {
        document.as_object_mut().unwrap().extend(error.as_object().unwrap().clone());
        document
    };
    let empty = json!({});
    for kind in [Kind::Openrouter, Kind::Compatible, Kind::Openai, Kind::Mistral, Kind::Groq, Kind::Deepseek, Kind::Together] {
        for (what, reply, expected) in [
            ("in a choice", whole(kind, &chat(&json!(""), "error", &error)), FailureClass::Overload),
            ("in a choice that stops well", whole(kind, &chat(&json!("half"), "stop", &rate)), FailureClass::Rate),
            ("beside a choice", whole(kind, &beside(chat(&json!("half"), "stop", &empty), &error)), FailureClass::Overload),
            (
                "beside, streamed",
                streamed(kind, &[half(), chunk(&json!({ "content": "" }), &json!("error"), &error)]),
                FailureClass::Overload,
            ),
            ("beside, and no end", streamed(kind, &[half(), chunk(&json!({ "content": "" }), &Value::Null, &rate)]), FailureClass::Rate),
            ("alone, streamed", streamed(kind, &[half(), rate.clone()]), FailureClass::Rate),
        ] {
            let (failure, class) = failed(&format!("{kind}, {what}"), reply);
            assert_eq!(class, expected, "{kind}, {what}: {failure:?}");
            assert!(failure.message.ends_with("Provider disconnected"), "{kind}, {what}: {failure}");
            if what.contains("and no end") || what.contains("beside, streamed") {
                assert_eq!(failure.partial.unwrap().text, "The first step is ", "{kind}, {what}");
            }
        }
        let nothing = json!({ "error": { "code": 0, "message": "" } });
        assert_eq!(
            whole(kind, &beside(chat(&json!("all"), "stop", &empty), &nothing)).unwrap().text,
            "all",
            "{kind}: an error that is none"
        );
    }
}

#[test]
fn a_word_for_failure_at_the_end_is_a_failure_that_knows_what_it_cost() {
    let empty = json!({});
    let anthropic = |reason: &str| {
        json!({ "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{ "type": "text", "text": "half" }],
            "stop_reason": reason, "usage": { "input_tokens": 10, "output_tokens": 2 } })
    };
    let ollama = |done: bool| {
        json!({ "model": "m", "created_at": "2026-01-01T00:00:00Z", "message": { "role": "assistant", "content": "half" }, "done": done,
            "done_reason": if done { "error" } else { "" }, "prompt_eval_count": 10, "eval_count": 2 })
    };
    let cohere = json!({ "id": "c", "finish_reason": "ERROR", "message": { "role": "assistant", "content": [{ "type": "text", "text": "half" }] },
        "usage": { "tokens": { "input_tokens": 10, "output_tokens": 2 } } });
    let cancelled = responses("cancelled", "half", &Value::Null);
    for (what, reply) in [
        ("chat", whole(Kind::Compatible, &chat(&json!("half"), "error", &empty))),
        ("deepseek", whole(Kind::Deepseek, &chat(&json!("half"), "insufficient_system_resource", &empty))),
        ("vllm", whole(Kind::Compatible, &chat(&json!("half"), "abort", &empty))),
        ("gemini", whole(Kind::Gemini, &gemini("MALFORMED_FUNCTION_CALL", "half"))),
        ("gemini, streamed", streamed(Kind::Gemini, &[gemini("OTHER", "half")])),
        ("cohere", whole(Kind::Cohere, &cohere)),
        ("cohere, streamed", streamed(Kind::Cohere, &cohere_end("TIMEOUT"))),
        ("anthropic", whole(Kind::Anthropic, &anthropic("error"))),
        ("ollama", whole(Kind::Ollama, &ollama(true))),
        ("ollama, streamed", streamed(Kind::Ollama, &[ollama(true)])),
        ("responses", whole(Kind::OpenaiResponses, &cancelled)),
        ("xai", whole(Kind::Xai, &cancelled)),
    ] {
        let (failure, class) = failed(what, reply);
        assert_eq!(class, FailureClass::Overload, "{what}: {failure:?}");
        assert_eq!(failure.partial.as_ref().unwrap().text, "half", "{what}");
        assert!(failure.usage.as_ref().is_some_and(|usage| usage.total_tokens() > 10), "{what}: {failure:?}");
    }
}

#[test]
fn a_status_of_failure_is_one_with_its_code() {
    for kind in [Kind::OpenaiResponses, Kind::Xai] {
        for (code, expected) in [
            ("server_error", FailureClass::Overload),
            ("rate_limit_exceeded", FailureClass::Rate),
            ("invalid_prompt", FailureClass::Invalid),
        ] {
            let document = responses("failed", "", &json!({ "code": code, "message": "It broke" }));
            let event = json!({ "type": "response.failed", "sequence_number": 3, "response": document });
            for (how, reply) in [("whole", whole(kind, &document)), ("streamed", streamed(kind, &[event]))] {
                let (failure, class) = failed(&format!("{kind} {how}"), reply);
                assert_eq!(class, expected, "{kind} {how}: {failure:?}");
                assert!(failure.message.contains("It broke"), "{kind} {how}: {failure}");
                assert!(failure.usage.as_ref().is_some_and(|usage| usage.total_tokens() == 11), "{kind} {how}: {failure:?}");
            }
        }
    }
}

#[test]
fn a_prompt_that_is_blocked_is_content_for_whichever_reason() {
    for reason in ["PROHIBITED_CONTENT", "SAFETY", "OTHER", "BLOCKLIST", "IMAGE_SAFETY", "JAILBREAK", "UNHEARD_OF"] {
        let document =
            json!({ "promptFeedback": { "blockReason": reason }, "usageMetadata": { "promptTokenCount": 10, "totalTokenCount": 10 } });
        for (how, reply) in
            [("whole", whole(Kind::Gemini, &document)), ("streamed", streamed(Kind::Gemini, std::slice::from_ref(&document)))]
        {
            let (failure, class) = failed(&format!("{reason} {how}"), reply);
            assert_eq!(class, FailureClass::Content, "{reason} {how}: {failure:?}");
            assert!(failure.message.contains(reason), "{reason} {how}: {failure}");
            assert!(failure.usage.as_ref().is_some_and(|usage| usage.total_tokens() == 10), "{reason} {how}: {failure:?}");
        }
    }
}

#[test]
fn what_is_cut_withheld_or_paused_is_told_and_stops_of_other_names_are_stops() {
    let empty = json!({});
    let anthropic = |reason: &str| {
        json!({ "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{ "type": "text", "text": "half" }],
            "stop_reason": reason, "usage": { "input_tokens": 10, "output_tokens": 2 } })
    };
    let paused = [
        json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": { "input_tokens": 10, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "half" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "pause_turn" }, "usage": { "output_tokens": 2 } }),
        json!({ "type": "message_stop" }),
    ];
    for (what, reply, expected) in [
        ("pause", whole(Kind::Anthropic, &anthropic("pause_turn")), FinishReason::Pause),
        ("pause, streamed", streamed(Kind::Anthropic, &paused), FinishReason::Pause),
        ("refusal", whole(Kind::Anthropic, &anthropic("refusal")), FinishReason::ContentFilter),
        ("window", whole(Kind::Anthropic, &anthropic("model_context_window_exceeded")), FinishReason::Length),
        ("recitation", whole(Kind::Gemini, &gemini("RECITATION", "half")), FinishReason::ContentFilter),
        ("guardrail", whole(Kind::Compatible, &chat(&json!("half"), "guardrail_intervened", &empty)), FinishReason::ContentFilter),
        ("toxic", streamed(Kind::Cohere, &cohere_end("ERROR_TOXIC")), FinishReason::ContentFilter),
        ("tgi", whole(Kind::Compatible, &chat(&json!("all"), "eos_token", &empty)), FinishReason::Stop),
        ("unknown", whole(Kind::Compatible, &chat(&json!("all"), "unheard_of", &empty)), FinishReason::Other),
    ] {
        assert_eq!(reply.unwrap().finish_reason, expected, "{what}");
    }
}

#[test]
fn a_reply_that_does_not_say_what_it_used_is_known_to() {
    let without = |mut document: Value| {
        document.as_object_mut().unwrap().retain(|name, _| !name.starts_with("usage") && !name.ends_with("_count"));
        document
    };
    let zeros = json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 });
    let mut counts_nothing = chat(&json!("all"), "stop", &json!({}));
    *counts_nothing.pointer_mut("/usage").unwrap() = zeros;
    let ollama = json!({ "model": "m", "created_at": "2026-01-01T00:00:00Z", "message": { "role": "assistant", "content": "all" }, "done": true,
        "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 2 });
    let stop = chunk(&json!({}), &json!("stop"), &json!({}));
    for (what, reply, counted) in [
        ("chat", whole(Kind::Compatible, &chat(&json!("all"), "stop", &json!({}))), true),
        ("chat without", whole(Kind::Compatible, &without(chat(&json!("all"), "stop", &json!({})))), false),
        ("chat of zeros", whole(Kind::Compatible, &counts_nothing), false),
        ("stream without", streamed(Kind::Openai, &[half(), stop]), false),
        ("gemini", whole(Kind::Gemini, &gemini("STOP", "all")), true),
        ("gemini without", streamed(Kind::Gemini, &[without(gemini("STOP", "all"))]), false),
        ("responses without", whole(Kind::OpenaiResponses, &without(responses("completed", "all", &Value::Null))), false),
        ("ollama", whole(Kind::Ollama, &ollama), true),
        ("ollama without", streamed(Kind::Ollama, &[without(ollama.clone())]), false),
    ] {
        let reply = reply.unwrap();
        assert_eq!(reply.counted, counted, "{what}: {reply:?}");
    }
}

#[test]
fn a_refusal_is_withheld_though_it_ends_as_an_answer_does() {
    // `OpenAI`'s models refuse in a field of its own and end with `stop`: the refusal was the answer, and the result of a task.
    let empty = json!({});
    let words = "I'm sorry, I can't assist with that.";
    let refused = |reply: Result<Reply, Failure>, what: &str| {
        let reply = reply.unwrap();
        let expected = (FinishReason::ContentFilter, Some(words), words);
        assert_eq!((reply.finish_reason, reply.finish_detail.as_deref(), &*reply.text), expected, "{what}");
    };
    for kind in [Kind::Openai, Kind::Azure, Kind::Compatible, Kind::Openrouter] {
        let mut document = chat(&Value::Null, "stop", &empty);
        document["choices"][0]["message"]["refusal"] = words.into();
        refused(whole(kind, &document), &format!("{kind}, whole"));
        let begun = chunk(&json!({ "role": "assistant", "content": null, "refusal": null }), &Value::Null, &empty);
        let (first, rest) = words.split_at(9);
        let pieces = [first, rest].map(|piece| chunk(&json!({ "refusal": piece }), &Value::Null, &empty));
        let events = [vec![begun], pieces.to_vec(), vec![chunk(&empty, &json!("stop"), &empty)]].concat();
        refused(streamed(kind, &events), &format!("{kind}, streamed"));
        document["choices"][0]["message"] = json!({ "role": "assistant", "content": "{\"refusal\": \"none\"}", "refusal": null });
        assert_eq!(whole(kind, &document).unwrap().finish_reason, FinishReason::Stop, "{kind}: an answer about one");
    }
    for kind in [Kind::OpenaiResponses, Kind::Xai] {
        let mut document = responses("completed", "-", &Value::Null);
        document["output"][0]["content"] = json!([{ "type": "refusal", "refusal": words }]);
        refused(whole(kind, &document), &format!("{kind}, whole"));
        let at = json!({ "item_id": "x", "output_index": 0, "content_index": 0, "sequence_number": 1 });
        let mut delta = json!({ "type": "response.refusal.delta", "delta": words });
        delta.as_object_mut().unwrap().extend(at.as_object().unwrap().clone());
        let begun = json!({ "type": "response.output_item.added", "sequence_number": 0, "output_index": 0,
            "item": { "type": "message", "id": "x", "role": "assistant", "status": "in_progress", "content": [] } });
        let done = json!({ "type": "response.completed", "sequence_number": 2, "response": document });
        refused(streamed(kind, &[begun, delta, done]), &format!("{kind}, streamed"));
    }
}

#[test]
fn what_is_withheld_says_in_the_providers_words_why() {
    for reply in [whole(Kind::Gemini, &gemini("RECITATION", "half")), streamed(Kind::Gemini, &[gemini("SAFETY", "half")])] {
        let reply = reply.unwrap();
        assert_eq!(reply.finish_reason, FinishReason::ContentFilter);
        assert!(matches!(reply.finish_detail.as_deref(), Some("RECITATION" | "SAFETY")), "{reply:?}");
    }
    let chat = whole(Kind::Compatible, &chat(&json!("half"), "content_filter", &json!({}))).unwrap();
    assert_eq!((chat.finish_reason, chat.finish_detail), (FinishReason::ContentFilter, None));
}
