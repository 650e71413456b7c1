// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A call as the host asks for it.

use crate::choice::Choice;
use models::RetryPolicy;
use providers::ChatRequest;
use serde::{Deserialize, Deserializer, de};
use std::time::Duration;
use stdx::{Backoff, Growth};

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
    #[serde(deserialize_with = "growth")]
    growth: Option<Growth>,
    jitter: Option<f64>,
    max_delay_ms: Option<u64>,
}

impl Retry {
    pub(super) fn policy(&self) -> RetryPolicy {
        let usual = RetryPolicy::default();
        RetryPolicy {
            max_attempts: self.max_attempts.unwrap_or(usual.max_attempts).max(1),
            backoff: Backoff {
                growth: self.growth.unwrap_or(usual.backoff.growth),
                initial: self.initial_delay_ms.map_or(usual.backoff.initial, Duration::from_millis),
                max: self.max_delay_ms.map_or(usual.backoff.max, Duration::from_millis),
                jitter: self.jitter.unwrap_or(usual.backoff.jitter),
            },
            // Who says how often it may be asked says it of this too.
            after_time_out: self.max_attempts.is_some(),
            ..usual
        }
    }
}

fn growth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Growth>, D::Error> {
    let name = String::deserialize(deserializer)?;
    Growth::named(&name).map(Some).ok_or_else(|| de::Error::unknown_variant(&name, &Growth::NAMES))
}
