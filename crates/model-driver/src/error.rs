// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the host can have asked for in vain.

use models::{CatalogueError, NoModel, RegistrationError};
use providers::ConfigError;

/// Why something was not done. Failures of calls are not here: they are messages.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum Error {
    #[error("provider `{provider}` cannot be used: {source}")]
    Provider { provider: String, source: ConfigError },
    #[error("{asked}no provider is configured; {way}")]
    NoProvider { asked: String, way: String },
    #[error("{asked}`{provider}` is not a configured provider; there are: {known}{ways}")]
    UnknownProvider { asked: String, provider: String, known: String, ways: String },
    #[error("`{model}` is offered by none of the configured providers ({known}); write it as `provider/model` to ask for it anyway{near}")]
    UnknownModel { model: String, known: String, near: String },
    #[error("{place}: {source}")]
    Fallback { place: String, source: Box<Error> },
    #[error("{what} is not allowed here: `allow.models` names {}", if allowed.is_empty() { "none" } else { allowed })]
    NotAllowed { what: String, allowed: String },
    #[error(transparent)]
    NoModel(#[from] NoModel),
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("the {what} cannot be read")]
    Malformed { what: &'static str, source: serde_json::Error },
}
