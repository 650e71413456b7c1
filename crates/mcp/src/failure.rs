// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why there is no connection, or no answer.

use providers::{Redactor, SetupError};
use rmcp::ServiceError;
use rmcp::service::ClientInitializeError;
use std::error::Error;

/// What went wrong with a server, in words that show no header and no address beyond the host.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// The description of the server is not what this package writes.
    #[error("the description of the server cannot be read: {0}")]
    Description(#[from] serde_json::Error),
    /// There is no such program, or it may not be started.
    #[error("`{command}` could not be started: {reason}; name a program on the PATH, or the whole path of one")]
    Spawn {
        /// What was to be started.
        command: String,
        /// What the system said.
        reason: String,
    },
    /// There is no HTTP at all.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// It may not be spoken to, or not that way.
    #[error("{0}")]
    Address(String),
    /// A header that HTTP has no form for.
    #[error("the header `{0}` cannot be sent: names are letters, digits and hyphens, values one line of ASCII")]
    Header(String),
    /// It was reached, or started, and is no server of this protocol, or one that refuses.
    #[error("the server could not be connected to: {0}")]
    Handshake(String),
    /// There is no connection any more.
    #[error("the connection to the server is lost: {0}")]
    Lost(String),
    /// The server answered that it cannot.
    #[error("{0}")]
    Refused(String),
    /// Whoever asked does not want it any more.
    #[error("the call was cancelled")]
    Cancelled,
}

impl McpError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another package may add variants, and says itself what they mean")]
    pub(crate) fn of_handshake(error: &ClientInitializeError, server: &Discretion) -> Self {
        match error {
            ClientInitializeError::ConnectionClosed(_) => Self::Handshake(
                "it ended, or closed the connection, before it answered; what it wrote to its error output may say why".into(),
            ),
            ClientInitializeError::JsonRpcError(error) => {
                Self::Handshake(format!("it answered: {}", server.shortened(error.message.to_string())))
            }
            ClientInitializeError::Cancelled => Self::Cancelled,
            error => Self::Handshake(server.told(error)),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "another package may add variants, and says itself what they mean")]
    pub(crate) fn of_call(error: &ServiceError, server: &Discretion) -> Self {
        match error {
            ServiceError::McpError(error) => Self::Refused(server.shortened(error.message.to_string())),
            ServiceError::TransportClosed => Self::Lost("it ended, or closed the connection".into()),
            ServiceError::Cancelled { .. } => Self::Cancelled,
            ServiceError::UnexpectedResponse | ServiceError::InputRequiredRoundsExceeded { .. } => {
                Self::Refused("the server answered with something that is no answer to this call".into())
            }
            error => Self::Lost(server.told(error)),
        }
    }
}

/// More than this nobody reads, and a body may be a whole page.
const TOLD_CHARS_MAX: usize = 2000;

/// Takes what only the server should know out of what is said about it: its address beyond the host, and all that it was sent or given.
pub(crate) struct Discretion {
    pub(crate) redactor: Redactor,
    /// The whole address, and what may be shown of it.
    pub(crate) address: Option<(String, String)>,
}

impl Discretion {
    pub(crate) fn told(&self, error: &dyn Error) -> String {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some say what their cause says as well.
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        self.shortened(text)
    }

    /// Without secrets.
    pub(crate) fn clean(&self, text: String) -> String {
        let text = match &self.address {
            Some((address, host)) => text.replace(address, host),
            None => text,
        };
        self.redactor.clean(text)
    }

    /// Without secrets first, since half of one is one, and then short.
    pub(crate) fn shortened(&self, text: String) -> String {
        let whole = self.clean(text);
        match whole.char_indices().nth(TOLD_CHARS_MAX) {
            Some((end, _)) => format!("{}…", whole.get(..end).unwrap_or_default()),
            None => whole,
        }
    }
}
