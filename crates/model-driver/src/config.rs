// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A provider as the host tells of it.

use crate::error::Error;
use models::Limits;
use providers::{Kind, ModelBackend, ProviderConfig, Timeouts, connect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

/// What a provider lets through of each of its models.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// Requests in any 60 s.
    pub requests_per_minute: Option<NonZeroU64>,
    /// Input and output together in any 60 s.
    pub tokens_per_minute: Option<NonZeroU64>,
    /// Requests in any 24 h.
    pub requests_per_day: Option<NonZeroU64>,
    /// Requests under way at once.
    pub concurrent_requests: Option<NonZeroU64>,
}

/// A provider, by JSON text: `connection` as in [`ProviderConfig`], or null for one that the host speaks to itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    connection: Option<Value>,
    #[serde(default)]
    rate_limit: RateLimit,
    #[serde(default)]
    model: Option<String>,
    timeouts: AttemptTimes,
}

/// How long one attempt may take, in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttemptTimes {
    /// Until the first token of a stream.
    first_token: u64,
    /// From one token of a stream to the next.
    between_tokens: u64,
    /// Until an answer has come that comes at once.
    whole: u64,
    /// Until a stream has ended.
    stream: u64,
}

impl AttemptTimes {
    /// What holds for an answer that comes at once, or as a stream.
    pub(crate) fn of(self, stream: bool) -> Timeouts {
        let [first_token, between_tokens, whole, streamed] =
            [self.first_token, self.between_tokens, self.whole, self.stream].map(Duration::from_millis);
        Timeouts { first_token, between_tokens, whole: if stream { streamed } else { whole } }
    }
}

/// A provider that calls may go to.
#[derive(Clone, Debug)]
pub struct Provider {
    /// How it is spoken to; none: the host does it.
    pub(crate) backend: Option<Arc<dyn ModelBackend>>,
    /// Whose models it offers, in the words of the catalogue.
    pub(crate) like: Option<&'static str>,
    /// Whether it has models of many makers, by names that nobody here knows.
    pub(crate) is_gateway: bool,
    /// Whether its user names its models: deployments.
    pub(crate) names_models: bool,
    pub(crate) limits: Limits,
    /// The model of requests that name none.
    pub(crate) model: Option<String>,
    /// How long one attempt may take.
    pub(crate) timeouts: AttemptTimes,
}

impl Provider {
    /// Reads one; `name` is for the error.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self, Error> {
        let malformed = |source| Error::Malformed { what: "provider", source };
        let Written { connection, rate_limit, model, timeouts } = serde_json::from_str(text).map_err(malformed)?;
        let connection: Option<ProviderConfig> = connection.map(serde_json::from_value).transpose().map_err(malformed)?;
        let kind = connection.as_ref().map(|connection| connection.kind);
        let backend = connection.as_ref().map(connect).transpose();
        let backend = backend.map_err(|source| Error::Provider { provider: name.to_owned(), source })?;
        let RateLimit { requests_per_minute, tokens_per_minute, requests_per_day, concurrent_requests } = rate_limit;
        let limits = Limits {
            requests_per_minute,
            tokens_per_minute,
            requests_per_day,
            concurrent: concurrent_requests,
            request_headers_per_day: kind == Some(Kind::Groq),
            ..Limits::default()
        };
        let (is_gateway, names_models) = (Self::is_gateway(kind), kind == Some(Kind::Azure));
        Ok(Self { backend, like: kind.and_then(offers), is_gateway, names_models, limits, model, timeouts })
    }
}

/// The provider of the catalogue whose models a kind offers; none: there is no telling.
fn offers(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::OpenaiResponses | Kind::Azure => Some("openai"),
        Kind::Gemini => Some("google"),
        Kind::Ollama | Kind::Compatible => None,
        Kind::Openai
        | Kind::Anthropic
        | Kind::Mistral
        | Kind::Groq
        | Kind::Deepseek
        | Kind::Xai
        | Kind::Together
        | Kind::Openrouter
        | Kind::Cohere => Some(kind.name()),
    }
}
