// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why a call failed: eight classes, read from the many shapes in which providers say it.

mod body;
mod message;
mod retry_after;
pub(crate) mod spans;
mod too_long;
mod words;

pub use message::{failure_message, without_secrets};
pub use retry_after::retry_after;

use body::ErrorBody;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of failure it was, which decides whether the same call may go well later, elsewhere or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// Too many requests or tokens for now.
    Rate,
    /// What was paid for, or the day's allowance, is used up.
    Quota,
    /// The key is not accepted, or not for this.
    Auth,
    /// The provider is at fault: overloaded, or broken in any way that ends with a 5xx.
    Overload,
    /// The request is larger than the model, or than what the provider takes at once.
    Context,
    /// Refused for what it says.
    Content,
    /// No answer arrived whole: no connection, a time-out, a stream that was cut.
    Network,
    /// The request is wrong, and stays wrong.
    Invalid,
}

impl FailureClass {
    /// Whether the same request may go well when it is sent again.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Rate | Self::Overload | Self::Network)
    }

    /// The word for it, as it is recorded.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::Overload => "overload",
            Self::Context => "context",
            Self::Content => "content",
            Self::Network => "network",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The class of an answer that is an error, or of no answer (`status` is `None`; `body` is then what the transport said, or the
/// error that came in a stream).
///
/// What the body says in words goes before the status where the words leave no doubt: a 400 may be a spent balance, a 429 a request
/// that no minute has room for.
pub fn classify(status: Option<u16>, body: &str) -> FailureClass {
    let body = ErrorBody::read(body);
    // An error within a 200 tells its status in the body, if at all.
    let status = status.filter(|status| *status >= 400).or(body.status);
    let of_words = words::phrased(&body.text, status).or_else(|| words::decisive(&body.names));
    let of_status = || status.and_then(of_status);
    let otherwise = if body.is_error { FailureClass::Overload } else { FailureClass::Network };
    of_words.or_else(of_status).or_else(|| words::indicative(&body.names)).unwrap_or(otherwise)
}

fn of_status(status: u16) -> Option<FailureClass> {
    match status {
        401 | 403 => Some(FailureClass::Auth),
        402 => Some(FailureClass::Quota),
        // A lock that another request holds.
        409 => Some(FailureClass::Overload),
        // The request did not arrive in time; everything above 499 is the server's own fault, its time-outs too.
        408 => Some(FailureClass::Network),
        413 => Some(FailureClass::Context),
        429 => Some(FailureClass::Rate),
        501 | 505 | 400..=499 => Some(FailureClass::Invalid),
        500..=599 => Some(FailureClass::Overload),
        _ => None,
    }
}
