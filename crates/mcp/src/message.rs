// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a server sent, read as far as it can be: an answer that cannot be read becomes an error to the request that waits for it.
//!
//! ```text
//! pipe ─▶ Lines ──┐
//! body ───────────┼─▶ read ─▶ messages         text that is no Unicode is mended, what is no JSON is outlined: whose answer is it?
//! HTTP ─▶ Events ─┘
//! ```

mod events;
mod lines;
mod outline;

pub(crate) use events::Events;
pub(crate) use lines::Lines;

use outline::Outline;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use serde_json::{Value, json};

/// The most bytes of one message.
pub(crate) const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Of an error that is made here, in place of an answer that cannot be read. Servers have no such code.
const UNREADABLE: ErrorCode = ErrorCode(-1_000_001);

/// The messages in this text: most often one, several in a batch, none in what a server says for people.
pub(crate) fn read(bytes: &[u8]) -> Vec<ServerJsonRpcMessage> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    if bytes.is_empty() {
        return Vec::new();
    }
    if let Ok(message) = serde_json::from_slice(bytes) {
        return vec![message];
    }
    let text = String::from_utf8_lossy(bytes);
    match serde_json::from_str(&stdx::well_formed_json(&text)) {
        Ok(Value::Array(batch)) => batch.into_iter().filter_map(mended).collect(),
        Ok(value) => mended(value).into_iter().collect(),
        Err(error) => Outline::of(bytes).answered().map(|id| unreadable(id, &format!("it is not JSON ({error})"))).into_iter().collect(),
    }
}

/// The answer to a request whose own cannot be read, and why.
pub(crate) fn unreadable(id: RequestId, why: &str) -> ServerJsonRpcMessage {
    ServerJsonRpcMessage::error(ErrorData::new(UNREADABLE, why.to_owned(), None), Some(id))
}

/// Why the answer that this error stands for cannot be read; `None` if a server sent the error.
pub(crate) fn why_unreadable(error: &ErrorData) -> Option<&str> {
    (error.code == UNREADABLE).then_some(&*error.message)
}

/// Of what was too large to be kept.
pub(crate) fn too_large() -> String {
    format!("it is larger than {} MiB; ask for less at once", BYTES_MAX / (1024 * 1024))
}

/// Which request it answers; `None` too where an error does not say so.
pub(crate) fn answered(message: &ServerJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
    }
}

/// Whether an answer to `found` is one to `asked`: some servers give numbers back as text.
pub(crate) fn is_of(found: &RequestId, asked: &RequestId) -> bool {
    found == asked || matches!((found, asked), (RequestId::String(text), RequestId::Number(number)) if text.parse() == Ok(*number))
}

/// A message of an object that nearly is one. `None` if it asks for nothing that is known here, and answers nothing.
fn mended(mut value: Value) -> Option<ServerJsonRpcMessage> {
    let fields = value.as_object_mut()?;
    if fields.contains_key("method") {
        return serde_json::from_value(value).ok();
    }
    fields.insert("jsonrpc".to_owned(), json!("2.0"));
    match fields.get_mut("error") {
        None => {}
        Some(Value::Null) => _ = fields.remove("error"),
        Some(error) => {
            *error = error_of(error);
            fields.remove("result");
        }
    }
    let id = fields.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
    if !fields.contains_key("error") && !fields.contains_key("result") {
        // Something else that servers print, unless it names a request.
        return id.map(|id| unreadable(id, "it has neither `result` nor `error`"));
    }
    match serde_json::from_value(value) {
        Ok(message) => Some(message),
        Err(error) => id.map(|id| unreadable(id, &error.to_string())),
    }
}

/// An error with a code and a message, of what a server has in its place.
fn error_of(found: &Value) -> Value {
    let code = found.get("code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok()).unwrap_or_default();
    let message = found.get("message").unwrap_or(found);
    json!({ "code": code, "message": message.as_str().map_or_else(|| message.to_string(), str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::{answered, read, why_unreadable};
    use rmcp::model::JsonRpcMessage;

    /// The messages as JSON; in place of an answer that cannot be read `id: why`.
    fn told(bytes: &[u8]) -> Vec<String> {
        let tell = |message: &_| {
            let JsonRpcMessage::Error(error) = message else { return serde_json::to_string(message).unwrap() };
            match (&error.id, why_unreadable(&error.error)) {
                (Some(id), Some(why)) => format!("{id}: {why}"),
                _ => serde_json::to_string(message).unwrap(),
            }
        };
        read(bytes).iter().map(tell).collect()
    }

    #[test]
    fn an_answer_that_can_be_read_is_read() {
        for (given, wanted) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#, r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#),
            // Half of a surrogate pair, as JavaScript writes `'🎉'.slice(0, 1)`.
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":"\ud83c."}}"#, r#"{"jsonrpc":"2.0","id":1,"result":{"a":"�."}}"#),
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":"\ud83c\udf89"}}"#, r#"{"jsonrpc":"2.0","id":1,"result":{"a":"🎉"}}"#),
            (r#"{"id":"1","result":{"a":1}}"#, r#"{"jsonrpc":"2.0","id":"1","result":{"a":1}}"#),
            (r#"{"jsonrpc":"2.0","id":1,"error":null,"result":{"a":1}}"#, r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#),
            (r#"{"jsonrpc":"2.0","id":1,"error":"boom"}"#, r#"{"jsonrpc":"2.0","id":1,"error":{"code":0,"message":"boom"}}"#),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"message":{"a":1}}}"#,
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":0,"message":"{\"a\":1}"}}"#,
            ),
            ("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\r", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        ] {
            assert_eq!(told(given.as_bytes()), [wanted], "{given}");
        }
        assert_eq!(
            told(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"\xff\"}}"),
            ["{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"\u{fffd}\"}}"]
        );
        assert_eq!(told(br#"[{"id":1,"result":{"a":1}},{"id":2,"result":{"a":2}},7]"#).len(), 2);
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_an_error_to_who_waits_for_it() {
        for (given, wanted) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{"a":NaN}}"#, "7: it is not JSON (expected value at line 1 column 39)"),
            (r#"{"result":{"a":[1,2},"jsonrpc":"2.0","id":"x"}"#, "x: it is not JSON (expected `,` or `]` at line 1 column 20)"),
            (r#"{"jsonrpc":"2.0","id":7}"#, "7: it has neither `result` nor `error`"),
        ] {
            assert_eq!(told(given.as_bytes()), [wanted], "{given}");
        }
        let deep = format!(r#"{{"jsonrpc":"2.0","id":7,"result":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        assert!(told(deep.as_bytes()).concat().starts_with("7: it is not JSON (recursion limit exceeded"));
    }

    #[test]
    fn what_answers_nothing_is_nothing() {
        for given in [
            "",
            "  ",
            "Listening on port 3000",
            "{not json",
            r#"{"level":"info","msg":"boot"}"#,
            "[1,2]",
            "7",
            r#"{"id":3,"method":"x","params":{"result":NaN}}"#,
            r#"{"result":{"a":NaN}}"#,
        ] {
            assert_eq!(told(given.as_bytes()), [""; 0], "{given}");
        }
    }

    #[test]
    fn what_asks_is_no_answer() {
        let asked = read(br#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
        assert!(asked.iter().all(|message| answered(message).is_none()) && asked.len() == 1);
        let refused = read(br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#);
        assert!(matches!(refused.as_slice(), [JsonRpcMessage::Error(error)] if error.id.is_none()));
    }
}
