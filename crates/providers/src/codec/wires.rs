// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which of rig's wires a kind of provider speaks, and what rig does not say of it.

use super::decoder::Source;
use super::family::Fields;
use super::line::Line;
use super::media::Sight;
use super::sensitive;
use crate::backend::Mode;
use crate::endpoint;
use crate::provider::{Kind, ProviderConfig};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName};
use rig_core::completion::{CompletionRequest, ReplayTarget};
use rig_core::driver::Model;
use rig_core::error::ProviderError;
use rig_core::operation::Completion;
use rig_core::providers::anthropic::wire::{AnthropicConfig, Messages};
use rig_core::providers::cohere::{CohereConfig, NativeChat};
use rig_core::providers::gemini::{GeminiConfig, completion::GenerateContent};
use rig_core::providers::ollama::{self, OllamaConfig};
use rig_core::providers::openai::OpenAIConfig;
use rig_core::providers::openai::wire::{self as dialects, Auth, Dialect, OpenAiWire, Route};
use rig_core::providers::xai;
use rig_core::wire::{Encoded, Wire, WireFrame};

/// How a wire takes a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// In `response_format`.
    Chat,
    /// In `text.format`.
    Responses,
    /// Not at all, not for each of its models or not beside tools, so that rig would drop it unsaid or the provider would refuse it: the model is
    /// told in words.
    Words,
    /// In `output_config`, as Anthropic holds its models to it.
    Anthropic,
    /// In a way that rig knows, the only one it has, and of an object alone.
    Object,
    /// The same, of anything.
    Other,
}

/// One provider's wires, one for each model.
#[derive(Debug)]
pub(super) enum WireOf {
    OpenAi {
        config: Box<OpenAIConfig>,
        deployment: Option<String>,
    },
    Anthropic(AnthropicConfig),
    /// Rig would write the key into the address, where logs and errors show it; so it has none and the header is ours.
    Gemini {
        config: GeminiConfig,
        key: http::HeaderValue,
    },
    Cohere(CohereConfig),
    Ollama(OllamaConfig),
}

/// A server that says it speaks Chat Completions and is none of those rig knows.
const COMPATIBLE: Dialect = Dialect::gateway("compatible", "", "");

/// What a Claude model that rig does not know may answer at most, if the request does not say: every one since 3.5 can.
const CLAUDE_TOKENS: u64 = 8192;

impl WireOf {
    /// The wires of a provider whose key fits into a header.
    pub(super) fn new(config: &ProviderConfig) -> Self {
        let (key, endpoint) = (config.key(), config.endpoint.as_deref().map(|endpoint| endpoint::read(config.kind, endpoint)));
        let endpoint = endpoint.as_ref().map(|endpoint| endpoint.base.as_str());
        match config.kind {
            Kind::Anthropic => {
                let base = AnthropicConfig::new(key);
                Self::Anthropic(endpoint.map_or(base.clone(), |endpoint| base.with_base_url(endpoint)))
            }
            Kind::Gemini => {
                let base = GeminiConfig::new("");
                let config = endpoint.map_or(base.clone(), |endpoint| base.with_base_url(endpoint));
                Self::Gemini { config, key: sensitive(key).unwrap_or_else(|| http::HeaderValue::from_static("")) }
            }
            Kind::Cohere => {
                let base = CohereConfig::new(key);
                Self::Cohere(endpoint.map_or(base.clone(), |endpoint| base.with_base_url(endpoint)))
            }
            Kind::Ollama => {
                let base = OllamaConfig::new().with_api_key(key);
                Self::Ollama(endpoint.map_or(base.clone(), |endpoint| base.with_base_url(endpoint)))
            }
            Kind::Openai => Self::open_ai(config, &both(&dialects::OPENAI), Route::Chat),
            Kind::OpenaiResponses => Self::open_ai(config, &dialects::OPENAI, Route::Responses),
            Kind::Azure => Self::open_ai(config, &both(&dialects::AZURE), Route::Chat),
            Kind::Mistral => Self::open_ai(config, &dialects::MISTRAL, Route::Chat),
            Kind::Groq => Self::open_ai(config, &dialects::GROQ, Route::Chat),
            Kind::Deepseek => Self::open_ai(config, &dialects::DEEPSEEK, Route::Chat),
            Kind::Xai => Self::open_ai(config, &xai::DIALECT, Route::Responses),
            Kind::Together => Self::open_ai(config, &dialects::TOGETHER, Route::Chat),
            Kind::Openrouter => Self::open_ai(config, &dialects::OPENROUTER, Route::Chat),
            Kind::Compatible => Self::open_ai(config, &COMPATIBLE, Route::Chat),
        }
    }

    fn open_ai(config: &ProviderConfig, dialect: &Dialect, route: Route) -> Self {
        let mut dialect = *dialect;
        // Servers leave out the reason, and each of their readers takes `[DONE]` for the end.
        dialect.quirks.done_without_finish_reason = true;
        let mut wire = OpenAIConfig::with_key(&dialect, config.key()).with_route(route);
        let mut deployment = config.deployment.clone();
        let mut version = config.api_version.clone();
        if let Some(endpoint) = &config.endpoint {
            let endpoint = endpoint::read(config.kind, endpoint);
            wire = wire.with_base_url(endpoint.base);
            deployment = deployment.or(endpoint.deployment);
            version = version.or(endpoint.api_version);
        }
        if let Some(version) = version {
            wire = wire.with_api_version(version);
        }
        if config.kind == Kind::Compatible {
            wire = wire.with_auth(Auth::OptionalBearer);
        }
        Self::OpenAi { config: Box::new(wire), deployment }
    }

    /// The name that the user gave a model, if it has one, and whose fields a request to it has.
    pub(super) fn addressed(&self) -> (Option<&str>, Fields) {
        match self {
            Self::OpenAi { config, deployment } if config.completion_route() == Route::Responses => {
                (deployment.as_deref(), Fields::Responses)
            }
            Self::OpenAi { deployment, .. } => (deployment.as_deref(), Fields::Chat),
            Self::Anthropic(_) | Self::Gemini { .. } | Self::Cohere(_) | Self::Ollama(_) => (None, Fields::Other),
        }
    }

    /// How a model takes a schema, alone or beside tools.
    pub(super) fn shape(&self, model: &str, with_tools: bool) -> Shape {
        match self {
            _ if with_tools && !self.takes_both(model) => Shape::Words,
            Self::OpenAi { config, .. } if config.completion_route() == Route::Responses => Shape::Responses,
            Self::OpenAi { config, .. } if !config.dialect.quirks.supports_response_format => Shape::Words,
            Self::OpenAi { .. } => Shape::Chat,
            Self::Anthropic(_) => Shape::Anthropic,
            Self::Cohere(_) => Shape::Object,
            Self::Gemini { .. } | Self::Ollama(_) => Shape::Other,
        }
    }

    /// Whether a model takes a schema beside tools. Where that is not known it is told in words, which every model reads: a request with both is refused by
    /// some, and others are then held to the schema alone and never call a tool.
    fn takes_both(&self, model: &str) -> bool {
        let gemini = generation(model, "gemini-");
        match self {
            Self::OpenAi { config, .. } if config.dialect.name == xai::DIALECT.name => generation(model, "grok-").is_some_and(|n| n >= 4),
            Self::OpenAi { config, .. } if config.completion_route() == Route::Responses => true,
            Self::OpenAi { config, .. } => config.dialect.quirks.response_format_with_tools && gemini.is_none_or(|n| n >= 3),
            Self::Gemini { .. } => gemini.is_some_and(|n| n >= 3),
            Self::Anthropic(_) => true,
            Self::Cohere(_) | Self::Ollama(_) => false,
        }
    }

    /// Writes `request` onto `line` and reads what comes back over it.
    pub(super) fn open(&self, model: &str, mut request: CompletionRequest, mode: Mode, line: Line) -> Result<Source, Box<ProviderError>> {
        match self {
            Self::OpenAi { config, deployment } => {
                let model = deployment.as_deref().unwrap_or(model);
                request.model = Some(model.to_owned());
                // Each by itself: what reads either holds as much as the larger.
                match OpenAiWire::new((**config).clone(), model) {
                    OpenAiWire::Chat(wire) => drive(wire, request, mode, line),
                    OpenAiWire::Responses(wire) => drive(wire, request, mode, line),
                }
            }
            Self::Anthropic(config) => drive(messages(config, model), request, mode, line),
            Self::Gemini { config, .. } => drive(GenerateContent::new(config.clone(), model), request, mode, line),
            Self::Cohere(config) => drive(NativeChat::new(config.clone(), model), request, mode, line),
            Self::Ollama(config) => drive(ollama::Chat::new(config.clone(), model), request, mode, line),
        }
    }

    /// What a model sees by this wire.
    pub(super) fn sight(&self, model: &str) -> Sight {
        let target: Box<dyn ReplayTarget> = match self {
            Self::OpenAi { config, deployment } => match OpenAiWire::new((**config).clone(), deployment.as_deref().unwrap_or(model)) {
                OpenAiWire::Chat(wire) => Box::new(wire),
                OpenAiWire::Responses(wire) => Box::new(wire),
            },
            Self::Anthropic(config) => Box::new(messages(config, model)),
            Self::Gemini { config, .. } => Box::new(GenerateContent::new(config.clone(), model)),
            Self::Cohere(config) => Box::new(NativeChat::new(config.clone(), model)),
            Self::Ollama(config) => Box::new(ollama::Chat::new(config.clone(), model)),
        };
        Sight::new(target, model)
    }

    /// Adds the key where rig was not given it.
    pub(super) fn authorise(&self, headers: &mut HeaderMap) {
        if let Self::Gemini { key, .. } = self {
            headers.insert(HeaderName::from_static("x-goog-api-key"), key.clone());
        }
    }
}

/// Which generation of its family a model is of, by its name: 2 of `google/gemini-2.5-flash`.
fn generation(model: &str, family: &str) -> Option<u32> {
    let (_, rest) = model.split_once(family)?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// A dialect that takes a schema and tools in one request. Rig holds the schema back until a tool has answered, so that a
/// model which calls none would answer in prose.
fn both(dialect: &Dialect) -> Dialect {
    let mut dialect = *dialect;
    dialect.quirks.response_format_with_tools = true;
    dialect
}

fn messages(config: &AnthropicConfig, model: &str) -> Messages {
    Messages {
        provider: config.clone(),
        model: model.to_owned(),
        default_max_tokens: config.dialect.default_max_tokens(model).or(Some(CLAUDE_TOKENS)),
        prompt_caching: false,
        static_prefix_cache_ttl: None,
        strict_tools: false,
        tool_input_streaming: config.dialect.quirks.tool_input_streaming,
    }
}

fn drive<W>(wire: W, request: CompletionRequest, mode: Mode, line: Line) -> Result<Source, Box<ProviderError>>
where
    W: Wire<Op = Completion, Payload = Encoded, Frame = WireFrame>,
{
    let model = Model::new(wire, line);
    match mode {
        Mode::Streamed => Ok(Source::Streamed(Box::new(model.stream(request).map_err(Box::new)?))),
        Mode::Whole => {
            // Rig writes when it is first polled, and then waits for the response.
            let mut reply: BoxFuture<'static, _> = Box::pin(model.call(request));
            match (&mut reply).now_or_never() {
                Some(Err(error)) => Err(Box::new(error)),
                Some(Ok(_)) | None => Ok(Source::Whole(reply)),
            }
        }
    }
}

/// `url` without the empty key that rig writes for Gemini.
pub(super) fn without_key(url: &str) -> String {
    url.strip_suffix("?key=").or_else(|| url.strip_suffix("&key=")).unwrap_or(url).to_owned()
}
