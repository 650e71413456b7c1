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
    /// Input and output together: what a limit of tokens per minute counts.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}
