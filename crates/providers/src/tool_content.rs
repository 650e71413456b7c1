// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What tools give that is more than text: a list of contents as the Model Context Protocol has them.

use serde_json::{Map, Value};

/// One content.
#[derive(Debug, PartialEq)]
pub(crate) enum Block<'a> {
    Text(&'a str),
    /// Base64.
    Bytes {
        data: &'a str,
        media_type: &'a str,
    },
    Other(&'a Value),
}

/// The contents of a result, if it has bytes among them; all else is data.
pub(crate) fn blocks(result: &Value) -> Option<Vec<Block<'_>>> {
    let content = match result.as_object().filter(|fields| is_answer(fields)) {
        Some(fields) => fields.get("content")?,
        None => result,
    };
    let contents = content.as_array().map_or_else(|| std::slice::from_ref(content), Vec::as_slice);
    let blocks: Vec<Block<'_>> = contents.iter().map(block).collect::<Option<_>>()?;
    blocks.iter().any(|block| matches!(block, Block::Bytes { .. })).then_some(blocks)
}

/// A whole answer of a server, as a tool may pass it on.
fn is_answer(fields: &Map<String, Value>) -> bool {
    fields.contains_key("content") && fields.keys().all(|name| ["content", "isError", "_meta"].contains(&name.as_str()))
}

fn block(content: &Value) -> Option<Block<'_>> {
    match content.get("type")?.as_str()? {
        "text" => content.get("text")?.as_str().map(Block::Text),
        "image" | "audio" => {
            let data = content.get("data")?.as_str()?;
            let media_type = content.get("mimeType").or_else(|| content.get("mediaType"))?.as_str()?;
            Some(Block::Bytes { data, media_type })
        }
        "resource" => {
            let resource = content.get("resource")?;
            if let Some(text) = resource.get("text").and_then(Value::as_str) {
                return Some(Block::Text(text));
            }
            let data = resource.get("blob")?.as_str()?;
            Some(Block::Bytes { data, media_type: resource.get("mimeType").and_then(Value::as_str).unwrap_or("application/octet-stream") })
        }
        "resource_link" => Some(Block::Other(content)),
        _ => None,
    }
}

/// How many contents of a tool's result are bytes, and how much of it their base64 takes: no words, however many letters they have.
pub fn encoded_in(result: &Value) -> (u64, u64) {
    let blocks = blocks(result).unwrap_or_default();
    blocks.iter().fold((0, 0), |(count, size), block| match block {
        Block::Bytes { data, .. } => (count + 1, size + data.len() as u64),
        Block::Text(_) | Block::Other(_) => (count, size),
    })
}
