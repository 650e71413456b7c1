// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a call used, in tokens.

use serde::{Deserialize, Serialize};

/// The tokens of one call, normalised once: the same fields mean the same whichever provider answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Usage {
    /// All tokens of the request, with those read from or written to the provider's prompt cache.
    pub input_tokens: u64,
    /// Of `input_tokens`: read from the cache.
    pub cache_read_tokens: u64,
    /// Of `input_tokens`: written to the cache, for its usual life (5 minutes at Anthropic).
    pub cache_write_tokens: u64,
    /// Of `input_tokens`: written to the cache for an hour.
    pub cache_write_hour_tokens: u64,
    /// All tokens of the answer, with those of reasoning.
    pub output_tokens: u64,
    /// Of `output_tokens`: thought, not shown.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cache_read_tokens: self.cache_read_tokens.saturating_add(other.cache_read_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            cache_write_hour_tokens: self.cache_write_hour_tokens.saturating_add(other.cache_write_hour_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
        }
    }

    /// Input and output together: what a limit of tokens per minute counts.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}
