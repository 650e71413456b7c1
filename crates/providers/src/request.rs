// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a model is asked, in words of no provider.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One call of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRequest {
    /// The provider's own name of the model.
    pub model: String,
    /// Instructions that stand before the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The conversation; the last message is what is answered.
    pub messages: Vec<Message>,
    /// What the model may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Whether it must; the provider's own default is `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// The shape the answer's text must have. Not every wire can hold its models to it, and many not beside tools: those are told in words, and whoever
    /// needs the shape checks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<OutputSchema>,
    /// How freely words are picked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The most tokens of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// From which share of the probability words are picked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Texts at which the answer ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Fields of the provider's own request, which win over ours.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// The header that says in which trace it is asked. It is no part of what is asked.
    #[serde(skip)]
    pub traceparent: Option<String>,
}

impl ChatRequest {
    /// Whether the model may call anything: tools of the caller's, or of the provider's own among the further fields.
    pub(crate) fn has_tools(&self) -> bool {
        !self.tools.is_empty() || self.extra.contains_key("tools")
    }
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub content: Vec<Part>,
    /// [`Reply::continuation`](crate::Reply) of an assistant's turn. Given to the model that made it, it stands for `content`, with
    /// what only the provider can read: signatures of thoughts, reasoning items. Any other model gets what it can read of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<Value>,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions within the conversation.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
    /// Results of tools; a user's message may hold them too.
    Tool,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A picture, from the user.
    Image(Image),
    /// A file, from the user: a PDF, or a text.
    File(File),
    /// The model asked for a tool.
    ToolCall {
        /// What its result names.
        id: String,
        /// The tool.
        name: String,
        /// An object of arguments.
        arguments: Value,
    },
    /// What a tool answered.
    ToolResult {
        /// The call it answers, which stands earlier in the conversation.
        id: String,
        /// Text goes to the model as it is, anything else as JSON.
        result: Value,
        /// Whether the tool failed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

/// A picture, by where it is or by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Image {
    /// The provider fetches it.
    Url {
        /// Where it is.
        url: String,
    },
    /// It travels in the request.
    Data {
        /// Base64.
        data: String,
        /// Such as `image/png`.
        media_type: String,
    },
}

/// A file, by where it is or by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum File {
    /// The provider fetches it.
    Url {
        /// Where it is.
        url: String,
        /// Such as `application/pdf`; absent: its name says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_type: Option<String>,
    },
    /// It travels in the request.
    Data {
        /// Base64.
        data: String,
        /// Such as `application/pdf`.
        media_type: String,
    },
}

/// A function the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// By which it is called.
    pub name: String,
    /// What the model reads of it.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Value,
}

/// Which tool the model calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ToolChoice {
    /// A rule for all of them.
    Mode(ToolMode),
    /// This one.
    Tool {
        /// One of `tools`.
        name: String,
    },
}

/// Whether tools are called at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolMode {
    /// As the model sees fit.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
}

/// The shape of an answer that is JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputSchema {
    /// What the model reads as its name.
    pub name: String,
    /// JSON Schema.
    pub schema: Value,
    /// Whether the provider must hold the model to it, for which `OpenAI`'s wires make every property required. Without it the
    /// schema travels as it is. Wires that know one way only take that.
    #[serde(default = "strict")]
    pub strict: bool,
}

fn strict() -> bool {
    true
}

impl Message {
    /// A message of words.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: vec![Part::Text { text: text.into() }], continuation: None }
    }
}
