// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Schemas as users and servers of tools write them, and what is sent of them: what a provider refuses costs the whole request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use http::{HeaderMap, StatusCode};
use providers::{
    ChatRequest, Failure, Kind, Message, Mode, ModelBackend, OutputSchema, ProviderConfig, Role, Secret, Tool, ToolChoice, ToolMode,
    connect,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn backend(kind: Kind) -> Arc<dyn ModelBackend> {
    let endpoint = matches!(kind, Kind::Azure | Kind::Compatible).then(|| "https://models.example.com/v1".to_owned());
    connect(&ProviderConfig { endpoint, api_key: Some(Secret::new("key-0123456789")), ..ProviderConfig::new(kind) }).unwrap()
}

fn request(tools: Vec<(&str, Value)>) -> ChatRequest {
    let tools = tools.into_iter().map(|(name, parameters)| Tool { name: name.to_owned(), description: "d".to_owned(), parameters });
    let messages = vec![Message::text(Role::User, "hello")];
    ChatRequest { model: "m".to_owned(), messages, tools: tools.collect(), max_tokens: Some(9), ..ChatRequest::default() }
}

fn sent(kind: Kind, request: &ChatRequest) -> Result<Value, Failure> {
    Ok(serde_json::from_slice(&backend(kind).encode(request, Mode::Whole)?.body).unwrap())
}

/// The names and parameters of the tools that a request shows its model.
fn shown(kind: Kind, request: &ChatRequest) -> Vec<(String, Value)> {
    let body = sent(kind, request).unwrap();
    let tools = if kind == Kind::Gemini { body.pointer("/tools/0/functionDeclarations") } else { body.get("tools") };
    let tools = tools.and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |tool: &Value| {
        let function = tool.get("function").unwrap_or(tool);
        let parameters = ["parameters", "input_schema", "parametersJsonSchema"].iter().find_map(|name| function.get(*name)).cloned();
        (function["name"].as_str().unwrap().to_owned(), parameters.unwrap())
    };
    tools.iter().map(one).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn parameters_go_out_in_the_form_that_every_wire_takes() {
    let empty = json!({ "type": "object", "properties": {} });
    let named = json!({ "name": { "type": "string" } });
    let node = json!({ "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } });
    for (what, schema, wanted) in [
        ("bare", json!({ "type": "object" }), empty.clone()),
        ("empty", json!({}), empty.clone()),
        ("anything", json!(true), empty.clone()),
        ("a draft", json!({ "$schema": "http://json-schema.org/draft-07/schema#", "type": "object" }), empty.clone()),
        ("no properties", json!({ "type": "object", "properties": null, "required": null }), empty.clone()),
        ("or nothing", json!({ "type": ["object", "null"], "properties": named }), json!({ "type": "object", "properties": named })),
        (
            "one of several",
            json!({ "type": "object", "anyOf": [{ "required": ["a"] }, { "required": ["b"] }], "properties": { "a": { "type": "string" }, "b": { "type": "string" } } }),
            json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string" } } }),
        ),
        (
            "a choice of objects",
            json!({ "oneOf": [
                { "type": "object", "properties": { "kind": { "const": "a" }, "x": { "type": "number" } }, "required": ["kind", "x"] },
                { "type": "object", "properties": { "kind": { "const": "b" } }, "required": ["kind"] },
            ] }),
            json!({ "type": "object", "properties": { "kind": { "anyOf": [{ "const": "a" }, { "const": "b" }] }, "x": { "type": "number" } }, "required": ["kind"] }),
        ),
        (
            "all of several",
            json!({ "allOf": [{ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] }, { "properties": { "b": {} } }] }),
            json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": {} }, "required": ["a"] }),
        ),
        (
            "a reference at the root",
            json!({ "$ref": "#/$defs/node", "$defs": { "node": node } }),
            json!({ "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } }, "$defs": { "node": node } }),
        ),
        (
            "recursion from the root",
            json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#" } } } }),
            json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#" } } } }),
        ),
        (
            "references that lead nowhere",
            json!({ "type": "object", "properties": { "a": { "$ref": "https://example.com/a.json" }, "b": { "$ref": "#/definitions/b", "description": "b" } } }),
            json!({ "type": "object", "properties": { "a": {}, "b": { "description": "b" } } }),
        ),
        (
            "lists that do not say of what",
            json!({ "type": "object", "properties": { "a": { "type": "array" }, "b": { "type": "array", "items": [{ "type": "string" }, { "type": "number" }] } } }),
            json!({ "type": "object", "properties": {
                "a": { "type": "array", "items": {} },
                "b": { "type": "array", "prefixItems": [{ "type": "string" }, { "type": "number" }], "items": { "anyOf": [{ "type": "string" }, { "type": "number" }] } },
            } }),
        ),
        (
            "names that there are not, and twice",
            json!({ "type": "object", "properties": { "name": { "type": "string", "required": true } }, "required": ["name", "name", "age"] }),
            json!({ "type": "object", "properties": named, "required": ["name"] }),
        ),
        (
            "types of other languages, and of OpenAPI",
            json!({ "type": "object", "properties": { "a": { "type": "dict" }, "b": { "type": "STRING", "nullable": true }, "c": { "type": "integer", "minimum": 0, "exclusiveMinimum": true }, "d": { "enum": [] }, "e": true, "f": false } }),
            json!({ "type": "object", "properties": { "a": {}, "b": { "type": ["string", "null"] }, "c": { "type": "integer", "exclusiveMinimum": 0 }, "d": {}, "e": {} } }),
        ),
        (
            "properties that are called as keywords are",
            json!({ "type": "object", "properties": { "type": { "type": "string" }, "required": { "type": "boolean" }, "$schema": { "type": "string" }, "id": { "type": "string" } } }),
            json!({ "type": "object", "properties": { "type": { "type": "string" }, "required": { "type": "boolean" }, "$schema": { "type": "string" }, "id": { "type": "string" } } }),
        ),
    ] {
        for kind in [Kind::Openai, Kind::OpenaiResponses, Kind::Gemini, Kind::Mistral, Kind::Ollama, Kind::Cohere] {
            assert_eq!(shown(kind, &request(vec![("look", schema.clone())])), [("look".to_owned(), wanted.clone())], "{kind}, {what}");
        }
    }
}

#[test]
fn a_tool_that_has_no_such_form_is_left_out_alone() {
    let good = json!({ "type": "object", "properties": { "n": { "type": "number" } } });
    let bad = [
        ("list", json!({ "type": "array" })),
        ("words", json!({ "anyOf": [{ "type": "string" }, { "type": "number" }] })),
        ("itself", json!({ "$ref": "#" })),
    ];
    for kind in [Kind::Openai, Kind::Anthropic, Kind::Gemini] {
        let mut tools = vec![("good", good.clone())];
        tools.extend(bad.clone());
        let request = request(tools);
        let names: Vec<String> = shown(kind, &request).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["good"], "{kind}");
        let forced = ChatRequest { tool_choice: Some(ToolChoice::Tool { name: "list".to_owned() }), ..request.clone() };
        assert!(sent(kind, &forced).unwrap_err().message.contains("tool `list` cannot be shown to model `m`"), "{kind}");
        let forced =
            ChatRequest { tools: vec![request.tools[1].clone()], tool_choice: Some(ToolChoice::Mode(ToolMode::Required)), ..request };
        assert!(sent(kind, &forced).unwrap_err().message.contains("no tool is left to call"), "{kind}");
    }
    // What one provider refuses another takes.
    let request = request(vec![("good", good), ("filter", json!({ "type": "object", "properties": { "$filter": { "type": "string" } } }))]);
    assert_eq!(shown(Kind::Openai, &request).len(), 2);
    assert_eq!(shown(Kind::Anthropic, &request).len(), 1);
    let answer = json!({ "id": "m", "type": "message", "role": "assistant", "model": "c", "content": [{ "type": "text", "text": "done" }], "stop_reason": "end_turn" });
    let reply = backend(Kind::Anthropic).decode(&request, StatusCode::OK, &HeaderMap::new(), answer.to_string().as_bytes()).unwrap();
    assert_eq!(reply.warnings.len(), 1);
    assert!(reply.warnings[0].starts_with("tool `filter` cannot be shown to model `m`: its parameter `$filter`"), "{}", reply.warnings[0]);
}

fn asking(schema: Value) -> ChatRequest {
    ChatRequest { schema: Some(OutputSchema { name: "answer".to_owned(), schema, strict: false }), ..request(vec![]) }
}

/// The schema that an answer is held to, where it is held to one.
fn held(kind: Kind, request: &ChatRequest) -> Option<Value> {
    let body = sent(kind, request).unwrap();
    let places = [
        "/response_format/json_schema/schema",
        "/text/format/schema",
        "/output_config/format/schema",
        "/generationConfig/responseJsonSchema",
        "/response_format/schema",
        "/format",
    ];
    places.iter().find_map(|place| body.pointer(place)).cloned()
}

const HELD: [Kind; 8] =
    [Kind::Openai, Kind::OpenaiResponses, Kind::Azure, Kind::Anthropic, Kind::Gemini, Kind::Mistral, Kind::Cohere, Kind::Ollama];

#[test]
fn what_may_be_left_out_of_an_answer_stays_so_on_every_wire() {
    let properties = json!({ "name": { "type": "string" }, "phone": { "type": "string" }, "home": { "type": "object", "properties": { "city": { "type": "string" }, "street": { "type": "string" } }, "required": ["city"] } });
    let request = asking(json!({ "type": "object", "properties": properties, "required": ["name"] }));
    for kind in HELD {
        let schema = held(kind, &request).unwrap();
        assert_eq!(
            (&schema["required"], &schema["properties"]["home"]["required"]),
            (&json!(["name"]), &json!(["city"])),
            "{kind}: {schema}"
        );
    }
    let closed = held(Kind::Anthropic, &request).unwrap();
    assert_eq!((&closed["additionalProperties"], &closed["properties"]["home"]["additionalProperties"]), (&json!(false), &json!(false)));
    // What Anthropic does not hold its models to is told them.
    let bounded =
        asking(json!({ "type": "object", "properties": { "n": { "type": "integer", "minimum": 1, "description": "how many" } } }));
    let closed = held(Kind::Anthropic, &bounded).unwrap();
    assert_eq!(closed["properties"]["n"], json!({ "type": "integer", "description": "how many\n\n{minimum: 1}" }));
}

#[test]
fn an_answer_that_a_wire_cannot_be_held_to_is_asked_for_in_words() {
    let list = asking(json!({ "type": "array", "items": { "type": "string" } }));
    let choice =
        asking(json!({ "anyOf": [{ "type": "object", "properties": { "a": {} } }, { "type": "object", "properties": { "b": {} } }] }));
    let records =
        asking(json!({ "type": "object", "properties": { "by": { "type": "object", "additionalProperties": { "type": "number" } } } }));
    let tree = json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#" } } } });
    let referred = asking(
        json!({ "$ref": "#/$defs/node", "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } } } }),
    );
    let in_words = |kind: Kind, request: &ChatRequest| {
        let body = sent(kind, request).unwrap();
        held(kind, request).is_none() && body.to_string().contains("fits this JSON Schema")
    };
    for kind in [Kind::Openai, Kind::OpenaiResponses, Kind::Anthropic, Kind::Mistral, Kind::Cohere] {
        assert!(in_words(kind, &list) && in_words(kind, &choice), "{kind}");
    }
    for request in [&records, &asking(tree.clone()), &referred] {
        assert!(in_words(Kind::Anthropic, request), "{request:?}");
        for kind in [Kind::Openai, Kind::OpenaiResponses, Kind::Gemini, Kind::Ollama] {
            assert!(held(kind, request).is_some(), "{kind}: {request:?}");
        }
    }
    assert_eq!(held(Kind::Openai, &referred).unwrap()["type"], json!("object"));
    assert!(held(Kind::Gemini, &list).is_some());
}

#[test]
fn the_callers_own_fields_stand_beside_the_shape_of_the_answer() {
    let schema = json!({ "type": "object", "properties": { "n": { "type": "number" } } });
    for (kind, field, own) in
        [(Kind::OpenaiResponses, "text", json!({ "verbosity": "low" })), (Kind::Anthropic, "output_config", json!({ "effort": "low" }))]
    {
        let mut request = asking(schema.clone());
        request.extra.insert(field.to_owned(), own.clone());
        let body = sent(kind, &request).unwrap();
        for (name, value) in own.as_object().unwrap() {
            assert_eq!(&body[field][name], value, "{kind}");
        }
        assert!(body[field]["format"].is_object(), "{kind}: {body}");
    }
}
