// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is asked of a model, in the numbers that candidates are compared by.

use super::requirements::{Requirements, RequirementsError};
use crate::Tier;

/// What is asked, made ready once for all candidates.
pub(super) struct Ask<'a> {
    pub(super) requirements: &'a Requirements,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) tier: Tier,
    pub(super) context: u64,
    /// Whether anything was said of how long the call is; then a window that nobody knows is too short.
    pub(super) context_asked: bool,
    pub(super) max_cost_nanos: Option<u64>,
    pub(super) max_latency_ms: Option<u64>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(requirements: &'a Requirements) -> Result<Self, RequirementsError> {
        requirements.check()?;
        let (input_tokens, output_tokens) = requirements.tokens();
        Ok(Self {
            requirements,
            input_tokens,
            output_tokens,
            tier: requirements.capabilities.iter().map(|need| need.quality).max().unwrap_or_default(),
            context: requirements.context_length.unwrap_or_default().max(input_tokens.saturating_add(output_tokens)),
            context_asked: [requirements.context_length, requirements.estimated_input_tokens, requirements.max_output_tokens] != [None; 3],
            max_cost_nanos: requirements.max_cost.map(|dollars| whole(dollars * 1e9)),
            max_latency_ms: requirements.max_latency.map(whole),
        })
    }

    pub(super) fn allows(&self, provider: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|one| one == provider);
        let providers = &self.requirements.providers;
        !named(&providers.deny) && providers.allow.as_deref().is_none_or(named)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked not to be negative, and a cast saturates")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}
