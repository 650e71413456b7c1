// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Pictures and files, as people have them, on the wires of all providers. What a wire does not take had been left out, and the model answered as if it had
//! seen it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use providers::{
    ChatRequest, Failure, FailureKind, File, Image, Kind, Message, Mode, ModelBackend, Part, ProviderConfig, Remote, Role, Secret, connect,
};
use serde_json::{Value, json};
use std::sync::Arc;

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PDF: &str = "JVBERi0xLjQKJSVFT0YK";

fn backend(kind: Kind) -> Arc<dyn ModelBackend> {
    let endpoint = matches!(kind, Kind::Azure | Kind::Compatible).then(|| "https://models.example.com/v1".to_owned());
    connect(&ProviderConfig { endpoint, api_key: Some(Secret::new("key-0123456789")), ..ProviderConfig::new(kind) }).unwrap()
}

fn model(kind: Kind) -> &'static str {
    match kind {
        Kind::Anthropic => "claude-sonnet-4-5",
        Kind::Gemini => "gemini-2.5-flash",
        Kind::Mistral => "pixtral-large-latest",
        Kind::Groq => "meta-llama/llama-4-scout-17b-16e-instruct",
        Kind::Deepseek => "deepseek-chat",
        Kind::Xai => "grok-4",
        Kind::Cohere => "command-a-vision-07-2025",
        Kind::Ollama => "llava",
        Kind::Openrouter => "openai/gpt-4o",
        Kind::Openai | Kind::OpenaiResponses | Kind::Azure | Kind::Together | Kind::Compatible => "gpt-4o",
    }
}

fn asking(kind: Kind, part: Part) -> ChatRequest {
    let content = vec![Part::Text { text: "What is this?".to_owned() }, part];
    let messages = vec![Message { role: Role::User, content, continuation: None }];
    ChatRequest { model: model(kind).to_owned(), messages, max_tokens: Some(9), ..ChatRequest::default() }
}

fn sent(kind: Kind, request: &ChatRequest) -> Result<String, Failure> {
    Ok(String::from_utf8(backend(kind).encode(request, Mode::Whole)?.body).unwrap())
}

fn picture(data: &str, media_type: &str) -> Part {
    Part::Image(Image::Data { data: data.to_owned(), media_type: media_type.to_owned() })
}

fn at(url: &str) -> Part {
    Part::Image(Image::Url { url: url.to_owned() })
}

fn file(data: &str, media_type: &str) -> Part {
    Part::File(File::Data { data: data.to_owned(), media_type: media_type.to_owned() })
}

const SEEING: [Kind; 13] = [
    Kind::Openai,
    Kind::OpenaiResponses,
    Kind::Anthropic,
    Kind::Gemini,
    Kind::Azure,
    Kind::Mistral,
    Kind::Groq,
    Kind::Xai,
    Kind::Together,
    Kind::Openrouter,
    Kind::Cohere,
    Kind::Ollama,
    Kind::Compatible,
];

#[test]
fn a_picture_arrives_in_whatever_way_it_is_given() {
    let lines = PNG.as_bytes().chunks(20).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join("\r\n");
    for kind in SEEING {
        for (what, part) in [
            ("bytes", picture(PNG, "image/png")),
            ("called jpg", picture("/9j/4AAQSkZJRg==", "image/jpg")),
            ("called what it is not", picture(PNG, "image/jpeg")),
            ("of no type", picture(PNG, "")),
            ("with parameters", picture(PNG, "Image/PNG; charset=binary")),
            ("in lines", picture(&lines, "image/png")),
            ("without padding, as addresses have it", picture(&PNG.trim_end_matches('=').replace('+', "-").replace('/', "_"), "image/png")),
            ("a whole address as bytes", picture(&format!("data:image/png;base64,{PNG}"), "image/png")),
            ("an address that holds it", at(&format!("data:image/png;base64,{PNG}"))),
            ("an address in capitals", at(&format!("DATA:image/png;BASE64,{}", PNG.replace('+', "%2B").replace('/', "%2F")))),
        ] {
            let body = sent(kind, &asking(kind, part)).unwrap();
            assert!(!body.contains("omitted"), "{kind}, {what}: {body}");
            assert!(body.contains(if what == "called jpg" { "/9j/4AAQSkZJRg==" } else { PNG }), "{kind}, {what}: {body}");
            if what == "called jpg" && kind != Kind::Ollama {
                assert!(body.contains("image/jpeg"), "{kind}: {body}");
            } else if what == "called what it is not" && kind != Kind::Ollama {
                assert!(body.contains("image/png") && !body.contains("image/jpeg"), "{kind}: {body}");
            }
        }
    }
}

#[test]
fn a_picture_elsewhere_is_fetched_where_the_provider_does_not_do_it() {
    let url = "https://example.com/cat.png?x=1";
    for kind in SEEING {
        let request = asking(kind, at(url));
        let wanted = backend(kind).wants(&request);
        if matches!(kind, Kind::Gemini | Kind::Ollama) {
            assert_eq!(wanted, [Remote { message: 0, part: 1, url: url.to_owned() }], "{kind}");
        } else {
            assert_eq!(wanted, [], "{kind}");
            let body = sent(kind, &request).unwrap();
            assert!(body.contains(url) && !body.contains("omitted"), "{kind}: {body}");
        }
        assert_eq!(backend(kind).unfit(model(kind), &request.messages), None, "{kind}");
    }
    let of_google = asking(Kind::Gemini, at("https://generativelanguage.googleapis.com/v1beta/files/abc.png"));
    assert_eq!(backend(Kind::Gemini).wants(&of_google), []);
}

#[test]
fn what_a_model_cannot_see_is_refused_and_not_left_out() {
    for (kind, model, part, said) in [
        (Kind::Deepseek, "deepseek-chat", picture(PNG, "image/png"), "reads no pictures"),
        (Kind::Mistral, "codestral-latest", picture(PNG, "image/png"), "reads no pictures"),
        (Kind::Openai, "gpt-3.5-turbo", at("https://example.com/cat.png"), "reads no pictures"),
        (Kind::Groq, "llama-3.3-70b-versatile", picture(PNG, "image/png"), "reads no pictures"),
        (Kind::Openai, "gpt-4o", picture("Qk0=", "image/bmp"), "`image/bmp` is not a picture format"),
        (Kind::Openai, "gpt-4o", picture("not base64!", "image/png"), "is not base64"),
        (Kind::Openai, "gpt-4o", picture("", "image/png"), "is empty"),
        (Kind::Openai, "gpt-4o", at("file:///pictures/cat.png"), "cannot read its address"),
        (Kind::Ollama, "llava", file(PDF, "application/pdf"), "takes no PDF"),
        (Kind::Cohere, "command-a-vision-07-2025", file(PDF, "application/pdf"), "takes no PDF"),
        (Kind::Anthropic, "claude-sonnet-4-5", file("UEsDBA==", "application/zip"), "`application/zip` is not a file format"),
        (
            Kind::Anthropic,
            "claude-sonnet-4-5",
            Part::File(File::Url { url: "https://example.com/report".to_owned(), media_type: None }),
            "its type is unknown",
        ),
    ] {
        let request = ChatRequest { model: model.to_owned(), ..asking(kind, part) };
        let failure = sent(kind, &request).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid, "{kind}: {failure}");
        assert!(failure.message.contains("messages[0].content[1]: ") && failure.message.contains(said), "{kind}: {failure}");
        assert!(backend(kind).unfit(model, &request.messages).unwrap().contains(said), "{kind}");
        assert_eq!(backend(kind).wants(&request), [], "{kind}");
    }
}

#[test]
fn a_pdf_and_a_text_arrive_where_the_wire_takes_them() {
    for kind in [Kind::Openai, Kind::OpenaiResponses, Kind::Azure, Kind::Anthropic, Kind::Gemini, Kind::Mistral, Kind::Openrouter] {
        for part in [
            file(PDF, "application/pdf"),
            file(PDF, ""),
            Part::File(File::Url { url: format!("data:application/pdf;base64,{PDF}"), media_type: None }),
        ] {
            let body = sent(kind, &asking(kind, part)).unwrap();
            assert!(body.contains(PDF) && !body.contains("omitted"), "{kind}: {body}");
        }
        let remote = asking(kind, Part::File(File::Url { url: "https://example.com/a.pdf".to_owned(), media_type: None }));
        let fetches = matches!(kind, Kind::Openai | Kind::Azure | Kind::Gemini);
        assert_eq!(backend(kind).wants(&remote).len(), usize::from(fetches), "{kind}");
        assert_eq!(backend(kind).unfit(model(kind), &remote.messages), None);
    }
    for kind in Kind::ALL {
        for (media_type, data) in [
            ("text/csv", "bmFtZSxhZ2UKQW5uLDc="),
            ("application/json", "eyJuYW1lLGFnZSI6MX0="),
            ("text/plain; charset=utf-8", "bmFtZSxhZ2U="),
        ] {
            let body = sent(kind, &asking(kind, file(data, media_type))).unwrap();
            assert!(body.contains("name,age"), "{kind}, {media_type}: {body}");
        }
    }
}

fn answered(kind: Kind, result: Value) -> String {
    let call = Part::ToolCall { id: "call_1".to_owned(), name: "look".to_owned(), arguments: json!({}) };
    let given = Part::ToolResult { id: "call_1".to_owned(), result, is_error: false };
    let tool = providers::Tool { name: "look".to_owned(), description: "d".to_owned(), parameters: json!({ "type": "object" }) };
    let mut request = asking(kind, Part::Text { text: "look".to_owned() });
    request.messages.push(Message { role: Role::Assistant, content: vec![call], continuation: None });
    request.messages.push(Message { role: Role::Tool, content: vec![given], continuation: None });
    sent(kind, &ChatRequest { tools: vec![tool], ..request }).unwrap()
}

#[test]
fn a_picture_that_a_tool_gave_is_shown_as_one_or_remarked_on_and_never_read_as_text() {
    let large = format!("{PNG}{}", "A".repeat(4_000)).replace("==", "AA");
    let picture = json!({ "type": "image", "data": large, "mimeType": "image/png" });
    let results = [
        json!([{ "type": "text", "text": "a chart" }, picture]),
        json!([picture]),
        picture.clone(),
        json!({ "content": [{ "type": "text", "text": "a chart" }, picture], "isError": false }),
        json!([{ "type": "image", "data": large, "mediaType": "image/png" }]),
        json!([{ "type": "resource", "resource": { "uri": "file:///chart.png", "mimeType": "image/png", "blob": large } }]),
    ];
    for result in &results {
        for kind in SEEING {
            let body: Value = serde_json::from_str(&answered(kind, result.clone())).unwrap();
            let place = place_of(&body, &large, String::new()).unwrap_or_else(|| panic!("{kind}: it is not shown: {body}"));
            let is_picture = ["/image_url", "/source/data", "/inlineData/data", "/images/0"].iter().any(|end| place.contains(end));
            assert!(is_picture, "{kind}: it is at {place}");
        }
        for (kind, name) in [(Kind::Deepseek, "deepseek-chat"), (Kind::Mistral, "codestral-latest")] {
            let mut body = answered(kind, result.clone());
            if kind == Kind::Mistral {
                let mut request = asking(kind, Part::Text { text: "look".to_owned() });
                request.model = name.to_owned();
                let call = Part::ToolCall { id: "call_1".to_owned(), name: "look".to_owned(), arguments: json!({}) };
                let given = Part::ToolResult { id: "call_1".to_owned(), result: result.clone(), is_error: false };
                request.messages.push(Message { role: Role::Assistant, content: vec![call], continuation: None });
                request.messages.push(Message { role: Role::Tool, content: vec![given], continuation: None });
                body = sent(kind, &request).unwrap();
            }
            assert!(!body.contains(&large) && body.contains("image omitted"), "{kind}: {body}");
        }
    }
    // Of what no model reads the bytes are left out, and said so; data that only looks so is data.
    let wave = format!("UklGRiQAAABXQVZF{}", "A".repeat(400));
    let sound = json!([{ "type": "audio", "data": wave, "mimeType": "audio/wav" }, { "type": "text", "text": "a sound" }]);
    for kind in [Kind::Openai, Kind::Anthropic, Kind::Gemini] {
        let body = answered(kind, sound.clone());
        assert!(!body.contains(&wave) && body.contains("audio/wav of") && body.contains("a sound"), "{kind}: {body}");
        assert!(answered(kind, json!([{ "type": "image", "name": "cat" }, 7])).contains("cat"), "{kind}");
    }
}

/// Where in a document a text is.
fn place_of(value: &Value, text: &str, place: String) -> Option<String> {
    match value {
        Value::String(one) => one.contains(text).then_some(place),
        Value::Array(list) => list.iter().enumerate().find_map(|(index, one)| place_of(one, text, format!("{place}/{index}"))),
        Value::Object(fields) => fields.iter().find_map(|(name, one)| place_of(one, text, format!("{place}/{name}"))),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
