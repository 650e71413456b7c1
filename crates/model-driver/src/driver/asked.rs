// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A call as the host asks for it.

use crate::choice::{Choice, Wanted};
use models::{CallRequest, RetryPolicy, Target};
use providers::ChatRequest;
use serde::{Deserialize, Deserializer, de};
use std::time::Duration;
use stdx::{Backoff, Growth, Timestamp};

/// What the host asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asked {
    /// Absent: the one that was kept when the host had it chosen for.
    #[serde(default)]
    pub(super) chat: Option<ChatRequest>,
    /// Who may answer, as it was decided before.
    #[serde(default)]
    pub(super) choice: Option<Choice>,
    /// What to decide it by, if it was not.
    #[serde(default)]
    pub(super) wanted: Wanted,
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
    /// In which trace.
    #[serde(default)]
    pub(super) traceparent: Option<String>,
}

impl Asked {
    /// The same as the gateway is told it.
    pub(super) fn request(&self, targets: Vec<Target>, seed: u64, now: Timestamp) -> CallRequest {
        CallRequest {
            retry: self.retry.policy(),
            budgets: self.budgets.iter().map(|scope| scope.as_str().into()).collect(),
            deadline: self.timeout_ms.map(|millis| now.after(Duration::from_millis(millis))),
            seed,
            priority: self.priority,
            restarts: self.restart,
            ..CallRequest::new(targets)
        }
    }
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
