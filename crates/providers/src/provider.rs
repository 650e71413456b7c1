// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which provider, where it is and by which key it knows us.

use crate::address::is_private;
use crate::secret::Secret;
use reqwest::Url;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// A provider as a user configures it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderConfig {
    /// Whose wire it speaks.
    pub kind: Kind,
    /// Where it is, if not at the provider's own address.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The key; [`Kind::key_variables`] says where users keep it.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// Sent with every request, over our own. Their values are kept as keys are.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Whether the endpoint may lie inside this machine's networks, and may be plain `http:`.
    #[serde(default)]
    pub allow_private: bool,
    /// Azure: the deployment, if it is not named as the model.
    #[serde(default)]
    pub deployment: Option<String>,
    /// Azure: the version of its API, if not 2024-10-21.
    #[serde(default)]
    pub api_version: Option<String>,
}

/// Whose wire a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `OpenAI`, Chat Completions.
    Openai,
    /// `OpenAI`, Responses.
    OpenaiResponses,
    /// Anthropic, Messages.
    Anthropic,
    /// Google Gemini, `generateContent`.
    Gemini,
    /// Azure `OpenAI`, Chat Completions of a deployment.
    Azure,
    /// Mistral.
    Mistral,
    /// Groq.
    Groq,
    /// `DeepSeek`.
    Deepseek,
    /// xAI, Responses.
    Xai,
    /// Together.
    Together,
    /// `OpenRouter`.
    Openrouter,
    /// Cohere, version 2.
    Cohere,
    /// Ollama's own `/api/chat`.
    Ollama,
    /// Anything that speaks Chat Completions at an `endpoint`.
    Compatible,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Openai,
        Self::OpenaiResponses,
        Self::Anthropic,
        Self::Gemini,
        Self::Azure,
        Self::Mistral,
        Self::Groq,
        Self::Deepseek,
        Self::Xai,
        Self::Together,
        Self::Openrouter,
        Self::Cohere,
        Self::Ollama,
        Self::Compatible,
    ];

    /// As it is configured.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::OpenaiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Azure => "azure",
            Self::Mistral => "mistral",
            Self::Groq => "groq",
            Self::Deepseek => "deepseek",
            Self::Xai => "xai",
            Self::Together => "together",
            Self::Openrouter => "openrouter",
            Self::Cohere => "cohere",
            Self::Ollama => "ollama",
            Self::Compatible => "compatible",
        }
    }

    /// The environment variables in which its users keep their key, the usual one first. To read them is the caller's part.
    pub const fn key_variables(self) -> &'static [&'static str] {
        match self {
            Self::Openai | Self::OpenaiResponses => &["OPENAI_API_KEY"],
            Self::Anthropic => &["ANTHROPIC_API_KEY"],
            Self::Gemini => &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
            Self::Azure => &["AZURE_OPENAI_API_KEY", "AZURE_API_KEY"],
            Self::Mistral => &["MISTRAL_API_KEY"],
            Self::Groq => &["GROQ_API_KEY"],
            Self::Deepseek => &["DEEPSEEK_API_KEY"],
            Self::Xai => &["XAI_API_KEY"],
            Self::Together => &["TOGETHER_API_KEY"],
            Self::Openrouter => &["OPENROUTER_API_KEY"],
            Self::Cohere => &["COHERE_API_KEY", "CO_API_KEY"],
            Self::Ollama => &["OLLAMA_API_KEY"],
            Self::Compatible => &[],
        }
    }

    /// Whether it answers nobody without a key.
    pub const fn needs_key(self) -> bool {
        !matches!(self, Self::Ollama | Self::Compatible)
    }

    /// Whether everybody's is at an address of their own.
    const fn needs_endpoint(self) -> bool {
        matches!(self, Self::Azure | Self::Compatible)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a provider cannot be used as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A server of the user's own, and nobody says where.
    #[error("the address is missing; set `endpoint`")]
    NoEndpoint,
    /// An endpoint that no path can be added to.
    #[error("`endpoint` cannot be used: {reason}; write it like https://example.com/v1")]
    Endpoint {
        /// What is wrong with it.
        reason: String,
    },
    /// An endpoint inside, without permission.
    #[error("`endpoint` points to `{host}`, inside this machine's networks; set `allowPrivate: true` if you trust it")]
    Private {
        /// As it is written.
        host: String,
    },
    /// A public endpoint without TLS.
    #[error(
        "`endpoint` is plain http, which exposes the API key in transit; write https, or set `allowPrivate: true` for a host of your own"
    )]
    Plain,
    /// No key where none is refused.
    #[error("the API key is missing; set `apiKey` or {}", .kind.key_variables().join(" or "))]
    NoKey {
        /// Of the provider.
        kind: Kind,
    },
    /// A key or header that HTTP cannot carry.
    #[error("`{field}` cannot be sent as a header: it is empty, or holds a line break or another control character")]
    Header {
        /// Which of its fields.
        field: String,
    },
}

impl ConfigError {
    /// The field of the configuration that is to be changed.
    pub fn field(&self) -> &str {
        match self {
            Self::NoEndpoint | Self::Endpoint { .. } | Self::Private { .. } | Self::Plain => "endpoint",
            Self::NoKey { .. } => "apiKey",
            Self::Header { field } => field,
        }
    }
}

impl ProviderConfig {
    /// A provider of `kind`, all else as usual.
    pub fn new(kind: Kind) -> Self {
        Self { kind, endpoint: None, api_key: None, headers: BTreeMap::new(), allow_private: false, deployment: None, api_version: None }
    }

    /// Whether it may lie inside this machine's networks. An Ollama without an endpoint does.
    pub(crate) fn reaches_private(&self) -> bool {
        self.allow_private || (self.kind == Kind::Ollama && self.endpoint.is_none())
    }

    /// The key, or an empty text.
    pub(crate) fn key(&self) -> &str {
        self.api_key.as_ref().map_or("", Secret::expose)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let kind = self.kind;
        if kind.needs_endpoint() && self.endpoint.is_none() {
            return Err(ConfigError::NoEndpoint);
        }
        if kind.needs_key() && self.key().is_empty() {
            return Err(ConfigError::NoKey { kind });
        }
        self.endpoint.as_deref().map_or(Ok(()), |endpoint| self.check_endpoint(endpoint))
    }

    /// Names are looked at again when they have become addresses, in the transport.
    fn check_endpoint(&self, endpoint: &str) -> Result<(), ConfigError> {
        let kind = self.kind;
        let wrong = |reason: &str| ConfigError::Endpoint { reason: reason.to_owned() };
        let url = Url::parse(endpoint).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("only http and https are supported"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds a password, which belongs in `apiKey` or `headers`"));
        }
        // The address that Azure shows of a deployment names its version there.
        let versioned = kind == Kind::Azure && url.query_pairs().all(|(name, _)| name == "api-version");
        if (url.query().is_some() && !versioned) || url.fragment().is_some() {
            return Err(wrong("it has a `?` or `#` part; paths of the provider are added at its end"));
        }
        let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
        if self.reaches_private() {
            return Ok(());
        }
        if names_private(host) {
            return Err(ConfigError::Private { host: host.to_owned() });
        }
        if url.scheme() == "http" { Err(ConfigError::Plain) } else { Ok(()) }
    }
}

/// Whether a host is private by what is written.
pub(crate) fn names_private(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    bare.parse::<IpAddr>().is_ok_and(is_private) || name == "localhost" || name.ends_with(".localhost")
}
