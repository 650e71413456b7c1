// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why there is no answer. What follows from it (again, elsewhere, never) is decided in `models`.

use crate::headers::Headers;
use crate::reply::ToolCall;
use crate::secret::Redactor;
use models::Usage;
use serde::{Deserialize, Serialize};

/// A call that brought no answer. Nothing in it holds a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct Failure {
    /// Where it went wrong.
    pub kind: FailureKind,
    /// What went wrong and what to do, for people.
    pub message: String,
    /// What was asked, such as `POST /v1/chat/completions`; without what may be secret in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Of the response, if one began. A provider's error may come with 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Of the response: waits, limits, ids.
    #[serde(default)]
    pub headers: Headers,
    /// What the provider wrote, up to [`Failure::BODY_BYTES_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What had arrived of an answer that did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Box<Partial>>,
    /// What it used, where the provider said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Box<Usage>>,
}

/// Where a call went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The request cannot be written on this wire. Nothing was sent.
    Invalid,
    /// This endpoint may not be spoken to. Nothing was sent, or a redirect was not followed.
    Refused,
    /// The caller cancelled.
    Cancelled,
    /// No answer within the time given.
    Timeout,
    /// The connection failed, or the answer was cut.
    Network,
    /// The provider answered with an error.
    Provider,
    /// The provider answered with something that is no answer.
    Malformed,
}

/// The beginning of an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partial {
    /// The words so far.
    pub text: String,
    /// The tool calls that were complete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
}

impl Failure {
    /// The most that is kept of a body: enough for any error a provider writes.
    pub const BODY_BYTES_MAX: usize = 64 * 1024;

    /// A failure before any response.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            asked: None,
            status: None,
            headers: Headers::default(),
            body: None,
            partial: None,
            usage: None,
        }
    }

    /// With the beginning of the body.
    #[must_use]
    pub(crate) fn with_body(mut self, body: &[u8]) -> Self {
        let kept = body.get(..Self::BODY_BYTES_MAX).unwrap_or(body);
        let text = String::from_utf8_lossy(kept);
        // It is read as JSON, and JSON that holds half a surrogate pair is not.
        self.body = Some(stdx::well_formed_json(&text).into_owned()).filter(|body| !body.is_empty());
        self
    }

    /// Without any secret of the provider.
    #[must_use]
    pub(crate) fn cleaned(mut self, redactor: &Redactor) -> Self {
        self.message = redactor.clean(self.message);
        self.body = self.body.map(|body| redactor.clean(body));
        if let Some(partial) = &mut self.partial {
            partial.text = redactor.clean(std::mem::take(&mut partial.text));
        }
        self
    }
}
