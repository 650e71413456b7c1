// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why an attempt failed, as it is recorded.

use std::sync::Arc;

/// What went wrong in an attempt. The event and the state share it, and stay small for the many attempts that go well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable code, such as `ERR_TIMEOUT` or `ERR_AGENT`.
    pub code: Arc<str>,
    /// For a person: what happened, with the value it happened to.
    pub message: Arc<str>,
    /// JSON text of what else the host knows (name, stack, the issues of a schema), if anything.
    pub details: Option<Arc<str>>,
    /// Whether another attempt may go differently.
    pub retryable: bool,
}

impl Failure {
    /// An attempt that was still running when its `timeout` had passed.
    pub(crate) fn timeout(timeout_ms: u128) -> Self {
        Self {
            code: "ERR_TIMEOUT".into(),
            message: format!("the attempt did not end within its timeout of {timeout_ms} ms").into(),
            details: None,
            retryable: true,
        }
    }
}
