// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Speaks to providers of language models. Nothing is decided here: which model, when and whether again is `models`.
//!
//! ```text
//! ChatRequest ─▶ ModelBackend::open ─▶ HttpRequest ─▶ Transport ─▶ bytes ─▶ ReplyDecoder ─▶ Deltas, Reply or Failure
//! ```
//! A backend is pure: it encodes and decodes and never sees a socket, so what it does to a batch file is what it does to a
//! call. The transport knows no provider. Keys are taken out of a failure where it is made, in the decoder.

#![forbid(unsafe_code)]

mod address;
mod backend;
mod codec;
mod endpoint;
mod failure;
mod fetch;
mod headers;
mod provider;
mod reply;
mod request;
mod secret;
mod tool_content;
mod transport;
mod web;

pub use backend::{Exchange, HttpRequest, Mode, ModelBackend, Remote, ReplyDecoder, Signs};
pub use failure::{Failure, FailureKind, Partial};
pub use headers::Headers;
pub use provider::{ConfigError, Kind, ProviderConfig};
pub use reply::{Delta, FinishReason, Reply, ToolCall};
pub use request::{ChatRequest, File, Image, Message, OutputSchema, Part, Role, Tool, ToolChoice, ToolMode};
pub use secret::{Redactor, Secret};
pub use tool_content::encoded_in;
pub use transport::{ReplyStream, SetupError, Timeouts, Transport};
pub use web::{Web, WebAnswer};

use std::sync::Arc;

/// The backend of a provider.
pub fn connect(config: &ProviderConfig) -> Result<Arc<dyn ModelBackend>, ConfigError> {
    config.check()?;
    codec::backend(config)
}
