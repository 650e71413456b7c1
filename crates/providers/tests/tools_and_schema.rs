// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Tools and a schema in one request. Gemini was sent both and refused them, others held their models to the schema so that they called no tool, and most
//! were not sent the schema at all: the model answered in prose, and a second request was paid.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

use providers::{ChatRequest, Kind, Message, Mode, OutputSchema, Part, ProviderConfig, Role, Secret, Tool, connect};
use serde_json::{Value, json};

/// How the schema is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// In a field of the request: the provider holds the model to it.
    InAField,
    /// In the instructions.
    InWords,
}

const FIELDS: [&str; 5] = ["/response_format", "/text/format", "/output_config/format", "/generationConfig/responseMimeType", "/format"];

fn request(model: &str) -> ChatRequest {
    let schema = json!({"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"], "additionalProperties": false});
    ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::text(Role::User, "How many?")],
        schema: Some(OutputSchema { name: "answer".to_owned(), schema, strict: false }),
        ..ChatRequest::default()
    }
}

fn told(kind: Kind, model: &str, tools: bool, answered: bool) -> Told {
    let mut request = request(model);
    if tools {
        let parameters = json!({"type": "object", "properties": {}});
        request.tools.push(Tool { name: "look".to_owned(), description: String::new(), parameters });
    }
    if answered {
        let (id, name) = ("call_1".to_owned(), "look".to_owned());
        let call = Part::ToolCall { id: id.clone(), name, arguments: json!({}) };
        request.messages.push(Message { role: Role::Assistant, content: vec![call], continuation: None });
        let result = Part::ToolResult { id, result: json!("seven"), is_error: false };
        request.messages.push(Message { role: Role::Tool, content: vec![result], continuation: None });
    }
    told_by(kind, &request)
}

fn told_by(kind: Kind, request: &ChatRequest) -> Told {
    let mut config = ProviderConfig { api_key: Some(Secret::new("key-0123456789")), ..ProviderConfig::new(kind) };
    config.endpoint = matches!(kind, Kind::Azure | Kind::Compatible).then(|| "https://models.example.com/v1".to_owned());
    let exchange = connect(&config).unwrap().open(request, Mode::Whole).unwrap();
    let body: Value = serde_json::from_slice(&exchange.request.body).unwrap();
    let in_a_field = FIELDS.iter().any(|place| body.pointer(place).is_some());
    let in_words = body.to_string().contains("fits this JSON Schema");
    match (in_a_field, in_words) {
        (true, false) => Told::InAField,
        (false, true) => Told::InWords,
        // Without tools these two are asked for an object in a field, and told of its form in words.
        (true, true) if request.tools.is_empty() && matches!(kind, Kind::Deepseek | Kind::Together) => Told::InAField,
        neither => panic!("{kind} {}: {neither:?} {body}", request.model),
    }
}

#[test]
fn each_wire_is_told_of_a_schema_beside_tools_in_the_form_that_it_takes() {
    use Told::{InAField, InWords};
    let table = [
        (Kind::Openai, "gpt-4o", InAField),
        (Kind::Azure, "gpt-4o", InAField),
        (Kind::OpenaiResponses, "gpt-5-mini", InAField),
        (Kind::Anthropic, "claude-sonnet-4-5", InAField),
        (Kind::Gemini, "gemini-2.5-flash", InWords),
        (Kind::Gemini, "gemini-1.5-pro-latest", InWords),
        (Kind::Gemini, "gemini-3-pro-preview", InAField),
        (Kind::Gemini, "gemini-10-flash", InAField),
        (Kind::Gemini, "a-model-of-my-own", InWords),
        (Kind::Xai, "grok-3-mini", InWords),
        (Kind::Xai, "grok-4-fast", InAField),
        (Kind::Openrouter, "openai/gpt-4o", InAField),
        (Kind::Openrouter, "google/gemini-2.5-pro", InWords),
        (Kind::Openrouter, "google/gemini-3-flash-preview", InAField),
        (Kind::Groq, "llama-3.3-70b-versatile", InWords),
        (Kind::Mistral, "mistral-large-latest", InWords),
        (Kind::Deepseek, "deepseek-chat", InWords),
        (Kind::Together, "meta-llama/Llama-3.3-70B-Instruct-Turbo", InWords),
        (Kind::Compatible, "m", InWords),
        (Kind::Ollama, "llama3", InWords),
        (Kind::Cohere, "command-r", InWords),
    ];
    for (kind, model, expected) in &table {
        let (kind, expected) = (*kind, *expected);
        assert_eq!(told(kind, model, true, false), expected, "{kind} {model}");
        // It does not change in the middle of a conversation.
        assert_eq!(told(kind, model, true, true), expected, "{kind} {model}, after a tool has answered");
        assert_eq!(told(kind, model, false, false), InAField, "{kind} {model}, without tools");
    }
    let own = [(Kind::Gemini, "gemini-2.5-flash", json!([{ "googleSearch": {} }]))];
    for (kind, model, tools) in own {
        let request = ChatRequest { extra: serde_json::Map::from_iter([("tools".to_owned(), tools)]), ..request(model) };
        assert_eq!(told_by(kind, &request), InWords, "{kind} {model}, with a tool of its own");
    }
    for kind in Kind::ALL {
        assert!(table.iter().any(|(known, ..)| *known == kind), "{kind} is missing");
    }
}
