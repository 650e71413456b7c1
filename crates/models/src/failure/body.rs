// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an error body says, whatever its shape: an object, a string, `{detail}`, `{error: string}`, `{code, message}`, a list of one.

use super::spans;
use serde_json::{Map, Value};
use std::time::Duration;

/// An error body, flattened.
#[derive(Debug, Default)]
pub(super) struct ErrorBody {
    /// Every code, type, status and reason, in lower case.
    pub(super) names: Vec<String>,
    /// What it says to people.
    pub(super) message: Option<String>,
    /// All its texts in lower case, with what a router passes on from the provider behind it.
    pub(super) text: String,
    /// A status of HTTP that stands in the body.
    pub(super) status: Option<u16>,
    /// How long to wait, where the body says it in a field.
    pub(super) retry_delay: Option<Duration>,
    /// Whether it is the error of a provider rather than a word of the transport.
    pub(super) is_error: bool,
}

/// Beyond this a body is not an error that someone meant.
const DEPTH_MAX: usize = 6;
const ITEMS_MAX: usize = 16;

const NAMED: [&str; 7] = ["code", "type", "status", "__type", "reason", "blockReason", "quotaId"];
const NESTED: [&str; 11] =
    ["error", "innererror", "message", "detail", "msg", "error_message", "error_msg", "errors", "details", "violations", "promptFeedback"];

/// What a prompt that was blocked goes by, beside the reason.
const BLOCKED: &str = "content_filter";

/// Whether it is HTML; `<400> InvalidParameter: …` is none.
fn is_page(body: &str) -> bool {
    let inside = body.trim_start().strip_prefix('<').and_then(|rest| rest.chars().next());
    inside.is_some_and(|first| first.is_ascii_alphabetic() || first == '!' || first == '?')
}

impl ErrorBody {
    pub(super) fn read(body: &str) -> Self {
        let mut read = Self::default();
        match serde_json::from_str::<Value>(body) {
            Ok(value @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => {
                read.is_error = true;
                read.gather(&value, 0);
            }
            // A page of a proxy says nothing that helps; its status does.
            _ if is_page(body) => {}
            _ => read.say(body),
        }
        read
    }

    fn gather(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) => self.say(text),
            Value::Array(items) if depth < DEPTH_MAX => items.iter().take(ITEMS_MAX).for_each(|item| self.gather(item, depth + 1)),
            Value::Object(fields) if depth < DEPTH_MAX => self.gather_fields(fields, depth + 1),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }

    fn gather_fields(&mut self, fields: &Map<String, Value>, depth: usize) {
        for value in NAMED.iter().filter_map(|name| fields.get(*name)) {
            self.name(value);
        }
        // Gemini has ever more reasons to block a prompt, and each of them is what it says.
        if fields.get("blockReason").is_some_and(Value::is_string) {
            self.names.push(BLOCKED.to_owned());
        }
        for value in NESTED.iter().filter_map(|name| fields.get(*name)) {
            self.gather(value, depth);
        }
        if let Some(delay) = fields.get("retryDelay").and_then(Value::as_str).and_then(spans::span) {
            self.retry_delay.get_or_insert(delay);
        }
        if let Some(raw) = fields.get("metadata").and_then(|metadata| metadata.get("raw")).and_then(Value::as_str) {
            self.hear(raw);
        }
    }

    fn name(&mut self, value: &Value) {
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        if let Some(number) = number {
            let status = u16::try_from(number).ok().filter(|status| (400..600).contains(status));
            self.status = self.status.or(status);
        } else if let Some(name) = value.as_str() {
            // `com.amazon.coral.service#ThrottlingException` is a `ThrottlingException`.
            let name = name.rsplit('#').next().unwrap_or(name);
            self.names.push(name.to_ascii_lowercase());
        }
    }

    fn say(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.message.get_or_insert_with(|| text.to_owned());
            self.hear(text);
        }
    }

    fn hear(&mut self, text: &str) {
        self.text.push_str(&text.to_lowercase());
        self.text.push('\n');
    }
}
