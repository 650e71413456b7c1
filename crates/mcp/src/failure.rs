// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why there is no connection, or no answer.

use crate::http::{Refusal, told};
use crate::message::why_unreadable;
use providers::{Redactor, SetupError};
use rmcp::ServiceError;
use rmcp::model::{ErrorData, InitializeResult, ServerResult};
use rmcp::service::ClientInitializeError;
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use std::error::Error;

/// What went wrong with a server, in words that show no header and no address beyond the host.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// The description of the server is not what this package writes.
    #[error("the server's configuration cannot be read: {0}")]
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
    #[error("cannot connect to the server: {0}")]
    Handshake(String),
    /// There is no connection any more.
    #[error("the connection to the server is lost: {0}")]
    Lost(String),
    /// The server answered that it cannot.
    #[error("{0}")]
    Refused(String),
    /// The server that is reached by HTTP answered with an error of HTTP.
    #[error("{said}")]
    Http {
        /// What that means, and what to do.
        said: String,
        /// The code of the error.
        status: u16,
        /// When it may be asked again, if it said so.
        retry_after_ms: Option<u64>,
    },
    /// The server answered with something that cannot be read.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Whoever asked does not want it any more.
    #[error("the call was cancelled")]
    Cancelled,
}

impl McpError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another package may add variants, and says itself what they mean")]
    /// `unheard`: why the server did not take the last message of the handshake, if it did not.
    pub(crate) fn of_handshake(error: &ClientInitializeError, unheard: Option<String>, server: &Discretion) -> Self {
        if let Some(why) = unheard {
            return Self::Handshake(server.shortened(why));
        }
        let unreadable = |why: &str| Self::Handshake(format!("its answer to `initialize` cannot be read: {why}"));
        match error {
            ClientInitializeError::ConnectionClosed(_) if server.address.is_some() => {
                Self::Handshake("it closed the connection before it answered".into())
            }
            ClientInitializeError::JsonRpcError(error) => match why_unreadable(error) {
                Some(why) => unreadable(&server.shortened(why.to_owned())),
                None => Self::Handshake(format!("it answered: {}", server.shortened(error.message.to_string()))),
            },
            ClientInitializeError::TransportError { error, .. } if server.address.is_some() => Self::Handshake(server.told_of(error)),
            // A pipe may be seen to be closed as it is read, or as it is written to.
            ClientInitializeError::ConnectionClosed(_) | ClientInitializeError::TransportError { .. } => Self::Handshake(
                "it ended, or closed the connection, before it answered; what it wrote to its error output may say why".into(),
            ),
            ClientInitializeError::ExpectedInitResult(Some(ServerResult::CustomResult(result))) => {
                let wrong = serde_json::from_value::<InitializeResult>(result.0.clone()).err();
                unreadable(&server.shortened(wrong.map_or_else(|| "it is another one".into(), |wrong| wrong.to_string())))
            }
            ClientInitializeError::ExpectedInitResult(_) | ClientInitializeError::ExpectedInitResponse(_) => {
                unreadable("it is not a result of `initialize`")
            }
            ClientInitializeError::ConflictInitResponseId(..) | ClientInitializeError::UncorrelatedErrorResponse { .. } => {
                unreadable("it answers another request")
            }
            ClientInitializeError::NoCompatibleProtocolVersion { server_supported, .. } => {
                let versions: Vec<&str> = server_supported.iter().map(rmcp::model::ProtocolVersion::as_str).collect();
                Self::Handshake(server.shortened(format!("it speaks other versions of the protocol: {}", versions.join(", "))))
            }
            ClientInitializeError::Cancelled => Self::Cancelled,
            error => Self::Handshake(server.told(error)),
        }
    }

    /// Of a request for `what`.
    #[expect(clippy::wildcard_enum_match_arm, reason = "another package may add variants, and says itself what they mean")]
    pub(crate) fn of_call(error: &ServiceError, what: &str, server: &Discretion) -> Self {
        match error {
            ServiceError::McpError(error) => Self::of_answer(error, what, server),
            ServiceError::TransportClosed => Self::Lost("it ended, or closed the connection".into()),
            ServiceError::TransportSend(error) => match refusal(error) {
                // The session is none that it knows: the next one begins anew.
                Some(Refusal::Status { status, said, .. }) if matches!(status.as_u16(), 400 | 404 | 410) => {
                    Self::Lost(server.shortened(said.clone()))
                }
                Some(Refusal::Status { status, retry_after_ms, said }) => {
                    Self::Http { said: server.shortened(said.clone()), status: status.as_u16(), retry_after_ms: *retry_after_ms }
                }
                // What a pipe says of its other end is said better.
                None if server.address.is_none() => Self::Lost("it ended, or closed the connection".into()),
                Some(Refusal::Network(_)) | None => Self::Lost(server.told_of(error)),
            },
            ServiceError::Cancelled { .. } => Self::Cancelled,
            ServiceError::UnexpectedResponse | ServiceError::InputRequiredRoundsExceeded { .. } => {
                Self::unreadable(what, "it answers another request".into(), server)
            }
            error => Self::Lost(server.told(error)),
        }
    }

    pub(crate) fn unreadable(what: &str, why: String, server: &Discretion) -> Self {
        Self::Unreadable { what: server.shortened(what.to_owned()), why: server.shortened(why) }
    }

    fn of_answer(error: &ErrorData, what: &str, server: &Discretion) -> Self {
        match why_unreadable(error) {
            Some(why) => Self::unreadable(what, why.to_owned(), server),
            None => Self::Refused(server.shortened(error.message.to_string())),
        }
    }
}

fn refusal(error: &DynamicTransportError) -> Option<&Refusal> {
    match error.error.downcast_ref() {
        Some(StreamableHttpError::Client(refusal)) => Some(refusal),
        _ => None,
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
    /// Without what only names a part of this program.
    fn told_of(&self, error: &DynamicTransportError) -> String {
        match error.error.downcast_ref() {
            Some(failed) => self.shortened(told(failed)),
            None => self.told(error.error.as_ref()),
        }
    }

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
