// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a tool answered, read as far as it can be.

use rmcp::model::ContentBlock;
use serde_json::{Map, Value, json};

/// `{ content, structuredContent, isError }` of the result of a call, or why it is no answer. In place of a part that cannot be read stands
/// `{ unread }`, which says why.
pub(crate) fn read(result: Value) -> Result<Value, String> {
    let Value::Object(mut fields) = result else { return Err("its `result` is not an object".to_owned()) };
    if let Some(kind) = fields.get("resultType").and_then(Value::as_str).filter(|kind| *kind != "complete") {
        return Err(format!("it is of the type `{kind}`: the server asks for more input, which is not supported"));
    }
    let mut answer = Map::new();
    if let Some(structured) = fields.remove("structuredContent") {
        answer.insert("structuredContent".to_owned(), structured);
    }
    let failed = fields.remove("isError").is_some_and(|failed| !matches!(failed, Value::Null | Value::Bool(false)));
    if failed {
        answer.insert("isError".to_owned(), json!(true));
    }
    let content = match fields.remove("content") {
        Some(Value::Array(parts)) => parts.into_iter().enumerate().map(|(at, part)| read_part(at, part)).collect(),
        None | Some(Value::Null) if failed || answer.contains_key("structuredContent") => Vec::new(),
        None | Some(Value::Null) => return Err("it has neither `content` nor `structuredContent`".to_owned()),
        Some(_) => return Err("its `content` is not an array".to_owned()),
    };
    let unread = content.iter().find_map(|part: &Value| part.get("unread")).and_then(Value::as_str);
    if let Some(why) = unread
        && answer.is_empty()
        && content.iter().all(|part| part.get("unread").is_some())
    {
        return Err(why.to_owned());
    }
    answer.insert("content".to_owned(), Value::Array(content));
    Ok(Value::Object(answer))
}

fn read_part(at: usize, part: Value) -> Value {
    let why = match part.get("type") {
        Some(Value::String(kind)) => match serde_json::from_value::<ContentBlock>(part.clone()) {
            Ok(_) => return part,
            Err(_) if KINDS.contains(&kind.as_str()) => format!("`content[{at}]` has the type `{kind}`, but not its fields"),
            Err(_) => format!("`content[{at}]` has the type `{kind}`, which is unknown"),
        },
        _ => format!("`content[{at}]` has no type"),
    };
    json!({ "unread": why })
}

/// The types of content that the protocol has.
const KINDS: [&str; 5] = ["text", "image", "audio", "resource", "resource_link"];

#[cfg(test)]
mod tests {
    use super::{KINDS, read};
    use rmcp::model::ContentBlock;
    use serde_json::{Value, json};

    const TEXT: &str = r#"{ "type": "text", "text": "ok" }"#;

    fn text() -> Value {
        serde_json::from_str(TEXT).unwrap()
    }

    #[test]
    fn what_can_be_read_is_the_answer() {
        for (result, wanted) in [
            (json!({ "content": [text()] }), json!({ "content": [text()] })),
            (json!({ "content": [] }), json!({ "content": [] })),
            (json!({ "content": [text()], "isError": false, "_meta": {} }), json!({ "content": [text()] })),
            (json!({ "isError": true }), json!({ "content": [], "isError": true })),
            (json!({ "isError": "true", "content": [text()] }), json!({ "content": [text()], "isError": true })),
            (json!({ "structuredContent": { "a": 1 } }), json!({ "content": [], "structuredContent": { "a": 1 } })),
            (json!({ "structuredContent": [1], "content": null }), json!({ "content": [], "structuredContent": [1] })),
            (
                json!({ "content": [{ "type": "hologram", "data": "x" }, text()] }),
                json!({ "content": [{ "unread": "`content[0]` has the type `hologram`, which is unknown" }, text()] }),
            ),
            (
                json!({ "content": [text(), { "type": "image" }, { "text": "x" }, 7] }),
                json!({ "content": [
                    text(),
                    { "unread": "`content[1]` has the type `image`, but not its fields" },
                    { "unread": "`content[2]` has no type" },
                    { "unread": "`content[3]` has no type" },
                ] }),
            ),
        ] {
            assert_eq!(read(result.clone()), Ok(wanted), "{result}");
        }
    }

    #[test]
    fn what_is_no_answer_says_why() {
        for (result, wanted) in [
            (json!({}), "it has neither `content` nor `structuredContent`"),
            (json!({ "toolResult": 1 }), "it has neither `content` nor `structuredContent`"),
            (json!(null), "its `result` is not an object"),
            (json!([text()]), "its `result` is not an object"),
            (json!({ "content": "words" }), "its `content` is not an array"),
            (json!({ "content": [{ "type": "hologram" }] }), "`content[0]` has the type `hologram`, which is unknown"),
            (
                json!({ "resultType": "input_required", "inputRequests": {} }),
                "it is of the type `input_required`: the server asks for more input, which is not supported",
            ),
        ] {
            assert_eq!(read(result), Err(wanted.to_owned()));
        }
    }

    #[test]
    fn the_types_are_those_of_the_protocol() {
        let examples = [
            json!({ "type": "text", "text": "" }),
            json!({ "type": "image", "data": "", "mimeType": "image/png" }),
            json!({ "type": "audio", "data": "", "mimeType": "audio/wav" }),
            json!({ "type": "resource", "resource": { "uri": "a:b", "text": "" } }),
            json!({ "type": "resource_link", "uri": "a:b", "name": "b" }),
        ];
        for (kind, example) in KINDS.iter().zip(examples) {
            assert_eq!(example["type"], *kind);
            serde_json::from_value::<ContentBlock>(example).unwrap();
        }
    }
}
