// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A call as the host asks for it.

use crate::choice::Choice;
use models::{Growth, RetryPolicy};
use providers::ChatRequest;
use serde::Deserialize;
use std::time::Duration;

/// What the host asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) chat: ChatRequest,
    pub(super) choice: Choice,
    #[serde(default)]
    pub(super) stream: bool,
    /// Whether the host can take back pieces that were delivered.
    #[serde(default)]
    pub(super) restart: bool,
    #[serde(default)]
    pub(super) budgets: Vec<String>,
    #[serde(default)]
    pub(super) retry: Retry,
    #[serde(default)]
    pub(super) timeout_ms: Option<u64>,
    #[serde(default)]
    pub(super) priority: i32,
}

/// What the host says of attempts; the rest is as [`RetryPolicy`] has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Retry {
    max_attempts: Option<u32>,
    initial_delay_ms: Option<u64>,
    growth: Option<Growth>,
    jitter_percent: Option<u32>,
    max_delay_ms: Option<u64>,
}

impl Retry {
    pub(super) fn policy(&self) -> RetryPolicy {
        let usual = RetryPolicy::default();
        RetryPolicy {
            max_attempts: self.max_attempts.unwrap_or(usual.max_attempts).max(1),
            initial_delay: self.initial_delay_ms.map_or(usual.initial_delay, Duration::from_millis),
            growth: self.growth.unwrap_or(usual.growth),
            jitter_percent: self.jitter_percent.unwrap_or(usual.jitter_percent),
            max_delay: self.max_delay_ms.map_or(usual.max_delay, Duration::from_millis),
            // Who says how often it may be asked says it of this too.
            after_time_out: self.max_attempts.is_some(),
            ..usual
        }
    }
}
