// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a model answered, in words of no provider.

use models::Usage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// The words, without those of reasoning.
    pub text: String,
    /// What was thought, where the provider shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// The tools the model asks for, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// What it used; zero where the provider does not say.
    pub usage: Usage,
    /// Whether the provider said all of it.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub counted: bool,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// The provider's own word for `other`, or its explanation of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_detail: Option<String>,
    /// The model that answered, as the provider calls it: often more exact than the one asked.
    pub model: String,
    /// What the provider's support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The turn as its own model wants it back; see [`Message::continuation`](crate::Message). Absent where nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<Value>,
    /// What of the request this model was not sent, for people: a tool whose parameters its provider refuses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_yes(value: &bool) -> bool {
    *value
}

/// A tool the model asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// What its result must name; made up where the provider gives none.
    pub id: String,
    /// The tool.
    pub name: String,
    /// An object of arguments.
    pub arguments: Value,
    /// What the model wrote where it is not a JSON object; `arguments` then holds what could be read of it. To be answered with
    /// an error, not called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid_arguments: Option<String>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinishReason {
    /// The model had said all, or met a stop text.
    Stop,
    /// At the most tokens allowed.
    Length,
    /// To have tools called.
    ToolCalls,
    /// The provider, or the model, refused what would have followed.
    ContentFilter,
    /// The provider stopped in the middle of its own work, and goes on when it is sent the turn.
    Pause,
    /// In order, and nothing was said: neither words nor calls of tools. See [`Reply::or_empty`].
    Empty,
    /// For a reason of the provider's own: [`Reply::finish_detail`].
    Other,
}

impl Reply {
    /// The same, and its end has a word of its own if there is nothing in it and nobody has said why.
    #[must_use]
    pub fn or_empty(self) -> Self {
        let unexplained = matches!(self.finish_reason, FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Other);
        let is_empty = unexplained && self.text.trim().is_empty() && self.tool_calls.is_empty();
        if is_empty { Self { finish_reason: FinishReason::Empty, ..self } } else { self }
    }
}

/// A piece of an answer as it arrives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Delta {
    /// More words.
    Text {
        /// Those words.
        text: String,
    },
    /// More thoughts.
    Reasoning {
        /// Those thoughts.
        text: String,
    },
    /// A tool call, once its arguments are complete.
    ToolCall {
        /// The call.
        call: ToolCall,
    },
    /// The whole answer with its usage, which providers tell at the end: always the last.
    Done {
        /// The answer.
        reply: Box<Reply>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_said_in_order_has_a_word_of_its_own_and_what_was_explained_keeps_its_word() {
        use FinishReason::{ContentFilter, Empty, Length, Other, Pause, Stop, ToolCalls};
        let call = json!([{ "id": "1", "name": "look", "arguments": {} }]);
        let reply = |text: &str, calls: &Value, finish_reason: FinishReason| {
            let reply = json!({ "text": text, "toolCalls": calls, "usage": Usage::default(), "finishReason": finish_reason, "model": "m" });
            serde_json::from_value::<Reply>(reply).unwrap().or_empty().finish_reason
        };
        for given in [Stop, ToolCalls, Other] {
            assert_eq!([reply("", &json!([]), given), reply(" \n", &json!([]), given)], [Empty, Empty], "{given:?}");
            assert_eq!([reply("a", &json!([]), given), reply("", &call, given)], [given, given], "{given:?}");
        }
        for given in [Length, ContentFilter, Pause] {
            assert_eq!(reply("", &json!([]), given), given, "{given:?}");
        }
    }
}
